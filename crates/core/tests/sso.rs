//! Links that log a user in for another system, and what a session may that began with one.

use std::time::Duration;

use latchkey_core::access::{
    ApiCall, ApiRight, BuiltInApiRole, BuiltInRole, ChooseSso, Confirmed, Denied, Enter, ManageApi, ManageUsers, Masquerade,
    Subject,
};
use latchkey_core::account;
use latchkey_core::api_credential::{self, Networks, NewCredential};
use latchkey_core::api_role;
use latchkey_core::app::App;
use latchkey_core::check::{Reason, Scope};
use latchkey_core::factor::Confirmation;
use latchkey_core::forward::{self, Asked, Tokens, Verdict};
use latchkey_core::id::{AccountId, AdminId, ApiCredentialId, UserId};
use latchkey_core::password::Password;
use latchkey_core::secret::Secret;
use latchkey_core::session::{self, BegunBy, Resolved, Started};
use latchkey_core::sso::{self, Error, NewLink, VALID_FOR};
use latchkey_core::testing::{PASSWORD, TestApp};
use latchkey_test_macros::on_both_databases;

use crate::support::*;

const MOMENT: Duration = Duration::from_micros(1);

/// A call of another system, by a credential of the admin's, for all accounts or bound to one.
pub(crate) async fn shop(app: &TestApp, admin: AdminId, account: Option<AccountId>) -> (ApiCall, i64) {
    let made = as_staff::<ManageApi, _, api_credential::Error>(&app.app, admin, move |tx, by| {
        let role = api_role::built_in(tx, BuiltInApiRole::Full)?;
        let new = NewCredential { name: "Shop".to_owned(), role, account, networks: Networks::default(), expires_at: None };
        api_credential::create(tx, by, &confirmed(), &new)
    });
    let shown = made.await.unwrap().shown;
    let caller = app.app.read(move |snapshot| api_credential::authenticate(snapshot, &shown, request().ip)).await.unwrap();
    let call = caller.using(ApiRight::CreateSsoToken).unwrap();
    (call, call.credential().0)
}

pub(crate) async fn make(app: &App, call: ApiCall, user: Option<UserId>, account: Option<AccountId>) -> Result<Secret, Error> {
    let new = NewLink { user, account, lands_at: "/accounts".to_owned() };
    app.write(&request(), move |tx| sso::make(tx, &tx.authorize_api_staff::<Masquerade>(call)?, call, &new)).await
}

async fn open(app: &App, link: &Secret) -> Result<UserId, Error> {
    let link = link.clone();
    app.read(move |snapshot| sso::open(snapshot, &link).map(|link| link.user)).await
}

async fn redeem(app: &App, link: &Secret) -> Result<Started, Error> {
    let link = link.clone();
    app.write(&request(), move |tx| sso::redeem(tx, &link).map(|(started, _)| started)).await
}

async fn allow(app: &App, owner: UserId, account: AccountId, allowed: bool) {
    in_account::<ChooseSso, _, account::Error>(app, owner, account, move |tx, by| account::allow_sso(tx, by, allowed))
        .await
        .unwrap();
}

/// The session that a link for this user alone began.
async fn begun(app: &TestApp, call: ApiCall, user: UserId) -> (Secret, Resolved) {
    let link = make(&app.app, call, Some(user), None).await.unwrap();
    let secret = redeem(&app.app, &link).await.unwrap().secret;
    let found = resolved(&app.app, &secret).await.unwrap();
    (secret, found)
}

/// Whether the session enters: as a page is read, and as something is written. Both say the same.
async fn enters(app: &App, found: &Resolved, account: AccountId) -> Result<(), Denied> {
    let who = found.who();
    let read = app.read(move |snapshot| snapshot.authorize::<Enter>(who, account).map(drop)).await;
    let written = app.write(&request(), move |tx| tx.authorize::<Enter>(who, account).map(drop)).await;
    assert_eq!(read.as_ref().err().map(ToString::to_string), written.as_ref().err().map(ToString::to_string));
    read
}

