//! What one run of a target is fed with, named so that it can be made again.

use std::fmt;
use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::mutate;
use crate::random::Random;
use crate::targets::Target;

/// One input of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Case {
    /// A file.
    File(PathBuf),
    /// A generated input that is large rather than strange, by its position.
    Large(usize),
    /// The corpus, changed at random.
    Random { seed: u64, number: u64 },
}

impl Case {
    /// Makes the input.
    pub fn input(&self, target: &Target, corpus: &[Vec<u8>]) -> Vec<u8> {
        match self {
            Self::File(path) => fs::read(path).unwrap(),
            Self::Large(number) => (target.large)().swap_remove(*number).1,
            Self::Random { seed, number } => {
                mutate::mutate(corpus, &mut Random::of_case(*seed, target.name, *number))
            }
        }
    }

    /// Reads what [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let number = |text: &str| text.parse::<u64>().ok();
        match text.split_once(':')? {
            ("file", path) => Some(Self::File(PathBuf::from(path))),
            ("large", at) => Some(Self::Large(number(at)?.try_into().ok()?)),
            (seed, at) => Some(Self::Random { seed: number(seed)?, number: number(at)? }),
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Large(number) => write!(f, "large:{number}"),
            Self::Random { seed, number } => write!(f, "{seed}:{number}"),
        }
    }
}

/// Returns the files of a target's corpus, sorted.
pub fn corpus_files(target: &Target) -> Vec<PathBuf> {
    let folder = corpus_folder(target.name);
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Returns where a target's corpus is.
pub fn corpus_folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target)
}

/// Reads a target's corpus.
pub fn corpus(target: &Target) -> Vec<Vec<u8>> {
    corpus_files(target).iter().map(|path| fs::read(path).unwrap()).collect()
}
