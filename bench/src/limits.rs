//! What the machine can do at all, without Latchkey: a constant over HTTP, Argon2id, a commit of one
//! row, a row by its key. The only SQL outside of core: a bare limit goes to the driver itself.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use axum::Router;
use axum::routing::get;
use latchkey_core::db::Location;
use latchkey_core::id::{AccountId, UserId};
use latchkey_core::password::HashCost;
use rusqlite::params;
use tokio_postgres::{Client, NoTls};

use crate::measure::{Sample, in_tasks, on_threads};
use crate::server::Site;

/// A server that knows one answer.
pub(crate) async fn serve_constant() -> anyhow::Result<()> {
    let router = Router::new().route("/", get(|| async { "constant\n" })).route("/readyz", get(|| async { "ready\n" }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("constant on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, router).await?)
}

/// Argon2id at this cost, on all cores, each with memory that is used again.
pub(crate) fn argon2(cost: HashCost, span: Duration) -> anyhow::Result<Sample> {
    let cores = std::thread::available_parallelism()?.get();
    let params = Params::new(cost.memory_kib(), cost.passes(), 1, Some(32)).map_err(|error| anyhow::anyhow!("{error}"))?;
    let worker = || {
        let mut memory = vec![Block::default(); params.block_count()];
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        move || {
            let mut output = [0; 32];
            let hashed = argon2.hash_password_into_with_memory(b"a password", &[7; 16], &mut output, &mut memory);
            hashed.map_err(|error| anyhow::anyhow!("{error}"))
        }
    };
    on_threads((0..cores).map(|_| worker()).collect(), span)
}

const TABLE: &str = "create table if not exists bare (at bigint not null, text text not null)";

/// One row inserted and committed, over so many connections; SQLite has one writer.
pub(crate) async fn commits(site: &Site, connections: usize, span: Duration) -> anyhow::Result<Sample> {
    match &site.location {
        Location::Sqlite(path) => {
            let connection = rusqlite::Connection::open(path)?;
            connection.execute_batch(&format!("pragma journal_mode = wal; pragma synchronous = full; {TABLE}"))?;
            let insert = move || {
                let mut statement = connection.prepare_cached("insert into bare (at, text) values (?1, ?2)")?;
                statement.execute(params![1_795_507_200_000_000_i64, "one row"])?;
                Ok(())
            };
            on_threads(vec![insert], span)
        }
        Location::Postgres(url) => {
            connect(url).await?.batch_execute(TABLE).await?;
            let mut workers = Vec::new();
            for _ in 0..connections {
                let client = Arc::new(connect(url).await?);
                let statement = client.prepare("insert into bare (at, text) values ($1, $2)").await?;
                workers.push(move || {
                    let (client, statement) = (Arc::clone(&client), statement.clone());
                    async move {
                        client.execute(&statement, &[&1_795_507_200_000_000_i64, &"one row"]).await?;
                        Ok(())
                    }
                });
            }
            in_tasks(workers, span).await
        }
    }
}

/// What a permission look-up reads, in the words of core.
const STANDING: &str = "select u.first_name || ' ' || u.last_name, a.name, case when a.status = 'closed' then 1 else 0 end,
        case when a.owner_id = u.id then 1 else 0 end, m.grants, m.ends_at
     from memberships m join accounts a on a.id = m.account_id join users u on u.id = m.user_id
     where m.account_id = $1 and m.user_id = $2";

/// The row of a permission look-up by a prepared statement, over so many connections.
pub(crate) async fn selects(
    site: &Site,
    user: UserId,
    account: AccountId,
    connections: usize,
    span: Duration,
) -> anyhow::Result<Sample> {
    match &site.location {
        Location::Sqlite(path) => {
            let worker = || {
                let connection = rusqlite::Connection::open(path)?;
                let sql = STANDING.replace('$', "?");
                Ok(move || {
                    let mut statement = connection.prepare_cached(&sql)?;
                    let row = statement.query_row(params![account.0, user.0], |row| {
                        let (user, account): (String, String) = (row.get(0)?, row.get(1)?);
                        let (closed, owner): (i64, i64) = (row.get(2)?, row.get(3)?);
                        let (grants, ends): (String, Option<i64>) = (row.get(4)?, row.get(5)?);
                        Ok((user, account, closed, owner, grants, ends))
                    })?;
                    std::hint::black_box(row);
                    Ok(())
                })
            };
            let workers: anyhow::Result<Vec<_>> = (0..connections).map(|_| worker()).collect();
            on_threads(workers?, span)
        }
        Location::Postgres(url) => {
            let mut workers = Vec::new();
            for _ in 0..connections {
                let client = Arc::new(connect(url).await?);
                let statement = client.prepare(STANDING).await?;
                workers.push(move || {
                    let (client, statement) = (Arc::clone(&client), statement.clone());
                    async move {
                        let row = client.query_one(&statement, &[&account.0, &user.0]).await?;
                        let names: (String, String) = (row.try_get(0)?, row.try_get(1)?);
                        let rest: (i32, i32, String, Option<i64>) =
                            (row.try_get(2)?, row.try_get(3)?, row.try_get(4)?, row.try_get(5)?);
                        std::hint::black_box((names, rest));
                        Ok(())
                    }
                });
            }
            in_tasks(workers, span).await
        }
    }
}

async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.context("PostgreSQL")?;
    tokio::spawn(connection);
    Ok(client)
}
