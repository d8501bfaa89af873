//! Each deed of the demo's past, done through the operation that a door would call.

use anyhow::{Context, bail};
use latchkey_core::access::{ConfirmedAdmin, ManageContacts, ManageUsers, System, Who};
use latchkey_core::account::{self, Details, NewOwner};
use latchkey_core::app::Request;
use latchkey_core::contact::{self, Categories};
use latchkey_core::user::{self, AdminChange, NewUser};
use latchkey_core::{admin, membership, note};

use super::accounts::{CLIENTS, Client};
use super::past::{Past, at_desk, at_home, email, grants, member_of_staff, name, person};
use super::people::Person;
use super::story::{Chore, Deed, Post};

impl Past {
    /// Does what a step says.
    pub(super) async fn play(&mut self, deed: Deed) -> anyhow::Result<()> {
        match deed {
            Deed::Staff { staff, account, chore } => self.chore(staff, account, chore).await,
            Deed::Moves { by, account, phone } => self.moves(by, account, phone).await,
            Deed::AddsContact { by, account, name, email, gets } => self.add_contact(by, account, name, email, gets).await,
            Deed::Invites { by, account, to, grants, post } => self.invite(by, account, to, grants, post).await,
            Deed::InvitesPerson { by, account, user, grants } => {
                self.invite(by, account, person(user)?.email, grants, Post::Taken).await
            }
            Deed::Resends { by, account, to, post } => self.resend(by, account, to, post).await,
            Deed::Cancels { by, account, to } => self.cancel(by, account, to).await,
            Deed::Accepts { user, account, to } => self.accept(user, account, to).await,
            Deed::AcceptsOwn { user, account } => self.accept(user, account, person(user)?.email).await,
            Deed::Declines { account, to, ip } => self.decline(account, to, ip).await,
            Deed::Permits { by, account, user, grants } => self.permit(by, account, user, grants).await,
            Deed::Removes { by, account, user } => self.remove(by, account, user).await,
            Deed::Leaves { user, account } => self.leave(user, account).await,
            Deed::Registers { user } => self.register(user).await,
            Deed::Renames { staff, user, last } => self.rename(staff, user, last).await,
            Deed::ChangesPassword { user } => self.change_password(user).await,
            Deed::LogsOut { user } => self.log_out(user).await,
            Deed::Visits { user, number } => self.visit(user, number).await,
            Deed::Fails { email, ip } => self.fail(email, ip).await,
            Deed::StaffLogsIn { staff } => self.staff_log_in(staff).await,
            Deed::StaffFails { email, ip } => self.staff_fail(email, ip).await,
            Deed::Disables { staff, whom } => self.disable(staff, whom).await,
        }
    }

    async fn chore(&mut self, staff: &'static str, account: &'static str, chore: Chore) -> anyhow::Result<()> {
        if matches!(chore, Chore::Open) {
            return self.open(staff, account).await;
        }
        if let Chore::Associate { user, grants } = chore {
            return self.associate(staff, account, user, grants).await;
        }
        let (by, id, request) = (self.admin(staff)?, self.account(account)?, at_desk(member_of_staff(staff)?)?);
        let group = self.groups.get(client(account)?.group).copied();
        let heir = if let Chore::MakeOwner { user } = chore { Some(self.user(user)?) } else { None };
        let done = self.write(request, move |tx| {
            match (chore, heir) {
                (Chore::Classify { active }, _) => account::classify(tx, &tx.authorize_admin(by)?, id, group, active)?,
                (Chore::Close, _) => account::close(tx, &tx.authorize_admin(by)?, id)?,
                (Chore::Reopen, _) => account::reopen(tx, &tx.authorize_admin(by)?, id)?,
                (Chore::Delete, _) => drop(account::delete_with_orphans(
                    tx,
                    &tx.authorize_admin(by)?,
                    &ConfirmedAdmin::machine(&super::past::system()),
                    id,
                )?),
                (Chore::Note { text, pinned }, _) => drop(note::add(tx, &tx.authorize_admin(by)?, id, text, pinned)?),
                (Chore::MakeOwner { .. }, Some(heir)) => drop(membership::make_owner(
                    tx,
                    &tx.authorize_staff(by, id)?,
                    &ConfirmedAdmin::machine(&super::past::system()),
                    heir,
                )?),
                _ => bail!("{chore:?} is done elsewhere"),
            }
            Ok(())
        });
        done.await
    }

    /// Makes an account, and its owner when that person is new.
    async fn open(&mut self, staff: &'static str, account: &'static str) -> anyhow::Result<()> {
        let (by, client, request) = (self.admin(staff)?, client(account)?, at_desk(member_of_staff(staff)?)?);
        let owner = match self.users.get(client.owner) {
            Some(id) => NewOwner::Existing(*id),
            None => NewOwner::New(NewUser { password: Some(self.hash.clone()), ..without_password(person(client.owner)?)? }),
        };
        let details = details(client)?;
        let made = self.write(request, move |tx| {
            let id = account::create(tx, &tx.authorize_admin(by)?, &details, &owner)?;
            let account = account::find(tx, id)?.context("an account that was just made is there")?;
            Ok((id, account.owner.id))
        });
        let (id, owner) = made.await?;
        self.accounts.insert(account, id);
        self.users.insert(client.owner, owner);
        Ok(())
    }

