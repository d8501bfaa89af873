//! Who asks, from where, and with which browser: the extractors every handler begins with.
//!
//! [`Visit`] is made once per request. [`LoggedIn`] and [`Staff`] are visits of somebody who has shown
//! who they are; without that they answer with the way to the login page.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use latchkey_core::access::{Denied, StaffRight};
use latchkey_core::app::{Request, Snapshot};
use latchkey_core::error::Fault;
use latchkey_core::id::{AdminId, UserId};
use latchkey_core::secret::Secret;
use latchkey_core::session::Resolved;
use latchkey_core::settings::Brand;
use latchkey_core::{admin, masquerade, membership, session, settings};

use crate::cookie::{self, Name};
use crate::error::PageError;
use crate::flash::Flash;
use crate::page;
use crate::proxy::{self, IpNet};
use crate::state::Web;

/// Longest name of a browser that is kept, in characters.
const MAX_USER_AGENT: usize = 300;

/// One of the two areas. Each has its own login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Area {
    Client,
    Admin,
}

impl Area {
    fn of(path: &str) -> Self {
        if path == "/admin" || path.starts_with("/admin/") { Self::Admin } else { Self::Client }
    }

    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Admin => "admin",
        }
    }
}

/// One request of a browser.
#[derive(Clone)]
pub(crate) struct Visit(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) web: Web,
    pub(crate) request: Request,
    pub(crate) area: Area,
    pub(crate) path: String,
    pub(crate) brand: Brand,
    pub(crate) user: Option<Resolved>,
    pub(crate) account_count: i64,
    pub(crate) admin: Option<admin::Resolved>,
    pub(crate) flash: Option<Flash>,
    /// What this browser's forms are tied to.
    pub(crate) form_key: Secret,
    /// The visitor cookie to set, when the browser had none.
    pub(crate) new_visitor: Option<Secret>,
}

