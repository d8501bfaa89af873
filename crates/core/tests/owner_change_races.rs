//! Changes of owner that are approved, refused and lose their ground at the same moment, on two nodes.

use latchkey_core::access::{BuiltInRole, ConfigureSystem, Denied, ManageAdmins, ManageUsers, Subject, TransferOwnership};
use latchkey_core::admin;
use latchkey_core::app::App;
use latchkey_core::id::{AdminId, OwnerChangeId, SessionId};
use latchkey_core::membership::{self, Ownership};
use latchkey_core::owner_change::{self, Error, VALID_FOR};
use latchkey_core::settings::{self, Security};
use latchkey_core::testing::TestApp;
use latchkey_test_macros::on_both_databases;
use tokio::join;

use crate::owner_change::*;
use crate::races::{Held, ROUNDS, count, held_beside, ok};
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

/// What ends a change before it is approved.
#[derive(Clone, Copy, Debug)]
enum End {
    Refused,
    Cancelled,
    Removed,
}

impl End {
    const ALL: [Self; 3] = [Self::Refused, Self::Cancelled, Self::Removed];

    /// Whether it was done; it is held then.
    async fn run(self, node: &App, w: &World, id: OwnerChangeId, held: Option<Held>) -> bool {
        let (by, acme, mia) = (if matches!(self, Self::Cancelled) { w.stella } else { w.sam }, w.acme, w.mia);
        match self {
            Self::Refused | Self::Cancelled => {
                let request = request();
                let refused = node.write(&request, move |tx| {
                    owner_change::refuse(tx, &tx.authorize_staff::<TransferOwnership>(by, acme)?, id)?;
                    held.iter().for_each(Held::wait);
                    Ok::<_, Error>(())
                });
                ok(&refused.await)
            }
            Self::Removed => {
                let removed = in_account::<ManageUsers, _, membership::Error>(node, w.olivia, acme, move |tx, by| {
                    membership::remove(tx, by, mia)?;
                    held.iter().for_each(Held::wait);
                    Ok(())
                });
                ok(&removed.await)
            }
        }
    }
}

#[on_both_databases]
async fn v15_4_2_what_ends_a_change_of_owner_first_leaves_nothing_to_approve(app: TestApp) {
    let w = world(&app).await;
    let (second, [_, (tom, toms)]) = (app.second_node(), two_who_may(&app, &w).await);
    for end in End::ALL {
        let change = asked(&app.app, w.stella, w.acme, w.mia).await;
        let (held, beside) = held_beside();
        let approved = beside.run(&app, approve(&second, tom, toms, w.acme, change.id));
        let (ended, approved) = join!(end.run(&app.app, &w, change.id, Some(held)), approved);
        assert!(ended && !ok(&approved), "{end:?}: {approved:?}");
        assert!(matches!(approved, Err(Error::Gone)), "{end:?}: {approved:?}");
        assert_eq!(owner_of(&app.app, w.acme).await, w.olivia, "{end:?}");
        assert!(no_rows(&app).await, "{end:?}");
    }
    app.expect_unsent_mails();
}

#[on_both_databases]
async fn v15_4_2_a_change_of_owner_that_was_approved_first_stands(app: TestApp) {
    let w = world(&app).await;
    let (second, [_, (tom, toms)]) = (app.second_node(), two_who_may(&app, &w).await);
    for end in End::ALL {
        let change = asked(&app.app, w.stella, w.acme, w.mia).await;
        let (held, beside) = held_beside();
        let (id, acme) = (change.id, w.acme);
        let approved = as_confirmed::<_, Error>(&app.app, Subject::Admin(tom), toms, move |tx, confirmed| {
            owner_change::approve(tx, &tx.authorize_staff::<TransferOwnership>(tom, acme)?, confirmed, id)?;
            held.wait();
            Ok(())
        });
        let (approved, ended) = join!(approved, beside.run(&app, end.run(&second, &w, id, None)));
        assert!(ok(&approved) && !ended, "{end:?}");
        assert_eq!(owner_of(&app.app, w.acme).await, w.mia, "{end:?}");
        assert!(no_rows(&app).await && held_by(&app.app, &w).await, "{end:?}: Mia is still a member");
        let back = asked(&app.app, w.stella, w.acme, w.olivia).await;
        approve(&app.app, tom, toms, w.acme, back.id).await.unwrap();
    }
    app.expect_unsent_mails();
}

