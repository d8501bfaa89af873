//! The sub-commands: each does one thing and ends with status 0, or with one clear line.

use std::io::BufRead;
use std::time::Duration;

use anyhow::{Context, bail};
use latchkey_core::access::System;
use latchkey_core::account::{self, Details, NewOwner};
use latchkey_core::admin::{self, NewAdmin};
use latchkey_core::admin_role;
use latchkey_core::api_credential::{self, NewCredential};
use latchkey_core::api_role;
use latchkey_core::app::{App, Request};
use latchkey_core::email::{Email, EmailKey};
use latchkey_core::error::{Fault, Fields, Invalid};
use latchkey_core::factor;
use latchkey_core::id::AccountId;
use latchkey_core::password::{self, Password, PasswordHash, Rules};
use latchkey_core::settings;
use latchkey_core::text;
use latchkey_core::user::{self, NewUser};
use latchkey_web::Engine;

use crate::cli::{
    AccountCommand, AdminCommand, ApiCredentialCommand, Cli, Command, ConfigCommand, CreateAccount, CreateAdmin,
    CreateApiCredential, CreateUser, Options, RemoveTwoFactor, RequireTwoFactor, UserCommand,
};
use crate::config::Config;
use crate::{audit, open, serve};

/// Does what the command line says.
pub(crate) async fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        None => serve::run(cli.serve).await,
        Some(Command::Serve(options)) => serve::run(options).await,
        Some(Command::Migrate(options)) => migrate(options).await,
        Some(Command::Admin(AdminCommand::Create(input))) => create_admin(input).await,
        Some(Command::Admin(AdminCommand::RequireTwoFactor(input))) => require_two_factor(input).await,
        Some(Command::Admin(AdminCommand::RemoveTwoFactor(input))) => remove_two_factor(input).await,
        Some(Command::User(UserCommand::Create(input))) => create_user(input).await,
        Some(Command::Account(AccountCommand::Create(input))) => create_account(input).await,
        Some(Command::ApiCredential(ApiCredentialCommand::Create(input))) => create_api_credential(input).await,
        Some(Command::Audit(command)) => audit::run(command).await,
        Some(Command::Config(ConfigCommand::Check(options))) => check(options).await,
    }
}

/// The ticket of this door.
fn system() -> System {
    System::named("command line")
}

async fn open(options: Options) -> anyhow::Result<open::Opened> {
    let config = Config::load(options)?;
    let public_url = config.public_url.clone().unwrap_or_else(|| format!("http://{}", config.listen));
    open::open(&config, &public_url).await
}

async fn migrate(options: Options) -> anyhow::Result<()> {
    let opened = open(options).await?;
    match opened.migrated.as_slice() {
        [] => println!("The database is up to date."),
        applied => println!("Applied: {}.", applied.join(", ")),
    }
    Ok(())
}

async fn create_admin(input: CreateAdmin) -> anyhow::Result<()> {
    let mut fields = Fields::default();
    let name = fields.take("--name", text::line(&input.name, user::MAX_NAME));
    let email = fields.take("--email", Email::parse(&input.email));
    refuse(fields.finish())?;
    let (Some(name), Some(email)) = (name, email) else { bail!("--name and --email are needed") };
    let typed = first_line(input.password.password_stdin)?;
    let app = open(input.options).await?.app;
    let (password, made) = password(typed, &[&name, email.as_str()], &app).await?;
    let password = app.hasher().hash(app.random(), &password).await?;
    let new = NewAdmin { name, email: email.clone(), password };
    let role = input.role;
    let request = Request::default();
    let found = app.write(&request, move |tx| {
        let Some(role) = admin_role::by_name(tx, &role)? else { return Ok::<_, admin::Error>(None) };
        admin::create_in_role(tx, &system(), &new, role).map(Some)
    });
    if found.await?.is_none() {
        bail!("--role: there is no such admin role; take full, support, read-only or the name of one of your own");
    }
    println!("Admin {email} made.");
    say_password(made);
    Ok(())
}

async fn require_two_factor(input: RequireTwoFactor) -> anyhow::Result<()> {
    let required = input.required == "yes";
    let app = open(input.options).await?.app;
    app.write(&Request::default(), move |tx| settings::require_two_factor_of_admins(tx, &system(), required)).await?;
    println!("Two-factor is {} of admins.", if required { "required" } else { "not required" });
    Ok(())
}

async fn remove_two_factor(input: RemoveTwoFactor) -> anyhow::Result<()> {
    let email = Email::parse(&input.email).map_err(|_| anyhow::anyhow!("--email is no mail address"))?;
    let app = open(input.options).await?.app;
    let key = EmailKey::of(email.as_str());
    let found = app.read(move |snapshot| admin::by_email(snapshot, &key)).await?;
    let found = found.with_context(|| format!("there is no admin {email}"))?;
    app.write(&Request::default(), move |tx| factor::remove_all_of_admin(tx, &system(), found)).await?;
    println!("The second factor of {email} was removed.");
    Ok(())
}

