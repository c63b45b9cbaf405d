//! How many requests at once are worth it: what the default of `--parallelism` was chosen by.

use std::time::Duration;

use kusion_benches::Failure;
use kusion_cluster::Cluster;

use super::run::timed;
use super::{Side, Sizes, tell};
use crate::bench::{Fixture, Report, Times};

/// Measures previews and first applies with other numbers than the default.
pub(crate) fn parallelism(
    fixture: &Fixture,
    sizes: Sizes,
    report: &mut Report,
) -> Result<(), Failure> {
    let cluster = Cluster::start();
    let objects = sizes.most();
    let direct = Side::direct(fixture, &cluster);
    let far = Side::through_a_proxy(fixture, &cluster);
    let sides = [("direct", Duration::ZERO, &direct), ("far", sizes.latency, &far)];
    for (how, latency, side) in sides {
        let stack = side.stack(objects)?;
        stack.succeed(&["apply", "--yes"])?;
        side.slow_down(latency);
        let numbers = ["1", "4", "10", "16", "32", "64"];
        let mut previews = numbers.map(|number| (number, Times::default(), Times::default()));
        for _ in 0..sizes.rounds[1] {
            for (number, preview, first) in &mut previews {
                timed(preview, stack.kusion(&["preview", "--parallelism", number]))?;
                let new = side.stack(objects)?;
                let arguments = ["apply", "--yes", "--no-wait", "--parallelism", number];
                timed(first, new.kusion(&arguments))?;
            }
        }
        report.section(&format!("--parallelism, {objects} objects, {how}"));
        for (number, preview, first) in &previews {
            tell(report, &format!("{number}: preview"), preview);
            tell(report, &format!("{number}: first apply"), first);
        }
    }
    Ok(())
}
