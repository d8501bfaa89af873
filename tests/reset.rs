//! *Forgot Password?* tells nobody who has an account here (ASVS V6.3.8), and its link does one thing only.

use latchkey_core::email::Email;
use latchkey_core::reset::{self, Logins};
use latchkey_core::settings::Verification;
use latchkey_core::testing::link_secret;

use crate::support::{Answer, TestApp, World, assert_alike_in_time, difference, dump, on_both_databases};

/// What a stranger can tell from an answer: all of it but the moment.
fn seen(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let headers = answer.headers.iter().filter(|(name, _)| name != "date").cloned().collect();
    (answer.status, headers, answer.text())
}

#[on_both_databases]
async fn v6_3_8_a_reset_for_an_unknown_address_is_answered_alike(app: TestApp) {
    let world = World::new(app).await;
    let somebody = world.server.anonymous();
    somebody.token("/login").await;
    let mut answers = Vec::new();
    for email in ["mia@example.com", "nia@example.com", "mia@exampel.com"] {
        let answer = somebody.post("/password/forgot", &[("email", email)]).await;
        assert_eq!(answer.outline(), "303 /login (success)");
        answers.push(seen(&answer));
    }
    assert!(answers.iter().all(|one| one == &answers[0]), "{answers:#?}");
    assert_eq!(somebody.post("/password/forgot", &[("email", "no address")]).await.status, 422);
    world.app.resolve_resets().await;
    let mails = world.app.take_mails().await;
    assert_eq!(mails.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), ["mia@example.com"]);
}

/// Known and unknown addresses in turn: their middle times differ by less than what one address differs from itself.
#[on_both_databases]
async fn v6_3_8_a_reset_for_an_unknown_address_takes_the_same_time(app: TestApp) {
    let world = World::new(app).await;
    for (path, known, unknown) in [
        ("/password/forgot", "mia@example.com", "nia@example.com"),
        ("/admin/password/forgot", "stella@staff.example", "sheila@staff.example"),
    ] {
        assert_alike_in_time(&world, path, 303, [(path, &[("email", known)]), (path, &[("email", unknown)])]).await;
    }
    world.app.expect_unsent_mails();
}

#[on_both_databases]
async fn v6_3_8_an_admins_reset_is_answered_alike_for_every_address_and_its_link_does_one_thing(app: TestApp) {
    let world = World::new(app).await;
    let somebody = world.server.anonymous();
    assert!(somebody.get("/admin/login").await.text().contains("href=\"/admin/password/forgot\""));
    let mut answers = Vec::new();
    for email in ["stella@staff.example", "sheila@staff.example", "mia@example.com"] {
        let answer = somebody.post("/admin/password/forgot", &[("email", email)]).await;
        assert_eq!(answer.outline(), "303 /admin/login (success)");
        answers.push(seen(&answer));
    }
    assert!(answers.iter().all(|one| one == &answers[0]), "{answers:#?}");
    world.app.resolve_admin_resets().await;
    let mails = world.app.take_mails().await;
    let [mail] = mails.as_slice() else { panic!("{} mails", mails.len()) };
    assert_eq!(mail.to, "stella@staff.example");
    assert!(mail.written.text.contains("/admin/password/reset/"), "{}", mail.written.text);
    let path = format!("/admin/password/reset/{}", latchkey_core::testing::link_secret(mail).reveal());
    assert_eq!(somebody.get(&path).await.status, 200);
    assert_eq!(somebody.post(&path, &[("new", "stella staff")]).await.status, 422, "the rules hold");
    assert_eq!(world.admin.get("/admin").await.status, 200);
    let done = somebody.post(&path, &[("new", "quiet harbour, seven lanterns")]).await;
    assert_eq!(done.outline(), "303 /admin/login (success)");
    assert_eq!(somebody.get("/admin").await.status, 303, "nobody is signed in");
    assert_eq!(world.admin.get("/admin").await.status, 303, "all sessions have ended");
    for path in [path, "/admin/password/reset/nonsense".to_owned()] {
        assert_eq!(somebody.get(&path).await.status, 410);
    }
    let new = [("email", "stella@staff.example"), ("password", "quiet harbour, seven lanterns")];
    assert_eq!(somebody.post("/admin/login", &new).await.outline(), "303 /admin");
    world.app.take_mails().await;
}

#[on_both_databases]
async fn v6_3_8_too_many_resets_are_told_to_wait_alike_for_everybody(app: TestApp) {
    let world = World::new(app).await;
    let mut pages = Vec::new();
    for email in ["mia@example.com", "nia@example.com"] {
        let somebody = world.server.anonymous();
        for _ in 0..5 {
            assert_eq!(somebody.post("/password/forgot", &[("email", email)]).await.outline(), "303 /login (success)");
        }
        let answer = somebody.post("/password/forgot", &[("email", email)]).await;
        assert_eq!(answer.status, 429, "{}", answer.text());
        pages.push((answer.header("retry-after").map(str::to_owned), answer.text().len()));
    }
    assert_eq!(pages[0], pages[1], "the same page, but for its token");
    let path = format!("/password/reset/{}", world.reset_link().await.reveal());
    let guesser = world.server.anonymous();
    let mut heard = 0;
    while guesser.get(&format!("/password/reset/{heard:0>4}{}", "A".repeat(39))).await.status == 410 {
        heard += 1;
    }
    assert_eq!(heard, 50, "links that open nothing");
    assert_eq!(guesser.get(&path).await.status, 200, "who holds a link is not held back");
}

