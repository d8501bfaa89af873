//! Somebody is invited, with a mail promised, and accepts: two transactions, each of them on disk when
//! it is answered.

use std::time::Duration;

use anyhow::{Context, ensure};
use latchkey_core::access::{Grants, ManageUsers};
use latchkey_core::admin::{self, NewAdmin};
use latchkey_core::app::App;
use latchkey_core::id::{AccountId, AdminId, InvitationId, UserId};
use latchkey_core::invitation::{self, NewInvitation};
use latchkey_core::secret::Secret;
use tokio::task::JoinSet;

use super::TASKS;
use crate::data;
use crate::limits;
use crate::measure::{Plan, Sample, Series, now};
use crate::report::Table;
use crate::server::{Site, Store};

/// People who can accept an invitation into each account.
const PEOPLE: usize = 300;

/// Transactions that inviting and accepting take.
const COMMITS: f64 = 2.0;

/// Who takes part.
#[derive(Clone)]
struct Cast {
    app: App,
    admin: AdminId,
    owner: UserId,
    people: Vec<UserId>,
}

pub(crate) async fn run(plan: &Plan, store: &Store, table: &mut Table) -> anyhow::Result<()> {
    let site = Site::fresh(store).await?;
    let bare_site = Site::fresh(store).await?;
    let cast = Cast::gather(data::open(&site).await?).await?;
    let on = store.to_string();
    for tasks in [1, TASKS] {
        // SQLite has one writer: its limit does not rise with the number of those who wait for it.
        let writers = if matches!(store, Store::Sqlite) { 1 } else { tasks };
        let (mut bare, mut own) = (Series::default(), Series::default());
        for _ in 0..plan.rounds {
            bare.push(limits::commits(&bare_site, writers, plan.slot).await?);
            own.push(cast.invite_and_accept(tasks, plan.slot).await?);
        }
        table.limit(&format!("bare commit of one row, {writers} at once"), &on, &bare);
        table.share(&format!("invite and accept (2 commits), {tasks} at once"), &on, &own, &bare, COMMITS);
    }
    Ok(())
}

impl Cast {
    async fn gather(app: App) -> anyhow::Result<Self> {
        let hash = data::password(&app).await?;
        let made = data::write(&app, move |tx| {
            let new = NewAdmin { name: "Admin".to_owned(), email: data::email("admins", 0)?, password: hash.clone() };
            let admin = admin::create_by_system(tx, &data::system(), &new)?;
            let owner = data::person(tx, "owners", 0, &hash)?;
            let people = (0..PEOPLE).map(|number| data::person(tx, "people", number, &hash)).collect::<Result<_, _>>()?;
            Ok((admin, owner, people))
        });
        let (admin, owner, people) = made.await?;
        Ok(Self { app, admin, owner, people })
    }

    /// Each task invites into a new account for half the time and accepts for the other half. What it
    /// takes to make the account and to read the links, as staff may, is not counted.
    async fn invite_and_accept(&self, tasks: usize, span: Duration) -> anyhow::Result<Sample> {
        let owner = self.owner;
        let made = data::write(&self.app, move |tx| {
            (0..tasks).map(|_| data::account_of(tx, "Acme", owner)).collect::<Result<Vec<_>, _>>()
        });
        let accounts = made.await?;
        let (sent, inviting) = timed(accounts.into_iter().map(|account| self.clone().invite(account, span / 2))).await?;
        let mut links = Vec::new();
        for invitations in sent {
            links.push(self.links(invitations).await?);
        }
        let count = links.iter().map(Vec::len).sum();
        ensure!(count > 0, "nobody was invited");
        let (_, accepting) = timed(links.into_iter().map(|links| self.clone().accept(links))).await?;
        Ok(Sample::counted(count, inviting + accepting))
    }

    async fn invite(self, account: AccountId, span: Duration) -> anyhow::Result<Vec<(AccountId, InvitationId)>> {
        let (begun, mut sent, admin) = (now(), Vec::new(), self.admin);
        while begun.elapsed() < span && sent.len() < PEOPLE {
            let new = NewInvitation { role: None, email: data::email("invited", sent.len())?, grants: Grants::all() };
            let id = data::write(&self.app, move |tx| {
                // As staff: a user may not send as many as a benchmark does.
                let by = tx.authorize_staff::<ManageUsers>(admin, account)?;
                Ok(invitation::send(tx, &by, &new)?)
            });
            sent.push((account, id.await?));
        }
        Ok(sent)
    }

    async fn links(&self, invitations: Vec<(AccountId, InvitationId)>) -> anyhow::Result<Vec<Secret>> {
        let (mut links, admin) = (Vec::new(), self.admin);
        for (account, id) in invitations {
            let by = self.app.read(move |snapshot| snapshot.authorize_staff::<ManageUsers>(admin, account));
            let by = by.await?;
            let (_, url) = invitation::link(&self.app, by, id).await?;
            let (_, token) = url.rsplit_once('/').context("no link")?;
            links.push(Secret::parse(token).context("no secret in the link")?);
        }
        Ok(links)
    }

    async fn accept(self, links: Vec<Secret>) -> anyhow::Result<()> {
        for (secret, user) in links.into_iter().zip(self.people) {
            let accepted = data::write(&self.app, move |tx| {
                let by = tx.myself(user)?;
                Ok(invitation::accept(tx, &by, &secret)?)
            });
            accepted.await?;
        }
        Ok(())
    }
}

/// Does all at the same time and answers what came of it and how long it took.
async fn timed<T: Send + 'static>(
    work: impl Iterator<Item = impl Future<Output = anyhow::Result<T>> + Send + 'static>,
) -> anyhow::Result<(Vec<T>, Duration)> {
    let begun = now();
    let mut tasks = JoinSet::new();
    for piece in work {
        tasks.spawn(piece);
    }
    let mut done = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        done.push(ended??);
    }
    Ok((done, begun.elapsed()))
}
