//! `CreateSsoToken` and the page that its link leads to.

use std::time::Duration;

use super::{CLIENT, Shop};
use crate::support::tables::{number, texts};
use crate::support::{Actor, Answer, TestApp, on_both_databases};

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
