//! What the code itself must not hold, whatever it does: looked for in its text.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find(|folder| folder.join("Cargo.lock").exists()).unwrap().to_owned()
}

/// The source of what is served, without tests: each file's path from the root, and its text up to its tests.
fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = root();
    let mut files = Vec::new();
    for one in std::fs::read_dir(root.join("crates")).unwrap().map(Result::unwrap) {
        let source = one.path().join("src");
        if source.exists() {
            walk(&source, &mut files);
        }
    }
    let of_tests = |path: &str| path.contains("/tests") || path.ends_with("/testing.rs");
    let named = files.into_iter().map(|path| (path.strip_prefix(&root).unwrap().to_string_lossy().into_owned(), path));
    named
        .filter(|(name, _)| !of_tests(name))
        .map(|(name, path)| {
            let text = std::fs::read_to_string(path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
            (name, code)
        })
        .collect()
}

/// The files in which one of these words stands outside of comments.
fn holding(words: &[&str]) -> Vec<String> {
    let holds = |text: &str| {
        let mut code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        code.any(|line| words.iter().any(|word| line.contains(word)))
    };
    let mut found: Vec<String> = sources().into_iter().filter(|(_, text)| holds(text)).map(|(name, _)| name).collect();
    found.sort();
    found
}

/// The machine's own ticket opens everything: only what no visitor reaches makes one.
#[test]
fn no_page_and_no_call_makes_the_ticket_of_the_machine() {
    let made = holding(&["System::named("]);
    assert!(made.contains(&"crates/server/src/commands.rs".to_owned()), "it is called that: {made:?}");
    let doors = ["crates/web/", "crates/api/", "crates/http/", "crates/oidc/", "crates/core/"];
    let behind: Vec<&String> = made.iter().filter(|name| doors.iter().any(|door| name.starts_with(door))).collect();
    assert!(behind.is_empty(), "{behind:?}");
}

/// A template is a file, built in or the operator's, read before the first page is served. Nothing else is ever made one.
#[test]
fn v1_3_7_no_template_is_made_of_anything_but_files() {
    let makers =
        ["add_template", "template_from", "render_str", "render_named_str", "set_loader", "set_source", "compile_expression"];
    assert_eq!(holding(&makers), ["crates/web/src/engine/mod.rs"]);
    let (_, engine) = sources().into_iter().find(|(name, _)| name == "crates/web/src/engine/mod.rs").unwrap();
    let made: Vec<&str> = engine.lines().filter(|line| makers.iter().any(|maker| line.contains(maker))).collect();
    assert_eq!(made.len(), 1, "{made:?}");
    assert!(engine.contains("let templates = Files::templates(overrides)?;\n        for (name, text) in templates.texts()? {"));
}

/// Who opens a connection, and to where: the database, the mail server, the resolver, webhooks – and those to where `reach` allows.
#[test]
fn v13_2_4_and_v13_2_5_connections_are_opened_in_listed_places_only() {
    let openers = [
        "TcpStream::connect",
        "UdpSocket",
        "TcpSocket",
        "UnixStream",
        "AsyncSmtpConnection::connect",
        "connect_tokio",
        "Resolver::",
    ];
    let known = ["crates/delivery/src/courier.rs", "crates/delivery/src/dialogue.rs", "crates/delivery/src/hostname.rs"];
    for place in holding(&openers) {
        assert!(known.contains(&place.as_str()), "{place} opens connections");
    }
    let (_, courier) = sources().into_iter().find(|(name, _)| name == "crates/delivery/src/courier.rs").unwrap();
    assert!(courier.contains("reach::"), "webhooks go where they may only");
    // No program is started, and no client that follows what it is told is part of it.
    assert_eq!(holding(&["Command::new"]), Vec::<String>::new());
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    for client in ["reqwest", "ureq", "curl", "isahc", "surf"] {
        assert!(!lock.contains(&format!("name = \"{client}\"\n")), "{client}");
    }
}

/// The ticket of the machine itself opens everything. No page and no door for machines makes it: only the command line and what
/// starts the server, the demo, and the workers.
#[test]
fn the_ticket_of_the_machine_is_made_in_listed_places_only() {
    let known = [
        "crates/delivery/src/worker.rs",
        "crates/server/src/audit.rs",
        "crates/server/src/commands.rs",
        "crates/server/src/demo/deeds.rs",
        "crates/server/src/demo/past.rs",
        "crates/server/src/open.rs",
        "crates/server/src/serve.rs",
    ];
    let makers: Vec<String> = holding(&["System::named("]).into_iter().filter(|file| !file.ends_with("/tests.rs")).collect();
    assert_eq!(makers, known);
}

/// Every package that is built in is listed with its version and checksum, and all come from the one registry.
#[test]
fn v15_1_2_every_dependency_is_listed_with_its_checksum_and_comes_from_one_registry() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let mut sources = Vec::new();
    let mut own = Vec::new();
    for package in lock.split("[[package]]\n").skip(1) {
        let field = |name: &str| package.lines().find_map(|line| line.strip_prefix(&format!("{name} = \"")));
        let name = field("name").unwrap().trim_end_matches('"');
        assert!(field("version").is_some(), "{name}");
        match field("source") {
            None => own.push(name.to_owned()),
            Some(source) => {
                assert!(source.starts_with("registry+"), "{name} comes from {source}");
                assert!(field("checksum").is_some_and(|sum| sum.trim_end_matches('"').len() == 64), "{name}");
                sources.push(source.to_owned());
            }
        }
    }
    sources.sort();
    sources.dedup();
    assert_eq!(sources.len(), 1, "{sources:?}");
    assert!(own.iter().all(|name| name.starts_with("latchkey")), "{own:?}");
}
