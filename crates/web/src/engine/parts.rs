//! Small parts that a page shows hundreds of times. As macros they were two thirds of the time that a large page took;
//! `components/ui.html` gives them their names, and an operator's `ui.html` can replace them by macros of its own.

use std::sync::Arc;

use latchkey_core::clock::{Clock, Timestamp};
use minijinja::value::Value;
use minijinja::{Environment, Error};

use super::escape;
use super::files::Files;
use super::filters::{EXACT, ago, written};

pub(super) fn add(environment: &mut Environment<'static>, assets: &Arc<Files>, clock: Clock) {
    let assets = Arc::clone(assets);
    environment.add_function("part_icon", move |name: &str| icon(&assets, name));
    environment.add_function("part_time", move |micros: i64| time(micros, &ago(Timestamp::from_micros(micros), clock.now())));
    environment.add_function("part_day", |micros: i64| time(micros, &written(micros, "%-d %b %Y")?));
    environment.add_function("part_rich", |text: &str, names: Vec<Value>| rich(text, &names));
}

fn icon(assets: &Files, name: &str) -> Result<Value, Error> {
    let url = assets.url("icons.svg")?;
    let mut html = String::from(r#"<svg class="icon" aria-hidden="true" focusable="false" width="20" height="20"><use href=""#);
    html.push_str(url.as_str().unwrap_or_default());
    html.push('#');
    escape(name, |part| html.push_str(part));
    html.push_str(r#""></use></svg>"#);
    Ok(Value::from_safe_string(html))
}

/// A moment: shown as `words`, exact in the tooltip and in `datetime`.
fn time(micros: i64, words: &str) -> Result<Value, Error> {
    let (iso, exact) = (written(micros, "%Y-%m-%dT%H:%M:%SZ")?, written(micros, EXACT)?);
    Ok(Value::from_safe_string(format!(r#"<time datetime="{iso}" title="{exact}">{words}</time>"#)))
}

/// A text with the slots ⁅1⁆, ⁅2⁆ … filled with names, each isolated, whatever its script. A slot that stands in a name is
/// text like any other.
fn rich(text: &str, names: &[Value]) -> Value {
    let mut html = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('⁅') {
        escape(before, |part| html.push_str(part));
        let slot = after.split_once('⁆').and_then(|(number, after)| {
            let name = names.get(number.parse::<usize>().ok()?.checked_sub(1)?)?;
            Some((name, after))
        });
        if let Some((name, after)) = slot {
            html.push_str("<bdi>");
            escape(&name.to_string(), |part| html.push_str(part));
            html.push_str("</bdi>");
            rest = after;
        } else {
            html.push('⁅');
            rest = after;
        }
    }
    escape(rest, |part| html.push_str(part));
    Value::from_safe_string(html)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_a_text_are_isolated_and_escaped_once() {
        let names = [Value::from("<b>⁅2⁆"), Value::from("Ada & Co")];
        assert_eq!(
            rich("⁅2⁆ > ⁅1⁆, ⁅3⁆ ⁅", &names).as_str(),
            Some("<bdi>Ada &amp; Co</bdi> &gt; <bdi>&lt;b&gt;⁅2⁆</bdi>, ⁅3⁆ ⁅")
        );
    }
}
