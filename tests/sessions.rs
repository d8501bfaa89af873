//! Sessions: made anew at each login, ended at once, never one for the other.

use std::time::Duration;

use latchkey_core::access::{ConfirmedAdmin, DeleteUsers, EditAccounts, ManageAdmins, ManageUsers, System};
use latchkey_core::error::Fault;
use latchkey_core::outbox::{self, Topic};
use latchkey_core::{account, admin, membership, session, user};

use crate::support::world::grants;
use crate::support::{Actor, Ask, PASSWORD, Server, TestApp, World, on_both_databases};

const SESSION: &str = "latchkey_session";
const ADMIN: &str = "latchkey_admin";

async fn is_in(actor: &Actor) -> bool {
    let answer = actor.get("/me/profile").await;
    assert!(answer.status == 200 || answer.outline() == "303 /login?next=%2Fme%2Fprofile", "{}", answer.outline());
    answer.status == 200
}

async fn is_staff(actor: &Actor) -> bool {
    actor.get("/admin").await.status == 200
}

#[on_both_databases]
async fn v7_5_2_known_devices_are_listed_and_forgotten(app: TestApp) {
    let world = World::new(app).await;
    world.server.user("mia@example.com").await;
    let page = world.member.get("/me/security").await.text();
    assert_eq!(page.matches("/forget\"").count(), 1, "this one has no button: {page}");
    assert!(page.contains("Known devices") && page.contains("This device") && page.contains("/me/devices/forget-others"));
    let done = world.member.press("/me/devices/forget-others").await;
    assert_eq!(done.outline(), "303 /me/security (success)");
    assert_eq!(done.flash().unwrap().1, "One device forgotten.");
    let page = world.member.get("/me/security").await.text();
    assert_eq!(page.matches("/forget\"").count(), 0);
    let sessions = world.member.get("/me/sessions").await.text();
    assert_eq!(sessions.matches("Known device").count(), 1, "the other session goes on: {sessions}");
    let theirs = crate::support::world::fill(&world, "/me/devices/{device}/forget", "owner").await;
    assert_eq!(world.member.press(&theirs).await.status, 404);
    assert_eq!(world.owner.press(&theirs).await.outline(), "303 /me/security (success)");
    world.app.expect_unsent_mails();
}

