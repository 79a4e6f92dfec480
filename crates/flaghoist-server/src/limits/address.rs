//! Where requests come from.

use crate::app::{App, AppState};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The other end of the connection a request came by; an extension of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddress(pub IpAddr);

/// Who sent a request, as far as addresses tell: the other end of the connection, or whom a trusted proxy names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// The address of the sender of a request.
    pub(crate) fn of(parts: &Parts, app: &App) -> Self {
        // The proxy adds to the end; what stands before is what the client claims.
        let named = app.client_address_header.as_ref().and_then(|header| {
            let last = parts.headers.get_all(header).iter().next_back()?;
            parse(last.to_str().ok()?.rsplit(',').next()?.trim())
        });
        let peer = || parts.extensions.get::<PeerAddress>().map(|peer| peer.0);
        let address = named.or_else(peer).unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
        Self(address.to_canonical())
    }

    /// The bucket of the address. A network of IPv6 is one caller: each of its members has 2^64 addresses.
    pub(super) fn bucket(self) -> u128 {
        match self.0 {
            IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
            IpAddr::V6(address) => address.to_bits() >> 64 << 64,
        }
    }
}

/// An address with or without a port; proxies write both.
fn parse(text: &str) -> Option<IpAddr> {
    let bare = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    text.parse().ok().or_else(|| text.parse().ok().map(|with_port: SocketAddr| with_port.ip())).or_else(bare)
}

impl FromRequestParts<AppState> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Infallible> {
        Ok(Self::of(parts, app))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_ipv6_is_one_caller_and_an_address_of_ipv4_is_one() {
        let bucket = |text| ClientAddress(parse(text).unwrap()).bucket();
        assert_eq!(bucket("2001:db8:1:2::1"), bucket("[2001:db8:1:2:ffff::2]:443"));
        assert_ne!(bucket("2001:db8:1:2::1"), bucket("[2001:db8:1:3::1]"));
        assert_eq!(bucket("192.0.2.1"), bucket("192.0.2.1:4711"));
        assert_ne!(bucket("192.0.2.1"), bucket("192.0.2.2"));
        assert_eq!(parse("unknown"), None);
    }
}
