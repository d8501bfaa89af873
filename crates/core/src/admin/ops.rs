use super::{Admin, Error, NewAdmin, Resolved, SETUP_VALID_FOR, Started, sql};
use crate::access::{Actor, AdminPermission, AllowedAdmin, BeStaff, BuiltInRole, ManageAdmins, Subject, System};
use crate::admin_role;
use crate::app::{App, Asked, Request, Snapshot, Tx};
use crate::db::DbError;
use crate::device;
use crate::email::{Email, EmailKey};
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::factor::{self, Begun, FactorKind, SecondProof};
use crate::guessing::{self, Admitted, Guess, Standing};
use crate::id::{AdminId, AdminRoleId, SessionId};
use crate::masquerade::{self, Whose};
use crate::outbox::{self, Topic};
use crate::password::{Password, Verdict};
use crate::secret::Secret;
use crate::session::{TOUCH_EVERY, for_the_log};
use crate::settings::{self, Security};

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
        let id = insert(
            tx,
            &Actor::system("set-up link"),
            &NewAdmin { name: name.clone(), email: email.clone(), password: password.clone() },
            role,
        )?;
        begin_first(tx, id, &name)
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

/// The enabled admins whose role holds a permission.
pub(crate) fn who_may(snapshot: &Snapshot<'_>, permission: AdminPermission) -> Result<Vec<Admin>, Fault> {
    let may = |admin: &Admin| admin.disabled_at.is_none() && admin.role.grants.has(permission);
    Ok(sql::list(snapshot)?.into_iter().filter(may).collect())
}

/// Every admin.
pub fn list(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ManageAdmins>) -> Result<Vec<Admin>, Fault> {
    sql::list(snapshot)
}

/// Admins by their numbers, after this one: a page for programs.
pub fn page(
    snapshot: &Snapshot<'_>,
    _by: &AllowedAdmin<ManageAdmins>,
    after: Option<AdminId>,
    limit: i64,
) -> Result<Vec<Admin>, Fault> {
    sql::page(snapshot, after, limit)
}

/// One admin.
pub fn find(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ManageAdmins>, id: AdminId) -> Result<Admin, Error> {
    sql::find(snapshot, id)?.ok_or(Error::NotFound)
}

/// The admin behind a ticket.
pub fn behind<P>(snapshot: &Snapshot<'_>, by: &AllowedAdmin<P>) -> Result<Option<Admin>, Fault> {
    sql::find(snapshot, by.id())
}

/// Holds an admin as it is until the transaction ends. Whether it can log in and its role holds the permission.
pub(crate) fn hold_who_may(tx: &Tx<'_>, id: AdminId, permission: AdminPermission) -> Result<bool, Fault> {
    sql::hold_shared(tx, id)?;
    Ok(find_enabled(tx, id)?.is_some_and(|admin| admin.role.grants.has(permission)))
}

/// The admin of this id, if it can log in.
pub(crate) fn find_enabled(snapshot: &Snapshot<'_>, id: AdminId) -> Result<Option<Admin>, Fault> {
    Ok(sql::find(snapshot, id)?.filter(|admin| admin.disabled_at.is_none()))
}

/// The admin with this login.
pub fn by_email(snapshot: &Snapshot<'_>, email: &EmailKey) -> Result<Option<AdminId>, Fault> {
    sql::by_email(snapshot, email)
}

