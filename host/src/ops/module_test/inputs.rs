//! Requests drawn from a module's own schemas.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Defect, TestedModule, stand_in};
use crate::config::Schema;
use crate::engine::{CallError, Rejection, Request, Scope};
use crate::name::AppName;
use crate::ops::call::workload_extension;
use crate::runtime::KubernetesSemantics;
use crate::sample::{Random, Sampler, shrink};
use crate::source::{Location, Node, SourceFile};
use crate::spec::{AssembleInput, Contribution, Origin, assemble};

/// How many smaller requests are tried to show a fault.
const SHRINKING: usize = 1_000;
/// How often a schema is drawn from until a value fits.
const TRIES: u64 = 20;
/// The app and namespace of drawn requests.
const APP: &str = "shop";

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
}

impl TestedModule {
    /// Asks the module what its schemas admit, until it shows a fault.
    pub fn answer_drawn(&self, drawn: DrawnInputs) -> InputsReport {
        let mut report = InputsReport::default();
        for index in 0..drawn.count {
            let mut random = Random::new(drawn.seed, index);
            let config = draw(&self.developer, &mut random);
            let fitting = config.zip(draw(&self.platform, &mut random));
            let Some((config, platform)) = fitting else {
                report.unfitting += 1;
                continue;
            };
            report.asked += 1;
            match self.try_one(&config, &platform) {
                Ok(Tried { rejected, fuel }) => {
                    report.rejected += u64::from(rejected);
                    report.most_fuel = report.most_fuel.max(fuel);
                }
                Err(defect) => {
                    report.finding = Some(self.smallest(config, platform, defect));
                    break;
                }
            }
        }
        report
    }

    /// Makes the request smaller as long as it shows a fault of the same kind.
    fn smallest(&self, config: Value, platform: Value, defect: Defect) -> Finding {
        let kind = std::mem::discriminant(&defect);
        let mut last = defect;
        let mut shows = |request: &Value| {
            let (config, platform) = (&request["config"], &request["platform"]);
            if !fits(&self.developer, config) || !fits(&self.platform, platform) {
                return false;
            }
            match self.try_one(config, platform) {
                Err(defect) if std::mem::discriminant(&defect) == kind => {
                    last = defect;
                    true
                }
                _ => false,
            }
        };
        let request = json!({ "config": config, "platform": platform });
        let mut request = shrink(request, SHRINKING, &mut shows);
        Finding {
            defect: last,
            config: request["config"].take(),
            platform: request["platform"].take(),
        }
    }

    fn try_one(&self, config: &Value, platform: &Value) -> Result<Tried, Defect> {
        let request = self.request(config, platform);
        let generated = match self.module.generate(&request) {
            Ok(generated) => generated,
            Err(CallError::Rejected { rejection: Rejection::Failed(message), .. }) => {
                return Err(Defect::GivesUp { message });
            }
            Err(CallError::Rejected { .. }) => return Ok(Tried { rejected: true, fuel: 0 }),
            Err(source) => return Err(Defect::Call { source }),
        };
        self.ask_again(&request, &generated)?;
        self.check_types(&generated.resources)?;
        let fuel = generated.usage.fuel;
        if !generated.needs.is_empty() {
            // The files do not exist.
            return Ok(Tried { rejected: false, fuel });
        }
        let Ok(app) = AppName::parse(APP) else { return Ok(Tried { rejected: false, fuel }) };
        let workload = self.description().is_workload();
        let mut contributions = vec![Contribution {
            origin: Origin {
                app: app.clone(),
                accessory: request.accessory.clone(),
                module: self.module.name().clone(),
            },
            workload,
            resources: generated.resources,
            patches: generated.patches,
            secrets: generated.secrets,
        }];
        if !workload {
            contributions.extend(stand_in(&request.workload));
        }
        let input = AssembleInput { semantics: &KubernetesSemantics, namespace: APP };
        assemble(contributions, &input)
            .map_err(|source| Defect::NotAccepted { source: Box::new(source) })?;
        Ok(Tried { rejected: false, fuel })
    }

    fn request(&self, config: &Value, platform: &Value) -> Request {
        let is_workload = self.description().is_workload();
        let workload = if is_workload {
            config.clone()
        } else {
            json!({ "containers": { "main": { "image": "example.com/app:1" } } })
        };
        let name = |name: &str| name.to_owned();
        let extensions = match stand_in(&workload) {
            Some(stand_in) if self.description().wants_workload_resource => {
                stand_in.resources.first().map(workload_extension).unwrap_or_default()
            }
            _ => Map::new(),
        };
        Request {
            scope: Scope {
                project: name(APP),
                stack: name("dev"),
                workspace: name("dev"),
                app: name(APP),
                namespace: name(APP),
            },
            accessory: if is_workload { String::new() } else { self.module.name().to_string() },
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            config: config.clone(),
            platform: platform.clone(),
            workload,
            context: json!({}),
            inputs: Vec::new(),
            extensions,
        }
    }
}

struct Tried {
    rejected: bool,
    fuel: u64,
}

fn stand_in(workload: &Value) -> Option<Contribution> {
    stand_in::workload(&AppName::parse(APP).ok()?, APP, workload)
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
