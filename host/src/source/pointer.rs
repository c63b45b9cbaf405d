//! JSON Pointers (RFC 6901), the address by which schemas and modules name a part of a value.

use std::borrow::Cow;

/// Writes a map key as one token of a JSON Pointer.
pub fn escape_token(key: &str) -> Cow<'_, str> {
    if key.contains(['~', '/']) {
        Cow::Owned(key.replace('~', "~0").replace('/', "~1"))
    } else {
        Cow::Borrowed(key)
    }
}

/// Returns the unescaped tokens of a pointer; a missing leading slash is forgiven.
pub(crate) fn tokens(pointer: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let rest = pointer.strip_prefix('/').unwrap_or(pointer);
    let present = !pointer.is_empty();
    rest.split('/').filter(move |_| present).map(|token| {
        if token.contains('~') {
            Cow::Owned(token.replace("~1", "/").replace("~0", "~"))
        } else {
            Cow::Borrowed(token)
        }
    })
}

/// Reads a token as an index of a list: digits without a leading zero.
pub(super) fn index(token: &str) -> Option<usize> {
    let canonical = token == "0" || !token.starts_with('0');
    (canonical && token.bytes().all(|byte| byte.is_ascii_digit())).then(|| token.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_in_the_right_order() {
        for key in ["plain", "a/b", "a~b", "~1", "~01", ""] {
            let pointer = format!("/{}", escape_token(key));
            assert_eq!(tokens(&pointer).collect::<Vec<_>>(), [key]);
        }
        assert_eq!(tokens("").count(), 0);
        assert_eq!(tokens("/").collect::<Vec<_>>(), [""]);
    }

    #[test]
    fn an_index_is_canonical_digits() {
        assert_eq!(index("0"), Some(0));
        assert_eq!(index("12"), Some(12));
        for bad in ["", "01", "-1", "+1", "a", "99999999999999999999999"] {
            assert_eq!(index(bad), None, "{bad:?}");
        }
    }
}
