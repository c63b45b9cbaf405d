//! The calls of the kernel that change files, and which of their arguments name the file.

use libc::c_long;

/// Where a call names its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    /// An open file in this argument.
    Open(usize),
    /// A path in this argument, relative to the working folder.
    Path(usize),
    /// A folder in this argument, and a path in the next.
    At(usize),
}

/// What a call does, as far as faults differ by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Opens, and creates if the flags in this argument say so.
    Open(usize),
    /// Writes the number of bytes in this argument.
    Write(usize),
    /// Needs space: creates, renames, syncs.
    Grow,
    /// Frees space or needs none.
    Shrink,
    /// Changes nothing on the disk; only a kill can happen there.
    Lock,
}

/// A call that changes files.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) number: c_long,
    pub(crate) name: &'static str,
    pub(crate) names: Names,
    pub(crate) effect: Effect,
}

const fn call(number: c_long, name: &'static str, names: Names, effect: Effect) -> Call {
    Call { number, name, names, effect }
}

/// All calls that change files.
pub(crate) const CALLS: &[Call] = &[
    call(libc::SYS_open, "open", Names::Path(0), Effect::Open(1)),
    call(libc::SYS_openat, "open", Names::At(0), Effect::Open(2)),
    call(libc::SYS_creat, "open", Names::Path(0), Effect::Grow),
    call(libc::SYS_write, "write", Names::Open(0), Effect::Write(2)),
    call(libc::SYS_pwrite64, "write", Names::Open(0), Effect::Write(2)),
    call(libc::SYS_writev, "writev", Names::Open(0), Effect::Grow),
    call(libc::SYS_pwritev, "writev", Names::Open(0), Effect::Grow),
    call(libc::SYS_copy_file_range, "copy", Names::Open(2), Effect::Write(4)),
    call(libc::SYS_sendfile, "copy", Names::Open(0), Effect::Write(3)),
    call(libc::SYS_fallocate, "fallocate", Names::Open(0), Effect::Grow),
    call(libc::SYS_rename, "rename", Names::Path(1), Effect::Grow),
    call(libc::SYS_renameat, "rename", Names::At(2), Effect::Grow),
    call(libc::SYS_renameat2, "rename", Names::At(2), Effect::Grow),
    call(libc::SYS_link, "link", Names::Path(1), Effect::Grow),
    call(libc::SYS_linkat, "link", Names::At(2), Effect::Grow),
    call(libc::SYS_symlink, "symlink", Names::Path(1), Effect::Grow),
    call(libc::SYS_symlinkat, "symlink", Names::At(1), Effect::Grow),
    call(libc::SYS_mkdir, "mkdir", Names::Path(0), Effect::Grow),
    call(libc::SYS_mkdirat, "mkdir", Names::At(0), Effect::Grow),
    call(libc::SYS_fsync, "fsync", Names::Open(0), Effect::Grow),
    call(libc::SYS_fdatasync, "fsync", Names::Open(0), Effect::Grow),
    call(libc::SYS_truncate, "truncate", Names::Path(0), Effect::Shrink),
    call(libc::SYS_ftruncate, "truncate", Names::Open(0), Effect::Shrink),
    call(libc::SYS_unlink, "unlink", Names::Path(0), Effect::Shrink),
    call(libc::SYS_unlinkat, "unlink", Names::At(0), Effect::Shrink),
    call(libc::SYS_rmdir, "rmdir", Names::Path(0), Effect::Shrink),
    call(libc::SYS_chmod, "chmod", Names::Path(0), Effect::Shrink),
    call(libc::SYS_fchmod, "chmod", Names::Open(0), Effect::Shrink),
    call(libc::SYS_fchmodat, "chmod", Names::At(0), Effect::Shrink),
    call(libc::SYS_flock, "lock", Names::Open(0), Effect::Lock),
];
