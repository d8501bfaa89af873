//! May this user do that in this account? Asked by other systems, a thousand questions at a time.
//!
//! The decision is the policy's ([`Ground::decide`](crate::access::Ground::decide)); there is no second one. What it rests on
//! is remembered by each node (`Copies`), and **a change that was answered is never contradicted by a later answer of any node**:
//!
//! 1. Every transaction that can change who may do what adds rows to `access_changes` before it commits, and holds the one
//!    row of `access_head` until then: numbers are in the order of commits, without a gap.
//! 2. A node answers from its copies only when it has learnt, at a moment after the question came, that it knows every
//!    change ([`Fresh`]). On SQLite the library's own count of commits tells, without a query. On PostgreSQL one round trip asks for newer
//!    changes, for all who wait at that moment; who comes while it is under way waits for the next.
//! 3. What was read is remembered only if its snapshot is as new as the changes that were learnt.
//!
//! So an answer is as new as the database was at some moment between the question and the answer.

mod copies;
mod ops;
mod scope;
mod sql;

use crate::access::{Decision, Grants, Permission, Reason as Why};
use crate::error::{Fault, HasKind, Invalid, Kind};
use crate::id::{AccountId, RoleId, UserId};

pub(crate) use copies::Copies;
pub use ops::{accounts_of, check, of_session, users_who_may};
pub(crate) use ops::{accounts_of_session, note_changes};
pub use scope::{Asker, Fresh, Scope, fresh, recognise};

/// Most questions that are taken at once.
pub const MAX_QUESTIONS: usize = 1_000;
/// Most rows of a list at once.
pub const MAX_ROWS: usize = 500;
/// Longest name of a resource, in characters.
pub const MAX_RESOURCE: usize = 200;

/// The key of what is wrong with a demanded revision of an account that no question names.
pub const NOT_ASKED: &str = "error-not-asked";

/// One question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// May this user
    pub user: UserId,
    /// in this account
    pub account: AccountId,
    /// do that,
    pub permission: Permission,
    /// on the whole account, or on one resource such as `service:17`?
    pub resource: Option<String>,
}

/// What the database says at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whether the user may.
    pub allowed: bool,
    /// The account's revision; `None` when there is no such account, or none for this caller.
    pub revision: Option<i64>,
    /// Why.
    pub reason: Reason,
}

/// Why something is allowed, or is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The owner holds every permission, always (PRODUCT rule 1).
    Owner,
    /// The membership's role gives the permission.
    Role(RoleId),
    /// The membership holds the permission singly.
    Grant,
    /// The user is inside, but lacks the permission.
    NotHeld,
    /// The user is no member of the account.
    NotMember,
    /// The membership has ended.
    MembershipEnded,
    /// The account is closed (PRODUCT rule 8).
    AccountClosed,
    /// The operator wants a confirmed address, and the user has none.
    NotVerified,
    /// The session that was asked about began with a link of another system, and the account lets no such login in.
    SingleSignOnOff,
    /// The account, or the operator, requires a second factor, and the user has set none up, or has not shown it lately in
    /// the session that was asked about.
    SecondFactorMissing,
    /// There is no such user.
    UnknownUser,
    /// There is no such account.
    UnknownAccount,
}

impl Reason {
    /// The stable word of the API.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Role(_) => "role",
            Self::Grant => "grant",
            Self::NotHeld => "not-held",
            Self::NotMember => "not-a-member",
            Self::MembershipEnded => "membership-ended",
            Self::AccountClosed => "account-closed",
            Self::NotVerified => "address-not-confirmed",
            Self::SingleSignOnOff => "single-sign-on-off",
            Self::SecondFactorMissing => "two-factor-missing",
            Self::UnknownUser => "unknown-user",
            Self::UnknownAccount => "unknown-account",
        }
    }

    const fn of(decision: Decision) -> Self {
        match decision {
            Decision::Allowed(Why::Owner) => Self::Owner,
            Decision::Allowed(Why::Grant) => Self::Grant,
            Decision::AccountClosed => Self::AccountClosed,
            Decision::MembershipEnded => Self::MembershipEnded,
            Decision::NotVerified => Self::NotVerified,
            Decision::SingleSignOnOff => Self::SingleSignOnOff,
            Decision::SecondFactorMissing => Self::SecondFactorMissing,
            Decision::NotHeld => Self::NotHeld,
        }
    }
}

/// What a user may do in one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The user.
    pub user: UserId,
    /// The account.
    pub account: AccountId,
    /// The account's revision.
    pub revision: i64,
    /// Whether the user owns it.
    pub is_owner: bool,
    /// What is allowed on the whole account.
    pub permissions: Vec<Permission>,
    /// What is allowed on single resources, such as `products@service:17`.
    pub on_resources: Vec<String>,
    /// Why nothing is, when nothing is: closed, ended, not confirmed, no second factor, not by single sign-on.
    pub barred: Option<Reason>,
}

impl Access {
    /// The keys of all that is allowed, separated by spaces.
    pub fn keys(&self) -> String {
        let whole = self.permissions.iter().map(|permission| permission.key());
        whole.chain(self.on_resources.iter().map(String::as_str)).collect::<Vec<_>>().join(" ")
    }

    fn of(ground: &crate::access::Ground<'_>, user: UserId, account: AccountId, revision: i64) -> Self {
        let decide = |permission| ground.decide(permission, None);
        let permissions: Vec<Permission> =
            Permission::GRANTABLE.into_iter().filter(|permission| matches!(decide(*permission), Decision::Allowed(_))).collect();
        // What bars one permission before it is looked for bars all.
        let barred = match decide(Permission::Users) {
            Decision::Allowed(_) | Decision::NotHeld => None,
            decision => Some(Reason::of(decision)),
        };
        let resources = |grants: &Grants| grants.on_resources().map(str::to_owned).collect();
        let on_resources = if barred.is_some() || ground.is_owner { Vec::new() } else { resources(ground.grants) };
        Self { user, account, revision, is_owner: ground.is_owner, permissions, on_resources, barred }
    }
}

/// One page of a list, and where the next begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<C> {
    /// The rows.
    pub rows: Vec<Access>,
    /// The last that was looked at, when there may be more.
    pub next: Option<C>,
}

/// What a transaction may have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Changed {
    /// A setting that holds for everybody.
    Everything,
    /// An account or one of its memberships.
    Account(AccountId),
    /// A user.
    User(UserId),
    /// Admins, roles, credentials, bans: who may ask. Every other change drops that, too.
    Callers,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// More than [`MAX_QUESTIONS`], or revisions of more accounts than can be asked about, in this field.
    #[error("more than {MAX_QUESTIONS} {0} at once")]
    TooMany(&'static str),
    /// Revisions are demanded of these accounts, which no question names: nothing would be looked at.
    #[error("revisions are demanded of accounts that no question names")]
    NotAsked(Vec<AccountId>),
    /// The database has not seen the revision that the caller has: it was set back.
    #[error("account {account} is at revision {revision}, which is older than demanded")]
    TooOld {
        /// The account.
        account: AccountId,
        /// Its revision.
        revision: i64,
    },
    /// Not the caller's fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl HasKind for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::TooMany(field) => Kind::Invalid(vec![Invalid::new(field, "error-too-many")]),
            Self::NotAsked(_) => Kind::Invalid(vec![Invalid::new("at_least", NOT_ASKED)]),
            Self::TooOld { .. } => Kind::Conflict("api-error-revision-too-old"),
            Self::Fault(fault) => fault.kind(),
        }
    }
}
