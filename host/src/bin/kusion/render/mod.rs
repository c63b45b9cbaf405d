//! How things look: colours, tables, plans, progress.

mod answers;
mod difference;
mod inputs;
mod outcome;
mod paint;
mod plan;
mod progress;
mod pulling;
mod release_diff;
mod table;

use kusion::diagnostic::Diagnose;

/// The longest text of somebody else that is shown, in characters.
const MAX_TEXT: usize = 10_000;

/// Makes a text that somebody else wrote harmless to a terminal: control characters but line breaks and tabs
/// are shown, not obeyed, and so are characters that cannot be seen or that turn the direction of what follows.
/// What is longer than anybody reads is cut off.
pub(crate) fn harmless(text: &str) -> String {
    let escaped = |c: char| is_obeyed(c) && !matches!(c, '\n' | '\t');
    let cut = text.char_indices().nth(MAX_TEXT).map(|(at, _)| at);
    let shown = cut.and_then(|at| text.get(..at)).unwrap_or(text);
    let mut harmless = String::with_capacity(shown.len());
    for c in shown.chars() {
        if escaped(c) { harmless.extend(c.escape_unicode()) } else { harmless.push(c) }
    }
    if shown.len() < text.len() {
        harmless.push_str(&format!("… ({} bytes more)", text.len() - shown.len()));
    }
    harmless
}

/// Does the same for a text that must stay on its line.
pub(crate) fn harmless_line(text: &str) -> String {
    harmless(text).replace('\n', "\\n").replace('\t', "\\t")
}

/// Whether a terminal, or whoever looks at it, obeys a character instead of seeing it.
pub(crate) fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Writes out an error that ends nothing, with its causes and hints.
pub(crate) fn advice<E: Diagnose>(error: &E) -> String {
    let mut text = harmless_line(&error.to_string());
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!("\ncause: {}", harmless_line(&error.to_string())));
        cause = error.source();
    }
    for hint in error.hints() {
        text.push_str(&format!("\nhint: {hint}"));
    }
    text
}

pub(crate) use answers::answer_changes;
pub(crate) use difference::difference;
pub(crate) use inputs::inputs;
pub(crate) use outcome::{cut_short, outcome, outcome_document};
pub(crate) use paint::{Paint, Style};
pub(crate) use plan::{changes, drift, full_details, notes, partly, plan};
pub(crate) use progress::Progress;
pub(crate) use pulling::Pulling;
pub(crate) use release_diff::release_diff;
pub(crate) use table::Table;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_shown() {
        assert_eq!(harmless("\u{1b}[2Jred\u{9b}1m\0"), "\\u{1b}[2Jred\\u{9b}1m\\u{0}");
        assert_eq!(harmless("a\u{202e}b\u{200b}c\u{feff}"), "a\\u{202e}b\\u{200b}c\\u{feff}");
        assert_eq!(harmless("two\n\tlines, größer"), "two\n\tlines, größer");
        assert_eq!(harmless_line("two\n\tlines\r"), "two\\n\\tlines\\u{d}");
    }

    #[test]
    fn a_text_that_nobody_reads_is_cut_off() {
        assert_eq!(harmless(&"ö".repeat(MAX_TEXT)), "ö".repeat(MAX_TEXT));
        let expected = format!("{}… (4 bytes more)", "ö".repeat(MAX_TEXT));
        assert_eq!(harmless(&"ö".repeat(MAX_TEXT + 2)), expected);
    }
}
