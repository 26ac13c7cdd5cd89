//! Jobs in progress: asks which flows run now, for many flows in one call.

use std::collections::HashSet;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::call::READ_JOBS;
use super::page::read_as;
use super::unreadable::UnreadableAnswer;
use super::{Api, ApiError, Call, ErrorKind, Method};
use crate::model::Id;

/// The most flows in one call. How many the service accepts is not documented.
const MOST_FLOWS: usize = 500;

/// The most pages of jobs that are read for one call. More of them are taken for a circle.
const MOST_PAGES: usize = 1_000;

/// The states of a job that has ended; any other state is in progress.
const OVER: [&str; 3] = ["completed", "failed", "canceled"];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Current {
    jobs: Vec<Job>,
    #[serde(rename = "nextPageURL")]
    next: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Job {
    #[serde(default, rename = "_flowId")]
    flow: Option<Id>,
    #[serde(default)]
    status: Option<String>,
}

/// Returns the flows among `flows` that are running now: one of their jobs is queued, running, retrying or being
/// canceled.
pub(super) async fn running(api: &dyn Api, flows: &[Id]) -> Result<HashSet<Id>, ApiError> {
    let mut running = HashSet::new();
    for some in flows.chunks(MOST_FLOWS) {
        let body = Bytes::from(json!({ "_flowIds": some }).to_string());
        let mut target = "/v1/jobs/current".to_owned();
        let mut seen = HashSet::new();
        loop {
            let call = Call {
                method: Method::Post,
                target: target.clone(),
                body: Some(body.clone()),
                purpose: READ_JOBS,
                can_be_halved: false,
                before_send: None,
            };
            let parse = |reply: &super::Reply| {
                if reply.status == 204 {
                    return Ok(Current::default());
                }
                serde_json::from_slice::<Current>(&reply.body)
                    .map_err(UnreadableAnswer::not_json("the list of jobs in progress"))
            };
            let (page, _) = read_as(api, &call, parse).await?;
            let active = page
                .jobs
                .into_iter()
                .filter(|job| job.status.as_deref().is_none_or(|status| !OVER.contains(&status)));
            // A service that ignores the filter answers with the jobs of every flow.
            running.extend(active.filter_map(|job| job.flow).filter(|flow| some.contains(flow)));
            let Some(next) = page.next.filter(|next| !next.is_empty()) else { break };
            let broken = |what: &str| ApiError::new(Method::Post, &target, ErrorKind::Broken, what);
            let next = path_of(&next).ok_or_else(|| broken("the next page of jobs has no address"))?;
            if !seen.insert(next.clone()) {
                return Err(broken("the list of jobs in progress goes in a circle"));
            }
            if seen.len() > MOST_PAGES {
                return Err(broken("the list of jobs in progress has no end"));
            }
            target = next;
        }
    }
    Ok(running)
}

/// The path and query of an address: the token is sent to the account's own origin only.
fn path_of(address: &str) -> Option<String> {
    let base = Url::parse("https://account/").ok()?;
    let url = base.join(address).ok()?;
    let query = url.query().map_or(String::new(), |query| format!("?{query}"));
    Some(format!("{}{query}", url.path()))
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::*;
    use crate::api::Reply;

    /// Answers calls in turn, and keeps the requests.
    #[derive(Debug)]
    struct Service(Mutex<VecDeque<serde_json::Value>>, Mutex<Vec<(String, String)>>);

    #[async_trait]
    impl Api for Service {
        async fn call(&self, call: &Call) -> Result<Reply, ApiError> {
            let body = call.body.as_ref().map(|body| String::from_utf8_lossy(body).into_owned());
            self.1.lock().unwrap().push((call.target.clone(), body.unwrap_or_default()));
            let body = self.0.lock().unwrap().pop_front().unwrap().to_string();
            Ok(Reply::new(200, body))
        }
    }

    async fn asked(answers: &[serde_json::Value]) -> (Result<Vec<String>, ApiError>, Vec<(String, String)>) {
        let service = Service(Mutex::new(answers.iter().cloned().collect()), Mutex::default());
        let found = running(&service, &[Id::from("a"), Id::from("b")]).await;
        let found = found.map(|found| {
            let mut ids: Vec<_> = found.iter().map(|id| id.as_str().to_owned()).collect();
            ids.sort();
            ids
        });
        (found, service.1.into_inner().unwrap())
    }

    #[tokio::test]
    async fn one_call_asks_for_all_flows_and_what_is_over_does_not_run() {
        let jobs = json!([
            { "_flowId": "a", "status": "queued" }, { "_flowId": "b", "status": "completed" },
            { "_flowId": "other", "status": "running" }, { "status": "running" },
        ]);
        let (found, calls) = asked(&[json!({ "jobs": jobs })]).await;
        assert_eq!(found.unwrap(), ["a"]);
        assert_eq!(calls, [("/v1/jobs/current".to_owned(), r#"{"_flowIds":["a","b"]}"#.to_owned())]);
    }

    #[tokio::test]
    async fn further_pages_are_read_on_the_accounts_own_origin_and_never_in_a_circle() {
        let page = |flow: &str, next: &str| json!({ "jobs": [{ "_flowId": flow, "status": "running" }], "nextPageURL": next });
        let last = json!({ "jobs": [{ "_flowId": "b" }] });
        let (found, calls) = asked(&[page("a", "https://elsewhere.example/v1/jobs/current?p=2"), last]).await;
        assert_eq!(found.unwrap(), ["a", "b"]);
        assert_eq!(calls[1].0, "/v1/jobs/current?p=2");
        let circle = [page("a", "/v1/x?p=2"), page("a", "/v1/x?p=3"), page("a", "/v1/x?p=2")];
        let (found, _) = asked(&circle).await;
        assert!(found.unwrap_err().to_string().contains("circle"));
    }
}
