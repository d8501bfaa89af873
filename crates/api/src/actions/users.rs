//! `AddUser`, `GetUsers`, `UpdateUser`, `DeleteUser`, `ResetPassword`, `ValidateLogin`.

use latchkey_core::access::{DeleteUsers, EditUsers, ViewStaffArea};
use latchkey_core::app::Request;
use latchkey_core::ban;
use latchkey_core::email::{Email, EmailKey};
use latchkey_core::error::Fields as Checked;
use latchkey_core::factor::Begun;
use latchkey_core::guessing::{self, Guess, Kind};
use latchkey_core::id::UserId;
use latchkey_core::password::{Busy, Length, Password, PasswordHash, Rules};
use latchkey_core::session::{self, Login};
use latchkey_core::user::{self, AdminChange, InAccounts, NewUser, PersonName};
use latchkey_core::{reset, settings};

use super::answer::{Fields, Value, fields};
use super::call::{Call, counted, slice};
use super::failure::{Failure, Words, required};
use super::params::Params;
use super::time;

pub(super) const TAKEN: &str = "A user already exists with that email address";
const MALFORMED: &str = "The email address entered is not valid";
const BANNED: &str = "The address of the client is banned";
const UNKNOWN: &str = "Invalid User ID requested";

/// Makes a user.
pub(super) async fn add(call: &Call) -> Result<Fields, Failure> {
    call.read(|snapshot, api, _| Ok(snapshot.authorize_api_staff::<EditUsers>(api).map(drop)?)).await?;
    let params = &call.params;
    let first = required(params.filled("firstname"), "You did not enter a first name")?;
    let last = required(params.filled("lastname"), "You did not enter a last name")?;
    let email = required(params.filled("email"), "You did not enter an email address")?;
    let email = Email::parse(email).map_err(|_| Failure::says(MALFORMED))?;
    required(params.filled("password2"), "You did not enter a password")?;
    let name = person(first, last)?;
    let password = Some(hash(call, &name, &email, "", params.text("password2")).await?);
    let new = NewUser { name, email, password };
    let id = call.write(move |tx, api, _| {
        let by = tx.authorize_api_staff::<EditUsers>(api)?;
        user::create_by_staff(tx, &by, &new, true).invalid(|field| (field == "email").then_some(TAKEN))
    });
    Ok(without_language(fields! { "user_id" => id.await?.0 }, &call.params))
}

/// Users have no language of their own here: who sends one is told so.
fn without_language(answer: Fields, params: &Params) -> Fields {
    match params.filled("language") {
        Some(_) => answer.with("warning", "Not kept: language"),
        None => answer,
    }
}

/// A name whose parts can be taken.
pub(super) fn person(first: &str, last: &str) -> Result<PersonName, Failure> {
    let mut checked = Checked::default();
    let name = PersonName::parse(first, last, &mut checked);
    checked.finish().map_err(Failure::Invalid)?;
    name.ok_or(Failure::Missing)
}

/// The hash of a password that is held to the same rules as everywhere; the client's company is one of the names around it.
pub(super) async fn hash(
    call: &Call,
    name: &PersonName,
    email: &Email,
    company: &str,
    typed: &str,
) -> Result<PasswordHash, Failure> {
    let (brand, security) =
        call.read(|snapshot, _, _| Ok((settings::brand(snapshot)?.name, settings::security(snapshot)?))).await?;
    let length = if security.everybody { Length::WithSecondFactor } else { Length::OnlyFactor };
    let rules = Rules::around([&name.first, &name.last, email.as_str(), company, &brand]).with_length(length);
    let password = Password::choose(typed, &rules).map_err(Failure::Text)?;
    let app = call.api.app();
    match app.hasher().hash(app.random(), &password).await {
        Err(Busy::Breached) => Err(Failure::Text("error-password-leaked")),
        hashed => Ok(hashed?),
    }
}

/// Users by number, with their accounts.
pub(super) async fn list(call: &Call) -> Result<Fields, Failure> {
    call.read(|snapshot, api, params| {
        let by = snapshot.authorize_api_staff::<ViewStaffArea>(api)?;
        let slice = slice(params);
        let part = user::part(snapshot, &by, params.text("search"), slice)?;
        let users = part.rows.iter().map(row).collect();
        Ok(counted(&part, slice).with("users", Value::Items("user", users)))
    })
    .await
}

fn row(found: &InAccounts) -> Value {
    let user = &found.user;
    let clients = found.accounts.iter().map(|(id, owns)| fields! { "id" => id.0, "isOwner" => *owns }.into()).collect();
    fields! {
        "id" => user.id.0,
        "firstname" => &user.name.first,
        "lastname" => &user.name.last,
        "email" => user.email.to_string(),
        "datecreated" => time::date_time(user.created_at),
        "validationdata" => "",
        "clients" => Value::Items("client", clients),
    }
    .into()
}

