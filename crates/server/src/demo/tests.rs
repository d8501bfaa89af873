use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use latchkey_core::access::{AllowedAdmin, System};
use latchkey_core::account::Status;
use latchkey_core::admin::{self, NewAdmin};
use latchkey_core::event::{self, EventKind};
use latchkey_core::id::AccountId;
use latchkey_core::invitation::State;
use latchkey_core::mail;
use latchkey_core::{membership, user};

use super::*;
use crate::cli::Options;

const PUBLIC_URL: &str = "http://127.0.0.1:8080";

/// A data folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("latchkey_demo_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst));
        Self(std::env::temp_dir().join(name))
    }

    fn config(&self) -> Config {
        Config::load(Options { data_dir: Some(self.0.clone()), ..Options::default() }).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let names = std::fs::read_dir(&self.0).into_iter().flatten();
        let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name().display().to_string()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn refused(config: &Config) -> String {
    let error = fill(config, PUBLIC_URL).await.expect_err("refused");
    let line = format!("{error:#}");
    assert!(!line.contains('\n'), "{line}");
    line
}

/// All that the demo holds, read as staff.
struct Found {
    users: Vec<user::Listed>,
    accounts: Vec<account::Listed>,
    members: HashMap<AccountId, Vec<membership::Member>>,
    waiting: Vec<State>,
    /// The roles that open invitations offer.
    offered: Vec<String>,
    kinds: HashMap<String, usize>,
    mails: Vec<mail::Mail>,
}

async fn found(app: &App) -> Found {
    let read = app.read(|snapshot| {
        let by: AllowedAdmin<ViewStaffArea> = snapshot.authorize_admin(FIRST_ADMIN)?;
        let accounts = account::list(snapshot, &by, &Filter::default(), 1_000)?;
        let (mut members, mut waiting, mut offered) = (HashMap::new(), Vec::new(), Vec::new());
        for listed in &accounts {
            let ticket = snapshot.authorize_staff::<ManageUsers>(FIRST_ADMIN, listed.account.id)?;
            members.insert(listed.account.id, membership::list(snapshot, &ticket)?.answer()?);
            let pending = invitation::pending(snapshot, &ticket)?.answer()?;
            waiting.extend(pending.iter().map(|invitation| invitation.times.state(snapshot.now())));
            let open = pending.into_iter().filter(|invitation| invitation.times.state(snapshot.now()) == State::Pending);
            offered.extend(open.filter_map(|invitation| invitation.role).map(|role| role.name));
        }
        let mut kinds = HashMap::new();
        let log = snapshot.authorize_admin(FIRST_ADMIN)?;
        for happened in event::list(snapshot, &log, &event::Filter::default(), 10_000)? {
            *kinds.entry(happened.kind).or_insert(0) += 1;
        }
        let users = user::list(snapshot, &by, "", None, 1_000)?;
        let mails = mail::list(snapshot, &by, None, 1_000)?;
        Ok::<_, Denied>(Found { users, accounts, members, waiting, offered, kinds, mails })
    });
    read.await.unwrap()
}

fn addresses(logins: &str) -> Vec<&str> {
    logins.split_whitespace().filter(|word| word.contains('@')).collect()
}

const SECOND_FACTORS: [EventKind; 8] = [
    EventKind::SecondFactorFailed,
    EventKind::IdentityConfirmed,
    EventKind::FactorAdded,
    EventKind::FactorRemoved,
    EventKind::RecoveryCodesMade,
    EventKind::RecoveryCodeUsed,
    EventKind::TwoFactorRequired,
    EventKind::TwoFactorNotRequired,
];

/// Nobody in the story forgets a password, changes an address, guesses or wants to go.
const QUIET: [&str; 26] = [
    "owner-change-",
    "role-updated",
    "role-deleted",
    "password-reset",
    "email-",
    "data-",
    "deletion-",
    "mail-link",
    "verification-",
    "guessing-",
    "password-stopped",
    "device-",
    "ban-",
    "webhook-",
    "log-",
    "passkey-",
    "sso-",
    "message-",
    "mail-template-",
    "mail-reworded",
    "mail-restored",
    "line-",
    "oauth-",
    "api-",
    "client-group-updated",
    "client-group-deleted",
];

#[tokio::test]
async fn an_empty_folder_is_filled_as_promised_and_served_again() {
    let folder = Folder::new();
    let config = folder.config();
    let logins = fill(&config, PUBLIC_URL).await.unwrap();
    let app = open::open(&config, PUBLIC_URL).await.unwrap().app;
    let demo = found(&app).await;
    accounts_of_every_kind_have_their_people(&demo);
    everything_has_happened_but_what_is_quiet(&demo);
    mails_of_every_state_go_to_examples_only(&demo);
    the_printed_logins_work_and_the_printed_invitation_is_open(&app, &logins).await;

    assert_eq!(fill(&config, PUBLIC_URL).await.unwrap(), logins);
    assert_eq!(found(&app).await.accounts.len(), demo.accounts.len());
    served_with_and_without_demo_and_never_with_a_mail_server(&folder, &app).await;
}

fn accounts_of_every_kind_have_their_people(demo: &Found) {
    assert!(demo.accounts.len() >= 20 && demo.users.len() >= 40, "{} and {}", demo.accounts.len(), demo.users.len());
    for status in [Status::Active, Status::Inactive, Status::Closed] {
        assert!(demo.accounts.iter().any(|listed| listed.account.status == status), "{status:?}");
    }
    for (account, members) in &demo.members {
        assert_eq!(members.iter().filter(|member| member.is_owner).count(), 1, "account {account}");
    }
    for group in accounts::GROUPS {
        let in_it = |listed: &&account::Listed| listed.account.group.as_ref().is_some_and(|badge| badge.name == group.name);
        assert!(demo.accounts.iter().any(|listed| in_it(&listed)), "nobody is in {}", group.name);
    }
    assert!(demo.users.iter().any(|listed| listed.accounts == 0));
    assert!(demo.users.iter().filter(|listed| listed.accounts >= 8).count() >= 2);
    assert!(demo.waiting.contains(&State::Pending) && demo.waiting.contains(&State::Expired));
    let held = demo.members.values().flatten().filter_map(|member| member.role.as_ref());
    assert_eq!(held.map(|role| role.name.as_str()).collect::<Vec<_>>(), ["Accounting"]);
    assert_eq!(demo.offered, ["Support"]);
}

fn everything_has_happened_but_what_is_quiet(demo: &Found) {
    for kind in EventKind::ALL {
        let rare = [
            EventKind::AdminLogout,
            EventKind::AdminEnabled,
            EventKind::ContactDeleted,
            EventKind::ContactUpdated,
            EventKind::InvitationExpired,
        ];
        // Nor are there other admins in it than the two.
        let of_staff = ["masquerade-", "admin-invit", "admin-role-", "admin-deleted", "admin-password-"];
        let quiet = rare.contains(kind)
            || matches!(kind, EventKind::NoteDeleted | EventKind::NoteUpdated)
            || QUIET.iter().chain(&of_staff).any(|start| kind.key().starts_with(start));
        // Nobody in the demo has a second factor: it would only be in the way of trying it out.
        let quiet = quiet || SECOND_FACTORS.contains(kind);
        assert!(quiet || demo.kinds.contains_key(kind.key()), "nothing of the kind {}", kind.key());
    }
}

fn mails_of_every_state_go_to_examples_only(demo: &Found) {
    let has = |wanted: fn(&mail::State) -> bool| demo.mails.iter().any(|mail| wanted(&mail.state));
    assert!(has(|state| matches!(state, mail::State::Sent { .. })));
    assert!(has(|state| matches!(state, mail::State::Failed { answer, .. } if answer.starts_with("550"))));
    assert!(has(|state| matches!(state, mail::State::Queued { answer: None })));
    assert!(has(|state| matches!(state, mail::State::Queued { answer: Some(_) })));
    for address in demo.mails.iter().map(|mail| mail.to.as_str()).chain(demo.users.iter().map(|u| u.user.email.as_str())) {
        assert!([".com", ".net", ".org"].iter().any(|end| address.ends_with(&format!("example{end}"))), "{address}");
    }
}

async fn the_printed_logins_work_and_the_printed_invitation_is_open(app: &App, logins: &str) {
    let words: Vec<&str> = logins.split_whitespace().collect();
    let at = words.iter().position(|word| word.starts_with("http")).unwrap();
    let (password, link) = (words[at - 6], words[at]);
    assert_eq!(addresses(logins).len(), 5, "{logins}");
    for (number, address) in addresses(logins).into_iter().enumerate() {
        let password = Password::typed(password);
        if number == 0 {
            admin::login(app, &Request::default(), address, &password, "").await.unwrap();
        } else {
            let login = latchkey_core::session::Login { email: address.to_owned(), password, remember: false };
            latchkey_core::session::authenticate(app, &Request::default(), &login).await.unwrap();
        }
    }
    let secret = invitation::token(link.rsplit('/').next().unwrap()).unwrap();
    app.read(move |snapshot| invitation::open(snapshot, &secret)).await.unwrap();
}

async fn served_with_and_without_demo_and_never_with_a_mail_server(folder: &Folder, app: &App) {
    assert!(recognise(&folder.config(), app).await.unwrap());
    let smtp_url = Some("smtp://localhost:2525".to_owned());
    let sending = Config::load(Options { data_dir: Some(folder.0.clone()), smtp_url, ..Options::default() }).unwrap();
    assert!(recognise(&sending, app).await.unwrap_err().to_string().contains("--smtp-url"));
}

#[tokio::test]
async fn a_mail_server_is_refused_before_anything_is_made() {
    let folder = Folder::new();
    let smtp_url = Some("smtp://localhost:2525".to_owned());
    let config = Config::load(Options { data_dir: Some(folder.0.clone()), smtp_url, ..Options::default() }).unwrap();
    assert!(refused(&config).await.contains("--smtp-url"));
    assert!(!folder.0.exists());
}

#[tokio::test]
async fn a_foreign_file_is_left_alone() {
    let folder = Folder::new();
    std::fs::create_dir_all(&folder.0).unwrap();
    std::fs::write(folder.0.join("thesis.odt"), "all of it").unwrap();
    let line = refused(&folder.config()).await;
    assert!(line.contains("thesis.odt"), "{line}");
    assert_eq!(folder.names(), ["thesis.odt"]);
}

#[tokio::test]
async fn other_data_is_left_alone() {
    let folder = Folder::new();
    let config = folder.config();
    make_admin(&config).await;
    let before = bytes(&folder.0);
    let line = refused(&config).await;
    assert!(line.contains("other data") && line.contains("--data-dir"), "{line}");
    assert_eq!(bytes(&folder.0), before);
}

async fn make_admin(config: &Config) {
    let app = open::open(config, PUBLIC_URL).await.unwrap().app;
    let password = app.hasher().hash(app.random(), &Password::typed("a-password-for-tests-only")).await.unwrap();
    let new = NewAdmin { name: "Ada".to_owned(), email: past::email("ada@example.com").unwrap(), password };
    let request = Request::default();
    app.write(&request, move |tx| admin::create_by_system(tx, &System::named("test"), &new)).await.unwrap();
}

fn bytes(folder: &Path) -> (Vec<u8>, Vec<u8>) {
    (std::fs::read(folder.join("latchkey.db")).unwrap(), std::fs::read(folder.join("secret.key")).unwrap())
}

#[tokio::test]
async fn a_server_that_was_started_once_and_never_used_is_empty() {
    let folder = Folder::new();
    let config = folder.config();
    let app = open::open(&config, PUBLIC_URL).await.unwrap().app;
    app.write(&Request::default(), |tx| admin::setup_link(tx, &System::named("set-up"))).await.unwrap();
    assert_eq!(look(&config).await.unwrap(), Holds::Nothing);
    refuse_files(&config).unwrap();
}

#[tokio::test]
async fn what_was_filled_by_half_is_neither_filled_nor_served() {
    let folder = Folder::new();
    let config = folder.config();
    let app = open::open(&config, PUBLIC_URL).await.unwrap().app;
    assert!(app.write(&Request::default(), |tx| demo::begin(tx, &past::system())).await.unwrap());
    assert!(!app.write(&Request::default(), |tx| demo::begin(tx, &past::system())).await.unwrap());
    let line = refused(&config).await;
    assert!(line.contains("delete it"), "{line}");
    assert!(recognise(&config, &app).await.unwrap_err().to_string().contains("delete it"));
}

#[test]
fn the_calendar_runs_forward_and_ends_in_the_past() {
    let present = Clock::system().now();
    let steps = calendar::steps(present);
    assert!(steps.is_sorted_by_key(|(at, _)| *at));
    assert!(steps.iter().all(|(at, _)| *at < present && *at >= calendar::first_midnight(present)));
}
