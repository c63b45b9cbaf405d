//! One entry of the cache: compiled code, what is known of its component, and a seal over both.
//!
//! ```text
//! code | facts (JSON) | length of the facts (8 bytes) | seal (32 bytes)
//! ```
//!
//! The code comes first because it is mapped as it lies in the file.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::fd::AsRawFd as _;
use std::path::PathBuf;

use fs_err::File;

use crate::engine::cache::Facts;

const SEAL: usize = blake3::OUT_LEN;
const LENGTH: usize = size_of::<u64>();
/// Bytes that are hashed at once: they stay in the processor's own cache.
const CHUNK: usize = 64 << 10;

/// A sound entry.
#[derive(Debug)]
pub(in crate::engine) struct Entry {
    file: File,
    code: u64,
    facts: Option<Facts>,
}

impl Entry {
    /// Returns what follows the code in an entry that nobody can take for one of another name.
    pub(super) fn trailer(name: [&str; 2], code: &[u8], facts: Option<&Facts>) -> Vec<u8> {
        // Facts that cannot be written are found out again.
        let facts = facts.and_then(|facts| serde_json::to_vec(facts).ok()).unwrap_or_default();
        let mut seal = Seal::new(name);
        seal.part(code);
        seal.part(&facts);
        let length = length(&facts).to_le_bytes();
        [&facts, length.as_slice(), seal.0.finalize().as_bytes()].concat()
    }

    /// Checks a file; `None` if it is not what was written under this name.
    pub(super) fn open(name: [&str; 2], mut file: File) -> Option<Self> {
        let end = file.metadata().ok()?.len().checked_sub((LENGTH + SEAL) as u64)?;
        file.seek(SeekFrom::Start(end)).ok()?;
        let (mut length, mut expected) = ([0; LENGTH], [0; SEAL]);
        file.read_exact(&mut length).and_then(|()| file.read_exact(&mut expected)).ok()?;
        let length = u64::from_le_bytes(length);
        let code = end.checked_sub(length)?;

        let mut seal = Seal::new(name);
        file.seek(SeekFrom::Start(0)).ok()?;
        seal.stream(&mut file, code)?;
        let mut facts = vec![0; usize::try_from(length).ok()?];
        file.read_exact(&mut facts).ok()?;
        seal.part(&facts);
        if seal.0.finalize() != expected {
            return None;
        }
        Some(Self { file, code, facts: serde_json::from_slice(&facts).ok() })
    }

    /// Takes what is known of the component.
    pub(in crate::engine) fn take_facts(&mut self) -> Option<Facts> {
        self.facts.take()
    }

    /// Returns a path that leads to the file that was checked, whatever happens to its name meanwhile.
    pub(in crate::engine) fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.file.as_raw_fd()))
    }

    /// Reads the code, for where it cannot be mapped.
    pub(in crate::engine) fn code(mut self) -> Option<Vec<u8>> {
        let mut code = vec![0; usize::try_from(self.code).ok()?];
        self.file.seek(SeekFrom::Start(0)).ok()?;
        self.file.read_exact(&mut code).ok()?;
        Some(code)
    }
}

/// Hashes parts so that none can be taken for the beginning of the next.
struct Seal(blake3::Hasher);

impl Seal {
    fn new(name: [&str; 2]) -> Self {
        let mut seal = Self(blake3::Hasher::new());
        name.iter().for_each(|part| seal.part(part.as_bytes()));
        seal
    }

    fn part(&mut self, bytes: &[u8]) {
        self.0.update(&length(bytes).to_le_bytes());
        self.0.update(bytes);
    }

    /// Hashes a part that is read on the way.
    fn stream(&mut self, file: &mut File, length: u64) -> Option<()> {
        self.0.update(&length.to_le_bytes());
        let mut chunk = vec![0; CHUNK];
        let mut left = length;
        while left > 0 {
            let size = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
            let chunk = chunk.get_mut(..size)?;
            file.read_exact(chunk).ok()?;
            self.0.update(chunk);
            left -= size as u64;
        }
        Some(())
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
