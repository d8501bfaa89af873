//! Lists in pages: a cursor that only this API reads, and a link to the next page.

use axum::http::header::LINK;
use axum::http::{HeaderValue, Uri};
use axum::response::{IntoResponse, Response};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use latchkey_core::error::Invalid;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answer::Answer;
use super::call::Query;
use crate::problem::Problem;

/// Things on a page when the caller does not say.
const USUAL: i64 = 25;

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// What stands on this page.
    items: Vec<T>,
    /// The path of the next page; null on the last one. It stands in the header `Link`, too.
    next: Option<String>,
}

impl<T: Serialize> Page<T> {
    /// Everything there is: the list has one page.
    pub(crate) fn whole(items: Vec<T>) -> Answer {
        Answer::ok(&Self { items, next: None })
    }
}

/// Where a page begins, and how long it is.
#[derive(Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParameters {
    /// How many on a page; 25 when not given.
    #[schema(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// Where the page begins: from the page before.
    #[schema(max_length = 200)]
    cursor: Option<String>,
}

/// Where a page begins, how long it is, and under which address the next one stands.
pub(crate) struct Paging {
    uri: Uri,
    after: Option<i64>,
    limit: i64,
}

impl Paging {
    /// Reads the parameters `limit` (held to the schema already) and `cursor`.
    ///
    /// # Errors
    /// 422 when the cursor is none of ours.
    pub(crate) fn new(uri: Uri, limit: Option<i64>, cursor: Option<&str>) -> Result<Self, Problem> {
        let after = cursor.map(read).transpose()?;
        Ok(Self { uri, after, limit: limit.unwrap_or(USUAL).clamp(1, 100) })
    }

    /// Of a list that is narrowed by nothing.
    ///
    /// # Errors
    /// See [`Paging::new`].
    pub(crate) fn of(Query { wanted, uri }: Query<PageParameters>) -> Result<Self, Problem> {
        Self::new(uri, wanted.limit, wanted.cursor.as_deref())
    }

    /// The last one of the page before.
    pub(crate) const fn after(&self) -> Option<i64> {
        self.after
    }

    /// How many to ask for: one more than stand on a page, which tells whether there is a next one.
    pub(crate) const fn fetch(&self) -> i64 {
        self.limit + 1
    }

    /// The page of what was found.
    pub(crate) fn page<R, T: Serialize>(self, found: Vec<R>, id: impl Fn(&R) -> i64, show: impl Fn(R) -> T) -> Response {
        let limit = usize::try_from(self.limit).unwrap_or(1);
        let more = found.len() > limit;
        let found: Vec<R> = found.into_iter().take(limit).collect();
        let next = found.last().filter(|_| more).map(id);
        self.cut(found.into_iter().map(show).collect(), next)
    }

    /// How many stand on a page, for lists that find out themselves where the next one begins.
    pub(crate) const fn limit(&self) -> i64 {
        self.limit
    }

    /// A page that was cut already, and after which the next one begins.
    pub(crate) fn cut<T: Serialize>(self, items: Vec<T>, next: Option<i64>) -> Response {
        let next = next.map(|after| self.link(after));
        let link = next.as_ref().and_then(|next| HeaderValue::from_str(&format!("<{next}>; rel=\"next\"")).ok());
        let mut response = Answer::ok(&Page { items, next }).into_response();
        if let Some(link) = link {
            response.headers_mut().insert(LINK, link);
        }
        response
    }

    /// The same address with another cursor.
    fn link(&self, after: i64) -> String {
        let others = self.uri.query().unwrap_or_default().split('&');
        let others = others.filter(|pair| !pair.is_empty() && pair.split('=').next() != Some("cursor"));
        let cursor = format!("cursor={}", write(after));
        let query = others.map(str::to_owned).chain([cursor]).collect::<Vec<_>>().join("&");
        format!("{}?{query}", self.uri.path())
    }
}

fn write(after: i64) -> String {
    URL_SAFE_NO_PAD.encode(format!("after {after}"))
}

fn read(cursor: &str) -> Result<i64, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let after = text.and_then(|text| text.strip_prefix("after ")?.parse().ok());
    after.ok_or_else(|| Problem::invalid(vec![Invalid::new("cursor", "error-cursor")]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        assert_eq!(read(&write(17)).unwrap(), 17);
        for other in ["", "17", "!", &URL_SAFE_NO_PAD.encode("17")] {
            assert!(read(other).is_err(), "{other}");
        }
    }

    #[test]
    fn the_next_page_keeps_what_the_list_is_narrowed_by() {
        let paging = Paging::new("/api/v1/users?query=a%20b&cursor=x&limit=2".parse().unwrap(), Some(2), None).unwrap();
        assert_eq!(paging.link(5), format!("/api/v1/users?query=a%20b&limit=2&cursor={}", write(5)));
    }
}
