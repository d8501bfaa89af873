//! Bans keep addresses out, on every node, and never the one who makes them.

use std::net::IpAddr;
use std::time::Duration;

use latchkey_core::access::ManageBans;
use latchkey_core::app::App;
use latchkey_core::ban::{self, Error, NewBan};
use latchkey_core::id::{AdminId, BanId};
use latchkey_core::testing::TestApp;
use latchkey_test_macros::on_both_databases;

use crate::support::*;

async fn banned(app: &App, ip: &str) -> bool {
    let ip: IpAddr = ip.parse().unwrap();
    app.read(move |snapshot| ban::is_banned(snapshot, ip)).await.unwrap()
}

async fn add(app: &TestApp, admin: AdminId, network: &str, lasts: Option<Duration>) -> Result<BanId, Error> {
    let ends_at = lasts.map(|lasts| app.app.now().after(lasts));
    let new = NewBan { network: network.parse().unwrap(), reason: "guesses".to_owned(), ends_at };
    as_staff::<ManageBans, _, _>(&app.app, admin, move |tx, by| ban::add(tx, by, &new)).await
}

#[on_both_databases]
async fn a_ban_holds_on_every_node_until_it_is_lifted(app: TestApp) {
    let (admin, second) = (staff(&app).await, app.second_node());
    let one = add(&app, admin, "198.51.100.7", None).await.unwrap();
    add(&app, admin, "203.0.113.0/24", None).await.unwrap();
    add(&app, admin, "2001:db8::/32", None).await.unwrap();
    for node in [&app.app, &second] {
        for ip in ["198.51.100.7", "::ffff:198.51.100.7", "203.0.113.0", "203.0.113.255", "2001:db8:ffff::1"] {
            assert!(banned(node, ip).await, "{ip}");
        }
        for ip in ["198.51.100.8", "203.0.114.0", "2001:db9::1", "::1", "127.0.0.1"] {
            assert!(!banned(node, ip).await, "{ip}");
        }
    }
    as_staff::<ManageBans, _, _>(&app.app, admin, move |tx, by| ban::lift(tx, by, one)).await.unwrap();
    assert!(!banned(&second, "198.51.100.7").await);
    let kinds: Vec<String> = kinds_after(&app, 0).await.into_iter().filter(|kind| kind.starts_with("ban-")).collect();
    assert_eq!(kinds, ["ban-added", "ban-added", "ban-added", "ban-lifted"]);
    let gone = as_staff::<ManageBans, _, _>(&app.app, admin, move |tx, by| ban::lift(tx, by, one)).await;
    assert!(matches!(gone, Err(Error::NotFound)));
}

#[on_both_databases]
async fn a_ban_of_all_of_ipv6_leaves_ipv4_alone(app: TestApp) {
    let admin = staff(&app).await;
    add(&app, admin, "::/0", None).await.unwrap();
    assert!(banned(&app.app, "2001:db8::1").await && banned(&app.app, "::2").await);
    assert!(!banned(&app.app, "198.51.100.9").await && !banned(&app.app, "::ffff:198.51.100.9").await);
}

#[on_both_databases]
async fn a_ban_ends_by_itself(app: TestApp) {
    let admin = staff(&app).await;
    add(&app, admin, "198.51.100.7", Some(Duration::from_hours(1))).await.unwrap();
    app.clock.advance(Duration::from_hours(1));
    assert!(!banned(&app.app, "198.51.100.7").await);
    add(&app, admin, "198.51.100.7", None).await.unwrap();
    assert!(matches!(add(&app, admin, "::ffff:198.51.100.7", None).await, Err(Error::Exists)));
    assert!(matches!(add(&app, admin, "198.51.100.9", Some(Duration::ZERO)).await, Err(Error::Ended)));
}

#[on_both_databases]
async fn nobody_bans_himself_or_what_is_never_banned(app: TestApp) {
    let admin = staff(&app).await;
    for own in ["192.0.2.7", "192.0.2.0/24", "::ffff:192.0.2.7"] {
        assert!(matches!(add(&app, admin, own, None).await, Err(Error::Oneself)), "{own}");
    }
    for loopback in ["127.0.0.1", "127.0.0.0/16", "::1"] {
        assert!(matches!(add(&app, admin, loopback, None).await, Err(Error::NeverBanned)), "{loopback}");
    }
    add(&app, admin, "198.51.100.0/24", None).await.unwrap();
    let never = vec!["198.51.100.9".parse().unwrap()];
    as_staff::<ManageBans, _, _>(&app.app, admin, move |tx, by| ban::set_never_banned(tx, by, &never)).await.unwrap();
    assert!(banned(&app.app, "198.51.100.8").await && !banned(&app.app, "198.51.100.9").await);
}
