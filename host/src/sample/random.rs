//! Numbers that look random and are the same for the same seed, on every machine.

/// A generator of pseudo-random numbers (SplitMix64). Nothing it draws is secret.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Starts the sequence of a seed; `index` tells sequences of one seed apart.
    pub fn new(seed: u64, index: u64) -> Self {
        let mut random = Self(seed ^ index.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        random.draw();
        random
    }

    /// Returns the next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number from 0 to `last`, both included.
    pub(super) fn up_to(&mut self, last: usize) -> usize {
        let count = u64::try_from(last).unwrap_or(u64::MAX).saturating_add(1);
        usize::try_from(self.draw() % count).unwrap_or(0)
    }

    /// Returns `true` once in `times`.
    pub(crate) fn one_in(&mut self, times: usize) -> bool {
        self.up_to(times.saturating_sub(1)) == 0
    }

    /// Returns one of the items; `None` if there are none.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.up_to(items.len().saturating_sub(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_sequence() {
        let draw = |seed, index| {
            let mut random = Random::new(seed, index);
            [random.draw(), random.draw()]
        };
        assert_eq!(draw(1, 0), draw(1, 0));
        assert_ne!(draw(1, 0), draw(1, 1));
        assert_ne!(draw(1, 0), draw(2, 0));
    }

    #[test]
    fn every_item_is_picked() {
        let mut random = Random::new(7, 0);
        let mut seen = [false; 3];
        for _ in 0..100 {
            seen[*random.pick(&[0, 1, 2]).unwrap()] = true;
        }
        assert_eq!(seen, [true; 3]);
        assert_eq!(random.pick::<u8>(&[]), None);
    }
}
