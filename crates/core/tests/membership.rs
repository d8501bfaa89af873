//! Who may enter which account: the owner, members, and delegated managers.

use latchkey_core::access::{
    Denied, EditDetails, Enter, Grants, ManageContacts, ManageUsers, Permission, TransferOwnership, Who,
};
use latchkey_core::id::{AccountId, UserId};
use latchkey_core::membership::{self, Error, Joined};
use latchkey_core::testing::TestApp;
use latchkey_core::user::{NewUser, PersonName};
use latchkey_core::{invitation, user};
use latchkey_test_macros::on_both_databases;

use crate::support::*;

#[on_both_databases]
async fn rule_1_the_owner_cannot_be_removed(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let manager = member(&app, acme, "Max", "users").await;
    for by in [owner, manager] {
        assert!(matches!(remove(&app.app, by, acme, owner).await, Err(Error::IsOwner)));
    }
    let by_staff = machine_in_account::<ManageUsers, _, _>(&app.app, acme, move |tx, by| membership::remove(tx, by, owner));
    assert!(matches!(by_staff.await, Err(Error::IsOwner)));
    assert!(can_enter(&app.app, owner, acme).await);
}

#[on_both_databases]
async fn rule_1_the_owner_cannot_be_restricted(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let manager = member(&app, acme, "Max", "users").await;
    for by in [owner, manager] {
        assert!(matches!(set_grants(&app.app, by, acme, owner, "invoices").await, Err(Error::IsOwner)));
    }
    let again = associate(&app.app, acme, owner, "invoices").await;
    assert!(matches!(again, Err(Error::AlreadyMember)));
}

#[on_both_databases]
async fn rule_1_the_owner_cannot_leave(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    assert!(matches!(leave(&app.app, owner, acme).await, Err(Error::IsOwner)));
    assert!(can_enter(&app.app, owner, acme).await);
}

#[on_both_databases]
async fn rule_1_the_owner_holds_every_permission_whatever_is_stored(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    sql(&app, "update memberships set grants = '', ends_at = 1").await.unwrap();
    assert!(may::<ManageUsers>(&app.app, owner, acme).await);
    assert!(may::<EditDetails>(&app.app, owner, acme).await);
    assert!(may::<ManageContacts>(&app.app, owner, acme).await);
    assert!(can_enter(&app.app, owner, acme).await);
    assert_eq!(held(&app.app, owner, acme).await.as_deref(), Some(""), "and finds the account in the switcher");
    assert!(matches!(send(&app.app, owner, acme, "olivia@example.com", "invoices").await, Err(invitation::Error::AlreadyMember)));
}

#[on_both_databases]
async fn rule_1_a_transfer_makes_a_member_the_owner_and_the_old_one_stays_with_all_permissions(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    make_owner(&app.app, acme, mia).await.unwrap();
    assert_eq!(owner_of(&app.app, acme).await, mia);
    assert!(may::<ManageUsers>(&app.app, mia, acme).await);
    assert_eq!(held(&app.app, owner, acme).await, Some(Grants::all().to_string()));
    assert!(!may::<ManageUsers>(&app.app, owner, acme).await, "all permissions never include users");
    remove(&app.app, mia, acme, owner).await.unwrap();
    assert!(!can_enter(&app.app, owner, acme).await);
}

#[on_both_databases]
async fn rule_1_only_a_member_becomes_owner_and_only_by_staff(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let (mia, stranger) = (member(&app, acme, "Mia", "invoices").await, person(&app, "Stranger").await);
    for nobody in [stranger, UserId(NOWHERE)] {
        assert!(matches!(make_owner(&app.app, acme, nobody).await, Err(Error::NotFound)));
    }
    assert!(matches!(make_owner(&app.app, acme, owner).await, Err(Error::IsOwner)), "is the owner already");
    let by_owner = in_account::<TransferOwnership, _, _>(&app.app, owner, acme, move |tx, by| {
        membership::make_owner(tx, by, &confirmed(), mia).map(drop)
    });
    assert!(matches!(by_owner.await, Err(Error::Denied(Denied::StaffOnly))));
    assert_eq!(owner_of(&app.app, acme).await, owner);
}

