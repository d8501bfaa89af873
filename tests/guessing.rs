//! Guessing and bans, as a browser meets them.

use latchkey_core::access::{BuiltInApiRole, ManageBans};
use latchkey_core::admin;
use latchkey_core::app::Request;
use latchkey_core::ban::{self, NewBan};
use latchkey_core::guessing::{self, Guess, Kind};
use latchkey_core::passkey::soft::{SoftKey, Told};
use latchkey_web::Settings;

use crate::support::doors::{Doors, token};
use crate::support::tables::number;
use crate::support::{Actor, Ask, PASSWORD, Server, TestApp, World, on_both_databases, plain};

const CHOSEN: &str = "quiet harbour, seven lanterns";

/// A server behind a proxy on loopback, which tests play themselves.
async fn behind_a_proxy(app: TestApp) -> World {
    let trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    let server = Server::start_with(&app, Settings { trusted_proxies, ..plain() }).await;
    World::at(app, server).await
}

fn from(server: &Server, ip: &str) -> Actor {
    server.anonymous().with_header("x-forwarded-for", ip)
}

async fn log_in(actor: &Actor, path: &str, email: &str, password: &str) -> crate::support::Answer {
    actor.post(path, &[("email", email), ("password", password)]).await
}

#[on_both_databases]
async fn v6_3_1_too_many_tries_are_told_to_wait_alike_for_everybody(app: TestApp) {
    let world = behind_a_proxy(app).await;
    for (path, known, unknown) in
        [("/login", "mia@example.com", "nia@example.com"), ("/admin/login", "stella@staff.example", "stelle@staff.example")]
    {
        let mut pages = Vec::new();
        for (email, net) in [(known, "198.51.100"), (unknown, "203.0.113")] {
            for number in 0..10 {
                let stranger = from(&world.server, &format!("{net}.{number}"));
                assert_eq!(log_in(&stranger, path, email, "wrong").await.status, 422);
            }
            let stranger = from(&world.server, &format!("{net}.99"));
            stranger.token(path).await;
            let answer = log_in(&stranger, path, email, PASSWORD).await;
            assert_eq!(answer.status, 429, "{email}");
            let wait = answer.headers.iter().find(|(name, _)| name == "retry-after").map(|(_, value)| value.clone());
            assert_eq!(wait.as_deref(), Some("30"));
            assert!(answer.text().contains("Wait 30 seconds"), "{}", answer.text());
            pages.push(answer.text());
        }
        assert_eq!(pages[0].len(), pages[1].len(), "the same page, but for its token");
    }
    // Mia's own browser has its cookie, and gets in.
    assert_eq!(log_in(&world.member, "/login", "mia@example.com", PASSWORD).await.status, 303);
}

#[on_both_databases]
async fn who_makes_up_too_many_passkeys_is_told_to_wait_in_both_areas(app: TestApp) {
    let world = behind_a_proxy(app).await;
    let there = Request { ip: Some([198, 51, 100, 7].into()), ..world.app.request() };
    let failed = world
        .app
        .app
        .write(&there, move |tx| (0..300).try_for_each(|_| guessing::failed(tx, &Guess::at_secret(Kind::PasskeyAnswer))));
    failed.await.unwrap();
    let fields = SoftKey::es256(b"nobody").sign(&Told::get("http://latchkey.example", "made up", 2)).fields();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for area in ["", "/admin"] {
        let path = format!("{area}/login/passkey");
        let answer = from(&world.server, "198.51.100.7").post(&path, &fields).await;
        assert_eq!((answer.status, answer.header("retry-after")), (429, Some("2")), "{path}: {}", answer.text());
        let elsewhere = from(&world.server, "203.0.113.7").post(&path, &fields).await;
        assert_eq!(elsewhere.outline(), format!("303 {area}/login (error)"));
    }
    assert_eq!(number(&world.app, "select count(*) from events where kind = 'passkey-refused'").await, 2);
}

