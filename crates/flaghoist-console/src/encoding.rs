//! Which of the prepared encodings of a file a client gets (RFC 9110, 12.5.3).

/// How the bytes of a file are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Brotli,
    Gzip,
    Identity,
}

impl Encoding {
    /// The encodings that files are prepared in at build time, the smaller first.
    pub(crate) const COMPRESSED: [Self; 2] = [Self::Brotli, Self::Gzip];

    /// What the name of the prepared file ends with.
    pub(crate) const fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Gzip => ".gz",
            Self::Identity => "",
        }
    }

    /// Its name in `Content-Encoding`.
    pub(crate) const fn name(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }
}

/// The encodings to try, the best first, for the values of `Accept-Encoding`. Files that are too small to be worth it
/// exist as they are only, so that always comes last.
pub(crate) fn best<'a>(accepted: impl Iterator<Item = &'a str>) -> impl Iterator<Item = Encoding> {
    let offers: Vec<(String, bool)> = accepted.flat_map(|value| value.split(',')).filter_map(offer).collect();
    let takes = move |encoding: &Encoding| {
        let named =
            |wanted: &str| offers.iter().find(|(name, _)| name == wanted).map(|(_, is_taken)| *is_taken);
        // What is named counts; the star is for what is not.
        encoding.name().and_then(named).or_else(|| named("*")).unwrap_or(false)
    };
    let compressed: Vec<Encoding> = Encoding::COMPRESSED.into_iter().filter(takes).collect();
    compressed.into_iter().chain([Encoding::Identity])
}

/// The name of an encoding, and whether it is taken: a weight of zero refuses it.
fn offer(text: &str) -> Option<(String, bool)> {
    let text = text.to_ascii_lowercase();
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?.to_owned();
    let is_refused = parts.filter_map(|part| part.strip_prefix("q=")).any(|weight| weight.parse() == Ok(0.0));
    Some((name, !is_refused))
}

#[cfg(test)]
mod tests {
    use super::{Encoding, best};

    #[test]
    fn the_smallest_encoding_that_a_client_takes_is_tried_first() {
        use Encoding::{Brotli, Gzip, Identity};
        let cases: [(&[&str], &[Encoding]); 10] = [
            (&["gzip, deflate, br, zstd"], &[Brotli, Gzip, Identity]),
            (&["gzip"], &[Gzip, Identity]),
            (&["br;q=0, gzip;q=0.5"], &[Gzip, Identity]),
            (&["deflate", "br;q=0.1"], &[Brotli, Identity]),
            (&["*"], &[Brotli, Gzip, Identity]),
            (&["br;q=0, *"], &[Gzip, Identity]),
            (&["GZIP;Q=1, BR;Q=0"], &[Gzip, Identity]),
            (&["brotli"], &[Identity]),
            (&[""], &[Identity]),
            (&[], &[Identity]),
        ];
        for (accepted, wanted) in cases {
            let tried: Vec<Encoding> = best(accepted.iter().copied()).collect();
            assert_eq!(tried, wanted, "{accepted:?}");
        }
    }
}