#[on_both_databases]
async fn rule_2_removing_a_user_ends_that_membership_only(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    let (own, other) = (app.account("Mia's", mia).await, app.account("Other", owner).await);
    app.member(other, mia, grants("tickets")).await;
    let session = login(&app.app, "mia@example.com").await;
    remove(&app.app, owner, acme, mia).await.unwrap();
    assert!(!can_enter(&app.app, mia, acme).await);
    assert!(can_enter(&app.app, mia, own).await && can_enter(&app.app, mia, other).await);
    assert_eq!(held(&app.app, mia, other).await.as_deref(), Some("tickets"));
    assert!(is_alive(&app.app, &session.secret).await, "the user stays, and stays logged in");
}

#[on_both_databases]
async fn rule_2_access_ends_with_the_next_request_on_every_node(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices profile").await;
    let second = app.second_node();
    assert!(may::<EditDetails>(&second, mia, acme).await);
    set_grants(&app.app, owner, acme, mia, "invoices").await.unwrap();
    assert!(!may::<EditDetails>(&second, mia, acme).await && can_enter(&second, mia, acme).await);
    remove(&app.app, owner, acme, mia).await.unwrap();
    let refused = second.read(move |snapshot| snapshot.authorize::<Enter>(Who::without_second_factor(mia), acme).map(drop)).await;
    assert!(matches!(refused, Err(Denied::NoSuchAccount)), "as if it had never been there");
}

#[on_both_databases]
async fn rule_2_a_removed_user_can_be_let_in_again(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    remove(&app.app, owner, acme, mia).await.unwrap();
    let (_, link) = invite(&app, owner, acme, "mia@example.com", "tickets").await;
    accept(&app.app, mia, &link).await.unwrap();
    assert_eq!(held(&app.app, mia, acme).await.as_deref(), Some("tickets"), "with what is offered now and nothing else");
}

#[on_both_databases]
async fn a_member_can_leave(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    leave(&app.app, mia, acme).await.unwrap();
    assert!(!can_enter(&app.app, mia, acme).await);
    assert!(matches!(leave(&app.app, mia, acme).await, Err(Error::Denied(Denied::NoSuchAccount))));
}

#[on_both_databases]
async fn a_membership_that_has_ended_opens_nothing(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices users").await;
    sql(&app, &format!("update memberships set ends_at = {} where user_id = {mia}", app.app.now().as_micros())).await.unwrap();
    assert!(!can_enter(&app.app, mia, acme).await && !may::<ManageUsers>(&app.app, mia, acme).await);
    assert_eq!(held(&app.app, mia, acme).await, None);
    assert!(can_enter(&app.app, owner, acme).await);
}

#[on_both_databases]
async fn what_has_ended_does_not_come_back_with_a_smaller_invitation(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices users").await;
    sql(&app, &format!("update memberships set ends_at = {} where user_id = {mia}", app.app.now().as_micros())).await.unwrap();
    let (_, link) = invite(&app, owner, acme, "mia@example.com", "tickets").await;
    let accepted = accept(&app.app, mia, &link).await.unwrap();
    assert_eq!(accepted.joined, Joined::New);
    assert_eq!(held(&app.app, mia, acme).await.as_deref(), Some("tickets"));
}

#[on_both_databases]
async fn who_had_access_until_yesterday_can_be_associated_again(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices users").await;
    sql(&app, &format!("update memberships set ends_at = {} where user_id = {mia}", app.app.now().as_micros())).await.unwrap();
    associate(&app.app, acme, mia, "tickets").await.unwrap();
    assert_eq!(held(&app.app, mia, acme).await.as_deref(), Some("tickets"));
}

#[on_both_databases]
async fn every_change_of_who_may_do_what_raises_the_revision(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let mia = person(&app, "Mia").await;
    let mut seen = vec![revision(&app.app, acme).await];
    associate(&app.app, acme, mia, "invoices").await.unwrap();
    seen.push(revision(&app.app, acme).await);
    set_grants(&app.app, owner, acme, mia, "tickets").await.unwrap();
    seen.push(revision(&app.app, acme).await);
    make_owner(&app.app, acme, mia).await.unwrap();
    seen.push(revision(&app.app, acme).await);
    leave(&app.app, owner, acme).await.unwrap();
    seen.push(revision(&app.app, acme).await);
    let (_, link) = invite(&app, mia, acme, "somebody@example.org", "invoices").await;
    accept(&app.app, owner, &link).await.unwrap();
    seen.push(revision(&app.app, acme).await);
    remove(&app.app, mia, acme, owner).await.unwrap();
    seen.push(revision(&app.app, acme).await);
    assert!(seen.windows(2).all(|pair| pair[0] < pair[1]), "{seen:?}");
}

