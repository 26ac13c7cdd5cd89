//! Values of options, and what is said of one that is none.

use std::time::Duration;

use clap::Args;

/// A count that is not 0.
pub(super) fn at_least_one(text: &str) -> Result<u32, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "write a whole number, 1 or more".to_owned())
}

/// Seconds that a person would wait.
fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.parse().ok().filter(|number| (0.0..=3600.0).contains(number));
    let time = number.and_then(|number| Duration::try_from_secs_f64(number).ok());
    time.ok_or_else(|| "write a number of seconds, 0 to 3600".to_owned())
}

/// How long calls without an answer are waited for.
#[derive(Debug, Clone, Copy, Args)]
pub struct GracePeriod {
    /// Seconds after which a call without an answer can no longer be executing in the service, 0 to 3600
    #[arg(long = "settle", value_name = "SECONDS", default_value = "10", env = "TRANSSHIP_SETTLE", value_parser = seconds)]
    pub period: Duration,
}

/// A number of seconds, minutes, hours, days or weeks: `90s`, `30m`, `12h`, `30d`, `4w`.
pub(super) fn age(text: &str) -> Result<Duration, String> {
    let units = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400), ("w", 604_800)];
    units
        .iter()
        .find_map(|(unit, seconds)| {
            let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
            number.checked_mul(*seconds).map(Duration::from_secs)
        })
        .ok_or_else(|| "write a number and a unit: 90s, 30m, 12h, 30d or 4w".to_owned())
}
