//! Short names for what tests do.

mod acting;
mod crowd;
mod logins;
mod register;
mod tables;

use latchkey_core::access::{Associate, ConfigureSystem, Enter, Grants, ManageUsers, TransferOwnership};
use latchkey_core::app::{App, Request};
use latchkey_core::contact::{self, Categories, NewContact};
use latchkey_core::email::Email;
use latchkey_core::error::{HasKind, Kind};
use latchkey_core::id::{AccountId, AdminId, ClientGroupId, InvitationId, RoleId, UserId};
use latchkey_core::invitation::{self, Accepted, NewInvitation};
use latchkey_core::mail::Outgoing;
use latchkey_core::secret::Secret;
use latchkey_core::testing::TestApp;
use latchkey_core::{account, client_group, membership, role, user};

pub(crate) use acting::*;
pub(crate) use crowd::*;
pub(crate) use logins::*;
pub(crate) use register::*;
pub(crate) use tables::*;

/// An id that nothing has.
pub(crate) const NOWHERE: i64 = 999_999;

pub(crate) fn request() -> Request {
    Request { ip: Some([192, 0, 2, 7].into()), user_agent: "test".to_owned(), ..Request::default() }
}

pub(crate) fn grants(keys: &str) -> Grants {
    Grants::parse(keys)
}

pub(crate) fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

pub(crate) fn is_internal<E: HasKind>(error: &E) -> bool {
    error.kind() == Kind::Internal
}

// People and accounts.

/// A user whose address is its first name at example.com.
pub(crate) async fn person(app: &TestApp, first: &str) -> UserId {
    app.user(first, "Example", &format!("{}@example.com", first.to_lowercase())).await
}

/// Olivia and her account Acme.
pub(crate) async fn acme(app: &TestApp) -> (UserId, AccountId) {
    let owner = person(app, "Olivia").await;
    (owner, app.account("Acme", owner).await)
}

/// A new user who is a member of the account.
pub(crate) async fn member(app: &TestApp, account: AccountId, first: &str, keys: &str) -> UserId {
    let user = person(app, first).await;
    app.member(account, user, grants(keys)).await;
    user
}

pub(crate) async fn staff(app: &TestApp) -> AdminId {
    app.admin("Stella", "stella@staff.example").await
}

/// A client group of this name.
pub(crate) async fn client_group(app: &TestApp, admin: AdminId, name: &str) -> ClientGroupId {
    let typed = client_group::Typed { name, colour: "#b45309", ..client_group::Typed::default() };
    let details = client_group::Details::parse(&typed).unwrap();
    as_staff(&app.app, admin, move |tx, by| client_group::create(tx, by, &details)).await.unwrap()
}

/// A role of every account.
pub(crate) async fn role(app: &TestApp, admin: AdminId, name: &str, keys: &str) -> RoleId {
    let new = role::Details { name: name.to_owned(), description: String::new(), grants: grants(keys) };
    as_staff::<ConfigureSystem, _, _>(&app.app, admin, move |tx, by| role::create(tx, by, None, &new)).await.unwrap()
}

/// Changes what a role gives; its name stays.
pub(crate) async fn change_role(app: &App, admin: AdminId, id: RoleId, keys: &str) -> Result<(), role::Error> {
    let grants = grants(keys);
    as_staff::<ConfigureSystem, _, _>(app, admin, move |tx, by| {
        let new = role::Details { grants: grants.clone(), ..role::find_to_end(tx, by, id)?.details };
        role::update(tx, by, id, &new)
    })
    .await
}

/// Gives a member a role and nothing singly.
pub(crate) async fn give_role(
    app: &App,
    by: UserId,
    account: AccountId,
    to: UserId,
    role: RoleId,
) -> Result<(), membership::Error> {
    in_account::<ManageUsers, _, _>(app, by, account, move |tx, by| membership::set_held(tx, by, to, Some(role), &Grants::none()))
        .await
}

/// A contact who gets these kinds of mail.
pub(crate) fn new_contact(first: &str, last: &str, email: &str, gets: &[&str]) -> NewContact {
    let gets: Vec<String> = gets.iter().map(|key| (*key).to_owned()).collect();
    let typed = contact::Details {
        first_name: first.to_owned(),
        last_name: last.to_owned(),
        email: email.to_owned(),
        categories: Categories::choose(&gets).unwrap(),
        ..contact::Details::default()
    };
    contact::Details::parse(&typed).unwrap()
}

/// What a user holds in an account, as text; `None` when it is no member.
pub(crate) async fn held(app: &App, user: UserId, account: AccountId) -> Option<String> {
    let mine = app.read(move |snapshot| membership::accounts_of(snapshot, user)).await.unwrap();
    mine.into_iter().find(|mine| mine.account == account).map(|mine| mine.grants.to_string())
}

