//! Adds a module to the text of a workspace, and leaves the rest of the text as it is.

use crate::name::ModuleName;

/// Returns the text with a module more; `None` if its `modules` are not written a line each, so that somebody must
/// write it by hand.
pub fn add_module(text: &str, name: &ModuleName, path: &str, version: &str) -> Option<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let entry = |indent: &str| {
        format!(
            "{indent}{name}:\n{indent}{indent}path: {path}\n{indent}{indent}version: \"{version}\"\n"
        )
    };
    let Some(at) = lines.iter().position(|line| line.starts_with("modules:")) else {
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        return Some(format!("{text}{end}modules:\n{}", entry("  ")));
    };
    let (before, from) = lines.split_at_checked(at)?;
    let (key, after) = from.split_first()?;
    let value = key.strip_prefix("modules:")?.split('#').next().unwrap_or_default().trim();
    if !matches!(value, "" | "{}") {
        return None;
    }
    let is_child = |line: &&&str| {
        line.starts_with(' ') && !line.trim_start().starts_with('#') && !line.trim().is_empty()
    };
    let first =
        after.iter().take_while(|line| line.starts_with([' ', '#', '\n', '\r'])).find(is_child);
    let indent: String =
        first.map_or("  ".to_owned(), |line| line.chars().take_while(|c| *c == ' ').collect());
    let key = if value == "{}" {
        key.replacen("{}", "", 1).trim_end().to_owned()
    } else {
        key.trim_end().to_owned()
    };
    Some([before.concat(), key, "\n".to_owned(), entry(&indent), after.concat()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(text: &str) -> Option<String> {
        let name = ModuleName::parse("mysql").unwrap();
        add_module(text, &name, "oci://r/a/mysql", "^0.2")
    }

    #[test]
    fn a_module_is_added_and_the_rest_stays() {
        let entry = "  mysql:\n    path: oci://r/a/mysql\n    version: \"^0.2\"\n";
        for (before, after) in [
            ("", format!("modules:\n{entry}")),
            ("context: {}", format!("context: {{}}\nmodules:\n{entry}")),
            ("modules: {}\n", format!("modules:\n{entry}")),
            (
                "# mine\nmodules: # all\n  # one\n  network: {}\ncontext: {a: b}\n",
                format!(
                    "# mine\nmodules: # all\n{entry}  # one\n  network: {{}}\ncontext: {{a: b}}\n"
                ),
            ),
        ] {
            assert_eq!(added(before).as_deref(), Some(after.as_str()), "{before}");
        }
        let wide = added("modules:\n    network: {}\n").unwrap();
        assert!(wide.contains("\n    mysql:\n        path: "), "{wide}");
        assert_eq!(added("modules: {network: {}}\n"), None);
    }
}
