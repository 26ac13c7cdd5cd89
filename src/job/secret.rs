//! Reads a token from where it is stored. It is never printed, logged or included in an error.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use secrecy::SecretString;

use super::env::Env;
use super::redact::without_tokens;
use super::regular;
use super::secret_source::TokenSource;

/// How long a command may take to print a token; it may ask a person.
const COMMAND_LIMIT: Duration = Duration::from_secs(30);
/// How much of a file or an output is read.
const READ_LIMIT: u64 = 64 << 10;

/// Why the token is missing. Nothing was sent.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum SecretError {
    #[error("the environment variable `{name}` is not set; set it and try again")]
    NotSet { name: String },
    #[error("cannot read the token from {}; check the path and its permissions", shown_path(path))]
    File {
        path: PathBuf,
        #[source]
        cause: std::io::Error,
    },
    #[error("cannot start `{program}`, which should print the token; check that it is installed")]
    Start {
        program: String,
        #[source]
        cause: std::io::Error,
    },
    #[error("`{program}` should print the token, but ended with {status}; run it by hand to see why")]
    Failed { program: String, status: String },
    #[error("`{program}` should print the token, but did not end within {} s", limit.as_secs_f32())]
    Slow { program: String, limit: Duration },
    #[error(
        "this build cannot read the system's keyring; use a build with the feature `keyring`, or keep `{name}` elsewhere"
    )]
    NoKeyring { name: String },
    #[error("the system's keyring gave no token for `{name}`: {why}")]
    Keyring { name: String, why: String },
    #[error("the {what} from {from} is empty; put the {what} there")]
    Empty { what: &'static str, from: String },
    #[error("what {from} holds is not a token: it has spaces, line breaks or characters that no token has")]
    Malformed { from: String },
}

/// Fetches the token: reads the variable or the file, runs the command, asks the keyring.
///
/// Of a file and of what a command prints, the first line counts. Blocks for as long as a command runs, 30 s at most.
///
/// # Errors
///
/// The token is missing or invalid. The error never includes any part of it.
pub fn resolve(source: &TokenSource, env: &Env) -> Result<SecretString, SecretError> {
    let (text, from) = fetch(source, env)?;
    let token = text.trim();
    if token.is_empty() {
        return Err(SecretError::Empty { what: "token", from });
    }
    // It becomes a header: visible ASCII only.
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(SecretError::Malformed { from });
    }
    Ok(SecretString::from(token))
}

/// Fetches a passphrase as [`resolve`] fetches a token; it may hold blanks and any letters.
///
/// # Errors
///
/// The value is missing. The error never includes any part of it.
pub fn resolve_phrase(source: &TokenSource, env: &Env) -> Result<SecretString, SecretError> {
    let (text, from) = fetch(source, env)?;
    if text.trim().is_empty() {
        return Err(SecretError::Empty { what: "passphrase", from });
    }
    Ok(SecretString::from(text))
}

/// The text of a source, and what messages call it.
fn fetch(source: &TokenSource, env: &Env) -> Result<(String, String), SecretError> {
    Ok(match source {
        TokenSource::Env(name) => {
            let text = env.get(name).ok_or_else(|| SecretError::NotSet { name: name.clone() })?;
            (text.to_owned(), format!("the environment variable `{name}`"))
        }
        TokenSource::File(path) => (first_line(&read(path)?), path.display().to_string()),
        TokenSource::Command(words) => {
            let printed = run(words, env, COMMAND_LIMIT)?;
            (first_line(&printed), format!("`{}`", words.first().map_or("", String::as_str)))
        }
        TokenSource::Keyring(name) => (keyring(name)?, format!("the keyring entry `{name}`")),
    })
}

/// What a person should know about how a token or passphrase is kept: a file that others can read.
pub fn exposure(what: &str, source: &TokenSource) -> Option<String> {
    let TokenSource::File(path) = source else { return None };
    exposed(what, path)
}

