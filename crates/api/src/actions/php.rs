//! Reads what PHP's `serialize` wrote of an array of scalars, and nothing else: no object, no reference, nothing nested.

/// How many entries are read.
const MAX_ENTRIES: usize = 200;
/// Longest text that is read, in bytes.
const MAX_TEXT: usize = 64 * 1024;

/// Keys and values of the array; `None` when it is anything else.
pub(super) fn array(bytes: &[u8]) -> Option<Vec<(String, String)>> {
    let mut rest = bytes;
    take(&mut rest, b"a:")?;
    let count = number(&mut rest, b':')?;
    let count = usize::try_from(count).ok().filter(|count| *count <= MAX_ENTRIES)?;
    take(&mut rest, b"{")?;
    let mut entries = Vec::with_capacity(count);
    for _ in 0..count {
        let key = scalar(&mut rest, true)?;
        entries.push((key, scalar(&mut rest, false)?));
    }
    take(&mut rest, b"}")?;
    rest.is_empty().then_some(entries)
}

fn take(rest: &mut &[u8], expected: &[u8]) -> Option<()> {
    *rest = rest.strip_prefix(expected)?;
    Some(())
}

/// Up to the byte that ends it, which is taken too.
fn until<'a>(rest: &mut &'a [u8], end: u8) -> Option<&'a str> {
    let at = rest.iter().take(40).position(|byte| *byte == end)?;
    let (found, after) = rest.split_at_checked(at)?;
    *rest = after.get(1..)?;
    std::str::from_utf8(found).ok()
}

fn number(rest: &mut &[u8], end: u8) -> Option<i64> {
    until(rest, end)?.parse().ok()
}

/// `i:1;`, `s:3:"abc";`, and as a value also `b:1;`, `d:0.5;` and `N;`.
fn scalar(rest: &mut &[u8], is_key: bool) -> Option<String> {
    let (kind, after) = rest.split_first()?;
    if *kind == b'N' && !is_key {
        *rest = after;
        take(rest, b";")?;
        return Some(String::new());
    }
    *rest = after;
    take(rest, b":")?;
    match kind {
        b'i' => number(rest, b';').map(|number| number.to_string()),
        b's' => text(rest),
        b'b' if !is_key => number(rest, b';').filter(|bit| (0..=1).contains(bit)).map(|bit| bit.to_string()),
        b'd' if !is_key => until(rest, b';').filter(|text| text.parse::<f64>().is_ok()).map(str::to_owned),
        _ => None,
    }
}

fn text(rest: &mut &[u8]) -> Option<String> {
    let length = usize::try_from(number(rest, b':')?).ok().filter(|length| *length <= MAX_TEXT)?;
    take(rest, b"\"")?;
    let (found, after) = rest.split_at_checked(length)?;
    *rest = after;
    take(rest, b"\";")?;
    std::str::from_utf8(found).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As PHP writes it.
    fn serialized(entries: &[(String, String)]) -> String {
        let scalar = |text: &String| match text.parse::<i64>() {
            Ok(number) if number.to_string() == *text => format!("i:{number};"),
            _ => format!("s:{}:\"{text}\";", text.len()),
        };
        let inside: String = entries.iter().map(|(key, value)| scalar(key) + &scalar(value)).collect();
        format!("a:{}:{{{inside}}}", entries.len())
    }

    #[test]
    fn an_array_of_scalars_is_read() {
        let text = "a:5:{i:1;s:6:\"Zoë\"x\";s:1:\"b\";i:-2;i:3;b:1;i:4;d:0.5;i:5;N;}";
        let pairs = [("1", "Zoë\"x"), ("b", "-2"), ("3", "1"), ("4", "0.5"), ("5", "")];
        assert_eq!(array(text.as_bytes()).unwrap(), pairs.map(|(key, value)| (key.to_owned(), value.to_owned())));
        assert_eq!(array(b"a:0:{}").unwrap(), []);
    }

    #[test]
    fn nothing_else_is_read() {
        for bad in [
            "",
            "i:1;",
            "O:8:\"stdClass\":0:{}",
            "a:1:{i:1;O:8:\"stdClass\":0:{}}",
            "a:1:{i:1;a:0:{}}",
            "a:1:{i:1;R:1;}",
            "a:1:{b:1;i:1;}",
            "a:2:{i:1;i:1;}",
            "a:1:{i:1;i:1;}x",
            "a:1:{i:1;s:99999999:\"a\";}",
            "a:99999999:{}",
            "a:-1:{}",
            "a:1:{i:1;s:-1:\"\";}",
        ] {
            assert_eq!(array(bad.as_bytes()), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back(entries in proptest::collection::vec((".{0,12}", ".{0,30}"), 0..20)) {
            prop_assert_eq!(array(serialized(&entries).as_bytes()), Some(entries));
        }

        #[test]
        fn no_bytes_are_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = array(&bytes);
            let _ = array(&[b"a:1:{".as_slice(), &bytes].concat());
        }
    }
}
