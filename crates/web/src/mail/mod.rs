//! Mails, written by the same engine as pages: a subject, a plain text and an HTML twin each.

mod accent;
mod original;
mod worded;

use std::sync::Arc;

use latchkey_core::access::Permission;
use latchkey_core::error::Fault;
use latchkey_core::guessing::OF_KNOWN;
use latchkey_core::mail::{Content, MailKind, Notice, Templates, Told, Wording, Written};
use latchkey_core::settings::Brand;
use minijinja::value::{Serde, Value, merge_maps};

use crate::engine::Engine;
use crate::view;

use accent::accent;

pub(crate) use original::{Original, original};

/// Writes mails from templates.
pub struct MailTemplates(Arc<Engine>);

impl MailTemplates {
    /// With the engine of the pages.
    pub fn new(engine: Arc<Engine>) -> Self {
        Self(engine)
    }
}

impl Templates for MailTemplates {
    fn write(&self, brand: &Brand, content: &Content, words: Option<&Wording>) -> Result<Written, Fault> {
        write(&self.0, brand, content, words)
    }
}

/// Writes a mail: in these words, or in those of its template.
pub(crate) fn write(engine: &Engine, brand: &Brand, content: &Content, words: Option<&Wording>) -> Result<Written, Fault> {
    let values = values(engine, brand, content);
    match words {
        Some(words) => worded::write(engine, &values, words),
        None => templated(engine, content.template(), &values),
    }
}

/// The merge fields of a mail as they are written, each with what it stands for in this one.
pub(crate) fn fields(engine: &Engine, brand: &Brand, content: &Content, kind: MailKind) -> Vec<(String, String)> {
    let values = values(engine, brand, content);
    let field = |name: &&str| (format!("{{{name}}}"), worded::sample(&values, name));
    kind.fields().iter().map(field).collect()
}

/// What the mail's fields stand for, for its template and for the operator's words.
fn values(engine: &Engine, brand: &Brand, content: &Content) -> Value {
    let key = content.template();
    let own = context! { key, brand_name => brand.name, accent => accent(brand.hue), logo_url => brand.logo_url };
    let values = merge_maps([Value::from(Serde(content)), own]);
    match content {
        Content::Invitation { permissions, .. } => {
            let permissions: Vec<String> = permissions.iter().map(|key| label(engine, key)).collect();
            merge_maps([values, context! { permissions }])
        }
        Content::Notice(told) => merge_maps([values, context! { what => what(engine, told) }]),
        _ => values,
    }
}

/// What a notice is about, in words.
fn what(engine: &Engine, told: &Told) -> String {
    match Notice::from_key(told.notice) {
        Some(Notice::NewDevice) => view::device(engine.texts(), &told.what),
        Some(Notice::PasswordStopped) => stopped(engine, &told.what),
        _ => told.what.clone(),
    }
}

/// Which authenticator is of no use any more, where, and what to do.
fn stopped(engine: &Engine, what: &str) -> String {
    let (what, devices) = match what.strip_suffix(OF_KNOWN) {
        Some(what) => (what, "known"),
        None => (what, "strange"),
    };
    engine.text("password-stopped-mail-what", &[("what", what), ("devices", devices)])
}

fn templated(engine: &Engine, key: &str, values: &Value) -> Result<Written, Fault> {
    let part = |ending: &str| render(engine, &format!("mail/{key}{ending}"), values.clone());
    Ok(Written { subject: one_line(&part(".subject.txt")?), text: part(".txt")?, html: part(".html")? })
}

fn render(engine: &Engine, name: &str, values: Value) -> Result<String, Fault> {
    engine.render(name, values).map_err(|error| Fault::Template { template: name.to_owned(), why: error.to_string() })
}

/// One line, whatever the text holds: a line break would begin another header.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn label(engine: &Engine, key: &str) -> String {
    match Permission::from_key(key) {
        Some(permission) => engine.texts().get(&format!("permission-{}", permission.key()), &[]),
        None => key.to_owned(),
    }
}
