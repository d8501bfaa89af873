//! Webhooks and the chained log, with the real binary, another maker's library, and `kill -9`.

use std::process::{Output, Stdio};
use std::time::Duration;

use latchkey_core::db::Location;
use latchkey_core::testing::TestApp;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::support::binary::{Place, Running, finish, stderr, stdout, until};
use crate::support::receiver::{Got, Receiver};
use crate::support::tables::texts;
use crate::support::{Actor, PASSWORD, World, on_both_databases};

const ALLOW: [&str; 2] = ["--webhook-allow", "127.0.0.0/8"];
const PATH: &str = "/admin/config/webhooks";

async fn prepare(place: &Place) {
    for arguments in [
        vec!["admin", "create", "--email", "stella@staff.example", "--name", "Stella", "--password-stdin"],
        vec!["admin", "require-two-factor", "no"],
        vec!["user", "create", "--email", "olivia@example.com", "--first-name", "O", "--last-name", "P", "--password-stdin"],
        vec!["account", "create", "--name", "Acme", "--owner", "olivia@example.com"],
    ] {
        let output = place.run_with(&arguments, &format!("{PASSWORD}\n")).await;
        assert!(output.status.success(), "{}", stderr(&output));
    }
}

/// A secret that a page shows.
fn secret_on(page: &str) -> Option<String> {
    let (_, rest) = page.split_once("whsec_")?;
    let secret: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "+/=".contains(*c)).collect();
    Some(format!("whsec_{secret}"))
}

async fn add(admin: &Actor, url: &str, kinds: &[&str]) -> String {
    let kinds = kinds.iter().map(|kind| ("kinds", *kind));
    let fields: Vec<(&str, &str)> = [("url", url), ("description", "Billing")].into_iter().chain(kinds).collect();
    let made = admin.post(PATH, &fields).await;
    assert_eq!(made.status, 200, "{}", made.text());
    secret_on(&made.text().replace("&#x2b;", "+").replace("&#x2f;", "/").replace("&#x3d;", "=")).unwrap()
}

