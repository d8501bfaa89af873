//! Account home: where one is, and what one may do here.

use axum::extract::Path;
use latchkey_core::access::{Enter, ManageUsers, Permission};
use latchkey_core::id::AccountId;
use latchkey_core::{account, invitation, mail, membership};
use serde::Serialize;

use crate::error::PageError;
use crate::form::{Form, Pressed};
use crate::page::{self, Answer};
use crate::view::{self, AccountShown, PermissionShown};
use crate::visit::LoggedIn;

#[derive(Serialize)]
struct Tile {
    #[serde(flatten)]
    permission: PermissionShown,
    href: Option<String>,
}

/// The account's first page.
pub(crate) async fn show(member: LoggedIn, Path(id): Path<AccountId>) -> Answer {
    let (web, who) = (&member.visit.web, member.who());
    let (shown, account, open) = web
        .app()
        .read(move |snapshot| {
            let (shown, account) = (view::ask_account(snapshot, who, id)?, account::ask(snapshot, id)?);
            let open = match snapshot.authorize::<ManageUsers>(who, id) {
                Ok(by) => {
                    let (invitations, mails) = (invitation::pending(snapshot, &by)?, mail::of_invitations(snapshot, &by)?);
                    Some((invitations.answer()?, mails.answer()?))
                }
                Err(_) => None,
            };
            let shown = shown.answer()?.ok_or(account::Error::NotFound)?;
            Ok::<_, account::Error>((shown, account.answer()?.ok_or(account::Error::NotFound)?, open))
        })
        .await?;
    let now = web.app().now();
    let open = open.map(|(invitations, mails)| view::invited(web, now, &invitations, &mails));
    let context = context! {
        tiles => tiles(&member, &shown),
        apps => Vec::<()>::new(),
        open_invitations => open,
        member => context! { since => shown.mine.since, invited_by => Some(&shown.mine.added_by).filter(|name| !name.is_empty()) },
        owner => context! { name => account.owner.name, email => account.owner.email },
        account => shown,
    };
    Ok(page::page(&member.visit, "client/home.html", context))
}

/// What this user may do here: pages of this server first.
fn tiles(member: &LoggedIn, shown: &AccountShown) -> Vec<Tile> {
    let held = |permission: &Permission| shown.is_owner || shown.mine.grants.has(*permission);
    let tile = |permission: Permission| Tile {
        permission: view::permission_text(&member.visit.web, permission),
        href: match permission {
            Permission::Users => Some(format!("/a/{}/users", shown.id)),
            Permission::Contacts => Some(format!("/a/{}/contacts", shown.id)),
            Permission::Profile => Some(format!("/a/{}/details", shown.id)),
            _ => None,
        },
    };
    let own_pages_first = [Permission::Users].into_iter().chain(Permission::ALL);
    own_pages_first.filter(held).map(tile).collect()
}

/// Gives one's own access up.
pub(crate) async fn leave(member: LoggedIn, Path(id): Path<AccountId>, _: Form<Pressed>) -> Answer {
    let (visit, user, who) = (&member.visit, member.id(), member.who());
    let left = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize::<Enter>(who, id)?;
        membership::leave(tx, &by, &tx.myself(user)?)?;
        Ok::<_, membership::Error>(by.account_name().to_owned())
    });
    page::pressed(visit, &format!("/a/{id}"), left.await, |name| {
        page::done(visit, "/accounts", "flash-left", &[("account", &name)])
    })
}

/// The account on screen, for pages that need nothing else of it.
pub(crate) async fn on_screen(member: &LoggedIn, account: AccountId) -> Result<AccountShown, PageError> {
    let who = member.who();
    Ok(member.visit.web.app().read(move |snapshot| view::account(snapshot, who, account)).await?)
}