#[on_both_databases]
async fn a_link_works_once_and_for_a_minute(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let stella = staff(&app).await;
    let (call, _) = shop(&app, stella, None).await;
    let link = make(&app.app, call, None, Some(acme)).await.unwrap();
    let before = dump(&app).await;
    assert!(!before.values().flatten().any(|row| row.contains(&link.reveal())), "only its hash is kept");
    app.clock.advance(VALID_FOR - MOMENT);
    for _ in 0..2 {
        assert_eq!(open(&app.app, &link).await.unwrap(), owner, "without a user it is the owner's");
    }
    assert!(changed(&before, &dump(&app).await).is_empty(), "opening it changes nothing");
    let started = redeem(&app.app, &link).await.unwrap();
    assert_eq!((started.user, started.cookie_lives), (owner, None));
    assert!(matches!(redeem(&app.app, &link).await, Err(Error::Gone)));
    assert!(matches!(open(&app.app, &link).await, Err(Error::Gone)));
    let late = make(&app.app, call, None, Some(acme)).await.unwrap();
    app.clock.advance(VALID_FOR);
    assert!(matches!(open(&app.app, &late).await, Err(Error::Gone)));
    assert!(matches!(redeem(&app.app, &late).await, Err(Error::Gone)));
    let lives = make(&app.app, call, None, Some(acme)).await.unwrap();
    assert_eq!(swept(&app.app, sso::sweep).await, 1, "what nobody used is removed by the clock");
    open(&app.app, &lives).await.unwrap();
}

#[on_both_databases]
async fn of_two_nodes_that_redeem_at_once_one_begins_a_session(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let stella = staff(&app).await;
    let (call, _) = shop(&app, stella, None).await;
    let second = app.second_node();
    for round in 1..=5 {
        let link = make(&app.app, call, None, Some(acme)).await.unwrap();
        let (one, other) = tokio::join!(redeem(&app.app, &link), redeem(&second, &link));
        let gone = [one.err(), other.err()].into_iter().flatten().collect::<Vec<_>>();
        assert!(matches!(gone[..], [Error::Gone]), "{gone:?}");
        assert_eq!(number(&app, "select count(*) from sessions").await, round);
        assert_eq!(number(&app, "select count(*) from events where kind = 'login'").await, round);
    }
}

#[on_both_databases]
async fn links_are_made_by_whoever_may_log_in_as_others(app: TestApp) {
    let (_, acme) = acme(&app).await;
    let stella = staff(&app).await;
    let (bound, _) = shop(&app, stella, Some(acme)).await;
    let before = dump(&app).await;
    assert!(matches!(make(&app.app, bound, None, Some(acme)).await, Err(Error::Denied(Denied::StaffOnly))));
    assert!(changed(&before, &dump(&app).await).is_empty());
    let second = staff_as(&app, "Ralf", BuiltInRole::Full).await;
    let (call, credential) = shop(&app, second, None).await;
    let link = make(&app.app, call, None, Some(acme)).await.unwrap();
    // Who makes it may do so at that moment.
    let role = "insert into admin_roles (name, name_key, permissions) values ('Looks', 'looks', 'view api')";
    sql(&app, role).await.unwrap();
    let looks = number(&app, "select id from admin_roles where name_key = 'looks'").await;
    sql(&app, &format!("update admins set role_id = {looks} where id = {second}")).await.unwrap();
    assert!(matches!(make(&app.app, call, None, Some(acme)).await, Err(Error::Denied(Denied::MissingAdmin { .. }))));
    // A credential that is gone takes the links along that nobody has used.
    sql(&app, &format!("delete from api_credentials where id = {credential}")).await.unwrap();
    assert!(matches!(redeem(&app.app, &link).await, Err(Error::Gone)));
    assert!(matches!(make(&app.app, call, None, Some(acme)).await, Err(Error::Denied(Denied::NoCredential))));
}

#[on_both_databases]
async fn what_is_refused_leaves_nothing_behind(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let stranger = person(&app, "Sam").await;
    let stella = staff(&app).await;
    let (call, _) = shop(&app, stella, None).await;
    let nowhere = (Some(UserId(NOWHERE)), Some(AccountId(NOWHERE)));
    let before = dump(&app).await;
    assert!(matches!(make(&app.app, call, None, None).await, Err(Error::NobodyNamed)));
    assert!(matches!(make(&app.app, call, nowhere.0, Some(acme)).await, Err(Error::NoSuchUser)));
    assert!(matches!(make(&app.app, call, Some(owner), nowhere.1).await, Err(Error::NoSuchAccount)));
    assert!(matches!(make(&app.app, call, Some(stranger), Some(acme)).await, Err(Error::NotAMember)));
    assert!(changed(&before, &dump(&app).await).is_empty());
    // A transaction that comes to nothing uses no link up and begins no session.
    let link = make(&app.app, call, None, Some(acme)).await.unwrap();
    let before = dump(&app).await;
    let used = link.clone();
    let asked = request();
    let undone = app.app.write(&asked, move |tx| {
        sso::redeem(tx, &used)?;
        Err::<(), _>(Error::Gone)
    });
    assert!(undone.await.is_err());
    assert!(changed(&before, &dump(&app).await).is_empty());
    // What has changed within the minute holds.
    allow(&app.app, owner, acme, false).await;
    assert!(matches!(make(&app.app, call, None, Some(acme)).await, Err(Error::SwitchedOff)));
    assert!(matches!(redeem(&app.app, &link).await, Err(Error::Gone)));
    allow(&app.app, owner, acme, true).await;
    close(&app.app, stella, acme).await;
    assert!(matches!(make(&app.app, call, None, Some(acme)).await, Err(Error::Closed)));
    assert!(matches!(redeem(&app.app, &link).await, Err(Error::Gone)));
    reopen(&app.app, stella, acme).await;
    assert!(redeem(&app.app, &link).await.is_ok());
}

