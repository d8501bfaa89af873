//! The table: every figure with its unit, and beside it its share of the bare limit.

use std::fmt::Write;
use std::path::Path;

use anyhow::Context;

use crate::measure::{Series, Spread};

const BEGIN: &str = "<!-- figures: begin -->";
const END: &str = "<!-- figures: end -->";

/// Rows as they are found.
#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

struct Row {
    what: String,
    on: String,
    absolute: String,
    ratio: String,
}

impl Table {
    /// A bare limit.
    pub(crate) fn limit(&mut self, what: &str, on: &str, limit: &Series) {
        self.add(&format!("*{what}*"), on, rate(limit.per_second()), "the limit".to_owned());
    }

    /// Something that happens so often per second, `units` of what the limit counts each time.
    pub(crate) fn share(&mut self, what: &str, on: &str, own: &Series, limit: &Series, units: f64) {
        let Spread { median, min, max } = own.share_of(limit, units);
        let [median, min, max] = [median, min, max].map(|share| share * 100.0);
        self.add(what, on, rate(own.per_second()), format!("{median:.0} % ({min:.0}–{max:.0})"));
    }

    /// Anything else, and how it compares; the latter may be empty.
    pub(crate) fn add(&mut self, what: &str, on: &str, absolute: String, ratio: String) {
        eprintln!("  {what}: {absolute}; {ratio}");
        self.0.push(Row { what: what.to_owned(), on: on.to_owned(), absolute, ratio });
    }

    fn markdown(&self) -> String {
        let mut text = "| Figure | On | Median (min–max) | Of the bare limit |\n|---|---|--:|--:|\n".to_owned();
        for Row { what, on, absolute, ratio } in &self.0 {
            let _ = writeln!(text, "| {what} | {on} | {absolute} | {ratio} |");
        }
        text
    }
}

/// Per second.
fn rate(Spread { median, min, max }: Spread) -> String {
    format!("{} /s ({}–{})", number(median), number(min), number(max))
}

/// Three digits that matter, thousands apart.
fn number(value: f64) -> String {
    if value < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The table with what one needs to know to read it.
pub(crate) fn document(table: &Table, quick: bool) -> String {
    let command = if quick { "scripts/bench --quick" } else { "scripts/bench" };
    format!("{}, {}, {}, `{command}`\n\n{}", today(), machine(), compiler(), table.markdown())
}

fn today() -> String {
    jiff::Timestamp::now().strftime("%-d %b %Y").to_string()
}

fn machine() -> String {
    let field = |file: &str, name: &str| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.trim_start_matches([' ', '\t', ':', '=']).trim_matches('"').to_owned()
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let memory: u64 = field("/proc/meminfo", "MemTotal").trim_end_matches(" kB").parse().unwrap_or_default();
    let (processor, system) = (field("/proc/cpuinfo", "model name"), field("/etc/os-release", "PRETTY_NAME"));
    format!("{cores} × {processor}, {} GiB, {system}", memory.div_ceil(1024 * 1024))
}

fn compiler() -> String {
    let output = std::process::Command::new("rustc").arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}

/// Ratios survive a busy machine, absolute figures do not.
pub(crate) fn warn_when_busy() {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: f64 = text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or_default();
    if load > 0.5 {
        eprintln!("the machine is busy (load {load}): absolute figures will be too low");
    }
}

/// Replaces what stands between the markers.
pub(crate) fn write_between_markers(file: &Path, text: &str) -> anyhow::Result<()> {
    let name = || file.display().to_string();
    let old = std::fs::read_to_string(file).with_context(name)?;
    let new = between_markers(&old, text).with_context(|| format!("{} holds no markers", file.display()))?;
    std::fs::write(file, new).with_context(name)
}

fn between_markers(old: &str, text: &str) -> Option<String> {
    let (before, rest) = old.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{text}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_show_what_matters() {
        for (value, expected) in [(3.2, "3.2"), (99.94, "99.9"), (123.4, "123"), (12_345.6, "12,346"), (1_234_567.0, "1,234,567")]
        {
            assert_eq!(number(value), expected);
        }
    }

    #[test]
    fn only_what_stands_between_the_markers_is_replaced() {
        let old = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        assert_eq!(between_markers(&old, "new\n").unwrap(), format!("before\n{BEGIN}\nnew\n{END}\nafter\n"));
        assert_eq!(between_markers("no markers", "new"), None);
    }
}
