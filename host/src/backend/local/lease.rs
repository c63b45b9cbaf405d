//! The lease of the local backend: a lock of the operating system says who is alive.
//!
//! The lock is on an empty file that stays; who holds it stands in a second file that is replaced
//! whole, so the generation survives a crash at any point.

use std::fs::TryLockError;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

use super::{LocalBackend, Record, lock};
use crate::backend::{BackendError, Expected, Holder, Key, Lease, Tag};
use crate::files::{self, PRIVATE, blocking};

/// The version of the lease file that this library writes, and the newest it reads.
const FORMAT_VERSION: u64 = 1;
/// The largest lease file that is read, in bytes; ours has some hundred.
const MAX_CLAIM: u64 = 64 << 10;
/// A holder writes its name right after it got the lock; who comes in between looks again, for two seconds
/// at most, because a busy disk takes its time.
const LOOKS: usize = 200;
const PAUSE: Duration = Duration::from_millis(10);

/// What the lease file says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Claim {
    #[serde(default = "first_version")]
    format_version: u64,
    generation: u64,
    holder: Holder,
    /// Absent in files of versions that had none.
    #[serde(default)]
    identity: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    #[serde(default = "first_version")]
    format_version: u64,
}

/// The version of files that do not say any.
fn first_version() -> u64 {
    1
}

/// A lease on this machine. A write that is under way keeps it, so that nobody takes it meanwhile.
#[derive(Debug)]
pub(super) struct LocalLease {
    held: Arc<Held>,
}

#[derive(Debug)]
struct Held {
    backend: LocalBackend,
    record: Record,
    lock: fs_err::File,
    claim: Claim,
}

impl LocalLease {
    pub(super) fn take(
        backend: LocalBackend,
        key: &Key,
        holder: Holder,
    ) -> Result<Self, BackendError> {
        let record = backend.record(key);
        let lock = take_lock(&record, &holder)?;
        // No write of an earlier holder is under way from here on, and none begins once the claim stands.
        let _fence = lock::folder(&record, &record.path)?;
        // A number that cannot grow is not ours, and the file as good as none.
        let (next, known) = match read(&record)? {
            Some(claim) => (claim.generation.checked_add(1), claim.identity),
            None => (None, String::new()),
        };
        let generation = next.unwrap_or(1);
        let identity = if known.is_empty() { first_identity(&record, &holder) } else { known };
        let claim = Claim { format_version: FORMAT_VERSION, generation, holder, identity };
        serde_json::to_vec(&claim)
            .map_err(std::io::Error::from)
            .and_then(|claim| files::write_atomic(&record.beside("lease"), &claim, PRIVATE))
            .map_err(|error| record.write_error(error))?;
        for folder in backend.folders_of(key) {
            files::sweep(&folder).map_err(|error| record.write_error(error))?;
        }
        Ok(Self { held: Arc::new(Held { backend, record, lock, claim }) })
    }
}

/// Names a lease by its first holder, whose process and time no other one has.
fn first_identity(record: &Record, holder: &Holder) -> String {
    let Holder { who, pid, since, .. } = holder;
    let text = format!("{who}\n{pid}\n{since}\n{}", record.path.display());
    blake3::hash(text.as_bytes()).to_hex().chars().take(16).collect()
}

fn take_lock(record: &Record, ours: &Holder) -> Result<fs_err::File, BackendError> {
    let lock = lock::open(&record.beside("lock")).map_err(|error| record.write_error(error))?;
    let mut looks = 0;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::Error(error)) => return Err(record.write_error(error)),
            Err(TryLockError::WouldBlock) => {
                let holder = read(record)?.map(|claim| Box::new(claim.holder));
                looks += 1;
                // Until the new holder has written its name, the one before stands there.
                let holder = holder.filter(|holder| may_live(holder, ours));
                if holder.is_some() || looks == LOOKS {
                    return Err(BackendError::Held { key: record.key.clone(), holder });
                }
                std::thread::sleep(PAUSE);
            }
        }
    }
}

