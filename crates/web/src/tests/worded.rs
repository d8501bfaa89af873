//! Mails in the operator's words.

use latchkey_core::clock::Clock;
use latchkey_core::mail::{Content, Link, MailKind, Notice, SECRET_MARK, Told, Wording, Written};
use latchkey_core::settings::Brand;
use latchkey_core::testing::START;

use super::engine;
use crate::engine::Engine;
use crate::mail;

const LINK: &str = "https://login.example/verify/x?a=1&b=2";

fn write(content: &Content, subject: &str, message: &str) -> Written {
    let kind = MailKind::from_key(content.template()).unwrap();
    let words = Wording::parse(kind, subject, message, "Open {brand_name}").unwrap();
    mail::write(&engine(), &Brand::default(), content, Some(&words)).unwrap()
}

fn reset(name: &str) -> Content {
    let (name, email) = (name.to_owned(), "ada@example.com".to_owned());
    Content::PasswordReset(Link { name, email, expires_at: START, link: LINK.to_owned() })
}

fn told(notice: Notice, by: &str, what: &str, ip: &str) -> Content {
    Content::Notice(Told {
        notice: notice.key(),
        name: "Ada".to_owned(),
        email: "ada@example.com".to_owned(),
        account_name: "Engines".to_owned(),
        by: by.to_owned(),
        what: what.to_owned(),
        at: START,
        ip: ip.to_owned(),
        link: LINK.to_owned(),
    })
}

fn invitation(role: &str, permissions: &[&str]) -> Content {
    Content::Invitation {
        account_name: "Engines".to_owned(),
        inviter: "Ada".to_owned(),
        email: "a@b.example".to_owned(),
        role: role.to_owned(),
        all_permissions: false,
        permissions: permissions.iter().map(|key| (*key).to_owned()).collect(),
        expires_at: START,
        link: LINK.to_owned(),
    }
}

#[test]
fn every_field_is_filled_in_in_both_spellings() {
    let message = "Hello {name},\nuntil {$expires_at} for {email}.\n\n{link}\n\nOr: {link}\n\n-- \n{brand_name}\nHarbour 1";
    let written = write(&reset("Ada"), "For {$name} at {brand_name}", message);
    assert_eq!(written.subject, "For Ada at Latchkey");
    let text = format!(
        "Hello Ada,\nuntil 24 Nov 2026, 08:00 UTC for ada@example.com.\n\n{LINK}\n\nOr: {LINK}\n\n-- \nLatchkey\nHarbour 1\n"
    );
    assert_eq!(written.text, text);
    let link = LINK.replace('&', "&amp;");
    assert_eq!(written.html.matches(&format!("href=\"{link}\"")).count(), 3, "a button, the link below it, and one in the text");
    for wanted in [">Open Latchkey</a>", "Hello Ada,<br>until", "Latchkey<br>Harbour 1"] {
        assert!(written.html.contains(wanted), "{wanted}: {}", written.html);
    }
}

#[test]
fn v1_3_11_names_in_the_operators_words_add_no_header_no_markup_and_no_field() {
    let evil = "<script>alert(1)</script>\r\nBcc: x@evil.example {$link} {email} {{ 7 * 7 }} ⁅1⁆";
    let written = write(&reset(evil), "For {name}", "<b>{name}</b>: {link}");
    assert!(!written.subject.contains(['\r', '\n']) && written.subject.contains("{$link} {email}"), "{:?}", written.subject);
    assert!(!written.html.contains("<script") && !written.html.contains("<b>"), "{}", written.html);
    assert!(written.html.contains("&lt;b&gt;&lt;script&gt;") && written.html.contains("{$link} {email} {{ 7 * 7 }}"));
    assert!(written.text.contains("{$link} {email} {{ 7 * 7 }}") && !written.text.contains("49"), "{}", written.text);
    assert_eq!(written.text.matches(LINK).count(), 1);
}

