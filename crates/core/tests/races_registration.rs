//! What happens while a registration is finished, on two nodes: one story comes out of it, nobody sees a failure of the database, and
//! whoever was too late has made nobody.

use latchkey_core::secret::Secret;
use latchkey_core::testing::TestApp;
use latchkey_test_macros::on_both_databases;
use tokio::join;

use crate::races::{Nodes, ROUNDS, count, nodes, ok};
use crate::support::*;

fn address(round: usize) -> String {
    format!("new{round}@example.net")
}

/// An invitation through which somebody has registered by mail: its link, and the mail's.
async fn waiting(app: &TestApp, nodes: &Nodes, round: usize) -> (latchkey_core::id::InvitationId, Secret, Secret) {
    app.take_mails().await;
    app.clock.advance(std::time::Duration::from_mins(1));
    let (id, link) = nodes.invitation(app, round).await;
    ask(&nodes.first, &link, &address(round)).await.unwrap();
    (id, link, registration_link(app).await)
}

#[on_both_databases]
async fn of_two_who_finish_one_registration_at_once_one_is_made(app: TestApp) {
    let nodes = nodes(&app).await;
    for round in 0..ROUNDS {
        let (_, _, mail) = waiting(&app, &nodes, round).await;
        let (one, other) = join!(finish(&nodes.first, &mail), finish(&nodes.second, &mail));
        assert_eq!(count([ok(&one), ok(&other)]), 1);
        assert_eq!(number(&app, &format!("select count(*) from users where email = '{}'", address(round))).await, 1);
    }
    app.expect_unsent_mails();
}

#[on_both_databases]
async fn rule_3_of_one_who_finishes_and_one_who_accepts_one_gets_in(app: TestApp) {
    let nodes = nodes(&app).await;
    for round in 0..ROUNDS {
        let ((_, link, mail), guest) = (waiting(&app, &nodes, round).await, nodes.guest(&app, round).await);
        let (finished, accepted) = join!(finish(&nodes.first, &mail), accept(&nodes.second, guest, &link));
        assert_eq!(count([ok(&finished), ok(&accepted)]), 1);
        assert_eq!(nobody_has(&app, &address(round)).await, finished.is_err());
        assert_eq!(can_enter(&nodes.first, guest, nodes.acme).await, accepted.is_ok());
    }
    app.expect_unsent_mails();
}

#[on_both_databases]
async fn finishing_and_cancelling_or_resending_the_invitation_have_one_outcome(app: TestApp) {
    let nodes = nodes(&app).await;
    for round in 0..ROUNDS {
        let (id, _, mail) = waiting(&app, &nodes, round).await;
        let ended = async {
            if round % 2 == 0 {
                cancel(&nodes.second, nodes.owner, nodes.acme, id).await
            } else {
                resend(&nodes.second, nodes.owner, nodes.acme, id).await
            }
        };
        let (finished, ended) = join!(finish(&nodes.first, &mail), ended);
        assert_eq!(count([ok(&finished), ok(&ended)]), 1);
        assert_eq!(nobody_has(&app, &address(round)).await, finished.is_err());
        assert_eq!(number(&app, "select count(*) from registrations").await, 0);
    }
    app.expect_unsent_mails();
}

#[on_both_databases]
async fn finishing_and_registering_anew_leave_one_user_or_one_that_waits(app: TestApp) {
    let nodes = nodes(&app).await;
    for round in 0..ROUNDS {
        let (_, link, mail) = waiting(&app, &nodes, round).await;
        let again = format!("again{round}@example.net");
        let (finished, asked) = join!(finish(&nodes.first, &mail), ask(&nodes.second, &link, &again));
        assert_eq!(count([ok(&finished), ok(&asked)]), 1);
        assert_eq!(nobody_has(&app, &address(round)).await, finished.is_err());
        assert_eq!(number(&app, "select count(*) from registrations").await, i64::from(asked.is_ok()));
        sql(&app, "delete from registrations").await.unwrap();
    }
    app.expect_unsent_mails();
}

#[on_both_databases]
async fn two_who_register_by_mail_at_once_leave_one_that_waits(app: TestApp) {
    let nodes = nodes(&app).await;
    for round in 0..ROUNDS {
        app.clock.advance(std::time::Duration::from_mins(1));
        app.take_mails().await;
        let (_, link) = nodes.invitation(&app, round).await;
        let (first, second) = (format!("one{round}@example.net"), format!("two{round}@example.net"));
        let (one, other) = join!(ask(&nodes.first, &link, &first), ask(&nodes.second, &link, &second));
        assert_eq!(count([ok(&one), ok(&other)]), 2);
        assert_eq!(number(&app, "select count(*) from registrations").await, 1);
        finish(&nodes.first, &registration_link(&app).await).await.unwrap();
    }
    app.expect_unsent_mails();
}

/// Of many who guess at once no more are told that they were wrong than may try.
#[on_both_databases]
async fn of_many_wrong_passwords_at_once_ten_are_told_so_and_the_link_is_dead(app: TestApp) {
    let nodes = nodes(&app).await;
    let (_, _, mail) = waiting(&app, &nodes, 0).await;
    let tries = (0..20).map(|nth| {
        let (node, mail) = (if nth % 2 == 0 { nodes.first.clone() } else { nodes.second.clone() }, mail.clone());
        tokio::spawn(async move { finish_with(&node, &mail, "wrong").await })
    });
    let mut told = 0;
    for one in tries.collect::<Vec<_>>() {
        let result = one.await.unwrap();
        ok(&result);
        told += usize::from(matches!(result, Err(latchkey_core::registration::Error::WrongPassword)));
    }
    assert_eq!(told, 10);
    assert!(finish(&nodes.first, &mail).await.is_err());
    app.expect_unsent_mails();
}
