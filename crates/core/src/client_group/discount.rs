use std::fmt;

use crate::db::{DbError, FromValue, ToValue, Value};

/// A discount in hundredths of a percent, from nothing to everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Discount {
    basis_points: i64,
}

impl Discount {
    /// Reads a percentage with up to two decimals, such as `12.5`; nothing typed is no discount.
    pub fn parse(typed: &str) -> Result<Self, &'static str> {
        const WRONG: &str = "error-discount-malformed";
        let typed = typed.trim().trim_end_matches('%').trim_end().replace(',', ".");
        if typed.is_empty() {
            return Ok(Self::default());
        }
        let (whole, decimals) = typed.split_once('.').unwrap_or((&typed, "0"));
        let is_number =
            |digits: &str, most: usize| (1..=most).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
        if !is_number(whole, 3) || !is_number(decimals, 2) {
            return Err(WRONG);
        }
        let hundredths = format!("{whole}{decimals:0<2}").parse().map_err(|_| WRONG)?;
        if hundredths > 10_000 { Err(WRONG) } else { Ok(Self { basis_points: hundredths }) }
    }

    /// Whether there is none.
    pub const fn is_none(self) -> bool {
        self.basis_points == 0
    }
}

impl fmt::Display for Discount {
    /// Percent with two decimals: `12.50`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.basis_points / 100, self.basis_points % 100)
    }
}

impl ToValue for Discount {
    fn to_value(&self) -> Value {
        self.basis_points.to_value()
    }
}

impl FromValue for Discount {
    fn from_value(value: Value) -> Result<Self, DbError> {
        i64::from_value(value).map(|basis_points| Self { basis_points })
    }
}

#[cfg(test)]
mod tests {
    use super::Discount;

    #[test]
    fn a_discount_is_read_as_people_write_it_and_shown_with_two_decimals() {
        for (typed, shown) in [
            ("", "0.00"),
            ("0", "0.00"),
            ("5", "5.00"),
            ("12.5", "12.50"),
            ("12,05 %", "12.05"),
            ("100", "100.00"),
            ("099.99", "99.99"),
        ] {
            assert_eq!(Discount::parse(typed).unwrap().to_string(), shown, "{typed}");
        }
    }

    #[test]
    fn what_is_no_percentage_is_refused() {
        for typed in ["-1", "100.01", "101", "1.234", "1.", ".5", "abc", "1e2", "٣", "1.2.3", "9999999999999999999"] {
            assert!(Discount::parse(typed).is_err(), "{typed}");
        }
    }
}
