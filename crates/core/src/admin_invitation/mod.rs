//! Invitations to become an admin: a one-time link, valid for seven days, by mail.
//!
//! The same rules as for invitations into an account: opening the link changes nothing, only *Accept* does; the database holds a
//! hash, the mail that waits a sealed secret; resending retires the old link. The invited person alone chooses the password, and
//! the invited address is the login.

mod ops;
mod sql;

use crate::access::Denied;
use crate::clock::Timestamp;
use crate::email::Email;
use crate::error::{Fault, HasKind, Invalid, Kind};
use crate::id::{AdminId, AdminInvitationId, AdminRoleId, MailId};
use crate::mail::Mail;
use crate::password::Password;
use crate::secret::Secret;

pub(crate) use ops::cancel_sent_by;
pub use ops::{accept, cancel, find, find_to_change, link, open, page, pending, resend, send, try_link};

pub use crate::invitation::VALID_FOR;

/// Who is to become an admin.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// The name, as far as it is known; the invited person may write another.
    pub name: String,
    /// Where the link goes, and the login.
    pub email: Email,
    /// What the admin will be allowed to do.
    pub role: AdminRoleId,
}

/// An invitation that is open or expired.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// The invitation.
    pub id: AdminInvitationId,
    /// The name, as far as it is known.
    pub name: String,
    /// The address it was sent to.
    pub email: String,
    /// The role it offers.
    pub role: AdminRoleId,
    /// That role's name.
    pub role_name: String,
    /// Who sent it.
    pub invited_by: AdminId,
    /// That admin's name.
    pub inviter: String,
    /// When its present link was made.
    pub sent_at: Timestamp,
    /// Until when the link works.
    pub expires_at: Timestamp,
    /// The mail with its present link.
    pub mail: Option<MailId>,
}

/// An invitation in the list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The invitation.
    pub invitation: Invitation,
    /// What became of its mail.
    pub mail: Option<Mail>,
}

/// Accepting.
pub struct Accept {
    /// The link.
    pub secret: Secret,
    /// The admin's name.
    pub name: String,
    /// The chosen password.
    pub password: Password,
}

/// Why an invitation could not be sent, changed or taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address belongs to an admin.
    #[error("an admin has this address")]
    EmailTaken,
    /// The address has an open invitation.
    #[error("this address has an open invitation")]
    AlreadyPending,
    /// There is no such role.
    #[error("there is no such role")]
    NoSuchRole,
    /// Nobody hands on more than he holds.
    #[error("this role holds more than you do")]
    BeyondOwn,
    /// No such open invitation.
    #[error("there is no such open invitation")]
    NotFound,
    /// The link is unknown, expired, used or taken back: nobody learns which.
    #[error("this invitation link is no longer valid")]
    Gone,
    /// Too many tries failed.
    #[error(transparent)]
    Guessing(#[from] crate::guessing::Error),
    /// The admin could not be made or logged in.
    #[error(transparent)]
    Admin(#[from] crate::admin::Error),
    /// No ticket.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Not the caller's fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl HasKind for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::EmailTaken => Kind::Invalid(vec![Invalid::new("email", "error-admin-email-taken")]),
            Self::AlreadyPending => Kind::Invalid(vec![Invalid::new("email", "error-already-pending")]),
            Self::NoSuchRole => Kind::Invalid(vec![Invalid::new("role", "error-role-unknown")]),
            Self::BeyondOwn => Kind::Invalid(vec![Invalid::new("role", "error-role-beyond-own")]),
            Self::NotFound => Kind::NotFound,
            Self::Gone => Kind::Gone,
            Self::Guessing(error) => error.kind(),
            Self::Admin(error) => error.kind(),
            Self::Denied(denied) => denied.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}