/// Logs an admin in, as far as a password goes. Unknown and disabled addresses cost the same work as a wrong password.
pub async fn login(app: &App, request: &Request, email: &str, password: &Password, next: &str) -> Result<Begun<Started>, Error> {
    let (key, asked) = (EmailKey::of(email), request.clone());
    let turn = app.strangers_turn().await;
    let (found, guess, Admitted { standing, comer }) = app
        .read(move |snapshot| {
            let found = sql::credentials(snapshot, &key)?;
            let guess = Guess::admin_login(&key, found.as_ref().map(|found| found.id));
            let admitted = guessing::admit(snapshot, &asked, &guess)?;
            Ok::<_, Error>((found, guess, admitted))
        })
        .await?;
    drop(turn);
    // What is stopped is compared with nothing: how long that takes would tell whether it was right.
    let kept = found.as_ref().map(|found| found.hash.clone()).filter(|_| standing == Standing::Works);
    let verdict = app.hasher().verify(password, kept, comer).await?;
    let renewed = match verdict {
        Verdict::RightButStale => Some(app.hasher().hash(app.random(), password).await?),
        Verdict::Right | Verdict::Wrong => None,
    };
    let (email, next) = (for_the_log(email), next.to_owned());
    let known = found.filter(|_| verdict != Verdict::Wrong);
    let started = app.write(request, move |tx| {
        let Some(sql::Credentials { id, changed_at, .. }) = known else {
            guessing::failed(tx, &guess)?;
            tx.record(&Actor::nobody(), &Event::new(EventKind::AdminLoginFailed).with_email(&email))?;
            return Ok::<_, Error>(None);
        };
        // A password that was changed since it was compared opens nothing, and is not brought back by the renewal of its hash.
        let name = sql::hold_unchanged(tx, id, changed_at)?.ok_or(Error::WrongCredentials)?;
        if let Some(hash) = &renewed {
            sql::renew_password(tx, id, hash)?;
        }
        let subject = Subject::Admin(id);
        let begun = if factor::enrolled(tx, subject)? {
            Begun::SecondFactor(factor::begin(tx, subject, false, changed_at, &next)?)
        } else {
            Begun::Session(begin(tx, id, &name, None)?)
        };
        guessing::succeeded(tx, &guess)?;
        Ok(Some(begun))
    });
    started.await?.ok_or(Error::WrongCredentials)
}

/// Removes a bounded number of sessions that are over. How many there were.
pub fn sweep(tx: &Tx<'_>, _by: &System) -> Result<u64, Fault> {
    sql::sweep(tx)
}

/// Begins a session of an admin who has shown a passkey that recognises its owner: both factors in one.
pub(crate) fn start_with_passkey(tx: &Tx<'_>, proof: &SecondProof) -> Result<Option<Started>, Error> {
    let Subject::Admin(id) = proof.subject() else { return Ok(None) };
    let Some(name) = sql::hold(tx, id)? else { return Ok(None) };
    begin(tx, id, &name, Some(proof)).map(Some)
}

/// Begins the session of an admin who has shown who it is.
pub(crate) fn begin(tx: &Tx<'_>, id: AdminId, name: &str, second_factor: Option<&SecondProof>) -> Result<Started, Error> {
    begin_with(tx, id, name, second_factor, device::remember)
}

/// Begins the session of an admin who was just made, and has chosen its password.
pub(crate) fn begin_first(tx: &Tx<'_>, id: AdminId, name: &str) -> Result<Started, Error> {
    begin_with(tx, id, name, None, device::remember_first)
}

fn begin_with(
    tx: &Tx<'_>,
    id: AdminId,
    name: &str,
    second_factor: Option<&SecondProof>,
    remember: device::Remember,
) -> Result<Started, Error> {
    if !sql::signed_in(tx, id)? {
        return Err(Error::WrongCredentials);
    }
    let secret = tx.secret()?;
    let security = settings::security(tx)?;
    end_replaced(tx, &security)?;
    masquerade::end_over(tx)?;
    let lives = security.admin_absolute;
    let session = sql::insert_session(tx, id, &secret.hash(), tx.now().after(lives), second_factor.is_some())?;
    if tx.request().ip.is_some() && tx.known_host().is_none() {
        outbox::promise(tx, Topic::AdminHostname, session.0)?;
    }
    let how = second_factor.map(SecondProof::how).map_or("", FactorKind::key);
    tx.record(&Actor::admin(id, name), &Event::new(EventKind::AdminLogin).with_detail(how))?;
    let (_, device) = remember(tx, Subject::Admin(id))?;
    Ok(Started { secret, admin: id, device })
}

/// Ends the session that the browser had before, whoever's it is (ASVS V7.2.4).
fn end_replaced(tx: &Tx<'_>, security: &Security) -> Result<(), Error> {
    let Some(secret) = &tx.request().session else { return Ok(()) };
    let Some(old) = ask(tx, secret)?.resolve(security)? else { return Ok(()) };
    close(tx, &Actor::admin(old.admin.id, &old.admin.name), old.session, "another login in the same browser")
}

