//! What the operator has this server's own mails say.

use latchkey_core::access::{BuiltInRole, ConfigureSystem, Denied};
use latchkey_core::id::AdminId;
use latchkey_core::mail::{self, MailKind, Notice, Wording};
use latchkey_core::settings::Verification;
use latchkey_core::testing::TestApp;
use latchkey_test_macros::on_both_databases;

use crate::support::*;

fn words(kind: MailKind, subject: &str, message: &str) -> Wording {
    Wording::parse(kind, subject, message, "Open").unwrap()
}

async fn reword(app: &TestApp, admin: AdminId, kind: MailKind, words: Option<Wording>) -> Result<(), Denied> {
    as_staff::<ConfigureSystem, _, Denied>(&app.app, admin, move |tx, by| Ok(mail::reword(tx, by, kind, words.as_ref())?)).await
}

async fn subjects(app: &TestApp) -> Vec<String> {
    app.take_mails().await.into_iter().map(|mail| mail.written.subject).collect()
}

#[on_both_databases]
async fn a_mail_says_what_the_operator_wrote_until_its_original_is_restored(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let stella = staff(&app).await;
    let seen = events(&app).await.len();
    let kind = MailKind::Invitation;
    send(&app.app, owner, acme, "before@example.org", "invoices").await.unwrap();
    let first = words(kind, "Join {account_name}", "Here: {link}");
    reword(&app, stella, kind, Some(first.clone())).await.unwrap();
    send(&app.app, owner, acme, "after@example.org", "invoices").await.unwrap();
    assert_eq!(subjects(&app).await, ["Olivia Example invites you to Acme", "Join {account_name}"], "what waits stays as it is");
    reword(&app, stella, kind, Some(first)).await.unwrap();
    let second = words(kind, "Come to {account_name}", "There: {link}");
    reword(&app, stella, kind, Some(second.clone())).await.unwrap();
    let held = as_staff::<ConfigureSystem, _, Denied>(&app.app, stella, move |tx, by| {
        Ok((mail::wording(tx, by, kind)?, mail::wordings(tx, by)?, mail::wording(tx, by, MailKind::Test)?))
    });
    let (one, all, other) = held.await.unwrap();
    assert_eq!((one.as_ref(), all.get("invitation"), all.len(), other), (Some(&second), Some(&second), 1, None));
    reword(&app, stella, kind, None).await.unwrap();
    reword(&app, stella, kind, None).await.unwrap();
    send(&app.app, owner, acme, "last@example.org", "invoices").await.unwrap();
    assert_eq!(subjects(&app).await, ["Olivia Example invites you to Acme"]);
    let logged = events(&app).await.into_iter().skip(seen).filter(|event| event.kind.starts_with("mail-re"));
    assert_eq!(
        logged.map(|event| format!("{} {}", event.kind, event.detail)).collect::<Vec<_>>(),
        [
            "mail-reworded invitation: subject: “Join {account_name}”",
            "mail-reworded invitation: subject: “Join {account_name}” → “Come to {account_name}”; message",
            "mail-restored invitation",
        ],
        "each change once, and nothing for what changes nothing"
    );
}

#[on_both_databases]
async fn words_of_one_notice_are_of_no_other_and_a_switch_still_counts(app: TestApp) {
    let (owner, acme) = acme(&app).await;
    let stella = staff(&app).await;
    let mia = member(&app, acme, "Mia", "invoices").await;
    let kind = MailKind::Notice(Notice::AccessChanged);
    reword(&app, stella, kind, Some(words(kind, "News of {account_name}", "Hello {name}"))).await.unwrap();
    set_grants(&app.app, owner, acme, mia, "tickets").await.unwrap();
    assert_eq!(subjects(&app).await, Vec::<String>::new(), "switched off");
    app.notify(Verification::Off).await;
    set_grants(&app.app, owner, acme, mia, "domains").await.unwrap();
    remove(&app.app, owner, acme, mia).await.unwrap();
    assert_eq!(subjects(&app).await, ["News of {account_name}", "access-removed"]);
}

#[on_both_databases]
async fn what_mails_say_is_those_who_may_change_settings_to_change(app: TestApp) {
    staff(&app).await;
    let support = staff_as(&app, "Sue", BuiltInRole::Support).await;
    let before = dump(&app).await;
    for new in [Some(words(MailKind::Test, "Words", "More words")), None] {
        assert!(matches!(reword(&app, support, MailKind::Test, new).await, Err(Denied::MissingAdmin { .. })));
    }
    assert!(changed(&before, &dump(&app).await).is_empty());
}

#[on_both_databases]
async fn of_two_admins_who_change_a_mail_at_once_one_is_last(app: TestApp) {
    let stella = staff(&app).await;
    let kind = MailKind::Test;
    let both = ["One", "Two"].map(|subject| reword(&app, stella, kind, Some(words(kind, subject, "Words"))));
    let [one, two] = both;
    let (one, two) = tokio::join!(one, two);
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(number(&app, "select count(*) from mail_texts").await, 1);
    assert_eq!(number(&app, "select count(*) from events where kind = 'mail-reworded'").await, 2);
}
