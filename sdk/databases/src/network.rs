//! Networks that may connect to a managed database, and whether they are private.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// One address or a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    /// The first address; what was written behind the network's part is cut off.
    address: IpAddr,
    prefix: u8,
}

/// Networks that nobody reaches from the internet: RFC 1918, RFC 6598, RFC 4193.
const PRIVATE: [Network; 5] = [
    Network { address: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)), prefix: 8 },
    Network { address: IpAddr::V4(Ipv4Addr::new(172, 16, 0, 0)), prefix: 12 },
    Network { address: IpAddr::V4(Ipv4Addr::new(192, 168, 0, 0)), prefix: 16 },
    Network { address: IpAddr::V4(Ipv4Addr::new(100, 64, 0, 0)), prefix: 10 },
    Network { address: IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), prefix: 7 },
];

impl Network {
    /// Reads `10.0.0.0/8` or `10.1.2.3`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address.parse().ok()?, Some(number(prefix)?)),
            None => (text.parse().ok()?, None),
        };
        let longest = longest(address);
        if address.to_canonical() != address || prefix.is_some_and(|prefix| prefix > longest) {
            return None;
        }
        let prefix = prefix.unwrap_or(longest);
        Some(Self { address: masked(address, prefix), prefix })
    }

    pub(crate) fn is_v6(&self) -> bool {
        self.address.is_ipv6()
    }

    /// Whether no address of the network can be reached from the internet.
    pub(crate) fn is_private(&self) -> bool {
        PRIVATE.iter().any(|private| {
            private.is_v6() == self.is_v6()
                && private.prefix <= self.prefix
                && masked(self.address, private.prefix) == private.address
        })
    }

    /// The address alone, if it is one.
    pub(crate) fn address_or_network(&self) -> String {
        if self.prefix == longest(self.address) {
            self.address.to_string()
        } else {
            self.to_string()
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address, self.prefix)
    }
}

/// Digits and nothing else; `parse` alone would take a sign.
fn number(text: &str) -> Option<u8> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn longest(address: IpAddr) -> u8 {
    if address.is_ipv6() { 128 } else { 32 }
}

fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            Ipv4Addr::from_bits(address.to_bits() & mask).into()
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_network_of_one() {
        for (text, network, short) in [
            ("10.1.2.3", "10.1.2.3/32", "10.1.2.3"),
            ("10.1.2.3/24", "10.1.2.0/24", "10.1.2.0/24"),
            ("0.0.0.0/0", "0.0.0.0/0", "0.0.0.0/0"),
            ("255.255.255.255/1", "128.0.0.0/1", "128.0.0.0/1"),
            ("2001:db8::1", "2001:db8::1/128", "2001:db8::1"),
            ("2001:db8::1/32", "2001:db8::/32", "2001:db8::/32"),
        ] {
            let read = Network::parse(text).unwrap();
            assert_eq!(
                (read.to_string().as_str(), read.address_or_network().as_str()),
                (network, short)
            );
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "10.0.0",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0.256",
            "a",
            "::/129",
            "::ffff:10.0.0.1",
            "10.0.0.0/8/8",
        ] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_network_is_private_only_as_a_whole() {
        for (text, expected) in [
            ("10.0.0.0/8", true),
            ("10.0.0.0/7", false),
            ("10.255.255.255", true),
            ("11.0.0.0", false),
            ("172.31.0.0/16", true),
            ("172.32.0.0/16", false),
            ("192.168.1.0/24", true),
            ("100.64.0.1", true),
            ("0.0.0.0/0", false),
            ("::/0", false),
            ("fd00::1", true),
            ("2001:db8::1", false),
        ] {
            assert_eq!(Network::parse(text).unwrap().is_private(), expected, "{text}");
        }
    }
}
