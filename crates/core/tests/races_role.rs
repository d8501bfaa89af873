//! What happens while a role is changed or deleted, on two nodes: one story comes out of it, nobody sees a failure of the database, and
//! what members hold is what the tables say.

use std::cell::Cell;
use std::sync::mpsc;

use latchkey_core::access::{ConfigureSystem, ConfirmedAdmin, ManageUsers, Permission, System};
use latchkey_core::account;
use latchkey_core::app::App;
use latchkey_core::check::{self, Question, Reason, Scope};
use latchkey_core::db::Location;
use latchkey_core::error::{HasKind, Kind};
use latchkey_core::id::{AccountId, AdminId, InvitationId, RoleId, UserId};
use latchkey_core::invitation::{self, LoginAndAccept, NewInvitation};
use latchkey_core::membership;
use latchkey_core::role::{self, Details, Error};
use latchkey_core::secret::Secret;
use latchkey_core::settings::Verification;
use latchkey_core::testing::{PASSWORD, TestApp};
use latchkey_test_macros::on_both_databases;
use tokio::join;
use tokio::sync::oneshot;

use crate::races::{Nodes, ROUNDS, count, nodes, ok};
use crate::support::*;

/// What the role gives in each round: something else than in the round before.
const GIVEN: [&str; 2] = ["tickets", "invoices quotes"];

async fn delete(app: &App, admin: AdminId, id: RoleId) -> Result<String, Error> {
    as_staff::<ConfigureSystem, _, _>(app, admin, move |tx, by| role::delete(tx, by, id)).await
}

async fn take_role(app: &App, by: UserId, account: AccountId, from: UserId) {
    let taken = in_account::<ManageUsers, _, membership::Error>(app, by, account, move |tx, by| {
        membership::set_held(tx, by, from, None, &grants("emails"))
    });
    taken.await.unwrap();
}

async fn offer(app: &App, by: UserId, account: AccountId, to: &str, role: RoleId) -> Result<InvitationId, invitation::Error> {
    let new = NewInvitation { email: email(to), grants: grants(""), role: Some(role) };
    in_account::<ManageUsers, _, _>(app, by, account, move |tx, by| invitation::send(tx, by, &new)).await
}

/// The link of an invitation that offers the role.
async fn offered(app: &TestApp, nodes: &Nodes, to: &str, role: RoleId) -> Secret {
    app.take_mails().await;
    offer(&nodes.first, nodes.owner, nodes.acme, to, role).await.unwrap();
    latest_link(app).await
}

/// Both nodes answer every question about the member with what its role gives, and nothing else.
async fn answers_agree(nodes: &Nodes, account: AccountId, user: UserId, role: Option<(RoleId, &str)>) {
    let given = role.map_or_else(|| grants(""), |(_, keys)| grants(keys));
    for node in [&nodes.first, &nodes.second] {
        assert_eq!(held(node, user, account).await, Some(given.to_string()));
        let asked = Permission::ALL.map(|permission| Question { user, account, permission, resource: None });
        let scope = Scope::machine(&System::named("test"));
        let answers = check::check(node, &check::fresh(node).await.unwrap(), scope, &asked, &[].into()).await.unwrap();
        for (question, answer) in asked.iter().zip(answers) {
            let by_role = role.filter(|_| given.has(question.permission)).map(|(id, _)| Reason::Role(id));
            assert_eq!(answer.reason, by_role.unwrap_or(Reason::NotHeld), "{:?}", question.permission);
        }
    }
}

/// Neither a membership nor an open invitation names a role that is not there.
async fn nothing_dangles(app: &TestApp) {
    for table in ["memberships", "invitations"] {
        let lost =
            format!("select count(*) from {table} t where t.role_id is not null and t.role_id not in (select id from roles)");
        assert_eq!(number(app, &lost).await, 0, "{table}");
    }
}

