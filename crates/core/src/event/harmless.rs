//! What changes nobody's access.

use super::EventKind as K;

impl K {
    /// Whether who may do what can be another after it. A new kind does, as long as it is not listed here: a copy that is
    /// dropped for nothing costs a query, one that is kept too long opens a door.
    pub(super) const fn may_change_access(self) -> bool {
        if self.is_of_mails() {
            return false;
        }
        !matches!(
            self,
            K::Login
                | K::LoginFailed
                | K::Logout
                | K::SessionEnded
                | K::SecondFactorFailed
                | K::IdentityConfirmed
                | K::RecoveryCodesMade
                | K::RecoveryCodeUsed
                | K::InvitationSent
                | K::InvitationResent
                | K::InvitationCancelled
                | K::InvitationDeclined
                | K::NoteAdded
                | K::NoteUpdated
                | K::NoteDeleted
                | K::ContactAdded
                | K::ContactDeleted
                | K::MasqueradeStarted
                | K::MasqueradeEnded
                | K::PasswordResetAsked
                | K::PasswordResetSent
                | K::PasswordReset
                | K::PasswordChanged
                | K::VerificationSent
                | K::EmailChangeAsked
                | K::EmailChangeCancelled
                | K::DataDownloaded
                | K::DeletionAsked
                | K::DeletionCancelled
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
                | K::InvitationExpired
                | K::ContactUpdated
                | K::DeviceForgotten
                | K::LineWritten
                | K::SsoTokenMade
                | K::WebhookCreated
                | K::WebhookUpdated
                | K::WebhookDeleted
                | K::WebhookSecretRotated
                | K::WebhookDisabled
                | K::WebhookEnabled
                | K::WebhookReplayed
                | K::LogShortened
                | K::OauthClientCreated
                | K::OauthClientUpdated
                | K::OauthClientDeleted
                | K::AdminInvited
                | K::AdminInvitationResent
                | K::AdminInvitationCancelled
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
