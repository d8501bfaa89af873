//! Second factors through the pages: setting up, logging in, confirming, and where they are required.

use std::time::Duration;

use latchkey_core::access::{ConfigureSystem, Denied, Subject, System};
use latchkey_core::event;
use latchkey_core::factor;
use latchkey_core::settings::{self, Security};

use crate::support::tables::number;
use crate::support::{Actor, Answer, Ask, PASSWORD, TestApp, World, on_both_databases};

const STEP: Duration = Duration::from_secs(30);

async fn code(world: &World, subject: Subject) -> String {
    factor::code_now(&world.app.app, subject).await.unwrap()
}

/// Sets up an authenticator app; the page with the recovery codes.
async fn enrol(world: &World, actor: &Actor, base: &str, subject: Subject, next: &str) -> String {
    let offered = actor.post(&format!("{base}/me/security/totp"), &[("next", next)]).await;
    let location = offered.location().unwrap().to_owned();
    assert!(location.starts_with(&format!("{base}/me/security/totp")), "{location}");
    let page = actor.get(&location).await.text();
    assert!(page.contains("<svg class=\"qr\"") && page.contains("otpauth://totp/Latchkey:"), "{page}");
    let wrong = actor.post(&format!("{base}/me/security/totp/confirm"), &[("code", "000000"), ("next", next)]).await;
    assert_eq!(wrong.status, 422);
    let code = code(world, subject).await;
    let codes = actor.post(&format!("{base}/me/security/totp/confirm"), &[("code", &code), ("next", next)]).await;
    assert_eq!(codes.status, 200, "{}", codes.text());
    world.app.clock.advance(STEP);
    world.app.take_mails().await;
    codes.text()
}

/// The first of the recovery codes on a page.
fn first_code(page: &str) -> String {
    page.split_once("id=\"recovery-codes\"").and_then(|(_, rest)| rest.split_once("<li>")).unwrap().1[..29].to_owned()
}

async fn password(actor: &Actor, path: &str, email: &str) -> Answer {
    actor.post(path, &[("email", email), ("password", PASSWORD), ("next", "/me/profile")]).await
}

#[on_both_databases]
async fn v6_4_4_a_login_with_a_factor_goes_through_both_steps_or_a_recovery_code(app: TestApp) {
    let world = World::new(app).await;
    let subject = Subject::User(world.olivia);
    let page = enrol(&world, &world.owner, "", subject, "").await;
    let recovery = first_code(&page);
    assert_eq!(page.matches("<li>").count(), 10);
    let browser = world.server.anonymous();
    assert_eq!(browser.get("/login/two-factor").await.outline(), "303 /login");
    assert_eq!(password(&browser, "/login", "olivia@example.com").await.outline(), "303 /login/two-factor");
    assert_eq!(browser.cookie("latchkey_session"), None, "a password alone is no session");
    assert_eq!(browser.get("/me/profile").await.outline(), "303 /login?next=%2Fme%2Fprofile");
    assert_eq!(browser.get("/login/two-factor").await.status, 200);
    let elsewhere = world.server.anonymous();
    let code = code(&world, subject).await;
    let stolen = elsewhere.post("/login/two-factor", &[("code", &code)]).await;
    assert_eq!(stolen.outline(), "303 /login (error)", "a code is of no use in another browser");
    assert_eq!(browser.post("/login/two-factor", &[("code", "000000")]).await.status, 422);
    assert_eq!(browser.post("/login/two-factor", &[("code", &code)]).await.outline(), "303 /me/profile");
    assert_eq!(browser.get("/me/profile").await.status, 200);
    let other = world.server.anonymous();
    password(&other, "/login", "olivia@example.com").await;
    assert_eq!(other.post("/login/two-factor", &[("recovery", &recovery)]).await.outline(), "303 /me/profile");
    let third = world.server.anonymous();
    password(&third, "/login", "olivia@example.com").await;
    for _ in 0..4 {
        assert_eq!(third.post("/login/two-factor", &[("recovery", &recovery)]).await.status, 422);
    }
    assert_eq!(third.post("/login/two-factor", &[("recovery", &recovery)]).await.outline(), "303 /login (error)");
    let mails = world.app.take_mails().await;
    assert_eq!(mails.last().unwrap().written.subject, "recovery-code-used");
}

