//! Over real sockets: what is sent, and a service that behaves badly.

mod http2;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::api::stub::{Stub, status};
use crate::api::{RetryPolicy, Retrying};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn api_with(origin: &str, options: HttpOptions) -> HttpApi {
    HttpApi::new(&Url::parse(origin).unwrap(), Token::new(TOKEN), options).unwrap()
}

fn api(origin: &str) -> HttpApi {
    api_with(origin, HttpOptions::default())
}

fn call(method: Method, target: &str) -> Call {
    let body = matches!(method, Method::Post | Method::Put).then(|| Bytes::from_static(b"{\"name\":\"a\"}"));
    Call {
        method,
        target: target.to_owned(),
        body,
        purpose: "list imports",
        can_be_halved: false,
        before_send: None,
    }
}

/// A service that does to each connection, after a request arrived, what `act` says. Also returns the number of
/// requests.
async fn raw<F, W>(act: F) -> (String, Arc<AtomicUsize>)
where
    F: Fn(TcpStream) -> W + Send + Sync + 'static,
    W: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut buffer = vec![0; 64 << 10];
            if socket.read(&mut buffer).await.unwrap_or(0) > 0 {
                seen.fetch_add(1, Relaxed);
                tokio::spawn(act(socket));
            }
        }
    });
    (origin, requests)
}

/// A service that sends these bytes and closes the connection.
async fn says(bytes: &'static str) -> (String, Arc<AtomicUsize>) {
    raw(move |mut socket| async move {
        let _ = socket.write_all(bytes.as_bytes()).await;
        let _ = socket.shutdown().await;
    })
    .await
}

async fn kind_of(origin: &str, method: Method) -> ErrorKind {
    let error = api(origin).call(&call(method, "/v1/imports")).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains(TOKEN), "{error:?}");
    error.kind
}

#[tokio::test]
async fn a_call_carries_token_agent_and_type_and_brings_body_date_and_next_page() {
    let server = Stub::start(|request| match &*request.method {
        "POST" => status(201).header("Date", "Wed, 01 Jul 2026 10:00:00 GMT").body("{\"_id\":\"1\"}"),
        _ => status(200)
            .header("Link", "<?skip=0>; rel=\"prev\"")
            .header("Link", "<?after=x>; rel=\"next\"")
            .body("[]"),
    })
    .await;
    let api = api(&server.url());
    let reply = api.call(&call(Method::Post, "/v1/imports")).await.unwrap();
    assert_eq!((reply.status, &reply.body[..], reply.attempts), (201, &b"{\"_id\":\"1\"}"[..], 1));
    assert_eq!(reply.date, Some("2026-07-01T10:00:00Z".parse().unwrap()));
    assert_eq!(reply.next, None);
    let page = api.call(&call(Method::Get, "/v1/imports")).await.unwrap();
    assert_eq!(page.next, Some(format!("{}/v1/imports?after=x", server.url())));
    let again = api.call(&call(Method::Get, page.next.as_deref().unwrap())).await.unwrap();
    assert_eq!(again.status, 200);
    let create = &server.requests()[0];
    assert_eq!((&*create.path, &*create.body), ("/v1/imports", b"{\"name\":\"a\"}".as_slice()));
    for (name, value) in [
        ("authorization", format!("Bearer {TOKEN}").as_str()),
        ("accept", "application/json"),
        ("content-type", "application/json"),
        ("user-agent", concat!("transship/", env!("CARGO_PKG_VERSION"))),
    ] {
        assert_eq!(create.header(name), Some(value));
    }
}

#[tokio::test]
async fn the_token_goes_nowhere_but_to_the_accounts_own_origin() {
    let (origin, requests) = says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]").await;
    let api = api(&origin);
    for target in [
        "https://evil.example/v1/imports",
        "http://127.0.0.1:1/v1/imports",
        "//evil.example/v1/imports",
        "/v1/../admin",
        "/v2/imports",
        "v1/imports",
        &origin.replace("http://", "http://user:secret@"),
        &origin.replace("http://", "https://"),
    ] {
        let error = api.call(&call(Method::Get, target)).await.unwrap_err();
        assert_eq!((error.kind, error.attempts), (ErrorKind::Broken, 0), "{target}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    assert_eq!(requests.load(Relaxed), 0);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (elsewhere, requests) = says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]").await;
    let server = Stub::in_turn([status(307).header("Location", format!("{elsewhere}/v1/imports"))]).await;
    assert_eq!(kind_of(&server.url(), Method::Get).await, ErrorKind::Broken);
    assert_eq!(requests.load(Relaxed), 0);
}

