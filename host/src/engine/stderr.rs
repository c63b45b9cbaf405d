//! What a guest writes to its standard error.
//!
//! A language runtime reports there why it gave up, so the last words are kept; all others are
//! swallowed, because a guest that fails to write would fail for a reason that is not its own.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// Bytes kept.
const KEPT: usize = 16 << 10;
/// Bytes a guest may write at once; it writes again for more.
const CHUNK: usize = 64 << 10;

/// The last bytes of a stream that takes everything.
#[derive(Debug, Clone, Default)]
pub(super) struct Stderr(Arc<Mutex<VecDeque<u8>>>);

impl Stderr {
    /// Returns what is kept, as text without white space at its ends.
    pub(super) fn text(&self) -> String {
        let bytes: Vec<u8> = self.lock().iter().copied().collect();
        String::from_utf8_lossy(&bytes).trim().to_owned()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, bytes: &[u8]) {
        let mut kept = self.lock();
        let new = bytes.get(bytes.len().saturating_sub(KEPT)..).unwrap_or_default();
        let surplus = (kept.len() + new.len()).saturating_sub(KEPT);
        kept.drain(..surplus);
        kept.extend(new);
    }
}

impl IsTerminal for Stderr {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Stderr {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

impl OutputStream for Stderr {
    fn write(&mut self, bytes: bytes::Bytes) -> StreamResult<()> {
        self.keep(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(CHUNK)
    }
}

#[async_trait::async_trait]
impl Pollable for Stderr {
    async fn ready(&mut self) {}
}

impl AsyncWrite for Stderr {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.keep(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_are_kept_and_nothing_grows() {
        let stderr = Stderr::default();
        for number in 0..10_000 {
            stderr.keep(format!("line {number}\n").as_bytes());
        }
        assert_eq!(stderr.lock().len(), KEPT);
        assert!(stderr.text().ends_with("line 9998\nline 9999"));
        stderr.keep(&vec![b'x'; 3 * KEPT]);
        assert_eq!(stderr.text(), "x".repeat(KEPT));
    }
}
