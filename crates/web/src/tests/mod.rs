//! What holds for all templates, texts and handlers at once.

mod faults;
mod fuzz;
mod templates;
mod texts;
mod worded;

use latchkey_core::clock::Clock;
use latchkey_core::testing::START;

use crate::engine::Engine;

fn engine() -> Engine {
    Engine::new(None, Clock::set(START)).unwrap()
}

/// A folder of the workspace.
fn folder(path: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// Every file below a folder, by its path.
fn files(path: &std::path::Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            found.push((path.display().to_string(), text));
        }
    }
    found
}
