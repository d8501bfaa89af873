//! From the start of the process to the first 200 on `/readyz`.

use std::path::Path;

use crate::measure::{Plan, Spread};
use crate::report::Table;
use crate::server::{Server, Site, Store};

pub(crate) async fn run(plan: &Plan, store: &Store, latchkey: &Path, table: &mut Table) -> anyhow::Result<()> {
    let (mut bare, mut fresh, mut existing) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        bare.push(millis(&Server::constant().await?));
        let site = Site::fresh(store).await?;
        for times in [&mut fresh, &mut existing] {
            let mut server = Server::latchkey(latchkey, &site).await?;
            times.push(millis(&server));
            server.stop().await?;
        }
    }
    let on = store.to_string();
    let spread = |times: &[f64]| Spread::of(times.iter().copied());
    let limit = spread(&bare);
    table.add("*start of the bare axum route*", &on, shown(limit), "the limit".to_owned());
    for (what, times) in [("start to `/readyz`, fresh folder", fresh), ("start to `/readyz`, existing folder", existing)] {
        let ratio = Spread::of(times.iter().zip(&bare).map(|(own, bare)| own / bare));
        table.add(what, &on, shown(spread(&times)), format!("{:.1} × ({:.1}–{:.1})", ratio.median, ratio.min, ratio.max));
    }
    Ok(())
}

fn millis(server: &Server) -> f64 {
    server.ready_after.as_secs_f64() * 1000.0
}

fn shown(Spread { median, min, max }: Spread) -> String {
    format!("{median:.0} ms ({min:.0}–{max:.0})")
}
