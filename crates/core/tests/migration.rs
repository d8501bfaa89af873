//! From an older database, with rows in every table of then, to the newest: all of it is there, and core reads it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use latchkey_core::access::{Denied, Enter, Grants, ManageAdmins, ManageUsers, ShowsContacts, ViewContacts, ViewStaffArea, Who};
use latchkey_core::app::Snapshot;
use latchkey_core::contact::Category;
use latchkey_core::db::{Connections, Database, Location};
use latchkey_core::id::{AccountId, AdminId, UserId};
use latchkey_core::secret::Secret;
use latchkey_core::session::BegunBy;
use latchkey_core::testing::{START, TestApp};
use latchkey_core::{account, admin, contact, event, invitation, mail, membership, note, settings};
use ring::digest::{SHA256, digest};

use crate::support::*;

/// The last migration of the first schema that had all of accounts, users, staff, mails and the log.
const THEN: &str = "0010_settings";

const OLIVIA: UserId = UserId(1);
const MIA: UserId = UserId(2);
const ACME: AccountId = AccountId(1);
const UMBRELLA: AccountId = AccountId(2);
const STELLA: AdminId = AdminId(1);

/// Rows in every table of then. `{n}` is the hash of [`secret`] `n`, `{now}` a moment of then, `{later}` a week after it.
const ROWS: &str = "
begin;
insert into users (subject, first_name, last_name, email, email_key, password_hash, password_changed_at, verified_at, created_at,
    last_login_at, last_login_ip, last_login_host) values
    ('5f0c6a0e-7a8b-4c1d-9e2f-000000000001', 'Olivia', 'Owner', 'olivia@example.com', 'olivia@example.com', '{password}', {now}, {now},
        {now}, {now}, '192.0.2.7', 'host.example'),
    ('5f0c6a0e-7a8b-4c1d-9e2f-000000000002', 'Mia', 'Mëmber', 'Mia@Example.com', 'mia@example.com', '{password}', {now}, null, {now},
        null, null, null);
insert into accounts (name, company, contact_email, city, country, client_group, status, owner_id, revision, created_at, closed_at) values
    ('Acme', 'Acme Ltd.', 'acme@example.com', 'Utrecht', 'NL', 'VIP', 'active', 1, 7, {now}, null),
    ('Umbrella', '', '', '', '', '', 'closed', 1, 1, {now}, {now});
insert into invitations (account_id, email, email_key, grants, token_hash, invited_by_kind, invited_by_id, invited_by_name, created_at,
    sent_at, expires_at, accepted_at, accepted_by, accepted_as) values
    (1, 'm@example.com', 'm@example.com', 'invoices', {1}, 'user', 1, 'Olivia Owner', {now}, {now}, {later}, {now}, 2, 'mia@example.com'),
    (1, 'nora@example.com', 'nora@example.com', 'tickets', {2}, 'user', 1, 'Olivia Owner', {now}, {now}, {later}, null, null, null);
insert into memberships (account_id, user_id, grants, invitation_id, added_by_kind, added_by_id, added_by_name, created_at,
    last_entered_at) values
    (1, 1, '', null, 'system', null, 'System', {now}, null),
    (1, 2, 'invoices products@service:17', 1, 'user', 1, 'Olivia Owner', {now}, {now}),
    (2, 1, '', null, 'system', null, 'System', {now}, null);
insert into sessions (token_hash, user_id, created_at, last_seen_at, expires_at, remember, ip, host, user_agent) values
    ({3}, 2, {now}, {now}, {later}, 1, '192.0.2.7', null, 'A browser');
insert into admins (name, email, email_key, password_hash, created_at, disabled_at, last_login_at, last_login_ip) values
    ('Stella Staff', 'stella@staff.example', 'stella@staff.example', '{password}', {now}, null, null, null);
insert into admin_sessions (token_hash, admin_id, created_at, last_seen_at, expires_at, ip, user_agent) values
    ({4}, 1, {now}, {now}, {later}, '192.0.2.8', 'A browser');
insert into setup_links (token_hash, created_at, expires_at) values ({5}, {now}, {now});
insert into events (at, kind, actor_kind, actor_id, actor_name, ip, account_id, account_name, user_id, user_name, email, detail) values
    ({now}, 'account-created', 'system', null, 'System', null, 1, 'Acme', 1, 'Olivia Owner', '', ''),
    ({now}, 'invitation-accepted', 'user', 2, 'Mia Mëmber', '192.0.2.7', 1, 'Acme', 2, 'Mia Mëmber', 'm@example.com', '');
