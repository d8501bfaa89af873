//! Whatever is typed: a message beside the field and nothing changed, never our fault, never code on a page.

use std::time::Duration;

use crate::forms::{FORMS, Form, Kind};
use crate::support::http::percent;
use crate::support::tables::number;
use crate::support::world::fill;
use crate::support::{Actor, Answer, Ask, TestApp, World, difference, dump, on_both_databases};

/// Text as templates write it.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#x27;")
}

/// The form's good fields with one of them replaced.
fn with<'a>(form: &Form, field: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let others = form.good.iter().copied().filter(|(name, _)| *name != field);
    others.chain([(field, value)]).collect()
}

fn short(value: &str) -> String {
    value.chars().take(60).collect()
}

fn assert_beside_its_field(answer: &Answer, id: &str, kind: Kind, value: &str, what: &str) {
    let page = answer.text();
    assert_eq!(answer.status, 422, "{what}: {}", answer.outline());
    assert!(page.contains(&format!("id=\"{id}-error\"")), "{what}: no message beside {id}");
    assert!(page.contains(&format!("id=\"{id}\"")), "{what}: no field {id}");
    assert!(page.contains(&format!("{id}-error\"")) && page.contains(&format!("href=\"#{id}\"")), "{what}: no summary");
    if kind.is_kept() {
        let kept = escaped(value);
        assert!(page.contains(&format!("value=\"{kept}\"")) || page.contains(&format!(">{kept}</textarea>")), "{what}: not kept");
    }
    if matches!(kind, Kind::NewPassword) && value.len() > 5 {
        assert!(!page.contains(&format!("\"{value}\"")), "{what}: the password stands on the page");
    }
}

fn assert_no_code(answer: &Answer, what: &str) {
    let page = answer.text();
    assert!(!answer.is_html() || !page.contains("<script>"), "{what}: code on the page");
    for (name, value) in &answer.headers {
        assert!(!value.contains("evil"), "{what}: {name}: {value}");
    }
}

#[on_both_databases]
async fn v2_1_3_what_cannot_be_taken_is_said_beside_its_field_and_changes_nothing(app: TestApp) {
    app.expect_unsent_mails();
    let world = World::new(app).await;
    for form in FORMS {
        let path = fill(&world, form.path, form.actor).await;
        let actor = world.actor(form.actor);
        let before = dump(&world.app).await;
        for (field, id, kind) in form.fields {
            for value in kind.bad() {
                let what = format!("{} {field} = {:?}", form.path, short(&value));
                let answer = actor.post(&path, &with(form, field, &value)).await;
                assert_beside_its_field(&answer, id, *kind, &value, &what);
                assert_no_code(&answer, &what);
            }
        }
        let changed = difference(&before, &dump(&world.app).await);
        assert!(changed.is_empty(), "{}: {changed:#?}", form.path);
    }
}

#[on_both_databases]
async fn v1_2_1_to_4_names_of_every_kind_are_taken_and_are_no_code_anywhere(app: TestApp) {
    app.expect_unsent_mails();
    let world = World::new(app).await;
    for form in FORMS {
        for (field, _, kind) in form.fields {
            for (number, value) in kind.odd().iter().enumerate() {
                let path = fill(&world, form.path, form.actor).await;
                // A registration logs in: each time another browser. An address is taken once.
                let fresh = world.server.anonymous();
                let actor = if form.actor == "anonymous" { &fresh } else { world.actor(form.actor) };
                let fields = with(form, field, value);
                let own = format!("{field}{number}{}@example.com", path.replace('/', ""));
                let own: String = own.chars().rev().take(60).collect::<Vec<_>>().into_iter().rev().collect();
                let unique = |(name, value): &(&str, &str)| match *name {
                    "email" | "owner_email" => ((*name).to_owned(), own.replace('_', "")),
                    _ => ((*name).to_owned(), (*value).to_owned()),
                };
                let fields: Vec<(String, String)> = fields.iter().map(unique).collect();
                let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                let answer = actor.post(&path, &fields).await;
                let what = format!("{} {field} = {value:?}", form.path);
                assert_eq!(answer.status, 303, "{what}: {}", answer.text());
                assert_no_code(&answer, &what);
                assert_no_code(&actor.visit(answer.location().unwrap()).await, &what);
            }
        }
    }
    // Everything that was typed is in the tables now; no page of anybody makes code of it.
    for route in latchkey_web::table().into_iter().filter(|route| route.method == "GET") {
        let path = fill(&world, route.path, "owner").await;
        for actor in ["anonymous", "owner", "admin"] {
            let answer = world.actor(actor).get(&path).await;
            assert_ne!(answer.status, 500, "{path} as {actor}");
            assert_no_code(&answer, &path);
        }
    }
    for mail in world.app.take_mails().await {
        assert!(!mail.written.subject.contains(['\r', '\n']), "{:?}", mail.written.subject);
    }
}

