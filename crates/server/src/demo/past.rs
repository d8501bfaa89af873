//! The demo's world while it is made: an app with a clock of its own, and who is who in it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use latchkey_core::access::{Allowed, Denied, Grants, InAccount, System};
use latchkey_core::admin::{self, NewAdmin};
use latchkey_core::app::{App, Request, Tx};
use latchkey_core::client_group;
use latchkey_core::clock::{Clock, Timestamp};
use latchkey_core::email::Email;
use latchkey_core::id::{AccountId, AdminId, ClientGroupId, InvitationId, RoleId, UserId};
use latchkey_core::password::{Password, PasswordHash};
use latchkey_core::role;
use latchkey_core::secret::Secret;
use latchkey_core::session::{self, Login, Proven};
use latchkey_core::user::PersonName;

use super::accounts::{GROUPS, ROLES};
use super::people::{DESK, PEOPLE, PHONE, Person, STAFF, Staff};

/// The demo's world.
pub(super) struct Past {
    pub app: App,
    clock: Clock,
    /// When the past ends.
    pub present: Timestamp,
    pub password: Password,
    /// The one password's hash, for everybody whom somebody else made.
    pub hash: PasswordHash,
    pub users: HashMap<&'static str, UserId>,
    pub staff: HashMap<&'static str, AdminId>,
    pub accounts: HashMap<&'static str, AccountId>,
    pub groups: HashMap<&'static str, ClientGroupId>,
    pub roles: HashMap<&'static str, RoleId>,
    /// By account and address.
    pub invitations: HashMap<(&'static str, &'static str), (InvitationId, Secret)>,
    /// Who has shown a password once need not compute its hash for every login of six weeks.
    proofs: HashMap<&'static str, Arc<Proven>>,
    /// The latest session of each.
    pub sessions: HashMap<&'static str, Secret>,
    /// The cookie of each person's browser, and of each member of staff's.
    pub devices: HashMap<String, Secret>,
}

/// Who does something in an account.
#[derive(Clone, Copy)]
pub(super) enum Who {
    User(UserId),
    Staff(AdminId),
}

impl Who {
    /// The ticket for `P`.
    pub(super) fn ticket<P: InAccount>(self, tx: &Tx<'_>, account: AccountId) -> Result<Allowed<P>, Denied> {
        match self {
            Self::User(user) => tx.authorize(latchkey_core::access::Who::without_second_factor(user), account),
            Self::Staff(admin) => tx.authorize_staff(admin, account),
        }
    }
}

/// The ticket of the demo's own work.
pub(super) fn system() -> System {
    System::named("demo")
}

impl Past {
    /// A world with staff and nobody else.
    pub(super) async fn begin(app: App, clock: Clock, present: Timestamp, password: Password) -> anyhow::Result<Self> {
        let hash = app.hasher().hash(app.random(), &password).await?;
        let mut past = Self {
            app,
            clock,
            present,
            password,
            hash,
            users: HashMap::new(),
            staff: HashMap::new(),
            accounts: HashMap::new(),
            groups: HashMap::new(),
            roles: HashMap::new(),
            invitations: HashMap::new(),
            proofs: HashMap::new(),
            sessions: HashMap::new(),
            devices: HashMap::new(),
        };
        for staff in STAFF {
            let new = NewAdmin { name: staff.name.to_owned(), email: email(staff.email)?, password: past.hash.clone() };
            let id = past.write(Request::default(), move |tx| Ok(admin::create_by_system(tx, &system(), &new)?)).await?;
            past.staff.insert(staff.key, id);
        }
        past.make_groups().await?;
        past.make_roles().await?;
        Ok(past)
    }

    /// The first admin sorts the clients that are to come.
    async fn make_groups(&mut self) -> anyhow::Result<()> {
        let staff = STAFF.first().context("there is staff")?;
        let (by, request) = (self.admin(staff.key)?, at_desk(staff)?);
        for group in GROUPS {
            let typed = client_group::Typed {
                name: group.name,
                colour: group.colour,
                discount: group.discount,
                suspend_terminate_exempt: group.exempt,
                separate_invoices: false,
            };
            let details =
                client_group::Details::parse(&typed).map_err(|invalid| anyhow::anyhow!("{}: {invalid:?}", group.name))?;
            let made = self.write(request.clone(), move |tx| Ok(client_group::create(tx, &tx.authorize_admin(by)?, &details)?));
            let made = made.await?;
            self.groups.insert(group.name, made);
        }
        Ok(())
    }

    /// The first admin makes the roles that owners offer.
    async fn make_roles(&mut self) -> anyhow::Result<()> {
        let staff = STAFF.first().context("there is staff")?;
        let (by, request) = (self.admin(staff.key)?, at_desk(staff)?);
        for (name, description, keys) in ROLES {
            let details = role::Details { name: name.to_owned(), description: description.to_owned(), grants: grants(keys)? };
            let made = self.write(request.clone(), move |tx| Ok(role::create(tx, &tx.authorize_admin(by)?, None, &details)?));
            let made = made.await?;
            self.roles.insert(name, made);
        }
        Ok(())
    }

