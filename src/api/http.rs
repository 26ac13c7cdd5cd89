//! The service over HTTP: URL, headers, body, decoding. The only place that names reqwest.
//!
//! Never follows a redirect, never repeats a call, never sends the token anywhere but to the account's own origin.

mod body;

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, LINK, LOCATION,
    RETRY_AFTER,
};
use url::{Position, Url};

use self::body::read;
pub(super) use self::body::reason;
use super::answer::{Answer, judge};
use super::error::clean;
use super::token::TokenCell;
use super::{Api, ApiError, AwaySign, Call, ErrorKind, Method, Reply, Token, TooLargeSign};

/// How long a call may take, and how large its answer may be.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// Limits the connection alone. Default 10 s.
    pub connect_timeout: Duration,
    /// Limits the whole call, up to the last byte of the answer. Default 60 s.
    pub call_timeout: Duration,
    /// Closes a connection that was unused for this long. Default 4 s: a server that closes idle connections after 5 s
    /// would otherwise sometimes lose a write and leave it in doubt.
    pub idle_timeout: Duration,
    /// The version of HTTP. Default: the best one that both sides support.
    pub version: HttpVersion,
    /// Certificates (PEM) that are trusted in addition to those of the machine. Default none.
    pub authorities: Option<Bytes>,
    /// The proxy to use. Default: the one that the environment names.
    pub proxy: ProxyChoice,
    /// The largest page of a list, decoded, while it is possible to ask for fewer documents. A page of more than 256
    /// KiB is split into its documents while it arrives, and kept in a temporary file without a name. Default 256 MiB.
    pub page_bytes: usize,
    /// The largest page that cannot be made smaller, decoded, in bytes. Default 1 GiB.
    pub list_bytes: usize,
    /// The largest other answer, and the largest document of a page, decoded, in bytes. Default 16 MiB.
    pub document_bytes: usize,
}

/// The version of HTTP that is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HttpVersion {
    /// HTTP/2 if the service offers it over TLS, else HTTP/1.1.
    #[default]
    Negotiated,
    /// HTTP/1.1 only: for a proxy or gateway without HTTP/2.
    Http1,
    /// HTTP/2 from the first byte on, over plain TCP too.
    Http2,
}

/// The proxy that calls go through. Calls to this machine itself never do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ProxyChoice {
    /// `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` of the environment, or the system's setting.
    #[default]
    System,
    /// A variable of the environment names an unusable proxy. Calls then fail instead of going out without a proxy.
    Unusable(String),
    /// No proxy, whatever the environment says.
    Direct,
    /// The proxy at this address: `http://[user:password@]host:port`.
    Url(Url),
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            call_timeout: Duration::from_mins(1),
            idle_timeout: Duration::from_secs(4),
            version: HttpVersion::default(),
            authorities: None,
            proxy: ProxyChoice::default(),
            page_bytes: 256 << 20,
            list_bytes: 1 << 30,
            document_bytes: 16 << 20,
        }
    }
}

/// Why a client of an account cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The URL is not an account's URL.
    #[error("the url of an account must be scheme and host only, such as https://api.integrator.io, not {0}")]
    NotAnOrigin(String),
    /// The token would be sent unencrypted.
    #[error("{0} is not https: a token is only sent in the clear to this machine itself")]
    NotHttps(String),
    /// The token is missing, or no header can carry it.
    #[error("the token is empty or has characters that no token has; check where it is read from")]
    BadToken,
    /// The file of certificates has none.
    #[error(
        "the file of trusted certificates holds none; give certificates in PEM form (-----BEGIN CERTIFICATE-----)"
    )]
    Authorities,
    /// The address of the proxy cannot be used.
    #[error("{0} cannot be used as a proxy; give its address as http://host:port")]
    Proxy(String),
    /// A variable of the environment cannot be used.
    #[error(
        "{0} does not name a proxy that can be used: set it to http://[user:password@]host:port, or give `--proxy none` to use \
         none"
    )]
    ProxyVariable(String),
    /// The machine cannot provide a client.
    #[error("no http client can be made: {0}")]
    Client(String),
}

