//! Nobody gets or hands on more than he holds: by a role, a webhook, an invitation, a credential.

use latchkey_core::access::{
    AdminGrants, Allowed, ApiRight, ApiRights, Associate, BuiltInApiRole, Denied, EditDetails, InAccount, ManageAccountApi,
    ManageAdmins, ManageApi, ManageUsers, Subject, TransferOwnership, ViewAccountLog, WriteNotes,
};
use latchkey_core::account;
use latchkey_core::admin_role::{self, NewRole as NewAdminRole};
use latchkey_core::api_credential::{self, Caller, Made, Networks, NewCredential};
use latchkey_core::api_role::{self, NewRole};
use latchkey_core::app::{App, Tx};
use latchkey_core::event;
use latchkey_core::id::{AccountId, AdminId, ApiRoleId, InvitationId, UserId};
use latchkey_core::invitation::{self, NewInvitation};
use latchkey_core::membership;
use latchkey_core::password::Password;
use latchkey_core::secret::Secret;
use latchkey_core::testing::{PASSWORD, TestApp};
use latchkey_test_macros::on_both_databases;

use crate::support::*;

/// An admin whose role holds these permissions and no others.
async fn staff_with(app: &TestApp, full: AdminId, name: &str, keys: &str) -> AdminId {
    let id = app.admin(name, &format!("{}@staff.example", name.to_lowercase())).await;
    let new = NewAdminRole { name: name.to_owned(), grants: AdminGrants::choose(keys.split(' ')).unwrap() };
    let made = as_staff::<ManageAdmins, _, admin_role::Error>(&app.app, full, move |tx, by| {
        admin_role::create(tx, by, &confirmed(), &new)
    });
    let role = made.await.unwrap();
    sql(app, &format!("update admins set role_id = {role} where id = {id}")).await.unwrap();
    id
}

fn rights(keys: &str) -> ApiRights {
    ApiRights::choose(keys.split(' ')).unwrap()
}

async fn api_role_of(app: &App, by: AdminId, keys: &str) -> ApiRoleId {
    let new = NewRole { name: "Billing".to_owned(), rights: rights(keys) };
    let made = as_staff::<ManageApi, _, api_role::Error>(app, by, move |tx, by| api_role::create(tx, by, &confirmed(), &new));
    made.await.unwrap()
}

async fn change_role(app: &App, by: AdminId, id: ApiRoleId, keys: &str) -> Result<(), api_role::Error> {
    let new = NewRole { name: "Billing".to_owned(), rights: rights(keys) };
    as_staff::<ManageApi, _, _>(app, by, move |tx, by| api_role::update(tx, by, &confirmed(), id, &new)).await
}

async fn credential(app: &App, by: AdminId, role: ApiRoleId) -> Made {
    bound(app, by, role, None).await
}

async fn bound(app: &App, by: AdminId, role: ApiRoleId, account: Option<AccountId>) -> Made {
    let new = NewCredential { name: "Shop".to_owned(), role, account, networks: Networks::default(), expires_at: None };
    let made = as_staff::<ManageApi, _, api_credential::Error>(app, by, move |tx, by| {
        api_credential::create(tx, by, &confirmed(), &new)
    });
    made.await.unwrap()
}

async fn built_in(app: &App, role: BuiltInApiRole) -> ApiRoleId {
    app.read(move |snapshot| api_role::built_in(snapshot, role)).await.unwrap()
}

async fn caller(app: &App, made: &Made) -> Caller {
    let shown = made.shown.clone();
    app.read(move |snapshot| api_credential::authenticate(snapshot, &shown, request().ip)).await.unwrap()
}

