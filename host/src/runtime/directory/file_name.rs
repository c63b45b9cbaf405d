//! The name of a resource's file: readable, and never the same for two resources.
//!
//! `apps/v1:Deployment:shop:shop-dev-shop` becomes `apps+v1_Deployment_shop_shop-dev-shop.yaml`: `:` is
//! written `_`, `/` is written `+`, and everything but letters, digits, `.` and `-` as `%` and two
//! hexadecimal digits per byte. Capital letters are escaped as well, except in the second part, the kind,
//! so that two names never differ in case only. What would be too long for a file system is cut, and
//! `%%` and a hash of the id follow.

use std::fmt::Write as _;

use crate::spec::ResourceId;

/// The longest file name without extension; file systems allow 255 bytes, and extensions need some.
const MAX_LENGTH: usize = 200;
/// How much of a longer name stays readable.
const CUT_LENGTH: usize = 150;
/// How many hexadecimal digits of the hash follow.
const HASH_LENGTH: usize = 32;

/// Returns the name of a resource's file.
pub(super) fn file_name(id: &ResourceId) -> String {
    let mut name = String::new();
    let mut part = 0;
    for byte in id.as_str().bytes() {
        match byte {
            b':' => {
                part += 1;
                name.push('_');
            }
            b'/' => name.push('+'),
            b'.' if name.is_empty() => name.push_str("%2e"),
            b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' => name.push(char::from(byte)),
            b'A'..=b'Z' if part == 1 => name.push(char::from(byte)),
            other => {
                let _infallible = write!(name, "%{other:02x}");
            }
        }
    }
    if name.len() > MAX_LENGTH {
        name.truncate(CUT_LENGTH);
        name.push_str("%%");
        name.extend(blake3::hash(id.as_str().as_bytes()).to_hex().chars().take(HASH_LENGTH));
    }
    name.push_str(".yaml");
    name
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn name(id: &str) -> String {
        file_name(&ResourceId::parse(id).unwrap())
    }

    #[test]
    fn names_are_readable_and_stay_in_their_folder() {
        let cases = [
            ("v1:Namespace:shop", "v1_Namespace_shop.yaml"),
            ("apps/v1:Deployment:shop:web", "apps+v1_Deployment_shop_web.yaml"),
            (
                "rbac.authorization.k8s.io/v1:Role:shop:system:Foo",
                "rbac.authorization.k8s.io+v1_Role_shop_system_%46oo.yaml",
            ),
            ("../../etc/passwd", "%2e.+..+etc+passwd.yaml"),
            (".hidden", "%2ehidden.yaml"),
            ("a_b+c%d", "a%5fb%2bc%25d.yaml"),
            ("ä", "%c3%a4.yaml"),
        ];
        for (id, expected) in cases {
            assert_eq!(name(id), expected);
        }
    }

    #[test]
    fn different_ids_have_different_names_in_any_case() {
        let long = "x".repeat(900);
        let ids = [
            "a:b",
            "a_b",
            "a/b",
            "a+b",
            "a%5fb",
            "a:B",
            "A:b",
            "a:b:c",
            "a:b:C",
            "a.b",
            "a:b.yaml",
            &format!("v1:ConfigMap:{long}1"),
            &format!("v1:ConfigMap:{long}2"),
        ];
        let names: BTreeSet<String> = ids.iter().map(|id| name(id).to_lowercase()).collect();
        // Kinds keep their capitals, and no API has two kinds that differ in case only.
        assert_eq!(names.len(), ids.len() - 1, "{names:?}");
        assert!(names.iter().all(|name| name.len() <= MAX_LENGTH), "{names:?}");
    }
}
