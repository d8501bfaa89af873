//! `latchkey serve --demo`: an empty data folder is filled with invented people and companies, and logins are printed.
//!
//! The six weeks of the demo's past are made by the operations that every door calls, under a clock that is moved by
//! hand; there is no SQL here. [`people`], [`accounts`], [`members`] and [`story`] are tables to be read and changed.
//!
//! **Invariants:** only what is empty is filled; what was filled by half is never served. No default password: the
//! demo's follows from the installation's secret key. No demo mail is ever sent: a mail server is refused.

mod accounts;
mod calendar;
mod deeds;
mod invitations;
mod logins;
mod members;
mod past;
mod people;
mod story;
#[cfg(test)]
mod tests;

use anyhow::{Context, bail, ensure};
use latchkey_core::access::{Denied, ManageUsers, ViewStaffArea};
use latchkey_core::account::{self, Filter};
use latchkey_core::app::{App, Request};
use latchkey_core::clock::Clock;
use latchkey_core::db::{Connections, Database, Location};
use latchkey_core::id::AdminId;
use latchkey_core::invitation;
use latchkey_core::password::Password;
use latchkey_core::secret::Secret;
use latchkey_core::settings::demo::{self, Holds};

use crate::config::Config;
use crate::open;
use past::Past;

/// The first admin of a database that was empty: the demo's.
const FIRST_ADMIN: AdminId = AdminId(1);
/// Characters of the demo's password.
const PASSWORD_LENGTH: usize = 20;
/// The account whose open invitation is printed.
const INVITING: &str = "Blue Heron Bakery";

/// The logins that are printed: what they show, and a key of [`people`].
const LOGINS: [(&str, &str); 4] = [
    ("Owner of Blue Heron Bakery", "mia"),
    ("Web designer with many accounts", "wren"),
    ("Member with few permissions", "paul"),
    ("Delegated manager of Brightwater Clinic", "ines"),
];

/// Fills what is empty, leaves a demo as it is, refuses everything else; returns the logins to be printed.
pub(crate) async fn fill(config: &Config, public_url: &str) -> anyhow::Result<String> {
    refuse_mail_server(config)?;
    match look(config).await? {
        Holds::Nothing => {
            refuse_files(config)?;
            make(config, public_url).await.context("the demo could not be filled; delete what is there and start again")?;
        }
        Holds::Demo => {}
        Holds::HalfADemo => return Err(half(config)),
        Holds::Else => {
            let instead = match config.location {
                Location::Sqlite(_) => "--data-dir another folder",
                Location::Postgres(_) => "--database-url an empty database",
            };
            bail!("--demo fills only what is empty, and {} holds other data; give {instead}", named(config));
        }
    }
    let opened = open::open(config, public_url).await?;
    logins(&opened.app, &password(&opened.secret)).await
}

/// Whether the database holds the demo, before it is served. One that was filled by half is not, and none with a mail
/// server: its addresses are invented.
pub(crate) async fn recognise(config: &Config, app: &App) -> anyhow::Result<bool> {
    match demo::look(app.database()).await? {
        Holds::Demo => refuse_mail_server(config).map(|()| true),
        Holds::HalfADemo => Err(half(config)),
        Holds::Nothing | Holds::Else => Ok(false),
    }
}

fn refuse_mail_server(config: &Config) -> anyhow::Result<()> {
    ensure!(config.smtp.is_none(), "the demo's mails are for nobody: it is not served with a mail server (--smtp-url)");
    Ok(())
}

fn half(config: &Config) -> anyhow::Error {
    anyhow::anyhow!(
        "{} holds a demo that was not filled to the end; delete it and start again with --demo (or wait, if another server is filling it)",
        named(config)
    )
}

/// What is to be emptied or deleted.
fn named(config: &Config) -> String {
    match config.location {
        Location::Sqlite(_) => format!("the data folder {}", config.data_dir.display()),
        Location::Postgres(_) => "the PostgreSQL database".to_owned(),
    }
}

/// Looks without making a folder, a key or a table.
async fn look(config: &Config) -> anyhow::Result<Holds> {
    if let Location::Sqlite(path) = &config.location
        && !path.exists()
    {
        return Ok(Holds::Nothing);
    }
    let database = Database::open(&config.location, Connections::default());
    let looked = async { Ok::<_, anyhow::Error>(demo::look(&database?).await?) };
    looked.await.with_context(|| format!("{} cannot be read", named(config)))
}

