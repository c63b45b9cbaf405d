//! Doing independent work on several threads, with results in the order of the work.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Applies a function to every item on at most `threads` threads, this one among them, and no more than
/// the machine can run at once: the work is computing, and a thread costs as much as a call of a module.
///
/// The results come in the order of the items whatever the timing. A panic of the function is passed on.
pub(super) fn map<T: Sync, R: Send>(
    threads: NonZeroUsize,
    items: &[T],
    function: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let threads = threads.get().min(items.len()).min(processors());
    if threads <= 1 {
        return items.iter().map(function).collect();
    }
    let span = tracing::Span::current();
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(items.len()));
    let work = || {
        let _entered = span.enter();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { return };
            let result = function(item);
            results.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_unstable_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Returns how many threads run at once; asking the system is not free.
fn processors() -> usize {
    static PROCESSORS: OnceLock<usize> = OnceLock::new();
    *PROCESSORS.get_or_init(|| std::thread::available_parallelism().map_or(1, NonZeroUsize::get))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<u64> = (0..200).collect();
        for threads in [1, 2, 16] {
            let threads = NonZeroUsize::new(threads).unwrap();
            let results = map(threads, &items, |item| {
                std::thread::sleep(std::time::Duration::from_micros(item * 7919 % 50));
                item * 2
            });
            assert_eq!(results, items.iter().map(|item| item * 2).collect::<Vec<_>>());
        }
    }
}
