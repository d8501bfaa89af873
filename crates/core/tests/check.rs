//! May this user do that? As other systems ask it, of any node.

use std::sync::mpsc;
use std::time::Duration;

use latchkey_core::access::{ChangeLogins, Denied, Permission, RequireTwoFactor, Subject};
use latchkey_core::account;
use latchkey_core::app::App;
use latchkey_core::check::{self, Access, Answer, Error, MAX_QUESTIONS, Question, Reason, Scope};
use latchkey_core::error::Fault;
use latchkey_core::factor;
use latchkey_core::id::{AccountId, UserId};
use latchkey_core::settings::{Security, Verification, set_security};
use latchkey_core::testing::TestApp;
use latchkey_test_macros::on_both_databases;

use crate::factor::{enrol, session_id};
use crate::support::*;

pub(crate) fn may(user: UserId, account: AccountId, permission: Permission) -> Question {
    Question { user, account, permission, resource: None }
}

/// For tests the machine asks, or somebody who is bound to one account.
pub(crate) async fn check_all(
    app: &App,
    account: Option<AccountId>,
    asked: &[Question],
    at_least: &[(AccountId, i64)],
) -> Result<Vec<Answer>, Error> {
    check::check(app, &check::fresh(app).await.unwrap(), as_scope(account), asked, &at_least.iter().copied().collect()).await
}

fn as_scope(account: Option<AccountId>) -> Scope {
    account.map_or(Scope::machine(&system()), Scope::for_tests)
}

pub(crate) async fn ask(app: &App, question: Question) -> Answer {
    ask_as(app, None, question).await
}

async fn ask_as(app: &App, scope: Option<AccountId>, question: Question) -> Answer {
    check_all(app, scope, &[question], &[]).await.unwrap()[0]
}

async fn reason(app: &App, user: UserId, account: AccountId) -> Reason {
    let answer = ask(app, may(user, account, Permission::Invoices)).await;
    assert_eq!(answer.allowed, matches!(answer.reason, Reason::Owner | Reason::Grant));
    answer.reason
}

pub(crate) async fn require(app: &App, account: AccountId, required: bool) {
    machine_in_account::<RequireTwoFactor, _, _>(app, account, move |tx, by| account::require_two_factor(tx, by, required))
        .await
        .unwrap();
}

