//! An app for tests: a set clock, seeded randomness, captured mail, a private database.

pub mod tables;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::access::{Grants, System, Who};
use crate::account::{self, Details, NewOwner};
use crate::admin::{self, NewAdmin};
use crate::app::{App, Parts, Request, Tx};
use crate::clock::{Clock, Timestamp};
use crate::db::{Connections, Database, Location};
use crate::email::Email;
use crate::error::Fault;
use crate::factor::Begun;
use crate::id::{AccountId, AdminId, UserId};
use crate::invitation::{self, NewInvitation};
use crate::mail::{self, Content, Notice, Outgoing, Templates, Wording, Written};
use crate::outbox::{self, Topic};
use crate::password::{Hasher, Password};
use crate::reset::{self, Logins};
use crate::secret::{Random, SealKey, Secret};
use crate::session::{self, Login, Started};
use crate::settings::{self, Brand, Notifications, Verification};
use crate::user::{self, NewUser, PersonName};

/// The password of every user and admin that a test makes.
pub const PASSWORD: &str = "a-password-for-tests-only";

/// 24 November 2026, 08:00 UTC: when every test begins.
pub const START: Timestamp = Timestamp::from_micros(1_795_507_200_000_000);

/// Where the private PostgreSQL of the test run is; `scripts/test` sets it.
const POSTGRES: &str = "LATCHKEY_TEST_POSTGRES";

/// What the database ends is not begun again: tests see it.
const CONNECTIONS: Connections = Connections { sqlite_readers: 2, postgres: 4, attempts: 1 };

/// An app in a private database.
#[derive(Clone)]
pub struct TestApp {
    /// The app.
    pub app: App,
    /// Its clock.
    pub clock: Clock,
    /// Where its database is, to open it a second time.
    pub location: Location,
    request: Request,
    unread: Arc<Mutex<bool>>,
    _folder: Arc<Folder>,
}

/// A folder that goes away with the last one who uses it.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

static NUMBER: AtomicU64 = AtomicU64::new(0);

/// Nobody is told or asked what the operator may switch off.
fn quiet() -> Notifications {
    let off = Notice::ALL.iter().copied().filter(|notice| !notice.is_always_told()).collect();
    Notifications { verification: Verification::Off, off }
}

