//! Plans for people.

use kusion::ops::DriftReport;
use kusion::plan::{Action, Change, Drift, Plan, Reason, Step};
use kusion::spec::{Grade, Note, NoteKind};
use serde_json::Value;

use crate::render::{Paint, Style, Table};

/// The longest value shown on one line, in characters.
const MAX_VALUE: usize = 120;

/// Shows what would change: a table, then the changed fields of what exists, then the count.
pub(crate) fn plan(plan: &Plan, paint: Paint) -> String {
    if plan.steps.is_empty() && plan.forgotten.is_empty() {
        return "Nothing to do: there are no resources.\n".to_owned();
    }
    if plan.is_empty() {
        return "No changes: everything is as the configuration says.\n".to_owned();
    }
    let summary = plan.summary();
    let drifted = match summary.drifted {
        0 => String::new(),
        1 => "1 resource was changed or deleted outside kusion.\n".to_owned(),
        count => format!("{count} resources were changed or deleted outside kusion.\n"),
    };
    let summary = paint.text(Style::Bold, &summary.to_string());
    format!("{}\n{drifted}{summary}\n", changes(plan, paint))
}

/// Shows what is known of a plan of which the target refuses a part; nothing if nothing else changes.
pub(crate) fn partly(plan: &Plan, paint: Paint) -> Option<String> {
    if plan.is_empty() {
        return None;
    }
    let said = "What is refused is left out of this plan, and nothing is done before it is mended.";
    Some(format!("{}\n{said}\n", changes(plan, paint)))
}

/// Shows what else is to be known about a plan, a line each.
pub(crate) fn notes(notes: &[String]) -> String {
    notes.iter().map(|note| format!("{note}\n")).collect()
}

/// Shows what somebody changed outside: a table, the fields, then the count.
pub(crate) fn drift(drift: &DriftReport, paint: Paint) -> String {
    let Some(revision) = drift.revision else {
        return "No drift: nothing has been applied yet.\n".to_owned();
    };
    let count = match drift.plan.steps.len() {
        0 => return format!("No drift: everything is as release {revision} left it.\n"),
        1 => format!("Drift: 1 resource is not as release {revision} left it."),
        count => format!("Drift: {count} resources are not as release {revision} left them."),
    };
    let mut table = Table::new(["", "ID", "FOUND"]);
    let found = |step: &Step| match step.reason {
        Some(Reason::DeletedOutside) => ("-", "deleted", Style::Delete),
        _ => ("~", "changed", Style::Update),
    };
    for step in &drift.plan.steps {
        let (symbol, word, _) = found(step);
        table.row([symbol.to_owned(), step.id.to_string(), word.to_owned()]);
    }
    let mut text = colour(&table.render(), paint);
    for step in drift.plan.steps.iter().filter(|step| tells_more(step)) {
        let (symbol, _, style) = found(step);
        let title = paint.text(style, &format!("{symbol} {}", step.id));
        text.push_str(&format!("\n{title}\n{}", body(step, paint)));
    }
    format!("{text}\n{}\n", paint.text(Style::Bold, &count))
}

/// Shows the table of what changes, then the changed fields of what exists before and after.
pub(crate) fn changes(plan: &Plan, paint: Paint) -> String {
    let changing = || plan.steps.iter().filter(|step| step.action != Action::Unchanged);
    let mut table = Table::new(["", "ID", "ACTION", "EFFECT", "REASON"]);
    for step in changing() {
        table.row([
            symbol(step.action).to_owned(),
            step.id.to_string(),
            step.action.to_string(),
            effect(step),
            reason(step),
        ]);
    }
    let shared = |note: &&Note| note.kind == NoteKind::Shared;
    for step in plan.steps.iter().filter(|step| step.action == Action::Unchanged) {
        let Some(note) = step.notes.iter().find(shared) else { continue };
        let why = super::harmless_line(&note.message);
        table.row([" ".to_owned(), step.id.to_string(), "keep".to_owned(), String::new(), why]);
    }
    for id in &plan.forgotten {
        let why = match plan.stays.get(id) {
            Some(why) => format!("stays: {}", super::harmless_line(why)),
            None => "gone already".to_owned(),
        };
        table.row([" ".to_owned(), id.to_string(), "forget".to_owned(), String::new(), why]);
    }
    let mut text = colour(&table.without_empty(3).render(), paint);
    for step in changing().filter(|step| tells_more(step)) {
        text.push('\n');
        text.push_str(&details(step, paint));
    }
    text
}

