//! What every answer tells the browser, and what no request can talk the server into.

use latchkey_web::Settings;

use crate::support::http::percent;
use crate::support::tables::texts;
use crate::support::world::fill;
use crate::support::{Answer, Ask, Server, TestApp, World, on_both_databases, plain};

/// Pages whose address holds a secret.
fn holds_secret(path: &str) -> bool {
    [
        "/invite/",
        "/password/reset/",
        "/verify/",
        "/register/",
        "/admin/setup/",
        "/admin/invite/",
        "/admin/password/reset/",
        "/oauth/singlesignon.php",
    ]
    .iter()
    .any(|start| path.starts_with(start))
}

fn is_file(path: &str) -> bool {
    path.starts_with("/assets/") || ["/brand.css", "/favicon.ico"].contains(&path)
}

fn assert_guarded(answer: &Answer, path: &str) {
    let header =
        |name: &str| answer.header(name).unwrap_or_else(|| panic!("{path} ({}) has no {name}", answer.status)).to_owned();
    let policy = header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
    if path == "/admin/config/templates/invitation" && answer.status == 200 {
        // A mail looks like itself, with its inline styles, and can do nothing.
        assert!(policy.contains("sandbox") && !policy.contains("script-src"), "{path}: {policy}");
    } else {
        assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"), "{path}: {policy}");
        for wanted in ["script-src 'self'", "style-src 'self'", "form-action 'self'", "base-uri 'none'"] {
            assert!(policy.contains(wanted), "{path}: {policy}");
        }
    }
    assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
    assert_eq!(header("x-frame-options"), "DENY", "{path}");
    assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{path}");
    assert_eq!(header("cross-origin-resource-policy"), "same-origin", "{path}");
    assert_eq!(header("referrer-policy"), if holds_secret(path) { "no-referrer" } else { "same-origin" }, "{path}");
    assert!(header("permissions-policy").contains("camera=()"), "{path}");
    let caching = header("cache-control");
    assert!(
        if is_file(path) { caching.starts_with("public") || caching == "no-store" } else { caching == "no-store" },
        "{path}: {caching}"
    );
    for telling in ["server", "x-powered-by", "access-control-allow-origin"] {
        assert_eq!(answer.header(telling), None, "{path}");
    }
    if let Some(location) = answer.location() {
        assert!(location.starts_with('/') && !location.starts_with("//"), "{path} leads to {location}");
    }
}

#[on_both_databases]
async fn v3_4_1_to_6_v3_4_8_v4_1_1_to_2_v14_2_1_v14_3_2_to_3_every_answer_carries_the_security_headers(app: TestApp) {
    app.expect_unsent_mails();
    let world = World::new(app).await;
    for route in latchkey_web::table() {
        let path = fill(&world, route.path, "owner").await;
        for actor in ["anonymous", "stranger", "owner", "admin"] {
            let asks = [
                Ask::new("GET", &path),
                Ask::new("POST", &path).form(&[]),
                Ask::new("OPTIONS", &path).with("origin", "https://evil.example").with("access-control-request-method", "POST"),
            ];
            for ask in asks {
                assert_guarded(&world.actor(actor).send(&ask).await, &path);
            }
        }
    }
    for path in ["/nowhere", "/admin/nowhere", "/assets/nowhere.js", "/a/x/users", "/%ff", "/a/1/users/%ff/permissions"] {
        for actor in ["anonymous", "owner", "admin"] {
            let answer = world.actor(actor).get(path).await;
            assert!((300..500).contains(&answer.status), "{path}: {}", answer.status);
            assert_guarded(&answer, path);
        }
    }
}

/// The addresses of style sheets, scripts and pictures of a page.
fn linked(page: &str) -> Vec<String> {
    let after =
        |mark: &str| page.split(mark).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect::<Vec<_>>();
    let all = [after("href=\""), after("src=\"")].concat();
    all.into_iter().filter(|url| url.starts_with("/assets/") || url.starts_with("/brand.css")).collect()
}

#[on_both_databases]
async fn assets_are_kept_for_ever_under_the_address_that_pages_name(app: TestApp) {
    let server = Server::start(&app).await;
    let somebody = server.anonymous();
    let urls = linked(&somebody.get("/login").await.text());
    assert!(urls.len() >= 7, "{urls:?}");
    for url in urls {
        let answer = somebody.get(&url).await;
        assert_eq!(answer.status, 200, "{url}");
        let caching = answer.header("cache-control").unwrap().to_owned();
        if url.starts_with("/assets/") {
            assert_eq!(caching, "public, max-age=31536000, immutable", "{url}");
            let path = url.split('?').next().unwrap();
            for other in [path.to_owned(), format!("{path}?v=older"), format!("{path}?v=")] {
                assert_eq!(somebody.get(&other).await.header("cache-control"), Some("public, max-age=60"), "{other}");
            }
        }
        assert!(answer.cookies().is_empty(), "{url} sets a cookie");
        let kind = answer.header("content-type").unwrap();
        let expected = if url.contains(".js") {
            "text/javascript"
        } else if url.contains(".css") {
            "text/css"
        } else {
            "image/svg+xml"
        };
        assert!(kind.starts_with(expected), "{url}: {kind}");
    }
}

