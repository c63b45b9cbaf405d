//! Random numbers that are the same on every machine and in every version of the toolchain.

/// A stream of random numbers (SplitMix64): a seed says all of it.
pub struct Random(u64);

impl Random {
    /// Begins the stream of one case, which does not depend on the cases before it.
    pub fn of_case(seed: u64, target: &str, case: u64) -> Self {
        let mut random = Self(seed);
        for byte in target.bytes() {
            random.0 ^= u64::from(byte);
            random.next();
        }
        random.0 ^= case.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below a bound; 0 if the bound is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        if bound == 0 { 0 } else { usize::try_from(self.next() % bound as u64).unwrap() }
    }

    /// Says yes once in so many times.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// Chooses an item of a list that is not empty.
    pub fn choose<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}
