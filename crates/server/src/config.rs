//! The one configuration: command line over environment over `latchkey.toml` over defaults, checked once.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use latchkey_api::forward::{Domain, Pattern};
use latchkey_core::db::Location;
use latchkey_core::password::HashCost;
use latchkey_delivery::SmtpSettings;
use latchkey_http::IpNet;
use url::{Host, Url};

use crate::cli::Options;

/// The file that is read when no other is named.
const FILE: &str = "latchkey.toml";

/// Checked settings.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) data_dir: PathBuf,
    pub(crate) location: Location,
    /// `None` until the port is known: loopback with the port that was bound.
    pub(crate) public_url: Option<String>,
    pub(crate) smtp: Option<(SmtpSettings, String)>,
    pub(crate) mail_from: String,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) webhook_allow: Vec<IpNet>,
    pub(crate) action_api_get_from: Vec<IpNet>,
    pub(crate) forward: latchkey_api::forward::Settings,
    pub(crate) secret_key_file: PathBuf,
    pub(crate) password_cost: HashCost,
    pub(crate) pepper_file: Option<PathBuf>,
    pub(crate) breached_passwords: Option<PathBuf>,
    pub(crate) overrides: Option<PathBuf>,
    pub(crate) log: String,
    pub(crate) log_json: bool,
    pub(crate) demo: bool,
}

impl Config {
    /// Reads and checks everything.
    pub(crate) fn load(given: Options) -> anyhow::Result<Self> {
        let filed = read_file(given.config.as_deref())?;
        let listen = given.listen.or(filed.listen).unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080)));
        let data_dir = given.data_dir.or(filed.data_dir).unwrap_or_else(|| PathBuf::from("latchkey-data"));
        let location = match given.database_url.or(filed.database_url) {
            None => Location::Sqlite(data_dir.join("latchkey.db")),
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => Location::Postgres(url),
            Some(_) => bail!("the database URL must begin with postgres://; leave it out for the embedded database"),
        };
        let public_url = given.public_url.or(filed.public_url).map(|url| public_url(&url)).transpose()?;
        if public_url.is_none() && !listen.ip().is_loopback() {
            bail!("listening on {listen} needs a public URL (--public-url https://…): links and cookies depend on it");
        }
        let mail_from = given.mail_from.or(filed.mail_from).unwrap_or_else(|| default_sender(public_url.as_deref()));
        let smtp = match given.smtp_url.or(filed.smtp_url) {
            Some(url) => {
                let settings = SmtpSettings::parse(&url, &mail_from)?;
                let host = Url::parse(&url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
                Some((settings, host))
            }
            None => None,
        };
        let overrides = given.overrides.or(filed.overrides);
        if let Some(folder) = &overrides {
            ensure!(folder.is_dir(), "the folder for overrides, {}, does not exist", folder.display());
        }
        Ok(Self {
            listen,
            location,
            public_url,
            smtp,
            mail_from,
            trusted_proxies: networks("trusted proxy", given.trusted_proxies.or(filed.trusted_proxies))?,
            webhook_allow: networks("network for webhooks", given.webhook_allow.or(filed.webhook_allow))?,
            action_api_get_from: networks("network for calls by GET", given.action_api_get_from.or(filed.action_api_get_from))?,
            forward: latchkey_api::forward::Settings {
                domains: domains(&given.forward_auth_domains.or(filed.forward_auth_domains).unwrap_or_default())?,
                account_pattern: given
                    .forward_auth_account_pattern
                    .or(filed.forward_auth_account_pattern)
                    .map(|text| pattern(&text))
                    .transpose()?,
                redirect: given.forward_auth_redirect || filed.forward_auth_redirect,
            },
            secret_key_file: given.secret_key_file.or(filed.secret_key_file).unwrap_or_else(|| data_dir.join("secret.key")),
            password_cost: given
                .password_cost
                .or(filed.password_cost)
                .map_or(Ok(HashCost::default()), |text| password_cost(&text))?,
            pepper_file: given.pepper_file.or(filed.pepper_file),
            breached_passwords: given.breached_passwords.or(filed.breached_passwords),
            data_dir,
            overrides,
            log: given.log.or(filed.log).unwrap_or_else(|| "info".to_owned()),
            log_json: given.log_json || filed.log_json,
            demo: given.demo || filed.demo,
        })
    }
}

