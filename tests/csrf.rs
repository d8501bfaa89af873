//! No form is read that this browser's own page did not send (ASVS V3.5).

use latchkey_web::Route;

use crate::support::world::fill;
use crate::support::{Actor, Answer, Ask, TestApp, World, difference, dump, on_both_databases};

/// Largest form, in bytes.
const MAX_BODY: usize = 64 * 1024;

fn post_routes() -> impl Iterator<Item = Route> {
    latchkey_web::table().into_iter().filter(|route| route.method != "GET")
}

/// Who would be let through, were the form genuine.
fn entitled<'a>(world: &'a World, path: &str) -> (&'a Actor, &'static str) {
    match path {
        "/login/two-factor" | "/admin/login/two-factor" | "/admin/login" => (&world.anonymous, "anonymous"),
        path if path.starts_with("/admin/setup/") || path.starts_with("/admin/invite/") => (&world.anonymous, "anonymous"),
        path if path.starts_with("/admin/password/reset/") => (&world.anonymous, "anonymous"),
        "/admin/password/forgot" => (&world.anonymous, "anonymous"),
        path if path.starts_with("/admin") => (&world.admin, "admin"),
        "/login" | "/password/forgot" => (&world.anonymous, "anonymous"),
        path if ["/password/reset/", "/verify/", "/register/"].iter().any(|start| path.starts_with(start)) => {
            (&world.anonymous, "anonymous")
        }
        path if path.starts_with("/invite/") && !path.ends_with("/accept") && !path.ends_with("/switch-user") => {
            (&world.anonymous, "anonymous")
        }
        path if path.starts_with("/invite/") => (&world.stranger, "stranger"),
        _ => (&world.owner, "owner"),
    }
}

/// Everything a forger might try, with the status that answers it.
fn forgeries(path: &str, own: &str, others: &[String; 2]) -> Vec<(&'static str, Ask, u16)> {
    let post = |token: &str| Ask::new("POST", path).form(&[("csrf", token)]);
    let bare = |body: &'static str| Ask::new("POST", path).body("application/x-www-form-urlencoded", body);
    let big = format!("csrf={own}&filler={}", "x".repeat(MAX_BODY));
    let (salt, proof) = own.split_once('.').expect("a salt and a proof");
    let made_up = "A".repeat(43);
    vec![
        ("no token", bare(""), 403),
        ("an empty token", bare("csrf="), 403),
        ("a made-up token", post(&format!("{made_up}.{made_up}")), 403),
        ("a made-up proof", post(&format!("{salt}.{made_up}")), 403),
        ("a proof of another salt", post(&format!("{made_up}.{proof}")), 403),
        ("a proof without a salt", post(proof), 403),
        (
            "the token in the address only",
            Ask::new("POST", &format!("{path}?csrf={own}")).body("application/x-www-form-urlencoded", ""),
            403,
        ),
        ("another browser's token", post(&others[0]), 403),
        ("another user's token", post(&others[1]), 403),
        ("a foreign origin", post(own).with("origin", "https://evil.example"), 403),
        ("another port's origin", post(own).with("origin", "http://127.0.0.1:1"), 403),
        ("a cross-site request", post(own).with("sec-fetch-site", "cross-site"), 403),
        ("a same-site request", post(own).with("sec-fetch-site", "same-site"), 403),
        ("plain text", Ask::new("POST", path).body("text/plain", format!("csrf={own}")), 415),
        ("JSON", Ask::new("POST", path).body("application/json", format!("{{\"csrf\":\"{own}\"}}")), 415),
        ("multipart", Ask::new("POST", path).body("multipart/form-data; boundary=x", "--x--"), 415),
        ("a look-alike type", Ask::new("POST", path).body("application/x-www-form-urlencodedly", format!("csrf={own}")), 415),
        ("a body over the limit", Ask::new("POST", path).body("application/x-www-form-urlencoded", big), 413),
    ]
}

fn assert_is_a_page(answer: &Answer, what: &str) {
    assert!(answer.is_html(), "{what}: {:?}", answer.headers);
    let text = answer.text();
    assert!(text.contains("<h1>") && text.contains("</html>"), "{what}: {text}");
}

