//! Passwords on every page where one is chosen, and on the command line.

use latchkey_core::access::System;
use latchkey_core::app::Request;
use latchkey_core::password::{Breached, Hasher};
use latchkey_core::settings;

use crate::support::binary::{Folder, Place, stderr, stdout};
use crate::support::tables::texts;
use crate::support::{Actor, PASSWORD, TestApp, World, on_both_databases};

const CHOSEN: &str = "quiet harbour, seven lanterns";

/// The Pwned Passwords format, with `quiet harbour, seven lanterns` in it.
pub(crate) const BREACHED: &str = "11F6AD8EC52A2984ABAAFD7C3B516503785C2072:52256179\r\n5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:4\r\n791F5894F7A55C7B62634CE0C5B76A6BDE5E6A8D\r\n";

/// A page where a password is chosen: who opens it, its path, the field, and what else it needs.
struct Page<'a> {
    actor: &'a Actor,
    path: String,
    field: &'static str,
    others: Vec<(&'static str, &'static str)>,
}

async fn pages(world: &World) -> Vec<Page<'_>> {
    let (_, secret) = world.invitation().await;
    let person = [("first_name", "Nora"), ("last_name", "Newcomer"), ("email", "nora.n@example.com")];
    let page = |actor, path: &str, field, others: &[(&'static str, &'static str)]| Page {
        actor,
        path: path.to_owned(),
        field,
        others: others.to_vec(),
    };
    vec![
        page(&world.anonymous, &format!("/invite/{}/register", secret.reveal()), "password", &person),
        page(&world.member, "/me/password", "new", &[("current", PASSWORD)]),
        page(&world.anonymous, &admin_invite(world).await, "password", &[("name", "Nora Newcomer")]),
        page(&world.anonymous, &format!("/password/reset/{}", world.reset_link().await.reveal()), "new", &[]),
    ]
}

/// The path of an open invitation to an admin.
async fn admin_invite(world: &World) -> String {
    let (_, link) = world.admin_invitation().await;
    world.app.take_mails().await;
    link.split_once("/admin/").map(|(_, path)| format!("/admin/{path}")).unwrap()
}

impl Page<'_> {
    async fn choose(&self, password: &str) -> (u16, String) {
        let mut fields = self.others.clone();
        fields.push((self.field, password));
        let answer = self.actor.post(&self.path, &fields).await;
        (answer.status, answer.text())
    }

    /// The form comes back with this at the field, and without what was typed.
    async fn refuses(&self, password: &str, words: &str) {
        let (status, page) = self.choose(password).await;
        assert_eq!(status, 422, "{} takes {password:?}", self.path);
        assert!(page.contains(&format!("{}-error\"", self.field)) && page.contains(words), "{} {password:?}: {page}", self.path);
        assert!(password.is_empty() || !page.contains(&format!("value=\"{password}")), "{}", self.path);
    }
}

#[on_both_databases]
async fn v6_2_1_v6_2_4_and_v6_2_11_hold_on_every_page_where_a_password_is_chosen(app: TestApp) {
    let world = World::new(app).await;
    for page in pages(&world).await {
        page.refuses("vq8Zr1mT4kLw0x", "at least 15").await;
        page.refuses(&"vq8Zr1mT4kLw0x".repeat(19), "at most 256").await;
        page.refuses("passwordpassword", "most used").await;
        page.refuses("zxzxzxzxzxzxzxzxzxzx", "too easy to guess").await;
        page.refuses("L4tchk3y-Latchkey!!", "close to a name").await;
    }
    let pages = pages(&world).await;
    let [register, change, admins, reset] = pages.as_slice() else { panic!("another page") };
    for (page, near) in [
        (register, "NoraNewcomer2026!"),
        (register, "norra.n@example.com"),
        (register, "acme-acme-acme-1"),
        (change, "Mia.Member.2026!!"),
        (change, "acme-acme-acme-1"),
        (admins, "noranewcomernora"),
        (reset, "Lena.Loner.2026!!"),
    ] {
        page.refuses(near, "close to a name").await;
    }
    for page in &pages {
        let (status, text) = page.choose(CHOSEN).await;
        assert_eq!(status, 303, "{} {text}", page.path);
    }
    world.app.take_mails().await;
}

#[on_both_databases]
async fn v6_2_1_eight_characters_are_enough_where_a_second_factor_is_required(app: TestApp) {
    let world = World::new(app).await;
    let request = Request::default();
    let on = world.app.app.write(&request, |tx| settings::require_two_factor_of_admins(tx, &System::named("test"), true));
    on.await.unwrap();
    let pages = pages(&world).await;
    pages[0].refuses("vq8Zr1mT4kLw0x", "at least 15").await;
    pages[2].refuses("vq8Zr1m", "at least 8").await;
    assert_eq!(pages[2].choose("vq8Zr1mT").await.0, 303);
}