/// Sets how an address is reached: version of HTTP, proxy, trusted certificates, time limit for the connection.
pub(super) fn on_the_way(
    builder: reqwest::ClientBuilder,
    address: &Url,
    options: &HttpOptions,
) -> Result<reqwest::ClientBuilder, AccessError> {
    let builder = builder.connect_timeout(options.connect_timeout);
    let builder = match options.version {
        HttpVersion::Negotiated => builder,
        HttpVersion::Http1 => builder.http1_only(),
        HttpVersion::Http2 => builder.http2_prior_knowledge(),
    };
    let builder = match &options.proxy {
        _ if is_loopback(address) => builder.no_proxy(),
        ProxyChoice::System => builder,
        ProxyChoice::Unusable(variable) => return Err(AccessError::ProxyVariable(variable.clone())),
        ProxyChoice::Direct => builder.no_proxy(),
        ProxyChoice::Url(url) => {
            let proxy = reqwest::Proxy::all(url.clone()).map_err(|_| AccessError::Proxy(shown_proxy(url)))?;
            builder.proxy(proxy)
        }
    };
    if address.scheme() == "http" && is_loopback(address) {
        // Without TLS, the machine's certificates are not needed.
        return Ok(builder.tls_certs_only([]));
    }
    let Some(pem) = &options.authorities else { return Ok(builder) };
    let trusted = reqwest::Certificate::from_pem_bundle(pem).ok().filter(|found| !found.is_empty());
    Ok(builder.tls_certs_merge(trusted.ok_or(AccessError::Authorities)?))
}

/// One account of the service, over HTTP.
#[derive(Debug)]
pub struct HttpApi {
    client: reqwest::Client,
    origin: Url,
    tokens: Arc<TokenCell>,
    options: HttpOptions,
}

impl HttpApi {
    /// A client of the account at `origin`.
    ///
    /// # Errors
    ///
    /// `origin` is not an https origin (plain http is for loopback only), or the token cannot be sent.
    pub fn new(origin: &Url, token: Token, options: HttpOptions) -> Result<Self, AccessError> {
        let shown = || clean(&super::link::host(origin), 200);
        let bare = origin.path() == "/" && origin.query().is_none() && origin.fragment().is_none();
        if !origin.has_host() || !bare || !origin.username().is_empty() || origin.password().is_some() {
            return Err(AccessError::NotAnOrigin(shown()));
        }
        let local = is_loopback(origin);
        if origin.scheme() != "https" && !(origin.scheme() == "http" && local) {
            return Err(AccessError::NotHttps(shown()));
        }
        if bearer(&token).is_none() {
            return Err(AccessError::BadToken);
        }
        let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
        transship_tls::install_provider();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("transship/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .https_only(!local)
            .timeout(options.call_timeout)
            .pool_idle_timeout(options.idle_timeout);
        builder = on_the_way(builder, origin, &options)?;
        let client = builder.build().map_err(|error| AccessError::Client(reason(error)))?;
        Ok(Self { client, origin: origin.clone(), tokens: Arc::new(TokenCell::new(token)), options })
    }

    /// The token that it sends, which can be replaced by a newer one.
    pub(super) fn tokens(&self) -> Arc<TokenCell> {
        Arc::clone(&self.tokens)
    }

    /// The URL of a call, on the account's origin only.
    fn url(&self, call: &Call) -> Result<Url, ApiError> {
        let refuse = |why: String| ApiError {
            attempts: 0,
            ..ApiError::new(call.method, &call.target, ErrorKind::Broken, format!("not sent: {why}"))
        };
        let url = if call.target.starts_with("/v1/") {
            // The target begins with one `/`, so that no other host can follow: the account's own is not parsed again.
            self.origin.join(&call.target)
        } else if call.target.starts_with('/') {
            // Joining would treat `//host` as another host: the path is appended to the origin as it is.
            let mut whole = String::with_capacity(self.origin.as_str().len() + call.target.len());
            whole.push_str(self.origin.as_str().trim_end_matches('/'));
            whole.push_str(&call.target);
            Url::parse(&whole)
        } else {
            Url::parse(&call.target)
        }
        .map_err(|_| refuse("the address is not a URL".to_owned()))?;
        // Scheme, user, host and port; the origin has no user.
        if url[..Position::BeforePath] != self.origin[..Position::BeforePath] {
            let host = clean(&super::link::host(&url), 200);
            return Err(refuse(format!("{host} is not the account's own origin")));
        }
        if !url.path().starts_with("/v1/") {
            return Err(refuse("the address is outside /v1".to_owned()));
        }
        Ok(url)
    }

    /// Decides what a call without an answer means.
    fn unanswered(&self, call: &Call, token: &Token, error: reqwest::Error) -> ApiError {
        let (mut away, mut too_large) = (None, None);
        let (kind, summary, again) = if error.is_connect() || error.is_builder() {
            away = error.is_connect().then(|| away_sign(&error));
            (ErrorKind::NotSent, format!("no connection: {}", reason(error)), None)
        } else if was_not_handled(&error) {
            // This is not a problem: the next connection is made at once.
            let summary = format!("the connection ended before the call was handled: {}", reason(error));
            (ErrorKind::NotSent, summary, Some(Duration::ZERO))
        } else if error.is_timeout() {
            let limit = self.options.call_timeout.as_secs_f64();
            too_large = Some(TooLargeSign::Certain);
            (ErrorKind::InDoubt, format!("no answer within {limit} s"), None)
        } else {
            too_large = Some(TooLargeSign::Possible);
            (ErrorKind::InDoubt, format!("no answer: {}", reason(error)), None)
        };
        let summary = token.redact(summary);
        let error = ApiError::new(call.method, &call.target, kind, summary);
        ApiError { retry_after: again, away, too_large, ..error }
    }

    /// The size limit of the body. A page of a list may be larger than a document; errors are short.
    fn bound(&self, call: &Call, status: u16) -> usize {
        match status {
            200..=299 if call.can_be_halved => self.options.page_bytes.min(self.options.list_bytes),
            200..=299 if call.purpose.starts_with("list ") => self.options.list_bytes,
            200..=299 => self.options.document_bytes,
            _ => self.options.document_bytes.min(1 << 20),
        }
    }
}

#[async_trait]
impl Api for HttpApi {
    async fn call(&self, call: &Call) -> Result<Reply, ApiError> {
        let url = self.url(call)?;
        let token = self.tokens.current().0;
        let sent = self.client.execute(request(call, url, &token)).await;
        let response = sent.map_err(|error| self.unanswered(call, &token, error))?;
        let status = response.status().as_u16();
        let headers = response.headers();
        let text =
            |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (date, retry_after, location) = (text(DATE), text(RETRY_AFTER), text(LOCATION));
        let content_type = text(CONTENT_TYPE);
        // A Link that is not text becomes one that cannot be read: an error, not the end of the list.
        let links =
            headers.get_all(LINK).iter().map(|value| value.to_str().unwrap_or("?").to_owned()).collect();
        // Only these headers are resolved against the address of this page.
        let apart = headers.contains_key(LINK) || location.is_some();
        let here = apart.then(|| response.url().clone());
        let is_page = (200..300).contains(&status) && call.purpose.starts_with("list ");
        let document = is_page.then_some(self.options.document_bytes);
        let body = read(response, self.bound(call, status), document).await;
        judge(
            call,
            here.as_ref().unwrap_or(&self.origin),
            Answer { status, date, retry_after, links, location, content_type, body },
            &token,
        )
    }
}

/// The value of `Authorization`; `None` if no header can carry the token.
pub(super) fn bearer(token: &Token) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(token.bearer()).ok().filter(|_| !token.is_empty())?;
    value.set_sensitive(true);
    Some(value)
}

