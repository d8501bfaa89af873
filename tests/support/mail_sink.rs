//! A mail server that takes everything and keeps it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// It runs until the test ends.
pub(crate) struct MailSink {
    port: u16,
    taken: Arc<Mutex<Vec<String>>>,
}

impl MailSink {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&taken);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream, Arc::clone(&kept)));
            }
        });
        Self { port, taken }
    }

    pub(crate) fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Every mail so far, header and all.
    pub(crate) fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Talks until the client goes. An error is the client's: it was killed.
async fn talk(stream: TcpStream, kept: Arc<Mutex<Vec<String>>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 sink.test ESMTP\r\n").await?;
    let mut text = None;
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        let said = std::mem::take(&mut line);
        let answer = match (&mut text, said.trim_end()) {
            (Some(whole), ".") => {
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(std::mem::take(whole));
                text = None;
                "250 2.0.0 kept"
            }
            (Some(whole), _) => {
                whole.push_str(said.strip_prefix('.').unwrap_or(&said));
                continue;
            }
            (None, "DATA") => {
                text = Some(String::new());
                "354 go ahead"
            }
            (None, "QUIT") => "221 bye",
            (None, said) if said.starts_with("EHLO") => "250-sink.test\r\n250 AUTH PLAIN",
            (None, said) if said.starts_with("AUTH") => "235 2.7.0 welcome",
            (None, _) => "250 2.0.0 ok",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}
