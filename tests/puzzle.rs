//! The proof of work on the pages: what a browser that runs scripts sends, and one that does not.

use std::time::Duration;

use latchkey_core::puzzle::{Puzzle, solve};

use crate::support::{Actor, Answer, PASSWORD, TestApp, World, on_both_databases};

/// What an admin types on the page to switch it on.
const SETTINGS: [(&str, &str); 10] = [
    ("absolute_hours", "12"),
    ("idle_minutes", "60"),
    ("remember_days", "30"),
    ("second_factor_hours", "24"),
    ("admin_absolute_hours", "12"),
    ("admin_idle_minutes", "15"),
    ("puzzle_bits", "8"),
    ("puzzle_wait", "5"),
    ("everybody", ""),
    ("admins", ""),
];

async fn switched(app: TestApp, when: &str) -> World {
    let world = World::new(app).await;
    let fields: Vec<(&str, &str)> = SETTINGS.into_iter().chain([("puzzle_when", when)]).collect();
    let saved = world.admin.post("/admin/config/security", &fields).await;
    assert_eq!(saved.outline(), "303 /admin/config/security (success)", "{}", saved.text());
    world
}

type Fields<'a> = &'a [(&'a str, &'a str)];

/// The puzzle on a page.
fn puzzle(page: &Answer) -> Option<Puzzle> {
    let text = page.text();
    let text = text.split_once("name=\"puzzle\" value=\"")?.1.split('"').next()?.to_owned();
    Some(Puzzle { text, bits: 8, wait: Duration::from_secs(5) })
}

async fn send(actor: &Actor, path: &str, fields: &[(&str, &str)], given: &str) -> Answer {
    let fields: Vec<(&str, &str)> = fields.iter().copied().chain([("puzzle", given)]).collect();
    actor.post(path, &fields).await
}

#[on_both_databases]
async fn v2_4_1_every_form_of_strangers_asks_for_it_and_keeps_what_was_typed(app: TestApp) {
    let world = switched(app, "always").await;
    let invite = format!("/invite/{}", world.invitation().await.1.reveal());
    let second = format!("/invite/{}", world.invitation().await.1.reveal());
    let login = [("email", "mia@example.com"), ("password", PASSWORD)];
    let admin = [("email", "stella@staff.example"), ("password", PASSWORD)];
    let register = [("first_name", "Nina"), ("last_name", "New"), ("email", "nina@example.org"), ("password", PASSWORD)];
    let forgot = [("email", "mia@example.com")];
    let forgot_staff = [("email", "stella@staff.example")];
    let forms: [(&str, String, Fields<'_>); 6] = [
        ("/login", "/login".to_owned(), &login),
        ("/admin/login", "/admin/login".to_owned(), &admin),
        ("/password/forgot", "/password/forgot".to_owned(), &forgot),
        ("/admin/password/forgot", "/admin/password/forgot".to_owned(), &forgot_staff),
        (&invite, format!("{invite}/login"), &login),
        (&second, format!("{second}/register"), &register),
    ];
    for (page, path, fields) in forms {
        let browser = world.server.anonymous();
        let shown = browser.get(page).await;
        let asked = puzzle(&shown).unwrap_or_else(|| panic!("{page} carries none"));
        assert!(shown.text().contains("hint no-js-only\">Please take at least") && shown.text().contains("js/puzzle."), "{page}");
        for given in ["", asked.text.as_str(), "forged"] {
            let refused = send(&browser, &path, fields, given).await;
            assert_eq!(refused.status, 422, "{path} {given}");
            assert!(refused.text().contains("send it again"), "{path}: {}", refused.text());
            assert!(refused.text().contains(fields.iter().find(|(name, _)| *name == "email").unwrap().1), "{path} keeps it");
            assert!(!refused.text().contains(PASSWORD), "{path} shows no password");
        }
        let taken = send(&browser, &path, fields, &solve(&asked)).await;
        assert_eq!(taken.status, 303, "{path}: {}", taken.text());
        let replayed = send(&world.server.anonymous(), &path, fields, &solve(&asked)).await;
        assert_ne!(replayed.status, 303, "{path}: another browser");
    }
    world.app.expect_unsent_mails();
}

#[on_both_databases]
async fn without_scripts_it_takes_a_few_seconds(app: TestApp) {
    let world = switched(app, "always").await;
    let browser = world.server.anonymous();
    let fields = [("email", "mia@example.com"), ("password", PASSWORD)];
    let early = puzzle(&browser.get("/login").await).unwrap().text;
    assert_eq!(send(&browser, "/login", &fields, &early).await.status, 422);
    world.app.clock.advance(Duration::from_secs(5));
    assert_eq!(send(&browser, "/login", &[("email", "mia@example.com"), ("password", "wrong")], &early).await.status, 422);
    let again = send(&browser, "/login", &fields, &early).await;
    assert!(again.status == 422 && again.text().contains("sent before"), "{}", again.text());
    let fresh = puzzle(&again).expect("the page that says so carries another one").text;
    world.app.clock.advance(Duration::from_secs(5));
    assert_eq!(send(&browser, "/login", &fields, &fresh).await.status, 303);
}

#[on_both_databases]
async fn after_failures_it_appears_and_before_that_nothing_is_asked(app: TestApp) {
    let world = switched(app, "after-failures").await;
    let browser = world.server.anonymous();
    assert!(puzzle(&browser.get("/login").await).is_none());
    let wrong = [("email", "mia@example.com"), ("password", "wrong")];
    for _ in 0..3 {
        assert_eq!(send(&browser, "/login", &wrong, "").await.status, 422);
    }
    let fields = [("email", "mia@example.com"), ("password", PASSWORD)];
    let refused = send(&browser, "/login", &fields, "").await;
    let asked = puzzle(&refused).expect("now it is asked");
    assert_eq!(refused.status, 422);
    assert_eq!(send(&browser, "/login", &fields, &solve(&asked)).await.status, 303);
}

#[on_both_databases]
async fn what_cannot_be_set_is_refused_beside_its_field(app: TestApp) {
    let world = World::new(app).await;
    let fields: Vec<(&str, &str)> = SETTINGS.into_iter().filter(|(name, _)| *name != "puzzle_bits").collect();
    for (bits, when, error) in [("40", "always", "puzzle-bits-error"), ("8", "sometimes", "puzzle-when-error")] {
        let fields: Vec<(&str, &str)> = fields.iter().copied().chain([("puzzle_bits", bits), ("puzzle_when", when)]).collect();
        let refused = world.admin.post("/admin/config/security", &fields).await;
        assert!(refused.status == 422 && refused.text().contains(error), "{}", refused.text());
    }
}
