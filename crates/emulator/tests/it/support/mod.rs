//! What the tests share: an emulator in memory, and the contract of the service.

pub mod contract;
pub mod service;

use std::path::PathBuf;

use transship_emulator::{AccountSpec, Embedded, Options, Store};

/// Starts an emulator in memory with these empty accounts.
pub fn emulator(accounts: &[&str]) -> Embedded {
    emulator_with(accounts, Options::default())
}

/// Starts an emulator in memory with these empty accounts and other options.
pub fn emulator_with(accounts: &[&str], options: Options) -> Embedded {
    let accounts = accounts.iter().map(|name| AccountSpec::empty(*name)).collect();
    Embedded::with(Store::in_memory(), Options { accounts, ..options }).expect("an emulator in memory starts")
}

/// The folder of real documents, where there is one.
#[expect(clippy::disallowed_methods, reason = "tests read where the documents are from the environment")]
pub fn shared_data() -> Option<PathBuf> {
    let given = std::env::var("TRANSSHIP_SHARED_DATA").ok().map(PathBuf::from);
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
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
