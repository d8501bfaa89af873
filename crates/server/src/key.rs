//! The installation's secret key: 256 random bits in a file that only its owner can read, beside the
//! database and never in it.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, bail};
use latchkey_core::secret::{Random, Secret};

/// Reads the key, or makes it at the first start.
pub(crate) fn read_or_make(path: &Path) -> anyhow::Result<Secret> {
    match fs::read_to_string(path) {
        Ok(text) => match Secret::parse(text.trim()) {
            Some(secret) => Ok(secret),
            None => bail!("{} holds no secret key", path.display()),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => make(path),
        Err(error) => Err(error).with_context(|| format!("the secret key {} cannot be read", path.display())),
    }
}

fn make(path: &Path) -> anyhow::Result<Secret> {
    let secret = Random::system().secret()?;
    let failed = || format!("the secret key {} cannot be written", path.display());
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = match file {
        Ok(file) => file,
        // Another process has made it a moment ago.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return read_or_make(path),
        Err(error) => return Err(error).with_context(failed),
    };
    writeln!(file, "{}", secret.reveal()).with_context(failed)?;
    file.sync_all().with_context(failed)?;
    Ok(secret)
}
