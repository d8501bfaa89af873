//! `GetEmails`, `SendEmail`.

use latchkey_core::access::{AllowedAdmin, EditAccounts, ViewStaffArea};
use latchkey_core::account;
use latchkey_core::app::Snapshot;
use latchkey_core::contact::Category;
use latchkey_core::error::Invalid;
use latchkey_core::id::AccountId;
use latchkey_core::mail::{self, MAX_MESSAGE, MAX_SUBJECT, Message, Page, State};
use latchkey_core::mail_template::{self, Details, Error, Values};
use latchkey_core::settings;
use latchkey_core::text::TOO_LONG;

use super::answer::{Fields, Value, fields};
use super::call::{Call, counted, slice};
use super::clients;
use super::failure::{Failure, required};
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

/// Sends a template of the operator, or a custom message, to a client and to those of its contacts that get such mail.
pub(super) async fn send(call: &Call) -> Result<Fields, Failure> {
    call.write(|tx, api, params| {
        let by = tx.authorize_api_staff::<EditAccounts>(api)?;
        let what = What::read(tx, &by, params)?;
        let words = Failure::says("The custom variables you provided are invalid.");
        let variables = params.php_array("customvars").ok_or(words)?;
        let id = AccountId(params.number("id").ok_or(Failure::says("A related ID is required"))?);
        match what {
            What::Template(details) => mail_template::send(tx, &by, id, &details, variables).map_err(refused)?,
            What::Custom(subject, body) => {
                let found = account::find(tx, id)?.ok_or(Failure::says(clients::UNKNOWN))?;
                let values = Values::of(&found, &settings::brand(tx)?.name, variables);
                let subject = filled(&values, "subject", subject, MAX_SUBJECT)?;
                let body = filled(&values, "message", &plain(body), MAX_MESSAGE)?;
                let message = Message::parse(&subject, &body).map_err(Failure::Invalid)?;
                mail::send_message(tx, &by, id, Category::General, &message).map_err(|error| refused(error.into()))?
            }
        };
        Ok(Fields::default())
    })
    .await
}

/// What is to be sent.
enum What<'a> {
    /// A template of the operator's.
    Template(Details),
    /// A message of the caller's own: its subject and text.
    Custom(&'a str, &'a str),
}

impl<'a> What<'a> {
    fn read(snapshot: &Snapshot<'_>, by: &AllowedAdmin<EditAccounts>, params: &'a Params) -> Result<Self, Failure> {
        let Some(name) = params.filled("messagename") else { return Self::custom(params) };
        if NOT_SENDABLE.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(Failure::says("Sending Failed. Please see documentation."));
        }
        let found = mail_template::by_name(snapshot, by, name)?.ok_or(Failure::says("Email Template not found"))?;
        Ok(Self::Template(found.details))
    }

    fn custom(params: &'a Params) -> Result<Self, Failure> {
        let typed = required(
            params.filled("customtype"),
            "You must provide either an existing email template name or a custom message type",
        )?;
        let category = Category::from_key(&typed.to_ascii_lowercase()).ok_or(Failure::says("Invalid message type provided"))?;
        // The related ID of any other type is a service's, an invoice's, …: mail to the client of that number would be somebody else's.
        if category != Category::General {
            return Err(Failure::says(
                "Custom messages are of the type general: services, domains, invoices and tickets are not kept here",
            ));
        }
        let subject = required(params.filled("customsubject"), "A subject is required for a custom message")?;
        let body = required(params.filled("custommessage"), "A message body is required for a custom message")?;
        Ok(Self::Custom(subject, body))
    }
}

fn refused(error: Error) -> Failure {
    match error {
        Error::NoSuchAccount => Failure::says(clients::UNKNOWN),
        Error::NoRecipient => Failure::says("Sending Failed. Nobody of the client gets mail of this type."),
        other => other.into(),
    }
}

fn filled(values: &Values, field: &'static str, text: &str, max: usize) -> Result<String, Failure> {
    values.fill(text, max).ok_or_else(|| Failure::Invalid(vec![Invalid::new(field, TOO_LONG)]))
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
