//! The cases of a module, as `kusion mod test` and `kusion mod dev` ask them.

use std::path::{Path, PathBuf};

use kusion::ops::{Answer, CaseError, CaseOutcome, TestedModule, find_cases};
use serde_json::Value;

use crate::context::World;
use crate::error::CliError;

/// Where the cases of a module lie, below its folder.
pub(crate) const CASES: &str = "tests/golden";

/// Lists the cases of a folder: those of the given names, or all if none is given.
pub(crate) fn chosen(
    world: &World,
    folder: &Path,
    only: &[String],
) -> Result<Vec<PathBuf>, CliError> {
    let mut cases = find_cases(folder)?;
    let names: Vec<String> = cases.iter().map(|case| case_name(case)).collect();
    if let Some(unknown) = only.iter().find(|wanted| !names.contains(wanted)) {
        let message = format!("`{}` has no case `{unknown}`", world.display(folder));
        let hints = kusion::diagnostic::name_hints(unknown, names.iter().map(String::as_str));
        return Err(hints.into_iter().fold(CliError::user(message), CliError::hint));
    }
    if !only.is_empty() {
        cases.retain(|case| only.contains(&case_name(case)));
    }
    Ok(cases)
}

/// Returns the name of a case.
pub(crate) fn case_name(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// What a case gave.
pub(crate) struct Given {
    /// As it is compared with what is expected.
    pub(crate) outcome: CaseOutcome,
    /// In a few words.
    pub(crate) gave: String,
}

/// Asks the module what a case asks.
///
/// # Errors
///
/// The module is wrong, whatever the case says, or the case does not use it.
pub(crate) fn ask(world: &World, tested: &TestedModule, folder: &Path) -> Result<Given, CliError> {
    match tested.answer_case(folder) {
        Ok(answers) => {
            let documents: Vec<Value> = answers.iter().map(Answer::document).collect();
            let outcome = CaseOutcome::Answered(world.yaml(&documents)?);
            Ok(Given { outcome, gave: said(&answers) })
        }
        Err(error @ (CaseError::Refused(_) | CaseError::Config(_))) => {
            let text = CliError::from(error).text(&world.plainly_in(folder));
            let outcome = CaseOutcome::Refused(format!("{}\n", text.trim_end()));
            Ok(Given { outcome, gave: "refused".to_owned() })
        }
        Err(error) => Err(error.into()),
    }
}

fn said(answers: &[Answer]) -> String {
    let sum = |count: fn(&Answer) -> usize| answers.iter().map(count).sum::<usize>();
    let fuel: u64 = answers.iter().map(|answer| answer.usage().fuel).sum();
    let (resources, patches) = (sum(Answer::resource_count), sum(Answer::patch_count));
    format!("{}, {}, {fuel} fuel", counted(resources, "resource"), counted(patches, "patch"))
}

/// Says a number with its noun.
pub(crate) fn counted(count: usize, what: &str) -> String {
    let many = if what.ends_with("ch") { "es" } else { "s" };
    format!("{count} {what}{}", if count == 1 { "" } else { many })
}
