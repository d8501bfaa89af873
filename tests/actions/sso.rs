//! `CreateSsoToken` and the page that its link leads to.

use std::time::Duration;

use super::{CLIENT, Shop};
use crate::support::tables::{number, texts};
use crate::support::{Actor, Answer, Ask, TestApp, on_both_databases};

/// The address of a link, without the server's name.
fn path(answer: &serde_json::Value) -> String {
    let url = answer["redirect_url"].as_str().unwrap();
    assert!(url.ends_with(&format!("/oauth/singlesignon.php?access_token={}", answer["access_token"].as_str().unwrap())));
    format!("/oauth/{}", url.split_once("/oauth/").unwrap().1)
}

/// What the page's form does, with or without scripts.
async fn redeem(browser: &Actor, path: &str) -> Answer {
    let token = path.split_once("access_token=").unwrap().1;
    browser.get(path).await;
    browser.post("/oauth/singlesignon.php", &[("access_token", token)]).await
}

#[on_both_databases]
async fn a_link_logs_in_once_and_within_a_minute(app: TestApp) {
    let shop = Shop::open(app).await;
    let client = shop.client();
    let link = path(&shop.done("CreateSsoToken", &[("client_id", &client)]).await);
    let browser = shop.browser();
    for _ in 0..2 {
        let page = browser.get(&link).await;
        assert_eq!((page.status, page.header("referrer-policy")), (200, Some("no-referrer")), "opening it uses nothing up");
        assert!(page.text().contains("Olivia") && page.text().contains("data-send"), "{}", page.text());
    }
    assert_eq!(redeem(&browser, &link).await.outline(), format!("303 /a/{client}"));
    assert_eq!(browser.get(&format!("/a/{client}")).await.status, 200);
    assert_eq!(redeem(&shop.browser(), &link).await.status, 410, "it works once");
    let late = path(&shop.done("CreateSsoToken", &[("client_id", &client), ("destination", "clientarea:profile")]).await);
    shop.app.clock.advance(Duration::from_mins(1));
    assert_eq!(redeem(&shop.browser(), &late).await.status, 410);
    assert_eq!(shop.browser().get("/oauth/singlesignon.php").await.status, 410);
    let kinds: Vec<String> = texts(&shop.app.location, "select kind from events order by id").await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "sso-token-made").count(), 2);
    shop.app.finish().await;
}

#[on_both_databases]
async fn of_two_who_use_a_link_at_the_same_moment_one_is_logged_in(app: TestApp) {
    let shop = Shop::open(app).await;
    let link = path(&shop.done("CreateSsoToken", &[("user_id", &shop.mia.to_string())]).await);
    let (one, two) = (shop.browser(), shop.browser());
    let (first, second) = tokio::join!(redeem(&one, &link), redeem(&two, &link));
    let mut outlines = [first.outline(), second.outline()];
    outlines.sort();
    assert_eq!(outlines, ["303 /accounts", "410"]);
    shop.app.finish().await;
}

#[on_both_databases]
async fn a_link_is_made_for_members_of_open_accounts_that_allow_it_alone(app: TestApp) {
    let shop = Shop::open(app).await;
    let (client, mia) = (shop.client(), shop.mia.to_string());
    assert_eq!(shop.refused("CreateSsoToken", &[]).await, "A valid client_id or user_id is required");
    assert_eq!(shop.refused("CreateSsoToken", &[("client_id", "999")]).await, "Invalid client_id");
    assert_eq!(shop.refused("CreateSsoToken", &[("user_id", "x")]).await, "Invalid user_id");
    let made = shop.done("AddClient", &CLIENT).await;
    let other = made["clientid"].to_string();
    assert_eq!(shop.refused("CreateSsoToken", &[("client_id", &other), ("user_id", &mia)]).await, "Invalid user_id for client");
    let bad = [("client_id", client.as_str()), ("destination", "clientarea:nowhere")];
    assert_eq!(shop.refused("CreateSsoToken", &bad).await, "Invalid destination");
    for path in ["//evil.example", "https://evil.example/", "/\\evil.example"] {
        let fields = [("client_id", client.as_str()), ("destination", "sso:custom_redirect"), ("sso_redirect_path", path)];
        assert_eq!(shop.refused("CreateSsoToken", &fields).await, "Invalid destination", "{path}");
    }
    let fields = [
        ("client_id", client.as_str()),
        ("user_id", &mia),
        ("destination", "sso:custom_redirect"),
        ("sso_redirect_path", "me/profile"),
    ];
    let link = path(&shop.done("CreateSsoToken", &fields).await);
    assert_eq!(redeem(&shop.browser(), &link).await.outline(), "303 /me/profile");
    // Off, and closed: neither a new link nor one that was made before.
    let before = path(&shop.done("CreateSsoToken", &[("client_id", &client)]).await);
    let (olivia, acme) = (shop.browser().log_in("olivia@example.com").await, shop.acme);
    assert_eq!(olivia.post(&format!("/a/{acme}/sso"), &[("allowed", "")]).await.status, 303);
    assert_eq!(
        shop.refused("CreateSsoToken", &[("client_id", &client)]).await,
        format!("SSO authentication blocked for client {client}")
    );
    assert_eq!(redeem(&shop.browser(), &before).await.status, 410);
    shop.app.expect_unsent_mails();
    shop.app.finish().await;
}

