//! Two who add the last thing that there may be, at once on two nodes: one of them is refused.

use latchkey_core::access::{ConfigureSystem, ManageApi, ManageBans, ManageContacts};
use latchkey_core::app::App;
use latchkey_core::ban::{self, NewBan};
use latchkey_core::error::{HasKind, Kind};
use latchkey_core::id::{AccountId, AdminId, UserId};
use latchkey_core::oauth_client::{self, GrantType};
use latchkey_core::testing::TestApp;
use latchkey_core::webhook::{self, NewWebhook};
use latchkey_core::{client_group, contact, mail_template, role};
use latchkey_test_macros::on_both_databases;
use tokio::join;

use crate::races::{held_beside, nodes};
use crate::support::*;

/// Who adds it, and where.
#[derive(Clone, Copy)]
struct By {
    admin: AdminId,
    owner: UserId,
    acme: AccountId,
}

/// What there may be so many of.
#[derive(Clone, Copy, Debug)]
enum Noun {
    Ban,
    ClientGroup,
    Contact,
    MailTemplate,
    OauthClient,
    Role,
    RoleOfAccount,
    Webhook,
}

const ALL: [Noun; 8] = [
    Noun::Ban,
    Noun::ClientGroup,
    Noun::Contact,
    Noun::MailTemplate,
    Noun::OauthClient,
    Noun::Role,
    Noun::RoleOfAccount,
    Noun::Webhook,
];

impl Noun {
    /// How many there may be, where they stand, which columns tell them apart, and which must not be empty besides.
    const fn table(self) -> (i64, &'static str, &'static str, &'static str) {
        match self {
            Self::Ban => (ban::MAX_BANS, "bans", "network", "first_ip, last_ip, reason, created_at, by_kind, by_name"),
            Self::ClientGroup => {
                let rest = "name, colour, discount_basis_points, suspend_terminate_exempt, separate_invoices";
                (client_group::MAX_GROUPS, "client_groups", "name_key", rest)
            }
            Self::Contact => {
                let rest = "account_id, first_name, last_name, email, created_at, updated_at";
                (contact::MAX_PER_ACCOUNT, "contacts", "email_key", rest)
            }
            Self::MailTemplate => {
                let rest = "name, category, subject, message, created_at, updated_at";
                (mail_template::MAX_TEMPLATES, "mail_templates", "name_key", rest)
            }
            Self::OauthClient => {
                let rest = "secret_hash, name, description, logo_uri, redirect_uris, grant_type, scopes, created_at, updated_at";
                (oauth_client::MAX_CLIENTS, "oauth_clients", "identifier, uuid", rest)
            }
            Self::Role | Self::RoleOfAccount => {
                (role::MAX_ROLES, "roles", "name_key", "account_id, name, description, grants, revision")
            }
            Self::Webhook => (webhook::MAX_WEBHOOKS, "webhooks", "url", "description, kinds, created_at, delivered_seq"),
        }
    }

    /// Copies the one that was added last until there may be only one more.
    async fn fill(self, app: &TestApp) {
        let (most, table, apart, rest) = self.table();
        let others = apart.split(", ").map(|column| format!("{column} || n.i")).collect::<Vec<_>>().join(", ");
        let copies = format!(
            "insert into {table} ({apart}, {rest})
             with recursive n (i) as (select 1 union all select i + 1 from n where i < {})
             select {others}, {rest} from {table}, n where {table}.id = (select max(id) from {table})",
            most - 2
        );
        sql(app, &copies).await.unwrap();
    }

