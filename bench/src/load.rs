//! Just enough of an HTTP/1.1 client: keep-alive over loopback, so cheap that it hides little.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::measure::{Sample, now};
use crate::server::Server;

/// No answer takes longer: what waits for this is stuck.
const PATIENCE: Duration = Duration::from_secs(15);

/// One connection that is used again and again.
pub(crate) struct Connection {
    stream: TcpStream,
    /// The last answer.
    buffer: Vec<u8>,
}

/// An answer; its body is as it came, in chunks when it came in chunks.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    head: &'a str,
    pub(crate) body: &'a [u8],
}

impl<'a> Answer<'a> {
    pub(crate) fn header(&self, name: &str) -> Option<&'a str> {
        header(self.head, name)
    }

    /// What a cookie is set to.
    pub(crate) fn cookie(&self, wanted: &str) -> Option<&'a str> {
        let headers = self.head.lines().filter_map(|line| line.split_once(": "));
        let set = headers.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        let pairs = set.filter_map(|(_, value)| value.split(';').next()?.split_once('='));
        pairs.filter(|(name, _)| *name == wanted).map(|(_, value)| value).next()
    }
}

fn header<'a>(head: &'a str, wanted: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
        .map(|(_, value)| value)
}

impl Connection {
    pub(crate) async fn open(to: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(128 * 1024) })
    }

    /// Sends a request as it stands and reads the whole answer.
    pub(crate) async fn send(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        let (status, head, end) = timeout(PATIENCE, self.exchange(request)).await.context("no answer")??;
        let text = std::str::from_utf8(self.buffer.get(..head).unwrap_or_default())?;
        Ok(Answer { status, head: text, body: self.buffer.get(head..end).unwrap_or_default() })
    }

    /// The status, and where the head and the body end.
    async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<(u16, usize, usize)> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n", 0) {
                break end + 4;
            }
            self.more().await?;
        };
        let text = std::str::from_utf8(self.buffer.get(..head).unwrap_or_default())?;
        let status = text.get(9..12).context("no status")?.parse()?;
        let length: Option<usize> = header(text, "content-length").map(str::parse).transpose()?;
        let end = match length {
            Some(length) => {
                while self.buffer.len() < head + length {
                    self.more().await?;
                }
                head + length
            }
            None if header(text, "transfer-encoding") == Some("chunked") => self.chunks(head).await?,
            None => head,
        };
        Ok((status, head, end))
    }

    /// Reads chunk by chunk and answers where the last one ends.
    async fn chunks(&mut self, mut at: usize) -> anyhow::Result<usize> {
        loop {
            let line = loop {
                match find(&self.buffer, b"\r\n", at) {
                    Some(end) => break end,
                    None => self.more().await?,
                }
            };
            let size = std::str::from_utf8(self.buffer.get(at..line).unwrap_or_default())?;
            let size = usize::from_str_radix(size, 16)?;
            at = line + 2 + size + 2;
            while self.buffer.len() < at {
                self.more().await?;
            }
            if size == 0 {
                return Ok(at);
            }
        }
    }

    async fn more(&mut self) -> anyhow::Result<()> {
        ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the server has closed the connection");
        Ok(())
    }
}

fn find(bytes: &[u8], wanted: &[u8], from: usize) -> Option<usize> {
    bytes.get(from..)?.windows(wanted.len()).position(|window| window == wanted).map(|at| from + at)
}

/// A request to be sent many times, and the status that it must be answered with.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) status: u16,
}

impl Ask {
    /// A GET with further header lines.
    pub(crate) fn get(path: &str, headers: &str) -> Self {
        Self { bytes: format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n").into_bytes().into(), status: 200 }
    }

    /// The same of a host by its address, as a proxy on the same machine asks.
    pub(crate) fn get_at(host: SocketAddr, path: &str, headers: &str) -> Self {
        Self { bytes: format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n{headers}\r\n").into_bytes().into(), status: 200 }
    }

    /// A call of a program.
    pub(crate) fn json(path: &str, headers: &str, body: &str) -> Self {
        let head = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n");
        let bytes = format!("{head}{headers}content-length: {}\r\n\r\n{body}", body.len());
        Self { bytes: bytes.into_bytes().into(), status: 200 }
    }

    /// A form.
    pub(crate) fn post(path: &str, headers: &str, form: &str) -> Self {
        let head = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\n");
        let bytes = format!("{head}{headers}content-length: {}\r\n\r\n{form}", form.len());
        Self { bytes: bytes.into_bytes().into(), status: 303 }
    }

    /// Sends it once; any other answer is an error.
    pub(crate) async fn over<'a>(&self, connection: &'a mut Connection) -> anyhow::Result<Answer<'a>> {
        let answer = connection.send(&self.bytes).await?;
        if answer.status != self.status {
            let line = String::from_utf8_lossy(&self.bytes).lines().next().unwrap_or_default().to_owned();
            bail!("{line}: answered with {} instead of {}", answer.status, self.status);
        }
        Ok(answer)
    }
}

/// Sends each request again and again over a connection of its own, the next as soon as the last is answered.
pub(crate) async fn drive(server: &Server, asks: Vec<Ask>, span: Duration) -> anyhow::Result<Sample> {
    drive_each(server, asks.into_iter().map(|ask| vec![ask]).collect(), span).await
}

/// The same with several requests for each connection, in turn.
pub(crate) async fn drive_each(server: &Server, asks: Vec<Vec<Ask>>, span: Duration) -> anyhow::Result<Sample> {
    let mut open = Vec::new();
    for asks in asks {
        open.push((Connection::open(server.address).await?, asks));
    }
    let (begun, used) = (now(), server.processor_time()?);
    let mut tasks = JoinSet::new();
    for (mut connection, asks) in open {
        tasks.spawn(async move {
            let mut answers = Vec::new();
            for ask in asks.iter().cycle() {
                if begun.elapsed() >= span {
                    break;
                }
                let sent = now();
                ask.over(&mut connection).await?;
                answers.push((sent.elapsed(), begun.elapsed()));
            }
            Ok::<_, anyhow::Error>(answers)
        });
    }
    let mut answers = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        answers.extend(ended??);
    }
    let processor = server.processor_time()?.saturating_sub(used);
    Ok(Sample { processor, ..Sample::answered(&answers, span) })
}

/// Sends one request after the other with pauses in which the server rests: how long one person waits.
pub(crate) async fn pace(server: &Server, ask: &Ask, every: Duration, span: Duration) -> anyhow::Result<Sample> {
    let mut connection = Connection::open(server.address).await?;
    let mut ticks = tokio::time::interval(every);
    let (begun, mut latencies) = (now(), Vec::new());
    while begun.elapsed() < span {
        ticks.tick().await;
        let sent = now();
        ask.over(&mut connection).await?;
        latencies.push(sent.elapsed());
    }
    Ok(Sample::timed(latencies, begun.elapsed()))
}
