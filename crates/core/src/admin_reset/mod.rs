//! Password resets of admins: the same promises as [`reset`](crate::reset) makes to users, for the other login.
//!
//! Whoever asks is told the same in the same time whether or not an admin has the address (ASVS V6.3.8): the look-up happens
//! beside the request. The link works once, for 60 minutes, the newest only; it signs nobody in and takes no second factor
//! away (ASVS V6.4.3), and it ends whatever sessions there are. Nobody can send one to another admin, nor read one: the mail's
//! text is shown without it, also where no mail server is set.

mod ops;
mod sql;

pub(crate) use ops::forget;
pub use ops::{ask, choose, open, resolve, try_link};

/// Whose password a link chooses: what a new one must not be close to.
#[derive(Clone, Debug)]
pub struct Open {
    /// The name.
    pub name: String,
    /// The login.
    pub email: String,
}