    /// Associates somebody who has no login yet.
    async fn associate(&mut self, staff: &str, account: &str, user: &'static str, held: &str) -> anyhow::Result<()> {
        let (by, id, request) = (self.admin(staff)?, self.account(account)?, at_desk(member_of_staff(staff)?)?);
        let (new, held) = (without_password(person(user)?)?, grants(held)?);
        let made = self
            .write(request, move |tx| Ok(membership::associate_new(tx, &tx.authorize_staff(by, id)?, &new, None, &held)?))
            .await?;
        self.users.insert(user, made);
        Ok(())
    }

    async fn moves(&self, by: &str, account: &str, phone: &'static str) -> anyhow::Result<()> {
        let ((who, request), id) = (self.who(by)?, self.account(account)?);
        let moved = self.write(request, move |tx| {
            let before = account::find(tx, id)?.context("the account is there")?.details;
            let after = Details { phone: phone.to_owned(), ..before };
            Ok(account::update(tx, &who.ticket(tx, id)?, &after)?)
        });
        moved.await
    }

    async fn add_contact(
        &self,
        by: &str,
        account: &str,
        (first, last): (&str, &str),
        address: &str,
        gets: &str,
    ) -> anyhow::Result<()> {
        let ((who, request), id) = (self.who(by)?, self.account(account)?);
        let gets: Vec<String> = gets.split(' ').map(str::to_owned).collect();
        let typed = contact::Details {
            first_name: first.to_owned(),
            last_name: last.to_owned(),
            email: address.to_owned(),
            categories: Categories::choose(&gets).map_err(|why| anyhow::anyhow!("{address}: {why}"))?,
            ..contact::Details::default()
        };
        let new = contact::Details::parse(&typed).map_err(|invalid| anyhow::anyhow!("{address}: {invalid:?}"))?;
        self.write(request, move |tx| Ok(contact::add(tx, &who.ticket::<ManageContacts>(tx, id)?, &new)?)).await.map(drop)
    }

    async fn permit(&self, by: &str, account: &str, user: &str, held: &str) -> anyhow::Result<()> {
        let ((who, request), id, user, held) = (self.who(by)?, self.account(account)?, self.user(user)?, grants(held)?);
        let permitted =
            self.write(request, move |tx| Ok(membership::set_grants(tx, &who.ticket::<ManageUsers>(tx, id)?, user, &held)?));
        permitted.await
    }

    async fn remove(&self, by: &str, account: &str, user: &str) -> anyhow::Result<()> {
        let ((who, request), id, user) = (self.who(by)?, self.account(account)?, self.user(user)?);
        self.write(request, move |tx| Ok(membership::remove(tx, &who.ticket(tx, id)?, user)?)).await
    }

    async fn leave(&self, user: &str, account: &str) -> anyhow::Result<()> {
        let (id, account, request) = (self.user(user)?, self.account(account)?, at_home(person(user)?)?);
        let left = self.write(request, move |tx| {
            Ok(membership::leave(tx, &tx.authorize(Who::without_second_factor(id), account)?, &tx.myself(id)?)?)
        });
        left.await
    }

    /// Makes a user on the command line.
    async fn register(&mut self, user: &'static str) -> anyhow::Result<()> {
        let new = NewUser { password: Some(self.hash.clone()), ..without_password(person(user)?)? };
        let by = System::named("command line");
        let made = self.write(Request::default(), move |tx| Ok(user::create(tx, &by, &new)?)).await?;
        self.users.insert(user, made);
        Ok(())
    }

    async fn rename(&self, staff: &str, user: &str, last: &str) -> anyhow::Result<()> {
        let (by, id, person) = (self.admin(staff)?, self.user(user)?, person(user)?);
        let change = AdminChange { name: name(person.first, last), email: email(person.email)? };
        let request = at_desk(member_of_staff(staff)?)?;
        let confirmed = ConfirmedAdmin::machine(&super::past::system());
        self.write(request, move |tx| Ok(user::update_at_once(tx, &tx.authorize_admin(by)?, &confirmed, id, &change)?)).await
    }

    async fn disable(&self, staff: &str, whom: &str) -> anyhow::Result<()> {
        let (by, whom, request) = (self.admin(staff)?, self.admin(whom)?, at_desk(member_of_staff(staff)?)?);
        let confirmed = ConfirmedAdmin::machine(&super::past::system());
        self.write(request, move |tx| Ok(admin::set_disabled(tx, &tx.authorize_admin(by)?, &confirmed, whom, true)?))
            .await
            .map(drop)
    }
}

/// The account of this key.
fn client(key: &str) -> anyhow::Result<&'static Client> {
    CLIENTS.iter().find(|client| client.key == key).with_context(|| format!("no account is called {key}"))
}

/// Checked as in the form.
fn details(client: &Client) -> anyhow::Result<Details> {
    let typed = Details {
        name: client.name.to_owned(),
        company: client.company.to_owned(),
        contact_email: client.email.to_owned(),
        address1: client.street.to_owned(),
        address2: String::new(),
        city: client.city.to_owned(),
        state: String::new(),
        postcode: client.postcode.to_owned(),
        country: client.country.to_owned(),
        phone: client.phone.to_owned(),
        ..Details::default()
    };
    Details::parse(&typed).map_err(|invalid| anyhow::anyhow!("{}: {invalid:?}", client.key))
}

/// Checked as in the form.
fn without_password(person: &Person) -> anyhow::Result<NewUser> {
    let checked = user::parse(person.first, person.last, person.email);
    let (name, email) = checked.map_err(|invalid| anyhow::anyhow!("{}: {invalid:?}", person.key))?;
    Ok(NewUser { name, email, password: None })
}
