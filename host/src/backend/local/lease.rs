//! The lease of the local backend: a lock of the operating system says who is alive.
//!
//! The lock is on an empty file that stays; who holds it stands in a second file that is replaced
//! whole, so the generation survives a crash at any point.

use std::fs::TryLockError;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Record, lock};
use crate::backend::{BackendError, Holder, Lease};
use crate::files::{self, PRIVATE};

/// A holder writes its name right after it got the lock; who comes in between looks again.
const LOOKS: usize = 5;
const PAUSE: Duration = Duration::from_millis(10);

/// What the lease file says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Claim {
    generation: u64,
    holder: Holder,
}

/// A lease on this machine.
#[derive(Debug)]
pub(super) struct LocalLease {
    record: Record,
    lock: fs_err::File,
    generation: u64,
}

impl LocalLease {
    pub(super) fn take(record: Record, holder: Holder) -> Result<Self, BackendError> {
        let lock = lock::open(&record.beside("lock")).map_err(|error| record.write_error(error))?;
        let mut looks = 0;
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(record.write_error(error)),
                Err(TryLockError::WouldBlock) => {
                    let holder = read(&record)?.map(|claim| Box::new(claim.holder));
                    looks += 1;
                    if holder.is_some() || looks == LOOKS {
                        return Err(BackendError::Held { key: record.key, holder });
                    }
                    std::thread::sleep(PAUSE);
                }
            }
        }
        let generation = read(&record)?.map_or(0, |claim| claim.generation) + 1;
        let claim = serde_json::to_vec(&Claim { generation, holder });
        claim
            .map_err(std::io::Error::from)
            .and_then(|claim| files::write_atomic(&record.beside("lease"), &claim, PRIVATE))
            .and_then(|()| files::sweep(record.folder()))
            .and_then(|()| files::sweep(&record.path))
            .map_err(|error| record.write_error(error))?;
        Ok(Self { record, lock, generation })
    }
}

/// Reads who holds or last held the lease; a file of another shape is as good as none.
fn read(record: &Record) -> Result<Option<Claim>, BackendError> {
    match fs_err::read(record.beside("lease")) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(record.read_error(error)),
    }
}

impl Lease for LocalLease {
    fn generation(&self) -> u64 {
        self.generation
    }

    fn still_held(&self) -> Result<(), BackendError> {
        let lost = |holder| BackendError::Lost { key: self.record.key.clone(), holder };
        let ours = self.lock.metadata().map_err(|error| self.record.read_error(error))?;
        // Somebody may have removed the file: then the next one locks another file of the same name.
        let present = fs_err::metadata(self.record.beside("lock")).map_err(|_| lost(None))?;
        let claim = read(&self.record)?.ok_or_else(|| lost(None))?;
        if claim.generation != self.generation {
            return Err(lost(Some(Box::new(claim.holder))));
        }
        if (ours.dev(), ours.ino()) != (present.dev(), present.ino()) {
            return Err(lost(None));
        }
        Ok(())
    }
}
