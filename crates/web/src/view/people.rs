//! Who can get in: users, invitations and sessions as tables show them.

use latchkey_core::access::{ActorKind, Grants};
use latchkey_core::admin;
use latchkey_core::clock::Timestamp;
use latchkey_core::invitation::{Invitation, State};
use latchkey_core::mail::Mail;
use latchkey_core::membership::Member;
use latchkey_core::role::Role;
use latchkey_core::session::{BegunBy, Session};
use serde::Serialize;

use super::{MailShown, initials, mail, summary};
use crate::engine::Texts;
use crate::state::Web;

/// A user of an account.
#[derive(Serialize)]
#[allow(clippy::struct_excessive_bools, reason = "what a template asks, one by one")]
pub(crate) struct Person {
    id: i64,
    name: String,
    email: String,
    initials: String,
    is_owner: bool,
    is_me: bool,
    two_factor: bool,
    role: Option<String>,
    last_login_at: Option<Timestamp>,
    last_login_ip: Option<String>,
    last_login_host: Option<String>,
    permission_summary: String,
    since: Timestamp,
    invited_by: Option<String>,
    may_change: bool,
    may_remove: bool,
}

/// The users of an account. `me` marks oneself; `may_touch` says whom the viewer may change.
pub(crate) fn people(web: &Web, members: &[Member], me: Option<i64>, may_touch: impl Fn(&Member) -> bool) -> Vec<Person> {
    let person = |member: &Member| {
        let changeable = !member.is_owner && may_touch(member);
        Person {
            id: member.user.id.0,
            name: member.user.name.full(),
            email: member.user.email.to_string(),
            initials: initials(&member.user.name.full()),
            is_owner: member.is_owner,
            is_me: me == Some(member.user.id.0),
            two_factor: member.user.two_factor,
            role: member.role.as_ref().map(|role| role.name.clone()),
            last_login_at: member.user.last_login.at,
            last_login_ip: member.user.last_login.ip.clone(),
            last_login_host: member.user.last_login.host.clone(),
            permission_summary: summary(web, member.is_owner, &member.grants),
            since: member.since,
            invited_by: Some(member.added_by.clone()).filter(|name| !name.is_empty() && !member.is_owner),
            may_change: changeable,
            may_remove: changeable,
        }
    };
    members.iter().map(person).collect()
}

/// A role to choose from.
#[derive(Serialize)]
pub(crate) struct RoleChoice {
    value: String,
    label: String,
}

/// The roles to choose from that the viewer may give.
pub(crate) fn roles(roles: &[Role], may_grant: impl Fn(&Grants) -> bool) -> Vec<RoleChoice> {
    let label = |role: &Role| match role.details.description.as_str() {
        "" => role.details.name.clone(),
        description => format!("{} – {description}", role.details.name),
    };
    let giveable = roles.iter().filter(|role| may_grant(&role.details.grants));
    giveable.map(|role| RoleChoice { value: role.id.to_string(), label: label(role) }).collect()
}

/// A pending invitation.
#[derive(Serialize)]
#[allow(clippy::struct_field_names, reason = "the names that templates use")]
pub(crate) struct Invited {
    pub(crate) id: i64,
    pub(crate) email: String,
    sent_at: Timestamp,
    invited_by: String,
    expires_at: Timestamp,
    expired: bool,
    role: Option<String>,
    permission_summary: String,
    mail: Option<MailShown>,
}

/// The pending invitations of an account with the state of their mails.
pub(crate) fn invited(web: &Web, now: Timestamp, invitations: &[Invitation], mails: &[Mail]) -> Vec<Invited> {
    let shown = |invitation: &Invitation| Invited {
        id: invitation.id.0,
        email: invitation.email.clone(),
        sent_at: invitation.sent_at,
        invited_by: inviter(web, invitation),
        expires_at: invitation.times.expires_at,
        expired: invitation.times.state(now) == State::Expired,
        role: invitation.role.as_ref().map(|role| role.name.clone()),
        permission_summary: summary(web, false, &invitation.grants),
        mail: mails.iter().find(|mail| mail.invitation == Some(invitation.id)).map(|found| mail(web, found)),
    };
    invitations.iter().map(shown).collect()
}

/// Who invited, in the words of the page.
pub(crate) fn inviter(web: &Web, invitation: &Invitation) -> String {
    let name = &invitation.invited_by.name;
    match invitation.invited_by.kind {
        ActorKind::Admin => web.text("inviter-staff", &[("name", name)]),
        ActorKind::Api => web.text("actor-api", &[("name", name)]),
        ActorKind::User | ActorKind::System | ActorKind::Nobody => name.clone(),
    }
}

/// A session.
#[derive(Serialize)]
#[allow(clippy::struct_excessive_bools, reason = "what a template asks, one by one")]
pub(crate) struct SessionShown {
    id: i64,
    current: bool,
    device: String,
    ip: String,
    host: Option<String>,
    created_at: Timestamp,
    last_seen_at: Timestamp,
    remember: bool,
    known: bool,
    sso: bool,
}

pub(crate) fn session(web: &Web, session: &Session, current: bool) -> SessionShown {
    SessionShown {
        id: session.id.0,
        current,
        device: device(web.engine().texts(), &session.user_agent),
        ip: session.ip.clone(),
        host: session.host.clone(),
        created_at: session.created_at,
        last_seen_at: session.last_seen_at,
        remember: session.remember,
        known: session.of_known_device,
        sso: session.begun_by == BegunBy::SingleSignOn,
    }
}

/// A session of an admin: no link logs one in, and it does not say from which known device it began.
pub(crate) fn admin_session(web: &Web, session: &admin::Session, current: bool) -> SessionShown {
    SessionShown {
        id: session.id.0,
        current,
        device: device(web.engine().texts(), &session.user_agent),
        ip: session.ip.clone(),
        host: session.host.clone(),
        created_at: session.created_at,
        last_seen_at: session.last_seen_at,
        remember: false,
        known: false,
        sso: false,
    }
}

/// Marks in what browsers call themselves; the first that is found counts, so the order matters.
const BROWSERS: [(&str, &str); 6] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
];
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// The device, in words a person knows.
pub(crate) fn device(texts: &Texts, user_agent: &str) -> String {
    let find = |marks: &[(&str, &'static str)]| marks.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name);
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => texts.get("device-on", &[("browser", browser), ("system", system)]),
        (Some(known), None) | (None, Some(known)) => known.to_owned(),
        (None, None) => texts.get("device-unknown", &[]),
    }
}
