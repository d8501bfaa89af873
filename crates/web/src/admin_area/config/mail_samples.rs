//! What mails look like: sample content for each kind.

use std::time::Duration;

use latchkey_core::access::{Grants, Permission};
use latchkey_core::mail::{Content, Link, MailKind, Notice, Told};
use latchkey_core::{registration, reset, verification};

use crate::visit::Staff;

/// Every kind of mail, with sample content.
pub(super) fn samples(staff: &Staff) -> Vec<Content> {
    let app = staff.visit.web.app();
    let grants: Grants = [Permission::Invoices, Permission::Tickets].into_iter().collect();
    let invitation = Content::Invitation {
        account_name: "Harbour Bakery Ltd.".to_owned(),
        inviter: "Mara Example".to_owned(),
        email: "name@example.com".to_owned(),
        role: "Bookkeeping".to_owned(),
        all_permissions: false,
        permissions: grants.iter().map(|permission| permission.key().to_owned()).collect(),
        expires_at: app.now().after(Duration::from_hours(7 * 24)),
        link: format!("{}/invite/…", app.public_url()),
    };
    let admin_invitation = Content::AdminInvitation {
        inviter: "Sam Porter".to_owned(),
        email: "name@example.com".to_owned(),
        role: "Support".to_owned(),
        expires_at: app.now().after(Duration::from_hours(7 * 24)),
        link: format!("{}/admin/invite/…", app.public_url()),
    };
    let link = |path: &str, lives| Link {
        name: "Mara Example".to_owned(),
        email: "name@example.com".to_owned(),
        expires_at: app.now().after(lives),
        link: format!("{}/{path}/…", app.public_url()),
    };
    let links = [
        Content::PasswordReset(link("password/reset", reset::VALID_FOR)),
        Content::EmailVerification(link("verify", verification::VALID_FOR)),
        Content::EmailChange(link("verify", verification::VALID_FOR)),
        Content::Registration(link("register", registration::VALID_FOR)),
    ];
    let notices = Notice::ALL.iter().map(|notice| Content::Notice(told(staff, *notice)));
    [invitation, admin_invitation].into_iter().chain(links).chain(notices).chain([Content::Test {}]).collect()
}

/// This kind of mail, with sample content.
pub(super) fn sample(staff: &Staff, kind: MailKind) -> Option<Content> {
    samples(staff).into_iter().find(|content| content.template() == kind.key())
}

fn told(staff: &Staff, notice: Notice) -> Told {
    let app = staff.visit.web.app();
    Told {
        notice: notice.key(),
        name: "Mara Example".to_owned(),
        email: "name@example.com".to_owned(),
        account_name: "Harbour Bakery Ltd.".to_owned(),
        by: "Olaf Example".to_owned(),
        what: what(notice).to_owned(),
        at: app.now(),
        ip: "192.0.2.7".to_owned(),
        link: format!("{}/me/security", app.public_url()),
    }
}

/// What a notice of this kind is about.
const fn what(notice: Notice) -> &'static str {
    match notice {
        Notice::AccountDeleted | Notice::RegisteredAlready => "Harbour Bakery Ltd.",
        Notice::RecoveryCodeUsed => "7",
        Notice::NewDevice => "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        Notice::CredentialMade => "Billing",
        Notice::PasswordStopped => "totp",
        Notice::OwnerChangeAsked => "Mia Example (mia@example.com)",
        Notice::OwnershipLost => "Mara Example",
        Notice::Masquerade => "A question about an invoice",
        Notice::WebhookDisabled => "https://billing.example.com/hooks",
        _ => "other.name@example.com",
    }
}
