//! `completions`: scripts for shells; and the hidden `complete`, which those scripts ask for names.

use std::io::Write;

use clap::CommandFactory;
use clap_complete::Shell;

use super::args::{Cli, Complete, Completions, Words};
use super::exit::Exit;
use super::failure::Failure;
use super::small::print;
use super::world::CliContext;
use crate::job::read_user_accounts;
use crate::session::OpenedRun;
use crate::session::runs::{all, ids};

/// The maximum number of import names that are offered: a shell cannot usefully show more of them.
const MOST_NAMES: usize = 2000;

/// `completions`: a script that completes commands, options, actions, runs, accounts and imports.
pub(super) fn completions(args: &Completions) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "transship", &mut text);
    let text = String::from_utf8_lossy(&text);
    print(with_names(args.shell, &text).as_bytes())
}

/// `complete`: prints names, one a line; nothing if they cannot be found, since a shell has no place for an error.
pub(super) fn complete(world: &CliContext, args: &Complete) -> Result<Exit, Failure> {
    let names = match args.words {
        Words::Runs => ids(&all(&world.global.runs)),
        Words::Accounts => accounts(world),
        Words::Imports => imports(world),
    };
    let mut out = world.out();
    for name in names {
        writeln!(out, "{name}")?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// The accounts of the user's file.
fn accounts(world: &CliContext) -> Vec<String> {
    let known = read_user_accounts(&world.host.env, &world.host.clock).ok().flatten();
    known.into_iter().flat_map(|known| known.accounts).map(|account| account.name).collect()
}

/// The imports of the last plan that was carried out, by their names in its source.
fn imports(world: &CliContext) -> Vec<String> {
    let last = all(&world.global.runs).pop().and_then(|folder| OpenedRun::open(&folder).ok());
    let Some(run) = last else { return Vec::new() };
    let items = run.plan.items().map_while(Result::ok);
    let names = items
        .filter_map(|item| item.is_import().then(|| item.source.map_or(item.name, |source| source.name)));
    // A shell would take a line of its own for a name of its own.
    let mut names: Vec<String> =
        names.filter(|name| !name.chars().any(char::is_control)).take(MOST_NAMES).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// A completion script that asks the program for names. Other shells complete commands and options only.
fn with_names(shell: Shell, script: &str) -> String {
    match shell {
        Shell::Bash => format!("{script}\n{BASH}"),
        Shell::Fish => format!("{script}\n{FISH}"),
        Shell::Zsh => {
            let lines = script.lines().map(|line| zsh_line(line) + "\n");
            let script: String = lines.collect();
            script.replacen("\n_transship() {", &format!("\n{ZSH}\n_transship() {{"), 1)
        }
        _ => script.to_owned(),
    }
}

/// A line of a script of zsh, with the function that completes its argument.
fn zsh_line(line: &str) -> String {
    let of = |start: &str| line.starts_with(&format!("'{start}")) || line.starts_with(&format!("'*{start}"));
    let (words, old) = if of("::run -- ") || of(":run -- ") {
        ("_transship_runs", ":_files'")
    } else if of("--account=") {
        ("_transship_accounts", ":_default'")
    } else if of("--only=") || of("--import=") {
        ("_transship_imports", ":_default'")
    } else {
        return line.to_owned();
    };
    line.replace(old, &format!(":{words}'"))
}

const BASH: &str = r#"_transship_names() {
    local IFS=$'\n' names
    mapfile -t names < <(compgen -W "$(transship complete "$1" 2>/dev/null | sed 's/["\\$`]/\\&/g; s/'"'"'/\\&/g; s/ /\\ /g')" -- "$cur")
    COMPREPLY=()
    local name
    for name in "${names[@]}"; do COMPREPLY+=("$(printf '%q' "$name")"); done
}
_transship_with_names() {
    local cur="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}"
    case "$before" in
        --account) _transship_names accounts; return ;;
        --only|--import) _transship_names imports; return ;;
    esac
    case "${COMP_WORDS[1]}" in
        resume|retry|undo|show|verify|report)
            if [[ "$cur" != -* && "$before" != --* ]]; then
                _transship_names runs
                COMPREPLY+=($(compgen -d -- "$cur"))
                return
            fi
            ;;
    esac
    _transship "$@"
}
complete -F _transship_with_names -o bashdefault -o default transship
"#;

const FISH: &str = r#"complete -c transship -n "__fish_seen_subcommand_from resume retry undo show verify report" -f -a "(transship complete runs 2>/dev/null)"
complete -c transship -l account -x -a "(transship complete accounts 2>/dev/null)"
complete -c transship -l only -x -a "(transship complete imports 2>/dev/null)"
complete -c transship -l import -x -a "(transship complete imports 2>/dev/null)"
"#;

const ZSH: &str = r#"_transship_names() {
    local -a names
    names=("${(@f)$(transship complete $1 2>/dev/null)}")
    compadd -a names
}
_transship_accounts() { _transship_names accounts }
_transship_imports() { _transship_names imports }
_transship_runs() {
    _transship_names runs
    _files -/
}
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shell_asks_for_the_names_it_completes() {
        for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "transship", &mut text);
            let script = with_names(shell, &String::from_utf8(text).unwrap());
            assert!(script.contains("transship complete"), "{shell}");
            let named = script.matches("imports").count();
            assert!(named > 1, "{shell}: {named}");
        }
        let plan = "'*--only=[Take only this]:NAME:_default' \\";
        assert_eq!(zsh_line(plan), "'*--only=[Take only this]:NAME:_transship_imports' \\");
        assert_eq!(zsh_line("'-q[Print]' \\"), "'-q[Print]' \\");
    }
}