#[on_both_databases]
async fn an_invitation_is_accepted_after_the_second_step(app: TestApp) {
    let world = World::new(app).await;
    let sam = world
        .app
        .app
        .read(|snapshot| latchkey_core::user::by_email(snapshot, &latchkey_core::email::EmailKey::of("sam@example.com")));
    let subject = Subject::User(sam.await.unwrap().unwrap());
    enrol(&world, &world.stranger, "", subject, "").await;
    let (_, secret) = world.invitation().await;
    let path = format!("/invite/{}", secret.reveal());
    let browser = world.server.anonymous();
    assert_eq!(password(&browser, &format!("{path}/login"), "sam@example.com").await.outline(), "303 /login/two-factor");
    let code = code(&world, subject).await;
    let done = browser.post("/login/two-factor", &[("code", &code)]).await;
    assert_eq!(done.location(), Some(path.as_str()), "back to the invitation");
    let accepted = browser.press(&format!("{path}/accept")).await;
    assert_eq!(accepted.outline(), format!("303 /a/{} (success)", world.acme));
}

#[on_both_databases]
async fn a_log_that_was_shortened_says_where_it_begins(app: TestApp) {
    let world = World::new(app).await;
    assert!(!world.admin.get("/admin/activity").await.text().contains("begins with event"));
    let fields: Vec<_> = crate::routes::SECURITY.into_iter().chain([("log_days", "90")]).collect();
    world.admin.post("/admin/config/security", &fields).await;
    let system = world.app.system();
    event::seal_all(&world.app.app, &system).await.unwrap();
    world.app.clock.advance(Duration::from_hours(91 * 24));
    world.app.app.write(&world.app.request(), move |tx| event::shorten(tx, &system)).await.unwrap();
    let admin = world.server.admin("stella@staff.example").await;
    let page = admin.get("/admin/activity").await.text();
    assert!(
        page.contains("The log was kept for 90 days and begins with event") && page.contains("Log shortened up to"),
        "{page}"
    );
}

