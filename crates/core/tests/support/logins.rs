//! Logging in, and what users are told by mail.

use latchkey_core::access::{BuiltInRole, Subject};
use latchkey_core::app::App;
use latchkey_core::id::{AdminId, SessionId, UserId};
use latchkey_core::password::Password;
use latchkey_core::reset::Logins;
use latchkey_core::secret::Secret;
use latchkey_core::session::{self, Login, Started};
pub(crate) use latchkey_core::testing::log_in_with;
use latchkey_core::testing::{PASSWORD, TestApp};
use latchkey_core::{admin, reset, user, verification};

use super::{as_confirmed, email, number, request, sql};

pub(crate) fn credentials(email: &str, password: &str, remember: bool) -> Login {
    Login { email: email.to_owned(), password: Password::typed(password), remember }
}

pub(crate) async fn login(app: &App, email: &str) -> Started {
    log_in_with(app, &request(), credentials(email, PASSWORD, false), "")
        .await
        .unwrap()
        .session()
        .expect("no second factor is asked for")
}

/// Whether a session's secret still opens something.
pub(crate) async fn is_alive(app: &App, secret: &Secret) -> bool {
    resolved(app, secret).await.is_some()
}

pub(crate) async fn resolved(app: &App, secret: &Secret) -> Option<session::Resolved> {
    let secret = secret.clone();
    app.read(move |snapshot| session::resolve(snapshot, &secret)).await.unwrap()
}

pub(crate) async fn admin_login(app: &App, email: &str) -> Result<admin::Started, admin::Error> {
    let begun = admin::login(app, &request(), email, &Password::typed(PASSWORD), "").await?;
    Ok(begun.session().expect("no second factor is asked for"))
}

/// An admin who has logged in: the secret and the session.
pub(crate) async fn staff_session(app: &TestApp, email: &str) -> (Secret, admin::Resolved) {
    let secret = admin_login(&app.app, email).await.unwrap().secret;
    let known = secret.clone();
    (secret, app.app.read(move |snapshot| admin::resolve(snapshot, &known)).await.unwrap().unwrap())
}

/// Another admin with a built-in role.
pub(crate) async fn staff_as(app: &TestApp, name: &str, role: BuiltInRole) -> AdminId {
    let id = app.admin(name, &format!("{}@staff.example", name.to_lowercase())).await;
    let role = app.app.read(move |snapshot| latchkey_core::admin_role::built_in(snapshot, role)).await.unwrap();
    sql(app, &format!("update admins set role_id = {role} where id = {id}")).await.unwrap();
    id
}

pub(crate) async fn admin_is_alive(app: &App, secret: &Secret) -> bool {
    let secret = secret.clone();
    app.read(move |snapshot| admin::resolve(snapshot, &secret)).await.unwrap().is_some()
}

// Mails to users.

/// The subjects of the mails that wait, which tests write as the kinds of notices and links.
pub(crate) async fn told(app: &TestApp) -> Vec<String> {
    app.take_mails().await.into_iter().map(|mail| mail.written.subject).collect()
}

/// Asks for a password reset, as the login page does, and has the address looked up.
pub(crate) async fn ask_for_reset(app: &TestApp, address: &str) {
    let address = email(address);
    app.app.write(&request(), move |tx| reset::ask(tx, Logins::Users, &address)).await.unwrap();
    app.resolve_resets().await;
}

/// Chooses a password by a link.
pub(crate) async fn choose(app: &App, secret: &Secret, password: &str) -> Result<(), reset::Error> {
    reset::choose(app, &request(), Logins::Users, secret.clone(), &Password::typed(password)).await
}

/// Asks for another address in the user's latest session, with who it is just confirmed.
pub(crate) async fn change_address(test: &TestApp, app: &App, user: UserId, to: &str) -> Result<(), verification::Error> {
    let query = format!("select coalesce(max(id), 0) from sessions where user_id = {user}");
    if number(test, &query).await == 0 {
        let found = app.read(move |snapshot| user::find(snapshot, user)).await.unwrap().unwrap();
        login(app, found.email.as_str()).await;
    }
    let session = SessionId(number(test, &query).await);
    sql(test, &format!("update sessions set confirmed_at = {} where id = {session}", app.now().as_micros())).await.unwrap();
    let to = email(to);
    as_confirmed(app, Subject::User(user), session, move |tx, by| verification::change_address(tx, by, &to)).await
}