/// Bodies that no page of ours sends.
fn strange_bodies(token: &str, form: &Form) -> Vec<(String, Vec<u8>)> {
    let start = format!("csrf={token}");
    let good = crate::support::http::encoded(form.good);
    let first = form.good[0].0;
    let many = (0..5_000).fold(start.clone(), |text, number| format!("{text}&f{number}={number}"));
    let mut bodies: Vec<(String, Vec<u8>)> = [
        ("nothing else", start.clone()),
        ("only separators", format!("{start}&&&=&=&==&&")),
        ("unknown fields", format!("{start}&{good}&unknown=1&csrf_token=2&{first}[]=x")),
        ("a field of another type", format!("{start}&{first}[a]=b&{first}.c=d")),
        ("the token twice", format!("{start}&{start}&{good}")),
        ("five thousand fields", many),
        ("percent signs", format!("{start}&{first}=%&{first}=%4&{first}=%zz")),
        ("invalid UTF-8, encoded", format!("{start}&{first}=%ff%fe%c0%80")),
        ("a lone surrogate", format!("{start}&{first}=%ed%a0%80")),
    ]
    .map(|(what, body)| (what.to_owned(), body.into_bytes()))
    .into();
    for (field, ..) in form.fields {
        bodies.push((format!("{field} twice"), format!("{start}&{good}&{field}=1&{field}=2").into_bytes()));
        let raw = [format!("{start}&{field}=").as_bytes(), &[0xff, 0xfe, 0x00, 0xc3, 0x28]].concat();
        bodies.push((format!("{field} of bytes"), raw));
        bodies.push((format!("{field} is NUL"), format!("{start}&{field}=%00").into_bytes()));
    }
    bodies
}

#[on_both_databases]
async fn bodies_that_no_page_sends_are_never_our_fault(app: TestApp) {
    app.expect_unsent_mails();
    let world = World::new(app).await;
    let logins = [("/login", "email"), ("/admin/login", "email"), ("/password/strength", "password")];
    let logins =
        logins.map(|(path, _)| Form { path, actor: "anonymous", good: &[("email", "x"), ("password", "y")], fields: &[] });
    for form in FORMS.iter().chain(&logins) {
        let actor = world.actor(form.actor);
        let path = fill(&world, form.path, form.actor).await;
        let token = actor.token(&path).await;
        for (what, body) in strange_bodies(&token, form) {
            let before = dump(&world.app).await;
            let answer = actor.send(&Ask::new("POST", &path).body("application/x-www-form-urlencoded", body)).await;
            let what = format!("{what} to {}", form.path);
            assert!(answer.status < 500, "{what}: {}", answer.text());
            if answer.status != 303 && !form.path.ends_with("/login") {
                assert_eq!(difference(&before, &dump(&world.app).await), Vec::<String>::new(), "{what}");
            }
            if answer.status == 303 && form.actor == "anonymous" {
                assert!(form.path.starts_with("/invite/"), "{what}");
            }
        }
    }
}

