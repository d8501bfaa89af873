use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{Asked, CODE_LIVES, Error, Found, Pass, Redeemed, Tokens, Verdict, sql};
use crate::access::Permission;
use crate::app::{App, Snapshot, Tx};
use crate::check::{self, Page, Reason, Scope};
use crate::clock::Timestamp;
use crate::db::DbError;
use crate::error::Fault;
use crate::id::{AccountId, SessionId};
use crate::secret::{Secret, SecretHash};
use crate::session::{self, Resolved};
use crate::settings::{self, Security, Verification};

/// What codes are sealed for.
const PURPOSE: &str = "forward-auth";
/// What the browser's state is derived for: the code holds this, the browser keeps the secret itself.
const STATE: &str = "forward-auth state";

/// A code for a session, for one host, and for the browser whose state has this mark. It changes nothing yet.
pub fn code(app: &App, session: SessionId, host: &str, mark: &str, to: &str) -> Result<String, Fault> {
    let until = app.now().after(CODE_LIVES).as_micros();
    let text = [&session.to_string(), &until.to_string(), host, mark, to].join("\n");
    Ok(URL_SAFE_NO_PAD.encode(app.seal_bytes(PURPOSE, text.as_bytes())?))
}

/// What a code says.
struct Code {
    session: SessionId,
    to: String,
    hash: SecretHash,
}

impl Code {
    /// Opens a code; `None` when it is not for this host and this browser, or over.
    fn open(tx: &Tx<'_>, text: &str, host: &str, state: &Secret) -> Option<Self> {
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let opened = String::from_utf8(tx.open_bytes(PURPOSE, &sealed)?).ok()?;
        let mut parts = opened.splitn(5, '\n');
        let session = SessionId(parts.next()?.parse().ok()?);
        let until = Timestamp::from_micros(parts.next()?.parse().ok()?);
        let is_for = parts.next()? == host;
        let mark = Secret::parse(parts.next()?)?;
        let is_valid = is_for && mark.matches(&state.derive(STATE)) && tx.now() < until;
        is_valid.then(|| parts.next().map(|to| Self { session, to: to.to_owned(), hash: SecretHash::of(&sealed) }))?
    }
}

/// The mark of a browser's state, which goes around with the redirects.
pub fn mark(state: &Secret) -> String {
    state.derive(STATE).reveal()
}

/// Makes a login at a host of a code: once.
///
/// # Errors
/// [`Error::Gone`] whatever is wrong with it.
pub fn redeem(tx: &Tx<'_>, code: &str, host: &str, state: &Secret) -> Result<Redeemed, Error> {
    let code = Code::open(tx, code, host, state).ok_or(Error::Gone)?;
    if session::resolve_id(tx, &settings::security(tx)?, code.session)?.is_none() {
        return Err(Error::Gone);
    }
    sql::sweep(tx, code.session, host, tx.now().before(CODE_LIVES))?;
    let secret = tx.secret()?;
    match sql::insert(tx, &secret.hash(), &code.hash, code.session, host) {
        Ok(true) => Ok(Redeemed { secret, to: code.to }),
        Ok(false) | Err(Fault::Db(DbError::ForeignKey)) => Err(Error::Gone),
        Err(fault) => Err(fault.into()),
    }
}

/// Whose login at this host it is, as long as the session lives that it belongs to.
pub fn resolve(snapshot: &Snapshot<'_>, security: &Security, secret: &Secret, host: &str) -> Result<Option<Resolved>, Fault> {
    match sql::session_of(snapshot, &secret.hash(), host)? {
        Some(session) => session::resolve_id(snapshot, security, session),
        None => Ok(None),
    }
}

