//! What people are told by mail: that something happened which they should know of.
//!
//! To tell of something new, add a line to [`Notice`] and three texts to `locales/en/mail.ftl`
//! (`{key}-mail-subject`, `{key}-mail-text`, `{key}-mail-next`), and call [`tell`] in the transaction of the event.

use std::borrow::Cow;

use serde::Serialize;

use super::{Content, NewMail, queue, queue_all};
use crate::app::Tx;
use crate::clock::Timestamp;
use crate::error::Fault;
use crate::id::{AccountId, MailId, UserId};
use crate::settings;
use crate::user::{self, User};

macro_rules! notices {
    ($($name:ident = $key:literal, $always:literal, [$($field:literal),*]: $doc:literal,)*) => {
        /// Something that people are told by mail.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Notice {
            $(#[doc = $doc] $name,)*
        }

        impl Notice {
            /// Every notice there is.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its key, in settings and texts; also the kind of its mail.
            pub const fn key(self) -> &'static str {
                match self { $(Self::$name => $key),* }
            }

            /// Whether it is always told: changes of what one logs in with are (ASVS V6.3.7), and that no second admin is needed any more.
            pub const fn is_always_told(self) -> bool {
                match self { $(Self::$name => $always),* }
            }

            /// The particulars that it has beside those of all notices.
            pub const fn fields(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$($field),*]),* }
            }
        }
    };
}

// Key, whether it is always told, its particulars, what happened.
notices! {
    PasswordChanged = "password-changed", true, []: "The password was changed.",
    ResetDone = "reset-done", true, []: "A new password was chosen by a link.",
    EmailChangeAsked = "email-change-asked", true, ["what"]: "Another address was asked for; told to the present one.",
    EmailChanged = "email-changed", true, ["by", "what"]: "The address was changed; told to the old and the new one.",
    EmailInUse = "email-in-use", true, []: "Somebody asked for an address that this user has.",
    RegisteredAlready = "registered-already", true, ["what"]: "Somebody registered through an invitation with the address of this user.",
    AccessGiven = "access-given", false, ["account_name"]: "The user can enter an account.",
    AccessChanged = "access-changed", false, ["account_name"]: "The user's permissions in an account changed.",
    AccessRemoved = "access-removed", false, ["account_name", "by"]: "The user can no longer enter an account.",
    FactorAdded = "factor-added", true, []: "A second factor was added.",
    FactorRemoved = "factor-removed", true, []: "A second factor was removed.",
    FactorTaken = "factor-taken", true, []: "Staff removed the second factors.",
    RecoveryCodeUsed = "recovery-code-used", true, ["what"]: "A recovery code was used.",
    RecoveryCodesMade = "recovery-codes-made", true, []: "New recovery codes were made; the earlier ones are dead.",
    PasswordStopped = "password-stopped", true, ["what"]: "So many tries failed that the password or factor no longer works.",
    CredentialMade = "credential-made", false, ["what"]: "An API credential was made in the name of the user or admin.",
    NewDevice = "new-device", false, ["what"]: "The user or admin logged in with a browser that was not known.",
    InvitationAccepted = "invitation-accepted", false, ["account_name", "by"]: "Somebody accepted an invitation; told to the account's owner.",
    MemberLeft = "member-left", false, ["account_name", "by", "what"]: "A member gave the access up; told to the account's owner.",
    AccountDeleted = "account-deleted", false, ["what"]: "An account that the user could enter was deleted.",
    OwnershipGained = "ownership-gained", false, ["account_name", "by"]: "The user owns an account now.",
    OwnershipLost = "ownership-lost", false, ["account_name", "by", "what"]: "The user no longer owns an account.",
    OwnerChangeAsked = "owner-change-asked", false, ["account_name", "by", "what"]: "Another owner was asked for; told to the other admins, who can approve it.",
    OwnerApprovalOff = "owner-approval-off", true, ["by"]: "A change of owner no longer needs a second admin; told to admins who could have been it.",
    Masquerade = "masquerade", false, ["account_name", "by", "what"]: "An admin logged in as the owner of an account.",
    WebhookDisabled = "webhook-disabled", false, ["what"]: "A webhook failed for five days and gets no events any more; told to admins who manage it.",
}

impl Notice {
    /// The notice of this key.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|notice| notice.key() == key)
    }
}

/// Particulars of a notice, each of them possibly empty.
#[derive(Clone, Debug, Default)]
pub struct About {
    account: Option<AccountId>,
    account_name: String,
    by: String,
    what: String,
    page: Option<Cow<'static, str>>,
}

