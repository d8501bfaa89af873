//! Forward-auth without a proxy: what `/auth/verify` answers, and the way to the login and back.

use latchkey_api::forward::Settings;
use latchkey_core::access::{Grants, ManageBans, RequireTwoFactor, Who};
use latchkey_core::ban::{self, NewBan};
use latchkey_core::id::{AccountId, UserId};
use latchkey_core::settings::Verification;
use latchkey_core::{account, membership};

use crate::support::doors::Doors;
use crate::support::tables::number;
use crate::support::{Actor, Answer, Ask, TestApp, on_both_databases};

pub(crate) const HOST: &str = "app.example.com";
/// Where the pages of a [`TestApp`] say they are.
const LOGIN: &str = "http://latchkey.example";
const HEADERS: [&str; 6] =
    ["remote-user", "remote-email", "remote-name", "x-latchkey-account", "x-latchkey-permissions", "x-latchkey-acting-admin"];

pub(crate) fn settings() -> Settings {
    Settings { domains: vec![HOST.parse().unwrap()], ..Settings::default() }
}

/// Olivia's account, and Mia, who may see invoices there.
pub(crate) struct People {
    pub(crate) olivia: UserId,
    pub(crate) acme: AccountId,
    pub(crate) mia: UserId,
}

pub(crate) async fn people(app: &TestApp) -> People {
    app.expect_unsent_mails();
    let olivia = app.user("Olivia", "Owner", "olivia@example.com").await;
    let acme = app.account("Acme", olivia).await;
    let mia = app.user("Mia", "Mëmber", "mia@example.com").await;
    app.member(acme, mia, Grants::parse("invoices products@service:17")).await;
    app.user("Sam", "Stranger", "sam@example.com").await;
    People { olivia, acme, mia }
}

impl People {
    pub(crate) async fn grant(&self, app: &TestApp, keys: &str) {
        let (owner, acme, mia, grants) = (self.olivia, self.acme, self.mia, Grants::parse(keys));
        let request = app.request();
        let set = app.app.write(&request, move |tx| {
            membership::set_grants(tx, &tx.authorize(Who::without_second_factor(owner), acme)?, mia, &grants)
        });
        set.await.unwrap();
    }
}

/// The way to the login and back, beginning with the answer that leads there; `service` asks the service's host. The path it ends at.
pub(crate) async fn log_in(doors: &Doors, email: &str, leads: &Answer, service: impl AsyncFnMut(&str) -> Answer) -> String {
    log_in_at(HOST, doors, email, leads, service).await
}

/// The same at this host.
async fn log_in_at(
    host: &str,
    doors: &Doors,
    email: &str,
    leads: &Answer,
    mut service: impl AsyncFnMut(&str) -> Answer,
) -> String {
    let start = path_on(host, leads.location().expect("the way begins"));
    let begun = service(&start).await;
    let at_login = begun.location().unwrap().strip_prefix(LOGIN).expect("it leads to the login").to_owned();
    let person = doors.browser();
    let asked = person.get(&at_login).await;
    let login = asked.location().expect("who is not logged in logs in first").to_owned();
    let (page, next) = login.split_once("?next=").unwrap();
    let fields = [("email", email), ("password", crate::support::PASSWORD), ("next", &decoded(next))];
    let landed = person.post(page, &fields).await;
    assert_eq!(landed.location(), Some(at_login.as_str()), "{}", landed.text());
    let on_the_way = person.get(&at_login).await;
    assert_eq!(on_the_way.status, 200, "a page, since browsers hold the login's form to its own server");
    let back = service(&callback_on(host, &on_the_way)).await;
    assert_eq!(back.status, 303, "{}", back.text());
    path_on(host, back.location().unwrap())
}

/// Where the page of the login leads to: a path of this host.
pub(crate) fn callback_on(host: &str, page: &Answer) -> String {
    let text = page.text();
    let (_, url) = text.split_once("content=\"0;url=").unwrap_or_else(|| panic!("it leads nowhere: {text}"));
    path_on(host, url.split_once('"').unwrap().0)
}

