//! What a machine may do: its role's rights, its admin's permissions, its account, its network, its end.

use std::time::Duration;

use latchkey_core::access::{
    ApiCall, ApiRight, ApiRights, BuiltInApiRole, BuiltInRole, DeleteAccounts, Denied, InAccount, ManageAccountApi, ManageApi,
    ManageUsers, RequireTwoFactor, StaffRight, TransferOwnership, ViewContacts, ViewStaffArea, ViewUsers,
};
use latchkey_core::api_credential::{self, Caller, Credential, Error, Made, Networks, NewCredential, Shown};
use latchkey_core::api_role::{self, NewRole};
use latchkey_core::app::App;
use latchkey_core::id::{AccountId, AdminId, ApiRoleId, UserId};
use latchkey_core::session::Resolved;
use latchkey_core::settings::Verification;
use latchkey_core::testing::TestApp;
use latchkey_core::{account, admin, factor};
use latchkey_test_macros::on_both_databases;

use crate::support::*;

async fn role(app: &App, role: BuiltInApiRole) -> ApiRoleId {
    app.read(move |snapshot| api_role::built_in(snapshot, role)).await.unwrap()
}

fn new(role: ApiRoleId) -> NewCredential {
    NewCredential { name: "Billing".to_owned(), role, account: None, networks: Networks::default(), expires_at: None }
}

async fn make(app: &App, admin: AdminId, new: NewCredential) -> Result<Made, Error> {
    as_staff::<ManageApi, _, Error>(app, admin, move |tx, by| api_credential::create(tx, by, &confirmed(), &new)).await
}

/// The session of somebody who has just logged in.
async fn logged_in(app: &App, email: &str) -> Resolved {
    resolved(app, &login(app, email).await.secret).await.unwrap()
}

/// Makes a credential for the account, as its owner does in the Client Area.
async fn make_for_account(app: &App, owner: &Resolved, account: AccountId, new: NewCredential) -> Result<Made, Error> {
    let (who, subject, session) = (owner.who(), owner.subject(), owner.session.id);
    app.write(&request(), move |tx| {
        let by = tx.authorize::<ManageAccountApi>(who, account)?;
        api_credential::create_for_account(tx, &by, &tx.confirmed(subject, session)?, &new)
    })
    .await
}

/// What the account's owner sees.
async fn of_account(app: &App, owner: UserId, account: AccountId) -> Vec<Credential> {
    let listed = in_account::<ManageAccountApi, _, Error>(app, owner, account, |tx, by| Ok(api_credential::of_account(tx, by)?));
    listed.await.unwrap()
}

async fn caller(app: &App, shown: &Shown) -> Result<Caller, Error> {
    let shown = shown.clone();
    app.read(move |snapshot| api_credential::authenticate(snapshot, &shown, request().ip)).await
}

async fn call(app: &App, made: &Made, right: ApiRight) -> ApiCall {
    caller(app, &made.shown).await.unwrap().using(right).unwrap()
}

async fn may<P: InAccount>(app: &App, call: ApiCall, account: AccountId) -> Result<(), Denied> {
    app.write(&request(), move |tx| tx.authorize_api::<P>(call, account).map(drop)).await
}

async fn may_staff<P: StaffRight>(app: &App, call: ApiCall) -> Result<(), Denied> {
    app.read(move |snapshot| snapshot.authorize_api_staff::<P>(call).map(drop)).await
}

#[on_both_databases]
async fn a_credential_shows_itself_with_identifier_and_secret_and_nothing_else(app: TestApp) {
    let stella = staff(&app).await;
    let full = role(&app.app, BuiltInApiRole::Full).await;
    let made = make(&app.app, stella, new(full)).await.unwrap();
    assert_eq!(caller(&app.app, &made.shown).await.unwrap().name(), "Billing");
    let other = make(&app.app, stella, new(full)).await.unwrap();
    let mixed = Shown { identifier: made.shown.identifier.clone(), secret: other.shown.secret.clone() };
    assert!(matches!(caller(&app.app, &mixed).await, Err(Error::WrongCredentials)));
    let held = dump(&app).await.into_values().flatten().collect::<String>();
    assert!(!held.contains(&made.shown.secret.reveal()) && held.contains(&made.shown.identifier), "only its hash is kept");
}

