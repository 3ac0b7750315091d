//! What a call says. No digit is heard before a key was pressed: an answering machine presses none (R-F8).

use crate::domain::{Language, SecretText};

/// The sentences of a call, in one language.
///
/// Said in this order: `greeting` (up to [`GREETINGS`] times, [`KEY_WAIT`] for a key after each; without one it is
/// the end, which counts as no answer); after a key `code`, the digits, `repeat`, the digits, `again` (and a key
/// says it all once more); `goodbye`.
pub struct Script {
    /// In which language.
    pub language: Language,
    /// That a code is to be heard, and that 1 is to be pressed for it.
    pub greeting: String,
    /// Before the digits.
    pub code: String,
    /// The six digits.
    pub digits: SecretText,
    /// Before the digits for the second time.
    pub repeat: String,
    /// That 1 says it again.
    pub again: String,
    /// The end.
    pub goodbye: String,
    /// Everything, digits twice, for who can only read a text out.
    pub whole: SecretText,
}

/// How long a key is waited for, in seconds.
pub const KEY_WAIT: u32 = 8;
/// How often the greeting is said without a key.
pub const GREETINGS: u32 = 3;
/// The pause after each digit, in milliseconds.
pub const DIGIT_PAUSE: u32 = 900;
/// Added to a report address, it is where a provider asks what to say once a key was pressed.
pub const KEY_PRESSED: &str = "?step=key";

/// What a provider that asks for it is told to do next.
#[derive(Default, Debug, Clone)]
pub struct Document {
    /// Its media type; empty: nothing is to be said.
    pub media_type: &'static str,
    /// Its text. Holds the code: never logged, never kept.
    pub text: SecretText,
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.media_type == other.media_type && self.text.reveal() == other.text.reveal()
    }
}

impl Eq for Document {}
