//! The commands that only print: `new`, `schema`, `completions`, `man`.

use std::io::Write;
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use super::args::{Cli, Completions, Man, New, Schema, SchemaOf};
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
        return print(text.as_bytes());
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

/// Writes `job.schema.json` into a folder; a file of that name is replaced only if it is an older one of these.
fn write_schema(folder: &Path) -> Result<(), Failure> {
    let path = folder.join("job.schema.json");
    let mine = schema::schema();
    match std::fs::read(&path) {
        Ok(text) => {
            let kept: Option<serde_json::Value> = serde_json::from_slice(&text).ok();
            if kept.is_none_or(|kept| kept["title"] != mine["title"]) {
                return Ok(());
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(_) => return Ok(()),
    }
    let mut text = serde_json::to_vec_pretty(&mine).map_err(std::io::Error::from)?;
    text.push(b'\n');
    std::fs::write(&path, text)?;
    Ok(())
}

/// `schema`: the JSON Schema of job files or fleet files.
pub(super) fn schema(args: &Schema) -> Result<Exit, Failure> {
    let schema = match args.of {
        SchemaOf::Job => schema::schema(),
        SchemaOf::Fleet => schema::fleet_schema(),
    };
    let mut text = serde_json::to_vec_pretty(&schema).map_err(std::io::Error::from)?;
    text.push(b'\n');
    print(&text)
}

/// `completions`: a script for a shell, which completes the ids of runs too.
pub(super) fn completions(args: &Completions) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "transship", &mut text);
    let text = String::from_utf8_lossy(&text);
    print(with_runs(args.shell, &text).as_bytes())
}

/// A completion script that knows the folder of runs. Other shells complete options and files only.
fn with_runs(shell: Shell, script: &str) -> String {
    match shell {
        Shell::Bash => format!("{script}\n{BASH_RUNS}"),
        Shell::Fish => format!("{script}\n{FISH_RUNS}"),
        Shell::Zsh => {
            // The argument `run` of these commands is the only one of that name.
            let lines = script.lines().map(|line| {
                let is_run = line.starts_with("'::run -- ") || line.starts_with("':run -- ");
                if is_run { line.replace(":_files'", ":_transship_runs'") } else { line.to_owned() }
            });
            let script: String = lines.map(|line| line + "\n").collect();
            script.replacen("\n_transship() {", &format!("\n{ZSH_RUNS}\n_transship() {{"), 1)
        }
        _ => script.to_owned(),
    }
}

const BASH_RUNS: &str = r#"_transship_with_runs() {
    local cur="${COMP_WORDS[COMP_CWORD]}"
    case "${COMP_WORDS[1]}" in
        resume|retry|undo|show|verify|report)
            if [[ "$cur" != -* && "${COMP_WORDS[COMP_CWORD-1]}" != --* ]]; then
                COMPREPLY=($(compgen -W "$(command ls -1 -- "${TRANSSHIP_RUNS:-runs}" 2>/dev/null)" -- "$cur") $(compgen -d -- "$cur"))
                return
            fi
            ;;
    esac
    _transship "$@"
}
complete -F _transship_with_runs -o bashdefault -o default transship
"#;

const FISH_RUNS: &str = r#"complete -c transship -n "__fish_seen_subcommand_from resume retry undo show verify report" -f -a "(set -q TRANSSHIP_RUNS; or set -l TRANSSHIP_RUNS runs; command ls -1 -- $TRANSSHIP_RUNS 2>/dev/null)"
"#;

const ZSH_RUNS: &str = r"_transship_runs() {
    local -a runs
    runs=(${TRANSSHIP_RUNS:-runs}/*(N/:t))
    compadd -a runs
    _files -/
}
";

/// `man`: the manual page, or one for each command in a folder.
pub(super) fn man(args: &Man) -> Result<Exit, Failure> {
    let Some(folder) = &args.dir else {
        let mut text = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut text)?;
        return print(&text);
    };
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure::BadInput(format!("cannot make {}: {error}", folder.display())))?;
    clap_mangen::generate_to(Cli::command(), folder)
        .map_err(|error| Failure::BadInput(format!("cannot write to {}: {error}", folder.display())))?;
    Ok(Exit::Done)
}

fn print(text: &[u8]) -> Result<Exit, Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text)?;
    out.flush()?;
    Ok(Exit::Done)
}
