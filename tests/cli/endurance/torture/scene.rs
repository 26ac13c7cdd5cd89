//! What a torture begins with, what the service does wrong, and what stands in its accounts.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::Torture;

/// What every third import of the source refers to.
pub(super) const SCRIPTS: [&str; 3] = ["Torture script A", "Torture script B", "Torture script C"];

/// What an account holds, as far as people care: how many imports say the same.
pub(super) type Holding = BTreeMap<String, usize>;

/// How late the service is, and how long is waited for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Seconds after which a call without an answer can no longer be executing.
    pub settle: &'static str,
    /// How much later than its answer a call is done that was answered with 504: from, to.
    late: [Duration; 2],
    /// How far lists lag behind at most.
    pub lag: Duration,
    /// How long a command lives at most before it is killed.
    pub longest_life: Duration,
}

impl Pace {
    /// As real services are.
    pub(super) fn long() -> Self {
        Self {
            settle: "12",
            late: [3, 9].map(Duration::from_secs),
            lag: Duration::from_secs(2),
            longest_life: Duration::from_secs(15),
        }
    }

    /// For a test that is over soon.
    pub(super) fn short() -> Self {
        Self {
            settle: "2",
            late: [50, 500].map(Duration::from_millis),
            lag: Duration::from_millis(200),
            longest_life: Duration::from_secs(2),
        }
    }
}

impl Torture {
    /// Imports of the source: most of their own, some of one name and another content, some exact twins; every third
    /// of the first has a hook in a script that the target lacks.
    pub(super) fn seed_source(&self) {
        let connection =
            json!({ "type": "http", "name": "Torture", "http": { "baseURI": "https://example.com" } });
        let make = |account: &str, list: &str, document: &Value| {
            let (status, made) = self.server.call("POST", account, &format!("/v1/{list}"), Some(document));
            assert_eq!(status, 201, "{made}");
            made["_id"].clone()
        };
        let ids = ["demo-a", "demo-b"].map(|account| make(account, "connections", &connection));
        let scripts =
            SCRIPTS.map(|name| make("demo-a", "scripts", &json!({ "name": name, "content": name })));
        let mut documents: Vec<(String, String)> =
            (0..24).map(|n| (format!("Torture {n}"), format!("/own/{n}"))).collect();
        documents.extend((0..4).map(|n| ("Torture namesake".to_owned(), format!("/namesake/{n}"))));
        documents.extend((0..4).map(|_| ("Torture twin".to_owned(), "/twin".to_owned())));
        for (number, (name, uri)) in documents.into_iter().enumerate() {
            let mut import = json!({ "name": name, "_connectionId": ids[0], "description": "0",
                "http": { "method": ["POST"], "relativeURI": [uri], "body": ["{{{json record}}}"] } });
            if number < 24 && number % 3 == 0 {
                let script = &scripts[number / 3 % SCRIPTS.len()];
                import["hooks"] = json!({ "preMap": { "function": "hook", "_scriptId": script } });
            }
            make("demo-a", "imports", &import);
        }
    }

    fn ours(&self) -> Vec<Value> {
        let mut imports = self.server.imports("demo-b");
        imports.retain(|import| import["name"].as_str().unwrap().starts_with("Torture"));
        imports
    }

    /// The scripts that the target got.
    pub(super) fn scripts(&self) -> Vec<String> {
        let (_, list) = self.server.call("GET", "demo-b", "/v1/scripts?limit=1000", None);
        let names = list.as_array().into_iter().flatten().filter_map(|script| script["name"].as_str());
        let mut names: Vec<_> = names.filter(|name| name.starts_with("Torture")).map(str::to_owned).collect();
        names.sort();
        names
    }

    pub(super) fn holding(&self) -> Holding {
        held(&self.ours())
    }

    pub(super) fn ids(&self) -> Vec<String> {
        let mut ids: Vec<String> =
            self.ours().iter().map(|import| import["_id"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    }
}

/// What imports of an account say, counted.
pub(super) fn held(imports: &[Value]) -> Holding {
    let mut holding = Holding::new();
    for import in imports.iter().filter(|import| import["name"].as_str().unwrap().starts_with("Torture")) {
        let (name, description) = (import["name"].as_str().unwrap(), import["description"].as_str().unwrap());
        let uri = import["http"]["relativeURI"][0].as_str().unwrap();
        *holding.entry(format!("{name} | {description} | {uri}")).or_default() += 1;
    }
    holding
}

/// A fifth of the answers to writes is lost, some writes never arrive, some are refused for a moment or done long after
/// their answer, some take long; lists lag behind, and two clocks are off by `skew` seconds.
pub(super) fn faults(seed: u64, pace: Pace, skew: [i64; 2]) -> String {
    let [clock, date] = skew.map(|skew| format!("\"{}PT{}S\"", if skew < 0 { "-" } else { "" }, skew.abs()));
    let mut text =
        format!("behaviour: {{ rate_limited: false, clock_skew: {clock}, date_skew: {date} }}\nfaults:\n");
    let lag = pace.lag.as_secs_f64();
    text.push_str(&format!(
        "  - {{ match: {{ method: GET, account: demo-b, path: /v1/imports }}, probability: 0.3, seed: {seed}, \
         effect: {{ list_lag: {{ by: PT{lag}S }} }} }}\n"
    ));
    for (number, method) in (0..).zip(["POST", "PUT", "DELETE"]) {
        let mut fault = |share: f64, effect: &str| {
            let seed = seed * 1000 + number * 10 + text.lines().count() as u64;
            text.push_str(&format!(
                "  - {{ match: {{ method: {method}, account: demo-b, path: \"/v1/**\" }}, probability: {share}, \
                 seed: {seed}, effect: {effect} }}\n"
            ));
        };
        fault(0.2, "cut_after");
        fault(0.05, "cut_before");
        fault(0.03, "{ status: { code: 503 } }");
        for part in 0..4_u32 {
            let after = (pace.late[0] + pace.late[1].saturating_sub(pace.late[0]) * part / 3).as_secs_f64();
            fault(0.015, &format!("{{ late: {{ code: 504, after: PT{after}S }} }}"));
        }
        fault(0.3, "{ slow: { before: PT0.02S, after: PT0.05S } }");
    }
    text
}
