//! Mails whose state is true.

use std::time::Duration;

use latchkey_core::access::{ConfigureSystem, ViewStaffArea};
use latchkey_core::id::{AccountId, AdminId, MailId};
use latchkey_core::mail::{self, Mail, State};
use latchkey_core::outbox::{self, Claimed, Topic};
use latchkey_core::session::Error;
use latchkey_core::testing::TestApp;
use latchkey_test_macros::on_both_databases;

use crate::support::*;

const LEASE: Duration = Duration::from_mins(1);

async fn claim(app: &TestApp) -> Vec<Claimed> {
    app.app.write(&request(), |tx| outbox::claim(tx, &system(), Topic::Mail, 50, LEASE)).await.unwrap()
}

async fn claim_one(app: &TestApp) -> Claimed {
    let [work] = claim(app).await.try_into().expect("one mail is due");
    work
}

async fn only_mail(app: &TestApp, admin: AdminId, account: AccountId) -> Mail {
    let mails = as_staff::<ViewStaffArea, _, Error>(&app.app, admin, move |tx, by| Ok(mail::list(tx, by, Some(account), 50)?));
    let [mail] = mails.await.unwrap().try_into().expect("one mail");
    mail
}

#[on_both_databases]
async fn rule_7_sent_means_that_the_mail_server_took_it(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let admin = staff(&app).await;
    send(&app.app, owner, acme, "somebody@example.org", "invoices").await.unwrap();
    assert_eq!(only_mail(&app, admin, acme).await.state, State::Queued { answer: None });
    let work = claim_one(&app).await;
    let outgoing = mail::claimed(&app.app, work).await.unwrap().unwrap();
    assert_eq!(outgoing.to, "somebody@example.org");
    assert_eq!(only_mail(&app, admin, acme).await.state, State::Queued { answer: None }, "claimed is not sent");
    app.app.write(&request(), move |tx| mail::sent(tx, &system(), work, "250 ok")).await.unwrap();
    assert_eq!(only_mail(&app, admin, acme).await.state, State::Sent { at: app.app.now() });
    assert!(mail::claimed(&app.app, work).await.unwrap().is_none(), "and it is not sent twice");
}

#[on_both_databases]
async fn rule_7_a_mail_that_is_put_off_waits_with_the_servers_words(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let admin = staff(&app).await;
    send(&app.app, owner, acme, "somebody@example.org", "invoices").await.unwrap();
    let work = claim_one(&app).await;
    let pause = Duration::from_mins(5);
    app.app.write(&request(), move |tx| mail::put_off(tx, &system(), work, "451 later\r\nplease", pause)).await.unwrap();
    assert_eq!(only_mail(&app, admin, acme).await.state, State::Queued { answer: Some("451 later  please".to_owned()) });
    assert!(claim(&app).await.is_empty());
    app.clock.advance(pause);
    assert_eq!(claim_one(&app).await.attempts, 2);
    app.expect_unsent_mails();
}

#[on_both_databases]
async fn rule_7_a_mail_that_is_given_up_says_so_and_forgets_its_link(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let admin = staff(&app).await;
    send(&app.app, owner, acme, "somebody@example.org", "invoices").await.unwrap();
    let work = claim_one(&app).await;
    app.app.write(&request(), move |tx| mail::failed(tx, &system(), work, "550 no such user")).await.unwrap();
    let state = only_mail(&app, admin, acme).await.state;
    assert_eq!(state, State::Failed { at: app.app.now(), answer: "550 no such user".to_owned() });
    assert_eq!(number(&app, "select count(*) from mails where sealed_secret is not null").await, 0);
    let state = app.app.read(mail::queue_state).await.unwrap();
    assert_eq!((state.queued, state.failed), (0, 1));
}

