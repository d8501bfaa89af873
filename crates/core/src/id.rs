//! Identifiers. Each noun has its own type, so that mixing them does not compile.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::db::{DbError, FromValue, Nullable, ToValue, Value};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = std::num::ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl ToValue for $name {
            fn to_value(&self) -> Value {
                Value::Int(Some(self.0))
            }
        }

        impl Nullable for $name {
            fn null() -> Value {
                Value::Int(None)
            }
        }

        impl FromValue for $name {
            fn from_value(value: Value) -> Result<Self, DbError> {
                i64::from_value(value).map(Self)
            }
        }
    )*};
}

ids! {
    /// A person who can log in to the Client Area.
    UserId
    /// A client account.
    AccountId
    /// A pending or past offer of a membership.
    InvitationId
    /// A login of a user.
    SessionId
    /// A member of staff.
    AdminId
    /// A role of admins.
    AdminRoleId
    /// An offer to become an admin.
    AdminInvitationId
    /// A fact in the log.
    EventId
    /// A mail that was promised.
    MailId
    /// A message that the operator keeps ready.
    MailTemplateId
    /// A note of the staff on an account.
    NoteId
    /// An address-book entry of an account.
    ContactId
    /// A group of accounts.
    ClientGroupId
    /// A change of owner that waits for a second admin.
    OwnerChangeId
    /// A role of members.
    RoleId
    /// A password reset that somebody asked for.
    ResetRequestId
    /// A second factor of a user or an admin.
    FactorId
    /// A passkey of a user or an admin.
    PasskeyId
    /// A promised piece of work.
    OutboxId
    /// A browser that somebody has logged in with.
    DeviceId
    /// An address or a network that is kept out.
    BanId
    /// With what a machine shows itself at the API.
    ApiCredentialId
    /// With what another application shows itself at the OpenID provider.
    OauthClientId
    /// What API credentials may do.
    ApiRoleId
    /// Another system's address that gets events.
    WebhookId
}