#[on_both_databases]
async fn v7_5_2_an_admin_sees_and_forgets_known_devices(app: TestApp) {
    let world = World::with_staff(app).await;
    let rita = &world.staff.as_ref().unwrap().read_only;
    let laptop = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let other = world.server.anonymous().with_header("user-agent", laptop).log_in_as_admin("rita@staff.example").await;
    let devices = async |actor: &Actor| {
        let page = actor.get("/admin/me/security").await.text();
        rows(&page[page.find("devices-heading").unwrap()..])
    };
    let (mine, others): (Vec<_>, Vec<_>) = devices(rita).await.into_iter().partition(|row| row.contains("This device"));
    assert!(mine.len() == 1 && !mine[0].contains("/forget\""), "this one has no button: {mine:?}");
    assert!(others.len() == 1 && others[0].contains("Firefox on Linux"), "nobody else's: {others:?}");
    let forget = others[0].split("action=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(world.admin.press(&forget).await.status, 404, "somebody else's");
    assert_eq!(rita.press(&forget).await.flash().unwrap().1, "Device forgotten.");
    assert_eq!((devices(rita).await.len(), is_staff(&other).await), (1, true), "its session goes on");
    world.server.admin("rita@staff.example").await;
    assert_eq!(rita.press("/admin/me/devices/forget-others").await.flash().unwrap().1, "One device forgotten.");
    assert_eq!(devices(rita).await.len(), 1);
    world.app.expect_unsent_mails();
}

/// The part of a page of sessions that is about one of them: whether it can be ended, and what it says.
fn rows(page: &str) -> Vec<String> {
    let list = page.split("<ul class=\"list\">").nth(1).unwrap().split("</ul>").next().unwrap();
    list.split("<li>").skip(1).map(str::to_owned).collect()
}

/// The minutes of the day at which a session was used last and began.
fn minutes(row: &str) -> [i32; 2] {
    let times =
        row.split("datetime=\"").skip(1).map(|rest| (rest[11..13].parse::<i32>().unwrap(), rest[14..16].parse::<i32>().unwrap()));
    times.map(|(hour, minute)| hour * 60 + minute).collect::<Vec<_>>().try_into().unwrap()
}

#[on_both_databases]
async fn v7_5_2_each_session_shows_device_address_host_beginning_and_last_use_and_which_one_this_is(app: TestApp) {
    let world = World::new(app).await;
    let system = || System::named("test");
    let laptop = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    world.app.clock.advance(Duration::from_mins(20));
    let other = world.server.anonymous().with_header("user-agent", laptop).log_in("mia@example.com").await;
    let from = world.app.request();
    let looked_up = world.app.app.write(&from, move |tx| {
        for work in outbox::claim(tx, &system(), Topic::Hostname, 9, Duration::from_mins(1))? {
            session::hostname_found(tx, &system(), work, Some("host.example"))?;
        }
        Ok::<_, Fault>(())
    });
    looked_up.await.unwrap();
    world.app.clock.advance(Duration::from_mins(25));
    // That it was used is noted beside the answer, so the first pages may not know it yet.
    let mut page = String::new();
    for _ in 0..500 {
        page = other.get("/me/sessions").await.text();
        let noted = rows(&page).iter().any(|row| row.contains("This device") && minutes(row)[0] > minutes(row)[1]);
        if noted {
            break;
        }
    }
    let (mine, others): (Vec<_>, Vec<_>) = rows(&page).into_iter().partition(|row| row.contains("This device"));
    assert_eq!((mine.len(), others.len()), (1, 1), "{page}");
    for word in ["Firefox", "Linux", "IP Address: 127.0.0.1", "Hostname: host.example", "Last used", "Began"] {
        assert!(mine[0].contains(word), "{word}: {}", mine[0]);
    }
    let ([used, began], [_, earlier]) = (minutes(&mine[0]), minutes(&others[0]));
    assert_eq!((used - began, began - earlier), (25, 20), "{page}");
    assert!(!mine[0].contains("/end\"") && others[0].contains("/end\""), "all but this one can be ended");
    // Seen from the other one it is the other way round.
    let page = world.member.get("/me/sessions").await.text();
    let marked = rows(&page).into_iter().find(|row| row.contains("This device")).unwrap();
    assert!(!marked.contains("Firefox"), "{marked}");
    world.app.expect_unsent_mails();
}

#[on_both_databases]
async fn v7_4_5_v7_5_2_an_admin_sees_where_it_is_logged_in_and_ends_one(app: TestApp) {
    let world = World::with_staff(app).await;
    let rita = &world.staff.as_ref().unwrap().read_only;
    let laptop = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    world.app.clock.advance(Duration::from_mins(5));
    let other = world.server.anonymous().with_header("user-agent", laptop).log_in_as_admin("rita@staff.example").await;
    let from = world.app.request();
    let looked_up = world.app.app.write(&from, |tx| {
        let system = System::named("test");
        for work in outbox::claim(tx, &system, Topic::AdminHostname, 99, Duration::from_mins(1))? {
            admin::hostname_found(tx, &system, work, Some("host.example"))?;
        }
        Ok::<_, Fault>(())
    });
    looked_up.await.unwrap();
    let page = other.get("/admin/me/security").await.text();
    let sessions = &page[page.find("sessions-heading").unwrap()..];
    let (mine, others): (Vec<_>, Vec<_>) = rows(sessions).into_iter().partition(|row| row.contains("This device"));
    assert_eq!((mine.len(), others.len()), (1, 1), "nobody else's: {page}");
    for word in ["Firefox", "Linux", "IP Address: 127.0.0.1", "Hostname: host.example", "Last used", "Began"] {
        assert!(mine[0].contains(word), "{word}: {}", mine[0]);
    }
    let ([_, began], [_, earlier]) = (minutes(&mine[0]), minutes(&others[0]));
    assert_eq!(began - earlier, 5, "{page}");
    assert!(!mine[0].contains("/end\""), "all but this one can be ended");
    let end = others[0].split("action=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(world.admin.press(&end).await.status, 404, "somebody else's");
    assert!(is_staff(rita).await);
    assert_eq!(other.press(&end).await.flash().unwrap().1, "Session ended.");
    assert!(!is_staff(rita).await && is_staff(&other).await);
    assert_eq!(other.press(&end).await.status, 404, "once");
    // Those that are over by the clock are not listed.
    world.app.clock.advance(Duration::from_mins(16));
    let late = world.server.admin("rita@staff.example").await;
    let page = late.get("/admin/me/security").await.text();
    assert_eq!(rows(&page[page.find("sessions-heading").unwrap()..]).len(), 1, "{page}");
    world.app.expect_unsent_mails();
}

#[on_both_databases]
async fn v7_2_4_nist_5_1_1_a_login_never_adopts_what_the_browser_had(app: TestApp) {
    let world = World::new(app).await;
    let planted = world.stranger.cookie(SESSION).unwrap();
    let made_up = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned();
    for fixed in [planted.clone(), made_up] {
        let victim = world.server.anonymous();
        victim.set_cookie("latchkey_visitor", &fixed);
        victim.set_cookie(SESSION, if fixed == planted { "expired" } else { &fixed });
        let victim = victim.log_in("mia@example.com").await;
        let mine = victim.cookie(SESSION).unwrap();
        assert_ne!(mine, fixed);
        assert_eq!(victim.cookie("latchkey_visitor"), None);
        let attacker = world.server.anonymous();
        attacker.set_cookie(SESSION, &fixed);
        assert!(!attacker.get("/me/profile").await.text().contains("mia@example.com"));
    }
    let again = world.server.user("mia@example.com").await;
    assert_ne!(again.cookie(SESSION), world.member.cookie(SESSION));
}

#[on_both_databases]
async fn a_login_over_another_login_is_a_new_session_of_the_new_user(app: TestApp) {
    let world = World::new(app).await;
    let before = world.member.cookie(SESSION).unwrap();
    let fields = [("email", "paula@example.com"), ("password", PASSWORD)];
    assert_eq!(world.member.post("/login", &fields).await.status, 303);
    assert_ne!(world.member.cookie(SESSION).unwrap(), before);
    assert!(world.member.get("/me/profile").await.text().contains("paula@example.com"));
}

/// Whoever has copied the cookie that is overwritten has nothing any more, on no node.
#[on_both_databases]
async fn v7_2_4_a_login_ends_the_session_that_the_browser_had_before(app: TestApp) {
    let world = World::new(app).await;
    let second = Server::second_node(&world.app).await;
    let elsewhere = world.server.user("mia@example.com").await;
    for email in ["mia@example.com", "paula@example.com"] {
        let copy = world.member.at(second.address);
        assert!(is_in(&copy).await);
        assert_eq!(world.member.post("/login", &[("email", email), ("password", PASSWORD)]).await.status, 303);
        assert!(is_in(&world.member).await && !is_in(&copy).await, "{email}");
    }
    assert!(is_in(&elsewhere).await, "no other browser's");
    let copy = world.admin.at(second.address);
    assert!(is_staff(&copy).await);
    let fields = [("email", "stella@staff.example"), ("password", PASSWORD)];
    assert_eq!(world.admin.post("/admin/login", &fields).await.status, 303);
    assert!(is_staff(&world.admin).await && !is_staff(&copy).await);
    let ended = "select count(*) from events where detail = 'another login in the same browser'";
    assert_eq!(crate::support::tables::number(&world.app, ended).await, 3);
}

#[on_both_databases]
async fn v7_4_1_nist_5_1_logout_ends_the_session_for_whoever_holds_the_cookie(app: TestApp) {
    let world = World::new(app).await;
    let second = Server::second_node(&world.app).await;
    let copies = [world.member.at(world.server.address), world.member.at(second.address)];
    let elsewhere = world.server.user("mia@example.com").await;
    assert!(is_in(&copies[0]).await && is_in(&copies[1]).await);
    let answer = world.member.press("/logout").await;
    assert_eq!(answer.outline(), "303 /login (success)");
    assert!(answer.cookies().iter().any(|cookie| cookie.starts_with("latchkey_session=;") && cookie.contains("Max-Age=0")));
    assert!(!is_in(&copies[0]).await && !is_in(&copies[1]).await && !is_in(&world.member).await);
    assert!(is_in(&elsewhere).await, "a login elsewhere goes on");
    let copies = [world.admin.at(world.server.address), world.admin.at(second.address)];
    assert!(is_staff(&copies[0]).await && is_staff(&copies[1]).await);
    assert_eq!(world.admin.press("/admin/logout").await.outline(), "303 /admin/login (success)");
    assert!(!is_staff(&copies[0]).await && !is_staff(&copies[1]).await);
}

#[on_both_databases]
async fn v7_a_session_of_one_area_is_none_of_the_other(app: TestApp) {
    let world = World::new(app).await;
    let (user, staff) = (world.owner.cookie(SESSION).unwrap(), world.admin.cookie(ADMIN).unwrap());
    let mixed = world.server.anonymous();
    mixed.set_cookie(SESSION, &staff);
    mixed.set_cookie(ADMIN, &user);
    assert!(!is_in(&mixed).await && !is_staff(&mixed).await);
    assert_eq!(mixed.get(&format!("/a/{}", world.acme)).await.status, 303);
    // The same address and password in both areas are two people.
    let answer = world.server.anonymous().post("/admin/login", &[("email", "olivia@example.com"), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, 422);
    let answer = world.server.anonymous().post("/login", &[("email", "stella@staff.example"), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, 422);
}

#[on_both_databases]
async fn nist_4_5_rule_2_access_ends_at_the_next_request_on_every_node(app: TestApp) {
    let world = World::new(app).await;
    let second = Server::second_node(&world.app).await;
    let manager = world.manager.at(second.address);
    let users = format!("/a/{}/users", world.acme);
    assert_eq!(manager.get(&users).await.status, 200);
    let id = crate::support::tables::number(&world.app, "select id from users where email = 'max@example.com'").await;
    // Less permissions.
    let saved = world.owner.post(&format!("{users}/{id}/permissions"), &[("permissions", "invoices")]).await;
    assert_eq!(saved.outline(), format!("303 {users} (success)"));
    let answer = manager.get(&users).await;
    assert_eq!(answer.status, 403);
    assert!(answer.text().contains("Manage Users") && answer.text().contains("olivia@example.com"), "{}", answer.text());
    assert_eq!(manager.get(&format!("/a/{}", world.acme)).await.status, 200);
    // No access at all; the user stays.
    assert_eq!(world.owner.press(&format!("{users}/{id}/remove")).await.outline(), format!("303 {users} (success)"));
    assert_eq!(manager.get(&format!("/a/{}", world.acme)).await.status, 404);
    assert_eq!(manager.get(&users).await.status, 404);
    assert!(is_in(&manager).await);
}

#[on_both_databases]
async fn rule_8_a_closed_account_is_closed_at_the_next_request_on_every_node(app: TestApp) {
    let world = World::new(app).await;
    let second = Server::second_node(&world.app).await;
    let owner = world.owner.at(second.address);
    let home = format!("/a/{}", world.acme);
    assert_eq!(owner.get(&home).await.status, 200);
    assert_eq!(world.admin.press(&format!("/admin/clients/{}/close", world.acme)).await.flash().unwrap().0, "success");
    assert_eq!(owner.get(&home).await.status, 403);
    let switcher = owner.get("/accounts").await.text();
    assert!(switcher.contains("Acme") && switcher.contains("Closed"), "{switcher}");
    assert_eq!(world.stranger.get(&home).await.status, 404, "a stranger is told nothing");
    // Logging in towards it works all the same.
    let fields = [("email", "mia@example.com"), ("password", PASSWORD), ("next", home.as_str())];
    let answer = world.server.anonymous().post("/login", &fields).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert!(answer.cookie(SESSION).is_some());
}

#[on_both_databases]
async fn a_deleted_user_and_a_disabled_admin_are_out_at_once(app: TestApp) {
    let world = World::new(app).await;
    let (stella, acme) = (world.stella, world.acme);
    let lone = world.app.user("Lone", "Somebody", "lone@example.com").await;
    world.app.member(acme, lone, grants("invoices")).await;
    let lone_actor = world.server.user("lone@example.com").await;
    let request = world.app.request();
    let removed = world.app.app.write(&request, move |tx| {
        membership::remove(tx, &tx.authorize_staff::<ManageUsers>(stella, acme)?, lone)?;
        Ok::<_, membership::Error>(())
    });
    removed.await.unwrap();
    assert!(is_in(&lone_actor).await);
    let deleted = world.app.app.write(&request, move |tx| {
        user::delete(tx, &tx.authorize_admin::<DeleteUsers>(stella)?, &ConfirmedAdmin::machine(&System::named("test")), lone)
    });
    deleted.await.unwrap();
    assert!(!is_in(&lone_actor).await);

    let steve = world.another_admin().await;
    let steve_actor = world.server.admin("staff1@staff.example").await;
    assert!(is_staff(&steve_actor).await);
    let disabled = world.app.app.write(&request, move |tx| {
        admin::set_disabled(
            tx,
            &tx.authorize_admin::<ManageAdmins>(stella)?,
            &ConfirmedAdmin::machine(&System::named("test")),
            latchkey_core::id::AdminId(steve),
            true,
        )
    });
    disabled.await.unwrap();
    assert!(!is_staff(&steve_actor).await);
    let answer =
        world.server.anonymous().post("/admin/login", &[("email", "staff1@staff.example"), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, 422);
    // An account that is deleted is not there for its owner either.
    let gone = world.app.app.write(&request, move |tx| {
        account::delete(
            tx,
            &tx.authorize_admin::<latchkey_core::access::DeleteAccounts>(stella)?,
            &ConfirmedAdmin::machine(&System::named("test")),
            acme,
        )
    });
    gone.await.unwrap();
    assert_eq!(world.owner.get(&format!("/a/{acme}")).await.status, 404);
    let _ = world.app.app.write(&request, move |tx| account::close(tx, &tx.authorize_admin::<EditAccounts>(stella)?, acme)).await;
}

#[on_both_databases]
async fn v7_4_3_a_new_password_ends_all_other_sessions(app: TestApp) {
    let world = World::new(app).await;
    let other = world.server.user("mia@example.com").await;
    let new = "quiet harbour, seven lanterns";
    let answer = world.member.post("/me/password", &[("current", PASSWORD), ("new", new)]).await;
    assert_eq!(answer.outline(), "303 /me/security (success)");
    assert!(is_in(&world.member).await);
    assert!(!is_in(&other).await);
    assert_eq!(other.post("/login", &[("email", "mia@example.com"), ("password", PASSWORD)]).await.status, 422);
    assert_eq!(other.post("/login", &[("email", "mia@example.com"), ("password", new)]).await.status, 303);
    let told = world.app.take_mails().await;
    assert_eq!(told.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), ["mia@example.com"]);
}

#[on_both_databases]
async fn nobody_ends_somebody_elses_session(app: TestApp) {
    let world = World::new(app).await;
    let session = world.session_of("olivia@example.com").await;
    for actor in [&world.stranger, &world.member, &world.manager] {
        assert_eq!(actor.press(&format!("/me/sessions/{session}/end")).await.status, 404);
    }
    assert_eq!(world.owner.press(&format!("/me/sessions/{session}/end")).await.outline(), "303 /me/sessions (success)");
}

#[on_both_databases]
async fn v7_3_sessions_end_by_themselves(app: TestApp) {
    let world = World::new(app).await;
    let remembered = world.server.anonymous();
    let fields = [("email", "mia@example.com"), ("password", PASSWORD), ("remember", "yes")];
    let answer = remembered.post("/login", &fields).await;
    assert!(answer.cookies().iter().any(|cookie| cookie.starts_with(SESSION) && cookie.contains("Max-Age=")));
    world.app.clock.advance(Duration::from_hours(25));
    assert!(is_in(&remembered).await);
    assert!(!is_in(&world.member).await && !is_staff(&world.admin).await);
    world.app.clock.advance(Duration::from_hours(24 * 31));
    assert!(!is_in(&remembered).await);
}

#[on_both_databases]
async fn v7_2_2_cookies_that_make_no_sense_are_no_session(app: TestApp) {
    let world = World::new(app).await;
    let long = "A".repeat(3_000);
    let good = world.member.cookie(SESSION).unwrap();
    let cut = good[..good.len() - 1].to_owned();
    let mangled = good.to_lowercase();
    let padded = format!("{good}=");
    let quoted = format!("\"{good}\"");
    for bad in ["", "x", "%00", "\u{e9}", &long, &cut, &mangled, &padded, &quoted, "1 or 1=1", "null"] {
        let somebody = world.server.anonymous();
        somebody.set_cookie(SESSION, bad);
        somebody.set_cookie(ADMIN, bad);
        somebody.set_cookie("latchkey_visitor", bad);
        somebody.set_cookie("latchkey_flash", bad);
        assert!(!is_in(&somebody).await && !is_staff(&somebody).await, "{bad:?}");
        assert_eq!(somebody.get("/login").await.status, 200, "{bad:?}");
    }
}

/// Or whoever has a session would hold back the last byte of many forms, and send it when the session has ended.
#[on_both_databases]
async fn whose_session_ends_while_a_form_is_on_its_way_is_not_heard(app: TestApp) {
    let world = World::new(app).await;
    let (owner, admin) = (&world.owner, &world.admin);
    for (actor, path, logout, login) in [
        (owner, "/me/devices/forget-others", "/logout", "/login"),
        (admin, "/admin/me/devices/forget-others", "/admin/logout", "/admin/login"),
    ] {
        let token = actor.token(path).await;
        let ask = Ask::new("POST", path).form(&[("csrf", &token)]).with("cookie", &actor.cookies());
        let heard = ask.send_around(world.server.address, async { _ = actor.press(logout).await }).await.unwrap();
        assert_eq!(heard.status, 303, "{path}");
        assert!(heard.location().unwrap().starts_with(login), "{path}: {}", heard.outline());
    }
}
