//! The document, the page that shows it, and clients that were made from it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Rest;
use crate::support::snapshot::assert_reviewed;
use crate::support::{Ask, TestApp};

async fn document(rest: &Rest) -> Value {
    let answer = rest.send(&Ask::new("GET", "/api/openapi.json")).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    serde_json::from_slice(&answer.body).unwrap()
}

#[tokio::test]
async fn the_document_is_the_reviewed_one() {
    let rest = Rest::new(TestApp::sqlite().await).await;
    let text = format!("{}\n", serde_json::to_string_pretty(&document(&rest).await).unwrap());
    assert_reviewed("openapi.json", &text);
}

/// The name of every operation.
fn operations(document: &Value) -> Vec<String> {
    let items = document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    items.map(|operation| operation["operationId"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn every_problem_and_every_resource_stands_on_the_page_and_it_loads_nothing_foreign() {
    let rest = Rest::new(TestApp::sqlite().await).await;
    let page = rest.send(&Ask::new("GET", "/api/docs")).await;
    assert!(page.is_html());
    assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    let text = page.text();
    for name in ["unauthenticated", "right-missing", "not-found", "precondition", "invalid", "limited", "account-bound"] {
        assert!(text.contains(&format!("id=\"problem-{name}\"")), "{name}");
    }
    for path in document(&rest).await["paths"].as_object().unwrap().keys() {
        assert!(text.contains(&format!("<code>{path}</code>")), "{path}");
    }
    assert_eq!(text.matches("<script").count(), 1);
    assert!(
        text.contains("<script type=\"module\" src=\"/api/docs.js\"></script>") && !text.contains("://"),
        "nothing from elsewhere"
    );
    // Whatever is linked to on the page is there.
    let links: BTreeSet<&str> = text.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    for link in &links {
        assert!(text.contains(&format!("id=\"{link}\"")), "{link}");
    }
    for name in operations(&document(&rest).await) {
        let (before, _) = text.split_once(&format!("<article id=\"{name}\">")).unwrap_or_else(|| panic!("{name}"));
        assert!(before.matches("<details").count() > before.matches("</details>").count(), "{name} is folded");
        assert!(links.contains(name.as_str()), "{name} stands in the contents");
    }
    let script = rest.send(&Ask::new("GET", "/api/docs.js")).await;
    assert_eq!((script.status, script.header("content-type")), (200, Some("text/javascript; charset=utf-8")));
    let style = rest.send(&Ask::new("GET", "/api/docs.css")).await;
    assert_eq!((style.status, style.header("content-type")), (200, Some("text/css; charset=utf-8")));
}
