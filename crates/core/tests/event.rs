//! PRODUCT rule 10: everything that changes something is an event, in the same transaction.

use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use latchkey_core::access::{AdminGrants, Who};
use latchkey_core::account::{self, Details, NewOwner};
use latchkey_core::admin::{self, NewAdmin};
use latchkey_core::admin_role::{self, NewRole};
use latchkey_core::app::Tx;
use latchkey_core::event::{self, EventKind};
use latchkey_core::id::{AccountId, AdminId, ClientGroupId, ContactId, InvitationId, NoteId, SessionId, UserId};
use latchkey_core::invitation::{self, LoginAndAccept, NewInvitation};
use latchkey_core::outbox::{self, Claimed, Topic};
use latchkey_core::password::{Password, PasswordHash};
use latchkey_core::secret::Secret;
use latchkey_core::settings::{self, Brand};
use latchkey_core::testing::{PASSWORD, START, TestApp};
use latchkey_core::user::{self, AdminChange, NewUser, PersonName};
use latchkey_core::{admin_invitation, mail, masquerade, membership, note, session};
use latchkey_core::{client_group, contact};
use latchkey_test_macros::on_both_databases;

use crate::support::*;

type Anything = Box<dyn Error + Send + Sync>;
type Operation = Arc<dyn Fn(&Tx<'_>) -> Result<(), Anything> + Send + Sync>;

/// An operation and the kinds of the events that it records.
type Case = (&'static [EventKind], Operation);

/// Everything that the operations below need.
#[derive(Clone)]
struct World {
    owner: UserId,
    member: UserId,
    leaver: UserId,
    guest: UserId,
    loner: UserId,
    acme: AccountId,
    doomed: AccountId,
    orphaned: AccountId,
    handed_on: AccountId,
    admin: AdminId,
    other_admin: AdminId,
    hash: PasswordHash,
    resent: InvitationId,
    cancelled: InvitationId,
    accepted: Secret,
    declined: Secret,
    session: SessionId,
    other: SessionId,
    note: NoteId,
    contact: ContactId,
    group: ClientGroupId,
    empty_group: ClientGroupId,
    mails: [Claimed; 2],
    staff: admin::Resolved,
}

async fn world(app: &TestApp) -> World {
    let (owner, acme) = acme(app).await;
    let admin = staff(app).await;
    let member = member(app, acme, "Mia", "invoices").await;
    let leaver = crate::support::member(app, acme, "Leo", "invoices").await;
    let orphan = person(app, "Orphan").await;
    let doomed = app.account("Doomed", owner).await;
    let orphaned = app.account("Orphaned", orphan).await;
    let handed_on = app.account("Handed On", owner).await;
    app.member(handed_on, member, grants("invoices")).await;
    let (session, other) = (login(&app.app, "mia@example.com").await, login(&app.app, "mia@example.com").await);
    login(&app.app, "mia@example.com").await;
    let session = resolved(&app.app, &session.secret).await.unwrap().session.id;
    let other = resolved(&app.app, &other.secret).await.unwrap().session.id;
    let (resent, _) = invite(app, owner, acme, "resent@example.org", "invoices").await;
    let (cancelled, _) = invite(app, owner, acme, "cancelled@example.org", "invoices").await;
    let (_, accepted) = invite(app, owner, acme, "accepted@example.org", "invoices").await;
    let (_, declined) = invite(app, owner, acme, "declined@example.org", "invoices").await;
    let new = new_contact("Carl", "Zuse", "carl@example.org", &[]);
    let contact = in_account(&app.app, owner, acme, move |tx, by| contact::add(tx, by, &new)).await.unwrap();
    World {
        owner,
        member,
        leaver,
        guest: person(app, "Gus").await,
        loner: person(app, "Lonny").await,
        acme,
        doomed,
        orphaned,
        handed_on,
        admin,
        other_admin: app.admin("Sam", "sam@staff.example").await,
        hash: app.app.hasher().hash(app.app.random(), &Password::typed(PASSWORD)).await.unwrap(),
        resent,
        cancelled,
        accepted,
        declined,
        session,
        other,
        note: as_staff(&app.app, admin, move |tx, by| note::add(tx, by, acme, "note", false)).await.unwrap(),
        contact,
        group: client_group(app, admin, "Gold").await,
        empty_group: client_group(app, admin, "Empty").await,
        mails: two_claimed_mails(app, owner, acme).await,
        staff: staff_session(app, "stella@staff.example").await.1,
    }
}

async fn two_claimed_mails(app: &TestApp, owner: UserId, acme: AccountId) -> [Claimed; 2] {
    for to in ["sent@example.org", "failed@example.org"] {
        send(&app.app, owner, acme, to, "invoices").await.unwrap();
    }
    let lease = Duration::from_hours(9);
    let claimed = app.app.write(&request(), move |tx| outbox::claim(tx, &system(), Topic::Mail, 9, lease)).await;
    claimed.unwrap().try_into().unwrap()
}

fn case(kinds: &'static [EventKind], work: impl Fn(&Tx<'_>) -> Result<(), Anything> + Send + Sync + 'static) -> Case {
    (kinds, Arc::new(work))
}

fn name(first: &str) -> PersonName {
    PersonName { first: first.to_owned(), last: "New".to_owned() }
}

fn new_user(first: &str) -> NewUser {
    NewUser { name: name(first), email: email(&format!("{first}@new.example")), password: None }
}

fn details(name: &str) -> Details {
    Details { name: name.to_owned(), ..Details::default() }
}

fn user_cases(w: &World) -> Vec<Case> {
    use EventKind::{Logout, SessionEnded, UserCreated, UserDeleted, UserUpdated};
    let World { guest, loner, member, admin, session, other, .. } = *w;
    let change = AdminChange { name: name("Changed"), email: email("changed@new.example") };
    vec![
        case(&[UserCreated], |tx| Ok(user::create(tx, &system(), &new_user("alice")).map(drop)?)),
        case(&[UserUpdated], move |tx| Ok(user::change_own_name(tx, &tx.myself(member)?, &name("Mimi"))?)),
        case(&[UserUpdated], move |tx| Ok(user::update_at_once(tx, &tx.authorize_admin(admin)?, &confirmed(), guest, &change)?)),
        case(&[SessionEnded], move |tx| Ok(session::end(tx, &tx.myself(member)?, other)?)),
        case(&[SessionEnded], move |tx| Ok(session::end_others(tx, &tx.myself(member)?, session).map(drop)?)),
        case(&[Logout], move |tx| Ok(session::logout(tx, &tx.myself(member)?, session)?)),
        case(&[SessionEnded], move |tx| Ok(session::end_all_of(tx, &tx.authorize_admin(admin)?, member).map(drop)?)),
        case(&[UserDeleted], move |tx| Ok(user::delete(tx, &tx.authorize_admin(admin)?, &confirmed(), loner).map(drop)?)),
    ]
}

fn membership_cases(w: &World) -> Vec<Case> {
    use EventKind::{
        MembershipCreated, MembershipLeft, MembershipPermissionsChanged, MembershipRemoved, OwnerChanged, UserCreated,
    };
    let World { owner, member, leaver, guest, acme, handed_on, admin, .. } = *w;
    vec![
        case(&[MembershipCreated], move |tx| {
            Ok(membership::associate(tx, &tx.authorize_staff(admin, acme)?, guest, None, &grants("invoices"))?)
        }),
        case(&[UserCreated, MembershipCreated], move |tx| {
            let by = tx.authorize_staff(admin, acme)?;
            Ok(membership::associate_new(tx, &by, &new_user("bob"), None, &grants("invoices")).map(drop)?)
        }),
        case(&[MembershipPermissionsChanged], move |tx| {
            Ok(membership::set_grants(tx, &tx.authorize(Who::without_second_factor(owner), acme)?, guest, &grants("tickets"))?)
        }),
        case(&[MembershipRemoved], move |tx| {
            Ok(membership::remove(tx, &tx.authorize(Who::without_second_factor(owner), acme)?, guest)?)
        }),
        case(&[MembershipLeft], move |tx| {
            Ok(membership::leave(tx, &tx.authorize(Who::without_second_factor(leaver), acme)?, &tx.myself(leaver)?)?)
        }),
        case(&[OwnerChanged], move |tx| {
            Ok(membership::make_owner(tx, &tx.authorize_staff(admin, handed_on)?, &confirmed(), member).map(drop)?)
        }),
        case(&[OwnerChanged], move |tx| {
            Ok(membership::make_owner(tx, &tx.authorize_staff(admin, handed_on)?, &confirmed(), owner).map(drop)?)
        }),
    ]
}

fn invitation_cases(w: &World) -> Vec<Case> {
    use EventKind::{
        InvitationAccepted, InvitationCancelled, InvitationDeclined, InvitationResent, InvitationSent, MembershipCreated,
    };
    let World { owner, guest, acme, resent, cancelled, .. } = *w;
    let (accepted, declined) = (w.accepted.clone(), w.declined.clone());
    let new = NewInvitation { role: None, email: email("another@example.org"), grants: grants("invoices") };
    vec![
        case(&[InvitationSent], move |tx| {
            Ok(invitation::send(tx, &tx.authorize(Who::without_second_factor(owner), acme)?, &new).map(drop)?)
        }),
        case(&[InvitationResent], move |tx| {
            Ok(invitation::resend(tx, &tx.authorize(Who::without_second_factor(owner), acme)?, resent).map(drop)?)
        }),
        case(&[InvitationCancelled], move |tx| {
            Ok(invitation::cancel(tx, &tx.authorize(Who::without_second_factor(owner), acme)?, cancelled).map(drop)?)
        }),
        case(&[InvitationAccepted, MembershipCreated], move |tx| {
            Ok(invitation::accept(tx, &tx.myself(guest)?, &accepted).map(drop)?)
        }),
        case(&[InvitationDeclined], move |tx| Ok(invitation::decline(tx, None, &declined).map(drop)?)),
    ]
}

fn account_cases(w: &World) -> Vec<Case> {
    use EventKind::{
        AccountClosed, AccountCreated, AccountDeleted, AccountReopened, AccountUpdated, ContactAdded, ContactDeleted,
        ContactUpdated, MembershipCreated, NoteAdded, NoteDeleted, NoteUpdated, SsoAllowed, SsoForbidden, UserCreated,
        UserDeleted,
    };
    let World { owner, acme, doomed, orphaned, admin, note, contact, group, .. } = *w;
    let new = new_contact("Cora", "New", "cora@example.org", &[]);
    let changed = new_contact("Carl", "Zuse", "carl@example.net", &["invoice"]);
    vec![
        case(&[AccountCreated, MembershipCreated], move |tx| {
            Ok(account::create_by_system(tx, &system(), &details("A"), &NewOwner::Existing(owner)).map(drop)?)
        }),
        case(&[UserCreated, AccountCreated, MembershipCreated], move |tx| {
            let by = tx.authorize_admin(admin)?;
            Ok(account::create(tx, &by, &details("B"), &NewOwner::New(new_user("carol"))).map(drop)?)
        }),
        case(&[AccountUpdated], move |tx| {
            Ok(account::update(tx, &tx.authorize(Who::without_second_factor(owner), acme)?, &details("Acme 2"))?)
        }),
        case(&[AccountUpdated], move |tx| Ok(account::classify(tx, &tx.authorize_admin(admin)?, acme, Some(group), false)?)),
        case(&[AccountClosed], move |tx| Ok(account::close(tx, &tx.authorize_admin(admin)?, acme)?)),
        case(&[AccountReopened], move |tx| Ok(account::reopen(tx, &tx.authorize_admin(admin)?, acme)?)),
        case(&[NoteAdded], move |tx| Ok(note::add(tx, &tx.authorize_admin(admin)?, acme, "x", true).map(drop)?)),
        case(&[NoteUpdated], move |tx| Ok(note::toggle_pin(tx, &tx.authorize_admin(admin)?, acme, note).map(drop)?)),
        case(&[NoteDeleted], move |tx| Ok(note::delete(tx, &tx.authorize_admin(admin)?, acme, note)?)),
        case(&[ContactAdded], move |tx| {
            Ok(contact::add(tx, &tx.authorize(Who::without_second_factor(owner), acme)?, &new).map(drop)?)
        }),
        case(&[ContactUpdated], move |tx| {
            Ok(contact::update(tx, &tx.authorize(Who::without_second_factor(owner), acme)?, contact, &changed)?)
        }),
        case(&[SsoForbidden], move |tx| {
            Ok(account::allow_sso(tx, &tx.authorize(Who::without_second_factor(owner), acme)?, false)?)
        }),
        case(&[SsoAllowed], move |tx| Ok(account::allow_sso(tx, &tx.authorize_staff(admin, acme)?, true)?)),
        case(&[ContactDeleted], move |tx| {
            Ok(contact::delete(tx, &tx.authorize(Who::without_second_factor(owner), acme)?, contact)?)
        }),
        case(&[AccountDeleted], move |tx| Ok(account::delete(tx, &tx.authorize_admin(admin)?, &confirmed(), doomed)?)),
        case(&[AccountDeleted, UserDeleted], move |tx| {
            Ok(account::delete_with_orphans(tx, &tx.authorize_admin(admin)?, &confirmed(), orphaned).map(drop)?)
        }),
    ]
}

fn machine_cases(w: &World) -> Vec<Case> {
    use EventKind::{AdminCreated, AdminDisabled, AdminEnabled, MailFailed, MailSent, SettingsChanged};
    let World { admin, other_admin, mails: [sent, failed], .. } = *w;
    let by_system = NewAdmin { name: "New".to_owned(), email: email("one@staff.example"), password: w.hash.clone() };
    let switched = |disabled| {
        move |tx: &Tx<'_>| Ok(admin::set_disabled(tx, &tx.authorize_admin(admin)?, &confirmed(), other_admin, disabled).map(drop)?)
    };
    vec![
        case(&[AdminCreated], move |tx| Ok(admin::create_by_system(tx, &system(), &by_system).map(drop)?)),
        case(&[AdminDisabled], switched(true)),
        case(&[AdminEnabled], switched(false)),
        case(&[SettingsChanged], move |tx| Ok(settings::set_brand(tx, &tx.authorize_admin(admin)?, &Brand::default())?)),
        case(&[SettingsChanged], move |tx| {
            Ok(mail::send_test(tx, &tx.authorize_admin(admin)?, &email("me@staff.example")).map(drop)?)
        }),
        case(&[MailSent], move |tx| Ok(mail::sent(tx, &system(), sent, "250 ok")?)),
        case(&[MailFailed], move |tx| Ok(mail::failed(tx, &system(), failed, "550 no")?)),
    ]
}

fn staff_cases(w: &World) -> Vec<Case> {
    use EventKind::{
        AdminDeleted, AdminInvitationCancelled, AdminInvitationResent, AdminInvited, AdminRoleChanged, AdminRoleCreated,
        AdminRoleDeleted, AdminRoleUpdated, ClientGroupCreated, ClientGroupDeleted, ClientGroupUpdated, MasqueradeEnded,
        MasqueradeStarted,
    };
    let World { admin, other_admin, acme, group, empty_group, .. } = *w;
    let group_named = |name| {
        let typed = client_group::Typed { name, colour: "#b45309", ..client_group::Typed::default() };
        client_group::Details::parse(&typed).unwrap()
    };
    let (new_group, renamed) = (group_named("Silver"), group_named("Platinum"));
    let role =
        |name: &str, keys: &[&str]| NewRole { name: name.to_owned(), grants: AdminGrants::choose(keys.iter().copied()).unwrap() };
    let (made, changed) = (role("Sales", &["notes"]), role("Sales", &["notes", "log"]));
    let sales = |tx: &Tx<'_>| admin_role::by_name(tx, "sales").map(Option::unwrap);
    let invited =
        move |tx: &Tx<'_>| Ok::<_, Anything>(admin_invitation::pending(tx, &tx.authorize_admin(admin)?)?[0].invitation.id);
    let staff = w.staff.clone();
    let kept = Arc::new(Mutex::new(None));
    let secret = Arc::clone(&kept);
    vec![
        case(&[AdminRoleCreated], move |tx| {
            Ok(admin_role::create(tx, &tx.authorize_admin(admin)?, &confirmed(), &made).map(drop)?)
        }),
        case(&[AdminRoleUpdated], move |tx| {
            Ok(admin_role::update(tx, &tx.authorize_admin(admin)?, &confirmed(), sales(tx)?, &changed)?)
        }),
        case(&[AdminRoleChanged], move |tx| {
            Ok(admin::set_role(tx, &tx.authorize_admin(admin)?, &confirmed(), other_admin, sales(tx)?).map(drop)?)
        }),
        case(&[AdminDeleted], move |tx| Ok(admin::delete(tx, &tx.authorize_admin(admin)?, &confirmed(), other_admin).map(drop)?)),
        case(&[AdminInvited], move |tx| {
            let new = admin_invitation::NewInvitation { name: String::new(), email: email("x@staff.example"), role: sales(tx)? };
            Ok(admin_invitation::send(tx, &tx.authorize_admin(admin)?, &confirmed(), &new).map(drop)?)
        }),
        case(&[AdminInvitationResent], move |tx| {
            Ok(admin_invitation::resend(tx, &tx.authorize_admin(admin)?, &confirmed(), invited(tx)?).map(drop)?)
        }),
        case(&[AdminInvitationCancelled], move |tx| {
            Ok(admin_invitation::cancel(tx, &tx.authorize_admin(admin)?, invited(tx)?).map(drop)?)
        }),
        case(&[AdminRoleDeleted], move |tx| {
            Ok(admin_role::delete(tx, &tx.authorize_admin(admin)?, &confirmed(), sales(tx)?).map(drop)?)
        }),
        case(&[ClientGroupCreated], move |tx| Ok(client_group::create(tx, &tx.authorize_admin(admin)?, &new_group).map(drop)?)),
        case(&[ClientGroupUpdated], move |tx| Ok(client_group::update(tx, &tx.authorize_admin(admin)?, group, &renamed)?)),
        case(&[ClientGroupDeleted], move |tx| Ok(client_group::delete(tx, &tx.authorize_admin(admin)?, empty_group).map(drop)?)),
        case(&[MasqueradeStarted], move |tx| {
            let started = masquerade::start(tx, &tx.authorize_admin(admin)?, &confirmed(), &staff, acme, "Ticket 1")?;
            *kept.lock().unwrap() = Some(started.secret);
            Ok(())
        }),
        case(&[MasqueradeEnded], move |tx| {
            let secret = secret.lock().unwrap().clone().expect("it has begun");
            let acting = session::resolve(tx, &secret)?.and_then(|found| found.acting).expect("it lives");
            Ok(masquerade::end(tx, &acting).map(drop)?)
        }),
    ]
}

#[on_both_databases]
async fn rule_10_every_change_is_an_event_in_the_same_transaction(app: TestApp) {
    let world = world(&app).await;
    let cases = [membership_cases, invitation_cases, account_cases, machine_cases, user_cases, staff_cases]
        .map(|cases| cases(&world))
        .concat();
    for (kinds, operation) in cases {
        let expected: Vec<_> = kinds.iter().map(|kind| kind.key()).collect();
        let before = dump(&app).await;
        let undone = Arc::clone(&operation);
        let undone = app.app.write(&request(), move |tx| undone(tx).and_then(|()| Err::<(), Anything>("undo".into()))).await;
        assert_eq!(undone.unwrap_err().to_string(), "undo", "{expected:?}");
        assert_eq!(before, dump(&app).await, "{expected:?}: what is rolled back leaves nothing");
        let seen = before["events"].len();
        app.app.write(&request(), move |tx| operation(tx)).await.unwrap();
        assert_eq!(kinds_after(&app, seen).await, expected);
    }
    app.expect_unsent_mails();
}

#[on_both_databases]
async fn v16_3_1_rule_10_logins_and_passwords_are_events_too(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    person(&app, "Gus").await;
    let gus = credentials("gus@example.com", PASSWORD, false);
    let (_, first) = invite(&app, owner, acme, "a@example.org", "invoices").await;
    let (_, second) = invite(&app, owner, acme, "b@example.org", "invoices").await;
    let seen = events(&app).await.len();
    let started = invitation::login_and_accept(&app.app, &request(), LoginAndAccept { secret: first, login: gus }).await.unwrap();
    let started = started.session().unwrap().0;
    let mut kinds = kinds_after(&app, seen).await;
    kinds.sort();
    assert_eq!(kinds, ["device-new", "invitation-accepted", "login", "membership-created"]);
    let seen = events(&app).await.len();
    let password = Password::typed(PASSWORD);
    register(&app.app, &second, "b@example.org").await.unwrap();
    assert_eq!(kinds_after(&app, seen).await, ["user-created", "invitation-accepted", "membership-created", "login"]);
    let (_, third) = invite(&app, owner, acme, "c@example.org", "invoices").await;
    ask(&app.app, &third, "other@example.org").await.unwrap();
    let link = registration_link(&app).await;
    let seen = events(&app).await.len();
    finish(&app.app, &link).await.unwrap();
    let expected = ["user-created", "email-verified", "invitation-accepted", "membership-created", "login"];
    assert_eq!(kinds_after(&app, seen).await, expected);
    let seen = events(&app).await.len();
    let session = resolved(&app.app, &started.secret).await.unwrap().session.id;
    login(&app.app, "gus@example.com").await;
    let new = Password::typed("another password");
    user::change_password(&app.app, &request(), started.user, session, &password, &new).await.unwrap();
    assert_eq!(kinds_after(&app, seen).await, ["login", "device-new", "password-changed", "session-ended"]);
    assert_eq!(told(&app).await, ["password-changed"]);
}

#[on_both_databases]
async fn v2_3_1_to_3_rule_10_an_operation_that_is_refused_leaves_nothing(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    invite(&app, owner, acme, "pending@example.org", "invoices").await;
    let before = dump(&app).await;
    assert!(send(&app.app, owner, acme, "pending@example.org", "invoices").await.is_err());
    assert!(send(&app.app, owner, acme, "mia@example.com", "invoices").await.is_err());
    assert!(remove(&app.app, mia, acme, mia).await.is_err());
    assert!(remove(&app.app, owner, acme, owner).await.is_err());
    assert!(leave(&app.app, owner, acme).await.is_err());
    assert!(associate(&app.app, acme, mia, "tickets").await.is_err());
    assert_eq!(before, dump(&app).await);
}

#[on_both_databases]
async fn v16_2_1_to_4_an_event_says_who_where_and_from_where(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    set_grants(&app.app, owner, acme, mia, "tickets").await.unwrap();
    let event = events(&app).await.pop().unwrap();
    assert_eq!((event.actor_name.as_str(), event.actor_id), ("Olivia Example", Some(owner.0)));
    assert_eq!((event.account_id, event.account_name.as_str()), (Some(acme.0), "Acme"));
    assert_eq!((event.user_id, event.user_name.as_str()), (Some(mia.0), "Mia Example"));
    assert_eq!((event.ip.as_deref(), event.email.as_str()), (Some("192.0.2.7"), "mia@example.com"));
    assert_eq!((event.detail.as_str(), event.at), ("invoices → tickets", START.as_micros()));
}

#[on_both_databases]
async fn logins_are_counted_by_day(app: TestApp) {
    person(&app, "Gus").await;
    let admin = staff(&app).await;
    let start = app.app.now();
    login(&app.app, "gus@example.com").await;
    admin_login(&app.app, "stella@staff.example").await.unwrap();
    app.clock.advance(Duration::from_hours(24));
    log_in_with(&app.app, &request(), credentials("gus@example.com", "wrong", false), "").await.err().unwrap();
    let days = app
        .app
        .read(move |snapshot| event::login_days(snapshot, &snapshot.authorize_admin(admin)?, start).map_err(session::Error::from))
        .await
        .unwrap();
    let counts: Vec<_> = days.iter().map(|day| (day.logins, day.failures)).collect();
    assert_eq!(counts, [(2, 0), (0, 1)]);
    assert_eq!(days[1].day.since(days[0].day), Duration::from_hours(24));
}

#[test]
fn the_keys_of_events_are_distinct() {
    let mut keys: Vec<_> = EventKind::ALL.iter().map(|kind| kind.key()).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), EventKind::ALL.len());
}