/// Says how far a step reaches, as far as the action does not say it.
fn effect(step: &Step) -> String {
    let grades = step.grades.iter().filter(|grade| **grade != Grade::Replace);
    grades.map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Says why, and of a new resource what the target says about it: all its fields are new, so that they are
/// not shown one by one.
fn reason(step: &Step) -> String {
    let reason = step.reason.filter(|reason| tells(step, *reason)).map(|reason| reason.to_string());
    let notes = step.notes.iter().filter(|_| step.action == Action::Create);
    let said = reason.into_iter().chain(notes.map(|note| super::harmless_line(&note.to_string())));
    said.collect::<Vec<_>>().join("; ")
}

/// Whether there is more to show than the line of the table.
fn tells_more(step: &Step) -> bool {
    step.action != Action::Create && !(step.notes.is_empty() && step.changes.is_empty())
}

/// Whether the reason says more than the action.
fn tells(step: &Step, reason: Reason) -> bool {
    !(reason == Reason::Configuration && step.action != Action::Replace)
}

/// Shows every field of every change.
pub(crate) fn full_details(plan: &Plan, paint: Paint) -> String {
    let steps = plan.steps.iter().filter(|step| step.action != Action::Unchanged);
    steps.map(|step| details(step, paint)).collect::<Vec<_>>().join("\n")
}

fn details(step: &Step, paint: Paint) -> String {
    let title = format!("{} {}", symbol(step.action), step.id);
    format!("{}\n{}", paint.text(style(step.action), &title), body(step, paint))
}

fn body(step: &Step, paint: Paint) -> String {
    let mut text = String::new();
    if let Some(origin) = &step.origin {
        text.push_str(&format!("    {}\n", paint.text(Style::Dim, &format!("from {origin}"))));
    }
    let changed = |change: &&Change| change.drift.as_ref().is_none_or(|drift| drift.configured);
    for change in step.changes.iter().filter(changed) {
        text.push_str(&format!("    {}\n", field(change, paint)));
    }
    text.push_str(&drifted(step, paint));
    for note in &step.notes {
        let message = super::harmless_line(&note.to_string());
        text.push_str(&format!(
            "    {}\n",
            paint.text(Style::Warning, &format!("note: {message}"))
        ));
    }
    text
}

/// Shows what somebody changed in the target, apart from what the configuration changed.
fn drifted(step: &Step, paint: Paint) -> String {
    let mut text = String::new();
    for change in &step.changes {
        let Some(drift) = &change.drift else { continue };
        if text.is_empty() {
            text = format!("    {}\n", paint.text(Style::Warning, "changed outside kusion:"));
        }
        let by = drift.by.as_ref().map(|editor| format!(" ({editor})")).unwrap_or_default();
        let shown = was(change, drift, paint);
        text.push_str(&format!("      {shown}{}\n", super::harmless_line(&by)));
    }
    text
}

/// Shows what became of a value since the last release.
fn was(change: &Change, drift: &Drift, paint: Paint) -> String {
    let path = super::harmless_line(&change.path);
    if change.sensitive {
        return format!("{path}: {}", paint.text(Style::Dim, "(secret, changed)"));
    }
    let is = match &change.old {
        Some(value) => format!("is {}", short(value)),
        None => "is gone".to_owned(),
    };
    match &drift.recorded {
        Some(value) => format!("{path}: was {}, {is}", short(value)),
        None => format!("{path}: was not there, {is}"),
    }
}

fn field(change: &Change, paint: Paint) -> String {
    let Change { path, old, new, sensitive, unknown, .. } = change;
    let path = super::harmless_line(path);
    if *sensitive {
        let said = if *unknown { "(secret, unknown)" } else { "(secret, changed)" };
        return format!("{path}: {}", paint.text(Style::Dim, said));
    }
    let old = old.as_ref().map(|value| paint.text(Style::Delete, &short(value)));
    let new = new.as_ref().map(|value| paint.text(Style::Create, &short(value)));
    match (old, new) {
        (Some(old), Some(new)) => format!("{path}: {old} -> {new}"),
        (None, Some(new)) => format!("{path}: {new}"),
        (Some(old), None) => format!("{path}: {old} -> (removed)"),
        (None, None) => path,
    }
}

fn short(value: &Value) -> String {
    let text = match value {
        Value::String(text) if is_plain(text) => text.clone(),
        value => value.to_string(),
    };
    if text.chars().count() <= MAX_VALUE {
        return super::harmless_line(&text);
    }
    super::harmless_line(&format!("{}…", text.chars().take(MAX_VALUE).collect::<String>()))
}

/// Whether a text can be shown without quotes and still be told from other values.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && !text.contains(super::is_obeyed)
        && serde_json::from_str::<Value>(text).is_err()
}

fn symbol(action: Action) -> &'static str {
    match action {
        Action::Create => "+",
        Action::Update => "~",
        Action::Replace => "±",
        Action::Delete => "-",
        Action::Unchanged => " ",
    }
}

fn style(action: Action) -> Style {
    match action {
        Action::Create => Style::Create,
        Action::Update | Action::Replace => Style::Update,
        Action::Delete => Style::Delete,
        Action::Unchanged => Style::Dim,
    }
}

/// Colours the lines of a table by their symbol.
fn colour(table: &str, paint: Paint) -> String {
    let line = |line: &str| {
        let style = match line.chars().next() {
            Some('+') => Style::Create,
            Some('~' | '±') => Style::Update,
            Some('-') => Style::Delete,
            _ => Style::Bold,
        };
        format!("{}\n", paint.text(style, line))
    };
    table.lines().map(line).collect()
}
