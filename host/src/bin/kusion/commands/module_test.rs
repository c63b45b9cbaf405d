//! `kusion mod test`

use std::path::{Path, PathBuf};

use clap::Args;
use kusion::diagnostic::Diagnose as _;
use kusion::engine::Engine;
use kusion::name::ModuleName;
use kusion::ops::{
    BuiltModule, Defect, Difference, DrawnInputs, InputsReport, TestedModule, bless_case,
    compare_case,
};
use serde_json::{Value, json};

use crate::cli::Format;
use crate::commands::cases::{CASES, Given, ask, case_name, chosen, counted};
use crate::commands::module::{author_limits, build_one};
use crate::context::World;
use crate::error::{CliError, Exit};
use crate::render::{self, Style};

#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// The module's folder, which is built first, or a component.
    #[arg(default_value = ".", value_name = "PATH")]
    module: PathBuf,
    /// Folder of the cases [default: `tests/golden` in the module's folder].
    #[arg(long, value_name = "DIR")]
    cases: Option<PathBuf>,
    /// Only the case of this name. Can be repeated; requests are then drawn only if `--inputs` asks for some.
    #[arg(long = "case", value_name = "NAME")]
    only: Vec<String>,
    /// Write what the cases give now as what is expected of them.
    #[arg(long)]
    bless: bool,
    /// How many requests are drawn from the module's schemas [default: 200].
    #[arg(long, value_name = "NUMBER")]
    inputs: Option<u64>,
    /// Which requests are drawn: the same number draws the same.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Format of the output.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

/// How many requests are drawn unless the user says.
const INPUTS: u64 = 200;

/// What came of a case.
struct Checked {
    name: String,
    /// What it gave, in a few words.
    gave: String,
    wrong: Option<Wrong>,
}

enum Wrong {
    Difference(Difference),
    /// The module is wrong.
    Error(CliError),
}

pub(crate) fn run(world: &World, args: &TestArgs) -> Result<Exit, CliError> {
    let path = world.path(&args.module);
    let engine = world.engine(author_limits())?;
    let (name, component, folder) = component(world, &engine, &path)?;
    let tested = TestedModule::load(&engine, &name, &component)?;
    let folder = match (&args.cases, folder) {
        (Some(cases), _) => world.path(cases),
        (None, Some(folder)) => folder.join(CASES),
        (None, None) => world.path(Path::new(CASES)),
    };
    let mut checked = Vec::new();
    for case in chosen(world, &folder, &args.only)? {
        checked.push(check(world, &tested, &case, args.bless)?);
    }
    let count = args.inputs.unwrap_or(if args.only.is_empty() { INPUTS } else { 0 });
    let report = tested.answer_drawn(DrawnInputs { count, seed: args.seed }, &|_| Ok(()));
    let failed = checked.iter().any(|case| case.wrong.is_some()) || report.finding.is_some();
    match args.output {
        Format::Json => world.print_json(&document(&tested, &checked, &report, args))?,
        Format::Text => {
            world.print(&text(world, &tested, &checked, &report, args)?)?;
            if checked.is_empty() {
                let place = world.display(&folder);
                world.warn(&format!(
                    "there is no case in `{place}`\nhint: a case is a folder with an app.yaml; `--bless` writes what it gives"
                ));
            }
        }
    }
    Ok(if failed { Exit::User } else { Exit::Success })
}

