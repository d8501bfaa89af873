//! The crate `whmcs` against a running Latchkey, as it is: `WHMCS_URL`, `WHMCS_API_IDENTIFIER` and `WHMCS_API_SECRET` say where.

use std::error::Error;

use serde_json::{Value, json};
use whmcs::models::WhmcsSorting;
use whmcs::models::auth::{ValidateLoginParams, ValidateLoginResponse};
use whmcs::models::clients::{ClientOrderBy, ClientStatus, GetClientDetailsParams, GetClientParams};
use whmcs::{WhmcsBuilder, WhmcsClient, WhmcsError};

const EMAIL: &str = "rust@example.net";
const PASSWORD: &str = "quiet harbour, seven lanterns";

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(work())?;
    println!("done");
    Ok(())
}

async fn work() -> Result<(), WhmcsError> {
    let client = WhmcsBuilder::new().timeout(30_u64).build()?;
    let id = accounts(&client).await?;
    details(&client, id).await?;
    logins(&client).await?;
    refusals(&client).await
}

/// Clients are made by the general method, and found by the typed one.
async fn accounts(client: &WhmcsClient) -> Result<u32, WhmcsError> {
    let new = json!({
        "firstname": "Ada", "lastname": "Byron", "email": EMAIL, "address1": "1 Engine Way", "city": "London",
        "state": "Greater London", "postcode": "N1 1AA", "country": "GB", "phonenumber": "+44.2012345678", "password2": PASSWORD,
    });
    let made: Value = client.request("AddClient", new).await?;
    let id = u32::try_from(made["clientid"].as_u64().expect("a number")).expect("a small one");
    let found = client.get_clients(GetClientParams::default().search(EMAIL)).await?;
    assert_eq!((found.total_results, found.clients.len()), (1, 1), "{found:?}");
    assert_eq!((found.clients[0].id.as_u32(), found.clients[0].status), (id, ClientStatus::Active));
    let page = GetClientParams::default().limit_start(0).limit_num(1).sorting(WhmcsSorting::Descending);
    let last = client.get_clients(page.order_by(ClientOrderBy::Id).status(ClientStatus::Active)).await?;
    assert_eq!((last.clients.len(), last.clients[0].id.as_u32()), (1, id), "{last:?}");
    let none = client.get_clients(GetClientParams::default().search("nobody@example.net")).await?;
    assert!(none.total_results == 0 && none.clients.is_empty());
    let groups = client.get_client_groups().await?;
    assert_eq!(groups.total_results, 0);
    Ok(id)
}

/// Every documented field, with its type.
async fn details(client: &WhmcsClient, id: u32) -> Result<(), WhmcsError> {
    let shown = client.get_client_details(GetClientDetailsParams::default().client_id(id).include_stats(true)).await?;
    let shown = format!("{shown:?}");
    assert!(shown.contains(EMAIL) && shown.contains("Greater London"), "{shown}");
    let by_email = client.get_client_details(GetClientDetailsParams::default().email(EMAIL)).await?;
    assert!(format!("{by_email:?}").contains("Byron"));
    let changed: Value = client.request("UpdateClient", json!({ "clientid": id, "city": "Paris" })).await?;
    assert_eq!(changed["clientid"], json!(id.to_string()));
    Ok(())
}

async fn logins(client: &WhmcsClient) -> Result<(), WhmcsError> {
    let typed = ValidateLoginParams::default().email(EMAIL).password(PASSWORD);
    let told: ValidateLoginResponse = client.validate_login(typed).await?;
    assert!(told.session_token.is_some() && !told.two_factor_enabled, "{told:?}");
    let wrong = client.validate_login(ValidateLoginParams::default().email(EMAIL).password("wrong")).await;
    assert!(matches!(&wrong, Err(WhmcsError::ApiError(words)) if words == "Email or Password Invalid"), "{wrong:?}");
    Ok(())
}

async fn refusals(client: &WhmcsClient) -> Result<(), WhmcsError> {
    let nobody = client.get_client_details(GetClientDetailsParams::default().client_id(999_999_u32)).await;
    assert!(matches!(&nobody, Err(WhmcsError::ApiError(words)) if words == "Client Not Found"), "{nobody:?}");
    let stranger = WhmcsBuilder::new().api_secret("wrong").build()?.get_clients(None).await;
    assert!(matches!(&stranger, Err(WhmcsError::ApiError(words)) if words == "Authentication Failed"), "{stranger:?}");
    Ok(())
}
