//! Between two waves: reports the result of a wave, and asks a person whether the next one may begin.

use async_trait::async_trait;

use super::ask::line_of;
use super::say;
use super::world::CliContext;
use crate::job::{AccountPlace, Settings};
use crate::model::cancel::Cancel;
use crate::report::text::{clean, count, cut, number, span};
use crate::session::{NextWave, WaveGate, WaveReport};

/// Who decides whether the next wave may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answers {
    /// The person at the terminal.
    Person,
    /// It was agreed to beforehand, or nothing of value is at stake.
    Yes,
    /// Nobody can be asked: the run stops there, and each `resume` does one wave.
    Nobody,
}

/// Asks the person at the terminal.
#[derive(Debug)]
pub(super) struct TerminalGate {
    world: CliContext,
    cancel: Cancel,
    answers: Answers,
}

impl TerminalGate {
    /// Asks on a terminal, unless `yes` was given beforehand. Without a terminal, only a run into an emulator goes
    /// on.
    pub(super) fn new(world: &CliContext, settings: &Settings, yes: bool, cancel: &Cancel) -> Self {
        let answers = match (yes, world.stdin_is_terminal, &settings.target.place) {
            (true, ..) => Answers::Yes,
            (false, true, _) => Answers::Person,
            (false, false, AccountPlace::Emulator { .. }) => Answers::Yes,
            (false, false, _) => Answers::Nobody,
        };
        Self { world: world.clone(), cancel: cancel.clone(), answers }
    }
}

#[async_trait]
impl WaveGate for TerminalGate {
    fn ended(&self, report: &WaveReport) {
        if !self.world.global.quiet {
            say(&self.world, &ended(report));
        }
    }

    async fn may_begin(&self, _: &WaveReport, next: &NextWave) -> bool {
        match self.answers {
            Answers::Yes => return true,
            Answers::Nobody => {
                say(
                    &self.world,
                    "there is no terminal to ask whether the next wave may begin: `transship resume` begins it",
                );
                return false;
            }
            Answers::Person => {}
        }
        self.world.stderr.clear_bars();
        say(&self.world, &format!("\n{}", begins(next)));
        loop {
            // What cannot be asked is not agreed to.
            let Ok(answer) = line_of(&self.world, "Continue? [y]es, [s]how, [N]o: ", &self.cancel).await
            else {
                return false;
            };
            match answer.trim().to_lowercase().as_str() {
                "y" | "yes" => return true,
                "s" | "show" => say(&self.world, &shown(next, self.world.columns())),
                _ => return false,
            }
        }
    }
}

/// `Wave 1 of 3   1 import: EU Order lines   1 created, 1 equal   0.4 s`.
fn ended(report: &WaveReport) -> String {
    let WaveReport { number: wave, of, imports, names, outcomes, equal, differ, took } = report;
    let mut named = count(*imports, "import", "imports");
    if *imports as usize == names.len() && *imports > 0 {
        let names: Vec<String> = names.iter().map(|name| cut(&clean(name), 40).into_owned()).collect();
        named = format!("{named}: {}", names.join(", "));
    }
    let mut parts: Vec<String> =
        outcomes.iter().map(|(word, count)| format!("{} {word}", number(*count))).collect();
    for (count, word) in [(*equal, "read back equal"), (*differ, "different")] {
        if count > 0 {
            parts.push(format!("{} {word}", number(count)));
        }
    }
    format!("Wave {wave} of {of}   {named}   {}   {}", parts.join(", "), span(*took))
}

/// `Wave 3 of 3   2,901 imports   create 2,860, update 41   about 10.7 s`.
fn begins(next: &NextWave) -> String {
    let operations: Vec<String> =
        next.operations.iter().map(|(word, count)| format!("{word} {}", number(*count))).collect();
    let time = match next.seconds {
        seconds if seconds < 1.0 => "less than a second".to_owned(),
        seconds => {
            let time = std::time::Duration::try_from_secs_f64(seconds).unwrap_or(std::time::Duration::MAX);
            format!("about {}", span(time))
        }
    };
    format!(
        "Wave {} of {}   {}   {}   {time}",
        next.number,
        next.of,
        count(next.imports, "import", "imports"),
        operations.join(", "),
    )
}

fn shown(next: &NextWave, width: usize) -> String {
    let line = |(operation, name): &(&str, String)| {
        format!("  {operation:<8} {}", cut(&clean(name), width.saturating_sub(11).max(20)))
    };
    let mut lines: Vec<String> = next.items.iter().map(line).collect();
    let more = u64::from(next.imports).saturating_sub(next.items.len() as u64);
    if more > 0 {
        lines.push(format!("  … and {}", count(more, "other", "others")));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_is_told_in_one_line() {
        let report = WaveReport {
            number: 1,
            of: 3,
            imports: 1,
            names: vec!["EU Order\u{1b} lines".to_owned()],
            outcomes: [("created", 1)].into(),
            equal: 1,
            differ: 0,
            took: std::time::Duration::from_millis(420),
        };
        assert_eq!(
            ended(&report),
            "Wave 1 of 3   1 import: EU Order␛ lines   1 created, 1 read back equal   0.4 s"
        );
        let report = WaveReport {
            number: 2,
            imports: 10,
            outcomes: [("created", 8), ("failed", 2)].into(),
            equal: 7,
            differ: 1,
            ..report
        };
        let line = ended(&report);
        assert!(line.contains("10 imports   8 created, 2 failed, 7 read back equal, 1 different"), "{line}");
        let next = NextWave {
            number: 3,
            of: 3,
            imports: 2901,
            operations: [("create", 2860), ("update", 41)].into(),
            items: vec![("create", "x".to_owned())],
            seconds: 10.7,
        };
        assert_eq!(begins(&next), "Wave 3 of 3   2,901 imports   create 2,860, update 41   about 10 s");
        assert!(shown(&next, 80).ends_with("… and 2,900 others"));
    }
}
