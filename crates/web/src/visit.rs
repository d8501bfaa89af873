//! Who asks, from where, and with which browser: the extractors every handler begins with.
//!
//! [`Visit`] is made once per request. [`LoggedIn`] and [`Staff`] are visits of somebody who has shown
//! who they are; without that they answer with the way to the login page.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::{HOST, REFERER};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use latchkey_core::access::{Denied, StaffRight, Subject, Who};
use latchkey_core::app::{Asked, Request, Snapshot};
use latchkey_core::error::Fault;
use latchkey_core::id::{AdminId, SessionId, UserId};
use latchkey_core::secret::{Secret, SecretHash};
use latchkey_core::session::Resolved;
use latchkey_core::settings::{Brand, Security, Verification, When};
use latchkey_core::{admin, ban, membership, session, settings, verification};
use latchkey_http::cookie::{self, Name};

use crate::error::PageError;
use crate::flash::Flash;
use crate::page;
use crate::state::{Settings, Web};

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

    /// What stands before the paths of this area.
    pub(crate) const fn base(self) -> &'static str {
        match self {
            Self::Client => "",
            Self::Admin => "/admin",
        }
    }

    /// Where one logs in.
    pub(crate) const fn login(self) -> &'static str {
        match self {
            Self::Client => "/login",
            Self::Admin => "/admin/login",
        }
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
    /// Whether this address is kept out: then nothing else is answered.
    pub(crate) banned: bool,
    pub(crate) area: Area,
    pub(crate) path: String,
    /// Where to come back to: this page, or the one on which the form stands that was sent.
    pub(crate) back: String,
    pub(crate) brand: Brand,
    /// When the operator asks for a proof of work before forms of strangers.
    pub(crate) puzzles: When,
    pub(crate) user: Option<Resolved>,
    pub(crate) account_count: i64,
    /// The address that the user is asked to confirm, if it is: the one that **Resend** mails to.
    pub(crate) must_confirm: Option<String>,
    pub(crate) admin: Option<admin::Resolved>,
    /// What the cookie of a login says that waits for the second factor, in this area.
    pub(crate) pending: Option<Secret>,
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
    let pending = cookie(if area == Area::Admin { Name::AdminPending } else { Name::Pending });
    let mut request = request(parts, web.settings())?;
    request.session = if area == Area::Admin { tokens.admin.clone() } else { tokens.session.clone() };
    let ip = request.ip;
    let shown = tokens.hashes();
    let turn = if web.familiar().knows_any(&shown) { None } else { web.app().strangers_turn().await };
    let (brand, puzzles, banned, known) = web
        .app()
        // None of this has to fit the rest: a ban, and a session that has ended, hold on every node from the next request on.
        .read_committed(move |snapshot| {
            let (look, ban) = (settings::ask(snapshot)?, ip.map(|ip| ban::ask(snapshot, ip)).transpose()?);
            let sessions = Sessions::ask(snapshot, area, tokens)?;
            let (brand, security) = look.answer()?;
            let banned = ban.map(ban::Asking::is_banned).transpose()?.unwrap_or(false);
            let known = if banned { Known::default() } else { sessions.who(snapshot, &security)? };
            Ok::<_, Fault>((brand, security.puzzles.when, banned, known))
        })
        .await?;
    drop(turn);
    let Known { user, account_count, must_confirm, admin, token } = known;
    request.on_behalf = user.as_ref().and_then(|found| found.acting.as_ref()).map(|acting| acting.behalf.clone());
    touch(web, &request, user.as_ref(), admin.as_ref());
    let token = token.filter(|_| user.is_some() || admin.is_some());
    match &token {
        Some(token) => web.familiar().note(token.hash()),
        None => web.familiar().forget(&shown),
    }
    let (form_key, new_visitor) = match (token, visitor) {
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
        banned,
        area,
        path: parts.uri.path().to_owned(),
        back: back(parts, web.app().public_url()),
        brand,
        puzzles,
        user,
        account_count,
        must_confirm,
        admin,
        pending,
        flash: cookie::read(&parts.headers, Name::Flash, secure).and_then(|text| Flash::decode(&text)),
        form_key,
        new_visitor,
    })))
}

