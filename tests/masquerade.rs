//! **Login as Owner** over HTTP: what the admin sees, what stays closed, and the way back.

use crate::support::world::fill;
use crate::support::{Ask, TestApp, World, difference, dump, on_both_databases};

const SESSION: &str = "latchkey_session";
const MASQUERADE: &str = "latchkey_masquerade";

#[on_both_databases]
async fn v6_1_3_no_form_of_the_users_own_does_anything_and_none_of_its_pages_opens(app: TestApp) {
    app.expect_unsent_mails();
    let world = World::with_staff(app).await;
    let admin = world.actor("masquerading admin");
    let token = admin.token("/a").await;
    let mut seen = 0;
    let own = |route: &latchkey_web::Route| {
        let starts = |starts: &[&str]| starts.iter().any(|start| route.path.starts_with(start));
        let ends =
            ["/leave", "/switch-user", "/a/{account}/two-factor", "/a/{account}/sso"].iter().any(|end| route.path.ends_with(end));
        // What a link or a login opens to anybody may be looked at; nothing of it is done in this browser.
        let done = ["/verify/", "/password/", "/login", "/invite/", "/register/"];
        starts(&["/me/", "/confirm", "/two-factor"]) || ends || (route.method == "POST" && starts(&done))
    };
    for route in latchkey_web::table().into_iter().filter(own) {
        let path = fill(&world, route.path, "owner").await;
        let before = dump(&world.app).await;
        let answer = if route.method == "GET" {
            admin.get(&path).await
        } else {
            let fields = [
                ("csrf", token.as_str()),
                ("first_name", "Mallory"),
                ("last_name", "Mask"),
                ("current", crate::support::PASSWORD),
                ("new", "quiet harbour, seven lanterns"),
            ];
            admin.send(&Ask::new("POST", &path).form(&fields)).await
        };
        assert_eq!(answer.status, 403, "{} {path}: {}", route.method, answer.text());
        assert!(answer.text().contains("logged in for somebody else"), "{path}: the page says why");
        assert!(difference(&before, &dump(&world.app).await).is_empty(), "{path}");
        seen += 1;
    }
    assert!(seen >= 40, "{seen}");
    let (_, secret) = world.invitation().await;
    let before = dump(&world.app).await;
    for press in ["accept", "decline"] {
        let path = format!("/invite/{}/{press}", secret.reveal());
        assert_eq!(admin.send(&Ask::new("POST", &path).form(&[("csrf", token.as_str())])).await.status, 403, "{press}");
    }
    assert!(difference(&before, &dump(&world.app).await).is_empty());
}

#[on_both_databases]
async fn every_page_says_who_is_who_and_the_way_back_leads_to_the_client(app: TestApp) {
    app.expect_unsent_mails();
    let world = World::with_staff(app).await;
    let admin = world.actor("masquerading admin");
    let home = format!("/a/{}", world.acme);
    for path in
        [home.clone(), format!("{home}/users"), format!("{home}/activity"), "/accounts".to_owned(), "/me/password".to_owned()]
    {
        let text = admin.get(&path).await.text();
        for part in ["Return to admin area", "Stella Staff", "Olivia Owner"] {
            assert!(text.contains(part), "{path} without {part}: {text}");
        }
    }
    assert_eq!(admin.get(&format!("/a/{}", world.elsewhere)).await.status, 404);
    let copy = admin.at(world.server.address);
    let back = admin.press("/masquerade/end").await;
    assert_eq!(back.outline(), format!("303 /admin/clients/{}/users (success)", world.acme));
    assert!(admin.cookie(MASQUERADE).is_none());
    assert_eq!(copy.get(&home).await.status, 303, "the session is over on the server, too");
    assert_eq!(admin.get("/admin").await.status, 200, "the admin's own session goes on");
    let log = world.owner.get(&format!("{home}/activity")).await.text();
    assert!(log.contains("Stella Staff") && log.contains("Ticket 7"), "{log}");
}

#[on_both_databases]
async fn the_admins_own_client_login_is_left_alone(app: TestApp) {
    app.expect_unsent_mails();
    let world = World::with_staff(app).await;
    let admin = world.server.admin("stella@staff.example").await.log_in("sam@example.com").await;
    let own = admin.cookie(SESSION).unwrap();
    let started = admin.post(&format!("/admin/clients/{}/masquerade", world.acme), &[("reason", "Ticket 8")]).await;
    assert_eq!(started.status, 303);
    assert_eq!(admin.get(&format!("/a/{}", world.acme)).await.status, 200);
    assert_eq!(admin.get(&format!("/a/{}", world.elsewhere)).await.status, 404);
    // Neither cookie is taken for the other.
    let confused = world.server.anonymous();
    confused.set_cookie(SESSION, &admin.cookie(MASQUERADE).unwrap());
    confused.set_cookie(MASQUERADE, &own);
    assert_eq!(confused.get("/accounts").await.status, 303);
    assert_eq!(admin.press("/logout").await.outline(), format!("303 /admin/clients/{}/users (success)", world.acme));
    assert_eq!(admin.cookie(SESSION).as_deref(), Some(own.as_str()));
    assert_eq!(admin.get(&format!("/a/{}", world.elsewhere)).await.status, 200);
}

#[on_both_databases]
async fn v8_3_1_without_the_permission_the_page_names_it(app: TestApp) {
    app.expect_unsent_mails();
    let world = World::with_staff(app).await;
    let path = format!("/admin/clients/{}/masquerade", world.acme);
    for actor in ["support", "read-only"] {
        let somebody = world.actor(actor);
        for answer in [somebody.get(&path).await, somebody.post(&path, &[("reason", "Ticket 9")]).await] {
            assert_eq!(answer.status, 403);
            assert!(answer.text().contains("Login as Owner"), "{}", answer.text());
        }
        let users = somebody.get(&format!("/admin/clients/{}/users", world.acme)).await.text();
        assert!(!users.contains("Login as Owner") && users.contains("Olivia"), "what is not allowed is not offered");
    }
}
