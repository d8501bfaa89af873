//! The one mapping from errors to pages.
//!
//! A handler returns [`PageError`]; its response carries what went wrong in an extension, and
//! [`render`], a layer around all routes, makes the page of it – also of what the router itself
//! answers (404, 405). Logged once, here, with the chain of causes; nothing internal is shown.

use std::error::Error;
use std::fmt::Write;

use axum::body::to_bytes;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{ALLOW, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use latchkey_core::access::Permission;
use latchkey_core::account;
use latchkey_core::error::{Fault, HasKind, Kind, Refusal};
use serde::Serialize;

use crate::form::{self, MAX_BODY};
use crate::page;
use crate::state::Web;
use crate::view;
use crate::visit::{Area, Visit};

/// Why a handler has no page of its own to show.
pub(crate) struct PageError(Box<Problem>);

#[derive(Clone)]
enum Problem {
    /// Log in first, then come back.
    Login { location: String },
    /// Show first who this is, or a second factor, and come back.
    Prove { page: &'static str },
    /// A page that says what is wrong.
    Shown {
        status: StatusCode,
        text: &'static str,
        refusal: Option<Refusal>,
        reference: Option<String>,
        retry_after: Option<u64>,
    },
}

impl PageError {
    /// To the login page and, after a GET, back to where one was. The page of an invitation has a login of its own:
    /// whose session has ended meanwhile is not to lose the link (PRODUCT rule 5).
    pub(crate) fn login(page: &str, parts: &Parts) -> Self {
        let back = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let invited = parts.uri.path().strip_prefix("/invite/").and_then(|rest| rest.split('/').next());
        let location = match invited {
            Some(token) => format!("/invite/{token}"),
            None if parts.method == Method::GET => {
                format!("{page}?next={}", url::form_urlencoded::byte_serialize(back.as_bytes()).collect::<String>())
            }
            None => page.to_owned(),
        };
        Self(Box::new(Problem::Login { location }))
    }

    /// To where two-factor is set up or shown and, after a GET, back to where one was.
    pub(crate) fn second_factor(page: &str, parts: &Parts) -> Self {
        let back = parts.uri.path_and_query().filter(|_| parts.method == Method::GET).map_or("", |path| path.as_str());
        Self(Box::new(Problem::Login { location: leading_to(page, back) }))
    }

    /// A page of this status.
    pub(crate) fn status(status: StatusCode) -> Self {
        Self::shown(status, text_of(status))
    }

    /// The form was sent by a page of somebody else's.
    pub(crate) fn foreign_origin() -> Self {
        Self::shown(StatusCode::FORBIDDEN, "error-origin")
    }

    /// The form's token is not this browser's: the page was open for too long, or somebody forged it.
    pub(crate) fn expired_form() -> Self {
        Self::shown(StatusCode::FORBIDDEN, "error-expired")
    }

    /// The form's fields cannot be told apart.
    pub(crate) fn unreadable_form() -> Self {
        Self::status(StatusCode::UNPROCESSABLE_ENTITY)
    }

    fn shown(status: StatusCode, text: &'static str) -> Self {
        Self(Box::new(Problem::Shown { status, text, refusal: None, reference: None, retry_after: None }))
    }

    /// Our fault: logged with a number that the page shows.
    fn internal(error: &dyn Error) -> Self {
        let reference = reference();
        tracing::error!(reference, error = chain(error), "a request failed");
        Self(Box::new(Problem::Shown {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            text: "error-500",
            refusal: None,
            reference: Some(reference),
            retry_after: None,
        }))
    }
}

/// The path of a page that leads on to another one.
pub(crate) fn leading_to(page: &str, next: &str) -> String {
    match next {
        "" => page.to_owned(),
        next => format!("{page}?next={}", url::form_urlencoded::byte_serialize(next.as_bytes()).collect::<String>()),
    }
}

/// A number that stands on the page and in the log.
pub(crate) fn reference() -> String {
    let mut bytes = [0; 6];
    // Without randomness the number says nothing, and the page is shown all the same.
    let _ = latchkey_core::secret::Random::system().fill(&mut bytes);
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let _ = write!(text, ": {inner}");
        cause = inner.source();
    }
    text
}

impl<E: HasKind + 'static> From<E> for PageError {
    fn from(error: E) -> Self {
        let shown = |status, text| Self::shown(status, text);
        match error.kind() {
            Kind::Unauthenticated => Self(Box::new(Problem::Login { location: "/login".to_owned() })),
            Kind::Forbidden(Refusal::Unconfirmed) => Self(Box::new(Problem::Prove { page: "/confirm" })),
            Kind::Forbidden(Refusal::SecondFactor) => Self(Box::new(Problem::Prove { page: "/two-factor" })),
            Kind::Forbidden(refusal) => Self(Box::new(Problem::Shown {
                status: StatusCode::FORBIDDEN,
                text: "error-403",
                refusal: Some(refusal),
                reference: None,
                retry_after: None,
            })),
            Kind::NotFound => shown(StatusCode::NOT_FOUND, "error-404"),
            Kind::Invalid(_) => shown(StatusCode::UNPROCESSABLE_ENTITY, "error-422"),
            Kind::Conflict(_) => shown(StatusCode::CONFLICT, "error-409"),
            Kind::Gone | Kind::Removed { .. } => shown(StatusCode::GONE, "error-410"),
            Kind::Limited { retry_after } => Self(Box::new(Problem::Shown {
                status: StatusCode::TOO_MANY_REQUESTS,
                text: "error-429",
                refusal: None,
                reference: None,
                retry_after: Some(retry_after.as_secs()),
            })),
            Kind::Internal => Self::internal(&error),
        }
    }
}

