//! `new`: a commented starter job; without an action it asks on a terminal.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::args::{Format, New};
use super::ask::line_of;
use super::exit::Exit;
use super::failure::Failure;
use super::next_command::path;
use super::say;
use super::small::print;
use super::world::CliContext;
use crate::job::starter::{Choice, actions as starter_actions, filled, has_source, has_target, starter};
use crate::job::{Action, read_user_accounts, regions, schema};
use crate::model::cancel::Cancel;
use crate::report::text::{clean, wrap};

/// `new`: a commented starter job.
pub(super) async fn new(world: &CliContext, args: &New) -> Result<Exit, Failure> {
    if world.global.format.is_some_and(|format| format != Format::Text) {
        return Err(Failure::BadInput("`new` writes a job, which is YAML: leave `--format` out".to_owned()));
    }
    let Some(action) = &args.action else {
        return asked(world).await;
    };
    // The arguments hold words that have a starter only.
    let text = Action::of(action).and_then(starter).unwrap_or_default();
    let Some(file) = &args.file else { return print(text.as_bytes()) };
    let done = write(file, &text)?;
    wrote(world, file);
    Ok(done)
}

/// Reports what was written, and what to do next, unless the user wants no messages.
fn wrote(world: &CliContext, file: &Path) {
    if world.global.quiet {
        return;
    }
    say(world, &format!("Wrote {}, and job.schema.json beside it for your editor.", file.display()));
    let file = path(file);
    say(world, &format!("Next: edit it, then `transship check {file}` and `transship plan {file}`."));
}

/// Writes a new job, and its JSON Schema beside it.
fn write(file: &Path, text: &str) -> Result<Exit, Failure> {
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

/// Asks for the action, the name, the accounts and the file of a new job.
async fn asked(world: &CliContext) -> Result<Exit, Failure> {
    let actions: Vec<&str> = starter_actions().collect();
    if !world.stdin_is_terminal || !world.stderr_is_terminal {
        let known = actions.join(", ");
        return Err(Failure::BadInput(format!("name the action of the job: {known}")));
    }
    let known = read_user_accounts(&world.host.env, &world.host.clock)
        .map_err(|problems| Failure::of_job(&problems, world.color_err()))?;
    let own: Vec<String> = known
        .map(|known| known.accounts.into_iter().map(|account| account.name).collect())
        .unwrap_or_default();
    let action = choose(world, "Action", &actions.join(", "), "migrate", |answer| {
        Action::of(answer)
            .filter(|action| starter(*action).is_some())
            .ok_or_else(|| not_one_of(answer, &actions))
    })
    .await?;
    let text = starter(action).unwrap_or_default();
    let name = choose(world, "Name of the job", "", &format!("my-{}", action.as_str()), |answer| {
        Ok(answer.to_owned())
    })
    .await?;
    let places = format!(
        "{}{}, or an account of the emulator such as demo-a",
        own.iter().map(|name| format!("{} (yours), ", clean(name))).collect::<String>(),
        regions().collect::<Vec<_>>().join(", ")
    );
    let account = |answer: &str| Ok(account_of(answer, &own));
    let first = own.first().map_or("us", String::as_str);
    let source = if has_source(&text) {
        Some(choose(world, "Source account", &places, first, account).await?)
    } else {
        None
    };
    let target = if has_target(&text) {
        let second = own.get(1).map_or("eu", String::as_str);
        Some(choose(world, "Target account", &places, second, account).await?)
    } else {
        None
    };
    let file = choose(world, "File", "", &format!("{}.yaml", file_stem(&name)), |answer| {
        let file = PathBuf::from(answer);
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        match folder {
            Some(folder) if !folder.is_dir() => {
                Err(format!("is in {}, which is no folder", folder.display()))
            }
            _ if file.exists() => Err("exists already".to_owned()),
            _ => Ok(file),
        }
    })
    .await?;
    let done = write(&file, &filled(&text, &name, source.as_ref(), target.as_ref()))?;
    wrote(world, &file);
    Ok(done)
}

/// The account that an answer names: the user's own first, then a region, else one of the emulator.
fn account_of(answer: &str, own: &[String]) -> Choice {
    match answer {
        _ if own.iter().any(|name| name == answer) => Choice::Known(answer.to_owned()),
        _ if regions().any(|region| region == answer) => Choice::Region(answer.to_owned()),
        _ => Choice::Emulator(answer.to_owned()),
    }
}

/// Why an answer that is not in a list cannot be accepted, and which one may be meant.
fn not_one_of(answer: &str, words: &[&str]) -> String {
    let near = words.iter().map(|word| (strsim::levenshtein(answer, word), word)).min();
    match near {
        Some((distance, word)) if distance <= 2 => format!("is none of these; did you mean {word}?"),
        _ => "is none of these".to_owned(),
    }
}

/// Asks until `read` accepts the answer; an empty answer is the default. `read` says what is wrong with an answer.
async fn choose<T>(
    world: &CliContext,
    question: &str,
    choices: &str,
    default: &str,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<T, Failure> {
    if !choices.is_empty() {
        say(world, &wrap(&format!("{question}: {choices}"), world.columns(), 2));
    }
    loop {
        let line = line_of(world, &format!("{question} [{default}]: "), &Cancel::new()).await?;
        if line.is_empty() {
            // The input is over, which is no answer.
            return Err(Failure::BadInput(format!("no answer to: {question}")));
        }
        let answer = Some(line.trim()).filter(|answer| !answer.is_empty()).unwrap_or(default);
        match read(answer) {
            Ok(value) => return Ok(value),
            Err(why) => say(world, &format!("`{}` {why}", clean(answer))),
        }
    }
}

/// A name turned into a file name: letters, digits, dots and dashes.
fn file_stem(name: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let stem: String = name.chars().map(plain).collect();
    let stem = stem.trim_matches(['.', '-']);
    if stem.is_empty() { "job".to_owned() } else { stem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_names_an_account_of_the_user_a_region_or_one_of_the_emulator() {
        let own = ["eu".to_owned(), "acme".to_owned()];
        let cases = [
            ("acme", Choice::Known("acme".to_owned())),
            ("eu", Choice::Known("eu".to_owned())),
            ("us", Choice::Region("us".to_owned())),
            ("demo-a", Choice::Emulator("demo-a".to_owned())),
        ];
        for (answer, account) in cases {
            assert_eq!(account_of(answer, &own), account);
        }
    }

    #[test]
    fn the_name_of_a_job_is_no_path() {
        for (name, stem) in [("Orders to EU", "Orders-to-EU"), ("../../etc/x", "etc-x"), ("…", "job")] {
            assert_eq!(file_stem(name), stem);
        }
    }
}
