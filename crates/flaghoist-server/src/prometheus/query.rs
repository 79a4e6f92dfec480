//! PromQL, as far as it is looked into: where its string literals are, and whether it is nothing but a selector.

use flaghoist_model::metric::VARIANT_PLACEHOLDER;

/// What a piece of a query is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece {
    Code,
    /// A string literal with its quotes.
    Text,
    Comment,
}

/// The query with the variant's key in its string literals.
///
/// Quotes, backslashes and control characters are written as `\u….`, which both kinds of quoted strings know. Between
/// backquotes nothing is an escape: such a key is not found there, but does not end the string either.
pub(super) fn for_variant(query: &str, key: &str) -> String {
    let escaped = escape(key);
    pieces(query)
        .into_iter()
        .map(|(kind, piece)| match kind {
            Piece::Text => piece.replace(VARIANT_PLACEHOLDER, &escaped),
            Piece::Code | Piece::Comment => piece.to_owned(),
        })
        .collect()
}

/// Whether the query is a name with or without matchers, and nothing else but parentheses and comments.
pub(super) fn is_selector(query: &str) -> bool {
    let code: String = pieces(query)
        .into_iter()
        .filter_map(|(kind, piece)| (kind == Piece::Code).then_some(piece))
        .collect();
    let mut code = code.trim();
    while let Some(inner) = code.strip_prefix('(').and_then(|code| code.strip_suffix(')')) {
        code = inner.trim();
    }
    let (name, matchers) = match code.split_once('{') {
        Some((name, rest)) => (name.trim_end(), rest.strip_suffix('}')),
        None => (code, Some("")),
    };
    name.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | ':'))
        && matchers.is_some_and(|matchers| !matchers.contains(['{', '}']))
}

fn escape(key: &str) -> String {
    let needs_escape = |letter: char| letter.is_control() || matches!(letter, '"' | '\'' | '`' | '\\');
    key.chars()
        .map(|letter| match letter {
            letter if needs_escape(letter) => format!("\\u{:04x}", u32::from(letter)),
            letter => letter.to_string(),
        })
        .collect()
}

/// The whole query in pieces. A string that does not end goes on to the end of the query.
fn pieces(query: &str) -> Vec<(Piece, &str)> {
    let mut pieces = Vec::new();
    let mut rest = query;
    while let Some(first) = rest.chars().next() {
        let (kind, bytes) = match first {
            '#' => (Piece::Comment, rest.find('\n')),
            '"' | '\'' | '`' => (Piece::Text, text_bytes(rest, first)),
            _ => (Piece::Code, rest.find(['#', '"', '\'', '`'])),
        };
        let (piece, later) = rest.split_at(bytes.unwrap_or(rest.len()));
        pieces.push((kind, piece));
        rest = later;
    }
    pieces
}

/// How many bytes the string literal has that `rest` begins with, if it ends.
fn text_bytes(rest: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    let opening_bytes = quote.len_utf8();
    rest.get(opening_bytes..)?.char_indices().find_map(|(at, letter)| {
        let ends = letter == quote && !is_escaped;
        is_escaped = letter == '\\' && !is_escaped && quote != '`';
        ends.then_some(opening_bytes + at + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stands_where_the_query_wants_it_and_cannot_leave_its_string() {
        for (query, key, sent) in [
            (r#"a{v="$variant",w='x-$variant'}"#, "on", r#"a{v="on",w='x-on'}"#),
            (r#"a{v="$variant"} / b{v="$variant"}"#, "größer/2", r#"a{v="größer/2"} / b{v="größer/2"}"#),
            (r#"a{v="$variant"}"#, r#""} or b{x=""#, r#"a{v="\u0022} or b{x=\u0022"}"#),
            (r"a{v='$variant'}", r"'} or b{x='", r"a{v='\u0027} or b{x=\u0027'}"),
            (r"a{v=`$variant`}", "`} or b", r"a{v=`\u0060} or b`}"),
            (r#"a{v="$variant"}"#, r"\", r#"a{v="\u005c"}"#),
            (r#"a{v="$variant"}"#, "a\nb", r#"a{v="a\u000ab"}"#),
            (r#"a{v="\"$variant\\"}"#, "on", r#"a{v="\"on\\"}"#),
            // The backquoted string ends at once, so what follows is code again.
            (r#"a{v=`\`,w="$variant"}"#, "on", r#"a{v=`\`,w="on"}"#),
            (r#"a_$variant{v="$variant"} # $variant"#, "on", r#"a_$variant{v="on"} # $variant"#),
            (
                r#"# it's
a{v="$variant"}"#,
                "on",
                r#"# it's
a{v="on"}"#,
            ),
        ] {
            assert_eq!(for_variant(query, key), sent);
        }
    }

    #[test]
    fn a_selector_stands_alone() {
        for query in [
            r#"http_requests_total{variant="$variant"}"#,
            r#" job:errors:total { variant = "$variant", path!~"/a|}/b{" , } "#,
            r#"{__name__="errors_total", variant='$variant'}"#,
            r#"{"http.errors", variant="$variant"}"#,
            r#"((errors_total{variant="$variant"}))"#,
            "errors_total{ # of all }\n variant=\"$variant\"} # and no more",
        ] {
            assert!(is_selector(query), "{query}");
        }
        for query in [
            r#"rate(errors_total{variant="$variant"}[1m])"#,
            r#"sum by (instance) (errors_total{variant="$variant"})"#,
            r#"errors_total{variant="$variant"}[5m]"#,
            r#"errors_total{variant="$variant"} offset 1m"#,
            r#"errors_total{variant="$variant"} or vector(0)"#,
            r#"a_total{variant="$variant"} + b_total{variant="$variant"}"#,
            r#"(a{variant="$variant"}) + (b{variant="$variant"})"#,
            r#"-errors_total{variant="$variant"}"#,
            r#"2 * errors_total{variant="$variant"}"#,
        ] {
            assert!(!is_selector(query), "{query}");
        }
    }
}