/// Changes name and address.
pub(super) async fn update(call: &Call) -> Result<Fields, Failure> {
    let id = call.write(|tx, api, params| {
        let by = tx.authorize_api_staff::<EditUsers>(api)?;
        let id = UserId(params.number("user_id").unwrap_or(-1));
        let found = user::find(tx, id)?.ok_or(Failure::says(UNKNOWN))?;
        if !["email", "firstname", "lastname", "language"].iter().any(|field| params.filled(field).is_some()) {
            return Err(Failure::says("One of email, firstname, lastname, or language is required"));
        }
        let change = changed(&found, params)?;
        let updated = user::update_at_once(tx, &by, &api.confirmed(), id, &change);
        updated.missing(UNKNOWN).invalid(|field| (field == "email").then_some(TAKEN))?;
        Ok(id)
    });
    Ok(without_language(fields! { "user_id" => id.await?.0 }, &call.params))
}

fn changed(found: &user::User, params: &Params) -> Result<AdminChange, Failure> {
    let first = params.filled("firstname").unwrap_or(&found.name.first);
    let last = params.filled("lastname").unwrap_or(&found.name.last);
    let email = match params.filled("email") {
        Some(typed) => Email::parse(typed).map_err(|_| Failure::says(MALFORMED))?,
        None => found.email.clone(),
    };
    Ok(AdminChange { name: person(first, last)?, email })
}

/// Deletes a user who can enter no account.
pub(super) async fn delete(call: &Call) -> Result<Fields, Failure> {
    call.write(|tx, api, params| {
        let by = tx.authorize_api_staff::<DeleteUsers>(api)?;
        let id = UserId(params.number("user_id").unwrap_or(-1));
        match user::delete(tx, &by, &api.confirmed(), id) {
            Err(user::Error::HasAccounts) => Err(Failure::says("User is associated with one or more clients")),
            deleted => deleted.missing(UNKNOWN),
        }?;
        Ok(fields! { "user_id" => id.0 })
    })
    .await
}

/// Sends a link that chooses a new password.
pub(super) async fn reset_password(call: &Call) -> Result<Fields, Failure> {
    call.write(|tx, api, params| {
        let by = tx.authorize_api_staff::<EditUsers>(api)?;
        let id = match (params.number("id"), params.filled("email")) {
            (Some(id), _) => Some(UserId(id)),
            (None, Some(typed)) => {
                let email = Email::parse(typed).map_err(|_| Failure::says("Please provide a valid email address"))?;
                user::by_email(tx, &email.key())?
            }
            (None, None) => return Err(Failure::says("Please enter the email address or provide the id")),
        };
        let id = id.ok_or(Failure::says("User Not Found"))?;
        reset::send(tx, &by, id).missing("User Not Found")?;
        Ok(Fields::default())
    })
    .await
}

/// Compares a password, held to the same limits and bans as a login. The address in `clientip` is only what the machine says: what fails
/// counts for the machine, too, more generously since a shop logs many people in. Where no second factor is needed a session begins, and
/// `passwordhash` is what its cookie would hold.
pub(super) async fn validate_login(call: &Call) -> Result<Fields, Failure> {
    let wrong = || Failure::says("Email or Password Invalid");
    call.read(|snapshot, api, _| Ok(snapshot.authorize_api_staff::<EditUsers>(api).map(drop)?)).await?;
    let (email, typed) = (call.params.text("email"), call.params.text("password2"));
    if email.trim().is_empty() || typed.is_empty() {
        return Err(wrong());
    }
    let mut request = call.request.clone();
    // Who types is somewhere else: with its address it is not held back by what others do at the same shop.
    if let Some(ip) = call.params.filled("clientip").and_then(|text| text.parse().ok()) {
        request.ip = Some(ip);
    }
    let machine = Guess::by_machine(Kind::MachineLogin, call.caller.id());
    may_try(call, &request, &machine).await?;
    let login = Login { email: email.to_owned(), password: Password::typed(typed), remember: false };
    let key = EmailKey::of(email);
    let is_wrong = |error: session::Error| match error {
        session::Error::WrongCredentials => wrong(),
        other => other.into(),
    };
    let proven = session::authenticate(call.api.app(), &request, &login).await;
    if let Err(session::Error::WrongCredentials) = proven {
        call.api.app().write(&request, move |tx| guessing::failed(tx, &machine)).await?;
    }
    let proven = proven.map_err(is_wrong)?;
    let begun = call.api.app().write(&request, move |tx| {
        let begun = session::start_for_service(tx, &proven)?;
        Ok::<_, session::Error>((begun, user::by_email(tx, &key)?))
    });
    let (begun, user) = begun.await.map_err(is_wrong)?;
    let user = user.ok_or_else(wrong)?;
    let answer = fields! { "userid" => user.0 };
    Ok(match begun {
        Begun::Session(started) => answer.with("passwordhash", started.secret.reveal()).with("twoFactorEnabled", false),
        Begun::SecondFactor(_) => answer.with("twoFactorEnabled", true),
    })
}

/// Refuses an address that is kept out, and a machine for which too much has failed.
async fn may_try(call: &Call, request: &Request, machine: &Guess) -> Result<(), Failure> {
    let (asked, machine) = (request.clone(), machine.clone());
    call.read(move |snapshot, _, _| {
        if asked.ip.map(|ip| ban::is_banned(snapshot, ip)).transpose()?.unwrap_or(false) {
            return Err(Failure::says(BANNED));
        }
        guessing::admit(snapshot, &asked, &machine).map(drop).map_err(Failure::from)
    })
    .await
}
