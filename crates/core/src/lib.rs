//! What Latchkey is: rules, operations, SQL. No HTTP, no HTML, no network.
//!
//! Cut by noun: whoever wants to know about invitations opens [`invitation`]. In each noun's folder,
//! `mod.rs` holds types and pure rules, `ops.rs` the operations (each in one transaction), `sql.rs`
//! the queries. A change flows `door → app.write(request, |tx| { let by = tx.authorize::<P>(…)?;
//! noun::operation(tx, &by, input) })`.
//!
//! **Invariants:** this crate knows no HTTP, HTML or SMTP. Only [`db`] names a database. Only
//! [`access`] makes tickets. Only [`clock`] reads a clock and only [`secret`] a random source.

pub mod access;
pub mod account;
pub mod admin;
pub mod admin_invitation;
pub mod admin_role;
pub mod api_credential;
pub mod api_role;
pub mod app;
pub mod ban;
pub mod check;
pub mod client_group;
pub mod clock;
pub mod contact;
pub mod db;
pub mod device;
pub mod email;
pub mod error;
pub mod event;
pub mod factor;
pub mod forward;
pub mod guessing;
pub mod id;
pub mod idempotency;
pub mod invitation;
pub mod mail;
pub mod mail_template;
pub mod masquerade;
pub mod membership;
pub mod merge;
pub mod note;
pub mod oauth_client;
pub mod outbox;
pub mod own_data;
pub mod owner_change;
pub mod paging;
pub mod passkey;
pub mod password;
pub mod puzzle;
pub mod registration;
pub mod reset;
pub mod role;
mod room;
mod search;
pub mod secret;
pub mod session;
pub mod settings;
pub mod sso;
pub mod sweep;
#[cfg(feature = "testing")]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc, reason = "only tests use it")]
pub mod testing;
pub mod text;
pub mod user;
pub mod verification;
pub mod webhook;
