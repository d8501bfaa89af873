//! What can go wrong between an operation and its database.

use super::Value;

/// A failure of the database, in words that are the same for both of them.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// A unique index refused the row. The name is `table_column_column`, as migrations name them.
    #[error("the unique index {0} refused a row")]
    Unique(String),
    /// A foreign key refused the change.
    #[error("a foreign key refused a row")]
    ForeignKey,
    /// A column held something else than the code expects: a defect or a damaged database.
    #[error("expected {expected} in a column, found {found}")]
    Column {
        /// What the code wanted to read.
        expected: &'static str,
        /// What the row held, without its content.
        found: &'static str,
    },
    /// Text in a column that is not a value of its type: a defect or a damaged database.
    #[error("a column holds no valid {0}")]
    Invalid(&'static str),
    /// A statement selects fewer columns than the code reads.
    #[error("a row has fewer columns than are read from it")]
    TooFewColumns,
    /// No row where the schema promises one.
    #[error("a row that must exist is missing")]
    NoRow,
    /// The database is of a newer Latchkey, or its migrations are damaged.
    #[error("{0}")]
    Schema(String),
    /// The database cannot be reached or opened.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// Anything else the driver says.
    #[error("the database says: {0}")]
    Driver(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl DbError {
    pub(super) fn column(expected: &'static str, found: &Value) -> Self {
        let found = match found {
            Value::Int(Some(_)) => "a number",
            Value::Text(Some(_)) => "text",
            Value::Bytes(Some(_)) => "bytes",
            _ => "null",
        };
        Self::Column { expected, found }
    }

    /// Whether the unique index of this name refused the row.
    pub fn is_unique(&self, index: &str) -> bool {
        matches!(self, Self::Unique(name) if name == index)
    }
}
