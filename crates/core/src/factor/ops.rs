use std::time::Duration;

use super::{CODES, Error, Factor, FactorKind, OfferedTotp, SecondProof, Shown, Ways, recovery, sql, totp};
use crate::access::{AllowedAdmin, ChangeLogins, Confirmed, ConfirmedAdmin, Denied, Subject, System};
use crate::app::{App, Asked, Snapshot, Tx};
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::guessing::{self, Admitted, Authenticator, Guess, Kind, Standing};
use crate::id::{AdminId, FactorId, SessionId, UserId};
use crate::mail::{About, Notice, Person, tell_person};
use crate::{admin, passkey, settings};

/// How long an offered secret waits for its first code.
const OFFER_LIVES: Duration = Duration::from_mins(30);

/// What a secret is sealed for: another row's opens nothing.
fn purpose(subject: Subject) -> String {
    format!("totp {subject}")
}

/// Whether a second factor is set up.
pub fn enrolled(snapshot: &Snapshot<'_>, subject: Subject) -> Result<bool, Fault> {
    ask_enrolled(snapshot, subject)?.answer()
}

/// The same to be answered later.
pub(crate) fn ask_enrolled<'a>(snapshot: &'a Snapshot<'_>, subject: Subject) -> Result<Asked<'a, bool>, Fault> {
    sql::is_enrolled(snapshot, subject)
}

/// What somebody can show as a second factor, beside recovery codes.
pub fn ways(snapshot: &Snapshot<'_>, subject: Subject) -> Result<Ways, Fault> {
    let code = sql::confirmed_totp(snapshot, subject)?.is_some();
    Ok(Ways { code, passkey: passkey::exists(snapshot, subject)? })
}

/// The factors that are set up.
pub fn list(snapshot: &Snapshot<'_>, subject: Subject) -> Result<Vec<Factor>, Fault> {
    sql::list(snapshot, subject)
}

/// Whether the authenticator app has failed so often in a row that it is of no use to strangers, or to known devices, until it is set
/// up anew.
pub fn totp_is_stopped(snapshot: &Snapshot<'_>, subject: Subject) -> Result<bool, Fault> {
    guessing::is_stopped(snapshot, Authenticator::Totp, subject)
}

/// How many recovery codes can still be used.
pub fn recovery_codes_left(snapshot: &Snapshot<'_>, subject: Subject) -> Result<i64, Fault> {
    sql::codes_left(snapshot, subject)
}

/// Holds one's own login, and looks again whether it is still confirmed. The name and the login.
fn hold(tx: &Tx<'_>, by: &Confirmed) -> Result<(String, String), Error> {
    let held = sql::hold(tx, by.subject())?.ok_or(Error::NotFound)?;
    tx.still_confirmed(by)?;
    Ok(held)
}

/// Makes the secret of an authenticator app. It counts only when a code has confirmed it.
pub fn offer_totp(tx: &Tx<'_>, by: &Confirmed) -> Result<(), Error> {
    let subject = by.subject();
    hold(tx, by)?;
    let sealed = tx.seal_bytes(&purpose(subject), &tx.random::<{ totp::SECRET }>()?)?;
    if sql::offer_totp(tx, subject, &sealed)? { Ok(()) } else { Err(Error::AlreadyEnrolled) }
}

/// The secret that waits to be confirmed, shown only to whoever has just confirmed who it is.
pub async fn offered_totp(app: &App, subject: Subject, session: SessionId) -> Result<OfferedTotp, Error> {
    let loaded = app.read(move |snapshot| {
        snapshot.confirmed(subject, session)?;
        let totp = sql::offered_totp(snapshot, subject, snapshot.now().before(OFFER_LIVES))?;
        Ok::<_, Error>((totp, sql::email_of(snapshot, subject)?, settings::brand(snapshot)?))
    });
    let (Some(found), Some(email), brand) = loaded.await? else { return Err(Error::NothingOffered) };
    let secret = app.open_bytes(&purpose(subject), &found.sealed).ok_or(Error::NothingOffered)?;
    let secret = totp::base32(&secret);
    let (issuer, account) = (percent(&brand.name), percent(&email));
    let uri = format!("otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period=30");
    Ok(OfferedTotp { secret, uri })
}

