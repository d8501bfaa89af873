//! A mail server on 127.0.0.1 that does what a script says and tells what it saw.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

/// How long a test waits for what must happen. Long, since a busy machine is no failure.
const PATIENCE: Duration = Duration::from_mins(1);

/// What the server does in the course of one connection; otherwise it takes everything.
#[derive(Clone)]
pub(crate) enum Script {
    /// Takes the mail.
    Take,
    /// Answers this step with these words.
    Say(&'static str, &'static str),
    /// Closes the connection instead of answering this step.
    Close(&'static str),
    /// Never answers this step.
    KeepSilent(&'static str),
    /// Answers this step after a signal.
    Wait(&'static str, Arc<Notify>),
}

/// What the server saw.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It came to the step of its script.
    Step(&'static str),
    /// It took a mail and said so.
    Taken(Received),
}

/// A mail that the server took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) text: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> String {
        let (header, _) = self.text.split_once("\r\n\r\n").expect("a mail has a header");
        let mut lines = header.split("\r\n").filter_map(|line| line.split_once(": "));
        lines.find(|(found, _)| *found == name).map(|(_, value)| value.to_owned()).unwrap_or_default()
    }
}

pub(crate) struct MailServer {
    pub(crate) port: u16,
    pub(crate) commands: Arc<Mutex<Vec<String>>>,
    seen: mpsc::UnboundedReceiver<Seen>,
}

/// A port at which nobody listens yet.
pub(crate) struct Down(TcpSocket);

impl Down {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self(socket)
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    pub(crate) fn start(self) -> MailServer {
        MailServer::run(self.0.listen(64).unwrap(), Vec::new())
    }
}

impl MailServer {
    /// A server that does this with its first connections and takes everything from then on.
    pub(crate) fn start(scripts: impl IntoIterator<Item = Script>) -> Self {
        Self::run(Down::new().0.listen(64).unwrap(), scripts.into_iter().collect())
    }

    fn run(listener: TcpListener, scripts: Vec<Script>) -> Self {
        let port = listener.local_addr().unwrap().port();
        let (tell, seen) = mpsc::unbounded_channel();
        let commands = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&commands);
        let mut scripts: VecDeque<Script> = scripts.into();
        tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                let script = scripts.pop_front().unwrap_or(Script::Take);
                let talk = Talk { stream: BufReader::new(stream), script, tell: tell.clone(), commands: Arc::clone(&noted) };
                tokio::spawn(talk.hold());
            }
        });
        Self { port, commands, seen }
    }

    /// What the server saw next.
    pub(crate) async fn next(&mut self) -> Seen {
        timeout(PATIENCE, self.seen.recv()).await.expect("the mail server sees nothing").expect("the mail server runs")
    }

    /// The mail that the server takes next.
    pub(crate) async fn mail(&mut self) -> Received {
        loop {
            if let Seen::Taken(received) = self.next().await {
                return received;
            }
        }
    }

    /// What the server has seen beyond what the test has looked at.
    pub(crate) fn rest(&mut self) -> Vec<Seen> {
        std::iter::from_fn(|| self.seen.try_recv().ok()).collect()
    }
}

struct Talk {
    stream: BufReader<TcpStream>,
    script: Script,
    tell: mpsc::UnboundedSender<Seen>,
    commands: Arc<Mutex<Vec<String>>>,
}

impl Talk {
    /// Talks until either side closes the connection.
    async fn hold(mut self) -> Option<()> {
        let mut mail = Received { from: String::new(), to: Vec::new(), text: String::new() };
        self.answer("CONNECT", "220 mail.test ESMTP").await?;
        loop {
            let line = self.line().await?;
            self.commands.lock().unwrap().push(line.clone());
            let (verb, argument) = line.split_once([' ', ':']).unwrap_or((&line, ""));
            match verb {
                "EHLO" => self.answer("EHLO", "250-mail.test\r\n250-AUTH PLAIN\r\n250 ENHANCEDSTATUSCODES").await?,
                "AUTH" => self.answer("AUTH", "235 2.7.0 welcome").await?,
                "MAIL" => {
                    argument.clone_into(&mut mail.from);
                    self.answer("MAIL", "250 2.1.0 ok").await?;
                }
                "RCPT" => {
                    mail.to.push(argument.to_owned());
                    self.answer("RCPT", "250 2.1.5 ok").await?;
                }
                "DATA" => {
                    self.answer("DATA", "354 go ahead").await?;
                    mail.text = self.text().await?;
                    self.answer(".", "250 2.0.0 queued as 4711").await?;
                    let _ = self.tell.send(Seen::Taken(mail.clone()));
                }
                "QUIT" => {
                    self.write("221 bye").await?;
                    return None;
                }
                _ => self.write("500 what?").await?,
            }
        }
    }

    /// Answers a step as the script says. Words of refusal end the talk at this step.
    async fn answer(&mut self, step: &'static str, ordinary: &str) -> Option<()> {
        match self.script.clone() {
            Script::Say(at, words) if at == step => {
                self.write(words).await?;
                let _ = self.tell.send(Seen::Step(step));
                // Whatever comes after a refusal: its farewell.
                let farewell = self.line().await?;
                self.commands.lock().unwrap().push(farewell);
                None
            }
            Script::Close(at) if at == step => {
                let _ = self.tell.send(Seen::Step(step));
                None
            }
            Script::KeepSilent(at) if at == step => {
                let _ = self.tell.send(Seen::Step(step));
                while self.line().await.is_some() {}
                None
            }
            Script::Wait(at, signal) if at == step => {
                let _ = self.tell.send(Seen::Step(step));
                signal.notified().await;
                self.write(ordinary).await
            }
            _ => self.write(ordinary).await,
        }
    }

    async fn write(&mut self, words: &str) -> Option<()> {
        self.stream.write_all(format!("{words}\r\n").as_bytes()).await.ok()
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        match self.stream.read_until(b'\n', &mut line).await {
            Ok(read) if read > 0 => Some(String::from_utf8_lossy(&line).trim_end_matches("\r\n").to_owned()),
            _ => None,
        }
    }

    /// The text up to the line with a dot, with the dots that transport had put in taken out.
    async fn text(&mut self) -> Option<String> {
        let mut text = String::new();
        loop {
            let line = self.line().await?;
            if line == "." {
                return Some(text);
            }
            text.push_str(line.strip_prefix('.').unwrap_or(&line));
            text.push_str("\r\n");
        }
    }
}
