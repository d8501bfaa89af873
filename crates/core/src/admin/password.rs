//! An admin's own password: changed with the present one here, or chosen anew by a link ([`reset`]). Nobody sets another's.

use super::{Admin, Error, ops, sessions, sql};
use crate::access::{Actor, BeStaff, Subject};
use crate::app::{App, Request, Tx};
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::guessing::{self, Admitted, Authenticator, Guess, Kind, Standing};
use crate::id::{AdminId, SessionId};
use crate::mail::{self, About, Notice, Person};
use crate::password::{Busy, Comer, Password, PasswordHash, Verdict};
use crate::{factor, reset};

/// The present password was right: what it was compared with, and the try that has still to be settled.
struct Present {
    kept: PasswordHash,
    guess: Guess,
}

/// Changes one's own password. The present one is needed, and, where there is a second factor, a proof with it of the last ten minutes
/// (ASVS V7.5.1). All other sessions end, and logins that wait for their second factor do, too.
pub async fn change_password(
    app: &App,
    request: &Request,
    admin: AdminId,
    session: SessionId,
    current: &Password,
    chosen: &Password,
) -> Result<(), Error> {
    let subject = Subject::Admin(admin);
    // Before anything is compared: a session alone is not to be a place to guess at.
    app.read(move |snapshot| factor::confirmed_where_enrolled(snapshot, subject, session)).await?;
    let present = present_password(app, request, admin, current).await?;
    let hash = match app.hasher().hash(app.random(), chosen).await {
        Err(Busy::Breached) => return Err(Error::BreachedPassword),
        hashed => hashed?,
    };
    app.write(request, move |tx| {
        let by = tx.authorize_admin::<BeStaff>(admin)?;
        let Admin { name, email, .. } = hold_enabled(tx, admin)?.ok_or(Error::NotFound)?;
        factor::confirmed_where_enrolled(tx, subject, session)?;
        guessing::succeeded(tx, &present.guess)?;
        // The password that was verified must still be the one that is replaced.
        if sql::password_of(tx, admin)?.as_ref() != Some(&present.kept) {
            return Err(Error::WrongPassword);
        }
        set_password(tx, admin, &hash)?;
        tx.record(by.actor(), &Event::new(EventKind::AdminPasswordChanged).with_email(&email))?;
        sessions::end_others(tx, &by, session)?;
        reset::forget(tx, Subject::Admin(admin))?;
        let person = Person { user: None, name: &name, to: &email };
        Ok(mail::tell_person(tx, &person, Notice::PasswordChanged, &About::default())?)
    })
    .await
}

/// Compares the present password. Guessing at it is slowed down as at a login's (ASVS V6.3.1).
async fn present_password(app: &App, request: &Request, admin: AdminId, typed: &Password) -> Result<Present, Error> {
    let guess = Guess::of_admin(Kind::CurrentPassword, admin);
    let (asked, tried) = (request.clone(), guess.clone());
    let (kept, standing) = app
        .read(move |snapshot| {
            let Admitted { standing, .. } = guessing::admit(snapshot, &asked, &tried)?;
            Ok::<_, Error>((sql::password_of(snapshot, admin)?, standing))
        })
        .await?;
    // What is stopped is compared with nothing: how long that takes would tell whether it was right.
    let compared = kept.filter(|_| standing == Standing::Works);
    let verdict = app.hasher().verify(typed, compared.clone(), Comer::Known).await?;
    if let Some(kept) = compared.filter(|_| verdict != Verdict::Wrong) {
        return Ok(Present { kept, guess });
    }
    app.write(request, move |tx| Ok::<_, Error>(guessing::failed(tx, &guess)?)).await?;
    Err(Error::WrongPassword)
}

/// A password that was chosen anew: whoever failed too often with the old one may try again, and a login that waits with the old one
/// is over.
pub(crate) fn set_password(tx: &Tx<'_>, admin: AdminId, hash: &PasswordHash) -> Result<(), Fault> {
    sql::set_password(tx, admin, hash)?;
    factor::forget_waiting(tx, Subject::Admin(admin))?;
    guessing::rebound(tx, Authenticator::Password, Subject::Admin(admin))
}

/// The admin, held until the transaction ends, if it can log in.
pub(crate) fn hold_enabled(tx: &Tx<'_>, admin: AdminId) -> Result<Option<Admin>, Fault> {
    match sql::hold(tx, admin)? {
        Some(_) => sql::find(tx, admin),
        None => Ok(None),
    }
}

/// Ends all sessions of an admin whose password was chosen anew.
pub(crate) fn end_every(tx: &Tx<'_>, admin: &Admin) -> Result<(), Fault> {
    let ended = ops::close_all(tx, admin.id, "password reset")?;
    if ended == 0 {
        return Ok(());
    }
    let event = Event::new(EventKind::SessionEnded).with_email(&admin.email).with_detail(format!("{ended} sessions of an admin"));
    tx.record(&Actor::nobody(), &event)
}
