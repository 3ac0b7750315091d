//! What this door asks of the verb rooms, as one trait: the server's rooms here, scripted ones in tests.

use std::future::Future;
use std::net::IpAddr;

use crate::access::{Access, Failures, LoginError, Opened};
use crate::delivery::{AcceptError, Again, CameBack, Deliveries, Refused, Route, Submission, Taken, TakesBack};
use crate::domain::{Address, Fault, QueueId, RawMessage, SecretText, Sender};
use crate::mailbox::Mailboxes;

/// The verbs of submission.
pub trait Verbs: Send + Sync + 'static {
    /// [`Access::login`].
    fn login(&self, address: &str, password: &str) -> impl Future<Output = Result<Sender, LoginError>> + Send;
    /// [`Access::login_failed`].
    fn login_failed(&self, address: &str, peer: Option<IpAddr>)
    -> impl Future<Output = Result<Failures, Fault>> + Send;
    /// [`Access::still_valid`].
    fn still_valid(&self, sender: &Sender) -> impl Future<Output = Result<bool, Fault>> + Send;
    /// [`Deliveries::may_send`].
    fn may_send(
        &self,
        sender: &Sender,
        reverse_path: &Address,
    ) -> impl Future<Output = Result<Result<(), Refused>, Fault>> + Send;
    /// [`Deliveries::route`].
    fn route(
        &self,
        sender: &Sender,
        to: &Address,
    ) -> impl Future<Output = Result<Result<Route, Refused>, Fault>> + Send;
    /// [`Deliveries::accept`].
    fn accept(&self, submission: Submission) -> impl Future<Output = Result<QueueId, AcceptError>> + Send;
    /// What a message says that only its session can do: *oui* to a device that waits ([`Access::let_in`]). Before it is
    /// accepted, so that what is told of it is so.
    fn let_in(
        &self,
        _submission: &Submission,
        _password: &SecretText,
    ) -> impl Future<Output = Result<(), Fault>> + Send {
        async { Ok(()) }
    }
    /// [`Deliveries::asked_again`].
    fn asked_again(&self, _submission: &Submission) -> impl Future<Output = Result<Option<Again>, Fault>> + Send {
        async { Ok(None) }
    }
    /// Sends a letter once more: its copy is read with the keys that this session's password opens
    /// ([`Access::open_mailbox`], [`Deliveries::send_again`]). Before the answer is accepted, so that what is told of it
    /// is so. Memory for the copy is the caller's to take.
    fn send_again(
        &self,
        _sender: &Sender,
        _password: &SecretText,
        _again: Again,
    ) -> impl Future<Output = Result<(), Fault>> + Send {
        async { Ok(()) }
    }
    /// [`Deliveries::takes_back`].
    fn takes_back(&self, to: &Address) -> impl Future<Output = Result<TakesBack, Fault>> + Send;
    /// [`Deliveries::take_back`].
    fn take_back(&self, mail: &CameBack<'_>) -> impl Future<Output = Result<Option<Taken>, Fault>> + Send;
}

/// The rooms of the server.
#[derive(Clone)]
pub struct Rooms {
    /// Logins.
    pub access: Access,
    /// Routes and acceptance.
    pub deliveries: Deliveries,
    /// Copies of what was sent.
    pub mailboxes: Mailboxes,
}

impl Verbs for Rooms {
    async fn login(&self, address: &str, password: &str) -> Result<Sender, LoginError> {
        self.access.login(address, password).await
    }

    async fn login_failed(&self, address: &str, peer: Option<IpAddr>) -> Result<Failures, Fault> {
        self.access.login_failed(address, peer).await
    }

    async fn still_valid(&self, sender: &Sender) -> Result<bool, Fault> {
        self.access.still_valid(sender).await
    }

    async fn may_send(&self, sender: &Sender, reverse_path: &Address) -> Result<Result<(), Refused>, Fault> {
        self.deliveries.may_send(sender, reverse_path).await
    }

    async fn route(&self, sender: &Sender, to: &Address) -> Result<Result<Route, Refused>, Fault> {
        self.deliveries.route(sender, to).await
    }

    async fn accept(&self, submission: Submission) -> Result<QueueId, AcceptError> {
        self.deliveries.accept(submission).await
    }

    async fn let_in(&self, submission: &Submission, password: &SecretText) -> Result<(), Fault> {
        let Some(device) = self.deliveries.approved_device(submission) else { return Ok(()) };
        self.access.let_in(&submission.sender, password, device).await.map(|_| ())
    }

    async fn asked_again(&self, submission: &Submission) -> Result<Option<Again>, Fault> {
        self.deliveries.asked_again(submission).await
    }

    async fn send_again(&self, sender: &Sender, password: &SecretText, again: Again) -> Result<(), Fault> {
        // A device that only sends, or waits to be let in, cannot: that is told.
        let opened = match self.access.open_mailbox(&sender.address.reveal(), password.reveal()).await {
            Ok(opened) => opened,
            Err(LoginError::Refused) => return Ok(()),
            Err(LoginError::Fault(fault)) => return Err(fault),
        };
        let Opened::Ready { sender: opener, keys, version } = opened else { return Ok(()) };
        let reader = self.mailboxes.reader(opener, keys, version).await?;
        let Some(copy) = reader.message(again.copy).await? else { return Ok(()) };
        drop(reader);
        // What a client appended may be no message that could be sent.
        let Ok(octets) = RawMessage::new(copy.to_vec()) else { return Ok(()) };
        drop(copy);
        self.deliveries.send_again(sender, again, octets).await
    }

    async fn takes_back(&self, to: &Address) -> Result<TakesBack, Fault> {
        self.deliveries.takes_back(to).await
    }

    async fn take_back(&self, mail: &CameBack<'_>) -> Result<Option<Taken>, Fault> {
        self.deliveries.take_back(mail).await
    }
}