#[test]
fn a_line_whose_fields_are_all_empty_is_left_out_and_the_link_never() {
    let notice = Notice::Masquerade;
    let message = "Hello {name}\n\nBy: {by}\nWhy: {what}\n\nFrom: {ip}\n\n{by}{link}{what}\n\nBye";
    let full = write(&told(notice, "Sam", "To help", "192.0.2.7"), "Hello", message);
    assert_eq!(full.text, format!("Hello Ada\n\nBy: Sam\nWhy: To help\n\nFrom: 192.0.2.7\n\nSam{LINK}To help\n\nBye\n"));
    let empty = write(&told(notice, "", "", ""), "Hello", message);
    assert_eq!(empty.text, format!("Hello Ada\n\n{LINK}\n\nBye\n"), "a name can be empty, the greeting stays");
}

#[test]
fn a_line_with_the_permissions_is_written_once_for_each() {
    let message = "{link}\n\nThe role {role}.\n\nYou may:\n\n- {permissions}\n\n* {permissions}";
    let written = write(&invitation("", &["invoices", "tickets"]), "Join", message);
    let text = "You may:\n\n- View & Pay Invoices\n- View & Open Support Tickets\n\n* View & Pay Invoices\n* View & Open Support Tickets\n";
    assert_eq!(written.text, format!("{LINK}\n\n{text}"));
    assert!(written.html.contains("<li style=\"margin:0 0 4px;\">View &amp; Pay Invoices</li>"), "{}", written.html);
    let none = write(&invitation("Clerk", &[]), "Join", message);
    assert_eq!(none.text, format!("{LINK}\n\nThe role Clerk.\n\nYou may:\n"));
}

#[test]
fn the_secret_of_a_link_is_put_in_at_delivery_alone() {
    let link = format!("https://login.example/password/reset/{SECRET_MARK}");
    let content =
        Content::PasswordReset(Link { name: "Ada".to_owned(), email: String::new(), expires_at: START, link: link.clone() });
    let written = write(&content, "For {name}", "A: {link}\n\n{link}");
    assert_eq!(written.text.matches(&link).count(), 2);
    assert_eq!(written.html.matches(&format!("href=\"{link}\"")).count(), 3, "whole, wherever it stands");
    assert!(!written.subject.contains(SECRET_MARK));
}

#[test]
fn devices_and_ways_to_log_in_are_told_in_words() {
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let device = write(&told(Notice::NewDevice, "", firefox, ""), "Hello", "With {what}.");
    assert_eq!(device.text, "With Firefox on Linux.\n");
    let stopped = write(&told(Notice::PasswordStopped, "", "passkey", ""), "Hello", "{what} Bye");
    let strange = "What was tried no longer opens your login on devices that you have not used before.";
    assert!(stopped.text.starts_with(&format!("{strange} It was a passkey.")), "{}", stopped.text);
    let plain = mail::write(&engine(), &Brand::default(), &told(Notice::PasswordStopped, "", "totp", ""), None).unwrap();
    assert!(plain.text.contains(&format!("\n\n{strange} It was the code of your authenticator app.")), "{}", plain.text);
}

#[test]
fn the_operators_words_are_sent_instead_of_a_file_of_the_operators() {
    let place = std::env::temp_dir().join(format!("latchkey-words-{}", std::process::id()));
    std::fs::create_dir_all(place.join("templates/mail")).unwrap();
    std::fs::write(place.join("templates/mail/password-changed.txt"), "OWN FILE {{ name }}").unwrap();
    let engine = Engine::new(Some(&place), Clock::set(START)).unwrap();
    std::fs::remove_dir_all(&place).unwrap();
    assert!(engine.is_overridden("mail/password-changed.txt") && !engine.is_overridden("mail/password-changed.html"));
    let kind = MailKind::Notice(Notice::PasswordChanged);
    assert_eq!(mail::original(&engine, kind).unwrap().message, "OWN FILE {name}", "what one begins with");
    let (content, words) = (told(Notice::PasswordChanged, "", "", ""), Wording::parse(kind, "Hello", "Words", "Open").unwrap());
    for (words, text) in [(None, "OWN FILE Ada"), (Some(&words), "Words")] {
        assert_eq!(mail::write(&engine, &Brand::default(), &content, words).unwrap().text.trim(), text);
    }
}
