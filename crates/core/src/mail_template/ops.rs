use super::{Details, Error, MAX_TEMPLATES, MailTemplate, Values, sql};
use crate::access::{AllowedAdmin, ConfigureSystem, EditAccounts};
use crate::account;
use crate::app::{Snapshot, Tx};
use crate::error::{Fault, Invalid};
use crate::event::{Event, EventKind};
use crate::id::{AccountId, MailTemplateId};
use crate::mail::{self, MAX_MESSAGE, MAX_SUBJECT, Message};
use crate::room::{self, Counted};
use crate::settings;
use crate::text::{TOO_LONG, folded};

/// Every template by name.
pub fn list(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ConfigureSystem>) -> Result<Vec<MailTemplate>, Fault> {
    sql::all(snapshot)
}

/// The template of this id.
pub fn find(
    snapshot: &Snapshot<'_>,
    _by: &AllowedAdmin<ConfigureSystem>,
    id: MailTemplateId,
) -> Result<Option<MailTemplate>, Fault> {
    sql::find(snapshot, id)
}

fn taken(fault: Fault) -> Error {
    if fault.is_unique("mail_templates_name_key") { Error::NameTaken } else { Error::Fault(fault) }
}

/// Makes a template.
pub fn create(tx: &Tx<'_>, by: &AllowedAdmin<ConfigureSystem>, new: &Details) -> Result<MailTemplateId, Error> {
    if !room::is_left(tx, Counted::MailTemplates, MAX_TEMPLATES, |tx| sql::count(tx))? {
        return Err(Error::TooMany);
    }
    let id = sql::insert(tx, new, &folded(&new.name)).map_err(taken)?;
    tx.record(by.actor(), &Event::new(EventKind::MailTemplateCreated).with_detail(&new.name))?;
    Ok(id)
}

/// Makes those of the bundled templates whose names are free, and returns how many.
pub fn add_bundled(tx: &Tx<'_>, by: &AllowedAdmin<ConfigureSystem>) -> Result<usize, Error> {
    let mut made = 0;
    for details in super::bundled() {
        // Looked at before: on PostgreSQL a refused insert ends the transaction. Of two who press at once one is refused.
        if sql::by_name(tx, &folded(&details.name))?.is_none() {
            create(tx, by, &details)?;
            made += 1;
        }
    }
    Ok(made)
}

/// Changes a template. What was made of it before stays as it was.
pub fn update(tx: &Tx<'_>, by: &AllowedAdmin<ConfigureSystem>, id: MailTemplateId, new: &Details) -> Result<(), Error> {
    let before = sql::hold(tx, id)?.ok_or(Error::NotFound)?.details;
    if before == *new {
        return Ok(());
    }
    sql::update(tx, id, new, &folded(&new.name)).map_err(taken)?;
    let event = Event::new(EventKind::MailTemplateUpdated).with_detail(changes(&before, new));
    Ok(tx.record(by.actor(), &event)?)
}

/// What changed, after the template's name. The text itself is too long for the log.
fn changes(before: &Details, after: &Details) -> String {
    let short = [
        ("name", before.name.as_str(), after.name.as_str()),
        ("type", before.category.key(), after.category.key()),
        ("subject", &before.subject, &after.subject),
    ];
    let changed = short.into_iter().filter(|(_, before, after)| before != after);
    let changed = changed.map(|(name, before, after)| format!("{name}: “{before}” → “{after}”"));
    let message = (before.message != after.message).then(|| "message".to_owned());
    format!("{}: {}", before.name, changed.chain(message).collect::<Vec<_>>().join("; "))
}

/// Deletes a template and returns its name.
pub fn delete(tx: &Tx<'_>, by: &AllowedAdmin<ConfigureSystem>, id: MailTemplateId) -> Result<String, Error> {
    let name = sql::hold(tx, id)?.ok_or(Error::NotFound)?.details.name;
    sql::delete(tx, id)?;
    tx.record(by.actor(), &Event::new(EventKind::MailTemplateDeleted).with_detail(&name))?;
    Ok(name)
}

/// The template of this name, for whoever sends it: without regard to case.
pub fn by_name(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<EditAccounts>, name: &str) -> Result<Option<MailTemplate>, Fault> {
    sql::by_name(snapshot, &folded(name.trim()))
}

/// Promises a template to an account, as [`mail::send_message`] does, with its fields filled in. Returns to how many.
pub fn send(
    tx: &Tx<'_>,
    by: &AllowedAdmin<EditAccounts>,
    id: AccountId,
    template: &Details,
    variables: Vec<(String, String)>,
) -> Result<usize, Error> {
    let account = account::find(tx, id)?.ok_or(Error::NoSuchAccount)?;
    let values = Values::of(&account, &settings::brand(tx)?.name, variables);
    let subject = filled(&values, "subject", &template.subject, MAX_SUBJECT)?;
    let message = filled(&values, "message", &template.message, MAX_MESSAGE)?;
    let message = Message::parse(&subject, &message).map_err(Error::Message)?;
    Ok(mail::send_message(tx, by, id, template.category, &message)?)
}

fn filled(values: &Values, field: &'static str, text: &str, max: usize) -> Result<String, Error> {
    values.fill(text, max).ok_or_else(|| Error::Message(vec![Invalid::new(field, TOO_LONG)]))
}
