//! The attribute that runs one test on SQLite and on PostgreSQL.

use proc_macro::{TokenStream, TokenTree};

/// Turns `async fn rule(app: TestApp) { … }` into two tests, `rule::sqlite` and `rule::postgres`.
///
/// Each gets a fresh `TestApp` in a private database. When the body has ended, the app checks that no
/// promise was left behind that the test did not look at.
#[proc_macro_attribute]
pub fn on_both_databases(_: TokenStream, item: TokenStream) -> TokenStream {
    let name = item
        .clone()
        .into_iter()
        .skip_while(|token| !matches!(token, TokenTree::Ident(word) if word.to_string() == "fn"))
        .nth(1)
        .map_or_else(|| "unnamed".to_owned(), |name| name.to_string());
    let tests = ["sqlite", "postgres"].map(|database| {
        format!(
            "#[tokio::test] async fn {database}() {{
                let app = TestApp::{database}().await;
                super::{name}(app.clone()).await;
                app.finish().await;
            }}"
        )
    });
    let module = format!("mod {name} {{ use super::*; {} }}", tests.concat());
    let mut output = item;
    output.extend(module.parse::<TokenStream>().unwrap_or_default());
    output
}
