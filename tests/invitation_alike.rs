//! What the invitation's page tells of who has an account here: nothing by its login, and by its registration only what it says itself,
//! ten times at most (ASVS V6.3.8). In words, and in time.

use std::time::Duration;

use crate::support::{Actor, Answer, PASSWORD, TestApp, World, assert_alike_in_time, on_both_databases};

const CHOSEN: &str = "quiet harbour, seven lanterns";
const WRONG: &str = "not-the-password-at-all";
/// Addresses of one length: one that has a login, one that has none.
const KNOWN: &str = "mia@example.com";
const UNKNOWN: &str = "nia@example.com";

type Fields<'a> = [(&'a str, &'a str); 4];

const fn registration<'a>(email: &'a str, password: &'a str) -> Fields<'a> {
    [("first_name", "Nora"), ("last_name", "New"), ("email", email), ("password", password)]
}

/// The link of a new invitation.
async fn link(world: &World) -> String {
    let (_, secret) = world.invitation().await;
    format!("/invite/{}", secret.reveal())
}

/// A registration, by a browser of its own: its status, and what a stranger can tell from the answer.
async fn registers(by: &Actor, path: &str, email: &str, password: &str) -> (u16, String) {
    let answer: Answer = by.post(path, &registration(email, password)).await;
    (answer.status, answer.text().replace(email, "TYPED"))
}

/// The page with all that may be said of taken addresses through this link already said.
async fn told_all(world: &World) -> String {
    let path = format!("{}/register", link(world).await);
    let somebody = world.server.anonymous();
    for _ in 0..10 {
        let (status, page) = registers(&somebody, &path, KNOWN, CHOSEN).await;
        assert!(status == 422 && page.contains("id=\"register-email-error\""), "{status}: {page}");
    }
    path
}

#[on_both_databases]
async fn v6_3_8_the_invitations_login_takes_the_same_time_for_an_unknown_address(app: TestApp) {
    let world = World::new(app).await;
    let path = format!("{}/login", link(&world).await);
    let (known, unknown) = ([("email", KNOWN), ("password", WRONG)], [("email", UNKNOWN), ("password", WRONG)]);
    assert_alike_in_time(&world, "who has a login", 422, [(&path, &known), (&path, &unknown)]).await;
    // A password that failed a hundred times is answered as a wrong one, so the right one is not told from others by time either.
    let right = [("email", KNOWN), ("password", PASSWORD)];
    assert_alike_in_time(&world, "which password it is", 422, [(&path, &right), (&path, &known)]).await;
    world.app.expect_unsent_mails();
}

#[on_both_databases]
async fn v6_3_8_once_ten_addresses_were_taken_the_link_tells_none_from_another_in_words_or_time(app: TestApp) {
    let world = World::new(app).await;
    let path = told_all(&world).await;
    let somebody = world.server.anonymous();
    let taken = registers(&somebody, &path, KNOWN, CHOSEN).await;
    assert_eq!(taken, registers(&somebody, &path, UNKNOWN, CHOSEN).await);
    let (known, unknown) = (registration(KNOWN, CHOSEN), registration(UNKNOWN, CHOSEN));
    assert_alike_in_time(&world, "registering", 422, [(&path, &known), (&path, &unknown)]).await;
    world.app.expect_unsent_mails();
}

/// What is refused for another reason is refused before anybody looks whether the address is taken.
#[on_both_databases]
async fn v6_3_8_a_registration_that_is_refused_anyway_tells_nothing_of_the_address(app: TestApp) {
    let world = World::new(app).await;
    let path = format!("{}/register", link(&world).await);
    let somebody = world.server.anonymous();
    let weak = registers(&somebody, &path, KNOWN, "short").await;
    assert_eq!(weak, registers(&somebody, &path, UNKNOWN, "short").await);
    let (known, unknown) = (registration(KNOWN, "short"), registration(UNKNOWN, "short"));
    assert_alike_in_time(&world, "a bad password", 422, [(&path, &known), (&path, &unknown)]).await;
    world.app.clock.advance(Duration::from_hours(7 * 24));
    let (known, unknown) = (registration(KNOWN, CHOSEN), registration(UNKNOWN, CHOSEN));
    assert_alike_in_time(&world, "a link that is over", 410, [(&path, &known), (&path, &unknown)]).await;
    world.app.expect_unsent_mails();
}
