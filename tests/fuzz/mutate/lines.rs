//! Changes that keep lines whole: what a person does with an editor.

use crate::random::Random;

pub fn change(input: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let mut lines: Vec<Vec<u8>> =
        input.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    if lines.is_empty() {
        return;
    }
    let at = random.below(lines.len());
    match random.below(10) {
        0 => drop(lines.remove(at)),
        1 => {
            let copy = lines[at].clone();
            lines.insert(random.below(lines.len()), copy);
        }
        2 => {
            let with = random.below(lines.len());
            lines.swap(at, with);
        }
        3 => drop(lines.splice(at..at, [vec![b' '; 1 + random.below(4)]])),
        4 => {
            let spaces = lines[at].iter().take_while(|byte| **byte == b' ').count();
            lines[at].drain(..random.below(spaces + 1));
        }
        5 => {
            let theirs: Vec<&[u8]> = other.split_inclusive(|byte| *byte == b'\n').collect();
            if !theirs.is_empty() {
                let start = random.below(theirs.len());
                let end = theirs.len().min(start + 1 + random.below(6));
                lines.splice(at..at, theirs[start..end].iter().map(|line| line.to_vec()));
            }
        }
        6 => {
            // The value goes, the key stays.
            if let Some(colon) = lines[at].iter().position(|byte| *byte == b':') {
                lines[at].truncate(colon + 1);
                lines[at].push(b'\n');
            }
        }
        7 => lines.iter_mut().for_each(|line| {
            if line.ends_with(b"\n") && !line.ends_with(b"\r\n") {
                line.insert(line.len() - 1, b'\r');
            }
        }),
        8 => lines.iter_mut().skip(at).take(3).for_each(|line| {
            let spaces = line.iter().take_while(|byte| **byte == b' ').count();
            line.splice(..spaces, std::iter::repeat_n(b'\t', spaces / 2));
        }),
        _ => {
            let end = lines.len().min(at + 1 + random.below(8));
            let block: Vec<Vec<u8>> = lines[at..end].to_vec();
            let most = if random.one_in(10) { 300 } else { 3 };
            let times = 1 + random.below(most);
            for _ in 0..times {
                lines.splice(at..at, block.iter().cloned());
            }
        }
    }
    *input = lines.concat();
}
