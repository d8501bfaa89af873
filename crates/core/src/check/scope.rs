//! Who may ask, and about what. On the hot path that is remembered, too.

use std::net::IpAddr;
use std::sync::Arc;

use super::{copies, ops, sql};
use crate::access::{ApiCall, ApiRight, Denied, Enter, System, ViewStaffArea};
use crate::api_credential::{self, Caller, Shown};
use crate::app::{App, Snapshot};
use crate::ban;
use crate::error::Fault;
use crate::id::AccountId;

/// Proof that somebody may ask, and whether about all accounts or one.
#[derive(Clone, Copy, Debug)]
pub struct Scope(Option<AccountId>);

impl Scope {
    /// The machine itself may ask about everything.
    pub const fn machine(_by: &System) -> Self {
        Self(None)
    }

    /// What a credential may ask about, as the policy has it at this moment.
    ///
    /// # Errors
    /// [`Denied`] when whoever made it may not look any more, or the account that it is bound to is closed.
    pub fn of(snapshot: &Snapshot<'_>, call: ApiCall, bound: Option<AccountId>) -> Result<Self, Denied> {
        match bound {
            None => snapshot.authorize_api_staff::<ViewStaffArea>(call).map(|_| Self(None)),
            Some(account) => snapshot.authorize_api::<Enter>(call, account).map(|by| Self(Some(by.account()))),
        }
    }

    /// One account, without a credential.
    #[cfg(feature = "testing")]
    pub const fn for_tests(account: AccountId) -> Self {
        Self(Some(account))
    }

    /// The one account, if it is one.
    pub const fn account(&self) -> Option<AccountId> {
        self.0
    }
}

/// A credential that asks.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The credential.
    pub caller: Caller,
    /// What it may ask about.
    pub scope: Scope,
}

/// Proof that the copies of this node knew every change at a moment after it was asked for. One for each request.
#[derive(Debug)]
pub struct Fresh(());

/// Makes sure that this node knows every change. On SQLite that takes no query while nobody has committed anything; on
/// PostgreSQL it is one round trip for all who wait.
pub async fn fresh(app: &App) -> Result<Fresh, Fault> {
    let copies = app.access();
    if !app.database().version().is_some_and(|version| copies.is_at(version)) {
        copies.coalesce(async || ops::learn(app).await).await?;
    }
    Ok(Fresh(()))
}

/// Recognises a credential that asks, by the right `check`. A ban, a revoked credential, an admin who may no longer look hold from
/// the next question on.
///
/// # Errors
/// What [`api_credential::authenticate`] and the policy answer.
pub async fn recognise(
    app: &App,
    _fresh: &Fresh,
    shown: Option<&Shown>,
    ip: Option<IpAddr>,
) -> Result<Arc<Asker>, api_credential::Error> {
    let shown = shown.ok_or(api_credential::Error::WrongCredentials)?;
    let key = copies::CallerKey::new(shown, ip);
    if let Some(asker) = app.access().asker(&key, &shown.identifier, app.now()) {
        return Ok(asker);
    }
    let (seq, identifier, shown) = (app.access().seq(), shown.identifier.clone(), shown.clone());
    let (head, asker, ends_at) = app
        .read(move |snapshot| {
            if ip.map(|ip| ban::is_banned(snapshot, ip)).transpose()?.unwrap_or(false) {
                return Err(api_credential::Error::AddressNotAllowed(ip));
            }
            let caller = api_credential::authenticate(snapshot, &shown, ip)?;
            let scope = Scope::of(snapshot, caller.using(ApiRight::Check)?, caller.account())?;
            let ends_at = sql::ends_at(snapshot, caller.id())?;
            Ok((sql::see(snapshot, seq, &[], false)?.head, Asker { caller, scope }, ends_at))
        })
        .await?;
    let asker = Arc::new(asker);
    app.access().remember_asker(key, identifier, head, &asker, ends_at);
    Ok(asker)
}
