use super::challenge::{self, Purpose};
use super::client_data::ClientData;
use super::options::{self, CreationOptions, For, RequestOptions};
use super::verify::{self, Expected};
use super::{Answer, Error, MAX_NAME, MAX_PER_PERSON, Passkey, Refused, RegistrationResponse, RelyingParty, sql};
use crate::access::{Actor, Confirmed, Subject};
use crate::app::{Snapshot, Tx};
use crate::device;
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::factor;
use crate::guessing::{self, Authenticator, Guess, Kind, Standing};
use crate::id::PasskeyId;
use crate::mail::{About, Notice};
use crate::secret::Secret;
use crate::{settings, text};

/// Bytes in what an authenticator knows a person by: random, so that it tells nothing (§14.6.1).
const HANDLE: usize = 64;

/// The passkeys of somebody, latest added first.
pub fn list(snapshot: &Snapshot<'_>, subject: Subject) -> Result<Vec<Passkey>, Fault> {
    sql::list(snapshot, subject)
}

/// Whether somebody has a passkey.
pub fn exists(snapshot: &Snapshot<'_>, subject: Subject) -> Result<bool, Fault> {
    Ok(sql::count(snapshot, subject)? > 0)
}

/// Holds one's own login, and looks again whether it is still confirmed. The name and the login.
fn hold(tx: &Tx<'_>, by: &Confirmed) -> Result<(String, String), Error> {
    let held = sql::hold(tx, by.subject())?.ok_or(Error::NotFound)?;
    tx.still_confirmed(by)?;
    Ok(held)
}

/// What the browser is asked to add a passkey. `browser` is what holds the ceremony to it.
pub fn begin_adding(tx: &Tx<'_>, by: &Confirmed, browser: &Secret) -> Result<CreationOptions, Error> {
    let (subject, party) = (by.subject(), RelyingParty::of(tx.public_url())?);
    let (name, email) = hold(tx, by)?;
    if sql::count(tx, subject)? >= MAX_PER_PERSON {
        return Err(Error::TooMany);
    }
    let handle = handle(tx, subject)?;
    let brand = settings::brand(tx)?;
    let challenge = challenge::make(tx, Purpose::Add, browser)?;
    let whose = For { brand: &brand.name, handle: &handle, email: &email, name: &name };
    Ok(options::creation(&party, &challenge, &whose, sql::descriptors(tx, subject)?))
}

/// What authenticators know somebody by, made when it is first needed. The person is held.
fn handle(tx: &Tx<'_>, subject: Subject) -> Result<Vec<u8>, Fault> {
    if let Some(handle) = sql::handle(tx, subject)? {
        return Ok(handle);
    }
    let handle = tx.random::<HANDLE>()?;
    sql::insert_handle(tx, subject, &handle)?;
    Ok(handle.to_vec())
}

/// A passkey that was added.
pub struct Added {
    /// The passkey.
    pub id: PasskeyId,
    /// Recovery codes, shown once, for whoever had none.
    pub recovery_codes: Option<Vec<String>>,
}

/// Adds a passkey. `None` when the ceremony was refused: its challenge is used up and the log says why, so the transaction
/// must commit.
pub fn add(
    tx: &Tx<'_>,
    by: &Confirmed,
    browser: &Secret,
    name: &str,
    response: &RegistrationResponse,
) -> Result<Option<Added>, Error> {
    let (subject, party) = (by.subject(), RelyingParty::of(tx.public_url())?);
    let name = text::line(name, MAX_NAME).map_err(Error::Name)?;
    let (person, email) = hold(tx, by)?;
    if sql::count(tx, subject)? >= MAX_PER_PERSON {
        return Err(Error::TooMany);
    }
    let made = match registered(tx, &party, browser, response)? {
        Ok(made) => made,
        Err(refused) => return Ok(refuse(tx, Some((subject, &person)), refused)?),
    };
    // §7.1 step 26: nobody has a passkey of this id.
    let Some(id) = sql::insert(tx, subject, &name, &response.transports.join(" "), &made)? else {
        return Ok(refuse(tx, Some((subject, &person)), Refused::Taken)?);
    };
    tx.record(by.actor(), &about(subject, &person, EventKind::PasskeyAdded).with_detail(&name))?;
    factor::tell(tx, subject, (&person, &email), Notice::FactorAdded, &About::default())?;
    guessing::rebound(tx, Authenticator::Passkey, subject)?;
    Ok(Some(Added { id, recovery_codes: factor::was_added(tx, by)? }))
}

