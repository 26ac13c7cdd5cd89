//! Pages that are too large, too slow or refused: asked for again with half as many documents.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use futures::StreamExt;

use super::*;
use crate::api::HttpOptions;

const DOCUMENTS: usize = 100;

/// A service that lists [`DOCUMENTS`] imports, of `size(number)` letters each, and refuses pages of more than `most`.
async fn service(
    most: usize,
    refusal: Answer,
    size: impl Fn(usize) -> usize + Send + Sync + 'static,
) -> Stub {
    Stub::start(move |request| {
        let find = |key: &str| {
            let mut pairs = request.query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(name, _)| *name == key).and_then(|(_, value)| value.parse::<usize>().ok())
        };
        if request.path != "/v1/imports" {
            return status(200).json(&json!({ "_userId": "u" }));
        }
        let (skip, limit) = (find("skip").unwrap_or(0), find("limit").unwrap_or(20));
        if limit > most {
            return refusal.clone();
        }
        let end = (skip + limit).min(DOCUMENTS);
        let documents: Vec<_> = (skip..end)
            .map(|number| json!({ "_id": format!("{number:03}"), "sampleData": "x".repeat(size(number)) }))
            .collect();
        let page = status(200).json(&documents.into());
        if end == DOCUMENTS {
            return page;
        }
        page.header("Link", format!("</v1/imports?skip={end}&limit={limit}>; rel=next"))
    })
    .await
}

fn client_of(server: &Stub, options: ClientOptions) -> Client {
    let retry = RetryPolicy {
        attempts: NonZeroU32::new(4).unwrap(),
        base: Duration::ZERO,
        cap: Duration::ZERO,
        ..RetryPolicy::default()
    };
    let budget = BudgetOptions { per_second: f64::INFINITY, ..BudgetOptions::default() };
    let options = ClientOptions { retry, budget, seed: Some(1), ..options };
    let origin = Url::parse(&server.url()).unwrap();
    let access = Access { origin, token: Token::new("0123456789abcdef"), renew: None };
    connect(access, &options, false).unwrap().client
}

fn request(include: Vec<&'static str>) -> ListRequest {
    ListRequest { path: "imports".to_owned(), limit: 1000, include, filters: Vec::new() }
}

async fn read(client: &Client, request: ListRequest) -> Result<BTreeSet<String>, ApiError> {
    let mut pages = std::pin::pin!(client.pages(request));
    let mut ids = BTreeSet::new();
    while let Some(page) = pages.next().await {
        ids.extend(page?.documents.iter().map(|document| document.head().id.to_string()));
    }
    Ok(ids)
}

/// The limits that were asked for, without consecutive repeats.
fn limits(server: &Stub) -> Vec<String> {
    let mut limits: Vec<String> = server
        .requests()
        .iter()
        .filter_map(|request| request.query.split('&').find_map(|pair| pair.strip_prefix("limit=")))
        .map(str::to_owned)
        .collect();
    limits.dedup();
    limits
}

#[tokio::test]
async fn a_page_that_is_refused_is_asked_for_at_half_the_size_and_the_smaller_size_is_kept() {
    for (code, calls_of_each) in
        [(400, 1), (413, 1), (414, 1), (422, 1), (431, 1), (408, 2), (500, 2), (502, 2), (504, 2)]
    {
        let server = service(60, status(code), |_| 10).await;
        let client = client_of(&server, ClientOptions::default());
        assert_eq!(read(&client, request(Vec::new())).await.unwrap().len(), DOCUMENTS, "{code}");
        assert_eq!(limits(&server), ["1000", "500", "250", "125", "62", "31"], "{code}");
        let of_1000 = server.requests().iter().filter(|request| request.query == "limit=1000").count();
        assert!(of_1000 <= calls_of_each + 1, "{code}: {of_1000} calls");
        let before = server.requests().len();
        assert_eq!(read(&client, request(Vec::new())).await.unwrap().len(), DOCUMENTS);
        assert!(server.requests()[before..].iter().all(|request| request.query.contains("limit=31")));
    }
}

#[tokio::test]
async fn a_page_that_is_larger_than_allowed_is_asked_for_at_half_the_size_at_once() {
    let server = service(usize::MAX, status(500), |_| 1000).await;
    let http = HttpOptions { page_bytes: 30_000, ..HttpOptions::default() };
    let client = client_of(&server, ClientOptions { http, ..ClientOptions::default() });
    assert_eq!(read(&client, request(Vec::new())).await.unwrap().len(), DOCUMENTS);
    assert_eq!(limits(&server), ["1000", "500", "250", "125", "62", "31", "15"]);
    let first: Vec<_> = server.requests().iter().take(7).map(|request| request.query.clone()).collect();
    assert_eq!(first.last().unwrap(), "limit=15", "each size was tried once");
}

#[tokio::test]
async fn a_later_page_that_is_too_large_begins_the_list_again_and_nothing_is_missing() {
    // The last documents are much larger than the first.
    let server = service(usize::MAX, status(500), |number| if number > 80 { 5000 } else { 10 }).await;
    let http = HttpOptions { page_bytes: 60_000, ..HttpOptions::default() };
    let options = ClientOptions { http, page_size: NonZeroU32::new(40).unwrap(), ..ClientOptions::default() };
    let client = client_of(&server, options);
    assert_eq!(read(&client, request(Vec::new())).await.unwrap().len(), DOCUMENTS);
    assert_eq!(limits(&server), ["40", "20", "10"]);
}

