//! Schedules, as the cron of Kubernetes reads them.

/// The fields of a schedule: their least and greatest number, and the names that stand for numbers.
const FIELDS: [(u8, u8, &[&str]); 5] = [
    (0, 59, &[]),
    (0, 23, &[]),
    (1, 31, &[]),
    (1, 12, &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
    (0, 6, &["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
];

/// What stands for five fields.
const WORDS: [&str; 7] =
    ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/// The units of time after `@every`.
const UNITS: [&str; 3] = ["h", "m", "s"];
/// The most digits before such a unit.
const MAX_DIGITS: usize = 6;

/// Returns the schedule with single spaces between its parts, or what is wrong with it; `None` if it is empty.
pub(crate) fn parse(text: &str) -> Option<Result<String, &'static str>> {
    let parts: Vec<&str> = text.split_whitespace().collect();
    let problem = match parts.as_slice() {
        [] => return None,
        [first, ..] if first.starts_with("TZ=") || first.starts_with("CRON_TZ=") => {
            Some("cannot name a time zone: it is that of the cluster")
        }
        [word] if WORDS.contains(word) => None,
        ["@every", duration] if is_duration(duration) => None,
        [first, ..] if first.starts_with('@') => Some(
            "is none of `@yearly`, `@monthly`, `@weekly`, `@daily`, `@hourly` and `@every 90m`",
        ),
        fields if fields.len() == FIELDS.len() => {
            let all = fields.iter().zip(FIELDS).all(|(field, of)| is_field(field, of));
            (!all).then_some(
                "has a field that cron cannot read: minute (0-59), hour (0-23), day (1-31), month (1-12), weekday (0-6, Sunday is 0)",
            )
        }
        _ => Some("must have five fields, as in `0 3 * * *`"),
    };
    Some(problem.map_or_else(|| Ok(parts.join(" ")), Err))
}

fn is_field(text: &str, of: (u8, u8, &[&str])) -> bool {
    text.split(',').all(|range| is_range(range, of))
}

/// Whether a text is `*`, `a` or `a-b`, perhaps with a step behind `/`.
fn is_range(text: &str, (least, most, names): (u8, u8, &[&str])) -> bool {
    let (range, step) = match text.split_once('/') {
        Some((range, step)) => (range, Some(step)),
        None => (text, None),
    };
    if step.is_some_and(|step| number(step).is_none_or(|step| step == 0)) {
        return false;
    }
    if matches!(range, "*" | "?") {
        return true;
    }
    let value = |text: &str| {
        let named = names.iter().position(|name| text.eq_ignore_ascii_case(name));
        match named.and_then(|at| u8::try_from(at).ok()) {
            Some(at) => Some(least + at),
            None => number(text).and_then(|number| u8::try_from(number).ok()),
        }
    };
    let (start, end) = match range.split_once('-') {
        Some((start, end)) => (value(start), value(end)),
        None => (value(range), value(range)),
    };
    start.zip(end).is_some_and(|(start, end)| least <= start && start <= end && end <= most)
}

/// Whether a text is a duration such as `1h30m`.
fn is_duration(text: &str) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (digits, behind) = rest.split_at(digits);
        if digits.is_empty() || digits.len() > MAX_DIGITS {
            return false;
        }
        let Some(behind) = UNITS.iter().find_map(|unit| behind.strip_prefix(unit)) else {
            return false;
        };
        rest = behind;
    }
    !text.is_empty()
}

fn number(text: &str) -> Option<u32> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cron_reads_is_read() {
        for text in [
            "0 3 * * *",
            "*/5 0-6/2 1,15 jan-Mar MON",
            "59 23 31 12 6",
            "5/15 ? * * ?",
            "@daily",
            "@every 1h30m",
        ] {
            assert_eq!(parse(text), Some(Ok(text.to_owned())), "{text}");
        }
        assert_eq!(parse("  0\t3 * * *\n"), Some(Ok("0 3 * * *".to_owned())));
        assert_eq!(parse(" "), None);
    }

    #[test]
    fn what_cron_cannot_read_is_refused() {
        for text in [
            "0 3 * *",
            "0 3 * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 7",
            "5-1 * * * *",
            "*/0 * * * *",
            "1- * * * *",
            "1,, * * * *",
            "+1 * * * *",
            "mon * * * *",
            "@sometimes",
            "@every",
            "@every 1",
            "@every -1h",
            "TZ=Europe/Berlin 0 3 * * *",
            "daily",
        ] {
            assert!(matches!(parse(text), Some(Err(_))), "{text}");
        }
    }
}
