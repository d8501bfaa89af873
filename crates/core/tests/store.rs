//! What the two databases promise, and the way there: migrations, transactions, failures.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use latchkey_core::access::EditUsers;
use latchkey_core::account::{self, Details, NewOwner};
use latchkey_core::app::{App, Snapshot};
use latchkey_core::db::{Connections, Database, DbError, Location};
use latchkey_core::error::Fault;
use latchkey_core::id::{AccountId, UserId};
use latchkey_core::session;
use latchkey_core::settings::{self, Brand};
use latchkey_core::testing::{PASSWORD, START, TestApp};
use latchkey_core::user::{self, AdminChange, NewUser, PersonName};
use latchkey_test_macros::on_both_databases;
use tokio::runtime::Handle;

use crate::support::*;

fn change(first: &str, address: &str) -> AdminChange {
    AdminChange { name: PersonName { first: first.to_owned(), last: "Example".to_owned() }, email: email(address) }
}

fn open(location: &Location) -> Database {
    Database::open(location, Connections { sqlite_readers: 2, postgres: 4, attempts: 1 }).unwrap()
}

/// Another place beside the app's, without tables.
async fn empty_place(app: &TestApp) -> Location {
    match &app.location {
        Location::Sqlite(path) => Location::Sqlite(path.with_file_name("empty.db")),
        Location::Postgres(url) => {
            let schema = url.rsplit("%3D").next().unwrap();
            sql(app, &format!("create schema {schema}_empty")).await.unwrap();
            Location::Postgres(format!("{url}_empty"))
        }
    }
}

#[on_both_databases]
async fn a_taken_address_is_told_by_the_name_of_its_index(app: TestApp) {
    let (admin, gus) = (staff(&app).await, person(&app, "Gus").await);
    person(&app, "Mia").await;
    let taken = as_staff::<EditUsers, _, _>(&app.app, admin, move |tx, by| {
        user::update_at_once(tx, by, &confirmed(), gus, &change("Gus", "mia@example.com"))
    });
    assert!(matches!(taken.await, Err(user::Error::EmailTaken)), "users_email_key");
    assert!(DbError::Unique("users_email_key".to_owned()).is_unique("users_email_key"));
    assert!(!DbError::ForeignKey.is_unique("users_email_key"));
}

#[on_both_databases]
async fn the_database_refuses_what_no_code_should_do(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    invite(&app, owner, acme, "a@example.org", "invoices").await;
    for bad in [
        format!("delete from users where id = {owner}"),
        format!("update accounts set owner_id = {NOWHERE} where id = {acme}"),
        format!("insert into memberships (account_id, user_id, grants, added_by_kind, added_by_name, created_at) values ({acme}, {owner}, '', 'system', '', 0)"),
        format!("insert into memberships (account_id, user_id, grants, added_by_kind, added_by_name, created_at) values ({acme}, {NOWHERE}, '', 'system', '', 0)"),
        "insert into users (subject, first_name, last_name, email, email_key, created_at) values ('x', '', '', '', 'olivia@example.com', 0)".to_owned(),
        "insert into invitations (account_id, email, email_key, grants, token_hash, invited_by_kind, invited_by_name, created_at, sent_at, expires_at) select account_id, email, email_key, grants, '1', invited_by_kind, '', 0, 0, 0 from invitations".to_owned(),
        "update accounts set status = 'gone'".to_owned(),
        "update accounts set name = null".to_owned(),
    ] {
        let bad = match app.location {
            Location::Sqlite(_) => format!("pragma foreign_keys = on; {}", bad.replace("'1'", "x'01'")),
            Location::Postgres(_) => bad,
        };
        assert!(sql(&app, &bad).await.is_err(), "{bad}");
    }
}

#[on_both_databases]
async fn arguments_may_be_null_whatever_their_type(app: TestApp) {
    // An address that is not known, a host that was not found, a password that is not set, a mail without a link.
    let new = NewUser { name: change("Gus", "gus@example.com").name, email: email("gus@example.com"), password: None };
    let nowhere = latchkey_core::app::Request::default();
    let gus = app.app.write(&nowhere, move |tx| user::create(tx, &system(), &new)).await.unwrap();
    let admin = staff(&app).await;
    let to = email("me@staff.example");
    let test = as_staff(&app.app, admin, move |tx, by| Ok::<_, user::Error>(latchkey_core::mail::send_test(tx, by, &to)?));
    test.await.unwrap();
    app.take_mails().await;
    let found = app.app.read(move |snapshot| user::find(snapshot, gus)).await.unwrap().unwrap();
    assert!(!found.has_password && found.password_changed_at.is_none() && found.last_login.ip.is_none());
    assert!(events(&app).await.iter().any(|event| event.ip.is_none() && event.account_id.is_none()));
    let listed =
        app.app.read(move |snapshot| Ok::<_, user::Error>(user::list(snapshot, &snapshot.authorize_admin(admin)?, "", None, 9)?));
    assert_eq!(listed.await.unwrap().len(), 1);
    let listed = app.app.read(move |snapshot| {
        Ok::<_, user::Error>(account::list(snapshot, &snapshot.authorize_admin(admin)?, &account::Filter::default(), 9)?)
    });
    assert!(listed.await.unwrap().is_empty());
}

