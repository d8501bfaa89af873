//! What a mail's template says, as words with merge fields: what an operator begins with who has it say something else.

use std::collections::BTreeMap;

use latchkey_core::error::Fault;
use latchkey_core::mail::{MailKind, PERMISSIONS, Wording};
use minijinja::value::{Value, merge_maps};

use super::{one_line, render};
use crate::engine::Engine;

/// Every particular that a notice's template may name.
const PARTICULARS: [&str; 4] = ["account_name", "by", "what", "ip"];

/// The words of a template.
#[derive(Clone, Debug, Default)]
pub(crate) struct Original {
    pub(crate) subject: String,
    pub(crate) message: String,
    pub(crate) button: String,
}

impl Original {
    /// `None` when the operator's own template says what cannot be said in words with fields alone.
    pub(crate) fn wording(&self, kind: MailKind) -> Option<Wording> {
        Wording::parse(kind, &self.subject, &self.message, &self.button).ok()
    }
}

/// Read from the templates of the plain text, with each field standing for itself.
pub(crate) fn original(engine: &Engine, kind: MailKind) -> Result<Original, Fault> {
    of(engine, kind, &kind.fields())
}

fn of(engine: &Engine, kind: MailKind, fields: &[&str]) -> Result<Original, Fault> {
    let key = kind.key();
    let part = |ending: &str| render(engine, &format!("mail/{key}{ending}"), values(key, fields));
    let (subject, text) = (one_line(&part(".subject.txt")?), part(".txt")?);
    // Where the text says its subject once more: in HTML the subject is the heading already.
    let message = text.trim().strip_prefix(subject.as_str()).filter(|rest| rest.starts_with('\n')).unwrap_or(&text);
    let button = if kind.has_link() { engine.text(&button_of(kind), &[]) } else { String::new() };
    Ok(Original { subject, message: message.trim().to_owned(), button })
}

fn values(key: &str, fields: &[&str]) -> Value {
    let mut values: BTreeMap<&str, Value> = PARTICULARS.into_iter().map(|name| (name, Value::from(""))).collect();
    values.extend(fields.iter().map(|name| (*name, Value::from(format!("{{{name}}}")))));
    if let Some(permissions) = values.get_mut(PERMISSIONS) {
        *permissions = Value::from(vec![permissions.clone()]);
    }
    merge_maps([Value::from(values), context! { key, all_permissions => false }])
}

fn button_of(kind: MailKind) -> String {
    match kind {
        MailKind::Invitation | MailKind::AdminInvitation => "invitation-mail-button".to_owned(),
        MailKind::Notice(_) => "notice-mail-button".to_owned(),
        other => format!("{}-mail-button", other.key()),
    }
}

#[cfg(test)]
mod tests {
    use latchkey_core::clock::Clock;
    use latchkey_core::mail::Notice;
    use latchkey_core::testing::START;

    use super::*;

    fn kinds() -> impl Iterator<Item = MailKind> {
        let others =
            ["invitation", "admin-invitation", "password-reset", "email-verification", "email-change", "registration", "test"];
        let kind = |key| MailKind::from_key(key).unwrap();
        others.into_iter().map(kind).chain(Notice::ALL.iter().copied().map(MailKind::Notice))
    }

    #[test]
    fn the_words_of_every_template_can_be_begun_with_and_name_every_field_that_it_uses() {
        let engine = Engine::new(None, Clock::set(START)).unwrap();
        for kind in kinds() {
            let found = original(&engine, kind).unwrap();
            assert!(found.wording(kind).is_some(), "{kind:?}: {found:?}");
            // Were a particular missing in the list of this mail, its place in the text would be empty.
            let mut all = kind.fields();
            if let MailKind::Notice(_) = kind {
                all.extend(PARTICULARS);
            }
            let whole = of(&engine, kind, &all).unwrap();
            assert_eq!((whole.subject, whole.message), (found.subject, found.message), "{kind:?}");
        }
    }

    #[test]
    fn the_words_of_an_invitation_hold_a_list_a_button_and_a_foot() {
        let engine = Engine::new(None, Clock::set(START)).unwrap();
        let found = original(&engine, MailKind::Invitation).unwrap();
        for wanted in
            ["\n\n{link}\n\n", "\n  - {permissions}\n", "until {expires_at}.", "role {role}.", "\n-- \n{brand_name} sent"]
        {
            assert!(found.message.contains(wanted), "{wanted:?}: {}", found.message);
        }
        let notice = original(&engine, MailKind::Notice(Notice::AccessGiven)).unwrap();
        assert!(notice.subject.contains("{account_name}") && !notice.message.starts_with(&notice.subject));
        assert!(notice.message.contains("When: {at}.\nFrom: {ip}.\n\n"), "{}", notice.message);
    }
}