/// This page or, after a form was sent, the page of this server on which it stood.
fn back(parts: &Parts, public_url: &str) -> String {
    if parts.method == Method::GET {
        return parts.uri.path_and_query().map_or_else(String::new, |path| path.as_str().to_owned());
    }
    let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let page = text(REFERER).and_then(|referrer| url::Url::parse(referrer).ok());
    let own = |url: &url::Url| {
        let authority = url.authority();
        Some(authority) == text(HOST) || public_url.split_once("://").is_some_and(|(_, own)| own == authority)
    };
    page.filter(own).map_or_else(String::new, |url| match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    })
}

/// The secrets of sessions that a browser sends.
struct Tokens {
    admin: Option<Secret>,
    masquerade: Option<Secret>,
    session: Option<Secret>,
}

impl Tokens {
    fn hashes(&self) -> Vec<SecretHash> {
        [&self.admin, &self.masquerade, &self.session].into_iter().flatten().map(Secret::hash).collect()
    }
}

/// Who asks.
#[derive(Default)]
struct Known {
    user: Option<Resolved>,
    account_count: i64,
    must_confirm: Option<String>,
    admin: Option<admin::Resolved>,
    /// The secret that showed it.
    token: Option<Secret>,
}

/// The sessions that a browser may have in an area, asked for.
enum Sessions<'a> {
    Admin(Option<(Secret, admin::Asking<'a>)>),
    /// With whether an admin acts in it.
    Client(Vec<(Secret, session::Asking<'a>, bool)>),
}

impl<'a> Sessions<'a> {
    fn ask(snapshot: &'a Snapshot<'a>, area: Area, tokens: Tokens) -> Result<Self, Fault> {
        if area == Area::Admin {
            let ask = |token| admin::ask(snapshot, &token).map(|asking| (token, asking));
            return tokens.admin.map(ask).transpose().map(Self::Admin);
        }
        let sent = [(tokens.masquerade, true), (tokens.session, false)].into_iter();
        let sent = sent.filter_map(|(token, is_masquerade)| Some((token?, is_masquerade)));
        let ask = |(token, is_masquerade)| session::ask(snapshot, &token).map(|asking| (token, asking, is_masquerade));
        sent.map(ask).collect::<Result<_, _>>().map(Self::Client)
    }

    /// Who asks. In the Client Area an admin who acts for a user comes before the user whom the browser may know besides; each has a
    /// cookie of its own, and neither is taken for the other.
    fn who(self, snapshot: &Snapshot<'_>, security: &Security) -> Result<Known, Fault> {
        let sent = match self {
            Self::Admin(None) => return Ok(Known::default()),
            Self::Admin(Some((token, asking))) => {
                return Ok(Known { admin: asking.resolve(security)?, token: Some(token), ..Known::default() });
            }
            Self::Client(sent) => sent,
        };
        for (token, asking, is_masquerade) in sent {
            let found = asking.resolve(security)?.filter(|found| found.acting.is_some() == is_masquerade);
            if let Some(user) = found {
                return user_known(snapshot, user, token);
            }
        }
        Ok(Known::default())
    }
}

fn user_known(snapshot: &Snapshot<'_>, user: Resolved, token: Secret) -> Result<Known, Fault> {
    if user.acting.is_some() {
        return Ok(Known { user: Some(user), account_count: 1, token: Some(token), ..Known::default() });
    }
    let count = membership::ask_count_of(snapshot, user.user.id)?;
    // Only the user can confirm its address.
    let wanted = user.user.verified_at.is_none().then(|| settings::ask_verification(snapshot)).transpose()?;
    let account_count = count.answer()?;
    let is_asked = wanted.map(Asked::answer).transpose()?.is_some_and(|wanted| wanted != Verification::Off);
    let must_confirm = is_asked.then(|| verification::to_confirm(snapshot, &user.user)).transpose()?;
    Ok(Known { user: Some(user), account_count, must_confirm, admin: None, token: Some(token) })
}

fn request(parts: &Parts, settings: &Settings) -> Result<Request, PageError> {
    latchkey_http::request(parts, &settings.trusted_proxies, settings.secure)
        .map_err(|_| PageError::status(StatusCode::BAD_REQUEST))
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
                session::touch(tx, found)?;
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
    /// The value of the hidden field `csrf`, tied to this browser and, once logged in, to this session. Every page has another: whoever
    /// has the page made again and again, with text of his own in it, and sees how small it becomes when it is compressed (BREACH), guesses
    /// at something else each time.
    pub(crate) fn form_token(&self) -> Result<String, Fault> {
        let salt = self.web.app().random().secret()?;
        Ok(format!("{}.{}", salt.reveal(), self.proof_of(&salt).reveal()))
    }

    /// Whether a form shows a token that was made for this browser and session.
    pub(crate) fn accepts(&self, token: &str) -> bool {
        let parts = token.split_once('.').map(|(salt, proof)| (Secret::parse(salt), Secret::parse(proof)));
        matches!(parts, Some((Some(salt), Some(proof))) if proof.matches(&self.proof_of(&salt)))
    }

    fn proof_of(&self, salt: &Secret) -> Secret {
        self.form_key.derive(&format!("csrf {}", salt.reveal()))
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

    /// What the policy asks for.
    pub(crate) fn who(&self) -> Who {
        self.user.who()
    }
}

impl FromRequestParts<Web> for LoggedIn {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, PageError> {
        let visit = Visit::from_request_parts(parts, web).await?;
        match visit.user.clone() {
            Some(user) if user.must_show_factor && !leads_out(parts) => Err(PageError::second_factor("/two-factor", parts)),
            Some(user) => {
                acting_may(&user, parts.uri.path())?;
                Ok(Self { visit, user })
            }
            None => Err(PageError::login("/login", parts)),
        }
    }
}

/// **Logout** is open to everybody who is inside, however little they may do there.
fn leads_out(parts: &Parts) -> bool {
    matches!(parts.uri.path(), "/logout" | "/admin/logout")
}

/// An admin who acts for a user is in one account. What is the user's own is closed, to look at, too: whatever does not stand here
/// is refused, a page of tomorrow as well, and every form. What is written is held to the same by the policy, whatever the path.
pub(crate) fn acting_may(user: &Resolved, path: &str) -> Result<(), PageError> {
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
        Ok(self.visit.web.app().read_committed(move |snapshot| snapshot.authorize_admin::<P>(id).map(drop)).await?)
    }
}

impl FromRequestParts<Web> for Staff {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, PageError> {
        let visit = Visit::from_request_parts(parts, web).await?;
        match visit.admin.clone() {
            Some(admin) if admin.must_show_factor && !leads_out(parts) => {
                Err(PageError::second_factor("/admin/two-factor", parts))
            }
            Some(admin) => Ok(Self { visit, admin }),
            None => Err(PageError::login("/admin/login", parts)),
        }
    }
}

/// A visit of somebody who is logged in to the area of the path, though perhaps still to set up two-factor or to show it: the pages
/// on which that is done, and few others.
#[derive(Clone)]
pub(crate) struct Somebody {
    pub(crate) visit: Visit,
    pub(crate) subject: Subject,
    pub(crate) session: SessionId,
    pub(crate) two_factor: bool,
}

impl Somebody {
    /// What stands before the paths of this area.
    pub(crate) const fn base(&self) -> &'static str {
        match self.subject {
            Subject::User(_) => "",
            Subject::Admin(_) => "/admin",
        }
    }
}

impl FromRequestParts<Web> for Somebody {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, PageError> {
        let visit = Visit::from_request_parts(parts, web).await?;
        let found = match (&visit.user, &visit.admin) {
            (Some(user), _) => Some((user.subject(), user.session.id, user.user.two_factor)),
            (None, Some(admin)) => Some((admin.subject(), admin.session, admin.admin.two_factor)),
            (None, None) => None,
        };
        if let Some(user) = &visit.user {
            acting_may(user, parts.uri.path())?;
        }
        match found {
            Some((subject, session, two_factor)) => Ok(Self { visit, subject, session, two_factor }),
            None => Err(PageError::login(visit.area.login(), parts)),
        }
    }
}
