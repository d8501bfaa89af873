//! Page texts, by Fluent.

use std::collections::HashMap;
use std::sync::Arc;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use minijinja::value::Value;

use super::files::{Broken, Files};

/// The texts of one language.
pub(crate) struct Texts {
    bundle: FluentBundle<FluentResource>,
    /// Those that take no arguments, formatted once: a page shows hundreds of them.
    plain: HashMap<String, Arc<str>>,
}

impl Texts {
    pub(super) fn new(files: &Files) -> Result<Self, Broken> {
        let english = "en".parse().map_err(|_| Broken::new("locales", "en is no language"))?;
        let mut bundle = FluentBundle::new_concurrent(vec![english]);
        // Names are isolated by <bdi> in pages; the marks would stand in the way of whoever looks for a label.
        bundle.set_use_isolating(false);
        let mut keys = Vec::new();
        for (name, text) in files.texts()? {
            keys.extend(text.lines().filter_map(|line| line.split_once('=')).map(|(key, _)| key.trim_end().to_owned()));
            let resource = FluentResource::try_new(text).map_err(|(_, errors)| Broken::new(&name, format!("{errors:?}")))?;
            bundle.add_resource(resource).map_err(|errors| Broken::new(&name, format!("{errors:?}")))?;
        }
        let plain = keys.into_iter().filter_map(|key| format(&bundle, &key, None).ok().map(|text| (key, text.into()))).collect();
        Ok(Self { bundle, plain })
    }

    /// The text of a key. Only for keys that the code names; a missing one shows itself as the key.
    pub(crate) fn get(&self, key: &str, arguments: &[(&str, &str)]) -> String {
        let given: Vec<(&str, Value)> = arguments.iter().map(|(name, value)| (*name, Value::from(*value))).collect();
        self.shown(key, &given)
    }

    fn shown(&self, key: &str, given: &[(&str, Value)]) -> String {
        self.translate(key, given).unwrap_or_else(|error| {
            tracing::error!(key, %error, "a text is missing");
            key.to_owned()
        })
    }

    /// The text of a key with a count in it.
    pub(crate) fn count(&self, key: &str, count: i64) -> String {
        self.get_counted(key, count, &[])
    }

    /// The text of a key with a count and other things in it.
    pub(crate) fn get_counted(&self, key: &str, count: i64, arguments: &[(&str, &str)]) -> String {
        let mut given: Vec<(&str, Value)> = arguments.iter().map(|(name, value)| (*name, Value::from(*value))).collect();
        given.push(("count", Value::from(count)));
        self.shown(key, &given)
    }

    /// Whether there is a text of this key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.bundle.has_message(key)
    }

    /// The text of a key as a template takes it.
    pub(super) fn value(&self, key: &str, arguments: &[(&str, Value)]) -> Result<Value, minijinja::Error> {
        match self.plain.get(key) {
            Some(text) => Ok(Value::from(Arc::clone(text))),
            None => self.translate(key, arguments).map(Value::from),
        }
    }

    fn translate(&self, key: &str, arguments: &[(&str, Value)]) -> Result<String, minijinja::Error> {
        if let Some(text) = self.plain.get(key) {
            return Ok(text.as_ref().to_owned());
        }
        let mut given = FluentArgs::with_capacity(arguments.len());
        for (name, value) in arguments {
            given.set((*name).to_owned(), fluent(value));
        }
        format(&self.bundle, key, Some(&given))
            .map_err(|why| minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, format!("text {key}: {why}")))
    }
}

/// The text, or why there is none.
fn format(bundle: &FluentBundle<FluentResource>, key: &str, given: Option<&FluentArgs<'_>>) -> Result<String, String> {
    let pattern = bundle.get_message(key).and_then(|message| message.value()).ok_or("there is none")?;
    let mut errors = Vec::new();
    let text = bundle.format_pattern(pattern, given, &mut errors).into_owned();
    if errors.is_empty() { Ok(text) } else { Err(format!("{errors:?}")) }
}

fn fluent(value: &Value) -> FluentValue<'static> {
    match (value.as_i64(), value.as_str()) {
        (Some(number), _) if value.is_number() => FluentValue::from(number),
        (_, Some(text)) => FluentValue::from(text.to_owned()),
        _ => FluentValue::from(value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_texts_without_arguments_are_formatted_once() {
        let texts = Texts::new(&Files::locales(None).unwrap()).unwrap();
        assert!(texts.plain.contains_key("cancel") && !texts.plain.contains_key("users-invited-by"));
        assert_eq!(texts.get("cancel", &[]), "Cancel");
        assert!(texts.get("users-invited-by", &[("name", "Ada")]).contains("Ada"));
        assert!(texts.plain.values().all(|text| !text.contains("{$")), "an argument is missing in a text that takes one");
        assert!(texts.value("no-such-text", &[]).is_err());
    }
}
