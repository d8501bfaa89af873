//! Servers as child processes, the folders and databases they work on, and the memory they take.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use latchkey_core::db::Location;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;
use tokio_postgres::NoTls;

use crate::load::{Ask, Connection};
use crate::measure::now;

/// How long a server may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(20);

/// One of the two databases.
pub(crate) enum Store {
    Sqlite,
    /// By the URL of its first database.
    Postgres(String),
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        })
    }
}

/// A data folder of its own with a database of its own. Both go away with it: PostgreSQL would look after one that is done
/// with while the next thing is measured.
pub(crate) struct Site {
    pub(crate) folder: PathBuf,
    pub(crate) location: Location,
    /// Where a database of PostgreSQL is dropped, and its name.
    database: Option<(String, String)>,
}

static NUMBER: AtomicU32 = AtomicU32::new(0);

impl Site {
    /// A new folder and an empty database.
    pub(crate) async fn fresh(store: &Store) -> anyhow::Result<Self> {
        let name = format!("latchkey_bench_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(&name);
        std::fs::create_dir(&folder).with_context(|| format!("the folder {}", folder.display()))?;
        let mut site = Self { location: Location::Sqlite(folder.join("latchkey.db")), folder, database: None };
        if let Store::Postgres(url) = store {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await.context("PostgreSQL")?;
            tokio::spawn(connection);
            client.batch_execute(&format!("create database {name}")).await?;
            let (server, _) = url.rsplit_once('/').context("the URL names no database")?;
            site.location = Location::Postgres(format!("{server}/{name}"));
            site.database = Some((url.clone(), name));
        }
        Ok(site)
    }
}

fn drop_database(url: &str, name: &str) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        Ok(client.batch_execute(&format!("drop database {name} with (force)")).await?)
    })
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
        if let Some((url, name)) = self.database.take() {
            // On a thread of its own, since this one may drive the runtime already. What is left goes with the private server.
            let _ = std::thread::spawn(move || drop_database(&url, &name)).join();
        }
    }
}

/// A running server. It is killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    /// Held open: a server whose words nobody can hear would stumble over them.
    _words: Lines<BufReader<ChildStdout>>,
    pub(crate) address: SocketAddr,
    /// From the start of the process to the first 200 on `/readyz`.
    pub(crate) ready_after: Duration,
}

impl Server {
    /// Latchkey on a site.
    pub(crate) async fn latchkey(binary: &Path, site: &Site) -> anyhow::Result<Self> {
        Self::latchkey_with(binary, site, &[]).await
    }

    /// The same, with further options.
    pub(crate) async fn latchkey_with(binary: &Path, site: &Site, options: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new(binary);
        command
            .arg("serve")
            .args(["--listen", "127.0.0.1:0", "--log", "warn", "--webhook-allow", "127.0.0.0/8", "--data-dir"])
            .arg(&site.folder)
            .args(options);
        if let Location::Postgres(url) = &site.location {
            command.args(["--database-url", url]);
        }
        Self::start(command.current_dir(&site.folder)).await
    }

    /// The bare limit for HTTP: this program, answering a constant.
    pub(crate) async fn constant() -> anyhow::Result<Self> {
        Self::start(Command::new(std::env::current_exe()?).arg("--constant")).await
    }

    async fn start(command: &mut Command) -> anyhow::Result<Self> {
        let begun = now();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let mut words = BufReader::new(child.stdout.take().context("no output")?).lines();
        let line = timeout(PATIENCE, words.next_line()).await.context("the server says nothing")??;
        let line = line.context("the server ended")?;
        let address = line.split_once("http://").and_then(|(_, rest)| rest.split_whitespace().next()?.parse().ok());
        let address = address.with_context(|| format!("no address in {line:?}"))?;
        Ask::get("/readyz", "").over(&mut Connection::open(address).await?).await?;
        Ok(Self { child, _words: words, address, ready_after: begun.elapsed() })
    }

    /// Asks it to end, as a supervisor does, and waits for it.
    pub(crate) async fn stop(&mut self) -> anyhow::Result<()> {
        let asked = Command::new("kill").args(["-TERM", &self.pid()?.to_string()]).status().await?;
        ensure!(asked.success(), "the server cannot be stopped");
        timeout(PATIENCE, self.child.wait()).await.context("the server does not stop")??;
        Ok(())
    }

    fn pid(&self) -> anyhow::Result<u32> {
        self.child.id().context("the server has ended")
    }

    /// Resident memory now, in MiB.
    pub(crate) fn resident_mib(&self) -> anyhow::Result<f64> {
        self.status("VmRSS:")
    }

    /// The most memory that was resident since the start or since [`Server::forget_peak`], in MiB.
    pub(crate) fn peak_mib(&self) -> anyhow::Result<f64> {
        self.status("VmHWM:")
    }

    pub(crate) fn forget_peak(&self) -> anyhow::Result<()> {
        std::fs::write(format!("/proc/{}/clear_refs", self.pid()?), "5").context("the peak of memory")
    }

    /// Processor time that it has used so far.
    pub(crate) fn processor_time(&self) -> anyhow::Result<Duration> {
        /// Linux counts in hundredths of a second, whatever its clock does.
        const TICK: Duration = Duration::from_millis(10);
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.pid()?))?;
        let (_, fields) = text.rsplit_once(')').context("no fields")?;
        let ticks: Vec<u32> = fields.split_whitespace().skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
        Ok(TICK * ticks.iter().sum())
    }

    fn status(&self, field: &str) -> anyhow::Result<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.pid()?))?;
        let line = text.lines().find_map(|line| line.strip_prefix(field)).context("no such field")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib / 1024.0)
    }
}
