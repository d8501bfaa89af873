use latchkey_core::access::{Grants, Permission};
use latchkey_core::invitation;
use latchkey_core::testing::TestApp;
use latchkey_test_macros::on_both_databases;

#[on_both_databases]
async fn rule_3_a_link_works_once(app: TestApp) {
    let owner = app.user("Olivia", "Owner", "olivia@example.com").await;
    let guest = app.user("Gus", "Guest", "gus@example.com").await;
    let acme = app.account("Acme", owner).await;
    let secret = app.invite(owner, acme, "somebody@example.org", Grants::choose(["invoices"]).unwrap()).await;

    let link = secret.clone();
    let accepted = app.app.write(&app.request(), move |tx| invitation::accept(tx, &tx.myself(guest)?, &link)).await.unwrap();
    assert_eq!(accepted.account, acme);
    let standing = app.app.read(move |s| s.authorize::<latchkey_core::access::Enter>(guest, acme)).await;
    assert!(standing.is_ok());

    let again = app.app.write(&app.request(), move |tx| invitation::accept(tx, &tx.myself(owner)?, &secret)).await;
    assert!(matches!(again, Err(invitation::Error::Gone)), "{again:?}");
    let _ = Permission::ALL;
}