impl About {
    /// In this account.
    #[must_use]
    pub fn in_account(mut self, id: AccountId, name: &str) -> Self {
        self.account = Some(id);
        self.about_account(name)
    }

    /// About an account, and not among what it is sent: nobody of the account is to meet it there or in its log.
    #[must_use]
    pub(crate) fn about_account(mut self, name: &str) -> Self {
        name.clone_into(&mut self.account_name);
        self
    }

    /// To be seen to on this page, and not on the one for what the person logs in with.
    #[must_use]
    pub(crate) fn on_page(mut self, path: impl Into<Cow<'static, str>>) -> Self {
        self.page = Some(path.into());
        self
    }

    /// Done by somebody of this name.
    #[must_use]
    pub fn by(mut self, name: &str) -> Self {
        name.clone_into(&mut self.by);
        self
    }

    /// What it is about, such as an address or a device.
    #[must_use]
    pub fn what(mut self, what: &str) -> Self {
        what.clone_into(&mut self.what);
        self
    }
}

/// A notice, for its template.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    /// The notice's key.
    pub notice: &'static str,
    /// Who is told.
    pub name: String,
    /// The address it is sent to.
    pub email: String,
    /// In which account; empty for none.
    pub account_name: String,
    /// Who did it; empty when it does not matter.
    pub by: String,
    /// What it is about; empty for nothing more.
    pub what: String,
    /// When.
    pub at: Timestamp,
    /// From which address; empty for the machine's own work.
    pub ip: String,
    /// Where to see to it.
    pub link: String,
}

/// Somebody who is told: a user or an admin.
pub(crate) struct Person<'a> {
    pub user: Option<UserId>,
    pub name: &'a str,
    /// Where: it may no longer be the person's own address.
    pub to: &'a str,
}

/// Tells a user, at its own address, unless the operator has switched this notice off.
pub(crate) fn tell(tx: &Tx<'_>, user: UserId, notice: Notice, about: &About) -> Result<(), Fault> {
    let Some(found) = user::find(tx, user)? else { return Ok(()) };
    tell_at(tx, &found, found.email.as_str(), notice, about)
}

/// Like [`tell`], at an address that may no longer be the user's.
pub(crate) fn tell_at(tx: &Tx<'_>, user: &User, to: &str, notice: Notice, about: &About) -> Result<(), Fault> {
    tell_person(tx, &Person { user: Some(user.id), name: &user.name.full(), to }, notice, about)
}

/// Like [`tell`], of a notice that is [always told](Notice::is_always_told): the mail that says so.
pub(crate) fn tell_always(tx: &Tx<'_>, user: &User, notice: Notice, about: &About) -> Result<MailId, Fault> {
    let name = user.name.full();
    queue(tx, &mail(tx, &Person { user: Some(user.id), name: &name, to: user.email.as_str() }, notice, about))
}

/// Like [`tell`], whoever it is.
pub(crate) fn tell_person(tx: &Tx<'_>, person: &Person<'_>, notice: Notice, about: &About) -> Result<(), Fault> {
    if !is_told(tx, notice)? {
        return Ok(());
    }
    queue(tx, &mail(tx, person, notice, about)).map(drop)
}

/// Like [`tell`], of many people: what is the same for all is looked up once, and few statements store what they are told.
pub(crate) fn tell_all(tx: &Tx<'_>, people: &[(Person<'_>, About)], notice: Notice) -> Result<(), Fault> {
    if people.is_empty() || !is_told(tx, notice)? {
        return Ok(());
    }
    let mails: Vec<_> = people.iter().map(|(person, about)| mail(tx, person, notice, about)).collect();
    queue_all(tx, &mails).map(drop)
}

fn is_told(tx: &Tx<'_>, notice: Notice) -> Result<bool, Fault> {
    Ok(notice.is_always_told() || !settings::is_off(tx, notice)?)
}

fn mail<'a>(tx: &Tx<'_>, person: &Person<'a>, notice: Notice, about: &About) -> NewMail<'a> {
    let page = about.page.as_deref().unwrap_or(if person.user.is_some() { "/me/security" } else { "/admin/me/security" });
    let told = Told {
        notice: notice.key(),
        name: person.name.to_owned(),
        email: person.to.to_owned(),
        account_name: about.account_name.clone(),
        by: about.by.clone(),
        what: about.what.clone(),
        at: tx.now(),
        ip: tx.request().ip.map(|ip| ip.to_string()).unwrap_or_default(),
        link: format!("{}{page}", tx.public_url()),
    };
    NewMail {
        to: person.to,
        account: about.account,
        user: person.user,
        invitation: None,
        content: Content::Notice(told),
        secret: None,
    }
}
