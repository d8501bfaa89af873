//! Route × actor: what everybody gets, from the router's own table. The reviewed answers are in
//! `snapshots/routes.txt`; a route that is not in there fails.

use std::collections::BTreeMap;
use std::fmt::Write;

use latchkey_web::Route;

use crate::support::snapshot::assert_reviewed;
use crate::support::world::{ACTORS, EVERYBODY, fill};
use crate::support::{Answer, TestApp, World, on_both_databases};

/// What the forms about webhooks take; buttons take no notice.
const WEBHOOK: [(&str, &str); 4] = [("url", "https://hooks.example/in"), ("kinds", "login"), ("seq", "0"), ("what", "after")];

/// The form of *Security*.
pub(crate) const SECURITY: [(&str, &str); 9] = [
    ("absolute_hours", "12"),
    ("idle_minutes", "60"),
    ("remember_days", "30"),
    ("second_factor_hours", "24"),
    ("admin_absolute_hours", "12"),
    ("admin_idle_minutes", "15"),
    ("puzzle_when", "never"),
    ("puzzle_bits", "15"),
    ("puzzle_wait", "5"),
];

/// Something typical in every form; other routes are buttons.
pub(crate) fn typical(path: &str) -> &'static [(&'static str, &'static str)] {
    const PASSWORD: (&str, &str) = ("password", "a-password-for-tests-only");
    const NAME: [(&str, &str); 2] = [("first_name", "Nora"), ("last_name", "New")];
    match path {
        "/login" => &[("email", "mia@example.com"), PASSWORD],
        "/admin/login" => &[("email", "stella@staff.example"), PASSWORD],
        "/login/two-factor" | "/admin/login/two-factor" | "/me/security/totp/confirm" | "/admin/me/security/totp/confirm" => {
            &[("code", "123456")]
        }
        "/a/{account}/two-factor" | "/admin/clients/{account}/two-factor" => &[("required", "yes")],
        "/admin/config/security" => &SECURITY,
        "/confirm" | "/admin/confirm" | "/password/strength" | "/register/{token}" => &[PASSWORD],
        "/invite/{token}/login" => &[("email", "sam@example.com"), PASSWORD],
        "/invite/{token}/register" => {
            &[NAME[0], NAME[1], ("email", "nora+ACTOR@example.com"), ("password", "quiet harbour, seven lanterns")]
        }
        "/accounts" => &[("account", "1")],
        "/a/{account}/invitations" => &[("email", "new+ACTOR@example.com"), ("scope", "choose"), ("permissions", "invoices")],
        "/a/{account}/users/{user}/permissions" | "/admin/clients/{account}/users/{user}/permissions" => {
            &[("permissions", "tickets")]
        }
        "/a/{account}/details" => &[("name", "Acme Ltd."), ("contact_email", "acme@example.com"), ("categories", "domain")],
        "/me/profile" => &NAME,
        "/me/passkeys/{passkey}/rename" | "/admin/me/passkeys/{passkey}/rename" => &[("name", "Blue key")],
        "/password/forgot" => &[("email", "mia+ACTOR@example.com")],
        "/admin/password/forgot" => &[("email", "stella+ACTOR@staff.example")],
        "/password/reset/{token}" | "/admin/password/reset/{token}" => &[("new", "quiet harbour, seven lanterns")],
        "/me/email" => &[("email", "another+ACTOR@example.com")],
        "/me/data/deletion" => &[("current", "a-password-for-tests-only")],
        "/me/password" | "/admin/me/password" => {
            &[("current", "a-password-for-tests-only"), ("new", "quiet harbour, seven lanterns")]
        }
        "/admin/setup/{token}" | "/admin/invite/{token}" => {
            &[("name", "Nora New"), ("email", "nora@staff.example"), ("password", "quiet harbour, seven lanterns")]
        }
        "/admin/clients/{account}/masquerade" => &[("reason", "Ticket 7")],
        "/admin/clients/new" => &[
            ("name", "New Client"),
            ("contact_email", "client@example.com"),
            ("owner", "new"),
            NAME[0],
            NAME[1],
            ("owner_email", "nora+ACTOR@example.com"),
        ],
        "/admin/users/{user}" => &[NAME[0], NAME[1], ("email", "renamed+ACTOR@example.com")],
        "/admin/clients/{account}/delete" => &[("confirm", "Acme")],
        "/admin/clients/{account}/profile" => &[
            ("name", "Acme"),
            ("contact_email", "acme@example.com"),
            ("categories", "domain"),
            ("group", ""),
            ("status", "active"),
        ],
        "/admin/clients/{account}/users/associate" => {
            &[("query", "nora+ACTOR@example.com"), ("permissions", "invoices"), ("send_invite", "yes")]
        }
        "/admin/clients/{account}/contacts"
        | "/admin/clients/{account}/contacts/{contact}"
        | "/a/{account}/contacts"
        | "/a/{account}/contacts/{contact}" => {
            &[NAME[0], NAME[1], ("email", "nora+ACTOR@example.com"), ("categories", "invoice")]
        }
        "/a/{account}/sso" | "/admin/clients/{account}/sso" => &[("allowed", "no")],
        "/admin/clients/{account}/notes" => &[("text", "Called back.")],
        _ => typical_of_configuration(path),
    }
}

