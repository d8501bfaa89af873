//! What happens when something else fails: the database is away, or busy, and what the log may hold.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use latchkey_core::db::Location;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

use crate::support::binary::{Place, Running, finish, stderr, until};
use crate::support::mail_sink::MailSink;
use crate::support::tables::texts;
use crate::support::{Actor, Ask, PASSWORD};

/// A cable to PostgreSQL that can be pulled.
struct Cable {
    port: u16,
    plugged: Arc<AtomicBool>,
    /// Connections that it carries.
    carried: Arc<AtomicUsize>,
}

impl Cable {
    async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let plugged = Arc::new(AtomicBool::new(true));
        let carried = Arc::new(AtomicUsize::new(0));
        let (state, count) = (Arc::clone(&plugged), Arc::clone(&carried));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, state, count) = (server.clone(), Arc::clone(&state), Arc::clone(&count));
                tokio::spawn(async move {
                    count.fetch_add(1, Ordering::SeqCst);
                    carry(client, server, state).await;
                    count.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { port, plugged, carried }
    }

    /// Every connection is cut when this returns.
    async fn pull(&self) {
        self.plugged.store(false, Ordering::SeqCst);
        until("every connection is cut", async || (self.carried.load(Ordering::SeqCst) == 0).then_some(())).await;
    }

    fn plug(&self) {
        self.plugged.store(true, Ordering::SeqCst);
    }
}

/// Carries bytes both ways as long as the cable is plugged in.
async fn carry(mut client: TcpStream, server: String, plugged: Arc<AtomicBool>) -> Option<()> {
    if !plugged.load(Ordering::SeqCst) {
        return None;
    }
    let mut server = TcpStream::connect(server).await.ok()?;
    let pulled = async {
        while plugged.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
        () = pulled => {}
    }
    Some(())
}

/// The number on a page or in a line of text that says that something went wrong.
fn reference(text: &str) -> Option<String> {
    let after = text.split_once("<code>").or_else(|| text.split_once("Reference: "))?.1;
    Some(after.chars().take_while(char::is_ascii_hexdigit).collect())
}

async fn assert_our_fault(actor: &Actor, ask: &Ask, server: &Running) {
    let answer = actor.send(ask).await;
    assert!(answer.status == 500 || answer.status == 503, "{}", answer.outline());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.header("content-security-policy").is_some());
    let text = answer.text();
    for telling in ["postgres", "127.0.0.1", "sqlite", "connect", "locked"] {
        assert!(!text.to_lowercase().contains(telling), "{telling}: {text}");
    }
    let number = reference(&text).unwrap_or_else(|| panic!("no reference: {text}"));
    assert_eq!(number.len(), 12, "{text}");
    until("the number is in the log", async || server.logged().contains(&number).then_some(())).await;
}

async fn made(place: &Place) {
    for arguments in [
        vec!["admin", "create", "--email", "stella@staff.example", "--name", "Stella", "--password-stdin"],
        vec!["user", "create", "--email", "olivia@example.com", "--first-name", "O", "--last-name", "P", "--password-stdin"],
        vec!["account", "create", "--name", "Acme", "--owner", "olivia@example.com"],
    ] {
        let output = place.run_with(&arguments, &format!("{PASSWORD}\n")).await;
        assert!(output.status.success(), "{}", stderr(&output));
    }
}

#[tokio::test]
async fn v16_5_2_to_3_the_server_outlives_its_database() {
    let place = Place::postgres().await;
    made(&place).await;
    let Location::Postgres(url) = place.location() else { panic!("not PostgreSQL") };
    let (_, rest) = url.split_once('@').unwrap();
    let address = rest.split(['/', '?']).next().unwrap();
    let cable = Cable::to(address.to_owned()).await;
    let through = url.replace(address, &format!("127.0.0.1:{}", cable.port));
    let server = place.serve(&["--database-url", &through]).await;
    let owner = server.anonymous().log_in("olivia@example.com").await;
    assert_eq!(owner.get("/readyz").await.status, 200);
    let token = owner.token("/a/1").await;
    for _ in 0..2 {
        cable.pull().await;
        assert_our_fault(&owner, &Ask::new("GET", "/a/1/users"), &server).await;
        assert_our_fault(&owner, &Ask::new("POST", "/me/profile").form(&[("csrf", &token)]), &server).await;
        assert_eq!(owner.get("/readyz").await.status, 503);
        assert_eq!(owner.get("/healthz").await.status, 200);
        assert_eq!(owner.get("/assets/css/base.css").await.status, 200);
        cable.plug();
        until("the server is ready again", async || (owner.get("/readyz").await.status == 200).then_some(())).await;
        until("pages are back", async || (owner.get("/a/1/users").await.status == 200).then_some(())).await;
        let answer = owner.post("/a/1/invitations", &[("email", "new@example.com"), ("scope", "all")]).await;
        assert!(answer.status == 303 || answer.status == 422, "{}", answer.outline());
    }
    assert!(server.stop().await.0.success());
}

