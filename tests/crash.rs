//! kill −9: whatever was answered is there after the restart, with its event and its mail, and nothing
//! is half done (PRODUCT rule 10).

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use latchkey_core::db::Location;

use crate::support::binary::{Place, Running, until};
use crate::support::mail_sink::MailSink;
use crate::support::tables::texts;
use crate::support::{Actor, PASSWORD};

/// Kills per database.
const ROUNDS: usize = 6;
/// Clients that change things at the same time.
const CLIENTS: usize = 4;
/// What the permissions change to, one after the other.
const SETS: [&str; 3] = ["invoices", "tickets", "domains"];

/// A number nobody can foresee: the moment of a kill.
fn random(below: u64) -> u64 {
    std::collections::hash_map::RandomState::new().build_hasher().finish() % below
}

/// What a client knows of one member.
#[derive(Clone, Default)]
struct Member {
    id: String,
    /// Changes that were answered, the first of them becoming a member.
    grants: Vec<&'static str>,
    removed: bool,
    /// What was asked for when the server died.
    asked: Option<Change>,
}

#[derive(Clone, Copy)]
enum Change {
    Grants(&'static str),
    Removal,
}

/// What a client knows of one invitation.
#[derive(Clone, Default)]
struct Invitation {
    id: String,
    sends: usize,
    cancelled: bool,
    /// Whether something was asked for when the server died.
    unanswered: bool,
}

/// One client: an owner and an admin who change their own members and invitations, one thing after the other.
struct Client {
    name: String,
    owner: Actor,
    admin: Actor,
    location: Location,
    members: BTreeMap<String, Member>,
    invitations: BTreeMap<String, Invitation>,
    count: usize,
}

impl Client {
    /// Changes things until the server is gone.
    async fn work(&mut self) {
        loop {
            self.count += 1;
            let gone = match self.count % 6 {
                1 => self.associate().await,
                2 | 4 => self.invite().await,
                3 => self.change_permissions().await,
                5 => self.send_again_or_cancel().await,
                _ => self.remove().await,
            };
            if gone.is_none() {
                return;
            }
        }
    }

    /// Whether the change was answered with success; `None` when the server is gone.
    async fn asked(actor: &Actor, path: &str, fields: &[(&str, &str)]) -> Option<()> {
        let token = actor.token_now(path)?;
        let fields: Vec<(&str, &str)> = [("csrf", token.as_str())].into_iter().chain(fields.iter().copied()).collect();
        let answer = actor.try_send(&crate::support::Ask::new("POST", path).form(&fields)).await.ok()?;
        let mood = answer.flash().map(|(mood, _)| mood);
        assert!(answer.status == 303 && mood.as_deref() == Some("success"), "{path}: {} {}", answer.outline(), answer.text());
        Some(())
    }

    async fn number_of(&self, table: &str, email: &str) -> String {
        texts(&self.location, &format!("select cast(id as text) from {table} where email = '{email}'")).await.remove(0)
    }

    async fn associate(&mut self) -> Option<()> {
        let email = format!("member-{}-{}@example.com", self.name, self.count);
        let fields = [
            ("query", email.as_str()),
            ("first_name", "Mo"),
            ("last_name", "Member"),
            ("permissions", SETS[0]),
            ("send_invite", "no"),
        ];
        Self::asked(&self.admin, "/admin/clients/1/users/associate", &fields).await?;
        let id = self.number_of("users", &email).await;
        self.members.insert(email, Member { id, grants: vec![SETS[0]], ..Member::default() });
        Some(())
    }

    async fn change_permissions(&mut self) -> Option<()> {
        let Some(member) = self.members.values_mut().rev().find(|member| !member.removed) else { return Some(()) };
        let next = SETS[member.grants.len() % SETS.len()];
        member.asked = Some(Change::Grants(next));
        Self::asked(&self.owner, &format!("/a/1/users/{}/permissions", member.id), &[("permissions", next)]).await?;
        member.asked = None;
        member.grants.push(next);
        Some(())
    }

    async fn remove(&mut self) -> Option<()> {
        let Some(member) = self.members.values_mut().find(|member| !member.removed) else { return Some(()) };
        member.asked = Some(Change::Removal);
        Self::asked(&self.owner, &format!("/a/1/users/{}/remove", member.id), &[]).await?;
        member.asked = None;
        member.removed = true;
        Some(())
    }

    async fn invite(&mut self) -> Option<()> {
        let email = format!("invited-{}-{}@example.com", self.name, self.count);
        // Staff has no quota of invitations.
        let fields = [("query", email.as_str()), ("permissions", SETS[0]), ("send_invite", "yes")];
        Self::asked(&self.admin, "/admin/clients/1/users/associate", &fields).await?;
        let id = self.number_of("invitations", &email).await;
        self.invitations.insert(email, Invitation { id, sends: 1, ..Invitation::default() });
        Some(())
    }