/// The same for **Configuration**.
fn typical_of_configuration(path: &str) -> &'static [(&'static str, &'static str)] {
    match path {
        "/admin/config/notifications" => &[("verification", "ask"), ("told", "access-given")],
        "/admin/config/admins" => &[("email", "nora@staff.example"), ("role", "2")],
        "/admin/config/admins/{admin}/role" => &[("role", "2")],
        "/admin/config/roles" | "/admin/config/roles/{role}" => &[("name", "Sales"), ("permissions", "log")],
        "/admin/config/member-roles" | "/admin/config/member-roles/{member_role}" => {
            &[("name", "Clerk of ACTOR"), ("permissions", "invoices")]
        }
        "/admin/config/groups" | "/admin/config/groups/{group}" => &[("name", "Group of ACTOR"), ("colour", "#b45309")],
        "/admin/config/templates" | "/admin/config/templates/own/{template}" => {
            &[("name", "Template of ACTOR"), ("category", "invoice"), ("subject", "Hello {first_name}"), ("message", "A text.")]
        }
        "/admin/config/templates/mails/{key}" | "/admin/config/templates/mails/{key}/preview" => {
            &[("subject", "Words of ACTOR"), ("message", "Open {link}"), ("button", "Open")]
        }
        "/admin/config" => &[("name", "Latchkey"), ("hue", "220")],
        "/admin/config/api" | "/a/{account}/api" => &[("name", "Billing"), ("role", "2")],
        "/admin/config/api/roles" | "/admin/config/api/roles/{api_role}" => &[("name", "Sales"), ("rights", "getclients")],
        "/admin/config/bans" => &[("network", "203.0.113.250"), ("reason", "A reason.")],
        "/admin/config/bans/never" => &[("networks", "127.0.0.0/8\n::1")],
        _ if path.starts_with("/admin/config/webhooks") => &WEBHOOK,
        "/admin/config/mail" => &[("to", "stella@staff.example")],
        _ => &[],
    }
}

/// The answer with the path's own values written as their names again, and other numbers as `#`.
fn outline(answer: &Answer, route: Route, filled: &str) -> String {
    let back = format!("?next={}", percent_path(filled));
    let text = answer.outline().replace(&back, "?next=(here)");
    let (code, rest) = text.split_once(' ').unwrap_or((&text, ""));
    let names: Vec<(&str, &str)> = route.path.split('/').zip(filled.split('/')).collect();
    let segment = |(index, segment): (usize, &str)| {
        let (text, mood) = segment.split_once(' ').map_or((segment, String::new()), |(text, mood)| (text, format!(" {mood}")));
        let known = names.get(index).filter(|(_, value)| *value == text).map(|(name, _)| *name);
        let shown = known.unwrap_or(if text.parse::<i64>().is_ok() { "#" } else { text });
        format!("{shown}{mood}")
    };
    let rest: Vec<String> = rest.split('/').enumerate().map(segment).collect();
    format!("{code} {}", rest.join("/")).trim().to_owned()
}

/// A path as it stands in `?next=`.
fn percent_path(path: &str) -> String {
    path.replace('/', "%2F")
}

fn block(route: Route, answers: &[(&str, String)]) -> String {
    let mut by_answer: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (actor, answer) in answers {
        by_answer.entry(answer).or_default().push(actor);
    }
    let mut text = format!("{} {}\n", route.method, route.path);
    for (answer, actors) in by_answer {
        let _ = writeln!(text, "    {answer:<46} {}", actors.join(", "));
    }
    text
}

