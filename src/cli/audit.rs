//! `pli audit`: the journal, with the names of devices and persons beside their ids.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use crate::domain::{DeliveryId, Timestamp, Verb};
use crate::mailbox::journal::{JournalEvent, JournalQuery};

use super::{Opened, Out, Stop, mailbox, out};

#[derive(clap::Subcommand)]
pub(super) enum Audit {
    /// List the newest events
    List {
        /// Only those of this mailbox
        #[arg(long, value_name = "ADDRESS")]
        mailbox: Option<String>,
        /// Only those of this delivery
        #[arg(long, value_name = "ID")]
        delivery: Option<DeliveryId>,
        /// Only those since this day, such as 2026-11-27, or this instant, such as 2026-11-27T08:00:00+01:00
        #[arg(long, value_name = "DATE")]
        since: Option<String>,
        /// How many
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..=1_000_000))]
        limit: i64,
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Append what is new to a file elsewhere; [audit] export does so every minute
    Export {
        /// The file
        file: std::path::PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Check that no event was changed, added or taken away
    Verify {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl Audit {
    pub(super) async fn run(&self, opened: &Opened, out: &mut Out) -> Result<(), Stop> {
        let mailboxes = &opened.rooms.mailboxes;
        let zone = &opened.config.timezone;
        match self {
            Self::List { mailbox, delivery, since, limit, json } => {
                let query = JournalQuery {
                    mailbox: mailbox.as_deref().map(mailbox::read).transpose()?,
                    delivery: *delivery,
                    since: since.as_deref().map(|since| read(since, zone)).transpose()?,
                    limit: *limit,
                };
                let events = mailboxes.journal(&query).await?;
                if *json {
                    return events.iter().try_for_each(|event| out.json(&object(event)));
                }
                let rows: Vec<_> = events.iter().map(|event| row(event, zone)).collect();
                out.table(&["when", "who", "what", "about"], &rows, "There is no such event.")
            }
            Self::Export { file, json } => {
                let events = opened.rooms.export_journal(file).await?;
                match json {
                    true => out.json(&json!({ "events": events })),
                    false => out.line(format!("{events} events were added to {}.", file.display())),
                }
            }
            Self::Verify { json } => match (mailboxes.verify_journal().await?, json) {
                (Ok(events), true) => out.json(&json!({ "whole": true, "events": events })),
                (Ok(events), false) => out.line(format!("The journal is whole: {events} events.")),
                (Err((node, seq)), _) => Err(Stop::because(format!(
                    "the journal was changed: event {seq} of the node {node} is not the one that was written"
                ))),
            },
        }
    }
}

/// A day in the installation's time zone, or an instant.
fn read(text: &str, zone: &str) -> Result<Timestamp, Stop> {
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Ok(Timestamp(instant.as_millisecond()));
    }
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let day = text.parse::<Date>().ok().and_then(|day| day.to_zoned(zone).ok());
    let day = day.ok_or_else(|| Stop::because(format!("{text}: must be a day such as 2026-11-27")))?;
    Ok(Timestamp(day.timestamp().as_millisecond()))
}

fn row(event: &JournalEvent, zone: &str) -> Vec<String> {
    let about = event.fields.iter().filter(|(key, _)| key != "verb" && key != "by");
    let about: Vec<String> = about.map(|(key, value)| format!("{key} {value}")).collect();
    vec![out::when(event.at, zone), who(event), event.field("verb").unwrap_or_default().to_owned(), about.join(", ")]
}

/// Who acted, as people say it.
fn who(event: &JournalEvent) -> String {
    let by = event.field("by").unwrap_or_default();
    match (by.split_once(':'), &event.device) {
        (Some(("device", _)), Some(device)) => format!("{} ({}, {})", device.person, device.label, device.id),
        (Some(("device", id)), None) => format!("device {id}"),
        (Some(("link", _)), _) => holder(event.field("verb").unwrap_or_default()).to_owned(),
        (Some(("session", _)), _) => "who typed a right code".to_owned(),
        (_, Some(device)) => format!("{by}, about the device of {} ({})", device.person, device.label),
        _ => by.to_owned(),
    }
}

/// Who or what holds a link: of a visit no more is known than its request showed.
fn holder(verb: &str) -> &'static str {
    match verb {
        _ if verb == Verb::LinkFetched.word() => "a machine that holds a link",
        _ if verb == Verb::LinkLoaded.word() => "who holds a link, without a person's sign",
        _ if verb == Verb::LinkShown.word() => "who holds a link, in a browser",
        _ => "who holds a link",
    }
}

fn object(event: &JournalEvent) -> Value {
    let mut object = Map::new();
    object.insert("at".to_owned(), json!(event.at.rfc3339()));
    object.insert("node".to_owned(), json!(event.node));
    object.insert("seq".to_owned(), json!(event.seq));
    for (key, value) in &event.fields {
        let number = (key == "count").then(|| value.parse::<i64>().ok()).flatten();
        object.insert(key.clone(), number.map_or_else(|| json!(value), |number| json!(number)));
    }
    if let Some(device) = &event.device {
        let named = json!({ "id": device.id, "label": device.label, "person": device.person });
        object.insert("device".to_owned(), named);
    }
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visit_is_told_with_what_is_known_of_it() {
        let said = |verb: Verb, by: &str| {
            let fields = [("verb", verb.word()), ("by", by)].map(|(key, value)| (key.to_owned(), value.to_owned()));
            let event =
                JournalEvent { node: "n".into(), seq: 1, at: Timestamp(0), fields: fields.to_vec(), device: None };
            row(&event, "UTC").get(1..3).map(|said| said.join(": "))
        };
        for (verb, wanted) in [
            (Verb::LinkFetched, "a machine that holds a link: link.fetched"),
            (Verb::LinkLoaded, "who holds a link, without a person's sign: link.loaded"),
            (Verb::LinkShown, "who holds a link, in a browser: link.shown"),
            (Verb::CodeIssued, "who holds a link: code.issued"),
        ] {
            assert_eq!(said(verb, "link:0123456789abcdefghjkmnpqrs").as_deref(), Some(wanted));
        }
        assert_eq!(said(Verb::Opened, "session:x").as_deref(), Some("who typed a right code: delivery.opened"));
    }
}
