use latchkey_core::mail::{Content, Link, Notice, Told};
use latchkey_core::settings::Brand;
use minijinja::Value;

use super::{engine, files, folder};
use crate::mail;

/// What other templates are made of.
fn is_part(name: &str) -> bool {
    name == "layout.html" || name.starts_with("layouts/") || name.starts_with("components/")
}

fn sample(template: &str) -> Option<serde_json::Value> {
    let name = format!("{}.json", template.replace('/', "-"));
    let text = std::fs::read_to_string(folder("templates/samples").join(name)).ok()?;
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("the sample of {template}: {error}")))
}

#[test]
fn every_template_renders_with_its_sample() {
    let engine = engine();
    let mut rendered = 0;
    for name in engine.templates().iter().filter(|name| !is_part(name)) {
        let sample = sample(name).unwrap_or_else(|| panic!("{name} has no sample in templates/samples"));
        let text = engine.render(name, Value::from(minijinja::value::Serde(&sample))).unwrap_or_else(|error| panic!("{error}"));
        assert!(!text.trim().is_empty(), "{name} is empty");
        assert!(!text.contains("⁅"), "{name}: a slot of a text was left open");
        rendered += 1;
    }
    assert!(rendered > 30);
}

#[test]
fn every_sample_is_of_a_template() {
    let templates = engine().templates();
    for (path, _) in files(&folder("templates/samples")) {
        let name = path.rsplit('/').next().unwrap().strip_suffix(".json").unwrap();
        assert!(templates.iter().any(|template| template.replace('/', "-") == name), "{path} is the sample of no template");
    }
}

/// A value that is not there stops the page instead of leaving a hole in it.
#[test]
fn what_is_undefined_is_an_error() {
    let engine = engine();
    for name in ["client/users.html", "error.html", "mail/invitation.txt"] {
        let error = engine.render(name, Value::from(minijinja::value::Serde(&serde_json::json!({})))).unwrap_err().to_string();
        assert!(error.contains(name.rsplit('/').next().unwrap()) || error.contains("undefined"), "{error}");
    }
}

#[test]
fn names_are_escaped_in_pages_and_html_mails_and_left_alone_in_plain_text() {
    let engine = engine();
    let evil = "<script>alert(1)</script>\r\nBcc: x@evil.example";
    let content = Content::Invitation {
        account_name: evil.to_owned(),
        inviter: evil.to_owned(),
        email: "a@b.example".to_owned(),
        all_permissions: false,
        permissions: vec!["invoices".to_owned(), evil.to_owned()],
        expires_at: latchkey_core::testing::START,
        link: "https://login.example/invite/x".to_owned(),
    };
    for hue in [0, 90, 180, 270, 359] {
        let brand = Brand { name: evil.to_owned(), hue, ..Brand::default() };
        let written = mail::write(&engine, &brand, &content).unwrap();
        assert!(!written.subject.contains(['\r', '\n']), "{:?}", written.subject);
        assert!(!written.html.contains("<script"), "{}", written.html);
        assert!(written.html.contains("&lt;script&gt;"));
        assert!(written.text.contains("https://login.example/invite/x") && written.text.contains("<script>"), "{}", written.text);
    }
    assert!(mail::write(&engine, &Brand::default(), &Content::Test {}).is_ok());
}

#[test]
fn names_in_links_and_notices_add_no_header_and_no_markup() {
    let engine = engine();
    let evil = "<script>alert(1)</script>\r\nBcc: x@evil.example";
    let brand = Brand { name: evil.to_owned(), ..Brand::default() };
    let link = || Link {
        name: evil.to_owned(),
        email: evil.to_owned(),
        expires_at: latchkey_core::testing::START,
        link: "https://login.example/verify/x".to_owned(),
    };
    let notice = |notice: &Notice| {
        Content::Notice(Told {
            notice: notice.key(),
            name: evil.to_owned(),
            email: evil.to_owned(),
            account_name: evil.to_owned(),
            by: evil.to_owned(),
            what: evil.to_owned(),
            at: latchkey_core::testing::START,
            ip: evil.to_owned(),
            link: "https://login.example/me/security".to_owned(),
        })
    };
    let links = [Content::PasswordReset(link()), Content::EmailVerification(link()), Content::EmailChange(link())];
    for content in links.into_iter().chain(Notice::ALL.iter().map(notice)) {
        let written = mail::write(&engine, &brand, &content).unwrap();
        assert!(!written.subject.contains(['\r', '\n']), "{:?}", written.subject);
        assert!(!written.html.contains("<script"), "{}", written.html);
        assert!(written.text.contains("https://login.example/") && written.html.contains("https://login.example/"));
    }
}
