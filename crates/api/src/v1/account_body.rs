//! An account as a document, and what is said of one.

use latchkey_core::account::{self, Details};
use latchkey_core::contact::Categories;
use latchkey_core::error::Invalid;
use latchkey_core::owner_change;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::time;
use super::users::NewUser;
use crate::problem::Problem;

/// The client group that an account is in.
#[derive(Serialize, ToSchema)]
pub(crate) struct Group {
    id: i64,
    name: String,
}

/// The one owner of an account.
#[derive(Serialize, ToSchema)]
pub(crate) struct Owner {
    id: i64,
    name: String,
    email: String,
}

/// Another owner that waits for a second admin. An account has one of these at most: a new one takes the place of the old.
#[derive(Serialize, ToSchema)]
pub(crate) struct OwnerChange {
    id: i64,
    account: i64,
    /// The user who is to own the account.
    user: i64,
    /// Who asked.
    asked_by: String,
    #[schema(format = DateTime)]
    asked_at: String,
    /// Until when it can be approved.
    #[schema(format = DateTime)]
    expires_at: String,
}

impl From<owner_change::OwnerChange> for OwnerChange {
    fn from(change: owner_change::OwnerChange) -> Self {
        Self {
            id: change.id.0,
            account: change.account.0,
            user: change.user.0,
            asked_by: change.asked_by.name,
            asked_at: time::at(change.asked_at),
            expires_at: time::at(change.expires_at),
        }
    }
}

macro_rules! details {
    ($($(#[$doc:meta])* $name:ident = $field:ident, $max:tt;)*) => {
        /// A client account. Its data is its own and never kept in step with a user's.
        #[derive(Serialize, ToSchema)]
        pub(crate) struct Account {
            id: i64,
            /// `active`, `inactive` or `closed`.
            status: &'static str,
            /// The display name.
            name: String,
            $($(#[$doc])* $name: String,)*
            /// Which mail goes to the account's own address.
            mail_categories: Vec<&'static str>,
            marketing_opt_in: bool,
            group: Option<Group>,
            owner: Owner,
            /// Whether a second factor is required of all its users.
            two_factor_required: bool,
            /// Whether other systems may log its users in with a link.
            allow_sso: bool,
            /// Goes up with every change to who may do what.
            revision: i64,
            #[schema(format = DateTime)]
            created_at: String,
        }

        /// An account to be made, with its owner: one that exists, or one to be made.
        #[derive(Clone, Deserialize, ToSchema)]
        pub(crate) struct NewAccount {
            /// The user who owns it.
            pub(super) owner: Option<i64>,
            /// The user to be made who owns it.
            pub(super) new_owner: Option<NewUser>,
            /// The display name.
            #[schema(max_length = 150)]
            name: String,
            $($(#[$doc])* #[schema(max_length = $max)] $name: Option<String>,)*
            /// Which mail goes to the account's own address; all when left out.
            #[schema(max_items = 6)]
            mail_categories: Option<Vec<String>>,
            marketing_opt_in: Option<bool>,
        }

        /// What to change of an account; what is left out stays.
        #[derive(Clone, Deserialize, ToSchema)]
        pub(crate) struct AccountChange {
            /// The display name.
            #[schema(max_length = 150)]
            name: Option<String>,
            $($(#[$doc])* #[schema(max_length = $max)] $name: Option<String>,)*
            /// Which mail goes to the account's own address.
            #[schema(max_items = 6)]
            mail_categories: Option<Vec<String>>,
            marketing_opt_in: Option<bool>,
            /// The client group; 0 takes it out of its group.
            pub(super) group: Option<i64>,
            /// Whether it is active or inactive; a closed one stays closed.
            pub(super) active: Option<bool>,
            pub(super) two_factor_required: Option<bool>,
            pub(super) allow_sso: Option<bool>,
        }

        impl From<account::Account> for Account {
            fn from(account: account::Account) -> Self {
                let details = account.details;
                Self {
                    id: account.id.0,
                    status: account.status.key(),
                    name: details.name,
                    $($name: details.$field,)*
                    mail_categories: categories(&details.categories),
                    marketing_opt_in: details.marketing_opt_in,
                    group: account.group.map(|group| Group { id: group.id.0, name: group.name }),
                    owner: Owner { id: account.owner.id.0, name: account.owner.name, email: account.owner.email },
                    two_factor_required: account.two_factor_required,
                    allow_sso: account.allow_sso,
                    revision: account.revision,
                    created_at: time::at(account.created_at),
                }
            }
        }

        impl NewAccount {
            /// The data, checked.
            pub(super) fn details(&self) -> Result<Details, Problem> {
                let typed = Details {
                    name: self.name.clone(),
                    $($field: self.$name.clone().unwrap_or_default(),)*
                    categories: self.mail_categories.as_ref().map_or_else(|| Ok(Categories::all()), |keys| chosen(keys))?,
                    marketing_opt_in: self.marketing_opt_in.unwrap_or(false),
                };
                Details::parse(&typed).map_err(Problem::invalid)
            }
        }

        impl AccountChange {
            /// The data as it is to be, checked.
            pub(super) fn details(&self, before: &account::Account) -> Result<Details, Problem> {
                let before = &before.details;
                let typed = Details {
                    name: self.name.as_ref().unwrap_or(&before.name).clone(),
                    $($field: self.$name.as_ref().unwrap_or(&before.$field).clone(),)*
                    categories: self.mail_categories.as_ref().map_or_else(|| Ok(before.categories.clone()), |keys| chosen(keys))?,
                    marketing_opt_in: self.marketing_opt_in.unwrap_or(before.marketing_opt_in),
                };
                Details::parse(&typed).map_err(Problem::invalid)
            }
        }
    };
}

details! {
    /// First name of who is written to.
    contact_first_name = first_name, 100;
    /// Last name of who is written to.
    contact_last_name = last_name, 100;
    company = company, 150;
    /// Where mail about the account goes; empty for none.
    contact_email = contact_email, 254;
    address1 = address1, 200;
    address2 = address2, 200;
    city = city, 100;
    state = state, 100;
    postcode = postcode, 20;
    /// ISO 3166-1 alpha-2, or empty.
    country = country, 2;
    phone = phone, 40;
    tax_id = tax_id, 50;
    /// Code of a language, or empty for the installation's own.
    language = language, 20;
    /// ISO 4217, or empty for the installation's own.
    currency = currency, 3;
}

/// The keys of categories.
pub(super) fn categories(categories: &Categories) -> Vec<&'static str> {
    categories.iter().map(latchkey_core::contact::Category::key).collect()
}

/// Reads the keys of categories.
pub(super) fn chosen(keys: &[String]) -> Result<Categories, Problem> {
    let chosen = Categories::choose(keys);
    chosen.map_err(|message| Problem::invalid(vec![Invalid::new("mail_categories", message)]))
}