#[on_both_databases]
async fn v7_5_1_without_a_fresh_proof_nothing_is_done_and_the_way_leads_through_it_and_back(app: TestApp) {
    let world = World::new(app).await;
    world.app.clock.advance(Duration::from_mins(11));
    let press = async |actor: &Actor, path: &str, from: &str| {
        let token = actor.token(path).await;
        let referrer = format!("http://{}{from}", world.server.address);
        actor.send(&Ask::new("POST", path).form(&[("csrf", &token)]).with("referer", &referrer)).await
    };
    let refused = press(&world.owner, "/me/security/totp", "/me/security?x=1").await;
    assert_eq!(refused.location(), Some("/confirm?next=%2Fme%2Fsecurity%3Fx%3D1"));
    let foreign = world.owner.token("/me/security/totp").await;
    let ask = Ask::new("POST", "/me/security/totp").form(&[("csrf", &foreign)]).with("referer", "https://evil.example/x");
    assert_eq!(world.owner.send(&ask).await.location(), Some("/confirm"));
    let before = world.owner.cookie("latchkey_session").unwrap();
    assert_eq!(world.owner.post("/confirm", &[("password", "wrong"), ("next", "/me/security")]).await.status, 422);
    let done = world.owner.post("/confirm", &[("password", PASSWORD), ("next", "/me/security")]).await;
    assert_eq!(done.outline(), "303 /me/security (success)");
    assert_ne!(world.owner.cookie("latchkey_session").unwrap(), before, "V7.2.4");
    assert_eq!(press(&world.owner, "/me/security/totp", "/me/security").await.location(), Some("/me/security/totp"));
    let (user, steve) = (world.someone().await, world.another_admin().await);
    let ((invited, _), change) = (world.admin_invitation().await, world.owner_change().await);
    for path in [
        format!("/admin/config/admins/{steve}/disable"),
        format!("/admin/config/admins/{steve}/enable"),
        format!("/admin/config/admins/{steve}/delete"),
        format!("/admin/config/admins/{steve}/role"),
        format!("/admin/config/admins/invitations/{invited}/resend"),
        format!("/admin/users/{}/delete", world.olivia),
        format!("/admin/users/{}/two-factor/disable", world.olivia),
        format!("/admin/clients/{}/users/{user}/owner", world.acme),
        format!("/admin/clients/{}/owner-changes/{change}/approve", world.acme),
    ] {
        let refused = press(&world.admin, &path, "/admin/users").await;
        assert_eq!(refused.location(), Some("/admin/confirm?next=%2Fadmin%2Fusers"), "{path}");
    }
    let another = [("first_name", "Olivia"), ("last_name", "Owner"), ("email", "taken-over@example.com")];
    let refused = world.admin.post(&format!("/admin/users/{}", world.olivia), &another).await;
    assert_eq!(refused.location(), Some("/admin/confirm"), "another's address");
    assert_eq!(number(&world.app, "select count(*) from verifications").await, 0);
    let role = world.role().await;
    let before =
        crate::support::tables::texts(&world.app.location, "select name || permissions from admin_roles order by id").await;
    for path in ["/admin/config/roles".to_owned(), format!("/admin/config/roles/{role}")] {
        let refused = world.admin.post(&path, &[("name", "Sales"), ("permissions", "log")]).await;
        assert_eq!(refused.location(), Some("/admin/confirm"), "{path}");
    }
    let refused = press(&world.admin, &format!("/admin/config/roles/{role}/delete"), "/admin/config/roles").await;
    assert_eq!(refused.location(), Some("/admin/confirm?next=%2Fadmin%2Fconfig%2Froles"));
    let after =
        crate::support::tables::texts(&world.app.location, "select name || permissions from admin_roles order by id").await;
    assert_eq!(before, after, "no role was made, changed or deleted");
    let invite = [("email", "nora@staff.example"), ("role", "2")];
    assert_eq!(world.admin.post("/admin/config/admins", &invite).await.location(), Some("/admin/confirm"));
    let refused = world.member.post("/me/email", &[("email", "new@example.com")]).await;
    assert_eq!(refused.location(), Some("/confirm"), "one's own address");
    assert_eq!(world.member.post("/confirm", &[("password", PASSWORD)]).await.status, 303);
    let asked = world.member.post("/me/email", &[("email", "new@example.com")]).await;
    assert_eq!(asked.outline(), "303 /me/profile (success)");
    let refused = world.admin.post(&format!("/admin/clients/{}/delete", world.acme), &[("confirm", "Acme")]).await;
    assert_eq!(refused.location(), Some("/admin/confirm"));
    assert_eq!(world.admin.post("/admin/confirm", &[("password", PASSWORD)]).await.outline(), "303 /admin/me/security (success)");
    assert_eq!(press(&world.admin, &format!("/admin/clients/{}/users/{user}/owner", world.acme), "").await.status, 303);
    let saved = world.admin.post("/admin/config/roles", &[("name", "Sales"), ("permissions", "log")]).await;
    assert_eq!(saved.outline(), "303 /admin/config/roles (success)");
    world.app.take_mails().await;
}

