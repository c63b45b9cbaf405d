//! How long something took, several times.

use std::time::{Duration, Instant};

/// Durations of one thing that was done again and again.
#[derive(Debug, Default, Clone)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    /// Does something and keeps how long it took.
    pub(crate) fn take<T>(&mut self, action: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = action();
        self.0.push(start.elapsed());
        result
    }

    /// Keeps a time that was taken elsewhere.
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// Returns the shortest time in milliseconds.
    pub(crate) fn min(&self) -> f64 {
        self.at(0)
    }

    /// Returns the time in the middle in milliseconds.
    pub(crate) fn median(&self) -> f64 {
        self.at(self.0.len() / 2)
    }

    /// Returns all times together in milliseconds.
    pub(crate) fn sum(&self) -> f64 {
        self.0.iter().map(milliseconds).sum()
    }

    /// Returns how many times as long this took as something else that was done in turns with it: of all turns
    /// the ratio in the middle.
    pub(crate) fn ratio(&self, other: &Self) -> f64 {
        let pairs = self.0.iter().zip(&other.0);
        let mut ratios: Vec<f64> =
            pairs.map(|(this, other)| this.as_secs_f64() / other.as_secs_f64()).collect();
        ratios.sort_unstable_by(f64::total_cmp);
        ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// Returns of each turn the shorter time of two things.
    pub(crate) fn shorter(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(this, other)| *this.min(other)).collect())
    }

    fn at(&self, index: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        sorted.get(index).map_or(f64::NAN, milliseconds)
    }
}

fn milliseconds(time: &Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