#[on_both_databases]
async fn a_link_stands_for_no_factor_and_waits_where_somebody_else_is_logged_in(app: TestApp) {
    let shop = Shop::open(app).await;
    let (client, acme) = (shop.client(), shop.acme);
    let link = path(&shop.done("CreateSsoToken", &[("client_id", &client)]).await);
    let mia = shop.browser().log_in("mia@example.com").await;
    assert!(!mia.get(&link).await.text().contains("data-send"), "Mia has to press the button");
    number(&shop.app, "update accounts set two_factor_required_at = 1 returning id").await;
    let browser = shop.browser();
    assert_eq!(redeem(&browser, &link).await.outline(), format!("303 /a/{acme}"));
    let answer = browser.get(&format!("/a/{acme}")).await;
    assert!(
        answer.location().is_some_and(|to| to.starts_with("/two-factor") || to.starts_with("/me/security")),
        "{}",
        answer.outline()
    );
    shop.app.finish().await;
}

#[on_both_databases]
async fn a_session_of_a_link_enters_no_account_that_has_sso_off_and_the_page_says_why(app: TestApp) {
    let shop = Shop::open(app).await;
    shop.app.expect_unsent_mails();
    let (acme, umbrella) = (shop.acme, shop.app.account("Umbrella", shop.olivia).await);
    let olivia = shop.browser().log_in("olivia@example.com").await;
    assert_eq!(olivia.post(&format!("/a/{umbrella}/sso"), &[("allowed", "no")]).await.status, 303);
    // The link is for the user alone and names no account.
    let link = path(&shop.done("CreateSsoToken", &[("user_id", &shop.olivia.to_string())]).await);
    let browser = shop.browser();
    assert_eq!(redeem(&browser, &link).await.outline(), "303 /accounts");
    assert!(browser.get("/me/sessions").await.text().contains("Single sign-on"));
    assert_eq!(browser.get(&format!("/a/{acme}")).await.status, 200);
    let home = format!("/a/{umbrella}");
    let refused = [
        browser.get(&home).await,
        browser.get(&format!("{home}/users")).await,
        browser.post("/accounts", &[("account", &umbrella.to_string())]).await,
        browser.post(&format!("{home}/details"), &[("name", "Taken")]).await,
    ];
    for page in refused {
        assert_eq!(page.status, 403, "{}", page.text());
        assert!(page.text().contains("Sign in with your password to enter this account"), "{}", page.text());
    }
    // Where that is confirmed who it is: a link confirms nothing.
    let wants = browser.post("/me/email", &[("email", "new@example.com")]).await;
    assert!(wants.location().is_some_and(|to| to.starts_with("/confirm")), "{}", wants.outline());
    // What other doors say of the session, as its cookie shows it.
    let token = browser.cookie("latchkey_session").unwrap();
    let told = checked(&shop, &token).await;
    let barred: Vec<_> = told["accounts"].as_array().unwrap().iter().map(|row| row["barred"].clone()).collect();
    assert_eq!(barred, [serde_json::Value::Null, "single-sign-on-off".into()]);
    let verify = async |account| {
        let ask = Ask::new("GET", &format!("/auth/verify?account={account}")).with("host", "latchkey.example");
        browser.send(&ask).await.status
    };
    assert_eq!((verify(acme).await, verify(umbrella).await), (200, 403));
    // Switching it off takes effect at the next request.
    assert_eq!(olivia.post(&format!("/a/{acme}/sso"), &[("allowed", "no")]).await.status, 303);
    assert_eq!((browser.get(&format!("/a/{acme}")).await.status, verify(acme).await), (403, 403));
    assert_eq!(checked(&shop, &token).await["accounts"][0]["barred"], "single-sign-on-off");
    // With the password all is open: the page leads to the login and on.
    let login = format!("/login?next=%2Fa%2F{umbrella}");
    assert!(
        browser.get(&home).await.text().contains(&login.replace('/', "&#x2f;"))
            || browser.get(&home).await.text().contains(&login)
    );
    assert_eq!(browser.get(&login).await.status, 200);
    let fields = [("email", "olivia@example.com"), ("password", crate::support::PASSWORD), ("next", home.as_str())];
    assert_eq!(browser.post("/login", &fields).await.outline(), format!("303 {home}"));
    assert_eq!(browser.get(&home).await.status, 200);
    assert!(!browser.get(&login).await.text().contains("password"), "who has logged in so is led on");
    shop.app.finish().await;
}

/// What `/api/v1/session/check` tells of a session.
async fn checked(shop: &Shop, token: &str) -> serde_json::Value {
    let bearer = format!("Bearer {}", shop.full.token());
    let body = serde_json::json!({ "token": token }).to_string();
    let ask = Ask::new("POST", "/api/v1/session/check").body("application/json", body).with("authorization", &bearer);
    let answer = ask.send(shop.at).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_slice(&answer.body).unwrap()
}