/// Whose session this is, if it still lives and the admin is not disabled.
pub fn resolve(snapshot: &Snapshot<'_>, secret: &Secret) -> Result<Option<Resolved>, Fault> {
    let (settings, session) = (settings::ask(snapshot)?, ask(snapshot, secret)?);
    session.resolve(&settings.answer()?.1)
}

/// A session that was asked for and is looked at later.
pub struct Asking<'a>(&'a Snapshot<'a>, Asked<'a, Option<sql::Found>>);

/// Asks for a session.
pub fn ask<'a>(snapshot: &'a Snapshot<'a>, secret: &Secret) -> Result<Asking<'a>, Fault> {
    Ok(Asking(snapshot, sql::by_token(snapshot, &secret.hash())?))
}

impl Asking<'_> {
    /// Whose session it is, if it still lives under these limits and the admin is not disabled.
    pub fn resolve(self, security: &Security) -> Result<Option<Resolved>, Fault> {
        Ok(alive(self.0, security, self.1.answer()?))
    }
}

/// The same by the session's number, for what hangs on it: **Login as Owner** ends with it.
pub(crate) fn resolve_session(
    snapshot: &Snapshot<'_>,
    security: &Security,
    session: SessionId,
) -> Result<Option<Resolved>, Fault> {
    Ok(alive(snapshot, security, sql::by_session(snapshot, session)?.answer()?))
}

fn alive(snapshot: &Snapshot<'_>, security: &Security, found: Option<sql::Found>) -> Option<Resolved> {
    let found = found?;
    let now = snapshot.now();
    let is_over = found.expires_at <= now || now.since(found.created_at) >= security.admin_absolute;
    let alive = !is_over && now.since(found.last_seen_at) < security.admin_idle && found.admin.disabled_at.is_none();
    let must_show_factor = security.admins && found.second_factor_at.is_none();
    alive.then_some(Resolved {
        session: found.id,
        last_seen_at: found.last_seen_at,
        second_factor_at: found.second_factor_at,
        admin: found.admin,
        must_show_factor,
    })
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

/// Holds a session until the transaction ends, so that nothing begins in it or ends it meanwhile; `false` when there is none.
pub(crate) fn hold_session(tx: &Tx<'_>, session: SessionId) -> Result<bool, Fault> {
    sql::hold_session(tx, session)
}

/// Holds every session of an admin until the transaction ends.
pub(crate) fn hold_sessions(tx: &Tx<'_>, admin: AdminId) -> Result<(), Fault> {
    sql::hold_sessions(tx, admin)
}

/// Ends the session that is used for this request, and with it what the admin does as an owner.
pub fn logout(tx: &Tx<'_>, by: &AllowedAdmin<BeStaff>, resolved: &Resolved) -> Result<(), Error> {
    close(tx, by.actor(), resolved.session, "")
}

fn close(tx: &Tx<'_>, actor: &Actor, session: SessionId, why: &str) -> Result<(), Error> {
    if !sql::hold_session(tx, session)? {
        return Ok(());
    }
    masquerade::end_all(tx, Whose::Session(session), "logged out")?;
    sql::delete_session(tx, session)?;
    Ok(tx.record(actor, &Event::new(EventKind::AdminLogout).with_detail(why))?)
}

/// An admin has no second factor any more.
pub(crate) fn factor_is_gone(tx: &Tx<'_>, admin: AdminId) -> Result<(), Fault> {
    sql::hold_sessions(tx, admin)?;
    masquerade::factor_is_gone(tx, admin)
}

/// Ends every session of an admin, without an event of its own but for what it does as an owner.
pub(super) fn close_all(tx: &Tx<'_>, admin: AdminId, why: &str) -> Result<u64, Fault> {
    sql::hold_sessions(tx, admin)?;
    masquerade::end_all(tx, Whose::Admin(admin), why)?;
    sql::delete_sessions(tx, admin)
}