const STRANGE_IDS: [&str; 13] = [
    "-1",
    "0",
    "999999",
    "9223372036854775807",
    "-9223372036854775808",
    "99999999999999999999999999",
    "abc",
    "1.5",
    "1%20",
    "%00",
    "%ff",
    "1;drop%20table%20users",
    "%D9%A1",
];

#[on_both_databases]
async fn numbers_that_nothing_has_are_not_found(app: TestApp) {
    app.expect_unsent_mails();
    let world = World::new(app).await;
    let before = dump(&world.app).await;
    for route in latchkey_web::table() {
        let variables: Vec<&str> = route.path.split('/').filter(|part| part.starts_with('{') && *part != "{token}").collect();
        let actor = if route.path.starts_with("/admin") { &world.admin } else { &world.owner };
        for variable in variables.iter().filter(|variable| **variable != "{*path}") {
            for strange in STRANGE_IDS {
                let path = route.path.replace(variable, strange);
                let path = path.replace("{account}", "1").replace("{user}", "1");
                let path = [
                    "{invitation}",
                    "{mail}",
                    "{note}",
                    "{contact}",
                    "{session}",
                    "{admin}",
                    "{role}",
                    "{member_role}",
                    "{group}",
                    "{template}",
                    "{api_role}",
                    "{credential}",
                    "{change}",
                ]
                .iter()
                .fold(path, |path, other| path.replace(other, "1"));
                let answer = match route.method {
                    "GET" => actor.get(&path).await,
                    _ => actor.post(&path, FORMS.iter().find(|form| form.path == route.path).map_or(&[], |form| form.good)).await,
                };
                // A change of owner leaves nothing behind when it ends: who comes too late is told so, and that looks the same.
                if *variable == "{change}" && answer.outline() == "303 /admin/clients/1/users (error)" {
                    continue;
                }
                assert!(answer.status == 404 || answer.status == 400, "{} {path}: {}", route.method, answer.outline());
                assert!(answer.is_html(), "{path}");
            }
        }
    }
    assert_eq!(difference(&before, &dump(&world.app).await), Vec::<String>::new());
}

/// A second account with one of everything, owned by the stranger.
async fn everything_elsewhere(world: &World) -> Vec<(&'static str, i64)> {
    let base = format!("/admin/clients/{}", world.elsewhere);
    let contact = [("first_name", "C"), ("last_name", "D"), ("email", "c@example.com")];
    for (path, fields) in [
        ("/notes", vec![("text", "Theirs.")]),
        ("/contacts", contact.to_vec()),
        ("/users/associate", vec![("query", "theirs@example.com"), ("permissions", "invoices"), ("send_invite", "yes")]),
    ] {
        assert_eq!(world.admin.post(&format!("{base}{path}"), &fields).await.status, 303, "{path}");
    }
    let mut ids = Vec::new();
    for (variable, table) in
        [("{invitation}", "invitations"), ("{mail}", "mails"), ("{note}", "notes"), ("{contact}", "contacts")]
    {
        ids.push((variable, number(&world.app, &format!("select max(id) from {table}")).await));
    }
    ids.push(("{user}", number(&world.app, "select id from users where email = 'sam@example.com'").await));
    ids
}

