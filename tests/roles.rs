//! Roles of members, where staff lets somebody in and where an invitation is read.

use latchkey_core::testing::link_secret;

use crate::support::tables::{number, texts};
use crate::support::{TestApp, World, on_both_databases};

/// What the user of this address holds in Acme: singly, and by which role.
async fn held(world: &World, email: &str) -> Vec<String> {
    let query = format!(
        "select m.grants || '|' || coalesce((select r.name from roles r where r.id = m.role_id), '')
         from memberships m join users u on u.id = m.user_id where u.email = '{email}' and m.account_id = {}",
        world.acme
    );
    texts(&world.app.location, &query).await
}

#[on_both_databases]
async fn staff_lets_somebody_in_with_a_role_with_and_without_an_invitation(app: TestApp) {
    let world = World::new(app).await;
    let role = world.member_role().await.to_string();
    let page = format!("/admin/clients/{}/users/associate", world.acme);
    assert!(world.admin.get(&page).await.text().contains(&format!("<option value=\"{role}\"")));
    let sam = number(&world.app, "select id from users where email = 'sam@example.com'").await.to_string();
    let existing = [("query", "sam"), ("user", &sam), ("role", &role), ("send_invite", "no")];
    let new =
        [("email", "nora@example.com"), ("first_name", "Nora"), ("last_name", "New"), ("role", &role), ("send_invite", "no")];
    for (email, fields) in [("sam@example.com", &existing[..]), ("nora@example.com", &new[..])] {
        let done = world.admin.post(&page, fields).await;
        assert_eq!(done.status, 303, "{}", done.text());
        assert_eq!(held(&world, email).await, ["|Clerk 0"]);
    }
    let invited = [("query", "ina@example.org"), ("role", &role), ("permissions", "tickets"), ("send_invite", "yes")];
    assert_eq!(world.admin.post(&page, &invited).await.status, 303);
    let offered =
        texts(&world.app.location, "select grants || '|' || role_id from invitations where email = 'ina@example.org'").await;
    assert_eq!(offered, [format!("tickets|{role}")]);
    // Without a role at least one permission is chosen, and no role is made up.
    for (role, why) in [("", "permissions-error"), ("999999", "role-error"), ("x", "role-error")] {
        let refused = world.admin.post(&page, &[("query", "ida@example.org"), ("role", role), ("send_invite", "yes")]).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text().contains(why), "{role}: {}", refused.text());
    }
    world.app.take_mails().await;
}

#[on_both_databases]
async fn an_invitation_s_page_names_the_role_that_is_offered_before_what_it_gives(app: TestApp) {
    let world = World::new(app).await;
    let role = world.member_role().await.to_string();
    for (email, role, named) in [("ina@example.org", role.as_str(), true), ("ida@example.org", "", false)] {
        let fields = [("email", email), ("scope", "choose"), ("role", role), ("permissions", "tickets")];
        let sent = world.owner.post(&format!("/a/{}/invitations", world.acme), &fields).await;
        assert_eq!(sent.status, 303, "{}", sent.text());
        let link = link_secret(&world.app.take_mails().await[0]);
        let page = world.anonymous.get(&format!("/invite/{}", link.reveal())).await.text();
        let (role, gives) = (page.find("Clerk 0"), page.find("class=\"granted\"").unwrap());
        assert_eq!(role.is_some_and(|role| role < gives), named, "{page}");
    }
}