#[on_both_databases]
async fn a_banned_address_is_refused_in_both_areas_at_once(app: TestApp) {
    let world = behind_a_proxy(app).await;
    let owner = from(&world.server, "198.51.100.7").log_in("olivia@example.com").await;
    let admin = from(&world.server, "::ffff:198.51.100.7").log_in_as_admin("stella@staff.example").await;
    let second = Server::second_node(&world.app).await;
    let (request, stella) = (world.app.request(), world.stella);
    let network = "198.51.100.0/24".parse().unwrap();
    let added = world.app.app.write(&request, move |tx| {
        let by = tx.authorize_admin::<ManageBans>(stella).unwrap();
        ban::add(tx, &by, &NewBan { network, reason: "guesses".to_owned(), ends_at: None })
    });
    let id = added.await.unwrap();
    for (actor, path) in [(&owner, "/accounts"), (&owner, "/login"), (&admin, "/admin"), (&owner, "/no-such-page")] {
        let answer = actor.get(path).await;
        assert_eq!(answer.status, 403, "{path}");
        assert!(answer.text().contains("Not available"), "{}", answer.text());
    }
    let posted = owner.send(&Ask::new("POST", "/login")).await;
    assert!(posted.status == 403 && posted.text().contains("Not available"));
    assert_eq!(owner.get("/assets/css/base.css").await.status, 200);
    assert_ne!(from(&world.server, "198.51.101.7").get("/login").await.status, 403);
    assert_ne!(second.anonymous().get("/login").await.status, 403, "nobody is trusted there, and loopback is never banned");
    let lifted = world.admin.post(&format!("/admin/config/bans/{id}/lift"), &[]).await;
    assert_eq!(lifted.status, 303);
    assert_eq!(owner.get("/accounts").await.status, 200, "the session was not ended");
}

#[on_both_databases]
async fn a_banned_address_is_refused_at_every_door_for_machines(app: TestApp) {
    let doors = Doors::start(&app, latchkey_api::forward::Settings::default()).await;
    let olivia = app.user("Olivia", "Owner", "olivia@example.com").await;
    let acme = app.account("Acme", olivia).await;
    let stella = app.admin("Stella", "stella@staff.example").await;
    let token = token(&app, stella, BuiltInApiRole::Full, None).await;
    let (identifier, secret) = token.strip_prefix("lk_").and_then(|token| token.split_once('_')).expect("a token has two parts");
    let question = format!("{{\"user\": {olivia}, \"account\": {acme}, \"permission\": \"invoices\"}}");
    let asks = |from: &str| {
        let bearer = format!("Bearer {token}");
        let rest = Ask::new("GET", "/api/v1/users").with("authorization", &bearer);
        let check = Ask::new("POST", "/api/v1/check").body("application/json", question.clone()).with("authorization", &bearer);
        let fields = [("identifier", identifier), ("secret", secret), ("action", "GetUsers")];
        let action = Ask::new("POST", "/includes/api.php").form(&fields);
        [("REST", rest), ("check", check), ("action", action)].map(|(door, ask)| (door, ask.with("x-forwarded-for", from)))
    };
    let request = app.request();
    let added = app.app.write(&request, move |tx| {
        let by = tx.authorize_admin::<ManageBans>(stella).unwrap();
        let network = "198.51.100.0/24".parse().unwrap();
        ban::add(tx, &by, &NewBan { network, reason: "guesses".to_owned(), ends_at: None })
    });
    added.await.unwrap();
    for (from, status) in [("198.51.100.7", 403), ("198.51.101.7", 200), ("::ffff:198.51.100.7", 403)] {
        for (door, ask) in asks(from) {
            let answer = ask.send(doors.address).await.unwrap();
            assert_eq!(answer.status, status, "{door} from {from}: {}", answer.text());
        }
    }
}

fn registration<'a>(email: &'a str, password: &'a str) -> [(&'a str, &'a str); 4] {
    [("first_name", "Nora"), ("last_name", "New"), ("email", email), ("password", password)]
}

