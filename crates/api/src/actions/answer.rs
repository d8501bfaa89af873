//! What an action answers: one tree, written as JSON or as XML.

use std::fmt::Write;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::WHMCS_VERSION;

/// A value of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Number(i64),
    Bool(bool),
    Object(Fields),
    /// In XML the element that holds it is repeated: `clients.client[]`.
    List(Vec<Value>),
    /// A list without a name for its items in JSON; in XML each is an element of this name.
    Items(&'static str, Vec<Value>),
}

/// Names and values, in the order in which they are written.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Fields(Vec<(String, Value)>);

impl Fields {
    /// The same with one more.
    #[must_use]
    pub(crate) fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.push((name.into(), value.into()));
        self
    }

    /// All of both.
    #[must_use]
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }
}

/// Fields in the order in which they are written: `fields! { "clientid" => 1, "status" => "Active" }`.
macro_rules! fields {
    ($($name:literal => $value:expr),* $(,)?) => {
        $crate::actions::answer::Fields::default()$(.with($name, $value))*
    };
}
pub(crate) use fields;

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::Bool(yes)
    }
}

impl From<Fields> for Value {
    fn from(fields: Fields) -> Self {
        Self::Object(fields)
    }
}

impl From<Vec<Value>> for Value {
    fn from(values: Vec<Value>) -> Self {
        Self::List(values)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Bool(yes) => serializer.serialize_bool(*yes),
            Self::Object(fields) => fields.serialize(serializer),
            Self::List(values) | Self::Items(_, values) => values.serialize(serializer),
        }
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Xml,
}

impl Format {
    /// XML where it is asked for, JSON otherwise: the third form of old, `key=value;`, is not spoken here.
    pub(crate) fn of(responsetype: &str) -> Self {
        if responsetype.trim().eq_ignore_ascii_case("xml") { Self::Xml } else { Self::Json }
    }

    /// The whole answer.
    pub(crate) fn write(self, status: StatusCode, action: &str, fields: &Fields, retry_after: Option<u64>) -> Response {
        let (kind, text) = match self {
            Self::Json => ("application/json", serde_json::to_string(fields).unwrap_or_default()),
            Self::Xml => ("application/xml; charset=utf-8", document(action, fields)),
        };
        let mut response = (status, text).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

fn document(action: &str, fields: &Fields) -> String {
    let mut text = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<whmcsapi version=\"{WHMCS_VERSION}\">\n");
    element(&mut text, "action", &Value::Text(action.to_owned()));
    for (name, value) in &fields.0 {
        element(&mut text, name, value);
    }
    text.push_str("</whmcsapi>\n");
    text
}

fn element(text: &mut String, name: &str, value: &Value) {
    if let Value::List(values) = value {
        return values.iter().for_each(|value| element(text, name, value));
    }
    let _ = write!(text, "<{name}>");
    match value {
        Value::Text(content) => escape(text, content),
        Value::Number(number) => text.push_str(&number.to_string()),
        Value::Bool(yes) => text.push_str(if *yes { "true" } else { "false" }),
        Value::List(_) => {}
        Value::Object(fields) => fields.0.iter().for_each(|(name, value)| element(text, name, value)),
        Value::Items(item, values) => values.iter().for_each(|value| element(text, item, value)),
    }
    let _ = writeln!(text, "</{name}>");
}

/// What XML 1.0 can hold; characters that it cannot are left out.
fn escape(text: &mut String, content: &str) {
    for character in content.chars() {
        match character {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\r' => text.push_str("&#13;"),
            '\t' | '\n' => text.push(character),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            _ => text.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_begins_with_the_action_and_holds_nothing_that_ends_an_element() {
        let fields = fields! {
            "result" => "success",
            "clients" => fields! { "client" => vec![Value::from(fields! { "id" => 1 }), Value::from(fields! { "id" => 2 })] },
            "users" => Value::Items("user", vec![Value::from(fields! { "name" => "</name>&\"\u{1}<x>" })]),
            "none" => Value::List(Vec::new()),
            "empty" => "",
        };
        assert_eq!(
            document("getclients", &fields).replace('\n', ""),
            format!(
                "<?xml version=\"1.0\" encoding=\"utf-8\"?><whmcsapi version=\"{WHMCS_VERSION}\"><action>getclients</action>\
                 <result>success</result><clients><client><id>1</id></client><client><id>2</id></client></clients>\
                 <users><user><name>&lt;/name&gt;&amp;&quot;&lt;x&gt;</name></user></users><empty></empty></whmcsapi>"
            )
        );
    }

    #[test]
    fn json_keeps_the_order_and_numbers_are_numbers() {
        let fields = fields! { "result" => "success", "clientid" => 7, "a" => true, "list" => Value::Items("x", Vec::new()) };
        assert_eq!(serde_json::to_string(&fields).unwrap(), r#"{"result":"success","clientid":7,"a":true,"list":[]}"#);
    }
}
