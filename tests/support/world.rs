//! Acme and the people around it.

mod fill;
mod links;
mod owner;
pub(crate) use owner::need_second_admin;

use latchkey_core::access::{
    BuiltInApiRole, ConfigureSystem, ConfirmedAdmin, Grants, ManageAdmins, ManageApi, ManageBans, ManageContacts, Subject,
    System, WriteNotes,
};
use latchkey_core::admin::{self, NewAdmin};
use latchkey_core::admin_invitation;
use latchkey_core::admin_role::{self, NewRole};
use latchkey_core::api_credential::{self, NewCredential};
use latchkey_core::api_role;
use latchkey_core::app::Tx;
use latchkey_core::ban::{self, NewBan};
use latchkey_core::client_group;
use latchkey_core::contact;
use latchkey_core::email::Email;
use latchkey_core::error::Fault;
use latchkey_core::id::{AccountId, AdminId, SessionId, UserId};
use latchkey_core::mail_template;
use latchkey_core::note;
use latchkey_core::passkey;
use latchkey_core::passkey::soft::{SoftKey, Told};
use latchkey_core::password::Password;
use latchkey_core::role;
use latchkey_core::secret::Secret;
use latchkey_core::webhook::{self, NewWebhook};

pub(crate) use fill::fill;

use super::tables::{number, texts};
use super::{Actor, PASSWORD, Server, TestApp};

/// Who asks, in the order of the snapshot. Admins come last: they can close and delete.
pub(crate) const ACTORS: [&str; 7] = ["anonymous", "stranger", "member", "member with profile", "manager", "owner", "admin"];

/// Everybody, staff of every built-in role and an admin who acts for the owner included, as [`World::with_staff`] has them.
pub(crate) const EVERYBODY: [&str; 10] = [
    "anonymous",
    "stranger",
    "member",
    "member with profile",
    "manager",
    "owner",
    "masquerading admin",
    "read-only",
    "support",
    "admin",
];

/// Staff besides the full administrator.
pub(crate) struct Staff {
    pub(crate) read_only: Actor,
    pub(crate) support: Actor,
    pub(crate) masquerading: Actor,
}

/// An account with an owner, members and staff, all logged in.
pub(crate) struct World {
    pub(crate) app: TestApp,
    pub(crate) server: Server,
    pub(crate) acme: AccountId,
    /// The stranger's own account.
    pub(crate) elsewhere: AccountId,
    pub(crate) olivia: UserId,
    pub(crate) stella: AdminId,
    pub(crate) anonymous: Actor,
    pub(crate) stranger: Actor,
    pub(crate) member: Actor,
    pub(crate) with_profile: Actor,
    pub(crate) manager: Actor,
    pub(crate) owner: Actor,
    pub(crate) admin: Actor,
    pub(crate) staff: Option<Staff>,
}

pub(crate) fn grants(keys: &str) -> Grants {
    Grants::parse(keys)
}

impl World {
    pub(crate) async fn new(app: TestApp) -> Self {
        let server = Server::start(&app).await;
        Self::at(app, server).await
    }

    pub(crate) async fn at(app: TestApp, server: Server) -> Self {
        let olivia = app.user("Olivia", "Owner", "olivia@example.com").await;
        let acme = app.account("Acme", olivia).await;
        let sam = app.user("Sam", "Stranger", "sam@example.com").await;
        let elsewhere = app.account("Elsewhere", sam).await;
        for (first, keys) in [("Mia", "invoices"), ("Paula", "profile"), ("Max", "users invoices tickets")] {
            let user = app.user(first, "Member", &format!("{}@example.com", first.to_lowercase())).await;
            app.member(acme, user, grants(keys)).await;
        }
        let stella = app.admin("Stella Staff", "stella@staff.example").await;
        Self {
            anonymous: server.anonymous(),
            stranger: server.user("sam@example.com").await,
            member: server.user("mia@example.com").await,
            with_profile: server.user("paula@example.com").await,
            manager: server.user("max@example.com").await,
            owner: server.user("olivia@example.com").await,
            admin: server.admin("stella@staff.example").await,
            staff: None,
            app,
            server,
            acme,
            elsewhere,
            olivia,
            stella,
        }
    }

