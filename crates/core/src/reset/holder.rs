//! Whose password is reset: all in which a user and an admin differ.

use super::{LIMITED_WITHIN, Logins, MAX_MAILS};
use crate::access::{Actor, Subject};
use crate::admin::{self, Admin};
use crate::app::{Snapshot, Tx};
use crate::email::EmailKey;
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::mail::{self, PASSWORD_RESET, Person};
use crate::password::PasswordHash;
use crate::user::{self, User};
use crate::{membership, session};

/// Somebody who can log in.
pub(super) enum Holder {
    User(User),
    Admin(Admin),
}

/// What happened, for either.
#[derive(Clone, Copy)]
pub(super) enum Happened {
    Asked,
    Sent,
    Done,
}

/// Who has an address.
pub(super) fn by_email(tx: &Tx<'_>, logins: Logins, key: &EmailKey) -> Result<Option<Holder>, Fault> {
    let subject = match logins {
        Logins::Users => user::by_email(tx, key)?.map(Subject::User),
        Logins::Admins => admin::by_email(tx, key)?.map(Subject::Admin),
    };
    Ok(subject.map(|subject| hold(tx, subject)).transpose()?.flatten())
}

/// Whose a link is; none who is kept out.
pub(super) fn find(snapshot: &Snapshot<'_>, subject: Subject) -> Result<Option<Holder>, Fault> {
    Ok(match subject {
        Subject::User(id) => user::find(snapshot, id)?.map(Holder::User),
        Subject::Admin(id) => admin::find_enabled(snapshot, id)?.map(Holder::Admin),
    })
}

/// The same, held until the transaction ends.
pub(super) fn hold(tx: &Tx<'_>, subject: Subject) -> Result<Option<Holder>, Fault> {
    Ok(match subject {
        Subject::User(id) => user::hold(tx, id)?.map(Holder::User),
        Subject::Admin(id) => admin::hold_enabled(tx, id)?.map(Holder::Admin),
    })
}

/// What the log says of an address, and of who has it.
pub(super) fn event(happened: Happened, logins: Logins, holder: Option<&Holder>, email: &str) -> Event {
    let kind = match (logins, happened) {
        (Logins::Users, Happened::Asked) => EventKind::PasswordResetAsked,
        (Logins::Users, Happened::Sent) => EventKind::PasswordResetSent,
        (Logins::Users, Happened::Done) => EventKind::PasswordReset,
        (Logins::Admins, Happened::Asked) => EventKind::AdminPasswordResetAsked,
        (Logins::Admins, Happened::Sent) => EventKind::AdminPasswordResetSent,
        (Logins::Admins, Happened::Done) => EventKind::AdminPasswordReset,
    };
    let event = Event::new(kind).with_email(email);
    match holder {
        Some(Holder::User(user)) => event.to_user(user.id, &user.name.full()),
        Some(Holder::Admin(_)) | None => event,
    }
}

impl Holder {
    pub(super) const fn subject(&self) -> Subject {
        match self {
            Self::User(user) => Subject::User(user.id),
            Self::Admin(admin) => Subject::Admin(admin.id),
        }
    }

    pub(super) fn name(&self) -> String {
        match self {
            Self::User(user) => user.name.full(),
            Self::Admin(admin) => admin.name.clone(),
        }
    }

    pub(super) fn email(&self) -> &str {
        match self {
            Self::User(user) => user.email.as_str(),
            Self::Admin(admin) => &admin.email,
        }
    }

    /// What the log says of it.
    pub(super) fn event(&self, happened: Happened) -> Event {
        event(happened, Logins::of(self.subject()), Some(self), self.email())
    }

    /// The names of what a user can enter.
    pub(super) fn accounts(&self, snapshot: &Snapshot<'_>) -> Result<Vec<String>, Fault> {
        let Self::User(user) = self else { return Ok(Vec::new()) };
        let mine = membership::accounts_of(snapshot, user.id)?;
        Ok(mine.into_iter().flat_map(|mine| [mine.name, mine.company]).collect())
    }

    /// Whether it got so many links lately that no more are sent. Of an admin's, those that are asked for are bounded by the address,
    /// and nobody sends others.
    pub(super) fn has_enough(&self, snapshot: &Snapshot<'_>) -> Result<bool, Fault> {
        let Self::User(user) = self else { return Ok(false) };
        Ok(mail::count_since(snapshot, user.id, PASSWORD_RESET, snapshot.now().before(LIMITED_WITHIN))? >= MAX_MAILS)
    }

    pub(super) fn set_password(&self, tx: &Tx<'_>, hash: &PasswordHash) -> Result<(), Fault> {
        match self {
            Self::User(user) => user::set_password(tx, user, hash),
            Self::Admin(admin) => admin::set_password(tx, admin.id, hash),
        }
    }

    pub(super) fn end_every_session(&self, tx: &Tx<'_>) -> Result<(), Fault> {
        match self {
            Self::User(user) => session::end_every(tx, &Actor::nobody(), user).map(drop),
            Self::Admin(admin) => admin::end_every(tx, admin),
        }
    }

    /// Whom a mail is for.
    pub(super) fn person<'a>(&'a self, name: &'a str) -> Person<'a> {
        match self {
            Self::User(user) => Person { user: Some(user.id), name, to: user.email.as_str() },
            Self::Admin(admin) => Person { user: None, name, to: admin.email.as_str() },
        }
    }
}
