//! The invitation's page, in all its states. Opening it changes nothing.

use axum::extract::Path;
use axum::response::Response;
use latchkey_core::app::Snapshot;
use latchkey_core::clock::Timestamp;
use latchkey_core::email::Email;
use latchkey_core::error::{Fields, HasKind, Invalid, Kind};
use latchkey_core::factor::Begun;
use latchkey_core::invitation::{self, Accepted, Error, Invitation, LoginAndAccept};
use latchkey_core::membership::{self, Joined};
use latchkey_core::password::{Password, Rules};
use latchkey_core::puzzle::Purpose;
use latchkey_core::registration::{self, New, Registered};
use latchkey_core::secret::Secret;
use latchkey_core::user::PersonName;
use serde::{Deserialize, Serialize};

use super::login::{self, LoginForm};
use super::{password, registration as by_mail};
use crate::error::PageError;
use crate::factors::login as two_factor;
use crate::form::{Form, Pressed, Shown};
use crate::page::{self, Answer};
use crate::puzzle;
use crate::view::{self, PermissionShown};
use crate::visit::{LoggedIn, Visit};

const TEMPLATE: &str = "client/invitation.html";

/// Registering on the invitation's page.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct RegisterForm {
    first_name: String,
    last_name: String,
    email: String,
    #[serde(skip_serializing)]
    password: String,
    terms: String,
    #[serde(skip_serializing)]
    puzzle: String,
}

impl RegisterForm {
    /// The person's names, and the account's one is invited to.
    async fn rules(&self, visit: &Visit, invitation: &Invitation) -> Result<Rules, PageError> {
        let name = format!("{} {}", self.first_name, self.last_name);
        password::rules(visit, [name, self.email.clone(), invitation.account_name.clone()]).await
    }

    fn parse(&self, secret: Secret, rules: &Rules, terms: bool) -> Result<New, Vec<Invalid>> {
        let mut fields = Fields::default();
        let name = PersonName::parse(&self.first_name, &self.last_name, &mut fields);
        let email = fields.take("email", Email::parse(&self.email));
        let password = fields.take("password", Password::choose(&self.password, rules));
        if terms && self.terms.is_empty() {
            fields.refuse("terms", "error-terms-required");
        }
        fields.finish()?;
        match (name, email, password) {
            (Some(name), Some(email), Some(password)) => Ok(New { secret, name, email, password }),
            _ => Err(Vec::new()),
        }
    }
}

/// What is offered.
#[derive(Serialize)]
struct Offer {
    account_name: String,
    inviter: String,
    /// The name of the role that is offered.
    role: Option<String>,
    all_permissions: bool,
    permissions: Vec<PermissionShown>,
    expires_at: Timestamp,
    email: String,
}

/// What the page shows besides the offer.
#[derive(Default)]
struct Typed {
    login: Option<Shown>,
    register: Option<Shown>,
}

