//! The log of all that happened. Audit, mails, webhooks and cache invalidation derive from it.
//!
//! **Invariant:** whatever changes something records an event in the same transaction (PRODUCT rule
//! 10), and no event holds a secret.

mod beginning;
mod chain;
mod export;
mod feed;
mod harmless;
mod kind;
mod part;
mod seal;
mod sql;
mod verify;

use crate::access::{Actor, ActorKind, Allowed, AllowedAdmin, Myself, ViewAccountLog, ViewLog, ViewStaffArea};
use crate::api_credential;
use crate::app::{Snapshot, Tx};
use crate::check::Changed;
use crate::clock::Timestamp;
use crate::error::Fault;
use crate::id::{AccountId, ApiCredentialId, EventId, UserId};

pub(crate) use beginning::hold_beginning;
pub use beginning::{Beginning, FeedError, beginning, shorten};
pub use chain::{ChainHash, Head};
pub use export::{ExportedHead, HeadKey, UnreadableHead};
pub(crate) use feed::page as feed_page;
pub use feed::{FeedFilter, FeedPage, MAX_PAGE, MAX_WAIT, Sealed, feed, long_poll, wait_for_sealed};
pub use kind::{EventKind, type_name};
pub(crate) use part::containing;
pub use part::{Line, MAX_LINE, Wanted, part, write_line};
pub use seal::{Sealing, head, seal, seal_all, seal_recorded};
pub use sql::Filter;
pub use verify::{Broken, BrokenLink, Verified, verify};

/// One fact on its way into the log. Names are kept beside ids: the log stays readable when what it
/// speaks of is gone.
#[derive(Clone, Debug)]
pub struct Event {
    kind: EventKind,
    account: Option<(AccountId, String)>,
    user: Option<(UserId, String)>,
    email: String,
    detail: String,
}

impl Event {
    /// Something of this kind happened.
    pub const fn new(kind: EventKind) -> Self {
        Self { kind, account: None, user: None, email: String::new(), detail: String::new() }
    }

    /// In this account.
    #[must_use]
    pub fn in_account(mut self, id: AccountId, name: &str) -> Self {
        self.account = Some((id, name.to_owned()));
        self
    }

    /// To this user.
    #[must_use]
    pub fn to_user(mut self, id: UserId, name: &str) -> Self {
        self.user = Some((id, name.to_owned()));
        self
    }

    /// With this mail address.
    #[must_use]
    pub fn with_email(mut self, email: &str) -> Self {
        email.clone_into(&mut self.email);
        self
    }

    /// With these particulars, such as the permissions before and after.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}

/// One fact from the log.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Its number; later ones are higher.
    pub id: EventId,
    /// When.
    pub at: Timestamp,
    /// What: the key of an [`EventKind`].
    pub kind: String,
    /// Who.
    pub actor: Actor,
    /// For which user an admin acted.
    pub on_behalf_of_id: Option<UserId>,
    /// The same by name.
    pub on_behalf_of: Option<String>,
    /// From where, unless the machine did it.
    pub ip: Option<String>,
    /// In which account.
    pub account_id: Option<AccountId>,
    /// The account's name at that time.
    pub account_name: String,
    /// To which user.
    pub user_id: Option<UserId>,
    /// The user's name at that time.
    pub user_name: String,
    /// The mail address concerned.
    pub email: String,
    /// Particulars.
    pub detail: String,
}

/// Logins and failures of one day (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoginDay {
    /// The day's first moment.
    pub day: Timestamp,
    /// Logins to both areas.
    pub logins: i64,
    /// Failed ones.
    pub failures: i64,
}

impl Tx<'_> {
    /// Appends to the log, with the actor and the request's address.
    ///
    /// When an admin acts for a user, the admin is the actor and the user the one on whose behalf: both names stand in the log,
    /// whatever operation it was.
    pub fn record(&self, actor: &Actor, event: &Event) -> Result<(), Fault> {
        if event.kind.may_change_access() {
            event.account.iter().for_each(|(account, _)| self.access_changed(Changed::Account(*account)));
            event.user.iter().for_each(|(user, _)| self.access_changed(Changed::User(*user)));
            if event.account.is_none() && event.user.is_none() {
                self.access_changed(Changed::Callers);
            }
        }
        match self.request().on_behalf.as_ref().and_then(|behalf| behalf.originator(actor)) {
            Some(originator) => sql::insert(self, &originator, Some(actor), event),
            None => sql::insert(self, actor, None, event),
        }
    }
}

/// The latest facts that concern oneself or were done by oneself, newest first, at most `limit`.
pub fn of_myself(snapshot: &Snapshot<'_>, by: &Myself, limit: i64) -> Result<Vec<Recorded>, Fault> {
    sql::list(snapshot, &Filter { user: Some(by.id()), ..Filter::default() }, limit)
}

/// What happened in the ticket's account, newest first, at most `limit`, older than `before`: for those who manage its users.
/// What staff keeps to itself – notes, lines of other systems, groups, owners that wait for a second admin – is left out, also where a credential did it that is not
/// one of the account's owner.
pub fn of_account(
    snapshot: &Snapshot<'_>,
    by: &Allowed<ViewAccountLog>,
    before: Option<EventId>,
    limit: i64,
) -> Result<Vec<Recorded>, Fault> {
    let filter = Filter { account: Some(by.account()), before, without_staff_notes: true, ..Filter::default() };
    let mut found = sql::list(snapshot, &filter, limit)?;
    let owners = api_credential::owners_of(snapshot, by.account())?;
    for event in found.iter_mut().filter(|event| event.kind == EventKind::AccountUpdated.key()) {
        let by_staff = match event.actor.kind {
            ActorKind::Admin => event.on_behalf_of.is_none(),
            ActorKind::Api => event.actor.id.is_none_or(|id| !owners.contains(&ApiCredentialId(id))),
            ActorKind::User | ActorKind::System | ActorKind::Nobody => false,
        };
        if by_staff {
            event.detail.clear();
        }
    }
    Ok(found)
}

/// The facts that a filter finds, newest first, at most `limit`.
pub fn list(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ViewLog>, filter: &Filter, limit: i64) -> Result<Vec<Recorded>, Fault> {
    sql::list(snapshot, filter, limit)
}

/// Logins and failures per day since `from`, oldest first; days without any are left out.
pub fn login_days(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ViewStaffArea>, from: Timestamp) -> Result<Vec<LoginDay>, Fault> {
    sql::login_days(snapshot, from)
}
