//! The switcher: the accounts one may enter.

use axum::response::Response;
use latchkey_core::access::Enter;
use latchkey_core::clock::Timestamp;
use latchkey_core::id::AccountId;
use latchkey_core::membership::{self, Mine};
use serde::{Deserialize, Serialize};

use crate::form::Form;
use crate::page::{self, Answer};
use crate::visit::{LoggedIn, Visit};

#[derive(Serialize)]
struct Choice {
    id: i64,
    name: String,
    company: Option<String>,
    is_owner: bool,
    closed: bool,
    last_entered_at: Option<Timestamp>,
}

impl From<Mine> for Choice {
    fn from(mine: Mine) -> Self {
        Self {
            id: mine.account.0,
            name: mine.name,
            company: Some(mine.company).filter(|company| !company.is_empty()),
            is_owner: mine.is_owner,
            closed: mine.is_closed,
            last_entered_at: mine.last_entered_at,
        }
    }
}

/// The server's root leads to where one can go on.
pub(crate) async fn root(visit: Visit) -> Response {
    page::see_other(if visit.user.is_some() { "/accounts" } else { "/login" })
}

/// The accounts, latest entered first, closed ones greyed out at the end.
pub(crate) async fn show(member: LoggedIn) -> Answer {
    let user = member.id();
    let accounts = member.visit.web.app().read(move |snapshot| membership::accounts_of(snapshot, user)).await?;
    // An admin who acts for the user enters one account only.
    let only = member.user.acting.as_ref().map(|acting| acting.behalf.account());
    let accounts = accounts.into_iter().filter(|mine| only.is_none_or(|only| only == mine.account));
    let accounts: Vec<Choice> = accounts.map(Choice::from).collect();
    Ok(page::page(&member.visit, "client/accounts.html", context! { accounts }))
}

#[derive(Deserialize)]
pub(crate) struct Chosen {
    account: AccountId,
}

/// Enters an account. A closed one cannot be entered.
pub(crate) async fn enter(member: LoggedIn, Form(chosen): Form<Chosen>) -> Answer {
    let (who, account) = (member.who(), chosen.account);
    let entered = member.visit.web.app().write(&member.visit.request, move |tx| {
        let by = tx.authorize::<Enter>(who, account)?;
        membership::enter(tx, &by, who.user())
    });
    entered.await?;
    Ok(page::see_other(&format!("/a/{account}")))
}