/// A name that no other test of this run has.
fn unique() -> String {
    format!("latchkey_test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst))
}

impl TestApp {
    /// An app on SQLite.
    pub async fn sqlite() -> Self {
        let folder = Folder(std::env::temp_dir().join(unique()));
        std::fs::create_dir_all(&folder.0).unwrap();
        let location = Location::Sqlite(folder.0.join("latchkey.db"));
        Self::open(location, folder).await
    }

    /// An app on PostgreSQL, in a schema of its own.
    #[allow(clippy::disallowed_methods, reason = "tests are told by scripts/test where PostgreSQL is")]
    pub async fn postgres() -> Self {
        let url = std::env::var(POSTGRES)
            .unwrap_or_else(|_| panic!("{POSTGRES} is not set: run scripts/test, or scripts/with-postgres cargo nextest run"));
        let schema = unique();
        let client = tables::postgres(&url).await;
        client.batch_execute(&format!("drop schema if exists {schema} cascade; create schema {schema}")).await.unwrap();
        let separator = if url.contains('?') { '&' } else { '?' };
        let location = Location::Postgres(format!("{url}{separator}options=-csearch_path%3D{schema}"));
        Self::open(location, Folder(std::env::temp_dir().join(&schema))).await
    }

    async fn open(location: Location, folder: Folder) -> Self {
        let database = Database::open(&location, CONNECTIONS).unwrap();
        database.migrate(START).await.unwrap();
        let clock = Clock::set(START);
        let random = Random::seeded(1);
        let app = App::new(Parts {
            database,
            clock: clock.clone(),
            seal_key: SealKey::new(&random.secret().unwrap()).unwrap(),
            random,
            hasher: Hasher::cheap(),
            templates: Arc::new(PlainTemplates),
            public_url: "http://latchkey.example".to_owned(),
        });
        let request = Request { ip: Some([192, 0, 2, 7].into()), user_agent: "test".to_owned(), ..Request::default() };
        // Most tests are about one thing: what the operator may switch off is off, and on where a test is about it.
        app.write(&request, |tx| settings::store_notifications(tx, &quiet()).map(drop)).await.unwrap();
        // Tests that are not about it do without; those that are switch it on.
        app.write(&request, |tx: &Tx<'_>| settings::put(tx, "security.two_factor_admins", "no")).await.unwrap();
        Self { app, clock, location, request, unread: Arc::default(), _folder: Arc::new(folder) }
    }

    /// Tells and asks people what they are told and asked on a new server, with this choice of [`Verification`].
    pub async fn notify(&self, verification: Verification) {
        let chosen = Notifications { verification, off: Vec::new() };
        self.app.write(&self.request, move |tx| settings::store_notifications(tx, &chosen).map(drop)).await.unwrap();
    }

    /// Looks the addresses up for which a reset was asked, as a worker does.
    pub async fn resolve_resets(&self) {
        self.resolve_resets_of(Logins::Users).await;
    }

    /// The same for admins.
    pub async fn resolve_admin_resets(&self) {
        self.resolve_resets_of(Logins::Admins).await;
    }

    async fn resolve_resets_of(&self, logins: Logins) {
        let (system, lease) = (|| System::named("test"), Duration::from_mins(1));
        let claimed = self.app.write(&self.request, move |tx| outbox::claim(tx, &system(), logins.topic(), 50, lease));
        for work in claimed.await.unwrap() {
            self.app.write(&self.request, move |tx| reset::resolve(tx, &system(), logins, work)).await.unwrap();
        }
    }

    /// Another app on the same database, with the same clock: a second node.
    pub fn second_node(&self) -> App {
        self.node_with(Hasher::cheap())
    }

    /// A second node that hashes in its own way.
    pub fn node_with(&self, hasher: Hasher) -> App {
        self.node(hasher, self.clock.clone())
    }

    /// A second node that begins again what the database has ended, as a server does.
    pub fn persistent_node(&self) -> App {
        self.node_on(
            Connections { attempts: Connections::default().attempts, ..CONNECTIONS },
            Hasher::cheap(),
            self.clock.clone(),
        )
    }

    /// A second node by whose clock it is this moment, and stays it.
    pub fn node_at(&self, moment: Timestamp) -> App {
        self.node(Hasher::cheap(), Clock::set(moment))
    }

    fn node(&self, hasher: Hasher, clock: Clock) -> App {
        self.node_on(CONNECTIONS, hasher, clock)
    }

    fn node_on(&self, connections: Connections, hasher: Hasher, clock: Clock) -> App {
        // Never the same bits as on another node.
        let random = Random::seeded(1_000_000 * (1 + NUMBER.fetch_add(1, Ordering::SeqCst)));
        App::new(Parts {
            database: Database::open(&self.location, connections).unwrap(),
            clock,
            seal_key: SealKey::new(&Random::seeded(1).secret().unwrap()).unwrap(),
            random,
            hasher,
            templates: Arc::new(PlainTemplates),
            public_url: "http://latchkey.example".to_owned(),
        })
    }

    /// A request as a browser makes it.
    pub fn request(&self) -> Request {
        self.request.clone()
    }

    /// The machine's ticket.
    pub fn system(&self) -> System {
        System::named("test")
    }

    /// Makes a user with [`PASSWORD`].
    pub async fn user(&self, first: &str, last: &str, email: &str) -> UserId {
        let password = self.app.hasher().hash(self.app.random(), &Password::typed(PASSWORD)).await.unwrap();
        let name = PersonName { first: first.to_owned(), last: last.to_owned() };
        let new = NewUser { name, email: Email::parse(email).unwrap(), password: Some(password) };
        self.app.write(&self.request, move |tx| user::create(tx, &System::named("test"), &new)).await.unwrap()
    }

    /// Logs a user in with [`PASSWORD`].
    pub async fn log_in(&self, email: &str) -> Started {
        let login = Login { email: email.to_owned(), password: Password::typed(PASSWORD), remember: false };
        let begun = log_in_with(&self.app, &self.request, login, "").await.unwrap();
        begun.session().expect("no second factor is asked for")
    }

    /// Makes an account of an existing user.
    pub async fn account(&self, name: &str, owner: UserId) -> AccountId {
        let details = Details { name: name.to_owned(), ..Details::default() };
        let made = self.app.write(&self.request, move |tx| {
            account::create_by_system(tx, &System::named("test"), &details, &NewOwner::Existing(owner))
        });
        made.await.unwrap()
    }

    /// Makes an admin with [`PASSWORD`].
    pub async fn admin(&self, name: &str, email: &str) -> AdminId {
        let password = self.app.hasher().hash(self.app.random(), &Password::typed(PASSWORD)).await.unwrap();
        let new = NewAdmin { name: name.to_owned(), email: Email::parse(email).unwrap(), password };
        self.app.write(&self.request, move |tx| admin::create_by_system(tx, &System::named("test"), &new)).await.unwrap()
    }

    /// Associates a user with an account, as staff does.
    pub async fn member(&self, account: AccountId, user: UserId, grants: Grants) {
        let made = self.app.write(&self.request, move |tx| {
            let by = tx.authorize_system(&System::named("test"), account)?;
            crate::membership::associate(tx, &by, user, None, &grants)
        });
        made.await.unwrap();
    }

    /// Invites an address and returns the secret of its link, read from the mail.
    pub async fn invite(&self, by: UserId, account: AccountId, email: &str, grants: Grants) -> Secret {
        let new = NewInvitation { role: None, email: Email::parse(email).unwrap(), grants };
        let sent = self.app.write(&self.request, move |tx| {
            let by = tx.authorize(Who::without_second_factor(by), account)?;
            invitation::send(tx, &by, &new)
        });
        sent.await.unwrap();
        let mails = self.take_mails().await;
        link_secret(mails.last().expect("an invitation sends a mail"))
    }

    /// Takes every mail that is due, as a worker does whose server takes everything.
    pub async fn take_mails(&self) -> Vec<Outgoing> {
        let mut taken = Vec::new();
        loop {
            let claimed = self
                .app
                .write(&self.request, |tx| outbox::claim(tx, &System::named("test"), Topic::Mail, 50, Duration::from_mins(1)));
            let claimed = claimed.await.unwrap();
            if claimed.is_empty() {
                taken.sort_by_key(|mail: &Outgoing| mail.id);
                return taken;
            }
            for work in claimed {
                taken.extend(mail::claimed(&self.app, work).await.unwrap());
                let sent = self.app.write(&self.request, move |tx| mail::sent(tx, &System::named("test"), work, "250 ok"));
                sent.await.unwrap();
            }
        }
    }

    /// Says that mails are left unsent on purpose.
    pub fn expect_unsent_mails(&self) {
        *self.unread.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }

    /// Fails when the test left a mail behind that it did not look at.
    pub async fn finish(self) {
        let expected = *self.unread.lock().unwrap_or_else(PoisonError::into_inner);
        let left = self.app.read(|snapshot| outbox::waiting(snapshot, Topic::Mail)).await.unwrap();
        assert!(expected || left == 0, "{left} mails were promised and not looked at");
    }
}

/// Logs a user in as far as a password goes, as the login page does.
pub async fn log_in_with(app: &App, request: &Request, login: Login, next: &str) -> Result<Begun<Started>, session::Error> {
    let proven = session::authenticate(app, request, &login).await?;
    let next = next.to_owned();
    app.write(request, move |tx| session::start(tx, &proven, login.remember, &next)).await
}

/// The secret of the link in a mail.
pub fn link_secret(mail: &Outgoing) -> Secret {
    let paths = ["/invite/", "/password/reset/", "/verify/", "/register/"];
    let (_, token) = paths.iter().find_map(|path| mail.written.text.split_once(path)).expect("the mail holds a link");
    Secret::parse(token.split_whitespace().next().unwrap_or_default()).expect("the link holds a secret")
}

/// Writes mails without an engine.
struct PlainTemplates;

impl Templates for PlainTemplates {
    fn write(&self, brand: &Brand, content: &Content, words: Option<&Wording>) -> Result<Written, Fault> {
        let plain = Self::plain(brand, content);
        Ok(match words {
            Some(words) => {
                Written { subject: words.subject.clone(), text: format!("{}\n{}", words.message, plain.text), ..plain }
            }
            None => plain,
        })
    }
}

impl PlainTemplates {
    fn plain(brand: &Brand, content: &Content) -> Written {
        match content {
            Content::Invitation { account_name, inviter, link, .. } => Written {
                subject: format!("{inviter} invites you to {account_name}"),
                text: format!("{}\n{link}\n", brand.name),
                html: format!("<a href=\"{link}\">Accept</a>"),
            },
            Content::AdminInvitation { inviter, link, role, .. } => Written {
                subject: format!("{inviter} invites you as {role}"),
                text: format!("{}\n{link}\n", brand.name),
                html: format!("<a href=\"{link}\">Accept</a>"),
            },
            Content::PasswordReset(to)
            | Content::EmailVerification(to)
            | Content::EmailChange(to)
            | Content::Registration(to) => Written {
                subject: content.template().to_owned(),
                text: format!("{}\n{}\n", to.name, to.link),
                html: format!("<a href=\"{}\">Open</a>", to.link),
            },
            Content::Notice(told) => Written {
                subject: told.notice.to_owned(),
                text: format!("{}|{}|{}|{}", told.name, told.account_name, told.by, told.what),
                html: told.link.clone(),
            },
            Content::Message(message) => Written {
                subject: message.subject.clone(),
                text: message.paragraphs.join("\n\n"),
                html: format!("<p>{}</p>", message.paragraphs.join("</p><p>")),
            },
            Content::Test {} => Written { subject: "Test".to_owned(), text: "Test".to_owned(), html: "Test".to_owned() },
        }
    }
}
