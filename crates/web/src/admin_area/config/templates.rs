//! The operator's own templates, and the mails of this server as they look, with sample content.

use std::time::Duration;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{Html, IntoResponse};
use latchkey_core::access::{ConfigureSystem, Grants, Permission};
use latchkey_core::mail::{Content, Link, Notice, Told, Written};
use latchkey_core::{reset, verification};
use serde::Serialize;

use super::mail_templates;
use crate::error::PageError;
use crate::mail::write;
use crate::page::{self, Answer};
use crate::visit::Staff;

/// A mail is looked at with its own inline styles, and may do nothing else.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data: https:; sandbox; frame-ancestors 'none'";

#[derive(Serialize)]
struct Sample {
    key: &'static str,
    name: String,
    subject: String,
    text: String,
    html_url: String,
}

/// Every kind of mail, with sample content.
fn samples(staff: &Staff) -> Vec<Content> {
    let app = staff.visit.web.app();
    let grants: Grants = [Permission::Invoices, Permission::Tickets].into_iter().collect();
    let invitation = Content::Invitation {
        account_name: "Harbour Bakery Ltd.".to_owned(),
        inviter: "Mara Example".to_owned(),
        email: "name@example.com".to_owned(),
        role: String::new(),
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
    ];
    let notices = Notice::ALL.iter().map(|notice| Content::Notice(told(staff, *notice)));
    [invitation, admin_invitation].into_iter().chain(links).chain(notices).chain([Content::Test {}]).collect()
}

fn told(staff: &Staff, notice: Notice) -> Told {
    let app = staff.visit.web.app();
    Told {
        notice: notice.key(),
        name: "Mara Example".to_owned(),
        email: "name@example.com".to_owned(),
        account_name: "Harbour Bakery Ltd.".to_owned(),
        by: "Olaf Example".to_owned(),
        what: "other.name@example.com".to_owned(),
        at: app.now(),
        ip: "192.0.2.7".to_owned(),
        link: format!("{}/me/security", app.public_url()),
    }
}

fn written(staff: &Staff, content: &Content) -> Result<Written, PageError> {
    Ok(write(staff.visit.web.engine(), &staff.visit.brand, content)?)
}

/// What a mail is called in the list: a notice as among the switches.
fn name(staff: &Staff, content: &Content) -> String {
    let kind = if matches!(content, Content::Notice(_)) { "notice" } else { "mail-name" };
    staff.visit.web.text(&format!("{kind}-{}", content.template()), &[])
}

/// The page.
pub(crate) async fn show(staff: Staff) -> Answer {
    let own = mail_templates::rows(&staff).await?;
    let mut templates = Vec::new();
    for content in samples(&staff) {
        let Written { subject, text, .. } = written(&staff, &content)?;
        let key = content.template();
        templates.push(Sample {
            key,
            name: name(&staff, &content),
            subject,
            text,
            html_url: format!("/admin/config/templates/{key}"),
        });
    }
    Ok(page::page(&staff.visit, "admin/config/templates.html", context! { templates, own }))
}

/// One mail's HTML.
pub(crate) async fn html(staff: Staff, Path(key): Path<String>) -> Answer {
    staff.may::<ConfigureSystem>().await?;
    let content = samples(&staff).into_iter().find(|content| content.template() == key);
    let content = content.ok_or_else(|| PageError::status(StatusCode::NOT_FOUND))?;
    Ok(([(CONTENT_SECURITY_POLICY, POLICY)], Html(written(&staff, &content)?.html)).into_response())
}
