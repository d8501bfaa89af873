//! The whole system: pages over a real listener, and the real binary.
//!
//! `support` has a server, people with browsers, and a look at the tables. `routes` holds the reviewed
//! table of who may do what; most other modules go through the same table of routes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod actions;
mod activity;
mod authority;
mod check;
mod check_docs;
mod cli;
mod contacts;
mod crash;
mod csrf;
mod exposure;
mod factors;
mod faults;
mod forms;
mod forward;
mod forward_matrix;
mod forward_proxies;
mod guessing;
mod headers;
mod input;
mod invitation;
mod invitation_alike;
mod login;
mod mail_texts;
mod masquerade;
mod masquerade_doors;
mod mass_assignment;
mod owner_change;
mod passkeys;
mod password;
mod puzzle;
mod reading;
mod refusals;
mod reset;
mod rest;
mod roles;
mod routes;
mod sessions;
mod source;
mod strangers;
mod support;
mod tls;
mod verification;
mod webhooks;
