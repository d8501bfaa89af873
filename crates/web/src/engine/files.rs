//! The files that are built into the binary, and a folder of the operator's that overrides single ones.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use latchkey_core::mail::Notice;
use latchkey_core::secret::fingerprint;
use minijinja::Value;
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../templates"]
#[exclude = "samples/*"]
struct Templates;

#[derive(RustEmbed)]
#[folder = "../../assets"]
struct Assets;

#[derive(RustEmbed)]
#[folder = "../../locales"]
struct Locales;

/// A file that cannot be used, by name and with the reason.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {why}")]
pub struct Broken {
    file: String,
    why: String,
}

impl Broken {
    pub(crate) fn new(file: &str, why: impl Into<String>) -> Self {
        Self { file: file.to_owned(), why: why.into() }
    }
}

/// An asset as it is served.
pub(crate) struct Asset<'a> {
    /// The content.
    pub(crate) content: &'a [u8],
    /// The same by gzip, where that is shorter.
    pub(crate) gzip: Option<&'a [u8]>,
    /// Its media type.
    pub(crate) media_type: &'static str,
    /// Changes with the content.
    pub(crate) version: &'a str,
}

/// Files of one kind by their path.
pub(super) struct Files(BTreeMap<String, File>);

struct File {
    content: Cow<'static, [u8]>,
    gzip: Option<Vec<u8>>,
    version: String,
    /// Where a browser finds it, as a template takes it: a page names hundreds of icons.
    url: Value,
    /// Whether it is the operator's.
    is_own: bool,
}

impl Files {
    pub(super) fn templates(overrides: Option<&Path>) -> Result<Self, Broken> {
        let mut files = Self::read::<Templates>(overrides, "templates")?;
        for (name, text) in Notice::ALL.iter().flat_map(|notice| of_notice(notice.key())) {
            let own = overridden(overrides, "templates", &name)?;
            let file = File::new("templates", &name, own, || Cow::Owned(text));
            files.0.insert(name, file);
        }
        Ok(files)
    }

    pub(super) fn assets(overrides: Option<&Path>) -> Result<Self, Broken> {
        Self::read::<Assets>(overrides, "assets")
    }

    pub(super) fn locales(overrides: Option<&Path>) -> Result<Self, Broken> {
        Self::read::<Locales>(overrides, "locales")
    }

    fn read<E: RustEmbed>(overrides: Option<&Path>, kind: &str) -> Result<Self, Broken> {
        let mut files = BTreeMap::new();
        for name in E::iter() {
            let own = overridden(overrides, kind, &name)?;
            let file = File::new(kind, &name, own, || E::get(&name).map(|file| file.data).unwrap_or_default());
            files.insert(name.into_owned(), file);
        }
        Ok(Self(files))
    }

    /// Every file as text.
    pub(super) fn texts(&self) -> Result<Vec<(String, String)>, Broken> {
        let text = |(name, file): (&String, &File)| match std::str::from_utf8(&file.content) {
            Ok(text) => Ok((name.clone(), text.to_owned())),
            Err(_) => Err(Broken::new(name, "is not UTF-8")),
        };
        self.0.iter().map(text).collect()
    }

    /// The names of those that are the operator's.
    pub(super) fn own(&self) -> BTreeSet<String> {
        self.0.iter().filter(|(_, file)| file.is_own).map(|(name, _)| name.clone()).collect()
    }

    pub(super) fn asset(&self, path: &str) -> Option<Asset<'_>> {
        let file = self.0.get(path)?;
        Some(Asset { content: &file.content, gzip: file.gzip.as_deref(), media_type: media_type(path), version: &file.version })
    }

    /// The address of an asset; it changes with the content, so a browser may keep it for ever.
    pub(super) fn url(&self, path: &str) -> Result<Value, minijinja::Error> {
        let missing = || minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, format!("no asset {path}"));
        self.0.get(path).map(|file| file.url.clone()).ok_or_else(missing)
    }
}

impl File {
    fn new(kind: &str, name: &str, own: Option<Cow<'static, [u8]>>, built_in: impl FnOnce() -> Cow<'static, [u8]>) -> Self {
        let is_own = own.is_some();
        let content = own.unwrap_or_else(built_in);
        let version = fingerprint(&content);
        let url = Value::from_safe_string(format!("/{kind}/{name}?v={version}"));
        let gzip = if kind == "assets" { compressed(&content) } else { None };
        Self { content, gzip, version, url, is_own }
    }
}

/// The operator's file of this name, if there is one.
fn overridden(overrides: Option<&Path>, kind: &str, name: &str) -> Result<Option<Cow<'static, [u8]>>, Broken> {
    let own = overrides.map(|folder| folder.join(kind).join(name)).filter(|path| path.is_file());
    let Some(path) = own else { return Ok(None) };
    let content = std::fs::read(&path).map_err(|error| Broken::new(&path.display().to_string(), error.to_string()))?;
    Ok(Some(Cow::Owned(content)))
}

/// The templates of a notice's mail. As they come along each wears the clothes of all, `mail/notice`, around its own texts; a file of
/// its name replaces one of them for this notice alone.
fn of_notice(key: &str) -> [(String, Vec<u8>); 3] {
    [(".html", "extends"), (".txt", "include"), (".subject.txt", "include")]
        .map(|(ending, tag)| (format!("mail/{key}{ending}"), format!("{{% {tag} \"mail/notice{ending}\" %}}").into_bytes()))
}

/// Compressed once at the start, as far as it goes: a file is served many times.
fn compressed(content: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).ok()?;
    encoder.finish().ok().filter(|gzip| gzip.len() < content.len())
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}
