//! The `OpenAPI` document: what each resource shows of itself, and what is the same for all of them, written once.

use std::collections::BTreeSet;

use latchkey_core::access::{ApiRight, Permission};
use latchkey_core::contact::Category;
use latchkey_core::event::EventKind;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use crate::problem::Document as ProblemDocument;

/// The frame around what the resources show.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Latchkey",
        description = "People, the client accounts they may enter, and who may do what.\n\nA credential is shown as `Authorization: Bearer lk_…`, or as `Basic` with identifier and secret. Every answer that is not a success is a problem document (RFC 9457). Lists come in pages: follow `next`. A `POST` with an `Idempotency-Key` happens once within 24 hours. A change with `If-Match` is made only to the version that was read."
    ),
    components(schemas(ProblemDocument))
)]
struct Frame;

/// What may be answered besides success: name in the document, status, and what it says.
const PROBLEMS: &[(&str, &str, &str)] = &[
    ("Malformed", "400", "The request cannot be read."),
    ("Unauthenticated", "401", "Credentials are missing, wrong, or no longer work."),
    ("Forbidden", "403", "The credential may not do that."),
    ("NotFound", "404", "There is no such thing, or this credential may not see it."),
    ("TooLate", "408", "The body did not come in time."),
    ("Conflict", "409", "The state has moved on, or does not allow this."),
    ("Precondition", "412", "It is no longer the version that `If-Match` names."),
    ("TooLarge", "413", "The body is larger than one mebibyte."),
    ("MediaType", "415", "The body is no JSON."),
    ("Invalid", "422", "Some fields cannot be taken; `errors` names them."),
    ("Limited", "429", "Too many calls; `Retry-After` says when the next makes sense."),
    ("Internal", "500", "Something went wrong; `instance` names the line of the log."),
];

/// Questions: they change nothing, and are answered anew each time.
const QUESTIONS: [&str; 2] = ["/api/v1/check", "/api/v1/session/check"];

/// The whole document, with what the other doors register.
pub(crate) fn document(parts: Vec<utoipa::openapi::OpenApi>) -> Value {
    let whole = parts.into_iter().fold(Frame::openapi(), utoipa::openapi::OpenApi::merge_from);
    let mut whole = serde_json::to_value(whole).unwrap_or_default();
    complete(&mut whole);
    whole
}

fn complete(whole: &mut Value) {
    let inputs = inputs(whole);
    if let Some(schemas) = whole.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        for (_, schema) in schemas.iter_mut().filter(|(name, _)| inputs.contains(*name)) {
            close(schema);
        }
    }
    let mut tags = BTreeSet::new();
    if let Some(paths) = whole.get_mut("paths").and_then(Value::as_object_mut) {
        for (path, item) in paths {
            for (method, operation) in item.as_object_mut().into_iter().flatten() {
                if let Some(operation) = operation.as_object_mut() {
                    tags.insert(tag(operation));
                    complete_operation(path, method, operation);
                }
            }
        }
    }
    let Some(document) = whole.as_object_mut() else { return };
    document.insert("tags".to_owned(), tags.iter().map(|tag| json!({"name": tag, "description": about(tag)})).collect());
    document.insert("security".to_owned(), json!([{"bearer": []}, {"basic": []}]));
    document.insert("servers".to_owned(), json!([{"url": "/"}]));
    if let Some(info) = document.get_mut("info").and_then(Value::as_object_mut) {
        info.insert("license".to_owned(), json!({"name": "MIT", "identifier": "MIT"}));
        info.insert("version".to_owned(), json!("1"));
        info.remove("contact");
    }
    let components = document.entry("components").or_insert_with(|| json!({}));
    if let Some(components) = components.as_object_mut() {
        complete_components(components);
    }
}

/// The schemas of what is sent, and those they refer to.
fn inputs(whole: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let items = whole.get("paths").and_then(Value::as_object).into_iter().flatten();
    let operations = items.flat_map(|(_, item)| item.as_object().into_iter().flatten());
    let mut open: Vec<String> =
        operations.filter_map(|(_, operation)| operation.get("requestBody")).flat_map(references).collect();
    while let Some(name) = open.pop() {
        if let Some(schema) = whole.pointer(&format!("/components/schemas/{name}")).filter(|_| !found.contains(&name)) {
            open.extend(references(schema));
        }
        found.insert(name);
    }
    found
}

