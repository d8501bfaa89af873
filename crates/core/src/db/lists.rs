//! Lists of ids in a statement.

use super::value::{ToValue, Value};

/// Ids that one statement asks for: few sizes, so that few statements are prepared.
const SIZES: [usize; 3] = [1, 32, 256];

/// Ids for `in (…)`, as many at once as one statement asks for: their places, from `$1` on, and the arguments there. The last id of a
/// chunk is asked for again until the statement is full.
pub(crate) fn in_chunks<T: ToValue>(ids: &[T]) -> impl Iterator<Item = (String, Vec<Value>)> + '_ {
    let largest = SIZES.into_iter().max().unwrap_or(1);
    ids.chunks(largest).map(move |chunk| {
        let size = SIZES.into_iter().find(|size| *size >= chunk.len()).unwrap_or(largest);
        let places: Vec<String> = (1..=size).map(|place| format!("${place}")).collect();
        let filler = chunk.last().into_iter().cycle().take(size - chunk.len());
        (places.join(", "), chunk.iter().chain(filler).map(ToValue::to_value).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_asked_for_and_nothing_else_in_statements_of_few_sizes() {
        for (count, sizes) in [(0, vec![]), (1, vec![1]), (2, vec![32]), (32, vec![32]), (33, vec![256]), (257, vec![256, 1])] {
            let ids: Vec<i64> = (1..=count).collect();
            let chunks: Vec<(String, Vec<Value>)> = in_chunks(&ids).collect();
            assert_eq!(chunks.iter().map(|(_, arguments)| arguments.len()).collect::<Vec<_>>(), sizes, "{count}");
            assert!(chunks.iter().all(|(places, arguments)| places.split(", ").count() == arguments.len()));
            let mut asked: Vec<Value> = chunks.into_iter().flat_map(|(_, arguments)| arguments).collect();
            asked.dedup();
            assert_eq!(asked, ids.iter().map(ToValue::to_value).collect::<Vec<_>>(), "{count}");
        }
    }
}
