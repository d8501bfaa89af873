//! What the operator chooses at run time.

use latchkey_core::access::{ConfigureSystem, Denied};
use latchkey_core::admin::Error;
use latchkey_core::id::AdminId;
use latchkey_core::settings::{self, Brand};
use latchkey_core::testing::TestApp;
use latchkey_test_macros::on_both_databases;

use crate::support::*;

async fn set_brand(app: &TestApp, admin: AdminId, brand: Brand) -> Result<(), Error> {
    as_staff::<ConfigureSystem, _, Error>(&app.app, admin, move |tx, by| Ok(settings::set_brand(tx, by, &brand)?)).await
}

#[on_both_databases]
async fn the_brand_is_kept_and_can_be_taken_back(app: TestApp) {
    let admin = staff(&app).await;
    assert_eq!(app.app.read(settings::brand).await.unwrap(), Brand::default());
    let brand = Brand::parse("Acme 🗝 Höst", "359", "/logo.svg", "https://example.com/terms").unwrap();
    set_brand(&app, admin, brand.clone()).await.unwrap();
    assert_eq!(app.second_node().read(settings::brand).await.unwrap(), brand);
    set_brand(&app, admin, Brand::default()).await.unwrap();
    assert_eq!(app.app.read(settings::brand).await.unwrap(), Brand::default());
    assert!(matches!(set_brand(&app, AdminId(NOWHERE), brand).await, Err(Error::Denied(Denied::NotStaff))));
}

#[on_both_databases]
async fn a_node_with_another_secret_key_is_refused(app: TestApp) {
    let request = request();
    let check = |key: &'static str| app.app.write(&request, move |tx| settings::check_seal_key(tx, key));
    check("one").await.unwrap();
    check("one").await.unwrap();
    assert!(matches!(check("two").await, Err(settings::Error::OtherSealKey)));
}

#[test]
fn addresses_that_could_do_harm_are_refused() {
    for bad in ["javascript:alert(1)", "http://example.com", "//evil.example/logo", "/a\"b", "https://a b"] {
        assert!(Brand::parse("Name", "1", bad, "").is_err(), "{bad}");
    }
    for hue in ["360", "-1", "x", ""] {
        assert!(Brand::parse("Name", hue, "", "").is_err(), "{hue}");
    }
}