pub(crate) async fn owner_of(app: &App, account: AccountId) -> UserId {
    let found = app.read(move |snapshot| account::find(snapshot, account)).await.unwrap();
    found.expect("the account is there").owner.id
}

pub(crate) async fn revision(app: &App, account: AccountId) -> i64 {
    let found = app.read(move |snapshot| account::find(snapshot, account)).await.unwrap();
    found.expect("the account is there").revision
}

// Memberships.

pub(crate) async fn set_grants(
    app: &App,
    by: UserId,
    account: AccountId,
    user: UserId,
    keys: &str,
) -> Result<(), membership::Error> {
    let grants = grants(keys);
    in_account::<ManageUsers, _, _>(app, by, account, move |tx, by| membership::set_grants(tx, by, user, &grants)).await
}

pub(crate) async fn remove(app: &App, by: UserId, account: AccountId, user: UserId) -> Result<(), membership::Error> {
    in_account::<ManageUsers, _, _>(app, by, account, move |tx, by| membership::remove(tx, by, user)).await
}

pub(crate) async fn leave(app: &App, user: UserId, account: AccountId) -> Result<(), membership::Error> {
    in_account::<Enter, _, _>(app, user, account, move |tx, by| membership::leave(tx, by, &tx.myself(user)?)).await
}

pub(crate) async fn make_owner(app: &App, account: AccountId, user: UserId) -> Result<(), membership::Error> {
    machine_in_account::<TransferOwnership, _, _>(app, account, move |tx, by| {
        membership::make_owner(tx, by, &confirmed(), user).map(drop)
    })
    .await
}

pub(crate) async fn associate(app: &App, account: AccountId, user: UserId, keys: &str) -> Result<(), membership::Error> {
    let grants = grants(keys);
    machine_in_account::<Associate, _, _>(app, account, move |tx, by| membership::associate(tx, by, user, None, &grants)).await
}

// Accounts and users, by staff.

pub(crate) async fn close(app: &App, admin: AdminId, account: AccountId) {
    as_staff(app, admin, move |tx, by| account::close(tx, by, account)).await.unwrap();
}

pub(crate) async fn reopen(app: &App, admin: AdminId, account: AccountId) {
    as_staff(app, admin, move |tx, by| account::reopen(tx, by, account)).await.unwrap();
}

pub(crate) async fn delete_user(app: &App, admin: AdminId, user: UserId) -> Result<(), user::Error> {
    as_staff(app, admin, move |tx, by| user::delete(tx, by, &confirmed(), user).map(drop)).await
}

// Invitations.

pub(crate) async fn send(
    app: &App,
    by: UserId,
    account: AccountId,
    to: &str,
    keys: &str,
) -> Result<InvitationId, invitation::Error> {
    let new = NewInvitation { role: None, email: email(to), grants: grants(keys) };
    in_account::<ManageUsers, _, _>(app, by, account, move |tx, by| invitation::send(tx, by, &new)).await
}

/// Sends an invitation and reads its link from the mail.
pub(crate) async fn invite(app: &TestApp, by: UserId, account: AccountId, to: &str, keys: &str) -> (InvitationId, Secret) {
    let id = send(&app.app, by, account, to, keys).await.unwrap();
    (id, latest_link(app).await)
}

/// The link in the one mail that waits.
pub(crate) async fn latest_link(app: &TestApp) -> Secret {
    let mails = app.take_mails().await;
    let [mail]: [Outgoing; 1] = mails.try_into().unwrap_or_else(|mails: Vec<_>| panic!("{} mails instead of one", mails.len()));
    latchkey_core::testing::link_secret(&mail)
}

pub(crate) async fn resend(app: &App, by: UserId, account: AccountId, id: InvitationId) -> Result<(), invitation::Error> {
    in_account::<ManageUsers, _, _>(app, by, account, move |tx, by| invitation::resend(tx, by, id).map(drop)).await
}

pub(crate) async fn cancel(app: &App, by: UserId, account: AccountId, id: InvitationId) -> Result<(), invitation::Error> {
    in_account::<ManageUsers, _, _>(app, by, account, move |tx, by| invitation::cancel(tx, by, id).map(drop)).await
}

pub(crate) async fn open(app: &App, secret: &Secret) -> Result<(), invitation::Error> {
    let secret = secret.clone();
    app.read(move |snapshot| invitation::open(snapshot, &secret).map(drop)).await
}

pub(crate) async fn accept(app: &App, user: UserId, secret: &Secret) -> Result<Accepted, invitation::Error> {
    let secret = secret.clone();
    as_myself(app, user, move |tx, by| invitation::accept(tx, by, &secret)).await
}

pub(crate) async fn decline(app: &App, secret: &Secret) -> Result<(), invitation::Error> {
    let secret = secret.clone();
    app.write(&request(), move |tx| invitation::decline(tx, None, &secret).map(drop)).await
}
