//! What happens while a user or an account is deleted, on two nodes: one story comes out of it, and nobody sees a failure of the
//! database.

use latchkey_core::access::WriteNotes;
use latchkey_core::account::{self, Details, NewOwner};
use latchkey_core::app::App;
use latchkey_core::id::AccountId;
use latchkey_core::invitation::{self, LoginAndAccept};
use latchkey_core::outbox::Topic;
use latchkey_core::settings::Verification;
use latchkey_core::testing::{PASSWORD, TestApp};
use latchkey_core::{membership, note, own_data, session, user};
use latchkey_test_macros::on_both_databases;
use tokio::join;

use crate::races::{ROUNDS, claim, count, held_beside, nodes, ok};
use crate::support::*;

#[on_both_databases]
async fn rule_9_deleting_a_user_and_letting_it_in_have_one_outcome(app: TestApp) {
    let nodes = nodes(&app).await;
    for round in 0..ROUNDS {
        let guest = nodes.guest(&app, round).await;
        let (deleted, let_in) =
            join!(delete_user(&nodes.first, nodes.admin, guest), associate(&nodes.second, nodes.acme, guest, "invoices"));
        assert_eq!(count([ok(&deleted), ok(&let_in)]), 1, "{deleted:?} {let_in:?}");
    }
}

#[on_both_databases]
async fn rule_9_who_takes_the_wish_to_be_deleted_back_keeps_its_accounts(app: TestApp) {
    app.expect_unsent_mails();
    let nodes = nodes(&app).await;
    for round in 0..ROUNDS {
        let guest = member(&app, nodes.acme, &format!("Guest{round}"), "invoices").await;
        sql(&app, &format!("insert into deletion_requests (user_id, requested_at) values ({guest}, 1)")).await.unwrap();
        let cancelled = as_myself(&nodes.second, guest, own_data::cancel_deletion);
        let (deleted, cancelled) = join!(delete_user(&nodes.first, nodes.admin, guest), cancelled);
        ok(&cancelled);
        let taken_back = format!("select count(*) from events where kind = 'deletion-cancelled' and user_id = {guest}");
        let taken_back = number(&app, &taken_back).await == 1;
        assert_eq!(count([ok(&deleted), taken_back]), 1, "{deleted:?} {cancelled:?}");
        assert_eq!(can_enter(&nodes.first, guest, nodes.acme).await, taken_back);
    }
}

#[on_both_databases]
async fn rule_9_a_wish_to_be_deleted_that_is_being_taken_back_is_not_carried_out(app: TestApp) {
    app.expect_unsent_mails();
    let nodes = nodes(&app).await;
    let guest = member(&app, nodes.acme, "Guest", "invoices").await;
    let wish = format!("insert into deletion_requests (user_id, requested_at) values ({guest}, 1)");
    sql(&app, &wish).await.unwrap();
    let (held, beside) = held_beside();
    let cancelled = as_myself(&nodes.first, guest, move |tx, by| {
        own_data::cancel_deletion(tx, by)?;
        held.wait();
        Ok::<_, own_data::Error>(())
    });
    let deleted = beside.run(&app, delete_user(&nodes.second, nodes.admin, guest));
    let (cancelled, deleted) = join!(cancelled, deleted);
    assert!(ok(&cancelled) && matches!(deleted, Err(user::Error::HasAccounts)), "{cancelled:?} {deleted:?}");
    assert!(can_enter(&nodes.first, guest, nodes.acme).await, "it keeps its account");
    // Who comes when it has been carried out takes nothing back.
    sql(&app, &wish).await.unwrap();
    let (held, beside) = held_beside();
    let deleted = as_staff(&nodes.first, nodes.admin, move |tx, by| {
        user::delete(tx, by, &confirmed(), guest)?;
        held.wait();
        Ok::<_, user::Error>(())
    });
    let cancelled = beside.run(&app, as_myself(&nodes.second, guest, own_data::cancel_deletion));
    let (deleted, cancelled) = join!(deleted, cancelled);
    assert!(ok(&deleted) && !ok(&cancelled), "{deleted:?} {cancelled:?}");
    assert_eq!(count_events(&app, "deletion-cancelled").await, 1);
}

#[on_both_databases]
async fn deleting_a_user_and_its_accepting_have_one_outcome(app: TestApp) {
    let nodes = nodes(&app).await;
    for round in 0..ROUNDS {
        let ((_, link), guest) = (nodes.invitation(&app, round).await, nodes.guest(&app, round).await);
        let (deleted, accepted) = join!(delete_user(&nodes.first, nodes.admin, guest), accept(&nodes.second, guest, &link));
        assert_eq!(count([ok(&deleted), ok(&accepted)]), 1, "{deleted:?} {accepted:?}");
    }
}

#[on_both_databases]
async fn deleting_a_user_and_giving_it_an_account_have_one_outcome(app: TestApp) {
    let (nodes, request) = (nodes(&app).await, request());
    for round in 0..ROUNDS {
        let guest = nodes.guest(&app, round).await;
        let details = Details { name: "New".to_owned(), ..Details::default() };
        let made = nodes
            .second
            .write(&request, move |tx| account::create_by_system(tx, &system(), &details, &NewOwner::Existing(guest)));
        let (deleted, made) = join!(delete_user(&nodes.first, nodes.admin, guest), made);
        assert_eq!(count([ok(&deleted), ok(&made)]), 1, "{deleted:?} {made:?}");
    }
}

