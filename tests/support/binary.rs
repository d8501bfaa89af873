//! The real binary in a folder of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use latchkey_core::db::Location;
use latchkey_core::testing::TestApp;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

use super::Actor;

/// How long a test waits for what must happen. Long, since a busy machine is no failure.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A folder that goes away with the test.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name = format!("latchkey_binary_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Where an installation is: its folder, and its database when that is not in there.
pub(crate) struct Place {
    pub(crate) folder: Folder,
    database_url: Option<String>,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        Self { folder: Folder::new(), database_url: None }
    }

    pub(crate) async fn postgres() -> Self {
        let Location::Postgres(url) = TestApp::postgres().await.location else { panic!("not a PostgreSQL database") };
        Self { folder: Folder::new(), database_url: Some(url) }
    }

    pub(crate) fn location(&self) -> Location {
        match &self.database_url {
            Some(url) => Location::Postgres(url.clone()),
            None => Location::Sqlite(self.folder.path().join("data/latchkey.db")),
        }
    }

    /// The binary with this place's settings in its environment and nothing else of ours.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
        command.args(arguments).current_dir(self.folder.path()).env_clear().env("LATCHKEY_DATA_DIR", "data").kill_on_drop(true);
        command.env("LATCHKEY_LISTEN", "127.0.0.1:0");
        if let Some(url) = &self.database_url {
            command.env("LATCHKEY_DATABASE_URL", url);
        }
        command
    }

    /// Runs a sub-command to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(arguments, "").await
    }

    /// The same with something on standard input.
    pub(crate) async fn run_with(&self, arguments: &[&str], input: &str) -> Output {
        finish(self.command(arguments), input).await
    }

    pub(crate) async fn serve(&self, arguments: &[&str]) -> Running {
        Running::start(self.command(&[&["serve"], arguments].concat())).await
    }
}

/// Runs a command to its end.
pub(crate) async fn finish(mut command: Command, input: &str) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Whoever does not read its input may end before it is written.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes()).await;
    tokio::time::timeout(PATIENCE, child.wait_with_output()).await.expect("the command comes to an end").unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

type Lines = Arc<Mutex<Vec<String>>>;

/// A server that runs.
pub(crate) struct Running {
    child: Child,
    pub(crate) address: SocketAddr,
    out: Lines,
    log: Lines,
}

fn collect(stream: impl AsyncRead + Unpin + Send + 'static) -> Lines {
    let lines = Lines::default();
    let kept = Arc::clone(&lines);
    tokio::spawn(async move {
        let mut reader = BufReader::new(stream).lines();
        while let Ok(Some(line)) = reader.next_line().await {
            kept.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    });
    lines
}

fn text(lines: &Lines) -> String {
    lines.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
}

/// Asks again and again until there is an answer.
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let found = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(found) = ask().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    found.await.unwrap_or_else(|_| panic!("waited in vain: {what}"))
}

impl Running {
    pub(crate) async fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = collect(child.stdout.take().unwrap());
        let log = collect(child.stderr.take().unwrap());
        let address = until("the server says where it is", async || {
            if let Ok(Some(status)) = child.try_wait() {
                panic!("the server has ended with {status}: {}", text(&log));
            }
            let text = text(&out);
            let (_, rest) = text.split_once("(Admin Area: http")?;
            rest.split_once("://")?.1.split_once('/')?.0.parse().ok()
        });
        let address = address.await;
        Self { child, address, out, log }
    }

    /// What it has printed.
    pub(crate) fn printed(&self) -> String {
        text(&self.out)
    }

    /// What it has logged.
    pub(crate) fn logged(&self) -> String {
        text(&self.log)
    }

    pub(crate) fn anonymous(&self) -> Actor {
        Actor::anonymous(self.address)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// kill −9, at once.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// SIGTERM; its status and all that it has logged.
    pub(crate) async fn stop(mut self) -> (std::process::ExitStatus, String) {
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("the server stops").unwrap();
        (status, text(&self.log))
    }
}