/// The same of a file that holds a token, a passphrase or a key.
pub fn exposed(what: &str, path: &Path) -> Option<String> {
    let mode = mode(path)? & 0o777;
    let others = (mode & 0o077 != 0).then_some(mode)?;
    let path = path.display();
    Some(format!("the {what} file {path} can be read by others (mode {others:04o}); run `chmod 600 {path}`"))
}

#[cfg(unix)]
fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|data| data.permissions().mode())
}

#[cfg(not(unix))]
fn mode(_: &Path) -> Option<u32> {
    None
}

fn first_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    text.lines().next().unwrap_or_default().to_owned()
}

fn read(path: &Path) -> Result<Vec<u8>, SecretError> {
    regular::read(path, READ_LIMIT).map_err(|cause| SecretError::File { path: path.to_owned(), cause })
}

/// Runs the command without a shell and gives what it printed.
fn run(words: &[String], env: &Env, limit: Duration) -> Result<Vec<u8>, SecretError> {
    let program = words.first().cloned().unwrap_or_default();
    let mut command = Command::new(&program);
    command.args(words.iter().skip(1)).env_clear().envs(&env.variables).stdin(Stdio::null());
    if env.folder.is_dir() {
        command.current_dir(&env.folder);
    }
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = child.map_err(|cause| SecretError::Start { program: program.clone(), cause })?;
    let deadline = Instant::now() + limit;
    // The pipe is read aside: a full one would block the command, an open one would block us.
    let printed = drain(child.stdout.take());
    let left = || deadline.saturating_duration_since(Instant::now());
    let output = printed.recv_timeout(left());
    let status = output.is_ok().then(|| wait(&mut child, deadline)).flatten();
    let (Ok(output), Some(status)) = (output, status) else {
        // It may have ended in between; then there is nothing to kill.
        let _ = child.kill();
        let _ = child.wait();
        return Err(SecretError::Slow { program, limit });
    };
    if !status.success() {
        return Err(SecretError::Failed { program, status: status.to_string() });
    }
    Ok(output)
}

fn wait(child: &mut Child, deadline: Instant) -> Option<std::process::ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
            _ => return None,
        }
    }
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::sync_channel(1);
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What could be read before an error is all there is.
            let _ = pipe.by_ref().take(READ_LIMIT).read_to_end(&mut bytes);
            let _ = std::io::copy(&mut pipe, &mut std::io::sink());
        }
        // Nobody waits any more when the command was too slow.
        let _ = sender.send(bytes);
    });
    receiver
}

/// A path as it may be shown. Somebody may have put the token itself where its file belongs: then no such folder exists.
fn shown_path(path: &Path) -> String {
    let shown = path.display().to_string();
    let has_folder = path.parent().is_some_and(|folder| folder.as_os_str().len() > 1 && folder.is_dir());
    if has_folder && without_tokens(&shown) == shown {
        shown
    } else {
        "the file given for it (not shown: it may be the token itself)".to_owned()
    }
}

#[cfg(feature = "keyring")]
fn keyring(name: &str) -> Result<String, SecretError> {
    let entry = keyring::v1::Entry::new("transship", name);
    entry
        .and_then(|entry| entry.get_password())
        .map_err(|error| SecretError::Keyring { name: name.to_owned(), why: error.to_string() })
}