fn request(call: &Call, url: Url, token: &Token) -> reqwest::Request {
    let method = match call.method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Delete => reqwest::Method::DELETE,
    };
    let mut request = reqwest::Request::new(method, url);
    if let Some(bearer) = bearer(token) {
        request.headers_mut().insert(AUTHORIZATION, bearer);
    }
    if let Some(body) = &call.body {
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *request.body_mut() = Some(body.clone().into());
    }
    request
}

/// Whether the protocol says that the service did not handle the call, and never will.
///
/// Only these are certain: a stream above the last one of a GOAWAY without error (RFC 9113, 6.8), a stream reset with
/// `REFUSED_STREAM` (8.7), and a call that was still waiting for its turn when the connection ended.
fn was_not_handled(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<h2::Error>() {
            return error.is_remote()
                && (error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR)
                    || error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM));
        }
        if let Some(error) = error.downcast_ref::<hyper::Error>()
            && error.is_canceled()
        {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Whether a failed connection means that nothing listens at the address.
fn away_sign(error: &reqwest::Error) -> AwaySign {
    use std::io::ErrorKind as Io;
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<std::io::Error>()
            && matches!(
                error.kind(),
                Io::ConnectionRefused
                    | Io::ConnectionReset
                    | Io::HostUnreachable
                    | Io::NetworkUnreachable
                    | Io::NetworkDown
                    | Io::TimedOut
            )
        {
            return AwaySign::Unreachable;
        }
        cause = error.source();
    }
    if error.is_timeout() { AwaySign::Unreachable } else { AwaySign::NoConnection }
}

/// A proxy's address without user and password.
fn shown_proxy(url: &Url) -> String {
    clean(&super::link::host(url), 200)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests;
