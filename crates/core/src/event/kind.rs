//! What can happen, and how it is called.

macro_rules! kinds {
    ($($name:ident = $key:literal: $doc:literal,)*) => {
        /// What happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum EventKind {
            $(#[doc = $doc] $name,)*
        }

        impl EventKind {
            /// Every kind there is.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stable key of this kind, in the database and in texts.
            pub const fn key(self) -> &'static str {
                match self { $(Self::$name => $key),* }
            }

            /// The kind of this key.
            pub fn from_key(key: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.key() == key)
            }
        }
    };
}

/// How other systems call the kind of this key, wherever they meet it: `membership-permissions-changed` is
/// `membership.permissions_changed`.
pub fn type_name(key: &str) -> String {
    match key.split_once('-') {
        Some((noun, deed)) => format!("{noun}.{}", deed.replace('-', "_")),
        None => key.to_owned(),
    }
}

impl EventKind {
    /// How other systems call it.
    pub fn type_name(self) -> String {
        type_name(self.key())
    }

    /// The kind that other systems call so.
    pub fn from_type_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.type_name() == name)
    }
}

kinds! {
    UserCreated = "user-created": "A user was made.",
    UserUpdated = "user-updated": "A user's own data changed.",
    UserDeleted = "user-deleted": "A user without accounts was deleted.",
    Login = "login": "A user logged in.",
    LoginFailed = "login-failed": "Somebody failed to log in.",
    Logout = "logout": "A user logged out.",
    SessionEnded = "session-ended": "One or more sessions of a user were ended.",
    PasswordChanged = "password-changed": "A user changed the password.",
    SecondFactorFailed = "second-factor-failed": "A second factor was asked for, and a wrong one given.",
    IdentityConfirmed = "identity-confirmed": "Somebody confirmed who it is (step-up).",
    FactorAdded = "factor-added": "A second factor was added.",
    FactorRemoved = "factor-removed": "A second factor was removed.",
    RecoveryCodesMade = "recovery-codes-made": "Recovery codes were made; earlier ones are dead.",
    RecoveryCodeUsed = "recovery-code-used": "A recovery code was used.",
    TwoFactorRequired = "two-factor-required": "An account requires two-factor of all its users.",
    TwoFactorNotRequired = "two-factor-not-required": "An account no longer requires two-factor.",
    AccountCreated = "account-created": "An account was made.",
    AccountUpdated = "account-updated": "An account's data changed.",
    AccountClosed = "account-closed": "An account was closed.",
    AccountReopened = "account-reopened": "A closed account was opened again.",
    AccountDeleted = "account-deleted": "An account was deleted.",
    MembershipCreated = "membership-created": "A user was associated with an account.",
    MembershipPermissionsChanged = "membership-permissions-changed": "A member's permissions changed.",
    MembershipRemoved = "membership-removed": "A member's access was taken away.",
    MembershipLeft = "membership-left": "A member gave the access up.",
    OwnerChanged = "owner-changed": "An account got another owner.",
    OwnerChangeAsked = "owner-change-asked": "An admin asked for another owner of an account; a second one has to approve.",
    OwnerChangeRefused = "owner-change-refused": "A second admin refused another owner of an account.",
    OwnerChangeCancelled = "owner-change-cancelled": "Who asked for another owner of an account took that back.",
    OwnerChangeEnded = "owner-change-ended": "Another owner of an account can no longer be approved.",
    InvitationSent = "invitation-sent": "An invitation was made and its mail promised.",
    InvitationResent = "invitation-resent": "An invitation got a fresh link and its mail was promised.",
    InvitationCancelled = "invitation-cancelled": "An invitation was taken back.",
    InvitationExpired = "invitation-expired": "Nobody used an invitation in time.",
    InvitationAccepted = "invitation-accepted": "An invitation was accepted.",
    InvitationDeclined = "invitation-declined": "An invitation was declined.",
    RegistrationAsked = "registration-asked": "Somebody registered through an invitation with another address, which has to be confirmed.",
    MailSent = "mail-sent": "The mail server took a mail.",
    MailFailed = "mail-failed": "A mail was given up.",
    NoteAdded = "note-added": "A note was added to an account.",
    NoteUpdated = "note-updated": "A note was pinned or unpinned.",
    NoteDeleted = "note-deleted": "A note was deleted.",
    ContactAdded = "contact-added": "A contact was added to an account.",
    ContactUpdated = "contact-updated": "A contact changed.",
    ContactDeleted = "contact-deleted": "A contact was deleted.",
    RoleCreated = "role-created": "A role of members was made.",
    RoleUpdated = "role-updated": "A role of members changed.",
    RoleDeleted = "role-deleted": "A role of members was deleted.",
    ClientGroupCreated = "client-group-created": "A client group was made.",
    ClientGroupUpdated = "client-group-updated": "A client group changed.",
    ClientGroupDeleted = "client-group-deleted": "A client group was deleted.",
    SsoAllowed = "sso-allowed": "Other systems may log an account's users in.",
    SsoForbidden = "sso-forbidden": "Other systems may no longer log an account's users in.",
    MasqueradeStarted = "masquerade-started": "An admin logged in as an account's owner.",
    MasqueradeEnded = "masquerade-ended": "An admin returned from acting for an owner.",
    AdminInvited = "admin-invited": "Somebody was invited to become an admin.",
    AdminInvitationResent = "admin-invitation-resent": "An invitation to become an admin got a fresh link.",
    AdminInvitationCancelled = "admin-invitation-cancelled": "An invitation to become an admin was taken back.",
    AdminInvitationAccepted = "admin-invitation-accepted": "An invitation to become an admin was accepted.",
    AdminRoleChanged = "admin-role-changed": "An admin got another role.",
    AdminDeleted = "admin-deleted": "An admin was deleted.",
    AdminRoleCreated = "admin-role-created": "An admin role was made.",
    AdminRoleUpdated = "admin-role-updated": "An admin role changed.",
    AdminRoleDeleted = "admin-role-deleted": "An admin role was deleted.",
    AdminCreated = "admin-created": "An admin was made.",
    AdminDisabled = "admin-disabled": "An admin can no longer log in.",
    AdminEnabled = "admin-enabled": "An admin can log in again.",
    AdminLogin = "admin-login": "An admin logged in.",
    AdminLoginFailed = "admin-login-failed": "Somebody failed to log in to the Admin Area.",
    AdminLogout = "admin-logout": "An admin logged out.",
    AdminPasswordChanged = "admin-password-changed": "An admin changed the own password.",
    AdminPasswordResetAsked = "admin-password-reset-asked": "Somebody asked for a link to choose an admin's password anew.",
    AdminPasswordResetSent = "admin-password-reset-sent": "A link to choose a new password was promised to an admin by mail.",
    AdminPasswordReset = "admin-password-reset": "An admin chose a new password by a link.",
    SettingsChanged = "settings-changed": "A setting changed.",
    PasswordResetAsked = "password-reset-asked": "Somebody asked for a link to choose a new password.",
    PasswordResetSent = "password-reset-sent": "A link to choose a new password was promised by mail.",
    PasswordReset = "password-reset": "A user chose a new password by a link.",
    VerificationSent = "verification-sent": "A link to confirm an address was promised by mail.",
    EmailVerified = "email-verified": "A user confirmed its address.",
    EmailChangeAsked = "email-change-asked": "Another address was asked for a user: it waits to be confirmed.",
    EmailChangeCancelled = "email-change-cancelled": "A user keeps its address; what waited to be confirmed is dead.",
    EmailChanged = "email-changed": "A user's address changed.",
    MailLinkShown = "mail-link-shown": "An admin copied the link of a mail that was not sent.",
    DataDownloaded = "data-downloaded": "A user downloaded what is held about it.",
    DeletionAsked = "deletion-asked": "A user asked to be deleted.",
    DeletionCancelled = "deletion-cancelled": "A user no longer wants to be deleted.",
    PasskeyAdded = "passkey-added": "A passkey was added.",
    PasskeyRenamed = "passkey-renamed": "A passkey got another name.",
    PasskeyRemoved = "passkey-removed": "A passkey was removed.",
    PasskeyRefused = "passkey-refused": "A passkey was refused.",
    GuessingSlowed = "guessing-slowed": "So many tries failed that the next ones are made to wait.",
    PasswordStopped = "password-stopped": "A hundred tries in a row failed: the password no longer works from there until it is set anew.",
    DeviceNew = "device-new": "Somebody logged in with a browser that was not known.",
    DeviceForgotten = "device-forgotten": "A user forgot one or more known devices.",
    BanAdded = "ban-added": "An address or a network was banned.",
    BanLifted = "ban-lifted": "A ban was lifted.",
    ApiCredentialCreated = "api-credential-created": "An API credential was made.",
    ApiCredentialRevoked = "api-credential-revoked": "An API credential was revoked.",
    MessageQueued = "message-queued": "A message of another system to an account was promised.",
    MailTemplateCreated = "mail-template-created": "An email template was made.",
    MailTemplateUpdated = "mail-template-updated": "An email template changed.",
    MailTemplateDeleted = "mail-template-deleted": "An email template was deleted.",
    MailReworded = "mail-reworded": "A mail of this server says something else from now on.",
    MailRestored = "mail-restored": "A mail of this server says what its template says again.",
    LineWritten = "line-written": "Another system wrote a line into the log.",
    SsoTokenMade = "sso-token-made": "A link that logs a user in was made for another system.",
    OauthClientCreated = "oauth-client-created": "An OAuth credential was made.",
    OauthClientUpdated = "oauth-client-updated": "An OAuth credential changed.",
    OauthClientDeleted = "oauth-client-deleted": "An OAuth credential was deleted.",
    ApiRoleCreated = "api-role-created": "An API role was made.",
    ApiRoleUpdated = "api-role-updated": "An API role changed.",
    ApiRoleDeleted = "api-role-deleted": "An API role was deleted.",
    WebhookCreated = "webhook-created": "A webhook was made.",
    WebhookUpdated = "webhook-updated": "A webhook got another address, description or choice of events.",
    WebhookDeleted = "webhook-deleted": "A webhook was deleted.",
    WebhookSecretRotated = "webhook-secret-rotated": "A webhook got a new secret.",
    WebhookDisabled = "webhook-disabled": "A webhook gets no events any more.",
    WebhookEnabled = "webhook-enabled": "A webhook gets events again.",
    WebhookReplayed = "webhook-replayed": "Events are sent to a webhook again.",
    LogShortened = "log-shortened": "Events that were older than the log is kept were removed from its front.",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_systems_know_every_kind_by_one_name_with_a_noun_and_a_deed() {
        assert_eq!(type_name("membership-removed"), "membership.removed");
        assert_eq!(type_name("membership-permissions-changed"), "membership.permissions_changed");
        assert_eq!(type_name("login"), "login");
        for kind in EventKind::ALL {
            assert_eq!(EventKind::from_type_name(&kind.type_name()), Some(*kind), "no two have the same");
        }
        assert_eq!(EventKind::from_type_name("membership-removed"), None);
    }
}
