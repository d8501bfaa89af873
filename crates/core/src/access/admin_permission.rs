//! What staff may do, as admin roles hold it.

use serde::Serialize;

/// A named right in the Admin Area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AdminPermission {
    /// See clients, users and mails.
    View,
    /// Make clients and change, close and reopen them.
    Clients,
    /// Change users' names, end their sessions and send them mails that reset passwords.
    Users,
    /// Change what users log in with: their address; take their second factors away.
    Credentials,
    /// Associate users with accounts, invite them, and change or remove their access.
    Associate,
    /// Give an account another owner.
    Owner,
    /// Delete clients and users.
    Delete,
    /// Log in as the owner of an account.
    Masquerade,
    /// Write notes on clients.
    Notes,
    /// See the log.
    Log,
    /// Change settings.
    Settings,
    /// Manage admins and admin roles.
    Admins,
    /// Manage API credentials.
    Api,
    /// Ban addresses and lift bans.
    Bans,
}

impl AdminPermission {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 14] = [
        Self::View,
        Self::Clients,
        Self::Users,
        Self::Credentials,
        Self::Associate,
        Self::Owner,
        Self::Delete,
        Self::Masquerade,
        Self::Notes,
        Self::Log,
        Self::Settings,
        Self::Admins,
        Self::Api,
        Self::Bans,
    ];

    /// The key in forms, in the API and in the database.
    pub const fn key(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Clients => "clients",
            Self::Users => "users",
            Self::Credentials => "credentials",
            Self::Associate => "associate",
            Self::Owner => "owner",
            Self::Delete => "delete",
            Self::Masquerade => "masquerade",
            Self::Notes => "notes",
            Self::Log => "log",
            Self::Settings => "settings",
            Self::Admins => "admins",
            Self::Api => "api",
            Self::Bans => "bans",
        }
    }

    /// The permission of this key.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.key() == key)
    }

    const fn bit(self) -> u32 {
        1 << (self as u32)
    }
}

/// A role that comes with Latchkey and stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BuiltInRole {
    /// *Full Administrator*: everything, always.
    Full,
    /// *Support*: helps people, without deleting, configuring or managing staff.
    Support,
    /// *Read-only*: looks.
    ReadOnly,
}

impl BuiltInRole {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Full, Self::Support, Self::ReadOnly];

    /// The key in the database and on the command line.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Support => "support",
            Self::ReadOnly => "read-only",
        }
    }

    /// The role of this key.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.key() == key)
    }

    /// What it holds.
    pub fn grants(self) -> AdminGrants {
        use AdminPermission::{Associate, Clients, Log, Notes, Users, View};
        match self {
            Self::Full => AdminGrants { full: true, held: 0 },
            Self::Support => [View, Clients, Users, Associate, Notes, Log].into_iter().collect(),
            Self::ReadOnly => [View, Log].into_iter().collect(),
        }
    }
}

/// What an admin role holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AdminGrants {
    full: bool,
    held: u32,
}

impl AdminGrants {
    /// Reads the keys that somebody chose: at least one, all known. Whoever may do anything may look.
    pub fn choose<'a>(keys: impl IntoIterator<Item = &'a str>) -> Result<Self, &'static str> {
        let keys = keys.into_iter().map(|key| AdminPermission::from_key(key).ok_or(super::UNKNOWN));
        let chosen = keys.collect::<Result<Self, _>>()?;
        if chosen.held == 0 {
            return Err(super::NOTHING_CHOSEN);
        }
        Ok(Self { held: chosen.held | AdminPermission::View.bit(), ..chosen })
    }

    /// Reads a role's row. Keys this version does not know grant nothing.
    pub(crate) fn of_role(built_in: Option<&str>, permissions: &str) -> Self {
        match built_in {
            None => permissions.split_ascii_whitespace().filter_map(AdminPermission::from_key).collect(),
            Some(key) => BuiltInRole::from_key(key).map_or_else(Self::default, BuiltInRole::grants),
        }
    }

    /// Whether this is the *Full Administrator*.
    pub const fn is_full(&self) -> bool {
        self.full
    }

    /// Whether the permission is held.
    pub const fn has(&self, permission: AdminPermission) -> bool {
        self.full || self.held & permission.bit() != 0
    }

    /// Whether this holds everything that `other` does. Only a full administrator covers a full administrator.
    pub const fn covers(&self, other: &Self) -> bool {
        self.full || (!other.full && other.held & !self.held == 0)
    }

    /// What is held, in the order in which it is shown.
    pub fn iter(&self) -> impl Iterator<Item = AdminPermission> + use<> {
        let grants = *self;
        AdminPermission::ALL.into_iter().filter(move |permission| grants.has(*permission))
    }

    /// The keys, separated by spaces: what the database holds.
    pub fn keys(&self) -> String {
        self.iter().map(AdminPermission::key).collect::<Vec<_>>().join(" ")
    }
}

impl FromIterator<AdminPermission> for AdminGrants {
    fn from_iter<I: IntoIterator<Item = AdminPermission>>(permissions: I) -> Self {
        Self { full: false, held: permissions.into_iter().fold(0, |held, permission| held | permission.bit()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_administrator_holds_everything_and_is_covered_by_no_other() {
        let full = BuiltInRole::Full.grants();
        let all: AdminGrants = AdminPermission::ALL.into_iter().collect();
        assert!(AdminPermission::ALL.into_iter().all(|permission| full.has(permission)));
        assert!(full.covers(&all) && full.covers(&full) && !all.covers(&full) && all.covers(&all));
    }

    #[test]
    fn whoever_may_do_anything_may_look() {
        let chosen = AdminGrants::choose(["notes"]).unwrap();
        assert_eq!(chosen.keys(), "view notes");
        assert_eq!(AdminGrants::of_role(None, &chosen.keys()), chosen);
        assert_eq!(AdminGrants::choose([]), Err(super::super::NOTHING_CHOSEN));
        assert_eq!(AdminGrants::choose(["notes", "everything"]), Err(super::super::UNKNOWN));
    }
}
