//! Opens an app from the configuration: folder, key, database, templates.

use std::num::NonZeroUsize;
use std::os::unix::fs::DirBuilderExt;
use std::sync::Arc;

use anyhow::Context;
use latchkey_core::access::System;
use latchkey_core::app::{App, Parts, Request};
use latchkey_core::clock::Clock;
use latchkey_core::db::{Connections, Database, Location};
use latchkey_core::password::{Breached, Hasher, Peppers};
use latchkey_core::secret::{Random, SealKey, Secret};
use latchkey_core::{settings, user};
use latchkey_web::{Engine, MailTemplates};

use crate::config::Config;
use crate::key;

/// An app and what was needed to open it.
pub(crate) struct Opened {
    pub(crate) app: App,
    pub(crate) engine: Arc<Engine>,
    pub(crate) migrated: Vec<&'static str>,
    pub(crate) secret: Secret,
}

/// Opens everything, brings the database up to date and makes sure that the secret key is the database's.
pub(crate) async fn open(config: &Config, public_url: &str) -> anyhow::Result<Opened> {
    open_at(config, public_url, Clock::system()).await
}

/// Like [`open`], at another time: the demo's past is made by the same operations.
pub(crate) async fn open_at(config: &Config, public_url: &str, clock: Clock) -> anyhow::Result<Opened> {
    let folder = &config.data_dir;
    // Only its owner may look in: the database and the secret key are here.
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("the data folder {} cannot be made", folder.display()))?;
    let secret = key::read_or_make(&config.secret_key_file)?;
    let engine = Arc::new(Engine::new(config.overrides.as_deref(), clock.clone())?);
    let database = Database::open(&config.location, Connections::default()).with_context(|| named(&config.location))?;
    let seal_key = SealKey::new(&secret)?;
    let fingerprint = seal_key.fingerprint().to_owned();
    let app = App::new(Parts {
        database,
        clock,
        random: Random::system(),
        seal_key,
        hasher: hasher(config)?,
        templates: Arc::new(MailTemplates::new(Arc::clone(&engine))),
        public_url: public_url.to_owned(),
    });
    let migrated = app.database().migrate(app.now()).await.with_context(|| named(&config.location))?;
    app.write(&Request::default(), move |tx| settings::check_seal_key(tx, &fingerprint)).await?;
    app.hasher().expect(&app.read(user::kinds_of_hashes).await?);
    app.write(&Request::default(), |tx| user::rekey(tx, &System::named("migration"))).await?;
    Ok(Opened { app, engine, migrated, secret })
}

/// The pool for passwords, with what the operator has given it.
fn hasher(config: &Config) -> anyhow::Result<Hasher> {
    let mut hasher = Hasher::new(std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN), config.password_cost);
    if let Some(path) = &config.pepper_file {
        let named = || format!("the pepper file {}", path.display());
        let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", named()))?;
        hasher = hasher.with_peppers(Peppers::parse(&text).with_context(named)?);
    }
    if let Some(path) = &config.breached_passwords {
        let breached = Breached::open(path);
        hasher = hasher.with_breached(breached.with_context(|| format!("the file of breached passwords {}", path.display()))?);
    }
    Ok(hasher)
}

/// The database, without its password.
fn named(location: &Location) -> String {
    match location {
        Location::Sqlite(path) => format!("the database {}", path.display()),
        Location::Postgres(_) => "the PostgreSQL database".to_owned(),
    }
}
