//! How strong a password is, while it is typed, and one that is made.

use axum::Json;
use axum::response::{IntoResponse, Response};
use latchkey_core::error::Fault;
use latchkey_core::membership;
use latchkey_core::password::{self, Length, Rules};
use latchkey_core::settings;
use serde::{Deserialize, Serialize};

use crate::error::PageError;
use crate::form::{Form, Pressed};
use crate::page::Answer;
use crate::visit::{Area, Visit};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Typed {
    password: String,
    name: String,
    email: String,
    /// What else the page is about, such as the account one is invited to; one name a line.
    context: String,
}

#[derive(Serialize)]
struct Meter {
    score: u8,
    label: String,
    hint: Option<String>,
}

/// Answers a score with a word for it, and why the password would be refused.
pub(crate) async fn strength(visit: Visit, Form(typed): Form<Typed>) -> Answer {
    let context = typed.context.lines().map(str::to_owned);
    let rules = rules(&visit, [typed.name, typed.email].into_iter().chain(context)).await?;
    // Strangers take turns at it: judging takes as long as serving many a page.
    let is_inside = visit.user.is_some() || visit.admin.is_some();
    let turn = if is_inside { None } else { visit.web.app().strangers_turn().await };
    let strength = password::strength(&typed.password, &rules);
    drop(turn);
    let meter = Meter {
        score: strength.score,
        label: visit.web.text(&format!("strength-{}", strength.score), &[]),
        hint: strength.refused.map(|key| visit.web.text(key, &[])),
    };
    Ok(Json(meter).into_response())
}

#[derive(Serialize)]
struct Made {
    password: String,
}

/// **Generate Password**: a phrase of five words. Twenty random characters are made in the browser and need no list.
pub(crate) async fn generate(visit: Visit, _: Form<Pressed>) -> Result<Response, PageError> {
    let phrase = password::phrase(visit.web.app().random()).map_err(Fault::from)?;
    Ok(Json(Made { password: phrase }).into_response())
}

/// What a password chosen on this visit is held to: these names, the brand's, and those of whoever is logged in; and the length
/// that follows from whether a second factor is required beside it.
pub(crate) async fn rules(visit: &Visit, names: impl IntoIterator<Item = String>) -> Result<Rules, PageError> {
    let mut names: Vec<String> = [visit.brand.name.clone()].into_iter().chain(names).collect();
    if let Some(found) = &visit.user {
        let user = found.user.id;
        names.extend([found.user.name.full(), found.user.email.to_string()]);
        let accounts = visit.web.app().read(move |snapshot| membership::accounts_of(snapshot, user)).await?;
        names.extend(accounts.into_iter().flat_map(|mine| [mine.name, mine.company]));
    }
    if let Some(found) = &visit.admin {
        names.extend([found.admin.name.clone(), found.admin.email.clone()]);
    }
    let security = visit.web.app().read(settings::security).await?;
    let required = match visit.area {
        Area::Client => security.everybody,
        Area::Admin => security.admins,
    };
    Ok(Rules::around(names).with_length(if required { Length::WithSecondFactor } else { Length::OnlyFactor }))
}
