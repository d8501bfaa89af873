//! The one message after a change: it survives one redirect, in a cookie that the next page ends.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

/// What kind of message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mood {
    Success,
    Error,
    Info,
}

/// The message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Flash {
    pub(crate) kind: Mood,
    pub(crate) text: String,
}

/// Longest message, in bytes: a cookie holds about 4 KiB.
const MAX_BYTES: usize = 2_000;

impl Flash {
    pub(crate) fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    pub(crate) fn decode(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() <= MAX_BYTES)?;
        serde_json::from_slice(&bytes).ok()
    }
}
