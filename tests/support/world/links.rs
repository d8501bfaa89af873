//! Links out of mails.

use latchkey_core::access::EditUsers;
use latchkey_core::admin;
use latchkey_core::email::Email;
use latchkey_core::id::UserId;
use latchkey_core::password::Password;
use latchkey_core::registration::{self, New};
use latchkey_core::reset::{self, Logins};
use latchkey_core::secret::Secret;
use latchkey_core::testing::link_secret;
use latchkey_core::user::PersonName;
use latchkey_core::verification;

use super::World;
use crate::support::PASSWORD;
use crate::support::tables::{number, texts};

impl World {
    /// The link of a registration by mail, through a new invitation, with the password that tests choose.
    pub(crate) async fn registration_link(&self) -> Secret {
        let (id, secret) = self.invitation().await;
        let name = PersonName { first: "Nora".to_owned(), last: "New".to_owned() };
        let email = Email::parse(&format!("by-mail{id}@example.com")).unwrap();
        let new = New { secret, name, email, password: Password::typed(PASSWORD) };
        registration::register(&self.app.app, &self.app.request(), new).await.unwrap();
        link_secret(self.app.take_mails().await.last().unwrap())
    }

    /// A link to choose a password, its mail sent.
    pub(crate) async fn reset_link(&self) -> Secret {
        let (_, address) = self.loner().await;
        let email = Email::parse(&address).unwrap();
        self.write(move |tx| {
            reset::ask(tx, Logins::Users, &email).unwrap();
            Ok(())
        })
        .await;
        self.app.resolve_resets().await;
        link_secret(self.app.take_mails().await.last().unwrap())
    }

    /// A link by which a new admin chooses another password, its mail sent.
    pub(crate) async fn admin_reset_link(&self) -> Secret {
        let id = self.another_admin().await;
        let address = texts(&self.app.location, &format!("select email from admins where id = {id}")).await.remove(0);
        let email = Email::parse(&address).unwrap();
        self.write(move |tx| {
            reset::ask(tx, Logins::Admins, &email).unwrap();
            Ok(())
        })
        .await;
        self.app.resolve_admin_resets().await;
        link_secret(self.app.take_mails().await.last().unwrap())
    }

    /// A link to confirm an address, its mail sent.
    pub(crate) async fn verification_link(&self) -> Secret {
        let (user, _) = self.loner().await;
        self.write(move |tx| {
            let by = tx.myself(user).unwrap();
            verification::resend(tx, &by).unwrap();
            Ok(())
        })
        .await;
        link_secret(self.app.take_mails().await.last().unwrap())
    }

    /// The path of a mail with a link that waits, of the user that this path is about.
    pub(super) async fn waiting_mail(&self, path: &str) -> String {
        self.app.expect_unsent_mails();
        let user = UserId(path.split('/').nth(3).unwrap().parse().unwrap());
        let stella = self.stella;
        self.write(move |tx| {
            let by = tx.authorize_admin::<EditUsers>(stella).unwrap();
            reset::send(tx, &by, user).unwrap();
            Ok(())
        })
        .await;
        path.replace("{mail}", &number(&self.app, "select max(id) from mails").await.to_string())
    }

    /// The link that makes the first admin. It works only as long as there is none.
    pub(crate) async fn setup_link(&self) -> String {
        let request = self.app.request();
        let system = self.app.system();
        let link = self.app.app.write(&request, move |tx| admin::setup_link(tx, &system)).await.unwrap();
        link.strip_prefix("http://latchkey.example").unwrap().to_owned()
    }
}
