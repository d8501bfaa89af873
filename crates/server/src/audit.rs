//! The log's chain on the command line: verify it, export its head, compare with an exported one.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use latchkey_core::access::System;
use latchkey_core::app::App;
use latchkey_core::event::{self, Beginning, Broken, BrokenLink, ExportedHead, Head, HeadKey, Verified};

use crate::cli::{AuditCommand, CheckHead, ExportHead, Options};
use crate::config::Config;
use crate::{key, open};

/// Does what the command line says.
pub(crate) async fn run(command: AuditCommand) -> anyhow::Result<()> {
    match command {
        AuditCommand::Verify(options) => verify(options).await,
        AuditCommand::Head(input) => head(input).await,
        AuditCommand::CheckHead(input) => check_head(input).await,
    }
}

fn system() -> System {
    System::named("command line")
}

/// The app, with everything sealed that was committed.
async fn open_sealed(options: Options) -> anyhow::Result<(App, HeadKey)> {
    let config = Config::load(options)?;
    let public_url = config.public_url.clone().unwrap_or_else(|| format!("http://{}", config.listen));
    let app = open::open(&config, &public_url).await?.app;
    event::seal_all(&app, &system()).await?;
    let key = HeadKey::new(&key::read_or_make(&config.data_dir.join("audit.key"))?)?;
    Ok((app, key))
}

async fn verify(options: Options) -> anyhow::Result<()> {
    let (app, _) = open_sealed(options).await?;
    let Verified { head, beginning, .. } = whole(&app, None).await?;
    if beginning.is_whole() {
        println!("The log is whole: {} events, up to {}.", head.seq, shown(&head));
    } else {
        let count = head.seq - beginning.last_removed.seq;
        println!("The log is whole from event {} on: {count} events, up to {}.", beginning.first(), shown(&head));
        println!("{}", removed(&beginning));
    }
    Ok(())
}

fn removed(beginning: &Beginning) -> String {
    let Beginning { last_removed, removed_at, kept_days } = beginning;
    let (seq, at) = (last_removed.seq, removed_at.to_rfc3339());
    format!("Events up to {seq} were removed, the last at {at}: the log was kept for {kept_days} days.")
}

async fn head(input: ExportHead) -> anyhow::Result<()> {
    let (app, key) = open_sealed(input.options).await?;
    let head = app.read(event::head).await?;
    if input.sign {
        println!("{}", key.sign(head, app.now()));
    } else {
        println!("seq: {}\nhash: {}", head.seq, head.hash);
    }
    Ok(())
}

async fn check_head(input: CheckHead) -> anyhow::Result<()> {
    let exported = read(&input.file)?;
    let (app, key) = open_sealed(input.options).await?;
    let trusted = input.public_key.unwrap_or_else(|| key.public());
    ensure!(exported.is_signed_by(&trusted), "the head in {} was not signed with the key {trusted}", input.file.display());
    let verified = whole(&app, Some(&exported.head)).await?;
    if verified.is_too_old(&exported.head) {
        let (seq, removed) = (exported.head.seq, removed(&verified.beginning));
        bail!("the head of event {seq} can no longer be checked, what is left of the log is whole. {removed}");
    }
    println!("The log is whole and goes through this head: event {}, {}.", exported.head.seq, exported.head.hash);
    Ok(())
}

fn read(file: &Path) -> anyhow::Result<ExportedHead> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    text.parse().with_context(|| file.display().to_string())
}

/// A chain in which nothing is broken.
async fn whole(app: &App, exported: Option<&Head>) -> anyhow::Result<Verified> {
    let verified = event::verify(app, &system(), exported).await?;
    if let Some(BrokenLink { seq, what }) = verified.broken {
        let what = match what {
            Broken::Changed => "it is not what was sealed: it was changed, or one before it was taken out",
            Broken::Missing => "it is missing",
            Broken::Reordered => "it was moved there from elsewhere in the log",
            Broken::Head => "the head does not belong to these events",
            Broken::Beginning => "what was before it was removed, and not by this installation",
        };
        bail!("the log is broken at event {seq}: {what}");
    }
    Ok(verified)
}

fn shown(head: &Head) -> String {
    if head.seq == 0 { "nothing yet".to_owned() } else { head.hash.to_string() }
}
