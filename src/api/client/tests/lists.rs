//! Lists that end, and lists that only seem to.

use futures::StreamExt;

use super::*;

fn imports() -> ListRequest {
    ListRequest { path: "imports".to_owned(), limit: 2, include: Vec::new(), filters: Vec::new() }
}

/// Reads the list to its end: the ids of each page, or the error it ended with.
async fn read(server: &Stub) -> (Vec<Vec<String>>, Option<ApiError>) {
    let mut pages = std::pin::pin!(client(server).pages(imports()));
    let (mut read, mut failure) = (Vec::new(), None);
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => {
                read.push(page.documents.iter().map(|document| document.head().id.to_string()).collect());
            }
            Err(error) => failure = Some(error),
        }
    }
    (read, failure)
}

fn page(ids: &[&str], link: Option<&str>) -> Answer {
    let documents: Vec<_> = ids.iter().map(|id| json!({"_id": id, "name": "n"})).collect();
    let page = status(200).json(&documents.into());
    link.map_or(page.clone(), |link| page.header("Link", link))
}

/// The list whose first page is `first`, and whose page after `x` is `second`.
async fn list(first: Answer, second: Answer) -> Stub {
    Stub::start(move |request| {
        let at_first = request.query.contains("limit=2") && !request.query.contains("after=");
        match (&*request.method, &*request.path) {
            ("GET", "/v1/imports") if at_first => first.clone(),
            ("GET", "/v1/imports") => second.clone(),
            _ => status(404),
        }
    })
    .await
}

#[tokio::test]
async fn a_list_is_followed_to_its_end_in_both_link_forms() {
    for link in
        ["<?after=x&limit=2>; rel=next", "</v1/imports?skip=2>; rel=\"next\", <?skip=0>; rel=\"prev\""]
    {
        let server = list(page(&["a", "b"], Some(link)), page(&["c"], None)).await;
        let (pages, failure) = read(&server).await;
        assert_eq!(pages, [vec!["a", "b"], vec!["c"]], "{link}");
        assert!(failure.is_none());
    }
}

#[tokio::test]
async fn a_204_is_an_empty_list_but_neither_an_empty_200_nor_an_error_is() {
    let server = list(status(204), page(&[], None)).await;
    let (pages, failure) = read(&server).await;
    assert_eq!((pages, failure.is_none()), (vec![Vec::<String>::new()], true));

    let server = list(page(&["a"], Some("<?after=x>; rel=next")), status(204)).await;
    assert!(read(&server).await.1.is_none(), "the page after the last may be empty");
}

#[tokio::test]
async fn a_page_that_is_not_a_list_of_documents_is_an_error_after_three_looks() {
    for body in [
        "",
        "null",
        "{}",
        r#"{"_id":"a"}"#,
        "<html>",
        "[1]",
        r#"[{"name":"no id"}]"#,
        r#"[{"_id":7}]"#,
        r#"[{"_id":"a"},]"#,
        r#"[{"_id":"a"} {"_id":"b"}]"#,
        r#"{"errors":[{"code":"unexpected_error","message":"x"}]}"#,
    ] {
        let server = list(status(200).body(body), page(&[], None)).await;
        let (pages, failure) = read(&server).await;
        let failure = failure.unwrap();
        assert_eq!(
            (pages.len(), failure.kind, failure.attempts),
            (0, ErrorKind::Broken, 3),
            "{body}: {failure}"
        );
    }
}

#[tokio::test]
async fn a_page_that_is_broken_once_is_read_again() {
    let broken = status(200).body(r#"[{"_id":"a"} ]]"#);
    let server = Stub::in_turn([broken, page(&["a"], None)]).await;
    let (pages, failure) = read(&server).await;
    assert_eq!((pages, failure.is_none()), (vec![vec!["a".to_owned()]], true));
}

#[tokio::test]
async fn a_list_that_goes_in_a_circle_is_an_error() {
    for link in ["<?after=x>; rel=next", "<?limit=2>; rel=next"] {
        let next = Some("<?after=x>; rel=next");
        let server = list(page(&["a"], next), page(&["b"], Some(link))).await;
        let (pages, failure) = read(&server).await;
        assert!(pages.len() <= 2, "{pages:?}");
        assert_eq!(failure.map(|error| error.kind), Some(ErrorKind::Broken), "{link}");
    }
}

#[tokio::test]
async fn a_list_that_leads_to_another_host_is_followed_on_the_accounts_own_and_nothing_is_sent_there() {
    let elsewhere = Stub::in_turn([page(&["evil"], None)]).await;
    let link = format!("<{}/v1/imports?after=x>; rel=next", elsewhere.url());
    let server = list(page(&["a"], Some(&link)), page(&["b"], None)).await;
    assert_eq!(read(&server).await.0, [["a"], ["b"]]);
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn a_token_that_is_refused_in_the_middle_ends_the_list_with_that_error() {
    let refused = status(401).json(&json!({"message": "Bearer Authentication Failed"}));
    let server = list(page(&["a"], Some("<?after=x>; rel=next")), refused).await;
    let (pages, failure) = read(&server).await;
    let failure = failure.unwrap();
    assert_eq!((pages.len(), failure.kind, failure.attempts), (1, ErrorKind::Unauthorized, 1));
    assert_eq!(failure.summary, "Bearer Authentication Failed");
}

#[tokio::test]
async fn what_a_list_says_twice_or_in_another_order_is_passed_on_as_it_is() {
    let server = list(page(&["b", "a"], Some("<?after=x>; rel=next")), page(&["a", "c"], None)).await;
    assert_eq!(read(&server).await.0, [vec!["b", "a"], vec!["a", "c"]]);
}

#[tokio::test]
async fn a_failing_service_fails_the_list_it_does_not_shorten_it() {
    let server = list(page(&["a"], Some("<?after=x>; rel=next")), status(502)).await;
    let (pages, failure) = read(&server).await;
    let failure = failure.unwrap();
    assert_eq!((pages.len(), failure.kind), (1, ErrorKind::InDoubt));
    // Three times, and again once the service itself was seen to be available.
    assert!((4..=6).contains(&failure.attempts), "{failure}");
}
