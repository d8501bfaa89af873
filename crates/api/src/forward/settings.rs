//! What the operator says about services behind proxies.

use std::str::FromStr;

use latchkey_core::id::AccountId;

/// For which hosts logins are made, and how their accounts are told.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Hosts of services. For no other is a login made, or a browser led back to.
    pub domains: Vec<Domain>,
    /// How a host or a path names the account.
    pub account_pattern: Option<Pattern>,
    /// Whether who is not logged in is led to the login, for proxies that pass that on.
    pub redirect: bool,
}

impl Settings {
    /// Whether this host, with or without a port, is one of the operator's.
    pub(crate) fn allows(&self, host: &str) -> bool {
        self.domains.iter().any(|domain| domain.holds(without_port(host)))
    }
}

/// A host, or with `*.` all hosts below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    name: String,
    below: bool,
}

impl Domain {
    fn holds(&self, host: &str) -> bool {
        if self.below {
            host.strip_suffix(&self.name).and_then(|rest| rest.strip_suffix('.')).is_some_and(is_host)
        } else {
            host == self.name
        }
    }
}

impl FromStr for Domain {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let text = text.trim().to_ascii_lowercase();
        let (name, below) = text.strip_prefix("*.").map_or((text.as_str(), false), |name| (name, true));
        // A whole top-level domain is nobody's.
        let is_known = is_host(name) && (!below || name.contains('.') || name == "localhost");
        if is_known { Ok(Self { name: name.to_owned(), below }) } else { Err("a host such as app.example.com, or *.example.com") }
    }
}

fn is_host(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// How an address names its account: `https://{account}.example.com/`, or `https://app.example.com/clients/{account}/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    host: String,
    path: String,
}

/// What stands for the account's number.
const ACCOUNT: &str = "{account}";

impl FromStr for Pattern {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        const WRONG: &str = "an address with one {account} in its host or its path, such as https://{account}.example.com/";
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).ok_or(WRONG)?;
        let (host, path) = rest.split_once('/').ok_or(WRONG)?;
        let (host, path) = (without_port(host).to_ascii_lowercase(), format!("/{path}"));
        let is_one = text.matches(ACCOUNT).count() == 1 && is_host(&host.replace(ACCOUNT, "1")) && is_plain(&path);
        // In the path it is a whole segment: `/clients/7` is not `/clients/77`.
        let is_segment = !path.contains(ACCOUNT) || path.split('/').any(|segment| segment == ACCOUNT);
        if is_one && is_segment { Ok(Self { host, path }) } else { Err(WRONG) }
    }
}

impl Pattern {
    /// The account that an address names. `None` as well when different programs may read the path or the number in different ways:
    /// `07` is 7 to one, and a name of its own to another.
    pub(crate) fn account(&self, host: &str, uri: &str) -> Option<AccountId> {
        let path = uri.split('?').next().unwrap_or_default();
        let by_host = between(&self.host, without_port(host), true)?;
        let by_path = if is_plain(path) { between(&self.path, path, false)? } else { return None };
        let digits = by_host.or(by_path).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
        if digits.starts_with('0') { None } else { digits.parse().ok().map(AccountId) }
    }
}

/// What stands in the place of the account: the inner `None` when there is no such place, the outer when the text is another. A host is
/// compared as a whole, of a path the beginning.
#[allow(clippy::option_option, reason = "no match, a match without an account, and one with it")]
fn between<'a>(pattern: &str, text: &'a str, whole: bool) -> Option<Option<&'a str>> {
    let Some((before, after)) = pattern.split_once(ACCOUNT) else {
        let matches = if whole { text == pattern } else { text.starts_with(pattern) };
        return matches.then_some(None);
    };
    let rest = text.strip_prefix(before)?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, rest) = rest.split_at_checked(end)?;
    let follows = if whole { rest == after } else { rest.starts_with(after) || (rest.is_empty() && after == "/") };
    // A number that goes on is another.
    let ends = whole || rest.is_empty() || rest.starts_with('/');
    (follows && ends && !digits.is_empty()).then_some(Some(digits))
}

