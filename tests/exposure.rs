//! What is there for nobody to find, and what is shown to those alone whom it concerns.

use latchkey_core::access::{ManageAdmins, WriteNotes};
use latchkey_core::note;

use crate::support::binary::Place;
use crate::support::tables::texts;
use crate::support::world::{EVERYBODY, fill};
use crate::support::{Actor, TestApp, World, on_both_databases};

/// What people look for who look for what was left lying about.
const LEFT_ABOUT: [&str; 30] = [
    "/.git/HEAD",
    "/.git/config",
    "/.gitignore",
    "/.svn/entries",
    "/.hg/store",
    "/.env",
    "/.well-known/../.git/HEAD",
    "/assets/.git/HEAD",
    "/assets/../Cargo.toml",
    "/assets/..%2fCargo.toml",
    "/Cargo.toml",
    "/Cargo.lock",
    "/latchkey.toml",
    "/latchkey.db",
    "/secret.key",
    "/backup.sql",
    "/templates/layout.html",
    "/locales/en/client.ftl",
    "/migrations/0001_users.sql",
    "/debug",
    "/debug/pprof/",
    "/console",
    "/metrics",
    "/server-status",
    "/actuator/health",
    "/phpinfo.php",
    "/trace",
    "/graphql",
    "/swagger-ui/",
    "/internal/docs",
];

#[on_both_databases]
async fn v13_4_1_and_v13_4_5_nothing_is_left_lying_about(app: TestApp) {
    let world = World::new(app).await;
    for path in LEFT_ABOUT {
        for actor in ["anonymous", "owner", "admin"] {
            let answer = world.actor(actor).get(path).await;
            assert!(matches!(answer.status, 400 | 404), "{path} as {actor}: {}", answer.status);
        }
    }
}

#[on_both_databases]
async fn v13_4_3_no_folder_is_listed(app: TestApp) {
    let world = World::new(app).await;
    let files_named = |text: &str| text.matches("/assets/").count();
    let usual = files_named(&world.anonymous.get("/nowhere").await.text());
    for path in ["/assets", "/assets/", "/assets/css", "/assets/css/", "/assets/js/", "/assets/./", "/assets/%2e/"] {
        let answer = world.anonymous.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(files_named(&answer.text()) <= usual, "{path} names files");
    }
}

/// No page of anybody who is no program of the operator's says which version this is, or what it is built with.
#[on_both_databases]
async fn v13_4_6_no_answer_tells_versions_to_people(app: TestApp) {
    app.expect_unsent_mails();
    let world = World::new(app).await;
    let telling = [
        concat!("Latchkey/", env!("CARGO_PKG_VERSION")),
        concat!("Latchkey ", env!("CARGO_PKG_VERSION")),
        "hyper",
        "axum",
        "minijinja",
    ];
    for route in latchkey_web::table().into_iter().filter(|route| route.method == "GET") {
        let path = fill(&world, route.path, "owner").await;
        for actor in ["anonymous", "owner", "admin"] {
            let answer = world.actor(actor).get(&path).await;
            for name in ["server", "x-powered-by", "via", "x-version"] {
                assert_eq!(answer.header(name), None, "{path}");
            }
            let text = answer.text();
            for word in telling.iter().filter(|_| answer.is_html()) {
                assert!(!text.contains(word), "{path} as {actor} says {word}");
            }
        }
    }
}

/// The program as it is delivered has no mode in which an error tells more.
#[tokio::test]
async fn v13_4_2_an_error_says_nothing_of_the_inside_whatever_the_log_is_told() {
    let place = Place::sqlite();
    let server = place.serve(&["--log", "trace"]).await;
    for path in ["/%ff", "/a/x/users", "/nowhere", "/password/reset/x", "/admin/password/reset/x"] {
        let text = server.anonymous().get(path).await.text();
        for inner in ["panicked", "crates/", ".rs:", "backtrace", "select ", "sqlite", "rusqlite", "tokio"] {
            assert!(!text.to_lowercase().contains(inner), "{path} says {inner}: {text}");
        }
    }
    server.stop().await;
}

/// Every secret is made by the installation itself: two of them share none, and nobody can log in to a fresh one.
#[tokio::test]
async fn v13_2_3_no_two_installations_share_a_secret() {
    let mut keys = Vec::new();
    for _ in 0..2 {
        let place = Place::sqlite();
        let server = place.serve(&[]).await;
        for (path, email, password) in [("/login", "admin@example.com", "admin"), ("/admin/login", "admin", "password")] {
            let answer = server.anonymous().post(path, &[("email", email), ("password", password)]).await;
            assert_eq!(answer.status, 422, "{path}");
        }
        server.stop().await;
        keys.push(std::fs::read(place.folder.path().join("data/secret.key")).unwrap());
    }
    assert!(keys[0].len() >= 32 && keys[0] != keys[1]);
}

/// Something that only some may see, and who of [`EVERYBODY`] may.
struct Kept {
    what: &'static str,
    mark: String,
    seen_by: &'static [&'static str],
}