#[on_both_databases]
async fn rule_11_a_role_that_changes_while_it_is_given_counts_as_it_is_then_for_everybody(app: TestApp) {
    app.expect_unsent_mails();
    let nodes = nodes(&app).await;
    // Accounts before and after Acme in the order in which they are held, each with a member who has no role at first.
    let mut others = Vec::new();
    for name in ["Nick", "Nora"] {
        let account = app.account(name, nodes.owner).await;
        others.push((account, member(&app, account, name, "emails").await));
    }
    let (zoe, mia) = (member(&app, nodes.acme, "Zoe", "emails").await, member(&app, nodes.acme, "Mia", "emails").await);
    let max = member(&app, others[1].0, "Max", "emails").await;
    let changed = role(&app, nodes.admin, "Changed", "domains").await;
    give_role(&nodes.first, nodes.owner, nodes.acme, zoe, changed).await.unwrap();
    app.notify(Verification::Off).await;
    let given = [(nodes.acme, mia), (others[0].0, others[0].1), (others[1].0, others[1].1), (others[1].0, max)];
    for round in 0..ROUNDS {
        let before = revision(&nodes.first, nodes.acme).await;
        let give = |node: &App, (account, to): (AccountId, UserId)| {
            let (node, owner) = (node.clone(), nodes.owner);
            async move { give_role(&node, owner, account, to, changed).await }
        };
        let (change, one, two, three, four) = join!(
            change_role(&nodes.first, nodes.admin, changed, GIVEN[round % 2]),
            give(&nodes.second, given[0]),
            give(&nodes.second, given[1]),
            give(&nodes.first, given[2]),
            give(&nodes.second, given[3]),
        );
        assert!(ok(&change), "{change:?}");
        assert_eq!(count([ok(&one), ok(&two), ok(&three), ok(&four)]), 4, "{one:?} {two:?} {three:?} {four:?}");
        assert_eq!(revision(&nodes.first, nodes.acme).await, before + 2, "the change and what was given");
        for (account, user) in given.into_iter().chain([(nodes.acme, zoe)]) {
            answers_agree(&nodes, account, user, Some((changed, GIVEN[round % 2]))).await;
        }
        for (account, user) in given {
            take_role(&nodes.first, nodes.owner, account, user).await;
        }
    }
}

#[on_both_databases]
async fn rule_11_a_role_that_changes_while_its_offer_is_accepted_counts_as_it_is_then(app: TestApp) {
    app.expect_unsent_mails();
    let nodes = nodes(&app).await;
    let elsewhere = app.account("Elsewhere", nodes.owner).await;
    let changed = role(&app, nodes.admin, "Changed", "domains").await;
    for round in 0..ROUNDS {
        // Who accepts has the role in another account already and so is told of its change.
        let (guest, other) = (nodes.guest(&app, round).await, person(&app, &format!("Other{round}")).await);
        for user in [guest, other] {
            app.member(elsewhere, user, grants("emails")).await;
            give_role(&nodes.first, nodes.owner, elsewhere, user, changed).await.unwrap();
        }
        let link = offered(&app, &nodes, &format!("guest{round}@example.org"), changed).await;
        let second = offered(&app, &nodes, &format!("other{round}@example.org"), changed).await;
        let input = LoginAndAccept { secret: second, login: credentials(&format!("other{round}@example.com"), PASSWORD, false) };
        app.notify(Verification::Off).await;
        let (before, there) = (revision(&nodes.first, nodes.acme).await, revision(&nodes.first, elsewhere).await);
        let request = request();
        let (change, accepted, landed) = join!(
            change_role(&nodes.first, nodes.admin, changed, GIVEN[round % 2]),
            accept(&nodes.second, guest, &link),
            invitation::login_and_accept(&nodes.second, &request, input),
        );
        assert!(ok(&change) && ok(&accepted) && ok(&landed), "{change:?} {accepted:?}");
        let risen = revision(&nodes.first, nodes.acme).await - before;
        assert!(risen == 2 || risen == 3, "both acceptances, and the change where somebody had it before: {risen}");
        assert_eq!(revision(&nodes.first, elsewhere).await, there + 1);
        for (account, user) in [(nodes.acme, guest), (nodes.acme, other), (elsewhere, guest), (elsewhere, other)] {
            answers_agree(&nodes, account, user, Some((changed, GIVEN[round % 2]))).await;
        }
        app.expect_unsent_mails();
        for (account, user) in [(nodes.acme, guest), (nodes.acme, other), (elsewhere, guest), (elsewhere, other)] {
            remove(&nodes.first, nodes.owner, account, user).await.unwrap();
        }
    }
}

