//! The log: structured lines on standard error, ids only.
//!
//! Text on a terminal, one JSON object a line else. Only events of our own are written: what libraries log
//! may hold anything. Control characters are escaped, so that no value can forge a line or command a
//! terminal (fault 33).

use std::io::{IsTerminal, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::{Log, LogFormat, LogLevel};

/// Starts the log of this process. A second call changes nothing.
pub fn start(log: &Log) {
    let level = match log.level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
    };
    let filter = EnvFilter::new(format!("off,pli={level}"));
    let terminal = std::io::stderr().is_terminal();
    let format = log.format.unwrap_or(if terminal { LogFormat::Text } else { LogFormat::Json });
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(Stderr);
    // An error says that a log is running already: by an earlier server of the same process.
    let _ = match format {
        LogFormat::Text => builder.with_ansi(false).with_target(false).compact().try_init(),
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init(),
    };
}

/// Makes the cleaned standard error.
struct Stderr;

impl<'a> MakeWriter<'a> for Stderr {
    type Writer = Clean<std::io::Stderr>;

    fn make_writer(&'a self) -> Self::Writer {
        Clean(std::io::stderr())
    }
}

/// Writes whole lines with everything but printable text escaped.
struct Clean<W>(W);

impl<W: Write> Write for Clean<W> {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        let text = String::from_utf8_lossy(octets);
        let (line, end) = text.strip_suffix('\n').map_or((&*text, ""), |line| (line, "\n"));
        let mut clean = String::with_capacity(line.len() + 1);
        for c in line.chars() {
            // Marks that turn the direction of writing are not control characters, and lie as well.
            if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
                clean.extend(c.escape_default());
            } else {
                clean.push(c);
            }
        }
        clean.push_str(end);
        self.0.write_all(clean.as_bytes())?;
        Ok(octets.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_33_a_value_can_neither_forge_a_line_nor_command_a_terminal() {
        let mut written = Vec::new();
        let event = "INFO name=\u{1b}[2Jx\r\nINFO forged=1\u{9b}31m\u{202e}\u{7}\n";
        Clean(&mut written).write_all(event.as_bytes()).expect("a vector takes everything");
        let text = String::from_utf8(written).expect("text");
        assert_eq!(text.matches('\n').count(), 1);
        assert!(text.ends_with('\n'));
        assert!(!text.trim_end().chars().any(|c| c.is_control() || c == '\u{202e}'), "{text:?}");
        assert!(text.contains("\\u{1b}[2Jx\\r\\nINFO forged=1"));
    }
}
