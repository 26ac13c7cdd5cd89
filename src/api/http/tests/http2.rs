//! HTTP/2 connections that end while calls are under way.

use super::*;

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A service that uses HTTP/2, answers `streams` calls a connection and ends it with a GOAWAY of this `reason`: it does
/// not handle later calls. Also returns how many calls it handled.
async fn goes_away_after(streams: usize, reason: u32) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let handled = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&handled);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let count = Arc::clone(&count);
            tokio::spawn(async move {
                let mut preface = [0; 24];
                socket.read_exact(&mut preface).await?;
                socket.write_all(&frame(4, 0, 0, &[])).await?;
                let mut accepted = 0;
                loop {
                    let mut head = [0; 9];
                    socket.read_exact(&mut head).await?;
                    let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
                    socket.read_exact(&mut payload).await?;
                    let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
                    let answer = match head[3] {
                        1 if accepted == streams => Vec::new(),
                        1 => {
                            accepted += 1;
                            count.fetch_add(1, Relaxed);
                            let away = [stream.to_be_bytes(), reason.to_be_bytes()].concat();
                            let away = if accepted == streams { frame(7, 0, 0, &away) } else { Vec::new() };
                            // `:status: 200`, and the body.
                            [away, frame(1, 4, stream, &[0x88]), frame(0, 1, stream, b"[]")].concat()
                        }
                        4 if head[4] & 1 == 0 => frame(4, 1, 0, &[]),
                        _ => Vec::new(),
                    };
                    socket.write_all(&answer).await?;
                }
                #[expect(unreachable_code, reason = "it gives the block its type")]
                std::io::Result::Ok(())
            });
        }
    });
    (origin, handled)
}

fn http2(origin: &str) -> HttpApi {
    api_with(origin, HttpOptions { version: HttpVersion::Http2, ..HttpOptions::default() })
}

#[tokio::test]
async fn a_stream_behind_a_polite_goaway_was_not_sent() {
    let (origin, handled) = goes_away_after(3, 0).await;
    let (api, post) = (http2(&origin), call(Method::Post, "/v1/imports"));
    let mut accepted = 0;
    for answer in futures::future::join_all((0..20).map(|_| api.call(&post))).await {
        match answer {
            Ok(_) => accepted += 1,
            Err(error) => {
                let polite = (ErrorKind::NotSent, Some(Duration::ZERO));
                assert_eq!((error.kind, error.retry_after), polite, "{error}");
            }
        }
    }
    assert_eq!(handled.load(Relaxed), accepted, "each is either answered or was not handled");
    assert!(accepted < 20);
}

#[tokio::test]
async fn creates_over_connections_that_end_politely_are_each_handled_once() {
    let (origin, handled) = goes_away_after(3, 0).await;
    let api = Retrying::new(http2(&origin), RetryPolicy::default(), Arc::default(), fastrand::Rng::new());
    let post = call(Method::Post, "/v1/imports");
    for answer in futures::future::join_all((0..20).map(|_| api.call(&post))).await {
        answer.unwrap();
    }
    assert_eq!(handled.load(Relaxed), 20);
}

#[tokio::test]
async fn a_goaway_with_an_error_leaves_the_call_in_doubt() {
    let (origin, _) = goes_away_after(3, 2).await;
    let (api, post) = (http2(&origin), call(Method::Post, "/v1/imports"));
    let answers = futures::future::join_all((0..20).map(|_| api.call(&post))).await;
    let kinds: Vec<_> = answers.into_iter().filter_map(Result::err).map(|error| error.kind).collect();
    assert!(kinds.contains(&ErrorKind::InDoubt), "{kinds:?}");
}
