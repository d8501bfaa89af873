use std::collections::BTreeSet;

use latchkey_core::access::{AdminPermission, BuiltInRole, Permission};
use latchkey_core::account::Status;
use latchkey_core::contact::Category;
use latchkey_core::event::EventKind;
use latchkey_core::mail::Notice;
use latchkey_core::settings::Verification;

use super::{engine, files, folder};
use crate::engine::Engine;

/// The engine, and everything that may stand in a text.
struct Words {
    engine: Engine,
    slots: BTreeSet<String>,
}

impl Words {
    fn new() -> Self {
        let files = files(&folder("locales/en"));
        let words = files.iter().flat_map(|(_, text)| text.split('$').skip(1));
        let is_name = |character: &char| character.is_ascii_alphanumeric() || "-_".contains(*character);
        let slots = words.map(|rest| rest.chars().take_while(is_name).collect()).collect();
        Self { engine: engine(), slots }
    }

    /// Whether a text of this key exists, whatever is asked to stand in it.
    fn exists(&self, key: &str) -> bool {
        let arguments: Vec<(&str, &str)> = self.slots.iter().map(|name| (name.as_str(), "x")).collect();
        self.engine.texts().get_counted(key, 2, &arguments) != key
    }
}

/// The string literals of the code that begin with this.
fn keys_in_code(start: &str) -> BTreeSet<String> {
    let code = ["web", "core", "api"].map(|name| files(&folder(&format!("crates/{name}/src")))).concat();
    let code = code.into_iter().filter(|(path, _)| !path.contains("/web/src/tests/"));
    let quoted = format!("\"{start}");
    let literals = code.flat_map(|(_, text)| {
        // Examples in documentation name keys that nobody has.
        let text: String = text.lines().filter(|line| !line.trim_start().starts_with("///")).collect();
        let rests = text.split(&quoted).skip(1).filter_map(|rest| rest.split('"').next());
        rests.map(|rest| format!("{start}{rest}")).collect::<Vec<_>>()
    });
    // The beginning alone is what some code takes off.
    let literals = literals.filter(|key| key != start);
    literals.filter(|key| key.chars().all(|character| character.is_ascii_alphanumeric() || character == '-')).collect()
}

#[test]
fn every_text_that_the_code_names_exists() {
    let words = Words::new();
    let mut seen = 0;
    for start in ["flash-", "error-", "strength-", "inviter-", "actor-", "device-", "permissions-"] {
        for key in keys_in_code(start) {
            // The form that has expired has words of its own, and a header, an event and a limit have none.
            let others = ["error-expired", "permissions-policy", "device-new", "device-forgotten", "device-notice"];
            let whole = words.exists(&key) || others.contains(&key.as_str());
            let page = words.exists(&format!("{key}-title")) && words.exists(&format!("{key}-text"));
            assert!(whole || page, "there is no text {key}");
            seen += 1;
        }
    }
    assert!(seen > 60, "{seen}");
}

#[test]
fn every_status_that_is_answered_has_its_words() {
    let words = Words::new();
    for status in [401, 403, 404, 405, 409, 410, 413, 422, 429, 500, 503] {
        for part in ["title", "text"] {
            assert!(words.exists(&format!("error-{status}-{part}")), "error-{status}-{part}");
        }
    }
}

#[test]
fn every_event_permission_and_state_has_its_words() {
    let words = Words::new();
    let mut keys: Vec<String> = Vec::new();
    for kind in EventKind::ALL {
        keys.extend([format!("event-{}", kind.key()), format!("event-kind-{}", kind.key())]);
    }
    for notice in Notice::ALL {
        keys.push(format!("notice-{}", notice.key()));
        keys.extend(["subject", "text", "next"].map(|part| format!("{}-mail-{part}", notice.key())));
    }
    for kind in ["invitation", "admin-invitation", "password-reset", "email-verification", "email-change", "registration", "test"]
    {
        keys.push(format!("mail-name-{kind}"));
    }
    for kind in ["password-reset", "email-verification", "email-change", "registration"] {
        keys.extend(["subject", "lede", "button", "until", "not-you"].map(|part| format!("{kind}-mail-{part}")));
    }
    keys.extend(Verification::ALL.map(|choice| format!("verification-{}", choice.key())));
    for permission in AdminPermission::ALL {
        let key = format!("admin-permission-{}", permission.key());
        keys.extend([format!("{key}-description"), key]);
    }
    keys.extend(BuiltInRole::ALL.map(|role| format!("admin-role-{}", role.key())));
    for permission in Permission::GRANTABLE {
        keys.extend([format!("permission-{}", permission.key()), format!("permission-{}-description", permission.key())]);
    }
    for category in Category::ALL {
        let key = format!("contact-category-{}", category.key());
        keys.extend([format!("{key}-description"), key]);
    }
    keys.extend(["queued", "sent", "failed", "cancelled", "kept"].map(|state| format!("mail-{state}")));
    keys.extend([Status::Active, Status::Inactive, Status::Closed].map(|status| format!("status-{}", status.key())));
    keys.extend((0..=4).map(|score| format!("strength-{score}")));
    for key in keys {
        assert!(words.exists(&key), "there is no text {key}");
    }
}

#[test]
fn the_words_of_the_permissions_are_those_people_know() {
    let engine = engine();
    let label = |permission: Permission| engine.texts().get(&format!("permission-{}", permission.key()), &[]);
    let labels: Vec<String> = Permission::GRANTABLE.into_iter().map(label).collect();
    assert_eq!(
        labels,
        [
            "Modify Master Account Profile",
            "View & Manage Contacts",
            "View Products & Services",
            "View & Modify Product Passwords",
            "Perform Single Sign-On",
            "View Domains",
            "Manage Domain Settings",
            "View & Pay Invoices",
            "View & Accept Quotes",
            "View & Open Support Tickets",
            "View & Manage Affiliate Account",
            "View Emails",
            "Place New Orders/Upgrades/Cancellations",
            "Manage Users",
        ]
    );
}

#[test]
fn every_text_that_a_template_names_exists() {
    let words = Words::new();
    let mut seen = 0;
    for (path, text) in files(&folder("templates")).into_iter().filter(|(path, _)| !path.contains("/samples/")) {
        let calls = text.match_indices("t(\"").filter(|(at, _)| !text[..*at].ends_with(|c: char| c.is_ascii_alphanumeric()));
        for (at, call) in calls {
            let rest = &text[at + call.len()..];
            let (key, after) = rest.split_once('"').unwrap();
            // A key that is put together has the words of its states, looked at above.
            if !after.trim_start().starts_with('~') {
                assert!(words.exists(key), "{path}: there is no text {key}");
                seen += 1;
            }
        }
    }
    assert!(seen > 200, "{seen}");
}
