//! **Login as Owner** as services see it: `POST /api/v1/session/check` and `GET /auth/verify` say who it is, that an admin acts, and
//! nothing once that is over.

use std::time::Duration;

use latchkey_core::access::{BuiltInApiRole, ConfirmedAdmin, Masquerade, System};
use latchkey_core::admin;
use latchkey_core::id::{AccountId, AdminId, UserId};
use latchkey_core::masquerade;
use latchkey_core::password::Password;
use latchkey_core::secret::Secret;
use latchkey_core::session;
use serde_json::{Value, json};

use crate::forward;
use crate::support::doors::{Doors, token};
use crate::support::tables::number;
use crate::support::{Actor, Answer, Ask, PASSWORD, TestApp, on_both_databases};

const MASQUERADE: &str = "latchkey_masquerade";
const ACTING_ADMIN: &str = "x-latchkey-acting-admin";

/// A server, an account of Olivia's and one more, and Stella, who acts for Olivia in the first.
struct Scene {
    doors: Doors,
    olivia: UserId,
    acme: AccountId,
    umbrella: AccountId,
    stella: AdminId,
    browser: Actor,
    bearer: String,
}

impl Scene {
    async fn begin(app: &TestApp) -> Self {
        let forward::People { olivia, acme, .. } = forward::people(app).await;
        let umbrella = app.account("Umbrella", olivia).await;
        let stella = app.admin("Stella Staff", "stella@staff.example").await;
        let doors = Doors::start(app, forward::settings()).await;
        let bearer = token(app, stella, BuiltInApiRole::ReadOnly, None).await;
        let staff = log_in(app).await;
        let browser = doors.browser();
        browser.set_cookie(MASQUERADE, &act(app, &staff, acme).await);
        Self { doors, olivia, acme, umbrella, stella, browser, bearer }
    }

