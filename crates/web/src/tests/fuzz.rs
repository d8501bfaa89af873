//! What reads the bytes of browsers never fails, and believes nothing that it did not write.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use latchkey_http::cookie::{self, Name};
use proptest::prelude::*;
use serde::Deserialize;
use url::Url;

use crate::flash::{Flash, Mood};
use crate::page;

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Typed {
    email: String,
    permissions: Vec<String>,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn cookies_of_any_bytes_are_read_or_passed_over(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(value) = HeaderValue::from_bytes(&bytes) {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, value);
            for name in [Name::Session, Name::Admin, Name::Visitor, Name::Flash] {
                prop_assert!(cookie::read(&headers, name, true).is_none_or(|value| !value.contains(';')));
            }
        }
    }

    #[test]
    fn a_message_of_any_text_survives_its_cookie(text in ".{0,300}", noise in "[A-Za-z0-9_-]{0,400}") {
        let flash = Flash { kind: Mood::Info, text };
        prop_assert!(cookie::set(Name::Flash, &flash.encode(), None, true).is_some());
        prop_assert_eq!(Flash::decode(&flash.encode()), Some(flash));
        let _ = Flash::decode(&noise);
    }

    /// Where a login leads is on this server, as a browser reads the address.
    #[test]
    fn a_login_leads_to_this_server_only(rest in "[a-z/\\\\:@?#%. \t\n0-9-]{0,20}") {
        let base = Url::parse("https://login.example/login").unwrap();
        for next in [format!("/{rest}"), rest] {
            if let Some(local) = page::local(&next) {
                let there = base.join(local).unwrap();
                prop_assert_eq!(there.host_str(), Some("login.example"), "{:?}", local);
            }
        }
    }

    #[test]
    fn forms_of_any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(typed) = serde_html_form::from_bytes::<Typed>(&bytes) {
            prop_assert!(typed.email.len() + typed.permissions.len() <= 3 * bytes.len());
        }
    }

    #[test]
    fn addresses_of_any_text_name_an_account_or_none(path in "/a/[0-9a-z%/?-]{0,30}") {
        let _ = page::account_in(&path);
    }
}
