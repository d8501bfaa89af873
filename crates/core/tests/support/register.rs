//! Registering on the page of an invitation.

use latchkey_core::app::App;
use latchkey_core::password::Password;
use latchkey_core::registration::{self, Error, Inside, New, Registered};
use latchkey_core::secret::Secret;
use latchkey_core::testing::{PASSWORD, TestApp, link_secret};
use latchkey_core::user::{self, PersonName};

use super::{email, request};

/// What somebody new types.
pub(crate) fn newcomer(link: &Secret, address: &str) -> New {
    let name = PersonName { first: "Nina".to_owned(), last: "New".to_owned() };
    New { secret: link.clone(), name, email: email(address), password: Password::typed(PASSWORD) }
}

/// Presses **Register** with the invited address.
pub(crate) async fn register(app: &App, link: &Secret, invited: &str) -> Result<Inside, Error> {
    match registration::register(app, &request(), newcomer(link, invited)).await? {
        Registered::Inside(inside) => Ok(*inside),
        Registered::Waiting => panic!("{invited} is not the invited address"),
    }
}

/// Presses **Register** with an address that is not the invited one.
pub(crate) async fn ask(app: &App, link: &Secret, other: &str) -> Result<(), Error> {
    match registration::register(app, &request(), newcomer(link, other)).await? {
        Registered::Inside(_) => panic!("{other} was to be confirmed"),
        Registered::Waiting => Ok(()),
    }
}

/// Presses **Finish Registration** with a password.
pub(crate) async fn finish_with(app: &App, link: &Secret, password: &str) -> Result<Inside, Error> {
    registration::finish(app, &request(), link, &Password::typed(password)).await
}

pub(crate) async fn finish(app: &App, link: &Secret) -> Result<Inside, Error> {
    finish_with(app, link, PASSWORD).await
}

/// The link in the one mail that finishes a registration, among those that wait.
pub(crate) async fn registration_link(app: &TestApp) -> Secret {
    let mails = app.take_mails().await;
    let links: Vec<_> = mails.iter().filter(|mail| mail.written.text.contains("/register/")).map(link_secret).collect();
    let [link] = links.as_slice() else { panic!("{} links instead of one", links.len()) };
    link.clone()
}

pub(crate) async fn nobody_has(app: &TestApp, address: &str) -> bool {
    let key = email(address).key();
    app.app.read(move |snapshot| user::by_email(snapshot, &key)).await.unwrap().is_none()
}
