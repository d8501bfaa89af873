//! The demo.
use crate::config::Config;
pub(crate) async fn fill(_: &Config, _: &str) -> anyhow::Result<String> {
    anyhow::bail!("soon")
}
