//! What is measured, one file each.

pub(crate) mod invite;
pub(crate) mod login;
pub(crate) mod machines;
pub(crate) mod memory;
pub(crate) mod pages;
pub(crate) mod permission;
pub(crate) mod start;
pub(crate) mod webhooks;

use std::path::Path;

use anyhow::Context;
use latchkey_core::email::Email;
use latchkey_core::password::HashCost;

use crate::crowd;
use crate::data::{self, Data};
use crate::load::{Ask, Connection};
use crate::server::{Server, Site, Store};

/// Connections of the load generator.
const CONNECTIONS: usize = 16;

/// Tasks, or database connections, that do something at the same time.
const TASKS: usize = 8;

/// The release binary, serving data that was made before it started.
pub(crate) struct Served {
    pub(crate) server: Server,
    pub(crate) data: Data,
    /// Bearer tokens of programs.
    tokens: Vec<String>,
    /// The name of the database.
    pub(crate) on: String,
    _site: Site,
}

impl Served {
    pub(crate) async fn start(store: &Store, latchkey: &Path, cost: HashCost) -> anyhow::Result<Self> {
        let site = Site::fresh(store).await?;
        let app = data::open(&site).await?;
        let data = data::fill(&app).await?;
        drop(app);
        let server = Server::latchkey_with(latchkey, &site, &["--password-cost", &cost.to_string()]).await?;
        Ok(Self { server, data, tokens: Vec::new(), on: store.to_string(), _site: site })
    }

    /// The same among a crowd, with credentials for programs.
    pub(crate) async fn in_crowd(store: &Store, latchkey: &Path) -> anyhow::Result<Self> {
        let site = Site::fresh(store).await?;
        let app = data::open(&site).await?;
        crowd::gather(&site).await?;
        let data = data::fill(&app).await?;
        let tokens = machines::credentials(&app).await?;
        drop(app);
        let server = Server::latchkey(latchkey, &site).await?;
        Ok(Self { server, data, tokens, on: store.to_string(), _site: site })
    }

    /// The bearer token of this number.
    fn token(&self, number: usize) -> &str {
        self.tokens.get(number).map_or("", String::as_str)
    }

    /// The secret of a new session of this user.
    async fn session(&self, email: &Email) -> anyhow::Result<String> {
        let login = self.login(email).await?;
        let mut connection = Connection::open(self.server.address).await?;
        let answer = login.over(&mut connection).await?;
        Ok(answer.cookie("latchkey_session").context("no session")?.to_owned())
    }

    /// The request of a login by this address, with a token of its own and from a browser that has logged in before.
    async fn login(&self, email: &Email) -> anyhow::Result<Ask> {
        let mut connection = Connection::open(self.server.address).await?;
        let page = Ask::get("/login", "").over(&mut connection).await?;
        let visitor = page.cookie("latchkey_visitor").context("no visitor cookie")?.to_owned();
        let body = std::str::from_utf8(page.body)?;
        let (_, rest) = body.split_once("name=\"csrf\" value=\"").context("no token")?;
        let (csrf, _) = rest.split_once('"').context("no token")?;
        let form = format!(
            "csrf={csrf}&email={}&password={}&next=",
            email.as_str().replace('@', "%40"),
            data::PASSWORD.replace(' ', "+")
        );
        let first = Ask::post("/login", &format!("cookie: latchkey_visitor={visitor}\r\n"), &form);
        let answer = first.over(&mut connection).await?;
        let device = answer.cookie("latchkey_device").context("no device cookie")?;
        Ok(Ask::post("/login", &format!("cookie: latchkey_visitor={visitor}; latchkey_device={device}\r\n"), &form))
    }

    /// The request of **User Management** by the owner, who is logged in; with further header lines.
    async fn user_management(&self, headers: &str) -> anyhow::Result<Ask> {
        let session = self.session(&self.data.owner).await?;
        Ok(Ask::get(&format!("/a/{}/users", self.data.account), &format!("cookie: latchkey_session={session}\r\n{headers}")))
    }
}
