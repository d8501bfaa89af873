//! A mail server that takes everything and keeps it, in the clear or over TLS.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// It runs until the test ends.
pub(crate) struct MailSink {
    address: SocketAddr,
    kept: Kept,
}

/// What it was told.
#[derive(Clone, Default)]
struct Kept {
    mails: Arc<Mutex<Vec<String>>>,
    /// Every command, also of those who gave up.
    commands: Arc<Mutex<String>>,
}

/// From when on it speaks TLS.
#[derive(Clone)]
enum Tls {
    Never,
    Offered(TlsAcceptor),
    Implicit(TlsAcceptor),
}

impl MailSink {
    pub(crate) async fn start() -> Self {
        Self::listen(Tls::Never).await
    }

    pub(crate) async fn with_starttls(acceptor: TlsAcceptor) -> Self {
        Self::listen(Tls::Offered(acceptor)).await
    }

    pub(crate) async fn with_tls(acceptor: TlsAcceptor) -> Self {
        Self::listen(Tls::Implicit(acceptor)).await
    }

    async fn listen(tls: Tls) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let kept = Kept::default();
        let keep = kept.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, tls.clone(), keep.clone()));
            }
        });
        Self { address, kept }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// Every mail so far, header and all.
    pub(crate) fn taken(&self) -> Vec<String> {
        self.kept.mails.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every command so far, one a line.
    pub(crate) fn heard(&self) -> String {
        self.kept.commands.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Talks until the client goes. An error is the client's: it was killed, or does not trust this server.
async fn serve(mut stream: TcpStream, tls: Tls, kept: Kept) -> std::io::Result<()> {
    match tls {
        Tls::Never => talk(&mut stream, true, false, &kept).await.map(drop),
        Tls::Implicit(acceptor) => talk(&mut acceptor.accept(stream).await?, true, false, &kept).await.map(drop),
        Tls::Offered(acceptor) => {
            if talk(&mut stream, true, true, &kept).await? {
                talk(&mut acceptor.accept(stream).await?, false, false, &kept).await?;
            }
            Ok(())
        }
    }
}

/// Whether the client asked for STARTTLS, where it is offered.
async fn talk(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    greet: bool,
    starttls: bool,
    kept: &Kept,
) -> std::io::Result<bool> {
    let mut stream = BufReader::new(stream);
    if greet {
        stream.write_all(b"220 sink.test ESMTP\r\n").await?;
    }
    let mut text = None;
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        let said = std::mem::take(&mut line);
        if text.is_none() {
            kept.commands.lock().unwrap_or_else(PoisonError::into_inner).push_str(&said);
        }
        let answer = match (&mut text, said.trim_end()) {
            (Some(whole), ".") => {
                kept.mails.lock().unwrap_or_else(PoisonError::into_inner).push(std::mem::take(whole));
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
            (None, "STARTTLS") if starttls => {
                stream.write_all(b"220 2.0.0 go ahead\r\n").await?;
                return Ok(true);
            }
            (None, "QUIT") => "221 bye",
            (None, said) if said.starts_with("EHLO") && starttls => "250-sink.test\r\n250 STARTTLS",
            (None, said) if said.starts_with("EHLO") => "250-sink.test\r\n250 AUTH PLAIN",
            (None, said) if said.starts_with("AUTH") => "235 2.7.0 welcome",
            (None, _) => "250 2.0.0 ok",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        stream.flush().await?;
    }
    Ok(false)
}
