//! Where deliveries may go: to the public internet, unless the configuration allows more. Otherwise whoever may make
//! a webhook could make the server talk to its own neighbours.
//!
//! The names of hosts are looked up by [`Names`], so what is checked is the address that is connected to, at every
//! connection: a name that changes its address afterwards changes nothing.

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What people are told to do about it.
const ADVICE: &str = "the configuration can allow it (webhook_allow_private_targets)";

/// IPv4 networks that are not the public internet (IANA's registry of special purposes), by first address and length.
const SPECIAL_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Multicast, and everything above, up to the broadcast.
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// Of IPv6 only this network is given out to hosts of the public internet.
const PUBLIC_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// And of that not these: protocols (with Teredo and benchmarks), 6to4, and documentation.
const SPECIAL_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// IPv6 networks whose last 32 bits are an IPv4 address that is the real target: mapped addresses, and NAT64.
const CARRYING_V4: [(Ipv6Addr, u32); 2] =
    [(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96), (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96)];

fn is_in_v4(address: Ipv4Addr, (network, length): (Ipv4Addr, u32)) -> bool {
    (address.to_bits() ^ network.to_bits()) >> (32 - length) == 0
}

fn is_in_v6(address: Ipv6Addr, (network, length): (Ipv6Addr, u32)) -> bool {
    (address.to_bits() ^ network.to_bits()) >> (128 - length) == 0
}

/// Whether the address is one of the public internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !SPECIAL_V4.iter().any(|network| is_in_v4(address, *network)),
        IpAddr::V6(address) if CARRYING_V4.iter().any(|network| is_in_v6(address, *network)) => {
            let [.., a, b, c, d] = address.octets();
            is_public(IpAddr::V4(Ipv4Addr::new(a, b, c, d)))
        }
        IpAddr::V6(address) => {
            is_in_v6(address, PUBLIC_V6) && !SPECIAL_V6.iter().any(|network| is_in_v6(address, *network))
        }
    }
}

/// What is wrong with a URL to which nothing may be sent; none when only its connections can tell. Beside its form
/// that is a host which is an address or this machine: no name is looked up.
pub(crate) fn refusal(url: &str, allows_private: bool) -> Option<String> {
    let url = match Url::parse(url) {
        Ok(url) => url,
        Err(error) => return Some(format!("is no URL: {error}")),
    };
    let host = url.host_str().unwrap_or_default();
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    let is_refused = match literal {
        Ok(address) => !is_public(address),
        Err(_) => name == "localhost" || name.ends_with(".localhost"),
    };
    (is_refused && !allows_private)
        .then(|| format!("{host:?} is no host of the public internet; give another, or {ADVICE}"))
}

/// The URL as it may be shown: a path or query can be as good as a password.
pub(crate) fn masked(url: &str) -> String {
    let Ok(url) = Url::parse(url) else { return "…".to_owned() };
    let origin = url.origin().ascii_serialization();
    if url.path() == "/" && url.query().is_none() { origin } else { format!("{origin}/…") }
}

/// A name leads to no address to which anything may be sent.
#[derive(Debug, thiserror::Error)]
#[error("the host's name leads to no address of the public internet; {ADVICE}")]
struct NoPublicAddress;

/// Looks up names, and keeps only addresses to which something may be sent.
pub(super) struct Names {
    pub(super) allows_private: bool,
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let allows_private = self.allows_private;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed: Vec<SocketAddr> =
                found.into_iter().filter(|address| allows_private || is_public(address.ip())).collect();
            if allowed.is_empty() {
                return Err(NoPublicAddress.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_public_internet_are_public() {
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00:1450:4001:80b::200e",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1.1.1.1",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff::1",
            "4000::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn a_url_whose_host_is_plainly_private_is_refused_however_it_is_written() {
        for url in [
            "http://127.0.0.1/hook",
            "http://127.1/hook",
            "http://0x7f.0.0.1/hook",
            "http://2130706433/hook",
            "http://127.0.0.1.:8080/",
            "https://user:word@10.0.0.1/",
            "http://[::1]:9/",
            "http://[::ffff:127.0.0.1]/",
            "http://localhost:3000/",
            "http://LOCALHOST./",
            "http://a.localhost/",
            "https://169.254.169.254/latest/meta-data/",
        ] {
            let message = refusal(url, false).unwrap_or_else(|| panic!("{url} is accepted"));
            assert!(message.contains("public internet"), "{message}");
            assert_eq!(refusal(url, true), None, "{url}");
        }
        for url in ["https://example.com/hook", "http://1.1.1.1:8080/?a=b", "https://[2606:4700::1111]/"] {
            assert_eq!(refusal(url, false), None, "{url}");
        }
        for url in ["https://", "http://[::1/", "http://example.com:99999/", "nonsense"] {
            assert!(refusal(url, true).unwrap().starts_with("is no URL: "), "{url}");
        }
    }

    #[test]
    fn only_the_origin_of_a_url_is_shown() {
        for (url, shown) in [
            ("https://hooks.slack.com/services/T0/B0/secret", "https://hooks.slack.com/…"),
            ("https://user:word@example.com:8443/", "https://example.com:8443"),
            ("http://example.com", "http://example.com"),
            ("http://example.com/?token=secret", "http://example.com/…"),
            ("nonsense", "…"),
        ] {
            assert_eq!(masked(url), shown);
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_home_leads_nowhere() {
        let look_up = async |allows_private| {
            Names { allows_private }.resolve("localhost".parse().unwrap()).await.map(Iterator::collect)
        };
        let refused: Result<Vec<SocketAddr>, _> = look_up(false).await;
        assert!(refused.unwrap_err().is::<NoPublicAddress>());
        let found: Vec<SocketAddr> = look_up(true).await.unwrap();
        assert!(found.iter().all(|address| address.ip().is_loopback()) && !found.is_empty());
    }
}
