//! How fast Latchkey is, as shares of what the machine can do at all: see `bench/README.md`.
//!
//! Every figure stands beside a bare limit that is measured in the same rounds of the same run, so
//! that what slows the whole machine down slows both and leaves their ratio alone.

mod crowd;
mod data;
mod limits;
mod load;
mod measure;
mod report;
mod scenario;
mod server;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use clap::{Parser, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};

use latchkey_core::password::HashCost;
use measure::Plan;
use report::Table;
use server::{Server, Store};

/// As in the server: threads that wait for the database or compute a hash.
const MAX_BLOCKING_THREADS: usize = 64;

/// OWASP's least, beside the default.
const CHEAPER: &str = "m=19456,t=2";

/// A run that takes longer than this is given up.
const LONGEST: Duration = Duration::from_mins(45);

/// Measures Latchkey against bare limits and prints a table.
#[derive(Parser)]
struct Arguments {
    /// Fewer and shorter rounds: for a first look.
    #[arg(long)]
    quick: bool,
    /// Puts the table between the markers of this file.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Only these parts; all by default.
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    only: Vec<Part>,
    /// The server to measure; by default the one beside this program.
    #[arg(long, value_name = "FILE")]
    latchkey: Option<PathBuf>,
    /// A private PostgreSQL with fsync on; without it only SQLite is measured.
    #[arg(long, env = "LATCHKEY_TEST_POSTGRES", value_name = "URL", hide_env_values = true)]
    postgres: Option<String>,
    /// Serves the bare limit for HTTP instead of measuring.
    #[arg(long, hide = true)]
    constant: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Permission,
    Pages,
    Login,
    Invite,
    Start,
    Machines,
    Webhooks,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().max_blocking_threads(MAX_BLOCKING_THREADS).build();
    let result = runtime.map_err(anyhow::Error::from).and_then(|runtime| {
        let result = runtime.block_on(bounded(arguments));
        runtime.shutdown_timeout(Duration::from_secs(1));
        result
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("latchkey-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Ends in time and on a signal; the servers that were started end with what holds them.
async fn bounded(arguments: Arguments) -> anyhow::Result<()> {
    if arguments.constant {
        return limits::serve_constant().await;
    }
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        result = run(arguments) => result,
        () = tokio::time::sleep(LONGEST) => bail!("not done after {} minutes", LONGEST.as_secs() / 60),
        _ = terminated.recv() => bail!("stopped"),
        _ = tokio::signal::ctrl_c() => bail!("stopped"),
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let latchkey = match arguments.latchkey {
        Some(path) => path,
        None => std::env::current_exe()?.with_file_name("latchkey"),
    };
    ensure!(latchkey.is_file(), "{} is missing; scripts/bench builds it", latchkey.display());
    let plan = if arguments.quick { Plan::QUICK } else { Plan::FULL };
    let asked = |part| arguments.only.is_empty() || arguments.only.contains(&part);
    report::warn_when_busy();
    let stores: Vec<Store> = [Some(Store::Sqlite), arguments.postgres.map(Store::Postgres)].into_iter().flatten().collect();
    let mut table = Table::default();
    let begun = measure::now();
    for store in &stores {
        eprintln!("{store}");
        if asked(Part::Permission) {
            scenario::permission::run(&plan, store, &mut table).await.context("permission look-up")?;
        }
        if asked(Part::Invite) {
            scenario::invite::run(&plan, store, &mut table).await.context("invite and accept")?;
        }
        if asked(Part::Start) {
            scenario::start::run(&plan, store, &latchkey, &mut table).await.context("start-up")?;
        }
        if asked(Part::Pages) || asked(Part::Login) {
            let constant = Server::constant().await.context("the constant route")?;
            let cost = HashCost::default();
            let mut served = scenario::Served::start(store, &latchkey, cost).await.context("the server with its data")?;
            scenario::memory::idle(&served, &constant, &mut table)?;
            if asked(Part::Pages) {
                scenario::pages::run(&plan, &served, &constant, &mut table).await.context("pages")?;
            }
            if asked(Part::Login) {
                scenario::login::run(&plan, &served, cost, &mut table).await.context("logins")?;
            }
            scenario::memory::loaded(&served, &mut table).await?;
            served.server.stop().await?;
        }
        if asked(Part::Login) {
            let mut served =
                scenario::Served::start(store, &latchkey, CHEAPER.parse()?).await.context("the server with cheaper hashes")?;
            scenario::login::run(&plan, &served, CHEAPER.parse()?, &mut table).await.context("logins with cheaper hashes")?;
            served.server.stop().await?;
        }
        if asked(Part::Machines) {
            let constant = Server::constant().await.context("the constant route")?;
            let mut served = scenario::Served::in_crowd(store, &latchkey).await.context("the server with a crowd")?;
            scenario::machines::run(&plan, &served, &constant, &mut table).await.context("programs")?;
            served.server.stop().await?;
        }
        if asked(Part::Webhooks) {
            scenario::webhooks::run(store, &latchkey, &mut table).await.context("webhooks")?;
        }
    }
    eprintln!("measured in {} s", begun.elapsed().as_secs());
    let text = report::document(&table, arguments.quick);
    println!("{text}");
    match arguments.write {
        Some(file) => report::write_between_markers(&file, &text),
        None => Ok(()),
    }
}
