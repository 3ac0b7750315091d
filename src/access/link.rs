//! The patient's link, before the right code: what the page may say.

use crate::domain::{BrowserToken, Channel, DeliveryId, FailureClass, Fault, Language, PracticeProfile, Timestamp};

use super::Access;

/// What a link shows to who holds it.
#[derive(Debug)]
pub struct LinkView {
    /// Which delivery: for form contexts; not shown.
    pub delivery: DeliveryId,
    /// The practice: public name and telephone may be shown.
    pub practice: PracticeProfile,
    /// The language to begin in.
    pub language: Language,
    /// Until when the letter is kept.
    pub expires_at: Timestamp,
    /// What can be done.
    pub state: LinkState,
}

/// Where a link stands.
#[derive(Debug)]
pub enum LinkState {
    /// A code can be asked for. Nothing is preselected; an offered channel has a provider and can reach the number.
    Choose {
        /// By SMS.
        sms: bool,
        /// By voice call.
        voice: bool,
        /// This browser's last code could not be sent: why, and by which channel.
        failed: Option<(Channel, FailureClass)>,
        /// This browser must wait until then to ask again.
        wait_until: Option<Timestamp>,
    },
    /// A code of this browser is live.
    Enter {
        /// How it travelled.
        channel: Channel,
        /// The two letters that the message shows too.
        letters: String,
        /// The last two digits of the number.
        last_two: String,
        /// When the code ends.
        expires_at: Timestamp,
        /// When another can be asked for.
        again_at: Timestamp,
        /// Tries left of this code.
        tries_left: i64,
        /// Whether the other channel can be offered.
        other: Option<Channel>,
    },
    /// Too many wrong codes: nothing until then.
    Paused {
        /// The end of the pause.
        until: Timestamp,
    },
    /// Its time is over.
    Expired,
    /// The sender took it back.
    Recalled,
    /// A hundred wrong codes.
    Locked,
}

/// Why a link shows nothing.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Cut, mistyped, made up: one constant answer.
    #[error("the link is incomplete")]
    Incomplete,
    /// Ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Access {
    /// What the link shows; reads only.
    pub async fn link(&self, _ticket: &str, _browser: Option<&BrowserToken>) -> Result<LinkView, LinkError> {
        unimplemented!()
    }
}
