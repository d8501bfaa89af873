//! Reviewed text files. `UPDATE_SNAPSHOTS=1` writes them anew; what changed is then read like code.

use std::path::PathBuf;

#[allow(clippy::disallowed_methods, reason = "whoever runs the tests says whether to write snapshots anew")]
fn writes_anew() -> bool {
    std::env::var("UPDATE_SNAPSHOTS").is_ok_and(|value| value == "1")
}

/// Fails unless the text is the reviewed one.
pub(crate) fn assert_reviewed(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/snapshots").join(name);
    if writes_anew() {
        std::fs::write(&path, text).unwrap();
        return;
    }
    let reviewed = std::fs::read_to_string(&path).unwrap_or_default();
    let new = text.lines().filter(|line| !reviewed.lines().any(|known| known == *line)).map(|line| format!("+ {line}"));
    let old = reviewed.lines().filter(|line| !text.lines().any(|known| known == *line)).map(|line| format!("- {line}"));
    let lines: Vec<String> = new.chain(old).collect();
    assert!(
        reviewed == text,
        "{name} is not what was reviewed; if it is right, run with UPDATE_SNAPSHOTS=1 and review:\n{}",
        lines.join("\n")
    );
}
