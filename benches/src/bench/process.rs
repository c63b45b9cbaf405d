//! Whole processes: `kusion generate` with everything cached, against a process that does only what must be done.

use std::path::Path;

use kusion_benches::Failure;

use super::{Fixture, Report, Times, floor};

/// What one program took.
#[derive(Default)]
struct Side {
    wall: Times,
    /// Seconds of processor time in all.
    processor: f64,
}

impl Side {
    fn run(
        &mut self,
        fixture: &Fixture,
        program: &Path,
        arguments: &[&Path],
    ) -> Result<(), Failure> {
        let mut command = fixture.command(program);
        command.args(arguments);
        let before = processor_time()?;
        let status = self.wall.take(|| command.status())?;
        self.processor += processor_time()? - before;
        if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}").into()) }
    }

    fn tell(&self, name: &str, rounds: usize, report: &mut Report) {
        let (min, median) = (self.wall.min(), self.wall.median());
        let processor = self.processor_ms(rounds);
        report.tell(
            format!("{name}: min / median / processor time"),
            format!("{min:.2} / {median:.2} / {processor:.2} ms"),
        );
    }

    #[expect(clippy::cast_precision_loss, reason = "a small count")]
    fn processor_ms(&self, rounds: usize) -> f64 {
        self.processor * 1e3 / rounds as f64
    }
}

/// Measures `generate` and `version` in turns with the floor.
pub(crate) fn process(
    fixture: &Fixture,
    rounds: usize,
    report: &mut Report,
) -> Result<(), Failure> {
    let folder = fixture.path("floor");
    floor::record(fixture, &folder)?;
    let this = std::env::current_exe()?;
    fixture.succeed(&["generate"])?;
    let [mut nothing, mut floors, mut generates, mut versions] = <[Side; 4]>::default();
    for _ in 0..rounds {
        nothing.run(fixture, Path::new("/bin/true"), &[])?;
        floors.run(fixture, &this, &[Path::new(super::FLOOR), &folder])?;
        generates.run(fixture, &fixture.kusion, &[Path::new("generate")])?;
        versions.run(fixture, &fixture.kusion, &[Path::new("version")])?;
    }
    report.section("Whole processes: seven calls of five modules, all code cached");
    nothing.tell("`/bin/true`", rounds, report);
    floors.tell("the floor", rounds, report);
    generates.tell("`kusion generate`", rounds, report);
    versions.tell("`kusion version`", rounds, report);
    report.at_most("`kusion generate`, median", generates.wall.median(), 10.0, " ms");
    let ratio = generates.wall.median() / floors.wall.median();
    report.at_most("… to the floor, medians", ratio, 2.0, "×");
    report.at_most("… to the floor, minima", generates.wall.min() / floors.wall.min(), 2.0, "×");
    // The clock of processor time may not have ticked in a run that only tries the bench out.
    let ratio = generates.processor / floors.processor.max(f64::EPSILON);
    report.at_most("… to the floor, processor time", ratio, 2.0, "×");
    report.at_most("`kusion version`, median", versions.wall.median(), 5.0, " ms");
    Ok(())
}

/// Returns the seconds that ended children of this process computed. It hardly depends on what else the machine does.
fn processor_time() -> Result<f64, Failure> {
    /// Linux reports in this unit on all its platforms.
    const TICKS_A_SECOND: f64 = 100.0;
    let stat = fs_err::read_to_string("/proc/self/stat")?;
    // The second field, in brackets, may contain anything; `cutime` and `cstime` are the 16th and 17th.
    let (_, after) = stat.rsplit_once(')').ok_or("/proc/self/stat has no name")?;
    let fields = after.split_whitespace().skip(13).take(2);
    let ticks: f64 = fields.map(str::parse::<f64>).sum::<Result<_, _>>()?;
    Ok(ticks / TICKS_A_SECOND)
}
