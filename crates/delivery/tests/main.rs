//! What was promised is kept: mails through a scripted mail server, hosts through a scripted resolver,
//! on SQLite and on PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "these are tests")]

mod expiry;
mod hosts;
mod mail_server;
mod mails;
mod mails_by_many;
mod mails_in_private;
mod mails_that_wait;
mod receiver;
mod webhooks;
mod world;
