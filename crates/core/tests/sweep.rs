//! What is over is removed, and what is not stays: a case for every sweep there is.

use std::time::Duration;

use latchkey_core::clock::Timestamp;
use latchkey_core::db::Location;
use latchkey_core::event;
use latchkey_core::sweep::SWEEPS;
use latchkey_core::testing::TestApp;
use latchkey_test_macros::on_both_databases;

use crate::support::*;

/// How long the clock runs.
const RUN: Duration = Duration::from_hours(24);

/// A table that a sweep looks after.
struct Case {
    sweep: &'static str,
    table: &'static str,
    columns: &'static str,
    /// A row of its own that is over at `{due}`; `{key}` is its number, `{bytes}` the same in bytes.
    row: &'static str,
    /// A row that stays whatever the time is.
    stays: Option<&'static str>,
}

const CASES: [Case; 13] = [
    Case {
        sweep: "sessions",
        table: "sessions",
        columns: "token_hash, user_id, created_at, last_seen_at, remember, ip, user_agent, expires_at",
        row: "{bytes}, {user}, 0, 0, 0, '', '', {due}",
        stays: None,
    },
    Case {
        sweep: "sessions of admins",
        table: "admin_sessions",
        columns: "token_hash, admin_id, created_at, last_seen_at, ip, user_agent, expires_at",
        row: "{bytes}, {admin}, 0, 0, '', '', {due}",
        stays: None,
    },
    Case {
        sweep: "logins that wait for a second factor",
        table: "pending_logins",
        columns: "token_hash, user_id, remember, sealed_next, created_at, expires_at",
        row: "{bytes}, {user}, 0, {bytes}, 0, {due}",
        stays: None,
    },
    Case {
        sweep: "challenges of passkeys",
        table: "passkey_challenges",
        columns: "challenge_hash, browser_hash, purpose, expires_at",
        row: "{bytes}, {bytes}, '', {due}",
        stays: None,
    },
    Case {
        sweep: "registrations",
        table: "registrations",
        columns: "invitation_id, first_name, last_name, email, password_hash, token_hash, created_at, expires_at",
        row: "{invitation}, '', '', '', '', {bytes}, 0, {due}",
        stays: None,
    },
    Case {
        sweep: "changes of owners",
        table: "owner_changes",
        columns: "account_id, user_id, asked_by_kind, asked_by_name, asked_at, expires_at",
        row: "{account}, {user}, 'admin', '', 0, {due}",
        stays: None,
    },
    Case {
        sweep: "links of other systems",
        table: "sso_tokens",
        columns: "token_hash, user_id, credential_id, lands_at, created_at, expires_at",
        row: "{bytes}, {user}, {credential}, '', 0, {due}",
        stays: None,
    },
    Case { sweep: "used puzzles", table: "used_puzzles", columns: "puzzle_hash, expires_at", row: "{bytes}, {due}", stays: None },
    Case {
        sweep: "answers to calls",
        table: "idempotent_answers",
        columns: "credential_id, key, fingerprint, created_at",
        // Kept for a day.
        row: "{credential}, '{key}', {bytes}, {due} - 86400000000",
        stays: None,
    },
    Case { sweep: "limits", table: "guess_buckets", columns: "key, tries, full_at", row: "{bytes}, 1, {due}", stays: None },
    Case {
        sweep: "failures at logins that nobody has",
        table: "guess_failures",
        columns: "key, strange, known, forget_at",
        row: "{bytes}, 1, 0, {due}",
        // Of somebody.
        stays: Some("{bytes}, 1, 0, null"),
    },
    Case {
        sweep: "mails",
        table: "mails",
        columns: "kind, to_address, subject, text_body, html_body, queued_at, sent_at",
        // Kept for 365 days.
        row: "'test', '', '', '', '', 0, {due} - 365 * 86400000000",
        // Waits.
        stays: Some("'test', '', '', '', '', 0, null"),
    },
    Case {
        sweep: "events",
        table: "events",
        columns: "kind, actor_kind, actor_name, at",
        // Kept for 90 whole days, and the clock began at eight o'clock.
        row: "'login', 'nobody', '', {due} - 90 * 86400000000 - 8 * 3600000000 - 1",
        stays: None,
    },
];

