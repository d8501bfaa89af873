//! Reading changes nothing: not by GET, not by any method that is not POST.

use crate::support::world::{ACTORS, fill};
use crate::support::{Answer, Ask, TestApp, World, difference, dump, on_both_databases};

async fn ask(world: &World, method: &str, path: &str, actor: &str) -> Answer {
    world.actor(actor).send(&Ask::new(method, path)).await
}

#[on_both_databases]
async fn v3_5_2_to_3_nothing_changes_on_get(app: TestApp) {
    app.expect_unsent_mails();
    let world = World::new(app).await;
    // Also what is no page for reading: a mail scanner opens whatever stands in a mail.
    let mut paths: Vec<&str> = latchkey_web::table().iter().map(|route| route.path).collect();
    paths.dedup();
    for path in paths {
        let path = fill(&world, path, "owner").await;
        let before = dump(&world.app).await;
        for actor in ACTORS {
            let answer = ask(&world, "GET", &path, actor).await;
            assert!(answer.status < 500, "{path} as {actor}: {}", answer.text());
        }
        let changed = difference(&before, &dump(&world.app).await);
        assert!(changed.is_empty(), "GET {path}: {changed:#?}");
    }
}

#[on_both_databases]
async fn v4_1_4_v13_4_4_methods_that_nobody_offers_do_nothing(app: TestApp) {
    app.expect_unsent_mails();
    let world = World::new(app).await;
    let mut paths: Vec<&str> = latchkey_web::table().iter().map(|route| route.path).collect();
    paths.dedup();
    for path in paths {
        let reads = latchkey_web::table().iter().any(|route| route.path == path && route.method == "GET");
        let path = fill(&world, path, "owner").await;
        let before = dump(&world.app).await;
        let entitled = if path.starts_with("/admin") { "admin" } else { "owner" };
        for actor in ["anonymous", entitled] {
            for method in ["OPTIONS", "TRACE", "PUT", "DELETE", "BREW"] {
                let answer = ask(&world, method, &path, actor).await;
                assert_eq!(answer.status, 405, "{method} {path} as {actor}");
            }
            let head = ask(&world, "HEAD", &path, actor).await;
            assert!(head.body.is_empty(), "HEAD {path} as {actor} has a body");
            let get = ask(&world, "GET", &path, actor).await;
            assert_eq!(head.status, if reads { get.status } else { 405 }, "HEAD {path} as {actor}");
        }
        let changed = difference(&before, &dump(&world.app).await);
        assert!(changed.is_empty(), "{path}: {changed:#?}");
    }
}
