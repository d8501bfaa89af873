//! `GET /api/docs`: the document as a page for people, made on the server, without anything from elsewhere.
//!
//! Resources are folded; a link into one opens it. Browsers do that by themselves, and find text in what is folded; the script does
//! it for those that do not, and opens everything at once.

use std::fmt::Write;

use axum::extract::State;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::IntoResponse;
use serde_json::{Map, Value};

use super::html_schema::{Schemas, escaped, field, fields, prose, text};
use crate::problem;
use crate::state::Api;

/// What the page may load: its own style and script.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The order in which methods of one path are shown.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// `GET /api/docs.css`.
pub(crate) async fn style() -> impl IntoResponse {
    file("text/css; charset=utf-8", include_str!("../../../../assets/api-docs.css"))
}

/// `GET /api/docs.js`.
pub(crate) async fn script() -> impl IntoResponse {
    file("text/javascript; charset=utf-8", include_str!("../../../../assets/api-docs.js"))
}

fn file(kind: &'static str, content: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, kind), (X_CONTENT_TYPE_OPTIONS, "nosniff")], content)
}

/// `GET /api/docs`.
pub(crate) async fn show(State(api): State<Api>) -> impl IntoResponse {
    let headers =
        [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, POLICY), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (headers, api.docs(|| page(&api, &super::document()).into()))
}

/// One operation of a resource.
struct Operation<'a> {
    path: &'a str,
    method: &'static str,
    is: &'a Value,
}

impl Operation<'_> {
    fn id(&self) -> String {
        escaped(text(self.is, "operationId"))
    }
}

/// The operations of a resource, path by path.
fn operations<'a>(document: &'a Value, resource: &str) -> Vec<Operation<'a>> {
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    let all = paths.flat_map(|(path, item)| {
        METHODS.into_iter().filter_map(move |method| Some(Operation { path, method, is: item.get(method)? }))
    });
    let of = |operation: &Operation<'_>| {
        operation.is.get("tags").and_then(|tags| tags.get(0)).and_then(Value::as_str).map(str::to_owned)
    };
    all.filter(|operation| of(operation).as_deref() == Some(resource)).collect()
}

fn page(api: &Api, document: &Value) -> String {
    let mut html = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Latchkey API</title>\n\
         <link rel=\"stylesheet\" href=\"/api/docs.css\">\n<script type=\"module\" src=\"/api/docs.js\"></script>\n\
         </head>\n<body>\n<a class=\"skip\" href=\"#content\">Skip to content</a>\n",
    );
    let none = Vec::new();
    let tags = document.get("tags").and_then(Value::as_array).unwrap_or(&none);
    contents(&mut html, document, tags);
    html.push_str("<main id=\"content\">\n<h1>Latchkey API</h1>\n");
    let about = document.get("info").map(|info| text(info, "description")).unwrap_or_default();
    for paragraph in about.split("\n\n") {
        let _ = writeln!(html, "<p>{}</p>", prose(paragraph));
    }
    html.push_str(
        "<pre><code>curl -H \"Authorization: Bearer $LATCHKEY_TOKEN\" \"$LATCHKEY_URL/api/v1/whoami\"</code></pre>\n\
         <p>For programs: <a href=\"/api/openapi.json\">openapi.json</a> (OpenAPI 3.1).</p>\n\
         <p class=\"tools\"><button type=\"button\" data-open-all hidden aria-pressed=\"false\">Open all</button></p>\n",
    );
    let schemas = Schemas::of(document);
    for tag in tags {
        resource(&mut html, document, &schemas, tag);
    }
    documents(&mut html, &schemas);
    problems(&mut html, api);
    html.push_str("</main>\n</body>\n</html>\n");
    html
}

fn contents(html: &mut String, document: &Value, tags: &[Value]) {
    html.push_str("<nav aria-label=\"Contents\"><p class=\"brand\"><a href=\"#content\">Latchkey API</a></p><ul>\n");
    for tag in tags {
        let name = text(tag, "name");
        let _ = write!(html, "<li><details><summary>{}</summary><ul>", escaped(name));
        for operation in operations(document, name) {
            let says = text(operation.is, "summary").split(['.', '?', ':']).next().unwrap_or_default();
            let _ = write!(html, "<li><a href=\"#{}\">{}</a></li>", operation.id(), prose(says));
        }
        html.push_str("</ul></details></li>\n");
    }
    html.push_str("<li><a href=\"#schemas\">Documents</a></li><li><a href=\"#problems\">Problems</a></li></ul></nav>\n");
}