#[on_both_databases]
async fn a_session_of_a_link_enters_no_account_that_has_sso_off_from_the_next_request_on(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let umbrella = app.account("Umbrella", owner).await;
    let mia = member(&app, acme, "Mia", "users invoices").await;
    app.member(umbrella, mia, grants("users invoices")).await;
    let (call, _) = shop(&app, staff(&app).await, None).await;
    allow(&app.app, owner, umbrella, false).await;
    // The link names nobody's account: what counts is the account that is entered.
    for user in [mia, owner] {
        let (_, found) = begun(&app, call, user).await;
        assert!(enters(&app.app, &found, acme).await.is_ok());
        assert!(matches!(enters(&app.app, &found, umbrella).await, Err(Denied::SingleSignOn)), "{user}");
    }
    let (_, found) = begun(&app, call, mia).await;
    let who = found.who();
    let managed = app.app.write(&request(), move |tx| tx.authorize::<ManageUsers>(who, umbrella).map(drop)).await;
    assert!(matches!(managed, Err(Denied::SingleSignOn)));
    // Off and on again, on another node: at once.
    let second = app.second_node();
    let before = revision(&app.app, acme).await;
    allow(&second, owner, acme, false).await;
    assert!(matches!(enters(&app.app, &found, acme).await, Err(Denied::SingleSignOn)));
    assert!(revision(&app.app, acme).await > before, "who may do what has changed");
    allow(&second, owner, acme, true).await;
    assert!(enters(&app.app, &found, acme).await.is_ok());
    // With the password there is nothing to refuse, and whoever is no member is told nothing.
    let by_password = resolved(&app.app, &login(&app.app, "mia@example.com").await.secret).await.unwrap();
    assert!(enters(&app.app, &by_password, umbrella).await.is_ok());
    let sam = person(&app, "Sam").await;
    let (_, stranger) = begun(&app, call, sam).await;
    assert!(matches!(enters(&app.app, &stranger, umbrella).await, Err(Denied::NoSuchAccount)));
}

#[on_both_databases]
async fn session_check_and_forward_auth_say_the_same_as_the_pages(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let umbrella = app.account("Umbrella", owner).await;
    let (call, _) = shop(&app, staff(&app).await, None).await;
    allow(&app.app, owner, umbrella, false).await;
    let (secret, _) = begun(&app, call, owner).await;
    let tokens = Tokens { session: Some(secret), ..Tokens::default() };
    let known = tokens.clone();
    let scope = Scope::machine(&system());
    let look = app.app.read(move |snapshot| forward::look(snapshot, &known, "", None, scope));
    let rows = look.await.unwrap().unwrap().accounts.rows;
    let barred: Vec<_> = rows.iter().map(|row| (row.account, row.barred, row.permissions.is_empty())).collect();
    assert_eq!(barred, [(acme, None, false), (umbrella, Some(Reason::SingleSignOnOff), true)]);
    let verdict = async |account| {
        let (tokens, asked) = (tokens.clone(), Asked { is_own_host: true, account, ..Asked::default() });
        app.app.read(move |snapshot| forward::verdict(snapshot, &tokens, &asked)).await.unwrap()
    };
    assert!(matches!(verdict(Some(acme)).await, Verdict::Pass(_)));
    assert!(matches!(verdict(Some(umbrella)).await, Verdict::Refused(Reason::SingleSignOnOff)));
    assert!(matches!(verdict(None).await, Verdict::Pass(_)), "who is logged in is logged in, where no account is entered");
    allow(&app.app, owner, acme, false).await;
    assert!(matches!(verdict(Some(acme)).await, Verdict::Refused(Reason::SingleSignOnOff)));
}

