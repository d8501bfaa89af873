//! Changes of owner that are approved, refused and lose their ground at the same moment, on two nodes.

use latchkey_core::access::BuiltInRole;
use latchkey_core::id::{AdminId, SessionId};
use latchkey_core::owner_change::{self, VALID_FOR};
use latchkey_core::testing::TestApp;
use latchkey_test_macros::on_both_databases;
use tokio::join;

use crate::owner_change::*;
use crate::races::{ROUNDS, count, ok};
use crate::support::*;

/// Two sessions of two admins who may approve what the first has asked for.
async fn two_who_may(app: &TestApp, w: &World) -> [(AdminId, SessionId); 2] {
    let third = staff_as(app, "Tom", BuiltInRole::Full).await;
    [(w.sam, session(app, "sam").await), (third, session(app, "tom").await)]
}

#[on_both_databases]
async fn v15_4_2_of_two_approvals_at_once_and_of_an_approval_beside_a_refusal_one_counts(app: TestApp) {
    let w = world(&app).await;
    let (second, [(sam, sams), (tom, toms)]) = (app.second_node(), two_who_may(&app, &w).await);
    for round in 0..ROUNDS {
        let change = asked(&app.app, w.stella, w.acme, w.mia).await;
        let approved = approve(&app.app, sam, sams, w.acme, change.id);
        let outcomes = match round % 3 {
            0 => {
                let (approved, other) = join!(approved, approve(&second, tom, toms, w.acme, change.id));
                [ok(&approved), ok(&other)]
            }
            1 => {
                let (approved, other) = join!(approved, refuse(&second, tom, w.acme, change.id));
                [ok(&approved), ok(&other)]
            }
            _ => {
                let (approved, other) = join!(approved, refuse(&second, w.stella, w.acme, change.id));
                [ok(&approved), ok(&other)]
            }
        };
        assert_eq!(count(outcomes), 1, "round {round}");
        assert_eq!(owner_of(&app.app, w.acme).await == w.mia, outcomes[0] || round % 3 == 0);
        if owner_of(&app.app, w.acme).await == w.mia {
            let back = asked(&app.app, w.stella, w.acme, w.olivia).await;
            approve(&app.app, sam, sams, w.acme, back.id).await.unwrap();
        }
    }
    app.expect_unsent_mails();
}

#[on_both_databases]
async fn v15_4_2_an_approval_does_not_collide_with_what_takes_its_ground_away(app: TestApp) {
    let w = world(&app).await;
    let second = app.second_node();
    let tom = staff_as(&app, "Tom", BuiltInRole::Full).await;
    for round in 0..ROUNDS {
        let change = asked(&app.app, tom, w.acme, w.mia).await;
        let approved = approve(&app.app, w.sam, session(&app, "sam").await, w.acme, change.id);
        let approved = match round % 4 {
            0 => {
                let (approved, removed) = join!(approved, remove(&second, w.olivia, w.acme, w.mia));
                assert_eq!(count([ok(&approved), ok(&removed)]), 1, "round {round}");
                approved
            }
            1 => {
                let (approved, disabled) = join!(approved, disable(&second, w.stella, tom, true));
                assert!(ok(&disabled));
                disable(&second, w.stella, tom, false).await.unwrap();
                approved
            }
            2 => {
                let (approved, ()) = join!(approved, need_two(&second, w.stella, false));
                need_two(&second, w.stella, true).await;
                approved
            }
            _ => {
                app.clock.advance(VALID_FOR);
                let session = session(&app, "sam").await;
                let late = approve(&app.app, w.sam, session, w.acme, change.id);
                join!(late, swept(&second, owner_change::sweep)).0
            }
        };
        assert_eq!(owner_of(&app.app, w.acme).await == w.mia, ok(&approved), "round {round}");
        assert!(no_rows(&app).await, "round {round}");
        // As it was: Olivia owns Acme, Mia is a member.
        if approved.is_ok() {
            let back = asked(&app.app, w.stella, w.acme, w.olivia).await;
            approve(&app.app, w.sam, session(&app, "sam").await, w.acme, back.id).await.unwrap();
        } else if held(&app.app, w.mia, w.acme).await.is_none() {
            associate(&app.app, w.acme, w.mia, "invoices").await.unwrap();
        }
    }
    app.expect_unsent_mails();
}
