//! The limits under which a workspace's modules run.

use std::num::NonZeroU64;
use std::time::Duration;

use crate::config::Workspace;
use crate::engine::Limits;

/// Returns the default limits with what the workspace changes.
pub fn limits(workspace: &Workspace) -> Limits {
    let mut limits = Limits::default();
    let set = workspace.limits();
    let bytes = |mib: NonZeroU64| mib.get().saturating_mul(1 << 20);
    let size = |mib: NonZeroU64| usize::try_from(bytes(mib)).unwrap_or(usize::MAX);
    let time = |seconds: NonZeroU64| Duration::from_secs(seconds.get());
    limits.fuel = set.fuel.map_or(limits.fuel, NonZeroU64::get);
    limits.deadline = set.seconds.map_or(limits.deadline, time);
    limits.memory = set.memory_mib.map_or(limits.memory, size);
    limits.output = set.output_mib.map_or(limits.output, size);
    limits.compile_time = set.compile_seconds.map_or(limits.compile_time, time);
    limits.compile_memory = set.compile_memory_mib.map_or(limits.compile_memory, bytes);
    limits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::WorkspaceName;
    use crate::source::SourceFile;

    #[test]
    fn a_workspace_changes_only_the_limits_it_names() {
        let file = SourceFile::new("dev.yaml", "limits: {fuel: 7, memoryMiB: 2}\n");
        let name = WorkspaceName::parse("dev").unwrap();
        let workspace = Workspace::parse(name, &file, None).unwrap();
        let expected = Limits { fuel: 7, memory: 2 << 20, ..Limits::default() };
        assert_eq!(limits(&workspace), expected);
    }
}
