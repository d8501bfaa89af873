//! Clients that nobody here wrote: schemathesis, which makes calls of the document and compares the answers with it, and what
//! README.md tells integrators to write.

use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;

use latchkey_core::access::ApiRight;
use tokio::process::Command;
use tokio::time::timeout;

use super::{Rest, credential_with};
use crate::support::TestApp;
use crate::support::binary::Folder;
use crate::support::tables::number;

/// How long a client may take. Long, since a busy machine is no failure.
const PATIENCE: Duration = Duration::from_mins(5);

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

async fn run(rest: &Rest, token: &str, program: &str, arguments: &[&str]) -> Output {
    run_with(rest, token, &[], program, arguments).await
}

async fn run_with(rest: &Rest, token: &str, variables: &[(&str, &str)], program: &str, arguments: &[&str]) -> Output {
    // Whatever a client notes down goes away with the test.
    let folder = Folder::new();
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder.path()).stdin(Stdio::null()).kill_on_drop(true);
    command.env("LATCHKEY_URL", format!("http://{}", rest.address)).env("LATCHKEY_TOKEN", token).env("NO_COLOR", "1");
    command.envs(variables.iter().copied());
    timeout(PATIENCE, command.output()).await.expect("in time").unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// What belongs to the credential that was made last, by the variables of paths: the hooks keep schemathesis from ending it.
async fn own(rest: &Rest) -> String {
    let of_last = async |column: &str| number(&rest.app, &format!("select max({column}) from api_credentials")).await;
    serde_json::json!({"credential": of_last("id").await, "role": of_last("role_id").await, "admin": rest.stella.0}).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schemathesis_finds_no_server_error_and_no_undocumented_answer_on_sqlite() {
    answers_as_documented(&Rest::new(TestApp::sqlite().await).await, "12").await;
}

/// Fewer calls: what they find in the document they find on SQLite; here it is about what the other database answers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schemathesis_finds_no_server_error_and_no_undocumented_answer_on_postgres() {
    answers_as_documented(&Rest::new(TestApp::postgres().await).await, "4").await;
}

async fn answers_as_documented(rest: &Rest, examples: &str) {
    let token = credential_with(&rest.app, rest.stella, ApiRight::ALL).await;
    let (document, header) = (format!("http://{}/api/openapi.json", rest.address), format!("Authorization: Bearer {token}"));
    let checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,\
                  response_headers_conformance";
    let arguments = [
        "schemathesis",
        "run",
        &document,
        "--header",
        &header,
        "--checks",
        checks,
        "--phases",
        "examples,fuzzing,stateful",
        "--max-examples",
        examples,
        "--seed",
        "20261124",
        "--generation-database",
        "none",
        "--request-timeout",
        "30",
    ];
    let program = root().join("scripts/with-python");
    let hooks = root().join("tests/rest/schemathesis_hooks.py");
    let variables = [("SCHEMATHESIS_HOOKS", hooks.to_str().unwrap()), ("LATCHKEY_OWN", &own(rest).await)];
    let output = run_with(rest, &token, &variables, program.to_str().unwrap(), &arguments).await;
    assert!(output.status.success(), "{}", said(&output));
    // Not by being refused everywhere, and not by having cut itself off.
    let made = number(&rest.app, "select count(*) from events where actor_kind = 'api'").await;
    assert!(made > 20, "{made} changes: {}", said(&output));
    assert_eq!(rest.call_as(&token, "GET", "/api/v1/api-credentials", None).await.status, 200);
}

/// The example in this language from README.md.
fn example(language: &str) -> String {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let (_, section) = readme.split_once("## For integrators\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let (_, rest) = section.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

#[tokio::test]
async fn the_examples_of_the_readme_work() {
    let rest = Rest::new(TestApp::sqlite().await).await;
    assert_eq!(rest.acme.0, 1, "the examples speak of the first account");
    let invited = run(&rest, &rest.full, "sh", &["-euc", &example("sh")]).await;
    assert!(
        invited.status.success() && said(&invited).contains("\"link\":\"http://latchkey.example/invite/"),
        "{}",
        said(&invited)
    );
    let listed = run(&rest, &rest.full, "node", &["--input-type=module", "--eval", &example("js")]).await;
    assert!(listed.status.success(), "{}", said(&listed));
    assert_eq!(said(&listed), "olivia@example.com owner\nmia@example.com invoices\n");
    let changed = run(&rest, &rest.full, "python3", &["-c", &example("python")]).await;
    assert!(changed.status.success(), "{}", said(&changed));
    assert_eq!(said(&changed), "mia@example.com ['orders']\n");
}