/// A link that opens a user's login or makes an admin is worth as much as what is changed with a proof.
#[on_both_databases]
async fn v7_5_1_without_a_fresh_proof_no_link_that_opens_a_login_is_shown(app: TestApp) {
    let world = World::new(app).await;
    world.app.clock.advance(Duration::from_mins(11));
    let (invited, _) = world.admin_invitation().await;
    let links = [
        (format!("/admin/config/admins/invitations/{invited}/link"), "http://latchkey.example/admin/invite/"),
        (
            crate::support::world::fill(&world, "/admin/users/{user}/mails/{mail}/link", "admin").await,
            "http://latchkey.example/password/reset/",
        ),
    ];
    let logged = async || number(&world.app, "select count(*) from events where kind = 'mail-link-shown'").await;
    let before = logged().await;
    for (path, _) in &links {
        assert_eq!(world.admin.press(path).await.location(), Some("/admin/confirm"), "{path}");
    }
    assert_eq!(logged().await, before, "none was shown");
    assert_eq!(world.admin.post("/admin/confirm", &[("password", PASSWORD)]).await.status, 303);
    for ((path, link), count) in links.iter().zip(1..) {
        let shown = world.admin.press(path).await;
        assert!(shown.status == 200 && shown.text().contains(link), "{path}: {}", shown.text());
        assert_eq!(logged().await, before + count, "and that is in the log: {path}");
    }
}

#[on_both_databases]
async fn whoever_asked_to_confirm_with_a_recovery_code_finds_the_way_back_to_the_app(app: TestApp) {
    let world = World::new(app).await;
    for (actor, base, subject) in
        [(&world.owner, "", Subject::User(world.olivia)), (&world.admin, "/admin", Subject::Admin(world.stella))]
    {
        enrol(&world, actor, base, subject, "").await;
        let asked = format!("{base}/confirm?next=%2Fme%2Fprofile");
        let page = actor.get(&asked).await.text();
        assert!(page.contains(&format!("href=\"{base}/confirm?next=%2Fme%2Fprofile&amp;with=recovery\"")), "{page}");
        let page = actor.get(&format!("{asked}&with=recovery")).await.text();
        assert!(page.contains("name=\"recovery\"") && page.contains(&format!("href=\"{asked}\"")), "{page}");
        assert!(page.contains("Use the authenticator app"), "{page}");
    }
}

/// Neither a link from a mail nor its secret is a factor: there is none by mail, for anybody.
#[on_both_databases]
async fn nist_3_1_3_what_a_mail_brings_is_no_second_factor(app: TestApp) {
    let world = World::new(app).await;
    enrol(&world, &world.owner, "", Subject::User(world.olivia), "").await;
    assert_eq!(world.anonymous.post("/password/forgot", &[("email", "olivia@example.com")]).await.status, 303);
    world.app.resolve_resets().await;
    let mails = world.app.take_mails().await;
    let secret = latchkey_core::testing::link_secret(mails.last().unwrap()).reveal();
    let browser = world.server.anonymous();
    assert_eq!(password(&browser, "/login", "olivia@example.com").await.outline(), "303 /login/two-factor");
    let page = browser.get("/login/two-factor").await.text();
    assert!(!page.to_lowercase().contains("mail"), "none is offered: {page}");
    for field in ["code", "recovery"] {
        assert_eq!(browser.post("/login/two-factor", &[(field, &secret)]).await.status, 422, "{field}");
    }
    assert_eq!(browser.get("/me/profile").await.outline(), "303 /login?next=%2Fme%2Fprofile");
}

#[on_both_databases]
async fn v6_3_3_who_enters_an_account_that_requires_two_factor_is_led_through_it(app: TestApp) {
    let world = World::new(app).await;
    let home = format!("/a/{}", world.acme);
    let required = world.owner.post(&format!("{home}/two-factor"), &[("required", "yes")]).await;
    assert_eq!(required.outline(), format!("303 {home}/users (success)"));
    let led = world.owner.get(&format!("{home}/users")).await;
    let there = format!("/two-factor?next=%2Fa%2F{}%2Fusers", world.acme);
    assert_eq!(led.location(), Some(there.as_str()));
    assert!(world.owner.get(&there).await.text().contains("Two-factor is required"));
    assert_eq!(world.owner.get("/accounts").await.status, 200, "asked when the account is entered, not before");
    let page = enrol(&world, &world.owner, "", Subject::User(world.olivia), &format!("{home}/users")).await;
    assert!(page.contains(&format!("href=\"{home}/users\"")), "{page}");
    let page = world.owner.get(&format!("{home}/users")).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("two-factor-on"), "the shield of whoever has a factor");
    let other = world.server.anonymous();
    password(&other, "/login", "olivia@example.com").await;
    let code = code(&world, Subject::User(world.olivia)).await;
    other.post("/login/two-factor", &[("code", &code)]).await;
    assert_eq!(other.get(&home).await.status, 200);
}

