//! What other programs ask: checks, whose session it is, forward-auth, and calls of the API, among a hundred thousand users.

use anyhow::Context;
use latchkey_core::access::BuiltInApiRole;
use latchkey_core::admin::{self, NewAdmin};
use latchkey_core::api_credential::{self, Networks, NewCredential};
use latchkey_core::api_role;
use latchkey_core::app::App;

use super::{CONNECTIONS, Served};
use crate::crowd::{ACCOUNTS, USERS};
use crate::data;
use crate::load::{Ask, drive_each};
use crate::measure::{Plan, Series};
use crate::report::Table;
use crate::server::Server;

/// Different questions that each connection asks in turn.
const QUESTIONS: usize = 500;
/// Questions of a batch.
const BATCH: usize = 1_000;
/// Invitations that each connection can send, each to another address.
const INVITATIONS: usize = 4_000;

/// Everything measured here, against the constant.
pub(crate) async fn run(plan: &Plan, served: &Served, constant: &Server, table: &mut Table) -> anyhow::Result<()> {
    let mut scenarios = vec![
        ("check, one question", (0..CONNECTIONS).map(|connection| singles(served, connection)).collect::<Vec<_>>(), 1.0),
        ("check, 1,000 questions", (0..CONNECTIONS).map(|connection| batches(served, connection)).collect(), 1.0),
    ];
    let (mut sessions, mut forward) = (Vec::new(), Vec::new());
    for (number, email) in served.data.logins.iter().take(CONNECTIONS).enumerate() {
        let secret = served.session(email).await?;
        let token = served.token(number);
        sessions.push(vec![post("/api/v1/session/check", token, &format!("{{\"token\":\"{secret}\"}}"))]);
        let account = served.data.own_accounts.get(number).context("no account")?;
        let path = format!("/auth/verify?permission=invoices&account={account}");
        forward.push(vec![Ask::get_at(served.server.address, &path, &format!("cookie: latchkey_session={secret}\r\n"))]);
    }
    scenarios.push(("session check", sessions, 1.0));
    scenarios.push(("forward-auth", forward, 1.0));
    let users = |connection: usize| vec![get("/api/v1/users?limit=50", served.token(connection))];
    scenarios.push(("API: list 50 users", (0..CONNECTIONS).map(users).collect(), 1.0));
    let path = format!("/api/v1/accounts/{}/memberships?limit=50", served.data.account);
    let members = |connection: usize| vec![get(&path, served.token(connection))];
    scenarios.push(("API: list 50 memberships", (0..CONNECTIONS).map(members).collect(), 1.0));
    for (what, asks, units) in scenarios {
        measure(plan, served, constant, table, what, &asks, units).await?;
    }
    invite(plan, served, constant, table).await
}

async fn measure(
    plan: &Plan,
    served: &Served,
    constant: &Server,
    table: &mut Table,
    what: &str,
    asks: &[Vec<Ask>],
    units: f64,
) -> anyhow::Result<()> {
    let bare = vec![vec![Ask::get("/", "")]; CONNECTIONS];
    let (mut limit, mut own) = (Series::default(), Series::default());
    for _ in 0..plan.rounds {
        limit.push(drive_each(constant, bare.clone(), plan.slot).await?);
        own.push(drive_each(&served.server, asks.to_vec(), plan.slot).await.with_context(|| what.to_owned())?);
    }
    table.share(&super::pages::named(what, &own), &served.on, &own, &limit, units);
    Ok(())
}

/// Each invitation is of another address, and its mail is promised: a commit each.
async fn invite(plan: &Plan, served: &Served, constant: &Server, table: &mut Table) -> anyhow::Result<()> {
    let mut asks = Vec::new();
    for connection in 0..CONNECTIONS {
        let account = served.data.own_accounts.get(connection).context("no account")?;
        let body =
            |number: usize| format!("{{\"email\":\"new{number}@c{connection}.example.com\",\"permissions\":[\"invoices\"]}}");
        let path = format!("/api/v1/accounts/{account}/invitations");
        let token = served.token(connection);
        asks.push((0..INVITATIONS).map(|number| created(post(&path, token, &body(number)))).collect::<Vec<_>>());
    }
    let bare = vec![vec![Ask::get("/", "")]; CONNECTIONS];
    let (mut limit, mut own) = (Series::default(), Series::default());
    for round in 0..plan.rounds {
        limit.push(drive_each(constant, bare.clone(), plan.slot).await?);
        let part = INVITATIONS / plan.rounds;
        let asks = asks.iter().map(|all| all.iter().skip(round * part).take(part).cloned().collect()).collect();
        own.push(drive_each(&served.server, asks, plan.slot).await.context("invite")?);
    }
    table.share(&super::pages::named("API: invite", &own), &served.on, &own, &limit, 1.0);
    Ok(())
}

fn question(number: usize) -> String {
    // A stride that meets every user before it meets one again.
    let user = number.wrapping_mul(7_919) % USERS;
    format!("{{\"user\":{},\"account\":{},\"permission\":\"invoices\"}}", user + 1, user % ACCOUNTS + 1)
}

fn singles(served: &Served, connection: usize) -> Vec<Ask> {
    let token = served.token(connection);
    (0..QUESTIONS).map(|number| post("/api/v1/check", token, &question(connection * QUESTIONS + number))).collect()
}

fn batches(served: &Served, connection: usize) -> Vec<Ask> {
    let token = served.token(connection);
    let questions: Vec<String> = (0..BATCH).map(|number| question(connection * BATCH + number)).collect();
    vec![post("/api/v1/check", token, &format!("{{\"checks\":[{}]}}", questions.join(",")))]
}

fn get(path: &str, token: &str) -> Ask {
    Ask::get(path, &format!("authorization: Bearer {token}\r\n"))
}

fn post(path: &str, token: &str, body: &str) -> Ask {
    Ask::json(path, &format!("authorization: Bearer {token}\r\n"), body)
}

fn created(ask: Ask) -> Ask {
    Ask { status: 201, ..ask }
}

/// Credentials of a full administrator, one for each connection: each has its own limit of calls.
pub(crate) async fn credentials(app: &App) -> anyhow::Result<Vec<String>> {
    let hash = data::password(app).await?;
    data::write(app, move |tx| {
        let new = NewAdmin { name: "Admin".to_owned(), email: data::email("admins", 0)?, password: hash.clone() };
        let admin = admin::create_by_system(tx, &data::system(), &new)?;
        let role = api_role::built_in(tx, BuiltInApiRole::Full)?;
        let one = |number| {
            let new = NewCredential {
                name: format!("Bench {number}"),
                role,
                account: None,
                networks: Networks::default(),
                expires_at: None,
            };
            let made = api_credential::create_by_system(tx, &data::system(), admin, &new)?;
            Ok(made.shown.token())
        };
        (0..CONNECTIONS).map(one).collect()
    })
    .await
}
