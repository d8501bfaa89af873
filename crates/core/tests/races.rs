//! What happens at the same moment, on two nodes. Whatever the order, one story comes out of it, and
//! nobody sees a failure of the database.

use std::pin::pin;
use std::sync::{Mutex, mpsc};

use latchkey_core::account::{self, Status};
use latchkey_core::app::App;
use latchkey_core::db::Location;
use latchkey_core::error::HasKind;
use latchkey_core::id::{AccountId, AdminId, InvitationId, UserId};
use latchkey_core::invitation;
use latchkey_core::outbox::{self, Claimed, Topic};
use latchkey_core::secret::Secret;
use latchkey_core::testing::{PASSWORD, TestApp, link_secret};
use latchkey_core::{mail, session, verification};
use latchkey_test_macros::on_both_databases;
use tokio::sync::oneshot;
use tokio::{join, select};

use crate::support::*;

/// How often each race is run.
pub(crate) const ROUNDS: usize = 30;

/// Whether it succeeded; a failure of the database fails the test.
#[track_caller]
pub(crate) fn ok<T, E: HasKind>(result: &Result<T, E>) -> bool {
    if let Err(error) = result {
        assert!(!is_internal(error), "the database failed: {error:?}");
    }
    result.is_ok()
}

/// How many of them are true.
pub(crate) fn count<const N: usize>(outcomes: [bool; N]) -> usize {
    outcomes.into_iter().filter(|outcome| *outcome).count()
}

/// In a transaction that has done its work: waits until others have had time to run into what it holds.
pub(crate) struct Held(Mutex<Option<(oneshot::Sender<()>, mpsc::Receiver<()>)>>);

/// Lets somebody begin once a transaction is [`Held`], and lets that go on when there was time for it.
pub(crate) struct Beside {
    entered: oneshot::Receiver<()>,
    release: mpsc::Sender<()>,
}

pub(crate) fn held_beside() -> (Held, Beside) {
    let (inside, entered) = oneshot::channel();
    let (release, released) = mpsc::channel();
    (Held(Mutex::new(Some((inside, released)))), Beside { entered, release })
}

impl Held {
    /// The first time.
    pub(crate) fn wait(&self) {
        let first = self.0.lock().unwrap().take();
        if let Some((inside, released)) = first {
            let _ = inside.send(());
            let _ = released.recv();
        }
    }
}

impl Beside {
    pub(crate) async fn run<T>(self, app: &TestApp, other: impl Future<Output = T>) -> T {
        self.entered.await.expect("the first has done its work");
        let mut other = pin!(other);
        let done = select! {
            done = &mut other => Some(done),
            () = somebody_waits(app) => None,
        };
        let _ = self.release.send(());
        match done {
            Some(done) => done,
            None => other.await,
        }
    }
}

/// Until somebody waits for a row of this test's database, or had time to. SQLite does not tell who waits.
async fn somebody_waits(app: &TestApp) {
    let (looks, waiting) = match app.location {
        Location::Sqlite(_) => (10, "select 0"),
        Location::Postgres(_) => (
            1_000,
            "select count(*) from pg_locks w where not w.granted and exists (
                 select 1 from pg_locks h join pg_class c on c.oid = h.relation
                 where h.pid = w.pid and c.relnamespace = current_schema()::regnamespace)",
        ),
    };
    for _ in 0..looks {
        if number(app, waiting).await > 0 {
            return;
        }
    }
}

/// Two nodes, an owner and an account.
pub(crate) struct Nodes {
    pub(crate) first: App,
    pub(crate) second: App,
    pub(crate) owner: UserId,
    pub(crate) acme: AccountId,
    pub(crate) admin: AdminId,
}

pub(crate) async fn nodes(app: &TestApp) -> Nodes {
    let (owner, acme) = acme(app).await;
    Nodes { first: app.app.clone(), second: app.second_node(), owner, acme, admin: staff(app).await }
}

impl Nodes {
    /// A fresh invitation for the next round.
    pub(crate) async fn invitation(&self, app: &TestApp, round: usize) -> (InvitationId, Secret) {
        invite(app, self.owner, self.acme, &format!("guest{round}@example.org"), "invoices").await
    }

