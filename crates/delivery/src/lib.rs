//! Sends what the outbox holds and what webhooks get, looks hosts up, and seals the log.
//!
//! The server spawns [`run`] once. One dispatcher waits for promises of this process and wakes the
//! workers; each worker also looks every few seconds by itself, for what other nodes promised, what
//! is due again, and what a worker that died had taken. Several nodes may run at the same time: each
//! piece of work is held by a lease, so that one of them does it.
//!
//! **Invariants:** a mail counts as sent only when the mail server took it (PRODUCT rule 7); nothing that
//! was promised is lost on a crash (rule 10); no transaction is open while something waits for the network.

mod courier;
mod dialogue;
mod expiry;
mod hostname;
mod letter;
mod mail;
mod masquerade;
mod reach;
mod reset;
mod seal;
mod smtp;
mod webhook;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use latchkey_core::app::App;
use tokio::sync::{Notify, watch};

pub use hostname::{LookUp, SystemHosts};
pub use smtp::{SmtpError, SmtpSettings};

/// How promises are kept.
#[derive(Clone, Debug)]
pub struct DeliverySettings {
    /// The mail server. Without one no mail is sent: mails wait in the queue, where staff can read them.
    pub smtp: Option<SmtpSettings>,
    /// How often to look for work that nobody of this process has announced; five seconds by default.
    pub poll_every: Duration,
    /// Networks that webhooks may lead to beside the open Internet, also over plain http; none by default.
    pub webhook_allow: Vec<IpNet>,
}

/// How often the sealer looks for what other nodes have recorded or sealed: those who wait for events here wait no longer.
const SEAL_EVERY: Duration = Duration::from_secs(1);

impl Default for DeliverySettings {
    fn default() -> Self {
        Self { smtp: None, poll_every: Duration::from_secs(5), webhook_allow: Vec::new() }
    }
}

/// Keeps what the outbox promises until `shutdown` holds `true` or its sender is gone. What is under
/// way then is finished first: that takes at most three times the mail server's time limit, plus half
/// a minute when the database is away.
pub async fn run(app: App, settings: DeliverySettings, shutdown: watch::Receiver<bool>) {
    run_with(app, settings, SystemHosts::from_system(), shutdown).await;
}

/// Like [`run`], with another way of looking hosts up.
pub async fn run_with(app: App, settings: DeliverySettings, hosts: impl LookUp, shutdown: watch::Receiver<bool>) {
    let (mails_filled, logins_filled) = (Notify::new(), Notify::new());
    let (resets_filled, admin_resets_filled) = (Notify::new(), Notify::new());
    let (hosts, webhooks_filled) = (Arc::new(hosts), Arc::new(Notify::new()));
    let courier = courier::Courier::new(Arc::clone(&hosts), settings.webhook_allow);
    // Nothing is due when it is promised: this worker looks by itself.
    let masquerades_due = Notify::new();
    let send_mails = async {
        if let Some(smtp) = settings.smtp {
            let work = mail::SendMails::new(smtp, app.public_url());
            worker::run(&app, work, &mails_filled, settings.poll_every, shutdown.clone()).await;
        }
    };
    let find_hosts = async {
        let work = hostname::FindHosts::new(hosts);
        worker::run(&app, work, &logins_filled, settings.poll_every, shutdown.clone()).await;
    };
    let resets = worker::run(&app, reset::ResolveResets(reset::OfUsers), &resets_filled, settings.poll_every, shutdown.clone());
    let admin_resets =
        worker::run(&app, reset::ResolveResets(reset::OfAdmins), &admin_resets_filled, settings.poll_every, shutdown.clone());
    let masquerades = worker::run(&app, masquerade::EndMasquerades, &masquerades_due, settings.poll_every, shutdown.clone());
    let call_webhooks = async {
        let work = webhook::SendWebhooks::new(courier, Arc::clone(&webhooks_filled));
        worker::run(&app, work, &webhooks_filled, settings.poll_every, shutdown.clone()).await;
    };
    let sealer = seal::run(&app, &webhooks_filled, settings.poll_every.min(SEAL_EVERY), shutdown.clone());
    let workers = [&mails_filled, &logins_filled, &resets_filled, &admin_resets_filled, &*webhooks_filled];
    let expiry = expiry::run(&app, shutdown.clone());
    let wake = dispatch(&app, workers, shutdown.clone());
    tokio::join!(wake, send_mails, find_hosts, resets, admin_resets, masquerades, call_webhooks, sealer, expiry);
}

/// Wakes every worker whenever something was promised. Only the dispatcher waits on the app: its
/// notification wakes a single waiter, so that of several one would take the others' wake-ups.
async fn dispatch(app: &App, workers: [&Notify; 5], mut shutdown: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = stopped(&mut shutdown) => return,
            () = app.outbox_filled() => workers.iter().for_each(|worker| worker.notify_one()),
        }
    }
}

/// Waits until it is time to stop.
async fn stopped(shutdown: &mut watch::Receiver<bool>) {
    // An error says that the sender is gone: whoever started this has ended.
    let _ = shutdown.wait_for(|stop| *stop).await;
}
