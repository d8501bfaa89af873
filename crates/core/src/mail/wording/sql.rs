use super::{MailKind, Wording};
use crate::app::{Snapshot, Tx};
use crate::db::{DbError, Row, ToValue};
use crate::error::Fault;
use crate::params;

const COLUMNS: &str = "subject, message, button";

fn words(row: &mut Row) -> Result<Wording, DbError> {
    Ok(Wording { subject: row.take()?, message: row.take()?, button: row.take()? })
}

fn keyed(row: &mut Row) -> Result<(String, Wording), DbError> {
    Ok((row.take()?, words(row)?))
}

pub(super) fn all(snapshot: &Snapshot<'_>) -> Result<Vec<(String, Wording)>, Fault> {
    snapshot.all(&format!("select template, {COLUMNS} from mail_texts order by template"), &[], keyed)
}

pub(super) fn some(snapshot: &Snapshot<'_>, keys: &[&str]) -> Result<Vec<(String, Wording)>, Fault> {
    let marks: Vec<String> = (1..=keys.len()).map(|number| format!("${number}")).collect();
    let arguments: Vec<_> = keys.iter().map(ToValue::to_value).collect();
    let sql = format!("select template, {COLUMNS} from mail_texts where template in ({})", marks.join(", "));
    snapshot.all(&sql, &arguments, keyed)
}

pub(super) fn find(snapshot: &Snapshot<'_>, kind: MailKind) -> Result<Option<Wording>, Fault> {
    snapshot.optional(&format!("select {COLUMNS} from mail_texts where template = $1"), params![kind.key()], words)
}

pub(super) fn hold(tx: &Tx<'_>, kind: MailKind) -> Result<Option<Wording>, Fault> {
    let sql = format!("select {COLUMNS} from mail_texts where template = $1{}", tx.for_update());
    tx.optional(&sql, params![kind.key()], words)
}

pub(super) fn put(tx: &Tx<'_>, kind: MailKind, new: &Wording) -> Result<(), Fault> {
    tx.execute(
        "insert into mail_texts (template, subject, message, button, updated_at) values ($1, $2, $3, $4, $5)
         on conflict (template) do update
         set subject = excluded.subject, message = excluded.message, button = excluded.button, updated_at = excluded.updated_at",
        params![kind.key(), new.subject, new.message, new.button, tx.now()],
    )?;
    Ok(())
}

pub(super) fn delete(tx: &Tx<'_>, kind: MailKind) -> Result<(), Fault> {
    tx.execute("delete from mail_texts where template = $1", params![kind.key()])?;
    Ok(())
}