#[cfg(not(feature = "keyring"))]
fn keyring(name: &str) -> Result<String, SecretError> {
    Err(SecretError::NoKeyring { name: name.to_owned() })
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use secrecy::ExposeSecret;

    use super::*;

    fn env() -> Env {
        let variables = [("TOKEN", " t0ken\n"), ("EMPTY", " "), ("TWO", "a\nb"), ("PATH", "/usr/bin:/bin")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Env { variables, home: None, folder: "/".into() }
    }

    fn command(script: &str) -> Vec<String> {
        ["sh", "-c", script].map(str::to_owned).to_vec()
    }

    fn fetch(source: &TokenSource) -> Result<String, String> {
        let token = resolve(source, &env());
        token.map(|token| token.expose_secret().to_owned()).map_err(|error| format!("{error} / {error:?}"))
    }

    #[test]
    fn a_token_comes_from_a_variable() {
        let variable = |name: &str| fetch(&TokenSource::Env(name.to_owned()));
        assert_eq!(variable("TOKEN").as_deref(), Ok("t0ken"));
        assert!(variable("NONE").unwrap_err().contains("is not set"));
        assert!(variable("EMPTY").unwrap_err().contains("is empty"));
        let phrase = resolve_phrase(&TokenSource::Env("EMPTY".into()), &env()).unwrap_err().to_string();
        assert!(phrase.starts_with("the passphrase from") && !phrase.contains("token"), "{phrase}");
        assert!(variable("TWO").unwrap_err().contains("is not a token"));
    }

    #[test]
    fn a_token_is_the_first_line_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "\u{feff}t0ken \r\n# of june\n").unwrap();
        let source = TokenSource::File(path.clone());
        assert_eq!(fetch(&source).as_deref(), Ok("t0ken"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(exposure("token", &source).unwrap().contains("mode 0644"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(exposure("token", &source), None);
        assert!(
            fetch(&TokenSource::File(folder.path().join("nowhere"))).unwrap_err().contains("cannot read")
        );
    }

    #[test]
    fn a_pipe_or_a_device_is_no_token_file() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [pipe, "/dev/zero".into(), "/dev/stdin".into(), folder.path().to_owned()] {
            let error = fetch(&TokenSource::File(path)).unwrap_err();
            assert!(error.contains("cannot read the token"), "{error}");
        }
    }

    #[test]
    fn a_token_in_the_place_of_a_path_is_not_shown() {
        for token in ["0123456789abcdef0123456789abcdef", "s3cret", "abc/def+ghi=="] {
            let source = TokenSource::File(token.into());
            let error = resolve(&source, &env()).unwrap_err().to_string();
            assert!(!error.contains(token), "{error}");
        }
        let near = resolve(&TokenSource::File("/tmp/no-such.token".into()), &env()).unwrap_err().to_string();
        assert!(near.contains("/tmp/no-such.token"), "{near}");
    }

    #[test]
    fn a_token_is_the_first_line_a_command_prints() {
        let run = |script: &str| fetch(&TokenSource::Command(command(script)));
        assert_eq!(run("echo $TOKEN; echo more").as_deref(), Ok("t0ken"));
        assert!(run("true").unwrap_err().contains("is empty"));
        let program = TokenSource::Command(vec!["no-such-program".to_owned()]);
        assert!(fetch(&program).unwrap_err().contains("cannot start `no-such-program`"));
    }

    #[test]
    fn what_a_failed_command_printed_is_never_shown() {
        let script = "echo geheim; echo password hunter2 >&2; exit 3";
        let error = fetch(&TokenSource::Command(command(script))).unwrap_err();
        assert!(error.contains("exit status: 3"), "{error}");
        assert!(!error.contains("geheim") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_command_that_does_not_end_is_ended() {
        let limit = Duration::from_millis(30);
        for script in ["read x < /dev/zero", "exec 1>&- 2>&-; read x < /dev/zero"] {
            let error = run(&command(script), &env(), limit).unwrap_err();
            assert!(matches!(error, SecretError::Slow { .. }), "{error}");
        }
    }

    #[test]
    #[cfg(not(feature = "keyring"))]
    fn a_build_without_the_keyring_says_so() {
        let error = fetch(&TokenSource::Keyring("eu".to_owned())).unwrap_err();
        assert!(error.contains("feature `keyring`"), "{error}");
    }

    #[test]
    fn a_token_never_shows_in_debug_output() {
        let token = resolve(&TokenSource::Env("TOKEN".to_owned()), &env()).unwrap();
        assert!(!format!("{token:?}").contains("t0ken"));
    }
}
