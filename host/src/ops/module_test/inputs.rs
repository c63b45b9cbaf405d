//! Requests drawn from a module's own schemas.

use serde_json::{Value, json};

use super::surroundings::answer;
use super::{Defect, Surroundings, TestedModule};
use crate::config::Schema;
use crate::engine::{CallError, Generated, Rejection, Request};
use crate::ops::call::MAX_ROUNDS;
use crate::runtime::KubernetesSemantics;
use crate::sample::{Random, Sampler, shrink};
use crate::source::{Location, Node, SourceFile};
use crate::spec::{AssembleInput, Contribution, Origin, Spec, assemble};

/// How many smaller requests are tried to show a fault.
const SHRINKING: usize = 1_000;
/// How often a schema is drawn from until a value fits.
const TRIES: u64 = 20;

/// What a caller demands of what a request makes, beyond what kusion does; the error says what is wrong.
pub type SpecCheck<'c> = &'c dyn Fn(&Spec) -> Result<(), String>;

/// How many requests are drawn, and which.
#[derive(Debug, Clone, Copy)]
pub struct DrawnInputs {
    /// How many.
    pub count: u64,
    /// The same seed draws the same requests.
    pub seed: u64,
}

/// What came of drawn requests.
#[derive(Debug, Default)]
pub struct InputsReport {
    /// How many requests were made; fewer than asked for after a fault, or where nothing drawn fits a schema.
    pub asked: u64,
    /// How many the module rejected.
    pub rejected: u64,
    /// How many led to resources that were assembled and checked.
    pub checked: u64,
    /// How many had to be given up because no drawn value fitted a schema.
    pub unfitting: u64,
    /// The most fuel that a call used.
    pub most_fuel: u64,
    /// The first fault, with the smallest request that shows it.
    pub finding: Option<Finding>,
}

/// A request that shows a fault.
#[derive(Debug)]
pub struct Finding {
    /// The fault.
    pub defect: Defect,
    /// What a developer would have to write.
    pub config: Value,
    /// What the platform team would have to write.
    pub platform: Value,
    /// Where the request has to come from; `None` if that is nothing unusual.
    pub surroundings: Option<Surroundings>,
}

impl TestedModule {
    /// Asks the module what its schemas admit, until it shows a fault or makes resources that `check` refuses.
    pub fn answer_drawn(&self, drawn: DrawnInputs, check: SpecCheck<'_>) -> InputsReport {
        let mut report = InputsReport::default();
        for index in 0..drawn.count {
            let mut random = Random::new(drawn.seed, index);
            let config = draw(&self.developer, &mut random);
            let fitting = config.zip(draw(&self.platform, &mut random));
            let Some((config, platform)) = fitting else {
                report.unfitting += 1;
                continue;
            };
            let surroundings = Surroundings::draw(self.description(), &mut random);
            report.asked += 1;
            match self.try_one(&surroundings, &config, &platform, check) {
                Ok(Tried { rejected, checked, fuel }) => {
                    report.rejected += u64::from(rejected);
                    report.checked += u64::from(checked);
                    report.most_fuel = report.most_fuel.max(fuel);
                }
                Err(defect) => {
                    let drawn = Drawn { config, platform, surroundings };
                    report.finding = Some(self.smallest(drawn, defect, check));
                    break;
                }
            }
        }
        report
    }

