//! The style sheet and the mark, part of the program; the sheet's name changes with its bytes.

/// The style sheet.
pub(super) const SHEET: &str = include_str!("style.css");

/// The mark: a folded letter.
pub(super) const MARK: &str = include_str!("mark.svg");

/// The file name of the sheet: a 64-bit FNV-1a of its bytes, so that caches may keep it for ever.
pub(super) fn name() -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in SHEET.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{hash:016x}.css")
}
