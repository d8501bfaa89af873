//! Second factors, the same in both areas: the second step of a login, "confirm it's you", and the settings.

pub(crate) mod login;
