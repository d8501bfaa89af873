//! What changes nobody's access.

use super::EventKind as K;

impl K {
    /// Whether who may do what can be another after it. A new kind does, as long as it is not listed here: a copy that is
    /// dropped for nothing costs a query, one that is kept too long opens a door.
    pub(super) const fn may_change_access(self) -> bool {
        !(self.is_of_mails() || self.is_of_machines() || self.is_offered() || self.is_of_logins() || self.is_of_records())
    }

    /// Whether it is about other systems: what they are told and what they write.
    const fn is_of_machines(self) -> bool {
        matches!(
            self,
            K::LineWritten
                | K::SsoTokenMade
                | K::WebhookCreated
                | K::WebhookUpdated
                | K::WebhookDeleted
                | K::WebhookSecretRotated
                | K::WebhookDisabled
                | K::WebhookEnabled
                | K::WebhookReplayed
                | K::OauthClientCreated
                | K::OauthClientUpdated
                | K::OauthClientDeleted
        )
    }

    /// Whether it is about what may come and has not: what is offered or asked for, and taken back.
    const fn is_offered(self) -> bool {
        matches!(
            self,
            K::InvitationSent
                | K::InvitationResent
                | K::InvitationCancelled
                | K::InvitationDeclined
                | K::RegistrationAsked
                | K::EmailChangeAsked
                | K::EmailChangeCancelled
                | K::DeletionAsked
                | K::DeletionCancelled
                | K::InvitationExpired
                | K::AdminInvited
                | K::AdminInvitationResent
                | K::AdminInvitationCancelled
                | K::OwnerChangeAsked
                | K::OwnerChangeRefused
                | K::OwnerChangeCancelled
                | K::OwnerChangeEnded
        )
    }

    /// Whether it is about who logs in and with what.
    const fn is_of_logins(self) -> bool {
        matches!(
            self,
            K::Login
                | K::LoginFailed
                | K::Logout
                | K::SessionEnded
                | K::SecondFactorFailed
                | K::IdentityConfirmed
                | K::RecoveryCodesMade
                | K::RecoveryCodeUsed
                | K::MasqueradeStarted
                | K::MasqueradeEnded
                | K::PasswordResetAsked
                | K::PasswordResetSent
                | K::PasswordReset
                | K::PasswordChanged
                | K::VerificationSent
                | K::PasskeyRenamed
                | K::PasskeyRefused
                | K::GuessingSlowed
                | K::PasswordStopped
                | K::DeviceNew
                | K::AdminLogin
                | K::AdminLoginFailed
                | K::AdminLogout
                | K::AdminPasswordChanged
                | K::AdminPasswordResetAsked
                | K::AdminPasswordResetSent
                | K::AdminPasswordReset
                | K::DeviceForgotten
        )
    }

    /// Whether it is about what is kept beside all that: notes, contacts, the log.
    const fn is_of_records(self) -> bool {
        matches!(
            self,
            K::NoteAdded
                | K::NoteUpdated
                | K::NoteDeleted
                | K::ContactAdded
                | K::ContactDeleted
                | K::DataDownloaded
                | K::ContactUpdated
                | K::LogShortened
        )
    }

    /// Whether it is about mails and what they say.
    const fn is_of_mails(self) -> bool {
        matches!(
            self,
            K::MailSent
                | K::MailFailed
                | K::MailLinkShown
                | K::MessageQueued
                | K::MailTemplateCreated
                | K::MailTemplateUpdated
                | K::MailTemplateDeleted
                | K::MailReworded
                | K::MailRestored
        )
    }
}
