//! Passkeys in both areas, with an authenticator in software for the browser's part.

use latchkey_core::passkey::soft::{SoftKey, Told};
use latchkey_core::testing::PASSWORD;

use crate::support::tables::number;
use crate::support::{Actor, TestApp, World, on_both_databases};

const URL: &str = "http://latchkey.example";

/// What the browser is asked at this address.
async fn asked(actor: &Actor, path: &str) -> serde_json::Value {
    let answer = actor.press(path).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{}", answer.text());
    serde_json::from_slice(&answer.body).unwrap()
}

fn challenge(options: &serde_json::Value) -> String {
    options["challenge"].as_str().unwrap().to_owned()
}

async fn post(actor: &Actor, path: &str, fields: Vec<(&'static str, String)>) -> crate::support::Answer {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    actor.post(path, &fields).await
}

/// Adds a passkey. `base` stands before the paths of the area.
async fn add(actor: &Actor, base: &str, name: &str) -> SoftKey {
    use base64::Engine;
    let options = asked(actor, &format!("{base}/me/passkeys/options")).await;
    let handle = options["user"]["id"].as_str().unwrap();
    let handle = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(handle).unwrap();
    let key = SoftKey::es256(&handle);
    let mut fields = key.register(&Told::create(URL, &challenge(&options))).fields();
    fields.push(("name", name.to_owned()));
    let added = post(actor, &format!("{base}/me/passkeys/new"), fields).await;
    assert!([200, 303].contains(&added.status), "{}", added.text());
    key
}

/// Uses a passkey at this address.
async fn present(actor: &Actor, path: &str, key: &SoftKey, count: u32) -> crate::support::Answer {
    let options = asked(actor, &format!("{path}/options")).await;
    let fields = key.sign(&Told::get(URL, &challenge(&options), count)).fields();
    post(actor, path, fields).await
}

#[on_both_databases]
async fn v6_3_3_nist_2_2_a_passkey_logs_in_alone_and_as_the_second_step_in_both_areas(app: TestApp) {
    let world = World::new(app).await;
    for (base, email, home) in [("", "olivia@example.com", "/a/1"), ("/admin", "stella@staff.example", "/admin")] {
        let actor = match base {
            "" => world.server.user(email).await,
            _ => world.server.admin(email).await,
        };
        let key = add(&actor, base, "My phone").await;
        let list = actor.get(&format!("{base}/me/passkeys")).await;
        assert!(list.text().contains("My phone") && list.text().contains("Not used yet"), "{}", list.text());
        world.app.take_mails().await;

        let alone = world.server.anonymous();
        let login = present(&alone, &format!("{base}/login/passkey"), &key, 2).await;
        assert_eq!(login.outline(), format!("303 {home}"));
        assert_eq!(alone.get(&format!("{base}/me/passkeys")).await.status, 200);

        let second = world.server.anonymous();
        let fields = [("email", email), ("password", PASSWORD)];
        assert_eq!(second.post(&format!("{base}/login"), &fields).await.outline(), format!("303 {base}/login/two-factor"));
        let page = second.get(&format!("{base}/login/two-factor")).await.text();
        assert!(page.contains("Use a passkey") && !page.contains("Authentication Code"), "{page}");
        let login = present(&second, &format!("{base}/login/two-factor/passkey"), &key, 3).await;
        assert_eq!(login.outline(), format!("303 {home}"));

        world.app.clock.advance(std::time::Duration::from_mins(10));
        let page = second.get(&format!("{base}/me/passkeys/new")).await;
        assert!(page.location().unwrap().starts_with(&format!("{base}/confirm?next=")), "{}", page.outline());
        assert!(second.get(&format!("{base}/confirm")).await.text().contains("Use a passkey"));
        let confirmed = present(&second, &format!("{base}/confirm/passkey"), &key, 4).await;
        assert_eq!(confirmed.status, 303, "{}", confirmed.text());
        assert_eq!(second.get(&format!("{base}/me/passkeys/new")).await.status, 200);
        let id = number(&world.app, "select max(id) from passkeys").await;
        let removed = second.press(&format!("{base}/me/passkeys/{id}/remove")).await;
        assert_eq!(removed.outline(), format!("303 {base}/me/passkeys (success)"));
        world.app.take_mails().await;
    }
}

#[on_both_databases]
async fn v6_3_8_whatever_is_wrong_with_a_passkey_the_answer_is_one(app: TestApp) {
    let world = World::new(app).await;
    let key = add(&world.member, "", "My phone").await;
    world.app.take_mails().await;
    let visitor = world.server.anonymous();
    let mut answers = vec![
        present(&visitor, "/login/passkey", &SoftKey::ed25519(b"nobody"), 2).await,
        post(&visitor, "/login/passkey", vec![("credential_id", "not base64!".to_owned())]).await,
        post(&visitor, "/login/passkey", Vec::new()).await,
    ];
    // A challenge of another browser.
    let options = asked(&world.server.anonymous(), "/login/passkey/options").await;
    answers.push(post(&visitor, "/login/passkey", key.sign(&Told::get(URL, &challenge(&options), 2)).fields()).await);
    // Another site's page.
    let options = asked(&visitor, "/login/passkey/options").await;
    let told = Told { origin: "https://evil.example".to_owned(), ..Told::get(URL, &challenge(&options), 2) };
    answers.push(post(&visitor, "/login/passkey", key.sign(&told).fields()).await);
    for answer in answers {
        assert_eq!(answer.outline(), "303 /login (error)");
    }
    // The passkey of a user is none of staff's.
    assert_eq!(present(&visitor, "/admin/login/passkey", &key, 2).await.outline(), "303 /admin/login (error)");
    assert_eq!(present(&visitor, "/login/passkey", &key, 3).await.outline(), "303 /a/1");
}
