use super::{Details, MAX_TEMPLATES, MailTemplate};
use crate::app::{Snapshot, Tx};
use crate::contact::Category;
use crate::db::{DbError, Row};
use crate::error::Fault;
use crate::id::MailTemplateId;
use crate::params;

const COLUMNS: &str = "id, name, category, subject, message, updated_at";

fn template(row: &mut Row) -> Result<MailTemplate, DbError> {
    let id = row.take()?;
    let name = row.take()?;
    let category = Category::from_key(&row.take::<String>()?).ok_or(DbError::Invalid("kind of mail"))?;
    let details = Details { name, category, subject: row.take()?, message: row.take()? };
    Ok(MailTemplate { id, details, updated_at: row.take()? })
}

pub(super) fn all(snapshot: &Snapshot<'_>) -> Result<Vec<MailTemplate>, Fault> {
    snapshot.all(&format!("select {COLUMNS} from mail_templates order by name_key limit $1"), params![MAX_TEMPLATES], template)
}

pub(super) fn count(snapshot: &Snapshot<'_>) -> Result<i64, Fault> {
    snapshot.one("select count(*) from mail_templates", &[], Row::take)
}

pub(super) fn find(snapshot: &Snapshot<'_>, id: MailTemplateId) -> Result<Option<MailTemplate>, Fault> {
    snapshot.optional(&format!("select {COLUMNS} from mail_templates where id = $1"), params![id], template)
}

pub(super) fn by_name(snapshot: &Snapshot<'_>, key: &str) -> Result<Option<MailTemplate>, Fault> {
    snapshot.optional(&format!("select {COLUMNS} from mail_templates where name_key = $1"), params![key], template)
}

pub(super) fn hold(tx: &Tx<'_>, id: MailTemplateId) -> Result<Option<MailTemplate>, Fault> {
    tx.optional(&format!("select {COLUMNS} from mail_templates where id = $1{}", tx.for_update()), params![id], template)
}

pub(super) fn insert(tx: &Tx<'_>, new: &Details, key: &str) -> Result<MailTemplateId, Fault> {
    tx.one(
        "insert into mail_templates (name, name_key, category, subject, message, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $6) returning id",
        params![new.name, key, new.category.key(), new.subject, new.message, tx.now()],
        Row::take,
    )
}

pub(super) fn update(tx: &Tx<'_>, id: MailTemplateId, new: &Details, key: &str) -> Result<(), Fault> {
    tx.execute(
        "update mail_templates set name = $1, name_key = $2, category = $3, subject = $4, message = $5, updated_at = $6
         where id = $7",
        params![new.name, key, new.category.key(), new.subject, new.message, tx.now(), id],
    )?;
    Ok(())
}

pub(super) fn delete(tx: &Tx<'_>, id: MailTemplateId) -> Result<(), Fault> {
    tx.execute("delete from mail_templates where id = $1", params![id])?;
    Ok(())
}