/// Returns whether a holder can be alive: a process of another machine always can.
pub(super) fn may_live(holder: &Holder, ours: &Holder) -> bool {
    let host = |holder: &Holder| holder.who.rsplit_once('@').map(|(_, host)| host.to_owned());
    let process = i32::try_from(holder.pid).ok().and_then(Pid::from_raw);
    let Some(process) = process.filter(|_| host(holder) == host(ours)) else { return true };
    test_kill_process(process) != Err(Errno::SRCH)
}

/// Reads who holds or last held the lease; a file of another shape is as good as none.
fn read(record: &Record) -> Result<Option<Claim>, BackendError> {
    let mut bytes = Vec::new();
    let read = fs_err::File::open(record.beside("lease"))
        .and_then(|file| file.take(MAX_CLAIM).read_to_end(&mut bytes));
    match read {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(record.read_error(error)),
    }
    match serde_json::from_slice(&bytes) {
        Ok(Version { format_version: version }) if version > FORMAT_VERSION => {
            Err(BackendError::Newer { key: record.key.clone(), version })
        }
        _ => Ok(serde_json::from_slice(&bytes).ok()),
    }
}

impl Held {
    /// Writes a record, if it is one of the stack and the lease is still held; nobody can take it over meanwhile.
    fn write<T>(
        &self,
        record: &Record,
        write: impl FnOnce(&Record) -> Result<T, BackendError>,
    ) -> Result<T, BackendError> {
        if !record.key.is_leased_under(&self.record.key) {
            return Err(BackendError::NotCovered {
                key: record.key.clone(),
                leased: self.record.key.clone(),
            });
        }
        let fenced = &self.record.path;
        let _fence = lock::folder(record, fenced)?;
        self.check()?;
        if record.folder() == fenced { write(record) } else { record.alone(write) }
    }

    fn check(&self) -> Result<(), BackendError> {
        let lost = |holder| BackendError::Lost { key: self.record.key.clone(), holder };
        match read(&self.record)? {
            Some(claim) if claim == self.claim => {}
            present => return Err(lost(present.map(|claim| Box::new(claim.holder)))),
        }
        // Somebody may have removed the file: then the next one locks another file of the same name.
        if lock::is_at(&self.lock, &self.record.beside("lock")) { Ok(()) } else { Err(lost(None)) }
    }
}

#[async_trait]
impl Lease for LocalLease {
    fn generation(&self) -> u64 {
        self.held.claim.generation
    }

    fn identity(&self) -> &str {
        &self.held.claim.identity
    }

    #[tracing::instrument(level = "debug", name = "write record", skip_all, fields(key = %key, bytes = bytes.len()))]
    async fn put_if(
        &self,
        key: &Key,
        expected: Expected,
        bytes: &[u8],
    ) -> Result<Tag, BackendError> {
        let (held, record, bytes) =
            (Arc::clone(&self.held), self.held.backend.record(key), bytes.to_vec());
        blocking(move || held.write(&record, |record| record.put_if(&expected, &bytes))).await
    }

    #[tracing::instrument(level = "debug", name = "append to log", skip_all, fields(key = %key, lines = lines.len()))]
    async fn append(&self, key: &Key, lines: &[Vec<u8>]) -> Result<(), BackendError> {
        let (held, record, lines) =
            (Arc::clone(&self.held), self.held.backend.record(key), lines.to_vec());
        blocking(move || held.write(&record, |record| record.append(&lines))).await
    }

    #[tracing::instrument(level = "debug", name = "delete record", skip_all, fields(key = %key))]
    async fn delete(&self, key: &Key) -> Result<(), BackendError> {
        let (held, record) = (Arc::clone(&self.held), self.held.backend.record(key));
        blocking(move || held.write(&record, Record::delete)).await
    }
}
