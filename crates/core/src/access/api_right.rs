//! What an API credential's role may hold: resources of the REST API, and actions of the WHMCS-compatible one.

use super::{AdminGrants, AdminPermission};

macro_rules! rights {
    ($($name:ident = $key:literal needs $($permission:ident)|*;)*) => {
        /// One thing that a machine may do: a resource to read or to write, or an action by its name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ApiRight {
            $(#[doc = concat!("`", $key, "`.")] $name,)*
        }

        impl ApiRight {
            /// All of them, in the order in which they are shown.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The key in forms, in the API and in the database.
            pub const fn key(self) -> &'static str {
                match self { $(Self::$name => $key),* }
            }

            /// What of an admin's permissions it draws on: it gives none beyond these, and none that its admin lacks.
            pub const fn needs(self) -> &'static [AdminPermission] {
                match self { $(Self::$name => &[$(AdminPermission::$permission),*]),* }
            }
        }
    };
}

rights! {
    UsersRead = "users:read" needs View;
    UsersWrite = "users:write" needs View | Users | Credentials;
    UsersDelete = "users:delete" needs View | Delete;
    AccountsRead = "accounts:read" needs View;
    AccountsWrite = "accounts:write" needs View | Clients;
    AccountsDelete = "accounts:delete" needs View | Delete;
    OwnershipWrite = "ownership:write" needs View | Owner;
    MembershipsRead = "memberships:read" needs View;
    MembershipsWrite = "memberships:write" needs View | Associate;
    InvitationsRead = "invitations:read" needs View;
    InvitationsWrite = "invitations:write" needs View | Associate;
    RolesRead = "roles:read" needs View;
    RolesWrite = "roles:write" needs View | Settings;
    SessionsRead = "sessions:read" needs View;
    SessionsWrite = "sessions:write" needs View | Users;
    ContactsRead = "contacts:read" needs View;
    ContactsWrite = "contacts:write" needs View | Clients;
    NotesRead = "notes:read" needs View;
    NotesWrite = "notes:write" needs View | Notes;
    EventsRead = "events:read" needs View | Log;
    AdminsRead = "admins:read" needs View | Admins;
    AdminsWrite = "admins:write" needs View | Admins;
    CredentialsRead = "api-credentials:read" needs View | Api;
    CredentialsWrite = "api-credentials:write" needs View | Api;
    WebhooksRead = "webhooks:read" needs View | Api;
    WebhooksWrite = "webhooks:write" needs View | Api;
    Check = "check" needs View;
    AddUser = "adduser" needs View | Users;
    GetUsers = "getusers" needs View;
    UpdateUser = "updateuser" needs View | Users | Credentials;
    DeleteUser = "deleteuser" needs View | Delete;
    DeleteUserClient = "deleteuserclient" needs View | Associate;
    CreateClientInvite = "createclientinvite" needs View | Associate;
    ListClientInvites = "listclientinvites" needs View;
    ResendClientInvite = "resendclientinvite" needs View | Associate;
    CancelClientInvite = "cancelclientinvite" needs View | Associate;
    SetClientOwner = "setclientowner" needs View | Owner;
    GetPermissionsList = "getpermissionslist" needs View;
    GetUserPermissions = "getuserpermissions" needs View;
    UpdateUserPermissions = "updateuserpermissions" needs View | Associate;
    ResetPassword = "resetpassword" needs View | Users;
    ValidateLogin = "validatelogin" needs View | Users;
    CreateSsoToken = "createssotoken" needs View | Masquerade;
    AddClient = "addclient" needs View | Clients | Users | Associate | Notes;
    UpdateClient = "updateclient" needs View | Clients | Notes;
    GetClients = "getclients" needs View;
    GetClientsDetails = "getclientsdetails" needs View;
    CloseClient = "closeclient" needs View | Clients;
    DeleteClient = "deleteclient" needs View | Delete;
    GetClientGroups = "getclientgroups" needs View;
    AddClientNote = "addclientnote" needs View | Notes;
    AddContact = "addcontact" needs View | Clients;
    GetContacts = "getcontacts" needs View;
    UpdateContact = "updatecontact" needs View | Clients;
    DeleteContact = "deletecontact" needs View | Clients;
    GetEmails = "getemails" needs View;
    SendEmail = "sendemail" needs View | Clients;
    GetActivityLog = "getactivitylog" needs View | Log;
    LogActivity = "logactivity" needs View | Notes;
    GetAdminUsers = "getadminusers" needs View | Admins;
    GetAdminDetails = "getadmindetails" needs View;
    AddBannedIp = "addbannedip" needs View | Bans;
    GetConfigurationValue = "getconfigurationvalue" needs View | Settings;
    WhmcsDetails = "whmcsdetails" needs View;
    CreateOAuthCredential = "createoauthcredential" needs View | Api;
    ListOAuthCredentials = "listoauthcredentials" needs View | Api;
    UpdateOAuthCredential = "updateoauthcredential" needs View | Api;
    DeleteOAuthCredential = "deleteoauthcredential" needs View | Api;
}