    async fn add(self, node: &App, by: By, number: u8, then: impl Fn() + Send + 'static) -> Result<(), Kind> {
        let name = format!("Number {number}");
        match self {
            Self::Ban => {
                let new = NewBan { network: format!("198.51.100.{number}").parse().unwrap(), reason: name, ends_at: None };
                let add = as_staff::<ManageBans, _, ban::Error>(node, by.admin, move |tx, by| {
                    ban::add(tx, by, &new)?;
                    then();
                    Ok(())
                });
                kind(add.await)
            }
            Self::ClientGroup => {
                let typed = client_group::Typed { name: &name, colour: "#b45309", ..client_group::Typed::default() };
                let new = client_group::Details::parse(&typed).unwrap();
                let add = as_staff::<ConfigureSystem, _, client_group::Error>(node, by.admin, move |tx, by| {
                    client_group::create(tx, by, &new)?;
                    then();
                    Ok(())
                });
                kind(add.await)
            }
            Self::Contact => {
                let new = new_contact("Max", &name, &format!("number{number}@example.com"), &[]);
                let add = in_account::<ManageContacts, _, contact::Error>(node, by.owner, by.acme, move |tx, by| {
                    contact::add(tx, by, &new)?;
                    then();
                    Ok(())
                });
                kind(add.await)
            }
            Self::MailTemplate => {
                let new = mail_template::Details::parse(&name, "general", "Hello", "A text.").unwrap();
                let add = as_staff::<ConfigureSystem, _, mail_template::Error>(node, by.admin, move |tx, by| {
                    mail_template::create(tx, by, &new)?;
                    then();
                    Ok(())
                });
                kind(add.await)
            }
            Self::OauthClient => kind(add_oauth_client(node, by.admin, name, then).await),
            Self::Role => kind(add_role(node, by.admin, None, name, then).await),
            Self::RoleOfAccount => kind(add_role(node, by.admin, Some(by.acme), name, then).await),
            Self::Webhook => {
                let new = NewWebhook::parse(&format!("https://hooks.example/{number}"), "", &[], false).unwrap();
                let add = as_staff::<ManageApi, _, webhook::Error>(node, by.admin, move |tx, maker| {
                    webhook::create(tx, maker, &tx.authorize_admin(by.admin)?, &confirmed(), &new)?;
                    then();
                    Ok(())
                });
                kind(add.await)
            }
        }
    }
}

fn kind<E: HasKind>(added: Result<(), E>) -> Result<(), Kind> {
    added.map_err(|error| error.kind())
}

async fn add_oauth_client(
    node: &App,
    admin: AdminId,
    name: String,
    then: impl Fn() + Send + 'static,
) -> Result<(), oauth_client::Error> {
    let new = oauth_client::Details::parse(oauth_client::Details {
        name,
        description: String::new(),
        logo_uri: String::new(),
        redirect_uris: vec!["https://app.example.com/a".to_owned()],
        grant_type: GrantType::AuthorizationCode,
        scopes: vec!["openid".to_owned()],
        service: None,
    });
    let new = new.unwrap();
    as_staff::<ManageApi, _, _>(node, admin, move |tx, by| {
        oauth_client::create(tx, by, &new)?;
        then();
        Ok(())
    })
    .await
}

async fn add_role(
    node: &App,
    admin: AdminId,
    account: Option<AccountId>,
    name: String,
    then: impl Fn() + Send + 'static,
) -> Result<(), role::Error> {
    let new = role::Details { name, description: String::new(), grants: grants("emails") };
    as_staff::<ConfigureSystem, _, _>(node, admin, move |tx, by| {
        role::create(tx, by, account, &new)?;
        then();
        Ok(())
    })
    .await
}

#[on_both_databases]
async fn of_two_who_add_the_last_one_that_there_may_be_one_is_refused(app: TestApp) {
    let nodes = nodes(&app).await;
    let by = By { admin: nodes.admin, owner: nodes.owner, acme: nodes.acme };
    for noun in ALL {
        noun.add(&nodes.first, by, 1, || ()).await.unwrap();
        noun.fill(&app).await;
        let count = format!("select count(*) from {}", noun.table().1);
        let before = number(&app, &count).await;
        let (held, beside) = held_beside();
        // The first has added it and commits after the second has had time to count.
        let first = noun.add(&nodes.first, by, 2, move || held.wait());
        let (first, second) = join!(first, beside.run(&app, noun.add(&nodes.second, by, 3, || ())));
        assert_eq!(first, Ok(()), "{noun:?}");
        assert_eq!(number(&app, &count).await, before + 1, "{noun:?}");
        let refused = noun.add(&nodes.first, by, 4, || ()).await;
        assert!(refused.is_err() && second == refused, "{noun:?}: {second:?}");
    }
}