#[on_both_databases]
async fn v8_2_1_who_manages_the_api_alone_adds_no_right_to_a_role_that_he_has_no_permission_for(app: TestApp) {
    let stella = staff(&app).await;
    let andy = staff_with(&app, stella, "Andy", "api").await;
    let role = api_role_of(&app.app, stella, "users:read getclients").await;
    let made = credential(&app.app, stella, role).await;
    for more in ["users:read getclients users:delete", "admins:write", "getclients events:read", "getclients updateuser"] {
        let refused = change_role(&app.app, andy, role, more).await;
        assert!(matches!(refused, Err(api_role::Error::BeyondAdmin)), "{more}: {refused:?}");
    }
    let held = caller(&app.app, &made).await;
    assert!(held.using(ApiRight::UsersDelete).is_err() && held.using(ApiRight::UsersRead).is_ok(), "nothing has changed");
    change_role(&app.app, andy, role, "getclients webhooks:write").await.unwrap();
    change_role(&app.app, stella, role, "getclients users:delete").await.unwrap();
    change_role(&app.app, andy, role, "users:delete users:read").await.unwrap();
    assert!(caller(&app.app, &made).await.using(ApiRight::UsersDelete).is_ok(), "what was there may stay");
}

#[on_both_databases]
async fn v8_2_1_nor_does_a_machine_of_his_that_holds_the_right_itself(app: TestApp) {
    let stella = staff(&app).await;
    let andy = staff_with(&app, stella, "Andy", "api").await;
    let role = api_role_of(&app.app, stella, "getclients").await;
    let full = built_in(&app.app, BuiltInApiRole::Full).await;
    let own = caller(&app.app, &credential(&app.app, andy, full).await).await;
    let change = async |keys: &str| {
        let call = own.using(ApiRight::CredentialsWrite).unwrap();
        let new = NewRole { name: "Billing".to_owned(), rights: rights(keys) };
        let asked = request();
        let changed = app.app.write(&asked, move |tx| {
            let by = tx.authorize_api_staff::<ManageApi>(call)?;
            api_role::update_by_api(tx, &by, call, role, &new)
        });
        changed.await
    };
    assert!(matches!(change("getclients users:delete").await, Err(api_role::Error::BeyondAdmin)));
    change("getclients users:read").await.unwrap();
}

/// A credential with full access that the owner of an account has made for it.
async fn owners(app: &TestApp, owner: UserId, address: &str, account: AccountId) -> Made {
    let started = login(&app.app, address).await;
    let session = resolved(&app.app, &started.secret).await.unwrap().session.id;
    let role = built_in(&app.app, BuiltInApiRole::Full).await;
    let new = NewCredential { name: "Shop".to_owned(), role, account: None, networks: Networks::default(), expires_at: None };
    let made = in_account::<ManageAccountApi, _, api_credential::Error>(&app.app, owner, account, move |tx, by| {
        let confirmed = tx.confirmed(Subject::User(owner), session)?;
        api_credential::create_for_account(tx, by, &confirmed, &new)
    });
    made.await.unwrap()
}

/// Does something in an account by a credential.
async fn by_machine<P: InAccount, T: Send + 'static, E: Refusal>(
    app: &App,
    made: &Made,
    right: ApiRight,
    account: AccountId,
    work: impl Fn(&Tx<'_>, &Allowed<P>) -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    let call = caller(app, made).await.using(right).unwrap();
    app.write(&request(), move |tx| work(tx, &tx.authorize_api::<P>(call, account)?)).await
}

/// Invites by a credential, without a mail.
async fn link_by(app: &App, made: &Made, account: AccountId, to: &str) -> Result<(InvitationId, Secret), invitation::Error> {
    let new = NewInvitation { role: None, email: email(to), grants: grants("users invoices") };
    let sent = by_machine::<ManageUsers, _, _>(app, made, ApiRight::InvitationsWrite, account, move |tx, by| {
        invitation::send_without_mail(tx, by, &new)
    });
    sent.await.map(|(id, link)| (id, secret_in(&link)))
}

fn secret_in(link: &str) -> Secret {
    Secret::parse(link.rsplit('/').next().unwrap()).unwrap()
}

