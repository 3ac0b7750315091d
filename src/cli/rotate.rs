//! `pli key rotate` and `retire`, and what `pli key show` says of root keys.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use crate::domain::KeyId;
use crate::server::rotation::{Kept, KeyState, RetireError, Rotated, Step, Under};

use super::{Opened, Out, Stop};

#[derive(clap::Args)]
pub(super) struct Rotate {
    /// The file of root keys, where it is not the one of the settings: what a credential is made from
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// How many seconds other processes are waited for; one that died is noticed after two minutes
    #[arg(long, default_value_t = 150, value_parser = clap::value_parser!(u64).range(0..=3600))]
    wait: u64,
    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(super) struct Retire {
    /// The key's id, as pli key show prints it
    id: String,
    /// The file of root keys, where it is not the one of the settings: what a credential is made from
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Give up what is still under it
    #[arg(long)]
    force: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn rotate(opened: &Opened, asked: &Rotate, out: &mut Out) -> Result<(), Stop> {
    let mut failed = None;
    let mut say = |step: Step| {
        let told = if asked.json { out.json(&object(step)) } else { out.line(line(step)) };
        if let Err(stop) = told {
            failed.get_or_insert(stop);
        }
    };
    let rotated = opened.rooms.rotate(asked.file.as_deref(), Duration::from_secs(asked.wait), &mut say).await?;
    if let Some(stop) = failed {
        return Err(stop);
    }
    let Rotated { key, made, refused, behind } = rotated;
    if asked.json {
        let step = if behind == 0 { "done" } else { "unfinished" };
        return out.json(&json!({ "step": step, "root_key": key.to_string(), "values": made, "refused": refused }));
    }
    out.line(format!("The root key is {key}: {made} values were brought under it."))?;
    if refused > 0 {
        out.line(format!("{refused} rows were left as they are: the log says which, and why."))?;
    }
    let older = opened.rooms.root_keys().await?;
    for state in older.iter().filter(|state| !state.in_use && !state.retired) {
        out.line(format!("The root key {} still opens:", state.id))?;
        table(&state.under, out)?;
        out.line(format!("  Once nothing of use is under it: pli key retire {}", state.id))?;
    }
    out.line("Copy the file of root keys to where its copy is kept: backups of today need it.")
}

pub(super) async fn retire(opened: &Opened, asked: &Retire, out: &mut Out) -> Result<(), Stop> {
    let id: KeyId = asked.id.parse().map_err(|_| Stop::because("this is no id of a root key (pli key show)"))?;
    match opened.rooms.retire(id, asked.file.as_deref(), asked.force).await {
        Ok(lost) if asked.json => out.json(&json!({ "retired": id.to_string(), "lost": lost })),
        Ok(lost) => out.line(format!("The root key {id} is retired. {lost} values were given up with it.")),
        Err(RetireError::Needed(under)) => {
            if asked.json {
                out.json(&json!({ "needed": under.iter().map(value).collect::<Vec<_>>() }))?;
            } else {
                out.line(format!("Under the root key {id} there are still:"))?;
                table(&under, out)?;
            }
            Err(Stop::because("nothing was changed; wait until these have ended, or give them up with --force"))
        }
        Err(RetireError::Refused(error)) => Err(error.into()),
    }
}

/// The keys, for `pli key show`.
pub(super) fn values(states: &[KeyState]) -> Vec<Value> {
    let one = |state: &KeyState| {
        json!({
            "id": state.id.to_string(),
            "state": word(state),
            "values": state.under.iter().map(value).collect::<Vec<_>>(),
        })
    };
    states.iter().map(one).collect()
}

/// The same for people: nothing more where there is one key and nothing under another.
pub(super) fn shown(states: &[KeyState], rotating: bool, out: &mut Out) -> Result<(), Stop> {
    if rotating {
        out.line("")?;
        out.line("A change of the root key was begun and is not at its end: pli key rotate goes on.")?;
    }
    if states.len() > 1 {
        for state in states {
            out.line("")?;
            out.line(format!("root key {} ({})", state.id, word(state)))?;
            table(&state.under, out)?;
        }
    }
    Ok(())
}

fn word(state: &KeyState) -> &'static str {
    match (state.in_use, state.retired) {
        (true, _) => "in use",
        (false, false) => "opens",
        (false, true) => "retired",
    }
}

fn table(under: &[Under], out: &mut Out) -> Result<(), Stop> {
    let row = |under: &Under| {
        let why = match under.kept() {
            Kept::Again => "is made again by pli key rotate".to_owned(),
            Kept::Ends(when) => format!("ends {when}"),
            Kept::Left(why) => format!("stays good when the key is retired: {why}"),
        };
        vec![format!("  {}.{}", under.of.table, under.of.column), under.many.to_string(), why]
    };
    let rows: Vec<_> = under.iter().map(row).collect();
    out.table(&["  what", "values", ""], &rows, "  nothing")
}

fn value(under: &Under) -> Value {
    json!({ "table": under.of.table, "column": under.of.column, "values": under.many })
}

fn line(step: Step) -> String {
    match step {
        Step::Announced(key) => format!("The new root key {key} is in the file, and not in use yet."),
        Step::Waits(processes) => format!("Waiting for {processes} processes to take up the file …"),
        Step::InUse(key) => format!("The root key {key} is in use. What is under the old one opens as before."),
        Step::Behind(processes) => format!(
            "{processes} processes still seal under the old key: give them the file or start them again, then run this again."
        ),
        Step::Made(table, many) => format!("{table}: {many}"),
    }
}

fn object(step: Step) -> Value {
    match step {
        Step::Announced(key) => json!({ "step": "announced", "root_key": key.to_string() }),
        Step::Waits(processes) => json!({ "step": "waits", "processes": processes }),
        Step::InUse(key) => json!({ "step": "in-use", "root_key": key.to_string() }),
        Step::Behind(processes) => json!({ "step": "behind", "processes": processes }),
        Step::Made(table, many) => json!({ "step": "made", "table": table, "values": many }),
    }
}
