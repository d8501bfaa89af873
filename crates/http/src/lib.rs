//! What every door that speaks HTTP needs, and none may have a second version of: from which address a request really
//! comes, whether that address is kept out, and what its cookies are called.

pub mod cookie;
pub mod proxy;
mod routes;

use std::error::Error;
use std::io;
use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use latchkey_core::app::Request;
use latchkey_core::secret::Secret;

pub use ipnet::IpNet;
use proxy::Forged;
pub use routes::{Route, Routes};

/// Longest name of a browser or a program that is kept, in characters.
const MAX_USER_AGENT: usize = 300;

/// Whether a body could not be read because it did not come in time, and for no other reason.
pub fn came_too_late(error: &(dyn Error + 'static)) -> bool {
    let chain = std::iter::successors(Some(error), |error: &&(dyn Error + 'static)| (*error).source());
    let mut of_io = chain.filter_map(|error| error.downcast_ref::<io::Error>());
    of_io.any(|error| error.kind() == io::ErrorKind::TimedOut)
}

/// From where an operation is asked for, as the headers and the peer tell it.
///
/// # Errors
/// [`Forged`] when two headers lead to different addresses: one of them was not written by our proxy.
pub fn request(parts: &Parts, trusted_proxies: &[IpNet], secure: bool) -> Result<Request, Forged> {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let ip = peer.map(|peer| proxy::client(peer, &parts.headers, trusted_proxies)).transpose()?;
    let user_agent = parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let device = cookie::read(&parts.headers, cookie::Name::Device, secure).and_then(|text| Secret::parse(&text));
    let user_agent = user_agent.chars().filter(|c| !c.is_control()).take(MAX_USER_AGENT).collect();
    Ok(Request { ip, user_agent, device, session: None, on_behalf: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_comes_too_late_is_told_from_one_that_is_broken() {
        let error = |kind| axum::Error::new(axum::Error::new(io::Error::from(kind)));
        assert!(came_too_late(&error(io::ErrorKind::TimedOut)));
        assert!(!came_too_late(&error(io::ErrorKind::ConnectionReset)));
    }
}