    /// A user for this round.
    pub(crate) async fn guest(&self, app: &TestApp, round: usize) -> UserId {
        person(app, &format!("Guest{round}")).await
    }
}

/// How many ends an invitation has come to.
async fn ends(app: &TestApp, id: InvitationId) -> i64 {
    let ends = "(case when accepted_at is null then 0 else 1 end) + (case when declined_at is null then 0 else 1 end)
        + (case when cancelled_at is null then 0 else 1 end)";
    number(app, &format!("select cast({ends} as bigint) from invitations where id = {id}")).await
}

pub(crate) async fn claim(app: &TestApp, topic: Topic) -> Vec<Claimed> {
    let lease = std::time::Duration::from_hours(9);
    app.app.write(&request(), move |tx| outbox::claim(tx, &system(), topic, 50, lease)).await.unwrap()
}

#[on_both_databases]
async fn rule_3_of_many_who_accept_one_link_exactly_one_gets_in(app: TestApp) {
    let nodes = nodes(&app).await;
    let mut guests = Vec::new();
    for number in 0..6 {
        guests.push(nodes.guest(&app, number).await);
    }
    for round in 0..ROUNDS {
        let (_, link) = nodes.invitation(&app, round).await;
        let tries: Vec<_> = guests
            .iter()
            .zip([&nodes.first, &nodes.second].into_iter().cycle())
            .map(|(guest, node)| {
                let (guest, node, link) = (*guest, node.clone(), link.clone());
                tokio::spawn(async move { accept(&node, guest, &link).await })
            })
            .collect();
        let mut inside = 0;
        for one in tries {
            let result = one.await.unwrap();
            assert!(matches!(result, Ok(_) | Err(invitation::Error::Gone)), "{result:?}");
            inside += usize::from(result.is_ok());
        }
        assert_eq!(inside, 1);
        assert_eq!(number(&app, "select count(*) from memberships").await, 2, "the owner and one guest");
        for guest in &guests {
            ok(&remove(&nodes.first, nodes.owner, nodes.acme, *guest).await);
        }
    }
}

#[on_both_databases]
async fn v15_4_1_accepting_and_cancelling_have_one_outcome(app: TestApp) {
    let nodes = nodes(&app).await;
    for round in 0..ROUNDS {
        let ((id, link), guest) = (nodes.invitation(&app, round).await, nodes.guest(&app, round).await);
        let (accepted, cancelled) = join!(accept(&nodes.first, guest, &link), cancel(&nodes.second, nodes.owner, nodes.acme, id));
        assert_eq!(count([ok(&accepted), ok(&cancelled)]), 1);
        assert_eq!(can_enter(&nodes.first, guest, nodes.acme).await, accepted.is_ok());
        assert_eq!(ends(&app, id).await, 1);
    }
}

#[on_both_databases]
async fn accepting_and_resending_leave_one_link_that_works_or_none(app: TestApp) {
    let nodes = nodes(&app).await;
    for round in 0..ROUNDS {
        let ((id, link), guest) = (nodes.invitation(&app, round).await, nodes.guest(&app, round).await);
        let (accepted, resent) = join!(accept(&nodes.first, guest, &link), resend(&nodes.second, nodes.owner, nodes.acme, id));
        assert_eq!(count([ok(&accepted), ok(&resent)]), 1);
        let mails = app.take_mails().await;
        assert_eq!(mails.len(), usize::from(resent.is_ok()));
        if let Some(mail) = mails.first() {
            assert!(matches!(accept(&nodes.second, guest, &link).await, Err(invitation::Error::Gone)));
            accept(&nodes.first, guest, &link_secret(mail)).await.unwrap();
        }
        assert_eq!(ends(&app, id).await, 1);
    }
}

#[on_both_databases]
async fn resending_twice_at_once_leaves_one_link_that_works(app: TestApp) {
    let nodes = nodes(&app).await;
    for round in 0..ROUNDS {
        let ((id, old), guest) = (nodes.invitation(&app, round).await, nodes.guest(&app, round).await);
        let (first, second) =
            join!(resend(&nodes.first, nodes.owner, nodes.acme, id), resend(&nodes.second, nodes.owner, nodes.acme, id));
        assert_eq!(count([ok(&first), ok(&second)]), 2);
        let links: Vec<_> = app.take_mails().await.iter().map(link_secret).collect();
        assert_eq!(links.len(), 1, "the mail of the link that was retired at once is not sent");
        assert!(matches!(open(&nodes.first, &old).await, Err(invitation::Error::Gone)));
        accept(&nodes.second, guest, &links[0]).await.unwrap();
    }
}