/// What the rows hang on.
struct Ground {
    user: i64,
    admin: i64,
    credential: i64,
    /// Two of the user's.
    accounts: [i64; 2],
    /// One into each of them.
    invitations: [i64; 2],
}

impl Ground {
    async fn of(app: &TestApp) -> Self {
        let (owner, admin) = (person(app, "Olivia").await, staff(app).await.0);
        let accounts = [app.account("One", owner).await.0, app.account("Two", owner).await.0];
        let made = accounts.map(|account| {
            format!(
                "insert into invitations (account_id, email, email_key, grants, token_hash, invited_by_kind, invited_by_name, created_at,
                        sent_at, expires_at)
                 values ({account}, '', '', '', {}, 'user', '', 0, 0, 0);",
                bytes(app, usize::try_from(account).unwrap())
            )
        });
        sql(app, &made.concat()).await.unwrap();
        let of = async |account: i64| number(app, &format!("select id from invitations where account_id = {account}")).await;
        let invitations = [of(accounts[0]).await, of(accounts[1]).await];
        let made = format!(
            "insert into api_credentials (name, identifier, secret_hash, role_id, admin_id, created_at)
             select 'x', 'x', {}, min(id), {admin}, 0 from api_roles",
            bytes(app, 0)
        );
        sql(app, &made).await.unwrap();
        // How long the log is kept has to be set; what happened until now would be in the way.
        sql(app, "delete from events; insert into settings (key, value, updated_at) values ('retention.log_days', '90', 0)")
            .await
            .unwrap();
        let credential = number(app, "select id from api_credentials").await;
        Self { user: owner.0, admin, credential, accounts, invitations }
    }

    async fn insert(&self, app: &TestApp, case: &Case, row: &str, key: usize, due: Timestamp) {
        let values = [
            ("{bytes}", bytes(app, key)),
            ("{key}", key.to_string()),
            ("{user}", self.user.to_string()),
            ("{account}", self.accounts[key % 2].to_string()),
            ("{invitation}", self.invitations[key % 2].to_string()),
            ("{admin}", self.admin.to_string()),
            ("{credential}", self.credential.to_string()),
            ("{due}", due.as_micros().to_string()),
        ];
        let row = values.iter().fold(row.to_owned(), |row, (name, value)| row.replace(name, value));
        sql(app, &format!("insert into {} ({}) values ({row})", case.table, case.columns)).await.unwrap();
    }
}

/// Four bytes that tell rows apart, as this database writes them.
fn bytes(app: &TestApp, key: usize) -> String {
    match app.location {
        Location::Sqlite(_) => format!("x'{key:08x}'"),
        Location::Postgres(_) => format!("'\\x{key:08x}'::bytea"),
    }
}

/// How many rows there are, without the events that say so.
async fn count(app: &TestApp, table: &str) -> i64 {
    let told = if table == "events" { " where kind = 'login'" } else { "" };
    number(app, &format!("select count(*) from {table}{told}")).await
}

#[on_both_databases]
async fn v14_2_7_every_sweep_removes_what_is_over_and_nothing_else(app: TestApp) {
    assert_eq!(SWEEPS.map(|(name, _)| name), CASES.map(|case| case.sweep), "a sweep without a case, or the other way round");
    let ground = Ground::of(&app).await;
    let now = app.clock.now();
    for (number, case) in CASES.iter().enumerate() {
        let key = 10 * (number + 1);
        ground.insert(&app, case, case.row, key, now.after(RUN)).await;
        ground.insert(&app, case, case.row, key + 1, now.after(RUN + Duration::from_micros(1))).await;
        if let Some(stays) = case.stays {
            ground.insert(&app, case, stays, key + 2, now).await;
        }
    }
    event::seal_all(&app.app, &app.system()).await.unwrap();
    for ((name, sweep), case) in SWEEPS.iter().zip(CASES) {
        assert_eq!((swept(&app.app, *sweep).await, *name), (0, case.sweep), "nothing is over yet");
    }
    app.clock.advance(RUN);
    for ((name, sweep), case) in SWEEPS.iter().zip(CASES) {
        let before = count(&app, case.table).await;
        assert_eq!((swept(&app.app, *sweep).await, *name), (1, case.sweep));
        assert_eq!(count(&app, case.table).await, before - 1, "{name}");
        assert_eq!((swept(&app.app, *sweep).await, *name), (0, case.sweep), "the rest stays");
    }
}