fn registered(
    tx: &Tx<'_>,
    party: &RelyingParty,
    browser: &Secret,
    response: &RegistrationResponse,
) -> Result<Result<verify::Registered, Refused>, Fault> {
    let challenge = match claimed(&response.client_data) {
        Ok(challenge) if challenge::take(tx, Purpose::Add, browser, &challenge)? => challenge,
        Ok(_) => return Ok(Err(Refused::WrongChallenge)),
        Err(refused) => return Ok(Err(refused)),
    };
    let expected = Expected { party, challenge: &challenge, needs_verification: false };
    Ok(verify::registration(&expected, response))
}

/// The challenge that was answered, whoever made it.
fn claimed(client_data: &[u8]) -> Result<Secret, Refused> {
    ClientData::read(client_data)?.challenge()
}

/// Writes down why a ceremony was refused.
fn refuse<T>(tx: &Tx<'_>, whose: Option<(Subject, &str)>, refused: Refused) -> Result<Option<T>, Fault> {
    let event = match whose {
        Some((subject @ Subject::User(_), name)) => {
            about(subject, name, EventKind::PasskeyRefused).with_detail(refused.to_string())
        }
        Some((Subject::Admin(_), name)) => Event::new(EventKind::PasskeyRefused).with_detail(format!("{name}: {refused}")),
        None => Event::new(EventKind::PasskeyRefused).with_detail(refused.to_string()),
    };
    tx.record(&Actor::nobody(), &event)?;
    Ok(None)
}

fn about(subject: Subject, name: &str, kind: EventKind) -> Event {
    match subject {
        Subject::User(id) => Event::new(kind).to_user(id, name),
        Subject::Admin(_) => Event::new(kind),
    }
}

/// Gives a passkey of one's own another name.
pub fn rename(tx: &Tx<'_>, by: &Confirmed, id: PasskeyId, name: &str) -> Result<(), Error> {
    let (person, _) = hold(tx, by)?;
    if !sql::list(tx, by.subject())?.iter().any(|passkey| passkey.id == id) {
        return Err(Error::NotFound);
    }
    let name = text::line(name, MAX_NAME).map_err(Error::Name)?;
    sql::rename(tx, by.subject(), id, &name)?;
    Ok(tx.record(by.actor(), &about(by.subject(), &person, EventKind::PasskeyRenamed).with_detail(name))?)
}

/// Removes a passkey of one's own.
pub fn remove(tx: &Tx<'_>, by: &Confirmed, id: PasskeyId) -> Result<(), Error> {
    let subject = by.subject();
    let (person, email) = hold(tx, by)?;
    let name = sql::remove(tx, subject, id)?.ok_or(Error::NotFound)?;
    factor::was_removed(tx, by)?;
    tx.record(by.actor(), &about(subject, &person, EventKind::PasskeyRemoved).with_detail(name))?;
    Ok(factor::tell(tx, subject, (&person, &email), Notice::FactorRemoved, &About::default())?)
}

/// Removes all passkeys of somebody whose factors are taken away; how many there were.
pub(crate) fn remove_all(tx: &Tx<'_>, subject: Subject) -> Result<usize, Fault> {
    Ok(sql::remove_all(tx, subject)?.len())
}

/// What the browser is asked to log in with a passkey alone, to the area of this purpose.
pub(super) fn begin_login(tx: &Tx<'_>, purpose: Purpose, browser: &Secret) -> Result<RequestOptions, Error> {
    let party = RelyingParty::of(tx.public_url())?;
    guessing::spend(tx, &Guess::at_secret(Kind::PasskeyChallenge))?;
    Ok(options::login(&party, &challenge::make(tx, purpose, browser)?))
}

/// What the browser is asked to show a passkey as the second step of the login that waits under this token.
pub fn begin_second_step(tx: &Tx<'_>, token: &Secret, browser: &Secret) -> Result<RequestOptions, Error> {
    let subject = factor::subject_of(tx, token)?.ok_or(Error::NotFound)?;
    begin_second(tx, Purpose::SecondStep, subject, browser)
}

/// What the browser is asked to show a passkey to confirm who it is.
pub fn begin_confirming(tx: &Tx<'_>, subject: Subject, browser: &Secret) -> Result<RequestOptions, Error> {
    begin_second(tx, Purpose::Confirm, subject, browser)
}

fn begin_second(tx: &Tx<'_>, purpose: Purpose, subject: Subject, browser: &Secret) -> Result<RequestOptions, Error> {
    let party = RelyingParty::of(tx.public_url())?;
    let allowed = sql::descriptors(tx, subject)?;
    if allowed.is_empty() {
        return Err(Error::NotFound);
    }
    Ok(options::second(&party, &challenge::make(tx, purpose, browser)?, allowed))
}