/// The names of all schemas that stand in this one.
fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => {
            let own = fields.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next()).map(str::to_owned);
            own.into_iter().chain(fields.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

/// Says of a document that is sent what is refused: fields that it does not have, and values that are none of a few.
fn close(schema: &mut Value) {
    let Some(schema) = schema.as_object_mut() else { return };
    schema.insert("additionalProperties".to_owned(), json!(false));
    let required = schema.get("required").cloned().unwrap_or_default();
    // Beside a role there need be no permission.
    let has_role = schema.get("properties").is_some_and(|fields| fields.get("role").is_some());
    let must = |name: &str| required.as_array().is_some_and(|names| names.iter().any(|known| known == name));
    for (name, field) in schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
        let Some(field) = field.as_object_mut() else { continue };
        let owned = |key: &str| key.to_owned();
        let keys: Vec<String> = match name.as_str() {
            "permissions" => Permission::GRANTABLE.into_iter().map(|permission| owned(permission.key())).collect(),
            "rights" => ApiRight::ALL.iter().map(|right| owned(right.key())).collect(),
            "mail_categories" => Category::ALL.into_iter().map(|category| owned(category.key())).collect(),
            "kinds" => EventKind::ALL.iter().map(|kind| kind.type_name()).collect(),
            "permission" => {
                field.insert("enum".to_owned(), Permission::GRANTABLE.into_iter().map(Permission::key).collect());
                continue;
            }
            "email" => {
                field.insert("format".to_owned(), json!("email"));
                continue;
            }
            "name" | "first_name" | "last_name" | "text" if must(name) => {
                field.insert("minLength".to_owned(), json!(1));
                continue;
            }
            _ => continue,
        };
        if (name == "permissions" && !has_role) || name == "rights" {
            field.insert("minItems".to_owned(), json!(1));
        }
        field.insert("items".to_owned(), json!({"type": "string", "enum": keys}));
    }
}

/// Numbers in a path begin at one; a body that may be left out is said to be so, and is no null.
fn complete_input(operation: &mut Map<String, Value>) {
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        let is_path = parameter.get("in") == Some(&json!("path"));
        if let Some(schema) = parameter.get_mut("schema").and_then(Value::as_object_mut).filter(|_| is_path) {
            schema.insert("minimum".to_owned(), json!(1));
        }
    }
    let Some(body) = operation.get_mut("requestBody") else { return };
    let choices = body.pointer("/content/application~1json/schema/oneOf").and_then(Value::as_array);
    let Some(named) = choices.and_then(|choices| choices.iter().find(|schema| schema.get("$ref").is_some())).cloned() else {
        return;
    };
    *body = json!({"content": {"application/json": {"schema": named}}, "required": false});
}

fn tag(operation: &Map<String, Value>) -> String {
    operation.get("tags").and_then(|tags| tags.get(0)).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn about(tag: &str) -> &'static str {
    match tag {
        "users" => "People who can log in.",
        "accounts" => "Client accounts. An account never logs in.",
        "memberships" => "Who may enter which account, and with what.",
        "invitations" => "Offers of a membership.",
        "permissions" => "The rights inside an account.",
        "sessions" => "Where users are logged in.",
        "contacts" => "Address books of accounts.",
        "notes" => "What staff notes down about an account.",
        "events" => "All that happened.",
        "admins" => "Staff.",
        "admin-roles" => "What staff may do.",
        "roles" => "Named sets of permissions that members may have.",
        "api-credentials" => "With what machines show themselves.",
        "api-roles" => "What API credentials may do.",
        "webhooks" => "Where events are sent.",
        "checks" => "May this user do that? Whose session is this?",
        "credential" => "The credential that asks.",
        _ => "More.",
    }
}

fn complete_operation(path: &str, method: &str, operation: &mut Map<String, Value>) {
    let name = operation.get("operationId").and_then(Value::as_str).unwrap_or(method);
    let name = format!("{}_{name}", tag(operation).replace('-', "_"));
    operation.insert("operationId".to_owned(), json!(name));
    complete_input(operation);
    let has_query = parameters(operation).any(|parameter| parameter.get("in") == Some(&json!("query")));
    let shows_tag = method == "patch" || method == "delete";
    let asks = QUESTIONS.contains(&path);
    if method == "post" && !asks {
        add_parameter(operation, "IdempotencyKey");
    }
    if shows_tag {
        add_parameter(operation, "IfMatch");
    }
    let writes = method != "get";
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    for (_, response) in responses.iter_mut().filter(|(status, _)| status.starts_with('2')) {
        complete_success(response);
    }
    for (name, status, _) in PROBLEMS {
        let may_be = match *status {
            "404" => path.contains('{') || writes && !asks,
            "409" => writes && !asks,
            "408" | "413" | "415" => writes,
            "412" => shows_tag,
            "422" => writes || has_query,
            _ => true,
        };
        if may_be && !responses.contains_key(*status) {
            responses.insert((*status).to_owned(), json!({"$ref": format!("#/components/responses/{name}")}));
        }
    }
}