#[on_both_databases]
async fn what_is_rolled_back_leaves_nothing(app: TestApp) {
    let owner = person(&app, "Olivia").await;
    let before = dump(&app).await;
    let request = request();
    let undone = app.app.write(&request, move |tx| {
        let details = Details { name: "Acme".to_owned(), ..Details::default() };
        account::create_by_system(tx, &system(), &details, &NewOwner::Existing(owner))?;
        Err::<AccountId, _>(account::Error::NotFound)
    });
    assert!(undone.await.is_err());
    assert_eq!(before, dump(&app).await);
}

/// From now on no row of this table can be written that has this text in that column.
async fn refuse(app: &TestApp, table: &str, column: &str, text: &str) {
    let statement = match &app.location {
        Location::Sqlite(_) => format!(
            "create trigger refused before insert on {table} when new.{column} = '{text}' begin select raise(abort, 'refused'); end"
        ),
        Location::Postgres(_) => format!("alter table {table} add constraint refused check ({column} <> '{text}') not valid"),
    };
    sql(app, &statement).await.unwrap();
}

/// Lifts that.
async fn refuse_no_more(app: &TestApp, table: &str) {
    let statement = match &app.location {
        Location::Sqlite(_) => "drop trigger refused".to_owned(),
        Location::Postgres(_) => format!("alter table {table} drop constraint refused"),
    };
    sql(app, &statement).await.unwrap();
}

#[on_both_databases]
async fn what_cannot_be_written_down_does_not_happen(app: TestApp) {
    person(&app, "Olivia").await;
    let started = login(&app.app, "olivia@example.com").await;
    let resolved = resolved(&app.app, &started.secret).await.unwrap();
    let (user, session) = (resolved.user.id, resolved.session.id);
    let request = request();
    let logout = || app.app.write(&request, move |tx| session::logout(tx, &tx.myself(user)?, session));
    // On PostgreSQL the event is sent with the commit, and fails there.
    refuse(&app, "events", "kind", "logout").await;
    assert!(matches!(logout().await, Err(session::Error::Fault(Fault::Db(_)))));
    assert!(is_alive(&app.app, &started.secret).await);
    refuse_no_more(&app, "events").await;
    // Here with a statement that comes later: of the event nothing is asked, of the session a number that nobody wants.
    for (table, column, text) in [("events", "kind", "login"), ("sessions", "begun_by", "login")] {
        refuse(&app, table, column, text).await;
        let credentials = credentials("olivia@example.com", PASSWORD, false);
        let proven = session::authenticate(&app.app, &request, &credentials).await.unwrap();
        let before = dump(&app).await;
        assert!(app.app.write(&request, move |tx| session::start(tx, &proven, false, "").map(drop)).await.is_err(), "{table}");
        assert_eq!(before, dump(&app).await, "{table}");
        refuse_no_more(&app, table).await;
    }
    logout().await.unwrap();
    assert!(!is_alive(&app.app, &started.secret).await);
}

#[on_both_databases]
async fn changes_that_are_sent_together_arrive_all_and_in_their_order(app: TestApp) {
    const MANY: i64 = 150;
    let owner = person(&app, "Olivia").await;
    let before = number(&app, "select max(seq) from access_changes").await;
    let request = request();
    let made = app.app.write(&request, move |tx| {
        let new = |number| Details { name: format!("Account {number}"), ..Details::default() };
        let make = |number| account::create_by_system(tx, &system(), &new(number), &NewOwner::Existing(owner));
        (0..MANY).map(make).collect::<Result<Vec<_>, _>>()
    });
    let made = made.await.unwrap();
    let (first, last) = (made.first().unwrap(), made.last().unwrap());
    let told = format!("select count(*) from access_changes where seq > {before} and account_id between {first} and {last}");
    assert_eq!(number(&app, &told).await, MANY);
    let order = format!(
        "select count(*) from access_changes a join access_changes b on b.seq = a.seq + 1 where a.account_id = b.account_id - 1 and a.account_id between {first} and {last}"
    );
    assert_eq!(number(&app, &order).await, MANY - 1);
}

