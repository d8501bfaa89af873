//! What a call says: query string and body as one set of fields, read as PHP reads them.

use std::collections::BTreeMap;

use axum::body::to_bytes;
use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header::CONTENT_TYPE;
use base64::{Engine, engine::general_purpose::STANDARD};
use url::form_urlencoded;

use super::failure::Failure;
use super::php;
use crate::MAX_BODY;

/// How many fields a call may have.
const MAX_FIELDS: usize = 1_000;

/// The fields of a call. Those that nobody reads are ignored.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(BTreeMap<String, String>);

impl Params {
    /// Reads query string and body; where both have a field, the body's counts.
    pub(crate) async fn read(request: Request) -> Result<Self, Failure> {
        let query = parse(request.uri().query().unwrap_or_default().as_bytes());
        let media_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let body = if media_type.trim_start().to_ascii_lowercase().starts_with("multipart/form-data") {
            multipart(request).await?
        } else {
            // Whatever type it says: some clients send a form and name none.
            let bytes =
                to_bytes(request.into_body(), MAX_BODY).await.map_err(|error| Failure::unread(&error, Failure::too_large))?;
            parse(&bytes)
        };
        let mut all = query.0;
        all.extend(body.0);
        if all.len() > MAX_FIELDS { Err(Failure::too_large()) } else { Ok(Self(all)) }
    }

    /// The field as it was sent; empty when it was not.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }

    /// The field, also when it is blank.
    pub(crate) fn sent(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The field without surrounding space, unless it is blank.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// A number. What is none is one that nothing has.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.filled(name).map(|value| value.parse().unwrap_or(-1))
    }

    /// Yes or no, in every spelling that clients were seen to use.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.filled(name).map(is_yes)
    }

    /// The values of `name[0]`, `name[1]`, …, or the one of `name`.
    pub(crate) fn list<'a>(&'a self, name: &'a str) -> Vec<&'a str> {
        let mut numbered: Vec<(usize, &str)> =
            self.nested(name).filter_map(|(key, value)| Some((key.parse().ok()?, value))).collect();
        numbered.sort_by_key(|(number, _)| *number);
        if numbered.is_empty() {
            return self.filled(name).into_iter().collect();
        }
        numbered.into_iter().map(|(_, value)| value).collect()
    }

    /// What stands in the brackets of `name[…]`, with the values.
    pub(crate) fn nested<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(key, value)| {
            let key = key.strip_prefix(name)?.strip_prefix('[')?.strip_suffix(']')?;
            Some((key, value.as_str()))
        })
    }

    /// A PHP array of scalars, serialised and in base64; `None` when it is not one.
    pub(crate) fn php_array(&self, name: &str) -> Option<Vec<(String, String)>> {
        let Some(text) = self.filled(name) else { return Some(Vec::new()) };
        php::array(&STANDARD.decode(text).ok()?)
    }
}

/// `1`, `true`, `True`, `yes`, `on`.
pub(crate) fn is_yes(value: &str) -> bool {
    ["1", "true", "yes", "on"].iter().any(|yes| value.trim().eq_ignore_ascii_case(yes))
}

fn parse(bytes: &[u8]) -> Params {
    let mut fields = Params::default();
    for (name, value) in form_urlencoded::parse(bytes).take(MAX_FIELDS + 1) {
        fields.insert(&name, value.into_owned());
    }
    fields
}

async fn multipart(request: Request) -> Result<Params, Failure> {
    let unread = |error: MultipartError| Failure::unread(&error, Failure::malformed);
    let mut parts = Multipart::from_request(request, &()).await.map_err(|_| Failure::malformed())?;
    let mut fields = Params::default();
    while let Some(field) = parts.next_field().await.map_err(unread)? {
        let Some(name) = field.name().map(str::to_owned) else { continue };
        let bytes = field.bytes().await.map_err(unread)?;
        fields.insert(&name, String::from_utf8_lossy(&bytes).into_owned());
        if fields.0.len() > MAX_FIELDS {
            return Err(Failure::too_large());
        }
    }
    Ok(fields)
}

impl Params {
    /// As PHP does: the last of a name counts, and `name[]` is the next in a list.
    fn insert(&mut self, name: &str, value: String) {
        let name = match name.strip_suffix("[]") {
            None => name.to_owned(),
            Some(list) => format!("{list}[{}]", self.nested(list).count()),
        };
        self.0.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use proptest::prelude::*;

    use super::*;

    async fn read(query: &str, media_type: &str, body: &str) -> Params {
        let request = Request::post(format!("/includes/api.php?{query}")).header(CONTENT_TYPE, media_type);
        Params::read(request.body(Body::from(body.to_owned())).unwrap()).await.ok().unwrap()
    }

    #[tokio::test]
    async fn query_and_body_are_one_and_the_body_wins() {
        let params = read("action=GetClients&limitnum=1", "application/x-www-form-urlencoded", "limitnum=2&search=a%40b").await;
        assert_eq!((params.text("action"), params.number("limitnum"), params.text("search")), ("GetClients", Some(2), "a@b"));
    }

    #[tokio::test]
    async fn lists_and_nested_fields_are_read_as_php_reads_them() {
        let body = "r[1]=b&r%5B0%5D=a&s[]=x&s[]=y&t=alone&email_preferences[general]=1&email_preferences[invoice]=0&blank=%20";
        let params = read("", "application/x-www-form-urlencoded", body).await;
        assert_eq!((params.list("r"), params.list("s"), params.list("t")), (vec!["a", "b"], vec!["x", "y"], vec!["alone"]));
        let preferences: Vec<_> = params.nested("email_preferences").collect();
        assert_eq!(preferences, [("general", "1"), ("invoice", "0")]);
        assert_eq!((params.filled("blank"), params.sent("blank"), params.sent("no")), (None, Some(" "), None));
    }

    #[tokio::test]
    async fn yes_and_no_are_read_in_every_spelling() {
        let params = read("", "", "a=1&b=true&c=True&d=0&e=false&f=False&g=on&h=").await;
        let read = ["a", "b", "c", "d", "e", "f", "g", "h"].map(|name| params.flag(name));
        let (yes, no) = (Some(true), Some(false));
        assert_eq!(read, [yes, yes, yes, no, no, no, yes, None]);
    }

    #[tokio::test]
    async fn a_form_in_parts_is_read_too() {
        let body = "--X\r\nContent-Disposition: form-data; name=\"action\"\r\n\r\nGetUsers\r\n--X\r\nContent-Disposition: form-data; \
                    name=\"r[]\"\r\n\r\na\r\n--X--\r\n";
        let params = read("", "multipart/form-data; boundary=X", body).await;
        assert_eq!((params.text("action"), params.list("r")), ("GetUsers", vec!["a"]));
    }

    proptest! {
        #[test]
        fn no_body_is_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let params = parse(&bytes);
            let _ = (params.list("a"), params.flag("a"), params.number("a"), params.php_array("a"));
        }
    }
}
