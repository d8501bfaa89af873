//! The command line. Every option can also stand in the environment and in `latchkey.toml`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use serde::Deserialize;

/// A self-hosted server for people and the client accounts they may enter.
#[derive(Debug, Parser)]
#[command(version, about, propagate_version = true)]
pub(crate) struct Cli {
    /// Settings of the server; the same as after `serve`.
    #[command(flatten)]
    pub(crate) serve: Options,
    /// What to do; nothing means serve.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the Client Area and the Admin Area (what happens without a sub-command).
    Serve(Options),
    /// Bring the database up to date, and nothing else.
    Migrate(Options),
    /// Members of staff.
    #[command(subcommand)]
    Admin(AdminCommand),
    /// People who can log in to the Client Area.
    #[command(subcommand)]
    User(UserCommand),
    /// Client accounts.
    #[command(subcommand)]
    Account(AccountCommand),
    /// With what machines show themselves at the API.
    #[command(subcommand)]
    ApiCredential(ApiCredentialCommand),
    /// The log of all that happened, which is chained by hashes.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// The configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Verify the whole log and name the first event that is not what it was.
    Verify(Options),
    /// Print the number and the hash of the last event: they stand for the whole log up to there.
    Head(ExportHead),
    /// Verify the log, and that it goes through a head that was exported and signed.
    CheckHead(CheckHead),
}