// Delegated managers.

#[on_both_databases]
async fn a_manager_cannot_grant_what_he_lacks(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let manager = member(&app, acme, "Max", "users invoices tickets").await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    assert!(matches!(set_grants(&app.app, manager, acme, mia, "invoices domains").await, Err(Error::BeyondOwn)));
    let sent = send(&app.app, manager, acme, "a@example.org", "domains").await;
    assert!(matches!(sent, Err(invitation::Error::BeyondOwn)));
    assert_eq!(held(&app.app, mia, acme).await.as_deref(), Some("invoices"));
}

#[on_both_databases]
async fn a_manager_cannot_make_a_manager(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let manager = member(&app, acme, "Max", "users invoices").await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    assert!(matches!(set_grants(&app.app, manager, acme, mia, "invoices users").await, Err(Error::BeyondOwn)));
    let sent = send(&app.app, manager, acme, "a@example.org", "users").await;
    assert!(matches!(sent, Err(invitation::Error::BeyondOwn)));
}

#[on_both_databases]
async fn a_manager_cannot_touch_another_manager_nor_himself(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let manager = member(&app, acme, "Max", "users invoices").await;
    let other = member(&app, acme, "Otto", "users").await;
    for touched in [other, manager] {
        assert!(matches!(set_grants(&app.app, manager, acme, touched, "invoices").await, Err(Error::OutOfReach)));
        assert!(matches!(remove(&app.app, manager, acme, touched).await, Err(Error::OutOfReach)));
    }
}

/// Anybody may accept who holds the link: also its sender, and a manager whom its sender could not change.
#[on_both_databases]
async fn a_managers_link_changes_no_manager(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let admin = staff(&app).await;
    let helpers = role(&app, admin, "Helpers", "users invoices").await;
    let max = member(&app, acme, "Max", "").await;
    give_role(&app.app, owner, acme, max, helpers).await.unwrap();
    let otto = member(&app, acme, "Otto", "users tickets").await;
    let mia = member(&app, acme, "Mia", "tickets").await;
    for (accepts, holds) in [(max, "invoices users"), (otto, "tickets users"), (mia, "invoices tickets")] {
        let link = invite(&app, max, acme, &format!("{accepts}@example.org"), "invoices").await.1;
        assert_eq!(accept(&app.app, accepts, &link).await.unwrap().joined, Joined::AlreadyMember);
        assert_eq!(held(&app.app, accepts, acme).await.as_deref(), Some(holds));
    }
    change_role(&app.app, admin, helpers, "profile").await.unwrap();
    assert_eq!(held(&app.app, max, acme).await.as_deref(), Some("profile"), "nothing is held beside the role");
    let link = invite(&app, owner, acme, "other@example.org", "invoices").await.1;
    accept(&app.app, otto, &link).await.unwrap();
    assert_eq!(held(&app.app, otto, acme).await.as_deref(), Some("invoices tickets users"), "the owner's does");
    app.take_mails().await;
}

#[on_both_databases]
async fn a_manager_cannot_take_away_what_he_could_not_give_back(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let manager = member(&app, acme, "Max", "users invoices").await;
    for (name, keys) in [("Mia", "invoices domains"), ("Mo", "invoices products@service:17"), ("Mu", "backups")] {
        let beyond = member(&app, acme, name, keys).await;
        assert!(matches!(set_grants(&app.app, manager, acme, beyond, "invoices").await, Err(Error::OutOfReach)), "{keys}");
        assert!(matches!(remove(&app.app, manager, acme, beyond).await, Err(Error::OutOfReach)), "{keys}");
    }
}

#[on_both_databases]
async fn a_manager_cannot_resend_or_cancel_an_invitation_beyond_his_own_grants(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let manager = member(&app, acme, "Max", "users invoices").await;
    for (to, keys) in [("a@example.org", "domains"), ("b@example.org", "users")] {
        let (id, _) = invite(&app, owner, acme, to, keys).await;
        assert!(matches!(resend(&app.app, manager, acme, id).await, Err(invitation::Error::BeyondOwn)));
        assert!(matches!(cancel(&app.app, manager, acme, id).await, Err(invitation::Error::BeyondOwn)));
    }
}

