//! The limits under which a workspace's modules run.

use std::num::NonZeroU64;
use std::time::Duration;

use crate::config::Workspace;
use crate::engine::Limits;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// Returns the default limits with what the workspace changes.
pub fn limits(workspace: &Workspace) -> Limits {
    let mut limits = Limits::default();
    let set = workspace.limits();
    let times = |unit: u64| move |count: NonZeroU64| count.get().saturating_mul(unit);
    let size = |unit: u64| {
        move |count: NonZeroU64| usize::try_from(times(unit)(count)).unwrap_or(usize::MAX)
    };
    let time = |seconds: NonZeroU64| Duration::from_secs(seconds.get());
    limits.fuel = set.fuel.map_or(limits.fuel, NonZeroU64::get);
    limits.deadline = set.seconds.map_or(limits.deadline, time);
    limits.memory = set.memory_mib.map_or(limits.memory, size(MIB));
    limits.output = set.output_mib.map_or(limits.output, size(MIB));
    limits.table_elements = set.table_elements.map_or(limits.table_elements, size(1));
    limits.instances = set.instances.map_or(limits.instances, size(1));
    limits.handles = set.handles.map_or(limits.handles, size(1));
    limits.log_lines = set.log_lines.map_or(limits.log_lines, size(1));
    limits.log_bytes = set.log_kib.map_or(limits.log_bytes, size(KIB));
    limits.component_size = set.component_mib.map_or(limits.component_size, size(MIB));
    limits.expanded_instances =
        set.expanded_instances.map_or(limits.expanded_instances, NonZeroU64::get);
    limits.compile_time = set.compile_seconds.map_or(limits.compile_time, time);
    limits.compile_memory = set.compile_memory_mib.map_or(limits.compile_memory, times(MIB));
    limits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::WorkspaceName;
    use crate::source::SourceFile;

    fn limits_of(text: &str) -> Limits {
        let file = SourceFile::new("dev.yaml", text);
        let name = WorkspaceName::parse("dev").unwrap();
        limits(&Workspace::parse(name, &file, None).unwrap())
    }

    #[test]
    fn a_workspace_changes_only_the_limits_it_names() {
        let expected = Limits { fuel: 7, memory: 2 << 20, ..Limits::default() };
        assert_eq!(limits_of("limits: {fuel: 7, memoryMiB: 2}\n"), expected);
        assert_eq!(limits_of("{}\n"), Limits::default());
    }

    #[test]
    fn every_limit_can_be_changed() {
        let text = "limits: {fuel: 1, seconds: 2, memoryMiB: 3, outputMiB: 4, tableElements: 5, \
                    instances: 6, handles: 7, logLines: 8, logKiB: 9, componentMiB: 10, \
                    expandedInstances: 11, compileSeconds: 12, compileMemoryMiB: 13}\n";
        // Named one by one, so that a new limit is not forgotten.
        let Limits {
            fuel,
            deadline,
            memory,
            output,
            table_elements,
            instances,
            log_lines,
            log_bytes,
            handles,
            component_size,
            expanded_instances,
            compile_time,
            compile_memory,
        } = limits_of(text);
        assert_eq!((fuel, deadline.as_secs(), memory, output), (1, 2, 3 << 20, 4 << 20));
        assert_eq!((table_elements, instances, handles), (5, 6, 7));
        assert_eq!((log_lines, log_bytes), (8, 9 << 10));
        assert_eq!((component_size, expanded_instances), (10 << 20, 11));
        assert_eq!((compile_time.as_secs(), compile_memory), (12, 13 << 20));
    }
}
