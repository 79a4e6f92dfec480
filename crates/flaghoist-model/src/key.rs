//! Keys and names that people choose.

use crate::Faults;

/// Longest key and name in bytes. Datadog documents 200 bytes for variant keys and filter names; we hold
/// all keys and names to it.
pub const KEY_MAX_BYTES: usize = 200;

/// Longest description in bytes.
pub const DESCRIPTION_MAX_BYTES: usize = 10_000;

/// Reads a key: 1 to [`KEY_MAX_BYTES`] bytes, no control characters, no white space at either end.
///
/// Slashes, dots and letters of any script are fine: SDKs pass keys as opaque text.
pub fn parse_key(text: String, faults: &mut Faults) -> Option<String> {
    parse_line(text, "a key", faults)
}

/// Reads a display name, by the same limits as [`parse_key`].
pub fn parse_name(text: String, faults: &mut Faults) -> Option<String> {
    parse_line(text, "a name", faults)
}

fn parse_line(text: String, what: &str, faults: &mut Faults) -> Option<String> {
    let wrong = if text.is_empty() {
        "is empty".to_owned()
    } else if text.len() > KEY_MAX_BYTES {
        format!("has {} bytes", text.len())
    } else if text.chars().any(char::is_control) {
        format!("{text:?} contains a control character")
    } else if text.trim() != text {
        format!("{text:?} starts or ends with white space")
    } else {
        return Some(text);
    };
    faults.push(format!(
        "{wrong}; {what} has 1 to {KEY_MAX_BYTES} bytes, no control characters and no white space at its ends"
    ));
    None
}

/// Reads a description: at most [`DESCRIPTION_MAX_BYTES`] bytes.
pub fn parse_description(text: String, faults: &mut Faults) -> Option<String> {
    if text.len() > DESCRIPTION_MAX_BYTES {
        faults.push(format!("has {} bytes; a description has at most {DESCRIPTION_MAX_BYTES}", text.len()));
        return None;
    }
    Some(text)
}

/// The key made from a name: lower case, every run of other characters than letters and digits one `-`.
/// Empty when the name has no letter or digit.
pub fn slug(name: &str) -> String {
    let mut slug = String::with_capacity(name.len());
    for character in name.chars().flat_map(char::to_lowercase) {
        if character.is_alphanumeric() {
            slug.push(character);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_lower_case_with_single_dashes() {
        for (name, expected) in
            [("Production", "production"), ("  QA / Load  2 ", "qa-load-2"), ("Ünï", "ünï"), ("!!", "")]
        {
            assert_eq!(slug(name), expected);
        }
    }

    #[test]
    fn a_key_with_slashes_is_fine_and_a_blank_one_is_named() {
        let mut faults = Faults::new();
        assert_eq!(parse_key("team/dark mode".to_owned(), &mut faults).as_deref(), Some("team/dark mode"));
        assert_eq!(parse_key(" x".to_owned(), &mut faults), None);
        assert_eq!(parse_key(String::new(), &mut faults), None);
        assert_eq!(parse_key("x".repeat(201), &mut faults), None);
        let messages: Vec<String> = faults.into_vec().into_iter().map(|fault| fault.message).collect();
        assert!(messages[0].contains("\" x\""));
        assert!(messages[1].starts_with("is empty"));
        assert!(messages[2].starts_with("has 201 bytes"));
    }
}