#[on_both_databases]
async fn a_manager_can_do_the_rest(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let manager = member(&app, acme, "Max", "users invoices tickets").await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    set_grants(&app.app, manager, acme, mia, "tickets").await.unwrap();
    remove(&app.app, manager, acme, mia).await.unwrap();
    let (id, _) = invite(&app, owner, acme, "mia@example.com", "invoices").await;
    resend(&app.app, manager, acme, id).await.unwrap();
    accept(&app.app, mia, &latest_link(&app).await).await.unwrap();
    let (id, _) = invite(&app, manager, acme, "a@example.org", "invoices tickets").await;
    cancel(&app.app, manager, acme, id).await.unwrap();
    leave(&app.app, manager, acme).await.unwrap();
}

#[on_both_databases]
async fn a_member_without_users_manages_nobody(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", &Grants::all().to_string()).await;
    let other = member(&app, acme, "Otto", "invoices").await;
    let missing =
        |result: Result<(), Error>| matches!(result, Err(Error::Denied(Denied::Missing { permission: Permission::Users })));
    assert!(missing(set_grants(&app.app, mia, acme, other, "tickets").await));
    assert!(missing(remove(&app.app, mia, acme, other).await));
    let sent = send(&app.app, mia, acme, "a@example.org", "invoices").await;
    assert!(matches!(sent, Err(invitation::Error::Denied(Denied::Missing { .. }))));
}

// Other tenants.

#[on_both_databases]
async fn a_user_of_another_account_is_not_found(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    let rival = person(&app, "Rival").await;
    let theirs = app.account("Theirs", rival).await;
    for target in [mia, owner, UserId(NOWHERE)] {
        assert!(matches!(remove(&app.app, rival, theirs, target).await, Err(Error::NotFound)));
        assert!(matches!(set_grants(&app.app, rival, theirs, target, "tickets").await, Err(Error::NotFound)));
        let found = in_account::<ManageUsers, _, _>(&app.app, rival, theirs, move |tx, by| membership::find(tx, by, target));
        assert!(matches!(found.await, Err(Error::NotFound)));
    }
    let foreign = remove(&app.app, rival, acme, mia).await;
    assert!(matches!(foreign, Err(Error::Denied(Denied::NoSuchAccount))), "like an account that does not exist");
    assert_eq!(held(&app.app, mia, acme).await.as_deref(), Some("invoices"));
}

#[on_both_databases]
async fn rule_11_the_four_tickets_follow_from_what_is_held(app: TestApp) {
    let (_, acme) = acme(&app).await;
    for (index, permission) in Permission::GRANTABLE.into_iter().enumerate() {
        let user = member(&app, acme, &format!("Member{index}"), permission.key()).await;
        assert!(can_enter(&app.app, user, acme).await);
        assert_eq!(may::<ManageUsers>(&app.app, user, acme).await, permission == Permission::Users);
        assert_eq!(may::<EditDetails>(&app.app, user, acme).await, permission == Permission::Profile);
        assert_eq!(may::<ManageContacts>(&app.app, user, acme).await, permission == Permission::Contacts);
        assert!(!may::<TransferOwnership>(&app.app, user, acme).await);
    }
}

#[on_both_databases]
async fn changing_grants_keeps_what_this_version_does_not_know(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices backups products@service:17").await;
    set_grants(&app.app, owner, acme, mia, "tickets").await.unwrap();
    assert_eq!(held(&app.app, mia, acme).await.as_deref(), Some("tickets backups products@service:17"));
}

#[on_both_databases]
async fn staff_associates_users_that_exist_and_makes_new_ones(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let mia = person(&app, "Mia").await;
    associate(&app.app, acme, mia, "invoices").await.unwrap();
    assert!(matches!(associate(&app.app, acme, mia, "tickets").await, Err(Error::AlreadyMember)));
    let nobody = associate(&app.app, acme, UserId(NOWHERE), "invoices").await;
    assert!(matches!(nobody, Err(Error::User(user::Error::NotFound))));
    let name = PersonName { first: "Nina".to_owned(), last: "New".to_owned() };
    let new = NewUser { name, email: email("MIA@example.com"), password: None };
    let before = dump(&app).await;
    let taken =
        machine_in_account(&app.app, acme, move |tx, by| membership::associate_new(tx, by, &new, None, &grants("invoices")));
    assert!(matches!(taken.await, Err(Error::User(user::Error::EmailTaken))));
    assert_eq!(before, dump(&app).await);
    assert_eq!(held(&app.app, mia, acme).await.as_deref(), Some("invoices"));
}