/// What staff alone knows, what managers alone know, and what nobody ever sees again.
async fn kept(world: &World) -> Vec<Kept> {
    const STAFF: &[&str] = &["read-only", "support", "admin"];
    const MANAGERS: &[&str] = &["manager", "owner", "masquerading admin", "read-only", "support", "admin"];
    let (acme, stella) = (world.acme, world.stella);
    let asked = world.app.request();
    let noted = world.app.app.write(&asked, move |tx| {
        let by = tx.authorize_admin::<WriteNotes>(stella)?;
        note::add(tx, &by, acme, "canary-of-a-note", false).map(drop)
    });
    noted.await.unwrap();
    let invited = world.owner.post(&format!("/a/{acme}/invitations"), &[("email", "canary-invited@example.org")]).await;
    assert_eq!(invited.status, 303);
    let hashes = texts(&world.app.location, "select password_hash from users where password_hash is not null limit 1").await;
    let admins = texts(&world.app.location, "select password_hash from admins limit 1").await;
    vec![
        Kept { what: "a note", mark: "canary-of-a-note".to_owned(), seen_by: STAFF },
        Kept { what: "an invited address", mark: "canary-invited@example.org".to_owned(), seen_by: MANAGERS },
        Kept {
            what: "the address of another member",
            mark: "paula@example.com".to_owned(),
            seen_by: &["member with profile", "manager", "owner", "masquerading admin", "read-only", "support", "admin"],
        },
        Kept { what: "an admin's address", mark: "rita@staff.example".to_owned(), seen_by: &["read-only", "support", "admin"] },
        Kept { what: "a user's hash", mark: hashes[0].clone(), seen_by: &[] },
        Kept { what: "an admin's hash", mark: admins[0].clone(), seen_by: &[] },
    ]
}

async fn look(actor: &Actor, path: &str) -> String {
    let answer = actor.get(path).await;
    if answer.status == 200 { answer.text() } else { String::new() }
}

/// Every page there is, as everybody: what stands on it is for whoever looks.
#[on_both_databases]
async fn v8_2_3_and_v15_3_1_no_page_shows_a_field_to_who_may_not_see_it(app: TestApp) {
    app.expect_unsent_mails();
    let world = World::with_staff(app).await;
    let kept = kept(&world).await;
    let mut seen = vec![Vec::new(); kept.len()];
    for route in latchkey_web::table().into_iter().filter(|route| route.method == "GET") {
        // In the Admin Area an admin who acts for somebody is the admin.
        let in_admin_area = route.path.starts_with("/admin");
        for actor in EVERYBODY.into_iter().filter(|actor| !(in_admin_area && *actor == "masquerading admin")) {
            let path = fill(&world, route.path, actor).await;
            let text = look(world.actor(actor), &path).await;
            for (one, seen) in kept.iter().zip(&mut seen) {
                if text.contains(&one.mark) {
                    assert!(one.seen_by.contains(&actor), "{} is shown to {actor} on {path}", one.what);
                    seen.push(actor);
                }
            }
        }
    }
    for (one, seen) in kept.iter().zip(&seen) {
        assert_eq!(seen.is_empty(), one.seen_by.is_empty(), "{}: the mark is looked for on the right pages", one.what);
    }
}

/// Fields that belong to others than who sends them: refused or not taken, for each kind of actor that could send the form at all.
#[on_both_databases]
async fn v8_2_3_no_form_sets_a_field_for_who_may_not_set_it(app: TestApp) {
    app.expect_unsent_mails();
    let world = World::with_staff(app).await;
    let row = async || {
        let accounts = "select coalesce(group_id, 0) || ' ' || status || ' ' || owner_id from accounts where name like 'Acme%'";
        let users = "select email || ' ' || coalesce(verified_at, 0) from users where email like 'paula%'";
        let roles = "select role_id || '' from admins order by id";
        [
            texts(&world.app.location, accounts).await,
            texts(&world.app.location, users).await,
            texts(&world.app.location, roles).await,
        ]
    };
    let before = row().await;
    let paula = texts(&world.app.location, "select id || '' from users where email = 'paula@example.com'").await.remove(0);
    let own = [("name", "Acme"), ("contact_email", "acme@example.com"), ("group", "1"), ("status", "closed"), ("owner_id", "1")];
    for actor in ["member with profile", "owner", "masquerading admin"] {
        world.actor(actor).post(&format!("/a/{}/details", world.acme), &own).await;
        assert_eq!(row().await, before, "{actor}");
    }
    // Support changes names of users and not their logins; who only reads changes nothing.
    let login = [("first_name", "Paula"), ("last_name", "Member"), ("email", "taken-over@example.com"), ("verified", "1")];
    for actor in ["support", "read-only"] {
        let answer = world.actor(actor).post(&format!("/admin/users/{paula}"), &login).await;
        assert!(matches!(answer.status, 303 | 403), "{actor}: {}", answer.status);
        assert_eq!(row().await, before, "{actor}");
        let answer = world.actor(actor).post("/admin/config/admins/1/role", &[("role", "1")]).await;
        assert_eq!(answer.status, 403, "{actor}");
        assert_eq!(row().await, before, "{actor}");
    }
    let stella = world.stella;
    world.app.app.read(move |snapshot| snapshot.authorize_admin::<ManageAdmins>(stella).map(drop)).await.unwrap();
}
