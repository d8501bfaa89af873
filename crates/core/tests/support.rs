//! Short names for what tests do, and a look at the tables behind core's back.

use std::collections::BTreeMap;
use std::error::Error;

use latchkey_core::access::{
    Allowed, AllowedAdmin, Associate, BuiltInRole, ConfigureSystem, Confirmed, ConfirmedAdmin, Denied, Enter, Grants, InAccount,
    ManageUsers, Myself, StaffRight, Subject, System, TransferOwnership, Who,
};
use latchkey_core::app::{App, Request, Tx};
use latchkey_core::client_group;
use latchkey_core::contact::{self, Categories, NewContact};
use latchkey_core::db::Location;
use latchkey_core::email::Email;
use latchkey_core::error::{Fault, HasKind, Kind};
use latchkey_core::id::{AccountId, AdminId, ClientGroupId, InvitationId, RoleId, SessionId, UserId};
use latchkey_core::invitation::{self, Accepted, NewInvitation};
use latchkey_core::mail::Outgoing;
use latchkey_core::password::Password;
use latchkey_core::reset::Logins;
use latchkey_core::secret::Secret;
use latchkey_core::session::{self, Login, Started};
use latchkey_core::testing::{PASSWORD, TestApp};
use latchkey_core::{admin, membership, role};
use rusqlite::types::ValueRef;

/// An id that nothing has.
pub(crate) const NOWHERE: i64 = 999_999;

pub(crate) fn request() -> Request {
    Request { ip: Some([192, 0, 2, 7].into()), user_agent: "test".to_owned(), ..Request::default() }
}

pub(crate) fn grants(keys: &str) -> Grants {
    Grants::parse(keys)
}

pub(crate) fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

pub(crate) fn is_internal<E: HasKind>(error: &E) -> bool {
    error.kind() == Kind::Internal
}

// People and accounts.

/// A user whose address is its first name at example.com.
pub(crate) async fn person(app: &TestApp, first: &str) -> UserId {
    app.user(first, "Example", &format!("{}@example.com", first.to_lowercase())).await
}

/// Olivia and her account Acme.
pub(crate) async fn acme(app: &TestApp) -> (UserId, AccountId) {
    let owner = person(app, "Olivia").await;
    (owner, app.account("Acme", owner).await)
}

/// A new user who is a member of the account.
pub(crate) async fn member(app: &TestApp, account: AccountId, first: &str, keys: &str) -> UserId {
    let user = person(app, first).await;
    app.member(account, user, grants(keys)).await;
    user
}

pub(crate) async fn staff(app: &TestApp) -> AdminId {
    app.admin("Stella", "stella@staff.example").await
}

/// A client group of this name.
pub(crate) async fn client_group(app: &TestApp, admin: AdminId, name: &str) -> ClientGroupId {
    let typed = client_group::Typed { name, colour: "#b45309", ..client_group::Typed::default() };
    let details = client_group::Details::parse(&typed).unwrap();
    as_staff(&app.app, admin, move |tx, by| client_group::create(tx, by, &details)).await.unwrap()
}

/// A role of every account.
pub(crate) async fn role(app: &TestApp, admin: AdminId, name: &str, keys: &str) -> RoleId {
    let new = role::Details { name: name.to_owned(), description: String::new(), grants: grants(keys) };
    as_staff::<ConfigureSystem, _, _>(&app.app, admin, move |tx, by| role::create(tx, by, None, &new)).await.unwrap()
}

/// Changes what a role gives; its name stays.
pub(crate) async fn change_role(app: &App, admin: AdminId, id: RoleId, keys: &str) -> Result<(), role::Error> {
    let grants = grants(keys);
    as_staff::<ConfigureSystem, _, _>(app, admin, move |tx, by| {
        let new = role::Details { grants, ..role::find_to_end(tx, by, id)?.details };
        role::update(tx, by, id, &new)
    })
    .await
}

/// Gives a member a role and nothing singly.
pub(crate) async fn give_role(
    app: &App,
    by: UserId,
    account: AccountId,
    to: UserId,
    role: RoleId,
) -> Result<(), membership::Error> {
    in_account::<ManageUsers, _, _>(app, by, account, move |tx, by| membership::set_held(tx, by, to, Some(role), &Grants::none()))
        .await
}

