//! The account that the app uses, and what the place where the database runs asks of its name.

/// The accounts of one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// The account if the platform names none.
    pub default: &'static str,
    /// The most characters that the place takes.
    pub longest: usize,
    /// What else the place takes beside letters, digits and `_`.
    pub more: &'static str,
    /// Whether the place takes lower-case letters only.
    pub is_lower_case: bool,
    /// How no name may begin.
    pub reserved_prefix: Option<&'static str>,
}

impl Account {
    /// Says what is wrong with a name.
    pub(crate) fn problem(&self, name: &str) -> Option<String> {
        if name.is_empty() {
            return Some("must not be empty".to_owned());
        }
        if let Some(prefix) = self.reserved_prefix.filter(|prefix| name.starts_with(prefix)) {
            return Some(format!(
                "must not begin with `{prefix}`, which the server keeps for itself"
            ));
        }
        let allowed = |c: char| {
            let is_letter =
                c.is_ascii_lowercase() || (!self.is_lower_case && c.is_ascii_uppercase());
            is_letter || c.is_ascii_digit() || c == '_' || self.more.contains(c)
        };
        let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
        let ends = name.ends_with(|c: char| c.is_ascii_alphanumeric() || !self.is_lower_case);
        if begins && ends && name.chars().all(allowed) && name.len() <= self.longest {
            return None;
        }
        let letters = if self.is_lower_case { "lower-case letters" } else { "letters" };
        let mut message = format!("must consist of {letters}, digits");
        for more in self.more.chars() {
            message.push_str(&format!(", `{more}`"));
        }
        message.push_str(" and `_`, begin with a letter");
        if self.is_lower_case {
            message.push_str(", end with a letter or digit");
        }
        message.push_str(&format!(" and have at most {} characters", self.longest));
        Some(message)
    }
}