/// Whose passkey was used. `None` when it was refused: its challenge is used up and the log says why, so the transaction must
/// commit. `expected` is whose it must be, where that is known and shown before; otherwise the passkey stands alone, and must
/// recognise its owner, and what fails with it is counted here: what is refused because there were too many is not written down.
/// The person is held from here on.
pub(crate) fn used(tx: &Tx<'_>, answer: &Answer, expected: Option<Subject>) -> Result<Option<Subject>, guessing::Error> {
    if expected.is_none() {
        admit_alone(tx)?;
    }
    let (response, browser) = (&answer.response, &answer.browser);
    let Ok(party) = RelyingParty::of(tx.public_url()) else {
        return refuse_nobodys(tx, expected, Refused::WrongRelyingParty);
    };
    let challenge = match claimed(&response.client_data) {
        Ok(challenge) if challenge::take(tx, answer.purpose, browser, &challenge)? => challenge,
        Ok(_) => return refuse_nobodys(tx, expected, Refused::WrongChallenge),
        Err(refused) => return refuse_nobodys(tx, expected, refused),
    };
    // §7.2 steps 5 and 6: whose passkey it is, and whether it is that person's turn.
    let Some(subject) = sql::owner_of(tx, &response.credential_id)?.filter(|owner| takes(answer.purpose, expected, *owner))
    else {
        return refuse_nobodys(tx, expected, Refused::Unknown);
    };
    // The person is held before the passkey is read: of two who use it at once the second sees the first one's count.
    let Some((person, _)) = sql::hold(tx, subject)? else { return refuse_nobodys(tx, expected, Refused::Unknown) };
    let Some((id, _, kept)) = sql::kept(tx, subject, &response.credential_id)? else {
        return Ok(refuse(tx, Some((subject, &person)), Refused::Unknown)?);
    };
    let alone = expected.is_none();
    let handle_fits =
        if response.user_handle.is_empty() { !alone } else { sql::handle(tx, subject)?.as_ref() == Some(&response.user_handle) };
    let held_to = Expected { party: &party, challenge: &challenge, needs_verification: alone };
    let guess = alone.then(|| Guess::at_passkey(subject));
    let admitted = guess.as_ref().map(|guess| guessing::admit(tx, tx.request(), guess)).transpose()?;
    let stopped = admitted.is_some_and(|admitted| admitted.standing == Standing::Stopped);
    let asserted = if stopped {
        Err(Refused::Stopped)
    } else if handle_fits {
        verify::assertion(&held_to, response, &kept)
    } else {
        Err(Refused::WrongHandle)
    };
    match asserted {
        Ok(asserted) => {
            sql::used(tx, id, &asserted)?;
            guess.map(|guess| guessing::succeeded(tx, &guess)).transpose()?;
            Ok(Some(subject))
        }
        Err(refused) => {
            guess.map(|guess| guessing::failed(tx, &guess)).transpose()?;
            Ok(refuse(tx, Some((subject, &person)), refused)?)
        }
    }
}

/// Whether a passkey that is shown alone is looked at. In a browser that anybody has logged in with it always is, so that whoever has a
/// right one gets in while somebody at the same address makes answers up.
fn admit_alone(tx: &Tx<'_>) -> Result<(), guessing::Error> {
    match guessing::admit(tx, tx.request(), &Guess::at_secret(Kind::PasskeyAnswer)) {
        Err(guessing::Error::Limited { .. }) if device::is_somebodys(tx)? => Ok(()),
        admitted => admitted.map(drop),
    }
}

/// Refuses what is nobody's. Shown alone it takes a token first: strangers could fill the log with it, and without one nothing is
/// written down.
fn refuse_nobodys<T>(tx: &Tx<'_>, expected: Option<Subject>, refused: Refused) -> Result<Option<T>, guessing::Error> {
    if expected.is_none() {
        guessing::failed(tx, &Guess::at_secret(Kind::PasskeyAnswer))?;
    }
    Ok(refuse(tx, None, refused)?)
}

/// Whether it is this one's turn: who is asked for, or anybody who may log in to the area alone.
fn takes(purpose: Purpose, expected: Option<Subject>, owner: Subject) -> bool {
    match (expected, purpose, owner) {
        (Some(subject), Purpose::SecondStep | Purpose::Confirm, _) => subject == owner,
        (None, Purpose::Login, Subject::User(_)) | (None, Purpose::AdminLogin, Subject::Admin(_)) => true,
        _ => false,
    }
}