    /// What an invitation offers: keys of permissions, or the name of a role.
    pub(super) fn offered(&self, offered: &str) -> anyhow::Result<(Option<RoleId>, Grants)> {
        match self.roles.get(offered) {
            Some(role) => Ok((Some(*role), Grants::none())),
            None => Ok((None, grants(offered)?)),
        }
    }

    /// Moves on to a moment; never back.
    pub(super) fn reach(&self, moment: Timestamp) {
        self.clock.advance(moment.since(self.clock.now()));
    }

    /// Moves on by a little.
    pub(super) fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// One transaction.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        request: Request,
        work: impl Fn(&Tx<'_>) -> anyhow::Result<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        self.app.write(&request, work).await
    }

    /// The account of this key.
    pub(super) fn account(&self, key: &str) -> anyhow::Result<AccountId> {
        self.accounts.get(key).copied().with_context(|| format!("no account {key} yet"))
    }

    /// The user of this key.
    pub(super) fn user(&self, key: &str) -> anyhow::Result<UserId> {
        self.users.get(key).copied().with_context(|| format!("no user {key} yet"))
    }

    /// The admin of this key.
    pub(super) fn admin(&self, key: &str) -> anyhow::Result<AdminId> {
        self.staff.get(key).copied().with_context(|| format!("no admin {key}"))
    }

    /// Who does something, and from where.
    pub(super) fn who(&self, key: &str) -> anyhow::Result<(Who, Request)> {
        if let Some(admin) = self.staff.get(key) {
            return Ok((Who::Staff(*admin), at_desk(member_of_staff(key)?)?));
        }
        Ok((Who::User(self.user(key)?), at_home(person(key)?)?))
    }

    /// Proof that a person knows the password.
    pub(super) async fn proof(&mut self, key: &'static str) -> anyhow::Result<Arc<Proven>> {
        if let Some(proof) = self.proofs.get(key) {
            return Ok(Arc::clone(proof));
        }
        let person = person(key)?;
        let login = Login { email: person.email.to_owned(), password: self.password.clone(), remember: false };
        let proof = Arc::new(session::authenticate(&self.app, &at_home(person)?, &login).await?);
        self.proofs.insert(key, Arc::clone(&proof));
        Ok(proof)
    }

    /// A changed password needs a new proof.
    pub(super) fn forget_proof(&mut self, key: &str) {
        self.proofs.remove(key);
    }
}

/// The person of this key.
pub(super) fn person(key: &str) -> anyhow::Result<&'static Person> {
    PEOPLE.iter().find(|person| person.key == key).with_context(|| format!("nobody is called {key}"))
}

/// The member of staff of this key.
pub(super) fn member_of_staff(key: &str) -> anyhow::Result<&'static Staff> {
    STAFF.iter().find(|staff| staff.key == key).with_context(|| format!("no admin is called {key}"))
}

/// A person's name.
pub(super) fn name(first: &str, last: &str) -> PersonName {
    PersonName { first: first.to_owned(), last: last.to_owned() }
}

/// A mail address of the demo's tables.
pub(super) fn email(text: &str) -> anyhow::Result<Email> {
    Email::parse(text).map_err(|why| anyhow::anyhow!("{text}: {why}"))
}

/// Permissions by their keys; `all` stands for the thirteen.
pub(super) fn grants(keys: &str) -> anyhow::Result<Grants> {
    let (all, keys): (Vec<&str>, Vec<&str>) = keys.split(' ').partition(|key| *key == "all");
    let chosen = if keys.is_empty() { Ok(Grants::none()) } else { Grants::choose(keys) };
    let chosen = chosen.map_err(|why| anyhow::anyhow!("{why}"))?;
    Ok(if all.is_empty() { chosen } else { chosen.union(&Grants::all()) })
}

/// From where somebody comes.
pub(super) fn from(ip: &str, user_agent: &str) -> anyhow::Result<Request> {
    let ip: IpAddr = ip.parse().with_context(|| format!("{ip} is no address"))?;
    Ok(Request { ip: Some(ip), user_agent: user_agent.to_owned(), ..Request::default() })
}

/// A person's usual place.
pub(super) fn at_home(person: &Person) -> anyhow::Result<Request> {
    from(person.ip, person.browser)
}

/// Staff's usual place.
pub(super) fn at_desk(staff: &Staff) -> anyhow::Result<Request> {
    from(staff.ip, DESK)
}

/// With a telephone, somewhere.
pub(super) fn on_the_move(number: u32) -> anyhow::Result<Request> {
    let place = number % 50;
    from(
        &if place.is_multiple_of(2) { format!("198.51.100.{}", 200 + place) } else { format!("2001:db8:ca11::{place:x}") },
        PHONE,
    )
}