#[on_both_databases]
async fn a_role_that_is_given_and_deleted_at_once_is_given_or_gone(app: TestApp) {
    app.expect_unsent_mails();
    let nodes = nodes(&app).await;
    let mia = member(&app, nodes.acme, "Mia", "emails").await;
    for round in 0..ROUNDS {
        let doomed = role(&app, nodes.admin, &format!("Doomed {round}"), "tickets").await;
        let before = revision(&nodes.first, nodes.acme).await;
        let (given, deleted) =
            join!(give_role(&nodes.second, nodes.owner, nodes.acme, mia, doomed), delete(&nodes.first, nodes.admin, doomed),);
        assert_eq!(count([ok(&given), ok(&deleted)]), 1, "{given:?} {deleted:?}");
        nothing_dangles(&app).await;
        if given.is_ok() {
            assert!(matches!(deleted, Err(Error::InUse)));
            assert_eq!(revision(&nodes.first, nodes.acme).await, before + 1);
            answers_agree(&nodes, nodes.acme, mia, Some((doomed, "tickets"))).await;
            take_role(&nodes.first, nodes.owner, nodes.acme, mia).await;
        } else {
            assert!(matches!(given, Err(membership::Error::NoSuchRole)), "{given:?}");
            assert_eq!(revision(&nodes.first, nodes.acme).await, before);
        }
    }
}

#[on_both_databases]
async fn a_role_that_is_offered_and_deleted_at_once_is_offered_or_gone(app: TestApp) {
    app.expect_unsent_mails();
    let nodes = nodes(&app).await;
    for round in 0..ROUNDS {
        let doomed = role(&app, nodes.admin, &format!("Doomed {round}"), "tickets").await;
        let to = format!("guest{round}@example.org");
        let (sent, deleted) =
            join!(offer(&nodes.second, nodes.owner, nodes.acme, &to, doomed), delete(&nodes.first, nodes.admin, doomed),);
        assert_eq!(count([ok(&sent), ok(&deleted)]), 1, "{sent:?} {deleted:?}");
        nothing_dangles(&app).await;
        let Ok(sent) = sent else {
            assert!(matches!(sent, Err(invitation::Error::NoSuchRole)), "{sent:?}");
            continue;
        };
        assert!(matches!(deleted, Err(Error::InUse)));
        // Taken back and deleted at once it is gone, or still offered by what was not taken back yet.
        let (cancelled, deleted) =
            join!(cancel(&nodes.first, nodes.owner, nodes.acme, sent), delete(&nodes.second, nodes.admin, doomed));
        assert!(ok(&cancelled), "{cancelled:?}");
        assert!(ok(&deleted) || matches!(deleted, Err(Error::InUse)), "{deleted:?}");
        nothing_dangles(&app).await;
    }
}