/// Asks the Python library `standardwebhooks`, as an integrator would.
async fn verified_in_python(secret: &str, got: &Got) -> Output {
    const PROGRAM: &str = "import json, sys\nfrom standardwebhooks.webhooks import Webhook\n\
                           asked = json.load(sys.stdin)\nprint(Webhook(asked['secret']).verify(asked['body'], asked['headers'])['type'])";
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/with-python");
    let mut command = Command::new(script);
    command.args(["python3", "-c", PROGRAM]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let asked = serde_json::json!({ "secret": secret, "headers": got.headers, "body": got.body }).to_string();
    child.stdin.take().unwrap().write_all(asked.as_bytes()).await.unwrap();
    child.wait_with_output().await.unwrap()
}

#[tokio::test]
async fn a_real_delivery_is_verified_by_the_public_library_of_pypi() {
    let place = Place::sqlite();
    prepare(&place).await;
    let receiver = Receiver::start(&[]).await;
    let server = place.serve(&ALLOW).await;
    let admin = server.anonymous().log_in_as_admin("stella@staff.example").await;
    let url = format!("http://{}/in", receiver.address);
    let first = add(&admin, &url, &["note.added"]).await;
    let rotated = admin.post(&format!("{PATH}/1/rotate"), &[("overlap", "day")]).await;
    let second = secret_on(&rotated.text().replace("&#x2b;", "+").replace("&#x2f;", "/").replace("&#x3d;", "=")).unwrap();
    assert_ne!(first, second);
    admin.post("/admin/clients/1/notes", &[("text", "Café “called” back.")]).await;
    let got = until("the event arrives", async || receiver.got().pop()).await;
    assert_eq!(got.line, "POST /in HTTP/1.1");
    for secret in [&first, &second] {
        let verified = verified_in_python(secret, &got).await;
        assert!(verified.status.success(), "{}", stderr(&verified));
        assert_eq!(stdout(&verified).trim(), "note.added");
    }
    let forged = Got { body: got.body.replace("note.added", "note.addet"), ..got.clone() };
    assert!(!verified_in_python(&first, &forged).await.status.success());
    let other = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    assert!(!verified_in_python(other, &got).await.status.success());
    server.kill().await;
}

/// Adds notes, each of them an event, until the server is gone.
async fn write_notes(admin: &Actor) {
    let path = "/admin/clients/1/notes";
    loop {
        let Some(token) = admin.token_now(path) else { return };
        let ask = crate::support::Ask::new("POST", path).form(&[("csrf", &token), ("text", "Called back.")]);
        if admin.try_send(&ask).await.is_err() {
            return;
        }
    }
}

async fn nothing_is_lost_and_order_is_kept(place: Place) {
    const ROUNDS: usize = 5;
    prepare(&place).await;
    let receiver = Receiver::start(&[]).await;
    let serve = async || -> Running {
        let server = place.serve(&ALLOW).await;
        // The lease of the worker that was killed has run out by now.
        let _ = texts(&place.location(), "update webhooks set lease_until = 0 returning url").await;
        server
    };
    let mut server = serve().await;
    let admin = server.anonymous().log_in_as_admin("stella@staff.example").await;
    add(&admin, &format!("http://{}/", receiver.address), &["note.added"]).await;
    for round in 0..ROUNDS {
        let before = receiver.got().len();
        let at = admin.at(server.address);
        at.token("/admin/clients/1/notes").await;
        let death = async {
            until("something arrives", async || (receiver.got().len() > before + 3).then_some(())).await;
            tokio::time::sleep(Duration::from_millis(40 * round as u64)).await;
            server.kill().await;
        };
        tokio::join!(write_notes(&at), death);
        server = serve().await;
    }
    let location = place.location();
    let notes = texts(&location, "select cast(count(*) as text) from events where kind = 'note-added'").await.remove(0);
    let all = until("everything has arrived", async || {
        let waits = "select 'x' from webhooks where delivered_seq < (select max(seq) from events where kind = 'note-added')
                     union all select 'x' from events where seq is null";
        texts(&location, waits).await.is_empty().then(|| receiver.got())
    })
    .await;
    let mut seqs: Vec<i64> =
        all.iter().map(|got| got.headers["webhook-id"].strip_prefix("evt_1_").unwrap().parse().unwrap()).collect();
    assert!(seqs.is_sorted(), "out of order: {seqs:?}");
    let repeated = seqs.len();
    seqs.dedup();
    assert!(repeated - seqs.len() <= ROUNDS, "at most what was under way at each kill comes twice");
    assert_eq!(seqs.len().to_string(), notes, "each event at least once");
    assert!(receiver.connections() >= ROUNDS, "each server had a connection of its own");
    let (status, log) = server.stop().await;
    assert!(status.success(), "{log}");
    assert!(place.run(&["audit", "verify"]).await.status.success());
}

#[tokio::test]
async fn rule_10_webhooks_lose_nothing_and_keep_order_under_kill_9_on_sqlite() {
    nothing_is_lost_and_order_is_kept(Place::sqlite()).await;
}

#[tokio::test]
async fn rule_10_webhooks_lose_nothing_and_keep_order_under_kill_9_on_postgres() {
    nothing_is_lost_and_order_is_kept(Place::postgres().await).await;
}

async fn change(location: &Location, statement: &str) {
    assert!(!texts(location, &format!("{statement} returning kind")).await.is_empty());
}

async fn the_log_proves_itself(place: Place) {
    prepare(&place).await;
    let whole = place.run(&["audit", "verify"]).await;
    assert!(whole.status.success(), "{}", stderr(&whole));
    assert!(stdout(&whole).starts_with("The log is whole: "), "{}", stdout(&whole));
    let plain = stdout(&place.run(&["audit", "head"]).await);
    assert!(plain.starts_with("seq: ") && plain.contains("\nhash: "), "{plain}");
    let signed = stdout(&place.run(&["audit", "head", "--sign"]).await);
    let key = signed.lines().find_map(|line| line.strip_prefix("public-key: ")).unwrap().to_owned();
    let file = place.folder.path().join("head.txt");
    std::fs::write(&file, &signed).unwrap();
    assert!(
        place
            .run(&["user", "create", "--email", "mia@example.com", "--first-name", "M", "--last-name", "M"])
            .await
            .status
            .success()
    );
    for arguments in [vec!["audit", "check-head", "head.txt"], vec!["audit", "check-head", "head.txt", "--public-key", &key]] {
        let checked = place.run(&arguments).await;
        assert!(checked.status.success(), "{}", stderr(&checked));
    }
    // One key in 64 begins like an option.
    let other = format!("-{}", "A".repeat(42));
    let stranger = place.run(&["audit", "check-head", "head.txt", "--public-key", &other]).await;
    assert!(!stranger.status.success() && stderr(&stranger).contains("was not signed"), "{}", stderr(&stranger));
    std::fs::write(&file, signed.replacen("seq: ", "seq: 1", 1)).unwrap();
    assert!(!place.run(&["audit", "check-head", "head.txt"]).await.status.success());
    std::fs::write(&file, &signed).unwrap();
    change(&place.location(), "update events set detail = 'nothing happened' where seq = 2").await;
    for arguments in [vec!["audit", "verify"], vec!["audit", "check-head", "head.txt"]] {
        let broken = place.run(&arguments).await;
        assert_eq!(broken.status.code(), Some(1));
        assert!(stderr(&broken).contains("broken at event 2"), "{}", stderr(&broken));
    }
    // The key is for its owner's eyes only.
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(place.folder.path().join("data/audit.key")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    let help = finish(place.command(&["audit", "--help"]), "").await;
    assert!(stdout(&help).contains("check-head"));
}

#[tokio::test]
async fn v16_4_2_the_command_line_names_the_first_broken_link_on_sqlite() {
    the_log_proves_itself(Place::sqlite()).await;
}

#[tokio::test]
async fn v16_4_2_the_command_line_names_the_first_broken_link_on_postgres() {
    the_log_proves_itself(Place::postgres().await).await;
}

/// The log of long ago, shortened by a server, and heads of before and after.
async fn a_shortened_log_proves_itself(place: Place) {
    prepare(&place).await;
    // Not sealed yet.
    change(&place.location(), "update events set at = at - 100 * 86400000000").await;
    let export = async |file: &str| {
        let signed = place.run(&["audit", "head", "--sign"]).await;
        std::fs::write(place.folder.path().join(file), stdout(&signed)).unwrap();
    };
    export("older.txt").await;
    let created = ["user", "create", "--email", "mia@example.com", "--first-name", "M", "--last-name", "M"];
    assert!(place.run(&created).await.status.success());
    change(&place.location(), "update events set at = at - 99 * 86400000000 where seq is null").await;
    export("last.txt").await;
    let keep = "insert into settings (key, value, updated_at) values ('retention.log_days', '90', 0) returning key";
    texts(&place.location(), keep).await;
    let server = place.serve(&[]).await;
    let begins = "select cast(seq as text) from event_beginning where seq > 0";
    let last = until("the log is shortened", async || texts(&place.location(), begins).await.pop()).await;
    server.stop().await;
    let whole = place.run(&["audit", "verify"]).await;
    let first = last.parse::<i64>().unwrap() + 1;
    assert!(stdout(&whole).starts_with(&format!("The log is whole from event {first} on: ")), "{}", stdout(&whole));
    assert!(stdout(&whole).contains(&format!("Events up to {last} were removed")), "{}", stdout(&whole));
    let old = place.run(&["audit", "check-head", "older.txt"]).await;
    assert!(!old.status.success() && stderr(&old).contains("can no longer be checked"), "{}", stderr(&old));
    export("newest.txt").await;
    for file in ["last.txt", "newest.txt"] {
        let checked = place.run(&["audit", "check-head", file]).await;
        assert!(checked.status.success(), "{}", stderr(&checked));
    }
    change(&place.location(), &format!("delete from events where seq = {first}")).await;
    let broken = place.run(&["audit", "verify"]).await;
    assert!(stderr(&broken).contains(&format!("broken at event {first}")), "{}", stderr(&broken));
}

#[tokio::test]
async fn v14_2_7_the_command_line_verifies_a_log_that_was_shortened_on_sqlite() {
    a_shortened_log_proves_itself(Place::sqlite()).await;
}

#[tokio::test]
async fn v14_2_7_the_command_line_verifies_a_log_that_was_shortened_on_postgres() {
    a_shortened_log_proves_itself(Place::postgres().await).await;
}

#[on_both_databases]
async fn an_admin_manages_webhooks(app: TestApp) {
    let world = World::new(app).await;
    let admin = &world.admin;
    for (url, words) in
        [("ftp://x.example/", "Enter an address"), ("", "url-error"), ("https://a:b@x.example/", "Enter an address")]
    {
        let refused = admin.post(PATH, &[("url", url)]).await;
        assert_eq!(refused.status, 422, "{url}");
        assert!(refused.text().contains("url-error") && refused.text().contains(words), "{url}: {}", refused.text());
    }
    add(admin, "https://hooks.example/T0K3N", &["login", "membership.removed"]).await;
    let page = admin.get(&format!("{PATH}/1")).await.text();
    assert!(secret_on(&page).is_none(), "the secret is shown once");
    assert!(page.contains("Billing"));
    assert!(page.contains("value=\"membership.removed\" checked"), "the form has the names that messages have");
    let of_the_log = admin.post(PATH, &[("url", "https://hooks.example/in"), ("kinds", "membership-removed")]).await;
    assert_eq!(of_the_log.status, 422, "there is one spelling");
    for (button, fields) in [("test", &[][..]), ("disable", &[]), ("enable", &[]), ("replay", &[("seq", "0"), ("what", "after")])]
    {
        let pressed = admin.post(&format!("{PATH}/1/{button}"), fields).await;
        assert_eq!(pressed.flash().map(|(mood, _)| mood).as_deref(), Some("success"), "{button}: {}", pressed.text());
    }
    let nowhere = admin.post(&format!("{PATH}/1/replay"), &[("seq", "9999"), ("what", "one")]).await;
    assert!(nowhere.status == 422 && nowhere.text().contains("no event of this number"), "{}", nowhere.text());
    let saved = admin.post(&format!("{PATH}/1"), &[("url", "http://10.0.0.7/in"), ("description", "Panel")]).await;
    assert_eq!(saved.status, 303);
    assert!(admin.get(PATH).await.text().contains("http://10.0.0.7/in"));
    let deleted = admin.press(&format!("{PATH}/1/delete")).await;
    assert_eq!(deleted.location(), Some(PATH));
    assert_eq!(admin.get(&format!("{PATH}/1")).await.status, 404);
    let kinds: Vec<String> = world.events().await.into_iter().filter(|kind| kind.starts_with("webhook-")).collect();
    assert_eq!(
        kinds,
        ["webhook-created", "webhook-disabled", "webhook-enabled", "webhook-replayed", "webhook-updated", "webhook-deleted"]
    );
    let said = texts(&world.app.location, "select detail from events where kind like 'webhook-%'").await;
    assert!(said.iter().all(|detail| !detail.contains("T0K3N")), "{said:?}");
}

#[on_both_databases]
async fn v7_5_3_new_secrets_are_given_to_who_has_just_confirmed_who_it_is(app: TestApp) {
    let world = World::new(app).await;
    let id = world.webhook().await;
    world.app.clock.advance(Duration::from_mins(11));
    let admin = &world.admin;
    assert_eq!(admin.get(PATH).await.status, 200, "looking needs no more than the permission");
    let asked = admin.get(&format!("{PATH}/new")).await;
    assert!(asked.location().is_some_and(|to| to.starts_with("/admin/confirm")), "{}", asked.outline());
    for (path, fields) in
        [(PATH.to_owned(), [("url", "https://x.example/")]), (format!("{PATH}/{id}/rotate"), [("overlap", "day")])]
    {
        let refused = admin.post(&path, &fields).await;
        assert!(secret_on(&refused.text()).is_none() && refused.status == 303, "{}", refused.outline());
    }
    assert_eq!(texts(&world.app.location, "select 'x' from webhook_secrets").await.len(), 1);
}
