use std::fmt;

use crate::db::{DbError, FromValue, Nullable, ToValue, Value};

/// A colour as `#rrggbb`, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Colour(String);

impl Colour {
    /// Reads six hexadecimal digits after a `#`.
    pub fn parse(typed: &str) -> Result<Self, &'static str> {
        let colour = typed.trim().to_ascii_lowercase();
        let digits = colour.strip_prefix('#').ok_or("error-colour-malformed")?;
        let is_colour = digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        if is_colour { Ok(Self(colour)) } else { Err("error-colour-malformed") }
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ToValue for Colour {
    fn to_value(&self) -> Value {
        self.0.to_value()
    }
}

impl Nullable for Colour {
    fn null() -> Value {
        String::null()
    }
}

impl FromValue for Colour {
    fn from_value(value: Value) -> Result<Self, DbError> {
        Self::parse(&String::from_value(value)?).map_err(|_| DbError::Invalid("colour"))
    }
}
