//! What stands in the way of guessing: limits on tries, and a count of those that failed in a row.
//!
//! A limit is a token bucket in the database, so it is the same on every node and after a restart. Only what
//! fails takes a token; an empty bucket is asked for before any password is hashed, and answered with the time to wait.
//! Each bucket slows down gently and never locks: the pause grows to a bound and no further.
//!
//! | bucket | holds back |
//! |---|---|
//! | account | tries at one login, whether somebody has it or not, so that a limit tells nothing (ASVS V6.3.8) |
//! | address | tries from one IPv4 address, or one /64 of IPv6 |
//! | block | tries from one /24, or one /48 of IPv6 |
//! | everybody | all tries together |
//! | device | tries with a browser that its owner has logged in with before: instead of all others, so that strangers never lock it out (ASVS V6.1.1) |
//!
//! **A guess counts in the transaction that reveals its answer** ([`failed`], [`succeeded`]): of many that race past
//! [`admit`], those beyond the limit learn nothing, not even that they were right.
//!
//! After a hundred failures in a row an authenticator no longer works until it is bound anew (NIST SP 800-63B-4, 3.2.2).
//! Failures of strangers stop only strangers; those of known devices are counted by themselves.

mod ops;
mod sql;

use std::net::IpAddr;
use std::time::Duration;

use ring::digest::{SHA256, digest};

use crate::access::Subject;
use crate::app::Request;
use crate::clock::Timestamp;
use crate::email::EmailKey;
use crate::error::{Fault, HasKind};
use crate::id::{AccountId, AdminId, ApiCredentialId, UserId};
use crate::password::Comer;

pub use ops::{admit, failed, rebound, spend, succeeded, sweep_buckets, sweep_failures};
pub(crate) use ops::{has_failed, is_stopped, let_in, spend_apart, success};

/// Failures in a row after which an authenticator must be bound anew (NIST SP 800-63B-4, 3.2.2).
pub const MAX_FAILURES: i64 = 100;
/// What follows the authenticator's key where known devices have failed so often.
pub const OF_KNOWN: &str = ", known devices";
/// How long failures at a login that nobody has are remembered.
pub(crate) const NOBODY_REMEMBERED: Duration = Duration::from_hours(30 * 24);
/// Failures from one address after which forms ask for a [`puzzle`](crate::puzzle), where the operator wants that.
pub(crate) const SUSPICIOUS: i64 = 3;

/// What is guessed at, or done in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A user's password at the login, here and on the invitation's page.
    Login,
    /// An admin's password at the login.
    AdminLogin,
    /// The present password, to change it.
    CurrentPassword,
    /// "Confirm it's you".
    StepUp,
    /// A code of an authenticator app.
    Totp,
    /// A recovery code.
    RecoveryCode,
    /// A passkey.
    Passkey,
    /// The link of an invitation.
    InvitationLink,
    /// Registering through an invitation: with another address each one counts, with the invited one that it is taken.
    Register,
    /// The link of a mail that finishes a registration, and its password.
    RegistrationLink,
    /// Asking for a reset of a user's password. Each one counts.
    Reset,
    /// Asking for a reset of an admin's password. Each one counts.
    AdminReset,
    /// The link of a password reset.
    ResetLink,
    /// The link of a mail that verifies an address.
    VerificationLink,
    /// Asking for what a passkey is to sign at a login. Each one counts.
    PasskeyChallenge,
    /// A passkey shown alone at a login that answers no challenge, or that nobody has.
    PasskeyAnswer,
    /// Sending an invitation. Each one counts (ASVS V2.4.1).
    Invite,
    /// A user's password that a machine compares for somebody else: what fails there is counted for the machine, too.
    MachineLogin,
    /// Telling a user of a new device. Each one counts.
    DeviceNotice,
}