/// A folder in which there is anything but an empty database and its key is somebody's.
fn refuse_files(config: &Config) -> anyhow::Result<()> {
    let folder = &config.data_dir;
    if !folder.exists() {
        return Ok(());
    }
    let read = || format!("the data folder {} cannot be read", folder.display());
    for entry in std::fs::read_dir(folder).with_context(read)? {
        let path = entry.with_context(read)?.path();
        let database = matches!(&config.location, Location::Sqlite(ours)
            if ["", "-wal", "-shm"].iter().any(|end| path.as_os_str() == format!("{}{end}", ours.display()).as_str()));
        if !database && path != config.secret_key_file {
            let name = path.file_name().unwrap_or_default().display().to_string();
            bail!("--demo fills only what is empty, and the data folder {} holds {name}", folder.display());
        }
    }
    Ok(())
}

/// Makes the demo's past.
async fn make(config: &Config, public_url: &str) -> anyhow::Result<()> {
    let present = Clock::system().now();
    let clock = Clock::set(calendar::first_midnight(present));
    let opened = open::open_at(config, public_url, clock.clone()).await?;
    let begun = opened.app.write(&Request::default(), |tx| demo::begin(tx, &past::system())).await?;
    ensure!(begun, "another server has just begun to fill it");
    tracing::info!("filling the demo");
    let mut past = Past::begin(opened.app, clock, present, Password::typed(&password(&opened.secret))).await?;
    for (at, deed) in calendar::steps(present) {
        past.reach(at);
        past.play(deed).await.with_context(|| format!("{deed:?}"))?;
    }
    past.write(Request::default(), |tx| Ok(demo::complete(tx, &past::system())?)).await
}

/// The same at every start of this installation, and another everywhere else.
fn password(secret: &Secret) -> String {
    secret.derive("demo password").reveal().chars().take(PASSWORD_LENGTH).collect()
}

/// The table that is printed.
async fn logins(app: &App, password: &str) -> anyhow::Result<String> {
    let mut lines = vec!["This is the demo: every person, company and address in it is invented.".to_owned()];
    let admin = people::STAFF.first().context("the demo has an admin")?;
    lines.push(line("Admin (Admin Area)", admin.email));
    for (label, key) in LOGINS {
        lines.push(line(label, past::person(key)?.email));
    }
    lines.push(line("Password of each of them", password));
    match open_invitation(app).await? {
        Some(link) => lines.push(line("An open invitation to try", &link)),
        None => lines.push("No invitation is open any more; delete the data folder for a fresh demo.".to_owned()),
    }
    Ok(lines.join("\n"))
}

fn line(label: &str, value: &str) -> String {
    format!("  {label:<41}{value}")
}

/// The link of an invitation that still waits, as staff would copy it.
async fn open_invitation(app: &App) -> anyhow::Result<Option<String>> {
    let waiting = app.read(|snapshot| {
        let by = snapshot.authorize_admin::<ViewStaffArea>(FIRST_ADMIN)?;
        let filter = Filter { query: INVITING.to_owned(), ..Filter::default() };
        let mut waiting = Vec::new();
        for found in account::list(snapshot, &by, &filter, 1)? {
            let ticket = snapshot.authorize_staff::<ManageUsers>(FIRST_ADMIN, found.account.id)?;
            waiting.extend(invitation::pending(snapshot, &ticket)?.answer()?);
        }
        waiting.retain(|invitation| invitation.times.state(snapshot.now()) == invitation::State::Pending);
        Ok::<_, Denied>(waiting)
    });
    let waiting = match waiting.await {
        Ok(waiting) => waiting,
        // Somebody tried out what disabling an admin does.
        Err(Denied::NotStaff | Denied::MissingAdmin { .. }) => return Ok(None),
        Err(denied) => return Err(denied.into()),
    };
    for offer in waiting {
        let account = offer.account;
        let by = app.read(move |snapshot| snapshot.authorize_staff::<ManageUsers>(FIRST_ADMIN, account)).await?;
        match invitation::link(app, by, offer.id).await {
            Ok((_, link)) => return Ok(Some(link)),
            Err(invitation::Error::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}