/// Somebody else holds the one writer's place: changes wait, then say that it did not work, and pages are read all the while.
#[tokio::test]
async fn a_database_that_somebody_else_holds_is_no_end() {
    let place = Place::sqlite();
    made(&place).await;
    let server = place.serve(&[]).await;
    let owner = server.anonymous().log_in("olivia@example.com").await;
    let Location::Sqlite(path) = place.location() else { panic!("not SQLite") };
    let token = owner.token("/a/1").await;
    let fields = [("csrf", token.as_str()), ("first_name", "Olivia"), ("last_name", "Held")];
    let save = Ask::new("POST", "/me/profile").form(&fields);
    let holder = rusqlite::Connection::open(path).unwrap();
    holder.execute_batch("begin immediate").unwrap();
    let reading = async {
        assert_eq!(owner.get("/a/1/users").await.status, 200);
        assert_eq!(owner.get("/readyz").await.status, 200);
    };
    tokio::join!(assert_our_fault(&owner, &save, &server), reading);
    holder.execute_batch("rollback").unwrap();
    assert_eq!(owner.send(&save).await.outline(), "303 /me/profile (success)");
    assert!(server.stop().await.0.success());
}

/// The secret of the first link to this page in the first mail to this address.
async fn link_to(sink: &MailSink, email: &str, page: &str) -> String {
    until("the mail arrives", async || {
        let mail = sink.taken().into_iter().find(|mail| mail.contains(email))?;
        mail.split_once(page)?.1.split(|c: char| c.is_whitespace() || c == '"').next().map(str::to_owned)
    })
    .await
}

#[tokio::test]
async fn v16_2_5_no_secret_is_ever_logged() {
    let place = Place::sqlite();
    made(&place).await;
    let sink = MailSink::start().await;
    let smtp = sink.url().replace("smtp://", "smtp://me:canary-smtp-password@");
    let server = place.serve(&["--smtp-url", &smtp, "--log", "trace"]).await;
    let owner = server.anonymous().log_in("olivia@example.com").await;
    let admin = server.anonymous().log_in_as_admin("stella@staff.example").await;
    let mut canaries = vec![PASSWORD.to_owned(), "canary-smtp-password".to_owned()];
    for email in ["one@example.com", "two@example.com"] {
        owner.post("/a/1/invitations", &[("email", email), ("scope", "all")]).await;
        canaries.push(link_to(&sink, email, "/invite/").await);
    }
    let (first, second) = (canaries[2].clone(), canaries[3].clone());
    let nora = server.anonymous();
    nora.get(&format!("/invite/{first}")).await;
    nora.send(&Ask::new("POST", &format!("/invite/{first}/accept")).form(&[("csrf", "forged-canary")])).await;
    let wrong = [("email", "olivia@example.com"), ("password", "canary-of-a-wrong-password")];
    nora.post(&format!("/invite/{first}/login"), &wrong).await;
    nora.post("/login", &wrong).await;
    nora.post("/admin/login", &wrong).await;
    let chosen = "canary harbour, seven lanterns";
    let fields = [("first_name", "Nora"), ("last_name", "New"), ("email", "one@example.com"), ("password", chosen)];
    assert_eq!(nora.post(&format!("/invite/{first}/register"), &fields).await.status, 303);
    let by_mail =
        [("first_name", "Otto"), ("last_name", "New"), ("email", "otto@example.com"), ("password", "canary bay, nine ropes")];
    assert_eq!(server.anonymous().post(&format!("/invite/{second}/register"), &by_mail).await.status, 303);
    let otto = link_to(&sink, "otto@example.com", "/register/").await;
    let finishing = format!("/register/{otto}");
    assert_eq!(server.anonymous().post(&finishing, &[("password", "canary-of-another-password")]).await.status, 422);
    canaries.extend([otto, by_mail[3].1.to_owned(), "canary-of-another-password".to_owned()]);
    assert_eq!(owner.press(&format!("/invite/{second}/accept")).await.status, 200);
    assert_eq!(owner.press(&format!("/invite/{second}/decline")).await.status, 303);
    let renewed = [("current", chosen), ("new", "a newer canary, of eight words or so")];
    assert_eq!(nora.post("/me/password", &renewed).await.status, 303);
    nora.get(&format!("/nowhere/{first}")).await;
    canaries.extend(["canary-of-a-wrong-password", chosen, renewed[1].1, "forged-canary"].map(str::to_owned));
    canaries.extend([&owner, &nora].map(|actor| actor.cookie("latchkey_session").unwrap()));
    canaries.push(admin.cookie("latchkey_admin").unwrap());
    canaries.push(owner.token("/a").await);
    canaries.push(std::fs::read_to_string(place.folder.path().join("data/secret.key")).unwrap().trim().to_owned());
    let events = texts(&place.location(), "select actor_name || user_name || email || detail || account_name from events").await;
    let printed = server.printed();
    let (status, log) = server.stop().await;
    assert!(status.success() && log.contains("a mail was taken"), "{log}");
    for canary in canaries {
        assert!(canary.len() > 12, "{canary}");
        for (what, text) in [("the log", &log), ("an event", &events.join("\n")), ("what is printed", &printed)] {
            let line = text.lines().find(|line| line.contains(&canary));
            assert_eq!(line, None, "{what} holds {canary}");
        }
    }
}

