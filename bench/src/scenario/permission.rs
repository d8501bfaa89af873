//! May this user do that in this account? The question that every page and every call asks.

use latchkey_core::access::{ManageUsers, Who};
use latchkey_core::app::App;
use latchkey_core::id::{AccountId, UserId};

use super::TASKS;
use crate::data;
use crate::limits;
use crate::measure::{Plan, Sample, Series, in_tasks};
use crate::report::Table;
use crate::server::{Site, Store};

pub(crate) async fn run(plan: &Plan, store: &Store, table: &mut Table) -> anyhow::Result<()> {
    let site = Site::fresh(store).await?;
    let app = data::open(&site).await?;
    let hash = data::password(&app).await?;
    let made = data::write(&app, move |tx| {
        let user = data::person(tx, "owners", 0, &hash)?;
        Ok((user, data::account_of(tx, "Acme", user)?))
    });
    let (user, account) = made.await?;
    let on = store.to_string();
    for tasks in [1, TASKS] {
        let (mut bare, mut own) = (Series::default(), Series::default());
        for _ in 0..plan.rounds {
            bare.push(limits::selects(&site, user, account, tasks, plan.slot).await?);
            own.push(look_ups(&app, user, account, tasks, plan).await?);
        }
        table.limit(&format!("bare prepared `select` of that row, {tasks} at once"), &on, &bare);
        table.share(&format!("permission look-up, {tasks} at once"), &on, &own, &bare, 1.0);
    }
    Ok(())
}

async fn look_ups(app: &App, user: UserId, account: AccountId, tasks: usize, plan: &Plan) -> anyhow::Result<Sample> {
    let worker = || {
        let app = app.clone();
        move || {
            let app = app.clone();
            async move {
                let asked = app
                    .read(move |snapshot| snapshot.authorize::<ManageUsers>(Who::without_second_factor(user), account).map(drop));
                Ok(asked.await?)
            }
        }
    };
    in_tasks((0..tasks).map(|_| worker()).collect(), plan.slot).await
}