#[on_both_databases]
async fn deleting_a_user_who_logs_in_and_whose_host_is_found_fails_for_nobody(app: TestApp) {
    let (nodes, request) = (nodes(&app).await, request());
    for round in 0..ROUNDS {
        let guest = nodes.guest(&app, round).await;
        let address = format!("guest{round}@example.com");
        login(&nodes.first, &address).await;
        let [work] = claim(&app, Topic::Hostname).await.try_into().unwrap();
        let found = nodes.second.write(&request, move |tx| {
            session::hostname_found(tx, &system(), work, Some("host.example")).map_err(session::Error::from)
        });
        let login = log_in_with(&nodes.second, &request, credentials(&address, PASSWORD, false), "");
        let (deleted, found, login) = join!(delete_user(&nodes.first, nodes.admin, guest), found, login);
        assert!(ok(&deleted), "{deleted:?}");
        ok(&found);
        ok(&login);
        assert_eq!(number(&app, "select count(*) from sessions").await, 0);
        claim(&app, Topic::Hostname).await;
    }
}

#[on_both_databases]
async fn rule_9_accounts_that_go_at_the_same_moment_take_the_user_they_share_along(app: TestApp) {
    // Each of the two is told of both.
    app.notify(Verification::Off).await;
    app.expect_unsent_mails();
    let nodes = nodes(&app).await;
    let admin = nodes.admin;
    let delete = |node: App, id: AccountId| async move {
        as_staff(&node, admin, move |tx, by| account::delete_with_orphans(tx, by, &confirmed(), id)).await
    };
    for round in 0..ROUNDS {
        let shared = nodes.guest(&app, round).await;
        let other = person(&app, &format!("Other{round}")).await;
        let (one, two) = (app.account("One", shared).await, app.account("Two", other).await);
        app.member(one, other, grants("invoices")).await;
        app.member(two, shared, grants("invoices")).await;
        let (first, second) = join!(delete(nodes.first.clone(), one), delete(nodes.second.clone(), two));
        assert!(ok(&first) && ok(&second), "{first:?} {second:?}");
        let left = "select count(*) from users u where not exists (select 1 from memberships m where m.user_id = u.id)";
        assert_eq!(number(&app, left).await, 0, "users without accounts are left");
    }
}

#[on_both_databases]
async fn deleting_with_orphans_beside_a_login_that_accepts_fails_for_nobody(app: TestApp) {
    let nodes = nodes(&app).await;
    let admin = nodes.admin;
    for round in 0..ROUNDS {
        let owner = person(&app, &format!("Owner{round}")).await;
        let doomed = app.account("Doomed", owner).await;
        let guest = nodes.guest(&app, round).await;
        app.member(doomed, guest, grants("invoices")).await;
        let (_, link) = invite(&app, owner, doomed, "second-address@example.org", "tickets").await;
        let input = LoginAndAccept { secret: link, login: credentials(&format!("guest{round}@example.com"), PASSWORD, false) };
        let node = nodes.second.clone();
        let accepted = tokio::spawn(async move { invitation::login_and_accept(&node, &request(), input).await });
        for _ in 0..round % 8 {
            tokio::task::yield_now().await;
        }
        let deleted = as_staff::<latchkey_core::access::DeleteAccounts, _, _>(&nodes.first, admin, move |tx, by| {
            account::delete_with_orphans(tx, by, &confirmed(), doomed)
        })
        .await;
        assert!(ok(&deleted), "{deleted:?}");
        ok(&accepted.await.unwrap());
    }
}

#[on_both_databases]
async fn rule_9_deleting_with_orphans_spares_who_is_just_let_in_elsewhere(app: TestApp) {
    let nodes = nodes(&app).await;
    let admin = nodes.admin;
    for round in 0..ROUNDS {
        let guest = nodes.guest(&app, round).await;
        let doomed = app.account("Doomed", guest).await;
        let deleted = as_staff(&nodes.first, admin, move |tx, by| account::delete_with_orphans(tx, by, &confirmed(), doomed));
        let (deleted, let_in) = join!(deleted, associate(&nodes.second, nodes.acme, guest, "invoices"));
        assert!(ok(&deleted), "{deleted:?}");
        assert_eq!(can_enter(&nodes.first, guest, nodes.acme).await, ok(&let_in));
    }
}

#[on_both_databases]
async fn deleting_an_account_beside_its_other_work_fails_for_nobody(app: TestApp) {
    let nodes = nodes(&app).await;
    let (admin, owner) = (nodes.admin, nodes.owner);
    let owners_login = credentials("olivia@example.com", PASSWORD, false);
    for round in 0..ROUNDS {
        let guest = nodes.guest(&app, round).await;
        let doomed = app.account("Doomed", owner).await;
        let (id, link) = invite(&app, owner, doomed, "guest@example.org", "invoices").await;
        let deleted = as_staff(&nodes.first, admin, move |tx, by| account::delete(tx, by, &confirmed(), doomed));
        let noted = as_staff::<WriteNotes, _, _>(&nodes.second, admin, move |tx, by| note::add(tx, by, doomed, "note", false));
        let entered = in_account(&nodes.second, owner, doomed, move |tx, by| membership::enter(tx, by, owner));
        let from = request();
        let proven = session::authenticate(&nodes.first, &from, &owners_login).await.unwrap();
        let landed = nodes.first.write(&from, move |tx| {
            session::start(tx, &proven, false, "")?
                .and(|started| Ok::<_, session::Error>(membership::enter_at_login(tx, started.who, doomed)?))
        });
        let (deleted, noted, entered, landed, accepted, resent, let_in) = join!(
            deleted,
            noted,
            entered,
            landed,
            accept(&nodes.second, guest, &link),
            resend(&nodes.first, owner, doomed, id),
            associate(&nodes.second, doomed, guest, "invoices")
        );
        assert!(ok(&deleted), "{deleted:?}");
        ok(&noted);
        assert!(landed.is_ok(), "a login waits for no account");
        ok(&entered);
        ok(&accepted);
        ok(&resent);
        ok(&let_in);
    }
    app.expect_unsent_mails();
}