#[test]
fn only_an_https_origin_is_an_account_or_this_machine() {
    let new = |url: &str| HttpApi::new(&Url::parse(url).unwrap(), Token::new(TOKEN), HttpOptions::default());
    for good in
        ["https://api.integrator.io", "http://127.0.0.1:8080/", "http://localhost:1", "http://[::1]:1"]
    {
        assert!(new(good).is_ok(), "{good}");
    }
    for bad in [
        "http://api.integrator.io",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "ftp://localhost",
    ] {
        assert!(matches!(new(bad), Err(AccessError::NotHttps(_))), "{bad}");
    }
    for bad in [
        "https://api.integrator.io/v1",
        "https://u:p@api.integrator.io",
        "https://api.integrator.io?x=1",
        "data:x",
    ] {
        let error = new(bad).unwrap_err();
        assert!(matches!(error, AccessError::NotAnOrigin(_)), "{bad}");
        assert!(!error.to_string().contains("u:p"));
    }
    let token =
        |token| HttpApi::new(&Url::parse("https://a.b").unwrap(), Token::new(token), HttpOptions::default());
    assert!(matches!(token(" \n"), Err(AccessError::BadToken)));
    let error = token("abcdef\n\u{1}ghi").unwrap_err();
    assert!(!format!("{error:?}{error}").contains("abcdef"));
}

#[test]
fn debug_output_does_not_tell_the_token() {
    assert!(!format!("{:?}", api("https://api.integrator.io")).contains(TOKEN));
}

#[tokio::test]
async fn what_never_reached_the_service_was_not_sent() {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for method in [Method::Get, Method::Post] {
        assert_eq!(kind_of(&origin, method).await, ErrorKind::NotSent);
    }
}

#[tokio::test]
async fn a_failed_tls_handshake_was_not_sent() {
    let (origin, _) = says("this is not tls").await;
    assert_eq!(kind_of(&origin.replace("http://", "https://"), Method::Post).await, ErrorKind::NotSent);
}

#[tokio::test]
async fn a_connection_closed_without_an_answer_leaves_the_call_in_doubt_and_is_sent_once() {
    for method in [Method::Get, Method::Post, Method::Put, Method::Delete] {
        let (origin, requests) = says("").await;
        assert_eq!(kind_of(&origin, method).await, ErrorKind::InDoubt);
        assert_eq!(requests.load(Relaxed), 1, "no retries behind our back");
    }
}

#[tokio::test]
async fn a_reset_leaves_the_call_in_doubt() {
    let (origin, requests) = raw(|socket| async move {
        // Closing with a linger of zero sends a reset.
        let _ = socket.set_zero_linger();
    })
    .await;
    let api = api(&origin);
    for sent in 1..=20 {
        let error = api.call(&call(Method::Post, "/v1/imports")).await.unwrap_err();
        assert_eq!((error.kind, requests.load(Relaxed)), (ErrorKind::InDoubt, sent));
    }
}

#[tokio::test]
async fn a_read_outlives_resets_in_bursts() {
    let count = AtomicUsize::new(0);
    let (origin, requests) = raw(move |mut socket| {
        let number = count.fetch_add(1, Relaxed);
        async move {
            if number % 6 < 4 {
                let _ = socket.set_zero_linger();
            } else {
                let _ = socket
                    .write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n[]")
                    .await;
            }
        }
    })
    .await;
    let policy = RetryPolicy { base: Duration::ZERO, ..RetryPolicy::default() };
    let api = Retrying::new(api(&origin), policy, Arc::default(), fastrand::Rng::with_seed(1));
    for attempts in [5, 1, 5, 1] {
        assert_eq!(api.call(&call(Method::Get, "/v1/imports")).await.unwrap().attempts, attempts);
    }
    assert_eq!(requests.load(Relaxed), 12);
}

