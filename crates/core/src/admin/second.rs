//! The second step of an admin's login, and "confirm it's you".

use super::{Error, Started, ops, sql};
use crate::access::{Actor, Subject};
use crate::app::{App, Request, Tx};
use crate::event::{Event, EventKind};
use crate::factor::{self, Confirmation, Second, Shown};
use crate::guessing::{self, Guess, Kind, Standing};
use crate::id::{AdminId, SessionId};
use crate::password::{Comer, Verdict};
use crate::secret::Secret;

/// Answers a pending login. What is wrong is counted, so `Ok` is committed either way.
pub fn second_step(tx: &Tx<'_>, token: &Secret, shown: &Shown) -> Result<Second<Started>, Error> {
    let Some(Subject::Admin(admin)) = factor::subject_of(tx, token)? else { return Ok(Second::Over) };
    // The admin is held before what hangs on it.
    let Some(name) = sql::hold(tx, admin)? else { return Ok(Second::Over) };
    let Some(waiting) = factor::take_try(tx, token)? else { return Ok(Second::Over) };
    let Some(proof) = factor::verify(tx, Subject::Admin(admin), shown)? else {
        return Ok(if factor::subject_of(tx, token)?.is_some() { Second::Wrong } else { Second::Over });
    };
    if proof.subject() != Subject::Admin(admin) || !factor::done(tx, &waiting)? {
        return Ok(Second::Over);
    }
    // The password was changed while the login waited.
    if sql::hold_unchanged(tx, admin, waiting.changed_at)?.is_none() {
        return Ok(Second::Over);
    }
    let started = ops::begin(tx, admin, &name, Some(&proof))?;
    Ok(Second::Session(started, factor::next_of(tx, &waiting)))
}

/// Confirms who uses a session: by the second factor where there is one, else by the password. The session's new secret
/// (ASVS V7.2.4), or `None` when it was wrong.
pub async fn confirm(
    app: &App,
    request: &Request,
    admin: AdminId,
    session: SessionId,
    with: Confirmation,
) -> Result<Option<Secret>, Error> {
    let guess = Guess::of_admin(Kind::CurrentPassword, admin);
    let (asked, tried) = (request.clone(), guess.clone());
    let by_password = matches!(with, Confirmation::Password(_));
    let (kept, standing) = app
        .read(move |snapshot| {
            let standing = if by_password { guessing::admit(snapshot, &asked, &tried)?.standing } else { Standing::Works };
            Ok::<_, Error>((sql::password_of(snapshot, admin)?, standing))
        })
        .await?;
    let (shown, password_is_right) = match with {
        Confirmation::Shown(shown) => (Some(shown), false),
        Confirmation::Password(typed) => {
            // What is stopped is compared with nothing: how long that takes would tell whether it was right.
            let compared = kept.clone().filter(|_| standing == Standing::Works);
            (None, app.hasher().verify(&typed, compared, Comer::Known).await? != Verdict::Wrong)
        }
    };
    app.write(request, move |tx| {
        let Some(name) = sql::hold(tx, admin)? else { return Ok(None) };
        let is_right = match &shown {
            Some(shown) => factor::verify(tx, Subject::Admin(admin), shown)?.is_some(),
            // A factor that was enrolled meanwhile is asked for, and a password that was changed meanwhile proves nothing.
            None => password_is_right && !factor::enrolled(tx, Subject::Admin(admin))? && sql::password_of(tx, admin)? == kept,
        };
        let actor = Actor::admin(admin, &name);
        if !is_right {
            if shown.is_none() {
                guessing::failed(tx, &guess)?;
                tx.record(&Actor::nobody(), &Event::new(EventKind::AdminLoginFailed).with_detail(name))?;
            }
            return Ok(None);
        }
        if shown.is_none() {
            guessing::succeeded(tx, &guess)?;
        }
        tx.record(&actor, &Event::new(EventKind::IdentityConfirmed))?;
        let secret = tx.secret()?;
        if !sql::confirmed(tx, admin, session, &secret.hash(), shown.is_some())? {
            return Err(Error::NotFound);
        }
        Ok(Some(secret))
    })
    .await
}