/// Opens a part that can be folded. The anchor is inside: a browser that goes there opens what is around it.
fn begin(html: &mut String, id: &str, title: &str, about: &str) {
    let _ = writeln!(
        html,
        "<details class=\"part\"><summary><h2>{title}</h2> <span>{about}</span></summary>\n<section id=\"{id}\" aria-label=\"{title}\">"
    );
}

fn end(html: &mut String) {
    html.push_str("</section></details>\n");
}

fn resource(html: &mut String, document: &Value, schemas: &Schemas<'_>, tag: &Value) {
    let name = text(tag, "name");
    begin(html, &escaped(name), &escaped(name), &prose(text(tag, "description")));
    for operation in operations(document, name) {
        show_operation(html, schemas, &operation);
    }
    end(html);
}

fn show_operation(html: &mut String, schemas: &Schemas<'_>, operation: &Operation<'_>) {
    let (id, path, method) = (operation.id(), escaped(operation.path), operation.method.to_ascii_uppercase());
    let _ = writeln!(
        html,
        "<article id=\"{id}\"><h3><span class=\"method {}\">{method}</span> <code>{path}</code> \
         <a class=\"anchor\" href=\"#{id}\" aria-label=\"Link to {method} {path}\">#</a></h3>\n<p>{}</p>",
        operation.method,
        prose(text(operation.is, "summary"))
    );
    let parameters = || operation.is.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let named: Vec<&Value> = parameters().filter(|parameter| text(parameter, "in") == "query").collect();
    if !named.is_empty() {
        html.push_str("<dl>");
        for parameter in named {
            let none = Value::Null;
            let schema = parameter.get("schema").unwrap_or(&none);
            field(html, text(parameter, "name"), schema, text(parameter, "description"), false);
        }
        html.push_str("</dl>\n");
    }
    for parameter in parameters().filter_map(|parameter| schemas.parameter(parameter)) {
        let _ = writeln!(
            html,
            "<p>Header <code>{}</code>: {}</p>",
            escaped(text(parameter, "name")),
            prose(text(parameter, "description"))
        );
    }
    if let Some(sent) = operation.is.pointer("/requestBody/content/application~1json/schema") {
        schemas.unfolding(html, "Takes", sent);
    }
    answers(html, schemas, operation.is);
    html.push_str("</article>\n");
}

fn answers(html: &mut String, schemas: &Schemas<'_>, operation: &Value) {
    let none = Map::new();
    let responses = operation.get("responses").and_then(Value::as_object).unwrap_or(&none);
    for (status, response) in responses.iter().filter(|(status, _)| status.starts_with('2')) {
        match response.pointer("/content/application~1json/schema") {
            Some(schema) => schemas.unfolding(html, &format!("Answers {status} with"), schema),
            None => drop(writeln!(html, "<p>Answers {status}.</p>")),
        }
    }
    let others: Vec<&str> = responses.keys().map(String::as_str).filter(|status| !status.starts_with('2')).collect();
    let _ = writeln!(html, "<p class=\"others\"><a href=\"#problems\">Problems</a>: {}</p>", escaped(&others.join(", ")));
}

fn documents(html: &mut String, schemas: &Schemas<'_>) {
    begin(html, "schemas", "Documents", "What is sent and answered, field by field.");
    for (name, schema) in schemas.iter() {
        let name = escaped(name);
        let _ = writeln!(html, "<article id=\"schema-{name}\"><h3>{name}</h3>\n<p>{}</p>", prose(text(schema, "description")));
        fields(html, schema);
        html.push_str("</article>\n");
    }
    end(html);
}

fn problems(html: &mut String, api: &Api) {
    begin(html, "problems", "Problems", "What <code>type</code> of a problem document means.");
    html.push_str("<dl>\n");
    for (name, status, key) in problem::NAMES {
        let _ = writeln!(
            html,
            "<div id=\"problem-{name}\"><dt><code>{name}</code> <small>{status}</small></dt><dd>{}</dd></div>",
            escaped(&api.text(key, &[]))
        );
    }
    html.push_str("</dl>\n");
    end(html);
}