#[on_both_databases]
async fn v6_2_1_eight_characters_are_enough_for_users_where_the_operator_requires_a_second_factor_of_everybody(app: TestApp) {
    let world = World::new(app).await;
    let fields: Vec<_> = crate::routes::SECURITY.into_iter().chain([("everybody", "yes")]).collect();
    let saved = world.admin.post("/admin/config/security", &fields).await;
    assert_eq!(saved.outline(), "303 /admin/config/security (success)");
    let pages = pages(&world).await;
    let [register, _, admins, reset] = pages.as_slice() else { panic!("another page") };
    for page in [register, reset] {
        page.refuses("vq8Zr1m", "at least 8").await;
        let (status, text) = page.choose("vq8Zr1mT").await;
        assert_eq!(status, 303, "{} {text}", page.path);
    }
    admins.refuses("vq8Zr1mT4kLw0x", "at least 15").await;
    world.app.take_mails().await;
}

#[on_both_databases]
async fn v6_2_12_a_breached_password_is_refused_on_every_page(mut app: TestApp) {
    let folder = Folder::new();
    let path = folder.path().join("breached.txt");
    std::fs::write(&path, BREACHED).unwrap();
    app.app = app.node_with(Hasher::cheap().with_breached(Breached::open(&path).unwrap()));
    let world = World::new(app).await;
    for page in pages(&world).await {
        page.refuses(CHOSEN, "lists of stolen passwords").await;
        let (status, text) = page.choose("quiet harbour, eight lanterns").await;
        assert_eq!(status, 303, "{} {text}", page.path);
    }
    world.app.take_mails().await;
}

#[on_both_databases]
async fn v6_2_2_and_v6_2_3_a_password_is_changed_with_the_current_one(app: TestApp) {
    let world = World::new(app).await;
    for (current, words) in [("", "current-error"), ("not-the-password-at-all", "This is not your current password")] {
        let refused = world.member.post("/me/password", &[("current", current), ("new", CHOSEN)]).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text().contains(words), "{}", refused.text());
    }
    let changed = world.member.post("/me/password", &[("current", PASSWORD), ("new", CHOSEN)]).await;
    assert_eq!(changed.outline(), "303 /me/security (success)");
    let login = async |password| {
        world.server.anonymous().post("/login", &[("email", "mia@example.com"), ("password", password)]).await.status
    };
    assert_eq!((login(PASSWORD).await, login(CHOSEN).await), (422, 303));
    world.app.take_mails().await;
}

/// ASVS V6.2.6 and V6.2.7: masked, open to managers and to pasting, of any length that is taken.
#[on_both_databases]
async fn v6_2_6_and_v6_2_7_fields_are_masked_and_open_to_password_managers(app: TestApp) {
    let world = World::new(app).await;
    let (_, secret) = world.invitation().await;
    let invite = format!("/invite/{}", secret.reveal());
    let (reset, staff) = (format!("/password/reset/{}", world.reset_link().await.reveal()), admin_invite(&world).await);
    for (actor, path, kinds) in [
        (&world.anonymous, "/login", vec!["current-password"]),
        (&world.anonymous, &invite, vec!["current-password", "new-password"]),
        (&world.member, "/me/password", vec!["current-password", "new-password"]),
        (&world.anonymous, "/admin/login", vec!["current-password"]),
        (&world.anonymous, &reset, vec!["new-password"]),
        (&world.anonymous, &staff, vec!["new-password"]),
    ] {
        let page = actor.get(path).await.text();
        let inputs: Vec<&str> = page.split("<input").skip(1).filter_map(|input| input.split('>').next()).collect();
        let passwords: Vec<&&str> = inputs.iter().filter(|input| input.contains("type=\"password\"")).collect();
        assert_eq!(passwords.len(), kinds.len(), "{path}");
        for (input, kind) in passwords.iter().zip(kinds) {
            assert!(input.contains(&format!("autocomplete=\"{kind}\"")), "{path}: {input}");
            for forbidden in ["onpaste", "readonly", "maxlength", "pattern=", "autocomplete=\"off\""] {
                assert!(!input.contains(forbidden), "{path}: {input}");
            }
        }
        let named = inputs.iter().any(|input| input.contains("autocomplete=\"username"));
        assert!(named, "{path} tells managers whose password it is");
        assert!(!page.contains("onpaste"), "{path}");
    }
}

