//! A case: a folder with an `app.yaml` as a developer writes it, and what a module answers to it.

use std::path::Path;

use super::stand_in::{self, Runner};
use super::{Answer, Defect, TestedModule};
use crate::config::{Case, ConfigError, Platform, Stack, Workspace};
use crate::diagnostic::{Diagnose, Kind, Problem};
use crate::engine::CallError;
use crate::ops::OpsError;
use crate::ops::call::{Unanswered, Use, call};
use crate::ops::host_keys;
use crate::runtime::KubernetesSemantics;
use crate::source::Node;
use crate::spec::{AssembleInput, Contribution, assemble};

/// Why a case has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaseError {
    /// The files of the case cannot be read or have problems.
    #[error(transparent)]
    Config(Box<ConfigError>),
    /// What the case says is refused, by the host or by the module. This may be what the case is there for.
    #[error(transparent)]
    Refused(Box<OpsError>),
    /// The module is wrong, whatever the case says.
    #[error("module `{module}` is wrong")]
    Defect {
        /// The module.
        module: String,
        /// How.
        source: Defect,
    },
    /// The case does not use the module.
    #[error("no app of the case uses module `{module}`")]
    Unused {
        /// The module.
        module: String,
    },
}

impl Diagnose for CaseError {
    fn kind(&self) -> Kind {
        match self {
            Self::Config(error) => error.kind(),
            Self::Refused(error) => error.kind(),
            Self::Defect { source, .. } => source.kind(),
            Self::Unused { .. } => Kind::User,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Config(error) => error.hints(),
            Self::Refused(error) => error.hints(),
            Self::Defect { source, .. } => source.hints(),
            Self::Unused { module } => {
                vec![format!(
                    "name it in app.yaml, as `module: {module}` of the workload or of an accessory"
                )]
            }
        }
    }

    fn problems(&self) -> &[Problem] {
        match self {
            Self::Config(error) => error.problems(),
            Self::Refused(error) => error.problems(),
            Self::Defect { .. } | Self::Unused { .. } => &[],
        }
    }
}

impl From<OpsError> for CaseError {
    fn from(error: OpsError) -> Self {
        Self::Refused(Box::new(error))
    }
}

impl From<ConfigError> for CaseError {
    fn from(error: ConfigError) -> Self {
        Self::Config(Box::new(error))
    }
}

impl TestedModule {
    /// Asks the module what a case asks, once for each use of it, in the order of apps and accessories.
    ///
    /// The folder has an `app.yaml`, and if it likes a `workspace.yaml` with what the platform team says, and files
    /// that the module may ask for. Other modules that the app names are not called; a workload that one of them
    /// would make is stood in for.
    ///
    /// # Errors
    ///
    /// The case cannot be read or is refused, or the module is wrong.
    pub fn answer_case(&self, folder: &Path) -> Result<Vec<Answer>, CaseError> {
        let Case { stack, workspace } = Case::load(folder)?;
        let uses = self.uses(&stack, &workspace);
        if uses.is_empty() {
            let module = self.module.name().to_string();
            return Err(CaseError::Unused { module });
        }
        let mut problems = Vec::new();
        for used in &uses {
            problems.extend(self.check(used));
        }
        refuse(problems)?;
        let mut refusals = Vec::new();
        let mut answers = Vec::new();
        for used in &uses {
            let stand_in = used.app.workload().and_then(|workload| {
                let config = workload.config().to_json();
                stand_in::workload(used.app.name(), stack.namespace(), &config, Runner::Deployment)
            });
            let workload = stand_in.as_ref().and_then(|stand_in| stand_in.resources.first());
            match call((&stack, &workspace), used, &self.module, workload) {
                Ok((call, generated)) => {
                    self.ask_again(&call.request, &generated)
                        .map_err(|defect| self.wrong(defect))?;
                    self.check_types(&generated.resources).map_err(|defect| self.wrong(defect))?;
                    answers.push(Answer::new(call.origin, generated, call.usage, call.log));
                }
                Err(Unanswered::Call(source)) if is_defect(&source) => {
                    return Err(self.wrong(Defect::Call { source }));
                }
                Err(unanswered) => refusals.extend(unanswered.problems(used)),
            }
        }
        refuse(refusals)?;
        self.assemble(&stack, &uses, &answers)?;
        Ok(answers)
    }

    fn wrong(&self, source: Defect) -> CaseError {
        CaseError::Defect { module: self.module.name().to_string(), source }
    }

    fn uses<'a>(&self, stack: &'a Stack, workspace: &Workspace) -> Vec<Use<'a>> {
        let mut uses = Vec::new();
        for app in stack.apps() {
            let workload = app.workload().map(|component| (String::new(), component));
            let accessories =
                app.accessories().iter().map(|(name, component)| (name.to_string(), component));
            for (accessory, component) in workload.into_iter().chain(accessories) {
                if component.module() != self.module.name() {
                    continue;
                }
                let platform = workspace.platform(self.module.name(), stack.project());
                let platform = platform.unwrap_or_else(|| Platform {
                    config: Node::empty_map(component.location().clone()),
                    patcher: None,
                    imported_resources: None,
                    health_policy: None,
                });
                uses.push(Use { app, accessory, component, platform });
            }
        }
        uses
    }

    fn check(&self, used: &Use<'_>) -> Vec<Problem> {
        if self.description().is_workload() != used.is_workload() {
            return vec![used.misplaced(&self.description().kind)];
        }
        let platform_title = self.module.name().as_str();
        let mut problems = self.developer.check(used.component.config(), used.title());
        problems.extend(self.platform.check(&used.platform.config, platform_title));
        problems
    }

    /// Puts the answers together as the host would.
    fn assemble(
        &self,
        stack: &Stack,
        uses: &[Use<'_>],
        answers: &[Answer],
    ) -> Result<(), CaseError> {
        let mut contributions = Vec::new();
        for (used, answer) in uses.iter().zip(answers) {
            let generated = answer.generated().clone();
            let mut resources = generated.resources;
            host_keys::apply(&used.platform, &mut resources)?;
            contributions.push(Contribution {
                origin: answer.origin().clone(),
                workload: used.is_workload(),
                resources,
                patches: generated.patches,
                secrets: generated.secrets,
            });
        }
        for app in stack.apps() {
            let Some(workload) = app.workload() else { continue };
            if workload.module() != self.module.name() {
                let config = workload.config().to_json();
                contributions.extend(stand_in::workload(
                    app.name(),
                    stack.namespace(),
                    &config,
                    Runner::Deployment,
                ));
            }
        }
        let input = AssembleInput { semantics: &KubernetesSemantics, namespace: stack.namespace() };
        assemble(contributions, &input).map_err(OpsError::from)?;
        Ok(())
    }
}

fn refuse(problems: Vec<Problem>) -> Result<(), CaseError> {
    if problems.is_empty() { Ok(()) } else { Err(OpsError::Invalid { problems }.into()) }
}

/// Whether a call failed through a fault of the module.
fn is_defect(error: &CallError) -> bool {
    !matches!(error, CallError::Rejected { .. })
}