impl std::ops::Deref for Visit {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl FromRequestParts<Web> for Visit {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, PageError> {
        if let Some(visit) = parts.extensions.get::<Self>() {
            return Ok(visit.clone());
        }
        let visit = make(parts, web).await?;
        parts.extensions.insert(visit.clone());
        Ok(visit)
    }
}

async fn make(parts: &Parts, web: &Web) -> Result<Visit, PageError> {
    let secure = web.settings().secure;
    let area = Area::of(parts.uri.path());
    let cookie = |name| cookie::read(&parts.headers, name, secure).and_then(|text| Secret::parse(&text));
    let tokens = Tokens { admin: cookie(Name::Admin), masquerade: cookie(Name::Masquerade), session: cookie(Name::Session) };
    let visitor = cookie(Name::Visitor);
    let (brand, (user, account_count, admin, token)) =
        web.app().read(move |snapshot| Ok::<_, Fault>((settings::brand(snapshot)?, who(snapshot, area, tokens)?))).await?;
    let mut request = request(parts, &web.settings().trusted_proxies);
    request.on_behalf = user.as_ref().and_then(|found| found.acting.as_ref()).map(|acting| acting.behalf.clone());
    touch(web, &request, user.as_ref(), admin.as_ref());
    let logged_in = user.is_some() || admin.is_some();
    let (form_key, new_visitor) = match (token.filter(|_| logged_in), visitor) {
        (Some(token), _) => (token, None),
        (None, Some(visitor)) => (visitor, None),
        (None, None) => {
            let fresh = web.app().random().secret().map_err(Fault::from)?;
            (fresh.clone(), Some(fresh))
        }
    };
    Ok(Visit(Arc::new(Inner {
        web: web.clone(),
        request,
        area,
        path: parts.uri.path().to_owned(),
        brand,
        user,
        account_count,
        admin,
        flash: cookie::read(&parts.headers, Name::Flash, secure).and_then(|text| Flash::decode(&text)),
        form_key,
        new_visitor,
    })))
}

/// The secrets of sessions that a browser sends.
struct Tokens {
    admin: Option<Secret>,
    masquerade: Option<Secret>,
    session: Option<Secret>,
}

/// The user with the number of its accounts, the admin, and the secret that showed it.
type Known = (Option<Resolved>, i64, Option<admin::Resolved>, Option<Secret>);

/// Who asks. In the Client Area an admin who acts for a user comes before the user whom the browser may know besides; each has a
/// cookie of its own, and neither is taken for the other.
fn who(snapshot: &Snapshot<'_>, area: Area, tokens: Tokens) -> Result<Known, Fault> {
    if area == Area::Admin {
        let admin = tokens.admin.as_ref().map(|token| admin::resolve(snapshot, token)).transpose()?.flatten();
        return Ok((None, 0, admin, tokens.admin));
    }
    for (token, is_masquerade) in [(tokens.masquerade, true), (tokens.session, false)] {
        let Some(token) = token else { continue };
        let found = session::resolve(snapshot, &token)?.filter(|found| found.acting.is_some() == is_masquerade);
        let Some(user) = found else { continue };
        let count = if is_masquerade { 1 } else { membership::count_of(snapshot, user.user.id)? };
        return Ok((Some(user), count, None, Some(token)));
    }
    Ok((None, 0, None, None))
}

fn request(parts: &Parts, trusted: &[IpNet]) -> Request {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let ip = peer.map(|peer| proxy::client(peer, &parts.headers, trusted));
    let user_agent = parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Request { ip, user_agent: user_agent.chars().filter(|c| !c.is_control()).take(MAX_USER_AGENT).collect(), on_behalf: None }
}

/// Notes beside the request, never delaying it, that a session was used: at most once a minute.
fn touch(web: &Web, request: &Request, user: Option<&Resolved>, admin: Option<&admin::Resolved>) {
    let now = web.app().now();
    let rested = |seen| now.since(seen) >= session::TOUCH_EVERY;
    let user = user.filter(|found| rested(found.session.last_seen_at)).cloned();
    let admin = admin.filter(|found| rested(found.last_seen_at)).cloned();
    if user.is_none() && admin.is_none() {
        return;
    }
    let (web, request) = (web.clone(), request.clone());
    tokio::spawn(async move {
        let noted = web.app().write(&request, move |tx| {
            if let Some(found) = &user {
                session::touch(tx, &found.session)?;
                if let Some(acting) = &found.acting {
                    masquerade::touch(tx, acting)?;
                }
            }
            if let Some(resolved) = &admin {
                admin::touch(tx, resolved)?;
            }
            Ok::<_, Fault>(())
        });
        if let Err(fault) = noted.await {
            tracing::warn!(%fault, "a session's last use could not be noted");
        }
    });
}

impl Visit {
    /// The value of the hidden field `csrf`, tied to this browser and, once logged in, to this session.
    pub(crate) fn csrf(&self) -> Secret {
        self.form_key.derive("csrf")
    }
}

/// A visit of a user who is logged in.
#[derive(Clone)]
pub(crate) struct LoggedIn {
    pub(crate) visit: Visit,
    pub(crate) user: Resolved,
}

impl LoggedIn {
    pub(crate) fn id(&self) -> UserId {
        self.user.user.id
    }
}

impl FromRequestParts<Web> for LoggedIn {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, PageError> {
        let visit = Visit::from_request_parts(parts, web).await?;
        match visit.user.clone() {
            Some(user) => {
                acting_may(&user, parts.uri.path())?;
                Ok(Self { visit, user })
            }
            None => Err(PageError::login("/login", parts)),
        }
    }
}

/// An admin who acts for a user is in one account. What is the user's own is closed, to look at, too: whatever does not stand here
/// is refused, a page of tomorrow as well. What is written is held to the same by the policy, whatever the path.
fn acting_may(user: &Resolved, path: &str) -> Result<(), PageError> {
    let Some(acting) = &user.acting else { return Ok(()) };
    match (page::account_in(path), path) {
        (Some(account), _) if account == acting.behalf.account() => Ok(()),
        (Some(_), _) => Err(Denied::NoSuchAccount.into()),
        (None, "/accounts" | "/logout" | "/masquerade/end") => Ok(()),
        (None, _) => Err(Denied::OnBehalf.into()),
    }
}

/// A visit of an admin who is logged in.
#[derive(Clone)]
pub(crate) struct Staff {
    pub(crate) visit: Visit,
    pub(crate) admin: admin::Resolved,
}

impl Staff {
    pub(crate) fn id(&self) -> AdminId {
        self.admin.admin.id
    }

    /// Whether the admin may do that, for pages that read nothing which would ask.
    pub(crate) async fn may<P: StaffRight>(&self) -> Result<(), PageError> {
        let id = self.id();
        Ok(self.visit.web.app().read(move |snapshot| snapshot.authorize_admin::<P>(id).map(drop)).await?)
    }
}

impl FromRequestParts<Web> for Staff {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, PageError> {
        let visit = Visit::from_request_parts(parts, web).await?;
        match visit.admin.clone() {
            Some(admin) => Ok(Self { visit, admin }),
            None => Err(PageError::login("/admin/login", parts)),
        }
    }
}
