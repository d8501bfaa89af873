//! A hundred thousand users. They are written by two statements, as a dump is played back: made one by one by the operations they
//! would take longer than all that is measured. Whoever does something in a scenario is made by the operations all the same.

use anyhow::Context;
use latchkey_core::db::Location;
use tokio_postgres::NoTls;

use crate::server::Site;

/// Users of the crowd, with their numbers from 1 on.
pub(crate) const USERS: usize = 100_000;
/// Accounts of the crowd, with their numbers from 1 on; the user of the same number owns each, nine others are members.
pub(crate) const ACCOUNTS: usize = 10_000;

/// One SQL for both databases. `{n}` counts from 1 to a number.
fn sql() -> String {
    let count = |to: usize| format!("with recursive n(i) as (select 1 union all select i + 1 from n where i < {to}) select");
    let (users, accounts) = (count(USERS), count(ACCOUNTS));
    format!(
        "insert into users (subject, first_name, last_name, email, email_key, created_at)
         {users} 'crowd-' || i, 'Ada' || i, 'Crowd', 'ada' || i || '@crowd.example.com', 'ada' || i || '@crowd.example.com', 1 from n;
         insert into accounts (name, status, owner_id, created_at) {accounts} 'Crowd ' || i, 'active', i, 1 from n;
         insert into memberships (account_id, user_id, grants, added_by_kind, added_by_name, created_at)
         {users} (i - 1) % {ACCOUNTS} + 1, i, 'invoices tickets products', 'system', 'bench', 1 from n;"
    )
}

/// Fills an empty database that is up to date.
pub(crate) async fn gather(site: &Site) -> anyhow::Result<()> {
    let filled = match &site.location {
        Location::Sqlite(path) => {
            let sql = format!("begin; {} commit; analyze;", sql());
            rusqlite::Connection::open(path)?.execute_batch(&sql).map_err(anyhow::Error::from)
        }
        Location::Postgres(url) => {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await.context("PostgreSQL")?;
            tokio::spawn(connection);
            let sql = format!("begin; {} commit; analyze;", sql());
            client.batch_execute(&sql).await.map_err(anyhow::Error::from)
        }
    };
    filled.context("the crowd")
}