async fn ask(world: &World, route: Route, actor: &'static str) -> String {
    let path = fill(world, route.path, actor).await;
    let somebody = world.actor(actor);
    let answer = if route.method == "GET" {
        somebody.get(&path).await
    } else {
        let own = |(name, value): &(&'static str, &str)| (*name, value.replace("ACTOR", &actor.replace(' ', "-")));
        let fields: Vec<(&str, String)> = typical(route.path).iter().map(own).collect();
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        somebody.post(&path, &fields).await
    };
    assert!(answer.status < 500, "{} {path} as {actor}: {}", route.method, answer.text());
    outline(&answer, route, &path) + begins_a_session(&answer)
}

/// Every way into a session is seen in the snapshot, so that no other one comes to be beside those that were reviewed (ASVS V6.3.4).
fn begins_a_session(answer: &Answer) -> &'static str {
    let begins = |name: &&str| answer.cookie(name).is_some_and(|value| !value.is_empty());
    if ["latchkey_session", "latchkey_admin", "latchkey_masquerade"].iter().any(begins) { " +session" } else { "" }
}

/// What everybody gets on every route of these rows.
async fn everybodys_answers(rows: &[Route], fresh_world: impl AsyncFn() -> World) -> String {
    let mut text = String::new();
    let reading = fresh_world().await;
    for route in rows {
        let changing;
        let world = if route.method == "GET" {
            &reading
        } else {
            changing = fresh_world().await;
            &changing
        };
        let mut answers = Vec::new();
        // In the Admin Area an admin who acts for somebody is the admin.
        let in_admin_area = route.path.starts_with("/admin");
        for actor in EVERYBODY.into_iter().filter(|actor| !(in_admin_area && *actor == "masquerading admin")) {
            answers.push((actor, ask(world, *route, actor).await));
        }
        text.push_str(&block(*route, &answers));
    }
    text
}

async fn reviewed_on(fresh: impl AsyncFn() -> TestApp) {
    let mut rows = latchkey_web::table();
    rows.sort();
    let text = everybodys_answers(&rows, async || {
        let app = fresh().await;
        app.expect_unsent_mails();
        World::with_staff(app).await
    })
    .await;
    assert_reviewed("routes.txt", &text);
}

#[tokio::test]
async fn v6_3_4_v8_1_1_to_2_everybody_gets_the_reviewed_answer_on_every_route_on_sqlite() {
    reviewed_on(TestApp::sqlite).await;
}

#[tokio::test]
async fn v6_3_4_v8_1_1_to_2_everybody_gets_the_reviewed_answer_on_every_route_on_postgres() {
    reviewed_on(TestApp::postgres).await;
}

/// Who is refused where, as it was reviewed.
fn refused() -> Vec<(&'static str, &'static str)> {
    let (mut refused, mut row) = (Vec::new(), "");
    for line in include_str!("snapshots/routes.txt").lines() {
        match line.strip_prefix("    ") {
            None => row = line,
            Some(answer) => {
                let actors = answer.strip_prefix("403 ").map(str::trim).into_iter().flat_map(|actors| actors.split(", "));
                refused.extend(actors.filter_map(|actor| Some((row.strip_prefix("POST ")?, actor))));
            }
        }
    }
    refused
}

#[on_both_databases]
async fn who_may_not_send_a_form_is_refused_whatever_stands_in_it(app: TestApp) {
    app.expect_unsent_mails();
    let world = World::with_staff(app).await;
    let refused = refused();
    assert!(refused.len() > 100, "{}", refused.len());
    let mut taken = Vec::new();
    // Support changes names, and is refused another login alone.
    for (route, actor) in refused.into_iter().filter(|row| *row != ("/admin/users/{user}", "support")) {
        for fields in [&[][..], &[("action", "search")], &[("owner", "existing"), ("send_invite", "no")]] {
            let path = fill(&world, route, actor).await;
            let answer = world.actor(actor).post(&path, fields).await;
            if answer.status != 403 {
                taken.push(format!("{path} as {actor} with {fields:?}: {}", answer.outline()));
            }
        }
    }
    assert!(taken.is_empty(), "{taken:#?}");
}

#[on_both_databases]
async fn what_is_not_in_the_table_is_not_found(app: TestApp) {
    let world = World::new(app).await;
    for path in ["/nowhere", "/a/1/nowhere", "/admin/nowhere", "/assets/nowhere.css", "/me", "/invite", "/A/1", "/login/"] {
        for actor in ACTORS {
            let answer = world.actor(actor).get(path).await;
            assert_eq!(answer.status, 404, "{path} as {actor}");
            assert!(answer.is_html() || path.starts_with("/assets/"), "{path} as {actor}");
        }
    }
}
