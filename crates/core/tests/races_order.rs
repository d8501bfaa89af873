//! In which order rows are taken. Each test stops in the middle of a transaction that takes them as everybody does, and lets another
//! one begin: whoever took them the other way round would wait for the first, and the first for it, until the database ends one.

use latchkey_core::access::{
    AdminGrants, AdminPermission, BuiltInRole, ConfigureSystem, Denied, EditDetails, EditUsers, ManageAdmins, TransferOwnership,
};
use latchkey_core::admin_role::{self, NewRole};
use latchkey_core::app::{Request, Tx};
use latchkey_core::error::{Fault, HasKind};
use latchkey_core::id::{AdminId, AdminRoleId};
use latchkey_core::password::Password;
use latchkey_core::secret::Secret;
use latchkey_core::settings::Security;
use latchkey_core::testing::{PASSWORD, TestApp};
use latchkey_core::user::{AdminChange, PersonName};
use latchkey_core::{admin, masquerade, owner_change, session, settings, user};
use latchkey_test_macros::on_both_databases;
use tokio::join;

use crate::admin_role::{delete, give};
use crate::masquerade::begin;
use crate::owner_change::{asked, world};
use crate::races::{Held, held_beside, ok};
use crate::sso::{make, shop};
use crate::support::*;

/// Runs the steps, which wait in the middle until `other` had time to run into what they hold. Nobody sees a failure of the database.
async fn between<T: Send + 'static, U, E, F>(
    app: &TestApp,
    steps: impl Fn(&Tx<'_>, &Held) -> Result<T, E> + Send + 'static,
    other: impl Future<Output = Result<U, F>>,
) -> Result<U, F>
where
    E: HasKind + From<Fault> + Send + 'static,
    F: HasKind,
{
    let (held, beside) = held_beside();
    let request = request();
    let (one, other) = join!(app.app.write(&request, move |tx| steps(tx, &held)), beside.run(app, other));
    assert!(ok(&one), "what was there first");
    ok(&other);
    other
}

#[on_both_databases]
async fn a_link_of_single_sign_on_takes_the_account_before_its_user(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let stella = staff(&app).await;
    let (call, _) = shop(&app, stella, None).await;
    let renamed = AdminChange {
        name: PersonName { first: "Olga".to_owned(), last: "Example".to_owned() },
        email: email("olivia@example.com"),
    };
    let steps = move |tx: &Tx<'_>, held: &Held| {
        tx.authorize_staff::<EditDetails>(stella, acme)?;
        held.wait();
        user::update_at_once(tx, &tx.authorize_admin::<EditUsers>(stella)?, &confirmed(), owner, &renamed)
    };
    between(&app, steps, make(&app.second_node(), call, Some(owner), Some(acme))).await.expect("the link is made");
}

/// Stella acts for Olivia in an account.
struct Acting {
    /// Her own session.
    session: admin::Resolved,
    /// What its cookie holds.
    secret: Secret,
    /// The session in Olivia's name.
    found: session::Resolved,
}

async fn acting(app: &TestApp) -> Acting {
    let (_, acme) = acme(app).await;
    staff(app).await;
    let (secret, session) = staff_session(app, "stella@staff.example").await;
    let begun = begin(&app.app, &session, acme, "Ticket 7").await.unwrap();
    let found = resolved(&app.app, &begun).await.unwrap();
    app.expect_unsent_mails();
    app.clock.advance(session::TOUCH_EVERY);
    Acting { session, secret, found }
}