#[on_both_databases]
async fn a_role_whose_offer_is_accepted_is_not_deleted_meanwhile(app: TestApp) {
    app.expect_unsent_mails();
    let nodes = nodes(&app).await;
    for round in 0..ROUNDS {
        let kept = role(&app, nodes.admin, &format!("Kept {round}"), "tickets").await;
        let guest = nodes.guest(&app, round).await;
        let link = offered(&app, &nodes, &format!("guest{round}@example.org"), kept).await;
        let before = revision(&nodes.first, nodes.acme).await;
        let (accepted, deleted) = join!(accept(&nodes.second, guest, &link), delete(&nodes.first, nodes.admin, kept));
        assert!(ok(&accepted) && matches!(deleted, Err(Error::InUse)), "{accepted:?} {deleted:?}");
        assert_eq!(revision(&nodes.first, nodes.acme).await, before + 1);
        answers_agree(&nodes, nodes.acme, guest, Some((kept, "tickets"))).await;
        // Declined and deleted at once it is gone, or still offered by what was not declined yet.
        let link = offered(&app, &nodes, &format!("second{round}@example.org"), kept).await;
        take_role(&nodes.first, nodes.owner, nodes.acme, guest).await;
        let (declined, deleted) = join!(decline(&nodes.second, &link), delete(&nodes.first, nodes.admin, kept));
        assert!(ok(&declined), "{declined:?}");
        assert!(ok(&deleted) || matches!(deleted, Err(Error::InUse)), "{deleted:?}");
        nothing_dangles(&app).await;
    }
}

#[on_both_databases]
async fn changing_and_deleting_a_role_at_once_end_with_it_gone_once(app: TestApp) {
    let nodes = nodes(&app).await;
    for round in 0..ROUNDS {
        let doomed = role(&app, nodes.admin, &format!("Doomed {round}"), "tickets").await;
        let (changed, first, second) = join!(
            change_role(&nodes.first, nodes.admin, doomed, "invoices"),
            delete(&nodes.second, nodes.admin, doomed),
            delete(&nodes.first, nodes.admin, doomed),
        );
        assert!(ok(&changed) || matches!(changed, Err(Error::NotFound)), "{changed:?}");
        assert_eq!(count([ok(&first), ok(&second)]), 1, "{first:?} {second:?}");
        assert_eq!(number(&app, "select count(*) from roles").await, 0);
    }
}

#[on_both_databases]
async fn an_account_that_is_deleted_takes_its_roles_along_whoever_changes_or_deletes_them(app: TestApp) {
    app.expect_unsent_mails();
    let nodes = nodes(&app).await;
    let admin = nodes.admin;
    for round in 0..ROUNDS {
        let account = app.account("Doomed", nodes.owner).await;
        let new = Details { name: "Own".to_owned(), description: String::new(), grants: grants("tickets") };
        let own = as_staff::<ConfigureSystem, _, _>(&nodes.first, admin, move |tx, by| role::create(tx, by, Some(account), &new));
        let own = own.await.unwrap();
        for number in 0..5 {
            let sent = offer(&nodes.first, nodes.owner, account, &format!("guest{number}@example.org"), own).await.unwrap();
            cancel(&nodes.first, nodes.owner, account, sent).await.unwrap();
        }
        let gone = as_staff(&nodes.first, admin, move |tx, by| {
            account::delete(tx, by, &ConfirmedAdmin::machine(&System::named("test")), account)
        });
        let (gone, touched) = if round % 2 == 0 {
            let (gone, deleted) = join!(gone, delete(&nodes.second, admin, own));
            (gone, deleted.map(drop))
        } else {
            join!(gone, change_role(&nodes.second, admin, own, "invoices"))
        };
        assert!(ok(&gone), "{gone:?}");
        assert!(ok(&touched) || matches!(touched, Err(Error::NotFound)), "{touched:?}");
        assert_eq!(number(&app, "select count(*) from roles").await, 0);
    }
}

