//! The invitations one has accepted: how one came into which account.

use latchkey_core::access::Denied;
use latchkey_core::clock::Timestamp;
use latchkey_core::invitation;
use serde::Serialize;

use crate::page::{self, Answer};
use crate::view;
use crate::visit::LoggedIn;

#[derive(Serialize)]
struct Row {
    account_id: i64,
    account_name: String,
    inviter: String,
    email: String,
    accepted_at: Option<Timestamp>,
}

/// The page.
pub(crate) async fn show(member: LoggedIn) -> Answer {
    let (web, user) = (&member.visit.web, member.id());
    let found =
        web.app().read(move |snapshot| Ok::<_, Denied>(invitation::accepted_by(snapshot, &snapshot.myself(user)?)?)).await?;
    let accepted: Vec<Row> = found
        .iter()
        .map(|invitation| Row {
            account_id: invitation.account.0,
            account_name: invitation.account_name.clone(),
            inviter: view::inviter(web, invitation),
            email: invitation.email.clone(),
            accepted_at: invitation.times.accepted_at,
        })
        .collect();
    Ok(page::page(&member.visit, "client/me/invitations.html", context! { accepted }))
}
