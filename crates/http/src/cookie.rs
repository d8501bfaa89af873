//! Cookies: their names, and how they are read and set.

use std::time::Duration;

use axum::http::HeaderValue;
use axum::http::header::COOKIE;
use latchkey_core::device;
use latchkey_core::secret::Secret;

/// The cookies Latchkey knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// The session of a user.
    Session,
    /// The session of an admin.
    Admin,
    /// A user's login that waits for the second factor.
    Pending,
    /// An admin's login that waits for the second factor.
    AdminPending,
    /// The session in which an admin acts for a user, beside the admin's own.
    Masquerade,
    /// A browser that nobody is logged in with: what forms are tied to.
    Visitor,
    /// The one message after a change.
    Flash,
    /// A browser that somebody has logged in with.
    Device,
    /// A login at a service behind a proxy, on that service's own host.
    Forward,
    /// A browser that is being led to the login by such a service.
    ForwardState,
}

impl Name {
    const fn base(self) -> &'static str {
        match self {
            Self::Session => "latchkey_session",
            Self::Admin => "latchkey_admin",
            Self::Pending => "latchkey_pending",
            Self::AdminPending => "latchkey_admin_pending",
            Self::Masquerade => "latchkey_masquerade",
            Self::Visitor => "latchkey_visitor",
            Self::Flash => "latchkey_flash",
            Self::Device => "latchkey_device",
            Self::Forward => "latchkey_forward",
            Self::ForwardState => "latchkey_forward_state",
        }
    }

    /// Behind https the name has the prefix `__Host-`: only this host can have set it, for all of its
    /// paths (ASVS V3.3.1). On http, for trying it out on loopback, browsers take neither prefix nor `Secure`.
    fn full(self, secure: bool) -> String {
        if secure { format!("__Host-{}", self.base()) } else { self.base().to_owned() }
    }
}

/// Reads a cookie from the request's headers: of several of this name the first one. Others may hold any bytes, as another host of the
/// same domain can set them for this one, too; ours are ASCII, and what is not is passed over.
pub fn read(headers: &axum::http::HeaderMap, name: Name, secure: bool) -> Option<String> {
    let wanted = format!("{}=", name.full(secure));
    let mut pairs = headers.get_all(COOKIE).iter().flat_map(|header| header.as_bytes().split(|byte| *byte == b';'));
    pairs.find_map(|pair| {
        let value = pair.trim_ascii().strip_prefix(wanted.as_bytes())?;
        std::str::from_utf8(value).ok().filter(|text| text.is_ascii()).map(str::to_owned)
    })
}

/// The header that sets a cookie; without a life it ends with the browser. `None` if the value cannot stand in a header.
pub fn set(name: Name, value: &str, lives: Option<Duration>, secure: bool) -> Option<HeaderValue> {
    let mut text = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax", name.full(secure));
    if let Some(lives) = lives {
        text = format!("{text}; Max-Age={}", lives.as_secs());
    }
    if secure {
        text.push_str("; Secure");
    }
    HeaderValue::from_str(&text).ok()
}

/// The header that marks the browser as one that somebody has logged in with.
pub fn device(secret: &Secret, secure: bool) -> Option<HeaderValue> {
    set(Name::Device, &secret.reveal(), Some(device::LIVES), secure)
}

/// The header that ends a cookie.
pub fn clear(name: Name, secure: bool) -> Option<HeaderValue> {
    set(name, "", Some(Duration::ZERO), secure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v3_3_1_cookies_behind_https_are_host_only_secure_and_out_of_reach_of_scripts() {
        let header = set(Name::Session, "abc", None, true).unwrap();
        assert_eq!(header, "__Host-latchkey_session=abc; Path=/; HttpOnly; SameSite=Lax; Secure");
        let header = set(Name::Session, "abc", Some(Duration::from_mins(1)), false).unwrap();
        assert_eq!(header, "latchkey_session=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=60");
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name_only() {
        let mut headers = axum::http::HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_static("xlatchkey_session=no; latchkey_session=yes; latchkey_session2=no"));
        assert_eq!(read(&headers, Name::Session, false).as_deref(), Some("yes"));
        assert_eq!(read(&headers, Name::Session, true), None);
    }

    fn sent(bytes: &[u8]) -> axum::http::HeaderMap {
        let mut headers = axum::http::HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_bytes(bytes).unwrap());
        headers
    }

    #[test]
    fn a_cookie_of_another_host_hides_none_of_ours_whatever_bytes_it_holds() {
        let headers: [&[u8]; 3] = [
            b"x=\xfc; __Host-latchkey_session=yes",
            b"__Host-latchkey_session=yes;\xff",
            b"\xc3\xbc;\t__Host-latchkey_session=yes\t; x=\xfc",
        ];
        for header in headers {
            assert_eq!(read(&sent(header), Name::Session, true).as_deref(), Some("yes"), "{header:?}");
        }
    }

    #[test]
    fn one_of_ours_with_odd_bytes_is_passed_over_and_of_several_others_the_first_is_read() {
        assert_eq!(read(&sent(b"latchkey_session=\xfc"), Name::Session, false), None);
        assert_eq!(read(&sent("latchkey_session=\u{fc}".as_bytes()), Name::Session, false), None);
        let several = sent(b"latchkey_session=\xfc; latchkey_session=first; latchkey_session=second");
        assert_eq!(read(&several, Name::Session, false).as_deref(), Some("first"));
    }
}
