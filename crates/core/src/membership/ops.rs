use super::{Error, Joined, Member, Mine, New, sql};
use crate::access::{
    Actor, Allowed, AllowedAdmin, Associate, Denied, Enter, Grants, InAccount, ManageUsers, Myself, Permission, ShowsUsers,
    ViewStaffArea, Who,
};
use crate::app::{Asked, Snapshot, Tx};
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::id::{AccountId, RoleId, UserId};
use crate::mail::{self, About, Notice};
use crate::owner_change::{self, Whose};
use crate::user::{self, NewUser};
use crate::{invitation, role};

/// The users of the account: the owner first, then by the time they came.
pub fn list<'a, P: ShowsUsers>(snapshot: &'a Snapshot<'_>, by: &Allowed<P>) -> Result<Asked<'a, Vec<Member>>, Fault> {
    /// The most that one list holds.
    const MOST: i64 = 1_000;
    sql::list(snapshot, by.account(), MOST)
}

/// The first few of them, for a glance.
pub fn first<P: ShowsUsers>(snapshot: &Snapshot<'_>, by: &Allowed<P>, limit: i64) -> Result<Vec<Member>, Fault> {
    sql::list(snapshot, by.account(), limit)?.answer()
}

/// Users of the account by their numbers, after this one: a page for programs.
pub fn page<P: ShowsUsers>(
    snapshot: &Snapshot<'_>,
    by: &Allowed<P>,
    after: Option<UserId>,
    limit: i64,
) -> Result<Vec<Member>, Fault> {
    sql::page(snapshot, by.account(), after, limit)
}

/// One user of the account.
pub fn find<P: ShowsUsers>(snapshot: &Snapshot<'_>, by: &Allowed<P>, user: UserId) -> Result<Member, Error> {
    sql::find(snapshot, by.account(), user)?.ok_or(Error::NotFound)
}

/// How oneself stands in the account.
pub fn mine<'a>(snapshot: &'a Snapshot<'_>, user: UserId, by: &Allowed<Enter>) -> Result<Asked<'a, Option<Mine>>, Fault> {
    Ok(sql::of_user(snapshot, user, Some(by.account()))?.map(|mine| mine.into_iter().next()))
}

/// The accounts one may enter, closed ones included (PRODUCT rule 8): latest entered first.
pub fn accounts_of(snapshot: &Snapshot<'_>, user: UserId) -> Result<Vec<Mine>, Fault> {
    sql::of_user(snapshot, user, None)?.answer()
}

/// In how many accounts a user is.
pub fn count_of(snapshot: &Snapshot<'_>, user: UserId) -> Result<i64, Fault> {
    ask_count_of(snapshot, user)?.answer()
}

/// The same to be answered later.
pub fn ask_count_of<'a>(snapshot: &'a Snapshot<'_>, user: UserId) -> Result<Asked<'a, i64>, Fault> {
    sql::count_of_user(snapshot, user)
}

/// The accounts a user may enter, for staff.
pub fn accounts_of_user(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ViewStaffArea>, user: UserId) -> Result<Vec<Mine>, Fault> {
    sql::of_user(snapshot, user, None)?.answer()
}

/// Changes what a member holds singly; its role stays.
pub fn set_grants(tx: &Tx<'_>, by: &Allowed<ManageUsers>, user: UserId, grants: &Grants) -> Result<(), Error> {
    let role = touchable(tx, by, user)?.role.map(|role| role.id);
    set_held(tx, by, user, role, grants)
}

/// Changes what a member holds: its role, and what it holds singly beside that.
pub fn set_held(
    tx: &Tx<'_>,
    by: &Allowed<ManageUsers>,
    user: UserId,
    role: Option<RoleId>,
    grants: &Grants,
) -> Result<(), Error> {
    let member = touchable(tx, by, user)?;
    let role = role.map(|id| role::hold_offered(tx, by.account(), id)?.ok_or(Error::NoSuchRole)).transpose()?;
    let single = grants.clone().keeping_unknown_of(&member.single);
    let grants = role.as_ref().map_or_else(|| single.clone(), |role| single.union(&role.details.grants));
    if !by.may_grant(&grants) {
        return Err(Error::BeyondOwn);
    }
    sql::set_held(tx, by.account(), user, &single, role.as_ref().map(|role| role.id))?;
    tx.bump_revision(by.account())?;
    // Who may give less takes back what it has offered: it would get that again by a link of its own.
    if member.grants.has(Permission::Users) && !grants.covers(&member.grants) {
        invitation::cancel_sent_by(tx, by, user)?;
    }
    let names = [member.role.as_ref().map(|role| &role.name), role.as_ref().map(|role| &role.details.name)];
    let [before, after] = names.map(|name| name.map_or_else(String::new, |name| format!("“{name}”: ")));
    let detail = format!("{before}{} → {after}{grants}", member.grants);
    let event = about(EventKind::MembershipPermissionsChanged, by, &member).with_detail(detail);
    tx.record(by.actor(), &event)?;
    if member.grants == grants {
        return Ok(());
    }
    Ok(mail::tell(tx, user, Notice::AccessChanged, &told(by))?)
}

