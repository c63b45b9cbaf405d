//! Valid inputs -> inputs that are nearly valid, which is where mistakes of parsers are.

mod bytes;
mod dictionary;
mod lines;
mod tree;

use crate::random::Random;

/// The longest mutated input in bytes: what a longer one takes is for `large.rs` to ask.
const MAX_BYTES: usize = 256 << 10;
/// The most changes of one input.
const MAX_CHANGES: usize = 8;

/// Changes one input of a corpus at random; another may lend a part.
pub fn mutate(corpus: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut input = random.choose(corpus).clone();
    let changes = 1 + random.below(MAX_CHANGES);
    for _ in 0..changes {
        let other = random.choose(corpus);
        match random.below(10) {
            0..3 => bytes::change(&mut input, other, random),
            3..7 => lines::change(&mut input, other, random),
            _ => tree::change(&mut input, other, random),
        }
        input.truncate(MAX_BYTES);
    }
    input
}
