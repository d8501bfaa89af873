use latchkey_core::clock::Clock;
use latchkey_core::guessing::OF_KNOWN;
use latchkey_core::mail::{Content, Link, Notice, Told};
use latchkey_core::settings::Brand;
use latchkey_core::testing::START;
use minijinja::Value;

use super::{engine, files, folder};
use crate::engine::Engine;
use crate::mail;

/// What other templates are made of.
fn is_part(name: &str) -> bool {
    name == "layout.html" || name.starts_with("layouts/") || name.starts_with("components/")
}

/// The notice whose template this is, and what its mail has in common with all.
fn notice_of(template: &str) -> Option<(&'static str, String)> {
    let (key, ending) = template.strip_prefix("mail/")?.split_once('.')?;
    let notice = Notice::from_key(key)?;
    Some((notice.key(), format!("mail/notice.{ending}")))
}

fn sample(template: &str) -> Option<serde_json::Value> {
    if let Some((key, shared)) = notice_of(template) {
        let mut values = sample(&shared)?;
        values["key"] = key.into();
        return Some(values);
    }
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
        role: evil.to_owned(),
        all_permissions: false,
        permissions: vec!["invoices".to_owned(), evil.to_owned()],
        expires_at: START,
        link: "https://login.example/invite/x".to_owned(),
    };
    for hue in [0, 90, 180, 270, 359] {
        let brand = Brand { name: evil.to_owned(), hue, ..Brand::default() };
        let written = mail::write(&engine, &brand, &content, None).unwrap();
        assert!(!written.subject.contains(['\r', '\n']), "{:?}", written.subject);
        assert!(!written.html.contains("<script"), "{}", written.html);
        assert!(written.html.contains("&lt;script&gt;"));
        assert!(written.text.contains("https://login.example/invite/x") && written.text.contains("<script>"), "{}", written.text);
    }
    assert!(mail::write(&engine, &Brand::default(), &Content::Test {}, None).is_ok());
}

#[test]
fn a_mail_that_invites_names_the_role_before_what_it_gives() {
    let engine = engine();
    for (role, named) in [("Accounting", true), ("", false)] {
        let content = Content::Invitation {
            account_name: "Engines".to_owned(),
            inviter: "Ada".to_owned(),
            email: "a@b.example".to_owned(),
            role: role.to_owned(),
            all_permissions: false,
            permissions: vec!["invoices".to_owned()],
            expires_at: START,
            link: "https://login.example/invite/x".to_owned(),
        };
        let written = mail::write(&engine, &Brand::default(), &content, None).unwrap();
        for text in [written.text, written.html] {
            let (role, gives) = (text.find("offered the role"), text.find("You will be able to").unwrap());
            assert_eq!(role.is_some_and(|role| role < gives), named, "{text}");
            assert_eq!(text.contains("Accounting"), named);
        }
    }
}

fn told(notice: Notice) -> Content {
    let text = |text: &str| text.to_owned();
    Content::Notice(Told {
        notice: notice.key(),
        name: text("Ada"),
        email: text("ada@example.com"),
        account_name: text("Engines"),
        by: text("Charles"),
        what: text("Firefox on Linux"),
        at: START,
        ip: text("192.0.2.7"),
        link: text("https://login.example/me/security"),
    })
}

/// A template for each, by its name: with words of its own, in the clothes of all.
#[test]
fn every_notice_has_a_template_of_its_own() {
    let engine = engine();
    let templates = engine.templates();
    let mut written = Vec::new();
    for notice in Notice::ALL {
        for ending in [".html", ".txt", ".subject.txt"] {
            let name = format!("mail/{}{ending}", notice.key());
            assert!(templates.contains(&name), "there is no {name}");
        }
        let mail = mail::write(&engine, &Brand::default(), &told(*notice), None).unwrap();
        assert!(mail.html.contains("<!doctype html>") || mail.html.contains("<!DOCTYPE html>"), "{}", notice.key());
        assert!(!written.contains(&mail.text), "{} has the words of another", notice.key());
        written.push(mail.text);
    }
}