impl ApiRight {
    /// The right of this key.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|right| right.key() == key)
    }

    /// Whether it is an action of the WHMCS-compatible API, not a resource.
    pub fn is_action(self) -> bool {
        !self.key().contains(':') && self != Self::Check
    }

    /// Whether it only looks.
    pub fn only_reads(self) -> bool {
        let key = self.key();
        self == Self::Check
            || self == Self::WhmcsDetails
            || key.ends_with(":read")
            || (self.is_action() && (key.starts_with("get") || key.starts_with("list")))
    }

    const fn bit(self) -> u128 {
        1 << (self as u32)
    }
}

/// An API role that comes with Latchkey and stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuiltInApiRole {
    /// *Full Access*: everything that its admin may.
    Full,
    /// *Read-only*: looks.
    ReadOnly,
}

impl BuiltInApiRole {
    /// The key in the database and on the command line.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::ReadOnly => "read-only",
        }
    }

    /// The role of this key.
    pub fn from_key(key: &str) -> Option<Self> {
        [Self::Full, Self::ReadOnly].into_iter().find(|role| role.key() == key)
    }

    /// What it holds.
    pub fn rights(self) -> ApiRights {
        match self {
            Self::Full => ApiRight::ALL.iter().copied().collect(),
            Self::ReadOnly => ApiRight::ALL.iter().copied().filter(|right| right.only_reads()).collect(),
        }
    }
}

/// What an API role holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ApiRights(u128);