#[on_both_databases]
async fn entering_is_noted_and_orders_the_switcher(app: TestApp) {
    let (owner, first) = acme(&app).await;
    let second = app.account("Second", owner).await;
    let order = |app: TestApp| async move {
        let mine = app.app.read(move |snapshot| membership::accounts_of(snapshot, owner)).await.unwrap();
        mine.into_iter().map(|mine| mine.account).collect::<Vec<_>>()
    };
    for entered in [first, second, first] {
        app.clock.advance(std::time::Duration::from_secs(1));
        in_account::<Enter, _, _>(&app.app, owner, entered, move |tx, by| membership::enter(tx, by, owner)).await.unwrap();
        assert_eq!(order(app.clone()).await.first(), Some(&entered));
    }
}

#[on_both_databases]
async fn rule_2_a_manager_who_lost_the_post_has_no_link_to_come_back_with(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    for end in ["removed", "left", "restricted"] {
        let manager = member(&app, acme, end, "users invoices").await;
        let (_, back_door) = invite(&app, manager, acme, &format!("{end}@example.net"), "invoices").await;
        let (_, of_the_owner) = invite(&app, owner, acme, &format!("{end}@example.org"), "invoices").await;
        match end {
            "removed" => remove(&app.app, owner, acme, manager).await.unwrap(),
            "left" => leave(&app.app, manager, acme).await.unwrap(),
            _ => set_grants(&app.app, owner, acme, manager, "invoices").await.unwrap(),
        }
        assert!(matches!(open(&app.app, &back_door).await, Err(invitation::Error::Gone)), "{end}");
        assert!(open(&app.app, &of_the_owner).await.is_ok(), "{end}: what others have sent stays");
    }
}

/// Nobody gets by a link of his own what was taken from him.
#[on_both_databases]
async fn rule_2_who_may_give_less_has_offered_nothing_any_more(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "users invoices").await;
    let (_, link) = invite(&app, mia, acme, "mia@elsewhere.example", "invoices").await;
    set_grants(&app.app, owner, acme, mia, "users invoices tickets").await.unwrap();
    open(&app.app, &link).await.expect("who may give more takes nothing back");
    set_grants(&app.app, owner, acme, mia, "users tickets").await.unwrap();
    assert!(matches!(open(&app.app, &link).await, Err(invitation::Error::Gone)));
}

/// Who owned the account manages no users afterwards, and does not get that back by a link of its own.
#[on_both_databases]
async fn rule_2_who_no_longer_owns_the_account_has_invited_nobody_any_more(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    let (_, link) = invite(&app, owner, acme, "olivia@elsewhere.example", "users invoices").await;
    open(&app.app, &link).await.unwrap();
    make_owner(&app.app, acme, mia).await.unwrap();
    assert!(matches!(open(&app.app, &link).await, Err(invitation::Error::Gone)));
}

/// Where a login leads that leads nowhere else.
async fn landed(app: &TestApp, user: UserId) -> Option<AccountId> {
    let who = Who::without_second_factor(user);
    app.app.write(&request(), move |tx| membership::enter_only_at_login(tx, who)).await.unwrap()
}

#[on_both_databases]
async fn a_login_leads_into_the_only_account_unless_it_is_closed(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    let entered = async || app.app.read(move |snapshot| membership::accounts_of(snapshot, mia)).await.unwrap();
    assert_eq!(entered().await.first().and_then(|mine| mine.last_entered_at), None);
    assert_eq!(landed(&app, mia).await, Some(acme));
    assert_eq!(entered().await.first().and_then(|mine| mine.last_entered_at), Some(app.app.now()), "and is noted");

    let bravo = app.account("Bravo", owner).await;
    associate(&app.app, bravo, mia, "invoices").await.unwrap();
    assert_eq!(landed(&app, mia).await, None, "of two none");
    assert_eq!(landed(&app, owner).await, None);

    let ended = format!("update memberships set ends_at = {} where account_id = {bravo}", app.app.now().as_micros());
    sql(&app, &ended).await.unwrap();
    assert_eq!(landed(&app, mia).await, Some(acme), "one that has ended does not count");
    assert_eq!(landed(&app, owner).await, None, "an owner's never ends");

    sql(&app, &format!("update accounts set status = 'closed' where id = {acme}")).await.unwrap();
    assert_eq!(landed(&app, mia).await, None);
    let gus = person(&app, "Gus").await;
    assert_eq!(landed(&app, gus).await, None, "of none none");
}
