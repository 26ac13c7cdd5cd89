//! Reports arguments that cannot be parsed, nevertheless in the form that they ask for.

use super::args::LogFormat;
use super::document::Document;
use super::exit::Exit;
use super::failure::Failure;
use super::log;
use super::stderr::Stderr;

/// Reports what is wrong with the arguments, and returns the exit code.
pub(super) fn refuse(error: &clap::Error, given: &[String]) -> Exit {
    let json = |option: &str, variable: &str| is_asked_for(given.iter().cloned(), option, variable);
    let form = if json("--log-format", "TRANSSHIP_LOG_FORMAT") { LogFormat::Json } else { LogFormat::Text };
    let text = error.to_string();
    let failure = Failure::BadInput(text.trim().trim_start_matches("error: ").to_owned());
    let stderr = Stderr::new(form);
    if form == LogFormat::Json {
        let options =
            log::LogOptions { stderr: &stderr, form, verbose: 0, quiet: false, color: false, file: None };
        // Without a file there is nothing to open.
        let _ = log::start(options);
        failure.report(&stderr);
    } else {
        // A reader that went away cannot be told.
        let _ = error.print();
    }
    if json("--format", "TRANSSHIP_FORMAT") {
        let _ = Document::default().print(None, Exit::BadInput, Some(&failure), &stderr);
    }
    Exit::BadInput
}

/// Whether these arguments, or else a variable, set an option to `json`.
fn is_asked_for(arguments: impl Iterator<Item = String>, option: &str, variable: &str) -> bool {
    let arguments: Vec<String> = arguments.collect();
    let told = arguments.iter().enumerate().rev().find_map(|(at, argument)| {
        let value = argument.strip_prefix(option)?;
        if value.is_empty() { arguments.get(at + 1).map(String::as_str) } else { value.strip_prefix('=') }
    });
    let variable = || std::env::vars_os().find(|(name, _)| name == variable);
    told.map_or_else(|| variable().is_some_and(|(_, value)| value == "json"), |value| value == "json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_the_arguments_counts_in_both_spellings() {
        for (arguments, wanted) in [
            (vec!["run", "--format", "json"], true),
            (vec!["run", "--format=json"], true),
            (vec!["run", "--format", "json", "--format", "text"], false),
            (vec!["run", "--formatter", "json"], false),
            (vec!["run", "--format"], false),
            (vec!["run"], false),
        ] {
            let given = arguments.iter().map(|word| (*word).to_owned());
            assert_eq!(is_asked_for(given, "--format", "NOT_A_VARIABLE"), wanted, "{arguments:?}");
        }
    }
}