/// Takes a member's access away. The user and its other accounts stay (PRODUCT rule 2). Open invitations that the member has sent
/// end with it: nobody lets himself in again.
pub fn remove(tx: &Tx<'_>, by: &Allowed<ManageUsers>, user: UserId) -> Result<(), Error> {
    let member = touchable(tx, by, user)?;
    owner_change::end_all(tx, by.actor(), Whose::Member(by.account(), user), "access removed")?;
    sql::delete(tx, by.account(), user)?;
    tx.bump_revision(by.account())?;
    let event = about(EventKind::MembershipRemoved, by, &member).with_detail(member.grants.to_string());
    tx.record(by.actor(), &event)?;
    invitation::cancel_sent_by(tx, by, user)?;
    Ok(mail::tell(tx, user, Notice::AccessRemoved, &told(by))?)
}

/// What a notice about the ticket's account says.
pub(super) fn told<P: InAccount>(by: &Allowed<P>) -> About {
    About::default().in_account(by.account(), by.account_name()).by(&by.actor().name)
}

/// A member whom the holder of the ticket may change: never the owner.
fn touchable(tx: &Tx<'_>, by: &Allowed<ManageUsers>, user: UserId) -> Result<Member, Error> {
    let member = find(tx, by, user)?;
    if member.is_owner {
        return Err(Error::IsOwner);
    }
    if !by.may_touch(&member.grants) {
        return Err(Error::OutOfReach);
    }
    Ok(member)
}

pub(super) fn about<P: InAccount>(kind: EventKind, by: &Allowed<P>, member: &Member) -> Event {
    Event::new(kind)
        .in_account(by.account(), by.account_name())
        .to_user(member.user.id, &member.user.name.full())
        .with_email(member.user.email.as_str())
}

/// Gives one's own access up. The owner cannot: somebody must answer for the account.
pub fn leave(tx: &Tx<'_>, by: &Allowed<Enter>, myself: &Myself) -> Result<(), Error> {
    let member = sql::find(tx, by.account(), myself.id())?.ok_or(Error::NotFound)?;
    if member.is_owner {
        return Err(Error::IsOwner);
    }
    owner_change::end_all(tx, by.actor(), Whose::Member(by.account(), myself.id()), "user left")?;
    sql::delete(tx, by.account(), myself.id())?;
    tx.bump_revision(by.account())?;
    tx.record(by.actor(), &about(EventKind::MembershipLeft, by, &member))?;
    invitation::cancel_sent_by(tx, by, myself.id())?;
    Ok(tell_owner_of_leaving(tx, by.account(), by.account_name(), &member)?)
}

fn tell_owner_of_leaving(tx: &Tx<'_>, account: AccountId, account_name: &str, member: &Member) -> Result<(), Fault> {
    let (owner, _) = sql::owner(tx, account)?;
    let about = About::default().in_account(account, account_name).by(&member.user.name.full()).what(member.user.email.as_str());
    mail::tell(tx, owner, Notice::MemberLeft, &about)
}

/// Ends every membership of a user who is to be deleted, and returns how many. What it owns stays, and so does the user then.
pub(crate) fn leave_all(tx: &Tx<'_>, by: &Actor, user: UserId) -> Result<usize, Fault> {
    let accounts = sql::in_order_of_accounts(tx, user)?;
    // All of them are held before anything that hangs on one is.
    for account in &accounts {
        tx.bump_revision_of_existing(*account)?;
    }
    let mut left = 0;
    for mine in accounts {
        let Some(member) = sql::find(tx, mine, user)?.filter(|member| !member.is_owner) else { continue };
        owner_change::end_all(tx, by, Whose::Member(mine, user), "user deleted")?;
        sql::delete(tx, mine, user)?;
        let account_name = sql::account_name(tx, mine)?;
        invitation::cancel_sent_by_deleted(tx, by, (mine, &account_name), user)?;
        tell_owner_of_leaving(tx, mine, &account_name, &member)?;
        let event = Event::new(EventKind::MembershipRemoved)
            .in_account(mine, &account_name)
            .to_user(user, &member.user.name.full())
            .with_email(member.user.email.as_str())
            .with_detail(member.grants.to_string());
        tx.record(by, &event)?;
        left += 1;
    }
    Ok(left)
}

