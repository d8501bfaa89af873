//! Doing something with a ticket.

use latchkey_core::access::{
    Allowed, AllowedAdmin, Confirmed, ConfirmedAdmin, Denied, Enter, InAccount, Myself, StaffRight, Subject, System, Who,
};
use latchkey_core::app::{App, Tx};
use latchkey_core::error::Fault;
use latchkey_core::id::{AccountId, AdminId, SessionId, UserId};

use super::request;

/// What an operation that needs a ticket can be refused with.
pub(crate) trait Refusal: From<Denied> + From<Fault> + Send + 'static {}

impl<E: From<Denied> + From<Fault> + Send + 'static> Refusal for E {}

/// The machine's own ticket.
pub(crate) fn system() -> System {
    System::named("test")
}

/// An admin has just confirmed who it is.
pub(crate) fn confirmed() -> ConfirmedAdmin {
    ConfirmedAdmin::machine(&system())
}

/// Removes what is over of one kind, as the clock does; how many there were.
pub(crate) async fn swept(app: &App, sweep: fn(&Tx<'_>, &System) -> Result<u64, Fault>) -> u64 {
    app.write(&request(), move |tx| sweep(tx, &system())).await.unwrap()
}

pub(crate) async fn in_account<P: InAccount, T: Send + 'static, E: Refusal>(
    app: &App,
    user: UserId,
    account: AccountId,
    work: impl Fn(&Tx<'_>, &Allowed<P>) -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    app.write(&request(), move |tx| work(tx, &tx.authorize::<P>(Who::without_second_factor(user), account)?)).await
}

pub(crate) async fn machine_in_account<P: InAccount, T: Send + 'static, E: Refusal>(
    app: &App,
    account: AccountId,
    work: impl Fn(&Tx<'_>, &Allowed<P>) -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    app.write(&request(), move |tx| work(tx, &tx.authorize_system::<P>(&System::named("test"), account)?)).await
}

pub(crate) async fn as_staff<P: StaffRight, T: Send + 'static, E: Refusal>(
    app: &App,
    admin: AdminId,
    work: impl Fn(&Tx<'_>, &AllowedAdmin<P>) -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    app.write(&request(), move |tx| work(tx, &tx.authorize_admin::<P>(admin)?)).await
}

pub(crate) async fn as_myself<T: Send + 'static, E: Refusal>(
    app: &App,
    user: UserId,
    work: impl Fn(&Tx<'_>, &Myself) -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    app.write(&request(), move |tx| work(tx, &tx.myself(user)?)).await
}

pub(crate) async fn may<P: InAccount>(app: &App, user: UserId, account: AccountId) -> bool {
    app.read(move |snapshot| snapshot.authorize::<P>(Who::without_second_factor(user), account).map(drop)).await.is_ok()
}

pub(crate) async fn can_enter(app: &App, user: UserId, account: AccountId) -> bool {
    may::<Enter>(app, user, account).await
}

/// Does something as somebody who has confirmed who it is in this session.
pub(crate) async fn as_confirmed<T: Send + 'static, E: Refusal>(
    app: &App,
    subject: Subject,
    session: SessionId,
    work: impl Fn(&Tx<'_>, &Confirmed) -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    app.write(&request(), move |tx| work(tx, &tx.confirmed(subject, session)?)).await
}
