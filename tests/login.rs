//! Logging in tells nobody who has an account here (ASVS V6.3.8).

use crate::support::{Actor, Answer, PASSWORD, TestApp, World, assert_alike_in_time, difference, dump, on_both_databases};

/// What a stranger can tell from an answer: all of it but the moment and what was typed.
fn seen(answer: &Answer, typed: &str) -> (u16, Vec<(String, String)>, String) {
    let headers = answer.headers.iter().filter(|(name, _)| name != "date").cloned().collect();
    (answer.status, headers, answer.told(typed))
}

async fn try_to_log_in(actor: &Actor, path: &str, email: &str, password: &str) -> Answer {
    actor.post(path, &[("email", email), ("password", password)]).await
}

#[on_both_databases]
async fn v6_3_8_a_wrong_password_and_an_unknown_address_are_answered_alike(app: TestApp) {
    let world = World::new(app).await;
    let made = world.somebody_without_password().await;
    // All of the same length: the address is on the page.
    let mut answers = Vec::new();
    for (path, emails) in [
        ("/login", ["mia@example.com", "nia@example.com", "mia@exampel.com", made]),
        ("/admin/login", ["stella@staff.example", "stelle@staff.example", "stella@stuff.example", "olivia@guest.example"]),
    ] {
        let mut seen_here = Vec::new();
        let somebody = world.server.anonymous();
        somebody.token(path).await;
        for email in emails {
            let before = world.events().await.len();
            let answer = try_to_log_in(&somebody, path, email, "not-the-password-at-all").await;
            assert_eq!(answer.status, 422);
            assert!(answer.text().contains("id=\"email-error\""), "{}", answer.text());
            assert!(answer.text().contains(email), "what was typed is kept");
            assert!(!answer.text().contains("not-the-password"));
            let events = world.events().await.split_off(before);
            let expected = if path == "/login" { "login-failed" } else { "admin-login-failed" };
            assert_eq!(events, [expected], "{email}: one line in the log");
            seen_here.push(seen(&answer, email));
        }
        assert!(seen_here.iter().all(|one| one == &seen_here[0]), "{seen_here:#?}");
        answers.push(seen_here);
    }
    assert_eq!(answers.len(), 2);
}

/// What a hash takes is the same for all of them: `faults` measures it, with a server of its own, and `login_work` counts it.
#[on_both_databases]
async fn v6_3_8_a_wrong_password_and_an_unknown_address_take_the_same_time(app: TestApp) {
    const WRONG: &str = "not-the-password-at-all";
    let world = World::new(app).await;
    let without = world.somebody_without_password().await;
    for (path, known, unknown) in [
        ("/login", "mia@example.com", "nia@example.com"),
        ("/login", without, "tia@example.com"),
        ("/admin/login", "stella@staff.example", "stelle@staff.example"),
    ] {
        let [known, unknown] = [known, unknown].map(|email| [("email", email), ("password", WRONG)]);
        assert_alike_in_time(&world, path, 422, [(path, &known), (path, &unknown)]).await;
    }
    world.app.expect_unsent_mails();
}

#[on_both_databases]
async fn the_invitation_page_answers_logins_alike_too(app: TestApp) {
    let world = World::new(app).await;
    let (_, secret) = world.invitation().await;
    let path = format!("/invite/{}/login", secret.reveal());
    let somebody = world.server.anonymous();
    somebody.token(&path).await;
    let wrong = try_to_log_in(&somebody, &path, "mia@example.com", "not-the-password-at-all").await;
    let unknown = try_to_log_in(&somebody, &path, "nia@example.com", "not-the-password-at-all").await;
    assert_eq!(wrong.status, 422);
    assert_eq!(seen(&wrong, "mia@example.com"), seen(&unknown, "nia@example.com"));
}

#[on_both_databases]
async fn an_empty_login_is_no_failure_and_no_line_in_the_log(app: TestApp) {
    let world = World::new(app).await;
    let before = dump(&world.app).await;
    for fields in [
        [("email", ""), ("password", "")],
        [("email", "  "), ("password", "x")],
        [("email", "mia@example.com"), ("password", "")],
    ] {
        let answer = world.anonymous.post("/login", &fields).await;
        assert_eq!(answer.status, 422);
        assert!(answer.text().contains("-error\""));
    }
    assert_eq!(difference(&before, &dump(&world.app).await), Vec::<String>::new());
}

#[on_both_databases]
async fn the_address_is_the_login_in_any_spelling(app: TestApp) {
    let world = World::new(app).await;
    for email in ["mia@example.com", "MIA@EXAMPLE.COM", "  Mia@Example.com ", "\u{ff4d}ia@example.com"] {
        let answer = try_to_log_in(&world.server.anonymous(), "/login", email, PASSWORD).await;
        assert_eq!(answer.outline(), "303 /a/1", "{email:?}");
    }
}

#[on_both_databases]
async fn registering_tells_the_invited_alone_that_its_own_address_is_taken(app: TestApp) {
    let world = World::new(app).await;
    let (id, secret) = world.invitation().await;
    let path = format!("/invite/{}/register", secret.reveal());
    let email = world.invited(id).await;
    world.app.user("Nora", "Already", &email).await;
    let fields = [
        ("first_name", "Nora"),
        ("last_name", "Again"),
        ("email", email.as_str()),
        ("password", "quiet harbour, seven lanterns"),
    ];
    let before = dump(&world.app).await;
    let answer = world.anonymous.post(&path, &fields).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("register-email-error"), "{}", answer.text());
    assert_eq!(difference(&before, &dump(&world.app).await), Vec::<String>::new());
    assert_eq!(world.anonymous.get(&format!("/invite/{}", secret.reveal())).await.status, 200, "the link still works");
}