/// An operation that fails inside and goes on as if nothing had happened.
async fn swallow(app: &TestApp) -> Result<(), user::Error> {
    let (admin, gus) = (staff(app).await, person(app, "Gus").await);
    let mia = person(app, "Mia").await;
    as_staff::<EditUsers, _, _>(&app.app, admin, move |tx, by| {
        user::update_at_once(tx, by, &confirmed(), mia, &change("Changed", "mia@example.com"))?;
        let _ = user::update_at_once(tx, by, &confirmed(), gus, &change("Gus", "mia@example.com"));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn on_postgres_an_operation_that_swallows_a_failure_cannot_commit_silently() {
    let app = TestApp::postgres().await;
    let swallowed = swallow(&app).await;
    assert!(matches!(swallowed, Err(user::Error::Fault(Fault::Db(DbError::Schema(_))))), "{swallowed:?}");
    assert_eq!(number(&app, "select count(*) from users where first_name = 'Changed'").await, 0);
    person(&app, "Usable").await;
}

#[tokio::test]
async fn on_sqlite_a_failed_statement_undoes_itself_only() {
    let app = TestApp::sqlite().await;
    swallow(&app).await.unwrap();
    assert_eq!(number(&app, "select count(*) from users where first_name = 'Changed'").await, 1);
}

#[on_both_databases]
async fn a_panic_rolls_back_and_the_connections_stay_usable(app: TestApp) {
    let before = dump(&app).await;
    for _ in 0..50 {
        let node = app.app.clone();
        let panicked = tokio::spawn(async move {
            node.write(&request(), |tx| {
                let new = NewUser { name: change("Gus", "g@example.com").name, email: email("g@example.com"), password: None };
                user::create(tx, &system(), &new)?;
                panic!("on purpose");
                #[allow(unreachable_code, reason = "gives the closure its type")]
                Ok::<(), user::Error>(())
            })
            .await
        });
        assert!(panicked.await.unwrap_err().is_panic());
        let node = app.app.clone();
        let panicked = tokio::spawn(async move { node.read(|_| -> Result<(), Fault> { panic!("on purpose") }).await });
        assert!(panicked.await.unwrap_err().is_panic());
    }
    assert_eq!(before, dump(&app).await);
    person(&app, "Usable").await;
}

#[on_both_databases]
async fn whoever_waits_for_a_connection_is_told_the_time_when_it_has_one(app: TestApp) {
    let connections = match app.location {
        Location::Sqlite(_) => 2,
        Location::Postgres(_) => 4,
    };
    let (started, mut starts) = tokio::sync::mpsc::unbounded_channel();
    let (release, wait) = std::sync::mpsc::channel::<()>();
    let wait = Arc::new(Mutex::new(wait));
    for _ in 0..connections {
        let (node, started, wait) = (app.app.clone(), started.clone(), Arc::clone(&wait));
        tokio::spawn(async move {
            node.read(move |_| {
                started.send(()).unwrap();
                let _ = wait.lock().unwrap().recv();
                Ok::<_, Fault>(())
            })
            .await
        });
    }
    for _ in 0..connections {
        starts.recv().await.unwrap();
    }
    let node = app.app.clone();
    let asked = tokio::spawn(async move { node.read(|snapshot| Ok::<_, Fault>(snapshot.now())).await });
    tokio::task::yield_now().await;
    app.clock.advance(Duration::from_mins(1));
    drop(release);
    assert_eq!(asked.await.unwrap().unwrap(), START.after(Duration::from_mins(1)));
}

/// The name of this installation twice, and between the two somebody else has changed it.
async fn names(app: &Arc<TestApp>, look: impl AsyncFnOnce(&App, Names) -> Result<(String, String), Fault>) -> (String, String) {
    let other = Arc::clone(app);
    let rename = "insert into settings (key, value, updated_at) values ('brand.name', 'Renamed', 0)";
    let both: Names = Box::new(move |snapshot| {
        let before = settings::brand(snapshot)?.name;
        Handle::current().block_on(sql(&other, rename)).unwrap();
        Ok((before, settings::brand(snapshot)?.name))
    });
    let found = look(&app.app, both).await.unwrap();
    sql(app, "delete from settings").await.unwrap();
    found
}

type Names = Box<dyn FnOnce(&Snapshot<'_>) -> Result<(String, String), Fault> + Send>;

#[on_both_databases]
async fn a_snapshot_is_one_moment_and_on_postgresql_each_statement_outside_one_sees_the_latest(app: TestApp) {
    let (app, latest) = (Arc::new(app), Brand::default().name);
    let (before, after) = names(&app, async |app, both| app.read(both).await).await;
    assert_eq!((before, after), (latest.clone(), latest.clone()));
    let (before, after) = names(&app, async |app, both| app.read_committed(both).await).await;
    let is_postgres = matches!(app.location, Location::Postgres(_));
    assert_eq!((before, after), (latest.clone(), if is_postgres { "Renamed".to_owned() } else { latest }));
}

#[on_both_databases]
async fn what_fails_outside_a_snapshot_leaves_the_connection_usable(app: TestApp) {
    sql(&app, "alter table settings rename to mislaid").await.unwrap();
    assert!(app.app.read_committed(settings::brand).await.is_err());
    sql(&app, "alter table mislaid rename to settings").await.unwrap();
    assert_eq!(app.app.read_committed(settings::brand).await.unwrap().name, Brand::default().name);
    assert_eq!(app.app.read(settings::brand).await.unwrap().name, Brand::default().name);
}

#[on_both_databases]
async fn text_of_every_script_survives(app: TestApp) {
    let owner = person(&app, "Olivia").await;
    for name in ["👩‍💻 Ünï-çødé", "محمد العربي", "李小龙", "O'Neil \"Q\" `x`; drop table users; --", "$1 ?1 %s {} \\ \\0", "ﬀ ℡ ½"]
    {
        let account = app.account(name, owner).await;
        let found = app.app.read(move |snapshot| account::find(snapshot, account)).await.unwrap().unwrap();
        assert_eq!(found.details.name, name);
        let renamed = Details { city: name.to_owned(), ..found.details };
        in_account(&app.app, owner, account, move |tx, by| account::update(tx, by, &renamed)).await.unwrap();
    }
    assert_eq!(number(&app, "select count(*) from accounts where city = name").await, 6);
}

// Migrations.

#[on_both_databases]
async fn migrations_are_applied_once(app: TestApp) {
    let before = dump(&app).await;
    assert!(open(&app.location).migrate(START).await.unwrap().is_empty());
    assert_eq!(before, dump(&app).await);
    assert!(app.app.database().is_ready().await.unwrap());
}

#[on_both_databases]
async fn nodes_that_migrate_at_the_same_moment_do_it_once(app: TestApp) {
    let location = empty_place(&app).await;
    let nodes: Vec<_> = (0..4)
        .map(|_| {
            let location = location.clone();
            tokio::spawn(async move {
                let opened = tokio::task::spawn_blocking(move || open(&location)).await.unwrap();
                opened.migrate(START).await
            })
        })
        .collect();
    let mut applied = Vec::new();
    for node in nodes {
        applied.extend(node.await.unwrap().unwrap());
    }
    let mut once = applied.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(applied.len(), once.len());
    assert!(open(&location).is_ready().await.unwrap());
}

#[on_both_databases]
async fn a_database_without_tables_is_not_ready(app: TestApp) {
    let location = empty_place(&app).await;
    assert!(!open(&location).is_ready().await.unwrap_or(false));
}

#[on_both_databases]
async fn a_database_of_a_newer_latchkey_is_refused(app: TestApp) {
    sql(&app, "insert into migrations (name, checksum, applied_at) select '9999_future', checksum, 0 from migrations limit 1")
        .await
        .unwrap();
    let refused = open(&app.location).migrate(START).await;
    assert!(matches!(refused, Err(Fault::Db(DbError::Schema(_)))), "{refused:?}");
    assert!(app.app.database().is_ready().await.is_err());
}

#[on_both_databases]
async fn a_migration_that_was_changed_afterwards_is_refused(app: TestApp) {
    let damage = match app.location {
        Location::Sqlite(_) => "update migrations set checksum = x'00' where name = '0001_users'",
        Location::Postgres(_) => "update migrations set checksum = '\\x00' where name = '0001_users'",
    };
    sql(&app, damage).await.unwrap();
    let refused = open(&app.location).migrate(START).await;
    assert!(matches!(refused, Err(Fault::Db(DbError::Schema(why))) if why.contains("0001_users")));
}

#[on_both_databases]
async fn two_nodes_see_each_others_changes_at_once(app: TestApp) {
    let second: App = app.second_node();
    let gus: UserId = person(&app, "Gus").await;
    assert!(second.read(move |snapshot| user::find(snapshot, gus)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_postgres_that_is_away_is_an_error_and_no_panic() {
    let away = Location::Postgres("postgres://nobody@127.0.0.1:1/nothing".to_owned());
    let answer = open(&away).is_ready().await;
    assert!(matches!(answer, Err(Fault::Db(DbError::Unreachable(_)))), "{answer:?}");
    assert!(Database::open(&Location::Postgres("nonsense://".to_owned()), Connections::default()).is_err());
}

#[tokio::test]
async fn postgresql_is_reached_through_a_socket_of_this_machine_too() {
    let app = TestApp::postgres().await;
    let folder = text(&app, "show unix_socket_directories").await.unwrap();
    let Location::Postgres(url) = &app.location else { panic!("not a PostgreSQL database") };
    let socket = Location::Postgres(url.replace("127.0.0.1", &folder.replace('/', "%2F")));
    assert!(open(&socket).is_ready().await.unwrap());
    app.finish().await;
}
