//! The invitation's page in all its states, over HTTP (PRODUCT rules 3 to 6 and 8).

use std::fmt::Write;
use std::time::Duration;

use latchkey_core::access::EditAccounts;
use latchkey_core::account;
use latchkey_core::secret::Secret;
use latchkey_core::testing::link_secret;

use crate::support::tables::{number, texts};
use crate::support::{Actor, Answer, PASSWORD, TestApp, World, difference, dump, on_both_databases};

const CHOSEN: &str = "quiet harbour, seven lanterns";

fn path(secret: &Secret) -> String {
    format!("/invite/{}", secret.reveal())
}

fn registration(email: &str) -> [(&str, &str); 4] {
    [("first_name", "Nora"), ("last_name", "New"), ("email", email), ("password", CHOSEN)]
}

/// All of an answer but the moment.
fn whole(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    (answer.status, answer.headers.iter().filter(|(name, _)| name != "date").cloned().collect(), answer.text())
}

async fn grants_of(world: &World, email: &str) -> Option<String> {
    let query = format!(
        "select grants from memberships m join users u on u.id = m.user_id where u.email = '{email}' and m.account_id = {}",
        world.acme
    );
    texts(&world.app.location, &query).await.into_iter().next()
}

#[on_both_databases]
async fn rule_5_dead_links_look_the_same_and_say_what_to_do(app: TestApp) {
    let world = World::new(app).await;
    let unknown = format!("/invite/{}", "A".repeat(43));
    let mut dead =
        vec![unknown, "/invite/x".to_owned(), "/invite/%F0%9F%98%80".to_owned(), format!("/invite/{}", "z".repeat(5_000))];
    // The one that will have expired; time goes on only at the end.
    let (_, expired) = world.invitation().await;
    let (_, used) = world.invitation().await;
    assert_eq!(world.stranger.press(&format!("{}/accept", path(&used))).await.outline(), "303 /a/1 (success)");
    let (id, cancelled) = world.invitation().await;
    assert_eq!(world.owner.press(&format!("/a/1/invitations/{id}/cancel")).await.flash().unwrap().0, "success");
    let (_, declined) = world.invitation().await;
    assert_eq!(world.anonymous.press(&format!("{}/decline", path(&declined))).await.outline(), "303 /login (success)");
    let (id, resent) = world.invitation().await;
    assert_eq!(world.owner.press(&format!("/a/1/invitations/{id}/resend")).await.flash().unwrap().0, "success");
    let fresh = latchkey_core::testing::link_secret(world.app.take_mails().await.first().unwrap());
    assert_eq!(world.anonymous.get(&path(&fresh)).await.status, 200, "the fresh link works");
    dead.extend([used, cancelled, declined, resent].iter().map(path));
    world.app.clock.advance(Duration::from_hours(7 * 24));
    dead.push(path(&expired));
    dead.push(path(&fresh));
    let late = world.server.user("sam@example.com").await;
    for actor in [&world.anonymous, &late] {
        let first = whole(&actor.get(&dead[0]).await);
        assert_eq!(first.0, 410);
        assert!(first.2.contains("new invitation"), "{}", first.2);
        assert!(!first.2.contains("Acme") && !first.2.contains("Olivia"));
        for link in &dead {
            let again = actor.get(link).await;
            assert_eq!(whole(&again), first, "{link}");
            for button in ["accept", "decline", "login", "register"] {
                let answer = actor.post(&format!("{link}/{button}"), &[]).await;
                let anonymous = answer.status == 303 && button == "accept" && answer.location() == Some(link.as_str());
                let form = answer.status == 422 && answer.text().contains("-error\"");
                assert!(answer.status == 410 || anonymous || form, "{link}/{button}: {} {}", answer.outline(), answer.text());
                assert!(!answer.text().contains("Acme"), "{link}/{button}");
            }
        }
    }
}

