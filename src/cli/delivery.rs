//! `pli delivery`: messages on their way to patients. Coordinates are masked unless `--reveal`.

use serde_json::{Value, json};

use crate::delivery::desk::DeliveryInfo;
use crate::domain::{DeliveryId, Timestamp};

use super::{Opened, Out, Stop, mailbox, out};

#[derive(clap::Subcommand)]
pub(super) enum Delivery {
    /// List the newest deliveries
    List {
        /// Only those of this mailbox
        #[arg(long, value_name = "MAILBOX")]
        from: Option<String>,
        /// Only those of which something became known since then, such as 2026-03-12T08:40:00Z
        #[arg(long, value_name = "TIME", requires = "from")]
        since: Option<jiff::Timestamp>,
        /// How many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=10_000))]
        limit: i64,
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Show one delivery
    Show {
        /// Its id
        id: String,
        /// Show coordinates whole; the journal keeps that
        #[arg(long)]
        reveal: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Open deliveries again that a restore keeps closed
    Release {
        /// The id of one
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        id: Option<String>,
        /// All of them
        #[arg(long)]
        all: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Recall a delivery: its keys are destroyed, its pages closed
    Recall {
        /// Its id
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl Delivery {
    pub(super) async fn run(&self, opened: &Opened, out: &mut Out) -> Result<(), Stop> {
        let deliveries = &opened.rooms.deliveries;
        let zone = &opened.config.timezone;
        match self {
            Self::List { from, since, limit, json } => {
                let from = from.as_deref().map(mailbox::read).transpose()?;
                let mut more = false;
                let list = match (&from, since) {
                    (Some(from), Some(since)) => {
                        let since = Timestamp(since.as_millisecond());
                        let mut list = deliveries.list_since(from, since, limit.saturating_add(1)).await?;
                        let most = usize::try_from(*limit).unwrap_or(usize::MAX);
                        more = list.len() > most;
                        list.truncate(most);
                        list
                    }
                    _ => deliveries.list(from.as_ref(), *limit).await?,
                };
                if *json {
                    list.iter().try_for_each(|delivery| out.json(&object(delivery, false)))?;
                    // Whoever follows the list would never hear of the rest.
                    return if more { Err(Stop::because("there are more: raise --limit".to_owned())) } else { Ok(()) };
                }
                let row = |d: &DeliveryInfo| {
                    let (address, _) = coordinates(d, false);
                    let state = d.state.word().to_owned();
                    vec![d.id.to_string(), out::when(d.created_at, zone), state, d.sender.clone(), address]
                };
                let rows: Vec<_> = list.iter().map(row).collect();
                out.table(&["id", "accepted", "state", "from", "to"], &rows, "There is no delivery yet.")
            }
            Self::Show { id, reveal, json } => {
                let delivery = deliveries.show(read(id)?).await?;
                if *reveal {
                    deliveries.note_delivery_reveal(delivery.id).await?;
                }
                if *json { out.json(&object(&delivery, *reveal)) } else { show(&delivery, *reveal, zone, out) }
            }
            Self::Release { id, all: _, json } => {
                let id = id.as_deref().map(read).transpose()?;
                let many = opened.rooms.release(id, opened.now()).await?;
                match json {
                    true => out.json(&json!({ "released": many })),
                    false if many == 0 => out.line("No such delivery is kept closed."),
                    false => out.line(format!("Open again: {many}.")),
                }
            }
            Self::Recall { id, json } => {
                let id = read(id)?;
                deliveries.recall(id).await?;
                match json {
                    true => out.json(&json!({ "id": id, "state": "recalled" })),
                    false => out.line("Recalled: its keys are destroyed and its pages closed."),
                }
            }
        }
    }
}

fn read(id: &str) -> Result<DeliveryId, Stop> {
    id.parse().map_err(|_| Stop::because("this is not the id of a delivery; pli delivery list shows them"))
}

fn coordinates(delivery: &DeliveryInfo, reveal: bool) -> (String, String) {
    match &delivery.coordinates {
        None => match &delivery.waiting {
            Some(address) if reveal => (address.reveal(), "asked for".to_owned()),
            Some(address) => (address.masked(), "asked for".to_owned()),
            None => ("erased".to_owned(), "erased".to_owned()),
        },
        Some(at) if reveal => (at.address.reveal(), at.number.reveal().to_owned()),
        Some(at) => (at.address.masked(), at.number.masked()),
    }
}

fn object(delivery: &DeliveryInfo, reveal: bool) -> Value {
    let known = delivery.coordinates.is_some();
    let (address, number) = coordinates(delivery, reveal);
    json!({
        "id": delivery.id,
        "message": delivery.message,
        "message_id": delivery.message_id,
        "envelope_id": delivery.envelope_id,
        "from": delivery.sender,
        "address": known.then_some(address),
        "number": known.then_some(number),
        "masked": !reveal,
        "state": delivery.state,
        "failure": delivery.failure,
        "tries": delivery.tries,
        "downloads": delivery.downloads,
        "changed_at": delivery.changed_at().rfc3339(),
        "created_at": delivery.created_at.rfc3339(),
        "notified_at": delivery.notified_at.map(|at| at.rfc3339()),
        "opened_at": delivery.opened_at.map(|at| at.rfc3339()),
        "downloaded_at": delivery.downloaded_at.map(|at| at.rfc3339()),
        "ended_at": delivery.ended_at.map(|at| at.rfc3339()),
        "expires_at": delivery.expires_at.rfc3339(),
        "suspended_at": delivery.suspended_at.map(|at| at.rfc3339()),
    })
}

fn show(delivery: &DeliveryInfo, reveal: bool, zone: &str, out: &mut Out) -> Result<(), Stop> {
    let (address, number) = coordinates(delivery, reveal);
    out.pairs(&[
        ("id", delivery.id.to_string()),
        ("message", delivery.message.to_string()),
        ("from", delivery.sender.clone()),
        ("to", address),
        ("number", number),
        ("state", delivery.state.word().to_owned()),
        ("failure", delivery.failure.map_or("none", |failure| failure.word()).to_owned()),
        ("wrong codes", delivery.tries.to_string()),
        ("files given out", delivery.downloads.to_string()),
        ("accepted", out::when(delivery.created_at, zone)),
        ("handed over", out::perhaps(delivery.notified_at, zone)),
        ("opened", out::perhaps(delivery.opened_at, zone)),
        ("downloaded", out::perhaps(delivery.downloaded_at, zone)),
        ("ended", out::perhaps(delivery.ended_at, zone)),
        ("kept until", out::when(delivery.expires_at, zone)),
    ])
}
