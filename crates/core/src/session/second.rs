//! The second step of a login, and "confirm it's you".

use std::time::Duration;

use super::{Error, Started, ops, sql};
use crate::access::{Actor, Subject};
use crate::app::{App, Request, Tx};
use crate::event::{Event, EventKind};
use crate::factor::{self, Confirmation, Second, SecondProof, Shown};
use crate::id::{SessionId, UserId};
use crate::secret::Secret;
use crate::user::{self, User};

/// Answers a pending login. What is wrong is counted, so `Ok` is committed either way.
pub fn second_step(tx: &Tx<'_>, token: &Secret, shown: &Shown) -> Result<Second<Started>, Error> {
    let Some(Subject::User(user)) = factor::subject_of(tx, token)? else { return Ok(Second::Over) };
    // The user is held before what hangs on it.
    let Some(found) = user::hold(tx, user)? else { return Ok(Second::Over) };
    let Some(waiting) = factor::take_try(tx, token)? else { return Ok(Second::Over) };
    let Some(proof) = factor::verify(tx, Subject::User(user), shown)? else {
        return Ok(if factor::subject_of(tx, token)?.is_some() { Second::Wrong } else { Second::Over });
    };
    finish(tx, &found, &waiting, &proof)
}

/// Makes a session of a pending login and of the proof that it waited for.
fn finish(tx: &Tx<'_>, user: &User, waiting: &factor::Waiting, proof: &SecondProof) -> Result<Second<Started>, Error> {
    if proof.subject() != Subject::User(user.id) || !factor::done(tx, waiting)? {
        return Ok(Second::Over);
    }
    if !user::signed_in(tx, user.id, waiting.changed_at)? {
        return Ok(Second::Over);
    }
    let by = tx.myself(user.id)?;
    let started = ops::begin(tx, &by, waiting.remember, proof)?;
    Ok(Second::Session(started, factor::next_of(tx, waiting)))
}

/// A session whose user has confirmed who it is: it has a new secret (ASVS V7.2.4).
pub struct Renewed {
    /// What the cookie holds from now on.
    pub secret: Secret,
    /// How long the cookie lives; `None` ends it with the browser.
    pub cookie_lives: Option<Duration>,
}

/// Confirms who uses a session: by the second factor where there is one, else by the password. `None` when it was wrong.
pub async fn confirm(
    app: &App,
    request: &Request,
    user: UserId,
    session: SessionId,
    with: Confirmation,
) -> Result<Option<Renewed>, Error> {
    let (shown, present) = match with {
        Confirmation::Shown(shown) => (Some(shown), None),
        Confirmation::Password(typed) => {
            match user::present_password(app, request, user, &typed, Error::WrongCredentials).await {
                Ok(present) => (None, Some(present)),
                Err(Error::WrongCredentials) => (None, None),
                Err(error) => return Err(error),
            }
        }
    };
    app.write(request, move |tx| {
        tx.myself(user)?;
        let Some(found) = user::hold(tx, user)? else { return Ok(None) };
        let name = found.name.full();
        let is_right = match (&shown, &present) {
            (Some(shown), _) => factor::verify(tx, Subject::User(user), shown)?.is_some(),
            // A factor that was enrolled meanwhile is asked for, and a password that was changed meanwhile proves nothing.
            (None, Some(present)) if !factor::enrolled(tx, Subject::User(user))? && present.still_is(tx, user)? => {
                present.settle(tx)?;
                true
            }
            (None, _) => false,
        };
        if !is_right {
            if shown.is_none() {
                let event = Event::new(EventKind::LoginFailed).to_user(user, &name).with_email(found.email.as_str());
                tx.record(&Actor::nobody(), &event)?;
            }
            return Ok(None);
        }
        tx.record(&Actor::user(user, &name), &Event::new(EventKind::IdentityConfirmed).to_user(user, &name))?;
        renew(tx, user, session, shown.is_some())
    })
    .await
}

fn renew(tx: &Tx<'_>, user: UserId, session: SessionId, second_factor: bool) -> Result<Option<Renewed>, Error> {
    let secret = tx.secret()?;
    let Some((expires_at, remember)) = sql::confirmed(tx, user, session, &secret.hash(), second_factor)? else {
        return Err(Error::NotFound);
    };
    Ok(Some(Renewed { secret, cookie_lives: remember.then(|| expires_at.since(tx.now())) }))
}
