//! The rights inside an account that come built in.

use serde::Serialize;

/// A named right inside an account.
///
/// The first thirteen are those of WHMCS, in its order (PRODUCT, "The 13 built-in permissions");
/// `users` is Latchkey's own: a delegated manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Permission {
    /// Modify Master Account Profile.
    Profile,
    /// View & Manage Contacts.
    Contacts,
    /// View Products & Services.
    Products,
    /// View & Modify Product Passwords.
    ManageProducts,
    /// Perform Single Sign-On.
    ProductSso,
    /// View Domains.
    Domains,
    /// Manage Domain Settings.
    ManageDomains,
    /// View & Pay Invoices.
    Invoices,
    /// View & Accept Quotes.
    Quotes,
    /// View & Open Support Tickets.
    Tickets,
    /// View & Manage Affiliate Account.
    Affiliates,
    /// View Emails.
    Emails,
    /// Place New Orders/Upgrades/Cancellations.
    Orders,
    /// Manage Users: invite, change and remove members, never the owner or another manager.
    Users,
}

impl Permission {
    /// What "All Permissions" means: the thirteen, never `users`.
    pub const ALL: [Self; 13] = [
        Self::Profile,
        Self::Contacts,
        Self::Products,
        Self::ManageProducts,
        Self::ProductSso,
        Self::Domains,
        Self::ManageDomains,
        Self::Invoices,
        Self::Quotes,
        Self::Tickets,
        Self::Affiliates,
        Self::Emails,
        Self::Orders,
    ];

    /// Everything that can be granted: the thirteen and `users`.
    pub const GRANTABLE: [Self; 14] = [
        Self::Profile,
        Self::Contacts,
        Self::Products,
        Self::ManageProducts,
        Self::ProductSso,
        Self::Domains,
        Self::ManageDomains,
        Self::Invoices,
        Self::Quotes,
        Self::Tickets,
        Self::Affiliates,
        Self::Emails,
        Self::Orders,
        Self::Users,
    ];

    /// The key in forms, in the API and in the database.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Contacts => "contacts",
            Self::Products => "products",
            Self::ManageProducts => "manageproducts",
            Self::ProductSso => "productsso",
            Self::Domains => "domains",
            Self::ManageDomains => "managedomains",
            Self::Invoices => "invoices",
            Self::Quotes => "quotes",
            Self::Tickets => "tickets",
            Self::Affiliates => "affiliates",
            Self::Emails => "emails",
            Self::Orders => "orders",
            Self::Users => "users",
        }
    }

    /// The permission of this key.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::GRANTABLE.into_iter().find(|permission| permission.key() == key)
    }

    pub(super) const fn bit(self) -> u32 {
        1 << (self as u32)
    }
}
