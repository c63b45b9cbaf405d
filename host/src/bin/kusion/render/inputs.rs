//! What a JSON Schema asks for, as a table.

use kusion::config::{Input, list_inputs};
use serde_json::Value;

use super::Table;

/// Shows the properties of a schema and their members.
pub(crate) fn inputs(schema: &Value) -> String {
    let listed = list_inputs(schema);
    if listed.inputs.is_empty() {
        return "none\n".to_owned();
    }
    let mut table = Table::new(["NAME", "TYPE", "DEFAULT", "MEANING"]);
    for Input { name, type_, default, meaning } in listed.inputs {
        table.row([name, type_, default, meaning]);
    }
    let more = if listed.has_more { "and more\n" } else { "" };
    format!("{}{more}", table.render())
}
