//! How services are reached, as the options of every command say: `--ca`, `--http1`, `--proxy`.

use std::ffi::OsString;
use std::path::Path;

use url::Url;

use super::args::{Command, Global};
use super::failure::Failure;
use crate::job::{Env, regular};
use crate::session::{HttpOptions, HttpVersion, ProxyChoice};

/// The largest file of certificates that is read: the list of a whole machine has 250 KB.
const CERTIFICATES_LIMIT: u64 = 4 << 20;

/// Whether a command may call a service. For the others, a missing file of certificates is no reason to fail.
pub(super) fn is_for(command: &Command) -> bool {
    match command {
        Command::Plan(_)
        | Command::Run(_)
        | Command::Resume(_)
        | Command::Retry(_)
        | Command::Undo(_)
        | Command::Check(_)
        | Command::List(_)
        | Command::Accounts(_)
        | Command::Archive(_)
        | Command::Fleet(_) => true,
        Command::Runs(_)
        | Command::Show(_)
        | Command::Verify(_)
        | Command::Report(_)
        | Command::Config(_)
        | Command::Emulator(_)
        | Command::New(_)
        | Command::Schema(_)
        | Command::Complete(_)
        | Command::Completions(_)
        | Command::Man(_) => false,
    }
}

/// Reads the options that say how services are reached.
pub(super) fn http_options(global: &Global, env: &Env) -> Result<HttpOptions, Failure> {
    let of_environment = || match proxy_variable(env) {
        Some(variable) if !variable.is_proxy() => ProxyChoice::Unusable(variable.name.to_owned()),
        _ => ProxyChoice::System,
    };
    Ok(HttpOptions {
        version: if global.http1 { HttpVersion::Http1 } else { HttpVersion::Negotiated },
        authorities: global.ca.as_deref().map(read_certificates).transpose()?.map(Into::into),
        proxy: global.proxy.as_deref().map_or_else(|| Ok(of_environment()), proxy)?,
        ..HttpOptions::default()
    })
}

/// The same as variables, for processes that this one starts.
pub(super) fn variables(global: &Global) -> Vec<(&'static str, OsString)> {
    let ca = global.ca.as_ref().map(|path| ("TRANSSHIP_CA", path.clone().into_os_string()));
    let proxy = global.proxy.as_ref().map(|proxy| ("TRANSSHIP_PROXY", proxy.into()));
    let http1 = global.http1.then(|| ("TRANSSHIP_HTTP1", "1".into()));
    [ca, proxy, http1].into_iter().flatten().collect()
}

fn read_certificates(path: &Path) -> Result<Vec<u8>, Failure> {
    let bad = |why: String| Failure::BadInput(format!("--ca {}: {why}", path.display()));
    let pem = regular::read(path, CERTIFICATES_LIMIT + 1).map_err(|error| bad(regular::why(&error)))?;
    if pem.len() as u64 > CERTIFICATES_LIMIT {
        return Err(bad(format!("it is larger than {} MiB", CERTIFICATES_LIMIT >> 20)));
    }
    let begin = b"-----BEGIN CERTIFICATE-----";
    if !pem.windows(begin.len()).any(|window| window == begin) {
        return Err(bad("it holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)".to_owned()));
    }
    Ok(pem)
}

/// The proxy with that address. Its text may contain a password, so no message repeats it.
fn proxy(text: &str) -> Result<ProxyChoice, Failure> {
    if text == "none" {
        return Ok(ProxyChoice::Direct);
    }
    let url = Url::parse(text).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.map(ProxyChoice::Url).ok_or_else(|| {
        Failure::BadInput(
            "--proxy: give an address as http://[user:password@]host:port, or `none`".to_owned(),
        )
    })
}

/// A variable of the environment that says how services are reached.
#[derive(Debug, Clone, Copy)]
pub(super) struct Variable<'e> {
    pub name: &'static str,
    pub value: &'e str,
}

