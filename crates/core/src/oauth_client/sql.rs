use super::{Details, GrantType, OauthClient};
use crate::app::{Snapshot, Tx};
use crate::db::{DbError, Row};
use crate::error::Fault;
use crate::id::OauthClientId;
use crate::params;
use crate::secret::SecretHash;

const COLUMNS: &str =
    "id, uuid, identifier, name, description, logo_uri, redirect_uris, grant_type, scopes, service_id, created_at, updated_at";

fn client(row: &mut Row) -> Result<OauthClient, DbError> {
    let (id, uuid, identifier) = (row.take()?, row.take()?, row.take()?);
    let (name, description, logo_uri) = (row.take()?, row.take()?, row.take()?);
    let (redirects, grant, scopes): (String, String, String) = (row.take()?, row.take()?, row.take()?);
    let details = Details {
        name,
        description,
        logo_uri,
        redirect_uris: redirects.lines().map(str::to_owned).collect(),
        grant_type: GrantType::from_key(&grant).ok_or(DbError::Invalid("grant type"))?,
        scopes: scopes.split_ascii_whitespace().map(str::to_owned).collect(),
        service: row.take()?,
    };
    Ok(OauthClient { id, uuid, identifier, details, created_at: row.take()?, updated_at: row.take()? })
}

pub(super) fn count(snapshot: &Snapshot<'_>) -> Result<i64, Fault> {
    snapshot.one("select count(*) from oauth_clients", &[], Row::take)
}

pub(super) fn insert(
    tx: &Tx<'_>,
    uuid: &str,
    identifier: &str,
    hash: &SecretHash,
    details: &Details,
) -> Result<OauthClientId, Fault> {
    tx.one(
        "insert into oauth_clients (uuid, identifier, secret_hash, name, description, logo_uri, redirect_uris, grant_type, scopes,
                                    service_id, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11) returning id",
        params![
            uuid,
            identifier,
            hash,
            details.name,
            details.description,
            details.logo_uri,
            details.redirect_uris.join("\n"),
            details.grant_type.key(),
            details.scopes.join(" "),
            details.service,
            tx.now()
        ],
        Row::take,
    )
}

pub(super) fn list(snapshot: &Snapshot<'_>) -> Result<Vec<OauthClient>, Fault> {
    snapshot.all(&format!("select {COLUMNS} from oauth_clients order by id"), &[], client)
}

pub(super) fn find(snapshot: &Snapshot<'_>, id: Option<OauthClientId>, identifier: &str) -> Result<Option<OauthClient>, Fault> {
    let sql = format!("select {COLUMNS} from oauth_clients where id = $1 or ($1 is null and identifier = $2)");
    snapshot.optional(&sql, params![id, identifier], client)
}

pub(super) fn update(tx: &Tx<'_>, id: OauthClientId, details: &Details) -> Result<(), Fault> {
    tx.execute(
        "update oauth_clients set name = $1, description = $2, logo_uri = $3, redirect_uris = $4, grant_type = $5, scopes = $6,
                service_id = $7, updated_at = $8 where id = $9",
        params![
            details.name,
            details.description,
            details.logo_uri,
            details.redirect_uris.join("\n"),
            details.grant_type.key(),
            details.scopes.join(" "),
            details.service,
            tx.now(),
            id
        ],
    )?;
    Ok(())
}

pub(super) fn set_secret(tx: &Tx<'_>, id: OauthClientId, hash: &SecretHash) -> Result<(), Fault> {
    tx.execute("update oauth_clients set secret_hash = $1 where id = $2", params![hash, id])?;
    Ok(())
}

pub(super) fn delete(tx: &Tx<'_>, id: OauthClientId) -> Result<(), Fault> {
    tx.execute("delete from oauth_clients where id = $1", params![id])?;
    Ok(())
}
