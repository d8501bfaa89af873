//! Input is held to the very schema that the document shows: what is documented is what is taken.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::problem::Problem;

/// What a call brings along, in its body or its query.
pub(crate) trait Input: DeserializeOwned + ToSchema + Send + 'static {}
impl<T: DeserializeOwned + ToSchema + Send + 'static> Input for T {}

type Wrong = Vec<(Cow<'static, str>, &'static str)>;

/// A schema and those it refers to.
pub(super) struct Schema {
    root: Value,
    others: Map<String, Value>,
}

impl Schema {
    pub(super) fn of<T: ToSchema>() -> Self {
        let mut others = Vec::new();
        T::schemas(&mut others);
        let value = |schema| serde_json::to_value(schema).unwrap_or_default();
        let others = others.into_iter().map(|(name, schema)| (name, value(schema))).collect();
        Self { root: serde_json::to_value(T::schema()).unwrap_or_default(), others }
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let name = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
        name.and_then(|name| self.others.get(name)).unwrap_or(schema)
    }

    /// The type of a field: that of the query's text is not known otherwise.
    fn type_of(&self, field: &str) -> Option<&str> {
        let schema = self.resolve(self.root.get("properties")?.get(field)?);
        let kind = schema.get("type")?;
        kind.as_str().or_else(|| kind.as_array()?.iter().filter_map(Value::as_str).find(|kind| *kind != "null"))
    }

    fn check(&self, schema: &Value, value: &Value, path: &str, wrong: &mut Wrong) {
        let schema = self.resolve(schema);
        if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
            return self.check_one_of(choices, value, path, wrong);
        }
        if !has_type(schema, value) {
            return wrong.push((path.to_owned().into(), "error-type"));
        }
        if let Some(choices) = schema.get("enum").and_then(Value::as_array).filter(|_| !value.is_null())
            && !choices.contains(value)
        {
            wrong.push((path.to_owned().into(), "error-choice"));
        }
        match value {
            Value::Object(fields) => self.check_object(schema, fields, path, wrong),
            Value::Array(items) => self.check_array(schema, items, path, wrong),
            Value::String(text) if limit(schema, "maxLength").is_some_and(|most| text.chars().count() as u64 > most) => {
                wrong.push((path.to_owned().into(), "error-too-long"));
            }
            Value::Number(number) if is_out_of_range(schema, number.as_i64()) => {
                wrong.push((path.to_owned().into(), "error-out-of-range"));
            }
            _ => {}
        }
    }

    /// An optional part: nothing, or what the other schema says.
    fn check_one_of(&self, choices: &[Value], value: &Value, path: &str, wrong: &mut Wrong) {
        let is_null = |schema: &&Value| schema.get("type").and_then(Value::as_str) == Some("null");
        if value.is_null() && choices.iter().any(|schema| is_null(&schema)) {
            return;
        }
        if let Some(schema) = choices.iter().find(|schema| !is_null(schema)) {
            self.check(schema, value, path, wrong);
        }
    }

    fn check_object(&self, schema: &Value, fields: &Map<String, Value>, path: &str, wrong: &mut Wrong) {
        let none = Map::new();
        let known = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
        // A map takes any name.
        let others = schema.get("additionalProperties").filter(|others| others.is_object());
        for (name, value) in fields {
            match known.get(name).or(others) {
                Some(schema) => self.check(schema, value, &join(path, name), wrong),
                None => wrong.push((shown(&join(path, name)).into(), "error-unknown-field")),
            }
        }
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        for name in required.filter(|name| !fields.contains_key(*name)) {
            wrong.push((join(path, name).into(), "error-required"));
        }
    }

    fn check_array(&self, schema: &Value, items: &[Value], path: &str, wrong: &mut Wrong) {
        if limit(schema, "maxItems").is_some_and(|most| items.len() as u64 > most) {
            return wrong.push((path.to_owned().into(), "error-too-many-items"));
        }
        for (index, item) in items.iter().enumerate() {
            if let Some(schema) = schema.get("items") {
                self.check(schema, item, &join(path, &index.to_string()), wrong);
            }
        }
    }
}

fn limit(schema: &Value, name: &str) -> Option<u64> {
    schema.get(name)?.as_u64()
}

fn is_out_of_range(schema: &Value, number: Option<i64>) -> bool {
    let bound = |name: &str| schema.get(name).and_then(Value::as_i64);
    let Some(number) = number else { return true };
    bound("minimum").is_some_and(|least| number < least) || bound("maximum").is_some_and(|most| number > most)
}

