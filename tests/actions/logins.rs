//! `ValidateLogin`: a user's password that a machine compares for somebody else.

use latchkey_core::api_credential::Shown;
use latchkey_core::guessing::{self, Guess, Kind};
use latchkey_core::id::ApiCredentialId;

use super::{Shop, credential};
use crate::support::tables::{number, texts};
use crate::support::{TestApp, on_both_databases};

#[on_both_databases]
async fn a_login_is_validated_under_the_limits_of_every_login(app: TestApp) {
    let shop = Shop::open(app).await;
    let fields = |password| [("email", "mia@example.com"), ("password2", password), ("clientip", "198.51.100.7")];
    assert_eq!(shop.refused("ValidateLogin", &fields("wrong")).await, "Email or Password Invalid");
    assert_eq!(
        shop.refused("ValidateLogin", &[("email", "nobody@example.com"), ("password2", "x")]).await,
        "Email or Password Invalid"
    );
    let right = shop.done("ValidateLogin", &fields(crate::support::PASSWORD)).await;
    assert_eq!((right["userid"].as_i64(), right["twoFactorEnabled"].as_bool()), (Some(shop.mia.0), Some(false)));
    let browser = shop.browser();
    browser.set_cookie("latchkey_session", right["passwordhash"].as_str().unwrap());
    assert_eq!(browser.get("/me/profile").await.status, 200, "what is answered is a session of the user");
    assert_eq!(
        texts(&shop.app.location, "select last_login_ip from users where email = 'mia@example.com'").await,
        ["198.51.100.7"]
    );
    assert_eq!(number(&shop.app, "select count(*) from devices").await, 0, "the shop is no device of the user's");
    assert_eq!(number(&shop.app, "select count(*) from events where kind = 'device-new'").await, 0);
    let factor = format!(
        "insert into authenticators (user_id, kind, name, created_at, confirmed_at) values ({}, 'totp', '', 1, 1) returning id",
        shop.mia
    );
    number(&shop.app, &factor).await;
    let asked = shop.done("ValidateLogin", &fields(crate::support::PASSWORD)).await;
    assert_eq!((asked["twoFactorEnabled"].as_bool(), asked.get("passwordhash")), (Some(true), None));
    let mut limited = 0;
    for _ in 0..30 {
        let answer = shop.ask(&shop.full, "ValidateLogin", &fields("wrong")).await;
        limited += i32::from(answer.status == 429 && answer.header("retry-after").is_some());
    }
    assert!(limited > 0, "v6.3.1: guessing is slowed down here, too");
    shop.app.finish().await;
}

/// Each time another user from another place: no limit of theirs holds it back, but the machine's own does.
#[on_both_databases]
async fn a_machine_for_which_too_many_logins_fail_has_to_wait_and_no_other(app: TestApp) {
    let shop = Shop::open(app).await;
    let other = credential(&shop.app, shop.stella, "full", None, "").await;
    let machine = ApiCredentialId(number(&shop.app, "select min(id) from api_credentials").await);
    // What has failed before, as each answer counts it; two more are heard.
    let from = shop.app.request();
    let failed = shop.app.app.write(&from, move |tx| {
        let machine = Guess::by_machine(Kind::MachineLogin, machine);
        (0..998).try_for_each(|_| guessing::failed(tx, &machine))
    });
    failed.await.unwrap();
    let ask = async |shown: &Shown, number: usize, email: &str, password: &str| {
        let ip = format!("198.51.{number}.7");
        shop.ask(shown, "ValidateLogin", &[("email", email), ("password2", password), ("clientip", &ip)]).await.status
    };
    assert_eq!(ask(&shop.full, 1, "mia@example.com", crate::support::PASSWORD).await, 200, "a success is not counted");
    assert_eq!(ask(&shop.full, 2, "nobody2@example.com", "wrong").await, 200);
    assert_eq!(ask(&shop.full, 3, "nobody3@example.com", "wrong").await, 200);
    assert_eq!(ask(&shop.full, 4, "nobody4@example.com", "wrong").await, 429);
    assert_eq!(ask(&shop.full, 5, "mia@example.com", crate::support::PASSWORD).await, 429, "nothing is compared any more");
    assert_eq!(ask(&other, 6, "nobody6@example.com", "wrong").await, 200, "another machine is another");
    let slowed = texts(&shop.app.location, "select detail from events where kind = 'guessing-slowed'").await;
    assert_eq!(slowed, ["machine-login, account"], "the log tells it once");
    shop.app.clock.advance(std::time::Duration::from_secs(5));
    assert_eq!(ask(&shop.full, 7, "mia@example.com", crate::support::PASSWORD).await, 200, "it waits for seconds");
    shop.app.finish().await;
}

/// A ban is of the person's address, wherever the form stands into which it types.
#[on_both_databases]
async fn a_banned_client_is_not_let_in_through_the_shop(app: TestApp) {
    let shop = Shop::open(app).await;
    let from = |ip| [("email", "mia@example.com"), ("password2", crate::support::PASSWORD), ("clientip", ip)];
    shop.done("AddBannedIp", &[("ip", "198.51.100.7"), ("reason", "Spam"), ("days", "7")]).await;
    assert_eq!(shop.refused("ValidateLogin", &from("198.51.100.7")).await, "The address of the client is banned");
    assert_eq!(number(&shop.app, "select count(*) from sessions").await, 0);
    shop.done("ValidateLogin", &from("198.51.100.8")).await;
    shop.app.finish().await;
}
