//! `GET /api/docs`: the document as a page for people, made on the server. No script, no third party.

use std::fmt::Write;

use axum::extract::State;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::IntoResponse;
use serde_json::{Map, Value};

use crate::problem;
use crate::state::Api;

/// What the page may load: its own style.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `GET /api/docs.css`.
pub(crate) async fn style() -> impl IntoResponse {
    (
        [(CONTENT_TYPE, "text/css; charset=utf-8"), (X_CONTENT_TYPE_OPTIONS, "nosniff")],
        include_str!("../../../../assets/api-docs.css"),
    )
}

/// `GET /api/docs`.
pub(crate) async fn show(State(api): State<Api>) -> impl IntoResponse {
    let headers =
        [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, POLICY), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (headers, page(&api, &super::document()))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Text with `code` in it.
fn prose(text: &str) -> String {
    let parts = escaped(text);
    let parts = parts.split('`').enumerate();
    parts.map(|(index, part)| if index % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() }).collect()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn page(api: &Api, document: &Value) -> String {
    let mut html = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Latchkey API</title>\n<link rel=\"stylesheet\" href=\"/api/docs.css\">\n</head>\n<body>\n",
    );
    let tags: Vec<&Value> = document.get("tags").and_then(Value::as_array).into_iter().flatten().collect();
    html.push_str("<nav aria-label=\"Resources\"><h2>Latchkey API</h2><ul>");
    for tag in &tags {
        let name = escaped(text(tag, "name"));
        let _ = write!(html, "<li><a href=\"#{name}\">{name}</a></li>");
    }
    html.push_str("<li><a href=\"#schemas\">Documents</a></li><li><a href=\"#problems\">Problems</a></li></ul></nav>\n<main>\n<h1>Latchkey API</h1>\n");
    let about = document.get("info").map(|info| text(info, "description")).unwrap_or_default();
    for paragraph in about.split("\n\n") {
        let _ = writeln!(html, "<p>{}</p>", prose(paragraph));
    }
    html.push_str("<p>For programs: <a href=\"/api/openapi.json\">openapi.json</a> (OpenAPI 3.1).</p>\n");
    for tag in tags {
        resource(&mut html, document, tag);
    }
    schemas(&mut html, document);
    problems(&mut html, api);
    html.push_str("</main>\n</body>\n</html>\n");
    html
}

fn resource(html: &mut String, document: &Value, tag: &Value) {
    let name = text(tag, "name");
    let _ = writeln!(html, "<section><h2 id=\"{0}\">{0}</h2>\n<p>{1}</p>", escaped(name), prose(text(tag, "description")));
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    for (path, item) in paths {
        for method in ["get", "post", "put", "patch", "delete"] {
            let operation = item.get(method);
            let belongs =
                |operation: &&Value| operation.get("tags").and_then(|tags| tags.get(0)).and_then(Value::as_str) == Some(name);
            if let Some(operation) = operation.filter(belongs) {
                show_operation(html, path, method, operation);
            }
        }
    }
    html.push_str("</section>\n");
}

fn show_operation(html: &mut String, path: &str, method: &str, operation: &Value) {
    let id = escaped(text(operation, "operationId"));
    let _ = writeln!(
        html,
        "<article><h3 id=\"{id}\"><span class=\"method\">{}</span> <code>{}</code></h3>\n<p>{}</p>",
        method.to_ascii_uppercase(),
        escaped(path),
        prose(text(operation, "summary"))
    );
    let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let named: Vec<&Value> =
        parameters.filter(|parameter| parameter.get("in").and_then(Value::as_str) == Some("query")).collect();
    if !named.is_empty() {
        html.push_str("<dl>");
        for parameter in named {
            let about = prose(text(parameter, "description"));
            let _ = write!(html, "<dt><code>{}</code></dt><dd>{about}</dd>", escaped(text(parameter, "name")));
        }
        html.push_str("</dl>\n");
    }
    if let Some(sent) = operation.pointer("/requestBody/content/application~1json/schema") {
        let _ = writeln!(html, "<p>Takes {}.</p>", kind(sent));
    }
    let responses = operation.get("responses").and_then(Value::as_object).into_iter().flatten();
    let lines: Vec<String> = responses.map(|(status, response)| shown_response(status, response)).collect();
    let _ = writeln!(html, "<p>Answers {}.</p></article>", lines.join(", "));
}

fn shown_response(status: &str, response: &Value) -> String {
    match response.pointer("/content/application~1json/schema") {
        Some(schema) => format!("{status} with {}", kind(schema)),
        None => status.to_owned(),
    }
}

/// What a schema takes, in a few words, with a link to those that have a name.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next()) {
        let name = escaped(name);
        return format!("<a href=\"#schema-{name}\">{name}</a>");
    }
    if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
        return choices.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    let kinds: Vec<&str> = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        Some(kind) => kind.as_str().into_iter().collect(),
        None => Vec::new(),
    };
    match schema.get("items") {
        Some(items) if kinds.contains(&"array") => format!("list of {}", kind(items)),
        _ => escaped(&kinds.join(" or ")),
    }
}

fn schemas(html: &mut String, document: &Value) {
    html.push_str("<section><h2 id=\"schemas\">Documents</h2>\n");
    let none = Map::new();
    for (name, schema) in document.pointer("/components/schemas").and_then(Value::as_object).unwrap_or(&none) {
        let name = escaped(name);
        let about = prose(text(schema, "description"));
        let _ = writeln!(html, "<article><h3 id=\"schema-{name}\">{name}</h3>\n<p>{about}</p>\n<dl>");
        let required: Vec<&str> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        for (field, schema) in schema.get("properties").and_then(Value::as_object).unwrap_or(&none) {
            let must = if required.contains(&field.as_str()) { "" } else { ", optional" };
            let about = prose(text(schema, "description"));
            let _ =
                writeln!(html, "<dt><code>{}</code> <small>{}{must}</small></dt><dd>{about}</dd>", escaped(field), kind(schema));
        }
        html.push_str("</dl></article>\n");
    }
    html.push_str("</section>\n");
}

fn problems(html: &mut String, api: &Api) {
    html.push_str("<section><h2 id=\"problems\">Problems</h2>\n<dl>\n");
    for (name, status, key) in problem::NAMES {
        let _ = writeln!(
            html,
            "<dt id=\"problem-{name}\"><code>{name}</code> <small>{status}</small></dt><dd>{}</dd>",
            escaped(&api.text(key, &[]))
        );
    }
    html.push_str("</dl></section>\n");
}