fn has_type(schema: &Value, value: &Value) -> bool {
    let is = |kind: &str| match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    };
    match schema.get("type") {
        None => true,
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).any(is),
        Some(kind) => kind.as_str().is_some_and(is),
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// A name that the caller has made up, cut to a bounded length.
fn shown(path: &str) -> String {
    path.chars().filter(|character| !character.is_control()).take(100).collect()
}

/// Every field of a document that cannot be taken, if there is one.
pub(crate) fn refused<T: Input>(value: &Value) -> Option<Problem> {
    let schema = Schema::of::<T>();
    let mut wrong = Vec::new();
    schema.check(&schema.root, value, "", &mut wrong);
    (!wrong.is_empty()).then(|| Problem::fields(wrong))
}

/// Reads a document.
///
/// # Errors
/// 422 with every field that cannot be taken.
pub(crate) fn read<T: Input>(value: Value) -> Result<T, Problem> {
    if let Some(problem) = refused::<T>(&value) {
        return Err(problem);
    }
    serde_json::from_value(value).map_err(|_| Problem::fields(vec![(Cow::Borrowed(""), "error-type")]))
}

/// Reads a query.
///
/// # Errors
/// 422 with every parameter that cannot be taken; one that stands there twice is none.
pub(crate) fn read_query<T: Input>(query: &str) -> Result<T, Problem> {
    let schema = Schema::of::<T>();
    let malformed = || Problem::new(axum::http::StatusCode::BAD_REQUEST, "malformed", "api-error-malformed");
    let pairs: Vec<(String, String)> = serde_html_form::from_str(query).map_err(|_| malformed())?;
    let mut fields = Map::new();
    for (name, text) in pairs {
        let value = match schema.type_of(&name) {
            Some("integer") => text.parse::<i64>().map_or_else(|_| Value::String(text), Value::from),
            Some("boolean") => text.parse::<bool>().map_or_else(|_| Value::String(text), Value::from),
            _ => Value::String(text),
        };
        if let Some(_before) = fields.insert(name.clone(), value) {
            return Err(Problem::fields(vec![(shown(&name).into(), "error-too-many-items")]));
        }
    }
    read(Value::Object(fields))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize, ToSchema)]
    #[allow(dead_code, reason = "only read")]
    struct Inner {
        #[schema(max_length = 3)]
        name: String,
    }

    #[derive(Debug, Deserialize, ToSchema)]
    #[allow(dead_code, reason = "only read")]
    struct Outer {
        id: i64,
        #[schema(minimum = 1, maximum = 100)]
        limit: Option<i64>,
        on: Option<bool>,
        #[schema(max_items = 2)]
        list: Vec<Inner>,
        other: Option<Inner>,
    }

    fn wrong(value: &Value) -> Wrong {
        let schema = Schema::of::<Outer>();
        let mut wrong = Vec::new();
        schema.check(&schema.root, value, "", &mut wrong);
        wrong
    }

    fn list(pairs: &[(&'static str, &'static str)]) -> Wrong {
        pairs.iter().map(|(field, message)| (Cow::Borrowed(*field), *message)).collect()
    }

    #[test]
    fn what_the_schema_shows_is_what_is_taken() {
        assert_eq!(wrong(&json!({"id": 1, "list": [{"name": "abc"}], "limit": null, "other": null})), vec![]);
        read::<Outer>(json!({"id": 1, "list": [], "other": {"name": "x"}})).unwrap();
    }

    #[test]
    fn every_field_that_is_wrong_is_named() {
        let typed = json!({"id": "1", "limit": 101, "on": 1, "list": [{"name": "abcd"}, {}], "other": {"name": "x", "extra": 1}, "more": 1});
        let mut found = wrong(&typed);
        found.sort();
        let mut expected = list(&[
            ("id", "error-type"),
            ("limit", "error-out-of-range"),
            ("on", "error-type"),
            ("list.0.name", "error-too-long"),
            ("list.1.name", "error-required"),
            ("other.extra", "error-unknown-field"),
            ("more", "error-unknown-field"),
        ]);
        expected.sort();
        assert_eq!(found, expected);
        assert_eq!(wrong(&json!({"id": 1, "list": [{}, {}, {}]})), list(&[("list", "error-too-many-items")]));
        assert_eq!(wrong(&json!([])), list(&[("", "error-type")]));
    }
}
