//! The commands that only print: `new`, `schema`, `completions`, `man`.

use std::io::Write;
use std::path::Path;

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
    let Some(file) = &args.file else {
        let exit = print(text.as_bytes())?;
        if is_redirected_to_a_file() {
            // The first line of the job names the schema, which editors look for beside it.
            write_schema(Path::new("."))?;
        }
        return Ok(exit);
    };
    let made = std::fs::OpenOptions::new().write(true).create_new(true).open(file);
    match made {
        Ok(mut made) => made.write_all(text.as_bytes())?,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(Failure::BadInput(format!("{} exists already; name another file", file.display())));
        }
        Err(error) => {
            return Err(Failure::BadInput(format!("cannot write {}: {error}", file.display())));
        }
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    write_schema(folder.unwrap_or(Path::new(".")))?;
    Ok(Exit::Done)
}

/// Whether the standard output goes to a file, as in `transship new migrate > job.yaml`.
#[cfg(unix)]
fn is_redirected_to_a_file() -> bool {
    use std::os::fd::AsFd;
    let copy = std::io::stdout().as_fd().try_clone_to_owned();
    copy.and_then(|copy| std::fs::File::from(copy).metadata()).is_ok_and(|data| data.is_file())
}

#[cfg(not(unix))]
fn is_redirected_to_a_file() -> bool {
    false
}

/// Writes `job.schema.json` into a folder; a file of that name is replaced only if it is an older one of these.
fn write_schema(folder: &Path) -> Result<(), Failure> {
    let path = folder.join("job.schema.json");
    let mine = schema::schema();
    if let Ok(text) = std::fs::read_to_string(&path) {
        let kept: Option<serde_json::Value> = serde_json::from_str(&text).ok();
        if kept.is_none_or(|kept| kept["title"] != mine["title"]) {
            return Ok(());
        }
    }
    let mut text = serde_json::to_vec_pretty(&mine).map_err(std::io::Error::from)?;
    text.push(b'\n');
    std::fs::write(&path, text)?;
    Ok(())
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