#[on_both_databases]
async fn files_outside_the_assets_are_out_of_reach(app: TestApp) {
    let somebody = Server::start(&app).await.anonymous();
    for path in [
        "/assets/../Cargo.toml",
        "/assets/..%2FCargo.toml",
        "/assets/%2e%2e/%2e%2e/etc/passwd",
        "/assets//etc/passwd",
        "/assets/css",
        "/assets/",
        "/assets/css/base.css/",
        "/assets/css%00/base.css",
        "/../etc/passwd",
    ] {
        let answer = somebody.get(path).await;
        assert!(answer.status == 404 || answer.status == 400, "{path}: {}", answer.status);
    }
}

/// No style and no script stands in a page: the policy would not let it work.
#[on_both_databases]
async fn v3_4_3_pages_hold_no_inline_code(app: TestApp) {
    app.expect_unsent_mails();
    let world = World::new(app).await;
    for route in latchkey_web::table().into_iter().filter(|route| route.method == "GET") {
        let path = fill(&world, route.path, "owner").await;
        for actor in ["anonymous", "owner", "admin"] {
            let answer = world.actor(actor).get(&path).await;
            if !answer.is_html() || path == "/admin/config/templates/invitation" {
                continue;
            }
            let page = answer.text();
            for inline in [" style=\"", "<style", " onclick=", " onload=", " onerror=", "javascript:"] {
                assert!(!page.contains(inline), "{path} as {actor} holds {inline}");
            }
            for script in page.split("<script").skip(1) {
                assert!(script.split('>').next().unwrap().contains(" src=\"/assets/"), "{path}: <script{script}");
            }
        }
    }
}

fn https() -> Settings {
    Settings { secure: true, ..plain() }
}

#[on_both_databases]
async fn v3_3_1_to_4_cookies_are_out_of_reach_of_scripts_and_other_sites(app: TestApp) {
    app.user("Mia", "Member", "mia@example.com").await;
    app.admin("Stella", "stella@staff.example").await;
    for (settings, prefix) in [(plain(), ""), (https(), "__Host-")] {
        let server = Server::start_with(&app, settings).await;
        let mut seen = Vec::new();
        for (path, email) in [("/login", "mia@example.com"), ("/admin/login", "stella@staff.example")] {
            let somebody = server.anonymous();
            seen.push(somebody.get(path).await);
            let login = [("email", email), ("password", crate::support::PASSWORD), ("remember", "yes")];
            seen.push(somebody.post(path, &login).await);
            seen.push(somebody.press(&path.replace("login", "logout")).await);
        }
        let cookies: Vec<String> = seen.iter().flat_map(|answer| answer.cookies()).map(str::to_owned).collect();
        assert!(cookies.len() >= 10, "{cookies:#?}");
        for cookie in &cookies {
            assert!(cookie.starts_with(&format!("{prefix}latchkey_")), "{cookie}");
            assert!(cookie.contains("; Path=/; HttpOnly; SameSite=Lax"), "{cookie}");
            assert_eq!(cookie.contains("; Secure"), !prefix.is_empty(), "{cookie}");
            assert!(!cookie.contains("Domain"), "{cookie}");
        }
        for answer in seen {
            let expected = (!prefix.is_empty()).then_some("max-age=63072000");
            assert_eq!(answer.header("strict-transport-security"), expected);
        }
    }
}

#[on_both_databases]
async fn v14_3_1_a_logout_clears_what_the_browser_holds_and_keeps_it_a_known_device(app: TestApp) {
    app.user("Mia", "Member", "mia@example.com").await;
    app.admin("Stella", "stella@staff.example").await;
    for (settings, expected) in [(https(), Some("\"cache\", \"storage\"")), (plain(), None)] {
        let server = Server::start_with(&app, settings).await;
        for (path, email) in [("/logout", "mia@example.com"), ("/admin/logout", "stella@staff.example")] {
            let login = path.replace("logout", "login");
            let somebody = server.anonymous();
            let begun = somebody.post(&login, &[("email", email), ("password", crate::support::PASSWORD)]).await;
            assert_eq!(begun.header("clear-site-data"), None);
            let ended = somebody.press(path).await;
            assert_eq!((ended.status, ended.header("clear-site-data")), (303, expected), "{path}");
            assert!(ended.cookies().iter().any(|cookie| cookie.contains("Max-Age=0")), "the session's own cookie ends");
            assert!(!ended.cookies().iter().any(|cookie| cookie.contains("latchkey_device")), "the browser stays known");
        }
    }
}