/// The path of an address of the service's host, whatever its port.
fn path_on(host: &str, url: &str) -> String {
    let rest = url.strip_prefix("http://").unwrap().strip_prefix(host).unwrap_or_else(|| panic!("{url} is not on {host}"));
    rest.find('/').map_or_else(|| "/".to_owned(), |at| rest[at..].to_owned())
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let hex: Vec<u8> = rest.by_ref().take(2).collect();
            bytes.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// A request as a proxy asks about it.
fn verify(query: &str) -> Ask {
    at(HOST, &format!("/auth/verify?{query}")).with("x-forwarded-uri", "/page?a=1").with("x-forwarded-method", "GET")
}

fn at(host: &str, path: &str) -> Ask {
    Ask::new("GET", path).with("x-forwarded-host", host)
}

/// A browser that is logged in at the service.
async fn at_service(doors: &Doors, email: &str) -> Actor {
    at_page(doors, email, "/page?a=1").await
}

/// The same, on the way to this page.
async fn at_page(doors: &Doors, email: &str, uri: &str) -> Actor {
    at_page_of(HOST, doors, email, uri).await
}

/// The same at another host.
async fn at_page_of(host: &str, doors: &Doors, email: &str, uri: &str) -> Actor {
    let browser = doors.browser();
    let asked = verify("redirect=1").with("x-forwarded-host", host).with("x-forwarded-uri", uri);
    let leads = browser.send(&asked).await;
    assert_eq!(leads.status, 302);
    let landed = log_in_at(host, doors, email, &leads, async |path: &str| browser.send(&at(host, path)).await).await;
    assert_eq!(landed, uri);
    browser
}

#[on_both_databases]
async fn a_service_is_told_who_it_is_as_long_as_that_is_true(app: TestApp) {
    let people = people(&app).await;
    let doors = Doors::start(&app, settings()).await;
    let acme = people.acme;
    let mia = at_service(&doors, "mia@example.com").await;
    let invoices = format!("account={acme}&permission=invoices");
    let passed = mia.send(&verify(&invoices)).await;
    let told = HEADERS.map(|name| passed.header(name).unwrap().to_owned());
    let (id, account) = (people.mia.to_string(), acme.to_string());
    let expected = [id.as_str(), "mia@example.com", "Mia M%C3%ABmber", &account, "invoices products@service:17", ""];
    assert_eq!((passed.status, told), (200, expected.map(str::to_owned)));
    assert_eq!(mia.send(&verify("")).await.status, 200, "being logged in is enough where no account is named");
    for refused in [format!("account={acme}&permission=domains"), "account=999999".to_owned()] {
        let answer = mia.send(&verify(&refused)).await;
        assert_eq!(answer.status, 403, "{refused}");
        assert_eq!(HEADERS.map(|name| answer.header(name)), [Some(""); 6], "nothing of the client's stays");
    }
    for unclear in ["permission=invoices", "account=x", "account=", "account=-1", "account=1&permission=everything"] {
        assert_eq!(mia.send(&verify(unclear)).await.status, 403, "{unclear}");
    }
    people.grant(&app, "tickets").await;
    assert_eq!(mia.send(&verify(&invoices)).await.status, 403, "the next request is refused");
    people.grant(&app, "invoices").await;
    assert_eq!(mia.send(&verify(&invoices)).await.status, 200);
    app.clock.advance(std::time::Duration::from_hours(2));
    assert_eq!(mia.send(&verify(&invoices)).await.status, 401, "the session has rested too long");
}

#[on_both_databases]
async fn v7_2_1_a_cookie_works_on_its_own_host_alone_and_a_code_once(app: TestApp) {
    people(&app).await;
    let both = Settings { domains: vec![HOST.parse().unwrap(), "other.example.com".parse().unwrap()], ..Settings::default() };
    let doors = Doors::start(&app, both).await;
    let mia = at_service(&doors, "mia@example.com").await;
    let cookie = mia.cookie("latchkey_forward").unwrap();
    assert_eq!(mia.send(&verify("").with("x-forwarded-host", "other.example.com")).await.status, 401);
    let pages = doors.browser();
    pages.set_cookie("latchkey_session", &cookie);
    assert_eq!(pages.get("/accounts").await.location(), Some("/login?next=%2Faccounts"), "it is no session");
    // A code in a browser that was not led away, in another one's, on another host, late, and twice.
    let person = doors.browser().log_in("mia@example.com").await;
    let begin = async |browser: &Actor| {
        let begun = browser.send(&at(HOST, "/.latchkey/start?/x")).await;
        callback_on(HOST, &person.get(begun.location().unwrap().strip_prefix(LOGIN).unwrap()).await)
    };
    let browser = doors.browser();
    let code = begin(&browser).await;
    assert_eq!(doors.browser().send(&at(HOST, &code)).await.status, 400, "no state");
    let other = doors.browser();
    begin(&other).await;
    assert_eq!(other.send(&at(HOST, &code)).await.status, 400, "another browser's state");
    assert_eq!(browser.send(&at("other.example.com", &code)).await.status, 400, "another host");
    let state = browser.cookie("latchkey_forward_state").unwrap();
    assert_eq!(browser.send(&at(HOST, &code)).await.status, 303);
    browser.set_cookie("latchkey_forward_state", &state);
    assert_eq!(browser.send(&at(HOST, &code)).await.status, 400, "once");
    let late = begin(&browser).await;
    app.clock.advance(std::time::Duration::from_mins(1));
    assert_eq!(browser.send(&at(HOST, &late)).await.status, 400, "a minute");
    // What belongs to a session ends with it.
    assert_eq!(browser.send(&verify("")).await.status, 200);
    person.press("/logout").await;
    assert_eq!(browser.send(&verify("")).await.status, 401);
    assert_eq!(mia.send(&verify("")).await.status, 200, "another login is another session");
}

#[on_both_databases]
async fn v1_2_2_nobody_is_led_to_a_host_that_is_not_the_operators(app: TestApp) {
    people(&app).await;
    let doors = Doors::start(&app, settings()).await;
    let anonymous = doors.browser();
    for host in ["evil.example", "app.example.com.evil.example", "xapp.example.com", "app.example.com@evil.example"] {
        let answer = anonymous.send(&verify("redirect=1").with("x-forwarded-host", host)).await;
        assert_eq!((answer.status, answer.location()), (401, None), "{host}");
        assert_eq!(anonymous.send(&at(host, "/.latchkey/start?/")).await.status, 400, "{host}");
        let state = "A".repeat(43);
        let path = format!("/auth/start?host={}&state={state}&to=/", crate::support::http::percent(host));
        assert_eq!(anonymous.get(&path).await.status, 400, "{host}");
    }
    for uri in ["//evil.example", "https://evil.example/", "/\\evil.example"] {
        let answer = anonymous.send(&verify("redirect=1").with("x-forwarded-uri", uri)).await;
        assert_eq!(answer.location(), Some("http://app.example.com/.latchkey/start?/"), "{uri}");
    }
    let sent = anonymous.send(&verify("redirect=1").with("x-forwarded-method", "POST")).await;
    assert_eq!(sent.status, 401, "a form cannot be sent again");
    assert_eq!(anonymous.send(&verify("")).await.status, 401, "nginx takes no redirect");
}

#[on_both_databases]
async fn an_address_names_the_account_by_the_operators_pattern(app: TestApp) {
    let people = people(&app).await;
    let pattern = Some("http://app.example.com/clients/{account}/".parse().unwrap());
    let doors = Doors::start(&app, Settings { account_pattern: pattern, ..settings() }).await;
    let acme = people.acme;
    let mia = at_page(&doors, "mia@example.com", &format!("/clients/{acme}/x?y")).await;
    let asked = async |uri: &str| mia.send(&verify("permission=invoices").with("x-forwarded-uri", uri)).await.status;
    assert_eq!(asked(&format!("/clients/{acme}/x?y")).await, 200);
    let elsewhere = app.account("Umbrella", people.olivia).await;
    for uri in [
        format!("/clients/{elsewhere}/"),
        format!("/clients/{acme}/../{elsewhere}/"),
        format!("/clients/{acme}/..%2F{elsewhere}/"),
        "/".to_owned(),
    ] {
        assert_eq!(asked(&uri).await, 403, "{uri}");
    }
}

/// A host of each account's own.
#[on_both_databases]
async fn a_host_names_the_account_by_the_operators_pattern_and_no_other_opens(app: TestApp) {
    let people = people(&app).await;
    let umbrella = app.account("Umbrella", people.olivia).await;
    let pattern = Some("http://{account}.example.com/".parse().unwrap());
    let domains = vec!["*.example.com".parse().unwrap()];
    let doors = Doors::start(&app, Settings { account_pattern: pattern, domains, ..Settings::default() }).await;
    let host = |name: &dyn std::fmt::Display| format!("{name}.example.com");
    let at_acme = at_page_of(&host(&people.acme), &doors, "mia@example.com", "/x").await;
    let asked = |query: &str, host: &str| verify(query).with("x-forwarded-host", host);
    let passed = at_acme.send(&asked("permission=invoices", &host(&people.acme))).await;
    assert_eq!((passed.status, passed.header("x-latchkey-account")), (200, Some(people.acme.to_string().as_str())));
    assert_eq!(at_acme.send(&asked("permission=domains", &host(&people.acme))).await.status, 403);
    assert_eq!(at_acme.send(&asked("", &host(&umbrella))).await.status, 401, "its cookie is of another host");
    let at_umbrella = at_page_of(&host(&umbrella), &doors, "mia@example.com", "/x").await;
    assert_eq!(at_umbrella.send(&asked("", &host(&umbrella))).await.status, 403, "no member there");
    // What the proxy says of the account counts more than the address.
    let named = asked(&format!("account={}", people.acme), &host(&umbrella));
    assert_eq!(at_umbrella.send(&named).await.header("x-latchkey-account"), Some(people.acme.to_string().as_str()));
    for unclear in ["www.example.com".to_owned(), host(&format!("{}x", people.acme)), host(&format!("0{}", people.acme))] {
        for browser in [&at_acme, &doors.browser()] {
            let status = browser.send(&asked("redirect=1", &unclear)).await.status;
            assert_eq!(status, 403, "{unclear} names no account, and nobody is led to the login");
        }
    }
}

/// The same refusals as before the pages of the Client Area, and the headers are empty.
#[on_both_databases]
async fn who_may_not_see_the_pages_of_the_account_is_refused_at_services_too(app: TestApp) {
    let people = people(&app).await;
    let doors = Doors::start(&app, settings()).await;
    let mia = at_service(&doors, "mia@example.com").await;
    let acme = format!("account={}", people.acme);
    let asked = async |query: &str| {
        let answer = mia.send(&verify(query)).await;
        if answer.status != 200 {
            assert_eq!(HEADERS.map(|name| answer.header(name)), [Some(""); 6], "{query}");
        }
        answer.status
    };
    let both = async || (asked(&acme).await, asked("").await);
    assert_eq!(both().await, (200, 200));
    let (owner, account, from) = (people.olivia, people.acme, app.request());
    let required = app.app.write(&from, move |tx| {
        let by = tx.authorize::<RequireTwoFactor>(Who::without_second_factor(owner), account)?;
        account::require_two_factor(tx, &by, true)
    });
    required.await.unwrap();
    assert_eq!(both().await, (403, 200), "a second factor is missing, in this account");
    number(&app, &format!("update accounts set two_factor_required_at = null where id = {} returning id", people.acme)).await;
    app.notify(Verification::Required).await;
    assert_eq!(both().await, (403, 403), "the address is not confirmed");
    number(&app, &format!("update users set verified_at = 1 where id = {} returning id", people.mia)).await;
    assert_eq!(both().await, (200, 200));
    number(&app, &format!("update accounts set status = 'closed' where id = {} returning id", people.acme)).await;
    assert_eq!(both().await, (403, 200), "the account is closed");
    number(&app, &format!("update accounts set status = 'active' where id = {} returning id", people.acme)).await;
    assert_eq!(both().await, (200, 200));
}

#[on_both_databases]
async fn an_address_that_is_kept_out_reaches_no_service_and_no_login(app: TestApp) {
    people(&app).await;
    let doors = Doors::start(&app, settings()).await;
    let mia = at_service(&doors, "mia@example.com").await;
    let (admin, from) = (app.admin("Stella", "stella@staff.example").await, app.request());
    let kept_out = app.app.write(&from, move |tx| {
        let by = tx.authorize_admin::<ManageBans>(admin)?;
        let network = "203.0.113.0/24".parse().unwrap();
        ban::add(tx, &by, &NewBan { network, reason: "A reason.".to_owned(), ends_at: None })
    });
    kept_out.await.unwrap();
    let from = |ip: &str| verify("redirect=1").with("x-forwarded-for", ip);
    for browser in [&mia, &doors.browser()] {
        let refused = browser.send(&from("203.0.113.9")).await;
        assert_eq!((refused.status, refused.location()), (403, None), "it is not led to the login either");
        assert_eq!(HEADERS.map(|name| refused.header(name)), [Some(""); 6]);
    }
    assert_eq!(mia.send(&from("198.51.100.9")).await.status, 200);
    let state = "A".repeat(43);
    let start = Ask::new("GET", &format!("/auth/start?host={HOST}&state={state}&to=/")).with("x-forwarded-for", "203.0.113.9");
    assert_eq!(doors.browser().send(&start).await.status, 403);
}

/// `forward-auth-redirect = true`
#[on_both_databases]
async fn the_operator_has_everybody_led_to_the_login_where_the_proxy_does_not_ask_for_it(app: TestApp) {
    people(&app).await;
    let doors = Doors::start(&app, Settings { redirect: true, ..settings() }).await;
    let anonymous = doors.browser();
    for query in ["", "redirect=0", "redirect=1"] {
        let leads = anonymous.send(&verify(query)).await;
        let expected = (302, Some("http://app.example.com/.latchkey/start?/page?a=1"));
        assert_eq!((leads.status, leads.location()), expected, "{query}");
        assert_eq!(HEADERS.map(|name| leads.header(name)), [Some(""); 6], "{query}");
    }
    assert_eq!(anonymous.send(&verify("").with("x-forwarded-method", "POST")).await.status, 401, "a form cannot be sent again");
    assert_eq!(anonymous.send(&verify("").with("x-forwarded-host", "evil.example")).await.status, 401);
    let mia = at_service(&doors, "mia@example.com").await;
    assert_eq!(mia.send(&verify("")).await.status, 200);
    assert_eq!(mia.send(&verify("account=999999")).await.status, 403, "who is logged in is not led there again");
}
