//! What tests share: an emulator of one's own, and the contract of the service.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "every test binary has its own copy and uses a part of it"
)]
#![allow(clippy::unwrap_used, reason = "these are tests")]

pub mod process;
pub mod scenario;
pub mod schema;

use std::path::PathBuf;

use transship::emulator::{AccountSpec, Embedded, Options, Store};

/// Starts an emulator in memory with these empty accounts.
pub fn emulator(accounts: &[&str]) -> Embedded {
    emulator_with(accounts, Options::default())
}

/// Starts an emulator in memory with these empty accounts and other options.
pub fn emulator_with(accounts: &[&str], options: Options) -> Embedded {
    let accounts = accounts.iter().map(|name| AccountSpec::empty(*name)).collect();
    Embedded::with(Store::in_memory(), Options { accounts, ..options }).expect("an emulator in memory starts")
}

/// What a folder in memory must have room for: all that the tests write at once is a tenth of it.
const ROOM: u64 = 1 << 30;

/// A folder of one's own: in memory where there is room, for a program that waits for the disk after each record would
/// take a fifth more time.
pub fn folder() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    let has_room =
        rustix::fs::statvfs(memory).is_ok_and(|found| found.f_bavail.saturating_mul(found.f_frsize) >= ROOM);
    let found = has_room.then(|| tempfile::tempdir_in(memory).ok()).flatten();
    found.unwrap_or_else(|| tempfile::tempdir().expect("there is a folder for what is temporary"))
}

/// The folder of real documents, where there is one.
#[expect(clippy::disallowed_methods, reason = "tests read where the documents are from the environment")]
pub fn shared_data() -> Option<PathBuf> {
    let given = std::env::var("TRANSSHIP_SHARED_DATA").ok().map(PathBuf::from);
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data"));
    let found = given.into_iter().chain([beside]).find(|folder| folder.is_dir());
    if found.is_none() {
        #[expect(clippy::print_stderr, reason = "a test that does less has to say so")]
        {
            let test = std::thread::current().name().unwrap_or("a test").to_owned();
            eprintln!("{test}: skipped for real documents: there are none; set TRANSSHIP_SHARED_DATA");
        }
    }
    found
}

/// A client of the emulators that tests start, without a proxy.
pub fn http_client() -> reqwest::Client {
    transship_tls::install_provider();
    reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("a client without TLS settings")
}
