//! The banner that asks to confirm one's address: on every page until that is done, with a button that sends the link anew.

use std::time::Duration;

use latchkey_core::settings::Verification;
use latchkey_core::testing::link_secret;

use crate::support::tables::{number, texts};
use crate::support::{Actor, TestApp, World, on_both_databases};

const RESEND: &str = "/me/email/resend";
const PAGES: [&str; 4] = ["/accounts", "/a/1", "/me/sessions", "/me/password"];

/// The pages that show the banner, of those that could.
async fn shown(actor: &Actor) -> Vec<&'static str> {
    let mut shown = Vec::new();
    for path in PAGES {
        let answer = actor.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        let page = answer.text();
        let banner = page.split("verify-banner").nth(1);
        if let Some(banner) = banner {
            assert!(banner.contains(&format!("action=\"{RESEND}\"")) && banner.contains("Resend"), "{path}: {banner}");
            assert!(banner.contains("olivia@example.com"), "{path}: whose address it is");
            shown.push(path);
        }
    }
    shown
}

#[on_both_databases]
async fn the_banner_stands_on_every_page_until_the_address_is_confirmed_and_is_gone_after(app: TestApp) {
    let world = World::new(app).await;
    assert_eq!(shown(&world.owner).await, Vec::<&str>::new(), "nobody is asked where the operator does not want it");
    world.app.notify(Verification::Ask).await;
    assert_eq!(shown(&world.owner).await, PAGES);
    assert!(!world.anonymous.get("/login").await.text().contains("verify-banner"), "strangers are asked nothing");

    assert_eq!(world.owner.press(RESEND).await.outline(), "303 /me/profile (success)");
    let mails = world.app.take_mails().await;
    let [mail] = mails.as_slice() else { panic!("{} mails", mails.len()) };
    assert_eq!(mail.to, "olivia@example.com");
    let link = format!("/verify/{}", link_secret(mail).reveal());
    assert_eq!(world.owner.get(&link).await.status, 200);
    assert_eq!(shown(&world.owner).await, PAGES, "a link that was only opened confirms nothing");

    assert_eq!(world.owner.press(&link).await.status, 303);
    assert_eq!(shown(&world.owner).await, Vec::<&str>::new());
    assert_eq!(shown(&world.server.user("olivia@example.com").await).await, Vec::<&str>::new(), "in every session");
    world.app.expect_unsent_mails();
}

#[on_both_databases]
async fn resend_sends_a_fresh_link_ends_the_old_one_and_has_nothing_to_send_once_confirmed(app: TestApp) {
    let world = World::new(app).await;
    world.app.notify(Verification::Ask).await;
    let mut links = Vec::new();
    for _ in 0..2 {
        let pressed = world.owner.press(RESEND).await;
        let (mood, text) = pressed.flash().unwrap();
        assert_eq!((mood.as_str(), text.contains("olivia@example.com")), ("success", true), "{text}");
        links.push(format!("/verify/{}", link_secret(world.app.take_mails().await.last().unwrap()).reveal()));
    }
    assert_eq!(world.owner.press(&links[0]).await.status, 410, "the old link is dead");
    assert_eq!(world.owner.press(&links[1]).await.status, 303);
    let pressed = world.owner.press(RESEND).await;
    assert_eq!(pressed.flash().unwrap().0, "error", "nothing is left to confirm");
    assert!(world.app.take_mails().await.is_empty());
}

/// The first name or address on a page after this part of it.
fn named(page: &str, after: &str) -> String {
    let rest = page.split_once(after).and_then(|(_, rest)| rest.split_once("<bdi>"));
    rest.and_then(|(_, rest)| rest.split_once("</bdi>")).unwrap().0.to_owned()
}

