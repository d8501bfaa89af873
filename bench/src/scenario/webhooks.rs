//! Deliveries of webhooks: from the first one that comes in to the last, each of them answered, signed, and noted on disk in order.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use axum::Router;
use axum::routing::post;
use latchkey_core::access::{ConfirmedAdmin, ManageApi};
use latchkey_core::admin::{self, NewAdmin};
use latchkey_core::app::App;
use latchkey_core::webhook::{self, NewWebhook};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::data;
use crate::measure::now;
use crate::report::Table;
use crate::server::{Server, Site, Store};

/// Events that are waiting when the server starts.
const EVENTS: usize = 1_000;
/// Endpoints at the same time.
const MANY: usize = 8;
/// Longer than this no run takes.
const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) async fn run(store: &Store, latchkey: &Path, table: &mut Table) -> anyhow::Result<()> {
    for endpoints in [1, MANY] {
        let per_second = deliver(store, latchkey, endpoints).await?;
        let what = format!("webhook deliveries, {endpoints} endpoint{}", if endpoints == 1 { "" } else { "s" });
        table.add(&what, &store.to_string(), format!("{per_second:.0} /s"), String::new());
    }
    Ok(())
}

/// Counts what comes in, and when the first and the last came.
#[derive(Clone)]
struct Inbox {
    count: Arc<AtomicUsize>,
    seen: watch::Sender<Option<(Instant, Instant)>>,
}

async fn deliver(store: &Store, latchkey: &Path, endpoints: usize) -> anyhow::Result<f64> {
    let inbox = Inbox { count: Arc::default(), seen: watch::Sender::new(None) };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/", listener.local_addr()?);
    let sink = tokio::spawn(axum::serve(listener, router(inbox.clone())).into_future());
    let site = Site::fresh(store).await?;
    let app = data::open(&site).await?;
    prepare(&app, &url, endpoints).await?;
    drop(app);
    let mut server = Server::latchkey(latchkey, &site).await?;
    let wanted = EVENTS * endpoints;
    let mut seen = inbox.seen.subscribe();
    let all = async {
        while inbox.count.load(Ordering::SeqCst) < wanted {
            seen.changed().await?;
        }
        Ok::<_, anyhow::Error>(())
    };
    timeout(PATIENCE, all).await.context("the deliveries do not end")??;
    let span = inbox.seen.borrow().map(|(first, last)| last - first).context("nothing came in")?;
    server.stop().await?;
    sink.abort();
    #[allow(clippy::cast_precision_loss, reason = "a few thousand")]
    Ok((wanted - 1) as f64 / span.as_secs_f64())
}

fn router(inbox: Inbox) -> Router {
    let take = move || {
        let inbox = inbox.clone();
        async move {
            inbox.count.fetch_add(1, Ordering::SeqCst);
            inbox.seen.send_modify(|seen| *seen = Some((seen.map_or_else(now, |(first, _)| first), now())));
        }
    };
    Router::new().route("/", post(take))
}

/// Endpoints, and events for them.
async fn prepare(app: &App, url: &str, endpoints: usize) -> anyhow::Result<()> {
    let hash = data::password(app).await?;
    let new = NewAdmin { name: "Admin".to_owned(), email: data::email("admins", 0)?, password: hash.clone() };
    let admin = data::write(app, move |tx| Ok(admin::create_by_system(tx, &data::system(), &new)?)).await?;
    let urls: Vec<String> = (0..endpoints).map(|number| format!("{url}?endpoint={number}")).collect();
    let kinds = ["user.created".to_owned()];
    data::write(app, move |tx| {
        let (by, confirmed) = (tx.authorize_admin::<ManageApi>(admin)?, ConfirmedAdmin::machine(&data::system()));
        for url in &urls {
            let new = NewWebhook::parse(url, "", &kinds, true).map_err(|_| anyhow::anyhow!("the address is refused"))?;
            webhook::create(tx, &by, &tx.authorize_admin(admin)?, &confirmed, &new)?;
        }
        Ok(())
    })
    .await?;
    data::write(app, move |tx| {
        for number in 0..EVENTS {
            data::person(tx, "people", number, &hash)?;
        }
        Ok(())
    })
    .await?;
    ensure!(endpoints > 0, "nothing to deliver to");
    Ok(())
}
