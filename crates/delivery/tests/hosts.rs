//! The host of a login is found beside the login, never in its way.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use latchkey_core::access::{BeStaff, ViewStaffArea};
use latchkey_core::admin;
use latchkey_core::app::App;
use latchkey_core::id::UserId;
use latchkey_core::outbox::{self, Topic};
use latchkey_core::password::Password;
use latchkey_core::session;
use latchkey_core::testing::{PASSWORD, TestApp};
use latchkey_delivery::LookUp;
use latchkey_test_macros::on_both_databases;
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

use crate::mail_server::MailServer;
use crate::world::{Staff, Workers, eventually, hardly_ever, often, smtp};

/// A domain name system with one name for every address, which leads to one address.
struct OneName {
    address: IpAddr,
}

impl LookUp for OneName {
    async fn names(&self, _: IpAddr) -> Vec<String> {
        vec!["gate.example.com.".to_owned()]
    }

    async fn addresses(&self, _: &str) -> Vec<IpAddr> {
        vec![self.address]
    }
}

/// One that knows every host, tells when it is asked, and answers after a signal.
struct Slow {
    asked: mpsc::UnboundedSender<()>,
    may_answer: Arc<Notify>,
}

impl LookUp for Slow {
    async fn names(&self, _: IpAddr) -> Vec<String> {
        let _ = self.asked.send(());
        self.may_answer.notified().await;
        vec!["gate.example.com.".to_owned()]
    }

    async fn addresses(&self, _: &str) -> Vec<IpAddr> {
        vec![[192, 0, 2, 7].into()]
    }
}

/// One that panics when it is first asked.
struct PanicsOnce {
    panicked: Arc<AtomicBool>,
}

impl LookUp for PanicsOnce {
    async fn names(&self, _: IpAddr) -> Vec<String> {
        assert!(self.panicked.swap(true, Ordering::SeqCst), "a resolver that panics once");
        vec!["gate.example.com.".to_owned()]
    }

    async fn addresses(&self, _: &str) -> Vec<IpAddr> {
        vec![[192, 0, 2, 7].into()]
    }
}

/// The host of the user's one session.
async fn host(app: &App, staff: &Staff, user: UserId) -> Option<String> {
    let admin = staff.id();
    let sessions = app.read(move |snapshot| {
        let by = snapshot.authorize_admin::<ViewStaffArea>(admin).unwrap();
        session::of_user(snapshot, &by, user)
    });
    let sessions = sessions.await.unwrap();
    assert_eq!(sessions.len(), 1);
    sessions[0].host.clone()
}

/// Waits until no look-up is promised any more.
async fn all_looked_up(app: &App) {
    let waiting = async || app.read(|snapshot| outbox::waiting(snapshot, Topic::Hostname)).await.unwrap();
    eventually("every host is looked up", async || waiting().await == 0).await;
}

#[on_both_databases]
async fn the_host_of_a_login_is_a_name_that_leads_back(app: TestApp) {
    let (staff, jo) = (Staff::of(&app).await, app.user("Jo", "Doe", "jo@example.com").await);
    let workers = Workers::start(&app.app, None, hardly_ever(), OneName { address: [192, 0, 2, 7].into() });
    app.log_in("jo@example.com").await;
    all_looked_up(&app.app).await;
    workers.stop().await;
    assert_eq!(host(&app.app, &staff, jo).await.as_deref(), Some("gate.example.com"));
}

#[on_both_databases]
async fn the_host_of_an_admins_login_is_looked_up_too(app: TestApp) {
    let staff = Staff::of(&app).await;
    let workers = Workers::start(&app.app, None, hardly_ever(), OneName { address: [192, 0, 2, 7].into() });
    let (address, password) = ("ada@example.com", Password::typed(PASSWORD));
    admin::login(&app.app, &app.request(), address, &password, "").await.unwrap();
    let hosts = async || {
        let admin = staff.id();
        let sessions = app.app.read(move |snapshot| {
            let by = snapshot.authorize_admin::<BeStaff>(admin).unwrap();
            admin::sessions(snapshot, &by)
        });
        sessions.await.unwrap().into_iter().map(|session| session.host).collect::<Vec<_>>()
    };
    eventually("the host is looked up", async || hosts().await == [Some("gate.example.com".to_owned())]).await;
    workers.stop().await;
}

#[on_both_databases]
async fn a_name_that_leads_elsewhere_is_no_host(app: TestApp) {
    let (staff, jo) = (Staff::of(&app).await, app.user("Jo", "Doe", "jo@example.com").await);
    let workers = Workers::start(&app.app, None, hardly_ever(), OneName { address: [192, 0, 2, 8].into() });
    app.log_in("jo@example.com").await;
    all_looked_up(&app.app).await;
    workers.stop().await;
    assert_eq!(host(&app.app, &staff, jo).await, None);
}

#[on_both_databases]
async fn a_login_does_not_wait_for_its_host(app: TestApp) {
    let (staff, jo) = (Staff::of(&app).await, app.user("Jo", "Doe", "jo@example.com").await);
    let (asked, mut is_asked) = mpsc::unbounded_channel();
    let may_answer = Arc::new(Notify::new());
    let workers = Workers::start(&app.app, None, hardly_ever(), Slow { asked, may_answer: Arc::clone(&may_answer) });
    app.log_in("jo@example.com").await;
    timeout(Duration::from_mins(1), is_asked.recv()).await.expect("the host is looked up").unwrap();
    // The look-up is under way, and neither the login nor the database waits for it.
    assert_eq!(host(&app.app, &staff, jo).await, None);
    app.user("Al", "So", "also@example.com").await;
    may_answer.notify_one();
    workers.stop().await;
    assert_eq!(host(&app.app, &staff, jo).await.as_deref(), Some("gate.example.com"));
}

#[on_both_databases]
async fn a_panic_does_not_end_the_worker(app: TestApp) {
    let staff = Staff::of(&app).await;
    let (first, second) = (app.user("Jo", "Doe", "jo@example.com").await, app.user("Al", "So", "also@example.com").await);
    let panicked = Arc::new(AtomicBool::new(false));
    let workers = Workers::start(&app.app, None, often(), PanicsOnce { panicked: Arc::clone(&panicked) });
    app.log_in("jo@example.com").await;
    eventually("the resolver panics", async || panicked.load(Ordering::SeqCst)).await;
    app.log_in("also@example.com").await;
    eventually("the second host is found", async || host(&app.app, &staff, second).await.is_some()).await;
    assert_eq!(host(&app.app, &staff, first).await, None);

    app.clock.advance(Duration::from_mins(2));
    all_looked_up(&app.app).await;
    workers.stop().await;
    assert_eq!(host(&app.app, &staff, first).await.as_deref(), Some("gate.example.com"));
}

#[on_both_databases]
async fn a_promise_wakes_the_worker_that_it_is_for(app: TestApp) {
    let staff = Staff::of(&app).await;
    let mut server = MailServer::start([]);
    let hosts = OneName { address: [192, 0, 2, 7].into() };
    let workers = Workers::start(&app.app, Some(smtp(server.port)), hardly_ever(), hosts);
    for number in 0..5 {
        // Mail and login by turns, each done before the next: no wake-up goes to the wrong worker only.
        staff.send_mail(&app.app, &format!("{number}@example.org")).await;
        server.mail().await;
        let email = format!("user{number}@example.com");
        app.user("Jo", "Doe", &email).await;
        app.log_in(&email).await;
        all_looked_up(&app.app).await;
    }
    workers.stop().await;
}