    /// The same with staff of every built-in role, and an admin who has logged in as the owner.
    pub(crate) async fn with_staff(app: TestApp) -> Self {
        let mut world = Self::new(app).await;
        for (name, email, role) in [("Rita", "rita@staff.example", "read-only"), ("Sue", "sue@staff.example", "support")] {
            let password = world.app.app.hasher().hash(world.app.app.random(), &Password::typed(PASSWORD)).await.unwrap();
            let new = NewAdmin { name: name.to_owned(), email: Email::parse(email).unwrap(), password };
            let system = world.app.system();
            let made = world.write(move |tx| {
                let role = admin_role::by_name(tx, role)?.unwrap();
                Ok(admin::create_in_role(tx, &system, &new, role).unwrap())
            });
            made.await;
        }
        let masquerading = world.server.admin("stella@staff.example").await;
        let path = format!("/admin/clients/{}/masquerade", world.acme);
        let started = masquerading.post(&path, &[("reason", "Ticket 7")]).await;
        assert_eq!(started.outline(), format!("303 /a/{}", world.acme), "{}", started.text());
        world.app.take_mails().await;
        world.staff = Some(Staff {
            read_only: world.server.admin("rita@staff.example").await,
            support: world.server.admin("sue@staff.example").await,
            masquerading,
        });
        world
    }

    /// The actor of this name in [`ACTORS`] or [`EVERYBODY`].
    pub(crate) fn actor(&self, name: &str) -> &Actor {
        match name {
            "anonymous" => &self.anonymous,
            "stranger" => &self.stranger,
            "member" => &self.member,
            "member with profile" => &self.with_profile,
            "manager" => &self.manager,
            "owner" => &self.owner,
            "admin" => &self.admin,
            other => match (&self.staff, other) {
                (Some(staff), "masquerading admin") => &staff.masquerading,
                (Some(staff), "read-only") => &staff.read_only,
                (Some(staff), "support") => &staff.support,
                _ => panic!("nobody is called {other}"),
            },
        }
    }

    /// A new member who holds `invoices`.
    pub(crate) async fn someone(&self) -> UserId {
        let address = self.fresh_address().await;
        let user = self.app.user("Tom", "Target", &address).await;
        self.app.member(self.acme, user, grants("invoices")).await;
        user
    }

    /// A new invitation to Acme, its mail sent.
    pub(crate) async fn invitation(&self) -> (i64, Secret) {
        let address = self.fresh_address().await;
        let secret = self.app.invite(self.olivia, self.acme, &address, grants("invoices")).await;
        (number(&self.app, "select max(id) from invitations").await, secret)
    }

    /// The address that an invitation was sent to.
    pub(crate) async fn invited(&self, id: i64) -> String {
        texts(&self.app.location, &format!("select email from invitations where id = {id}")).await.remove(0)
    }

    /// A new invitation to Acme whose mail still waits.
    pub(crate) async fn waiting_invitation(&self) -> i64 {
        let address = self.fresh_address().await;
        let sent = self.owner.post(&format!("/a/{}/invitations", self.acme), &[("email", &address)]).await;
        assert_eq!(sent.status, 303, "{}", sent.text());
        self.app.expect_unsent_mails();
        number(&self.app, "select max(id) from invitations").await
    }

    async fn fresh_address(&self) -> String {
        let count =
            number(&self.app, "select count(*) from users").await + number(&self.app, "select count(*) from invitations").await;
        format!("nr{count}@example.com")
    }

    /// A new admin who can be disabled.
    pub(crate) async fn another_admin(&self) -> i64 {
        let count = number(&self.app, "select count(*) from admins").await;
        let password = self.app.app.hasher().hash(self.app.app.random(), &Password::typed(PASSWORD)).await.unwrap();
        let email = Email::parse(&format!("staff{count}@staff.example")).unwrap();
        let new = NewAdmin { name: "Steve Staff".to_owned(), email, password };
        let system = self.app.system();
        self.write(move |tx| Ok(admin::create_by_system(tx, &system, &new).unwrap().0)).await
    }

    /// A new invitation to become an admin, its mail waiting: its number and its link.
    pub(crate) async fn admin_invitation(&self) -> (i64, String) {
        let count = number(&self.app, "select count(*) from admin_invitations").await;
        let (stella, email) = (self.stella, Email::parse(&format!("new{count}@staff.example")).unwrap());
        self.app.expect_unsent_mails();
        self.write(move |tx| {
            let by = tx.authorize_admin::<ManageAdmins>(stella).unwrap();
            let confirmed = ConfirmedAdmin::machine(&System::named("test"));
            let role = admin_role::by_name(tx, "support")?.unwrap();
            let new = admin_invitation::NewInvitation { name: String::new(), email: email.clone(), role };
            let id = admin_invitation::send(tx, &by, &confirmed, &new).unwrap();
            Ok((id.0, admin_invitation::link(tx, &by, &confirmed, id).unwrap().1))
        })
        .await
    }

