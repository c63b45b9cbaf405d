//! Changes that know nothing of the format.

use super::dictionary::{REPEATED, TOKENS};
use crate::random::Random;

/// How often a token is repeated at most.
const REPEATS: [usize; 5] = [3, 17, 129, 1_000, 40_000];

pub fn change(input: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let at = random.below(input.len() + 1);
    match random.below(9) {
        0 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        1 => {
            let value = u8::try_from(random.below(256)).unwrap();
            input.insert(at, value);
        }
        2 => input.truncate(at),
        3 => drop(input.drain(range(input, random))),
        4 => {
            let copy = input[range(input, random)].to_vec();
            insert(input, at, &copy);
        }
        5 => {
            let part = other[range(other, random)].to_vec();
            insert(input, at, &part);
        }
        6 => {
            let most = most_repeats(random);
            let token = random.choose(REPEATED).repeat(1 + random.below(most));
            insert(input, at, &token);
        }
        7 => {
            let token = *random.choose(TOKENS);
            let range = range(input, random);
            input.splice(range, token.iter().copied());
        }
        _ => insert(input, at, random.choose::<&[u8]>(TOKENS)),
    }
}

/// Chooses large numbers rarely, because most inputs should stay small enough to be understood.
fn most_repeats(random: &mut Random) -> usize {
    let last = if random.one_in(8) { REPEATS.len() } else { 3 };
    *random.choose(&REPEATS[..last])
}

fn insert(input: &mut Vec<u8>, at: usize, part: &[u8]) {
    input.splice(at..at, part.iter().copied());
}

fn range(input: &[u8], random: &mut Random) -> std::ops::Range<usize> {
    let start = random.below(input.len() + 1);
    let longest = (input.len() - start).min(if random.one_in(3) { usize::MAX } else { 16 });
    start..start + random.below(longest + 1)
}