#[on_both_databases]
async fn v8_2_1_a_call_draws_on_the_right_it_names_and_on_no_other(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let stella = staff(&app).await;
    let made = make(&app.app, stella, new(role(&app.app, BuiltInApiRole::Full).await)).await.unwrap();
    let reads = call(&app.app, &made, ApiRight::InvitationsRead).await;
    assert!(may::<ViewUsers>(&app.app, reads, acme).await.is_ok());
    assert!(matches!(may::<ManageUsers>(&app.app, reads, acme).await, Err(Denied::MissingRight { .. })));
    assert!(matches!(may_staff::<DeleteAccounts>(&app.app, reads).await, Err(Denied::MissingRight { .. })));
    assert!(may_staff::<DeleteAccounts>(&app.app, call(&app.app, &made, ApiRight::AccountsDelete).await).await.is_ok());
    let read_only = make(&app.app, stella, new(role(&app.app, BuiltInApiRole::ReadOnly).await)).await.unwrap();
    let denied = caller(&app.app, &read_only.shown).await.unwrap().using(ApiRight::InvitationsWrite);
    assert!(matches!(denied, Err(Denied::MissingRight { right: ApiRight::InvitationsWrite })));
}

#[on_both_databases]
async fn a_credential_does_no_more_than_its_admin_may_at_that_moment(app: TestApp) {
    let stella = staff(&app).await;
    let second = staff_as(&app, "Ralf", BuiltInRole::Full).await;
    let made = make(&app.app, second, new(role(&app.app, BuiltInApiRole::Full).await)).await.unwrap();
    let deletes = call(&app.app, &made, ApiRight::AccountsDelete).await;
    assert!(may_staff::<DeleteAccounts>(&app.app, deletes).await.is_ok());
    let support = app.app.read(|snapshot| latchkey_core::admin_role::built_in(snapshot, BuiltInRole::Support)).await.unwrap();
    as_staff::<latchkey_core::access::ManageAdmins, _, admin::Error>(&app.app, stella, move |tx, by| {
        admin::set_role(tx, by, &confirmed(), second, support)
    })
    .await
    .unwrap();
    assert!(matches!(may_staff::<DeleteAccounts>(&app.app, deletes).await, Err(Denied::MissingAdmin { .. })));
    assert!(may_staff::<ViewStaffArea>(&app.app, call(&app.app, &made, ApiRight::UsersRead).await).await.is_ok());
    as_staff::<latchkey_core::access::ManageAdmins, _, admin::Error>(&app.app, stella, move |tx, by| {
        admin::set_disabled(tx, by, &confirmed(), second, true)
    })
    .await
    .unwrap();
    assert!(matches!(caller(&app.app, &made.shown).await, Err(Error::WrongCredentials)), "its admin is disabled");
    assert!(matches!(may_staff::<ViewStaffArea>(&app.app, deletes).await, Err(Denied::NoCredential)));
}

#[on_both_databases]
async fn v8_2_2_one_that_is_bound_to_an_account_sees_no_other_and_gets_no_ticket_of_staff(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let other = app.account("Other", person(&app, "Otto").await).await;
    let stella = staff(&app).await;
    let bound = NewCredential { account: Some(acme), ..new(role(&app.app, BuiltInApiRole::Full).await) };
    let made = make(&app.app, stella, bound).await.unwrap();
    let call = call(&app.app, &made, ApiRight::MembershipsWrite).await;
    assert!(may::<ManageUsers>(&app.app, call, acme).await.is_ok());
    assert!(matches!(may::<ManageUsers>(&app.app, call, other).await, Err(Denied::NoSuchAccount)));
    assert!(matches!(may::<ManageUsers>(&app.app, call, AccountId(NOWHERE)).await, Err(Denied::NoSuchAccount)), "alike");
    assert!(matches!(may_staff::<ViewStaffArea>(&app.app, call).await, Err(Denied::StaffOnly)));
}

#[on_both_databases]
async fn an_owners_credential_works_in_the_own_account_as_long_as_its_maker_owns_it(app: TestApp) {
    let (olivia, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "users").await;
    let full = role(&app.app, BuiltInApiRole::Full).await;
    let made = make_for_account(&app.app, &logged_in(&app.app, "olivia@example.com").await, acme, new(full)).await.unwrap();
    let call = call(&app.app, &made, ApiRight::ContactsRead).await;
    assert!(may::<ViewContacts>(&app.app, call, acme).await.is_ok());
    assert!(matches!(may::<TransferOwnership>(&app.app, call, acme).await, Err(Denied::MissingRight { .. })));
    let owner_right = caller(&app.app, &made.shown).await.unwrap().using(ApiRight::OwnershipWrite).unwrap();
    assert!(matches!(may::<TransferOwnership>(&app.app, owner_right, acme).await, Err(Denied::StaffOnly)));
    let denied = in_account::<ManageAccountApi, _, Error>(&app.app, mia, acme, |_, _| Ok(())).await;
    assert!(matches!(denied, Err(Error::Denied(Denied::OwnerOnly))), "a manager makes none");
    make_owner(&app.app, acme, mia).await.unwrap();
    assert!(matches!(caller(&app.app, &made.shown).await, Err(Error::WrongCredentials)));
    assert!(matches!(may::<ViewContacts>(&app.app, call, acme).await, Err(Denied::NoCredential)));
    make_owner(&app.app, acme, olivia).await.unwrap();
    assert!(matches!(caller(&app.app, &made.shown).await, Err(Error::WrongCredentials)), "it has ended for good");
    assert!(matches!(may::<ViewContacts>(&app.app, call, acme).await, Err(Denied::NoCredential)));
    let listed = of_account(&app.app, olivia, acme).await;
    assert!(listed.iter().all(|held| held.expires_at == Some(app.app.now())), "and says so: {listed:?}");
}