fn percent(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Confirms the authenticator app with its first code. Whoever has no recovery codes gets them now, once.
pub fn confirm_totp(tx: &Tx<'_>, by: &Confirmed, code: &str) -> Result<Option<Vec<String>>, Error> {
    let subject = by.subject();
    let (name, email) = hold(tx, by)?;
    let since = tx.now().before(OFFER_LIVES);
    let offered = sql::offered_totp(tx, subject, since)?.ok_or(Error::NothingOffered)?;
    let secret = tx.open_bytes(&purpose(subject), &offered.sealed).ok_or(Error::NothingOffered)?;
    let step = totp::step_of(&secret, code, tx.now(), None).ok_or(Error::WrongCode)?;
    if !sql::confirm_totp(tx, offered.id, step)? {
        return Err(Error::AlreadyEnrolled);
    }
    guessing::rebound(tx, Authenticator::Totp, subject)?;
    tx.record(by.actor(), &about(subject, &name, EventKind::FactorAdded).with_detail(FactorKind::Totp.key()))?;
    tell(tx, subject, (&name, &email), Notice::FactorAdded, &About::default())?;
    Ok(was_added(tx, by)?)
}

/// A factor was added, and so it was shown in this session. What the password alone has confirmed in others stands no more: whoever
/// knows it would have the factor removed again (ASVS V7.5.1). Whoever has no recovery codes gets them now, once.
pub(crate) fn was_added(tx: &Tx<'_>, by: &Confirmed) -> Result<Option<Vec<String>>, Fault> {
    let subject = by.subject();
    hold_sessions(tx, subject)?;
    sql::shown_in(tx, subject, by.session())?;
    sql::unconfirm_without_factor(tx, subject)?;
    if sql::codes_left(tx, subject)? > 0 { Ok(None) } else { make_codes(tx, subject).map(Some) }
}

/// Sessions of an admin are changed in one order, wherever several are.
fn hold_sessions(tx: &Tx<'_>, subject: Subject) -> Result<(), Fault> {
    match subject {
        Subject::Admin(admin) => admin::hold_sessions(tx, admin),
        Subject::User(_) => Ok(()),
    }
}

/// A factor was removed: what it may have confirmed in other sessions stands no more, so that whoever had it sets up none of its own
/// there (ASVS V7.5.1). With the last one the recovery codes go.
pub(crate) fn was_removed(tx: &Tx<'_>, by: &Confirmed) -> Result<(), Fault> {
    let subject = by.subject();
    hold_sessions(tx, subject)?;
    sql::unconfirm_all_but(tx, subject, Some(by.session()))?;
    if enrolled(tx, subject)? { Ok(()) } else { all_gone(tx, subject) }
}

/// The last factor is gone, and with it the recovery codes, that it was shown, and what an admin does only with one: nothing that
/// requires two-factor stays open to whoever has none any more.
fn all_gone(tx: &Tx<'_>, subject: Subject) -> Result<(), Fault> {
    sql::delete_codes(tx, subject)?;
    if let Subject::Admin(admin) = subject {
        admin::factor_is_gone(tx, admin)?;
    }
    sql::shown_in_none(tx, subject)
}

/// Removes a factor of one's own; with the last one the recovery codes go.
pub fn remove(tx: &Tx<'_>, by: &Confirmed, id: FactorId) -> Result<(), Error> {
    let subject = by.subject();
    let (name, email) = hold(tx, by)?;
    let kind = sql::remove(tx, subject, id)?.ok_or(Error::NotFound)?;
    was_removed(tx, by)?;
    tx.record(by.actor(), &about(subject, &name, EventKind::FactorRemoved).with_detail(&kind))?;
    tell(tx, subject, (&name, &email), Notice::FactorRemoved, &About::default())?;
    Ok(())
}

/// **Generate New Codes**: all earlier ones are dead, and whose they are is told (ASVS V6.3.7).
pub fn new_recovery_codes(tx: &Tx<'_>, by: &Confirmed) -> Result<Vec<String>, Error> {
    let subject = by.subject();
    let (name, email) = hold(tx, by)?;
    if !enrolled(tx, subject)? {
        return Err(Error::NoFactor);
    }
    tx.record(by.actor(), &about(subject, &name, EventKind::RecoveryCodesMade))?;
    tell(tx, subject, (&name, &email), Notice::RecoveryCodesMade, &About::default())?;
    Ok(make_codes(tx, subject)?)
}

fn make_codes(tx: &Tx<'_>, subject: Subject) -> Result<Vec<String>, Fault> {
    sql::delete_codes(tx, subject)?;
    guessing::rebound(tx, Authenticator::RecoveryCode, subject)?;
    let mut codes = Vec::new();
    for _ in 0..CODES {
        let code = recovery::fresh(tx)?;
        sql::insert_code(tx, subject, &recovery::hash(&code))?;
        codes.push(code);
    }
    Ok(codes)
}

/// **Disable Two-Factor**: staff takes the factors of a user away, who is told. Nobody can add one for somebody else.
pub fn take_from_user(
    tx: &Tx<'_>,
    by: &AllowedAdmin<ChangeLogins>,
    _confirmed: &ConfirmedAdmin,
    user: UserId,
) -> Result<(), Error> {
    let subject = Subject::User(user);
    let (name, email) = sql::hold(tx, subject)?.ok_or(Error::NotFound)?;
    let kinds = take_all(tx, subject)?;
    tx.record(by.actor(), &about(subject, &name, EventKind::FactorRemoved).with_detail(kinds.join(", ")))?;
    Ok(tell(tx, subject, (&name, &email), Notice::FactorTaken, &About::default())?)
}

/// The operator lets an admin in who has lost its factor, at the command line.
pub fn remove_all_of_admin(tx: &Tx<'_>, by: &System, admin: AdminId) -> Result<(), Error> {
    let subject = Subject::Admin(admin);
    let (name, email) = sql::hold(tx, subject)?.ok_or(Error::NotFound)?;
    let kinds = take_all(tx, subject)?;
    let event = Event::new(EventKind::FactorRemoved).with_email(&email).with_detail(format!("{name}: {}", kinds.join(", ")));
    tx.record(by.actor(), &event)?;
    Ok(tell(tx, subject, (&name, &email), Notice::FactorTaken, &About::default())?)
}

fn take_all(tx: &Tx<'_>, subject: Subject) -> Result<Vec<String>, Error> {
    let mut kinds = sql::remove_all(tx, subject)?;
    if passkey::remove_all(tx, subject)? > 0 {
        kinds.push(FactorKind::Passkey.key().to_owned());
    }
    if kinds.is_empty() {
        return Err(Error::NoFactor);
    }
    hold_sessions(tx, subject)?;
    sql::unconfirm_all_but(tx, subject, None)?;
    all_gone(tx, subject)?;
    sql::delete_pending_of(tx, subject)?;
    Ok(kinds)
}

/// Looks at what was shown. A wrong one is counted, which has to be kept: the transaction must commit.
///
/// The user or admin is held first, so of two who show the same at the same moment one gets in (ASVS V6.5.1).
pub(crate) fn verify(tx: &Tx<'_>, subject: Subject, shown: &Shown) -> Result<Option<SecondProof>, guessing::Error> {
    let Some((name, email)) = sql::hold(tx, subject)? else { return Ok(None) };
    let guess = guess(subject, shown);
    let Admitted { standing, .. } = guessing::admit(tx, tx.request(), &guess)?;
    let how = match shown {
        _ if standing == Standing::Stopped => None,
        Shown::Code(code) => verify_code(tx, subject, code)?.then_some(FactorKind::Totp),
        Shown::Recovery(code) => sql::use_code(tx, subject, &recovery::hash(code))?.then_some(FactorKind::Recovery),
        Shown::Passkey(answer) => passkey::used(tx, answer, Some(subject))?.map(|_| FactorKind::Passkey),
    };
    let actor = match subject {
        Subject::User(id) => crate::access::Actor::user(id, &name),
        Subject::Admin(id) => crate::access::Actor::admin(id, &name),
    };
    match how {
        None => {
            guessing::failed(tx, &guess)?;
            tx.record(&crate::access::Actor::nobody(), &about(subject, &name, EventKind::SecondFactorFailed).with_email(&email))?;
            return Ok(None);
        }
        Some(FactorKind::Recovery) => {
            let left = sql::codes_left(tx, subject)?;
            let event = about(subject, &name, EventKind::RecoveryCodeUsed).with_detail(format!("{left} left"));
            tx.record(&actor, &event)?;
            tell(tx, subject, (&name, &email), Notice::RecoveryCodeUsed, &About::default().what(&left.to_string()))?;
        }
        Some(FactorKind::Totp | FactorKind::Passkey) => {}
    }
    guessing::succeeded(tx, &guess)?;
    Ok(how.map(|how| SecondProof { subject, how }))
}

/// Whether the second factor was shown lately in this session, if there is one: whoever has none has only the password to confirm
/// with, and is asked for that anyway.
pub fn confirmed_where_enrolled(snapshot: &Snapshot<'_>, subject: Subject, session: SessionId) -> Result<(), Denied> {
    if enrolled(snapshot, subject)? { snapshot.confirmed(subject, session).map(drop) } else { Ok(()) }
}

/// A try at a second factor; guessing at it is slowed down (ASVS V6.6.3).
fn guess(subject: Subject, shown: &Shown) -> Guess {
    let kind = match shown {
        Shown::Code(_) => Kind::Totp,
        Shown::Recovery(_) => Kind::RecoveryCode,
        Shown::Passkey(_) => Kind::Passkey,
    };
    match subject {
        Subject::User(id) => Guess::of_user(kind, id),
        Subject::Admin(id) => Guess::of_admin(kind, id),
    }
}

/// Proof that somebody has shown a passkey that recognises its owner: it needs no password beside it.
pub(crate) fn by_passkey_alone(tx: &Tx<'_>, answer: &passkey::Answer) -> Result<Option<SecondProof>, guessing::Error> {
    Ok(passkey::used(tx, answer, None)?.map(|subject| SecondProof { subject, how: FactorKind::Passkey }))
}

fn verify_code(tx: &Tx<'_>, subject: Subject, code: &str) -> Result<bool, Fault> {
    let Some(totp) = sql::confirmed_totp(tx, subject)? else { return Ok(false) };
    let Some(secret) = tx.open_bytes(&purpose(subject), &totp.sealed) else { return Ok(false) };
    match totp::step_of(&secret, code, tx.now(), totp.last_step) {
        Some(step) => sql::use_step(tx, totp.id, step),
        None => Ok(false),
    }
}

fn about(subject: Subject, name: &str, kind: EventKind) -> Event {
    match subject {
        Subject::User(id) => Event::new(kind).to_user(id, name),
        Subject::Admin(_) => Event::new(kind),
    }
}

/// Tells whom it concerns by mail (NIST SP 800-63B-4, 4.6).
pub(crate) fn tell(tx: &Tx<'_>, subject: Subject, (name, to): (&str, &str), notice: Notice, about: &About) -> Result<(), Fault> {
    let user = match subject {
        Subject::User(id) => Some(id),
        Subject::Admin(_) => None,
    };
    tell_person(tx, &Person { user, name, to }, notice, about)
}

/// The code that the authenticator app shows now, for tests that play it.
#[cfg(feature = "testing")]
pub async fn code_now(app: &App, subject: Subject) -> Option<String> {
    let found = app.read(move |snapshot| {
        let offered = sql::offered_totp(snapshot, subject, snapshot.now().before(OFFER_LIVES))?;
        Ok::<_, Fault>(sql::confirmed_totp(snapshot, subject)?.or(offered))
    });
    let secret = app.open_bytes(&purpose(subject), &found.await.ok()??.sealed)?;
    Some(totp::now(&secret, app.now()))
}