impl Kind {
    const fn key(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::AdminLogin => "admin-login",
            Self::CurrentPassword => "current-password",
            Self::StepUp => "step-up",
            Self::Totp => "totp",
            Self::RecoveryCode => "recovery-code",
            Self::Passkey => "passkey",
            Self::InvitationLink => "invitation-link",
            Self::Register => "register",
            Self::RegistrationLink => "registration-link",
            Self::Reset => "reset",
            Self::AdminReset => "admin-reset",
            Self::ResetLink => "reset-link",
            Self::VerificationLink => "verification-link",
            Self::PasskeyChallenge => "passkey-challenge",
            Self::PasskeyAnswer => "passkey-answer",
            Self::Invite => "invite",
            Self::MachineLogin => "machine-login",
            Self::DeviceNotice => "device-notice",
        }
    }

    /// The authenticator whose failures in a row are counted; several kinds may share one.
    const fn authenticator(self) -> Option<Authenticator> {
        match self {
            Self::Login | Self::AdminLogin | Self::CurrentPassword | Self::StepUp => Some(Authenticator::Password),
            Self::Totp => Some(Authenticator::Totp),
            Self::RecoveryCode => Some(Authenticator::RecoveryCode),
            Self::Passkey => Some(Authenticator::Passkey),
            _ => None,
        }
    }

    /// How fast tries are heard; `None` where nothing is held back.
    const fn rate(self, scope: Scope) -> Option<Rate> {
        match scope {
            Scope::Account | Scope::Device => self.own_rate(),
            // Who is logged in has no use for other people's addresses.
            _ if matches!(
                self,
                Self::CurrentPassword | Self::StepUp | Self::Invite | Self::DeviceNotice | Self::MachineLogin
            ) =>
            {
                None
            }
            // Every look at a login page may ask for a challenge.
            Scope::Address if self.is_of_passkeys_alone() => Some(Rate::new(300, 2, 60)),
            Scope::Block if self.is_of_passkeys_alone() => Some(Rate::new(1_500, 1, 30)),
            Scope::Address => Some(Rate::new(50, 10, 5 * 60)),
            Scope::Block => Some(Rate::new(250, 2, 60)),
            // A link has 256 random bits: to hold everybody back would only help whoever wants to annoy.
            Scope::Everybody if self.is_link() || self.is_of_passkeys_alone() || matches!(self, Self::Register) => None,
            Scope::Everybody => Some(Rate::new(2_000, 1, 5)),
        }
    }

    /// Whether strangers do it: who is logged in counts for nothing in what is asked of strangers.
    const fn is_of_strangers(self) -> bool {
        matches!(self, Self::Login | Self::AdminLogin | Self::Register | Self::Reset | Self::AdminReset) || self.is_link()
    }

    const fn is_link(self) -> bool {
        matches!(self, Self::InvitationLink | Self::RegistrationLink | Self::ResetLink | Self::VerificationLink)
    }

    /// Whether it comes before a login with a passkey alone, when nobody is known yet.
    const fn is_of_passkeys_alone(self) -> bool {
        matches!(self, Self::PasskeyChallenge | Self::PasskeyAnswer)
    }

    /// At one login, of one user, in one account; or with one device.
    const fn own_rate(self) -> Option<Rate> {
        match self {
            Self::Login | Self::AdminLogin | Self::CurrentPassword | Self::StepUp | Self::Passkey => {
                Some(Rate::new(10, 30, 15 * 60))
            }
            Self::Totp | Self::RecoveryCode => Some(Rate::new(5, 60, 15 * 60)),
            Self::Reset | Self::AdminReset | Self::Register => Some(Rate::new(5, 5 * 60, 3_600)),
            Self::Invite => Some(Rate::new(200, 2 * 60, 3_600)),
            Self::DeviceNotice => Some(Rate::new(5, 3_600, 3_600)),
            // Of a busy shop some log in wrongly all the time: it waits for seconds, never for minutes.
            Self::MachineLogin => Some(Rate::new(1_000, 1, 5)),
            Self::InvitationLink
            | Self::RegistrationLink
            | Self::ResetLink
            | Self::VerificationLink
            | Self::PasskeyChallenge
            | Self::PasskeyAnswer => None,
        }
    }
}

/// What can be bound to a user or an admin, and stops working after too many failures in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Authenticator {
    /// The password.
    Password,
    /// The authenticator app.
    Totp,
    /// The recovery codes.
    RecoveryCode,
    /// The passkeys.
    Passkey,
}

impl Authenticator {
    const fn key(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Totp => "totp",
            Self::RecoveryCode => "recovery-code",
            Self::Passkey => "passkey",
        }
    }
}

/// Whether an authenticator may still be taken at its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It works.
    Works,
    /// It failed too often in a row: right or wrong, it is answered as wrong, in words and in time.
    Stopped,
}

/// A try that is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an authenticator that was stopped is answered like a wrong one"]
pub struct Admitted {
    /// Whether what is tried may be right at all.
    pub standing: Standing,
    /// Whether it comes from a device its owner has logged in with before.
    pub comer: Comer,
}

/// One try: at what, of whom.
#[derive(Clone, Debug)]
pub struct Guess {
    kind: Kind,
    /// What the account's bucket is for: a login, a user, an account.
    at: Option<String>,
    owner: Option<Subject>,
}

impl Guess {
    /// At the password of a login, whether somebody has it or not.
    pub fn login(email: &EmailKey, user: Option<UserId>) -> Self {
        Self { kind: Kind::Login, at: Some(email.as_str().to_owned()), owner: user.map(Subject::User) }
    }

    /// At the password of an admin's login, whether somebody has it or not.
    pub fn admin_login(email: &EmailKey, admin: Option<AdminId>) -> Self {
        Self { kind: Kind::AdminLogin, at: Some(email.as_str().to_owned()), owner: admin.map(Subject::Admin) }
    }