#[on_both_databases]
async fn a_use_that_is_noted_late_takes_no_later_one_back(app: TestApp) {
    let (olivia, acme) = acme(&app).await;
    let full = role(&app.app, BuiltInApiRole::Full).await;
    let made = make_for_account(&app.app, &logged_in(&app.app, "olivia@example.com").await, acme, new(full)).await.unwrap();
    let late = app.node_at(app.clock.now());
    let seen = caller(&app.app, &made.shown).await.unwrap();
    app.clock.advance(Duration::from_mins(5));
    for node in [&app.app, &late] {
        let seen = seen.clone();
        node.write(&request(), move |tx| api_credential::touch(tx, &seen)).await.unwrap();
    }
    let listed = of_account(&app.app, olivia, acme).await;
    assert_eq!(listed.iter().map(|held| held.last_used_at).collect::<Vec<_>>(), [Some(app.app.now())]);
}

#[on_both_databases]
async fn an_owner_sees_what_the_operator_bound_to_the_account_and_cannot_touch_it(app: TestApp) {
    let (olivia, acme) = acme(&app).await;
    let stella = staff(&app).await;
    let full = role(&app.app, BuiltInApiRole::Full).await;
    make(&app.app, stella, new(full)).await.unwrap();
    let networks = Networks::parse("192.0.2.0/24").unwrap();
    let bound = make(&app.app, stella, NewCredential { account: Some(acme), networks, ..new(full) }).await.unwrap();
    let own = make_for_account(&app.app, &logged_in(&app.app, "olivia@example.com").await, acme, new(full)).await.unwrap();
    let seen = caller(&app.app, &bound.shown).await.unwrap();
    app.app.write(&request(), move |tx| api_credential::touch(tx, &seen)).await.unwrap();
    let listed = of_account(&app.app, olivia, acme).await;
    let [mine, theirs] = listed.as_slice() else { panic!("the one for all accounts is not among them: {listed:?}") };
    assert_eq!((mine.id, mine.by_operator, mine.made_by.as_str()), (own.id, false, "Olivia Example"));
    assert_eq!((theirs.id, theirs.by_operator, theirs.made_by.as_str()), (bound.id, true, ""), "no admin is named");
    assert_eq!((theirs.networks.as_str(), theirs.last_used_at), ("192.0.2.0/24", Some(app.app.now())));
    let revoke = async |id| {
        let revoked = in_account::<ManageAccountApi, _, Error>(&app.app, olivia, acme, move |tx, by| {
            api_credential::revoke_of_account(tx, by, id).map(drop)
        });
        revoked.await
    };
    assert!(matches!(revoke(bound.id).await, Err(Error::OfOperator)));
    caller(&app.app, &bound.shown).await.unwrap();
    revoke(own.id).await.unwrap();
    assert!(matches!(caller(&app.app, &own.shown).await, Err(Error::WrongCredentials)));
    let other = app.account("Other", olivia).await;
    let elsewhere = make(&app.app, stella, NewCredential { account: Some(other), ..new(full) }).await.unwrap();
    assert!(matches!(revoke(elsewhere.id).await, Err(Error::NotFound)), "of another account nothing is said");
}

#[on_both_databases]
async fn v6_3_3_where_two_factor_is_required_credentials_are_made_by_a_session_that_showed_it(app: TestApp) {
    let (olivia, acme) = acme(&app).await;
    let full = role(&app.app, BuiltInApiRole::Full).await;
    let started = login(&app.app, "olivia@example.com").await;
    let bare = resolved(&app.app, &started.secret).await.unwrap();
    in_account::<RequireTwoFactor, _, account::Error>(&app.app, olivia, acme, |tx, by| account::require_two_factor(tx, by, true))
        .await
        .unwrap();
    let refused = make_for_account(&app.app, &bare, acme, new(full)).await;
    assert!(matches!(refused, Err(Error::Denied(Denied::SecondFactor))), "a fresh password is not enough: {refused:?}");
    assert_eq!(number(&app, "select count(*) from api_credentials").await, 0);
    let (subject, session) = (bare.subject(), bare.session.id);
    app.app.write(&request(), move |tx| factor::offer_totp(tx, &tx.confirmed(subject, session)?)).await.unwrap();
    let code = factor::code_now(&app.app, subject).await.unwrap();
    app.app.write(&request(), move |tx| factor::confirm_totp(tx, &tx.confirmed(subject, session)?, &code)).await.unwrap();
    app.take_mails().await;
    let shown = resolved(&app.app, &started.secret).await.unwrap();
    make_for_account(&app.app, &shown, acme, new(full)).await.unwrap();
    app.clock.advance(Duration::from_hours(24));
    let refused = make_for_account(&app.app, &shown, acme, new(full)).await;
    assert!(matches!(refused, Err(Error::Denied(Denied::SecondFactor))), "one of a day ago is none: {refused:?}");
}