fn parameters(operation: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    operation.get("parameters").and_then(Value::as_array).into_iter().flatten()
}

fn add_parameter(operation: &mut Map<String, Value>, name: &str) {
    let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
    if let Some(parameters) = parameters.as_array_mut() {
        parameters.push(json!({"$ref": format!("#/components/parameters/{name}")}));
    }
}

/// Headers of a success: how often may still be called, and the version of what is shown.
fn complete_success(response: &mut Value) {
    let Some(response) = response.as_object_mut() else { return };
    let said = response.get("description").and_then(Value::as_str).unwrap_or_default();
    if said.is_empty() {
        response.insert("description".to_owned(), json!("Done."));
    }
    let headers = response.entry("headers").or_insert_with(|| json!({}));
    if let Some(headers) = headers.as_object_mut() {
        for name in ["RateLimit", "RateLimit-Policy"] {
            headers.insert(name.to_owned(), json!({"$ref": format!("#/components/headers/{name}")}));
        }
    }
}

/// A page refers to what stands on it by name.
fn name_items(schemas: &mut Map<String, Value>) {
    let names: Vec<String> = schemas.keys().filter_map(|name| name.strip_prefix("Page_").map(str::to_owned)).collect();
    for name in names.into_iter().filter(|name| schemas.contains_key(name)).collect::<Vec<_>>() {
        let page = schemas.get_mut(&format!("Page_{name}"));
        if let Some(items) = page.and_then(|page| page.pointer_mut("/properties/items/items")) {
            *items = json!({"$ref": format!("#/components/schemas/{name}")});
        }
    }
}

fn complete_components(components: &mut Map<String, Value>) {
    if let Some(schemas) = components.get_mut("schemas").and_then(Value::as_object_mut) {
        name_items(schemas);
    }
    let shown = json!({"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}});
    let problem = |(name, _, about): &(&str, &str, &str)| ((*name).to_owned(), json!({"description": about, "content": shown}));
    components.insert("responses".to_owned(), Value::Object(PROBLEMS.iter().map(problem).collect()));
    components.insert(
        "securitySchemes".to_owned(),
        json!({
            "bearer": {"type": "http", "scheme": "bearer", "description": "The credential's token, `lk_…`."},
            "basic": {"type": "http", "scheme": "basic", "description": "The credential's identifier and secret."},
        }),
    );
    let text = |description: &str| json!({"description": description, "schema": {"type": "string"}});
    components.insert(
        "headers".to_owned(),
        json!({
            "RateLimit": text("Calls that are left and seconds until they are counted anew, such as `\"calls\";r=5999;t=60`; those of questions are counted by themselves, as `\"checks\"`."),
            "RateLimit-Policy": text("Calls of a credential within a window of seconds on one node, such as `\"calls\";q=6000;w=60` or, of questions, `\"checks\";q=600000;w=60`."),
        }),
    );
    let parameter = |name: &str, description: &str, schema: Value| json!({"name": name, "in": "header", "required": false, "description": description, "schema": schema});
    let key = json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"});
    components.insert(
        "parameters".to_owned(),
        json!({
            "IdempotencyKey": parameter("Idempotency-Key", "A call with this key happens once within 24 hours; sent again it gets the same answer. Keys are the credential's own.", key),
            "IfMatch": parameter("If-Match", "The `ETag` of the version that is to be changed: another one answers 412.", json!({"type": "string", "maxLength": 1000})),
        }),
    );
}

/// The rows that the document shows: each path with its method.
#[cfg(test)]
pub(crate) fn rows(document: &Value) -> Vec<(String, String)> {
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    let rows = paths.flat_map(|(path, item)| {
        item.as_object().into_iter().flatten().map(|(method, _)| (path.clone(), method.to_ascii_uppercase()))
    });
    rows.collect()
}

/// The rows of the table, as [`rows`] gives them.
#[cfg(test)]
pub(crate) fn of_table(table: &[latchkey_http::Route]) -> Vec<(String, String)> {
    table.iter().map(|route| (route.path.to_owned(), route.method.to_owned())).collect()
}
