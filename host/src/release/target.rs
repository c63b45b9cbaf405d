//! Where releases go.

/// A target: what it is called, and what it is.
///
/// A name alone can mislead. One cluster has many addresses, and one address can lead to another cluster tomorrow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetRecord {
    /// What it is called, in words.
    pub name: String,
    /// What it is, if it says so to whoever goes there.
    pub id: Option<String>,
}

impl TargetRecord {
    /// Says whether two are the same place, as far as can be told. Without an id on both sides the name decides, as it
    /// does for records of versions that knew no ids.
    pub fn is(&self, other: &Self) -> bool {
        match (&self.id, &other.id) {
            (Some(one), Some(other)) => one == other,
            _ => self.name == other.name,
        }
    }

    /// Says whether whoever finds this finds the other, too: what is known of this place is then all that is known of
    /// the other.
    pub(super) fn replaces(&self, other: &Self) -> bool {
        self.is(other) && (self.id.is_some() || other.id.is_none())
    }

    /// Names it for whoever goes to another one now.
    pub fn name_beside(&self, here: &Self) -> String {
        if self.name == here.name {
            format!("another target of the same name, {}", self.name)
        } else {
            self.name.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(name: &str, id: &str) -> TargetRecord {
        let id = Some(id.to_owned()).filter(|id| !id.is_empty());
        TargetRecord { name: name.to_owned(), id }
    }

    #[test]
    fn what_a_target_is_counts_more_than_its_name() {
        let cases = [
            (target("a", "1"), target("b", "1"), true),
            (target("a", "1"), target("a", "2"), false),
            (target("a", ""), target("a", "2"), true),
            (target("a", ""), target("b", "2"), false),
            (target("a", ""), target("a", ""), true),
        ];
        for (one, other, expected) in cases {
            assert_eq!((one.is(&other), other.is(&one)), (expected, expected), "{one:?} {other:?}");
        }
    }

    #[test]
    fn a_record_that_knows_less_replaces_none_that_knows_more() {
        assert!(target("a", "1").replaces(&target("a", "")));
        assert!(target("b", "1").replaces(&target("a", "1")));
        assert!(!target("a", "").replaces(&target("a", "1")));
        assert!(!target("b", "").replaces(&target("a", "")));
    }

    #[test]
    fn two_of_one_name_are_told_apart() {
        assert_eq!(target("a", "1").name_beside(&target("b", "2")), "a");
        assert_eq!(
            target("a", "1").name_beside(&target("a", "2")),
            "another target of the same name, a"
        );
    }
}