    /// At something of a user.
    pub fn of_user(kind: Kind, user: UserId) -> Self {
        Self { kind, at: Some(format!("user {user}")), owner: Some(Subject::User(user)) }
    }

    /// At something of an admin.
    pub fn of_admin(kind: Kind, admin: AdminId) -> Self {
        Self { kind, at: Some(format!("admin {admin}")), owner: Some(Subject::Admin(admin)) }
    }

    /// At the passkeys of whoever a presented one belongs to.
    pub(crate) fn at_passkey(subject: Subject) -> Self {
        match subject {
            Subject::User(id) => Self::of_user(Kind::Passkey, id),
            Subject::Admin(id) => Self::of_admin(Kind::Passkey, id),
        }
    }

    /// For an address that anybody may type, whether somebody has it or not.
    pub fn for_address(kind: Kind, email: &EmailKey) -> Self {
        Self { kind, at: Some(email.as_str().to_owned()), owner: None }
    }

    /// Done in a client account.
    pub fn in_account(kind: Kind, account: AccountId) -> Self {
        Self { kind, at: Some(format!("account {account}")), owner: None }
    }

    /// By a machine, for somebody else.
    pub fn by_machine(kind: Kind, credential: ApiCredentialId) -> Self {
        Self { kind, at: Some(format!("credential {credential}")), owner: None }
    }

    /// At a secret that belongs to nobody one knows, such as a link's.
    pub const fn at_secret(kind: Kind) -> Self {
        Self { kind, at: None, owner: None }
    }

    /// The buckets that a try from there takes from, always in the same order so that no two transactions wait for each other.
    fn buckets(&self, request: &Request, is_known: bool) -> Vec<Bucket> {
        if is_known { self.of_device(request).into_iter().collect() } else { self.of_strangers(request) }
    }

    fn of_strangers(&self, request: &Request) -> Vec<Bucket> {
        let account = self.at.as_ref().and_then(|at| self.bucket(Scope::Account, at));
        let address = request.ip.and_then(|ip| self.bucket(Scope::Address, &network(ip, 32, 64)));
        let block = request.ip.and_then(|ip| self.bucket(Scope::Block, &network(ip, 24, 48)));
        account.into_iter().chain(address).chain(block).chain(self.bucket(Scope::Everybody, "")).collect()
    }

    /// The bucket of the device that is presented, known or not. It has no number of the database's: so it is looked up together with
    /// whether the device is known. Of a login that nobody has it is asked for, too, for nothing.
    fn of_device(&self, request: &Request) -> Option<Bucket> {
        self.kind.authenticator()?;
        let device = request.device.as_ref()?.derive("guessing").reveal();
        let owner = self.owner.map_or_else(|| "nobody".to_owned(), |owner| owner.to_string());
        self.bucket(Scope::Device, &format!("{owner} {device}"))
    }

    fn bucket(&self, scope: Scope, of: &str) -> Option<Bucket> {
        let key = hash(&[self.kind.key(), scope.key(), of]);
        self.kind.rate(scope).map(|rate| Bucket { key, scope, rate })
    }

    /// The key under which failures in a row are counted.
    fn counter(&self) -> Option<Vec<u8>> {
        let authenticator = self.kind.authenticator()?;
        match self.owner {
            Some(owner) => Some(counter(authenticator, owner)),
            None => self.at.as_ref().map(|at| hash(&[authenticator.key(), "nobody", self.kind.key(), at])),
        }
    }
}

fn counter(authenticator: Authenticator, owner: Subject) -> Vec<u8> {
    let (kind, id) = match owner {
        Subject::User(id) => ("user", id.0),
        Subject::Admin(id) => ("admin", id.0),
    };
    hash(&[authenticator.key(), kind, &id.to_string()])
}

/// Rows are found by a hash: whoever reads the table finds no list of addresses in it.
fn hash(parts: &[&str]) -> Vec<u8> {
    digest(&SHA256, parts.join("\n").as_bytes()).as_ref().to_vec()
}

/// The count of what fails from one address, for [`has_failed`]: each failure is remembered for some minutes, none is refused.
fn failures_from(ip: IpAddr) -> Bucket {
    let key = hash(&["failures", Scope::Address.key(), &network(ip, 32, 64)]);
    Bucket { key, scope: Scope::Address, rate: Rate::new(100, 10 * 60, 10 * 60) }
}

/// The network an address is in, by so many bits.
fn network(ip: IpAddr, v4_bits: u32, v6_bits: u32) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => (ip.to_bits() & u32::MAX.checked_shl(32 - v4_bits).unwrap_or(0)).to_string(),
        IpAddr::V6(ip) => format!("v6 {}", ip.to_bits() & u128::MAX.checked_shl(128 - v6_bits).unwrap_or(0)),
    }
}

