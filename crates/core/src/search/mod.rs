//! Search as you type: normalised words in one table, found by prefix.
//!
//! The same answer and the same speed on both databases: a B-tree range per word, and the words
//! of the query must all be found.

use crate::app::{Snapshot, Tx};
use crate::db::{Row, ToValue, Value};
use crate::error::Fault;
use crate::params;
use crate::text::folded;

/// What can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    User,
    Account,
}

impl Kind {
    const fn key(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Account => "account",
        }
    }
}

/// Words of one thing that are kept.
const MAX_TERMS: usize = 32;
/// Characters of one word that are kept.
const MAX_CHARACTERS: usize = 64;
/// Words of one query that count.
const MAX_QUERY_WORDS: usize = 6;

/// Replaces the words under which a thing is found.
pub(crate) fn index(tx: &Tx<'_>, kind: Kind, id: i64, texts: &[&str]) -> Result<(), Fault> {
    forget(tx, kind, id)?;
    let mut terms: Vec<String> = texts.iter().flat_map(|text| words(text)).chain([id.to_string()]).collect();
    terms.sort_unstable();
    terms.dedup();
    for term in terms.into_iter().take(MAX_TERMS) {
        tx.execute("insert into search_terms (term, kind, id) values ($1, $2, $3)", params![term, kind.key(), id])?;
    }
    Ok(())
}

/// A thing is gone and is no longer found.
pub(crate) fn forget(tx: &Tx<'_>, kind: Kind, id: i64) -> Result<(), Fault> {
    tx.execute("delete from search_terms where kind = $1 and id = $2", params![kind.key(), id])?;
    Ok(())
}

/// The words of a text as they are kept: whole (an address, a hyphenated name), the domain of an address, and in parts.
fn words(text: &str) -> Vec<String> {
    let folded = folded(text);
    let whole = folded.split_whitespace();
    let parts = folded.split(|character: char| !character.is_alphanumeric());
    let domains = folded.split_whitespace().filter_map(|word| word.rsplit_once('@')).map(|(_, domain)| domain);
    whole.chain(domains).chain(parts).filter(|word| !word.is_empty()).map(cut).collect()
}

fn cut(word: &str) -> String {
    word.chars().take(MAX_CHARACTERS).collect()
}

/// Like [`condition`], but an address that something has in full finds what has it and nothing longer: who looks for
/// `ada@example.net` does not mean `ada@example.network`.
pub(crate) fn found(
    snapshot: &Snapshot<'_>,
    kind: Kind,
    column: &str,
    query: &str,
    arguments: &mut Vec<Value>,
) -> Result<Option<String>, Fault> {
    let word = cut(folded(query).trim());
    if word.contains('@') && !word.contains(char::is_whitespace) {
        let sql = "select 1 from search_terms where kind = $1 and term = $2 limit 1";
        if snapshot.optional(sql, params![kind.key(), word], Row::take::<i64>)?.is_some() {
            arguments.extend([kind.key().to_value(), word.to_value()]);
            let last = arguments.len();
            let terms = format!("select id from search_terms where kind = ${} and term = ${last}", last - 1);
            return Ok(Some(format!("{column} in ({terms})")));
        }
    }
    Ok(condition(kind, column, query, arguments))
}

/// A condition on `column` that holds for what the query finds, its arguments appended; `None` when
/// the query has no words and so finds everything.
pub(crate) fn condition(kind: Kind, column: &str, query: &str, arguments: &mut Vec<Value>) -> Option<String> {
    let folded = folded(query);
    let clauses: Vec<String> = folded
        .split_whitespace()
        .take(MAX_QUERY_WORDS)
        .map(|word| {
            let word = cut(word);
            arguments.push(kind.key().to_value());
            arguments.push(word.to_value());
            arguments.push(format!("{word}\u{10ffff}").to_value());
            let last = arguments.len();
            format!(
                "{column} in (select id from search_terms where kind = ${} and term >= ${} and term < ${last})",
                last - 2,
                last - 1
            )
        })
        .collect();
    if clauses.is_empty() { None } else { Some(clauses.join(" and ")) }
}