    /// A new admin role that nobody has.
    pub(crate) async fn role(&self) -> i64 {
        let count = number(&self.app, "select count(*) from admin_roles").await;
        let new = NewRole::parse(&format!("Role {count}"), &["log".to_owned()]).unwrap();
        let stella = self.stella;
        self.write(move |tx| {
            let by = tx.authorize_admin::<ManageAdmins>(stella).unwrap();
            Ok(admin_role::create(tx, &by, &ConfirmedAdmin::machine(&System::named("test")), &new).unwrap().0)
        })
        .await
    }

    /// A role that nobody has.
    pub(crate) async fn member_role(&self) -> i64 {
        let stella = self.stella;
        let name = format!("Clerk {}", number(&self.app, "select count(*) from roles").await);
        let details = role::Details { name, description: String::new(), grants: Grants::parse("invoices") };
        self.write(move |tx| {
            let by = tx.authorize_admin::<ConfigureSystem>(stella).unwrap();
            Ok(role::create(tx, &by, None, &details).unwrap().0)
        })
        .await
    }

    /// A new API role that no credential has.
    async fn api_role(&self) -> i64 {
        let count = number(&self.app, "select count(*) from api_roles").await;
        let new = api_role::NewRole::parse(&format!("Role {count}"), &["getclients".to_owned()]).unwrap();
        let (stella, system) = (self.stella, self.app.system());
        self.write(move |tx| {
            let by = tx.authorize_admin::<ManageApi>(stella).unwrap();
            Ok(api_role::create(tx, &by, &ConfirmedAdmin::machine(&system), &new).unwrap().0)
        })
        .await
    }

    /// A new API credential of Acme's owner, whoever that is by now and however well proven.
    async fn credential(&self) -> i64 {
        let (stella, acme, system) = (self.stella, self.acme, self.app.system());
        let made = self.write(move |tx| {
            let role = api_role::built_in(tx, BuiltInApiRole::ReadOnly)?;
            let new = NewCredential::parse("Billing", Some(role), Some(acme), "", None).unwrap();
            Ok(api_credential::create_by_system(tx, &system, stella, &new).unwrap().id)
        });
        let owner = "(select owner_id from accounts where accounts.id = account_id)";
        let made = made.await;
        number(
            &self.app,
            &format!("update api_credentials set admin_id = null, user_id = {owner} where id = {made} returning id"),
        )
        .await
    }

    /// A ban of an address that nobody here has.
    pub(crate) async fn ban(&self) -> i64 {
        let stella = self.stella;
        let count = number(&self.app, "select count(*) from bans").await;
        let network = format!("203.0.113.{count}").parse().unwrap();
        self.write(move |tx| {
            let by = tx.authorize_admin::<ManageBans>(stella).unwrap();
            Ok(ban::add(tx, &by, &NewBan { network, reason: "A reason.".to_owned(), ends_at: None }).unwrap().0)
        })
        .await
    }

    /// A webhook that leads nowhere.
    pub(crate) async fn webhook(&self) -> i64 {
        let stella = self.stella;
        let new = NewWebhook::parse("https://hooks.example/in", "Billing", &[], false).unwrap();
        self.write(move |tx| {
            let by = tx.authorize_admin::<ManageApi>(stella).unwrap();
            let confirmed = ConfirmedAdmin::machine(&System::named("test"));
            Ok(webhook::create(tx, &by, &tx.authorize_admin(stella).unwrap(), &confirmed, &new).unwrap().0.0)
        })
        .await
    }

    pub(crate) async fn note(&self) -> i64 {
        let (stella, acme) = (self.stella, self.acme);
        self.write(move |tx| {
            let by = tx.authorize_admin::<WriteNotes>(stella).unwrap();
            Ok(note::add(tx, &by, acme, "A note.", false).unwrap().0)
        })
        .await
    }

    pub(crate) async fn contact(&self) -> i64 {
        let (stella, acme) = (self.stella, self.acme);
        // An address stands once in an address book, and more than one may ask.
        let email = format!("carl{}@example.com", number(&self.app, "select count(*) from contacts").await);
        let typed = contact::Details { first_name: "Carl".to_owned(), email, ..contact::Details::default() };
        let new = contact::Details::parse(&typed).unwrap();
        self.write(move |tx| {
            let by = tx.authorize_staff::<ManageContacts>(stella, acme).unwrap();
            Ok(contact::add(tx, &by, &new).unwrap().0)
        })
        .await
    }

