//! Who has shown nothing yet waits for a turn; who is logged in does not, and a cookie that was made up is no login. Time stands still
//! here but where everybody waits.

use std::time::Duration;

use tokio::time::{Instant, pause, timeout};

use crate::support::{Actor, Ask, TestApp, World};

/// How long a turn is waited for.
const LONGEST_TURN: Duration = Duration::from_secs(1);

#[tokio::test]
async fn only_who_is_logged_in_does_not_wait_among_strangers() {
    let world = World::new(TestApp::sqlite().await).await;
    world.member.get("/accounts").await;
    world.admin.get("/admin").await;
    let stranger = world.server.anonymous();
    // The tokens of their forms, while nobody waits.
    for (by, path) in [(&world.member, "/login"), (&world.admin, "/admin/login"), (&stranger, "/login")] {
        by.token(path).await;
    }
    pause();
    let mut turns = Vec::new();
    while let Ok(turn) = timeout(Duration::ZERO, world.app.app.strangers_turn()).await {
        turns.push(turn.expect("nobody waited"));
    }
    let waited = async |by: &Actor, ask: &Ask, status: u16| {
        let begun = Instant::now();
        assert_eq!(by.send(ask).await.status, status);
        begun.elapsed()
    };
    // 256 bits that nobody has been given: what cannot be read as a secret would be no cookie at all.
    let made_up = "A".repeat(43);
    assert_eq!(waited(&world.member, &Ask::new("GET", "/accounts"), 200).await, Duration::ZERO);
    assert_eq!(waited(&world.admin, &Ask::new("GET", "/admin"), 200).await, Duration::ZERO);
    let login = Ask::new("GET", "/login");
    assert!(waited(&stranger, &login, 200).await >= LONGEST_TURN);
    for name in ["latchkey_session", "latchkey_admin", "latchkey_masquerade"] {
        let ask = login.clone().with("cookie", &format!("{name}={made_up}"));
        assert!(waited(&world.server.anonymous(), &ask, 200).await >= LONGEST_TURN, "{name}");
    }
    // Judging what is typed takes a turn of its own, after the one for reading.
    let judged = async |by: &Actor, path: &str| {
        let begun = Instant::now();
        assert_eq!(by.post(path, &[("password", "correct horse battery")]).await.status, 200);
        begun.elapsed()
    };
    assert_eq!(judged(&world.member, "/password/strength").await, Duration::ZERO);
    assert_eq!(judged(&world.admin, "/admin/password/strength").await, Duration::ZERO);
    assert!(judged(&stranger, "/password/strength").await >= 2 * LONGEST_TURN);
    drop(turns);
    world.app.finish().await;
}