    async fn send_again_or_cancel(&mut self) -> Option<()> {
        let cancels = self.count % 4 == 1;
        let open = |invitation: &&mut Invitation| !invitation.cancelled && !invitation.unanswered;
        let Some(invitation) = self.invitations.values_mut().find(open) else { return Some(()) };
        let button = if cancels { "cancel" } else { "resend" };
        invitation.unanswered = true;
        Self::asked(&self.admin, &format!("/admin/clients/1/invitations/{}/{button}", invitation.id), &[]).await?;
        invitation.unanswered = false;
        if cancels {
            invitation.cancelled = true;
        } else {
            invitation.sends += 1;
        }
        Some(())
    }

    /// Compares what was answered with what is there. What was under way may have happened or not, but whole.
    async fn check(&mut self) {
        let tables = Tables::read(&self.location).await;
        for (email, member) in &mut self.members {
            let there = tables.grants.get(email);
            let changes = tables.count("membership-permissions-changed", &member.id);
            let removals = tables.count("membership-removed", &member.id);
            match member.asked.take() {
                Some(Change::Grants(asked)) if there.map(String::as_str) == Some(asked) => member.grants.push(asked),
                Some(Change::Removal) if there.is_none() => member.removed = true,
                _ => {}
            }
            let expected = (!member.removed).then(|| *member.grants.last().unwrap());
            assert_eq!(there.map(String::as_str), expected, "{email}");
            assert_eq!(changes, member.grants.len() - 1, "{email}: one event for each change");
            assert_eq!(removals, usize::from(member.removed), "{email}: one event for the removal");
            assert_eq!(tables.count("membership-created", &member.id), 1, "{email}");
        }
        for (email, invitation) in &mut self.invitations {
            let row = tables.invitations.get(email).unwrap_or_else(|| panic!("{email} was invited and is not"));
            let sends = tables.sends.get(email).copied().unwrap_or(0);
            if invitation.unanswered {
                assert!(sends - invitation.sends <= 1, "{email}");
                invitation.sends = sends;
                invitation.cancelled |= row == "cancelled";
                invitation.unanswered = false;
            }
            assert_eq!(sends, invitation.sends, "{email}: one event for each time it was sent");
            assert_eq!(row == "cancelled", invitation.cancelled, "{email}");
        }
    }
}

/// The tables as far as clients look at them.
struct Tables {
    grants: BTreeMap<String, String>,
    /// Pending or cancelled.
    invitations: BTreeMap<String, String>,
    /// Events that a link was sent, by address.
    sends: BTreeMap<String, usize>,
    /// Kind and user of every event.
    events: Vec<String>,
}

fn pairs(rows: Vec<String>) -> BTreeMap<String, String> {
    rows.into_iter().filter_map(|row| row.split_once('|').map(|(key, value)| (key.to_owned(), value.to_owned()))).collect()
}

impl Tables {
    async fn read(location: &Location) -> Self {
        let grants = "select u.email || '|' || m.grants from memberships m join users u on u.id = m.user_id";
        let invitations =
            "select email || '|' || case when cancelled_at is null then 'pending' else 'cancelled' end from invitations";
        let events = "select kind || ' ' || cast(coalesce(user_id, 0) as text) from events";
        let sent = "select email from events where kind in ('invitation-sent', 'invitation-resent')";
        let mut sends = BTreeMap::new();
        for email in texts(location, sent).await {
            *sends.entry(email).or_insert(0) += 1;
        }
        Self {
            grants: pairs(texts(location, grants).await),
            invitations: pairs(texts(location, invitations).await),
            sends,
            events: texts(location, events).await,
        }
    }

    fn count(&self, kind: &str, user: &str) -> usize {
        let wanted = format!("{kind} {user}");
        self.events.iter().filter(|event| **event == wanted).count()
    }
}

/// What must be true of the tables whoever was asked for what.
async fn nothing_is_half_done(location: &Location, sink: &MailSink) {
    let none = async |what: &str, query: &str| {
        let found = texts(location, query).await;
        assert!(found.is_empty(), "{what}: {found:?}");
    };
    none(
        "as many mails as times it was sent",
        "select i.email from invitations i where (select count(*) from mails m where m.invitation_id = i.id) <> (select count(*)
         from events e where e.email = i.email and e.kind in ('invitation-sent', 'invitation-resent'))",
    )
    .await;
    none(
        "a mail that nobody promises and nobody sent",
        "select m.to_address from mails m where m.sent_at is null and m.cancelled_at is null and m.failed_at is null
         and not exists (select 1 from outbox o where o.topic = 'mail' and o.ref_id = m.id)",
    )
    .await;
    none(
        "a promise to send what is sent or taken back",
        "select m.to_address from mails m join outbox o on o.topic = 'mail' and o.ref_id = m.id
         where m.sent_at is not null or m.cancelled_at is not null",
    )
    .await;
    none(
        "a cancelled invitation whose cancelling is in no event, or the other way round",
        "select i.email from invitations i where (i.cancelled_at is not null) <> exists (select 1 from events e
         where e.email = i.email and e.kind = 'invitation-cancelled')",
    )
    .await;
    none(
        "a user who was made and neither is nor was a member",
        "select u.email from users u where u.email like 'member-%' and not exists (select 1 from events e
         where e.user_id = u.id and e.kind = 'membership-created')",
    )
    .await;
    none("an account without its owner", "select a.name from accounts a where not exists (select 1 from memberships m where m.account_id = a.id and m.user_id = a.owner_id)").await;
    let taken = sink.taken();
    for sent in texts(location, "select to_address from mails where sent_at is not null").await {
        assert!(taken.iter().any(|mail| mail.contains(&sent)), "{sent}: marked as sent and no server took it");
    }
}

