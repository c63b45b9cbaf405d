//! The table at the end.

use std::fmt::Write as _;

/// All that was measured, in the order in which it was.
#[derive(Debug, Default)]
pub(crate) struct Report {
    sections: Vec<(String, Vec<Row>)>,
}

#[derive(Debug)]
struct Row {
    what: String,
    measured: String,
    aim: String,
}

impl Report {
    /// Begins a new part of the table.
    pub(crate) fn section(&mut self, title: &str) {
        self.sections.push((title.to_owned(), Vec::new()));
    }

    /// Adds a number that is only told.
    pub(crate) fn tell(&mut self, what: impl Into<String>, measured: impl Into<String>) {
        self.row(Row { what: what.into(), measured: measured.into(), aim: String::new() });
    }

    /// Adds a number that should not be above an aim.
    pub(crate) fn at_most(&mut self, what: impl Into<String>, value: f64, aim: f64, unit: &str) {
        let verdict = if value <= aim { "met" } else { "missed" };
        let digits = if value >= 100.0 { 0 } else { 2 };
        self.row(Row {
            what: what.into(),
            measured: format!("{value:.digits$}{unit}"),
            aim: format!("≤ {aim}{unit}: {verdict}"),
        });
    }

    /// Adds a number that should not be below an aim.
    pub(crate) fn at_least(&mut self, what: impl Into<String>, value: f64, aim: f64, unit: &str) {
        let verdict = if value >= aim { "met" } else { "missed" };
        self.row(Row {
            what: what.into(),
            measured: format!("{value:.2}{unit}"),
            aim: format!("≥ {aim}{unit}: {verdict}"),
        });
    }

    fn row(&mut self, row: Row) {
        if let Some((_, rows)) = self.sections.last_mut() {
            rows.push(row);
        }
    }

    /// Returns the table, headed by the machine and the day.
    pub(crate) fn markdown(&self) -> String {
        let mut text = format!("{}\n", machine());
        for (title, rows) in &self.sections {
            // Writing to a text cannot fail.
            let _ok = writeln!(text, "\n### {title}\n\n| what | measured | aim |\n|---|---:|---|");
            for Row { what, measured, aim } in rows {
                let _ok = writeln!(text, "| {what} | {measured} | {aim} |");
            }
        }
        text
    }
}

fn machine() -> String {
    let cpu = fs_err::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unknown processor", |(_, model)| model);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let load = fs_err::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    let uname = rustix::system::uname();
    let system = [uname.sysname(), uname.release()]
        .map(|part| part.to_string_lossy().into_owned())
        .join(" ");
    let time = jiff::Timestamp::now();
    format!("{model}, {threads} threads, {system}, load {load}, {time:.0}")
}
