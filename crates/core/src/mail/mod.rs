//! Mails: queued in the transaction that caused them, with a state that is true (PRODUCT rule 7).

mod message;
mod notice;
mod ops;
mod sql;
mod wording;

use std::fmt::Debug;

use serde::Serialize;

use crate::clock::Timestamp;
use crate::error::Fault;
use crate::id::{AccountId, InvitationId, MailId, UserId};
use crate::settings::Brand;

pub use message::{MAX_MESSAGE, MAX_SUBJECT, Message, MessageError, Page, Wanted, part, send_message};
pub use notice::{About, Notice, Told};
pub(crate) use notice::{Person, tell, tell_all, tell_always, tell_at, tell_person};
pub use ops::{
    claimed, failed, link_of_user, list, masked, masked_of_user, of_invitations, of_user, preview, put_off, queue_state,
    send_test, sent, sweep,
};
pub(crate) use ops::{count_since, queue, queue_all, state_of, withdraw_links, withdraw_of_invitation, withdraw_one};
pub use wording::{LINK, MAX_BUTTON, MailKind, PERMISSIONS, Wording, reword, wording, wordings};

/// Stands in a stored mail where the secret of its link goes. No text that people type can hold it,
/// since control characters are refused.
pub const SECRET_MARK: &str = "\u{1a}secret\u{1a}";

pub(crate) const PASSWORD_RESET: &str = "password-reset";
pub(crate) const EMAIL_VERIFICATION: &str = "email-verification";
pub(crate) const EMAIL_CHANGE: &str = "email-change";
pub(crate) const REGISTRATION: &str = "registration";

/// What a mail says, for its template.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Content {
    /// Somebody is offered access to an account.
    Invitation {
        /// Whose account.
        account_name: String,
        /// Who offers it.
        inviter: String,
        /// To which address.
        email: String,
        /// The name of the role that is offered; empty for none.
        role: String,
        /// Whether all thirteen permissions are offered.
        all_permissions: bool,
        /// The keys of the permissions offered.
        permissions: Vec<String>,
        /// Until when the link works.
        expires_at: Timestamp,
        /// The link, with [`SECRET_MARK`] for its secret.
        link: String,
    },
    /// Somebody is invited to become an admin.
    AdminInvitation {
        /// Who invites.
        inviter: String,
        /// To which address.
        email: String,
        /// The name of the role.
        role: String,
        /// Until when the link works.
        expires_at: Timestamp,
        /// The link, with [`SECRET_MARK`] for its secret.
        link: String,
    },
    /// Somebody may choose a new password.
    PasswordReset(Link),
    /// Somebody is asked to confirm the address of its login.
    EmailVerification(Link),
    /// Somebody is asked to confirm the address that its login is to have.
    EmailChange(Link),
    /// Somebody who has registered is asked to confirm the address, and so to finish.
    Registration(Link),
    /// Somebody is told that something happened.
    Notice(Told),
    /// What another system wants an account to be told.
    Message(Message),
    /// An admin tries the mail settings.
    Test {},
}

/// A link for one person.
#[derive(Clone, Debug, Serialize)]
pub struct Link {
    /// Whose login it is about.
    pub name: String,
    /// The address it is sent to.
    pub email: String,
    /// Until when it works.
    pub expires_at: Timestamp,
    /// The link, with [`SECRET_MARK`] for its secret.
    pub link: String,
}

impl Content {
    /// The name of the template.
    pub const fn template(&self) -> &'static str {
        match self {
            Self::Invitation { .. } => "invitation",
            Self::AdminInvitation { .. } => "admin-invitation",
            Self::PasswordReset(_) => PASSWORD_RESET,
            Self::EmailVerification(_) => EMAIL_VERIFICATION,
            Self::EmailChange(_) => EMAIL_CHANGE,
            Self::Registration(_) => REGISTRATION,
            Self::Notice(told) => told.notice,
            Self::Message(_) => "message",
            Self::Test {} => "test",
        }
    }
}

/// A mail as its template wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The subject, one line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML.
    pub html: String,
}

/// Writes mails. Core knows no template engine; a door brings one.
pub trait Templates: Send + Sync {
    /// Writes a mail, in the operator's words where there are some.
    fn write(&self, brand: &Brand, content: &Content, words: Option<&Wording>) -> Result<Written, Fault>;
}

/// What happened to a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Waits for its first try, or for the next one after the server's words.
    Queued {
        /// What the server said last time.
        answer: Option<String>,
    },
    /// The mail server took it.
    Sent {
        /// When.
        at: Timestamp,
    },
    /// Given up, with the server's words.
    Failed {
        /// When.
        at: Timestamp,
        /// What the server said.
        answer: String,
    },
    /// Taken back before it was sent: its link had been retired.
    Cancelled,
}

/// A mail in a list.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Its number.
    pub id: MailId,
    /// The template's name.
    pub kind: String,
    /// About which account.
    pub account: Option<AccountId>,
    /// Which invitation it carries.
    pub invitation: Option<InvitationId>,
    /// To whom.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// When it was promised.
    pub queued_at: Timestamp,
    /// How often it was tried.
    pub attempts: i64,
    /// What happened to it.
    pub state: State,
}

/// A mail with its text.
#[derive(Clone, Debug)]
pub struct Full {
    /// The mail.
    pub mail: Mail,
    /// Its plain text, with [`SECRET_MARK`] for the secret.
    pub text: String,
}

/// A mail on its way out, with its link in place.
#[derive(Clone)]
pub struct Outgoing {
    /// Which one.
    pub id: MailId,
    /// To whom.
    pub to: String,
    /// What it says.
    pub written: Written,
}

/// A mail to be promised.
pub(crate) struct NewMail<'a> {
    pub to: &'a str,
    pub account: Option<AccountId>,
    pub user: Option<UserId>,
    pub invitation: Option<InvitationId>,
    pub content: Content,
    pub secret: Option<&'a crate::secret::Secret>,
}

/// How many mails are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct QueueState {
    /// Waiting.
    pub queued: i64,
    /// Given up.
    pub failed: i64,
}
