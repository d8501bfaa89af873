//! **Email Templates**: what the mails of this server say, changed in the Admin Area.

use crate::support::tables::{dump, texts};
use crate::support::{TestApp, World, on_both_databases};

const RESET: &str = "/admin/config/templates/mails/password-reset";
const LIST: &str = "/admin/config/templates";

async fn stored(world: &World) -> Vec<String> {
    texts(&world.app.location, "select template || '|' || subject || '|' || message || '|' || button from mail_texts").await
}

#[on_both_databases]
async fn a_mail_is_changed_looked_at_and_restored(app: TestApp) {
    let world = World::new(app).await;
    let page = world.admin.get(RESET).await.text();
    for original in
        ["Choose a new password for {brand_name}", "{link}", "until {expires_at}", "Choose a New Password", "Mara Example"]
    {
        assert!(page.contains(original), "{original} is what one begins with: {page}");
    }
    let words = [("subject", "For {name}"), ("message", "Dear {$name},\r\n\r\n{link}"), ("button", "Go on")];
    let saved = world.admin.post(RESET, &words).await;
    assert_eq!((saved.status, saved.location()), (303, Some(LIST)), "{}", saved.text());
    assert_eq!(stored(&world).await, ["password-reset|For {name}|Dear {$name},\n\n{link}|Go on"]);
    let list = world.admin.get(LIST).await.text();
    assert!(list.contains("For Mara Example") && list.matches(">Changed<").count() == 1, "{list}");
    let mail = world.admin.get(&format!("{LIST}/password-reset")).await;
    assert!(mail.text().contains("Dear Mara Example,") && mail.text().contains(">Go on</a>"), "{}", mail.text());
    assert!(world.admin.get(RESET).await.text().contains("Dear {$name},"));
    assert_eq!(world.admin.press(&format!("{RESET}/restore")).await.location(), Some(LIST));
    assert_eq!(stored(&world).await, Vec::<String>::new());
    assert!(world.admin.get(RESET).await.text().contains("Choose a new password for {brand_name}"));
}

#[on_both_databases]
async fn the_words_of_the_template_are_no_change(app: TestApp) {
    let world = World::new(app).await;
    let page = world.admin.get(RESET).await.text();
    let between = |from: &str, to: &str| {
        let rest = page.split_once(from).unwrap_or_else(|| panic!("{from}: {page}")).1;
        rest.split_once(to).unwrap().0.replace("&#39;", "'").replace("&quot;", "\"").replace("&amp;", "&")
    };
    let value = |name: &str| between(&format!("name=\"{name}\" type=\"text\" value=\""), "\"");
    let message = between("<textarea", "</textarea>").split_once('>').unwrap().1.to_owned();
    let (subject, button) = (value("subject"), value("button"));
    let words = |message: &str| vec![("subject", subject.clone()), ("message", message.to_owned()), ("button", button.clone())];
    for (message, rows) in [(message.clone(), 0), (format!("{message}!"), 1), (message, 0)] {
        let fields = words(&message);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(world.admin.post(RESET, &fields).await.status, 303);
        assert_eq!(stored(&world).await.len(), rows);
    }
}

#[on_both_databases]
async fn words_that_cannot_be_taken_are_refused_beside_their_field_and_change_nothing(app: TestApp) {
    let world = World::new(app).await;
    let good = [("subject", "For {name}"), ("message", "Here: {link}"), ("button", "Go on")];
    world.admin.post(RESET, &[]).await;
    let before = dump(&world.app).await;
    for (field, bad, why) in [
        ("subject", "", "subject-error"),
        ("subject", "Hello\r\nBcc: x@evil.example", "subject-error"),
        ("subject", "{name}", "Write words of your own"),
        ("subject", "See {link}", "can only stand in the message"),
        ("message", "Here: link", "Put {link} into the message"),
        ("message", "Here: {link} {account_name}", "{account_name} is not a field of this mail"),
        ("message", "Here: {link} {$nmae}", "{$nmae} is not a field of this mail"),
        ("message", "Here: {link} {{ 7 * 7 }}", "{{ 7 * 7 }} is not a field of this mail"),
        ("message", "Here: {link} {<b>x</b>}", "{&lt;b&gt;x&lt;/b&gt;} is not a field of this mail"),
        ("message", "", "message-error"),
        ("button", "", "button-error"),
        ("button", "{nobody}", "{nobody} is not a field of this mail"),
    ] {
        let fields: Vec<(&str, &str)> =
            good.iter().map(|(name, value)| (*name, if *name == field { bad } else { *value })).collect();
        for path in [RESET.to_owned(), format!("{RESET}/preview")] {
            let refused = world.admin.post(&path, &fields).await;
            assert_eq!(refused.status, 422, "{path} {field}: {bad:?}");
            let text = refused.text();
            assert!(text.contains(why) && text.contains(&format!("id=\"{field}-error\"")), "{bad:?}: {text}");
        }
    }
    assert_eq!(dump(&world.app).await, before);
}

#[on_both_databases]
async fn a_preview_shows_what_was_typed_escaped_and_shut_off_and_saves_nothing(app: TestApp) {
    let world = World::new(app).await;
    let typed = [("subject", "For <i>{name}</i>"), ("message", "<script>alert(1)</script>\n\n{link}"), ("button", "Go <on>")];
    world.admin.get(RESET).await;
    let before = dump(&world.app).await;
    let preview = world.admin.post(&format!("{RESET}/preview"), &typed).await;
    let policy = preview.header("content-security-policy").unwrap().to_owned();
    assert!(preview.status == 200 && policy.contains("sandbox") && policy.contains("default-src 'none'"), "{policy}");
    let html = preview.text();
    assert!(html.contains("For &lt;i&gt;Mara Example&lt;/i&gt;") && html.contains("Go &lt;on&gt;"), "{html}");
    assert!(!html.contains("<script") && html.contains("/password/reset/…"), "{html}");
    assert_eq!(dump(&world.app).await, before);
}

#[on_both_databases]
async fn only_mails_of_this_server_have_such_a_page(app: TestApp) {
    let world = World::new(app).await;
    for key in ["message", "notice", "nothing", "..%2Flayout", "INVITATION"] {
        let path = format!("{LIST}/mails/{key}");
        assert_eq!(world.admin.get(&path).await.status, 404, "{path}");
        assert_eq!(world.admin.get(&format!("{LIST}/{key}")).await.status, 404, "{key}");
        assert_eq!(world.admin.post(&path, &[("subject", "x"), ("message", "x"), ("button", "x")]).await.status, 404);
    }
}
