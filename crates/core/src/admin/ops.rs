use super::{ABSOLUTE, Admin, Error, IDLE, NewAdmin, Resolved, SETUP_VALID_FOR, Started, sql};
use crate::access::{Actor, AllowedAdmin, BeStaff, BuiltInRole, ManageAdmins, System};
use crate::admin_role;
use crate::app::{App, Request, Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::DbError;
use crate::email::{Email, EmailKey};
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::id::{AdminId, AdminRoleId, SessionId};
use crate::password::{Password, Verdict};
use crate::secret::Secret;
use crate::session::{TOUCH_EVERY, for_the_log};

/// Whether there is any admin yet.
pub fn exists(snapshot: &Snapshot<'_>) -> Result<bool, Fault> {
    sql::exists(snapshot)
}

/// Makes the one-time link that makes the first admin. An earlier one is dead.
pub fn setup_link(tx: &Tx<'_>, _by: &System) -> Result<String, Fault> {
    let secret = tx.secret()?;
    sql::replace_setup_link(tx, &secret.hash(), tx.now().after(SETUP_VALID_FOR))?;
    Ok(format!("{}/admin/setup/{}", tx.public_url(), secret.reveal()))
}

/// Whether a set-up link still works. Changes nothing.
pub fn setup_is_open(snapshot: &Snapshot<'_>, secret: &Secret) -> Result<bool, Fault> {
    Ok(sql::setup_link_exists(snapshot, &secret.hash())? && !sql::exists(snapshot)?)
}

/// Makes the first admin through the set-up link and logs it in.
pub async fn set_up(
    app: &App,
    request: &Request,
    secret: Secret,
    name: String,
    email: Email,
    password: &Password,
) -> Result<Started, Error> {
    let probe = secret.clone();
    if !app.read(move |snapshot| setup_is_open(snapshot, &probe)).await? {
        return Err(Error::Gone);
    }
    let password = app.hasher().hash(app.random(), password).await?;
    app.write(request, move |tx| {
        if !sql::use_setup_link(tx, &secret.hash())? || sql::exists(tx)? {
            return Err(Error::Gone);
        }
        let role = admin_role::built_in(tx, BuiltInRole::Full)?;
        let id = insert(tx, &Actor::system("set-up link"), &NewAdmin { name: name.clone(), email, password }, role)?;
        begin(tx, id, &name)
    })
    .await
}

/// Makes a full administrator from the command line.
pub fn create_by_system(tx: &Tx<'_>, by: &System, new: &NewAdmin) -> Result<AdminId, Error> {
    insert(tx, by.actor(), new, admin_role::built_in(tx, BuiltInRole::Full)?)
}

/// Makes an admin of any role from the command line.
pub fn create_in_role(tx: &Tx<'_>, by: &System, new: &NewAdmin, role: AdminRoleId) -> Result<AdminId, Error> {
    insert(tx, by.actor(), new, role)
}

pub(crate) fn insert(tx: &Tx<'_>, by: &Actor, new: &NewAdmin, role: AdminRoleId) -> Result<AdminId, Error> {
    let role = admin_role::find(tx, role)?.ok_or(Error::NoSuchRole)?;
    let id = sql::insert(tx, new, role.id).map_err(no_role)?.ok_or(Error::EmailTaken)?;
    let detail = format!("{}, {}", new.name, role.name);
    tx.record(by, &Event::new(EventKind::AdminCreated).with_email(new.email.as_str()).with_detail(detail))?;
    Ok(id)
}

/// A role that was deleted a moment ago.
pub(super) fn no_role(fault: Fault) -> Error {
    if matches!(fault, Fault::Db(DbError::ForeignKey)) { Error::NoSuchRole } else { Error::Fault(fault) }
}

/// Every admin.
pub fn list(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ManageAdmins>) -> Result<Vec<Admin>, Fault> {
    sql::list(snapshot)
}

/// Logs an admin in. Unknown and disabled addresses cost the same work as a wrong password.
pub async fn login(app: &App, request: &Request, email: &str, password: &Password) -> Result<Started, Error> {
    let key = EmailKey::of(email);
    let found = app.read(move |snapshot| sql::credentials(snapshot, &key)).await?;
    let kept = found.as_ref().map(|(_, _, hash)| hash.clone());
    let verdict = app.hasher().verify(password, kept).await?;
    let renewed = match verdict {
        Verdict::RightButStale => Some(app.hasher().hash(app.random(), password).await?),
        Verdict::Right | Verdict::Wrong => None,
    };
    let email = for_the_log(email);
    let known = found.filter(|_| verdict != Verdict::Wrong);
    let started = app.write(request, move |tx| {
        let Some((id, name, _)) = known else {
            tx.record(&Actor::nobody(), &Event::new(EventKind::AdminLoginFailed).with_email(&email))?;
            return Ok(None);
        };
        if let Some(hash) = &renewed {
            sql::renew_password(tx, id, hash)?;
        }
        begin(tx, id, &name).map(Some)
    });
    started.await?.ok_or(Error::WrongCredentials)
}

/// Begins the session of an admin who has shown who it is, or has just chosen its password.
pub(crate) fn begin(tx: &Tx<'_>, id: AdminId, name: &str) -> Result<Started, Error> {
    if !sql::signed_in(tx, id)? {
        return Err(Error::WrongCredentials);
    }
    let secret = tx.secret()?;
    sql::delete_expired_sessions(tx)?;
    sql::insert_session(tx, id, &secret.hash(), tx.now().after(ABSOLUTE))?;
    tx.record(&Actor::admin(id, name), &Event::new(EventKind::AdminLogin))?;
    Ok(Started { secret, admin: id })
}

/// Whose session this is, if it still lives and the admin is not disabled.
pub fn resolve(snapshot: &Snapshot<'_>, secret: &Secret) -> Result<Option<Resolved>, Fault> {
    Ok(alive(snapshot, sql::by_token(snapshot, &secret.hash())?))
}

/// Like [`resolve`], for what hangs on an admin's session: **Login as Owner** ends with it.
pub(crate) fn resolve_session(snapshot: &Snapshot<'_>, session: SessionId) -> Result<Option<Resolved>, Fault> {
    Ok(alive(snapshot, sql::by_session(snapshot, session)?))
}

fn alive(snapshot: &Snapshot<'_>, found: Option<(Resolved, Timestamp)>) -> Option<Resolved> {
    let (resolved, expires_at) = found?;
    let now = snapshot.now();
    let alive = expires_at > now && now.since(resolved.last_seen_at) < IDLE && resolved.admin.disabled_at.is_none();
    alive.then_some(resolved)
}

/// Notes that a session was used, at most once a minute.
pub fn touch(tx: &Tx<'_>, resolved: &Resolved) -> Result<(), Fault> {
    if tx.now().since(resolved.last_seen_at) < TOUCH_EVERY {
        return Ok(());
    }
    sql::touch(tx, resolved.session)
}

/// Notes that a session was used through what hangs on it.
pub(crate) fn touch_session(tx: &Tx<'_>, session: SessionId) -> Result<(), Fault> {
    sql::touch(tx, session)
}

/// Ends the session that is used for this request.
pub fn logout(tx: &Tx<'_>, by: &AllowedAdmin<BeStaff>, resolved: &Resolved) -> Result<(), Error> {
    sql::delete_session(tx, resolved.session)?;
    Ok(tx.record(by.actor(), &Event::new(EventKind::AdminLogout))?)
}