#[on_both_databases]
async fn a_credential_is_held_to_its_networks_and_ends_when_it_says_and_when_it_is_revoked(app: TestApp) {
    let stella = staff(&app).await;
    let full = role(&app.app, BuiltInApiRole::Full).await;
    let elsewhere = NewCredential { networks: Networks::parse("198.51.100.0/24").unwrap(), ..new(full) };
    let made = make(&app.app, stella, elsewhere).await.unwrap();
    assert!(matches!(caller(&app.app, &made.shown).await, Err(Error::AddressNotAllowed(Some(_)))));
    let end = app.app.now().after(Duration::from_hours(1));
    let made = make(&app.app, stella, NewCredential { expires_at: Some(end), ..new(full) }).await.unwrap();
    let reads = call(&app.app, &made, ApiRight::UsersRead).await;
    app.clock.advance(Duration::from_hours(1));
    assert!(matches!(caller(&app.app, &made.shown).await, Err(Error::WrongCredentials)));
    assert!(matches!(may_staff::<ViewStaffArea>(&app.app, reads).await, Err(Denied::NoCredential)));
    let past = NewCredential { expires_at: Some(app.app.now()), ..new(full) };
    assert!(matches!(make(&app.app, stella, past).await, Err(Error::EndsInThePast)));
    let made = make(&app.app, stella, new(full)).await.unwrap();
    let id = made.id;
    as_staff::<ManageApi, _, Error>(&app.app, stella, move |tx, by| api_credential::revoke(tx, by, id)).await.unwrap();
    assert!(matches!(caller(&app.app, &made.shown).await, Err(Error::WrongCredentials)));
}

#[on_both_databases]
async fn a_role_changes_for_every_credential_that_has_it_from_the_next_call_on(app: TestApp) {
    let stella = staff(&app).await;
    let rights = |keys: &[&str]| ApiRights::choose(keys.iter().copied()).unwrap();
    let billing = NewRole { name: "Billing".to_owned(), rights: rights(&["getclients", "users:read"]) };
    let id = as_staff::<ManageApi, _, api_role::Error>(&app.app, stella, move |tx, by| {
        api_role::create(tx, by, &confirmed(), &billing)
    })
    .await
    .unwrap();
    let made = make(&app.app, stella, new(id)).await.unwrap();
    let reads = call(&app.app, &made, ApiRight::UsersRead).await;
    assert!(may_staff::<ViewStaffArea>(&app.app, reads).await.is_ok());
    let less = NewRole { name: "Billing".to_owned(), rights: rights(&["getclients"]) };
    as_staff::<ManageApi, _, api_role::Error>(&app.app, stella, move |tx, by| api_role::update(tx, by, &confirmed(), id, &less))
        .await
        .unwrap();
    assert!(matches!(may_staff::<ViewStaffArea>(&app.app, reads).await, Err(Denied::MissingRight { .. })));
    let refused = as_staff::<ManageApi, _, api_role::Error>(&app.app, stella, move |tx, by| api_role::delete(tx, by, id)).await;
    assert!(matches!(refused, Err(api_role::Error::InUse)));
    let full = role(&app.app, BuiltInApiRole::Full).await;
    let refused = as_staff::<ManageApi, _, api_role::Error>(&app.app, stella, move |tx, by| api_role::delete(tx, by, full)).await;
    assert!(matches!(refused, Err(api_role::Error::BuiltIn)));
}

/// A stolen session leaves no door open that nobody learns of: a new password does not end a credential.
#[on_both_databases]
async fn v6_3_7_in_whose_name_a_credential_is_made_is_told_by_mail(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let stella = staff(&app).await;
    let full = role(&app.app, BuiltInApiRole::Full).await;
    let olivia = logged_in(&app.app, "olivia@example.com").await;
    app.notify(Verification::Off).await;
    make_for_account(&app.app, &olivia, acme, new(full)).await.unwrap();
    make(&app.app, stella, new(full)).await.unwrap();
    let mails = app.take_mails().await.into_iter().map(|mail| (mail.to, mail.written.subject)).collect::<Vec<_>>();
    let told = |to: &str| (to.to_owned(), "credential-made".to_owned());
    assert_eq!(mails, [told("olivia@example.com"), told("stella@staff.example")]);
}
