//! Client libraries of others, from the registries, against a running server: npm `whmcs` and `whmcs-js`, `PyPI` `whmcspy` and
//! `whmcs-api-client`, and the crate `whmcs`.

use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::Command;

use super::{PATH, Shop};
use crate::support::{TestApp, on_both_databases};

/// Runs `scripts/WITH COMMAND tests/actions/SCRIPT` with the server's address and a credential, and fails with what it prints.
async fn run(shop: &Shop, with: &str, command: &str, script: &str) {
    start(shop, with, &[command, &format!("tests/actions/{script}")]).await;
}

async fn start(shop: &Shop, with: &str, arguments: &[&str]) {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = Command::new(root.join("scripts").join(with))
        .args(arguments)
        .current_dir(&root)
        .env("WHMCS_URL", format!("http://{}{PATH}", shop.at))
        .env("WHMCS_IDENTIFIER", &shop.full.identifier)
        .env("WHMCS_SECRET", shop.full.secret.reveal())
        // As the crate names them.
        .env("WHMCS_API_IDENTIFIER", &shop.full.identifier)
        .env("WHMCS_API_SECRET", shop.full.secret.reveal())
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.trim_end().ends_with("done"), "{with} {arguments:?}: {out}{error}");
}

#[on_both_databases]
async fn the_libraries_of_node_work_as_they_are(app: TestApp) {
    let shop = Shop::open(app).await;
    run(&shop, "with-node", "node", "libraries.cjs").await;
    shop.app.expect_unsent_mails();
    shop.app.finish().await;
}

#[on_both_databases]
async fn the_libraries_of_python_work_as_they_are(app: TestApp) {
    let shop = Shop::open(app).await;
    run(&shop, "with-python", "python3", "libraries.py").await;
    shop.app.expect_unsent_mails();
    shop.app.finish().await;
}

#[on_both_databases]
async fn the_crate_of_rust_works_as_it_is(app: TestApp) {
    let shop = Shop::open(app).await;
    start(&shop, "with-whmcs-rs", &[]).await;
    shop.app.expect_unsent_mails();
    shop.app.finish().await;
}