#[on_both_databases]
async fn rule_11_who_changes_a_role_that_was_given_while_it_waited_hinders_nobody_who_gives_it(app: TestApp) {
    app.expect_unsent_mails();
    let nodes = nodes(&app).await;
    let (mia, max) = (member(&app, nodes.acme, "Mia", "emails").await, member(&app, nodes.acme, "Max", "emails").await);
    let changed = role(&app, nodes.admin, "Changed", "domains").await;
    for round in 0..ROUNDS {
        let (inside, entered) = oneshot::channel();
        let (inside, (release, released)) = (Cell::new(Some(inside)), mpsc::channel());
        // Holds Acme and the role until the other two wait: one for the role, one for Acme.
        let first = in_account::<ManageUsers, _, _>(&nodes.first, nodes.owner, nodes.acme, move |tx, by| {
            membership::set_held(tx, by, mia, Some(changed), &grants(""))?;
            inside.take().expect("it is asked once").send(()).unwrap();
            let _ = released.recv();
            Ok::<_, membership::Error>(())
        });
        let release = async {
            entered.await.unwrap();
            for _ in 0..10 {
                number(&app, "select count(*) from roles").await;
            }
            release.send(()).unwrap();
        };
        let second = give_role(&nodes.second, nodes.owner, nodes.acme, max, changed);
        let change = change_role(&nodes.second, nodes.admin, changed, GIVEN[round % 2]);
        let (first, second, change, ()) = join!(first, second, change, release);
        assert!(ok(&first) && ok(&second) && ok(&change), "{first:?} {second:?} {change:?}");
        for user in [mia, max] {
            answers_agree(&nodes, nodes.acme, user, Some((changed, GIVEN[round % 2]))).await;
            take_role(&nodes.first, nodes.owner, nodes.acme, user).await;
        }
    }
}

/// A transaction behind core's back.
struct Other {
    client: tokio_postgres::Client,
    pid: i32,
}

impl Other {
    async fn begin(app: &TestApp, statement: &str) -> Self {
        let Location::Postgres(url) = &app.location else { panic!("only PostgreSQL has two writers") };
        let client = postgres(url).await;
        client.batch_execute(&format!("begin; {statement}")).await.unwrap();
        let pid = client.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0);
        Self { client, pid }
    }

    async fn commit(&self) {
        self.client.batch_execute("commit").await.unwrap();
    }

    /// Whether somebody waits for what it holds.
    async fn is_waited_for(&self) -> bool {
        let waiting = "select count(*) > 0 from pg_stat_activity where $1 = any(pg_blocking_pids(pid))";
        self.client.query_one(waiting, &[&self.pid]).await.unwrap().get(0)
    }
}

/// Each time the role is waited for, it is given in one more account, which somebody else holds at once.
#[tokio::test]
async fn rule_11_who_changes_a_role_that_is_given_again_and_again_is_told_so_and_changes_nothing() {
    let app = TestApp::postgres().await;
    let nodes = nodes(&app).await;
    let changed = role(&app, nodes.admin, "Changed", "domains").await;
    let mia = person(&app, "Mia").await;
    let mut accounts = Vec::new();
    for number in 0..30 {
        let account = app.account(&format!("Account {number}"), nodes.owner).await;
        app.member(account, mia, grants("emails")).await;
        accounts.push(account);
    }
    let give = async |account: AccountId| {
        let given = format!("update memberships set role_id = {changed} where account_id = {account} and user_id = {mia}");
        let giving = Other::begin(&app, &given).await;
        (giving, Other::begin(&app, &format!("select id from accounts where id = {account} for update")).await)
    };
    let before = number(&app, "select count(*) from events").await;
    let (mut giving, mut holding) = give(accounts[0]).await;
    let change = tokio::spawn({
        let (node, admin) = (nodes.first.clone(), nodes.admin);
        async move { change_role(&node, admin, changed, "tickets").await }
    });
    while !giving.is_waited_for().await {}
    for account in accounts.into_iter().skip(1) {
        giving.commit().await;
        while !change.is_finished() && !holding.is_waited_for().await {}
        if change.is_finished() {
            break;
        }
        let (next, next_holding) = give(account).await;
        // Whoever changes the role has seen by now who has it, and next waits for the role.
        holding.commit().await;
        (giving, holding) = (next, next_holding);
    }
    let change = change.await.unwrap();
    assert!(matches!(change, Err(Error::Busy)), "{change:?}");
    assert_eq!(change.unwrap_err().kind(), Kind::Conflict("error-role-busy"));
    assert_eq!(number(&app, "select count(*) from events").await, before);
    assert_eq!(number(&app, "select count(*) from roles where grants = 'domains' and revision = 1").await, 1);
}