#[on_both_databases]
async fn v8_4_1_what_belongs_to_another_account_is_not_found_through_ones_own(app: TestApp) {
    app.expect_unsent_mails();
    let world = World::new(app).await;
    let theirs = everything_elsewhere(&world).await;
    let before = dump(&world.app).await;
    for route in latchkey_web::table().into_iter().filter(|route| route.path.contains("{account}")) {
        let Some((variable, id)) = theirs.iter().find(|(variable, _)| route.path.contains(variable)) else { continue };
        let path = route.path.replace("{account}", &world.acme.to_string()).replace(variable, &id.to_string());
        let actors: &[&Actor] = match path.as_str() {
            admin if admin.starts_with("/admin") => &[&world.admin],
            // A manager of users keeps no contacts: refused whosever they are.
            contacts if contacts.contains("/contacts/") => &[&world.owner],
            _ => &[&world.owner, &world.manager],
        };
        for actor in actors {
            let answer = match route.method {
                "GET" => actor.get(&path).await,
                _ => actor.post(&path, FORMS.iter().find(|form| form.path == route.path).map_or(&[], |form| form.good)).await,
            };
            assert_eq!(answer.status, 404, "{} {path}: {}", route.method, answer.text());
        }
    }
    assert_eq!(difference(&before, &dump(&world.app).await), Vec::<String>::new());
}

#[on_both_databases]
async fn whatever_is_searched_for_is_never_our_fault(app: TestApp) {
    let world = World::new(app).await;
    let long = "x".repeat(10_000);
    let wide = "ﷺ".repeat(300);
    let values = [
        "",
        " ",
        "abc",
        "-1",
        "0",
        "9223372036854775807",
        "99999999999999999999",
        "\0",
        "a\0b",
        "\u{202e}",
        "%",
        "_",
        "\\",
        "'",
        "\"><script>alert(1)</script>",
        "2026-02-30",
        "2026-11-24",
        "9999-12-31",
        "-9999-01-01",
        "+262142-01-01",
        "💥",
        &long,
        &wide,
        "#1",
        "login",
        "nowhere@example.com",
        "olivia@example.com",
    ];
    let lists = [
        ("/admin/clients", vec!["q", "status", "group", "before"]),
        ("/admin/users", vec!["q", "before"]),
        ("/admin/activity", vec!["from", "to", "kind", "actor", "user", "account", "ip", "before"]),
        ("/admin/activity.csv", vec!["from", "to", "kind", "actor", "user", "account", "ip", "before"]),
        ("/admin/search/users", vec!["q"]),
        ("/admin/clients/1/log", vec!["before"]),
        ("/admin/login", vec!["next"]),
    ];
    for (path, names) in lists {
        for name in names {
            for value in values {
                let url = format!("{path}?{name}={}", percent(value));
                let answer = world.admin.get(&url).await;
                assert!(answer.status < 500, "{}: {}", short(&url), answer.text());
                assert_no_code(&answer, &short(&url));
            }
            for raw in ["=%ff%fe", "=1&NAME=2", "", "[]=1", "=%"] {
                let url = format!("{path}?{name}{}", raw.replace("NAME", name));
                assert!(world.admin.get(&url).await.status < 500, "{url}");
            }
        }
    }
}

#[on_both_databases]
async fn logins_that_make_no_sense_are_refused_like_all_others(app: TestApp) {
    let world = World::new(app).await;
    let long = "x".repeat(10_000);
    let passwords = ["x", "\0", "a\0b", "\u{202e}", "💥", &long];
    let emails = [
        "x",
        "\0",
        "mia@example.com\0",
        "a@b\r\nc",
        "\u{202e}",
        "<script>alert(1)</script>",
        "@",
        "a@",
        &long,
        "a@xn--ü.example",
    ];
    for path in ["/login", "/admin/login"] {
        for email in emails {
            for password in passwords {
                let answer = world.anonymous.post(path, &[("email", email), ("password", password)]).await;
                assert_eq!(answer.status, 422, "{path} {:?}: {}", short(email), answer.text());
                assert!(answer.text().contains(&format!("value=\"{}\"", escaped(email))), "{:?} is not kept", short(email));
                assert_no_code(&answer, path);
            }
            // So many from one address would have to wait.
            world.app.clock.advance(Duration::from_mins(10));
        }
    }
    for password in passwords {
        let answer =
            world.anonymous.post("/password/strength", &[("password", password), ("name", &long), ("email", "\0")]).await;
        assert_eq!(answer.status, 200);
    }
}