#[on_both_databases]
async fn v6_4_1_opening_a_reset_link_changes_nothing_and_using_it_works_once(app: TestApp) {
    let world = World::new(app).await;
    let path = format!("/password/reset/{}", world.reset_link().await.reveal());
    let stranger = world.server.anonymous();
    let before = dump(&world.app).await;
    let page = stranger.get(&path).await;
    assert_eq!((page.status, page.header("referrer-policy")), (200, Some("no-referrer")));
    assert_eq!(stranger.post(&path, &[("new", "short")]).await.status, 422);
    assert_eq!(difference(&before, &dump(&world.app).await), Vec::<String>::new());
    let done = stranger.post(&path, &[("new", "quiet harbour, seven lanterns")]).await;
    assert_eq!(done.outline(), "303 /login (success)");
    assert!(stranger.cookie("latchkey_session").is_none(), "it signs nobody in");
    assert_eq!(stranger.get(&path).await.status, 410);
    assert_eq!(stranger.post(&path, &[("new", "another quiet harbour, eight")]).await.status, 410);
    for unknown in ["/password/reset/x", "/verify/x"] {
        assert_eq!(stranger.get(unknown).await.status, 410);
    }
    world.app.take_mails().await;
}

#[on_both_databases]
async fn opening_a_link_to_confirm_an_address_changes_nothing(app: TestApp) {
    let world = World::new(app).await;
    let path = format!("/verify/{}", world.verification_link().await.reveal());
    let before = dump(&world.app).await;
    assert_eq!(world.anonymous.get(&path).await.status, 200);
    assert_eq!(difference(&before, &dump(&world.app).await), Vec::<String>::new());
    assert_eq!(world.anonymous.press(&path).await.outline(), "303 /login (success)");
    assert_eq!(world.anonymous.press(&path).await.status, 410);
}

#[on_both_databases]
async fn where_it_is_required_an_account_leads_to_the_page_that_says_to_confirm_first(app: TestApp) {
    let world = World::new(app).await;
    world.app.notify(Verification::Required).await;
    for path in ["", "/users", "/details"] {
        let answer = world.owner.get(&format!("/a/{}{path}", world.acme)).await;
        assert_eq!(answer.status, 403);
        assert!(answer.text().contains("/me/email/resend"), "{}", answer.text());
    }
    assert_eq!(world.owner.press("/me/email/resend").await.outline(), "303 /me/profile (success)");
    world.app.take_mails().await;
}

#[on_both_databases]
async fn an_admin_copies_the_link_of_a_kept_mail_and_that_is_in_the_log(app: TestApp) {
    let world = World::new(app).await;
    let user = world.olivia;
    assert_eq!(world.admin.press(&format!("/admin/users/{user}/reset")).await.status, 303);
    let mail = crate::support::tables::number(&world.app, "select max(id) from mails").await;
    let path = format!("/admin/users/{user}/mails/{mail}");
    let page = world.admin.get(&path).await.text();
    assert!(page.contains("/password/reset/…") && page.contains(&format!("{path}/link")), "{page}");
    let link = world.admin.press(&format!("{path}/link")).await.text();
    assert!(link.contains("http://latchkey.example/password/reset/"), "{link}");
    assert!(!link.contains("password/reset/…\""));
    assert_eq!(world.events().await.last().map(String::as_str), Some("mail-link-shown"));
    world.app.expect_unsent_mails();
}

#[on_both_databases]
async fn the_download_is_a_file_of_json(app: TestApp) {
    let world = World::new(app).await;
    let answer = world.owner.press("/me/data/download").await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-disposition").is_some_and(|value| value.starts_with("attachment")));
    let held: serde_json::Value = serde_json::from_str(&answer.text()).unwrap();
    assert_eq!(held["profile"]["email"], "olivia@example.com");
    assert_eq!(held["memberships"][0]["account"], "Acme");
}

#[on_both_databases]
async fn the_name_of_an_account_is_no_password_after_a_reset_either(app: TestApp) {
    let world = World::new(app).await;
    let email = Email::parse("olivia@example.com").unwrap();
    let request = world.app.request();
    world.app.app.write(&request, move |tx| reset::ask(tx, Logins::Users, &email)).await.unwrap();
    world.app.resolve_resets().await;
    let path = format!("/password/reset/{}", link_secret(world.app.take_mails().await.last().unwrap()).reveal());
    let stranger = world.server.anonymous();
    assert_eq!(stranger.post(&path, &[("new", "Acme Acme Acme Acme")]).await.status, 422);
    assert_eq!(stranger.post(&path, &[("new", "quiet harbour, seven lanterns")]).await.outline(), "303 /login (success)");
    world.app.take_mails().await;
}

#[on_both_databases]
async fn v6_1_2_the_meter_knows_the_names_behind_a_link_and_tells_them_to_nobody_without_it(app: TestApp) {
    let world = World::new(app).await;
    let path = format!("/password/reset/{}", world.reset_link().await.reveal());
    let stranger = world.server.anonymous();
    let page = stranger.get(&path).await.text();
    let names = page.split("data-context=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_else(|| panic!("{page}"));
    let whose: Vec<&str> = names.lines().collect();
    assert!(whose.iter().any(|name| name.contains('@')) && whose.len() >= 2, "{names}");
    for name in &whose {
        let near = format!("{name}-{name}-1");
        let meter = stranger.post("/password/strength", &[("password", &near), ("context", names)]).await.text();
        assert!(meter.contains("close to a name"), "{name}: {meter}");
    }
    let gone = stranger.get("/password/reset/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await;
    assert_eq!(gone.status, 410);
    assert!(!gone.text().contains("data-context") && !whose.iter().any(|name| gone.text().contains(name)), "{}", gone.text());
}
