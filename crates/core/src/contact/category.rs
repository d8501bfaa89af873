//! The kinds of mail that an account and its contacts may receive.

use std::collections::BTreeSet;

use crate::db::{DbError, FromValue, ToValue, Value};

/// A kind of mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// About the account itself.
    General,
    /// Invoices and reminders.
    Invoice,
    /// Support tickets.
    Support,
    /// Products and services.
    Product,
    /// Domains.
    Domain,
    /// Affiliates.
    Affiliate,
}

impl Category {
    /// Every kind, in the order of forms.
    pub const ALL: [Self; 6] = [Self::General, Self::Invoice, Self::Support, Self::Product, Self::Domain, Self::Affiliate];

    /// The key in forms, in the database and in texts.
    pub const fn key(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Invoice => "invoice",
            Self::Support => "support",
            Self::Product => "product",
            Self::Domain => "domain",
            Self::Affiliate => "affiliate",
        }
    }

    /// The kind of this key.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.key() == key)
    }
}

/// The kinds of mail that somebody receives. The default is every kind: what an account gets until it says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Categories(BTreeSet<Category>);

impl Categories {
    /// No mail at all.
    pub const fn none() -> Self {
        Self(BTreeSet::new())
    }

    /// Every kind.
    pub fn all() -> Self {
        Category::ALL.into_iter().collect()
    }

    /// The kinds of these keys; an unknown key is refused.
    pub fn choose(keys: &[String]) -> Result<Self, &'static str> {
        let chosen: Option<BTreeSet<_>> = keys.iter().map(|key| Category::from_key(key)).collect();
        chosen.map(Self).ok_or("error-category-unknown")
    }

    /// Whether mail of this kind is received.
    pub fn has(&self, category: Category) -> bool {
        self.0.contains(&category)
    }

    /// The kinds, in the order of forms.
    pub fn iter(&self) -> impl Iterator<Item = Category> + '_ {
        self.0.iter().copied()
    }

    /// Their keys, one space between two.
    pub fn keys(&self) -> String {
        self.iter().map(Category::key).collect::<Vec<_>>().join(" ")
    }
}

impl Default for Categories {
    fn default() -> Self {
        Self::all()
    }
}

impl FromIterator<Category> for Categories {
    fn from_iter<I: IntoIterator<Item = Category>>(categories: I) -> Self {
        Self(categories.into_iter().collect())
    }
}

impl ToValue for Categories {
    fn to_value(&self) -> Value {
        self.keys().to_value()
    }
}

impl FromValue for Categories {
    /// A kind that a newer program has stored is left out.
    fn from_value(value: Value) -> Result<Self, DbError> {
        Ok(String::from_value(value)?.split_ascii_whitespace().filter_map(Category::from_key).collect())
    }
}
