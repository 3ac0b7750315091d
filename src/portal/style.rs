//! The style sheet, the script and the mark, part of the program; their names change with their bytes.

/// The style sheet.
pub(super) const SHEET: &str = include_str!("style.css");

/// The mark: a folded letter.
pub(super) const MARK: &str = include_str!("mark.svg");

/// The script of the page that waits for a code.
pub(super) const SCRIPT: &str = include_str!("wait.js");

/// The file name of the sheet: caches may keep it for ever.
pub(super) fn name() -> String {
    format!("{:016x}.css", hash(SHEET))
}

/// The file name of the script.
pub(super) fn script() -> String {
    format!("{:016x}.js", hash(SCRIPT))
}

/// A 64-bit FNV-1a.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