#[on_both_databases]
async fn v6_3_3_an_admin_without_a_factor_sets_one_up_before_anything_else(app: TestApp) {
    let world = World::new(app).await;
    let request = world.app.request();
    let on = world.app.app.write(&request, |tx| settings::require_two_factor_of_admins(tx, &System::named("test"), true));
    on.await.unwrap();
    assert_eq!(world.admin.get("/admin").await.outline(), "303 /admin/two-factor?next=%2Fadmin");
    assert_eq!(world.admin.post("/admin/config", &[("name", "X"), ("hue", "1")]).await.outline(), "303 /admin/two-factor");
    assert_eq!(world.admin.get("/admin/two-factor?next=/admin").await.status, 200);
    let subject = Subject::Admin(world.stella);
    let page = enrol(&world, &world.admin, "/admin", subject, "/admin").await;
    assert!(page.contains("href=\"/admin\""));
    assert_eq!(world.admin.get("/admin").await.status, 200);
    let browser = world.server.anonymous();
    let begun = browser.post("/admin/login", &[("email", "stella@staff.example"), ("password", PASSWORD)]).await;
    assert_eq!(begun.outline(), "303 /admin/login/two-factor");
    let code = code(&world, subject).await;
    assert_eq!(browser.post("/admin/login/two-factor", &[("code", &code)]).await.outline(), "303 /admin");
    assert_eq!(browser.get("/admin").await.status, 200);
}

/// Two browsers of one admin, both begun with the password alone: the factor that one sets up is asked of the other at once.
#[on_both_databases]
async fn v6_3_3_an_admins_other_browser_shows_the_factor_before_it_goes_on(app: TestApp) {
    let world = World::new(app).await;
    let elsewhere = world.server.admin("stella@staff.example").await;
    let request = world.app.request();
    let on = world.app.app.write(&request, |tx| settings::require_two_factor_of_admins(tx, &System::named("test"), true));
    on.await.unwrap();
    let subject = Subject::Admin(world.stella);
    enrol(&world, &world.admin, "/admin", subject, "/admin").await;
    assert_eq!(world.admin.get("/admin").await.status, 200);
    assert_eq!(elsewhere.get("/admin/clients").await.outline(), "303 /admin/two-factor?next=%2Fadmin%2Fclients");
    assert_eq!(elsewhere.post("/admin/config", &[("name", "X"), ("hue", "1")]).await.outline(), "303 /admin/two-factor");
    let factor = number(&world.app, "select max(id) from authenticators").await;
    let refused = elsewhere.press(&format!("/admin/me/security/factors/{factor}/remove")).await;
    assert!(refused.location().is_some_and(|to| to.starts_with("/admin/confirm")), "{}", refused.outline());
    let there = "/admin/confirm?next=%2Fadmin%2Fclients";
    assert_eq!(elsewhere.get("/admin/two-factor?next=/admin/clients").await.location(), Some(there));
    let by_password = elsewhere.post("/admin/confirm", &[("password", PASSWORD), ("next", "/admin/clients")]).await;
    assert_eq!(by_password.status, 422, "the password was shown already");
    let code = code(&world, subject).await;
    let shown = elsewhere.post("/admin/confirm", &[("code", &code), ("next", "/admin/clients")]).await;
    assert_eq!(shown.outline(), "303 /admin/clients (success)");
    assert_eq!(elsewhere.get("/admin/clients").await.status, 200);
}

