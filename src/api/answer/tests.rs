//! What each answer of the reference, and of a service behaving badly, means.

use super::*;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn judged(method: Method, target: &str, answer: Answer) -> Result<Reply, ApiError> {
    let url = Url::parse("https://api.integrator.io").unwrap().join(target).unwrap();
    let call = Call {
        method,
        target: target.to_owned(),
        body: None,
        purpose: "test",
        can_be_halved: false,
        before_send: None,
    };
    judge(&call, &url, answer, &Token::new(TOKEN))
}

fn answer(status: u16, body: &str) -> Answer {
    Answer {
        status,
        date: Some("Wed, 01 Jul 2026 10:00:00 GMT".to_owned()),
        retry_after: None,
        links: Vec::new(),
        location: None,
        content_type: None,
        body: Body::Whole(Bytes::copy_from_slice(body.as_bytes())),
    }
}

fn refusal(status: u16, body: &str) -> ApiError {
    judged(Method::Get, "/v1/imports/123abc", answer(status, body)).unwrap_err()
}

#[test]
fn each_status_means_what_the_reference_says() {
    let kinds = |statuses: &[u16], kind| {
        for status in statuses {
            assert_eq!(refusal(*status, "{}").kind, kind, "{status}");
        }
    };
    kinds(&[401], ErrorKind::Unauthorized);
    kinds(&[400, 402, 403, 405, 413, 415, 421, 422, 451], ErrorKind::Refused);
    kinds(&[425], ErrorKind::NotSent);
    kinds(&[404, 410], ErrorKind::NotFound);
    let whole_list = judged(Method::Get, "/v1/imports", answer(410, "{}")).unwrap_err();
    assert_eq!(whole_list.kind, ErrorKind::Refused, "a list is not there any more");
    kinds(&[429], ErrorKind::Throttled);
    kinds(&[408, 409, 500, 501, 502, 503, 504, 520, 599], ErrorKind::InDoubt);
    kinds(&[301, 302, 304, 307], ErrorKind::Broken);
}