    async fn check(&self, body: Value) -> Value {
        let answer = self.doors.call(&self.bearer, "POST", "/api/v1/session/check", &body.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// What session check says of what the browser holds.
    async fn checked(&self) -> Value {
        self.check(json!({ "token": self.secret() })).await
    }

    /// What a proxy in front of the login's own host is answered.
    async fn verify(&self, query: &str) -> Answer {
        let ask = Ask::new("GET", &format!("/auth/verify?{query}")).with("host", "latchkey.example");
        self.browser.send(&ask).await
    }

    async fn acme_opens(&self) -> u16 {
        self.verify(&format!("account={}", self.acme)).await.status
    }

    fn secret(&self) -> String {
        self.browser.cookie(MASQUERADE).unwrap()
    }

    /// Both doors say that nobody is there.
    async fn is_over(&self) {
        assert_eq!(self.checked().await, json!({ "active": false }));
        assert_eq!(self.acme_opens().await, 401);
    }
}

async fn log_in(app: &TestApp) -> admin::Resolved {
    let begun = admin::login(&app.app, &app.request(), "stella@staff.example", &Password::typed(PASSWORD), "").await.unwrap();
    let secret = begun.session().expect("no second factor is asked for").secret;
    app.app.read(move |snapshot| admin::resolve(snapshot, &secret)).await.unwrap().unwrap()
}

/// **Login as Owner**: what the cookie of it holds.
async fn act(app: &TestApp, staff: &admin::Resolved, account: AccountId) -> String {
    let staff = staff.clone();
    let request = app.request();
    let started = app.app.write(&request, move |tx| {
        let by = tx.authorize_admin::<Masquerade>(staff.admin.id)?;
        masquerade::start(tx, &by, &ConfirmedAdmin::machine(&System::named("test")), &staff, account, "Ticket 7")
    });
    started.await.unwrap().secret.reveal()
}

#[on_both_databases]
async fn v8_3_3_services_are_told_whom_an_admin_acts_for_and_that_it_does(app: TestApp) {
    let scene = Scene::begin(&app).await;
    let told = scene.checked().await;
    assert_eq!(told["user"], json!({ "id": scene.olivia.0, "name": "Olivia Owner", "email": "olivia@example.com" }));
    assert_eq!(told["acting_admin"], json!({ "id": scene.stella.0, "name": "Stella Staff" }));
    let accounts: Vec<&Value> = told["accounts"].as_array().unwrap().iter().map(|row| &row["account"]).collect();
    assert_eq!(accounts, [&json!(scene.acme.0)], "one account and no other of the owner's");
    let elsewhere = scene.check(json!({ "token": scene.secret(), "account": scene.umbrella.0 })).await;
    assert_eq!((elsewhere["active"].clone(), elsewhere["accounts"].clone()), (json!(true), json!([])));
    let by_cookie = scene.check(json!({ "cookie": format!("{MASQUERADE}={}", scene.secret()) })).await;
    assert_eq!(by_cookie["acting_admin"]["id"], json!(scene.stella.0));
    // The cookie of a session does not pass for one of a masquerade, nor the other way round.
    let crossed = scene.check(json!({ "cookie": format!("latchkey_session={}", scene.secret()) })).await;
    assert_eq!(crossed, json!({ "active": false }));

    let passed = scene.verify(&format!("account={}&permission=invoices", scene.acme)).await;
    assert_eq!((passed.status, passed.header(ACTING_ADMIN)), (200, Some("Stella Staff")));
    assert_eq!(passed.header("remote-user"), Some(scene.olivia.to_string().as_str()));
    for refused in [format!("account={}", scene.umbrella), String::new()] {
        let answer = scene.verify(&refused).await;
        assert_eq!((answer.status, answer.header(ACTING_ADMIN)), (403, Some("")), "{refused}");
    }
    // The owner's own session is told apart from it.
    let own = scene.doors.browser().log_in("olivia@example.com").await;
    let told = scene.check(json!({ "token": own.cookie("latchkey_session").unwrap() })).await;
    assert_eq!((told.get("acting_admin"), told["accounts"].as_array().unwrap().len()), (None, 2));
}

/// At a service's own host as at the login's: there by the cookie that the way to the login and back brings.
#[on_both_databases]
async fn a_service_behind_a_proxy_is_told_whom_an_admin_acts_for(app: TestApp) {
    let scene = Scene::begin(&app).await;
    let service = scene.doors.browser();
    let at_service = |path: &str| Ask::new("GET", path).with("x-forwarded-host", forward::HOST);
    let begun = service.send(&at_service("/.latchkey/start?/page")).await;
    let at_login = begun.location().unwrap().strip_prefix("http://latchkey.example").unwrap().to_owned();
    let callback = forward::callback_on(forward::HOST, &scene.browser.get(&at_login).await);
    assert_eq!(service.send(&at_service(&callback)).await.status, 303);
    let verify = async |query: &str| service.send(&at_service(&format!("/auth/verify?{query}"))).await;
    let acme = format!("account={}", scene.acme);
    let passed = verify(&acme).await;
    assert_eq!((passed.status, passed.header(ACTING_ADMIN)), (200, Some("Stella Staff")));
    assert_eq!(passed.header("remote-user"), Some(scene.olivia.to_string().as_str()));
    for refused in [format!("account={}", scene.umbrella), String::new()] {
        let answer = verify(&refused).await;
        assert_eq!((answer.status, answer.header(ACTING_ADMIN)), (403, Some("")), "{refused}");
    }
    assert_eq!(scene.browser.press("/masquerade/end").await.status, 303);
    assert_eq!(verify(&acme).await.status, 401, "it ends there, too");
}

#[on_both_databases]
async fn services_are_told_of_it_for_an_hour_and_not_a_moment_longer(app: TestApp) {
    let scene = Scene::begin(&app).await;
    // However busy: asking keeps the admin's session awake, and lengthens nothing.
    for _ in 0..5 {
        app.clock.advance(Duration::from_mins(10));
        let secret = Secret::parse(&scene.secret()).unwrap();
        let found = app.app.read(move |snapshot| session::resolve(snapshot, &secret)).await.unwrap().unwrap();
        app.app.write(&app.request(), move |tx| session::touch(tx, &found)).await.unwrap();
        assert_eq!(scene.acme_opens().await, 200);
    }
    app.clock.advance(Duration::from_mins(10) - Duration::from_micros(1));
    assert_eq!((scene.checked().await["active"].clone(), scene.acme_opens().await), (json!(true), 200));
    app.clock.advance(Duration::from_micros(1));
    scene.is_over().await;
}

#[on_both_databases]
async fn services_are_told_nothing_once_it_has_ended_however_it_ended(app: TestApp) {
    let scene = Scene::begin(&app).await;
    assert_eq!(scene.acme_opens().await, 200);
    let secret = scene.secret();
    assert_eq!(scene.browser.press("/masquerade/end").await.status, 303);
    scene.browser.set_cookie(MASQUERADE, &secret);
    scene.is_over().await;
    // The admin loses the permission or is disabled, the account is closed or has another owner, the admin's session ends: what
    // each of them undoes again stands beside it.
    let (stella, acme, olivia) = (scene.stella, scene.acme, scene.olivia);
    let role = |key: &str| {
        format!("update admins set role_id = (select id from admin_roles where built_in = '{key}') where id = {stella}")
    };
    let disabled = |at: &str| format!("update admins set disabled_at = {at} where id = {stella}");
    let status = |key: &str| format!("update accounts set status = '{key}' where id = {acme}");
    let owner = |user: &str| format!("update accounts set owner_id = {user} where id = {acme}");
    let mia = "(select id from users where email_key = 'mia@example.com')";
    let nothing = format!("update admins set name = name where id = {stella}");
    let ends = [
        (role("read-only"), role("full")),
        (disabled("1"), disabled("null")),
        (status("closed"), status("active")),
        (owner(mia), owner(&olivia.to_string())),
        ("delete from admin_sessions where id = (select max(id) from admin_sessions)".to_owned(), nothing),
    ];
    for (end, undo) in ends {
        let staff = log_in(&app).await;
        scene.browser.set_cookie(MASQUERADE, &act(&app, &staff, acme).await);
        assert_eq!(scene.acme_opens().await, 200, "{end}");
        number(&app, &format!("{end} returning id")).await;
        scene.is_over().await;
        number(&app, &format!("{undo} returning id")).await;
    }
}
