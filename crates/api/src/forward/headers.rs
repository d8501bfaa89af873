//! What a service behind the proxy is told.
//!
//! All of these headers stand in every answer, empty when there is nothing to say: a proxy that copies them overwrites
//! whatever the client has sent under these names.

use std::fmt::Write;

use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use latchkey_core::forward::Pass;

/// The user's number: it stays when the address changes, is never used again, and is what the API and webhooks speak of.
const USER: HeaderName = HeaderName::from_static("remote-user");
const EMAIL: HeaderName = HeaderName::from_static("remote-email");
const NAME: HeaderName = HeaderName::from_static("remote-name");
const ACCOUNT: HeaderName = HeaderName::from_static("x-latchkey-account");
const PERMISSIONS: HeaderName = HeaderName::from_static("x-latchkey-permissions");
/// The admin's name, when one acts for the user.
const ACTING_ADMIN: HeaderName = HeaderName::from_static("x-latchkey-acting-admin");

/// Everything about who passes.
pub(super) fn of(pass: &Pass) -> Response {
    let (user, access) = (&pass.found.user, pass.access.as_ref());
    let acting = pass.found.acting.as_ref().map(|acting| acting.behalf.admin_name());
    put(
        StatusCode::OK.into_response(),
        [
            user.id.to_string(),
            encoded(user.email.as_str()),
            encoded(&user.name.full()),
            access.map_or_else(String::new, |access| access.account.to_string()),
            access.map_or_else(String::new, |access| encoded(&access.keys())),
            acting.map_or_else(String::new, encoded),
        ],
    )
}

/// The same headers, empty.
pub(super) fn none(response: Response) -> Response {
    put(response, std::array::from_fn(|_| String::new()))
}

fn put(mut response: Response, values: [String; 6]) -> Response {
    let names = [USER, EMAIL, NAME, ACCOUNT, PERMISSIONS, ACTING_ADMIN];
    for (name, value) in names.into_iter().zip(values) {
        response.headers_mut().insert(name, HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static("")));
    }
    response
}

/// A header holds visible ASCII: all else, and the percent sign, stands as `%XX` of its UTF-8. So `Zoë` is `Zo%C3%AB`, and
/// decoding gives back exactly what it was.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if (b' '..=b'~').contains(&byte) && byte != b'%' {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_the_header_whatever_they_are_made_of() {
        assert_eq!(encoded("Zoë O'Hara-Ng"), "Zo%C3%AB O'Hara-Ng");
        assert_eq!(encoded("100 % sure\r\nX-Admin: yes"), "100 %25 sure%0D%0AX-Admin: yes");
    }
}
