//! The Latchkey server: people and the client accounts they may enter.

mod audit;
mod cli;
mod commands;
mod config;
mod demo;
mod health;
mod key;
mod listen;
mod open;
mod serve;
mod unread;

use std::process::ExitCode;

use clap::Parser;

/// Threads that wait for the database or compute a hash. Who needs a connection waits on a semaphore,
/// so more of them would only cost memory.
const MAX_BLOCKING_THREADS: usize = 64;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().max_blocking_threads(MAX_BLOCKING_THREADS).build();
    let result = runtime.map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(commands::run(cli)));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One clear line, with the causes in it.
            eprintln!("latchkey: {}", format!("{error:#}").replace('\n', " "));
            ExitCode::FAILURE
        }
    }
}
