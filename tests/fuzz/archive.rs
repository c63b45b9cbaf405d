//! Several files in one input: a line `==> name` begins each of them.
//!
//! Made for people: an input of the corpus can be read and written with an editor.

const MARK: &[u8] = b"==> ";

/// Splits an input; what stands before the first mark belongs to no file.
pub fn files(input: &[u8]) -> Vec<(&[u8], &[u8])> {
    let starts: Vec<usize> = (0..input.len())
        .filter(|at| (*at == 0 || input[*at - 1] == b'\n') && input[*at..].starts_with(MARK))
        .collect();
    let ends = starts.iter().skip(1).copied().chain([input.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|(start, end)| {
            let file = &input[start + MARK.len()..end];
            let line = file.iter().position(|byte| *byte == b'\n').unwrap_or(file.len());
            (&file[..line], &file[file.len().min(line + 1)..])
        })
        .collect()
}

/// Returns the last file of a name; without one, nothing.
pub fn file<'a>(files: &[(&'a [u8], &'a [u8])], name: &str) -> Option<&'a [u8]> {
    files.iter().rev().find(|(found, _)| *found == name.as_bytes()).map(|(_, content)| *content)
}
