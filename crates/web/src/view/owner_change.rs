//! Changes of owner that wait for a second admin.

use latchkey_core::clock::Timestamp;
use latchkey_core::id::AdminId;
use latchkey_core::owner_change::OwnerChange;
use serde::Serialize;

/// One of them, as one admin sees it.
#[derive(Serialize)]
pub(crate) struct OwnerChangeShown {
    id: i64,
    account: i64,
    account_name: String,
    user: String,
    by: String,
    asked_at: Timestamp,
    expires_at: Timestamp,
    /// Whether this admin asked for it, and so cannot approve it.
    own: bool,
}

impl OwnerChangeShown {
    pub(crate) fn new(change: OwnerChange, admin: AdminId) -> Self {
        let own = change.is_of(admin);
        Self {
            id: change.id.0,
            account: change.account.0,
            account_name: change.account_name,
            user: change.user_name,
            by: change.asked_by.name,
            asked_at: change.asked_at,
            expires_at: change.expires_at,
            own,
        }
    }
}