#[tokio::test]
async fn one_document_alone_may_be_larger_than_a_page_and_a_refusal_of_it_is_told() {
    let server = service(usize::MAX, status(500), |_| 40_000).await;
    let http = HttpOptions { page_bytes: 30_000, ..HttpOptions::default() };
    let client = client_of(&server, ClientOptions { http, ..ClientOptions::default() });
    assert_eq!(read(&client, request(Vec::new())).await.unwrap().len(), DOCUMENTS);
    assert_eq!(limits(&server).last().unwrap(), "1");

    let server = service(0, status(413), |_| 10).await;
    let error = read(&client_of(&server, ClientOptions::default()), request(Vec::new())).await.unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::Refused, Some(413)));
    assert_eq!(limits(&server).last().unwrap(), "1");
}

#[tokio::test]
async fn what_has_nothing_to_do_with_the_size_is_not_asked_for_again_at_another() {
    for code in [401, 403, 404] {
        let server = service(0, status(code), |_| 10).await;
        let error =
            read(&client_of(&server, ClientOptions::default()), request(Vec::new())).await.unwrap_err();
        assert_eq!((error.status, limits(&server)), (Some(code), vec!["1000".to_owned()]));
    }
    // A list that does not know `include`: its caller asks without it.
    let server = service(0, status(400), |_| 10).await;
    let client = client_of(&server, ClientOptions::default());
    assert_eq!(read(&client, request(vec!["name"])).await.unwrap_err().status, Some(400));
    assert_eq!(limits(&server), ["1000"]);
}

/// A page that is longer than what is kept in memory, for any number of documents.
async fn long_pages(pages: Vec<String>) -> Stub {
    Stub::start(move |request| {
        if request.path != "/v1/imports" {
            return status(200).json(&json!({ "_userId": "u" }));
        }
        let page = request.query.split_once("page=").map_or(0, |(_, number)| number.parse().unwrap());
        let answer = status(200).body(pages[page].clone());
        if page + 1 == pages.len() {
            return answer;
        }
        answer.header("Link", format!("</v1/imports?page={}>; rel=next", page + 1))
    })
    .await
}

fn long_documents(from: usize, to: usize) -> Vec<String> {
    let filling = "x".repeat(70_000);
    (from..to).map(|number| format!(r#"{{ "_id" : "{number:04}", "n":1.10, "x":"{filling}é" }}"#)).collect()
}

#[tokio::test]
async fn a_long_page_comes_in_parts_byte_for_byte_and_is_asked_for_once() {
    let documents = long_documents(0, 90);
    let pages = [&documents[..50], &documents[50..]].map(|page| format!("[ {} ]\n", page.join(",\n")));
    let server = long_pages(pages.to_vec()).await;
    let client = client_of(&server, ClientOptions::default());
    let mut pages = std::pin::pin!(client.pages(request(Vec::new())));
    let (mut read, mut lens, mut ends) = (Vec::new(), Vec::new(), 0);
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        assert!(page.documents.len() < 20, "{} documents at once", page.documents.len());
        lens.push(page.len);
        ends += usize::from(page.ends);
        read.extend(page.documents.iter().map(|document| document.text.to_string()));
    }
    assert!(read == documents, "{} documents", read.len());
    lens.dedup();
    assert_eq!((lens, ends), (vec![50, 40], 2));
    let lists = server.requests().iter().filter(|request| request.path == "/v1/imports").count();
    assert_eq!(lists, 2);
}

#[tokio::test]
async fn a_long_page_that_is_cut_or_no_list_of_documents_is_an_error_and_nothing_of_it_is_passed_on() {
    let whole = format!("[{}]", long_documents(0, 40).join(","));
    let broken = |text: &str| whole.replacen("{ \"_id\" : \"0030\"", text, 1);
    for (body, said) in [
        (whole[..whole.len() - 1].to_owned(), "the page ends before its array does, after 40 entries"),
        (whole[..2_000_000].to_owned(), "the page ends before its array does, after 28 entries"),
        (broken("{ \"_id\" : 30"), "entry 31 of the page is not an object with an _id"),
        (broken("{ \"_id\" \"0030\""), "entry 31 of the page is not JSON"),
        (broken("7 { \"_id\" : \"0030\""), "entry 31 of the page is not an object with an _id"),
        (format!("{whole}]"), "unexpected `]` after 40 entries"),
    ] {
        let server = long_pages(vec![body]).await;
        let error =
            read(&client_of(&server, ClientOptions::default()), request(Vec::new())).await.unwrap_err();
        assert_eq!((error.kind, error.attempts), (ErrorKind::Broken, 3), "{said}: {error}");
        assert!(error.summary.contains(said), "{said}: {}", error.summary);
    }
}

#[tokio::test]
async fn the_bound_of_documents_holds_for_those_of_a_long_page() {
    let large =
        format!(r#"[{},{{"_id":"z","x":"{}"}}]"#, long_documents(0, 20).join(","), "y".repeat(3 << 20));
    let server = long_pages(vec![large]).await;
    let http = HttpOptions { document_bytes: 2 << 20, ..HttpOptions::default() };
    let client = client_of(&server, ClientOptions { http, ..ClientOptions::default() });
    let error = read(&client, request(Vec::new())).await.unwrap_err();
    assert!(error.summary.starts_with("the document z is larger than 2 MiB"), "{}", error.summary);
}