#[tokio::test]
async fn an_answer_cut_short_is_broken_for_a_read_and_in_doubt_for_a_write() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[{\"_id\":\"1\"}]",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nd\r\n[{\"_id\":\"1\"}]\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n[{\"_id\":\"1\"}]",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 13\r\n\r\n[{\"_id\":\"1\"}]",
    ] {
        let (origin, _) = says(answer).await;
        assert_eq!(kind_of(&origin, Method::Get).await, ErrorKind::Broken, "{answer}");
        assert_eq!(kind_of(&origin, Method::Post).await, ErrorKind::InDoubt, "{answer}");
    }
}

#[tokio::test]
async fn what_is_not_http_leaves_the_call_in_doubt() {
    let (origin, _) = says("SSH-2.0-OpenSSH_9.9\r\n").await;
    assert_eq!(kind_of(&origin, Method::Post).await, ErrorKind::InDoubt);
}

#[tokio::test]
async fn an_answer_that_does_not_come_or_end_in_time_leaves_the_call_in_doubt() {
    let options = || HttpOptions { call_timeout: Duration::from_millis(100), ..HttpOptions::default() };
    for beginning in ["", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n[{"] {
        let (origin, _) = raw(move |mut socket| async move {
            let _ = socket.write_all(beginning.as_bytes()).await;
            // After that byte by byte, for longer than the time limit.
            let mut tick = tokio::time::interval(Duration::from_millis(20));
            loop {
                tick.tick().await;
                if !beginning.is_empty() && socket.write_all(b" ").await.is_err() {
                    break;
                }
            }
        })
        .await;
        for method in [Method::Get, Method::Post] {
            let error = api_with(&origin, options()).call(&call(method, "/v1/imports")).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::InDoubt, "{error}");
            assert!(error.summary.contains("in time") || error.summary.contains("within 0.1 s"), "{error}");
        }
    }
}

#[tokio::test]
async fn an_answer_larger_than_its_bound_is_not_read_to_the_end() {
    let server = Stub::in_turn([status(200).body(format!("[{}]", vec!["1"; 2000].join(",")))]).await;
    let options = HttpOptions { list_bytes: 3000, document_bytes: 8000, ..HttpOptions::default() };
    let api = api_with(&server.url(), options);
    let list = call(Method::Get, "/v1/imports");
    let error = api.call(&list).await.unwrap_err();
    assert_eq!(
        (error.kind, error.summary.as_str()),
        (ErrorKind::Broken, "the answer is larger than 3000 bytes")
    );
    let document = Call { purpose: "read import", ..list };
    assert_eq!(api.call(&document).await.unwrap().body.len(), 4001);
}

/// `[` + 200,000 blanks + `]`, compressed with gzip: a few bytes that expand to many.
#[tokio::test]
async fn packed_answers_are_unpacked_and_the_bound_holds_for_what_comes_out() {
    let packed = include_bytes!("list.gz").as_slice();
    assert!(packed.len() < 1000);
    let server = Stub::start(move |request| {
        assert!(request.header("accept-encoding").is_some_and(|accepted| accepted.contains("gzip")));
        status(200).header("Content-Encoding", "gzip").body(packed)
    })
    .await;
    let reply = api(&server.url()).call(&call(Method::Get, "/v1/imports")).await.unwrap();
    assert_eq!(reply.body.len(), 200_002);
    let small = HttpOptions { list_bytes: 100_000, ..HttpOptions::default() };
    let error = api_with(&server.url(), small).call(&call(Method::Get, "/v1/imports")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Broken);
}

#[tokio::test]
async fn a_link_that_is_not_text_is_not_the_end_of_the_list() {
    let (origin, _) = raw(|mut socket| async move {
        let _ = socket
            .write_all(b"HTTP/1.1 200 OK\r\nLink: <\xff>; rel=next\r\nContent-Length: 2\r\n\r\n[]")
            .await;
    })
    .await;
    assert_eq!(kind_of(&origin, Method::Get).await, ErrorKind::Broken);
}

#[tokio::test]
async fn a_proxy_is_asked_for_an_account_and_never_for_this_machine() {
    let (proxy, asked) =
        says("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n").await;
    let options =
        || HttpOptions { proxy: ProxyChoice::Url(Url::parse(&proxy).unwrap()), ..HttpOptions::default() };
    let call = call(Method::Post, "/v1/imports");
    let error = api_with("https://api.example.invalid", options()).call(&call).await.unwrap_err();
    assert_eq!((error.kind, asked.load(Relaxed)), (ErrorKind::NotSent, 1), "{error}");
    let (origin, requests) = says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]").await;
    api_with(&origin, options()).call(&call).await.unwrap();
    assert_eq!((requests.load(Relaxed), asked.load(Relaxed)), (1, 1));
}

#[test]
fn certificates_that_are_none_are_refused() {
    let new = |pem: &'static str| {
        let options =
            HttpOptions { authorities: Some(Bytes::from_static(pem.as_bytes())), ..HttpOptions::default() };
        HttpApi::new(&Url::parse("https://api.integrator.io").unwrap(), Token::new(TOKEN), options)
    };
    for pem in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        assert!(new(pem).is_err(), "{pem}");
    }
}