/// Whether every program reads the path alike: no dots to climb, no doubled or hidden separators, and no `#`, where some end it.
fn is_plain(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let hidden = ["%2f", "%5c", "%2e", "%00", "\\", "//", ";", "#"].iter().any(|part| lower.contains(part));
    path.starts_with('/') && !hidden && !path.split('/').any(|segment| segment == "." || segment == "..")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_domain_is_a_host_or_everything_below_one() {
        let settings = Settings {
            domains: vec!["app.example.com".parse().unwrap(), "*.apps.example.org".parse().unwrap()],
            ..Settings::default()
        };
        for good in ["app.example.com", "app.example.com:8443", "a.apps.example.org", "a.b.apps.example.org:80"] {
            assert!(settings.allows(good), "{good}");
        }
        let others = [
            "example.com",
            "evilapp.example.com",
            "app.example.com.evil.example",
            "app.example.com@evil.example",
            "evil.example/.apps.example.org",
            "apps.example.org",
            ".apps.example.org",
            "",
        ];
        for bad in others {
            assert!(!settings.allows(bad), "{bad}");
        }
        for bad in ["*", "*.com", "https://app.example.com", "app.example.com:80", "a b", "*.*.example.com"] {
            assert!(bad.parse::<Domain>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_host_names_its_account() {
        let pattern: Pattern = "https://{account}.example.com/".parse().unwrap();
        let of = |host: &str, uri: &str| pattern.account(host, uri).map(|account| account.0);
        assert_eq!(of("7.example.com", "/x/../y"), None, "what programs read in different ways is refused");
        assert_eq!(of("7.example.com:443", "/x?y=/../"), Some(7));
        for other in [
            "0.example.com",
            "07.example.com",
            "x.example.com",
            "7.8.example.com",
            "7.example.com.evil.example",
            "example.com",
            ".example.com",
        ] {
            assert_eq!(of(other, "/"), None, "{other}");
        }
    }

    #[test]
    fn a_path_names_its_account() {
        let pattern: Pattern = "https://app.example.com/clients/{account}/".parse().unwrap();
        let of = |uri: &str| pattern.account("app.example.com", uri).map(|account| account.0);
        assert_eq!(of("/clients/7/invoices?next=/clients/8/"), Some(7));
        assert_eq!(of("/clients/7"), Some(7));
        let unclear = [
            "/clients/7/../8/",
            "/clients/7/..%2f8/",
            "/clients/7/#/../../8/",
            "/clients/7/#/edit",
            "/clients/7/%2e%2e/8/",
            "/clients//7/",
            "/clients/7;/8/",
            "/clients/7x/",
            "/clients/07/",
            "/clients//",
            "/other/7/",
            "/clients/99999999999999999999/",
        ];
        for uri in unclear {
            assert_eq!(of(uri), None, "{uri}");
        }
        assert_eq!(pattern.account("other.example.com", "/clients/7/"), None);
    }

    #[test]
    fn a_pattern_has_one_account_in_its_host_or_its_path() {
        for bad in [
            "https://example.com/",
            "https://{account}.example.com/{account}/",
            "{account}.example.com",
            "https://a.example/x{account}",
        ] {
            assert!(bad.parse::<Pattern>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_pattern_finds_the_account_that_stands_there_and_never_another(
            host in r"\PC{0,20}|[0-9]{0,20}\.example\.com(:[0-9]{0,5})?",
            uri in r"\PC{0,30}|/clients/[0-9]{0,20}[/?#%.;a-z0-9]{0,8}",
        ) {
            for pattern in ["https://{account}.example.com/", "https://app.example.com/clients/{account}/"] {
                let pattern: Pattern = pattern.parse().unwrap();
                for (host, uri) in [(host.as_str(), "/"), ("app.example.com", uri.as_str()), (&host, &uri)] {
                    let Some(account) = pattern.account(host, uri) else { continue };
                    let named = [format!("{account}.example.com"), format!("/clients/{account}")];
                    prop_assert!(host.starts_with(&named[0]) || uri.starts_with(&named[1]), "{} {}", host, uri);
                }
            }
        }

        #[test]
        fn whatever_the_operator_writes_is_a_pattern_or_refused(text in r"\PC{0,40}|https?://[a-z.{}]{0,20}/[{account}/]{0,20}") {
            if let Ok(pattern) = text.parse::<Pattern>() {
                let _ = pattern.account("7.example.com", "/7/");
            }
        }
    }
}
