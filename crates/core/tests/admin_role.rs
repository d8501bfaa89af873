//! What staff may do, by role.

use std::fmt::Write;

use latchkey_core::access::{
    AdminGrants, Associate, BeStaff, BuiltInRole, ChangeLogins, ChooseSso, ConfigureSystem, DeleteAccounts, DeleteUsers, Denied,
    EditAccounts, EditDetails, EditUsers, Enter, HandOnLinks, InAccount, ManageAdmins, ManageApi, ManageBans, ManageContacts,
    ManageUsers, Masquerade, StaffRight, TransferOwnership, ViewContacts, ViewLog, ViewOwnerChanges, ViewStaffArea, ViewUsers,
    WriteNotes,
};
use latchkey_core::admin;
use latchkey_core::admin_role::{self, Error, NewRole};
use latchkey_core::app::{App, Snapshot};
use latchkey_core::id::{AccountId, AdminId, AdminRoleId};
use latchkey_core::testing::TestApp;
use latchkey_test_macros::on_both_databases;

use crate::support::*;

type Asks = fn(&Snapshot<'_>, AdminId, AccountId) -> bool;

fn asks<P: StaffRight>(snapshot: &Snapshot<'_>, admin: AdminId, _: AccountId) -> bool {
    snapshot.authorize_admin::<P>(admin).is_ok()
}

fn asks_in<P: InAccount>(snapshot: &Snapshot<'_>, admin: AdminId, account: AccountId) -> bool {
    snapshot.authorize_staff::<P>(admin, account).is_ok()
}

macro_rules! tickets {
    ($asks:ident: $($name:ident)*) => { [$((stringify!($name), $asks::<$name> as Asks)),*] };
}

/// The reviewed answers: which role gets which ticket.
const MATRIX: &str = "
BeStaff            full support read-only
ViewStaffArea      full support read-only
ViewLog            full support read-only
EditAccounts       full support
EditUsers          full support
ChangeLogins       full
HandOnLinks        full support
ViewOwnerChanges   full
DeleteAccounts     full
DeleteUsers        full
Masquerade         full
WriteNotes         full support
ConfigureSystem    full
ManageAdmins       full
ManageApi          full
ManageBans         full
Enter              full support read-only
ViewUsers          full support read-only
ManageUsers        full support
EditDetails        full support
ViewContacts       full support read-only
ManageContacts     full support
Associate          full support
ChooseSso          full support
TransferOwnership  full
";

#[on_both_databases]
async fn v8_2_1_every_role_gets_the_reviewed_tickets(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let mut admins = Vec::new();
    for role in BuiltInRole::ALL {
        admins.push((role, staff_as(&app, &format!("Staff{}", role.key()), role).await));
    }
    let tickets = [
        &tickets!(asks: BeStaff ViewStaffArea ViewLog EditAccounts EditUsers ChangeLogins HandOnLinks ViewOwnerChanges DeleteAccounts DeleteUsers Masquerade WriteNotes ConfigureSystem ManageAdmins ManageApi ManageBans)[..],
        &tickets!(asks_in: Enter ViewUsers ManageUsers EditDetails ViewContacts ManageContacts Associate ChooseSso TransferOwnership)[..],
    ]
    .concat();
    let text = app
        .app
        .read(move |snapshot| {
            let mut text = "\n".to_owned();
            for (name, asks) in tickets {
                let holders: Vec<_> =
                    admins.iter().filter(|(_, admin)| asks(snapshot, *admin, acme)).map(|(role, _)| role.key()).collect();
                let _ = writeln!(text, "{name:<18} {}", holders.join(" "));
            }
            Ok::<_, Error>(text)
        })
        .await
        .unwrap();
    assert_eq!(text, MATRIX);
}

fn new_role(name: &str, keys: &str) -> NewRole {
    NewRole { name: name.to_owned(), grants: AdminGrants::choose(keys.split(' ')).unwrap() }
}

async fn make(app: &App, by: AdminId, name: &str, keys: &str) -> Result<AdminRoleId, Error> {
    let new = new_role(name, keys);
    as_staff::<ManageAdmins, _, _>(app, by, move |tx, by| admin_role::create(tx, by, &confirmed(), &new)).await
}

async fn change(app: &App, by: AdminId, id: AdminRoleId, name: &str, keys: &str) -> Result<(), Error> {
    let new = new_role(name, keys);
    as_staff::<ManageAdmins, _, _>(app, by, move |tx, by| admin_role::update(tx, by, &confirmed(), id, &new)).await
}

pub(crate) async fn delete(app: &App, by: AdminId, id: AdminRoleId) -> Result<String, Error> {
    as_staff::<ManageAdmins, _, _>(app, by, move |tx, by| admin_role::delete(tx, by, &confirmed(), id)).await
}

pub(crate) async fn give(app: &App, by: AdminId, id: AdminId, role: AdminRoleId) -> Result<String, admin::Error> {
    as_staff::<ManageAdmins, _, _>(app, by, move |tx, by| admin::set_role(tx, by, &confirmed(), id, role)).await
}

async fn built_in(app: &TestApp, role: BuiltInRole) -> AdminRoleId {
    app.app.read(move |snapshot| admin_role::built_in(snapshot, role)).await.unwrap()
}

async fn may_note(app: &App, admin: AdminId) -> bool {
    app.read(move |snapshot| snapshot.authorize_admin::<WriteNotes>(admin).map(drop)).await.is_ok()
}

#[on_both_databases]
async fn v8_3_2_a_changed_role_counts_from_the_next_request_on_every_node(app: TestApp) {
    let (stella, sam) = (staff(&app).await, app.admin("Sam", "sam@staff.example").await);
    let role = make(&app.app, stella, "Sales", "log").await.unwrap();
    give(&app.app, stella, sam, role).await.unwrap();
    let second = app.second_node();
    assert!(!may_note(&second, sam).await);
    change(&app.app, stella, role, "Sales", "log notes").await.unwrap();
    assert!(may_note(&second, sam).await);
    change(&app.app, stella, role, "Sales", "log").await.unwrap();
    assert!(!may_note(&second, sam).await);
}

#[on_both_databases]
async fn built_in_roles_stay_and_a_role_in_use_is_not_deleted(app: TestApp) {
    let (stella, sam) = (staff(&app).await, app.admin("Sam", "sam@staff.example").await);
    for role in BuiltInRole::ALL {
        let id = built_in(&app, role).await;
        assert!(matches!(change(&app.app, stella, id, "Mine", "log").await, Err(Error::BuiltIn)));
        assert!(matches!(delete(&app.app, stella, id).await, Err(Error::BuiltIn)));
    }
    let role = make(&app.app, stella, "Sales", "log").await.unwrap();
    assert!(matches!(make(&app.app, stella, " SALES", "log").await, Err(Error::NameTaken)));
    assert!(matches!(make(&app.app, stella, "support", "log").await, Err(Error::NameTaken)));
    give(&app.app, stella, sam, role).await.unwrap();
    assert!(matches!(delete(&app.app, stella, role).await, Err(Error::InUse)));
    give(&app.app, stella, sam, built_in(&app, BuiltInRole::Support).await).await.unwrap();
    delete(&app.app, stella, role).await.unwrap();
    assert!(matches!(give(&app.app, stella, sam, role).await, Err(admin::Error::NoSuchRole)));
}

#[on_both_databases]
async fn nobody_hands_on_more_than_he_holds(app: TestApp) {
    let (stella, sam) = (staff(&app).await, app.admin("Sam", "sam@staff.example").await);
    let deputy = make(&app.app, stella, "Deputy", "admins notes").await.unwrap();
    let sales = make(&app.app, stella, "Sales", "log").await.unwrap();
    let rita = staff_as(&app, "Rita", BuiltInRole::ReadOnly).await;
    give(&app.app, stella, sam, deputy).await.unwrap();
    let full = built_in(&app, BuiltInRole::Full).await;
    for id in [sam, rita] {
        assert!(matches!(give(&app.app, sam, id, full).await, Err(admin::Error::BeyondOwn)));
    }
    assert!(matches!(give(&app.app, sam, stella, deputy).await, Err(admin::Error::BeyondOwn)));
    let all = "view clients users associate owner delete masquerade notes log settings admins api bans";
    assert!(matches!(make(&app.app, sam, "All", all).await, Err(Error::BeyondOwn)));
    assert!(matches!(change(&app.app, sam, deputy, "Deputy", "admins notes delete").await, Err(Error::BeyondOwn)));
    assert!(matches!(change(&app.app, sam, sales, "Sales", "notes").await, Err(Error::BeyondOwn)));
    make(&app.app, sam, "Scribe", "notes").await.unwrap();
    let refused = as_staff::<ManageAdmins, _, admin::Error>(&app.app, sam, move |tx, by| {
        admin::set_disabled(tx, by, &confirmed(), stella, true)
    })
    .await;
    assert!(matches!(refused, Err(admin::Error::BeyondOwn)));
    let refused =
        as_staff::<ManageAdmins, _, admin::Error>(&app.app, sam, move |tx, by| admin::delete(tx, by, &confirmed(), stella)).await;
    assert!(matches!(refused, Err(admin::Error::BeyondOwn)));
}

#[on_both_databases]
async fn the_last_full_administrator_stays(app: TestApp) {
    let (stella, sam) = (staff(&app).await, app.admin("Sam", "sam@staff.example").await);
    let support = built_in(&app, BuiltInRole::Support).await;
    give(&app.app, stella, sam, support).await.unwrap();
    assert!(matches!(give(&app.app, stella, stella, support).await, Err(admin::Error::LastFull)));
    let all = "view clients users associate owner delete masquerade notes log settings admins api bans";
    let everything = make(&app.app, stella, "Everything", all).await.unwrap();
    assert!(matches!(give(&app.app, stella, stella, everything).await, Err(admin::Error::LastFull)));
    let gone =
        as_staff::<ManageAdmins, _, admin::Error>(&app.app, stella, move |tx, by| admin::delete(tx, by, &confirmed(), stella))
            .await;
    assert!(matches!(gone, Err(admin::Error::Oneself)));
    // A full administrator who cannot log in is none.
    give(&app.app, stella, sam, built_in(&app, BuiltInRole::Full).await).await.unwrap();
    as_staff::<ManageAdmins, _, admin::Error>(&app.app, stella, move |tx, by| {
        admin::set_disabled(tx, by, &confirmed(), sam, true)
    })
    .await
    .unwrap();
    assert!(matches!(give(&app.app, stella, stella, support).await, Err(admin::Error::LastFull)));
}

#[on_both_databases]
async fn v15_4_2_two_full_administrators_who_demote_each_other_do_not_both_succeed(app: TestApp) {
    let (stella, sam) = (staff(&app).await, app.admin("Sam", "sam@staff.example").await);
    let (support, full) = (built_in(&app, BuiltInRole::Support).await, built_in(&app, BuiltInRole::Full).await);
    let second = app.second_node();
    for round in 0..20 {
        let (first, other) = tokio::join!(give(&app.app, stella, sam, support), async {
            match round % 3 {
                0 => give(&second, sam, stella, support).await,
                1 => {
                    as_staff::<ManageAdmins, _, _>(&second, sam, move |tx, by| {
                        admin::set_disabled(tx, by, &confirmed(), stella, true)
                    })
                    .await
                }
                _ => give(&second, sam, sam, support).await,
            }
        });
        for result in [&first, &other] {
            assert!(result.as_ref().err().is_none_or(|error| !is_internal(error)), "{result:?}");
        }
        let left = number(
            &app,
            "select count(*) from admins a join admin_roles r on r.id = a.role_id where r.built_in = 'full' and a.disabled_at is null",
        );
        assert!(left.await >= 1, "round {round}: {first:?} {other:?}");
        sql(&app, &format!("update admins set role_id = {full}, disabled_at = null")).await.unwrap();
    }
}

#[on_both_databases]
async fn an_admin_without_a_role_that_says_so_gets_no_ticket_and_learns_which_permission_is_missing(app: TestApp) {
    let rita = staff_as(&app, "Rita", BuiltInRole::ReadOnly).await;
    let refused = app.app.read(move |snapshot| snapshot.authorize_admin::<DeleteUsers>(rita).map(drop)).await;
    assert!(matches!(refused, Err(Denied::MissingAdmin { permission }) if permission.key() == "delete"));
}

#[on_both_databases]
async fn admins_who_were_there_before_and_the_first_one_are_full_administrators(app: TestApp) {
    let stella = staff(&app).await;
    let full = app.app.read(move |snapshot| snapshot.authorize_admin::<ManageAdmins>(stella)).await.unwrap();
    assert!(full.may_give(&BuiltInRole::Full.grants()));
}
