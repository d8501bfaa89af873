//! Logins, and what a flood of them does to everybody else.

use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use latchkey_core::password::HashCost;

use super::{CONNECTIONS, Served};
use crate::limits;
use crate::load::{Ask, Connection, drive, pace};
use crate::measure::{Plan, Series, now};
use crate::report::Table;

/// People who log in at the same moment.
const FLOOD: usize = 200;

/// While they do, somebody opens a page this often.
const PAGE_EVERY: Duration = Duration::from_millis(15);

/// Logins where a hash costs this, and a page beside them. The first login of each user renews its hash, before anything is measured.
pub(crate) async fn run(plan: &Plan, served: &Served, cost: HashCost, table: &mut Table) -> anyhow::Result<()> {
    let asks = logins(served, CONNECTIONS).await?;
    let (mut bare, mut own) = (Series::default(), Series::default());
    // Short rounds, and many, each held against the limit just before and just after it: what a machine gives a core changes by the second.
    for _ in 0..=8 * plan.rounds {
        bare.push(limits::argon2(cost, plan.long_slot)?);
        own.push(drive(&served.server, asks.clone(), plan.long_slot).await?);
    }
    bare.push(limits::argon2(cost, plan.long_slot)?);
    let named = format!("{} MiB, {} passes, 1 lane", cost.memory_kib() / 1024, cost.passes());
    table.limit(&format!("bare Argon2id ({named}), all cores"), &served.on, &bare);
    table.share(&format!("login, {CONNECTIONS} connections ({named})"), &served.on, &own, &bare.between(), 1.0);
    flood(plan, served, &named, table).await
}

async fn logins(served: &Served, count: usize) -> anyhow::Result<Vec<Ask>> {
    let mut asks = Vec::new();
    for email in served.data.logins.iter().cycle().take(count) {
        asks.push(served.login(email).await?);
    }
    Ok(asks)
}

/// A page's latency without and with a full queue of logins, and the most memory the latter takes.
async fn flood(plan: &Plan, served: &Served, named: &str, table: &mut Table) -> anyhow::Result<()> {
    let page = served.user_management("").await?;
    let everybody = logins(served, FLOOD).await?;
    let (process, on) = (&served.server, &served.on);
    let (mut idle, mut flooded) = (Series::default(), Series::default());
    let (mut served_logins, mut turned_away) = (0, 0);
    // Once without being measured: what a connection to the database is asked for the first time takes longer, and while nobody else
    // asks, pages have always the same one.
    tokio::try_join!(pace(process, &page, PAGE_EVERY, plan.page_slot), all_at_once(served, &everybody, plan.page_slot))?;
    settle(served).await?;
    process.forget_peak()?;
    for _ in 0..plan.rounds {
        idle.push(pace(process, &page, PAGE_EVERY, plan.page_slot).await?);
        let (sample, counts) =
            tokio::join!(pace(process, &page, PAGE_EVERY, plan.page_slot), all_at_once(served, &everybody, plan.page_slot));
        flooded.push(sample?);
        let counts = counts?;
        served_logins += counts.0;
        turned_away += counts.1;
        settle(served).await?;
    }
    ensure!(served_logins > 0, "nobody was logged in");
    let (quiet, loud) = (idle.percentile(0.99), flooded.percentile(0.99));
    let both = |series: &Series| format!("p50 {:.1} ms, p99 {:.1} ms", series.percentile(0.5), series.percentile(0.99));
    table.add("*a page every 15 ms, server idle*", on, both(&idle), "the limit".to_owned());
    table.add(
        &format!("the same while {FLOOD} log in at once ({named})"),
        on,
        both(&flooded),
        format!("p99 {:.1} ×", loud / quiet),
    );
    let peak = format!("peak {:.0} MiB", process.peak_mib()?);
    let counts = format!("{served_logins} served, {turned_away} asked to come again");
    table.add(&format!("memory while {FLOOD} log in at once ({named})"), on, peak, counts);
    Ok(())
}

/// Everybody logs in, again and again; who is turned away comes again when told. Answers how many were
/// logged in and how many turned away.
async fn all_at_once(served: &Served, asks: &[Ask], span: Duration) -> anyhow::Result<(usize, usize)> {
    let begun = now();
    let mut people = JoinSet::new();
    for ask in asks.iter().cloned() {
        let mut connection = Connection::open(served.server.address).await?;
        people.spawn(async move {
            let mut counts = (0, 0);
            while begun.elapsed() < span {
                let answer = connection.send(&ask.bytes).await?;
                match answer.status {
                    303 => counts.0 += 1,
                    429 => {
                        counts.1 += 1;
                        let seconds =
                            answer.header("retry-after").and_then(|text| text.parse().ok()).context("no time to come again")?;
                        sleep(Duration::from_secs(seconds).min(span.saturating_sub(begun.elapsed()))).await;
                    }
                    status => anyhow::bail!("a login was answered with {status}"),
                }
            }
            Ok::<_, anyhow::Error>(counts)
        });
    }
    let mut all = (0, 0);
    while let Some(ended) = people.join_next().await {
        let (served, away) = ended??;
        all = (all.0 + served, all.1 + away);
    }
    Ok(all)
}

/// Until the queue is empty again: a login answers at once.
async fn settle(served: &Served) -> anyhow::Result<()> {
    let login = served.login(&served.data.owner).await?;
    let mut connection = Connection::open(served.server.address).await?;
    let quick = async {
        loop {
            let begun = now();
            login.over(&mut connection).await?;
            if begun.elapsed() < Duration::from_millis(300) {
                return Ok(());
            }
        }
    };
    timeout(Duration::from_secs(5), quick).await.context("the queue of logins does not empty")?
}
