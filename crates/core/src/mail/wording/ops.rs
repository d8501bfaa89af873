use std::collections::BTreeMap;

use super::{MailKind, Wording, sql};
use crate::access::{AllowedAdmin, ConfigureSystem};
use crate::app::{Snapshot, Tx};
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::mail::{Content, NewMail};

/// The words of every mail that says something else than its template, by its key.
pub fn wordings(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ConfigureSystem>) -> Result<BTreeMap<String, Wording>, Fault> {
    Ok(sql::all(snapshot)?.into_iter().collect())
}

/// The words of one mail; `None` when they are those of its template.
pub fn wording(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ConfigureSystem>, kind: MailKind) -> Result<Option<Wording>, Fault> {
    sql::find(snapshot, kind)
}

/// Has a mail say this from now on, or with `None` what its template says again. What waits already stays as it is written.
pub fn reword(tx: &Tx<'_>, by: &AllowedAdmin<ConfigureSystem>, kind: MailKind, words: Option<&Wording>) -> Result<(), Fault> {
    let before = sql::hold(tx, kind)?;
    if before.as_ref() == words {
        return Ok(());
    }
    let event = if let Some(words) = words {
        sql::put(tx, kind, words)?;
        Event::new(EventKind::MailReworded).with_detail(format!("{}: {}", kind.key(), changes(before.as_ref(), words)))
    } else {
        sql::delete(tx, kind)?;
        Event::new(EventKind::MailRestored).with_detail(kind.key())
    };
    tx.record(by.actor(), &event)
}

/// What changed. The text itself is too long for the log.
fn changes(before: Option<&Wording>, after: &Wording) -> String {
    let Some(before) = before else { return format!("subject: “{}”", after.subject) };
    let short = [("subject", &before.subject, &after.subject), ("button", &before.button, &after.button)];
    let changed = short.into_iter().filter(|(_, before, after)| before != after);
    let changed = changed.map(|(name, before, after)| format!("{name}: “{before}” → “{after}”"));
    let message = (before.message != after.message).then(|| "message".to_owned());
    changed.chain(message).collect::<Vec<_>>().join("; ")
}

/// The words that the operator has chosen for these mails, by their keys: one statement, none where there is nothing to choose.
pub(in crate::mail) fn of(tx: &Tx<'_>, mails: &[NewMail<'_>]) -> Result<BTreeMap<String, Wording>, Fault> {
    let own = mails.iter().filter(|mail| !matches!(mail.content, Content::Message(_)));
    let mut keys: Vec<&str> = own.map(|mail| mail.content.template()).collect();
    keys.sort_unstable();
    keys.dedup();
    if keys.is_empty() { Ok(BTreeMap::new()) } else { Ok(sql::some(tx, &keys)?.into_iter().collect()) }
}