#[on_both_databases]
async fn cancelling_and_declining_have_one_outcome(app: TestApp) {
    let nodes = nodes(&app).await;
    for round in 0..ROUNDS {
        let (id, link) = nodes.invitation(&app, round).await;
        let (cancelled, declined) = join!(cancel(&nodes.first, nodes.owner, nodes.acme, id), decline(&nodes.second, &link));
        assert_eq!(count([ok(&cancelled), ok(&declined)]), 1);
        assert_eq!(ends(&app, id).await, 1);
    }
}

#[on_both_databases]
async fn two_invitations_to_one_address_at_once_are_one(app: TestApp) {
    let nodes = nodes(&app).await;
    for round in 0..ROUNDS {
        let to = format!("guest{round}@example.org");
        let shouted = to.to_uppercase();
        let (first, second) = join!(
            send(&nodes.first, nodes.owner, nodes.acme, &to, "invoices"),
            send(&nodes.second, nodes.owner, nodes.acme, &shouted, "tickets")
        );
        let id = match (&first, &second) {
            (Ok(id), Err(invitation::Error::AlreadyPending(other))) | (Err(invitation::Error::AlreadyPending(other)), Ok(id)) => {
                assert_eq!(id, other);
                *id
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(ends(&app, id).await, 0);
        assert_eq!(app.take_mails().await.len(), 1);
    }
}

#[on_both_databases]
async fn rule_1_two_transfers_at_once_leave_one_owner_who_is_a_member(app: TestApp) {
    let nodes = nodes(&app).await;
    let (mia, max) = (member(&app, nodes.acme, "Mia", "invoices").await, member(&app, nodes.acme, "Max", "tickets").await);
    let lost = "select count(*) from accounts a where not exists
        (select 1 from memberships m where m.account_id = a.id and m.user_id = a.owner_id)";
    for _ in 0..ROUNDS {
        let (first, second) = join!(make_owner(&nodes.first, nodes.acme, mia), make_owner(&nodes.second, nodes.acme, max));
        assert!(ok(&first) | ok(&second));
        assert!([mia, max].contains(&owner_of(&nodes.first, nodes.acme).await));
        assert_eq!(number(&app, lost).await, 0);
        make_owner(&nodes.first, nodes.acme, nodes.owner).await.unwrap();
    }
}

#[on_both_databases]
async fn rule_1_a_transfer_to_somebody_who_is_just_removed_leaves_an_owner(app: TestApp) {
    let nodes = nodes(&app).await;
    let mia = person(&app, "Mia").await;
    for _ in 0..ROUNDS {
        app.member(nodes.acme, mia, grants("invoices")).await;
        let (made, removed) =
            join!(make_owner(&nodes.first, nodes.acme, mia), remove(&nodes.second, nodes.owner, nodes.acme, mia));
        assert_eq!(count([ok(&made), ok(&removed)]), 1);
        assert!(can_enter(&nodes.first, owner_of(&nodes.second, nodes.acme).await, nodes.acme).await);
        if made.is_ok() {
            make_owner(&nodes.first, nodes.acme, nodes.owner).await.unwrap();
            remove(&nodes.first, nodes.owner, nodes.acme, mia).await.unwrap();
        }
    }
}

#[on_both_databases]
async fn rule_2_removing_wins_over_granting(app: TestApp) {
    let nodes = nodes(&app).await;
    let mia = person(&app, "Mia").await;
    for _ in 0..ROUNDS {
        app.member(nodes.acme, mia, grants("invoices")).await;
        let (removed, granted) = join!(
            remove(&nodes.first, nodes.owner, nodes.acme, mia),
            set_grants(&nodes.second, nodes.owner, nodes.acme, mia, "tickets")
        );
        removed.unwrap();
        ok(&granted);
        assert_eq!(held(&nodes.first, mia, nodes.acme).await, None);
    }
}

#[on_both_databases]
async fn a_worker_that_reports_a_mail_does_not_collide_with_a_resend_or_a_cancellation(app: TestApp) {
    let (nodes, request) = (nodes(&app).await, request());
    for round in 0..ROUNDS {
        let id = send(&nodes.first, nodes.owner, nodes.acme, &format!("guest{round}@example.org"), "invoices").await.unwrap();
        let work = claim(&app, Topic::Mail).await;
        let work = *work.last().unwrap();
        let reported = nodes.second.write(&request, move |tx| {
            let system = system();
            let done = match round % 3 {
                0 => mail::sent(tx, &system, work, "250 ok"),
                1 => mail::failed(tx, &system, work, "550 no"),
                _ => mail::put_off(tx, &system, work, "451 later", std::time::Duration::from_secs(1)),
            };
            done.map_err(session::Error::from)
        });
        if round % 2 == 0 {
            let (reported, resent) = join!(reported, resend(&nodes.first, nodes.owner, nodes.acme, id));
            assert!(ok(&reported) && ok(&resent));
        } else {
            let (reported, cancelled) = join!(reported, cancel(&nodes.first, nodes.owner, nodes.acme, id));
            assert!(ok(&reported) && ok(&cancelled));
        }
    }
    app.expect_unsent_mails();
}

#[on_both_databases]
async fn a_worker_that_reports_a_mail_does_not_collide_with_the_deletion_of_its_account(app: TestApp) {
    let (nodes, request) = (nodes(&app).await, request());
    for round in 0..ROUNDS {
        let doomed = app.account("Doomed", nodes.owner).await;
        send(&nodes.first, nodes.owner, doomed, "guest@example.org", "invoices").await.unwrap();
        let [work] = claim(&app, Topic::Mail).await.try_into().unwrap();
        let reported = nodes.second.write(&request, move |tx| {
            let system = system();
            let done = if round % 2 == 0 {
                mail::sent(tx, &system, work, "250 ok")
            } else {
                mail::put_off(tx, &system, work, "451 later", std::time::Duration::from_secs(1))
            };
            done.map_err(session::Error::from)
        });
        let deleted = as_staff(&nodes.first, nodes.admin, move |tx, by| account::delete(tx, by, &confirmed(), doomed));
        let (reported, deleted) = join!(reported, deleted);
        assert!(ok(&reported) && ok(&deleted), "{reported:?} {deleted:?}");
        assert_eq!(number(&app, "select count(*) from outbox where topic = 'mail'").await, 0);
    }
}

#[on_both_databases]
async fn rule_8_classifying_does_not_open_what_is_being_closed(app: TestApp) {
    let nodes = nodes(&app).await;
    let (admin, acme) = (nodes.admin, nodes.acme);
    for round in 0..ROUNDS {
        let group = Some(client_group(&app, admin, &format!("group {round}")).await);
        let classified = as_staff(&nodes.second, admin, move |tx, by| account::classify(tx, by, acme, group, round % 2 == 0));
        let closed = as_staff(&nodes.first, admin, move |tx, by| account::close(tx, by, acme));
        let (closed, classified) = join!(closed, classified);
        assert!(ok(&closed) && ok(&classified));
        let found = nodes.first.read(move |snapshot| account::find(snapshot, acme)).await.unwrap().unwrap();
        assert_eq!(found.status, Status::Closed);
        reopen(&nodes.first, admin, acme).await;
    }
}

#[on_both_databases]
async fn rule_8_nobody_slips_into_an_account_that_is_being_closed(app: TestApp) {
    let nodes = nodes(&app).await;
    let (admin, acme) = (nodes.admin, nodes.acme);
    for round in 0..ROUNDS {
        let ((_, link), guest) = (nodes.invitation(&app, round).await, nodes.guest(&app, round).await);
        let closed = as_staff(&nodes.first, admin, move |tx, by| account::close(tx, by, acme));
        let (closed, accepted) = join!(closed, accept(&nodes.second, guest, &link));
        assert!(ok(&closed));
        ok(&accepted);
        assert!(!can_enter(&nodes.first, guest, acme).await);
        reopen(&nodes.first, admin, acme).await;
        assert_eq!(can_enter(&nodes.first, guest, acme).await, accepted.is_ok());
    }
}

#[on_both_databases]
async fn who_loses_the_race_for_a_link_is_not_registered(app: TestApp) {
    let nodes = nodes(&app).await;
    for round in 0..ROUNDS {
        let ((_, link), guest) = (nodes.invitation(&app, round).await, nodes.guest(&app, round).await);
        let address = format!("guest{round}@example.org");
        let (registered, accepted) = join!(register(&nodes.second, &link, &address), accept(&nodes.first, guest, &link));
        assert_eq!(count([ok(&registered), ok(&accepted)]), 1);
        assert_eq!(nobody_has(&app, &address).await, registered.is_err());
    }
}

#[on_both_databases]
async fn two_who_register_the_same_address_at_once_make_one_user(app: TestApp) {
    let nodes = nodes(&app).await;
    let other = app.account("Other", nodes.owner).await;
    for round in 0..ROUNDS {
        let address = format!("guest{round}@example.org");
        let (_, first) = nodes.invitation(&app, round).await;
        let (_, second) = invite(&app, nodes.owner, other, &address, "invoices").await;
        let (first, second) = join!(register(&nodes.first, &first, &address), register(&nodes.second, &second, &address));
        assert_eq!(count([ok(&first), ok(&second)]), 1);
    }
}

#[on_both_databases]
async fn v6_4_1_of_two_resets_by_one_link_exactly_one_chooses_the_password(app: TestApp) {
    let nodes = nodes(&app).await;
    for round in 0..ROUNDS {
        nodes.guest(&app, round).await;
        let address = format!("guest{round}@example.com");
        ask_for_reset(&app, &address).await;
        let link = latest_link(&app).await;
        let passwords = ["the first new password", "the second new password"];
        let (one, other) = join!(choose(&nodes.first, &link, passwords[0]), choose(&nodes.second, &link, passwords[1]));
        assert_eq!(count([ok(&one), ok(&other)]), 1);
        let mut works = Vec::new();
        for password in passwords {
            works.push(log_in_with(&nodes.first, &request(), credentials(&address, password, false), "").await.is_ok());
        }
        assert_eq!(works, [one.is_ok(), other.is_ok()]);
        assert_eq!(told(&app).await, ["reset-done"]);
    }
}

#[on_both_databases]
async fn a_reset_and_a_login_leave_no_session_of_the_old_password(app: TestApp) {
    let nodes = nodes(&app).await;
    for round in 0..ROUNDS {
        let guest = nodes.guest(&app, round).await;
        let address = format!("guest{round}@example.com");
        ask_for_reset(&app, &address).await;
        let link = latest_link(&app).await;
        app.clock.advance(std::time::Duration::from_secs(1));
        let browser = request();
        let old = log_in_with(&nodes.second, &browser, credentials(&address, PASSWORD, false), "");
        let (reset, old) = join!(choose(&nodes.first, &link, "a new password of this round"), old);
        assert!(ok(&reset));
        ok(&old);
        assert_eq!(number(&app, &format!("select count(*) from sessions where user_id = {guest}")).await, 0);
        assert_eq!(told(&app).await, ["reset-done"]);
    }
}

#[on_both_databases]
async fn of_two_users_who_confirm_one_address_one_gets_it(app: TestApp) {
    let nodes = nodes(&app).await;
    for round in 0..ROUNDS {
        let mut links = Vec::new();
        for name in ["Ada", "Bea"] {
            let user = person(&app, &format!("{name}{round}")).await;
            let wanted = format!("wanted{round}@example.com");
            change_address(&app, &nodes.first, user, &wanted).await.unwrap();
            let mails = app.take_mails().await;
            links.push(mails.iter().find(|mail| mail.written.text.contains("/verify/")).map(link_secret).unwrap());
        }
        let (first, second) = (links.remove(0), links.remove(0));
        let browser = request();
        let (one, other) = join!(
            nodes.first.write(&browser, move |tx| verification::confirm(tx, &first)),
            nodes.second.write(&browser, move |tx| verification::confirm(tx, &second)),
        );
        assert_eq!(count([ok(&one), ok(&other)]), 1);
        assert_eq!(told(&app).await, ["email-changed", "email-changed"]);
    }
}
