//! The optional look into a file of breached passwords, in the format of the Pwned Passwords
//! download: one SHA-1 in hexadecimal digits a line, sorted, perhaps with `:count` behind (ASVS V6.2.12).
//!
//! The file has tens of gigabytes and is never loaded: a binary search over its bytes finds a line in
//! some thirty short reads. Nothing leaves the machine.

use std::cmp::Ordering;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use super::foreign::from_hex;

/// Hexadecimal digits of a hash.
const DIGITS: usize = 40;
/// Longest line, in bytes, with its end: hash, colon, twenty digits, and room.
const MAX_LINE: usize = 128;
/// In a range this small one line is looked at after the other, in bytes.
const BLOCK: u64 = 256;
/// Places that are looked at when the file is opened.
const SAMPLES: u64 = 64;

/// SHA-1 is what the format has; nothing here relies on its strength.
type Hash = [u8; 20];

/// A file of breached passwords.
#[derive(Clone, Debug)]
pub struct Breached(Arc<Opened>);

#[derive(Debug)]
struct Opened {
    file: File,
    path: PathBuf,
    length: u64,
}

/// Why a file cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum NotBreachedFile {
    /// It cannot be read.
    #[error("it cannot be read")]
    Unreadable(#[source] io::Error),
    /// It has no lines.
    #[error("it is empty")]
    Empty,
    /// A line is of another form.
    #[error("at byte {0} it holds no line of the form SHA-1 or SHA-1:count")]
    Malformed(u64),
    /// Its lines are not in the order of their hashes.
    #[error(
        "its lines are not sorted by hash (at byte {0}): take the download that is ordered by hash, or sort it with LC_ALL=C"
    )]
    Unsorted(u64),
}

impl From<NotBreachedFile> for io::Error {
    fn from(error: NotBreachedFile) -> Self {
        match error {
            NotBreachedFile::Unreadable(error) => error,
            other => Self::new(io::ErrorKind::InvalidData, other.to_string()),
        }
    }
}

impl Breached {
    /// Opens a file, and looks at some of its lines: that they are hashes, and in order.
    pub fn open(path: &Path) -> Result<Self, NotBreachedFile> {
        let file = File::open(path).map_err(NotBreachedFile::Unreadable)?;
        let metadata = file.metadata().map_err(NotBreachedFile::Unreadable)?;
        if !metadata.is_file() {
            return Err(NotBreachedFile::Unreadable(io::Error::other("it is no file")));
        }
        let opened = Opened { file, path: path.to_owned(), length: metadata.len() };
        opened.check()?;
        Ok(Self(Arc::new(opened)))
    }

    /// Whether the file holds this password. Reads: never to be called where nobody may wait.
    pub(super) fn holds(&self, password: &[u8]) -> io::Result<bool> {
        let mut hash = Hash::default();
        hash.copy_from_slice(digest(&SHA1_FOR_LEGACY_USE_ONLY, password).as_ref());
        let found = self.0.holds(&hash).map_err(io::Error::from);
        found.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", self.0.path.display())))
    }
}

/// A line's place and content.
struct Line {
    start: u64,
    hash: Hash,
}

impl Opened {
    fn check(&self) -> Result<(), NotBreachedFile> {
        let mut before = self.line_from(0)?.ok_or(NotBreachedFile::Empty)?;
        // The first lines one after the other (a file ordered by count shows it there), then all over the file.
        let beginning = (0..SAMPLES).map(|number| number * DIGITS as u64);
        let all_over = (1..=SAMPLES).map(|number| self.length / SAMPLES * number);
        for offset in beginning.chain(all_over) {
            let Some(line) = self.line_from(offset)? else { continue };
            if line.start > before.start {
                if line.hash < before.hash {
                    return Err(NotBreachedFile::Unsorted(line.start));
                }
                before = line;
            }
        }
        Ok(())
    }

    fn holds(&self, hash: &Hash) -> Result<bool, NotBreachedFile> {
        // Every line that starts before `low` is smaller, every one that starts at `high` or later is larger.
        let (mut low, mut high) = (0, self.length);
        while high - low > BLOCK {
            let middle = low + (high - low) / 2;
            match self.line_from(middle)? {
                Some(line) if line.start < high => match line.hash.cmp(hash) {
                    Ordering::Equal => return Ok(true),
                    Ordering::Less => low = line.start + DIGITS as u64,
                    Ordering::Greater => high = middle,
                },
                _ => high = middle,
            }
        }
        while let Some(line) = self.line_from(low)? {
            match line.hash.cmp(hash) {
                Ordering::Equal => return Ok(true),
                Ordering::Greater => return Ok(false),
                Ordering::Less => low = line.start + DIGITS as u64,
            }
        }
        Ok(false)
    }

    /// The first line that starts at this byte or after it.
    fn line_from(&self, offset: u64) -> Result<Option<Line>, NotBreachedFile> {
        // The byte before belongs to it: a line starts where the one before has ended.
        let from = offset.saturating_sub(1);
        let mut buffer = [0; 2 * MAX_LINE];
        let bytes = self.read(from, &mut buffer)?;
        let skipped = if offset == 0 {
            0
        } else {
            match bytes.iter().position(|byte| *byte == b'\n') {
                Some(end) => end + 1,
                // No end of line: the last line has none, or this is no line.
                None if bytes.len() < MAX_LINE => return Ok(None),
                None => return Err(NotBreachedFile::Malformed(from)),
            }
        };
        let start = from + skipped as u64;
        let rest = bytes.get(skipped..).unwrap_or_default();
        // Empty lines stand at the end alone.
        if rest.iter().all(u8::is_ascii_whitespace) && start + rest.len() as u64 == self.length {
            return Ok(None);
        }
        let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let hash = hash_of(line).ok_or(NotBreachedFile::Malformed(start))?;
        Ok(Some(Line { start, hash }))
    }

