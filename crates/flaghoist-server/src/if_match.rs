//! `If-Match`: a change of what is still as the client saw it. Entity tags of what people edit are the hashes of
//! its definition, so that nothing which moves by itself makes another tag. That makes a tag as good when it came back
//! weak: proxies that compress an answer put `W/` before its tag, and change nothing of what it stands for.

use crate::ApiError;
use crate::app::AppState;
use axum::extract::FromRequestParts;
use axum::http::{HeaderName, HeaderValue, header, request::Parts};
use flaghoist_model::Fault;
use flaghoist_model::definition::DefinitionHash;

/// What the header is called in messages.
const POINTER: &str = "/headers/If-Match";

/// Which definitions a change is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum IfMatch {
    /// Any: the client did not say.
    #[default]
    Absent,
    /// Any that is there.
    Anything,
    /// One of these tags, without their quotes.
    OneOf(Vec<String>),
}

impl IfMatch {
    /// Refuses a change of something whose definition is another than the client saw. Call it in the transaction of the
    /// change.
    pub(crate) fn check(&self, present: &DefinitionHash) -> Result<(), ApiError> {
        match self {
            Self::OneOf(tags) if !tags.iter().any(|tag| tag == present.as_str()) => {
                Err(ApiError::PreconditionFailed(format!(
                    "somebody saved it meanwhile: its ETag is \"{}\" now, which is none of If-Match; read it again and repeat",
                    present.as_str()
                )))
            }
            _ => Ok(()),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        if text.trim() == "*" {
            return Some(Self::Anything);
        }
        let mut tags = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            // A tag may hold commas, but neither quotes nor spaces.
            let opaque = rest.strip_prefix("W/").unwrap_or(rest);
            let (tag, after) = opaque.strip_prefix('"')?.split_once('"')?;
            if tag.contains(|character: char| character.is_ascii_whitespace() || character.is_control()) {
                return None;
            }
            tags.push(tag.to_owned());
            rest = after.trim_start();
            if let Some(next) = rest.strip_prefix(',') {
                rest = next.trim_start();
            } else if !rest.is_empty() {
                return None;
            }
        }
        (!tags.is_empty()).then_some(Self::OneOf(tags))
    }
}

impl FromRequestParts<AppState> for IfMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, ApiError> {
        let lines = parts.headers.get_all(header::IF_MATCH).iter();
        let lines: Vec<_> = lines.map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
        if lines.is_empty() {
            return Ok(Self::Absent);
        }
        let text = lines.join(", ");
        Self::parse(&text).ok_or_else(|| {
            let message = format!(
                "{:?} does not do; give the ETag of an answer as it is, such as \"5f0e…\", several with commas, or *",
                crate::decode::excerpt(&text)
            );
            ApiError::Invalid(vec![Fault { pointer: POINTER.to_owned(), message }])
        })
    }
}

/// The header with the entity tag of a definition.
pub(crate) fn etag(hash: &DefinitionHash) -> [(HeaderName, HeaderValue); 1] {
    let tag = HeaderValue::from_str(&format!("\"{}\"", hash.as_str()));
    [(header::ETAG, tag.expect("a tag is of hexadecimal digits and quotes"))]
}

#[cfg(test)]
mod tests {
    use super::IfMatch;

    fn one_of(tags: &[&str]) -> IfMatch {
        IfMatch::OneOf(tags.iter().map(|tag| (*tag).to_owned()).collect())
    }

    #[test]
    fn tags_come_alone_or_in_a_list() {
        assert_eq!(IfMatch::parse("\"a\""), Some(one_of(&["a"])));
        assert_eq!(IfMatch::parse(" \"a\",\"b,c\" , \"\" "), Some(one_of(&["a", "b,c", ""])));
        assert_eq!(IfMatch::parse("*"), Some(IfMatch::Anything));
    }

    #[test]
    fn a_tag_that_a_proxy_made_weak_is_the_same_tag() {
        assert_eq!(IfMatch::parse("W/\"a\""), Some(one_of(&["a"])));
        assert_eq!(IfMatch::parse("\"a\", W/\"b\",W/\"W/c\""), Some(one_of(&["a", "b", "W/c"])));
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        for text in [
            "",
            " ",
            ",",
            "W/",
            "W/a",
            "W/*",
            "w/\"a\"",
            "W/W/\"a\"",
            "W/ \"a\"",
            "a",
            "\"a",
            "\"a\" \"b\"",
            "\"a\"b",
            "*, \"a\"",
            "\"a b\"",
        ] {
            assert_eq!(IfMatch::parse(text), None, "{text}");
        }
    }
}