impl ApiRights {
    /// Reads the keys that somebody chose: at least one, all known.
    pub fn choose<'a>(keys: impl IntoIterator<Item = &'a str>) -> Result<Self, &'static str> {
        let rights = keys.into_iter().map(|key| ApiRight::from_key(key).ok_or("error-right-unknown"));
        let chosen = rights.collect::<Result<Self, _>>()?;
        if chosen.0 == 0 { Err("error-rights-none") } else { Ok(chosen) }
    }

    /// Reads a role's row. Keys this version does not know grant nothing.
    pub(crate) fn of_role(built_in: Option<&str>, rights: &str) -> Self {
        match built_in {
            None => rights.split_ascii_whitespace().filter_map(ApiRight::from_key).collect(),
            Some(key) => BuiltInApiRole::from_key(key).map_or_else(Self::default, BuiltInApiRole::rights),
        }
    }

    /// Whether the right is held.
    pub const fn has(&self, right: ApiRight) -> bool {
        self.0 & right.bit() != 0
    }

    /// Whether everything that `other` holds is held.
    pub const fn covers(&self, other: &Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// Whether these rights do all that an admin of these permissions may. What only reads does not stand for a permission to change
    /// things; all rights together stand for everything.
    pub fn reach(&self, grants: &AdminGrants) -> bool {
        if self.covers(&BuiltInApiRole::Full.rights()) {
            return true;
        }
        let looks = |permission| matches!(permission, AdminPermission::View | AdminPermission::Log);
        let stands_for =
            |right: ApiRight, permission| right.needs().contains(&permission) && (looks(permission) || !right.only_reads());
        !grants.is_full() && grants.iter().all(|permission| self.iter().any(|right| stands_for(right, permission)))
    }

    /// What is held and not among the others.
    #[must_use]
    pub const fn without(&self, others: &Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// What is held, in the order in which it is shown.
    pub fn iter(&self) -> impl Iterator<Item = ApiRight> + use<> {
        let rights = *self;
        ApiRight::ALL.iter().copied().filter(move |right| rights.has(*right))
    }

    /// The keys, separated by spaces: what the database holds.
    pub fn keys(&self) -> String {
        self.iter().map(ApiRight::key).collect::<Vec<_>>().join(" ")
    }
}

impl FromIterator<ApiRight> for ApiRights {
    fn from_iter<I: IntoIterator<Item = ApiRight>>(rights: I) -> Self {
        Self(rights.into_iter().fold(0, |held, right| held | right.bit()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_right_has_a_bit_and_a_key_of_its_own() {
        assert!(ApiRight::ALL.len() <= 128);
        for right in ApiRight::ALL {
            assert_eq!(ApiRight::from_key(right.key()), Some(*right));
            assert!(right.needs().contains(&AdminPermission::View), "whoever may do anything may look: {}", right.key());
        }
        assert_eq!(BuiltInApiRole::Full.rights().iter().count(), ApiRight::ALL.len());
    }

    #[test]
    fn v8_2_1_the_read_only_role_holds_nothing_that_changes_anything() {
        let rights = BuiltInApiRole::ReadOnly.rights();
        for right in rights.iter() {
            let writes =
                ["write", "delete", "add", "update", "create", "send", "set", "close", "reset", "resend", "cancel", "log"];
            let key = right.key();
            assert!(!writes.iter().any(|word| key.starts_with(word) || key.ends_with(&format!(":{word}"))), "{key}");
        }
        assert!(rights.has(ApiRight::GetClients) && rights.has(ApiRight::UsersRead) && !rights.has(ApiRight::ValidateLogin));
    }

    #[test]
    fn v8_2_1_admins_write_alone_reaches_no_role_that_does_more() {
        let reach = |rights: &str, permissions: &str| {
            let grants: AdminGrants = permissions.split(' ').filter_map(AdminPermission::from_key).collect();
            ApiRights::choose(rights.split(' ')).unwrap().reach(&grants)
        };
        assert!(reach("admins:write", "view admins") && reach("admins:write events:read", "view admins log"));
        assert!(!reach("admins:write", "view notes") && !reach("admins:write getconfigurationvalue", "settings"));
        let every = AdminPermission::ALL.map(AdminPermission::key).join(" ");
        assert!(!reach("admins:write users:write accounts:delete", &every));
        let full = super::super::BuiltInRole::Full.grants();
        assert!(BuiltInApiRole::Full.rights().reach(&full) && !BuiltInApiRole::ReadOnly.rights().reach(&full));
    }

    #[test]
    fn whatever_changes_a_users_address_says_that_it_draws_on_logins() {
        for right in [ApiRight::UsersWrite, ApiRight::UpdateUser] {
            assert!(right.needs().contains(&AdminPermission::Credentials), "{}", right.key());
        }
    }

    #[test]
    fn roles_are_read_as_they_were_written() {
        let chosen = ApiRights::choose(["getclients", "users:read"]).unwrap();
        assert_eq!(chosen.keys(), "users:read getclients");
        assert_eq!(ApiRights::of_role(None, "users:read getclients of-tomorrow"), chosen);
        assert_eq!(ApiRights::choose([]), Err("error-rights-none"));
        assert_eq!(ApiRights::choose(["getclients", "everything"]), Err("error-right-unknown"));
    }
}
