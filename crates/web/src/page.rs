//! Answers: pages, and redirects with one message.

use std::time::Duration;

use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use latchkey_core::app::Tx;
use latchkey_core::error::{Fault, HasKind, Invalid, Kind};
use latchkey_core::id::AccountId;
use latchkey_core::secret::fingerprint;
use latchkey_http::cookie::{self, Name};
use minijinja::value::{Value, merge_maps};
use serde::Serialize;

use crate::error::PageError;
use crate::flash::{Flash, Mood};
use crate::headers;
use crate::passkeys;
use crate::view;
use crate::visit::Visit;

/// A page, or why there is none.
pub(crate) type Answer = Result<Response, PageError>;

/// A page.
pub(crate) fn page(visit: &Visit, template: &str, context: Value) -> Response {
    respond(visit, StatusCode::OK, template, context)
}

/// The page of a form: as it is offered, or again with what could not be taken.
pub(crate) fn form(visit: &Visit, template: &str, invalid: &[Invalid], context: Value) -> Response {
    let status = if invalid.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    respond(visit, status, template, context)
}

/// The page of a form that could not be taken.
pub(crate) fn invalid(visit: &Visit, template: &str, context: Value) -> Response {
    respond(visit, StatusCode::UNPROCESSABLE_ENTITY, template, context)
}

/// A page with a status.
pub(crate) fn respond(visit: &Visit, status: StatusCode, template: &str, context: Value) -> Response {
    let base = match base(visit) {
        Ok(base) => base,
        Err(fault) => return PageError::from(fault).into_response(),
    };
    let html = match visit.web.engine().render(template, merge_maps([base, context])) {
        Ok(html) => html,
        Err(broken) => return PageError::from(broken).into_response(),
    };
    let mut response = (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response();
    if let Some(policy) = visit.brand.logo_url.as_deref().and_then(headers::policy_with_logo) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    let secure = visit.web.settings().secure;
    let visitor = visit.new_visitor.as_ref().and_then(|secret| cookie::set(Name::Visitor, &secret.reveal(), None, secure));
    let read = visit.flash.as_ref().and_then(|_| cookie::clear(Name::Flash, secure));
    for header in visitor.into_iter().chain(read) {
        response.headers_mut().append(SET_COOKIE, header);
    }
    response
}

#[derive(Serialize)]
struct BrandShown<'a> {
    name: &'a str,
    logo_url: Option<&'a str>,
    css_url: String,
    terms_url: Option<&'a str>,
}

/// What every template can use.
fn base(visit: &Visit) -> Result<Value, Fault> {
    let brand = &visit.brand;
    let shown = BrandShown {
        name: &brand.name,
        logo_url: brand.logo_url.as_deref(),
        css_url: format!("/brand.css?v={}", fingerprint(brand.hue.to_string().as_bytes())),
        terms_url: brand.terms_url.as_deref(),
    };
    let settings = visit.web.settings();
    Ok(context! {
        brand => shown,
        me => visit.user.as_ref().map(|found| view::me(&found.user)),
        masquerade => visit.user.as_ref().and_then(view::masquerade),
        account => (),
        account_count => visit.account_count,
        must_confirm => visit.must_confirm,
        admin => visit.admin.as_ref().map(|found| view::admin(&found.admin)),
        csrf => visit.form_token()?,
        flash => visit.flash.clone(),
        path => visit.path.clone(),
        area => visit.area.key(),
        mail_kept => settings.mail_kept,
        demo => settings.demo,
        passkeys_offered => passkeys::offered(&visit.web),
    })
}

/// A redirect after a change.
pub(crate) fn see_other(location: &str) -> Response {
    match HeaderValue::from_str(location) {
        Ok(location) => (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

/// A redirect with a message of success.
pub(crate) fn done(visit: &Visit, location: &str, key: &str, arguments: &[(&str, &str)]) -> Response {
    flashed(visit, location, Mood::Success, visit.web.text(key, arguments))
}

/// A redirect with a message that something could not be done.
pub(crate) fn refused(visit: &Visit, location: &str, key: &str) -> Response {
    flashed(visit, location, Mood::Error, visit.web.text(key, &[]))
}

/// A redirect with a message.
pub(crate) fn flashed(visit: &Visit, location: &str, kind: Mood, text: String) -> Response {
    /// A message that nobody fetched is forgotten.
    const LIVES: Duration = Duration::from_mins(1);
    let mut response = see_other(location);
    let flash = Flash { kind, text };
    if let Some(header) = cookie::set(Name::Flash, &flash.encode(), Some(LIVES), visit.web.settings().secure) {
        response.headers_mut().append(SET_COOKIE, header);
    }
    response
}

/// What became of an operation that a form asked for.
pub(crate) enum Outcome<T> {
    /// It was done.
    Done(T),
    /// Fields could not be taken: show the form again.
    Invalid(Vec<Invalid>),
    /// The state had moved on, by this message's key.
    Conflict(&'static str),
}

/// Does in one transaction what a form asks for, once its fields could be taken.
pub(crate) async fn submit<I, T, E>(
    visit: &Visit,
    parsed: Result<I, Vec<Invalid>>,
    operation: impl Fn(&Tx<'_>, I) -> Result<T, E> + Send + 'static,
) -> Result<Outcome<T>, PageError>
where
    I: Clone + Send + 'static,
    T: Send + 'static,
    E: HasKind + From<Fault> + Send + 'static,
{
    match parsed {
        Err(problems) => Ok(Outcome::Invalid(problems)),
        Ok(input) => outcome(visit.web.app().write(&visit.request, move |tx| operation(tx, input.clone())).await),
    }
}

/// Sorts what a form can show from what needs another page.
pub(crate) fn outcome<T, E: HasKind + 'static>(result: Result<T, E>) -> Result<Outcome<T>, PageError> {
    match result {
        Ok(value) => Ok(Outcome::Done(value)),
        Err(error) => match error.kind() {
            Kind::Invalid(fields) => Ok(Outcome::Invalid(fields)),
            Kind::Conflict(message) => Ok(Outcome::Conflict(message)),
            _ => Err(error.into()),
        },
    }
}

/// What a form shows of an error that concerns its fields.
pub(crate) fn fields<E: HasKind + 'static>(error: E) -> Result<Vec<Invalid>, PageError> {
    match error.kind() {
        Kind::Invalid(fields) => Ok(fields),
        _ => Err(error.into()),
    }
}

/// The answer to a button: a redirect with a message of success, or with the reason why not.
pub(crate) fn pressed<T, E: HasKind + 'static>(
    visit: &Visit,
    location: &str,
    result: Result<T, E>,
    success: impl FnOnce(T) -> Response,
) -> Answer {
    Ok(match outcome(result)? {
        Outcome::Done(value) => success(value),
        Outcome::Conflict(message) => refused(visit, location, message),
        Outcome::Invalid(fields) => refused(visit, location, fields.first().map_or("error-422-text", |field| field.message)),
    })
}

/// Where a login leads: a path on this server, or nowhere.
pub(crate) fn local(next: &str) -> Option<&str> {
    let local = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\r', '\n', '\t']);
    Some(next).filter(|_| local)
}

/// The account that a path of the Client Area is about.
pub(crate) fn account_in(path: &str) -> Option<AccountId> {
    path.strip_prefix("/a/")?.split(['/', '?']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_never_leads_to_another_site() {
        assert_eq!(local("/a/7/users?x=1"), Some("/a/7/users?x=1"));
        for bad in ["", "https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\t/evil.example"] {
            assert_eq!(local(bad), None, "{bad:?}");
        }
    }
}
