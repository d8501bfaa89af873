//! What turns contexts into pages and mails: templates, texts, and the files behind them.

mod files;
pub(crate) mod filters;
mod parts;
mod texts;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use minijinja::value::{Kwargs, Value};
use minijinja::{AutoEscape, Environment, Error, Output, State, UndefinedBehavior};

pub use files::Broken;

pub(crate) use files::Asset;
pub(crate) use texts::Texts;

use files::Files;
use latchkey_core::clock::Clock;

/// Templates, texts and assets: those built in, with single files overridden by the operator.
pub struct Engine {
    environment: Environment<'static>,
    texts: Arc<Texts>,
    assets: Arc<Files>,
    /// The names of templates that are the operator's.
    overridden: BTreeSet<String>,
}

impl Engine {
    /// Reads everything once. A template or text that cannot be read stops the start, not a page.
    pub fn new(overrides: Option<&Path>, clock: Clock) -> Result<Self, Broken> {
        let texts = Arc::new(Texts::new(&Files::locales(overrides)?)?);
        let assets = Arc::new(Files::assets(overrides)?);
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|name| match name.rsplit_once('.') {
            Some((_, "txt")) => AutoEscape::None,
            _ => AutoEscape::Html,
        });
        environment.set_formatter(format_value);
        filters::add(&mut environment, clock.clone());
        parts::add(&mut environment, &assets, clock);
        add_functions(&mut environment, &texts, &assets);
        let templates = Files::templates(overrides)?;
        for (name, text) in templates.texts()? {
            environment.add_template_owned(name.clone(), text).map_err(|error| Broken::new(&name, format!("{error:#}")))?;
        }
        Ok(Self { environment, texts, assets, overridden: templates.own() })
    }

    /// Renders a template.
    pub(crate) fn render(&self, template: &str, context: Value) -> Result<String, Broken> {
        let rendered = self.environment.get_template(template).and_then(|found| found.render(context));
        rendered.map_err(|error| Broken::new(template, format!("{error:#}")))
    }

    /// Whether a template is the operator's.
    pub(crate) fn is_overridden(&self, template: &str) -> bool {
        self.overridden.contains(template)
    }

    /// The names of all templates.
    #[cfg(test)]
    pub(crate) fn templates(&self) -> Vec<String> {
        self.environment.templates().map(|(name, _)| name.to_owned()).collect()
    }

    /// The text of a key, for the other doors.
    pub fn text(&self, key: &str, arguments: &[(&str, &str)]) -> String {
        self.texts.get(key, arguments)
    }

    /// The texts.
    pub(crate) fn texts(&self) -> &Texts {
        &self.texts
    }

    /// The asset of this path.
    pub(crate) fn asset(&self, path: &str) -> Option<Asset<'_>> {
        self.assets.asset(path)
    }
}

/// Escapes what could end a text or an attribute, and leaves `/` alone: pages and mails stay readable as source, and programs
/// that look for links in mails find them.
fn format_value(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let text = value.as_str().filter(|_| matches!(state.auto_escape(), AutoEscape::Html) && !value.is_safe());
    let Some(text) = text else { return minijinja::escape_formatter(out, state, value) };
    let mut written = Ok(());
    escape(text, |part| {
        if written.is_ok() {
            written = out.write_str(part);
        }
    });
    Ok(written?)
}

/// Gives the text in pieces, with what could end a text or an attribute replaced.
fn escape(text: &str, mut write: impl FnMut(&str)) {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
        let (plain, special) = rest.split_at(at);
        write(plain);
        let mut characters = special.chars();
        write(match characters.next() {
            Some('&') => "&amp;",
            Some('<') => "&lt;",
            Some('>') => "&gt;",
            Some('"') => "&quot;",
            _ => "&#39;",
        });
        rest = characters.as_str();
    }
    write(rest);
}

fn add_functions(environment: &mut Environment<'static>, texts: &Arc<Texts>, assets: &Arc<Files>) {
    let texts = Arc::clone(texts);
    environment.add_function("t", move |key: &str, arguments: Kwargs| -> Result<Value, minijinja::Error> {
        let mut given = Vec::new();
        for name in arguments.args() {
            given.push((name, arguments.get::<Value>(name)?));
        }
        texts.value(key, &given)
    });
    let assets = Arc::clone(assets);
    environment.add_function("asset", move |path: &str| assets.url(path));
}