/// The variable that names the proxy of calls over https, if one does.
pub(super) fn proxy_variable(env: &Env) -> Option<Variable<'_>> {
    let https = first_set(env, ["HTTPS_PROXY", "https_proxy"]);
    https.or_else(|| first_set(env, ["ALL_PROXY", "all_proxy"]))
}

/// The variable that names the hosts that are reached without that proxy, if one does.
pub(super) fn no_proxy_variable(env: &Env) -> Option<Variable<'_>> {
    first_set(env, ["NO_PROXY", "no_proxy"])
}

/// The first of two variables that is set; nothing if that is empty.
fn first_set<'e>(env: &'e Env, names: [&'static str; 2]) -> Option<Variable<'e>> {
    let set = names.into_iter().find_map(|name| Some(Variable { name, value: env.get(name)? }));
    set.filter(|variable| !variable.value.is_empty())
}

impl Variable<'_> {
    /// Whether calls can go through the proxy that it names; without a scheme, the proxy is one for http.
    pub(super) fn is_proxy(self) -> bool {
        let url = Url::parse(&self.with_scheme()).ok();
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        url.is_some() && !self.value.contains(char::is_whitespace)
    }

    /// The proxy that it names, as it may be shown.
    pub(super) fn shown(self) -> String {
        if self.is_proxy() { shown_proxy(&self.with_scheme()) } else { "(cannot be used)".to_owned() }
    }

    fn with_scheme(self) -> String {
        if self.value.contains("://") { self.value.to_owned() } else { format!("http://{}", self.value) }
    }
}

/// The address of a proxy as it may be shown: without user and password.
pub(super) fn shown_proxy(text: &str) -> String {
    let Ok(mut url) = Url::parse(text) else { return text.to_owned() };
    if url.username().is_empty() && url.password().is_none() {
        return text.to_owned();
    }
    // An address that cannot have a user has none to hide.
    let _ = url.set_password(None);
    let _ = url.set_username("***");
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_an_address_or_none() {
        let direct = matches!(proxy("none"), Ok(ProxyChoice::Direct));
        let given = matches!(proxy("http://user:word@proxy.example:3128"), Ok(ProxyChoice::Url(_)));
        assert!(direct && given);
        for bad in ["proxy.example:3128", "socks5://proxy:1", "", "http://"] {
            let Err(Failure::BadInput(why)) = proxy(bad) else { panic!("{bad} is taken") };
            assert!(why.contains("http://[user:password@]host:port"), "{why}");
        }
    }

    #[test]
    fn a_variable_names_a_proxy_or_cannot_be_used() {
        let names = |value| Variable { name: "HTTPS_PROXY", value };
        for (value, shown) in [
            ("http://proxy.example:3128", "http://proxy.example:3128"),
            ("me:word@proxy.example:3128", "http://***@proxy.example:3128/"),
            ("socks5://me:word@proxy.example:1", "(cannot be used)"),
            ("http://", "(cannot be used)"),
            ("proxy example", "(cannot be used)"),
        ] {
            assert_eq!(names(value).shown(), shown, "{value}");
        }
    }

    #[test]
    fn what_is_shown_of_a_proxy_holds_no_password() {
        assert_eq!(shown_proxy("http://me:word@proxy.example:3128/"), "http://***@proxy.example:3128/");
        assert_eq!(shown_proxy("http://proxy.example:3128"), "http://proxy.example:3128");
        assert_eq!(shown_proxy("none"), "none");
    }

    #[test]
    fn a_file_of_certificates_must_hold_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, "no certificate").unwrap();
        for (path, why) in [(path.as_path(), "it holds no certificate"), (folder.path(), "it is a folder")] {
            let Err(Failure::BadInput(message)) = read_certificates(path) else { panic!("{path:?}") };
            assert!(message.contains(why), "{message}");
        }
        std::fs::write(&path, "x\n-----BEGIN CERTIFICATE-----\nAA==\n").unwrap();
        assert!(read_certificates(&path).is_ok());
    }
}
