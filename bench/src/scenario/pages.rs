//! Pages and assets over HTTP, as a browser asks for them.

use super::{CONNECTIONS, Served};
use crate::data::MEMBERS;
use crate::load::{Ask, drive};
use crate::measure::{Plan, Series};
use crate::report::Table;
use crate::server::Server;

/// As browsers ask.
const GZIP: &str = "accept-encoding: gzip\r\n";

pub(crate) async fn run(plan: &Plan, served: &Served, constant: &Server, table: &mut Table) -> anyhow::Result<()> {
    let bare = (constant, Ask::get("/", ""));
    let own = [
        ("style sheet, gzip".to_owned(), Ask::get("/assets/css/components.css", GZIP)),
        ("**Login** page".to_owned(), Ask::get("/login", "")),
        (format!("**User Management**, {MEMBERS} members"), served.user_management("").await?),
        (format!("**User Management**, {MEMBERS} members, gzip"), served.user_management(GZIP).await?),
    ];
    let mut limit = Series::default();
    let mut figures: Vec<Series> = own.iter().map(|_| Series::default()).collect();
    for _ in 0..plan.rounds {
        limit.push(drive(bare.0, vec![bare.1.clone(); CONNECTIONS], plan.slot).await?);
        for ((_, ask), series) in own.iter().zip(&mut figures) {
            series.push(drive(&served.server, vec![ask.clone(); CONNECTIONS], plan.slot).await?);
        }
    }
    table.limit(&named("bare axum route with a constant", &limit), &served.on, &limit);
    for ((what, _), series) in own.iter().zip(&figures) {
        table.share(&named(what, series), &served.on, series, &limit, 1.0);
    }
    Ok(())
}

pub(super) fn named(what: &str, series: &Series) -> String {
    let (half, most, processor) = (series.percentile(0.5), series.percentile(0.99), series.processor_time());
    format!("{what} (p50 {half:.1} ms, p99 {most:.1} ms, {processor:.2} ms of processor time)")
}