/// The operator ticks *everybody*: a user without a factor is led through setting one up, in another browser through showing it.
#[on_both_databases]
async fn v6_3_3_where_the_operator_requires_it_of_everybody_nobody_goes_on_without(app: TestApp) {
    let world = World::new(app).await;
    let elsewhere = world.server.user("olivia@example.com").await;
    assert_eq!(world.owner.get("/accounts").await.status, 200);
    let fields: Vec<_> = crate::routes::SECURITY.into_iter().chain([("everybody", "yes")]).collect();
    let saved = world.admin.post("/admin/config/security", &fields).await;
    assert_eq!(saved.outline(), "303 /admin/config/security (success)");
    let led = "/two-factor?next=%2Faccounts";
    for actor in [&world.owner, &elsewhere] {
        assert_eq!(actor.get("/accounts").await.location(), Some(led));
        assert_eq!(actor.get(&format!("/a/{}", world.acme)).await.status, 303);
        assert!(actor.get(led).await.text().contains("Two-factor is required"));
    }
    let subject = Subject::User(world.olivia);
    let page = enrol(&world, &world.owner, "", subject, "/accounts").await;
    assert!(page.contains("href=\"/accounts\""), "{page}");
    assert_eq!(world.owner.get("/accounts").await.status, 200);
    assert_eq!(world.owner.get(&format!("/a/{}", world.acme)).await.status, 200);
    assert_eq!(elsewhere.get("/accounts").await.location(), Some(led));
    assert_eq!(elsewhere.get(led).await.location(), Some("/confirm?next=%2Faccounts"));
    let code = code(&world, subject).await;
    let shown = elsewhere.post("/confirm", &[("code", &code), ("next", "/accounts")]).await;
    assert_eq!(shown.outline(), "303 /accounts (success)");
    assert_eq!(elsewhere.get("/accounts").await.status, 200);
}

#[on_both_databases]
async fn v7_4_1_whoever_must_show_a_factor_first_may_log_out_all_the_same(app: TestApp) {
    let world = World::new(app).await;
    let (request, stella) = (world.app.request(), world.stella);
    let required = world.app.app.write(&request, move |tx| {
        let by = tx.authorize_admin::<ConfigureSystem>(stella)?;
        let security = Security { everybody: true, admins: true, ..settings::security(tx)? };
        Ok::<_, Denied>(settings::set_security(tx, &by, &security)?)
    });
    required.await.unwrap();
    for (actor, page, logout, login) in [
        (&world.member, "/two-factor", "/logout", "/login"),
        (&world.admin, "/admin/two-factor", "/admin/logout", "/admin/login"),
    ] {
        let required = actor.get(page).await.text();
        assert!(required.contains(&format!("action=\"{logout}\"")), "{required}");
        assert_eq!(actor.press(logout).await.outline(), format!("303 {login} (success)"));
        assert_eq!(actor.get(page).await.location().and_then(|to| to.split('?').next()), Some(login));
    }
}

#[on_both_databases]
async fn v7_4_3_after_a_change_of_factors_the_other_sessions_can_be_ended(app: TestApp) {
    let world = World::new(app).await;
    let elsewhere = world.server.user("olivia@example.com").await;
    let page = enrol(&world, &world.owner, "", Subject::User(world.olivia), "").await;
    assert!(page.contains("action=\"/me/sessions/end-others\""), "{page}");
    assert_eq!(elsewhere.get("/me/profile").await.status, 200);
    world.owner.press("/me/sessions/end-others").await;
    assert_eq!(elsewhere.get("/me/profile").await.status, 303);
    assert_eq!(world.owner.get("/me/profile").await.status, 200);
}