#[on_both_databases]
async fn who_makes_up_links_to_register_is_told_to_wait_and_who_holds_one_may_mistype(app: TestApp) {
    let world = World::new(app).await;
    let (id, secret) = world.invitation().await;
    let register = format!("/invite/{}/register", secret.reveal());
    let somebody = world.server.anonymous();
    let mistyped = registration("nora@example.com", "short");
    for _ in 0..60 {
        assert_eq!(somebody.post(&register, &mistyped).await.status, 422);
    }
    for number in 0..=50 {
        let answer = somebody.post(&format!("/invite/{number:0>4}{}/register", "A".repeat(39)), &mistyped).await;
        assert_eq!(answer.status, if number < 50 { 410 } else { 429 }, "{number}: each one is counted, once");
    }
    assert_eq!(somebody.post(&register, &mistyped).await.status, 422, "who holds a link is not held back");
    let email = world.invited(id).await;
    let answer = somebody.post(&register, &registration(&email, CHOSEN)).await;
    assert_eq!(answer.outline(), "303 /a/1 (success)", "{}", answer.text());
    world.app.take_mails().await;
}

#[on_both_databases]
async fn a_set_up_link_that_does_not_work_is_refused_before_what_is_typed(app: TestApp) {
    let server = Server::start(&app).await;
    let system = app.system();
    let link = app.app.write(&app.request(), move |tx| admin::setup_link(tx, &system)).await.unwrap();
    let link = link.strip_prefix("http://latchkey.example").unwrap();
    let made_up = format!("/admin/setup/{}", "A".repeat(43));
    let good = [("name", "Nora New"), ("email", "nora@staff.example"), ("password", CHOSEN)];
    let mistyped = [("name", ""), ("email", "nobody"), ("password", "short")];
    let nora = server.anonymous();
    for fields in [&mistyped, &good] {
        assert_eq!(nora.post(&made_up, fields).await.status, 410);
    }
    for _ in 0..2 {
        assert_eq!(nora.post(link, &mistyped).await.status, 422, "who holds it is told what is wrong");
    }
    assert_eq!(nora.post(link, &good).await.outline(), "303 /admin (success)");
    assert_eq!(server.anonymous().post(link, &mistyped).await.status, 410, "set-up is over");
}

#[on_both_databases]
async fn an_admin_bans_and_lifts(app: TestApp) {
    let world = World::new(app).await;
    let path = "/admin/config/bans";
    let added =
        world.admin.post(path, &[("network", "::ffff:203.0.113.7"), ("reason", "Tries."), ("ends_on", "2027-01-31")]).await;
    assert_eq!(added.status, 303, "{}", added.text());
    let page = world.admin.get(path).await;
    assert!(page.text().contains("203.0.113.7") && page.text().contains("Tries."), "{}", page.text());
    for (network, ends_on, problem) in [
        ("203.0.113.7", "", "network-error"),
        ("127.0.0.1", "", "network-error"),
        ("everybody", "", "network-error"),
        ("203.0.113.8", "yesterday", "ends-on-error"),
        ("203.0.113.8", "2020-01-01", "ends-on-error"),
    ] {
        let refused = world.admin.post(path, &[("network", network), ("reason", "Tries."), ("ends_on", ends_on)]).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text().contains(problem), "{network}: {}", refused.text());
    }
    let never = world.admin.post("/admin/config/bans/never", &[("networks", "127.0.0.0/8\n::1, 203.0.113.9")]).await;
    assert_eq!(never.status, 303);
    let refused = world.admin.post("/admin/config/bans/never", &[("networks", "nowhere")]).await;
    assert!(refused.status == 422 && refused.text().contains("networks-error"));
}

#[on_both_databases]
async fn v4_1_3_contradicting_headers_of_a_trusted_proxy_are_refused(app: TestApp) {
    let world = behind_a_proxy(app).await;
    let plain = from(&world.server, "198.51.100.7").with_header("forwarded", "for=198.51.100.7");
    assert_eq!(plain.get("/login").await.status, 200);
    let forged = from(&world.server, "198.51.100.7").with_header("forwarded", "for=203.0.113.1");
    assert_eq!(forged.get("/login").await.status, 400);
}
