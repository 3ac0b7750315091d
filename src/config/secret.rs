//! Secrets of the settings: `env:NAME`, `file:PATH`, or plainly in a file that others cannot read.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use zeroize::Zeroizing;

use crate::domain::SecretText;

use super::Environment;

/// Where secrets may come from.
pub(super) struct Secrets<'a> {
    pub folder: &'a Path,
    /// Permission bits of the settings file.
    pub mode: u32,
    pub environment: Environment<'a>,
}

impl Secrets<'_> {
    /// A value that may be secret. `plain` says whether, as it stands, it holds one.
    pub fn read(&self, written: &str, plain: impl Fn(&str) -> bool) -> Result<SecretText, String> {
        if let Some(name) = written.strip_prefix("env:") {
            let value = (self.environment)(name).map(Zeroizing::new);
            let value = value.ok_or_else(|| format!("the environment variable {} is not set", printable(name)))?;
            return one_line(&value);
        }
        if let Some(path) = written.strip_prefix("file:") {
            let path = self.folder.join(path);
            let refused = |what: &str| format!("{}: {what}", printable(&path.display().to_string()));
            let metadata = std::fs::metadata(&path).map_err(|error| refused(&error.kind().to_string()))?;
            if metadata.permissions().mode() & 0o077 != 0 {
                return Err(refused("others can read it; chmod 600"));
            }
            let text = std::fs::read_to_string(&path).map(Zeroizing::new);
            return one_line(&text.map_err(|error| refused(&error.kind().to_string()))?);
        }
        if plain(written) && self.mode & 0o077 != 0 {
            return Err("holds a secret in a file that others can read; chmod 600 the file, or write env:NAME or \
                        file:PATH"
                .to_owned());
        }
        Ok(SecretText::new(written))
    }
}

/// A secret is one line; the line end of a file is not part of it.
fn one_line(text: &str) -> Result<SecretText, String> {
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err("the secret is empty or more than one line".to_owned());
    }
    Ok(SecretText::new(text))
}

/// Text of ours for a terminal: control characters are escaped (fault 33).
pub(super) fn printable(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] }).collect()
}