/// How the page stands for whoever looks at it.
enum Standing {
    Open(Box<Invitation>, &'static str),
    Closed,
    Gone,
}

fn standing(snapshot: &Snapshot<'_>, secret: Option<&Secret>, visit: &Visit) -> Result<Standing, Error> {
    let Some(secret) = secret else { return Ok(Standing::Gone) };
    let invitation = match invitation::open(snapshot, secret) {
        Ok(invitation) => invitation,
        Err(Error::Gone) => return Ok(Standing::Gone),
        Err(error) => return Err(error),
    };
    if invitation.account_closed {
        return Ok(Standing::Closed);
    }
    let user = visit.user.as_ref().map(|found| found.user.id);
    let mine = user.map(|user| membership::accounts_of(snapshot, user)).transpose()?;
    let inside = mine.unwrap_or_default().into_iter().find(|mine| mine.account == invitation.account);
    let state = inside.map_or("open", |mine| if mine.is_owner { "owner" } else { "member" });
    Ok(Standing::Open(Box::new(invitation), state))
}

async fn find(visit: &Visit, token: &str) -> Result<Standing, Error> {
    let (secret, looking) = (invitation::token(token), visit.clone());
    visit.web.app().read(move |snapshot| standing(snapshot, secret.as_ref(), &looking)).await
}

async fn render(visit: &Visit, token: &str, typed: Typed) -> Answer {
    let (invitation, state) = match find(visit, token).await? {
        Standing::Gone => return gone_or_guessed(visit, token).await,
        Standing::Closed => return Ok(page::page(visit, TEMPLATE, message("closed"))),
        Standing::Open(invitation, state) => (invitation, state),
    };
    let is_invalid = typed.login.is_some() || typed.register.is_some();
    let prefilled = RegisterForm { email: invitation.email.clone(), ..RegisterForm::default() };
    let context = context! {
        state,
        token,
        active => if typed.login.is_some() { "login" } else { "register" },
        login_form => typed.login.unwrap_or_else(|| Shown::new(&LoginForm::default())),
        register_form => typed.register.unwrap_or_else(|| Shown::new(&prefilled)),
        invitation => offer(visit, &invitation),
        puzzle => puzzle::of_page(visit, Purpose::Invitation).await?,
    };
    Ok(if is_invalid { page::invalid(visit, TEMPLATE, context) } else { page::page(visit, TEMPLATE, context) })
}

/// Unknown, expired, used, cancelled and declined look the same (PRODUCT rule 5).
fn gone(visit: &Visit) -> Response {
    page::respond(visit, axum::http::StatusCode::GONE, TEMPLATE, message("gone"))
}

/// The same, and a link that never was one is counted as a guess.
async fn gone_or_guessed(visit: &Visit, token: &str) -> Answer {
    let Some(secret) = invitation::token(token) else { return Ok(gone(visit)) };
    match invitation::try_link(visit.web.app(), &visit.request, &secret).await {
        Ok(_) | Err(Error::Gone) => Ok(gone(visit)),
        Err(error) => Err(error.into()),
    }
}

fn message(state: &str) -> minijinja::Value {
    context! { state, token => (), invitation => (), puzzle => () }
}

fn offer(visit: &Visit, invitation: &Invitation) -> Offer {
    Offer {
        account_name: invitation.account_name.clone(),
        inviter: view::inviter(&visit.web, invitation),
        role: invitation.role.as_ref().map(|role| role.name.clone()),
        all_permissions: invitation.grants.is_all(),
        permissions: invitation.grants.iter().map(|permission| view::permission_text(&visit.web, permission)).collect(),
        expires_at: invitation.times.expires_at,
        email: invitation.email.clone(),
    }
}

/// The page a link leads to.
pub(crate) async fn show(visit: Visit, Path(token): Path<String>) -> Answer {
    render(&visit, &token, Typed::default()).await
}

/// **Login** on the invitation's page: logs in and accepts in one go.
pub(crate) async fn login(visit: Visit, Path(token): Path<String>, Form(form): Form<LoginForm>) -> Answer {
    let Some(secret) = invitation::token(&token) else { return Ok(gone(&visit)) };
    let mut problems = form.missing();
    if problems.is_empty() {
        problems = puzzle::check(&visit, Purpose::Invitation, &form.puzzle).await?;
    }
    if problems.is_empty() {
        let input = LoginAndAccept { secret, login: form.login() };
        match invitation::login_and_accept(visit.web.app(), &visit.request, input).await {
            Ok(Begun::Session((started, accepted))) => return Ok(login::begin(&visit, &started, inside(&visit, &accepted))),
            Ok(Begun::SecondFactor(waiting)) => return Ok(two_factor::ask(&visit, &waiting)),
            Err(Error::Login(error)) if error.kind() == Kind::Unauthenticated => problems.push(login::FAILED),
            Err(error) => return refused(&visit, &token, error).await,
        }
    }
    let shown = Shown::new(&form).with_errors(&visit.web, &problems);
    render(&visit, &token, Typed { login: Some(shown), register: None }).await
}

/// **Register** on the invitation's page: with the invited address in one go, with another one by way of its mailbox.
pub(crate) async fn register(visit: Visit, Path(token): Path<String>, Form(form): Form<RegisterForm>) -> Answer {
    let Some(secret) = invitation::token(&token) else { return Ok(gone(&visit)) };
    // Judging a password takes long: it is done for whom holds a link. One that never was a link's is counted as a guess.
    let invitation = match invitation::try_link(visit.web.app(), &visit.request, &secret).await {
        Err(Error::Gone) => return Ok(gone(&visit)),
        opened => opened?,
    };
    let rules = form.rules(&visit, &invitation).await?;
    let problems = match taken(&visit, &form, secret, &rules).await? {
        Err(problems) => problems,
        Ok(input) => {
            let email = input.email.to_string();
            match registration::register(visit.web.app(), &visit.request, input).await {
                Ok(Registered::Inside(made)) => return Ok(login::begin(&visit, &made.started, inside(&visit, &made.accepted))),
                Ok(Registered::Waiting) => {
                    let page = format!("/invite/{token}/registered");
                    return Ok(page::done(&visit, &page, "flash-registration-sent", &[("email", &email)]));
                }
                Err(registration::Error::Invitation(error)) => return refused(&visit, &token, error).await,
                Err(error) => page::fields(error)?,
            }
        }
    };
    let shown = Shown::new(&form).with_errors(&visit.web, &problems);
    render(&visit, &token, Typed { login: None, register: Some(shown) }).await
}

/// Where one is after registering with another address.
pub(crate) async fn registered(visit: Visit, Path(token): Path<String>) -> Answer {
    match find(&visit, &token).await? {
        Standing::Open(invitation, _) => Ok(by_mail::check_mail(&visit, &token, &invitation)),
        Standing::Closed => Ok(page::page(&visit, TEMPLATE, message("closed"))),
        Standing::Gone => gone_or_guessed(&visit, &token).await,
    }
}

/// What was typed, once nothing is wrong with it.
async fn taken(
    visit: &Visit,
    form: &RegisterForm,
    secret: Secret,
    rules: &Rules,
) -> Result<Result<New, Vec<Invalid>>, PageError> {
    let input = match form.parse(secret, rules, visit.brand.terms_url.is_some()) {
        Ok(input) => input,
        Err(problems) => return Ok(Err(problems)),
    };
    let problems = puzzle::check(visit, Purpose::Invitation, &form.puzzle).await?;
    Ok(if problems.is_empty() { Ok(input) } else { Err(problems) })
}

/// **Accept Invite**.
pub(crate) async fn accept(member: LoggedIn, Path(token): Path<String>, _: Form<Pressed>) -> Answer {
    let visit = &member.visit;
    let Some(secret) = invitation::token(&token) else { return Ok(gone(visit)) };
    let user = member.id();
    let accepted = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.myself(user)?;
        invitation::accept(tx, &by, &secret)
    });
    match accepted.await {
        Ok(accepted) => Ok(inside(visit, &accepted)),
        Err(Error::Gone) => gone_or_guessed(visit, &token).await,
        Err(error) => refused(visit, &token, error).await,
    }
}