/// A contact who gets these kinds of mail.
pub(crate) fn new_contact(first: &str, last: &str, email: &str, gets: &[&str]) -> NewContact {
    let gets: Vec<String> = gets.iter().map(|key| (*key).to_owned()).collect();
    let typed = contact::Details {
        first_name: first.to_owned(),
        last_name: last.to_owned(),
        email: email.to_owned(),
        categories: Categories::choose(&gets).unwrap(),
        ..contact::Details::default()
    };
    contact::Details::parse(&typed).unwrap()
}

// Doing something with a ticket.

pub(crate) async fn in_account<P: InAccount, T, E>(
    app: &App,
    user: UserId,
    account: AccountId,
    work: impl FnOnce(&Tx<'_>, &Allowed<P>) -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Denied> + From<Fault> + Send + 'static,
{
    app.write(&request(), move |tx| work(tx, &tx.authorize::<P>(Who::without_second_factor(user), account)?)).await
}

pub(crate) async fn machine_in_account<P: InAccount, T, E>(
    app: &App,
    account: AccountId,
    work: impl FnOnce(&Tx<'_>, &Allowed<P>) -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Denied> + From<Fault> + Send + 'static,
{
    app.write(&request(), move |tx| work(tx, &tx.authorize_system::<P>(&System::named("test"), account)?)).await
}

pub(crate) async fn as_staff<P: StaffRight, T, E>(
    app: &App,
    admin: AdminId,
    work: impl FnOnce(&Tx<'_>, &AllowedAdmin<P>) -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Denied> + From<Fault> + Send + 'static,
{
    app.write(&request(), move |tx| work(tx, &tx.authorize_admin::<P>(admin)?)).await
}

pub(crate) async fn as_myself<T, E>(
    app: &App,
    user: UserId,
    work: impl FnOnce(&Tx<'_>, &Myself) -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Denied> + From<Fault> + Send + 'static,
{
    app.write(&request(), move |tx| work(tx, &tx.myself(user)?)).await
}

pub(crate) async fn may<P: InAccount>(app: &App, user: UserId, account: AccountId) -> bool {
    app.read(move |snapshot| snapshot.authorize::<P>(Who::without_second_factor(user), account).map(drop)).await.is_ok()
}

pub(crate) async fn can_enter(app: &App, user: UserId, account: AccountId) -> bool {
    may::<Enter>(app, user, account).await
}

/// What a user holds in an account, as text; `None` when it is no member.
pub(crate) async fn held(app: &App, user: UserId, account: AccountId) -> Option<String> {
    let mine = app.read(move |snapshot| membership::accounts_of(snapshot, user)).await.unwrap();
    mine.into_iter().find(|mine| mine.account == account).map(|mine| mine.grants.to_string())
}

pub(crate) async fn owner_of(app: &App, account: AccountId) -> UserId {
    let found = app.read(move |snapshot| latchkey_core::account::find(snapshot, account)).await.unwrap();
    found.expect("the account is there").owner.id
}

pub(crate) async fn revision(app: &App, account: AccountId) -> i64 {
    let found = app.read(move |snapshot| latchkey_core::account::find(snapshot, account)).await.unwrap();
    found.expect("the account is there").revision
}

// Memberships.

pub(crate) async fn set_grants(
    app: &App,
    by: UserId,
    account: AccountId,
    user: UserId,
    keys: &str,
) -> Result<(), membership::Error> {
    let grants = grants(keys);
    in_account::<ManageUsers, _, _>(app, by, account, move |tx, by| membership::set_grants(tx, by, user, &grants)).await
}

pub(crate) async fn remove(app: &App, by: UserId, account: AccountId, user: UserId) -> Result<(), membership::Error> {
    in_account::<ManageUsers, _, _>(app, by, account, move |tx, by| membership::remove(tx, by, user)).await
}

pub(crate) async fn leave(app: &App, user: UserId, account: AccountId) -> Result<(), membership::Error> {
    in_account::<Enter, _, _>(app, user, account, move |tx, by| membership::leave(tx, by, &tx.myself(user)?)).await
}

pub(crate) async fn make_owner(app: &App, account: AccountId, user: UserId) -> Result<(), membership::Error> {
    machine_in_account::<TransferOwnership, _, _>(app, account, move |tx, by| {
        membership::make_owner(tx, by, &ConfirmedAdmin::machine(&System::named("test")), user)
    })
    .await
}

pub(crate) async fn associate(app: &App, account: AccountId, user: UserId, keys: &str) -> Result<(), membership::Error> {
    let grants = grants(keys);
    machine_in_account::<Associate, _, _>(app, account, move |tx, by| membership::associate(tx, by, user, None, &grants)).await
}

// Accounts and users, by staff.

/// An admin has just confirmed who it is.
pub(crate) fn confirmed() -> ConfirmedAdmin {
    ConfirmedAdmin::machine(&System::named("test"))
}

pub(crate) async fn close(app: &App, admin: AdminId, account: AccountId) {
    as_staff(app, admin, move |tx, by| latchkey_core::account::close(tx, by, account)).await.unwrap();
}

pub(crate) async fn reopen(app: &App, admin: AdminId, account: AccountId) {
    as_staff(app, admin, move |tx, by| latchkey_core::account::reopen(tx, by, account)).await.unwrap();
}

pub(crate) async fn delete_user(app: &App, admin: AdminId, user: UserId) -> Result<(), latchkey_core::user::Error> {
    as_staff(app, admin, move |tx, by| {
        latchkey_core::user::delete(tx, by, &ConfirmedAdmin::machine(&System::named("test")), user)
    })
    .await
}

// Invitations.

pub(crate) async fn send(
    app: &App,
    by: UserId,
    account: AccountId,
    to: &str,
    keys: &str,
) -> Result<InvitationId, invitation::Error> {
    let new = NewInvitation { role: None, email: email(to), grants: grants(keys) };
    in_account::<ManageUsers, _, _>(app, by, account, move |tx, by| invitation::send(tx, by, &new)).await
}

/// Sends an invitation and reads its link from the mail.
pub(crate) async fn invite(app: &TestApp, by: UserId, account: AccountId, to: &str, keys: &str) -> (InvitationId, Secret) {
    let id = send(&app.app, by, account, to, keys).await.unwrap();
    (id, latest_link(app).await)
}

/// The link in the one mail that waits.
pub(crate) async fn latest_link(app: &TestApp) -> Secret {
    let mails = app.take_mails().await;
    let [mail]: [Outgoing; 1] = mails.try_into().unwrap_or_else(|mails: Vec<_>| panic!("{} mails instead of one", mails.len()));
    latchkey_core::testing::link_secret(&mail)
}

pub(crate) async fn resend(app: &App, by: UserId, account: AccountId, id: InvitationId) -> Result<(), invitation::Error> {
    in_account::<ManageUsers, _, _>(app, by, account, move |tx, by| invitation::resend(tx, by, id).map(drop)).await
}

pub(crate) async fn cancel(app: &App, by: UserId, account: AccountId, id: InvitationId) -> Result<(), invitation::Error> {
    in_account::<ManageUsers, _, _>(app, by, account, move |tx, by| invitation::cancel(tx, by, id).map(drop)).await
}

pub(crate) async fn open(app: &App, secret: &Secret) -> Result<(), invitation::Error> {
    let secret = secret.clone();
    app.read(move |snapshot| invitation::open(snapshot, &secret).map(drop)).await
}

pub(crate) async fn accept(app: &App, user: UserId, secret: &Secret) -> Result<Accepted, invitation::Error> {
    let secret = secret.clone();
    as_myself(app, user, move |tx, by| invitation::accept(tx, by, &secret)).await
}

pub(crate) async fn decline(app: &App, secret: &Secret) -> Result<(), invitation::Error> {
    let secret = secret.clone();
    app.write(&request(), move |tx| invitation::decline(tx, None, &secret).map(drop)).await
}

// Logins.

pub(crate) fn credentials(email: &str, password: &str, remember: bool) -> Login {
    Login { email: email.to_owned(), password: Password::typed(password), remember }
}

pub(crate) async fn login(app: &App, email: &str) -> Started {
    session::login(app, &request(), credentials(email, PASSWORD, false), "")
        .await
        .unwrap()
        .session()
        .expect("no second factor is asked for")
}

/// Whether a session's secret still opens something.
pub(crate) async fn is_alive(app: &App, secret: &Secret) -> bool {
    resolved(app, secret).await.is_some()
}

pub(crate) async fn resolved(app: &App, secret: &Secret) -> Option<session::Resolved> {
    let secret = secret.clone();
    app.read(move |snapshot| session::resolve(snapshot, &secret)).await.unwrap()
}

pub(crate) async fn admin_login(app: &App, email: &str) -> Result<admin::Started, admin::Error> {
    let begun = admin::login(app, &request(), email, &Password::typed(PASSWORD), "").await?;
    Ok(begun.session().expect("no second factor is asked for"))
}

/// An admin who has logged in: the secret and the session.
pub(crate) async fn staff_session(app: &TestApp, email: &str) -> (Secret, admin::Resolved) {
    let secret = admin_login(&app.app, email).await.unwrap().secret;
    let known = secret.clone();
    (secret, app.app.read(move |snapshot| admin::resolve(snapshot, &known)).await.unwrap().unwrap())
}

/// Another admin with a built-in role.
pub(crate) async fn staff_as(app: &TestApp, name: &str, role: BuiltInRole) -> AdminId {
    let id = app.admin(name, &format!("{}@staff.example", name.to_lowercase())).await;
    let role = app.app.read(move |snapshot| latchkey_core::admin_role::built_in(snapshot, role)).await.unwrap();
    sql(app, &format!("update admins set role_id = {role} where id = {id}")).await.unwrap();
    id
}

pub(crate) async fn admin_is_alive(app: &App, secret: &Secret) -> bool {
    let secret = secret.clone();
    app.read(move |snapshot| admin::resolve(snapshot, &secret)).await.unwrap().is_some()
}

// The log.

/// One event, as far as tests look at it.
#[derive(Debug)]
pub(crate) struct Logged {
    pub(crate) id: i64,
    pub(crate) at: i64,
    pub(crate) kind: String,
    pub(crate) actor_name: String,
    pub(crate) actor_id: Option<i64>,
    pub(crate) ip: Option<String>,
    pub(crate) account_id: Option<i64>,
    pub(crate) account_name: String,
    pub(crate) user_id: Option<i64>,
    pub(crate) user_name: String,
    pub(crate) email: String,
    pub(crate) detail: String,
}

const EVENTS: &str = "select id, at, kind, actor_name, actor_id, ip, account_id, account_name, user_id, user_name, email, detail
    from events order by id";

/// Builds a [`Logged`] from a row of either driver.
macro_rules! logged {
    ($row:ident, $get:ident $($unwrap:tt)*) => {
        Logged {
            id: $row.$get(0)$($unwrap)*,
            at: $row.$get(1)$($unwrap)*,
            kind: $row.$get(2)$($unwrap)*,
            actor_name: $row.$get(3)$($unwrap)*,
            actor_id: $row.$get(4)$($unwrap)*,
            ip: $row.$get(5)$($unwrap)*,
            account_id: $row.$get(6)$($unwrap)*,
            account_name: $row.$get(7)$($unwrap)*,
            user_id: $row.$get(8)$($unwrap)*,
            user_name: $row.$get(9)$($unwrap)*,
            email: $row.$get(10)$($unwrap)*,
            detail: $row.$get(11)$($unwrap)*,
        }
    };
}

/// Every event, oldest first, read behind core's back: reading the log is for staff, and not every test has an admin.
pub(crate) async fn events(app: &TestApp) -> Vec<Logged> {
    match &app.location {
        Location::Sqlite(path) => {
            let conn = rusqlite::Connection::open(path).unwrap();
            let mut statement = conn.prepare(EVENTS).unwrap();
            let found = statement.query_map([], |row| Ok(logged!(row, get?))).unwrap();
            found.map(Result::unwrap).collect()
        }
        Location::Postgres(url) => {
            let rows = postgres(url).await.query(EVENTS, &[]).await.unwrap();
            rows.iter().map(|row| logged!(row, get)).collect()
        }
    }
}

/// The kinds of the events after the first `seen`.
pub(crate) async fn kinds_after(app: &TestApp, seen: usize) -> Vec<String> {
    events(app).await.into_iter().skip(seen).map(|event| event.kind).collect()
}

// The tables.

/// Every row of every table as text, bytes in hexadecimal.
///
/// Without the counts of guesses: who fails is counted, and changes nothing else.
pub(crate) async fn dump(app: &TestApp) -> BTreeMap<String, Vec<String>> {
    let mut dump = match &app.location {
        Location::Sqlite(path) => dump_sqlite(&rusqlite::Connection::open(path).unwrap()),
        Location::Postgres(url) => dump_postgres(&postgres(url).await).await,
    };
    dump.retain(|table, _| !table.starts_with("guess_"));
    dump
}

/// The tables that differ between two dumps.
pub(crate) fn changed(before: &BTreeMap<String, Vec<String>>, after: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    before.keys().filter(|table| before.get(*table) != after.get(*table)).cloned().collect()
}

fn dump_sqlite(conn: &rusqlite::Connection) -> BTreeMap<String, Vec<String>> {
    let mut tables =
        conn.prepare("select name from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' escape '\\'").unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    tables.into_iter().map(|table| (table.clone(), rows_sqlite(conn, &table))).collect()
}

fn rows_sqlite(conn: &rusqlite::Connection, table: &str) -> Vec<String> {
    let mut statement = conn.prepare(&format!("select * from {table}")).unwrap();
    let width = statement.column_count();
    let found = statement.query_map([], |row| Ok((0..width).map(|index| shown(row.get_ref(index).unwrap())).collect::<String>()));
    let mut rows: Vec<String> = found.unwrap().map(Result::unwrap).collect();
    rows.sort();
    rows
}

fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Text(text) => format!("{}|", String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => format!("{}|", hex(bytes)),
        other => format!("{other:?}|"),
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

async fn postgres(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn dump_postgres(client: &tokio_postgres::Client) -> BTreeMap<String, Vec<String>> {
    let tables = client.query("select tablename::text from pg_tables where schemaname = current_schema()", &[]).await.unwrap();
    let mut dump = BTreeMap::new();
    for table in tables.iter().map(|row| row.get::<_, String>(0)) {
        let rows = client.query(&format!("select t::text from {table} t order by 1"), &[]).await.unwrap();
        dump.insert(table, rows.iter().map(|row| row.get::<_, String>(0)).collect());
    }
    dump
}

/// Runs statements behind core's back.
pub(crate) async fn sql(app: &TestApp, statements: &str) -> Result<(), Box<dyn Error>> {
    match &app.location {
        Location::Sqlite(path) => Ok(rusqlite::Connection::open(path)?.execute_batch(statements)?),
        Location::Postgres(url) => Ok(postgres(url).await.batch_execute(statements).await?),
    }
}

/// The one number that a query answers, asked behind core's back.
pub(crate) async fn number(app: &TestApp, query: &str) -> i64 {
    match &app.location {
        Location::Sqlite(path) => rusqlite::Connection::open(path).unwrap().query_row(query, [], |row| row.get(0)).unwrap(),
        Location::Postgres(url) => postgres(url).await.query_one(query, &[]).await.unwrap().get(0),
    }
}

/// The one text that a query answers, asked behind core's back.
pub(crate) async fn text(app: &TestApp, query: &str) -> Option<String> {
    match &app.location {
        Location::Sqlite(path) => rusqlite::Connection::open(path).unwrap().query_row(query, [], |row| row.get(0)).unwrap(),
        Location::Postgres(url) => postgres(url).await.query_one(query, &[]).await.unwrap().get(0),
    }
}

// Mails to users.

/// The subjects of the mails that wait, which tests write as the kinds of notices and links.
pub(crate) async fn told(app: &TestApp) -> Vec<String> {
    app.take_mails().await.into_iter().map(|mail| mail.written.subject).collect()
}

/// Asks for a password reset, as the login page does, and has the address looked up.
pub(crate) async fn ask_for_reset(app: &TestApp, address: &str) {
    let address = email(address);
    app.app.write(&request(), move |tx| latchkey_core::reset::ask(tx, Logins::Users, &address)).await.unwrap();
    app.resolve_resets().await;
}

/// Chooses a password by a link.
pub(crate) async fn choose(app: &App, secret: &Secret, password: &str) -> Result<(), latchkey_core::reset::Error> {
    latchkey_core::reset::choose(app, &request(), Logins::Users, secret.clone(), &Password::typed(password)).await
}

/// Does something as a user who has confirmed who it is in this session.
pub(crate) async fn as_confirmed<T, E>(
    app: &App,
    user: UserId,
    session: SessionId,
    work: impl FnOnce(&Tx<'_>, &Confirmed) -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Denied> + From<Fault> + Send + 'static,
{
    app.write(&request(), move |tx| work(tx, &tx.confirmed(Subject::User(user), session)?)).await
}

/// Asks for another address in the user's latest session, with who it is just confirmed.
pub(crate) async fn change_address(
    test: &TestApp,
    app: &App,
    user: UserId,
    to: &str,
) -> Result<(), latchkey_core::verification::Error> {
    let query = format!("select coalesce(max(id), 0) from sessions where user_id = {user}");
    if number(test, &query).await == 0 {
        let found = app.read(move |snapshot| latchkey_core::user::find(snapshot, user)).await.unwrap().unwrap();
        login(app, found.email.as_str()).await;
    }
    let session = SessionId(number(test, &query).await);
    sql(test, &format!("update sessions set confirmed_at = {} where id = {session}", app.now().as_micros())).await.unwrap();
    let to = email(to);
    as_confirmed(app, user, session, move |tx, by| latchkey_core::verification::change_address(tx, by, &to)).await
}
