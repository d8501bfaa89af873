//! Just enough of an HTTP client: one connection per request, every byte under the test's control.

use std::fmt::Write;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request as it goes over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) method: String,
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Ask {
    pub(crate) fn new(method: &str, path: &str) -> Self {
        Self { method: method.to_owned(), path: path.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    /// Sets a header, in place of one of the same name.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn body(mut self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.with("content-type", media_type)
    }

    pub(crate) fn form(self, fields: &[(&str, &str)]) -> Self {
        self.body("application/x-www-form-urlencoded", encoded(fields))
    }

    fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    /// Sends it and reads the whole answer. A server that cuts the connection is an error of the connection.
    pub(crate) async fn send(&self, to: SocketAddr) -> std::io::Result<Answer> {
        let mut stream = TcpStream::connect(to).await?;
        self.write(&mut stream, to).await?;
        self.answer(&mut stream).await
    }

    async fn answer(&self, stream: &mut TcpStream) -> std::io::Result<Answer> {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await?;
        Answer::read(&bytes).ok_or_else(|| std::io::Error::other(format!("{} {}: no whole answer", self.method, self.path)))
    }

    /// Sends all but the last byte, and that one when something else has been done.
    pub(crate) async fn send_around(&self, to: SocketAddr, done: impl Future<Output = ()>) -> std::io::Result<Answer> {
        let mut stream = TcpStream::connect(to).await?;
        let request = self.bytes(to);
        let (last, first) = request.split_last().ok_or(std::io::ErrorKind::InvalidInput)?;
        stream.write_all(first).await?;
        // Nothing tells that the server has read that far.
        tokio::time::sleep(Duration::from_millis(200)).await;
        done.await;
        stream.write_all(&[*last]).await?;
        self.answer(&mut stream).await
    }

    /// Sends it through a connection on which the answer is to be read slowly.
    pub(crate) async fn write(&self, stream: &mut TcpStream, to: SocketAddr) -> std::io::Result<()> {
        stream.write_all(&self.bytes(to)).await
    }

    fn bytes(&self, to: SocketAddr) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nconnection: close\r\n", self.method, self.path);
        if !self.has("host") {
            let _ = write!(head, "host: {to}\r\n");
        }
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        let _ = write!(head, "content-length: {}\r\n\r\n", self.body.len());
        [head.as_bytes(), &self.body].concat()
    }
}

/// Fields as a browser encodes them.
pub(crate) fn encoded(fields: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| format!("{}={}", percent(name), percent(value));
    fields.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// Everything but letters and digits as `%XX`.
pub(crate) fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    fn read(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(bytes.get(..end)?).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
        let mut answer = Self { status, headers, body: bytes.get(end + 4..)?.to_vec() };
        if answer.header("transfer-encoding") == Some("chunked") {
            answer.body = unchunked(&answer.body)?;
        }
        Some(answer)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn cookies(&self) -> Vec<&str> {
        self.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, value)| value.as_str()).collect()
    }

    /// The value that a cookie is set to.
    pub(crate) fn cookie(&self, wanted: &str) -> Option<&str> {
        let pairs = self.cookies().into_iter().filter_map(|cookie| cookie.split(';').next()?.split_once('='));
        pairs.filter(|(name, _)| *name == wanted).map(|(_, value)| value).next_back()
    }

    pub(crate) fn location(&self) -> Option<&str> {
        self.header("location")
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// What a stranger can tell from a page: all of it but what was typed, and the token that every page has of its own.
    pub(crate) fn told(&self, typed: &str) -> String {
        let text = self.text().replace(typed, "TYPED");
        self.csrf().map_or_else(|| text.clone(), |token| text.replace(&token, "TOKEN"))
    }

    pub(crate) fn is_html(&self) -> bool {
        self.header("content-type").is_some_and(|value| value == "text/html; charset=utf-8")
    }

    /// The message that the next page will show: its mood and its text.
    pub(crate) fn flash(&self) -> Option<(String, String)> {
        use base64::Engine;
        let value = self.cookie("latchkey_flash").or_else(|| self.cookie("__Host-latchkey_flash"))?;
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(value).ok()?;
        let flash: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
        Some((flash.get("kind")?.as_str()?.to_owned(), flash.get("text")?.as_str()?.to_owned()))
    }

    /// Status, where it leads, and whether the message there is good news.
    pub(crate) fn outline(&self) -> String {
        let mut text = self.status.to_string();
        if let Some(location) = self.location() {
            let _ = write!(text, " {location}");
        }
        if let Some((mood, _)) = self.flash() {
            let _ = write!(text, " ({mood})");
        }
        text
    }

    /// The hidden field that every form carries.
    pub(crate) fn csrf(&self) -> Option<String> {
        let (_, rest) = self.text().split_once("name=\"csrf\" value=\"").map(|(before, rest)| (before.len(), rest.to_owned()))?;
        rest.split('"').next().map(str::to_owned)
    }
}

fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(rest.get(..end)?).ok()?.split(';').next()?, 16).ok()?;
        if size == 0 {
            return Some(whole);
        }
        whole.extend(rest.get(end + 2..end + 2 + size)?);
        rest = rest.get(end + 2 + size + 2..)?;
    }
}