/// **Decline**: whoever holds the link may, logged in or not.
pub(crate) async fn decline(visit: Visit, Path(token): Path<String>, _: Form<Pressed>) -> Answer {
    let Some(secret) = invitation::token(&token) else { return Ok(gone(&visit)) };
    let user = visit.user.as_ref().map(|found| found.user.id);
    let declined = visit.web.app().write(&visit.request, move |tx| {
        let by = user.map(|user| tx.myself(user)).transpose()?;
        invitation::decline(tx, by.as_ref(), &secret)
    });
    match declined.await {
        Ok(invitation) => {
            let location = if user.is_some() { "/accounts" } else { "/login" };
            Ok(page::done(&visit, location, "flash-invite-declined", &[("account", &invitation.account_name)]))
        }
        Err(Error::Gone) => gone_or_guessed(&visit, &token).await,
        Err(error) => refused(&visit, &token, error).await,
    }
}

/// *Not you? Log in as another user*: logs out and comes back to the same page.
pub(crate) async fn switch_user(member: LoggedIn, Path(token): Path<String>, _: Form<Pressed>) -> Answer {
    login::sign_out(&member).await?;
    let back = if invitation::token(&token).is_some() { format!("/invite/{token}") } else { "/login".to_owned() };
    Ok(login::end(&member.visit, page::see_other(&back)))
}

pub(super) fn inside(visit: &Visit, accepted: &Accepted) -> Response {
    let message = match accepted.joined {
        Joined::New => "flash-invite-accepted",
        Joined::AlreadyMember => "flash-invite-accepted-more",
    };
    page::done(visit, &format!("/a/{}", accepted.account), message, &[("account", &accepted.account_name)])
}

/// The page says why; what cannot be said there is an error page.
async fn refused(visit: &Visit, token: &str, error: Error) -> Answer {
    match error {
        Error::Gone | Error::NotFound => Ok(gone(visit)),
        Error::AccountClosed | Error::IsOwner => render(visit, token, Typed::default()).await,
        error => Err(error.into()),
    }
}