#[on_both_databases]
async fn rule_3_the_page_says_what_is_offered_and_opening_it_changes_nothing(app: TestApp) {
    let world = World::new(app).await;
    let (_, secret) = world.invitation().await;
    let before = dump(&world.app).await;
    for (actor, wanted, unwanted) in [
        (&world.anonymous, vec!["Register", "First Name", "/login\"", "/register\""], vec!["Accept Invite"]),
        (&world.stranger, vec!["Accept Invite", "Decline", "sam@example.com", "/switch-user\""], vec!["First Name"]),
        (&world.member, vec!["Accept Invite", "mia@example.com", "already"], vec!["First Name"]),
        (&world.owner, vec!["Acme"], vec!["Accept Invite", "First Name"]),
        (&world.admin, vec!["Register"], vec!["Accept Invite"]),
    ] {
        for _ in 0..3 {
            let answer = actor.get(&path(&secret)).await;
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
            let page = answer.text();
            for word in ["You have been invited to", "Acme", "Olivia Owner"].iter().chain(&wanted) {
                assert!(page.contains(word), "{word}: {page}");
            }
            for word in &unwanted {
                assert!(!page.contains(word), "{word}: {page}");
            }
        }
    }
    assert_eq!(difference(&before, &dump(&world.app).await), Vec::<String>::new());
}

#[on_both_databases]
async fn rule_3_a_new_person_registers_with_the_invited_address_and_is_inside(app: TestApp) {
    let world = World::new(app).await;
    let (id, secret) = world.invitation().await;
    let (nora, email) = (world.server.anonymous(), world.invited(id).await);
    let answer = nora.post(&format!("{}/register", path(&secret)), &registration(&email)).await;
    assert_eq!(answer.outline(), "303 /a/1 (success)", "{}", answer.text());
    assert_eq!(grants_of(&world, &email).await.as_deref(), Some("invoices"));
    // Rule 4: no verification.
    assert_eq!(number(&world.app, "select count(*) from users where verified_at is not null").await, 0);
    world.app.take_mails().await;
}

#[on_both_databases]
async fn rule_3_a_new_person_registers_with_any_other_address_by_way_of_its_mailbox_and_is_inside(app: TestApp) {
    let world = World::new(app).await;
    let (id, secret) = world.invitation().await;
    let nora = world.server.anonymous();
    let answer = nora.post(&format!("{}/register", path(&secret)), &registration("nora@elsewhere.example")).await;
    assert_eq!(answer.outline(), format!("303 {}/registered (success)", path(&secret)), "{}", answer.text());
    let page = nora.get(&format!("{}/registered", path(&secret))).await;
    for words in
        ["Check your mail", "A mail is on its way to nora@elsewhere.example.", "you are in <bdi>Acme</bdi> then", "24 hours"]
    {
        assert!(page.status == 200 && page.text().contains(words), "{words}: {}", page.text());
    }
    assert_eq!(grants_of(&world, "nora@elsewhere.example").await, None);
    // Another browser will do: where the mail is read.
    let nora = world.server.anonymous();
    let link = format!("/register/{}", link_secret(world.app.take_mails().await.last().unwrap()).reveal());
    let page = nora.get(&link).await.text();
    for words in
        ["Acme", "Olivia Owner", "nora@elsewhere.example", "Finish Registration", "The one you chose when you registered."]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    for (password, words) in
        [("", "Enter a password."), ("not that one", "This is not the password you chose when you registered.")]
    {
        let answer = nora.post(&link, &[("password", password)]).await;
        assert!(answer.status == 422 && answer.text().contains(words), "{words}: {}", answer.text());
    }
    let answer = nora.post(&link, &[("password", CHOSEN)]).await;
    assert_eq!(answer.outline(), "303 /a/1 (success)", "{}", answer.text());
    let gone = nora.post(&link, &[("password", CHOSEN)]).await;
    assert!(gone.status == 410 && gone.text().contains("register there, or log in"), "{}", gone.text());
    assert_eq!(world.anonymous.get(&format!("{}/registered", path(&secret))).await.status, 410);
    let home = nora.get("/a/1").await;
    assert_eq!(home.status, 200);
    assert!(home.text().contains("Hello, <bdi>Nora</bdi>") || home.text().contains("Nora"), "{}", home.text());
    assert_eq!(grants_of(&world, "nora@elsewhere.example").await.as_deref(), Some("invoices"));
    // Exactly what was given.
    assert_eq!(nora.get("/a/1/users").await.status, 403);
    assert_eq!(nora.get("/a/1/details").await.status, 403);
    // Its mailbox has confirmed it. Both addresses are kept.
    assert_eq!(number(&world.app, "select count(*) from users where verified_at is not null").await, 1);
    let kept = texts(&world.app.location, &format!("select email || ' ' || accepted_as from invitations where id = {id}")).await;
    assert!(kept[0].ends_with("nora@elsewhere.example") && kept[0].starts_with("nr"), "{kept:?}");
    assert_eq!(world.anonymous.get(&path(&secret)).await.status, 410);
    // And the login is a real one.
    assert_eq!(
        world.server.anonymous().post("/login", &[("email", "nora@elsewhere.example"), ("password", CHOSEN)]).await.outline(),
        "303 /a/1"
    );
}

