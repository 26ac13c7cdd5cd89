//! Encrypted archives: opened by a file or by the environment, never by an argument.

use secrecy::ExposeSecret;
use transship::archive::Key;

use super::store::{Store, three_nights};
use super::support::{import, imports};

fn with_key_file() -> (Store, String) {
    let text = Key::new_file();
    let store = Store::with_key(Some(Key::File(text.clone())));
    store.night(&imports(1..3));
    store.bench.write("key.txt", text.expose_secret());
    (store, text.expose_secret().to_owned())
}

#[test]
fn a_key_file_opens_by_option_and_by_variable() {
    let (store, _) = with_key_file();
    store.run("list", &["--key-file", "key.txt"]).exits(0).says("encrypted");
    store.run_with("list", &[], &[("TRANSSHIP_ARCHIVE_KEY_FILE", "key.txt")]).exits(0).says("encrypted");
    let said = store.run("cat", &["latest", "import 1", "--key-file", "key.txt"]).exits(0);
    assert_eq!(said.out.as_bytes(), import(1, 0).1);
    store.run("check", &["--key-file", "key.txt"]).exits(0);
    // What is on the command line goes before what is set.
    store.run_with("list", &["--key-file", "key.txt"], &[("TRANSSHIP_ARCHIVE_PASSPHRASE", "other")]).exits(0);
}

#[cfg(unix)]
#[test]
fn a_key_file_that_others_can_read_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let (store, _) = with_key_file();
    for (mode, is_named) in [(0o640, true), (0o600, false)] {
        let path = store.bench.path("key.txt");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let said = store.run("list", &["--key-file", "key.txt"]).exits(0);
        let named = said.err.contains("warning: the key file key.txt can be read by others (mode 0640)");
        assert_eq!(named, is_named, "{}", said.err);
    }
}

#[test]
fn a_passphrase_opens_by_file_and_by_variable() {
    let store = Store::with_key(Some(Key::Passphrase("correct horse".into())));
    store.night(&imports(1..2));
    store.bench.write("words", "  correct horse\r\nwhat follows is a note\n");
    store.run("list", &["--passphrase-file", "words"]).exits(0);
    let set = |name, value| store.run_with("list", &[], &[(name, value)]);
    set("TRANSSHIP_ARCHIVE_PASSPHRASE_FILE", "words").exits(0);
    set("TRANSSHIP_ARCHIVE_PASSPHRASE", "correct horse").exits(0);
    let wrong = set("TRANSSHIP_ARCHIVE_PASSPHRASE", "battery staple").exits(2);
    assert!(wrong.err.contains("the passphrase is wrong"), "{}", wrong.err);
    assert!(!wrong.err.contains("battery"), "{}", wrong.err);
}

#[test]
fn without_its_key_an_encrypted_archive_says_where_keys_come_from() {
    let (store, _) = with_key_file();
    let said = store.run("list", &[]).exits(2).complains("it is encrypted");
    let said = said.complains("--key-file").complains("TRANSSHIP_ARCHIVE_PASSPHRASE_FILE");
    assert_eq!(said.out, "");
}

#[test]
fn a_wrong_key_is_an_error_that_does_not_repeat_it() {
    let (store, key) = with_key_file();
    let other = Key::new_file();
    store.bench.write("other.txt", other.expose_secret());
    let said = store.run("list", &["--key-file", "other.txt"]).exits(2).complains("a wrong one");
    let secrets = [key.as_str(), other.expose_secret()];
    let lines = secrets.iter().flat_map(|text| text.lines()).filter(|line| line.starts_with("AGE-SECRET"));
    for line in lines {
        assert!(!said.err.contains(line));
    }
    store.bench.write("words", "hunter2");
    let said = store.run("list", &["--passphrase-file", "words"]).exits(2).complains("wants a key file");
    assert!(!said.err.contains("hunter2"));
    let said = store.run("list", &["--key-file", "words"]).exits(2).complains("no key");
    assert!(!said.err.contains("hunter2"));
}

#[test]
fn a_file_that_holds_no_key_is_named() {
    let (store, _) = with_key_file();
    store.run("list", &["--key-file", "nowhere"]).exits(2).complains("cannot read the key from nowhere");
    store.bench.write("empty", "\n");
    store.run("list", &["--passphrase-file", "empty"]).exits(2).complains("the passphrase in empty is empty");
    std::fs::write(store.bench.path("binary"), [0xff, 0xfe, 0x00]).unwrap();
    store.run("list", &["--key-file", "binary"]).exits(2).complains("it is not a text");
}

#[test]
fn two_keys_at_once_are_refused() {
    let (store, _) = with_key_file();
    store.run("list", &["--key-file", "key.txt", "--passphrase-file", "key.txt"]).exits(2);
    let both = [("TRANSSHIP_ARCHIVE_KEY_FILE", "key.txt"), ("TRANSSHIP_ARCHIVE_PASSPHRASE", "words")];
    store.run_with("list", &[], &both).exits(2).complains("unset one");
}

#[test]
fn a_key_for_an_archive_without_one_is_refused() {
    let (store, _) = three_nights();
    let said = store.run_with("list", &[], &[("TRANSSHIP_ARCHIVE_PASSPHRASE", "words")]).exits(2);
    assert!(said.err.contains("leave it out"), "{}", said.err);
}