#[on_both_databases]
async fn v3_5_1_a_form_that_somebody_else_sent_changes_nothing(app: TestApp) {
    app.expect_unsent_mails();
    let world = World::new(app).await;
    let others =
        [world.server.anonymous().token("/login").await, world.server.user("mia@example.com").await.token("/login").await];
    for route in post_routes() {
        let (actor, name) = entitled(&world, route.path);
        let path = fill(&world, route.path, name).await;
        let own = actor.token(&path).await;
        let before = dump(&world.app).await;
        for (what, ask, status) in forgeries(&path, &own, &others) {
            let what = format!("{what} to {}", route.path);
            let answer = actor.send(&ask).await;
            assert_eq!(answer.status, status, "{what}: {}", answer.text());
            assert_is_a_page(&answer, &what);
        }
        let changed = difference(&before, &dump(&world.app).await);
        assert!(changed.is_empty(), "{}: {changed:#?}", route.path);
    }
}

#[on_both_databases]
async fn a_form_of_this_very_page_is_taken_whatever_the_browser_tells(app: TestApp) {
    let world = World::new(app).await;
    let own = format!("http://{}", world.server.address);
    for (name, value) in [
        ("sec-fetch-site", "same-origin"),
        ("origin", own.as_str()),
        ("origin", "http://latchkey.example"),
        ("origin", "null"),
        ("content-type", "application/x-www-form-urlencoded; charset=UTF-8"),
        ("content-type", "Application/X-WWW-Form-Urlencoded"),
    ] {
        let token = world.owner.token("/me/profile").await;
        let fields = [("csrf", token.as_str()), ("first_name", "Olivia"), ("last_name", "Owner")];
        let ask = Ask::new("POST", "/me/profile").form(&fields).with(name, value);
        let answer = world.owner.send(&ask).await;
        assert_eq!(answer.outline(), "303 /me/profile (success)", "{name}: {value}: {}", answer.text());
    }
}

#[on_both_databases]
async fn v2_1_3_a_body_of_exactly_the_limit_is_read(app: TestApp) {
    let world = World::new(app).await;
    let token = world.owner.token("/me/profile").await;
    let start = format!("csrf={token}&first_name=Olivia&last_name=Owner&filler=");
    for (extra, status) in [(0, 303), (1, 413)] {
        let body = format!("{start}{}", "x".repeat(MAX_BODY - start.len() + extra));
        let answer = world.owner.send(&Ask::new("POST", "/me/profile").body("application/x-www-form-urlencoded", body)).await;
        assert_eq!(answer.status, status);
    }
}

#[on_both_databases]
async fn the_token_of_one_session_is_of_no_use_in_the_next(app: TestApp) {
    let world = World::new(app).await;
    let before = world.anonymous.token("/login").await;
    let somebody = world.server.user("mia@example.com").await;
    let first = somebody.token("/me/profile").await;
    somebody.press("/logout").await;
    let somebody = somebody.log_in("mia@example.com").await;
    for old in [before, first] {
        let fields = [("csrf", old.as_str()), ("first_name", "Forged"), ("last_name", "Forged")];
        assert_eq!(somebody.send(&Ask::new("POST", "/me/profile").form(&fields)).await.status, 403);
    }
}

/// How small a page becomes when it is compressed says nothing of the next one's token (BREACH).
#[on_both_databases]
async fn every_page_has_a_token_of_its_own_and_each_is_taken(app: TestApp) {
    let world = World::new(app).await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..3 {
        let token = world.owner.get("/me/profile").await.csrf().unwrap();
        seen.extend(token.split('.').map(str::to_owned));
        let fields = [("csrf", token.as_str()), ("first_name", "Olivia"), ("last_name", "Owner")];
        assert_eq!(world.owner.send(&Ask::new("POST", "/me/profile").form(&fields)).await.status, 303);
    }
    assert_eq!(seen.len(), 6, "no part of one is in another");
}
