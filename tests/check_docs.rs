//! What docs/CHECKS.md tells integrators, asked and answered as it stands there.

use latchkey_core::access::BuiltInApiRole;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::doors::{Doors, token};
use crate::support::world::grants;

/// One example: what is asked, and what is answered.
struct Example<'a> {
    method: &'a str,
    path: &'a str,
    body: &'a str,
    status: u16,
    answer: Value,
}

impl<'a> Example<'a> {
    fn read(text: &'a str) -> Self {
        let (asked, answered) = text.split_once("\n\n").expect("an answer follows");
        let (line, body) = asked.split_once('\n').unwrap_or((asked, ""));
        let (method, path) = line.split_once(' ').expect("method and path");
        let (status, answer) = answered.split_once('\n').expect("status and document");
        let answer = serde_json::from_str(answer).unwrap_or_else(|error| panic!("{path}: {error}"));
        Self { method, path, body, status: status.parse().unwrap(), answer }
    }
}

fn text() -> String {
    let path = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/CHECKS.md");
    std::fs::read_to_string(path).unwrap()
}

/// Every block of the text.
fn examples(text: &str) -> Vec<Example<'_>> {
    let blocks = text.split("```").skip(1).step_by(2);
    blocks.map(|block| Example::read(block.strip_prefix("http\n").expect("every block is an example"))).collect()
}

/// What the text leaves out, `["…"]`, is taken from the answer.
fn filled(shown: &Value, answered: &Value) -> Value {
    match shown {
        Value::Array(items) if *shown == json!(["…"]) => {
            assert!(answered.as_array().unwrap().len() > items.len());
            answered.clone()
        }
        Value::Array(items) => items.iter().enumerate().map(|(index, item)| filled(item, &answered[index])).collect(),
        Value::Object(fields) => fields.iter().map(|(name, field)| (name.clone(), filled(field, &answered[name]))).collect(),
        other => other.clone(),
    }
}

#[tokio::test]
async fn the_examples_of_the_text_are_answered_as_it_says() {
    let app = TestApp::sqlite().await;
    app.expect_unsent_mails();
    let olivia = app.user("Olivia", "Owner", "olivia@example.com").await;
    let mia = app.user("Mia", "Miller", "mia@example.com").await;
    app.user("Sam", "Stranger", "sam@example.com").await;
    let acme = app.account("Acme", olivia).await;
    app.member(acme, mia, grants("invoices products@service:17")).await;
    let admin = app.admin("Stella", "stella@staff.example").await;
    let doors = Doors::start(&app, latchkey_api::forward::Settings::default()).await;
    let token = token(&app, admin, BuiltInApiRole::ReadOnly, None).await;
    let browser = doors.browser().log_in("mia@example.com").await;
    let session = browser.cookie("latchkey_session").unwrap();
    let text = text();
    let examples = examples(&text);
    assert!(examples.len() >= 8, "{}", examples.len());
    for example in examples {
        let body = example.body.replace("latchkey_session=…", &format!("latchkey_session={session}"));
        let answer = doors.call(&token, example.method, example.path, &body).await;
        assert_eq!(answer.status, example.status, "{} {body}: {}", example.path, answer.text());
        let answered: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(answered, filled(&example.answer, &answered), "{} {body}", example.path);
    }
}
