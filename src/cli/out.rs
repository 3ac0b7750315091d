//! What commands print: aligned tables and sentences for people, JSON objects for programs.

use std::io::{BufRead, IsTerminal, Write};

use zeroize::Zeroizing;

use crate::domain::Timestamp;

use super::Stop;

/// Standard output, or what a test gives.
pub(super) struct Out {
    to: Box<dyn Write + Send>,
}

impl Out {
    pub(super) fn stdout() -> Self {
        Self { to: Box::new(std::io::stdout()) }
    }

    /// One line.
    pub(super) fn line(&mut self, text: impl AsRef<str>) -> Result<(), Stop> {
        writeln!(self.to, "{}", text.as_ref())?;
        Ok(self.to.flush()?)
    }

    /// Several lines.
    pub(super) fn lines(&mut self, lines: &[&str]) -> Result<(), Stop> {
        lines.iter().try_for_each(|line| self.line(line))
    }

    /// One JSON object on a line of its own.
    pub(super) fn json(&mut self, value: &serde_json::Value) -> Result<(), Stop> {
        self.line(value.to_string())
    }

    /// A table with a heading; nothing but `none` where there are no rows.
    pub(super) fn table(&mut self, heading: &[&str], rows: &[Vec<String>], none: &str) -> Result<(), Stop> {
        if rows.is_empty() {
            return self.line(none);
        }
        let heading: Vec<String> = heading.iter().map(|cell| (*cell).to_owned()).collect();
        let width = |column: usize| {
            rows.iter().chain([&heading]).filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
        };
        let widths: Vec<usize> = (0..heading.len()).map(|column| width(column).unwrap_or(0)).collect();
        for row in std::iter::once(&heading).chain(rows) {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            self.line(cells.join("  ").trim_end())?;
        }
        Ok(())
    }

    /// Names and values under each other, the values aligned.
    pub(super) fn pairs(&mut self, pairs: &[(&str, String)]) -> Result<(), Stop> {
        let width = pairs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        pairs.iter().try_for_each(|(name, value)| self.line(format!("{name:<width$}  {value}").trim_end()))
    }
}

/// The one line of a refusal, control characters escaped.
pub(super) fn complain(why: &str) {
    let clean: String = why.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    // Where standard error is gone, the exit code still tells.
    let _ = writeln!(std::io::stderr(), "pli: {clean}");
}

/// A time for people, in a time zone.
pub(super) fn when(at: Timestamp, zone: &str) -> String {
    let Ok(instant) = jiff::Timestamp::from_millisecond(at.0) else { return String::new() };
    let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    instant.to_zoned(zone).strftime("%Y-%m-%d %H:%M").to_string()
}

/// The same where there may be none.
pub(super) fn perhaps(at: Option<Timestamp>, zone: &str) -> String {
    at.map_or_else(|| "–".to_owned(), |at| when(at, zone))
}

/// A day, in a time zone.
pub(super) fn day(at: Timestamp, zone: &str) -> String {
    when(at, zone).split(' ').next().unwrap_or_default().to_owned()
}

/// A secret from standard input: its next line.
pub(super) fn secret(prompt: &str) -> Result<Zeroizing<String>, Stop> {
    perhaps_secret(prompt)?.ok_or_else(|| Stop::because("nothing was given on standard input"))
}

/// The same; `None` for an empty line, or no line. On a terminal there must be one.
pub(super) fn perhaps_secret(prompt: &str) -> Result<Option<Zeroizing<String>>, Stop> {
    let input = std::io::stdin();
    if input.is_terminal() {
        let _ = write!(std::io::stderr(), "{prompt}: ");
    }
    let mut line = Zeroizing::new(String::new());
    input.lock().read_line(&mut line)?;
    let secret = Zeroizing::new(line.trim().to_owned());
    match secret.is_empty() {
        true if input.is_terminal() => Err(Stop::because("nothing was given")),
        true => Ok(None),
        false => Ok(Some(secret)),
    }
}
