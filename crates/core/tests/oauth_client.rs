//! Credentials with which other applications will show themselves at the OpenID provider.

use latchkey_core::access::{BuiltInRole, Denied, ManageApi};
use latchkey_core::db::Location;
use latchkey_core::error::{HasKind, Kind};
use latchkey_core::id::{AdminId, OauthClientId};
use latchkey_core::oauth_client::{self, Details, Error, GrantType, MAX_CLIENTS, Made, OauthClient};
use latchkey_core::secret::Secret;
use latchkey_core::testing::TestApp;
use latchkey_test_macros::on_both_databases;

use crate::support::*;

fn details(name: &str) -> Details {
    let typed = Details {
        name: name.to_owned(),
        description: "Tickets".to_owned(),
        logo_uri: String::new(),
        redirect_uris: vec!["https://app.example.com/a".to_owned(), "https://app.example.com/b?x=1".to_owned()],
        grant_type: GrantType::AuthorizationCode,
        scopes: vec!["openid".to_owned(), "email".to_owned()],
        service: None,
    };
    Details::parse(typed).unwrap()
}

async fn create(app: &TestApp, admin: AdminId, name: &str) -> Result<Made, Error> {
    let details = details(name);
    as_staff::<ManageApi, _, _>(&app.app, admin, move |tx, by| oauth_client::create(tx, by, &details)).await
}

async fn list(app: &TestApp, admin: AdminId) -> Vec<OauthClient> {
    as_staff::<ManageApi, _, Error>(&app.app, admin, |tx, by| Ok(oauth_client::list(tx, by)?)).await.unwrap()
}

async fn find(app: &TestApp, admin: AdminId, id: Option<OauthClientId>, identifier: &str) -> Option<OauthClientId> {
    let identifier = identifier.to_owned();
    let found = as_staff::<ManageApi, _, Error>(&app.app, admin, move |tx, by| Ok(oauth_client::find(tx, by, id, &identifier)?));
    found.await.unwrap().map(|client| client.id)
}

async fn update(app: &TestApp, admin: AdminId, id: OauthClientId, new: Details, reset: bool) -> Result<Option<Secret>, Error> {
    as_staff::<ManageApi, _, _>(&app.app, admin, move |tx, by| oauth_client::update(tx, by, id, &new, reset)).await
}

#[on_both_databases]
async fn a_secret_is_told_once_and_only_its_hash_is_kept(app: TestApp) {
    let stella = staff(&app).await;
    let made = create(&app, stella, "Support").await.unwrap();
    let held = |dump: std::collections::BTreeMap<String, Vec<String>>| dump.into_values().flatten().collect::<String>();
    let kept = held(dump(&app).await);
    assert!(kept.contains(&made.identifier) && !kept.contains(&made.secret.reveal()));
    let hash = async || text(&app, &format!("select {} from oauth_clients", hex_of(&app))).await.unwrap();
    let before = hash().await;
    assert!(update(&app, stella, made.id, details("Support"), false).await.unwrap().is_none());
    assert_eq!(hash().await, before, "another name, the same secret");
    let fresh = update(&app, stella, made.id, details("Support"), true).await.unwrap().unwrap();
    assert_ne!(hash().await, before, "the old one is dead");
    assert!(fresh.reveal() != made.secret.reveal() && !held(dump(&app).await).contains(&fresh.reveal()));
}

/// The hash as text, in the words of either database.
fn hex_of(app: &TestApp) -> &'static str {
    match app.location {
        Location::Sqlite(_) => "hex(secret_hash)",
        Location::Postgres(_) => "encode(secret_hash, 'hex')",
    }
}

#[on_both_databases]
async fn a_credential_is_found_by_number_or_identifier_and_every_change_is_an_event(app: TestApp) {
    let stella = staff(&app).await;
    let seen = events(&app).await.len();
    let (one, two) = (create(&app, stella, "Support").await.unwrap(), create(&app, stella, "").await.unwrap());
    let [first, second] = list(&app, stella).await.try_into().unwrap();
    assert_eq!((first.id, second.id), (one.id, two.id), "oldest first");
    assert_eq!(first.details, details("Support"), "nothing is lost, addresses in their order");
    assert!(first.uuid != second.uuid && first.uuid.len() == 36 && first.uuid.as_bytes()[14] == b'4', "{}", first.uuid);
    assert_eq!(find(&app, stella, Some(two.id), "").await, Some(two.id));
    assert_eq!(find(&app, stella, None, &one.identifier).await, Some(one.id));
    assert_eq!(find(&app, stella, None, "").await, None);
    assert_eq!(find(&app, stella, Some(OauthClientId(NOWHERE)), "").await, None);
    update(&app, stella, one.id, details("Helpdesk"), false).await.unwrap();
    let delete =
        async |id| as_staff::<ManageApi, _, Error>(&app.app, stella, move |tx, by| oauth_client::delete(tx, by, id)).await;
    delete(two.id).await.unwrap();
    let before = dump(&app).await;
    assert!(matches!(delete(two.id).await, Err(Error::NotFound)));
    assert!(matches!(update(&app, stella, two.id, details("x"), true).await, Err(Error::NotFound)));
    assert!(changed(&before, &dump(&app).await).is_empty());
    let told: Vec<_> =
        events(&app).await.into_iter().skip(seen).map(|event| format!("{} {}", event.kind, event.detail)).collect();
    let unnamed = &two.identifier;
    assert_eq!(
        told,
        [
            "oauth-client-created Support".to_owned(),
            format!("oauth-client-created {unnamed}"),
            "oauth-client-updated Helpdesk".to_owned(),
            format!("oauth-client-deleted {unnamed}"),
        ]
    );
}

#[on_both_databases]
async fn who_may_not_manage_the_api_makes_none_and_what_is_undone_leaves_nothing(app: TestApp) {
    let stella = staff(&app).await;
    let support = staff_as(&app, "Sue", BuiltInRole::Support).await;
    let before = dump(&app).await;
    assert!(matches!(create(&app, support, "Support").await, Err(Error::Denied(Denied::MissingAdmin { .. }))));
    let undone = as_staff::<ManageApi, (), Error>(&app.app, stella, |tx, by| {
        oauth_client::create(tx, by, &details("Support"))?;
        Err(Error::NotFound)
    });
    assert!(undone.await.is_err());
    assert!(changed(&before, &dump(&app).await).is_empty());
    let none = if matches!(app.location, Location::Sqlite(_)) { "x''" } else { "''" };
    let row = |number: i64| format!("('u{number}', 'i{number}', {none}, 'N', '', '', '', 'single_sign_on', '', 1, 1)");
    let rows = (0..MAX_CLIENTS).map(row).collect::<Vec<_>>().join(", ");
    let columns =
        "uuid, identifier, secret_hash, name, description, logo_uri, redirect_uris, grant_type, scopes, created_at, updated_at";
    sql(&app, &format!("insert into oauth_clients ({columns}) values {rows}")).await.unwrap();
    let full = create(&app, stella, "One more").await.unwrap_err();
    assert_eq!(full.kind(), Kind::Conflict("error-oauth-clients-too-many"));
}