#[on_both_databases]
async fn rule_5_a_wrong_password_keeps_the_link_and_a_right_one_lets_in(app: TestApp) {
    let world = World::new(app).await;
    let (_, secret) = world.invitation().await;
    let login = format!("{}/login", path(&secret));
    let sam = world.server.anonymous();
    for fields in [[("email", "sam@example.com"), ("password", "wrong")], [("email", "sam@example.com"), ("password", "")]] {
        let answer = sam.post(&login, &fields).await;
        assert_eq!(answer.status, 422);
        let page = answer.text();
        assert!(page.contains("login-email-error") || page.contains("login-password-error"), "{page}");
        assert!(page.contains("value=\"sam@example.com\"") && !page.contains("value=\"wrong\""), "{page}");
        assert!(sam.cookie("latchkey_session").is_none());
    }
    assert_eq!(grants_of(&world, "sam@example.com").await, None);
    let answer = sam.post(&login, &[("email", "sam@example.com"), ("password", PASSWORD)]).await;
    assert_eq!(answer.outline(), "303 /a/1 (success)");
    assert_eq!(sam.get("/a/1").await.status, 200);
    assert_eq!(grants_of(&world, "sam@example.com").await.as_deref(), Some("invoices"));
}

#[on_both_databases]
async fn rule_6_who_is_inside_already_loses_nothing(app: TestApp) {
    let world = World::new(app).await;
    let (_, secret) = world.invitation().await;
    let before = dump(&world.app).await;
    // The owner opens it and even presses.
    assert_eq!(world.owner.press(&format!("{}/accept", path(&secret))).await.status, 200);
    assert_eq!(difference(&before, &dump(&world.app).await), Vec::<String>::new());
    // A member keeps what it has and gets the rest.
    assert_eq!(world.manager.press(&format!("{}/accept", path(&secret))).await.outline(), "303 /a/1 (success)");
    assert_eq!(grants_of(&world, "max@example.com").await.as_deref(), Some("invoices tickets users"));
    let (_, second) = world.invitation().await;
    assert_eq!(world.with_profile.press(&format!("{}/accept", path(&second))).await.outline(), "303 /a/1 (success)");
    assert_eq!(grants_of(&world, "paula@example.com").await.as_deref(), Some("profile invoices"));
}

