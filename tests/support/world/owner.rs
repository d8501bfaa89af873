//! A change of owner that waits for a second admin.

use latchkey_core::access::{ConfigureSystem, ConfirmedAdmin, Denied, TransferOwnership};
use latchkey_core::app::Request;
use latchkey_core::id::{AdminId, UserId};
use latchkey_core::membership::{self, Ownership};
use latchkey_core::settings::{self, Security};

use super::World;
use crate::support::TestApp;

/// From now on a change of owner needs a second admin.
pub(crate) async fn need_second_admin(app: &TestApp, by: AdminId) {
    app.expect_unsent_mails();
    let request = Request::default();
    let set = app.app.write(&request, move |tx| {
        let security = Security { owner_approval: true, ..settings::security(tx)? };
        Ok::<_, Denied>(settings::set_security(tx, &tx.authorize_admin::<ConfigureSystem>(by)?, &security)?)
    });
    set.await.unwrap();
}

impl World {
    /// The machine asks to make somebody the owner of Acme: any admin may approve.
    pub(crate) async fn owner_change(&self) -> i64 {
        let user: UserId = self.someone().await;
        need_second_admin(&self.app, self.stella).await;
        let (acme, system) = (self.acme, self.app.system());
        self.write(move |tx| {
            let by = tx.authorize_system::<TransferOwnership>(&system, acme).unwrap();
            let made = membership::make_owner(tx, &by, &ConfirmedAdmin::machine(&system), user).unwrap();
            let Ownership::Open(change) = made else { panic!("one was enough") };
            Ok(change.id.0)
        })
        .await
    }
}
