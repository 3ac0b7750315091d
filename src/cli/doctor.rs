//! `pli doctor`: looks at the whole installation, one line for each finding; 1 when one must be mended.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use crate::doctor::{Finding, Level, examine};
use crate::server::{OsRandom, SystemClock};

use super::{Out, Stop, open};

#[derive(clap::Args)]
pub(super) struct Doctor {
    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub(super) async fn run(&self, file: &Path, out: &mut Out) -> Result<(), Stop> {
        let found = match open::load(file) {
            Ok(config) => examine(&config, Arc::new(SystemClock), Arc::new(OsRandom)).await,
            Err(Stop::Refused(why)) => vec![Finding::fail("settings", why)],
            Err(stop) => return Err(stop),
        };
        for Finding { level, subject, text } in &found {
            // What files and servers are called may hold anything.
            let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            match self.json {
                true => out.json(&json!({ "level": level.word(), "subject": subject, "text": text }))?,
                false => out.line(format!("{:<4}  {subject}: {text}", level.word()))?,
            }
        }
        match found.iter().any(|finding| finding.level == Level::Fail) {
            true => Err(Stop::Failed),
            false => Ok(()),
        }
    }
}