/// Strangers and known devices are stopped apart, and the mail says who it was and what helps.
#[test]
fn a_mail_about_failed_tries_says_where_they_were_stopped() {
    let engine = engine();
    let written = |what: &str| {
        let Content::Notice(told) = told(Notice::PasswordStopped) else { unreachable!() };
        let content = Content::Notice(Told { what: what.to_owned(), ..told });
        mail::write(&engine, &Brand::default(), &content, None).unwrap().text
    };
    let (strange, known) = ("on devices that you have not used before. ", "on devices that you have used before. ");
    for (authenticator, helps) in [
        ("password", "Forgot Password?"),
        ("totp", "code of your authenticator app"),
        ("recovery-code", "It was a recovery code"),
        ("passkey", "It was a passkey"),
    ] {
        let (by_strangers, by_known) = (written(authenticator), written(&format!("{authenticator}{OF_KNOWN}")));
        assert!(by_strangers.contains(strange) && !by_strangers.contains(known), "{by_strangers}");
        assert!(by_known.contains(known) && !by_known.contains(strange), "{by_known}");
        assert!(by_strangers.contains(helps) && by_known.contains(helps), "{by_known}");
    }
}

/// A file of the operator's replaces the template of one notice, whole or in part, and of no other.
#[test]
fn every_notice_is_overridden_by_its_name_alone() {
    let place = std::env::temp_dir().join(format!("latchkey-notices-{}", std::process::id()));
    let mails = place.join("templates/mail");
    let write_all = |engine: &Engine| -> Vec<_> {
        Notice::ALL.iter().map(|notice| mail::write(engine, &Brand::default(), &told(*notice), None).unwrap()).collect()
    };
    let plain = write_all(&engine());
    // Every other notice, and then those between.
    for turn in [0, 1] {
        std::fs::create_dir_all(&mails).unwrap();
        for notice in Notice::ALL.iter().skip(turn).step_by(2) {
            let files = [
                (".html", "{% extends \"mail/notice.html\" %}{% block content %}OWN {{ name }}{% endblock %}"),
                (".txt", "OWN {{ name }}"),
                (".subject.txt", "OWN {{ brand_name }}"),
            ];
            for (ending, text) in files {
                std::fs::write(mails.join(format!("{}{ending}", notice.key())), text).unwrap();
            }
        }
        let written = write_all(&Engine::new(Some(&place), Clock::set(START)).unwrap());
        for (number, ((notice, after), before)) in Notice::ALL.iter().zip(&written).zip(&plain).enumerate() {
            if number % 2 == turn {
                let whole = after.html.contains("OWN Ada") && after.html.contains("</html>");
                assert!(whole, "{}: its own words in the layout of all: {}", notice.key(), after.html);
                assert_eq!((after.text.trim(), after.subject.as_str()), ("OWN Ada", "OWN Latchkey"), "{}", notice.key());
            } else {
                assert_eq!(after, before, "{} stays as it was", notice.key());
            }
        }
        std::fs::remove_dir_all(&mails).unwrap();
    }
    std::fs::remove_dir_all(&place).unwrap();
}

#[test]
fn names_in_links_and_notices_add_no_header_and_no_markup() {
    let engine = engine();
    let evil = "<script>alert(1)</script>\r\nBcc: x@evil.example";
    let brand = Brand { name: evil.to_owned(), ..Brand::default() };
    let link = || Link {
        name: evil.to_owned(),
        email: evil.to_owned(),
        expires_at: START,
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
            at: START,
            ip: evil.to_owned(),
            link: "https://login.example/me/security".to_owned(),
        })
    };
    let links = [
        Content::PasswordReset(link()),
        Content::EmailVerification(link()),
        Content::EmailChange(link()),
        Content::Registration(link()),
    ];
    for content in links.into_iter().chain(Notice::ALL.iter().map(notice)) {
        let written = mail::write(&engine, &brand, &content, None).unwrap();
        assert!(!written.subject.contains(['\r', '\n']), "{:?}", written.subject);
        assert!(!written.html.contains("<script"), "{}", written.html);
        assert!(written.text.contains("https://login.example/") && written.html.contains("https://login.example/"));
    }
}