fn read_file(named: Option<&Path>) -> anyhow::Result<Options> {
    let path = match named {
        Some(path) => path,
        None if Path::new(FILE).exists() => Path::new(FILE),
        None => return Ok(Options::default()),
    };
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    toml::from_str(&text).map_err(|error| {
        let line = error.span().map(|span| text.get(..span.start).unwrap_or_default().lines().count().max(1));
        let place = line.map_or_else(String::new, |line| format!(", line {line}"));
        anyhow::anyhow!("{}{place}: {}", path.display(), error.message())
    })
}

/// Whether cookies can be `Secure`.
pub(crate) fn is_secure(public_url: &str) -> bool {
    public_url.starts_with("https://")
}

/// `https`, or `http` on loopback: elsewhere a login would travel in the clear, and browsers would not keep its cookie.
fn public_url(text: &str) -> anyhow::Result<String> {
    let url = Url::parse(text).with_context(|| format!("the public URL {text:?} cannot be read"))?;
    let host = url.host().with_context(|| format!("the public URL {text:?} names no host"))?;
    let loopback = match host {
        Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    };
    ensure!(
        url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty(),
        "the public URL {text:?} must be scheme, host and port only"
    );
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        "http" => bail!("the public URL {text:?} must begin with https://; plain http is for loopback only"),
        _ => bail!("the public URL {text:?} must begin with https://"),
    }
    Ok(url.origin().ascii_serialization())
}

fn password_cost(text: &str) -> anyhow::Result<HashCost> {
    text.parse().map_err(|problem| anyhow::anyhow!("the password cost {text:?} is not taken: {problem}"))
}

fn domains(texts: &[String]) -> anyhow::Result<Vec<Domain>> {
    let domain = |text: &String| {
        text.parse().map_err(|wanted| anyhow::anyhow!("the forward-auth domain {text:?} is not taken; it must be {wanted}"))
    };
    texts.iter().map(domain).collect()
}

fn pattern(text: &str) -> anyhow::Result<Pattern> {
    text.parse().map_err(|wanted| anyhow::anyhow!("the forward-auth account pattern {text:?} is not taken; it must be {wanted}"))
}

fn networks(what: &str, texts: Option<Vec<String>>) -> anyhow::Result<Vec<IpNet>> {
    let network = |text: String| {
        let text = text.trim();
        let parsed = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        parsed.with_context(|| format!("the {what} {text:?} is neither an address nor a network"))
    };
    texts.unwrap_or_default().into_iter().map(network).collect()
}

fn default_sender(public_url: Option<&str>) -> String {
    let host = public_url.and_then(|url| Url::parse(url).ok()).and_then(|url| url.domain().map(str::to_owned));
    format!("Latchkey <latchkey@{}>", host.unwrap_or_else(|| "localhost".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_url_is_https_or_loopback() {
        assert_eq!(public_url("https://login.example.com/").unwrap(), "https://login.example.com");
        assert_eq!(public_url("http://127.0.0.1:8080").unwrap(), "http://127.0.0.1:8080");
        assert_eq!(public_url("http://[::1]:8080/").unwrap(), "http://[::1]:8080");
        for bad in [
            "login.example.com",
            "http://login.example.com",
            "https://login.example.com/path",
            "ftp://localhost",
            "https://u@x.example",
        ] {
            assert!(public_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn listening_beyond_loopback_needs_a_public_url() {
        let options = Options { listen: Some(([0, 0, 0, 0], 80).into()), ..Options::default() };
        let error = Config::load(options.clone()).unwrap_err().to_string();
        assert!(error.contains("--public-url"), "{error}");
        let public_url = Some("https://login.example.com".to_owned());
        assert!(Config::load(Options { public_url, ..options }).is_ok());
    }

    #[test]
    fn secrets_do_not_stand_in_errors() {
        let options = Options { smtp_url: Some("smtp://me:s3cret@".to_owned()), ..Options::default() };
        assert!(!format!("{:#}", Config::load(options).unwrap_err()).contains("s3cret"));
    }
}