#[on_both_databases]
async fn rule_11_every_answer_says_why(app: TestApp) {
    app.expect_unsent_mails();
    let (owner, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices products@service:17").await;
    let sam = person(&app, "Sam").await;
    let admin = staff(&app).await;
    let here = &app.app;
    assert_eq!(reason(here, owner, acme).await, Reason::Owner);
    assert_eq!(reason(here, mia, acme).await, Reason::Grant);
    assert_eq!(reason(here, sam, acme).await, Reason::NotMember);
    assert_eq!(ask(here, may(mia, acme, Permission::Domains)).await.reason, Reason::NotHeld);
    let on = |resource: &str| Question { resource: Some(resource.to_owned()), ..may(mia, acme, Permission::Products) };
    assert!(ask(here, on("service:17")).await.allowed && !ask(here, on("service:1")).await.allowed);
    assert!(!ask(here, may(mia, acme, Permission::Products)).await.allowed);
    let answer = ask(here, may(mia, acme, Permission::Invoices)).await;
    assert_eq!(answer.revision, Some(revision(here, acme).await));
    assert_eq!(ask(here, may(UserId(NOWHERE), acme, Permission::Invoices)).await.reason, Reason::UnknownUser);
    let nowhere = ask(here, may(mia, AccountId(NOWHERE), Permission::Invoices)).await;
    assert_eq!((nowhere.reason, nowhere.revision), (Reason::UnknownAccount, None));
    close(here, admin, acme).await;
    assert_eq!(reason(here, owner, acme).await, Reason::AccountClosed);
    assert_eq!(reason(here, mia, acme).await, Reason::AccountClosed);
    reopen(here, admin, acme).await;
    assert_eq!(reason(here, owner, acme).await, Reason::Owner);
    app.notify(Verification::Required).await;
    assert_eq!(reason(here, owner, acme).await, Reason::NotVerified);
    app.notify(Verification::Off).await;
    assert_eq!(reason(here, owner, acme).await, Reason::Owner);
}

#[on_both_databases]
async fn v6_3_3_a_second_factor_that_is_required_and_not_there_is_told(app: TestApp) {
    app.expect_unsent_mails();
    let (owner, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    let (here, there) = (&app.app, &app.second_node());
    let both = async |user, expected| {
        for node in [here, there] {
            assert_eq!(reason(node, user, acme).await, expected);
        }
    };
    both(mia, Reason::Grant).await;
    require(here, acme, true).await;
    both(mia, Reason::SecondFactorMissing).await;
    both(owner, Reason::SecondFactorMissing).await;
    let session = session_id(&app, &login(here, "mia@example.com").await).await;
    enrol(&app, Subject::User(mia), session).await;
    both(mia, Reason::Grant).await;
    let admin = staff(&app).await;
    as_staff::<ChangeLogins, _, _>(here, admin, move |tx, by| factor::take_from_user(tx, by, &confirmed(), mia)).await.unwrap();
    both(mia, Reason::SecondFactorMissing).await;
    require(there, acme, false).await;
    both(mia, Reason::Grant).await;
    let everybody = Security { everybody: true, admins: false, ..Security::default() };
    as_staff(here, admin, move |tx, by| Ok::<_, Denied>(set_security(tx, by, &everybody)?)).await.unwrap();
    both(mia, Reason::SecondFactorMissing).await;
}

#[on_both_databases]
async fn a_membership_ends_by_the_clock_without_anybody_changing_anything(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    let ends = app.clock.now().after(Duration::from_hours(1)).as_micros();
    sql(&app, &format!("update memberships set ends_at = {ends} where user_id = {mia}")).await.unwrap();
    assert_eq!(reason(&app.app, mia, acme).await, Reason::Grant);
    app.clock.advance(Duration::from_mins(59));
    assert_eq!(reason(&app.app, mia, acme).await, Reason::Grant);
    app.clock.advance(Duration::from_mins(1));
    assert_eq!(reason(&app.app, mia, acme).await, Reason::MembershipEnded);
}

#[on_both_databases]
async fn who_is_bound_to_one_account_learns_nothing_of_others(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let sam = person(&app, "Sam").await;
    let other = app.account("Umbrella", sam).await;
    let stranger = Answer { allowed: false, revision: None, reason: Reason::NotMember };
    for user in [owner, sam, UserId(NOWHERE)] {
        for account in [other, AccountId(NOWHERE)] {
            assert_eq!(ask_as(&app.app, Some(acme), may(user, account, Permission::Invoices)).await, stranger);
        }
    }
    let unknown = ask_as(&app.app, Some(acme), may(UserId(NOWHERE), acme, Permission::Invoices)).await;
    let no_member = ask_as(&app.app, Some(acme), may(sam, acme, Permission::Invoices)).await;
    assert_eq!(unknown, no_member, "who does not exist looks like who is no member");
    let asked = [may(sam, other, Permission::Invoices), may(owner, acme, Permission::Invoices)];
    let answers = check_all(&app.app, Some(acme), &asked, &[(other, 9_999)]).await.unwrap();
    assert_eq!(answers.iter().map(|answer| answer.allowed).collect::<Vec<_>>(), [false, true], "in the order of the questions");
}

#[on_both_databases]
async fn a_thousand_questions_are_answered_in_order_and_one_more_is_refused(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    let users = [owner, mia, UserId(NOWHERE)];
    let asked: Vec<Question> = (0..MAX_QUESTIONS)
        .map(|index| may(users[index % 3], acme, Permission::GRANTABLE[index % Permission::GRANTABLE.len()]))
        .collect();
    for _ in 0..2 {
        let answers = check_all(&app.app, None, &asked, &[]).await.unwrap();
        for (question, answer) in asked.iter().zip(&answers) {
            let expected = question.user == owner || (question.user == mia && question.permission == Permission::Invoices);
            assert_eq!(answer.allowed, expected, "{question:?}");
        }
    }
    // Many different pairs, of which most do not exist.
    let asked: Vec<Question> = (0..1_000).map(|index| may(mia, AccountId(acme.0 + index), Permission::Invoices)).collect();
    let answers = check_all(&app.app, None, &asked, &[]).await.unwrap();
    assert!(answers[0].allowed && answers[1..].iter().all(|answer| answer.reason == Reason::UnknownAccount));
    let more = vec![may(mia, acme, Permission::Invoices); MAX_QUESTIONS + 1];
    assert!(matches!(check_all(&app.app, None, &more, &[]).await, Err(Error::TooMany("checks"))));
    assert!(check_all(&app.app, None, &[], &[]).await.unwrap().is_empty());
}

#[on_both_databases]
async fn a_demanded_revision_is_there_or_missed_loudly(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    let there = app.second_node();
    assert!(ask(&there, may(mia, acme, Permission::Invoices)).await.allowed);
    set_grants(&app.app, owner, acme, mia, "tickets").await.unwrap();
    let now = revision(&app.app, acme).await;
    let asked = [may(mia, acme, Permission::Invoices)];
    let answers = check_all(&there, None, &asked, &[(acme, now)]).await.unwrap();
    assert_eq!((answers[0].allowed, answers[0].revision), (false, Some(now)));
    let future = check_all(&there, None, &asked, &[(acme, now + 1)]).await;
    assert!(matches!(future, Err(Error::TooOld { account, revision }) if account == acme && revision == now));
}

#[on_both_databases]
async fn no_revision_is_demanded_of_an_account_that_nobody_asks_about(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let (other, nowhere) = (app.account("Umbrella", owner).await, AccountId(NOWHERE));
    let asked = [may(owner, acme, Permission::Invoices)];
    let now = revision(&app.app, acme).await;
    for scope in [None, Some(acme)] {
        let refused = check_all(&app.app, scope, &asked, &[(acme, now), (other, 1), (nowhere, 1)]).await;
        assert!(matches!(refused, Err(Error::NotAsked(accounts)) if accounts == [other, nowhere]), "{scope:?}");
    }
    let nothing = check_all(&app.app, None, &[], &[(acme, now)]).await;
    assert!(matches!(nothing, Err(Error::NotAsked(accounts)) if accounts == [acme]));
}

#[on_both_databases]
async fn the_two_lists_say_what_single_questions_do(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let umbrella = app.account("Umbrella", owner).await;
    let mut members = vec![owner];
    for (index, keys) in ["invoices", "tickets", "invoices tickets", "users", "invoices products@service:1"].iter().enumerate() {
        members.push(member(&app, acme, &format!("Mia{index}"), keys).await);
    }
    let everybody = async |permission, scope| {
        let (mut found, mut after): (Vec<Access>, _) = (Vec::new(), None);
        loop {
            let page = app.app.read(move |snapshot| check::users_who_may(snapshot, as_scope(scope), acme, permission, after, 2));
            let page = page.await.unwrap().expect("the account is there");
            found.extend(page.rows);
            after = page.next;
            if after.is_none() {
                return found;
            }
        }
    };
    for permission in Permission::GRANTABLE {
        let listed: Vec<UserId> = everybody(Some(permission), None).await.iter().map(|access| access.user).collect();
        let mut asked = Vec::new();
        for user in &members {
            if ask(&app.app, may(*user, acme, permission)).await.allowed {
                asked.push(*user);
            }
        }
        assert_eq!(listed, asked, "{permission:?}");
    }
    let all = everybody(None, Some(acme)).await;
    assert_eq!(all.len(), members.len());
    assert_eq!(all.last().unwrap().keys(), "invoices products@service:1");
    let hidden =
        app.app.read(move |snapshot| check::users_who_may(snapshot, as_scope(Some(umbrella)), acme, None, None, 2)).await;
    assert_eq!(hidden.unwrap(), None);
    let of = async |user, scope, after| {
        app.app.read(move |snapshot| check::accounts_of(snapshot, as_scope(scope), user, after, 1)).await.unwrap()
    };
    let first = of(owner, None, None).await.unwrap();
    assert_eq!((first.rows[0].account, first.rows[0].is_owner, first.next), (acme, true, Some(acme)));
    let second = of(owner, None, first.next).await.unwrap();
    assert_eq!((second.rows[0].account, second.next), (umbrella, None), "no page comes after the last row");
    assert_eq!(of(UserId(NOWHERE), None, None).await, None);
    assert_eq!(of(members[1], Some(umbrella), None).await, None, "no member there");
    let bound = of(owner, Some(umbrella), None).await.unwrap();
    assert_eq!(bound.rows.iter().map(|access| access.account).collect::<Vec<_>>(), [umbrella]);
}

/// Both readers wait, and still there is an answer: nothing is asked of the database while nothing has changed in it.
#[tokio::test]
async fn fresh_copies_answer_without_a_connection() {
    let app = TestApp::sqlite().await;
    let (_, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    let (here, there) = (app.app.clone(), app.second_node());
    assert!(ask(&here, may(mia, acme, Permission::Invoices)).await.allowed);
    let mut held = Vec::new();
    for _ in 0..2 {
        let (release, wait) = mpsc::channel::<()>();
        let (begun, begins) = tokio::sync::oneshot::channel();
        let app = here.clone();
        let work = tokio::spawn(async move {
            app.read(move |_| {
                let _ = begun.send(());
                let _ = wait.recv();
                Ok::<_, Fault>(())
            })
            .await
        });
        begins.await.unwrap();
        held.push((release, work));
    }
    let answered = tokio::time::timeout(Duration::from_secs(20), ask(&here, may(mia, acme, Permission::Invoices))).await;
    assert!(answered.expect("no connection is waited for").allowed);
    // Another process changes something: now one is.
    set_grants(&there, owner_of(&there, acme).await, acme, mia, "tickets").await.unwrap();
    let question = may(mia, acme, Permission::Invoices);
    let waiting = tokio::spawn({
        let here = here.clone();
        async move { ask(&here, question).await }
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished(), "the copies are not fresh any more");
    for (release, work) in held {
        release.send(()).unwrap();
        work.await.unwrap().unwrap();
    }
    assert!(!waiting.await.unwrap().allowed);
    app.finish().await;
}

/// A node that slept through more changes than are kept forgets what it remembers.
#[on_both_databases]
async fn who_missed_too_many_changes_trusts_nothing_it_remembers(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    let there = app.second_node();
    assert!(ask(&there, may(mia, acme, Permission::Invoices)).await.allowed);
    set_grants(&app.app, owner, acme, mia, "tickets").await.unwrap();
    sql(&app, "delete from access_changes").await.unwrap();
    assert!(!ask(&there, may(mia, acme, Permission::Invoices)).await.allowed);
    set_grants(&app.app, owner, acme, mia, "invoices").await.unwrap();
    assert!(ask(&there, may(mia, acme, Permission::Invoices)).await.allowed);
}
