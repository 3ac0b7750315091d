//! The demonstration's provider: what it is given is shown on this machine's screen.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::mpsc::UnboundedSender;

use crate::domain::{Channel, FailureClass, SecretText};

use super::{Accepted, Member, Outgoing, Provider};

/// A code as the demonstration shows it.
#[derive(Debug)]
pub struct ShownCode {
    /// How it would travel.
    pub channel: Channel,
    /// To which number (E.164).
    pub to: SecretText,
    /// The text.
    pub text: SecretText,
}

struct Shown {
    channel: Channel,
    to: UnboundedSender<ShownCode>,
}

impl Provider for Shown {
    fn send<'a>(&'a self, message: &'a Outgoing<'a>) -> BoxFuture<'a, Result<Accepted, FailureClass>> {
        let text = message.words.whole().clone();
        let shown = ShownCode { channel: self.channel, to: SecretText::new(message.to.reveal()), text };
        let sent = self.to.send(shown).map_err(|_| FailureClass::Unreachable);
        Box::pin(std::future::ready(sent.map(|()| Accepted { reference: None })))
    }
}

pub(super) fn members(to: &UnboundedSender<ShownCode>) -> Vec<Member> {
    let member = |channel: Channel| Member {
        name: Member::named(channel, "shown"),
        channel,
        kind: "shown",
        price: 0,
        provider: Arc::new(Shown { channel, to: to.clone() }),
    };
    vec![member(Channel::Sms), member(Channel::Voice)]
}