async fn create_user(input: CreateUser) -> anyhow::Result<()> {
    let (name, email) = refuse(user::parse(&input.first_name, &input.last_name, &input.email))?;
    let (typed, foreign) = (first_line(input.password.password_stdin)?, first_line(input.password_hash_stdin)?);
    let foreign = foreign.map(|text| PasswordHash::import(text.trim())).transpose().context("the password hash")?;
    let app = open(input.options).await?.app;
    let (hash, made) = if let Some(hash) = foreign {
        (hash, None)
    } else {
        let (password, made) = password(typed, &[&name.full(), email.as_str()], &app).await?;
        (app.hasher().hash(app.random(), &password).await?, made)
    };
    let new = NewUser { name, email: email.clone(), password: Some(hash) };
    app.write(&Request::default(), move |tx| user::create(tx, &system(), &new)).await?;
    println!("User {email} made.");
    say_password(made);
    Ok(())
}

async fn create_account(input: CreateAccount) -> anyhow::Result<()> {
    let details = refuse(Details::parse(&Details { name: input.name, ..Details::default() }))?;
    let email = Email::parse(&input.owner).map_err(|_| anyhow::anyhow!("--owner is no mail address"))?;
    let app = open(input.options).await?.app;
    let key = EmailKey::of(email.as_str());
    let owner = app.read(move |snapshot| user::by_email(snapshot, &key)).await?;
    let owner = owner.with_context(|| format!("there is no user {email}; make it with latchkey user create"))?;
    let name = details.name.clone();
    let request = Request::default();
    let made = app.write(&request, move |tx| account::create_by_system(tx, &system(), &details, &NewOwner::Existing(owner)));
    let id = made.await?;
    println!("Account {name} made, number {id}.");
    Ok(())
}

async fn create_api_credential(input: CreateApiCredential) -> anyhow::Result<()> {
    let email = Email::parse(&input.admin).map_err(|_| anyhow::anyhow!("--admin is no mail address"))?;
    let app = open(input.options).await?.app;
    let (key, role) = (EmailKey::of(email.as_str()), input.role);
    let found = app.read(move |snapshot| Ok::<_, Fault>((admin::by_email(snapshot, &key)?, api_role::by_name(snapshot, &role)?)));
    let (admin, role) = found.await?;
    let admin = admin.with_context(|| format!("there is no admin {email}"))?;
    let role = role.context("--role: there is no such API role; take full, read-only or the name of one of your own")?;
    let expires_at = input.days.map(|days| app.now().after(Duration::from_hours(24) * days));
    let account = input.account.map(AccountId);
    let new = refuse(NewCredential::parse(&input.name, Some(role), account, &input.from.join(" "), expires_at))?;
    let request = Request::default();
    let made = app.write(&request, move |tx| api_credential::create_by_system(tx, &system(), admin, &new)).await?;
    println!("identifier: {}", made.shown.identifier);
    println!("secret: {}", made.shown.secret.reveal());
    println!("bearer token: {}", made.shown.token());
    Ok(())
}

async fn check(options: Options) -> anyhow::Result<()> {
    let config = Config::load(options.clone())?;
    Engine::new(config.overrides.as_deref(), latchkey_core::clock::Clock::system())?;
    let app = open(options).await?.app;
    if !app.database().is_ready().await? {
        bail!("the database is not up to date");
    }
    println!("The configuration is good.");
    Ok(())
}

/// The first line of standard input, when it was announced.
fn first_line(from_stdin: bool) -> anyhow::Result<Option<String>> {
    if !from_stdin {
        return Ok(None);
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("standard input cannot be read")?;
    Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// The typed password, or one that is made here and told once.
async fn password(typed: Option<String>, context: &[&str], app: &App) -> anyhow::Result<(Password, Option<String>)> {
    let (text, made) = if let Some(text) = typed {
        (text, None)
    } else {
        let text = password::random(app.random())?;
        (text.clone(), Some(text))
    };
    let brand = app.read(settings::brand).await?.name;
    let password = Password::choose(&text, &Rules::around(context.iter().copied().chain([brand.as_str()])))
        .map_err(|message| anyhow::anyhow!("the password: {}", words(message)))?;
    Ok((password, made))
}

fn say_password(made: Option<String>) {
    if let Some(text) = made {
        println!("Password, shown this once: {text}");
    }
}

/// What is wrong with the input, on one line.
fn refuse<T>(result: Result<T, Vec<Invalid>>) -> anyhow::Result<T> {
    result.map_err(|fields| {
        let problems: Vec<String> =
            fields.iter().map(|problem| format!("{}: {}", problem.field, words(problem.message))).collect();
        anyhow::anyhow!("{}", problems.join("; "))
    })
}

/// The texts of pages are for pages; a terminal gets these.
fn words(message: &str) -> String {
    match message {
        "error-required" => "something must be given".to_owned(),
        "error-too-long" => "too long".to_owned(),
        "error-email-malformed" => "not a mail address such as name@example.com".to_owned(),
        "error-name-malformed" => "line breaks and control characters are not taken".to_owned(),
        "error-password-too-short" => "at least 15 characters are needed".to_owned(),
        "error-password-too-long" => "at most 256 characters are taken".to_owned(),
        "error-password-common" => "one of the most used ones, and too easy to guess".to_owned(),
        "error-password-own-words" => "too close to a name or address, and too easy to guess".to_owned(),
        "error-password-too-weak" => "too easy to guess".to_owned(),
        other => other.trim_start_matches("error-").replace('-', " "),
    }
}