    /// A client group that nobody is in.
    pub(crate) async fn group(&self) -> i64 {
        let stella = self.stella;
        let name = format!("Group {}", number(&self.app, "select count(*) from client_groups").await);
        let typed = client_group::Typed { name: &name, colour: "#b45309", ..client_group::Typed::default() };
        let details = client_group::Details::parse(&typed).unwrap();
        self.write(move |tx| {
            let by = tx.authorize_admin::<ConfigureSystem>(stella).unwrap();
            Ok(client_group::create(tx, &by, &details).unwrap().0)
        })
        .await
    }

    /// A template of the operator's.
    pub(crate) async fn mail_template(&self) -> i64 {
        let stella = self.stella;
        let name = format!("Template {}", number(&self.app, "select coalesce(max(id), 0) from mail_templates").await);
        let details = mail_template::Details::parse(&name, "general", "Hello {first_name}", "A text.").unwrap();
        self.write(move |tx| {
            let by = tx.authorize_admin::<ConfigureSystem>(stella).unwrap();
            Ok(mail_template::create(tx, &by, &details).unwrap().0)
        })
        .await
    }

    /// Another session of the user with this address.
    pub(crate) async fn session_of(&self, email: &str) -> i64 {
        self.server.user(email).await;
        number(&self.app, "select max(id) from sessions").await
    }

    /// Another session of this admin; of Stella when the actor is no admin.
    pub(super) async fn admin_session_of(&self, actor: &str) -> i64 {
        let email = match actor {
            "read-only" => "rita@staff.example",
            "support" => "sue@staff.example",
            _ => "stella@staff.example",
        };
        self.server.admin(email).await;
        number(&self.app, "select max(id) from admin_sessions").await
    }

    /// A second factor of this actor, by its number; of nobody's when the actor is nobody.
    pub(crate) async fn factor_of(&self, actor: &str) -> i64 {
        let (column, owner) = match (actor, address_of(actor)) {
            ("admin", _) => ("admin_id", format!("select id from admins where id = {}", self.stella)),
            (_, Some(email)) => ("user_id", format!("select id from users where email = '{email}'")),
            (_, None) => ("user_id", format!("select id from users where id = {}", self.olivia)),
        };
        let insert = format!(
            "insert into authenticators ({column}, kind, name, created_at, confirmed_at)
             values (({owner}), 'other', '', 1, 1) returning id"
        );
        number(&self.app, &insert).await
    }

    /// A passkey of somebody who has just logged in.
    pub(crate) async fn passkey(&self) -> i64 {
        let address = self.fresh_address().await;
        let user = self.app.user("Pia", "Passkey", &address).await;
        let session = SessionId(self.session_of(&address).await);
        let id = self
            .write(move |tx| {
                let by = tx.confirmed(Subject::User(user), session).unwrap();
                let browser = Secret::parse(&"A".repeat(43)).unwrap();
                let options = serde_json::to_value(passkey::begin_adding(tx, &by, &browser).unwrap()).unwrap();
                let told = Told::create("http://latchkey.example", options["challenge"].as_str().unwrap());
                let response = SoftKey::es256(b"somebody").register(&told).response();
                Ok(passkey::add(tx, &by, &browser, "Key", &response).unwrap().unwrap().id.0)
            })
            .await;
        self.app.take_mails().await;
        id
    }

    /// A user with an address of its own, who is nobody in Acme.
    async fn loner(&self) -> (UserId, String) {
        let address = self.fresh_address().await;
        (self.app.user("Lena", "Loner", &address).await, address)
    }

    async fn write<T: Send + 'static>(&self, work: impl Fn(&Tx<'_>) -> Result<T, Fault> + Send + 'static) -> T {
        self.app.app.write(&self.app.request(), work).await.unwrap()
    }

    /// Staff associates an address nobody has: its user has no password.
    pub(crate) async fn somebody_without_password(&self) -> &'static str {
        const EMAIL: &str = "pia@example.com";
        let fields = [
            ("query", EMAIL),
            ("first_name", "Pia"),
            ("last_name", "Passwordless"),
            ("permissions", "invoices"),
            ("send_invite", "no"),
        ];
        let done = self.admin.post(&format!("/admin/clients/{}/users/associate", self.acme), &fields).await;
        assert_eq!(done.status, 303, "{}", done.text());
        EMAIL
    }

    /// The kinds of all events, oldest first.
    pub(crate) async fn events(&self) -> Vec<String> {
        texts(&self.app.location, "select kind from events order by id").await
    }
}

/// The login of a user in [`ACTORS`].
fn address_of(actor: &str) -> Option<&'static str> {
    match actor {
        "stranger" => Some("sam@example.com"),
        "member" => Some("mia@example.com"),
        "member with profile" => Some("paula@example.com"),
        "manager" => Some("max@example.com"),
        "owner" | "masquerading admin" => Some("olivia@example.com"),
        _ => None,
    }
}