/// Returns the name and bytes of the module, and its folder if it has one.
fn component(
    world: &World,
    engine: &Engine,
    path: &Path,
) -> Result<(ModuleName, Vec<u8>, Option<PathBuf>), CliError> {
    let parse =
        |name: &str| ModuleName::parse(name).map_err(|error| CliError::user(error.to_string()));
    if path.is_dir() {
        let BuiltModule { built, .. } = build_one(world, engine, path, None)?;
        return Ok((parse(&built.name)?, built.component, Some(path.to_owned())));
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    Ok((parse(&stem)?, world.read_bytes(path)?, None))
}

fn check(
    world: &World,
    tested: &TestedModule,
    folder: &Path,
    bless: bool,
) -> Result<Checked, CliError> {
    let name = case_name(folder);
    let Given { outcome, gave } = match ask(world, tested, folder) {
        Ok(given) => given,
        Err(error) => {
            return Ok(Checked { name, gave: String::new(), wrong: Some(Wrong::Error(error)) });
        }
    };
    let mut difference = compare_case(folder, &outcome)?;
    if bless && difference.take().is_some() {
        bless_case(folder, &outcome)?;
        return Ok(Checked { name, gave: format!("{gave} (written)"), wrong: None });
    }
    Ok(Checked { name, gave, wrong: difference.map(Wrong::Difference) })
}

fn text(
    world: &World,
    tested: &TestedModule,
    checked: &[Checked],
    report: &InputsReport,
    args: &TestArgs,
) -> Result<String, CliError> {
    let paint = world.stdout_paint();
    let ok = paint.text(Style::Create, "ok  ");
    let failed = paint.text(Style::Error, "FAIL");
    let description = tested.description();
    let mut text = format!("Module `{}` {}\n\n", description.name, description.version);
    for Checked { name, gave, wrong } in checked {
        match wrong {
            None => text.push_str(&format!("{ok}  case {name}: {gave}\n")),
            Some(Wrong::Error(error)) => {
                text.push_str(&format!(
                    "{failed}  case {name}\n{}",
                    indented(&error.text(&world.plain()))
                ));
            }
            Some(Wrong::Difference(difference)) => {
                text.push_str(&format!("{failed}  case {name}: {}\n", told(difference)));
                text.push_str(&indented(&render::difference(
                    &difference.expected,
                    &difference.found,
                )));
            }
        }
    }
    text.push_str(&drawn(world, report, args)?);
    let wrong = checked.iter().filter(|case| case.wrong.is_some()).count();
    if wrong > 0 {
        text.push_str(&format!("\n{wrong} of {} failed", counted(checked.len(), "case")));
        let differs = |case: &Checked| matches!(case.wrong, Some(Wrong::Difference(_)));
        let advice =
            if checked.iter().any(differs) { "; `--bless` accepts what differs" } else { "" };
        text.push_str(&format!("{advice}.\n"));
    }
    Ok(text)
}

fn told(difference: &Difference) -> String {
    let Difference { expected_file, found_file, .. } = difference;
    match expected_file {
        None => format!("it has no `{found_file}` yet"),
        Some(name) if name == found_file => format!("not what `{name}` says"),
        Some(name) => format!("`{name}` is expected, and it gives `{found_file}`"),
    }
}

/// Tells what came of the drawn requests.
fn drawn(world: &World, report: &InputsReport, args: &TestArgs) -> Result<String, CliError> {
    let paint = world.stdout_paint();
    let InputsReport { asked, rejected, unfitting, most_fuel, finding, .. } = report;
    if asked + unfitting == 0 {
        return Ok(String::new());
    }
    let mut text = String::new();
    match finding {
        None if *asked == 0 => {
            let label = paint.text(Style::Warning, "none");
            text.push_str(&format!("{label}  no request was drawn, so nothing is shown by them\n"));
        }
        None => {
            let label = paint.text(Style::Create, "ok  ");
            text.push_str(&format!(
                "{label}  {asked} drawn requests: {rejected} rejected, at most {most_fuel} fuel\n"
            ));
        }
        Some(finding) => {
            let label = paint.text(Style::Error, "FAIL");
            text.push_str(&format!("{label}  drawn request {asked} of seed {}\n", args.seed));
            let mut request = json!({ "config": finding.config, "platform": finding.platform });
            if let Some(surroundings) = &finding.surroundings {
                request["surroundings"] = json!(surroundings);
            }
            let shown = told_defect(&finding.defect);
            text.push_str(&indented(&format!(
                "{shown}\nThe smallest request that shows it:\n{}",
                world.yaml(&request)?
            )));
        }
    }
    if *unfitting > 0 {
        text.push_str(&format!(
            "      {unfitting} could not be drawn: nothing that was tried fits the schemas\n"
        ));
    }
    if finding.is_none() && *asked >= 20 && rejected * 10 > asked * 9 {
        text.push_str(
            "      almost all were rejected: say in the schema what the module demands, and its users are told before it runs\n",
        );
    }
    Ok(text)
}

fn told_defect(defect: &Defect) -> String {
    let mut text = crate::error::chain(Some(defect)).collect::<Vec<_>>().join(": ");
    if let Defect::NotAccepted { source } = defect {
        for problem in source.problems() {
            text.push_str(&format!("\n{}", problem.message));
        }
    }
    for hint in defect.hints() {
        text.push_str(&format!("\nhint: {hint}"));
    }
    text
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("      {line}").trim_end().to_owned() + "\n").collect()
}

fn document(
    tested: &TestedModule,
    checked: &[Checked],
    report: &InputsReport,
    args: &TestArgs,
) -> Value {
    let case = |Checked { name, wrong, .. }: &Checked| match wrong {
        None => json!({ "name": name, "passed": true }),
        Some(Wrong::Error(error)) => {
            json!({ "name": name, "passed": false, "problems": error.document() })
        }
        Some(Wrong::Difference(difference)) => json!({
            "name": name,
            "passed": false,
            "difference": {
                "expectedFile": difference.expected_file,
                "expected": difference.expected,
                "foundFile": difference.found_file,
                "found": difference.found,
            },
        }),
    };
    let finding = report.finding.as_ref().map(|finding| {
        json!({
            "defect": told_defect(&finding.defect),
            "config": finding.config,
            "platform": finding.platform,
            "surroundings": finding.surroundings,
        })
    });
    json!({
        "formatVersion": 1,
        "kind": "ModuleTest",
        "module": tested.description().name,
        "version": tested.description().version,
        "cases": checked.iter().map(case).collect::<Vec<_>>(),
        "drawn": {
            "seed": args.seed,
            "asked": report.asked,
            "rejected": report.rejected,
            "checked": report.checked,
            "unfitting": report.unfitting,
            "mostFuel": report.most_fuel,
            "finding": finding,
        },
    })
}
