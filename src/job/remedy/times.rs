//! Times and days as people write them, and how the job file has them.

use crate::job::forms;

/// `30 sec`, `5min`, `1 hour`, `1d`, `1h30m`, `0.5s`.
pub(super) fn duration(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let mut rest = text.as_str();
    let mut millis = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start();
        let letters = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
        let unit = match &rest[..letters] {
            "ms" | "msec" | "millis" | "millisecond" | "milliseconds" => 1.0,
            "s" | "sec" | "secs" | "second" | "seconds" => 1e3,
            "m" | "min" | "mins" | "minute" | "minutes" => 6e4,
            "h" | "hr" | "hrs" | "hour" | "hours" => 36e5,
            "d" | "day" | "days" => 864e5,
            _ => return None,
        };
        rest = rest[letters..].trim_start();
        millis += number * unit;
    }
    let units = [(36e5, "h"), (6e4, "m"), (1e3, "s"), (1.0, "ms")];
    let (unit, name) = units.into_iter().find(|(unit, _)| millis % unit == 0.0).filter(|_| millis > 0.0)?;
    Some(format!("{}{name}", millis / unit)).filter(|written| forms::duration(written).is_some())
}

/// A day in another order or with other separators; a time without its offset.
pub(super) fn moment(text: &str) -> Option<String> {
    if text.contains('T') || text.len() > 10 && text.contains(':') {
        let (_, time) = text.split_once(['T', ' ']).unwrap_or(("", text));
        let has_offset = time.ends_with(['Z', 'z']) || time.contains(['+', '-']);
        let help = if has_offset {
            "there is no such day or time of day: hours go to 23, minutes and seconds to 59"
        } else {
            "a time needs its offset: `Z` for UTC, or e.g. `+01:00`"
        };
        return Some(help.to_owned());
    }
    if let Some(day) = without_separators(text) {
        return Some(format!("write `{day}`"));
    }
    if goes_back(text) {
        return Some(
            "write the day that this goes back to, as in `2026-01-31`: spans of time are not read".to_owned(),
        );
    }
    let parts: Vec<&str> = text.split(['.', '/', '-', ' ']).collect();
    if let [year, month] = parts.as_slice()
        && year.len() == 4
        && [year, month].iter().all(|part| part.parse::<u16>().is_ok())
    {
        return Some(format!("write the day too, as in `{year}-{month:0>2}-01`"));
    }
    let [first, second, third] = parts.as_slice() else { return None };
    let number = |part: &str| part.parse::<u16>().ok();
    let (first, second, third) = (number(first)?, number(second)?, number(third)?);
    // A day of three numbers that ends with the year is read the one way here and the other way there.
    let (year, month, day) = if first > 31 { (first, second, third) } else { (third, second, first) };
    if year < 1000 {
        return None;
    }
    if first <= 31 && month <= 12 && day <= 12 && month != day {
        return Some(format!("write `{year}-MM-DD`: the year, the month, the day"));
    }
    let (month, day) = if month > 12 { (day, month) } else { (month, day) };
    let day_of = |month: u16, day: u16| {
        jiff::civil::Date::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?).ok()
    };
    match day_of(month, day) {
        Some(day) => Some(format!("write `{day}`")),
        None => (1..=12).contains(&month).then(|| format!("the month {month} of {year} has no day {day}")),
    }
}

/// A day of eight digits, as `20260131`.
fn without_separators(text: &str) -> Option<jiff::civil::Date> {
    let is_one = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = |part: std::ops::Range<usize>| text.get(part)?.parse::<i16>().ok();
    let (year, month, day) = is_one.then(|| Some((number(0..4)?, number(4..6)?, number(6..8)?))).flatten()?;
    jiff::civil::Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()
}

/// Whether a text names a day by how long ago it is: `7d`, `2 weeks ago`, `yesterday`.
fn goes_back(text: &str) -> bool {
    const WORDS: [&str; 12] = [
        "ago",
        "last",
        "now",
        "today",
        "yesterday",
        "w",
        "week",
        "weeks",
        "month",
        "months",
        "year",
        "years",
    ];
    let text = text.to_lowercase();
    let is_word = |word: &str| WORDS.contains(&word.trim_start_matches(|c: char| c.is_ascii_digit()));
    duration(text.trim_start_matches('-')).is_some() || text.split([' ', '-']).any(is_word)
}
