//! `examples/stress.rs` for a few seconds: fifty connections, every answer checked by the model.

use std::time::Duration;

use crate::installation::{Installation, NAME};
use crate::storm::Storm;

async fn everything_at_once(database: &str) {
    let installation = Installation::new(&crate::program(), database, 3).unwrap();
    let serving = installation.serve().unwrap();
    assert!(serving.pid() > 0);
    let storm = Storm {
        imaps: serving.imaps,
        submissions: Some(serving.submissions),
        authority: installation.authority(),
        name: NAME.to_owned(),
        users: installation.users.clone(),
        connections: 50,
        length: Duration::from_secs(10),
        seed: 1,
    };
    let told = storm.run().await;
    let log = installation.log();
    let faults: Vec<&str> = log.lines().filter(|line| line.contains("\"ERROR\"")).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    if let Err(what) = told {
        panic!("{what}");
    }
    serving.kill().unwrap();
    // Headers, subjects and texts, in clear or in base64 however it falls: nothing of them is in a file or in the log.
    let at_rest = installation.at_rest().unwrap();
    for needle in ["X-Stress", "stress.example", "letter c", "WC1TdHJlc3M", "gtU3RyZXNz", "YLVN0cmVzc"] {
        assert!(memchr::memmem::find(&at_rest, needle.as_bytes()).is_none(), "{needle} is at rest");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everything_at_once_on_sqlite() {
    everything_at_once("sqlite:pli.db").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everything_at_once_on_postgres() {
    if let Some(fresh) = crate::postgres::fresh().await {
        everything_at_once(&fresh.url).await;
    }
}
