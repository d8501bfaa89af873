//! Mail and webhooks over TLS: whoever has a certificate that this machine trusts gets them, anybody else nothing.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::support::binary::{Place, Running, stderr, until};
use crate::support::mail_sink::MailSink;
use crate::support::receiver::Receiver;
use crate::support::tables::texts;
use crate::support::{Actor, PASSWORD};

const CREATE_ADMIN: [&str; 7] =
    ["admin", "create", "--email", "stella@staff.example", "--name", "Stella Staff", "--password-stdin"];

/// A certificate for 127.0.0.1 by an authority of its own, whose certificate is the text.
fn certificate() -> (TlsAcceptor, String) {
    let authority = CertifiedIssuer::self_signed(authority(), KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![own.der().clone()], key).unwrap();
    (TlsAcceptor::from(Arc::new(config)), authority.pem())
}

fn authority() -> CertificateParams {
    let mut authority = CertificateParams::default();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    authority
}

/// A server that trusts the authorities in `trusted`, and its admin.
async fn serve(place: &Place, arguments: &[&str], trusted: &str) -> (Running, Actor) {
    let made = place.run_with(&CREATE_ADMIN, &format!("{PASSWORD}\n")).await;
    assert!(made.status.success(), "{}", stderr(&made));
    assert!(place.run(&["admin", "require-two-factor", "no"]).await.status.success());
    let authorities = place.folder.path().join("authorities.pem");
    std::fs::write(&authorities, trusted).unwrap();
    let mut command = place.command(&[&["serve"], arguments].concat());
    command.env("SSL_CERT_FILE", authorities);
    let server = Running::start(command).await;
    let admin = server.anonymous().log_in_as_admin("stella@staff.example").await;
    (server, admin)
}

/// The same, which hands its mails to `url`: one is queued.
async fn start(place: &Place, url: &str, trusted: &str) -> (Running, Actor) {
    let (server, admin) = serve(place, &["--smtp-url", url], trusted).await;
    let queued = admin.post("/admin/config/mail", &[("to", "olivia@example.com")]).await;
    assert_eq!(queued.outline(), "303 /admin/config/mail (success)");
    (server, admin)
}

async fn arrives(sink: &MailSink, url: &str, authority: &str) {
    let place = Place::sqlite();
    let (server, _admin) = start(&place, url, authority).await;
    let to_olivia = |mail: &String| mail.contains("To: olivia@example.com");
    until("the mail arrives", async || sink.taken().into_iter().find(to_olivia)).await;
    assert!(server.stop().await.0.success());
}

#[tokio::test]
async fn mails_go_over_starttls_to_a_server_that_this_machine_trusts() {
    let (acceptor, authority) = certificate();
    let sink = MailSink::with_starttls(acceptor).await;
    arrives(&sink, &format!("smtp://me:s3cret@{}?tls=required", sink.address()), &authority).await;
}

#[tokio::test]
async fn mails_go_over_tls_from_the_first_byte() {
    let (acceptor, authority) = certificate();
    let sink = MailSink::with_tls(acceptor).await;
    arrives(&sink, &format!("smtps://me:s3cret@{}", sink.address()), &authority).await;
}

/// The mail waits, with words that say why, and neither it nor the password was said in the clear.
async fn waits(sink: &MailSink, url: &str, trusted: &str) {
    let place = Place::sqlite();
    let (server, admin) = start(&place, url, trusted).await;
    until("the try failed", async || {
        let tries = texts(&place.location(), "select last_answer from mails where attempts > 0").await;
        tries.first().cloned().filter(|answer| !answer.is_empty())
    })
    .await;
    assert!(sink.taken().is_empty());
    assert!(!sink.heard().contains("AUTH") && !sink.heard().contains("MAIL FROM"), "{}", sink.heard());
    assert_eq!(admin.get("/admin/config/mail").await.status, 200);
    assert!(!server.logged().contains("s3cret"), "{}", server.logged());
    assert!(server.stop().await.0.success());
}

#[tokio::test]
async fn v12_2_1_a_mail_server_with_an_unknown_certificate_gets_nothing() {
    let ((acceptor, _), (_, other)) = (certificate(), certificate());
    let sink = MailSink::with_starttls(acceptor).await;
    waits(&sink, &format!("smtp://me:s3cret@{}?tls=required", sink.address()), &other).await;
    let (acceptor, _) = certificate();
    let sink = MailSink::with_tls(acceptor).await;
    waits(&sink, &format!("smtps://me:s3cret@{}", sink.address()), &other).await;
}

#[tokio::test]
async fn v12_2_1_a_mail_server_without_the_starttls_that_is_required_gets_nothing() {
    let sink = MailSink::start().await;
    let address: SocketAddr = sink.address();
    waits(&sink, &format!("smtp://me:s3cret@{address}?tls=required"), &certificate().1).await;
}

/// Speaks TLS for a receiver.
async fn before(receiver: SocketAddr, acceptor: TlsAcceptor) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut client) = acceptor.accept(stream).await else { return };
                let mut server = TcpStream::connect(receiver).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    address
}

/// A server with a webhook at a receiver whose certificate is of an authority, after **Send Test**.
async fn tested(place: &Place, receiver: &Receiver, acceptor: TlsAcceptor, trusted: &str) -> Running {
    let at = before(receiver.address, acceptor).await;
    let (server, admin) = serve(place, &["--webhook-allow", "127.0.0.0/8"], trusted).await;
    let made = admin.post("/admin/config/webhooks", &[("url", &format!("https://{at}/in"))]).await;
    assert_eq!(made.status, 200, "{}", made.text());
    assert_eq!(admin.press("/admin/config/webhooks/1/test").await.outline(), "303 /admin/config/webhooks/1 (success)");
    server
}

/// An authority of the operator's own is trusted as soon as the machine trusts it, here by `SSL_CERT_FILE`.
#[tokio::test]
async fn webhooks_go_over_tls_to_whom_this_machine_trusts() {
    let ((acceptor, authority), place) = (certificate(), Place::sqlite());
    let receiver = Receiver::start(&[]).await;
    let server = tested(&place, &receiver, acceptor, &authority).await;
    let got =
        until("the message arrives", async || receiver.got().into_iter().find(|got| got.body.contains("webhook.test"))).await;
    assert_eq!(got.line, "POST /in HTTP/1.1", "{got:?}");
    assert!(server.stop().await.0.success());
}

#[tokio::test]
async fn v12_2_1_a_webhook_with_an_unknown_certificate_gets_nothing() {
    let ((acceptor, _), (_, other), place) = (certificate(), certificate(), Place::sqlite());
    let receiver = Receiver::start(&[]).await;
    let server = tested(&place, &receiver, acceptor, &other).await;
    let error =
        until("the try failed", async || texts(&place.location(), "select error from webhook_attempts").await.pop()).await;
    assert!(error.starts_with("no secure connection"), "{error}");
    assert!(receiver.got().is_empty());
    assert!(server.stop().await.0.success());
}
