//! Serving: bind, open, say where it is, work until told to stop.

use std::sync::Arc;

use anyhow::Context;
use latchkey_api::Api;
use latchkey_core::access::System;
use latchkey_core::admin;
use latchkey_core::app::{App, Request};
use latchkey_core::error::Fault;
use latchkey_delivery::DeliverySettings;
use latchkey_web::{Settings, Web};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::cli::Options;
use crate::config::{Config, is_secure};
use crate::listen::{self, Limits};
use crate::{demo, health, open};

/// Serves until SIGINT or SIGTERM, then finishes what is under way.
pub(crate) async fn run(options: Options) -> anyhow::Result<()> {
    let config = Config::load(options)?;
    log_to_stderr(&config)?;
    let listener = TcpListener::bind(config.listen).await.with_context(|| format!("cannot listen on {}", config.listen))?;
    let address = listener.local_addr()?;
    let public_url = config.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
    let logins = if config.demo { Some(demo::fill(&config, &public_url).await?) } else { None };
    let opened = open::open(&config, &public_url).await?;
    let is_demo = demo::recognise(&config, &opened.app).await?;
    if let Some(latest) = opened.migrated.last() {
        tracing::info!(count = opened.migrated.len(), latest, "migrations applied");
    }
    let settings = Settings {
        secure: is_secure(&public_url),
        mail_kept: config.smtp.is_none(),
        smtp_host: config.smtp.as_ref().map(|(_, host)| host.clone()),
        mail_from: config.mail_from.clone(),
        trusted_proxies: config.trusted_proxies.clone(),
        demo: is_demo,
        webhook_http: !config.webhook_allow.is_empty(),
    };
    let signals = Signals::listen()?;
    announce(&opened.app, &public_url, &config, logins.as_deref()).await?;
    let (stop, stopped) = watch::channel(false);
    let smtp = config.smtp.map(|(settings, _)| settings);
    let delivery = DeliverySettings { smtp, webhook_allow: config.webhook_allow, ..DeliverySettings::default() };
    let delivery = tokio::spawn(latchkey_delivery::run(opened.app.clone(), delivery, stopped.clone()));
    let api = latchkey_api::Settings {
        secure: settings.secure,
        trusted_proxies: settings.trusted_proxies.clone(),
        forward: config.forward,
        webhook_http: settings.webhook_http,
        action_api_get_from: config.action_api_get_from,
    };
    let engine = Arc::clone(&opened.engine);
    let texts: latchkey_api::Texts = Arc::new(move |key, arguments| engine.text(key, arguments));
    let api = latchkey_api::router(Api::new(opened.app.clone(), api, texts));
    let web = Web::new(opened.app.clone(), opened.engine, settings);
    let routes = health::routes(opened.app).merge(api).fallback_service(latchkey_web::router(web));
    let told = async move {
        signals.wait().await;
        let _ = stop.send(true);
    };
    listen::serve(listener, routes, Limits::default(), told).await;
    Ok(delivery.await?)
}

/// Says where the server is and, as long as there is no admin, how to make the first.
async fn announce(app: &App, public_url: &str, config: &Config, logins: Option<&str>) -> anyhow::Result<()> {
    println!("Latchkey serves on {public_url} (Admin Area: {public_url}/admin)");
    if config.smtp.is_none() {
        println!("No mail server is set: mails are kept and can be read in the Admin Area.");
    }
    if let Some(logins) = logins {
        println!("{logins}");
    }
    let request = Request::default();
    let link = app.write(&request, |tx| {
        if admin::exists(tx)? { Ok::<_, Fault>(None) } else { admin::setup_link(tx, &System::named("set-up")).map(Some) }
    });
    if let Some(link) = link.await? {
        println!("Make the first admin within 24 hours, once: {link}");
    }
    Ok(())
}

/// What tells the server to stop. Listened for before it says where it is: whoever stops it from then on stops it in order.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        let terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
        let interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
        Ok(Self { terminate, interrupt })
    }

    async fn wait(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        tracing::info!("stopping");
    }
}

fn log_to_stderr(config: &Config) -> anyhow::Result<()> {
    let filter =
        tracing_subscriber::EnvFilter::try_new(&config.log).with_context(|| format!("the log filter {:?}", config.log))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if config.log_json {
        log.json().init();
    } else {
        log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init();
    }
    Ok(())
}
