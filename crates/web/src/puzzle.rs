//! The small proof of work before the forms of strangers, where the operator asks for it.

use latchkey_core::error::Invalid;
use latchkey_core::puzzle::{self, Purpose};
use latchkey_core::settings::When;
use serde::Serialize;

use crate::error::PageError;
use crate::page;
use crate::visit::Visit;

/// What the page carries.
#[derive(Serialize)]
pub(crate) struct PuzzleShown {
    text: String,
    bits: u32,
    /// Seconds.
    wait: u64,
}

/// For the page of a form.
pub(crate) async fn of_page(visit: &Visit, purpose: Purpose) -> Result<Option<PuzzleShown>, PageError> {
    if visit.puzzles == When::Never {
        return Ok(None);
    }
    let puzzle = puzzle::of_page(visit.web.app(), &visit.request, purpose, &visit.form_key).await?;
    Ok(puzzle.map(|puzzle| PuzzleShown { text: puzzle.text, bits: puzzle.bits, wait: puzzle.wait.as_secs() }))
}

/// What is wrong with what the form gave back; nothing when it is taken.
pub(crate) async fn check(visit: &Visit, purpose: Purpose, given: &str) -> Result<Vec<Invalid>, PageError> {
    if visit.puzzles == When::Never {
        return Ok(Vec::new());
    }
    match puzzle::check(visit.web.app(), &visit.request, purpose, &visit.form_key, given).await {
        Ok(()) => Ok(Vec::new()),
        Err(error) => page::fields(error),
    }
}
