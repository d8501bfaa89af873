//! The rules of PRODUCT.md, on SQLite and on PostgreSQL.
//!
//! One module per noun; `races` and `property` look at what happens at the same time and in any
//! order, `store` at what the two databases promise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::unchecked_time_subtraction, reason = "a moment less than a constant; a test that underflows fails")]

mod account;
mod admin;
mod admin_invitation;
mod admin_password;
mod admin_role;
mod api_credential;
mod authority;
mod ban;
mod chain;
mod check;
mod check_allocations;
mod check_order;
mod check_races;
mod client_group;
mod confirm;
mod contact;
mod device;
mod event;
mod factor;
mod failures;
mod fuzz;
mod guessing;
mod guessing_links;
mod invitation;
mod login_work;
mod mail;
mod mail_template;
mod masquerade;
mod masquerade_end;
mod membership;
mod migration;
mod note;
mod notice;
mod oauth_client;
mod own_data;
mod owner_change;
mod owner_change_end;
mod owner_change_races;
mod part;
mod passkey;
mod password;
mod property;
mod puzzle;
mod races;
mod races_again;
mod races_deletion;
mod races_limit;
mod races_order;
mod races_registration;
mod races_role;
mod registration;
mod reset;
mod retention;
mod role;
mod search;
mod session;
mod settings;
mod shortening;
mod sso;
mod store;
mod strangers;
mod support;
mod sweep;
mod user;
mod verification;
mod webhook;
mod wording;
