//! Tests a module: the cases its author wrote, and requests drawn from its schemas.
//!
//! Whatever is asked is asked twice: a module that answers one request in two ways makes every preview a guess.

mod answer;
mod case;
mod defect;
mod golden;
mod inputs;
mod stand_in;
mod surroundings;

pub use answer::Answer;
pub use case::CaseError;
pub use defect::Defect;
pub use golden::{CaseOutcome, Difference, GoldenError, bless_case, compare_case, find_cases};
pub use inputs::{DrawnInputs, Finding, InputsReport, SpecCheck};
pub use surroundings::Surroundings;

use crate::config::Schema;
use crate::engine::{Description, Engine, Generated, Module, Request};
use crate::name::ModuleName;
use crate::ops::UnusableModule;
use crate::ops::build_module::UsableModule;
use crate::spec::Resource;

/// Declares that a module makes resources of whatever type it is told to.
const ANY_TYPE: &str = "*";

/// A module that is tested.
pub struct TestedModule {
    module: Module,
    developer: Schema,
    platform: Schema,
}

impl TestedModule {
    /// Loads a component.
    ///
    /// # Errors
    ///
    /// It does not load, or one of its schemas is none.
    pub fn load(
        engine: &Engine,
        name: &ModuleName,
        component: &[u8],
    ) -> Result<Self, UnusableModule> {
        let UsableModule { module, developer, platform } =
            UsableModule::load(engine, name, component)?;
        Ok(Self { module, developer, platform })
    }

    /// Returns what the module says about itself.
    pub fn description(&self) -> &Description {
        self.module.description()
    }

    /// Compares a second answer with the first.
    fn ask_again(&self, request: &Request, first: &Generated) -> Result<(), Defect> {
        let second = self.module.generate(request).map_err(|source| Defect::Call { source })?;
        if (&second.resources, &second.patches, &second.secrets, &second.needs)
            != (&first.resources, &first.patches, &first.secrets, &first.needs)
        {
            return Err(Defect::Differs);
        }
        if second.usage.fuel != first.usage.fuel {
            return Err(Defect::Fuel { first: first.usage.fuel, second: second.usage.fuel });
        }
        Ok(())
    }

    /// Refuses a resource of a type that the description does not name.
    fn check_types(&self, resources: &[Resource]) -> Result<(), Defect> {
        let declared = &self.description().resource_types;
        for resource in resources {
            let id = resource.id.as_str();
            let names = |kind: &String| {
                kind == ANY_TYPE
                    || id.strip_prefix(kind.as_str()).is_some_and(|rest| rest.starts_with(':'))
            };
            // `hashicorp:aws:aws_db_instance:orders` is of the type `aws_db_instance`.
            let of_provider = |kind: &String| id.split(':').any(|part| part == kind);
            if !declared.iter().any(|kind| names(kind) || of_provider(kind)) {
                return Err(Defect::Undeclared {
                    id: resource.id.clone(),
                    declared: declared.clone(),
                });
            }
        }
        Ok(())
    }
}