#[on_both_databases]
async fn the_limits_are_set_on_a_page_that_refuses_what_nist_does_not_take(app: TestApp) {
    let world = World::new(app).await;
    assert_eq!(world.admin.get("/admin/config/security").await.status, 200);
    let send = async |idle: &str| {
        let fields = [
            ("absolute_hours", "8"),
            ("idle_minutes", idle),
            ("remember_days", "30"),
            ("second_factor_hours", "24"),
            ("admin_absolute_hours", "12"),
            ("admin_idle_minutes", "15"),
            ("puzzle_when", "never"),
            ("puzzle_bits", "15"),
            ("puzzle_wait", "5"),
        ];
        world.admin.post("/admin/config/security", &fields).await
    };
    let refused = send("61").await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("NIST SP 800-63B-4"));
    assert_eq!(send("5").await.outline(), "303 /admin/config/security (success)");
    assert_eq!(world.member.get("/me/profile").await.status, 200);
    world.app.clock.advance(Duration::from_mins(5));
    assert_eq!(world.member.get("/me/profile").await.status, 303);
}

/// Who finds an admin's computer unlocked does not switch off what would tell of it.
#[on_both_databases]
async fn without_a_fresh_proof_nobody_switches_mails_or_verification_off(app: TestApp) {
    let world = World::new(app).await;
    let send = async || world.admin.post("/admin/config/notifications", &[("verification", "off")]).await;
    world.app.clock.advance(Duration::from_mins(11));
    assert!(send().await.location().is_some_and(|to| to.starts_with("/admin/confirm")));
    let changed = "select count(*) from events where kind = 'settings-changed'";
    let before = number(&world.app, changed).await;
    world.admin.post("/admin/confirm", &[("password", PASSWORD)]).await;
    assert_eq!(number(&world.app, changed).await, before);
    assert_eq!(send().await.outline(), "303 /admin/config/notifications (success)");
}

#[on_both_databases]
async fn how_long_mails_and_the_log_are_kept_is_set_on_a_page(app: TestApp) {
    let world = World::new(app).await;
    let send = async |days: &'static str| {
        let fields: Vec<_> = crate::routes::SECURITY.into_iter().chain([("mail_days", days), ("log_days", "90")]).collect();
        world.admin.post("/admin/config/security", &fields).await
    };
    let shown = async || world.admin.get("/admin/config/security").await.text();
    assert!(shown().await.contains("name=\"mail_days\" type=\"text\" value=\"365\""), "{}", shown().await);
    assert!(shown().await.contains("name=\"log_days\" type=\"text\" value=\"\""), "{}", shown().await);
    let refused = send("-1").await;
    assert!(refused.status == 422 && refused.text().contains("a whole number from 1 to 36500"), "{}", refused.text());
    for days in ["30", ""] {
        assert_eq!(send(days).await.outline(), "303 /admin/config/security (success)");
        assert!(shown().await.contains(&format!("name=\"mail_days\" type=\"text\" value=\"{days}\"")), "{days}");
    }
}

#[on_both_databases]
async fn v7_5_1_without_a_fresh_proof_nobody_acts_for_an_owner_and_no_key_is_made(app: TestApp) {
    let world = World::new(app).await;
    world.app.clock.advance(Duration::from_mins(11));
    let made = async || {
        let query = "select (select count(*) from api_credentials) + (select count(*) from api_roles)
                            + (select count(*) from sessions where masquerade_session_id is not null)";
        number(&world.app, query).await
    };
    let before = made().await;
    for (actor, path, form, leads) in [
        (
            &world.admin,
            format!("/admin/clients/{}/masquerade", world.acme),
            [("reason", "Ticket 7"), ("x", "")],
            "/admin/confirm",
        ),
        (&world.admin, "/admin/config/api".to_owned(), [("name", "Shop"), ("role", "1")], "/admin/confirm"),
        (&world.admin, "/admin/config/api/roles".to_owned(), [("name", "Checks"), ("rights", "check")], "/admin/confirm"),
        (&world.owner, format!("/a/{}/api", world.acme), [("name", "Shop"), ("role", "2")], "/confirm"),
    ] {
        let refused = actor.post(&path, &form).await;
        assert!(refused.location().is_some_and(|to| to.starts_with(leads)), "{path}: {}", refused.outline());
    }
    assert_eq!(made().await, before);
}
