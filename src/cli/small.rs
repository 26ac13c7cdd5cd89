//! The commands that only print: `new`, `schema`, `completions`, `man`.

use std::io::Write;

use clap::CommandFactory;

use super::args::{Cli, Completions, New};
use super::exit::Exit;
use super::failure::Failure;
use crate::job::{Action, schema, starter};

/// `new`: a commented starter job.
pub(super) fn new(args: &New) -> Result<Exit, Failure> {
    let text = Action::of(&args.action).and_then(starter::starter);
    let Some(text) = text else {
        let known = starter::actions().collect::<Vec<_>>().join(", ");
        return Err(Failure::BadInput(format!(
            "there is no starter job for `{}`; there is one for {known}",
            args.action
        )));
    };
    print(text.as_bytes())
}

/// `schema`: the JSON Schema of job files.
pub(super) fn schema() -> Result<Exit, Failure> {
    let mut text = serde_json::to_vec_pretty(&schema::schema()).map_err(std::io::Error::from)?;
    text.push(b'\n');
    print(&text)
}

/// `completions`: a script for a shell.
pub(super) fn completions(args: &Completions) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "transship", &mut text);
    print(&text)
}

/// `man`: the manual page.
pub(super) fn man() -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut text)?;
    print(&text)
}

fn print(text: &[u8]) -> Result<Exit, Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text)?;
    out.flush()?;
    Ok(Exit::Done)
}
