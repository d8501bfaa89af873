//! Schemas as people read them: fields, what they take, and links to what else has a name.

use std::fmt::Write;

use serde_json::{Map, Value};

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Text with `code` in it.
pub(super) fn prose(text: &str) -> String {
    let parts = escaped(text);
    let parts = parts.split('`').enumerate();
    parts.map(|(index, part)| if index % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() }).collect()
}

pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The last part of a reference.
fn named(schema: &Value) -> Option<&str> {
    schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next())
}

/// What stands in the document by name.
pub(super) struct Schemas<'a> {
    schemas: Option<&'a Map<String, Value>>,
    parameters: Option<&'a Map<String, Value>>,
}

impl<'a> Schemas<'a> {
    pub(super) fn of(document: &'a Value) -> Self {
        let named = |part: &str| document.pointer(&format!("/components/{part}")).and_then(Value::as_object);
        Self { schemas: named("schemas"), parameters: named("parameters") }
    }

    /// All but pages, which are shown as pages of something.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.schemas.into_iter().flatten().filter(|(name, _)| !name.starts_with("Page_"))
    }

    /// The parameter that is referred to.
    pub(super) fn parameter(&self, reference: &Value) -> Option<&'a Value> {
        self.parameters?.get(named(reference)?)
    }

    /// One line that unfolds to the fields of what is sent or answered.
    pub(super) fn unfolding(&self, html: &mut String, says: &str, schema: &Value) {
        let Some(name) = named(schema) else {
            let _ = writeln!(html, "<p>{says} {}.</p>", kind(schema));
            return;
        };
        let (whole, name) = name.strip_prefix("Page_").map_or(("", name), |name| ("a page of ", name));
        let Some(schema) = self.schemas.and_then(|schemas| schemas.get(name)) else { return };
        let _ = writeln!(html, "<details class=\"schema\"><summary>{says} {whole}<code>{}</code></summary>", escaped(name));
        fields(html, schema);
        html.push_str("</details>\n");
    }
}

/// A field: its name, what it takes, and what it means.
pub(super) fn field(html: &mut String, name: &str, schema: &Value, about: &str, required: bool) {
    let must = if required { "" } else { ", optional" };
    let about = if about.is_empty() { self::about(schema) } else { about };
    let _ = writeln!(
        html,
        "<div><dt><code>{}</code> <small>{}{must}</small></dt><dd>{} {}</dd></div>",
        escaped(name),
        kind(schema),
        prose(about),
        prose(&limits(schema))
    );
}

/// What a field says of itself, or the document that it is.
fn about(schema: &Value) -> &str {
    let own = text(schema, "description");
    let choices = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    let inner = choices.map(|choice| text(choice, "description")).find(|text| !text.is_empty());
    if own.is_empty() { inner.unwrap_or_default() } else { own }
}

/// The fields of a document, or of each form that it may have.
pub(super) fn fields(html: &mut String, schema: &Value) {
    if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
        for choice in choices {
            if named(choice).is_some() {
                let _ = writeln!(html, "<p>Either {},</p>", kind(choice));
            } else {
                html.push_str("<p>or:</p>\n");
                fields(html, choice);
            }
        }
        return;
    }
    let none = Map::new();
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let known = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
    if known.is_empty() {
        html.push_str("<p>It has no fields.</p>\n");
        return;
    }
    html.push_str("<dl>\n");
    for (field, schema) in known {
        self::field(html, field, schema, "", required.contains(&field.as_str()));
    }
    html.push_str("</dl>\n");
}

/// What a schema takes, in a few words, with a link to those that have a name.
fn kind(schema: &Value) -> String {
    if let Some(name) = named(schema) {
        let name = escaped(name);
        return format!("<a href=\"#schema-{name}\">{name}</a>");
    }
    if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
        return choices.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    let kinds: Vec<&str> = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        Some(kind) => kind.as_str().into_iter().collect(),
        None => Vec::new(),
    };
    match schema.get("items") {
        Some(items) if kinds.contains(&"array") => format!("list of {}", kind(items)),
        _ => escaped(&kinds.join(" or ")),
    }
}

/// What else is refused, in words.
fn limits(schema: &Value) -> String {
    let mut said = Vec::new();
    let number = |name: &str| schema.get(name).and_then(Value::as_i64);
    if let Some(most) = number("maxLength") {
        said.push(format!("At most {most} characters."));
    }
    if let Some(most) = number("maxItems") {
        said.push(format!("At most {most} of them."));
    }
    match (number("minimum"), number("maximum")) {
        (Some(least), Some(most)) => said.push(format!("From {least} to {most}.")),
        (Some(least), None) => said.push(format!("At least {least}.")),
        _ => {}
    }
    let choices = schema.get("enum").or_else(|| schema.pointer("/items/enum")).and_then(Value::as_array);
    if let Some(choices) = choices {
        let choices: Vec<String> = choices.iter().filter_map(Value::as_str).map(|choice| format!("`{choice}`")).collect();
        said.push(format!("One of {}.", choices.join(", ")));
    }
    said.join(" ")
}
