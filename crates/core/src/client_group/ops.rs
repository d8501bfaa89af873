use super::{ClientGroup, Details, Error, Listed, MAX_GROUPS, sql};
use crate::access::{AllowedAdmin, ConfigureSystem};
use crate::app::{Snapshot, Tx};
use crate::db::DbError;
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::id::ClientGroupId;
use crate::room::{self, Counted};
use crate::text::folded;

/// Every group by name, with how many accounts are in it.
pub fn list(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ConfigureSystem>) -> Result<Vec<Listed>, Fault> {
    sql::list(snapshot)
}

/// Every group by name. Reading them needs no ticket; showing them to somebody does.
pub fn all(snapshot: &Snapshot<'_>) -> Result<Vec<ClientGroup>, Fault> {
    sql::all(snapshot)
}

/// The group of this id. Reading it needs no ticket; showing it to somebody does.
pub fn find(snapshot: &Snapshot<'_>, id: ClientGroupId) -> Result<Option<ClientGroup>, Fault> {
    sql::find(snapshot, id)
}

fn taken(fault: Fault) -> Error {
    if fault.is_unique("client_groups_name_key") { Error::NameTaken } else { Error::Fault(fault) }
}

/// Makes a group.
pub fn create(tx: &Tx<'_>, by: &AllowedAdmin<ConfigureSystem>, new: &Details) -> Result<ClientGroupId, Error> {
    if !room::is_left(tx, Counted::ClientGroups, MAX_GROUPS, |tx| sql::count(tx))? {
        return Err(Error::TooMany);
    }
    let id = sql::insert(tx, new, &folded(&new.name)).map_err(taken)?;
    tx.record(by.actor(), &Event::new(EventKind::ClientGroupCreated).with_detail(&new.name))?;
    Ok(id)
}

/// Changes a group, for every account in it.
pub fn update(tx: &Tx<'_>, by: &AllowedAdmin<ConfigureSystem>, id: ClientGroupId, new: &Details) -> Result<(), Error> {
    let before = sql::hold(tx, id)?.ok_or(Error::NotFound)?.details;
    if before == *new {
        return Ok(());
    }
    sql::update(tx, id, new, &folded(&new.name)).map_err(taken)?;
    let detail = changes(&before, new);
    Ok(tx.record(by.actor(), &Event::new(EventKind::ClientGroupUpdated).with_detail(detail))?)
}

/// What changed, after the group's name.
fn changes(before: &Details, after: &Details) -> String {
    let yes_no = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let fields = [
        ("name", before.name.clone(), after.name.clone()),
        ("colour", before.colour.to_string(), after.colour.to_string()),
        ("discount", before.discount.to_string(), after.discount.to_string()),
        ("never suspended", yes_no(before.suspend_terminate_exempt), yes_no(after.suspend_terminate_exempt)),
        ("separate invoices", yes_no(before.separate_invoices), yes_no(after.separate_invoices)),
    ];
    let changed = fields.into_iter().filter(|(_, before, after)| before != after);
    let changed = changed.map(|(name, before, after)| format!("{name}: “{before}” → “{after}”"));
    format!("{}: {}", before.name, changed.collect::<Vec<_>>().join("; "))
}

/// Deletes a group that no account is in, and returns its name.
pub fn delete(tx: &Tx<'_>, by: &AllowedAdmin<ConfigureSystem>, id: ClientGroupId) -> Result<String, Error> {
    let name = sql::hold(tx, id)?.ok_or(Error::NotFound)?.details.name;
    match sql::delete(tx, id) {
        Err(Fault::Db(DbError::ForeignKey)) => return Err(Error::InUse),
        deleted => deleted?,
    }
    tx.record(by.actor(), &Event::new(EventKind::ClientGroupDeleted).with_detail(&name))?;
    Ok(name)
}