async fn start(place: &Place, sink: &MailSink) -> Running {
    place.serve(&["--smtp-url", &sink.url(), "--log", "warn"]).await
}

async fn prepare(place: &Place) {
    for arguments in [
        vec!["admin", "create", "--email", "stella@staff.example", "--name", "Stella", "--password-stdin"],
        vec!["admin", "require-two-factor", "no"],
        vec!["user", "create", "--email", "olivia@example.com", "--first-name", "O", "--last-name", "P", "--password-stdin"],
        vec!["account", "create", "--name", "Acme", "--owner", "olivia@example.com"],
    ] {
        let output = place.run_with(&arguments, &format!("{PASSWORD}\n")).await;
        assert!(output.status.success(), "{}", crate::support::binary::stderr(&output));
    }
}

/// Every mail that was promised arrives in the end, and its link works.
async fn everything_promised_arrives(place: &Place, sink: &MailSink, server: &Running) {
    let waiting = "select m.to_address from mails m join invitations i on i.id = m.invitation_id
        where m.sent_at is null and m.cancelled_at is null and i.cancelled_at is null";
    until("every mail is sent", async || {
        // The leases of workers that were killed have run out by now.
        let _ =
            texts(&place.location(), "update outbox set lease_until = 0, not_before = 0 where topic = 'mail' returning topic")
                .await;
        texts(&place.location(), waiting).await.is_empty().then_some(())
    })
    .await;
    let pending = texts(&place.location(), "select email from invitations where cancelled_at is null").await;
    assert!(!pending.is_empty());
    let taken = sink.taken();
    for email in pending.iter().take(20) {
        let mails = taken.iter().filter(|mail| mail.contains(email.as_str())).collect::<Vec<_>>();
        let links: Vec<&str> = mails.iter().filter_map(|mail| mail.split_once("/invite/")?.1.split_whitespace().next()).collect();
        let mut opened = 0;
        for link in &links {
            opened += usize::from(server.anonymous().get(&format!("/invite/{link}")).await.status == 200);
        }
        assert!(opened >= 1, "{email} got {} mails and no link that works", mails.len());
    }
}

async fn whatever_was_answered_survives(place: Place) {
    prepare(&place).await;
    let sink = MailSink::start().await;
    let mut server = start(&place, &sink).await;
    let owner = server.anonymous().log_in("olivia@example.com").await;
    let admin = server.anonymous().log_in_as_admin("stella@staff.example").await;
    let mut clients: Vec<Client> = (0..CLIENTS)
        .map(|number| Client {
            name: number.to_string(),
            owner: owner.at(server.address),
            admin: admin.at(server.address),
            location: place.location(),
            members: BTreeMap::new(),
            invitations: BTreeMap::new(),
            count: number,
        })
        .collect();
    for round in 0..ROUNDS {
        for client in &mut clients {
            client.owner = owner.at(server.address);
            client.admin = admin.at(server.address);
            client.owner.token("/a/1").await;
            client.admin.token("/admin").await;
        }
        let life = Duration::from_millis(300 + random(700));
        let [one, two, three, four] = clients.as_mut_slice() else { panic!("there are {CLIENTS} clients") };
        let death = async {
            tokio::time::sleep(life).await;
            server.kill().await;
        };
        tokio::join!(one.work(), two.work(), three.work(), four.work(), death);
        server = start(&place, &sink).await;
        nothing_is_half_done(&place.location(), &sink).await;
        for client in &mut clients {
            client.check().await;
        }
        let answered: usize = clients.iter().map(|client| client.count).sum();
        assert!(answered > CLIENTS, "round {round}: nothing was done before the kill");
    }
    let done: usize = clients.iter().map(|client| client.members.len() + client.invitations.len()).sum();
    assert!(done >= ROUNDS * CLIENTS, "only {done} members and invitations in {ROUNDS} rounds");
    everything_promised_arrives(&place, &sink, &server).await;
    nothing_is_half_done(&place.location(), &sink).await;
    let (status, log) = server.stop().await;
    assert!(status.success(), "{status}: {log}");
}

#[tokio::test]
async fn rule_10_whatever_was_answered_survives_kill_9_on_sqlite() {
    whatever_was_answered_survives(Place::sqlite()).await;
}

#[tokio::test]
async fn rule_10_whatever_was_answered_survives_kill_9_on_postgres() {
    whatever_was_answered_survives(Place::postgres().await).await;
}