#[on_both_databases]
async fn generate_password_makes_five_words_for_whoever_sends_the_form(app: TestApp) {
    let world = World::new(app).await;
    for (actor, path) in [(&world.anonymous, "/password/generate"), (&world.admin, "/admin/password/generate")] {
        let mut made = Vec::new();
        for _ in 0..2 {
            let answer = actor.press(path).await;
            assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{path}");
            let text: serde_json::Value = serde_json::from_str(&answer.text()).unwrap();
            made.push(text["password"].as_str().unwrap().to_owned());
        }
        assert!(made.iter().all(|phrase| phrase.split(' ').count() == 5) && made[0] != made[1], "{made:?}");
    }
}

#[on_both_databases]
async fn the_meter_knows_the_account_one_is_invited_to_and_ones_own(app: TestApp) {
    let world = World::new(app).await;
    let meter = async |actor: &Actor, fields: &[(&str, &str)]| actor.post("/password/strength", fields).await.text();
    let near = ("password", "acme-acme-acme-1");
    assert!(meter(&world.anonymous, &[near, ("context", "Acme")]).await.contains("close to a name"));
    assert!(meter(&world.member, &[near]).await.contains("close to a name"));
    assert!(meter(&world.anonymous, &[("password", CHOSEN)]).await.contains("\"hint\":null"));
}

/// ASVS V6.4.2, in what people see: no page and no text asks for a hint or a secret question.
#[test]
fn v6_4_2_no_template_and_no_text_knows_hints_or_secret_questions() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut folders = vec![root.join("templates"), root.join("locales")];
    let mut looked_at = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap().to_lowercase();
            for words in ["secret question", "security question", "password hint", "mother\u{2019}s maiden", "first pet"] {
                assert!(!text.contains(words), "{}: {words}", path.display());
            }
            looked_at += 1;
        }
    }
    assert!(looked_at > 50, "{looked_at}");
}

#[tokio::test]
async fn v6_2_11_the_command_line_knows_the_name_of_the_brand() {
    let place = Place::sqlite();
    let create =
        ["user", "create", "--email", "olivia@example.com", "--first-name", "Olivia", "--last-name", "Owner", "--password-stdin"];
    assert!(place.run(&["migrate"]).await.status.success());
    let brand = "insert into settings (key, value, updated_at) values ('brand.name', 'Quillfeather', 1) returning key";
    texts(&place.location(), brand).await;
    let refused = place.run_with(&create, "quillfeather-quillfeather-1\n").await;
    assert!(!refused.status.success() && stderr(&refused).contains("too close to a name"), "{}", stderr(&refused));
    assert!(place.run_with(&create, "quiet harbour, seven lanterns\n").await.status.success());
}

const IMPORT: [&str; 9] = [
    "user",
    "create",
    "--email",
    "olivia@example.com",
    "--first-name",
    "Olivia",
    "--last-name",
    "Owner",
    "--password-hash-stdin",
];

#[tokio::test]
async fn a_user_of_another_system_comes_with_its_hash() {
    let place = Place::sqlite();
    for (hash, words) in [
        ("\n", "no hash"),
        ("nonsense s3cret\n", "known form"),
        ("$2y$31$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe\n", "cost 31"),
        ("$2y$10$short\n", "bcrypt"),
    ] {
        let output = place.run_with(&IMPORT, hash).await;
        assert!(!output.status.success());
        assert!(stderr(&output).contains(words) && !stderr(&output).contains("s3cret"), "{}", stderr(&output));
    }
    // Salted MD5 of the password of all tests.
    let hash = "2075b25447d441143c03ba43abf5ccc4:NaCl";
    let output = place.run_with(&IMPORT, &format!("{hash}\n")).await;
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(!stdout(&output).contains(hash) && !stdout(&output).contains("shown this once"));
    let server = place.serve(&[]).await;
    let kept = async || texts(&place.location(), "select password_hash from users").await.remove(0);
    assert_eq!(kept().await, hash);
    for _ in 0..2 {
        let actor = server.anonymous();
        let wrong = actor.post("/login", &[("email", "olivia@example.com"), ("password", "not-the-password-at-all")]).await;
        assert_eq!(wrong.status, 422);
        actor.log_in("olivia@example.com").await;
        assert!(kept().await.starts_with("$argon2id$v=19$m=65536,t=3,p=1$"));
    }
}