#[on_both_databases]
async fn an_invitation_that_nobody_used_in_time_is_told_of_once_each_time_it_was_sent(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let (id, _) = invite(&app, owner, acme, "late@example.com", "invoices").await;
    let (accepted, secret) = invite(&app, owner, acme, "mia@example.com", "invoices").await;
    let mia = person(&app, "Mia").await;
    accept(&app.app, mia, &secret).await.unwrap();
    let tell = async || app.app.write(&request(), |tx| invitation::tell_expired(tx, &system(), 10)).await.unwrap();
    app.clock.advance(invitation::VALID_FOR.saturating_sub(Duration::from_micros(1)));
    assert_eq!(tell().await, 0, "it is still open");
    app.clock.advance(Duration::from_micros(1));
    let seen = events(&app).await.len();
    assert_eq!((tell().await, tell().await), (1, 0));
    assert_eq!(kinds_after(&app, seen).await, ["invitation-expired"]);
    resend(&app.app, owner, acme, id).await.unwrap();
    latest_link(&app).await;
    app.clock.advance(invitation::VALID_FOR);
    assert_eq!((tell().await, tell().await), (1, 0));
    let told =
        "select count(*) from events where kind = 'invitation-expired' and email = 'late@example.com' and account_name = 'Acme'";
    assert_eq!(number(&app, told).await, 2);
    assert_ne!(id, accepted);
}
