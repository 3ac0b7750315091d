//! Vonage (`kind = "vonage"`): its SMS API, and calls by its Voice API with text to speech.
//!
//! What it calls is signed: reports of messages by a keyed hash of their fields, everything about a call by a token
//! that covers the body; both have an age. A call's first document holds no digit of the code.

mod sms;
mod token;
mod voice;

use std::sync::Arc;

use crate::domain::Channel;

use super::{AnyProvider, Kind, Section, Shared};

pub(super) const KIND: Kind = Kind {
    name: "vonage",
    keys: &[
        "api_key",
        "api_secret",
        "signature_secret",
        "from",
        "application_id",
        "private_key_file",
        "url",
    ],
    open: &["api_key", "from", "application_id", "private_key_file"],
    channels: &[Channel::Sms, Channel::Voice],
    build,
};

fn build(section: &Section, channel: Channel, shared: &Shared) -> Result<AnyProvider, String> {
    Ok(match channel {
        Channel::Sms => Arc::new(sms::Sms::read(section, shared)?),
        Channel::Voice => Arc::new(voice::Voice::read(section, shared)?),
    })
}

/// How old a signature may be, in seconds.
const OLDEST: i64 = 300;

/// Whether an instant of a signature is near enough to now.
fn is_fresh(at: i64, now: i64) -> bool {
    now.saturating_sub(at).abs() <= OLDEST
}
