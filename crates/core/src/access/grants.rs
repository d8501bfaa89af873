//! What a membership holds.

use std::collections::BTreeSet;
use std::fmt;

use super::Permission;
use crate::db::{DbError, FromValue, ToValue, Value};

/// The key of the message when nothing was chosen.
pub const NOTHING_CHOSEN: &str = "error-no-permission-chosen";
/// The key of the message for a permission that does not exist.
pub const UNKNOWN: &str = "error-permission-unknown";

/// A set of permissions held by a membership or offered by an invitation.
///
/// Stored as text, keys separated by spaces (`invoices tickets products@service:17`). Keys this
/// version does not know – of an operator's own permissions or on named resources – are kept as
/// they are and grant nothing here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    held: u32,
    other: BTreeSet<String>,
}

impl Grants {
    /// No permission at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// "All Permissions": the thirteen built-in ones, never `users` (PRODUCT).
    pub fn all() -> Self {
        Permission::ALL.into_iter().collect()
    }

    /// Reads the keys that somebody chose in a form or an API call: at least one, all known.
    pub fn choose<'a>(keys: impl IntoIterator<Item = &'a str>) -> Result<Self, &'static str> {
        let chosen = keys.into_iter().map(|key| Permission::from_key(key).ok_or(UNKNOWN)).collect::<Result<Self, _>>()?;
        if chosen.is_empty() { Err(NOTHING_CHOSEN) } else { Ok(chosen) }
    }

    /// Reads what the database holds.
    pub fn parse(text: &str) -> Self {
        let mut grants = Self::default();
        for key in text.split_ascii_whitespace() {
            match Permission::from_key(key) {
                Some(permission) => grants.held |= permission.bit(),
                None => {
                    grants.other.insert(key.to_owned());
                }
            }
        }
        grants
    }

    /// Whether the permission is held on the whole account.
    pub const fn has(&self, permission: Permission) -> bool {
        self.held & permission.bit() != 0
    }

    /// Whether the permission is held on one resource by name (`products@service:17`).
    pub fn has_on(&self, permission: Permission, resource: &str) -> bool {
        self.other.iter().filter_map(|key| key.split_once('@')).any(|held| held == (permission.key(), resource))
    }

    /// What is held on single resources.
    pub fn on_resources(&self) -> impl Iterator<Item = &str> {
        self.other
            .iter()
            .map(String::as_str)
            .filter(|key| key.split_once('@').is_some_and(|(permission, _)| Permission::from_key(permission).is_some()))
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.held == 0 && self.other.is_empty()
    }

    /// Whether all thirteen are held.
    pub fn is_all(&self) -> bool {
        Permission::ALL.into_iter().all(|permission| self.has(permission))
    }

    /// Whether this holds everything that `other` does.
    pub fn covers(&self, other: &Self) -> bool {
        other.held & !self.held == 0 && other.other.is_subset(&self.other)
    }

    /// Everything that either of the two holds.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self { held: self.held | other.held, other: self.other.union(&other.other).cloned().collect() }
    }

    /// The built-in permissions that are held, in PRODUCT's order.
    pub fn iter(&self) -> impl Iterator<Item = Permission> + use<> {
        let held = self.held;
        Permission::GRANTABLE.into_iter().filter(move |permission| held & permission.bit() != 0)
    }

    /// These whole-account permissions with what `previous` held beyond the built-in ones.
    #[must_use]
    pub fn keeping_unknown_of(mut self, previous: &Self) -> Self {
        self.other.extend(previous.other.iter().cloned());
        self
    }
}

impl FromIterator<Permission> for Grants {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        let held = permissions.into_iter().fold(0, |held, permission| held | permission.bit());
        Self { held, other: BTreeSet::new() }
    }
}

impl fmt::Display for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut keys: Vec<&str> = self.iter().map(Permission::key).collect();
        keys.extend(self.other.iter().map(String::as_str));
        f.write_str(&keys.join(" "))
    }
}

impl ToValue for Grants {
    fn to_value(&self) -> Value {
        Value::Text(Some(self.to_string()))
    }
}

impl FromValue for Grants {
    fn from_value(value: Value) -> Result<Self, DbError> {
        String::from_value(value).map(|text| Self::parse(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_permissions_never_includes_users() {
        assert!(Grants::all().is_all());
        assert!(!Grants::all().has(Permission::Users));
    }

    #[test]
    fn text_survives_and_keeps_unknown_keys() {
        let text = "invoices tickets backups products@service:17";
        let grants = Grants::parse(text);
        assert_eq!(grants.to_string(), text);
        assert!(grants.has(Permission::Invoices) && !grants.has(Permission::Products));
        assert_eq!(
            Grants::choose(["profile"]).unwrap().keeping_unknown_of(&grants).to_string(),
            "profile backups products@service:17"
        );
    }

    #[test]
    fn nothing_and_unknown_keys_cannot_be_chosen() {
        assert_eq!(Grants::choose([]), Err(NOTHING_CHOSEN));
        assert_eq!(Grants::choose(["invoices", "everything"]), Err(UNKNOWN));
    }
}
