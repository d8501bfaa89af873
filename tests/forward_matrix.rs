//! Route × actor of forward-auth: what everybody gets at the login's own host and at a service's. The reviewed answers are in
//! `snapshots/forward.txt`; a route of the table that is not asked for fails.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::forward::{HOST, settings};
use crate::support::doors::Doors;
use crate::support::snapshot::assert_reviewed;
use crate::support::world::EVERYBODY;
use crate::support::{Answer, Ask, TestApp, World};

const OWN: &str = "latchkey.example";

/// What is asked for, and of which host.
const ASKED: [(&str, &str, &str); 12] = [
    ("/auth/verify", "", OWN),
    ("/auth/verify", "account={account}", OWN),
    ("/auth/verify", "account={account}&permission=invoices", OWN),
    ("/auth/verify", "account={account}&permission=users", OWN),
    ("/auth/verify", "account={elsewhere}", OWN),
    ("/auth/verify", "redirect=1", OWN),
    ("/auth/verify", "", HOST),
    ("/auth/verify", "redirect=1", HOST),
    ("/auth/start", "host=app.example.com&state={state}&to=/page", OWN),
    ("/auth/start", "host=evil.example&state={state}&to=/page", OWN),
    ("/.latchkey/start", "/page", HOST),
    ("/.latchkey/callback", "code=made-up", HOST),
];

/// A browser's mark.
fn state() -> String {
    "A".repeat(43)
}

/// Status, where it leads, and who it is said to be.
fn outline(answer: &Answer) -> String {
    let location = answer.location().unwrap_or_default();
    // What is new each time is left out.
    let begun = location.split_once("&state=").map(|(before, _)| format!("{before}&state=…"));
    let location = begun.unwrap_or_else(|| location.replace(&state(), "…"));
    let said = |name: &str| answer.header(name).unwrap_or_default().to_owned();
    let (user, admin) = (said("remote-name"), said("x-latchkey-acting-admin"));
    let who = if admin.is_empty() { user } else { format!("{user}, and it is {admin}") };
    format!("{} {location} {who}", answer.status).split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn reviewed_on(app: TestApp) {
    app.expect_unsent_mails();
    let world = World::with_staff(app).await;
    let doors = Doors::start(&world.app, settings()).await;
    let mut text = String::new();
    for (path, query, host) in ASKED {
        let filled = query.replace("{account}", &world.acme.to_string()).replace("{elsewhere}", &world.elsewhere.to_string());
        let filled = format!("{path}?{}", filled.replace("{state}", &state()));
        let mut by_answer: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for actor in EVERYBODY {
            let ask = Ask::new("GET", &filled).with("host", host).with("x-forwarded-uri", "/page");
            let answer = world.actor(actor).at(doors.address).send(&ask).await;
            by_answer.entry(outline(&answer)).or_default().push(actor);
        }
        let _ = writeln!(text, "GET {host}{path}?{query}");
        for (answer, actors) in by_answer {
            let _ = writeln!(text, "    {answer:<46} {}", actors.join(", "));
        }
    }
    assert_reviewed("forward.txt", &text);
}

#[tokio::test]
async fn everybody_gets_the_reviewed_answer_at_forward_auth_on_sqlite() {
    reviewed_on(TestApp::sqlite().await).await;
}

#[tokio::test]
async fn everybody_gets_the_reviewed_answer_at_forward_auth_on_postgres() {
    reviewed_on(TestApp::postgres().await).await;
}

#[test]
fn every_route_of_forward_auth_is_asked_for() {
    let is_one = |path: &&str| path.starts_with("/auth/") || path.starts_with("/.latchkey/");
    let table: BTreeSet<&str> = latchkey_api::table().into_iter().map(|route| route.path).filter(is_one).collect();
    assert_eq!(ASKED.map(|(path, ..)| path).into_iter().collect::<BTreeSet<_>>(), table);
}