async fn held_by(app: &App, w: &World) -> bool {
    held(app, w.mia, w.acme).await.is_some()
}

/// Asks for Mia as Acme's owner, and is held then.
async fn ask_held(node: &App, w: &World, by: AdminId, held: Option<Held>) -> Result<Ownership, membership::Error> {
    let (acme, mia) = (w.acme, w.mia);
    node.write(&request(), move |tx| {
        let by = tx.authorize_staff::<TransferOwnership>(by, acme)?;
        let asked = membership::make_owner(tx, &by, &confirmed(), mia)?;
        held.iter().for_each(Held::wait);
        Ok(asked)
    })
    .await
}

async fn switch_off(node: &App, by: AdminId, held: Option<Held>) -> Result<(), Denied> {
    as_staff::<ConfigureSystem, _, _>(node, by, move |tx, by| {
        settings::set_security(tx, by, &Security { owner_approval: false, ..Security::default() })?;
        held.iter().for_each(Held::wait);
        Ok(())
    })
    .await
}

#[on_both_databases]
async fn v15_4_2_asking_beside_switching_the_second_admin_off_leaves_nothing_open(app: TestApp) {
    let w = world(&app).await;
    let second = app.second_node();
    let (held, beside) = held_beside();
    let off = beside.run(&app, switch_off(&second, w.sam, None));
    let (asked, off) = join!(ask_held(&app.app, &w, w.stella, Some(held)), off);
    assert!(matches!(asked, Ok(Ownership::Open(_))) && ok(&off), "{asked:?}");
    assert!(no_rows(&app).await && log(&app).await[1].ends_with("no second admin is needed any more"));
    assert_eq!(owner_of(&app.app, w.acme).await, w.olivia);
    need_two(&app.app, w.stella, true).await;
    let (held, beside) = held_beside();
    let asked = beside.run(&app, ask_held(&second, &w, w.stella, None));
    let (off, asked) = join!(switch_off(&app.app, w.sam, Some(held)), asked);
    assert!(matches!(asked, Ok(Ownership::Changed)) && ok(&off), "one is enough then: {asked:?}");
    assert!(no_rows(&app).await && owner_of(&app.app, w.acme).await == w.mia);
    app.expect_unsent_mails();
}

#[on_both_databases]
async fn v15_4_2_asking_beside_the_end_of_who_asks_leaves_nothing_open(app: TestApp) {
    let w = world(&app).await;
    let (second, tom) = (app.second_node(), staff_as(&app, "Tom", BuiltInRole::Full).await);
    let disable_held = |node: &App, held: Option<Held>| {
        let (node, stella) = (node.clone(), w.stella);
        async move {
            as_staff::<ManageAdmins, _, admin::Error>(&node, stella, move |tx, by| {
                admin::set_disabled(tx, by, &confirmed(), tom, true)?;
                held.iter().for_each(Held::wait);
                Ok(())
            })
            .await
        }
    };
    let (held, beside) = held_beside();
    let disabled = beside.run(&app, disable_held(&second, None));
    let (asked, disabled) = join!(ask_held(&app.app, &w, tom, Some(held)), disabled);
    assert!(matches!(asked, Ok(Ownership::Open(_))) && ok(&disabled), "{asked:?} {disabled:?}");
    assert!(no_rows(&app).await && log(&app).await[1].ends_with("admin disabled"));
    disable(&app.app, w.stella, tom, false).await.unwrap();
    let (held, beside) = held_beside();
    let asked = beside.run(&app, ask_held(&second, &w, tom, None));
    let (disabled, asked) = join!(disable_held(&app.app, Some(held)), asked);
    assert!(ok(&disabled) && !ok(&asked), "{disabled:?} {asked:?}");
    assert!(no_rows(&app).await && owner_of(&app.app, w.acme).await == w.olivia);
    app.expect_unsent_mails();
}
