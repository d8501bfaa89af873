//! One call: who asks for which action, with which fields.

use std::sync::Arc;

use latchkey_core::access::{ApiCall, ApiRight};
use latchkey_core::api_credential::Caller;
use latchkey_core::app::{Request, Snapshot, Tx};
use latchkey_core::paging::{Part, Slice};

use super::answer::{Fields, fields};
use super::failure::Failure;
use super::params::Params;
use crate::state::Api;

/// Rows of a page when nobody says how many.
const ROWS: i64 = 25;

/// A machine's call that was recognised.
pub(super) struct Call {
    pub(super) api: Api,
    pub(super) request: Request,
    pub(super) caller: Caller,
    pub(super) right: ApiRight,
    pub(super) params: Arc<Params>,
}

impl Call {
    pub(super) fn new(api: &Api, request: &Request, caller: Caller, right: ApiRight, params: Params) -> Self {
        Self { api: api.clone(), request: request.clone(), caller, right, params: Arc::new(params) }
    }

    /// Runs `work` in a read-only snapshot, with the call and its fields.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Snapshot<'_>, ApiCall, &Params) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let (call, params) = (self.caller.using(self.right)?, Arc::clone(&self.params));
        self.api.app().read(move |snapshot| work(snapshot, call, &params)).await
    }

    /// Runs `work` in a transaction, with the call and its fields.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&Tx<'_>, ApiCall, &Params) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let (call, params) = (self.caller.using(self.right)?, Arc::clone(&self.params));
        self.api.app().write(&self.request, move |tx| work(tx, call, &params)).await
    }

    /// Whether the credential sees one account only.
    pub(super) fn is_bound(&self) -> bool {
        self.caller.account().is_some()
    }
}

/// `limitstart`, `limitnum` and `sorting`.
pub(super) fn slice(params: &Params) -> Slice {
    let descending = params.text("sorting").trim().eq_ignore_ascii_case("desc");
    Slice::new(params.number("limitstart").unwrap_or(0), params.number("limitnum").unwrap_or(ROWS), descending)
}

/// What every list says of itself.
pub(super) fn counted<T>(part: &Part<T>, slice: Slice) -> Fields {
    let returned = i64::try_from(part.rows.len()).unwrap_or(i64::MAX);
    fields! { "totalresults" => part.total, "startnumber" => slice.offset(), "numreturned" => returned }
}
