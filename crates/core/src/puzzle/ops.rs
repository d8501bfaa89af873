use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Error, LIVES, Purpose, Puzzle, SEPARATOR, Sealed, is_solved, sql};
use crate::access::System;
use crate::app::{App, Request, Snapshot, Tx};
use crate::error::Fault;
use crate::guessing;
use crate::secret::{Secret, SecretHash};
use crate::settings::{self, Puzzles, When};

/// What the page of a form carries for this browser; `None` when nothing is asked of it. Writes nothing.
pub async fn of_page(app: &App, request: &Request, purpose: Purpose, browser: &Secret) -> Result<Option<Puzzle>, Fault> {
    let asked = request.clone();
    let wanted = app.read(move |snapshot| Ok::<_, Fault>(wanted(snapshot, &asked)?.map(|puzzles| (puzzles, snapshot.now()))));
    let Some((puzzles, made_at)) = wanted.await? else { return Ok(None) };
    let sealed = Sealed { made_at, bits: puzzles.bits, wait: puzzles.wait }.to_bytes();
    let text = URL_SAFE_NO_PAD.encode(app.seal_bytes(&bound_to(purpose, browser), &sealed)?);
    Ok(Some(Puzzle { text, bits: puzzles.bits, wait: puzzles.wait }))
}

/// Takes what a form gives back, once. Nothing is asked of a form where no page would carry a puzzle now.
pub async fn check(app: &App, request: &Request, purpose: Purpose, browser: &Secret, given: &str) -> Result<(), Error> {
    let asked = request.clone();
    if app.read(move |snapshot| wanted(snapshot, &asked)).await?.is_none() {
        return Ok(());
    }
    let (puzzle, solution) = given.split_once(SEPARATOR).unwrap_or((given, ""));
    let bytes = URL_SAFE_NO_PAD.decode(puzzle).map_err(|_| Error::Missing)?;
    let opened = app.open_bytes(&bound_to(purpose, browser), &bytes).ok_or(Error::Missing)?;
    let sealed = Sealed::of_bytes(&opened).ok_or(Error::Missing)?;
    let age = app.now().since(sealed.made_at);
    if age >= LIVES {
        return Err(Error::TooOld);
    }
    if age < sealed.wait && !is_solved(puzzle, solution, sealed.bits) {
        return Err(Error::TooEarly);
    }
    let (hash, expires_at) = (SecretHash::of(&bytes), sealed.made_at.after(LIVES));
    app.write(request, move |tx| if sql::take(tx, &hash, expires_at)? { Ok(()) } else { Err(Error::Used) }).await
}

/// Forgets a bounded number of used puzzles that are too old to be used anyway. How many there were.
pub fn sweep(tx: &Tx<'_>, _by: &System) -> Result<u64, Fault> {
    sql::sweep(tx)
}

/// What the operator asks of this visitor now.
fn wanted(snapshot: &Snapshot<'_>, request: &Request) -> Result<Option<Puzzles>, Fault> {
    let puzzles = settings::security(snapshot)?.puzzles;
    let is_wanted = match puzzles.when {
        When::Never => false,
        When::Always => true,
        When::AfterFailures => guessing::has_failed(snapshot, request)?,
    };
    Ok(Some(puzzles).filter(|_| is_wanted))
}

/// A puzzle opens for the form and the browser it was made for.
fn bound_to(purpose: Purpose, browser: &Secret) -> String {
    format!("puzzle {} {}", purpose.key(), browser.derive("puzzle").reveal())
}