impl Acting {
    /// Takes the admin's session, and then what hangs on it: **Return to admin area**.
    fn return_to_admin_area(&self) -> impl Fn(&Tx<'_>, &Held) -> Result<(), masquerade::Error> + Send + 'static {
        let (session, found) = (self.session.clone(), self.found.clone());
        move |tx, held| {
            admin::touch(tx, &session)?;
            held.wait();
            masquerade::end(tx, found.acting.as_ref().expect("an admin acts")).map(drop)
        }
    }
}

#[on_both_databases]
async fn a_use_of_login_as_owner_takes_the_admins_session_before_what_hangs_on_it(app: TestApp) {
    let acting = acting(&app).await;
    let (second, request, found) = (app.second_node(), request(), acting.found.clone());
    let used = second.write(&request, move |tx| session::touch(tx, &found).map_err(masquerade::Error::from));
    between(&app, acting.return_to_admin_area(), used).await.unwrap();
}

#[on_both_databases]
async fn a_login_ends_the_session_it_replaces_before_what_is_over_by_the_clock(app: TestApp) {
    let acting = acting(&app).await;
    let second = app.second_node();
    sql(&app, "update sessions set expires_at = 1 where masquerade_session_id is not null").await.unwrap();
    let replaces = Request { session: Some(acting.secret.clone()), ..request() };
    let password = Password::typed(PASSWORD);
    let login = admin::login(&second, &replaces, "stella@staff.example", &password, "");
    between(&app, acting.return_to_admin_area(), login).await.unwrap();
    assert!(!admin_is_alive(&app.app, &acting.secret).await);
    assert_eq!(count_events(&app, "masquerade-ended").await, 1);
}

/// Admins with a role of their own, which holds all that a full administrator's does.
async fn with_role<const N: usize>(app: &TestApp, by: AdminId, names: [&str; N]) -> (AdminRoleId, [AdminId; N]) {
    let role = as_staff::<ManageAdmins, _, _>(&app.app, by, |tx, by| {
        let new = NewRole {
            name: "Night shift".to_owned(),
            grants: AdminGrants::choose(AdminPermission::ALL.map(AdminPermission::key)).unwrap(),
        };
        admin_role::create(tx, by, &confirmed(), &new)
    });
    let role = role.await.unwrap();
    let mut admins = Vec::new();
    for name in names {
        let admin = staff_as(app, name, BuiltInRole::Support).await;
        give(&app.app, by, admin, role).await.unwrap();
        admins.push(admin);
    }
    (role, admins.try_into().unwrap())
}

#[on_both_databases]
async fn who_deletes_a_role_takes_the_admins_before_it(app: TestApp) {
    let stella = staff(&app).await;
    let (role, _) = with_role(&app, stella, ["Sam"]).await;
    let tom = staff_as(&app, "Tom", BuiltInRole::Support).await;
    let steps = move |tx: &Tx<'_>, held: &Held| {
        let by = tx.authorize_admin::<ManageAdmins>(stella)?;
        admin::find_to_change(tx, &by, tom)?;
        held.wait();
        admin::set_role(tx, &by, &confirmed(), tom, role)
    };
    let deleted = between(&app, steps, delete(&app.second_node(), stella, role)).await;
    assert!(matches!(deleted, Err(admin_role::Error::InUse)), "{deleted:?}");
}

#[on_both_databases]
async fn a_role_that_gives_less_ends_changes_of_owners_before_what_is_done_in_an_owners_name(app: TestApp) {
    let w = world(&app).await;
    let security = Security { owner_approval: true, admins: false, ..Security::default() };
    let set =
        as_staff::<ConfigureSystem, _, Denied>(&app.app, w.stella, move |tx, by| Ok(settings::set_security(tx, by, &security)?));
    set.await.unwrap();
    let (role, [_, tom]) = with_role(&app, w.stella, ["Ada", "Tom"]).await;
    let (_, session) = staff_session(&app, "ada@staff.example").await;
    let begun = begin(&app.app, &session, w.acme, "Ticket 7").await.unwrap();
    let found = resolved(&app.app, &begun).await.unwrap();
    let change = asked(&app.app, tom, w.acme, w.mia).await.id;
    app.expect_unsent_mails();
    let (stella, acme) = (w.stella, w.acme);
    let steps = move |tx: &Tx<'_>, held: &Held| {
        owner_change::refuse(tx, &tx.authorize_staff::<TransferOwnership>(stella, acme)?, change)
            .map_err(|_| masquerade::Error::NotFound)?;
        held.wait();
        masquerade::end(tx, found.acting.as_ref().expect("an admin acts"))
    };
    let less = NewRole { name: "Night shift".to_owned(), grants: AdminGrants::choose(["view"]).unwrap() };
    let second = app.second_node();
    let changed = as_staff(&second, stella, move |tx, by| admin_role::update(tx, by, &confirmed(), role, &less));
    between(&app, steps, changed).await.unwrap();
    assert_eq!(count_events(&app, "masquerade-ended").await, 1);
}
