//! Logins of the demo's past, good and bad.

use std::time::Duration;

use anyhow::{Context, bail};
use latchkey_core::access::Who;
use latchkey_core::app::Tx;
use latchkey_core::outbox::{self, Topic};
use latchkey_core::password::Password;
use latchkey_core::session::{self, Login};
use latchkey_core::{admin, membership, user};

use super::past::{Past, at_desk, at_home, from, member_of_staff, on_the_move, person, system};
use super::people::{DESK, PHONE};

/// What somebody types who does not know the password.
const WRONG: &str = "surely it was this one";

impl Past {
    /// Logs in and enters one of the accounts. Whoever is not there yet, or can enter nothing, does not come.
    pub(super) async fn visit(&mut self, key: &'static str, number: u32) -> anyhow::Result<()> {
        let Some(user) = self.users.get(key).copied() else { return Ok(()) };
        let accounts = self.app.read(move |snapshot| membership::accounts_of(snapshot, user)).await?;
        let open: Vec<_> = accounts.into_iter().filter(|mine| !mine.is_closed).map(|mine| mine.account).collect();
        let Some(account) = open.get(usize::try_from(number)? % open.len().max(1)).copied() else { return Ok(()) };
        let (person, proof) = (person(key)?, self.proof(key).await?);
        let moving = number.is_multiple_of(5);
        let mut request = if moving { on_the_move(number)? } else { at_home(person)? };
        request.device = self.devices.get(key).cloned();
        let visited = self.write(request, move |tx| {
            let started =
                session::start(tx, &proof, number.is_multiple_of(3), "")?.session().context("nobody has a second factor")?;
            membership::enter(tx, &tx.authorize(Who::without_second_factor(user), account)?, user)?;
            find_hosts(tx, if moving { "" } else { person.host })?;
            Ok(started)
        });
        let started = visited.await?;
        self.sessions.insert(key, started.secret);
        self.devices.insert(key.to_owned(), started.device);
        Ok(())
    }

    pub(super) async fn log_out(&mut self, key: &'static str) -> anyhow::Result<()> {
        let secret = self.sessions.remove(key).context("nobody logs out who is not logged in")?;
        let request = at_home(person(key)?)?;
        let ended = self.write(request, move |tx| {
            let resolved = session::resolve(tx, &secret)?.context("the session still lives")?;
            Ok(session::logout(tx, &tx.myself(resolved.user.id)?, resolved.session.id)?)
        });
        ended.await
    }

    /// Logs in and chooses the same password again: the demo has only one.
    pub(super) async fn change_password(&mut self, key: &'static str) -> anyhow::Result<()> {
        let (mut request, proof) = (at_home(person(key)?)?, self.proof(key).await?);
        request.device = self.devices.get(key).cloned();
        let host = person(key)?.host;
        let started = self.write(request.clone(), move |tx| {
            let started = session::start(tx, &proof, false, "")?.session().context("nobody has a second factor")?;
            find_hosts(tx, host)?;
            Ok(started)
        });
        let started = started.await?;
        self.devices.insert(key.to_owned(), started.device);
        let secret = started.secret.clone();
        let resolved = self.app.read(move |snapshot| session::resolve(snapshot, &secret)).await?;
        let session = resolved.context("the session has just begun")?.session.id;
        self.wait(70);
        user::change_password(&self.app, &request, started.user, session, &self.password, &self.password).await?;
        self.forget_proof(key);
        Ok(())
    }

    pub(super) async fn fail(&self, email: &str, ip: &str) -> anyhow::Result<()> {
        let login = Login { email: email.to_owned(), password: Password::typed(WRONG), remember: false };
        match session::authenticate(&self.app, &from(ip, PHONE)?, &login).await {
            Err(session::Error::WrongCredentials) => Ok(()),
            Err(error) => Err(error.into()),
            Ok(_) => bail!("{email} should not have got in"),
        }
    }

    pub(super) async fn staff_log_in(&mut self, key: &str) -> anyhow::Result<()> {
        let staff = member_of_staff(key)?;
        let mut request = at_desk(staff)?;
        request.device = self.devices.get(staff.email).cloned();
        let started = admin::login(&self.app, &request, staff.email, &self.password, "").await?;
        let started = started.session().context("nobody has a second factor")?;
        self.devices.insert(staff.email.to_owned(), started.device);
        Ok(())
    }

    pub(super) async fn staff_fail(&self, email: &str, ip: &str) -> anyhow::Result<()> {
        match admin::login(&self.app, &from(ip, DESK)?, email, &Password::typed(WRONG), "").await {
            Err(admin::Error::WrongCredentials) => Ok(()),
            Err(error) => Err(error.into()),
            Ok(_) => bail!("{email} should not have got in"),
        }
    }
}

/// Finds the hosts of the logins that have just been, as the delivery would: nobody asks the real domain name system
/// about addresses that are for documentation. An empty name is none.
pub(super) fn find_hosts(tx: &Tx<'_>, host: &str) -> anyhow::Result<()> {
    for work in outbox::claim(tx, &system(), Topic::Hostname, 10, Duration::from_mins(1))? {
        session::hostname_found(tx, &system(), work, Some(host).filter(|host| !host.is_empty()))?;
    }
    for work in outbox::claim(tx, &system(), Topic::AdminHostname, 10, Duration::from_mins(1))? {
        admin::hostname_found(tx, &system(), work, Some(host).filter(|host| !host.is_empty()))?;
    }
    Ok(())
}
