//! What can go wrong, and what a run tells.

use std::fmt;
use std::path::PathBuf;
use std::process::Output;

/// What goes wrong, and at which point, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The program is killed; the point's call is not made.
    KillBefore(usize),
    /// The program is killed once the point's call was made.
    KillAfter(usize),
    /// A write writes half of its bytes, then the program is killed. Other calls are made whole.
    Tear(usize),
    /// The point's call and all later ones fail.
    Refuse(usize, Refusal),
    /// From the N-th look at the clock on, it shows this many seconds more.
    Clock(usize, i64),
}

/// Where a program is stopped once, and what happens until it goes on.
pub struct Stop<'a> {
    /// Says whether this is the change before which it is stopped.
    pub at: &'a mut (dyn FnMut(&Point) -> bool + Send),
    /// Is called with the number of the process while the thread that makes the change stands still.
    pub meanwhile: &'a mut (dyn FnMut(u32) + Send),
}

/// How the file system refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The disk is full: nothing grows, and removing still works.
    Full,
    /// The file system can only be read.
    ReadOnly,
    /// The rights are missing.
    Denied,
    /// The disk is broken.
    Broken,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KillBefore(at) => write!(f, "killed before point {at}"),
            Self::KillAfter(at) => write!(f, "killed after point {at}"),
            Self::Tear(at) => write!(f, "killed in the middle of point {at}"),
            Self::Refuse(at, refusal) => write!(f, "{refusal:?} from point {at} on"),
            Self::Clock(at, by) => write!(f, "clock {by:+} s from look {at} on"),
        }
    }
}

/// A call that changes a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// The call's name.
    pub call: &'static str,
    /// The file or folder.
    pub path: PathBuf,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.call, self.path.display())
    }
}

/// What a run did.
#[derive(Debug)]
pub struct Run {
    /// The end of the program and what it printed.
    pub output: Output,
    /// The calls that changed files, in order. Of threads, whichever came first.
    pub points: Vec<Point>,
    /// How often the program looked at the clock; 0 unless the fault is one of the clock.
    pub looks: usize,
    /// Whether the fault came to pass.
    pub hit: bool,
}