insert into mails (kind, account_id, user_id, invitation_id, to_address, subject, text_body, html_body, sealed_secret, queued_at,
    attempts, last_tried_at, last_answer, sent_at) values
    ('invitation', 1, null, 1, 'm@example.com', 'Join Acme', 'Text', '<p>Text</p>', null, {now}, 1, {now}, '250 ok', {now}),
    ('test', null, null, null, 'ops@example.com', 'A test', 'It waits', '<p>It waits</p>', null, {now}, 0, null, null, null);
insert into outbox (topic, ref_id, created_at, not_before) values ('mail', 2, {now}, {now});
insert into notes (account_id, text, author_id, author_name, created_at, pinned_at) values (1, 'Pays late.', 1, 'Stella Staff', {now}, {now});
insert into contacts (account_id, first_name, last_name, email, phone, categories, created_at) values
    (1, 'Carl', 'Contact', 'carl@example.com', '+31 6', 'invoice general', {now}),
    (1, 'Carl', 'Again', 'Carl@Example.com', '', '', {now});
insert into settings (key, value, updated_at) values ('brand.name', 'Acme Hosting', {now});
insert into search_terms (term, kind, id) values ('acme', 'account', 1), ('umbrella', 'account', 2), ('olivia', 'user', 1);
commit;
";

/// A secret that is known without asking for one.
fn secret(number: u8) -> Secret {
    Secret::parse(&URL_SAFE_NO_PAD.encode([number; 32])).unwrap()
}

/// [`ROWS`] as this database reads them.
fn rows(location: &Location, password: &str) -> String {
    let bytes = |hash: &str| match location {
        Location::Sqlite(_) => format!("x'{hash}'"),
        Location::Postgres(_) => format!("'\\x{hash}'"),
    };
    let hashed = (1..=5).fold(ROWS.to_owned(), |text, number| {
        text.replace(&format!("{{{number}}}"), &bytes(&hex(digest(&SHA256, &[number; 32]).as_ref())))
    });
    let later = START.after(std::time::Duration::from_hours(7 * 24)).as_micros().to_string();
    hashed.replace("{now}", &START.as_micros().to_string()).replace("{later}", &later).replace("{password}", password)
}

/// A place beside the app's, where an older Latchkey has left its database.
async fn older(app: &TestApp) -> Location {
    match &app.location {
        Location::Sqlite(path) => Location::Sqlite(path.with_file_name("older.db")),
        Location::Postgres(url) => {
            let schema = url.rsplit("%3D").next().unwrap();
            sql(app, &format!("create schema {schema}_older")).await.unwrap();
            Location::Postgres(format!("{url}_older"))
        }
    }
}

/// The app on what was migrated.
async fn migrated(mut app: TestApp) -> TestApp {
    person(&app, "Olivia").await;
    let password = text(&app, "select password_hash from users").await.unwrap();
    app.location = older(&app).await;
    let database = Database::open(&app.location, Connections { sqlite_readers: 2, postgres: 4, attempts: 1 }).unwrap();
    assert_eq!(database.migrate_until(THEN, START).await.unwrap().last(), Some(&THEN));
    sql(&app, &rows(&app.location, &password)).await.unwrap();
    for (table, rows) in dump(&app).await {
        assert!(!rows.is_empty(), "{table} is empty: nobody sees what becomes of it");
    }
    assert!(!database.is_ready().await.unwrap());
    let applied = database.migrate(START).await.unwrap();
    assert!(!applied.is_empty() && !applied.contains(&THEN));
    assert!(database.is_ready().await.unwrap());
    app.app = app.second_node();
    app.expect_unsent_mails();
    app
}

async fn read<T: Send + 'static>(app: &TestApp, work: impl FnOnce(&Snapshot<'_>) -> Result<T, Denied> + Send + 'static) -> T {
    app.app.read(work).await.unwrap()
}

async fn accounts_and_their_people_are_as_they_were(app: &TestApp) {
    let found = read(app, |snapshot| Ok(account::find(snapshot, ACME)?.unwrap())).await;
    assert_eq!((found.details.name.as_str(), found.details.city.as_str(), found.revision), ("Acme", "Utrecht", 7));
    assert_eq!((found.details.first_name.as_str(), found.details.last_name.as_str()), ("Olivia", "Owner"), "the owner's");
    assert!(Category::ALL.into_iter().all(|category| found.details.categories.has(category)), "it gets all mail as before");
    assert_eq!(found.group.unwrap().name, "VIP", "the word has become a group");
    assert!(found.allow_sso && !found.two_factor_required);
    let members = read(app, |snapshot| {
        let by = snapshot.authorize::<ManageUsers>(Who::without_second_factor(OLIVIA), ACME)?;
        Ok(membership::list(snapshot, &by)?.answer()?)
    });
    let members: Vec<_> = members.await.into_iter().map(|member| (member.user.id, member.is_owner, member.grants)).collect();
    assert_eq!(members.len(), 2);
    assert!(members.iter().any(|(user, is_owner, _)| (*user, *is_owner) == (OLIVIA, true)));
    assert!(members.contains(&(MIA, false, Grants::parse("invoices products@service:17"))));
    let closed = app.app.read(|snapshot| snapshot.authorize::<Enter>(Who::without_second_factor(OLIVIA), UMBRELLA).map(drop));
    assert!(closed.await.is_err(), "what was closed stays closed");
    let found = read(app, |snapshot| {
        let by = snapshot.authorize_admin::<ViewStaffArea>(STELLA)?;
        let filter = account::Filter { query: "acm".to_owned(), ..account::Filter::default() };
        Ok(account::list(snapshot, &by, &filter, 10)?)
    });
    assert_eq!(found.await.iter().map(|listed| listed.account.id).collect::<Vec<_>>(), [ACME], "it is found by its words");
}