#[on_both_databases]
async fn rule_3_of_two_who_press_at_the_same_moment_one_gets_in(app: TestApp) {
    let world = World::new(app).await;
    for (round, email) in ["ann@example.com", "ben@example.com", "cem@example.com", "dan@example.com"].into_iter().enumerate() {
        world.app.user("One", "More", email).await;
        let other = world.server.user(email).await;
        let eve = format!("eve{round}@example.com");
        world.app.user("Eve", "Other", &eve).await;
        let eve = world.server.user(&eve).await;
        let (id, secret) = world.invitation().await;
        let accept = format!("{}/accept", path(&secret));
        eve.token("/login").await;
        other.token("/login").await;
        let before = number(&world.app, "select count(*) from memberships").await;
        let (one, two) = tokio::join!(eve.press(&accept), other.press(&accept));
        let mut outlines = [one.outline(), two.outline()];
        outlines.sort();
        assert_eq!(outlines, ["303 /a/1 (success)", "410"]);
        assert_eq!(number(&world.app, "select count(*) from memberships").await, before + 1);
        let accepted = format!("select count(*) from memberships where invitation_id = {id}");
        assert_eq!(number(&world.app, &accepted).await, 1);
    }
}

#[on_both_databases]
async fn of_two_who_register_at_the_same_moment_one_gets_in_and_the_other_leaves_no_trace(app: TestApp) {
    let world = World::new(app).await;
    let (id, secret) = world.invitation().await;
    let register = format!("{}/register", path(&secret));
    let (one, two) = (world.server.anonymous(), world.server.anonymous());
    one.token("/login").await;
    two.token("/login").await;
    let before = number(&world.app, "select count(*) from users").await;
    let email = world.invited(id).await;
    let typed = registration(&email);
    let (first, second) = tokio::join!(one.post(&register, &typed), two.post(&register, &typed));
    let mut outlines = [first.outline(), second.outline()];
    outlines.sort();
    assert_eq!(outlines, ["303 /a/1 (success)", "410"]);
    assert_eq!(number(&world.app, "select count(*) from users").await, before + 1);
}

#[on_both_databases]
async fn rule_8_a_closed_account_lets_nobody_in_and_opens_again(app: TestApp) {
    let world = World::new(app).await;
    let (_, secret) = world.invitation().await;
    let (stella, acme) = (world.stella, world.acme);
    let request = world.app.request();
    let close = world.app.app.write(&request, move |tx| account::close(tx, &tx.authorize_admin::<EditAccounts>(stella)?, acme));
    close.await.unwrap();
    let before = dump(&world.app).await;
    for actor in [&world.anonymous, &world.stranger, &world.owner] {
        let page = actor.get(&path(&secret)).await;
        assert_eq!(page.status, 200);
        assert!(!page.text().contains("Accept Invite") && !page.text().contains("First Name"), "{}", page.text());
    }
    let accept = world.stranger.press(&format!("{}/accept", path(&secret))).await;
    assert!(accept.status == 200 && !accept.text().contains("Accept Invite"), "{}", accept.outline());
    let register = world.server.anonymous().post(&format!("{}/register", path(&secret)), &registration("nora@example.com")).await;
    assert_eq!(register.status, 200);
    assert_eq!(difference(&before, &dump(&world.app).await), Vec::<String>::new());
    let reopen = world.app.app.write(&request, move |tx| account::reopen(tx, &tx.authorize_admin::<EditAccounts>(stella)?, acme));
    reopen.await.unwrap();
    assert_eq!(world.stranger.press(&format!("{}/accept", path(&secret))).await.outline(), "303 /a/1 (success)");
}

#[on_both_databases]
async fn rule_5_nobody_is_stranded_by_a_session(app: TestApp) {
    let world = World::new(app).await;
    let (_, secret) = world.invitation().await;
    let link = path(&secret);
    // Not you? Log in as another user.
    assert_eq!(world.member.press(&format!("{link}/switch-user")).await.outline(), format!("303 {link}"));
    assert!(world.member.get(&link).await.text().contains("First Name"));
    // The session ended while the page was open.
    let stale = world.stranger.at(world.server.address);
    stale.token("/login").await;
    world.stranger.press("/logout").await;
    for button in ["accept", "switch-user"] {
        assert_eq!(stale.press(&format!("{link}/{button}")).await.outline(), format!("303 {link}"));
    }
}

