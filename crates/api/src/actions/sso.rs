//! `CreateSsoToken`.

use latchkey_core::access::Masquerade;
use latchkey_core::account;
use latchkey_core::id::{AccountId, UserId};
use latchkey_core::sso::{self, Error, NewLink};
use latchkey_core::user;

use super::answer::{Fields, fields};
use super::call::Call;
use super::failure::Failure;
use super::params::Params;

/// Where a destination leads inside an account. What Latchkey has no page for leads to the account's first page.
const DESTINATIONS: [(&str, &str); 24] = [
    ("clientarea:homepage", ""),
    ("clientarea:sso", ""),
    ("clientarea:profile", "/details"),
    ("clientarea:contacts", "/contacts"),
    ("clientarea:users", "/users"),
    ("clientarea:billing_info", ""),
    ("clientarea:emails", ""),
    ("clientarea:announcements", ""),
    ("clientarea:downloads", ""),
    ("clientarea:knowledgebase", ""),
    ("clientarea:network_status", ""),
    ("clientarea:services", ""),
    ("clientarea:product_details", ""),
    ("clientarea:domains", ""),
    ("clientarea:domain_details", ""),
    ("clientarea:invoices", ""),
    ("clientarea:tickets", ""),
    ("clientarea:submit_ticket", ""),
    ("clientarea:shopping_cart", ""),
    ("clientarea:shopping_cart_addons", ""),
    ("clientarea:shopping_cart_domain_register", ""),
    ("clientarea:shopping_cart_domain_transfer", ""),
    ("clientarea:upgrade", ""),
    ("sso:custom_redirect", ""),
];

/// Makes a link that logs a user in once, within a minute.
pub(super) async fn create(call: &Call) -> Result<Fields, Failure> {
    let made = call.write(|tx, api, params| {
        let by = tx.authorize_api_staff::<Masquerade>(api)?;
        let account = params.number("client_id").map(AccountId);
        let user = params.number("user_id").map(UserId);
        if account.is_none() && user.is_none() {
            return Err(Failure::says("A valid client_id or user_id is required"));
        }
        if let Some(account) = account
            && account::find(tx, account)?.is_none()
        {
            return Err(Failure::says("Invalid client_id"));
        }
        if let Some(user) = user
            && user::find(tx, user)?.is_none()
        {
            return Err(Failure::says("Invalid user_id"));
        }
        let new = NewLink { user, account, lands_at: lands_at(params, account)? };
        sso::make(tx, &by, api, &new).map_err(|error| refused(error, account))
    });
    let secret = made.await?.reveal();
    let url = format!("{}/oauth/singlesignon.php?access_token={secret}", call.api.app().public_url());
    Ok(fields! { "access_token" => secret, "redirect_url" => url })
}

fn refused(error: Error, account: Option<AccountId>) -> Failure {
    match error {
        Error::NoSuchUser => Failure::says("Invalid user_id"),
        Error::NoSuchAccount => Failure::says("Invalid client_id"),
        Error::NotAMember => Failure::says("Invalid user_id for client"),
        Error::NobodyNamed => Failure::says("A valid client_id or user_id is required"),
        Error::Closed => Failure::says("Token could not be provisioned: the client is closed"),
        Error::SwitchedOff => {
            let id = account.map(|id| id.to_string()).unwrap_or_default();
            Failure::says(format!("SSO authentication blocked for client {id}"))
        }
        other => other.into(),
    }
}

/// The path on this server.
fn lands_at(params: &Params, account: Option<AccountId>) -> Result<String, Failure> {
    let invalid = || Failure::says("Invalid destination");
    let destination = params.filled("destination").unwrap_or("clientarea:homepage");
    let (key, inside) = DESTINATIONS.iter().find(|(key, _)| *key == destination).ok_or_else(invalid)?;
    if *key == "sso:custom_redirect" {
        let path = params.filled("sso_redirect_path").ok_or_else(invalid)?;
        return local(path).ok_or_else(invalid);
    }
    Ok(account.map_or_else(|| "/accounts".to_owned(), |id| format!("/a/{id}{inside}")))
}

/// A path on this server and nowhere else.
fn local(path: &str) -> Option<String> {
    let path = format!("/{}", path.strip_prefix('/').unwrap_or(path));
    let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\\"'<>".contains(&byte));
    (is_plain && !path.starts_with("//") && !path.contains("://") && path.len() <= 500).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_nowhere_but_to_this_server() {
        assert_eq!(local("a/1/users?x=1").as_deref(), Some("/a/1/users?x=1"));
        for bad in ["//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nb", "/ä"] {
            assert!(local(bad).is_none(), "{bad:?}");
        }
    }
}
