//! A server to talk to, people who talk, and a look at the tables.

pub(crate) mod actor;
pub(crate) mod alike;
pub(crate) mod binary;
pub(crate) mod doors;
pub(crate) mod http;
pub(crate) mod mail_sink;
#[path = "../../crates/delivery/tests/receiver.rs"]
pub(crate) mod receiver;
pub(crate) mod server;
pub(crate) mod snapshot;
pub(crate) mod tables;
pub(crate) mod world;

pub(crate) use actor::Actor;
pub(crate) use alike::assert_alike_in_time;
pub(crate) use http::{Answer, Ask};
pub(crate) use latchkey_core::testing::{PASSWORD, TestApp};
pub(crate) use latchkey_test_macros::on_both_databases;
pub(crate) use server::{Server, plain};
pub(crate) use tables::{difference, dump};
pub(crate) use world::World;
