//! Pages by number, for doors whose protocol counts rows. Whatever is ours goes by keyset instead.

/// Most rows of one page.
pub const MAX_ROWS: i64 = 1_000;

/// Which rows of an ordered list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    offset: i64,
    limit: i64,
    descending: bool,
}

impl Slice {
    /// Rows after the first `offset`, at most `limit`, never more than [`MAX_ROWS`].
    pub fn new(offset: i64, limit: i64, descending: bool) -> Self {
        Self { offset: offset.max(0), limit: limit.clamp(0, MAX_ROWS), descending }
    }

    /// How many rows come before the first.
    pub const fn offset(self) -> i64 {
        self.offset
    }

    /// How many rows there are at most.
    pub const fn limit(self) -> i64 {
        self.limit
    }

    /// `desc` or nothing.
    pub(crate) const fn direction(self) -> &'static str {
        if self.descending { "desc" } else { "asc" }
    }
}

/// Some rows of a list, and how many there are in all.
#[derive(Clone, Debug)]
pub struct Part<T> {
    /// How many rows the whole list has.
    pub total: i64,
    /// The rows that were asked for.
    pub rows: Vec<T>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_is_bounded_whatever_is_asked_for() {
        let slice = Slice::new(-5, i64::MAX, true);
        assert_eq!((slice.offset(), slice.limit(), slice.direction()), (0, MAX_ROWS, "desc"));
        assert_eq!(Slice::new(3, -1, false).limit(), 0);
    }
}