#[on_both_databases]
async fn v7_5_1_a_link_confirms_nothing_and_what_is_confirmed_later_opens_no_account(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let (call, _) = shop(&app, staff(&app).await, None).await;
    allow(&app.app, owner, acme, false).await;
    let (_, found) = begun(&app, call, owner).await;
    let session = found.session.id;
    let confirmed = async || as_confirmed::<(), Denied>(&app.app, Subject::User(owner), session, |_, _: &Confirmed| Ok(())).await;
    assert!(matches!(confirmed().await, Err(Denied::Unconfirmed)));
    let typed = Confirmation::Password(Password::typed(PASSWORD));
    let renewed = session::confirm(&app.app, &request(), owner, session, typed).await.unwrap().unwrap();
    assert!(confirmed().await.is_ok());
    let found = resolved(&app.app, &renewed.secret).await.unwrap();
    assert_eq!(found.session.begun_by, BegunBy::SingleSignOn, "how it began does not change");
    assert!(matches!(enters(&app.app, &found, acme).await, Err(Denied::SingleSignOn)));
    let by_password = login(&app.app, "olivia@example.com").await;
    let id = resolved(&app.app, &by_password.secret).await.unwrap().session.id;
    assert!(
        as_confirmed::<(), Denied>(&app.app, Subject::User(owner), id, |_, _| Ok(())).await.is_ok(),
        "as any login by password"
    );
}

#[on_both_databases]
async fn rule_10_the_log_and_the_list_of_sessions_say_how_a_session_began(app: TestApp) {
    let (owner, _) = acme(&app).await;
    let (call, _) = shop(&app, staff(&app).await, None).await;
    begun(&app, call, owner).await;
    let current = resolved(&app.app, &login(&app.app, "olivia@example.com").await.secret).await.unwrap().session.id;
    let listed = as_myself::<_, Denied>(&app.app, owner, move |tx, by| Ok(session::list(tx, by, current)?)).await.unwrap();
    let mut began: Vec<_> = listed.iter().map(|one| (one.current, one.session.begun_by)).collect();
    began.sort_by_key(|(current, _)| *current);
    assert_eq!(began, [(false, BegunBy::SingleSignOn), (true, BegunBy::Login)]);
    let logins: Vec<String> =
        events(&app).await.into_iter().filter(|event| event.kind == "login").map(|event| event.detail).collect();
    assert_eq!(logins, ["single sign-on", ""]);
}

/// Who opens a link has shown nothing: its browser is none of the user's, and gets round none of the limits on guessing.
#[on_both_databases]
async fn the_browser_that_opens_a_link_does_not_become_known(app: TestApp) {
    let (owner, _) = acme(&app).await;
    let (call, _) = shop(&app, staff(&app).await, None).await;
    let (_, found) = begun(&app, call, owner).await;
    assert!(!found.session.of_known_device);
    assert_eq!(number(&app, "select count(*) from devices").await, 0);
}

#[on_both_databases]
async fn a_link_and_its_session_end_with_what_its_credential_may(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let stella = staff(&app).await;
    let (call, credential) = shop(&app, stella, None).await;
    let (session, _) = begun(&app, call, owner).await;
    let own = login(&app.app, "olivia@example.com").await.secret;
    let link = make(&app.app, call, None, Some(acme)).await.unwrap();
    for (ends, mends) in [
        ("update admins set disabled_at = 1", "update admins set disabled_at = null"),
        (
            "update admins set role_id = (select id from admin_roles where built_in = 'read-only')",
            "update admins set role_id = (select id from admin_roles where built_in = 'full')",
        ),
    ] {
        sql(&app, ends).await.unwrap();
        assert!(matches!(redeem(&app.app, &link).await, Err(Error::Gone)), "{ends}");
        assert!(!is_alive(&app.app, &session).await && is_alive(&app.app, &own).await, "{ends}");
        sql(&app, mends).await.unwrap();
        assert!(is_alive(&app.app, &session).await, "{mends}");
    }
    redeem(&app.app, &link).await.unwrap();
    let revoked = as_staff::<ManageApi, _, api_credential::Error>(&app.app, stella, move |tx, by| {
        api_credential::revoke(tx, by, ApiCredentialId(credential))
    });
    revoked.await.unwrap();
    assert_eq!(number(&app, "select count(*) from sessions where begun_by = 'sso'").await, 0);
    assert!(is_alive(&app.app, &own).await);
}
