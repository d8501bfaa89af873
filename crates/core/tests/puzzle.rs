//! The proof of work before the forms of strangers: solved or waited for, once, for one form and one browser.

use std::time::Duration;

use latchkey_core::access::ConfigureSystem;
use latchkey_core::app::Request;
use latchkey_core::guessing::{self, Guess, Kind};
use latchkey_core::puzzle::{self, Error, LIVES, Purpose, Puzzle, solve};
use latchkey_core::secret::Secret;
use latchkey_core::settings::{self, Puzzles, Security, When};
use latchkey_core::testing::TestApp;
use latchkey_test_macros::on_both_databases;

use crate::support::*;

const WAIT: Duration = Duration::from_secs(5);

fn browser(app: &TestApp) -> Secret {
    app.app.random().secret().unwrap()
}

async fn ask_for_it(app: &TestApp, when: When) {
    let stella = staff(app).await;
    let security = Security { puzzles: Puzzles { when, bits: 8, wait: WAIT }, ..Security::default() };
    as_staff::<ConfigureSystem, _, latchkey_core::access::Denied>(&app.app, stella, move |tx, by| {
        Ok(settings::set_security(tx, by, &security)?)
    })
    .await
    .unwrap();
}

async fn page(app: &TestApp, browser: &Secret) -> Option<Puzzle> {
    puzzle::of_page(&app.app, &request(), Purpose::Login, browser).await.unwrap()
}

async fn check(app: &TestApp, browser: &Secret, given: &str) -> Result<(), Error> {
    puzzle::check(&app.app, &request(), Purpose::Login, browser, given).await
}

#[on_both_databases]
async fn nothing_is_asked_unless_the_operator_wants_it(app: TestApp) {
    let browser = browser(&app);
    assert!(page(&app, &browser).await.is_none());
    assert!(check(&app, &browser, "").await.is_ok());
    assert_eq!(number(&app, "select count(*) from used_puzzles").await, 0);
}

#[on_both_databases]
async fn a_puzzle_is_solved_or_waited_for_and_used_once(app: TestApp) {
    ask_for_it(&app, When::Always).await;
    let browser = browser(&app);
    let first = page(&app, &browser).await.unwrap();
    assert!(matches!(check(&app, &browser, "").await, Err(Error::Missing)));
    assert!(matches!(check(&app, &browser, &first.text).await, Err(Error::TooEarly)), "unsolved");
    assert!(matches!(check(&app, &browser, &format!("{}:x", first.text)).await, Err(Error::TooEarly)), "wrong");
    assert!(check(&app, &browser, &solve(&first)).await.is_ok());
    assert!(matches!(check(&app, &browser, &solve(&first)).await, Err(Error::Used)));
    let second = page(&app, &browser).await.unwrap();
    app.clock.advance(WAIT - Duration::from_micros(1));
    assert!(matches!(check(&app, &browser, &second.text).await, Err(Error::TooEarly)), "a moment too early");
    app.clock.advance(Duration::from_micros(1));
    assert!(check(&app, &browser, &second.text).await.is_ok(), "late enough");
    assert!(matches!(check(&app, &browser, &solve(&second)).await, Err(Error::Used)), "solving it later makes no second one");
    let old = solve(&page(&app, &browser).await.unwrap());
    app.clock.advance(LIVES);
    assert!(matches!(check(&app, &browser, &old).await, Err(Error::TooOld)));
    let last = solve(&page(&app, &browser).await.unwrap());
    assert!(check(&app, &browser, &last).await.is_ok());
    swept(&app.app, puzzle::sweep).await;
    assert_eq!(number(&app, "select count(*) from used_puzzles").await, 1, "what is too old is removed by the clock");
    assert!(matches!(check(&app, &browser, &last).await, Err(Error::Used)), "what is not is still used");
}

#[on_both_databases]
async fn a_puzzle_is_for_one_form_and_one_browser_and_cannot_be_forged(app: TestApp) {
    ask_for_it(&app, When::Always).await;
    let (mine, other) = (browser(&app), browser(&app));
    let puzzle = page(&app, &mine).await.unwrap();
    let solved = solve(&puzzle);
    assert!(matches!(check(&app, &other, &solved).await, Err(Error::Missing)));
    for purpose in [Purpose::AdminLogin, Purpose::Invitation, Purpose::Forgot] {
        let elsewhere = puzzle::check(&app.app, &request(), purpose, &mine, &solved).await;
        assert!(matches!(elsewhere, Err(Error::Missing)), "{purpose:?}");
    }
    let easy = Puzzle { text: "AAAA".repeat(16), ..puzzle.clone() };
    assert!(matches!(check(&app, &mine, &solve(&easy)).await, Err(Error::Missing)), "made up");
    let mut tampered: Vec<char> = puzzle.text.chars().collect();
    tampered[20] = if tampered[20] == 'A' { 'B' } else { 'A' };
    let tampered = Puzzle { text: tampered.into_iter().collect(), ..puzzle };
    assert!(matches!(check(&app, &mine, &solve(&tampered)).await, Err(Error::Missing)), "changed");
    assert!(check(&app, &mine, &solved).await.is_ok(), "and the real one was not used up by all that");
}

#[on_both_databases]
async fn of_two_nodes_that_are_given_the_same_solution_one_takes_it(app: TestApp) {
    ask_for_it(&app, When::Always).await;
    let browser = browser(&app);
    let solved = solve(&page(&app, &browser).await.unwrap());
    let (first, second) = (app.app.clone(), app.second_node());
    let asked = request();
    let (first, second) = tokio::join!(
        puzzle::check(&first, &asked, Purpose::Login, &browser, &solved),
        puzzle::check(&second, &asked, Purpose::Login, &browser, &solved),
    );
    assert_ne!(first.is_ok(), second.is_ok(), "{first:?} {second:?}");
}

#[on_both_databases]
async fn after_failures_it_is_asked_of_the_address_that_failed_for_a_while(app: TestApp) {
    ask_for_it(&app, When::AfterFailures).await;
    let browser = browser(&app);
    let fail = async |kind: Guess| app.app.write(&request(), move |tx| guessing::failed(tx, &kind)).await.unwrap();
    let user = person(&app, "Gus").await;
    for _ in 0..5 {
        fail(Guess::of_user(Kind::StepUp, user)).await;
    }
    fail(Guess::at_secret(Kind::InvitationLink)).await;
    fail(Guess::at_secret(Kind::Register)).await;
    assert!(page(&app, &browser).await.is_none(), "who is logged in does not count, and two are not a few");
    let login = Guess::login(&email("nobody@example.com").key(), None);
    fail(login).await;
    assert!(page(&app, &browser).await.is_some());
    assert!(matches!(check(&app, &browser, "").await, Err(Error::Missing)));
    let elsewhere = Request { ip: Some([198, 51, 100, 7].into()), ..request() };
    assert!(puzzle::of_page(&app.app, &elsewhere, Purpose::Login, &browser).await.unwrap().is_none());
    app.clock.advance(Duration::from_mins(31));
    assert!(page(&app, &browser).await.is_none(), "forgotten");
}
