//! Blocks of addresses: `10.0.0.0/8`, `2001:db8::/32`.

use std::net::IpAddr;

/// A block of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cidr {
    /// The address, at the upper end of 128 bits.
    bits: u128,
    prefix: u32,
    is_v6: bool,
}

impl Cidr {
    /// Reads a block; `None` if the text is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let are_digits = !prefix.is_empty() && prefix.bytes().all(|b| b.is_ascii_digit());
        let is_canonical = prefix == "0" || !prefix.starts_with('0');
        let prefix: u32 = (are_digits && is_canonical).then(|| prefix.parse().ok()).flatten()?;
        let (bits, longest, is_v6) = match address.parse().ok()? {
            IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, 32, false),
            IpAddr::V6(address) => (address.to_bits(), 128, true),
        };
        (prefix <= longest).then_some(Self { bits, prefix, is_v6 })
    }

    /// Whether another block is a part of this one, and not all of it.
    pub(crate) fn is_wider_than(self, other: Self) -> bool {
        let beyond = 128 - self.prefix;
        let head = |bits: u128| bits.checked_shr(beyond).unwrap_or(0);
        self.is_v6 == other.is_v6
            && self.prefix < other.prefix
            && head(self.bits) == head(other.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_read_and_other_texts_are_not() {
        for text in ["0.0.0.0/0", "10.0.0.0/8", "1.2.3.4/32", "::/0", "2001:db8::1/128"] {
            assert!(Cidr::parse(text).is_some(), "{text}");
        }
        for text in [
            "",
            "10.0.0.0",
            "10.0.0.0/33",
            "10.0.0/8",
            "010.0.0.0/8",
            "::/129",
            "10.0.0.0/08",
            "10.0.0.0/+8",
            "a/8",
        ] {
            assert_eq!(Cidr::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_part_lies_within_and_is_smaller() {
        let wider = |one: &str, other: &str| {
            Cidr::parse(one).unwrap().is_wider_than(Cidr::parse(other).unwrap())
        };
        assert!(wider("0.0.0.0/0", "10.0.0.0/8") && wider("10.0.0.0/8", "10.1.2.3/32"));
        assert!(wider("::/0", "2001:db8::/32"));
        for (one, other) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.0.0.0/16", "10.0.0.0/8"),
            ("10.0.0.0/8", "11.0.0.0/16"),
            ("0.0.0.0/0", "::/32"),
        ] {
            assert!(!wider(one, other), "{one} {other}");
        }
    }
}