#[on_both_databases]
async fn v8_3_1_what_an_owners_credential_has_offered_ends_with_the_ownership(app: TestApp) {
    let (olivia, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    let made = owners(&app, olivia, "olivia@example.com", acme).await;
    let (_, link) = link_by(&app.app, &made, acme, "olivia@elsewhere.example").await.unwrap();
    let (by_hand, kept) = (send(&app.app, olivia, acme, "nina@example.com", "invoices").await.unwrap(), latest_link(&app).await);
    let told = by_machine::<ManageUsers, _, _>(&app.app, &made, ApiRight::InvitationsWrite, acme, move |tx, by| {
        invitation::resend_without_mail(tx, by, by_hand)
    });
    let told = secret_in(&told.await.unwrap());
    assert!(open(&app.app, &kept).await.is_err() && open(&app.app, &told).await.is_ok());
    open(&app.app, &link).await.unwrap();
    make_owner(&app.app, acme, mia).await.unwrap();
    for dead in [&link, &told] {
        assert!(matches!(accept(&app.app, olivia, dead).await, Err(invitation::Error::Gone)));
    }
    assert_eq!(number(&app, "select count(*) from events where kind = 'invitation-cancelled'").await, 2);
}

#[on_both_databases]
async fn v8_3_1_who_is_removed_comes_back_by_no_link_of_a_credential_not_even_of_a_revoked_one(app: TestApp) {
    let (olivia, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    let made = owners(&app, olivia, "olivia@example.com", acme).await;
    let (_, first) = link_by(&app.app, &made, acme, "first@elsewhere.example").await.unwrap();
    // What an upgraded database holds: ownership has changed and nothing was taken back.
    sql(&app, &format!("update accounts set owner_id = {mia}; delete from api_credentials")).await.unwrap();
    open(&app.app, &first).await.unwrap();
    remove(&app.app, mia, acme, olivia).await.unwrap();
    assert!(matches!(open(&app.app, &first).await, Err(invitation::Error::Gone)));
    assert!(!can_enter(&app.app, olivia, acme).await);
}

#[on_both_databases]
async fn v8_3_1_the_links_of_a_deleted_user_end_with_it(app: TestApp) {
    let (olivia, acme) = acme(&app).await;
    let max = member(&app, acme, "Max", "users invoices").await;
    let (_, link) = invite(&app, max, acme, "max@elsewhere.example", "invoices").await;
    let stella = staff(&app).await;
    let other = person(&app, "Nina").await;
    let (_, kept) = invite(&app, olivia, acme, "nina@example.com", "invoices").await;
    let password = Password::typed(PASSWORD);
    latchkey_core::own_data::ask_for_deletion(&app.app, &request(), max, latchkey_core::id::SessionId(0), &password)
        .await
        .unwrap();
    delete_user(&app.app, stella, max).await.unwrap();
    assert!(matches!(accept(&app.app, other, &link).await, Err(invitation::Error::Gone)));
    open(&app.app, &kept).await.unwrap();
}

#[on_both_databases]
async fn v8_2_2_one_that_is_bound_to_an_account_lets_nobody_in_without_asking_and_gives_it_to_nobody(app: TestApp) {
    let (olivia, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    let stella = staff(&app).await;
    let full = built_in(&app.app, BuiltInApiRole::Full).await;
    let by_staff = bound(&app.app, stella, full, Some(acme)).await;
    let by_owner = owners(&app, olivia, "olivia@example.com", acme).await;
    let everywhere = credential(&app.app, stella, full).await;
    let associates = async |made: &Made| {
        by_machine::<Associate, _, Denied>(&app.app, made, ApiRight::MembershipsWrite, acme, |_, _| Ok(())).await
    };
    let transfers = async |made: &Made| {
        by_machine::<TransferOwnership, _, membership::Error>(&app.app, made, ApiRight::OwnershipWrite, acme, move |tx, by| {
            membership::make_owner(tx, by, &confirmed(), mia).map(drop)
        })
        .await
    };
    for made in [&by_staff, &by_owner] {
        assert!(matches!(associates(made).await, Err(Denied::StaffOnly)));
        assert!(matches!(transfers(made).await, Err(membership::Error::Denied(Denied::StaffOnly))));
        let invited = link_by(&app.app, made, acme, &format!("a{}@else.example", made.id)).await;
        assert!(invited.is_ok(), "it may invite");
    }
    associates(&everywhere).await.unwrap();
    transfers(&everywhere).await.unwrap();
    app.take_mails().await;
}

#[on_both_databases]
async fn v2_4_1_the_limit_on_invitations_holds_for_an_owners_credential_and_not_for_an_admins(app: TestApp) {
    let (olivia, acme) = acme(&app).await;
    let stella = staff(&app).await;
    let made = owners(&app, olivia, "olivia@example.com", acme).await;
    let full = built_in(&app.app, BuiltInApiRole::Full).await;
    let staffs = bound(&app.app, stella, full, Some(acme)).await;
    for number in 0..200 {
        link_by(&app.app, &made, acme, &format!("a{number}@example.net")).await.unwrap();
    }
    let refused = link_by(&app.app, &made, acme, "one-more@example.net").await;
    assert!(matches!(refused, Err(invitation::Error::Guessing(_))));
    link_by(&app.app, &staffs, acme, "by-staff@example.net").await.unwrap();
}

async fn change_account(app: &App, made: &Made, id: AccountId, city: &str, currency: &str) {
    let (city, currency) = (city.to_owned(), currency.to_owned());
    let changed = by_machine::<EditDetails, _, account::Error>(app, made, ApiRight::AccountsWrite, id, move |tx, by| {
        let before = account::find(tx, id)?.unwrap().details;
        account::update(tx, by, &account::Details { city: city.clone(), currency: currency.clone(), ..before })
    });
    changed.await.unwrap();
}

#[on_both_databases]
async fn v8_2_3_the_currency_is_staffs_also_where_an_owners_credential_asks(app: TestApp) {
    let (olivia, acme) = acme(&app).await;
    let stella = staff(&app).await;
    let made = owners(&app, olivia, "olivia@example.com", acme).await;
    let full = built_in(&app.app, BuiltInApiRole::Full).await;
    let staffs = credential(&app.app, stella, full).await;
    let found = async || app.app.read(move |snapshot| account::find(snapshot, acme)).await.unwrap().unwrap().details;
    let before = found().await.currency;
    change_account(&app.app, &made, acme, "Ghent", "CHF").await;
    let after = found().await;
    assert_eq!((after.city.as_str(), &after.currency), ("Ghent", &before));
    change_account(&app.app, &staffs, acme, "Ghent", "CHF").await;
    assert_eq!(found().await.currency, "CHF");
}

#[on_both_databases]
async fn v8_2_3_what_staff_notes_by_a_credential_stays_out_of_the_accounts_own_log(app: TestApp) {
    let (olivia, acme) = acme(&app).await;
    let stella = staff(&app).await;
    let full = built_in(&app.app, BuiltInApiRole::Full).await;
    let staffs = credential(&app.app, stella, full).await;
    let mine = owners(&app, olivia, "olivia@example.com", acme).await;
    change_account(&app.app, &staffs, acme, "Bruges", "EUR").await;
    change_account(&app.app, &mine, acme, "Ghent", "EUR").await;
    let written = as_staff::<WriteNotes, _, Denied>(&app.app, stella, move |tx, by| {
        Ok(event::write_line(tx, by, Some(acme), "Owes us money")?)
    });
    written.await.unwrap();
    let seen = async || {
        let seen =
            in_account::<ViewAccountLog, _, Denied>(&app.app, olivia, acme, |tx, by| Ok(event::of_account(tx, by, None, 100)?));
        let seen = seen.await.unwrap();
        assert!(seen.iter().all(|event| event.kind != "line-written"));
        let changes = seen.into_iter().filter(|event| event.kind == "account-updated");
        changes.map(|event| event.detail).collect::<Vec<_>>()
    };
    let changes = seen().await;
    assert!(changes[0].contains("Ghent") && changes[1].is_empty(), "{changes:?}");
    sql(&app, "delete from api_credentials").await.unwrap();
    assert!(seen().await.iter().all(String::is_empty), "whose a revoked one was is not known");
}

/// What an account's members did, and from where, is the log, by whichever door.
#[on_both_databases]
async fn a_credential_reads_no_accounts_log_that_its_admin_may_not_see(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let stella = staff(&app).await;
    let andy = staff_with(&app, stella, "Andy", "view api").await;
    let reads = async |admin| {
        let made = credential(&app.app, admin, built_in(&app.app, BuiltInApiRole::ReadOnly).await).await;
        by_machine::<ViewAccountLog, _, Denied>(&app.app, &made, ApiRight::EventsRead, acme, |_, _| Ok(())).await
    };
    assert!(matches!(reads(andy).await, Err(Denied::MissingAdmin { .. })));
    reads(stella).await.unwrap();
}