async fn logins_and_links_work_as_before(app: &TestApp) {
    let session = resolved(&app.app, &secret(3)).await.expect("who was logged in still is");
    assert_eq!((session.user.id, session.session.begun_by), (MIA, BegunBy::Login));
    assert_eq!(session.user.name.full(), "Mia Mëmber");
    assert_eq!(login(&app.app, "olivia@example.com").await.user, OLIVIA);
    let staff = read(app, |snapshot| Ok(admin::resolve(snapshot, &secret(4))?.expect("staff, too"))).await;
    assert_eq!(staff.admin.id, STELLA);
    admin_login(&app.app, "stella@staff.example").await.unwrap();
    read(app, |snapshot| snapshot.authorize_admin::<ManageAdmins>(STELLA).map(drop)).await;
    let open = app.app.read(|snapshot| invitation::open(snapshot, &secret(2))).await.unwrap();
    assert_eq!((open.account, open.email.as_str()), (ACME, "nora@example.com"));
    let nora = person(app, "Nora").await;
    let accepted = app.app.write(&request(), move |tx| invitation::accept(tx, &tx.myself(nora)?, &secret(2))).await;
    assert!(accepted.is_ok());
    read(app, move |snapshot| snapshot.authorize::<Enter>(Who::without_second_factor(nora), ACME).map(drop)).await;
}

fn names<P: ShowsContacts>(snapshot: &Snapshot<'_>, by: &latchkey_core::access::Allowed<P>) -> Result<Vec<String>, Denied> {
    Ok(contact::of_account(snapshot, by)?.iter().map(|contact| contact.details.name()).collect())
}

async fn what_was_written_down_is_there(app: &TestApp) {
    let (notes, mails) = read(app, |snapshot| {
        let by = snapshot.authorize_admin::<ViewStaffArea>(STELLA)?;
        Ok((note::list(snapshot, &by, ACME)?, mail::list(snapshot, &by, None, 10)?))
    })
    .await;
    assert_eq!(notes.iter().map(|note| note.text.as_str()).collect::<Vec<_>>(), ["Pays late."]);
    let to: Vec<&str> = mails.iter().map(|mail| mail.to.as_str()).collect();
    assert!(to.contains(&"m@example.com") && to.contains(&"ops@example.com"), "{to:?}");
    let contacts =
        read(app, |snapshot| names(snapshot, &snapshot.authorize::<ViewContacts>(Who::without_second_factor(OLIVIA), ACME)?));
    let mut contacts = contacts.await;
    contacts.sort();
    assert_eq!(contacts, ["Carl Again", "Carl Contact"], "an address that stood there twice is lost neither time");
    assert_eq!(read(app, |snapshot| Ok(settings::brand(snapshot)?)).await.name, "Acme Hosting");
    let waiting = app.take_mails().await;
    assert!(waiting.iter().any(|mail| mail.to == "ops@example.com"), "what was promised is sent");
    event::seal_all(&app.app, &app.system()).await.unwrap();
    let verified = event::verify(&app.app, &app.system(), None).await.unwrap();
    assert!(verified.broken.is_none() && verified.head.seq > 2, "what was logged before there was a chain is in it");
}

async fn all_of_it(app: TestApp) {
    let app = migrated(app).await;
    accounts_and_their_people_are_as_they_were(&app).await;
    logins_and_links_work_as_before(&app).await;
    what_was_written_down_is_there(&app).await;
}

#[tokio::test]
async fn a_filled_database_of_the_first_schema_loses_nothing_on_its_way_to_the_newest_sqlite() {
    all_of_it(TestApp::sqlite().await).await;
}

#[tokio::test]
async fn a_filled_database_of_the_first_schema_loses_nothing_on_its_way_to_the_newest_postgres() {
    all_of_it(TestApp::postgres().await).await;
}
