//! One's own data.

pub(crate) mod data;
pub(crate) mod email;
pub(crate) mod invitations;
pub(crate) mod password;
pub(crate) mod profile;
pub(crate) mod security;
pub(crate) mod sessions;
