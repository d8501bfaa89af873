//! A mail in the operator's words: its fields filled in once, in the clothes of all mails.

use latchkey_core::clock::Timestamp;
use latchkey_core::error::Fault;
use latchkey_core::mail::{LINK, Wording, Written};
use latchkey_core::merge::{self, Piece};
use minijinja::value::{Value, ValueKind, merge_maps};
use serde::Serialize;

use super::{one_line, render};
use crate::engine::Engine;
use crate::engine::filters::{EXACT, format};

const TEMPLATE: &str = "mail/worded.html";

/// What stands in a line, in order.
type Line = Vec<Part>;

#[derive(Clone, Serialize)]
struct Part {
    text: String,
    is_link: bool,
}

/// Lines that belong together.
#[derive(Serialize)]
struct Block {
    kind: &'static str,
    lines: Vec<Line>,
}

pub(super) fn write(engine: &Engine, values: &Value, words: &Wording) -> Result<Written, Fault> {
    let subject = one_line(&filled(&words.subject, values));
    let (message, foot) = match words.message.split('\n').position(|line| line.trim_end() == "--") {
        Some(at) => (words.message.split('\n').take(at).collect(), words.message.split('\n').skip(at + 1).collect()),
        None => (words.message.split('\n').collect::<Vec<_>>(), Vec::new()),
    };
    let (paragraphs, foot) = (paragraphs(&message, values), paragraphs(&foot, values));
    let text = match (plain(&paragraphs), plain(&foot)) {
        (text, foot) if foot.is_empty() => format!("{text}\n"),
        (text, foot) => format!("{text}\n\n-- \n{foot}\n"),
    };
    let own = context! {
        subject => subject,
        button => filled(&words.button, values),
        preview => paragraphs.first().map(|lines| one_line(&plain(std::slice::from_ref(lines)))),
        blocks => paragraphs.into_iter().map(block).collect::<Vec<_>>(),
        foot => foot.concat(),
    };
    let html = render(engine, TEMPLATE, merge_maps([values.clone(), own]))?;
    Ok(Written { subject, text, html })
}

/// What a field stands for in these values, on one line.
pub(super) fn sample(values: &Value, field: &str) -> String {
    value(values, field).unwrap_or_default().join(", ")
}

/// What a field stands for: nothing, something, or several things. `None` for a name that no field has.
fn value(values: &Value, field: &str) -> Option<Vec<String>> {
    let value = values.get_attr(merge::bare(field)).ok()?;
    let texts: Vec<String> = match value.kind() {
        ValueKind::Undefined => return None,
        ValueKind::Number => {
            value.as_i64().and_then(|micros| format(Timestamp::from_micros(micros), EXACT)).into_iter().collect()
        }
        ValueKind::Seq => value.try_iter().ok()?.map(|item| item.to_string()).collect(),
        _ => vec![value.to_string()],
    };
    Some(texts.into_iter().filter(|text| !text.is_empty()).collect())
}

/// A text of one line with its fields filled in.
fn filled(text: &str, values: &Value) -> String {
    let one = |piece| match piece {
        Piece::Text(text) => text.to_owned(),
        Piece::Field(field) => value(values, field).map_or_else(|| format!("{{{field}}}"), |texts| texts.join(", ")),
    };
    merge::pieces(text).map(one).collect()
}

/// The paragraphs of these lines, filled in. A line whose fields all stand for nothing is left out, one with a field that stands for
/// several things is written once for each.
fn paragraphs(lines: &[&str], values: &Value) -> Vec<Vec<Line>> {
    let written = lines
        .split(|line| line.trim().is_empty())
        .map(|paragraph| paragraph.iter().flat_map(|line| written(line, values)).collect::<Vec<_>>());
    written.filter(|paragraph| !paragraph.is_empty()).collect()
}

fn written(line: &str, values: &Value) -> Vec<Line> {
    let parts: Vec<(Option<&str>, Vec<String>)> = merge::pieces(line)
        .map(|piece| match piece {
            Piece::Text(text) => (None, vec![text.to_owned()]),
            Piece::Field(field) => match value(values, field) {
                Some(texts) => (Some(merge::bare(field)), texts),
                None => (None, vec![format!("{{{field}}}")]),
            },
        })
        .collect();
    let mut fields = parts.iter().filter(|(field, _)| field.is_some()).peekable();
    if fields.peek().is_some() && fields.all(|(_, texts)| texts.is_empty()) {
        return Vec::new();
    }
    let times = parts.iter().map(|(_, texts)| texts.len()).max().unwrap_or_default();
    let part = |turn: usize, (field, texts): &(Option<&str>, Vec<String>)| Part {
        text: texts.get(turn).or(texts.first()).cloned().unwrap_or_default(),
        is_link: *field == Some(LINK),
    };
    (0..times).map(|turn| parts.iter().map(|one| part(turn, one)).collect()).collect()
}

fn plain(paragraphs: &[Vec<Line>]) -> String {
    let line = |line: &Line| line.iter().map(|part| part.text.as_str()).collect::<String>();
    let paragraph = |lines: &Vec<Line>| lines.iter().map(line).collect::<Vec<_>>().join("\n");
    paragraphs.iter().map(paragraph).collect::<Vec<_>>().join("\n\n")
}

/// The link alone is the mail's button, lines that begin with a dash are a list.
fn block(mut lines: Vec<Line>) -> Block {
    let is_button = |line: &Line| {
        let mut seen = line.iter().filter(|part| part.is_link || !part.text.trim().is_empty());
        seen.next().is_some_and(|part| part.is_link) && seen.next().is_none()
    };
    if matches!(lines.as_slice(), [line] if is_button(line)) {
        return Block { kind: "button", lines };
    }
    let item = |line: &Line| Some(line.first()?.text.trim_start().strip_prefix("- ")?.to_owned());
    if lines.iter().any(|line| item(line).is_none()) {
        return Block { kind: "text", lines };
    }
    for line in &mut lines {
        if let (Some(text), Some(first)) = (item(line), line.first_mut()) {
            first.text = text;
        }
    }
    Block { kind: "items", lines }
}
