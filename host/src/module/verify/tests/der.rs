//! Enough DER to write certificates for tests.

/// The tags that are used.
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

pub(super) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = vec![tag];
    match length {
        0..128 => out.push(length as u8),
        128..256 => out.extend([0x81, length as u8]),
        _ => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    out.extend(content);
    out
}

pub(super) fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(SEQUENCE, &parts.concat())
}

/// An identifier of small numbers.
pub(super) fn oid(numbers: &[u32]) -> Vec<u8> {
    let mut content = vec![(numbers[0] * 40 + numbers[1]) as u8];
    for number in &numbers[2..] {
        let mut groups = vec![(number & 0x7f) as u8];
        let mut rest = number >> 7;
        while rest > 0 {
            groups.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        content.extend(groups.iter().rev());
    }
    tlv(0x06, &content)
}

pub(super) fn octets(content: &[u8]) -> Vec<u8> {
    tlv(0x04, content)
}

pub(super) fn bits(content: &[u8]) -> Vec<u8> {
    tlv(0x03, &[&[0], content].concat())
}

/// A name with nothing but a common name.
pub(super) fn name(common: &str) -> Vec<u8> {
    let pair = sequence(&[oid(&[2, 5, 4, 3]), tlv(0x0c, common.as_bytes())]);
    sequence(&[tlv(SET, &pair)])
}

/// A moment, in seconds since 1970.
pub(super) fn time(seconds: i64) -> Vec<u8> {
    let moment = jiff::Timestamp::from_second(seconds).unwrap();
    tlv(0x17, moment.strftime("%y%m%d%H%M%SZ").to_string().as_bytes())
}

pub(super) fn extension(id: &[u32], is_critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if is_critical { tlv(0x01, &[0xff]) } else { Vec::new() };
    sequence(&[oid(id), critical, octets(value)])
}
