//! Reads each import of one account, makes it in another and reads it back: the least that a copy takes, without any safety.
//! The other side of the ratio in the row `cpu` of `costs.py`.
//!
//! `bare_loop URL SOURCE_TOKEN TARGET_TOKEN OLD_CONNECTION NEW_CONNECTION IMPORTS`; the ids of the imports are the numbers from
//! 1 on, as `support.py` makes them.
//!
//! `bare_loop parse FILE ROUNDS` parses the lists in the lines of a file, so often: the other side of the row `plan`.

#![allow(clippy::unwrap_used, reason = "it may fail loudly")]

use std::hint::black_box;

use futures::StreamExt;
use serde_json::Value;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let given: Vec<String> = std::env::args().skip(1).collect();
    match given.as_slice() {
        [mode, file, rounds] if mode == "parse" => parse(file, rounds.parse().unwrap()),
        _ => copy(&given),
    }
}

fn parse(file: &str, rounds: usize) {
    let lists = std::fs::read_to_string(file).unwrap();
    for list in (0..rounds).flat_map(|_| lists.lines()) {
        black_box(serde_json::from_str::<Vec<Value>>(list).unwrap());
    }
}

#[tokio::main(flavor = "current_thread")]
async fn copy(given: &[String]) {
    let [url, from, to, old, new, imports] = given else { panic!("six arguments") };
    let imports: usize = imports.parse().unwrap();
    let (client, base) = (reqwest::Client::new(), format!("{url}/v1/imports"));
    futures::stream::iter(1..=imports)
        .map(|number| {
            let (client, base) = (&client, &base);
            async move {
                let read = client.get(format!("{base}/{number:024x}")).bearer_auth(from).send().await.unwrap();
                let mut document: Value = serde_json::from_slice(&read.bytes().await.unwrap()).unwrap();
                let members = document.as_object_mut().unwrap();
                for key in ["_id", "createdAt", "lastModified", "apiIdentifier"] {
                    members.shift_remove(key);
                }
                assert_eq!(members["_connectionId"], old.as_str());
                members["_connectionId"] = Value::from(new.as_str());
                let body = serde_json::to_vec(&document).unwrap();
                let made = client.post(base).bearer_auth(to).header("content-type", "application/json").body(body);
                let made = made.send().await.unwrap();
                assert_eq!(made.status(), 201);
                let made: Value = serde_json::from_slice(&made.bytes().await.unwrap()).unwrap();
                let id = made["_id"].as_str().unwrap();
                let back = client.get(format!("{base}/{id}")).bearer_auth(to).send().await.unwrap();
                let back: Value = serde_json::from_slice(&back.bytes().await.unwrap()).unwrap();
                assert_eq!(back["name"], made["name"]);
            }
        })
        .buffer_unordered(64)
        .collect::<()>()
        .await;
}
