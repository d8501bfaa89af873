//! Every action × everybody who may not: the reviewed answers are in `snapshots/actions.txt`.

use std::collections::BTreeMap;
use std::fmt::Write;

use latchkey_core::access::{ApiRight, ApiRights, ConfirmedAdmin, ManageApi, System};
use latchkey_core::api_credential::{self, Shown};
use latchkey_core::api_role::{self, NewRole};
use latchkey_core::id::ApiCredentialId;

use super::{Shop, credential, owner_made};
use crate::support::snapshot::assert_reviewed;
use crate::support::tables::number;
use crate::support::{Answer, TestApp, difference, dump, on_both_databases};

fn actions() -> impl Iterator<Item = ApiRight> {
    ApiRight::ALL.iter().copied().filter(|right| right.is_action())
}

/// A role that holds every action but this one.
async fn without(shop: &Shop, right: ApiRight) -> Shown {
    let rights: ApiRights = ApiRight::ALL.iter().copied().filter(|held| *held != right).collect();
    let (name, stella) = (format!("Without {}", right.key()), shop.stella);
    let new = NewRole { name: name.clone(), rights };
    let request = shop.app.request();
    let made = shop.app.app.write(&request, move |tx| {
        let by = tx.authorize_admin::<ManageApi>(stella)?;
        api_role::create(tx, &by, &ConfirmedAdmin::machine(&System::named("test")), &new)
    });
    made.await.unwrap();
    credential(&shop.app, shop.stella, &name, None, "").await
}

/// Credentials that no longer work: past their end, taken back, and of an admin who is disabled.
async fn dead(shop: &Shop) -> [(&'static str, Shown); 3] {
    let made = async |admin| credential(&shop.app, admin, "full", None, "").await;
    let leaver = shop.app.admin("Larry Left", "larry@staff.example").await;
    let (expired, revoked, disabled) = (made(shop.stella).await, made(shop.stella).await, made(leaver).await);
    let end = format!("update api_credentials set expires_at = 1 where identifier = '{}' returning id", expired.identifier);
    number(&shop.app, &end).await;
    let id = number(&shop.app, &format!("select id from api_credentials where identifier = '{}'", revoked.identifier)).await;
    let (stella, request) = (shop.stella, shop.app.request());
    let taken = shop
        .app
        .app
        .write(&request, move |tx| api_credential::revoke(tx, &tx.authorize_admin::<ManageApi>(stella)?, ApiCredentialId(id)));
    taken.await.unwrap();
    number(&shop.app, &format!("update admins set disabled_at = 1 where id = {leaver} returning id")).await;
    [("expired", expired), ("revoked", revoked), ("of a disabled admin", disabled)]
}

fn outline(answer: &Answer) -> String {
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    format!("{} {}", answer.status, body["message"].as_str().unwrap_or("success"))
}

#[on_both_databases]
async fn v8_2_1_whoever_may_not_is_refused_every_action_and_changes_nothing(app: TestApp) {
    let shop = Shop::open(app).await;
    let elsewhere = credential(&shop.app, shop.stella, "full", None, "192.0.2.0/24").await;
    let other = shop.app.account("Elsewhere", shop.mia).await;
    let bound = credential(&shop.app, shop.stella, "full", Some(other), "").await;
    let read_only = credential(&shop.app, shop.stella, "read-only", None, "").await;
    let owners = owner_made(&shop.app, "mia@example.com", shop.mia, other).await;
    let dead = dead(&shop).await;
    let (identifier, secret) = (shop.full.identifier.as_str(), shop.full.secret.reveal());
    let unknown = "0".repeat(32);
    let client = shop.client();
    let aimed = [("client_id", client.as_str()), ("clientid", &client), ("userid", &client), ("user_id", "2"), ("id", &client)];
    let mut text = String::new();
    for right in actions() {
        let action = ("action", right.key());
        let lacking = without(&shop, right).await;
        let before = dump(&shop.app).await;
        let mut answers: Vec<(&str, Answer)> = vec![
            ("no credential", shop.send(&[&[action], aimed.as_slice()].concat()).await),
            ("blank", shop.send(&[action, ("identifier", " "), ("secret", "")]).await),
            ("wrong secret", shop.send(&[action, ("identifier", identifier), ("secret", &unknown)]).await),
            ("unknown identifier", shop.send(&[action, ("identifier", &unknown), ("secret", &secret)]).await),
        ];
        for (who, shown) in [("other network", &elsewhere), ("without the action", &lacking), ("of another account", &bound)] {
            answers.push((who, shop.ask(shown, right.key(), &aimed).await));
        }
        answers.push(("owner's of another account", shop.ask(&owners, right.key(), &aimed).await));
        for (who, shown) in &dead {
            answers.push((who, shop.ask(shown, right.key(), &aimed).await));
        }
        if !right.only_reads() {
            answers.push(("read-only", shop.ask(&read_only, right.key(), &aimed).await));
        }
        let mut after = dump(&shop.app).await;
        let mut before = before;
        // That a credential was used is noted beside the call.
        for tables in [&mut before, &mut after] {
            tables.remove("api_credentials");
        }
        assert_eq!(difference(&before, &after), [""; 0], "{}", right.key());
        let mut by_answer: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (who, answer) in &answers {
            by_answer.entry(outline(answer)).or_default().push(who);
        }
        let _ = writeln!(text, "{}", right.key());
        for (answer, who) in by_answer {
            let _ = writeln!(text, "    {answer:<80} {}", who.join(", "));
        }
    }
    assert_reviewed("actions.txt", &text);
    shop.app.finish().await;
}