/// Who is logged in on the host of the login. An admin who acts for a user comes before the user whom the browser may know besides,
/// as in the Client Area.
pub fn session(snapshot: &Snapshot<'_>, security: &Security, tokens: &Tokens) -> Result<Option<Resolved>, Fault> {
    for (token, is_masquerade) in [(&tokens.masquerade, true), (&tokens.session, false)] {
        let Some(token) = token else { continue };
        let found = session::ask(snapshot, token)?.resolve(security)?;
        if let Some(found) = found.filter(|found| found.acting.is_some() == is_masquerade) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Whose session that is, for a service that has its secret; `None` when it does not live, or its user is nobody to this caller.
pub fn look(
    snapshot: &Snapshot<'_>,
    tokens: &Tokens,
    host: &str,
    account: Option<AccountId>,
    scope: Scope,
) -> Result<Option<Found>, Fault> {
    let security = settings::security(snapshot)?;
    let at_host = match &tokens.forward {
        Some(secret) => resolve(snapshot, &security, secret, host)?,
        None => None,
    };
    let found = match at_host {
        None => session(snapshot, &security, tokens)?,
        found => found,
    };
    let Some(found) = found else { return Ok(None) };
    if bar(snapshot, &found)?.is_some() {
        return Ok(None);
    }
    let acting_in = found.acting.as_ref().map(|acting| acting.behalf.account());
    let limits = [account, scope.account(), acting_in];
    let mut limits = limits.into_iter().flatten();
    let only = limits.next();
    let accounts = if limits.all(|limit| Some(limit) == only) {
        check::accounts_of_session(snapshot, found.who(), only)?
    } else {
        Page { rows: Vec::new(), next: None }
    };
    if scope.account().is_some() && accounts.rows.is_empty() {
        return Ok(None);
    }
    let shown = found.who().second_factor_at();
    let second_factor = shown.is_some_and(|at| snapshot.now().since(at) < security.second_factor);
    Ok(Some(Found { found, second_factor, accounts }))
}

/// May this request pass? The same as if the page were one of the Client Area.
pub fn verdict(snapshot: &Snapshot<'_>, tokens: &Tokens, asked: &Asked) -> Result<Verdict, Fault> {
    let security = settings::security(snapshot)?;
    let at_host = match &tokens.forward {
        Some(secret) => resolve(snapshot, &security, secret, &asked.host)?,
        None => None,
    };
    let found = match at_host {
        None if asked.is_own_host => session(snapshot, &security, tokens)?,
        found => found,
    };
    let Some(found) = found else { return Ok(Verdict::LoggedOut) };
    match asked.account {
        None => Ok(without_account(snapshot, found)?),
        Some(account) => {
            let outside = found.acting.as_ref().is_some_and(|acting| acting.behalf.account() != account);
            let access = if outside { None } else { check::of_session(snapshot, found.who(), account)? };
            let Some(access) = access else { return Ok(Verdict::Refused(Reason::NotMember)) };
            let holds = |permission: Permission| access.permissions.contains(&permission);
            match access.barred {
                Some(reason) => Ok(Verdict::Refused(reason)),
                None if !asked.permission.is_none_or(holds) => Ok(Verdict::Refused(Reason::NotHeld)),
                None => Ok(Verdict::Pass(Box::new(Pass { found, access: Some(access) }))),
            }
        }
    }
}

/// Being logged in is enough where no account is entered, but for what stands before all pages of the Client Area. An admin who
/// acts for a user is in one account, and nowhere else.
fn without_account(snapshot: &Snapshot<'_>, found: Resolved) -> Result<Verdict, Fault> {
    if found.acting.is_some() {
        return Ok(Verdict::Refused(Reason::NotMember));
    }
    match bar(snapshot, &found)? {
        Some(reason) => Ok(Verdict::Refused(reason)),
        None => Ok(Verdict::Pass(Box::new(Pass { found, access: None }))),
    }
}

/// What keeps a user out of everything: it sets up or shows a second factor, or confirms its address, before anything else.
fn bar(snapshot: &Snapshot<'_>, found: &Resolved) -> Result<Option<Reason>, Fault> {
    if found.must_show_factor {
        return Ok(Some(Reason::SecondFactorMissing));
    }
    let must_verify = found.acting.is_none() && found.user.verified_at.is_none();
    Ok((must_verify && settings::verification(snapshot)? == Verification::Required).then_some(Reason::NotVerified))
}
