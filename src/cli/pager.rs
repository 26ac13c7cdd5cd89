//! Long text on a terminal goes through the user's pager; a text that fits is printed as it is.

use std::io::Write;
use std::process::{Command, Stdio};

use super::failure::Failure;
use super::world::CliContext;

/// Prints a text to stdout: through the pager if stdout is a terminal that is too small for it.
pub(super) fn print(world: &CliContext, text: &[u8]) -> Result<(), Failure> {
    // Whoever asks for stdout prints the document by itself.
    let mut out = world.out();
    if let Some(words) = pager(world, text) {
        drop(out);
        if paged(world, &words, text) {
            return Ok(());
        }
        out = world.out();
    }
    out.write_all(text)?;
    out.flush()?;
    Ok(())
}

/// The words of the pager, if this text needs one.
fn pager(world: &CliContext, text: &[u8]) -> Option<Vec<String>> {
    if !world.stdout_is_terminal || world.host.env.get("TERM") == Some("dumb") {
        return None;
    }
    let rows = usize::from(console::Term::stdout().size().0);
    let wanted = ["TRANSSHIP_PAGER", "PAGER"].iter().find_map(|name| world.host.env.get(name));
    words(wanted, text, rows)
}

/// The words of the pager that is set, for a text on a terminal with this number of rows.
fn words(wanted: Option<&str>, text: &[u8], rows: usize) -> Option<Vec<String>> {
    let lines = text.iter().filter(|byte| **byte == b'\n').count();
    // The prompt takes a row too.
    let fits = lines < rows;
    let words: Vec<String> = wanted.unwrap_or("less").split_whitespace().map(str::to_owned).collect();
    let is_none = words.first().is_none_or(|program| program == "cat");
    (!fits && !is_none).then_some(words)
}

/// Whether the pager showed it.
fn paged(world: &CliContext, words: &[String], text: &[u8]) -> bool {
    let Some((program, arguments)) = words.split_first() else { return false };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped());
    if world.host.env.get("LESS").is_none() {
        // Colours as they are, nothing left behind that fits, and the text stays on the screen.
        command.env("LESS", "FRX");
    }
    // Ctrl-C is for the pager, which shares the terminal.
    world.stderr.hold(true);
    let shown = command.spawn().is_ok_and(|mut pager| {
        if let Some(mut stdin) = pager.stdin.take() {
            // Whoever quits has seen enough.
            let _ = stdin.write_all(text);
        }
        pager.wait().is_ok()
    });
    world.stderr.hold(false);
    shown
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn only_what_does_not_fit_goes_through_the_pager_that_is_wanted() {
        let text = b"one\ntwo\nthree\n";
        assert_eq!(words(None, text, 4), None, "it fits");
        assert_eq!(words(None, text, 3), Some(vec!["less".to_owned()]));
        assert_eq!(words(Some("less -S"), text, 2), Some(vec!["less".to_owned(), "-S".to_owned()]));
        for none in ["cat", "", " "] {
            assert_eq!(words(Some(none), text, 2), None, "`{none}` is no pager");
        }
    }
}
