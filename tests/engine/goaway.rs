//! A service that speaks HTTP/2 and ends its connections politely, as common proxies do: after so many streams it says
//! which was the last that it handles, answers those, and looks at no later one.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use bytes::Bytes;
use hyper::http;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use transship::api::{Api, Call, ErrorKind, Method};
use transship::model::cancel::Cancel;
use url::Url;

use crate::hostile::{Migration, Service};

const HEADERS: u8 = 1;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

/// A frame: its head of nine bytes, and what it carries.
async fn frame(from: &mut (impl AsyncRead + Unpin)) -> std::io::Result<([u8; 9], Vec<u8>)> {
    let mut head = [0; 9];
    from.read_exact(&mut head).await?;
    let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
    from.read_exact(&mut payload).await?;
    Ok((head, payload))
}

fn stream_of(head: &[u8; 9]) -> u32 {
    u32::from_be_bytes([head[5], head[6], head[7], head[8]]) & 0x7fff_ffff
}

/// Passes frames on to the service, up to so many streams; then the client is told which was the last.
async fn to_service(
    mut client: OwnedReadHalf,
    mut service: OwnedWriteHalf,
    answers: Arc<Mutex<OwnedWriteHalf>>,
    streams: usize,
) -> std::io::Result<()> {
    let mut preface = [0; 24];
    client.read_exact(&mut preface).await?;
    service.write_all(&preface).await?;
    let mut begun = BTreeSet::new();
    loop {
        let (head, payload) = frame(&mut client).await?;
        let stream = stream_of(&head);
        if head[3] == HEADERS && begun.len() < streams && begun.insert(stream) && begun.len() == streams {
            let mut away = vec![0, 0, 8, GOAWAY, 0, 0, 0, 0, 0];
            away.extend_from_slice(&stream.to_be_bytes());
            away.extend_from_slice(&[0; 4]);
            answers.lock().await.write_all(&away).await?;
        }
        if stream == 0 || begun.contains(&stream) {
            assert_ne!(head[3], CONTINUATION, "the calls of this test have short heads");
            service.write_all(&head).await?;
            service.write_all(&payload).await?;
        }
    }
}

/// Passes the answers back, frame by frame.
async fn to_client(mut service: OwnedReadHalf, answers: Arc<Mutex<OwnedWriteHalf>>) -> std::io::Result<()> {
    loop {
        let (head, payload) = frame(&mut service).await?;
        let mut client = answers.lock().await;
        client.write_all(&head).await?;
        client.write_all(&payload).await?;
    }
}

/// Answers the calls of one connection.
async fn answer(socket: TcpStream, service: Service) {
    let Ok(mut connection) = h2::server::handshake(socket).await else { return };
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let service = service.clone();
        tokio::spawn(async move {
            let (parts, mut incoming) = request.into_parts();
            let mut body = Vec::new();
            while let Some(Ok(piece)) = incoming.data().await {
                let _ = incoming.flow_control().release_capacity(piece.len());
                body.extend_from_slice(&piece);
            }
            let call = Call {
                method: if parts.method == http::Method::POST { Method::Post } else { Method::Get },
                target: parts.uri.path_and_query().unwrap().to_string(),
                body: Some(Bytes::from(body)).filter(|body| !body.is_empty()),
                purpose: "test",
                can_be_halved: false,
                before_send: None,
            };
            let (status, body) = match service.call(&call).await {
                Ok(reply) => (reply.status, reply.body),
                Err(error) if error.kind == ErrorKind::NotFound => (404, Bytes::from_static(b"{}")),
                Err(error) => (error.status.unwrap_or(500), Bytes::from_static(b"{}")),
            };
            let head = http::Response::builder().status(status).body(()).unwrap();
            if let Ok(mut sending) = respond.send_response(head, false) {
                let _ = sending.send_data(body, true);
            }
        });
    }
}

/// Serves `service`; each connection takes so many streams. How many connections there were.
async fn serve(service: &Service, streams: usize) -> (Url, Arc<AtomicUsize>) {
    let behind = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let front = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, inner) = (front.local_addr().unwrap(), behind.local_addr().unwrap());
    let service = service.clone();
    tokio::spawn(async move {
        while let Ok((socket, _)) = behind.accept().await {
            tokio::spawn(answer(socket, service.clone()));
        }
    });
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((client, _)) = front.accept().await {
            count.fetch_add(1, SeqCst);
            let (from_service, into_service) = TcpStream::connect(inner).await.unwrap().into_split();
            let (from_client, into_client) = client.into_split();
            let answers = Arc::new(Mutex::new(into_client));
            tokio::spawn(to_service(from_client, into_service, Arc::clone(&answers), streams));
            tokio::spawn(to_client(from_service, answers));
        }
    });
    (format!("http://{address}").parse().unwrap(), connections)
}

/// Migrates so many imports; gives how many reads that took.
async fn migrate(imports: usize, streams: usize) -> usize {
    let what = format!("{imports} imports, {streams} calls a connection");
    let names: Vec<String> = (1..=imports).map(|number| format!("Import {number:03}")).collect();
    let mut migration = Migration::of(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let (origin, connections) = serve(&migration.target, streams).await;
    migration.target_at = Some(origin);
    let folder = migration.plan().await;
    let outcome = migration.carry_out(&folder, false, &Cancel::new()).await;
    assert_eq!(outcome.words(), vec!["created"; imports], "{what}");
    assert_eq!(migration.target.all_names(), names, "{what}");
    assert_eq!(migration.target.count(Method::Post), imports, "{what}: each create was handled once");
    let journal = std::fs::read_to_string(folder.journal()).unwrap();
    for step in ["doubted", "absent"] {
        assert!(!journal.contains(&format!("\"step\":\"{step}\"")), "{what}: {step}");
    }
    let connections = connections.load(SeqCst);
    assert!(streams >= imports || connections > imports / streams, "{what}: {connections} connections");
    migration.target.count(Method::Get)
}

#[tokio::test]
async fn case_37_connections_that_end_politely_leave_nothing_in_doubt() {
    let undisturbed = migrate(100, usize::MAX).await;
    for streams in [50, 20, 7] {
        let reads = migrate(100, streams).await;
        assert_eq!(reads, undisturbed, "{streams} calls a connection");
    }
}
