//! Where a code stands, in the patient's words: what is known, and no more. *Sent* is not *arrived*.

use crate::access::CodeProgress;
use crate::domain::{Channel, FailureClass, SentState};

use super::words::Words;

/// One or two sentences.
pub(super) fn told(words: &Words, progress: &CodeProgress, last_two: &str) -> String {
    let to = |id: &str| words.tell(id, &[("two", last_two.into())]);
    let at = |id: &str| words.tell(id, &[("at", (&words.at(progress.at)).into())]);
    match (progress.channel, progress.state) {
        (Channel::Sms, SentState::Pending) => to("portal-sms-leaving"),
        (Channel::Sms, SentState::Accepted) => {
            format!("{} {}", to("portal-sent-sms"), words.say("portal-sms-unknown"))
        }
        (Channel::Sms, SentState::Delivered) => format!("{} {}", to("portal-sent-sms"), at("portal-sms-arrived")),
        (Channel::Sms, SentState::Failed | SentState::Lost) => match progress.failure {
            Some(FailureClass::Absent) => words.say("portal-phone-absent"),
            _ => words.say("portal-sms-failed"),
        },
        (Channel::Voice, SentState::Pending | SentState::Accepted) => to("portal-sent-voice"),
        (Channel::Voice, SentState::Delivered) => at("portal-voice-said"),
        (Channel::Voice, SentState::Failed | SentState::Lost) => match progress.failure {
            Some(FailureClass::NoAnswer) => words.say("portal-voice-nobody"),
            _ => words.say("portal-voice-failed"),
        },
    }
}