#[on_both_databases]
async fn whoever_registers_agrees_to_the_terms_when_there_are_any(app: TestApp) {
    let world = World::new(app).await;
    let terms = [("name", "Latchkey"), ("hue", "220"), ("terms_url", "https://terms.example/agb")];
    assert_eq!(world.admin.post("/admin/config", &terms).await.outline(), "303 /admin/config (success)");
    let (id, secret) = world.invitation().await;
    let (nora, email) = (world.server.anonymous(), world.invited(id).await);
    let page = nora.get(&path(&secret)).await.text();
    assert!(page.contains("I have read and agree to the Terms of Service") && page.contains("https://terms.example/agb"));
    let register = format!("{}/register", path(&secret));
    let refused = nora.post(&register, &registration(&email)).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("register-terms-error"), "{}", refused.text());
    let agreed: Vec<(&str, &str)> = registration(&email).into_iter().chain([("terms", "yes")]).collect();
    assert_eq!(nora.post(&register, &agreed).await.outline(), "303 /a/1 (success)");
}

async fn everything_others_can_read(world: &World, actor: &Actor, name: &str) -> String {
    let mut all = String::new();
    for route in latchkey_web::table().into_iter().filter(|route| route.method == "GET" && !route.path.contains("/invite/")) {
        let path = route.path.replace("{account}", &world.acme.to_string());
        let path = path.replace("{user}", &world.olivia.to_string()).replace("{mail}", "1").replace("{key}", "invitation");
        let answer = actor.get(&path).await;
        assert!(answer.status < 500, "{path} as {name}");
        let _ = writeln!(all, "{:?}\n{}", answer.headers, answer.text());
    }
    all
}

/// Its path is not below that of the tab.
#[on_both_databases]
async fn the_page_that_shows_a_link_is_of_the_tab_users(app: TestApp) {
    let world = World::new(app).await;
    world.app.expect_unsent_mails();
    world.owner.post("/a/1/invitations", &[("email", "new@example.com"), ("scope", "all")]).await;
    let page = world.admin.press("/admin/clients/1/invitations/1/link").await.text();
    let tabs: Vec<&str> =
        page.lines().filter(|line| line.contains("\"/admin/clients/1") && line.contains("aria-current")).collect();
    assert_eq!(tabs.len(), 1, "{tabs:?}");
    assert!(tabs.iter().all(|tab| tab.contains("href=\"/admin/clients/1/users\" aria-current=\"true\"")), "{tabs:?}");
}

#[on_both_databases]
async fn a_link_is_known_to_nobody_but_the_invited(app: TestApp) {
    use crate::support::{Server, plain};
    // A mail server is set: nobody copies links.
    let server = Server::start_with(&app, latchkey_web::Settings { mail_kept: false, ..plain() }).await;
    app.expect_unsent_mails();
    let world = World::at(app, server).await;
    let sent = world.owner.post("/a/1/invitations", &[("email", "new@example.com"), ("scope", "all")]).await;
    let shown = format!("{:?}{}", sent.headers, sent.text());
    let link = world.admin.press("/admin/clients/1/invitations/1/link").await;
    assert_eq!(link.status, 404);
    // Whatever is on a page while the mail waits, and after it was sent.
    let mut read = shown + &link.text();
    for round in ["waiting", "sent"] {
        for (name, actor) in
            [("owner", &world.owner), ("manager", &world.manager), ("member", &world.member), ("admin", &world.admin)]
        {
            read.push_str(&everything_others_can_read(&world, actor, name).await);
        }
        if round == "waiting" {
            let mails = world.app.take_mails().await;
            let secret = latchkey_core::testing::link_secret(mails.first().unwrap()).reveal();
            assert!(!read.contains(&secret), "a page shows the link of a mail that waits");
            let tables = format!("{:?}", dump(&world.app).await);
            assert!(!tables.contains(&secret), "a table holds the link");
            read = secret;
        }
    }
    let (secret, rest) = read.split_at(43);
    assert!(!rest.contains(secret), "a page shows the link of a mail that was sent");
    assert!(rest.contains("new@example.com"));
}
