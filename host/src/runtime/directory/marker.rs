//! The first line of a file we manage: whose it is and what it holds.

use std::fmt;

use crate::name::{ProjectName, StackName, WorkspaceName};
use crate::runtime::Owner;
use crate::spec::ResourceId;

const PREFIX: &str = "# Managed by kusion: ";

/// Says whether a file is, or begins like, one that we manage, whoever's it is.
pub fn is_managed(content: &[u8]) -> bool {
    content.starts_with(PREFIX.as_bytes())
}

/// Marks a file as managed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marker {
    pub(super) owner: Owner,
    pub(super) id: ResourceId,
}

impl Marker {
    /// Reads the first line of a file; anything but a whole marker is none.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut fields = text.lines().next()?.strip_prefix(PREFIX)?.split(' ');
        let mut field = |name: &str| fields.next()?.strip_prefix(name)?.strip_prefix('=');
        let marker = Self {
            owner: Owner {
                project: ProjectName::parse(field("project")?).ok()?,
                stack: StackName::parse(field("stack")?).ok()?,
                workspace: WorkspaceName::parse(field("workspace")?).ok()?,
            },
            id: ResourceId::parse(field("id")?).ok()?,
        };
        fields.next().is_none().then_some(marker)
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { owner: Owner { project, stack, workspace }, id } = self;
        write!(f, "{PREFIX}project={project} stack={stack} workspace={workspace} id={id}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str =
        "# Managed by kusion: project=shop stack=dev workspace=test id=v1:Namespace:a=b";

    #[test]
    fn a_marker_is_read_as_it_was_written() {
        let marker = Marker::read(&format!("{LINE}\r\nkind: Namespace\n")).unwrap();
        assert_eq!(marker.to_string(), LINE);
        assert_eq!(marker.owner.to_string(), "stack `dev` of project `shop` in workspace `test`");
    }

    #[test]
    fn anything_else_is_no_marker() {
        let longer = format!("{LINE} more");
        let second = format!("\n{LINE}");
        for text in ["", "kind: x", "# Managed by kusion: project=shop", &longer, &second] {
            assert_eq!(Marker::read(text), None, "{text}");
        }
    }

    #[test]
    fn what_begins_like_a_managed_file_is_taken_for_one() {
        for (text, managed) in [
            (LINE, true),
            ("# Managed by kusion: project=", true),
            ("# Managed by", false),
            ("", false),
        ] {
            assert_eq!(is_managed(text.as_bytes()), managed, "{text}");
        }
    }
}
