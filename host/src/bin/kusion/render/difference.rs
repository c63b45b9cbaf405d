//! Two texts that should be equal, line by line.

use similar::{ChangeTag, TextDiff};

/// How many equal lines are shown around one that differs.
const CONTEXT: usize = 3;

/// Returns the lines that differ, with what is around them; `-` is expected and `+` was found.
pub(crate) fn difference(expected: &str, found: &str) -> String {
    let difference = TextDiff::from_lines(expected, found);
    let mut text = String::new();
    for (index, group) in difference.grouped_ops(CONTEXT).iter().enumerate() {
        if index > 0 {
            text.push_str("…\n");
        }
        for change in group.iter().flat_map(|operation| difference.iter_changes(operation)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            let line = change.value().trim_end_matches('\n');
            text.push_str(&format!("{sign} {}\n", super::harmless_line(line)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_shown_with_its_surroundings() {
        let shown = difference("a\nb\nc\n", "a\nB\nc\n");
        assert_eq!(shown, "  a\n- b\n+ B\n  c\n");
    }
}
