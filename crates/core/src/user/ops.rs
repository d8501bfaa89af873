use super::{Error, Listed, NewUser, PersonName, User, sql};
use crate::access::{
    Actor, AllowedAdmin, ChangeLogins, ConfirmedAdmin, DeleteUsers, Denied, EditUsers, Myself, Subject, System, ViewStaffArea,
};
use crate::app::{App, Asked, Request, Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::DbError;
use crate::email::{Email, EmailKey};
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::guessing::{self, Admitted, Authenticator, Guess, Standing};
use crate::id::{SessionId, UserId};
use crate::mail::{self, About, Notice};
use crate::masquerade::{self, Whose};
use crate::password::{Busy, Comer, Password, PasswordHash, Verdict};
use crate::{factor, membership, own_data, reset, search, session, verification};

/// The user of this id.
pub fn find(snapshot: &Snapshot<'_>, id: UserId) -> Result<Option<User>, Fault> {
    sql::find(snapshot, id)
}

/// Like [`find`], and the user stays as it is until the transaction ends. An account's row is held
/// before a user's, never after it, so that no two transactions wait for each other.
pub(crate) fn hold(tx: &Tx<'_>, id: UserId) -> Result<Option<User>, Fault> {
    sql::hold(tx, id)
}

/// The user with this login.
pub fn by_email(snapshot: &Snapshot<'_>, email: &EmailKey) -> Result<Option<UserId>, Fault> {
    sql::by_email(snapshot, email)
}

/// Who has this login.
pub(crate) fn with_email(snapshot: &Snapshot<'_>, email: &EmailKey) -> Result<Option<User>, Fault> {
    sql::with_email(snapshot, email)
}

/// Brings addresses and their comparable forms up to the present rules, once: an older Latchkey knew fewer look-alikes, and
/// showed capitals of every script. Of two that have become one, one keeps the comparable form it had: the later, unless it has
/// the other one's form already.
pub fn rekey(tx: &Tx<'_>, _by: &System) -> Result<(), Fault> {
    /// Rows that are read at once.
    const BATCH: i64 = 1000;
    if !sql::begin_rekeying(tx)? {
        return Ok(());
    }
    for table in ["users", "admins"] {
        let mut after = 0;
        loop {
            let rows = sql::addresses(tx, table, after, BATCH)?;
            let Some((last, ..)) = rows.last() else { break };
            after = *last;
            for (id, email, kept) in rows {
                let key = EmailKey::of(&email);
                if key.as_str() != kept {
                    sql::set_key(tx, table, id, &key)?;
                }
                show_anew(tx, table, id, &email)?;
            }
        }
    }
    Ok(())
}

/// An address as the present rules show it; one that they refuse stays as it is. What waits to confirm it follows, and the words
/// under which its user is found.
fn show_anew(tx: &Tx<'_>, table: &str, id: i64, before: &str) -> Result<(), Fault> {
    let Ok(shown) = Email::parse(before) else { return Ok(()) };
    if shown.as_str() == before {
        return Ok(());
    }
    sql::set_shown(tx, table, "id", id, before, &shown)?;
    if table != "users" {
        return Ok(());
    }
    sql::set_shown(tx, "verifications", "user_id", id, before, &shown)?;
    match sql::find(tx, UserId(id))? {
        Some(user) => index(tx, user.id, &user.name, &user.email),
        None => Ok(()),
    }
}

/// Makes a user from the command line.
pub fn create(tx: &Tx<'_>, by: &System, user: &NewUser) -> Result<UserId, Error> {
    insert(tx, Some(by.actor()), user)
}

/// Makes a user for staff. Without a password nobody logs in until the user has chosen one by a link (ASVS V6.4.6). `ask` sends the
/// mail that asks it to confirm its address, where the installation does so.
pub fn create_by_staff(tx: &Tx<'_>, by: &AllowedAdmin<EditUsers>, user: &NewUser, ask: bool) -> Result<UserId, Error> {
    let id = insert(tx, Some(by.actor()), user)?;
    if ask {
        verification::ask(tx, id)?;
    }
    Ok(id)
}

/// The user as it is until the transaction ends: for a change that rests on what somebody has seen of it.
pub fn find_to_change(tx: &Tx<'_>, _by: &AllowedAdmin<EditUsers>, id: UserId) -> Result<User, Error> {
    sql::hold(tx, id)?.ok_or(Error::NotFound)
}

/// Makes a user. Without an actor the person registered itself.
pub(crate) fn insert(tx: &Tx<'_>, by: Option<&Actor>, user: &NewUser) -> Result<UserId, Error> {
    let id = store_new(tx, by, user)?;
    if by.is_none() {
        verification::ask(tx, id)?;
    }
    Ok(id)
}

/// Like [`insert`], by the user itself, which has shown that the address is its own.
pub(crate) fn insert_verified(tx: &Tx<'_>, new: &NewUser) -> Result<UserId, Error> {
    let id = store_new(tx, None, new)?;
    let user = sql::find(tx, id)?.ok_or(Error::NotFound)?;
    confirm_address(tx, &user, &new.email)?;
    Ok(id)
}

fn store_new(tx: &Tx<'_>, by: Option<&Actor>, user: &NewUser) -> Result<UserId, Error> {
    let id = sql::insert(tx, user, &subject(tx)?)?.ok_or(Error::EmailTaken)?;
    index(tx, id, &user.name, &user.email)?;
    let name = user.name.full();
    let itself = Actor::user(id, &name);
    let event = Event::new(EventKind::UserCreated).to_user(id, &name).with_email(user.email.as_str());
    tx.record(by.unwrap_or(&itself), &event)?;
    Ok(id)
}

/// A random UUID (version 4): what other systems know the user by.
fn subject(tx: &Tx<'_>) -> Result<String, Fault> {
    let random = u128::from_be_bytes(tx.random()?);
    let version_4 = (random & !(0xf << 76)) | (0x4 << 76);
    let variant_1 = (version_4 & !(0x3 << 62)) | (0x2 << 62);
    let hex = format!("{variant_1:032x}");
    let parts: Vec<&str> = [0..8, 8..12, 12..16, 16..20, 20..32].into_iter().filter_map(|range| hex.get(range)).collect();
    Ok(parts.join("-"))
}

fn index(tx: &Tx<'_>, id: UserId, name: &PersonName, email: &Email) -> Result<(), Fault> {
    search::index(tx, search::Kind::User, id.0, &[&name.first, &name.last, email.as_str()])
}

/// Changes one's own name.
pub fn change_own_name(tx: &Tx<'_>, by: &Myself, name: &PersonName) -> Result<(), Error> {
    let user = sql::hold(tx, by.id())?.ok_or(Error::NotFound)?;
    store(tx, by.actor(), &user, name, &user.email)
}

/// What an admin changes of a user. An admin never chooses a password (ASVS V6.4.6).
#[derive(Clone, Debug)]
pub struct AdminChange {
    /// The name.
    pub name: PersonName,
    /// The login.
    pub email: Email,
}

/// Changes a user's name and asks for another login, which needs the permission for it and a proof of the last ten minutes in this
/// session (ASVS V7.5.1): it takes effect when its link confirms it, as when the user asks. The address that waits, if one does.
pub fn update(
    tx: &Tx<'_>,
    by: &AllowedAdmin<EditUsers>,
    session: SessionId,
    id: UserId,
    change: &AdminChange,
) -> Result<Option<Email>, Error> {
    let user = sql::hold(tx, id)?.ok_or(Error::NotFound)?;
    store(tx, by.actor(), &user, &change.name, &user.email)?;
    if user.email == change.email {
        return Ok(None);
    }
    let by = tx.authorize_admin::<ChangeLogins>(by.id())?;
    let confirmed = tx.confirmed_admin(by.id(), session)?;
    // Staff sees every user, so who has the address is no secret here.
    if sql::by_email(tx, &change.email.key())?.is_some_and(|holder| holder != id) {
        return Err(Error::EmailTaken);
    }
    verification::change_address_by_staff(tx, &by, &confirmed, &user, &change.email)?;
    Ok(Some(change.email.clone()))
}

/// Changes a user's name and, with the permission for it, the login, at once: for machines. The system that calls has asked its
/// customer, and its modules count on the new address as soon as they are answered. The address is no longer a confirmed one.
pub fn update_at_once(
    tx: &Tx<'_>,
    by: &AllowedAdmin<EditUsers>,
    _confirmed: &ConfirmedAdmin,
    id: UserId,
    change: &AdminChange,
) -> Result<(), Error> {
    let user = sql::hold(tx, id)?.ok_or(Error::NotFound)?;
    if user.email != change.email {
        tx.authorize_admin::<ChangeLogins>(by.id())?;
    }
    store(tx, by.actor(), &user, &change.name, &change.email)?;
    if user.email != change.email {
        tell_of_change(tx, &user, &change.email, by.actor())?;
        verification::ask(tx, id)?;
    }
    Ok(())
}

/// The user has shown that the address is its own: from now on it is the login.
pub(crate) fn confirm_address(tx: &Tx<'_>, user: &User, email: &Email) -> Result<(), Error> {
    sql::set_verified(tx, user.id, email)
        .map_err(|fault| if fault.is_unique("users_email_key") { Error::EmailTaken } else { Error::Fault(fault) })?;
    let name = user.name.full();
    let itself = Actor::user(user.id, &name);
    let event = Event::new(EventKind::EmailVerified).to_user(user.id, &name).with_email(email.as_str());
    tx.record(&itself, &event)?;
    if user.email == *email {
        return Ok(());
    }
    index(tx, user.id, &user.name, email)?;
    let event = Event::new(EventKind::EmailChanged).to_user(user.id, &name).with_email(email.as_str());
    tx.record(&itself, &event.with_detail(format!("{} → {email}", user.email)))?;
    Ok(tell_of_change(tx, user, email, &itself)?)
}

/// Both addresses are told, and links that went to the old one are dead.
fn tell_of_change(tx: &Tx<'_>, before: &User, email: &Email, by: &Actor) -> Result<(), Fault> {
    reset::forget(tx, Subject::User(before.id))?;
    verification::forget(tx, before.id)?;
    let about = About::default().by(&by.name).what(email.as_str());
    mail::tell_at(tx, before, before.email.as_str(), Notice::EmailChanged, &about)?;
    mail::tell_at(tx, before, email.as_str(), Notice::EmailChanged, &about)
}

/// A password chosen by a link, by a user who is held.
pub(crate) fn set_password(tx: &Tx<'_>, user: &User, hash: &PasswordHash) -> Result<(), Fault> {
    guessing::rebound(tx, Authenticator::Password, Subject::User(user.id))?;
    verification::end_change(tx, &Actor::nobody(), user)?;
    sql::set_password(tx, user.id, hash)
}

fn store(tx: &Tx<'_>, by: &Actor, before: &User, name: &PersonName, email: &Email) -> Result<(), Error> {
    if before.name == *name && before.email == *email {
        return Ok(());
    }
    // An address that is only found like the one before may be another mailbox: nobody has shown to read it.
    let same_mailbox = before.email.as_str().eq_ignore_ascii_case(email.as_str());
    let verified_at = before.verified_at.filter(|_| same_mailbox);
    sql::update(tx, before.id, name, email, verified_at)
        .map_err(|fault| if fault.is_unique("users_email_key") { Error::EmailTaken } else { Error::Fault(fault) })?;
    index(tx, before.id, name, email)?;
    let detail = format!("{} <{}> → {} <{}>", before.name.full(), before.email, name.full(), email);
    let event =
        Event::new(EventKind::UserUpdated).to_user(before.id, &name.full()).with_email(email.as_str()).with_detail(detail);
    Ok(tx.record(by, &event)?)
}

/// Deletes a user who can enter no account (PRODUCT rule 9), and returns it as it was at the end.
pub fn delete(tx: &Tx<'_>, by: &AllowedAdmin<DeleteUsers>, _confirmed: &ConfirmedAdmin, id: UserId) -> Result<User, Error> {
    // Who has asked to be deleted leaves its accounts on the way; the accounts are held before the user is.
    let asked = own_data::deletion_asked_at(tx, id)?.is_some();
    let left = if asked { membership::leave_all(tx, by.actor(), id)? } else { 0 };
    let user = sql::hold(tx, id)?.ok_or(Error::NotFound)?;
    // Who has taken that back meanwhile keeps its accounts.
    if left > 0 && own_data::deletion_asked_at(tx, id)?.is_none() {
        return Err(Error::HasAccounts);
    }
    delete_orphan(tx, by.actor(), &user)?;
    Ok(user)
}

pub(crate) fn delete_orphan(tx: &Tx<'_>, by: &Actor, user: &User) -> Result<(), Error> {
    reset::forget(tx, Subject::User(user.id))?;
    verification::forget(tx, user.id)?;
    masquerade::end_all(tx, Whose::User(user.id), "user deleted")?;
    match sql::delete_without_accounts(tx, user.id) {
        Ok(true) => {}
        // A membership that another transaction has just made is refused by the foreign key.
        Ok(false) | Err(Fault::Db(DbError::ForeignKey)) => return Err(Error::HasAccounts),
        Err(fault) => return Err(fault.into()),
    }
    search::forget(tx, search::Kind::User, user.id.0)?;
    guessing::rebound(tx, Authenticator::Password, Subject::User(user.id))?;
    let event = Event::new(EventKind::UserDeleted).to_user(user.id, &user.name.full()).with_email(user.email.as_str());
    Ok(tx.record(by, &event)?)
}

/// Changes one's own password; the present one is needed, and all other sessions end. Who has a second factor has just confirmed with
/// it who it is, too (ASVS V7.5.1): without one the password is all there is to confirm with.
pub async fn change_password(
    app: &App,
    request: &Request,
    user: UserId,
    session: SessionId,
    current: &Password,
    chosen: &Password,
) -> Result<(), Error> {
    // Before anything is compared: a session alone is not to be a place to guess at.
    let subject = Subject::User(user);
    app.read(move |snapshot| factor::confirmed_where_enrolled(snapshot, subject, session)).await?;
    let present = present_password(app, request, user, current, Error::WrongPassword).await?;
    let hash = match app.hasher().hash(app.random(), chosen).await {
        Err(Busy::Breached) => return Err(Error::BreachedPassword),
        hashed => hashed?,
    };
    app.write(request, move |tx| {
        let by = tx.myself(user)?;
        // The user is held before what hangs on it, as by a login.
        let held = hold(tx, user)?.ok_or(Denied::NoSuchUser)?;
        factor::confirmed_where_enrolled(tx, subject, session)?;
        present.settle(tx)?;
        // The password that was verified must still be the one that is replaced.
        if !sql::replace_password(tx, user, present.kept.as_ref(), &hash)? {
            return Err(Error::WrongPassword);
        }
        let event = Event::new(EventKind::PasswordChanged).to_user(by.id(), by.name());
        tx.record(by.actor(), &event)?;
        guessing::rebound(tx, Authenticator::Password, Subject::User(user))?;
        session::end_others(tx, &by, session)?;
        reset::forget(tx, Subject::User(user))?;
        verification::end_change(tx, by.actor(), &held)?;
        mail::tell(tx, user, Notice::PasswordChanged, &About::default())?;
        Ok(())
    })
    .await
}

/// The present password of somebody who is logged in was right.
pub(crate) struct PresentPassword {
    /// What it was compared with.
    kept: Option<PasswordHash>,
    guess: Guess,
}

impl PresentPassword {
    /// In the transaction that follows from it: failures are forgotten, and a password that was changed meanwhile is none.
    pub(crate) fn settle(&self, tx: &Tx<'_>) -> Result<(), guessing::Error> {
        guessing::succeeded(tx, &self.guess)
    }

    /// Whether it is still the user's password.
    pub(crate) fn still_is(&self, tx: &Tx<'_>, user: UserId) -> Result<bool, Fault> {
        Ok(sql::password_of(tx, user)? == self.kept)
    }
}

/// Compares the present password of somebody who is logged in. Guessing at it is slowed down as at a login's (ASVS V6.3.1).
pub(crate) async fn present_password<E>(
    app: &App,
    request: &Request,
    user: UserId,
    typed: &Password,
    wrong: E,
) -> Result<PresentPassword, E>
where
    E: From<guessing::Error> + From<Busy> + From<Fault> + Send + 'static,
{
    let guess = Guess::of_user(guessing::Kind::CurrentPassword, user);
    let (asked, tried) = (request.clone(), guess.clone());
    let (kept, standing) = app
        .read(move |snapshot| {
            let Admitted { standing, .. } = guessing::admit(snapshot, &asked, &tried)?;
            Ok::<_, E>((sql::password_of(snapshot, user)?, standing))
        })
        .await?;
    // What is stopped is compared with nothing: how long that takes would tell whether it was right.
    let compared = kept.clone().filter(|_| standing == Standing::Works);
    if app.hasher().verify(typed, compared, Comer::Known).await? == Verdict::Wrong {
        app.write(request, move |tx| Ok::<_, E>(guessing::failed(tx, &guess)?)).await?;
        return Err(wrong);
    }
    Ok(PresentPassword { kept, guess })
}

/// The kinds of hashes that are kept of users and admins, each by its beginning (ASVS V6.3.8: see [`Hasher::expect`]).
///
/// [`Hasher::expect`]: crate::password::Hasher::expect
pub fn kinds_of_hashes(snapshot: &Snapshot<'_>) -> Result<Vec<String>, Fault> {
    sql::kinds_of_hashes(snapshot)
}

/// Notes a login: when and from where. `false` when the user is gone or the password was changed since it was compared.
pub(crate) fn signed_in(tx: &Tx<'_>, user: UserId, changed_at: Option<Timestamp>) -> Result<bool, Fault> {
    sql::signed_in(tx, user, changed_at)
}

/// The same of a user who is held, with the password that was set at `changed_at`.
pub(crate) fn held_signed_in(tx: &Tx<'_>, user: UserId, changed_at: Option<Timestamp>) -> Result<(), Fault> {
    sql::held_signed_in(tx, user, changed_at)
}

/// Holds a user whose password was compared, before anything else that is asked; the answer is `None` when the password was changed since, or the user is gone.
pub(crate) fn keep_password<'a>(
    tx: &'a Tx<'_>,
    user: UserId,
    changed_at: Option<Timestamp>,
    renewed: Option<&PasswordHash>,
) -> Result<Asked<'a, Option<String>>, Fault> {
    sql::keep_password(tx, user, changed_at, renewed)
}

/// Users whom a query finds, newest first, at most `limit`, with the number of their accounts.
pub fn list(
    snapshot: &Snapshot<'_>,
    _by: &AllowedAdmin<ViewStaffArea>,
    query: &str,
    before: Option<UserId>,
    limit: i64,
) -> Result<Vec<Listed>, Fault> {
    sql::search(snapshot, query, before, limit)
}

/// A few users for a list that opens while one types.
pub fn suggestions(snapshot: &Snapshot<'_>, by: &AllowedAdmin<ViewStaffArea>, query: &str) -> Result<Vec<User>, Fault> {
    /// Users in the list that opens.
    const FEW: i64 = 8;
    if query.trim().is_empty() {
        return Ok(Vec::new());
    }
    Ok(list(snapshot, by, query, None, FEW)?.into_iter().map(|listed| listed.user).collect())
}