#[on_both_databases]
async fn behind_https_a_cookie_without_the_prefix_is_not_read(app: TestApp) {
    app.user("Mia", "Member", "mia@example.com").await;
    let server = Server::start_with(&app, https()).await;
    let mia = server.user("mia@example.com").await;
    let token = mia.cookie("__Host-latchkey_session").unwrap();
    assert_eq!(mia.get("/accounts").await.status, 200);
    let other = server.anonymous();
    other.set_cookie("latchkey_session", &token);
    assert_eq!(other.get("/accounts").await.status, 303);
}

#[on_both_databases]
async fn links_are_never_built_from_the_host_header(app: TestApp) {
    let world = World::new(app).await;
    let forged = |ask: Ask| {
        ask.with("host", "evil.example")
            .with("x-forwarded-host", "evil.example")
            .with("x-forwarded-proto", "https")
            .with("forwarded", "host=evil.example;proto=https")
            .with("x-original-url", "/admin")
    };
    let token = world.owner.token("/a").await;
    let fields = [("csrf", token.as_str()), ("email", "new@example.com"), ("scope", "all")];
    let sent = world.owner.send(&forged(Ask::new("POST", &format!("/a/{}/invitations", world.acme)).form(&fields))).await;
    assert_eq!(sent.outline(), format!("303 /a/{}/users (success)", world.acme));
    let mails = world.app.take_mails().await;
    assert_eq!(mails.len(), 1);
    let mail = mails.first().unwrap();
    for part in [&mail.written.text, &mail.written.html, &mail.written.subject] {
        assert!(!part.contains("evil"), "{part}");
    }
    assert!(mail.written.text.contains("http://latchkey.example/invite/"), "{}", mail.written.text);
    for (actor, path) in [
        ("anonymous", "/login"),
        ("anonymous", "/accounts"),
        ("owner", "/"),
        ("owner", "/a/1/users"),
        ("admin", "/admin/config/mail"),
    ] {
        let answer = world.actor(actor).send(&forged(Ask::new("GET", path))).await;
        assert!(!answer.text().contains("evil"), "{path}");
        assert_guarded(&answer, path);
    }
}

#[on_both_databases]
async fn a_login_leads_nowhere_else(app: TestApp) {
    let world = World::new(app).await;
    for next in [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "evil",
    ] {
        let fields = [("email", "mia@example.com"), ("password", crate::support::PASSWORD), ("next", next)];
        let answer = world.server.anonymous().post("/login", &fields).await;
        assert_eq!(answer.location(), Some("/a/1"), "{next:?}");
        for (actor, path) in [("owner", "/login"), ("admin", "/admin/login")] {
            let answer = world.actor(actor).get(&format!("{path}?next={}", percent(next))).await;
            let home = if actor == "owner" { "/accounts" } else { "/admin" };
            assert_eq!(answer.location(), Some(home), "{path} {next:?}");
        }
    }
    let fields = [("email", "mia@example.com"), ("password", crate::support::PASSWORD), ("next", "/me/profile?x=1")];
    assert_eq!(world.server.anonymous().post("/login", &fields).await.location(), Some("/me/profile?x=1"));
}

async fn address_of_the_login(app: &TestApp, server: &Server, forwarded: &str) -> String {
    let actor = server.anonymous().with_header("x-forwarded-for", forwarded).with_header("x-real-ip", "198.51.100.9");
    actor.log_in("mia@example.com").await;
    texts(&app.location, "select last_login_ip from users where email = 'mia@example.com'").await.remove(0)
}

#[on_both_databases]
async fn v15_3_4_only_trusted_proxies_say_from_where_a_login_comes(app: TestApp) {
    app.user("Mia", "Member", "mia@example.com").await;
    let open = Server::start(&app).await;
    for forged in ["203.0.113.9", "203.0.113.9, 127.0.0.1", "<script>", "::1", ""] {
        assert_eq!(address_of_the_login(&app, &open, forged).await, "127.0.0.1", "{forged:?}");
    }
    let behind = Settings { trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()], ..plain() };
    let behind = Server::start_with(&app, behind).await;
    for (forwarded, expected) in [
        ("203.0.113.9", "203.0.113.9"),
        ("1.2.3.4, 203.0.113.9", "203.0.113.9"),
        ("1.2.3.4, 203.0.113.9, 127.0.0.5", "203.0.113.9"),
        ("2001:db8::7", "2001:db8::7"),
        ("nonsense", "127.0.0.1"),
        ("", "127.0.0.1"),
    ] {
        assert_eq!(address_of_the_login(&app, &behind, forwarded).await, expected, "{forwarded:?}");
    }
}
