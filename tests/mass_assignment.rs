//! Fields that a form does not have change nothing, whatever they are called (ASVS V15.3.3).
//!
//! Two installations that are the same to the last random bit get the same forms, one of them with more in each.

use latchkey_web::Route;

use crate::support::tables::number;
use crate::support::world::fill;
use crate::support::{Actor, TestApp, World, difference, dump};

/// What whoever wants more than a form gives would try: the columns of the tables, and what sounds like power.
const EXTRA: &[(&str, &str)] = &[
    ("id", "1"),
    ("user_id", "1"),
    ("account_id", "2"),
    ("admin_id", "1"),
    ("owner_id", "3"),
    ("is_owner", "1"),
    ("owner_email", "mia@example.com"),
    ("admin", "yes"),
    ("is_admin", "true"),
    ("role_id", "1"),
    ("built_in", "full"),
    ("full", "yes"),
    ("grants", "*"),
    ("scope", "all"),
    ("password_hash", "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA"),
    ("new_password", "quiet harbour, seven lanterns"),
    ("verified_at", "1"),
    ("verified", "yes"),
    ("two_factor", "off"),
    ("disabled_at", ""),
    ("created_at", "1"),
    ("expires_at", "9999999999999999"),
    ("invited_by", "1"),
    ("revision", "0"),
    ("closed", "yes"),
    ("subject", "somebody"),
    ("__proto__", "x"),
    ("user[is_owner]", "1"),
    ("confirmed_at", "1"),
    ("second_factor_at", "1"),
];

/// Who may send the form; of forms that end a session or begin one nothing else would be left to compare.
fn sender<'a>(world: &'a World, path: &str) -> Option<&'a Actor> {
    let begins_or_ends =
        ["/login", "/logout", "/confirm", "/invite", "/register", "/setup", "/masquerade", "/password/reset", "/switch-user"];
    if begins_or_ends.iter().any(|part| path.contains(part)) {
        return None;
    }
    Some(if path.starts_with("/admin") { &world.admin } else { &world.owner })
}

/// Sends every form, and answers with what became of each.
async fn send_all(world: &World, extra: &[(&str, &str)]) -> Vec<String> {
    let mut answers = Vec::new();
    let mut rows: Vec<Route> = latchkey_web::table().into_iter().filter(|route| route.method == "POST").collect();
    // What deletes comes last, since the others need what it takes; and what asks for more of everybody after all of them.
    let rank = |path: &str| match path.rsplit('/').next() {
        Some("delete" | "close") if path.starts_with("/admin/clients/{account}/") && path.split('/').count() == 5 => 3,
        Some("two-factor") => 2,
        Some("delete" | "close" | "password") => 1,
        _ => 0,
    };
    rows.sort_by_key(|route| (rank(route.path), route.path));
    for route in rows {
        let Some(actor) = sender(world, route.path) else { continue };
        let path = fill(world, route.path, if route.path.starts_with("/admin") { "admin" } else { "owner" }).await;
        let typical = crate::routes::typical(route.path);
        let own: Vec<(&str, &str)> = typical.iter().map(|(name, value)| (*name, *value)).collect();
        // A field that the form has is no extra one.
        let more = extra.iter().filter(|(name, _)| !HAS.contains(&(route.path, *name)));
        let fields: Vec<(&str, &str)> = own.iter().copied().chain(more.copied()).collect();
        answers.push(format!("{} {}", route.path, actor.post(&path, &fields).await.outline()));
    }
    answers
}

/// Fields of that name that a form does have.
const HAS: &[(&str, &str)] = &[
    ("/a/{account}/invitations", "scope"),
    ("/admin/clients/new", "owner_email"),
    ("/admin/clients/new", "user_id"),
    ("/admin/config/templates", "subject"),
    ("/admin/config/templates/own/{template}", "subject"),
    ("/admin/config/templates/mails/{key}", "subject"),
    ("/admin/config/templates/mails/{key}/preview", "subject"),
];

#[tokio::test]
async fn v15_3_3_fields_that_a_form_does_not_have_are_ignored() {
    let (plain, attacked) = (World::new(TestApp::sqlite().await).await, World::new(TestApp::sqlite().await).await);
    plain.app.expect_unsent_mails();
    attacked.app.expect_unsent_mails();
    assert_eq!(difference(&dump(&plain.app).await, &dump(&attacked.app).await), Vec::<String>::new(), "the two are the same");
    let (expected, answers) = (send_all(&plain, &[]).await, send_all(&attacked, EXTRA).await);
    assert_eq!(expected, answers);
    let done = answers.iter().filter(|answer| answer.contains("(success)")).count();
    assert!(done > 40, "most forms do something: {done} of {}: {answers:#?}", answers.len());
    let (mut plain_rows, mut attacked_rows) = (dump(&plain.app).await, dump(&attacked.app).await);
    // The keys in there are made by the tests, with chance of their own.
    let keys = (plain_rows.remove("passkeys"), attacked_rows.remove("passkeys"));
    assert_eq!(difference(&plain_rows, &attacked_rows), Vec::<String>::new());
    assert_eq!(keys.0.map(|rows| rows.len()), keys.1.map(|rows| rows.len()));
    let owners = "select coalesce(sum(id * user_id), 0) + count(admin_id) from passkeys";
    assert_eq!(number(&plain.app, owners).await, number(&attacked.app, owners).await, "nor do they change hands");
}