#[on_both_databases]
async fn rule_10_a_worker_that_dies_leaves_its_mail_to_the_next(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    send(&app.app, owner, acme, "somebody@example.org", "invoices").await.unwrap();
    let dead = claim_one(&app).await;
    assert!(claim(&app).await.is_empty(), "nobody else takes it while the lease runs");
    app.clock.advance(LEASE);
    let next = claim_one(&app).await;
    assert_eq!((next.id, next.attempts), (dead.id, 2));
    app.app.write(&request(), move |tx| mail::sent(tx, &system(), next, "250 ok")).await.unwrap();
    app.app.write(&request(), move |tx| mail::failed(tx, &system(), dead, "timeout")).await.unwrap();
    let kinds: Vec<_> = events(&app).await.into_iter().map(|event| event.kind).filter(|kind| kind.starts_with("mail")).collect();
    assert_eq!(kinds, ["mail-sent"], "who comes late says nothing that is untrue");
}

#[on_both_databases]
async fn rule_10_a_worker_that_comes_late_does_not_free_what_the_next_one_works_on(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    send(&app.app, owner, acme, "somebody@example.org", "invoices").await.unwrap();
    let late = claim_one(&app).await;
    app.clock.advance(LEASE);
    let next = claim_one(&app).await;
    let put_off = async |work| {
        app.app.write(&request(), move |tx| outbox::put_off(tx, &system(), work, Duration::ZERO)).await.unwrap();
    };
    put_off(late).await;
    assert!(claim(&app).await.is_empty(), "the next one is at it");
    put_off(next).await;
    assert_eq!(claim_one(&app).await.attempts, 3);
    app.expect_unsent_mails();
}

#[on_both_databases]
async fn rule_10_two_workers_never_take_the_same_mail(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    for number in 0..20 {
        send(&app.app, owner, acme, &format!("guest{number}@example.org"), "invoices").await.unwrap();
    }
    let second = app.second_node();
    let take = |node: latchkey_core::app::App| async move {
        let mut ids = Vec::new();
        loop {
            let claimed = node.write(&request(), |tx| outbox::claim(tx, &system(), Topic::Mail, 3, LEASE)).await.unwrap();
            if claimed.is_empty() {
                return ids;
            }
            ids.extend(claimed.into_iter().map(|work| work.id));
        }
    };
    let (here, there) = tokio::join!(take(app.app.clone()), take(second));
    let mut all = [here, there].concat();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 20);
    app.expect_unsent_mails();
}

#[on_both_databases]
async fn a_mail_of_another_account_is_not_found(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let admin = staff(&app).await;
    let other = app.account("Other", owner).await;
    send(&app.app, owner, acme, "somebody@example.org", "invoices").await.unwrap();
    let id = only_mail(&app, admin, acme).await.id;
    for (account, id, found) in [(acme, id, true), (other, id, false), (acme, MailId(NOWHERE), false)] {
        let by = app.app.read(move |snapshot| snapshot.authorize_admin(admin)).await.unwrap();
        assert_eq!(mail::masked(&app.app, by, account, id).await.unwrap().is_some(), found);
        let by = app.app.read(move |snapshot| snapshot.authorize_admin(admin)).await.unwrap();
        assert_eq!(mail::preview(&app.app, by, account, id).await.unwrap().is_some(), found);
    }
    app.expect_unsent_mails();
}

#[on_both_databases]
async fn a_preview_shows_the_link_only_while_the_mail_waits(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let admin = staff(&app).await;
    send(&app.app, owner, acme, "somebody@example.org", "invoices").await.unwrap();
    let id = only_mail(&app, admin, acme).await.id;
    let preview = async || {
        let by = app.app.read(move |snapshot| snapshot.authorize_admin(admin)).await.unwrap();
        mail::preview(&app.app, by, acme, id).await.unwrap().unwrap()
    };
    let (waiting, shown) = preview().await;
    let link = latest_link(&app).await.reveal();
    assert!(shown && waiting.text.contains(&link));
    let (sent, shown) = preview().await;
    assert!(!shown && !sent.text.contains(&link) && !sent.text.contains(mail::SECRET_MARK));
}

#[on_both_databases]
async fn an_admin_tries_the_mail_settings(app: TestApp) {
    let admin = staff(&app).await;
    let to = email("stella@staff.example");
    as_staff::<ConfigureSystem, _, Error>(&app.app, admin, move |tx, by| Ok(mail::send_test(tx, by, &to)?)).await.unwrap();
    let mails = app.take_mails().await;
    assert_eq!(mails.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), ["stella@staff.example"]);
}