/// There is one link at a time: while another address waits, it is that one's.
#[on_both_databases]
async fn the_banner_and_the_page_that_says_to_confirm_first_name_the_address_that_resend_mails_to(app: TestApp) {
    let world = World::new(app).await;
    world.app.notify(Verification::Required).await;
    let asked = world.owner.post("/me/email", &[("email", "new@example.com")]).await;
    assert_eq!(asked.outline(), "303 /me/profile (success)");
    for (hours, address, kind) in [(0, "new@example.com", "email-change"), (24, "olivia@example.com", "email-verification")] {
        world.app.clock.advance(Duration::from_hours(hours));
        let olivia = world.server.user("olivia@example.com").await;
        world.app.take_mails().await;
        assert_eq!(named(&olivia.get("/me/sessions").await.text(), "verify-banner"), address);
        let refused = olivia.get(&format!("/a/{}", world.acme)).await;
        assert_eq!((refused.status, named(&refused.text(), "<h1>").as_str()), (403, address));
        let (mood, text) = olivia.press(RESEND).await.flash().unwrap();
        assert!(mood == "success" && text.contains(address), "{text}");
        let mails = world.app.take_mails().await;
        let sent: Vec<_> = mails.iter().map(|mail| (mail.to.as_str(), mail.written.subject.as_str())).collect();
        assert_eq!(sent, [(address, kind)]);
    }
}

/// Whoever presses it again and again is told to stop, and the address gets no more mails.
#[on_both_databases]
async fn resend_sends_so_many_links_and_no_more(app: TestApp) {
    let world = World::new(app).await;
    world.app.notify(Verification::Ask).await;
    let mut moods = Vec::new();
    for _ in 0..7 {
        moods.push(world.owner.press(RESEND).await.flash().unwrap().0);
    }
    let sent = moods.iter().take_while(|mood| *mood == "success").count();
    assert!(sent > 0 && sent < 7 && moods[sent..].iter().all(|mood| mood == "error"), "{moods:?}");
    assert_eq!(world.app.take_mails().await.len(), 1, "one link works, and those before it need not be sent");
    assert_eq!(shown(&world.owner).await, PAGES);
}

#[on_both_databases]
async fn v6_3_7_another_address_that_an_admin_asks_for_waits_and_can_be_taken_back(app: TestApp) {
    let world = World::new(app).await;
    let page = format!("/admin/users/{}", world.olivia);
    let form = [("first_name", "Olive"), ("last_name", "Owner"), ("email", "new@example.com")];
    let asked = world.admin.post(&page, &form).await;
    let (mood, text) = asked.flash().unwrap();
    assert_eq!((asked.location(), mood.as_str()), (Some(page.as_str()), "success"));
    assert!(text.contains("new@example.com") && text.contains("copy its link"), "{text}");
    let login = "select email || ' ' || first_name from users where email_key like 'olivia%' or email_key like 'new%'";
    assert_eq!(texts(&world.app.location, login).await, ["olivia@example.com Olive"], "the name changes at once");
    let waits = |page: &str| page.contains("Waits to be confirmed") && page.contains("new@example.com");
    let shown = world.admin.get(&page).await.text();
    assert!(waits(&shown) && shown.contains(&format!("action=\"{page}/email/cancel\"")), "{shown}");

    let mail = number(&world.app, "select max(id) from mails where kind = 'email-change'").await;
    let copied = world.admin.press(&format!("{page}/mails/{mail}/link")).await.text();
    let link = copied.split("http://latchkey.example").nth(1).and_then(|rest| rest.split(['"', '<']).next()).unwrap();
    assert!(link.starts_with("/verify/") && !link.contains('…'), "{link}");
    assert_eq!(world.admin.press(&format!("{page}/email/cancel")).await.outline(), format!("303 {page} (success)"));
    assert_eq!(world.admin.press(&format!("{page}/email/cancel")).await.outline(), format!("303 {page} (error)"));
    assert_eq!(world.anonymous.get(link).await.status, 410, "what was taken back confirms nothing");
    assert!(!waits(&world.admin.get(&page).await.text()));

    world.admin.post(&page, &form).await;
    let mails = world.app.take_mails().await;
    let told: Vec<_> = mails.iter().map(|mail| (mail.to.as_str(), mail.written.subject.as_str())).collect();
    let old = ("olivia@example.com", "email-change-asked");
    assert_eq!(told, [old, ("new@example.com", "email-change"), old]);
    let link = format!("/verify/{}", link_secret(&mails[1]).reveal());
    assert_eq!(world.anonymous.press(&link).await.status, 303);
    assert_eq!(texts(&world.app.location, login).await, ["new@example.com Olive"]);
    assert_eq!(world.app.take_mails().await.len(), 2, "both addresses are told");
}