impl From<crate::engine::Broken> for PageError {
    fn from(error: crate::engine::Broken) -> Self {
        Self::internal(&error)
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        match &*self.0 {
            Problem::Login { location } => match HeaderValue::from_str(location) {
                Ok(location) => (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response(),
                Err(_) => StatusCode::BAD_REQUEST.into_response(),
            },
            Problem::Prove { .. } => {
                let mut response = StatusCode::FORBIDDEN.into_response();
                response.extensions_mut().insert(Pending((*self.0).clone()));
                response
            }
            Problem::Shown { status, .. } => {
                let mut response = status.into_response();
                response.extensions_mut().insert(Pending((*self.0).clone()));
                response
            }
        }
    }
}

/// A response whose page is still to be made.
#[derive(Clone)]
struct Pending(Problem);

/// Makes the page of what a handler or the router refused.
pub(crate) async fn render(State(web): State<Web>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    // All of it first: who asks is looked up when nothing more is waited for, or somebody whose session ends meanwhile would still be heard.
    let body = to_bytes(body, MAX_BODY).await;
    // Made once here, found by the handler's extractors in the extensions.
    let visit = Visit::from_request_parts(&mut parts, &web).await;
    if visit.as_ref().is_ok_and(|visit| visit.banned) {
        return banned(&web);
    }
    let method = parts.method.clone();
    let response = match body {
        Ok(body) => next.run(Request::from_parts(parts, body.into())).await,
        Err(error) => form::unread(&error).into_response(),
    };
    let problem = match response.extensions().get::<Pending>() {
        Some(Pending(problem)) => problem.clone(),
        None if is_bare(&response) => of_the_router(response.status()),
        None => return response,
    };
    let mut page = match visit {
        Ok(visit) => {
            if let Problem::Shown { refusal: Some(refusal), .. } = &problem {
                web.refusals().note(&visit, method.as_str(), *refusal);
            }
            show(&visit, problem).await
        }
        Err(error) => bare(error),
    };
    if let Some(allowed) = response.headers().get(ALLOW) {
        page.headers_mut().insert(ALLOW, allowed.clone());
    }
    page
}

/// Somebody whose address is banned sees one plain page, whatever was asked for.
fn banned(web: &Web) -> Response {
    match web.engine().render("banned.html", context! { path => () }) {
        Ok(html) => (StatusCode::FORBIDDEN, [(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
        Err(broken) => bare(broken.into()),
    }
}

/// What the router itself refuses. A path or a query that cannot be read leads nowhere, as one that does not exist.
fn of_the_router(status: StatusCode) -> Problem {
    let status = if status == StatusCode::BAD_REQUEST { StatusCode::NOT_FOUND } else { status };
    Problem::Shown { status, text: text_of(status), refusal: None, reference: None, retry_after: None }
}

/// A refusal without a page: the router's own are empty or plain text.
fn is_bare(response: &Response) -> bool {
    let refused = response.status().is_client_error() || response.status().is_server_error();
    let has_page = response.headers().get(CONTENT_TYPE).is_some_and(|value| !value.as_bytes().starts_with(b"text/plain"));
    refused && !has_page
}

/// The database cannot be reached, or proxies contradict each other: not even who asks can be told.
fn bare(error: PageError) -> Response {
    match *error.0 {
        Problem::Shown { status, .. } if status.is_client_error() => (status, "This request cannot be read.\n").into_response(),
        Problem::Shown { status, reference, .. } => {
            let reference = reference.unwrap_or_default();
            (status, format!("Something went wrong. Please try again in a minute. Reference: {reference}\n")).into_response()
        }
        Problem::Login { .. } | Problem::Prove { .. } => error.into_response(),
    }
}

#[derive(Serialize)]
struct Action {
    href: &'static str,
    label: String,
}

async fn show(visit: &Visit, problem: Problem) -> Response {
    if let Problem::Prove { page } = problem {
        if let Some(acting) = visit.user.as_ref().and_then(|found| found.acting.as_ref()) {
            // Nobody can show what is the owner's: the admin shows its own, where this began.
            return page::see_other(&format!("/admin/clients/{}/masquerade", acting.behalf.account()));
        }
        // A button is pressed again afterwards: what was sent is not kept, and nothing was done.
        return page::see_other(&leading_to(&format!("{}{page}", visit.area.base()), &visit.back));
    }
    let Problem::Shown { status, text, refusal, reference, retry_after } = problem else {
        return PageError(Box::new(problem)).into_response();
    };
    let shown = match refusal {
        Some(Refusal::Missing(permission)) => missing(visit, permission).await,
        Some(Refusal::SingleSignOn) => {
            let next = page::account_in(&visit.path).map_or_else(String::new, |account| format!("/a/{account}"));
            let context = context! { account => (), login => leading_to("/login", &next) };
            Some(page::respond(visit, status, "client/sso_refused.html", context))
        }
        Some(Refusal::NotVerified) => Some(page::respond(visit, status, "client/verify_first.html", context! { account => () })),
        _ => None,
    };
    let mut response = shown.unwrap_or_else(|| {
        let (title, message) = match retry_after {
            Some(seconds) => waiting(visit, seconds),
            None => words(visit, text, refusal),
        };
        let page = context! { status => status.as_u16(), title, message, action => action(visit), reference, account => () };
        page::respond(visit, status, "error.html", page)
    });
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// How long to wait, in words: in minutes once it is longer than one.
fn waiting(visit: &Visit, seconds: u64) -> (String, String) {
    /// Longest wait that is told in seconds.
    const IN_SECONDS: u64 = 90;
    let (key, count) =
        if seconds <= IN_SECONDS { ("error-429-seconds", seconds) } else { ("error-429-minutes", seconds.div_ceil(60)) };
    let message = visit.web.engine().texts().count(key, i64::try_from(count).unwrap_or(i64::MAX));
    (visit.web.text("error-429-title", &[]), message)
}

fn words(visit: &Visit, text: &str, refusal: Option<Refusal>) -> (String, String) {
    let texts = |title: &str, message: &str| (visit.web.text(title, &[]), visit.web.text(message, &[]));
    match (text, refusal) {
        (_, Some(Refusal::Closed)) => texts("error-403-title", "error-account-closed"),
        (_, Some(Refusal::OnBehalf)) => texts("error-403-title", "error-on-behalf"),
        (_, Some(Refusal::MissingAdmin(permission))) => {
            let label = visit.web.text(&format!("admin-permission-{}", permission.key()), &[]);
            (visit.web.text("error-403-title", &[]), visit.web.text("error-admin-permission-missing", &[("permission", &label)]))
        }
        ("error-expired", _) => texts("error-403-title", "error-form-expired"),
        _ => texts(&format!("{text}-title"), &format!("{text}-text")),
    }
}

fn action(visit: &Visit) -> Action {
    let (href, label) = match (visit.area, visit.user.is_some() || visit.admin.is_some()) {
        (Area::Client, true) => ("/accounts", "error-action-accounts"),
        (Area::Client, false) => ("/login", "error-action-login"),
        (Area::Admin, true) => ("/admin", "error-action-admin"),
        (Area::Admin, false) => ("/admin/login", "error-action-login"),
    };
    Action { href, label: visit.web.text(label, &[]) }
}

/// The page that names the missing permission and the owner to ask (UI, Client Area).
async fn missing(visit: &Visit, permission: Permission) -> Option<Response> {
    let who = visit.user.as_ref()?.who();
    let account = page::account_in(&visit.path)?;
    let found = visit.web.app().read(move |snapshot| {
        let shown = view::account(snapshot, who, account)?;
        Ok::<_, latchkey_core::access::Denied>((shown, account::find(snapshot, account)?))
    });
    let (shown, account) = found.await.ok()?;
    let owner = account?.owner;
    let page = context! {
        account => shown,
        permission_label => visit.web.text(&format!("permission-{}", permission.key()), &[]),
        owner => context! { name => owner.name, email => owner.email },
    };
    Some(page::respond(visit, StatusCode::FORBIDDEN, "forbidden.html", page))
}

const fn text_of(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "error-401",
        403 => "error-403",
        404 => "error-404",
        405 => "error-405",
        408 => "error-408",
        409 => "error-409",
        410 => "error-410",
        413 => "error-413",
        429 => "error-429",
        503 => "error-503",
        400..500 => "error-422",
        _ => "error-500",
    }
}

/// A panic in a handler: logged with a number, answered with a page (ASVS V16.5.4).
#[allow(clippy::needless_pass_by_value, reason = "the layer's signature")]
pub(crate) fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    PageError::internal(&Fault::Template { template: "panic".to_owned(), why: text.unwrap_or("unknown").to_owned() })
        .into_response()
}
