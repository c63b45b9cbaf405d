//! Whose certificates a policy accepts.

/// Somebody whom an identity provider knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The provider; compared as a whole.
    pub issuer: String,
    /// The name that it gives.
    pub subject: Subject,
}

/// A name, or the beginning of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// This name and no other.
    Exact(String),
    /// All names that begin so. The beginning ends with a `/`, or the name goes on with `/`, `@`, `?` or `#`, so that
    /// `https://github.com/acme` does not stand for `https://github.com/acme-evil`.
    Prefix(String),
}

/// What may follow a beginning that does not end with such a character itself.
const BOUNDARIES: [char; 4] = ['/', '@', '?', '#'];

impl Identity {
    /// Returns whether a certificate with these names is one of whom it describes.
    pub fn admits(&self, issuer: &str, subject: &str) -> bool {
        self.issuer == issuer && self.subject.admits(subject)
    }
}

impl Subject {
    fn admits(&self, subject: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == subject,
            Self::Prefix(prefix) if prefix.is_empty() => false,
            Self::Prefix(prefix) => subject.strip_prefix(prefix.as_str()).is_some_and(|rest| {
                rest.is_empty() || prefix.ends_with(BOUNDARIES) || rest.starts_with(BOUNDARIES)
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_ends_at_a_boundary() {
        let admits = |prefix: &str, subject: &str| {
            let subject_rule = Subject::Prefix(prefix.to_owned());
            Identity { issuer: "https://i".to_owned(), subject: subject_rule }
                .admits("https://i", subject)
        };
        let acme = "https://github.com/acme";
        for good in ["", "/", "/modules/w.yaml@refs/heads/main", "@v1", "?x", "#x"] {
            assert!(admits(acme, &format!("{acme}{good}")), "{good}");
        }
        for bad in ["-evil", "-evil/modules", ".evil/x", "x"] {
            assert!(!admits(acme, &format!("{acme}{bad}")), "{bad}");
        }
        assert!(admits("https://github.com/acme/", "https://github.com/acme/x"));
        assert!(!admits("https://github.com/acme/", acme));
        assert!(!admits("", acme));
    }

    #[test]
    fn the_issuer_is_compared_as_a_whole() {
        let ada = Identity {
            issuer: "https://login.example.com".to_owned(),
            subject: Subject::Exact("ada@example.com".to_owned()),
        };
        assert!(ada.admits("https://login.example.com", "ada@example.com"));
        for (issuer, subject) in [
            ("https://login.example.com/", "ada@example.com"),
            ("https://login.example.com.evil", "ada@example.com"),
            ("", "ada@example.com"),
            ("https://login.example.com", "ada@example.com.evil"),
            ("https://login.example.com", "Ada@example.com"),
        ] {
            assert!(!ada.admits(issuer, subject), "{issuer} {subject}");
        }
    }
}
