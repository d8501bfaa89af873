//! A change of owner that needs a second admin, on the pages.

use crate::support::world::need_second_admin;
use crate::support::{Actor, TestApp, World, on_both_databases};

/// Another full administrator, logged in.
async fn second_admin(world: &World) -> Actor {
    world.another_admin().await;
    let steve = Actor::anonymous(world.server.address);
    let number = crate::support::tables::number(&world.app, "select count(*) from admins").await - 1;
    let login = [("email", format!("staff{number}@staff.example")), ("password", "a-password-for-tests-only".to_owned())];
    let login: Vec<(&str, &str)> = login.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(steve.post("/admin/login", &login).await.status, 303);
    steve
}

#[on_both_databases]
async fn v2_3_5_one_admin_makes_an_owner_and_another_approves(app: TestApp) {
    let world = World::new(app).await;
    need_second_admin(&world.app, world.stella).await;
    let steve = second_admin(&world).await;
    let (users, tom) = (format!("/admin/clients/{}/users", world.acme), world.someone().await);
    let made = world.admin.post(&format!("{users}/{tom}/owner"), &[]).await;
    assert_eq!(made.outline(), format!("303 {users} (success)"));
    let id = crate::support::tables::number(&world.app, "select id from owner_changes").await;
    let change = format!("/admin/clients/{}/owner-changes/{id}", world.acme);
    let own = world.admin.get(&users).await.text();
    assert!(
        own.contains("you asked for it")
            && own.contains(&format!("{change}/refuse"))
            && !own.contains(&format!("{change}/approve"))
    );
    let forced = world.admin.post(&format!("{change}/approve"), &[]).await;
    assert!(forced.outline().ends_with("(error)"), "{}", forced.outline());
    assert!(steve.get("/admin").await.text().contains("Changes of owner that wait for approval"));
    let page = steve.get(&users).await.text();
    assert!(page.contains("asks to make") && page.contains(&format!("{change}/approve")));
    assert!(steve.post(&format!("{change}/approve"), &[]).await.outline().ends_with("(success)"));
    assert!(steve.post(&format!("{change}/approve"), &[]).await.outline().ends_with("(error)"), "once");
    assert!(!steve.get("/admin").await.text().contains("Changes of owner that wait for approval"));
    let owner =
        crate::support::tables::number(&world.app, &format!("select owner_id from accounts where id = {}", world.acme)).await;
    assert_eq!(owner, tom.0);
}
