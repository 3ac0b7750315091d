//! Submissions by SMTP with TLS and AUTH (RFC 6409): kept connections, or one for each message.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::imap::client::{Outcome, Server};
use crate::imap::submission::Submission;
use crate::measure::Meter;
use crate::{Load, mail};

pub async fn run(load: &Load, server: &Server, password: &str, meter: &Meter) -> Outcome<()> {
    if load.to.is_empty() {
        return Err("--to names the recipient of submissions".into());
    }
    // A few hundred megabytes at most; beyond that they come again with another Message-ID.
    let distinct = load.count.min((256 << 20) / load.size.max(1)).max(1);
    let messages: Vec<Vec<u8>> =
        (0..distinct).map(|n| mail::message(&load.user, &load.to, load.size, load.seed, n)).collect();
    let shared = Arc::new((load.clone(), server.clone(), password.to_owned(), messages, AtomicUsize::new(0)));
    let running = meter.start()?;
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..load.connections {
        let shared = Arc::clone(&shared);
        senders.spawn(async move {
            let (load, server, password, messages, next) = &*shared;
            send_all(load, server, password, messages, next).await
        });
    }
    while let Some(sender) = senders.join_next().await {
        sender??;
    }
    running.end(&format!("submit {}", load.size), load.count)?;
    Ok(())
}

async fn send_all(
    load: &Load,
    server: &Server,
    password: &str,
    messages: &[Vec<u8>],
    next: &AtomicUsize,
) -> Outcome<()> {
    let mut kept: Option<Submission> = None;
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        if n >= load.count {
            break;
        }
        let mut client = match kept.take() {
            Some(client) => client,
            None => Submission::log_in(server, &load.user, password).await?,
        };
        let Some(message) = messages.get(n % messages.len()) else { break };
        client.send(&load.user, &load.to, &named(&format!("{n}.{}", load.seed), message)).await?;
        if load.fresh {
            client.quit().await?;
        } else {
            kept = Some(client);
        }
    }
    match kept {
        Some(client) => client.quit().await,
        None => Ok(()),
    }
}

/// A message with a Message-ID of its own.
pub fn named(id: &str, message: &[u8]) -> Vec<u8> {
    [format!("Message-ID: <{id}@load.example>\r\n").as_bytes(), message].concat()
}