    /// As much as there is, up to the buffer's length.
    fn read<'a>(&self, offset: u64, buffer: &'a mut [u8]) -> Result<&'a [u8], NotBreachedFile> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, offset + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(NotBreachedFile::Unreadable(error)),
            }
        }
        Ok(buffer.get(..filled).unwrap_or_default())
    }
}

/// The hash of a line `SHA-1` or `SHA-1:count`, without its end.
fn hash_of(line: &[u8]) -> Option<Hash> {
    let line = std::str::from_utf8(line).ok()?.trim_end_matches('\r');
    let (hash, count) = line.split_once(':').unwrap_or((line, "0"));
    let is_count = !count.is_empty() && count.len() <= 20 && count.bytes().all(|byte| byte.is_ascii_digit());
    from_hex(hash).filter(|_| is_count)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write;
    use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

    use proptest::prelude::*;

    use super::*;

    struct Made(PathBuf);

    impl Made {
        fn new(content: &str) -> Self {
            static NUMBER: AtomicU64 = AtomicU64::new(0);
            let name = format!("latchkey_breached_{}_{}", std::process::id(), NUMBER.fetch_add(1, SeqCst));
            let path = std::env::temp_dir().join(name);
            std::fs::write(&path, content).unwrap();
            Self(path)
        }

        fn open(&self) -> Result<Breached, NotBreachedFile> {
            Breached::open(&self.0)
        }
    }

    impl Drop for Made {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    fn sha1(password: &str) -> String {
        digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes()).as_ref().iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02X}");
            text
        })
    }

    /// The download's form, with counts of varying length or none.
    fn file(passwords: &BTreeSet<String>, end: &str, counts: bool, last_end: bool) -> String {
        let hashes: BTreeSet<String> = passwords.iter().map(|password| sha1(password)).collect();
        let line = |(index, hash): (usize, String)| {
            if counts && index % 3 != 0 { format!("{hash}:{}", 7_u64.pow(u32::try_from(index % 20).unwrap())) } else { hash }
        };
        let lines: Vec<String> = hashes.into_iter().enumerate().map(line).collect();
        lines.join(end) + if last_end { end } else { "" }
    }

    #[test]
    fn v6_2_12_a_breached_password_is_found_among_many() {
        assert_eq!(sha1("password"), "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8");
        let breached: BTreeSet<String> = (0..5000).map(|number| format!("breached {number}")).collect();
        let made = Made::new(&file(&breached, "\r\n", true, true));
        let opened = made.open().unwrap();
        assert!(breached.iter().all(|password| opened.holds(password.as_bytes()).unwrap()));
        assert!((0..5000).all(|number| !opened.holds(format!("another {number}").as_bytes()).unwrap()));
    }

    #[test]
    fn a_file_that_cannot_serve_is_said() {
        let missing = Breached::open(Path::new("/nowhere/at/all"));
        assert!(matches!(missing, Err(NotBreachedFile::Unreadable(_))));
        assert!(matches!(Breached::open(&std::env::temp_dir()), Err(NotBreachedFile::Unreadable(_))));
        assert!(matches!(Made::new("").open(), Err(NotBreachedFile::Empty)));
        assert!(matches!(Made::new("\n").open(), Err(NotBreachedFile::Empty)));
        for text in ["password\n", "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:x\n", "5BAA61E4:7\n"] {
            assert!(matches!(Made::new(text).open(), Err(NotBreachedFile::Malformed(0))), "{text}");
        }
        let sorted = file(&(0..100).map(|number| number.to_string()).collect(), "\n", true, true);
        let reversed: Vec<&str> = sorted.lines().rev().collect();
        assert!(matches!(Made::new(&reversed.join("\n")).open(), Err(NotBreachedFile::Unsorted(_))));
        let long = format!("{}\n", "A".repeat(5000));
        assert!(matches!(Made::new(&long).open(), Err(NotBreachedFile::Malformed(_))));
        // Damage that no sample saw is an error when it is met, and no answer.
        let damaged = format!("{}\nnonsense\n{}", &sorted[..40], "F".repeat(40));
        let found = Made::new(&damaged).open().map(|opened| opened.holds(b"x"));
        assert!(matches!(found, Err(NotBreachedFile::Malformed(_)) | Ok(Err(_))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Against a set: sizes around the block, both ends of line, with and without counts and a last end.
        #[test]
        fn the_search_agrees_with_a_set(
            passwords in proptest::collection::btree_set("[a-z]{1,4}", 1..400),
            asked in proptest::collection::vec("[a-z]{1,4}", 1..60),
            crlf in any::<bool>(), counts in any::<bool>(), last_end in any::<bool>(),
        ) {
            let made = Made::new(&file(&passwords, if crlf { "\r\n" } else { "\n" }, counts, last_end));
            let opened = made.open().unwrap();
            for password in passwords.iter().chain(&asked) {
                prop_assert_eq!(opened.holds(password.as_bytes()).unwrap(), passwords.contains(password), "{}", password);
            }
        }
    }
}
