//! How strong a password is, while it is typed.

use axum::Json;
use axum::response::{IntoResponse, Response};
use latchkey_core::password;
use serde::{Deserialize, Serialize};

use crate::form::Form;
use crate::visit::Visit;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Typed {
    password: String,
    name: String,
    email: String,
}

#[derive(Serialize)]
struct Meter {
    score: u8,
    label: String,
    hint: Option<String>,
}

/// Answers a score with a word for it, and why the password would be refused.
pub(crate) async fn strength(visit: Visit, Form(typed): Form<Typed>) -> Response {
    let context = context(&[&typed.name, &typed.email, &visit.brand.name]);
    let words: Vec<&str> = context.iter().map(String::as_str).collect();
    let strength = password::strength(&typed.password, &words);
    Json(Meter {
        score: strength.score,
        label: visit.web.text(&format!("strength-{}", strength.score), &[]),
        hint: strength.refused.map(|key| visit.web.text(key, &[])),
    })
    .into_response()
}

/// The words a password must not be built from: names and the parts of an address.
pub(crate) fn context(texts: &[&str]) -> Vec<String> {
    let parts = texts.iter().flat_map(|text| text.split(|character: char| character.is_whitespace() || "@.".contains(character)));
    let whole = texts.iter().map(|text| (*text).to_owned());
    whole.chain(parts.filter(|part| part.chars().count() > 2).map(str::to_owned)).collect()
}
