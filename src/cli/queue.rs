//! `pli queue`: notices that wait to be sent.

use serde_json::json;

use crate::domain::QueueId;

use super::{Opened, Out, Stop, out};

#[derive(clap::Subcommand)]
pub(super) enum Queue {
    /// List what waits, soonest first
    List {
        /// With what is done
        #[arg(long)]
        all: bool,
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Try what waits at once
    Retry {
        /// One piece of it; all of it where none is given
        id: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl Queue {
    pub(super) async fn run(&self, opened: &Opened, out: &mut Out) -> Result<(), Stop> {
        let deliveries = &opened.rooms.deliveries;
        let zone = &opened.config.timezone;
        match self {
            Self::List { all, json } => {
                let queue = deliveries.queue(*all).await?;
                if *json {
                    return queue.iter().try_for_each(|work| {
                        out.json(&json!({
                            "id": work.id,
                            "delivery": work.delivery,
                            "attempts": work.attempts,
                            "due_at": work.due_at.rfc3339(),
                            "last_failure": work.last_failure,
                            "created_at": work.created_at.rfc3339(),
                            "done_at": work.done_at.map(|at| at.rfc3339()),
                        }))
                    });
                }
                let rows: Vec<_> = queue
                    .iter()
                    .map(|w| {
                        vec![
                            w.id.to_string(),
                            w.delivery.to_string(),
                            out::when(w.due_at, zone),
                            w.attempts.to_string(),
                            w.last_failure.map_or("–", |failure| failure.word()).to_owned(),
                            out::perhaps(w.done_at, zone),
                        ]
                    })
                    .collect();
                out.table(&["id", "delivery", "due", "tries", "last", "done"], &rows, "Nothing waits.")
            }
            Self::Retry { id, json } => {
                let id = id.as_deref().map(str::parse::<QueueId>).transpose();
                let id = id.map_err(|_| Stop::because("this is not the id of a piece of work; see pli queue list"))?;
                let count = deliveries.retry(id).await?;
                match json {
                    true => out.json(&json!({ "retried": count })),
                    false if count == 0 => out.line("Nothing waits."),
                    false => out.line(format!("Due now: {count}.")),
                }
            }
        }
    }
}
