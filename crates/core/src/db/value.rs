//! What goes into a statement and what comes out of a row.
//!
//! Three storage types are enough for both databases: whole numbers, text and bytes. An argument
//! knows its type even when it is null, since PostgreSQL cannot infer the type of `$3 is null`.

use super::DbError;

/// One argument of a statement or one column of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `bigint`, or null.
    Int(Option<i64>),
    /// `text`, or null.
    Text(Option<String>),
    /// `bytea`, or null.
    Bytes(Option<Vec<u8>>),
}

/// A type that can be an argument of a statement.
pub trait ToValue {
    /// The value as the database takes it.
    fn to_value(&self) -> Value;
}

/// A type that can be read from a column.
pub trait FromValue: Sized {
    /// Reads the column, or says why it cannot be this type.
    fn from_value(value: Value) -> Result<Self, DbError>;
}

impl ToValue for i64 {
    fn to_value(&self) -> Value {
        Value::Int(Some(*self))
    }
}

impl ToValue for str {
    fn to_value(&self) -> Value {
        Value::Text(Some(self.to_owned()))
    }
}

impl ToValue for String {
    fn to_value(&self) -> Value {
        Value::Text(Some(self.clone()))
    }
}

impl ToValue for [u8] {
    fn to_value(&self) -> Value {
        Value::Bytes(Some(self.to_vec()))
    }
}

impl ToValue for Vec<u8> {
    fn to_value(&self) -> Value {
        Value::Bytes(Some(self.clone()))
    }
}

impl<T: ToValue + ?Sized> ToValue for &T {
    fn to_value(&self) -> Value {
        (**self).to_value()
    }
}

/// A type whose null has a storage type.
pub trait Nullable {
    /// The null of this type.
    fn null() -> Value;
}

impl Nullable for i64 {
    fn null() -> Value {
        Value::Int(None)
    }
}

impl Nullable for String {
    fn null() -> Value {
        Value::Text(None)
    }
}

impl Nullable for str {
    fn null() -> Value {
        Value::Text(None)
    }
}

impl<T: Nullable + ?Sized> Nullable for &T {
    fn null() -> Value {
        T::null()
    }
}

impl Nullable for [u8] {
    fn null() -> Value {
        Value::Bytes(None)
    }
}

impl Nullable for Vec<u8> {
    fn null() -> Value {
        Value::Bytes(None)
    }
}

impl<T: ToValue + Nullable> ToValue for Option<T> {
    fn to_value(&self) -> Value {
        self.as_ref().map_or_else(T::null, ToValue::to_value)
    }
}

/// Whatever stands there.
impl FromValue for Value {
    fn from_value(value: Value) -> Result<Self, DbError> {
        Ok(value)
    }
}

impl FromValue for i64 {
    fn from_value(value: Value) -> Result<Self, DbError> {
        match value {
            Value::Int(Some(number)) => Ok(number),
            other => Err(DbError::column("a number", &other)),
        }
    }
}

impl FromValue for bool {
    fn from_value(value: Value) -> Result<Self, DbError> {
        i64::from_value(value).map(|number| number != 0)
    }
}

impl FromValue for String {
    fn from_value(value: Value) -> Result<Self, DbError> {
        match value {
            Value::Text(Some(text)) => Ok(text),
            other => Err(DbError::column("text", &other)),
        }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: Value) -> Result<Self, DbError> {
        match value {
            Value::Bytes(Some(bytes)) => Ok(bytes),
            other => Err(DbError::column("bytes", &other)),
        }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Result<Self, DbError> {
        match value {
            Value::Int(None) | Value::Text(None) | Value::Bytes(None) => Ok(None),
            present => T::from_value(present).map(Some),
        }
    }
}

/// One row, read from left to right in the order of the `select` list.
#[derive(Debug)]
pub struct Row {
    columns: std::vec::IntoIter<Value>,
}

impl Row {
    pub(super) fn new(columns: Vec<Value>) -> Self {
        Self { columns: columns.into_iter() }
    }

    /// The next column.
    pub fn take<T: FromValue>(&mut self) -> Result<T, DbError> {
        let value = self.columns.next().ok_or(DbError::TooFewColumns)?;
        T::from_value(value)
    }
}

/// The rows of an `insert` of many: `($1, $2), ($3, $4)` for two rows of two columns.
pub(crate) fn value_rows(rows: usize, columns: usize) -> String {
    let row = |row: usize| {
        let numbers = (1..=columns).map(|column| format!("${}", row * columns + column));
        format!("({})", numbers.collect::<Vec<_>>().join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// Lists the arguments of a statement: `params![account, email.key()]`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$($crate::db::ToValue::to_value(&$value)),*]
    };
}