    /// Makes the request smaller as long as it shows a fault of the same kind.
    fn smallest(&self, drawn: Drawn, defect: Defect, check: SpecCheck<'_>) -> Finding {
        let kind = std::mem::discriminant(&defect);
        let mut last = defect;
        let mut shows = |surroundings: &Surroundings, config: &Value, platform: &Value| match self
            .try_one(surroundings, config, platform, check)
        {
            Err(defect) if std::mem::discriminant(&defect) == kind => {
                last = defect;
                true
            }
            _ => false,
        };
        let Drawn { config, platform, surroundings } = drawn;
        let usual = Surroundings::usual(self.description());
        let is_usual = surroundings == usual || shows(&usual, &config, &platform);
        let surroundings = if is_usual { usual } else { surroundings };
        let request = json!({ "config": config, "platform": platform });
        let mut request = shrink(request, SHRINKING, |request| {
            let (config, platform) = (&request["config"], &request["platform"]);
            fits(&self.developer, config)
                && fits(&self.platform, platform)
                && shows(&surroundings, config, platform)
        });
        Finding {
            defect: last,
            config: request["config"].take(),
            platform: request["platform"].take(),
            surroundings: (!is_usual).then_some(surroundings),
        }
    }

    fn try_one(
        &self,
        surroundings: &Surroundings,
        config: &Value,
        platform: &Value,
        check: SpecCheck<'_>,
    ) -> Result<Tried, Defect> {
        let mut request = surroundings.request(self.description(), config, platform);
        let Some(generated) = self.generate(&mut request)? else {
            return Ok(Tried { rejected: true, checked: false, fuel: 0 });
        };
        self.ask_again(&request, &generated)?;
        self.check_types(&generated.resources)?;
        let fuel = generated.usage.fuel;
        let answered = Ok(Tried { rejected: false, checked: false, fuel });
        let Some(app) = surroundings.app() else { return answered };
        let stand_in = surroundings.stand_in(&request.workload);
        let workload = self.description().is_workload();
        if !generated.needs.is_empty() || (stand_in.is_none() && !generated.patches.is_empty()) {
            // It asks on and on; or its user is told that the app has no workload.
            return answered;
        }
        let mut contributions = vec![Contribution {
            origin: Origin {
                app,
                accessory: request.accessory,
                module: self.module.name().clone(),
            },
            workload,
            resources: generated.resources,
            patches: generated.patches,
            secrets: generated.secrets,
        }];
        if !workload {
            contributions.extend(stand_in);
        }
        let input =
            AssembleInput { semantics: &KubernetesSemantics, namespace: surroundings.namespace() };
        let assembled = assemble(contributions, &input)
            .map_err(|source| Defect::NotAccepted { source: Box::new(source) })?;
        check(&assembled.spec).map_err(|problem| Defect::Invalid { problem })?;
        Ok(Tried { rejected: false, checked: true, fuel })
    }

    /// Asks until the module has read every file it wants; `None` if it rejects the request.
    fn generate(&self, request: &mut Request) -> Result<Option<Generated>, Defect> {
        let mut round = 1;
        loop {
            match self.module.generate(request) {
                Ok(generated) if generated.needs.is_empty() || round == MAX_ROUNDS => {
                    return Ok(Some(generated));
                }
                Ok(generated) => {
                    for need in generated.needs {
                        let number = request.inputs.len();
                        request.inputs.push(answer(need, number));
                    }
                }
                Err(CallError::Rejected { rejection: Rejection::Failed(message), .. }) => {
                    return Err(Defect::GivesUp { message });
                }
                Err(CallError::Rejected { .. }) => return Ok(None),
                Err(source) => return Err(Defect::Call { source }),
            }
            round += 1;
        }
    }
}

/// A request that was drawn.
struct Drawn {
    config: Value,
    platform: Value,
    surroundings: Surroundings,
}

struct Tried {
    rejected: bool,
    checked: bool,
    fuel: u64,
}

/// Draws until a value fits.
fn draw(schema: &Schema, random: &mut Random) -> Option<Value> {
    let sampler = Sampler::new(schema.closed());
    (0..TRIES).map(|_| sampler.draw(random)).find(|value| fits(schema, value))
}

fn fits(schema: &Schema, value: &Value) -> bool {
    let place = Location::new(SourceFile::new("drawn", ""), 1, 1, 1);
    schema.check(&Node::from_json(value, &place), "drawn").is_empty()
}
