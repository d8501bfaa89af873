//! What the tests share: a worker that runs, mails to send, and a look at what became of them.

use std::future::pending;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use latchkey_core::access::{Grants, ManageUsers, ViewStaffArea, Who};
use latchkey_core::app::{App, Parts, Request};
use latchkey_core::db::{Connections, Database, Location};
use latchkey_core::email::Email;
use latchkey_core::error::Fault;
use latchkey_core::id::{AccountId, AdminId, InvitationId, UserId};
use latchkey_core::invitation::{self, NewInvitation};
use latchkey_core::mail::{self, Content, Mail, State, Templates, Wording, Written};
use latchkey_core::password::Hasher;
use latchkey_core::secret::{Random, SealKey};
use latchkey_core::settings::Brand;
use latchkey_core::testing::TestApp;
use latchkey_delivery::{DeliverySettings, LookUp, SmtpSettings, run_with};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// A resolver that knows nothing and is not asked.
pub(crate) struct NoHosts;

impl LookUp for NoHosts {
    async fn names(&self, _: IpAddr) -> Vec<String> {
        pending().await
    }

    async fn addresses(&self, _: &str) -> Vec<IpAddr> {
        pending().await
    }
}

/// Workers of one node.
pub(crate) struct Workers {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Workers {
    /// Starts workers that send mail to this port.
    pub(crate) fn sending_to(app: &App, port: u16) -> Self {
        Self::start(app, Some(smtp(port)), often(), NoHosts)
    }

    pub(crate) fn start(app: &App, smtp: Option<SmtpSettings>, poll_every: Duration, hosts: impl LookUp) -> Self {
        let (stop, stopped) = watch::channel(false);
        let settings = DeliverySettings { smtp, poll_every, ..DeliverySettings::default() };
        Self { stop, task: tokio::spawn(run_with(app.clone(), settings, hosts, stopped)) }
    }

    /// Lets them finish what is under way.
    pub(crate) async fn stop(self) {
        self.stop.send(true).unwrap();
        timeout(Duration::from_mins(1), self.task).await.expect("the workers stop").expect("the workers did not panic");
    }
}

pub(crate) fn smtp(port: u16) -> SmtpSettings {
    SmtpSettings::parse(&format!("smtp://127.0.0.1:{port}"), "Acme <mail@acme.example>").unwrap()
}

/// Short enough for a test that waits for a round.
pub(crate) const fn often() -> Duration {
    Duration::from_millis(20)
}

/// So long that no test sees a round that nobody woke.
pub(crate) const fn hardly_ever() -> Duration {
    Duration::from_hours(1)
}

/// Waits until something holds that nobody signals.
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            sleep(often()).await;
        }
    };
    timeout(Duration::from_mins(1), wait).await.unwrap_or_else(|_| panic!("it never happens that {what}"));
}

/// Staff, and what it sees.
pub(crate) struct Staff(AdminId);

impl Staff {
    pub(crate) async fn of(app: &TestApp) -> Self {
        Self(app.admin("Ada Admin", "ada@example.com").await)
    }

    pub(crate) const fn id(&self) -> AdminId {
        self.0
    }

    /// Promises a mail that says nothing.
    pub(crate) async fn send_mail(&self, app: &App, to: &str) {
        let (admin, to) = (self.0, Email::parse(to).unwrap());
        let request = Request::default();
        let sent = app.write(&request, move |tx| mail::send_test(tx, &tx.authorize_admin(admin).unwrap(), &to));
        sent.await.unwrap();
    }

    /// Recipient and state of all mails, oldest first.
    pub(crate) async fn mails(&self, app: &App) -> Vec<(String, State)> {
        self.list(app).await.into_iter().rev().map(|mail| (mail.to, mail.state)).collect()
    }

    async fn list(&self, app: &App) -> Vec<Mail> {
        let admin = self.0;
        let mails = app.read(move |snapshot| {
            let by = snapshot.authorize_admin::<ViewStaffArea>(admin).unwrap();
            mail::list(snapshot, &by, None, 200)
        });
        mails.await.unwrap()
    }

    /// The state of the only mail.
    pub(crate) async fn state(&self, app: &App) -> State {
        let mails = self.mails(app).await;
        assert_eq!(mails.len(), 1, "{mails:?}");
        mails[0].1.clone()
    }

    /// How often the only mail has been tried.
    pub(crate) async fn tries(&self, app: &App) -> i64 {
        self.list(app).await[0].attempts
    }

    /// The answer with which the only mail waits.
    pub(crate) async fn answer(&self, app: &App) -> String {
        match self.state(app).await {
            State::Queued { answer: Some(answer) } => answer,
            other => panic!("the mail does not wait: {other:?}"),
        }
    }

    /// Waits until the only mail has been tried.
    pub(crate) async fn tried(&self, app: &App) {
        eventually("the mail is tried", async || !matches!(self.state(app).await, State::Queued { answer: None })).await;
    }
}

/// Invites an address and leaves the mail in the queue.
pub(crate) async fn invite(app: &TestApp, by: UserId, account: AccountId, email: &str) -> InvitationId {
    let new = NewInvitation { role: None, email: Email::parse(email).unwrap(), grants: Grants::choose(["invoices"]).unwrap() };
    let request = app.request();
    let sent = app.app.write(&request, move |tx| {
        let by = tx.authorize::<ManageUsers>(Who::without_second_factor(by), account)?;
        invitation::send(tx, &by, &new)
    });
    sent.await.unwrap()
}

/// An app with the test's clock, on this database, with a key that follows from `key` (1 is the test's) and these templates.
pub(crate) fn another_app(test: &TestApp, location: &Location, key: u64, templates: Arc<dyn Templates>) -> App {
    App::new(Parts {
        database: Database::open(location, Connections { sqlite_readers: 2, postgres: 4, attempts: 1 }).unwrap(),
        clock: test.clock.clone(),
        random: Random::seeded(2_000_000),
        seal_key: SealKey::new(&Random::seeded(key).secret().unwrap()).unwrap(),
        hasher: Hasher::cheap(),
        templates,
        public_url: "http://latchkey.example".to_owned(),
    })
}

/// Templates that write this, whatever they are asked for.
pub(crate) struct Always(pub(crate) Written);

impl Templates for Always {
    fn write(&self, _: &Brand, _: &Content, _: Option<&Wording>) -> Result<Written, Fault> {
        Ok(self.0.clone())
    }
}
