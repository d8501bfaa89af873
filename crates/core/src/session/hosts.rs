use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Timestamp;

/// For how long what was found out about an address is taken to be true.
const LIVES: Duration = Duration::from_mins(10);

/// Addresses that are remembered at most.
const MAX: usize = 4_096;

/// What is known of an address's host: its name, or that it has none.
pub(crate) type Host = Option<String>;

/// The hosts that were looked up lately: whoever logs in from there again costs no second look-up.
#[derive(Default)]
pub(crate) struct Hosts(Mutex<HashMap<IpAddr, (Host, Timestamp)>>);

impl Hosts {
    /// What was found out lately: a host, or that there is none. `None` when it has to be looked up.
    pub(crate) fn recall(&self, ip: IpAddr, now: Timestamp) -> Option<Host> {
        let hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.get(&ip.to_canonical()).filter(|(_, at)| now.since(*at) < LIVES).map(|(host, _)| host.clone())
    }

    pub(crate) fn note(&self, ip: IpAddr, host: Option<&str>, now: Timestamp) {
        let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= MAX {
            hosts.retain(|_, (_, at)| now.since(*at) < LIVES);
        }
        if hosts.len() < MAX {
            hosts.insert(ip.to_canonical(), (host.map(str::to_owned), now));
        }
    }
}