#[derive(Args, Clone, Debug)]
pub(crate) struct ExportHead {
    #[command(flatten)]
    pub(crate) options: Options,
    /// Sign it with this installation's key (Ed25519), which is made at the first use: `audit.key` in the data folder.
    #[arg(long)]
    pub(crate) sign: bool,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct CheckHead {
    #[command(flatten)]
    pub(crate) options: Options,
    /// What `latchkey audit head --sign` has printed.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The public key it must be signed with (default: this installation's).
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    pub(crate) public_key: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AdminCommand {
    /// Make an admin.
    Create(CreateAdmin),
    /// Require a second factor of all admins (as a new installation does), or let a password do.
    RequireTwoFactor(RequireTwoFactor),
    /// Take the second factor away from an admin who has lost it.
    RemoveTwoFactor(RemoveTwoFactor),
}

#[derive(Args, Clone, Debug)]
pub(crate) struct RequireTwoFactor {
    #[command(flatten)]
    pub(crate) options: Options,
    /// Whether it is required.
    #[arg(value_parser = ["yes", "no"])]
    pub(crate) required: String,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct RemoveTwoFactor {
    #[command(flatten)]
    pub(crate) options: Options,
    /// The admin's login.
    #[arg(long)]
    pub(crate) email: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Make a user.
    Create(CreateUser),
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Make an account of an existing user.
    Create(CreateAccount),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ApiCredentialCommand {
    /// Make a credential of an admin's, and print its secret this once.
    Create(CreateApiCredential),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check all settings, the database and the templates, and say what is wrong.
    Check(Options),
}

#[derive(Args, Clone, Debug)]
pub(crate) struct CreateAdmin {
    #[command(flatten)]
    pub(crate) options: Options,
    /// The login.
    #[arg(long)]
    pub(crate) email: String,
    /// The name, as others see it.
    #[arg(long)]
    pub(crate) name: String,
    /// What the admin may do: full, support, read-only, or the name of a role of your own.
    #[arg(long, default_value = "full")]
    pub(crate) role: String,
    #[command(flatten)]
    pub(crate) password: PasswordSource,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct CreateUser {
    #[command(flatten)]
    pub(crate) options: Options,
    /// The login.
    #[arg(long)]
    pub(crate) email: String,
    /// The first name.
    #[arg(long)]
    pub(crate) first_name: String,
    /// The last name.
    #[arg(long)]
    pub(crate) last_name: String,
    #[command(flatten)]
    pub(crate) password: PasswordSource,
    /// Read a password hash of another system from the first line of standard input: bcrypt, HMAC-SHA256:key, MD5:salt, MD5 or Argon2id. It
    /// is replaced at the first login.
    #[arg(long, conflicts_with = "password_stdin")]
    pub(crate) password_hash_stdin: bool,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct CreateAccount {
    #[command(flatten)]
    pub(crate) options: Options,
    /// The account's name.
    #[arg(long)]
    pub(crate) name: String,
    /// The login of the user who owns it.
    #[arg(long, value_name = "EMAIL")]
    pub(crate) owner: String,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct CreateApiCredential {
    #[command(flatten)]
    pub(crate) options: Options,
    /// The login of the admin it belongs to. It never does more than that admin may.
    #[arg(long, value_name = "EMAIL")]
    pub(crate) admin: String,
    /// What it is for.
    #[arg(long)]
    pub(crate) name: String,
    /// What it may do: full, read-only, or the name of an API role of your own.
    #[arg(long, default_value = "read-only")]
    pub(crate) role: String,
    /// The number of the one account it works in.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) account: Option<i64>,
    /// An address or a network from which it may be used; may stand more than once. Without one it may be used from everywhere.
    #[arg(long = "from", value_name = "NETWORK")]
    pub(crate) from: Vec<String>,
    /// After how many days it ends by itself.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub(crate) days: Option<u32>,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct PasswordSource {
    /// Read the password from the first line of standard input. Without this one is made and printed.
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

/// Settings that can stand on the command line, in the environment and in `latchkey.toml`, in this order of precedence.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Options {
    /// The file with settings; ./latchkey.toml is read when it exists.
    #[arg(long, env = "LATCHKEY_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    pub(crate) config: Option<PathBuf>,
    /// Where to listen (default `127.0.0.1:8080`).
    #[arg(long, env = "LATCHKEY_LISTEN", value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// The folder for the embedded database and the secret key (default `latchkey-data`).
    #[arg(long, env = "LATCHKEY_DATA_DIR", value_name = "FOLDER")]
    pub(crate) data_dir: Option<PathBuf>,
    /// A PostgreSQL database (postgres://…) instead of the embedded one.
    #[arg(long, env = "LATCHKEY_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub(crate) database_url: Option<String>,
    /// The address under which people reach this server; links in mails begin with it (default `http://ADDRESS:PORT` on loopback).
    #[arg(long, env = "LATCHKEY_PUBLIC_URL", value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// The mail server: smtp://user:password@host:port (STARTTLS) or smtps://…; without one, mails are kept and can be read in the Admin Area.
    #[arg(long, env = "LATCHKEY_SMTP_URL", value_name = "URL", hide_env_values = true)]
    pub(crate) smtp_url: Option<String>,
    /// From whom mails come: mail@example.com or Name <mail@example.com> (default `Latchkey <latchkey@HOST>`).
    #[arg(long, env = "LATCHKEY_MAIL_FROM", value_name = "SENDER")]
    pub(crate) mail_from: Option<String>,
    /// Proxies whose X-Forwarded-For or Forwarded is believed, as addresses or networks: 127.0.0.1/32,10.0.0.0/8 (default none).
    #[arg(long, env = "LATCHKEY_TRUSTED_PROXIES", value_name = "NETWORKS", value_delimiter = ',')]
    pub(crate) trusted_proxies: Option<Vec<String>>,
    /// Networks that webhooks may lead to beside the open Internet, also over plain http, as addresses or networks: 10.1.0.0/16 (default none).
    #[arg(long, env = "LATCHKEY_WEBHOOK_ALLOW", value_name = "NETWORKS", value_delimiter = ',')]
    pub(crate) webhook_allow: Option<Vec<String>>,
    /// Hosts of services behind a proxy that asks Latchkey, for which logins are made: app.example.com,*.apps.example.com (default none).
    #[arg(long, env = "LATCHKEY_FORWARD_AUTH_DOMAINS", value_name = "HOSTS", value_delimiter = ',')]
    pub(crate) forward_auth_domains: Option<Vec<String>>,
    /// How the address of such a service names the account: `https://{account}.example.com/` or `https://app.example.com/clients/{account}/`
    /// (default not at all).
    #[arg(long, env = "LATCHKEY_FORWARD_AUTH_ACCOUNT_PATTERN", value_name = "PATTERN")]
    pub(crate) forward_auth_account_pattern: Option<String>,
    /// Lead whoever is not logged in to the login, without the proxy asking for it by redirect=1.
    #[arg(long, env = "LATCHKEY_FORWARD_AUTH_REDIRECT")]
    pub(crate) forward_auth_redirect: bool,
    /// Networks from which the WHMCS-compatible API is also called by GET, for clients that know nothing else (default none).
    #[arg(long, env = "LATCHKEY_ACTION_API_GET_FROM", value_name = "NETWORKS", value_delimiter = ',')]
    pub(crate) action_api_get_from: Option<Vec<String>>,
    /// The file with this installation's secret key; all nodes of one database need the same (default `secret.key` in the data folder).
    #[arg(long, env = "LATCHKEY_SECRET_KEY_FILE", value_name = "FILE")]
    pub(crate) secret_key_file: Option<PathBuf>,
    /// What hashing a password takes: memory in KiB and passes of Argon2id. The same on every node; hashes of another cost are
    /// renewed when their owners log in (default `m=65536,t=3`).
    #[arg(long, env = "LATCHKEY_PASSWORD_COST", value_name = "m=KIB,t=PASSES")]
    pub(crate) password_cost: Option<String>,
    /// A file with peppers, keys that are mixed into password hashes: lines id:key (32 bytes in base64url), newest first; a hash whose pepper
    /// is lost can no longer be compared (default none).
    #[arg(long, env = "LATCHKEY_PEPPER_FILE", value_name = "FILE")]
    pub(crate) pepper_file: Option<PathBuf>,
    /// A file of breached passwords that nobody may choose, as the Pwned Passwords download has it: SHA-1 hashes, sorted (default none).
    #[arg(long, env = "LATCHKEY_BREACHED_PASSWORDS", value_name = "FILE")]
    pub(crate) breached_passwords: Option<PathBuf>,
    /// A folder whose templates/, assets/ and locales/ override single built-in files.
    #[arg(long, env = "LATCHKEY_OVERRIDES", value_name = "FOLDER")]
    pub(crate) overrides: Option<PathBuf>,
    /// What to log, such as info or latchkey=debug (default `info`).
    #[arg(long, env = "LATCHKEY_LOG", value_name = "FILTER")]
    pub(crate) log: Option<String>,
    /// Log one JSON object a line.
    #[arg(long, env = "LATCHKEY_LOG_JSON")]
    pub(crate) log_json: bool,
    /// Fill an empty data folder with fictitious accounts and users, and print logins for them (when serving).
    #[arg(long, env = "LATCHKEY_DEMO")]
    pub(crate) demo: bool,
}