#[test]
fn a_byte_order_mark_is_no_part_of_an_answer() {
    let marked = |status, text: &str| {
        judged(Method::Get, "/v1/imports/1a", answer(status, &format!("\u{feff}{text}")))
    };
    assert_eq!(marked(200, r#"{"_id":"1a"}"#).unwrap().body, r#"{"_id":"1a"}"#);
    assert_eq!(marked(204, "").unwrap().body, "");
    let error = marked(422, r#"{"errors":[{"code":"odd","message":"It is odd"}]}"#).unwrap_err();
    assert_eq!((error.code(), error.summary.as_str()), (Some("odd"), "odd: It is odd"));
    let error = marked(200, r#"{"errors":[{"code":"odd","message":"It is odd"}]}"#).unwrap_err();
    assert!(error.summary.contains("answered 200 but with an error"), "{}", error.summary);
}

#[test]
fn the_services_code_field_and_message_are_carried() {
    let error = refusal(
        422,
        r#"{"errors":[{"field":"http.method","code":"missing_required_field","message":"Expected field: method to be present."},
            {"code":"invalid_field","message":"Cast failed"}]}"#,
    );
    assert_eq!(error.code(), Some("missing_required_field"));
    assert_eq!(error.problems[0].field.as_deref(), Some("http.method"));
    assert_eq!(
        error.summary,
        "missing_required_field: Expected field: method to be present. (http.method); invalid_field: Cast failed"
    );
    assert_eq!(error.date, Some("2026-07-01T10:00:00Z".parse().unwrap()));
}

#[test]
fn the_bare_401_gives_its_message() {
    let error = refusal(401, r#"{"message":"Bearer Authentication Failed"}"#);
    assert_eq!((error.summary.as_str(), error.problems.len()), ("Bearer Authentication Failed", 0));
}

#[test]
fn an_error_without_json_is_still_told_by_its_status() {
    for (body, summary) in [
        ("<html>Bad gateway</html>", "502, text/html: Bad gateway"),
        ("", "502 without a body"),
        ("{}", "502 without a reason"),
        ("{\"errors\":[],\"error\":\"\"}", "502 without a reason"),
        ("{\"error\":\"policy 4711\"}", "502: {\"error\":\"policy 4711\"}"),
        (r#"{"errors":7}"#, "502, JSON: {\"errors\":7}"),
        ("[]", "502, JSON: []"),
        ("null", "502, JSON: null"),
        (r#"{"errors":["plain"]}"#, "plain"),
    ] {
        assert_eq!(refusal(502, body).summary, summary, "{body}");
    }
    let cut = Answer { body: Body::Cut("reset".to_owned()), ..answer(422, "") };
    assert_eq!(judged(Method::Post, "/v1/imports", cut).unwrap_err().kind, ErrorKind::Refused);
}

#[test]
fn an_id_that_is_not_valid_or_not_visible_is_not_found_whatever_the_status() {
    let body = r#"{"errors":[{"code":"invalid_ref","message":"Please provide a valid _id."}]}"#;
    for status in [400, 404, 422] {
        assert_eq!(refusal(status, body).kind, ErrorKind::NotFound);
    }
    let post = |body| judged(Method::Post, "/v1/imports", answer(422, body)).unwrap_err().kind;
    assert_eq!(post(body), ErrorKind::Refused, "there is no id in the path");
    let reference = r#"{"errors":[{"code":"invalid_ref","field":"_connectionId","message":"Please provide a valid _id."}]}"#;
    assert_eq!(refusal(422, reference).kind, ErrorKind::Refused, "it is the body's reference that is wrong");
}

#[test]
fn what_the_service_says_is_bounded_and_harmless() {
    let entry = format!(r#"{{"code":"x","message":"\u001b[31m{}"}}"#, "y".repeat(2000));
    let error = refusal(422, &format!(r#"{{"errors":[{}]}}"#, vec![entry; 100].join(",")));
    assert_eq!(error.problems.len(), 20);
    assert!(error.problems.iter().all(|problem| problem.message.chars().count() <= 501));
    assert!(error.summary.ends_with("and 97 more") && error.summary.len() < 2000);
    assert!(!error.summary.contains('\u{1b}') && !error.problems[0].message.contains("[31m"));
}

#[test]
fn the_token_is_in_no_error_even_if_the_service_echoes_it() {
    let error = refusal(
        403,
        &format!(r#"{{"errors":[{{"code":"{TOKEN}","field":"{TOKEN}","message":"bad {TOKEN}"}}]}}"#),
    );
    assert!(!format!("{error} {error:?}").contains(TOKEN));
    let error = refusal(401, &format!(r#"{{"message":"no such token {TOKEN}"}}"#));
    assert_eq!(error.summary, "no such token ***");
}

#[test]
fn a_pause_is_read_in_every_form_and_clamped() {
    let check = |text: Option<&str>, date: Option<&str>, seconds: u64| {
        let throttled = Answer {
            retry_after: text.map(str::to_owned),
            date: date.map(str::to_owned),
            ..answer(429, r#"{"errors":[{"code":"rate_limited","message":"Too many requests."}]}"#)
        };
        let error = judged(Method::Post, "/v1/imports", throttled).unwrap_err();
        assert_eq!(error.retry_after, Some(Duration::from_secs(seconds)), "{text:?}");
    };
    let date = Some("Wed, 01 Jul 2026 10:00:00 GMT");
    check(Some("2"), date, 2);
    check(Some(" 7 "), None, 7);
    check(Some("0"), date, 0);
    check(None, date, 2);
    check(Some("soon"), date, 2);
    check(Some("-5"), date, 2);
    check(Some("1000000000"), date, 300);
    check(Some("99999999999999999999999999"), date, 300);
    // A date is compared with the service's own clock, even if ours is wrong.
    check(Some("Wed, 01 Jul 2026 10:00:30 GMT"), date, 30);
    check(Some("Wed, 01 Jul 2026 09:00:00 GMT"), date, 0);
    check(Some("Wed, 01 Jul 2099 10:00:00 GMT"), date, 300);
    check(Some("Wed, 01 Jul 2026 10:00:30 GMT"), None, 2);
}

#[test]
fn an_overloaded_service_may_ask_for_a_pause_too() {
    let overloaded = Answer { retry_after: Some("9".to_owned()), ..answer(503, "") };
    let error = judged(Method::Get, "/v1/imports", overloaded).unwrap_err();
    assert_eq!(error.retry_after, Some(Duration::from_secs(9)));
    assert_eq!(refusal(503, "").retry_after, None);
}

#[test]
fn a_success_that_cannot_be_read_is_broken_for_a_read_and_in_doubt_for_a_write() {
    let bodies = ["<html></html>", "", "null", "[1,2", r#"{"errors":[{"code":"unexpected_error"}]}"#];
    for body in bodies {
        let kind = |method| judged(method, "/v1/imports", answer(200, body)).unwrap_err().kind;
        assert_eq!(kind(Method::Get), ErrorKind::Broken, "{body}");
        assert_eq!(kind(Method::Post), ErrorKind::InDoubt, "{body}");
        assert_eq!(kind(Method::Put), ErrorKind::InDoubt, "{body}");
    }
    let large = || Answer { body: Body::TooLarge(9, Bytes::new()), ..answer(200, "") };
    assert_eq!(judged(Method::Get, "/v1/imports", large()).unwrap_err().kind, ErrorKind::Broken);
    assert_eq!(judged(Method::Post, "/v1/imports", large()).unwrap_err().kind, ErrorKind::InDoubt);
}

#[test]
fn a_document_with_a_field_called_errors_is_a_document() {
    for body in [r#"{"errors":[{"code":"x"}],"_id":"a"}"#, r#"{"errors":[]}"#, r#"{"errors":{"a":1}}"#] {
        assert!(judged(Method::Get, "/v1/imports/a", answer(200, body)).is_ok(), "{body}");
    }
}

#[test]
fn a_delete_is_done_by_its_status() {
    for (status, body) in [(204, ""), (200, ""), (200, "OK"), (200, "{}")] {
        assert!(judged(Method::Delete, "/v1/imports/a", answer(status, body)).is_ok(), "{status} {body}");
    }
    let page =
        judged(Method::Delete, "/v1/imports/a", answer(200, "<html><title>Sign in</title>")).unwrap_err();
    assert_eq!(
        (page.kind, page.summary.as_str()),
        (ErrorKind::InDoubt, "answered 200, text/html: Sign in; this is not the service")
    );
    let error = answer(200, r#"{"errors":[{"code":"unexpected_error"}]}"#);
    assert_eq!(judged(Method::Delete, "/v1/imports/a", error).unwrap_err().kind, ErrorKind::InDoubt);
}

#[test]
fn a_redirect_is_not_followed_and_named_by_its_host_only() {
    let redirect = Answer { location: Some("https://evil.example/v1?x=1".to_owned()), ..answer(302, "") };
    let error = judged(Method::Get, "/v1/imports", redirect).unwrap_err();
    assert!(error.summary.starts_with("302, a redirect to https://evil.example; redirects are not followed"));
    assert!(!error.summary.contains("x=1"));
}

#[test]
fn a_conflict_leaves_a_create_in_doubt_refuses_other_writes_and_is_no_end_of_a_read() {
    let kind = |method, target| {
        judged(method, target, answer(409, r#"{"errors":[{"code":"conflict","message":"in use"}]}"#))
            .unwrap_err()
            .kind
    };
    assert_eq!(kind(Method::Post, "/v1/imports"), ErrorKind::InDoubt);
    assert_eq!(kind(Method::Post, "/v1/imports/a/clone"), ErrorKind::InDoubt);
    assert_eq!(kind(Method::Get, "/v1/imports/a"), ErrorKind::InDoubt);
    assert_eq!(kind(Method::Put, "/v1/imports/a"), ErrorKind::Refused);
    assert_eq!(kind(Method::Delete, "/v1/imports/a"), ErrorKind::Refused);
}

#[test]
fn a_page_in_the_place_of_an_answer_is_told_as_what_it_is() {
    let page = || Answer {
        content_type: Some("text/html".to_owned()),
        ..answer(200, "<html><title>Sign in</title></html>")
    };
    for (method, kind) in [(Method::Get, ErrorKind::Broken), (Method::Post, ErrorKind::InDoubt)] {
        let error = judged(method, "/v1/imports", page()).unwrap_err();
        assert_eq!(error.kind, kind);
        assert_eq!(error.summary, "answered 200, text/html: Sign in; this is not the service");
    }
    let blocked = Answer { status: 403, ..page() };
    let error = judged(Method::Post, "/v1/imports", blocked).unwrap_err();
    assert_eq!(error.to_string(), "POST /v1/imports failed: 403, text/html: Sign in");
}

#[test]
fn a_link_to_another_host_is_followed_on_the_accounts_own() {
    let links = vec!["<https://internal.example/v1/imports?after=2>; rel=next".to_owned()];
    let reply = judged(Method::Get, "/v1/imports", Answer { links, ..answer(200, "[]") }).unwrap();
    assert_eq!(reply.next.as_deref(), Some("https://api.integrator.io/v1/imports?after=2"));
}
