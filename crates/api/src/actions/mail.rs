//! `GetEmails`, `SendEmail`.

use latchkey_core::access::{EditAccounts, ViewStaffArea};
use latchkey_core::account::{self, Account};
use latchkey_core::contact::Category;
use latchkey_core::error::Invalid;
use latchkey_core::id::AccountId;
use latchkey_core::mail::{self, Message, MessageError, Page, State};
use latchkey_core::settings;

use super::answer::{Fields, Value, fields};
use super::call::{Call, counted, slice};
use super::clients;
use super::failure::{Failure, Words, required};
use super::params::Params;
use super::time;

/// Templates of WHMCS that it does not send this way either.
const NOT_SENDABLE: [&str; 9] = [
    "order confirmation",
    "password reset confirmation",
    "password reset validation",
    "quote accepted",
    "quote accepted notification",
    "quote delivery with pdf",
    "bounce message",
    "clients only bounce message",
    "affiliate monthly referrals report",
];

/// Mails of a client, oldest first.
pub(super) async fn list(call: &Call) -> Result<Fields, Failure> {
    call.read(|snapshot, api, params| {
        let by = snapshot.authorize_api_staff::<ViewStaffArea>(api)?;
        let id = AccountId(params.number("clientid").unwrap_or(-1));
        let wanted = mail::Wanted {
            subject: params.filled("subject").map(str::to_owned),
            between: params.filled("date").map(|text| time::day(text).ok_or(Failure::says("Invalid date"))).transpose()?,
        };
        let slice = slice(params);
        let part = mail::part(snapshot, &by, id, &wanted, slice)?.ok_or(Failure::says(clients::UNKNOWN))?;
        let emails: Vec<Value> = part.rows.iter().map(|page| row(id, page)).collect();
        Ok(counted(&part, slice).with("emails", fields! { "email" => emails }))
    })
    .await
}

fn row(client: AccountId, page: &Page) -> Value {
    let mail = &page.mail;
    let (failed, reason) = match &mail.state {
        State::Failed { answer, .. } => (true, answer.as_str()),
        State::Cancelled => (true, "Taken back before it was sent"),
        State::Queued { .. } | State::Sent { .. } => (false, ""),
    };
    let changed = match mail.state {
        State::Sent { at } | State::Failed { at, .. } => at,
        State::Queued { .. } | State::Cancelled => mail.queued_at,
    };
    fields! {
        "id" => mail.id.0,
        "userid" => client.0,
        "subject" => &mail.subject,
        "message" => &page.html,
        "date" => time::date_time(mail.queued_at),
        "to" => &mail.to,
        "cc" => "",
        "bcc" => "",
        "attachments" => "",
        "pending" => matches!(mail.state, State::Queued { .. }),
        "message_data" => "",
        "failed" => failed,
        "failure_reason" => reason,
        "retry_count" => (mail.attempts - 1).max(0),
        "created_at" => time::date_time(mail.queued_at),
        "updated_at" => time::date_time(changed),
        "campaign_id" => 0,
    }
    .into()
}

/// Sends a custom message to a client, and to those of its contacts that get such mail.
pub(super) async fn send(call: &Call) -> Result<Fields, Failure> {
    call.write(|tx, api, params| {
        let by = tx.authorize_api_staff::<EditAccounts>(api)?;
        let category = kind(params)?;
        let subject = required(params.filled("customsubject"), "A subject is required for a custom message")?;
        let body = required(params.filled("custommessage"), "A message body is required for a custom message")?;
        let words = Failure::says("The custom variables you provided are invalid.");
        let variables = params.php_array("customvars").ok_or(words)?;
        let id = AccountId(params.number("id").ok_or(Failure::says("A related ID is required"))?);
        let found = account::find(tx, id)?.ok_or(Failure::says(clients::UNKNOWN))?;
        let fill =
            |text: &str| filled(text, &found, &settings::brand(tx).map(|brand| brand.name).unwrap_or_default(), &variables);
        let message = Message::parse(&fill(subject), &fill(&plain(body))).map_err(bad)?;
        match mail::send_message(tx, &by, id, category, &message) {
            Err(MessageError::NoRecipient) => Err(Failure::says("Sending Failed. Nobody of the client gets mail of this type.")),
            sent => sent.missing(clients::UNKNOWN),
        }?;
        Ok(Fields::default())
    })
    .await
}

fn bad(invalid: Vec<Invalid>) -> Failure {
    Failure::Invalid(invalid)
}

/// Which kind of mail it is. Named templates belong to billing, which Latchkey leaves to others.
fn kind(params: &Params) -> Result<Category, Failure> {
    if let Some(name) = params.filled("messagename") {
        let is_refused = NOT_SENDABLE.contains(&name.to_ascii_lowercase().as_str());
        let words = if is_refused { "Sending Failed. Please see documentation." } else { "Email Template not found" };
        return Err(Failure::says(words));
    }
    let typed = required(
        params.filled("customtype"),
        "You must provide either an existing email template name or a custom message type",
    )?;
    Category::from_key(&typed.to_ascii_lowercase()).ok_or(Failure::says("Invalid message type provided"))
}

/// `{$client_name}` and what `customvars` brings. Nothing else of the template language is read.
fn filled(text: &str, account: &Account, brand: &str, variables: &[(String, String)]) -> String {
    let details = &account.details;
    let own = [
        ("client_id", account.id.to_string()),
        ("client_name", format!("{} {}", details.first_name, details.last_name).trim().to_owned()),
        ("client_first_name", details.first_name.clone()),
        ("client_last_name", details.last_name.clone()),
        ("client_company_name", details.company.clone()),
        ("client_email", details.contact_email.clone()),
        ("company_name", brand.to_owned()),
    ];
    let named = own.iter().map(|(name, value)| (*name, value.as_str()));
    let all = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(named);
    all.fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{${name}}}"), value))
}

/// HTML as plain text: what ends a line or a paragraph does so, other tags are left out.
fn plain(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        let Some((tag, behind)) = after.split_once('>').filter(|(tag, _)| is_tag(tag)) else {
            text.push('<');
            rest = after;
            continue;
        };
        let name: String = tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        match name.to_ascii_lowercase().as_str() {
            "br" | "li" | "tr" => text.push('\n'),
            "p" | "div" | "h1" | "h2" | "h3" | "h4" | "ul" | "ol" | "table" | "blockquote" => text.push_str("\n\n"),
            _ => {}
        }
        rest = behind;
    }
    text.push_str(rest);
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#039;", "'"), ("&nbsp;", " "), ("&amp;", "&")]
        .iter()
        .fold(text, |text, (entity, character)| text.replace(entity, character))
}

fn is_tag(text: &str) -> bool {
    text.trim_start_matches('/').starts_with(|c: char| c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_becomes_plain_text() {
        let text = plain("<p>Dear <b>Ada</b>,</p><p>1 < 2 &amp; 3<br/>bye<script>x</script></p>");
        assert_eq!(text, "\n\nDear Ada,\n\n\n\n1 < 2 & 3\nbyex\n\n");
        assert_eq!(plain("no tags <3"), "no tags <3");
    }
}