async fn seconds_of(actor: &Actor, path: &str, email: &str) -> f64 {
    let before = tokio::time::Instant::now();
    let answer = actor.post(path, &[("email", email), ("password", "not-the-password-at-all")]).await;
    assert_eq!(answer.status, 422);
    before.elapsed().as_secs_f64()
}

/// What else the machine does can only add to what an answer takes.
fn fastest(times: Vec<f64>) -> f64 {
    times.into_iter().fold(f64::INFINITY, f64::min)
}

/// With the real cost of a hash: an answer that came without one would be many times faster.
#[tokio::test]
async fn v6_3_8_a_login_takes_as_long_for_an_unknown_address_as_for_a_wrong_password() {
    let place = Place::sqlite();
    made(&place).await;
    let server = place.serve(&["--log", "warn"]).await;
    let somebody = server.anonymous();
    for (path, known) in [("/login", "olivia@example.com"), ("/admin/login", "stella@staff.example")] {
        somebody.token(path).await;
        let (mut wrong, mut unknown) = (Vec::new(), Vec::new());
        // As many as are heard before the next have to wait.
        for _ in 0..9 {
            wrong.push(seconds_of(&somebody, path, known).await);
            unknown.push(seconds_of(&somebody, path, "nobody@example.com").await);
        }
        let ratio = fastest(wrong) / fastest(unknown);
        assert!((0.5..2.0).contains(&ratio), "{path}: {ratio}");
    }
}

/// Hashes of other systems, most of which take next to nothing to compare, and one several times as long: a wrong password at such a login takes as long as one at
/// any other, and as long as an address that nobody has.
#[tokio::test]
async fn v6_3_8_a_login_takes_as_long_whatever_kind_of_hash_is_kept() {
    let kinds = [
        ("bcrypt@example.com", "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe"),
        ("hmac@example.com", "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8:key"),
        ("md5@example.com", "5f4dcc3b5aa765d61d8327deb882cf99:salt"),
        ("plain@example.com", "5f4dcc3b5aa765d61d8327deb882cf99"),
        (
            "argon2@example.com",
            "$argon2id$v=19$m=65536,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ),
    ];
    let place = Place::sqlite();
    made(&place).await;
    let name = ["--first-name", "F", "--last-name", "G", "--password-hash-stdin"];
    for (address, hash) in kinds {
        let arguments: Vec<&str> = ["user", "create", "--email", address].into_iter().chain(name).collect();
        let output = place.run_with(&arguments, &format!("{hash}\n")).await;
        assert!(output.status.success(), "{}", stderr(&output));
    }
    // What the command line has hashed is of the default cost, so of another one, too.
    let server = place.serve(&["--log", "warn", "--password-cost", "m=19456,t=2"]).await;
    let somebody = server.anonymous();
    somebody.token("/login").await;
    let addresses: Vec<&str> =
        kinds.iter().map(|(address, _)| *address).chain(["olivia@example.com", "nobody@example.com"]).collect();
    let mut times = vec![Vec::new(); addresses.len()];
    // In turn, so that whatever else the machine does is the same for all; as many as are heard before the next have to wait.
    for _ in 0..7 {
        for (address, times) in addresses.iter().zip(&mut times) {
            times.push(seconds_of(&somebody, "/login", address).await);
        }
    }
    let fastest: Vec<f64> = times.into_iter().map(fastest).collect();
    let unknown = fastest[addresses.len() - 1];
    for (address, seconds) in addresses.iter().zip(&fastest) {
        let ratio = seconds / unknown;
        assert!((0.6..1.67).contains(&ratio), "{address}: {ratio} of what an unknown address takes, {fastest:?}");
    }
}

/// SIGTERM ends the server although browsers keep their connections open; what is under way is finished.
#[tokio::test]
async fn the_server_stops_when_it_is_told_to() {
    let place = Place::sqlite();
    let server = place.serve(&[]).await;
    let address: SocketAddr = server.address;
    let idle = TcpStream::connect(address).await.unwrap();
    assert_eq!(server.anonymous().get("/login").await.status, 200);
    let id = server.id().to_string();
    let (status, log) = server.stop().await;
    assert!(status.success() && log.contains("stopping"), "{log}");
    drop(idle);
    assert!(!finish(kill_0(&id), "").await.status.success());
}

fn kill_0(id: &str) -> Command {
    let mut command = Command::new("kill");
    command.args(["-0", id]);
    command
}
