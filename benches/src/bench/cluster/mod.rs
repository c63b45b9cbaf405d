//! A real cluster: previews and applies of many small objects, against a bare client and against `kubectl`.

mod parallelism;
mod run;
mod side;
mod stack;

use std::time::Duration;

use kusion_benches::Failure;
use kusion_cluster::Cluster;

use super::{Fixture, Report, Times};
use run::peak_memory;
use side::{First, Side, Twins, Unchanged};

pub(crate) use parallelism::parallelism;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    /// The stacks, by their objects; what is measured once is measured with the last one.
    pub(crate) objects: &'static [usize],
    /// The objects of the stack whose memory is measured.
    pub(crate) many: usize,
    /// How often everything is done, direct and far away.
    pub(crate) rounds: [usize; 2],
    /// What the way to a cluster far away costs each request.
    pub(crate) latency: Duration,
    /// Whether a cluster that tests use is good enough.
    pub(crate) shared: bool,
}

impl Sizes {
    fn most(&self) -> usize {
        self.objects.last().copied().unwrap_or_default()
    }
}

/// What the ratios shall be, direct or far away.
struct Aims {
    to_the_floor: Option<f64>,
    preview: f64,
    apply: f64,
    first: f64,
}

const DIRECT: Aims = Aims { to_the_floor: Some(1.3), preview: 4.0, apply: 2.0, first: 1.5 };
const FAR: Aims = Aims { to_the_floor: None, preview: 8.0, apply: 6.0, first: 6.0 };

/// Measures on a cluster that lives as long as this takes.
pub(crate) fn cluster(fixture: &Fixture, sizes: Sizes, report: &mut Report) -> Result<(), Failure> {
    let own;
    let cluster = if sizes.shared {
        Cluster::shared()
    } else {
        own = Cluster::start();
        &own
    };
    let direct = Side::direct(fixture, cluster);
    let far = Side::through_a_proxy(fixture, cluster);
    let mut looks = Vec::new();
    for objects in sizes.objects {
        looks.push((*objects, direct.twins(*objects)?, far.twins(*objects)?));
    }
    count(&looks, &far, report)?;
    what_the_proxy_costs(&looks, report)?;
    let [near_rounds, far_rounds] = sizes.rounds;
    for (objects, twins, _) in &looks {
        measure(&direct, "direct", (*objects, twins), near_rounds, &DIRECT, report)?;
    }
    far.slow_down(sizes.latency);
    let how =
        format!("through a proxy that adds {} ms to every request", sizes.latency.as_millis());
    for (objects, _, twins) in &looks {
        measure(&far, &how, (*objects, twins), far_rounds, &FAR, report)?;
    }
    memory(&direct, sizes.most(), sizes.many, report)?;
    if sizes.shared {
        direct.clean();
        far.clean();
    }
    Ok(())
}

fn count(
    looks: &[(usize, Twins<'_>, Twins<'_>)],
    far: &Side<'_>,
    report: &mut Report,
) -> Result<(), Failure> {
    let Some((objects, _, twins)) = looks.last() else { return Ok(()) };
    let first = far.stack(*objects)?;
    let runs = [
        ("`kusion preview`, nothing changes", twins.ours.kusion(&["preview"])),
        ("`kusion apply`, nothing changes", twins.ours.kusion(&["apply", "--yes"])),
        ("`kusion apply` of what is new", first.kusion(&["apply", "--yes", "--no-wait"])),
        ("`kubectl diff --server-side`", far.kubectl("diff", twins.manifests())),
        ("`kubectl apply --server-side`", far.kubectl("apply", twins.manifests())),
    ];
    report.section(&format!("Requests for {objects} objects and their namespace"));
    for (what, command) in runs {
        let requests = far.requests(command)?;
        #[expect(clippy::cast_precision_loss, reason = "small counts")]
        let each = requests as f64 / (objects + 1) as f64;
        report.tell(what, format!("{requests}, {each:.2} an object"));
    }
    Ok(())
}

/// Sends the floor both ways in turns, before the proxy slows anything down.
fn what_the_proxy_costs(
    looks: &[(usize, Twins<'_>, Twins<'_>)],
    report: &mut Report,
) -> Result<(), Failure> {
    let Some((_, direct, far)) = looks.last() else { return Ok(()) };
    let mut times = <[Times; 2]>::default();
    for _ in 0..3 {
        for (twins, times) in [direct, far].into_iter().zip(&mut times) {
            run::timed(times, twins.ours.floor(32)?)?;
        }
    }
    let [direct, far] = times;
    report.tell(
        "the proxy itself: the floor's time to its time without",
        format!("{:.2}×", far.ratio(&direct)),
    );
    Ok(())
}

fn measure(
    side: &Side<'_>,
    how: &str,
    (objects, twins): (usize, &Twins<'_>),
    rounds: usize,
    aims: &Aims,
    report: &mut Report,
) -> Result<(), Failure> {
    let (mut times, mut first) = (Unchanged::default(), First::default());
    for _ in 0..rounds {
        side.look(twins, &mut times)?;
    }
    for _ in 0..rounds.div_ceil(2) {
        side.first(objects, &mut first)?;
    }
    report.section(&format!("{objects} objects and their namespace, {how}"));
    let Unchanged { floors: [ten, thirty_two], .. } = &times;
    let floor = ten.shorter(thirty_two);
    tell(report, "the floor, 10 at a time", ten);
    tell(report, "the floor, 32 at a time", thirty_two);
    tell(report, "`kusion preview`, nothing changes", &times.preview);
    let ratio = times.preview.ratio(&floor);
    match aims.to_the_floor {
        Some(aim) => report.at_most("… to the shorter floor", ratio, aim, "×"),
        None => report.tell("… to the shorter floor", format!("{ratio:.2}×")),
    }
    tell(report, "`kubectl diff --server-side`", &times.kubectl_diff);
    report.at_least(
        "… to the preview",
        times.kubectl_diff.ratio(&times.preview),
        aims.preview,
        "×",
    );
    tell(report, "`kusion apply`, nothing changes, waiting", &times.apply);
    tell(report, "`kubectl apply --server-side`, nothing changes", &times.kubectl_apply);
    report.at_least("… to ours", times.kubectl_apply.ratio(&times.apply), aims.apply, "×");
    tell(report, "`kusion apply` of what is new, preview included", &first.apply);
    tell(report, "`kubectl apply --server-side` of what is new", &first.kubectl_apply);
    report.at_least("… to ours", first.kubectl_apply.ratio(&first.apply), aims.first, "×");
    Ok(())
}

fn tell(report: &mut Report, what: &str, times: &Times) {
    let (min, median) = (times.min(), times.median());
    report.tell(format!("{what}: min / median"), format!("{min:.0} / {median:.0} ms"));
}

fn memory(side: &Side<'_>, few: usize, many: usize, report: &mut Report) -> Result<(), Failure> {
    report.section("Peak memory on a cluster");
    for objects in [few, many] {
        let stack = side.stack(objects)?;
        let apply = peak_memory(stack.kusion(&["apply", "--yes", "--no-wait"]))?;
        let preview = peak_memory(stack.kusion(&["preview"]))?;
        let mebibytes = |bytes: u64| bytes >> 20;
        report.tell(
            format!("{objects} objects: first `apply` / `preview`"),
            format!("{} / {} MiB", mebibytes(apply), mebibytes(preview)),
        );
    }
    Ok(())
}
