//! An app on a site, and the people and accounts that the scenarios need, made by the operations themselves.

use std::num::NonZeroUsize;
use std::sync::Arc;

use latchkey_core::access::{Associate, Grants, ManageUsers, Permission, System, Who};
use latchkey_core::account::{self, Details, NewOwner};
use latchkey_core::app::{App, Parts, Request, Tx};
use latchkey_core::clock::Clock;
use latchkey_core::db::{Connections, Database};
use latchkey_core::email::Email;
use latchkey_core::id::{AccountId, UserId};
use latchkey_core::invitation::{self, NewInvitation};
use latchkey_core::membership;
use latchkey_core::password::{HashCost, Hasher, Password, PasswordHash};
use latchkey_core::secret::{Random, SealKey};
use latchkey_core::session::{self, Login};
use latchkey_core::user::{self, NewUser, PersonName};
use latchkey_web::{Engine, MailTemplates};

use crate::server::Site;

/// Everybody's password.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// Users of the account whose page is rendered, its owner among them.
pub(crate) const MEMBERS: usize = 50;

/// Users who have an account of their own and log in.
const LOGINS: usize = 64;

/// Opens an app as the server does and brings the database up to date.
pub(crate) async fn open(site: &Site) -> anyhow::Result<App> {
    let clock = Clock::system();
    let random = Random::system();
    let app = App::new(Parts {
        database: Database::open(&site.location, Connections::default())?,
        clock: clock.clone(),
        seal_key: SealKey::new(&random.secret()?)?,
        random,
        hasher: Hasher::new(std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN), HashCost::default()),
        templates: Arc::new(MailTemplates::new(Arc::new(Engine::new(None, clock)?))),
        public_url: "http://localhost".to_owned(),
    });
    app.database().migrate(app.now()).await?;
    Ok(app)
}

/// From where everything is asked for: loopback, as the load that follows.
fn request() -> Request {
    let user_agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned();
    Request { ip: Some([127, 0, 0, 1].into()), user_agent, ..Request::default() }
}

/// Runs `work` in a transaction.
pub(crate) async fn write<T: Send + 'static>(
    app: &App,
    work: impl Fn(&Tx<'_>) -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    app.write(&request(), work).await
}

pub(crate) fn system() -> System {
    System::named("bench")
}

pub(crate) async fn password(app: &App) -> anyhow::Result<PasswordHash> {
    Ok(app.hasher().hash(app.random(), &Password::typed(PASSWORD)).await?)
}

/// A person of this number. All have the same password, so that it is hashed once.
pub(crate) fn person(tx: &Tx<'_>, group: &str, number: usize, password: &PasswordHash) -> anyhow::Result<UserId> {
    let name = PersonName { first: format!("Mia{number}"), last: format!("Example-{group}") };
    let new = NewUser { name, email: email(group, number)?, password: Some(password.clone()) };
    Ok(user::create(tx, &system(), &new)?)
}

pub(crate) fn email(group: &str, number: usize) -> anyhow::Result<Email> {
    Email::parse(&format!("mia{number}@{group}.example.com")).map_err(anyhow::Error::msg)
}

pub(crate) fn account_of(tx: &Tx<'_>, name: &str, owner: UserId) -> anyhow::Result<AccountId> {
    let details = Details { name: name.to_owned(), ..Details::default() };
    Ok(account::create_by_system(tx, &system(), &details, &NewOwner::Existing(owner))?)
}

/// What the pages and the logins need.
pub(crate) struct Data {
    /// The account with [`MEMBERS`] users and three pending invitations.
    pub(crate) account: AccountId,
    /// Its owner.
    pub(crate) owner: Email,
    /// Users with one account each.
    pub(crate) logins: Vec<Email>,
    /// Their accounts.
    pub(crate) own_accounts: Vec<AccountId>,
}

/// Makes it.
pub(crate) async fn fill(app: &App) -> anyhow::Result<Data> {
    let hash = password(app).await?;
    let made = write(app, move |tx| {
        let owner = person(tx, "members", 0, &hash)?;
        let account = account_of(tx, "Fifty & Friends", owner)?;
        for number in 1..MEMBERS {
            let member = person(tx, "members", number, &hash)?;
            let by = tx.authorize_system::<Associate>(&system(), account)?;
            membership::associate(tx, &by, member, None, &grants(number))?;
        }
        for number in 0..3 {
            let by = tx.authorize::<ManageUsers>(Who::without_second_factor(owner), account)?;
            invitation::send(tx, &by, &NewInvitation { role: None, email: email("invited", number)?, grants: Grants::all() })?;
        }
        let mut own_accounts = Vec::new();
        for number in 0..LOGINS {
            let owner = person(tx, "logins", number, &hash)?;
            own_accounts.push(account_of(tx, &format!("Account {number}"), owner)?);
        }
        Ok((account, own_accounts))
    });
    let (account, own_accounts) = made.await?;
    // Their last logins stand in the page.
    for number in 0..MEMBERS {
        let email = email("members", number)?.to_string();
        let login = Login { email, password: Password::typed(PASSWORD), remember: false };
        let proven = session::authenticate(app, &request(), &login).await?;
        app.write(&request(), move |tx| session::start(tx, &proven, login.remember, "")).await?;
    }
    let logins = (0..LOGINS).map(|number| email("logins", number)).collect::<Result<_, _>>()?;
    Ok(Data { account, owner: email("members", 0)?, logins, own_accounts })
}

/// All, some, or one.
fn grants(number: usize) -> Grants {
    match number % 3 {
        0 => Grants::all(),
        1 => Permission::GRANTABLE.into_iter().take(5).collect(),
        _ => [Permission::Invoices].into_iter().collect(),
    }
}