/// Associates a user at once, without a mail: with a role, if one is given, and what it holds singly beside that.
pub fn associate(tx: &Tx<'_>, by: &Allowed<Associate>, user: UserId, role: Option<RoleId>, grants: &Grants) -> Result<(), Error> {
    if let Some(id) = role {
        role::hold_offered(tx, by.account(), id)?.ok_or(Error::NoSuchRole)?;
    }
    user::hold(tx, user)?.ok_or(user::Error::NotFound)?;
    sql::delete_ended(tx, by.account(), user)?;
    let new = New { account: by.account(), user, grants: grants.clone(), role, invitation: None, added_by: by.actor().clone() };
    if !insert(tx, by.actor(), &new)? {
        return Err(Error::AlreadyMember);
    }
    tx.bump_revision(by.account())?;
    Ok(mail::tell(tx, user, Notice::AccessGiven, &told(by))?)
}

/// Makes a user, usually without a password, and associates it at once.
pub fn associate_new(
    tx: &Tx<'_>,
    by: &Allowed<Associate>,
    new: &NewUser,
    role: Option<RoleId>,
    grants: &Grants,
) -> Result<UserId, Error> {
    let user = user::insert(tx, Some(by.actor()), new)?;
    associate(tx, by, user, role, grants)?;
    Ok(user)
}

/// Makes a membership; `false` when there is one already.
pub(crate) fn insert(tx: &Tx<'_>, by: &Actor, new: &New) -> Result<bool, Fault> {
    if !sql::insert(tx, new)? {
        return Ok(false);
    }
    let Some(member) = sql::find(tx, new.account, new.user)? else { return Ok(false) };
    let account = sql::account_name(tx, new.account)?;
    let event = Event::new(EventKind::MembershipCreated)
        .in_account(new.account, &account)
        .to_user(new.user, &member.user.name.full())
        .with_email(member.user.email.as_str())
        .with_detail(if member.is_owner { "owner".to_owned() } else { member.grants.to_string() });
    tx.record(by, &event)?;
    Ok(true)
}

/// Lets an invited user in. Who is a member already never loses anything (PRODUCT rule 6).
pub(crate) fn join(tx: &Tx<'_>, by: &Actor, new: &New) -> Result<Joined, Error> {
    sql::delete_ended(tx, new.account, new.user)?;
    let joined = match sql::find(tx, new.account, new.user)? {
        Some(member) if member.is_owner => return Err(Error::IsOwner),
        Some(member) => {
            add(tx, &member, new)?;
            Joined::AlreadyMember
        }
        None => {
            insert(tx, by, new)?;
            Joined::New
        }
    };
    tx.bump_revision(new.account)?;
    Ok(joined)
}

/// What a member is offered besides. Who has another role keeps it, and gets singly what the offered one gives. A manager changes
/// neither himself nor another one, by a link no more than otherwise.
fn add(tx: &Tx<'_>, member: &Member, new: &New) -> Result<(), Error> {
    let by_manager = new.invitation.map(|id| sql::is_of_manager(tx, id)).transpose()?.unwrap_or_default();
    if by_manager && member.grants.has(Permission::Users) {
        return Ok(());
    }
    let offered = new.role.map(|id| role::hold_offered(tx, new.account, id)).transpose()?.flatten();
    let held = member.role.as_ref().map(|role| role.id);
    let mut single = member.single.union(&new.grants);
    if let Some(other) = offered.as_ref().filter(|offered| held.is_some_and(|held| held != offered.id)) {
        single = single.union(&other.details.grants);
    }
    sql::set_held(tx, new.account, new.user, &single, held.or(offered.map(|offered| offered.id)))?;
    Ok(sql::goes_on(tx, new.account, new.user)?)
}

/// Notes that a user has entered the account.
pub fn enter(tx: &Tx<'_>, by: &Allowed<Enter>, user: UserId) -> Result<(), Error> {
    // An admin who looks around for the owner is not the owner.
    if tx.request().on_behalf.is_some() {
        return Ok(());
    }
    Ok(sql::entered(tx, by.account(), user)?)
}

/// Notes that a login leads into an account, if its user may enter it. A login holds its user and so can wait for no account any more
/// (accounts are held first): it reads how the user stands, and leaves out the note where somebody else holds the membership.
pub fn enter_at_login(tx: &Tx<'_>, who: Who, account: AccountId) -> Result<(), Fault> {
    match Snapshot::authorize::<Enter>(tx, who, account) {
        Ok(by) => sql::entered_if_free(tx, by.account(), who.user()),
        Err(Denied::Fault(fault)) => Err(fault),
        Err(_) => Ok(()),
    }
}

/// The same for a login that leads nowhere else: into the only account that its user may enter. `None` when there are more, or none, or
/// it is closed.
pub fn enter_only_at_login(tx: &Tx<'_>, who: Who) -> Result<Option<AccountId>, Fault> {
    let Some((account, ticket)) = tx.authorize_in_only::<Enter>(who)? else { return Ok(None) };
    if let Some(by) = ticket {
        sql::entered_if_free(tx, by.account(), who.user())?;
    }
    Ok(Some(account))
}