/// Whom a bucket holds back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Account,
    Address,
    Block,
    Everybody,
    Device,
}

impl Scope {
    const fn key(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Address => "address",
            Self::Block => "block",
            Self::Everybody => "everybody",
            Self::Device => "device",
        }
    }
}

/// How a bucket gives tokens.
#[derive(Clone, Copy, Debug)]
struct Rate {
    /// Tries at once.
    burst: i64,
    /// Until one more token is there, at first.
    refill: Duration,
    /// The same after many tries, at most.
    slowest: Duration,
}

impl Rate {
    const fn new(burst: i64, refill_seconds: u64, slowest_seconds: u64) -> Self {
        Self { burst, refill: Duration::from_secs(refill_seconds), slowest: Duration::from_secs(slowest_seconds) }
    }

    /// How full of tries the bucket may be for one more to fit in.
    fn room(&self) -> Duration {
        self.refill.saturating_mul(u32::try_from(self.burst - 1).unwrap_or(0))
    }

    /// How long to wait when the bucket will have run out at `full_at`; `None` when a try fits in.
    fn pause(&self, now: Timestamp, full_at: Timestamp) -> Option<Duration> {
        let over = full_at.since(now.after(self.room()));
        (!over.is_zero()).then(|| Duration::from_secs(over.as_secs() + u64::from(over.subsec_nanos() > 0)))
    }
}

struct Bucket {
    key: Vec<u8>,
    scope: Scope,
    rate: Rate,
}

/// Why a try was not heard.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Too many tries failed.
    #[error("too many tries; the next one is heard in {} seconds", retry_after.as_secs())]
    Limited {
        /// When a new try makes sense.
        retry_after: Duration,
    },
    /// The authenticator failed a hundred times in a row, the last time just now.
    #[error("too many failures in a row: the authenticator must be bound anew")]
    Stopped,
    /// Not the caller's fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl HasKind for Error {
    fn kind(&self) -> crate::error::Kind {
        match self {
            Self::Limited { retry_after } => crate::error::Kind::Limited { retry_after: *retry_after },
            Self::Stopped => crate::error::Kind::Unauthenticated,
            Self::Fault(fault) => fault.kind(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn addresses_are_blocked_together() {
        let block = |text: &str| network(text.parse().unwrap(), 24, 48);
        let address = |text: &str| network(text.parse().unwrap(), 32, 64);
        assert_eq!(block("192.0.2.1"), block("192.0.2.254"));
        assert_ne!(block("192.0.2.1"), block("192.0.3.1"));
        assert_ne!(address("192.0.2.1"), address("192.0.2.2"));
        assert_eq!(address("192.0.2.1"), address("::ffff:192.0.2.1"), "the same address in two spellings");
        assert_eq!(address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff::9"));
        assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
        assert_eq!(block("2001:db8:1:2::1"), block("2001:db8:1:3::1"));
    }

    #[test]
    fn a_bucket_has_room_for_its_burst_and_says_when_there_is_room_again() {
        let (rate, now) = (Rate::new(3, 30, 300), Timestamp::from_micros(0));
        let full = |seconds| now.after(Duration::from_secs(seconds));
        assert_eq!(rate.pause(now, full(60)), None);
        assert_eq!(rate.pause(now, full(61)), Some(Duration::from_secs(1)));
        assert_eq!(rate.pause(now, full(90)), Some(Duration::from_secs(30)));
    }

    #[test]
    fn a_known_device_has_a_bucket_of_its_own() {
        let guess = Guess::login(&EmailKey::of("a@b.example"), Some(UserId(1)));
        let request = |device| Request {
            ip: Some([192, 0, 2, 1].into()),
            device: Some(Secret::parse(device).unwrap()),
            ..Request::default()
        };
        let (laptop, phone) = (request(&"A".repeat(43)), request(&"E".repeat(43)));
        let scopes = |device| guess.buckets(&laptop, device).iter().map(|bucket| bucket.scope).collect::<Vec<_>>();
        assert_eq!(scopes(false), [Scope::Account, Scope::Address, Scope::Block, Scope::Everybody]);
        assert_eq!(scopes(true), [Scope::Device]);
        let key = |guess: &Guess, request| guess.of_device(request).map(|bucket| bucket.key);
        assert_eq!(key(&guess, &laptop), key(&guess, &laptop));
        assert_ne!(key(&guess, &laptop), key(&guess, &phone), "each device by itself");
        let other = Guess::login(&EmailKey::of("c@d.example"), Some(UserId(2)));
        assert_ne!(key(&guess, &laptop), key(&other, &laptop), "of two who use one browser each by itself");
    }
}
