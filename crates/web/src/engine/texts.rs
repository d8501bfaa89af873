//! Page texts, by Fluent.

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use minijinja::value::Value;

use super::files::{Broken, Files};

/// The texts of one language.
pub(crate) struct Texts(FluentBundle<FluentResource>);

impl Texts {
    pub(super) fn new(files: &Files) -> Result<Self, Broken> {
        let english = "en".parse().map_err(|_| Broken::new("locales", "en is no language"))?;
        let mut bundle = FluentBundle::new_concurrent(vec![english]);
        // Names are isolated by <bdi> in pages; the marks would stand in the way of whoever looks for a label.
        bundle.set_use_isolating(false);
        for (name, text) in files.texts()? {
            let resource = FluentResource::try_new(text).map_err(|(_, errors)| Broken::new(&name, format!("{errors:?}")))?;
            bundle.add_resource(resource).map_err(|errors| Broken::new(&name, format!("{errors:?}")))?;
        }
        Ok(Self(bundle))
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

    pub(super) fn translate(&self, key: &str, arguments: &[(&str, Value)]) -> Result<String, minijinja::Error> {
        let fail = |why: String| minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, format!("text {key}: {why}"));
        let pattern =
            self.0.get_message(key).and_then(|message| message.value()).ok_or_else(|| fail("there is none".to_owned()))?;
        let mut given = FluentArgs::with_capacity(arguments.len());
        for (name, value) in arguments {
            given.set((*name).to_owned(), fluent(value));
        }
        let mut errors = Vec::new();
        let text = self.0.format_pattern(pattern, Some(&given), &mut errors).into_owned();
        if errors.is_empty() { Ok(text) } else { Err(fail(format!("{errors:?}"))) }
    }
}

fn fluent(value: &Value) -> FluentValue<'static> {
    match (value.as_i64(), value.as_str()) {
        (Some(number), _) if value.is_number() => FluentValue::from(number),
        (_, Some(text)) => FluentValue::from(text.to_owned()),
        _ => FluentValue::from(value.to_string()),
    }
}
