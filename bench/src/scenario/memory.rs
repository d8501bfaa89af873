//! Resident memory of the server, before and after what was measured.

use std::time::Duration;

use tokio::time::sleep;

use super::Served;
use crate::report::Table;
use crate::server::Server;

pub(crate) fn idle(served: &Served, constant: &Server, table: &mut Table) -> anyhow::Result<()> {
    let (own, bare) = (served.server.resident_mib()?, constant.resident_mib()?);
    table.add("*memory of the bare axum route, idle*", &served.on, format!("{bare:.0} MiB"), "the limit".to_owned());
    table.add("memory, idle after the start", &served.on, format!("{own:.0} MiB"), format!("{:.1} ×", own / bare));
    Ok(())
}

/// After the quiet in which the server gives back what hashes took.
pub(crate) async fn loaded(served: &Served, table: &mut Table) -> anyhow::Result<()> {
    sleep(Duration::from_secs(15)).await;
    table.add(
        "memory, 15 seconds after the load",
        &served.on,
        format!("{:.0} MiB", served.server.resident_mib()?),
        String::new(),
    );
    Ok(())
}
