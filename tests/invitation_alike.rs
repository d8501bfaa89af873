//! What the invitation's page tells of who has an account here: nothing, neither by its login nor by its registration (ASVS V6.3.8). In
//! words, and in time. Only whoever types the invited address is told of that one, whose mailbox the link came by.

use std::time::Duration;

use crate::support::tables::texts;
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
    (answer.status, answer.told(email))
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
async fn v6_3_8_another_address_is_answered_alike_whoever_has_it_in_words_and_time(app: TestApp) {
    let world = World::new(app).await;
    let path = format!("{}/register", link(&world).await);
    let mut told = Vec::new();
    for email in [KNOWN, UNKNOWN] {
        let somebody = world.server.anonymous();
        let answer = somebody.post(&path, &registration(email, CHOSEN)).await;
        let page = somebody.get(answer.location().unwrap()).await;
        assert!(page.text().contains(&format!("A mail is on its way to {email}.")), "{}", page.text());
        told.push((answer.outline(), page.status, page.told(email)));
    }
    assert_eq!(told[0], told[1]);
    // So many may not be asked for: that is another test.
    texts(&world.app.location, "update invitations set registrations_asked = -1000 returning email").await;
    let (known, unknown) = (registration(KNOWN, CHOSEN), registration(UNKNOWN, CHOSEN));
    assert_alike_in_time(&world, "registering", 303, [(&path, &known), (&path, &unknown)]).await;
    world.app.expect_unsent_mails();
}

#[on_both_databases]
async fn v6_3_8_once_ten_were_asked_for_every_address_is_refused_alike_in_words_and_time(app: TestApp) {
    let world = World::new(app).await;
    let path = format!("{}/register", link(&world).await);
    let somebody = world.server.anonymous();
    for nth in 0..10 {
        let (status, page) = registers(&somebody, &path, &format!("new{nth}@example.com"), CHOSEN).await;
        assert_eq!(status, 303, "{page}");
    }
    // The message of the last one is read.
    somebody.get("/login").await;
    let taken = registers(&somebody, &path, KNOWN, CHOSEN).await;
    assert!(taken.0 == 422 && taken.1.contains("Ask the person who invited you for a new one."), "{}", taken.1);
    assert_eq!(taken, registers(&somebody, &path, UNKNOWN, CHOSEN).await);
    let (known, unknown) = (registration(KNOWN, CHOSEN), registration(UNKNOWN, CHOSEN));
    assert_alike_in_time(&world, "a link that was asked too often", 422, [(&path, &known), (&path, &unknown)]).await;
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