/// The operator raises what a hash costs, or lowers it again, and everybody logs in as before.
#[tokio::test]
async fn v11_4_2_hashes_are_renewed_at_login_when_the_operator_raises_their_cost() {
    let place = Place::sqlite();
    let output = place.run_with(&IMPORT, "2075b25447d441143c03ba43abf5ccc4:NaCl\n").await;
    assert!(output.status.success(), "{}", stderr(&output));
    let kept = async || texts(&place.location(), "select password_hash from users").await.remove(0);
    for cost in ["m=19456,t=2", "m=32768,t=2", "m=65536,t=3", "m=7168,t=5"] {
        let server = place.serve(&["--log", "warn", "--password-cost", cost]).await;
        server.anonymous().log_in("olivia@example.com").await;
        assert!(kept().await.starts_with(&format!("$argon2id$v=19${cost},p=1$")), "{cost}: {}", kept().await);
        let actor = server.anonymous();
        let wrong = actor.post("/login", &[("email", "olivia@example.com"), ("password", "not-the-password-at-all")]).await;
        assert_eq!(wrong.status, 422);
        server.stop().await;
    }
    for (cost, words) in [("m=19456,t=1", "too low"), ("m=19456,t=17", "too high"), ("19 MiB", "m=MEMORY,t=PASSES")] {
        for command in [&["config", "check"][..], &["serve"]] {
            let output = place.run(&[command, &["--password-cost", cost]].concat()).await;
            assert!(!output.status.success() && stderr(&output).contains(words), "{cost}: {}", stderr(&output));
        }
    }
}

#[tokio::test]
async fn files_that_cannot_serve_are_said_at_once() {
    let place = Place::sqlite();
    let write = |name: &str, text: &str| std::fs::write(place.folder.path().join(name), text).unwrap();
    write("sorted.txt", BREACHED);
    write("unsorted.txt", &BREACHED.lines().rev().collect::<Vec<_>>().join("\n"));
    write("peppers", &format!("a:{}\n", "A".repeat(43)));
    write("short", "s3cret:AAAA\n");
    for command in [&["config", "check"][..], &["serve"]] {
        for (option, file, words) in [
            ("--breached-passwords", "missing.txt", "missing.txt"),
            ("--breached-passwords", "unsorted.txt", "not sorted"),
            ("--breached-passwords", "peppers", "no line"),
            ("--pepper-file", "missing", "missing"),
            ("--pepper-file", "short", "line 1"),
        ] {
            let output = place.run(&[command, &[option, file]].concat()).await;
            assert!(!output.status.success(), "{option} {file}");
            assert!(stderr(&output).contains(words) && !stderr(&output).contains("s3cret"), "{}", stderr(&output));
        }
    }
    let good = place.run(&["config", "check", "--breached-passwords", "sorted.txt", "--pepper-file", "peppers"]).await;
    assert!(good.status.success(), "{}", stderr(&good));
    // The command line holds chosen passwords to the same file.
    let create = [
        "admin",
        "create",
        "--email",
        "s@staff.example",
        "--name",
        "Stella",
        "--password-stdin",
        "--breached-passwords",
        "sorted.txt",
    ];
    let refused = place.run_with(&create, &format!("{CHOSEN}\n")).await;
    assert!(!refused.status.success() && stderr(&refused).contains("breached"), "{}", stderr(&refused));
}

#[tokio::test]
async fn a_lost_pepper_is_an_error_in_the_log_and_try_later_on_the_page() {
    let place = Place::sqlite();
    std::fs::write(place.folder.path().join("peppers"), format!("one:{}\n", "A".repeat(43))).unwrap();
    let create = [&IMPORT[..8], &["--password-stdin", "--pepper-file", "peppers"]].concat();
    let made = place.run_with(&create, &format!("{PASSWORD}\n")).await;
    assert!(made.status.success(), "{}", stderr(&made));
    let server = place.serve(&["--pepper-file", "peppers"]).await;
    server.anonymous().log_in("olivia@example.com").await;
    assert!(server.stop().await.0.success());
    let server = place.serve(&[]).await;
    let refused = server.anonymous().post("/login", &[("email", "olivia@example.com"), ("password", PASSWORD)]).await;
    assert_eq!(refused.status, 500);
    assert!(refused.text().contains("Please try again in a minute"), "{}", refused.text());
    let (_, log) = server.stop().await;
    assert!(log.contains("ERROR") && log.contains("pepper one is not in the pepper file"), "{log}");
    assert!(!log.contains(PASSWORD));
    assert_eq!(texts(&place.location(), "select kind from events where kind = 'login-failed'").await.len(), 0);
}
