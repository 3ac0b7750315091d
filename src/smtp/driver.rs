//! The driver of submission: the one file of this room that waits.
//!
//! It reads, writes, keeps the time limits of RFC 5321 §4.5.3.2, reserves memory for messages in flight, and
//! carries the machine's requests to the verbs. It decides nothing about mail. It logs ids only; what a client
//! sent is never logged.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use zeroize::{Zeroize, Zeroizing};

use crate::access::{Failures, LoginError};
use crate::delivery::{AcceptError, CameBack, Submission, Taken};
use crate::domain::{Count, Fault, Label, MailboxId, SecretText, Sender};
use crate::net::{Held, Member, Share};

use super::Door;
use super::auth::Credentials;
use super::machine::{Answer, Letter, LoginAnswer, Machine, NotAccepted, Request, ReturnedMail, Step};
use super::verbs::Verbs;

/// How long the peer may take, and how long a wrong password does.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// From the greeting to a right login, in all.
    pub login: Duration,
    /// For a command (RFC 5321 §4.5.3.2.7), or to take a reply.
    pub command: Duration,
    /// Between two pieces of a message (RFC 5321 §4.5.3.2.5).
    pub data: Duration,
    /// For a whole message, besides what the octets that came take at the slowest rate: who drips is ended.
    pub message: Duration,
    /// To wait for memory: less than the two minutes that clients wait for a 354 (RFC 5321 §4.5.3.2.4).
    pub memory: Duration,
    /// After the first wrong password of a network or for a mailbox; doubled each time up to two seconds (R-C10).
    pub wrong_password: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            login: Duration::from_secs(60),
            command: Duration::from_secs(5 * 60),
            data: Duration::from_secs(3 * 60),
            message: Duration::from_secs(5 * 60),
            memory: Duration::from_secs(60),
            wrong_password: Duration::from_millis(250),
        }
    }
}

/// Why a talk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The stream is to be closed.
    Closed,
    /// The peer waits for a TLS handshake on it.
    StartTls,
}

/// One connection, across its change to TLS.
pub struct Session<V: Verbs> {
    door: Arc<Door<V>>,
    machine: Machine,
    stop: watch::Receiver<bool>,
    login_before: Instant,
    sender: Option<Sender>,
    /// The password that opened it: what needs a key of the mailbox is done by the session that has it.
    password: Option<SecretText>,
    member: Option<Member<MailboxId>>,
    /// What a session in which nobody logs in may have of the memory.
    unnamed: Option<Share>,
    memory: Option<Held>,
    /// When the message that comes in began, and how many octets of it came.
    message: Option<(Instant, usize)>,
    transport: String,
    address: Option<IpAddr>,
}

impl<V: Verbs> Session<V> {
    /// A session under TLS of this version.
    pub fn secure(door: Arc<Door<V>>, version: &str, stop: watch::Receiver<bool>) -> Self {
        let machine = Machine::secure(&door.settings);
        Self::new(door, machine, transport(version), stop)
    }

    /// A session in clear, which must become secure before anything else.
    pub fn clear(door: Arc<Door<V>>, stop: watch::Receiver<bool>) -> Self {
        let machine = Machine::clear(&door.settings);
        Self::new(door, machine, "ESMTP".to_owned(), stop)
    }

    /// A session of any server that brings back what became of notices. It is over after the time for a login.
    pub fn returns(door: Arc<Door<V>>, stop: watch::Receiver<bool>) -> Self {
        let machine = Machine::returns(&door.settings);
        let unnamed = Some(door.memory.budget().share());
        Self { unnamed, ..Self::new(door, machine, "ESMTP".to_owned(), stop) }
    }

    fn new(door: Arc<Door<V>>, machine: Machine, transport: String, stop: watch::Receiver<bool>) -> Self {
        let login_before = Instant::now() + door.times.login;
        Self {
            door,
            machine,
            stop,
            login_before,
            sender: None,
            password: None,
            member: None,
            unnamed: None,
            memory: None,
            message: None,
            transport,
            address: None,
        }
    }

    /// The same, with the peer's address.
    #[must_use]
    pub fn with_address(mut self, address: IpAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// TLS of this version is there.
    pub fn secured(&mut self, version: &str) {
        self.machine.secured();
        self.transport = transport(version);
    }

    /// Talks until the connection ends or wants TLS. What was read beyond STARTTLS is dropped here (fault 24).
    ///
    /// # Errors
    /// What the stream says; the session is over.
    pub async fn talk<S: AsyncRead + AsyncWrite + Unpin>(&mut self, stream: &mut S) -> std::io::Result<Ended> {
        let mut buffer = Zeroizing::new(Vec::new());
        let mut used = 0;
        let mut until = self.deadline();
        loop {
            let mut input = buffer.get(used..).unwrap_or_default();
            let before = input.len();
            let step = self.machine.step(&mut input);
            let taken = before.saturating_sub(input.len());
            used = used.saturating_add(taken);
            for enhanced in self.machine.take_refusals() {
                self.door.figures.count(Count::SubmissionRefusal, &[Label::Word(enhanced)]);
            }
            if self.machine.is_in_message() {
                let (_, octets) = self.message.get_or_insert_with(|| (Instant::now(), 0));
                *octets = octets.saturating_add(taken);
            } else {
                (self.memory, self.message) = (None, None);
            }
            match step {
                Step::Read => {
                    buffer.zeroize();
                    used = 0;
                    // The limit is for a whole command, but for each piece of a message, and for that as a whole.
                    if self.machine.is_in_message() {
                        until = self.deadline().min(self.message_before());
                    }
                    if !self.read(stream, &mut buffer, until).await? {
                        return Ok(Ended::Closed);
                    }
                }
                Step::Write(octets) => {
                    let limit = self.door.times.command.min(self.left());
                    timeout(limit, write(stream, &octets)).await.map_err(|_| std::io::ErrorKind::TimedOut)??;
                    until = self.deadline();
                }
                Step::Ask(request) => {
                    let answer = self.ask(request).await;
                    self.machine.answer(answer);
                    until = self.deadline();
                }
                Step::StartTls => return Ok(Ended::StartTls),
                Step::Close => {
                    // The farewell is said; a peer that does not listen is not waited for.
                    let _ = timeout(FAREWELL, stream.shutdown()).await;
                    return Ok(Ended::Closed);
                }
            }
        }
    }

    /// Reads a piece; false when the peer is gone. Silence and the end of the server go to the machine.
    async fn read<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        buffer: &mut Vec<u8>,
        until: Instant,
    ) -> std::io::Result<bool> {
        let in_message = self.machine.is_in_message();
        let piece = if in_message { DATA_PIECE } else { COMMAND_PIECE };
        // An idle connection does not keep the buffer of its last message.
        if buffer.capacity() != piece {
            *buffer = Vec::with_capacity(piece);
        }
        tokio::select! {
            biased;
            // Whoever is in the midst of a message may end it; everybody else is told to come back.
            () = stopped(&mut self.stop), if !in_message => self.machine.stop(),
            read = stream.read_buf(buffer) => return Ok(read? > 0),
            () = sleep_until(until) => self.machine.time_out(),
        }
        Ok(true)
    }

    async fn ask(&mut self, request: Request) -> Answer {
        match (request, self.sender.clone()) {
            (Request::Login(credentials), _) => Answer::Login(self.login(credentials).await),
            (Request::ReversePath(address), Some(sender)) => {
                let may = self.door.verbs.may_send(&sender, &address).await;
                let may = may.inspect_err(|fault| tracing::error!(mailbox = %sender.mailbox, %fault, "may send"));
                Answer::ReversePath(may.ok())
            }
            (Request::Recipient(address), Some(sender)) => {
                let route = self.door.verbs.route(&sender, &address).await;
                let route = route.inspect_err(|fault| tracing::error!(mailbox = %sender.mailbox, %fault, "route"));
                Answer::Recipient(route.ok())
            }
            (Request::Memory(octets), _) => Answer::Memory(self.reserve(octets).await),
            (Request::ReturnTo(address), _) => {
                let answer = self.door.verbs.takes_back(&address).await;
                Answer::ReturnTo(answer.inspect_err(|fault| tracing::error!(%fault, "takes back")).ok())
            }
            (Request::Returned(mail), _) => Answer::Returned(self.returned(mail).await),
            (Request::Deposit(letter), Some(sender)) => Answer::Deposit(self.deposit(letter, sender).await),
            // Invariant: the machine lets nobody write before a login. Were it broken, nobody may.
            (Request::ReversePath(_), None) => Answer::ReversePath(None),
            (Request::Recipient(_), None) => Answer::Recipient(None),
            (Request::Deposit(_), None) => Answer::Deposit(Err(NotAccepted::Revoked)),
        }
    }

    async fn login(&mut self, credentials: Credentials) -> LoginAnswer {
        let outcome = self.door.verbs.login(credentials.address.reveal(), credentials.password.reveal()).await;
        match outcome {
            Ok(sender) => {
                tracing::info!(mailbox = %sender.mailbox, device = %sender.device, "submission login");
                self.member = Some(self.door.memory.join(sender.mailbox));
                self.sender = Some(sender);
                self.password = Some(credentials.password);
                LoginAnswer::Right
            }
            Err(LoginError::Refused) => {
                tracing::info!("submission login refused");
                let failures = self.door.verbs.login_failed(credentials.address.reveal(), self.address).await;
                let failures = failures.unwrap_or_else(|fault| {
                    tracing::error!(%fault, "a failed login cannot be counted");
                    Failures::default()
                });
                let delay = self.door.times.wrong_password.saturating_mul(1 << failures.before.min(3));
                sleep(delay.min(LONGEST_DELAY)).await;
                if failures.many { LoginAnswer::TooMany } else { LoginAnswer::Wrong }
            }
            Err(LoginError::Fault(fault)) => {
                tracing::error!(%fault, "submission login");
                LoginAnswer::Fault
            }
        }
    }

    /// Takes memory from what the mailbox may have of the budget that all messages in flight share; waits for it,
    /// reading nothing.
    async fn reserve(&mut self, octets: usize) -> bool {
        // Invariant: where somebody logs in, the machine asks for none before that.
        let Some(share) = self.member.as_ref().map(|member| &member.share).or(self.unnamed.as_ref()) else {
            return false;
        };
        match share.take(octets, self.door.times.memory).await {
            Some(more) => match &mut self.memory {
                Some(held) => held.merge(more),
                none => *none = Some(more),
            },
            None => {
                tracing::warn!("no memory for a submission");
                self.memory = None;
                return false;
            }
        }
        true
    }

    /// Nothing cuts this short: a deposit that was cut off could be durable without its 250, and come twice.
    async fn deposit(&mut self, letter: Letter, sender: Sender) -> Result<crate::domain::QueueId, NotAccepted> {
        let (mailbox, device) = (sender.mailbox, sender.device);
        match self.door.verbs.still_valid(&sender).await {
            Ok(true) => {}
            Ok(false) => {
                tracing::info!(%mailbox, %device, "submission by a revoked device");
                return Err(NotAccepted::Revoked);
            }
            Err(fault) => {
                tracing::error!(%mailbox, %fault, "still valid");
                return Err(NotAccepted::Fault { transient: true });
            }
        }
        let Letter { recipients, dsn, message } = letter;
        let octets = message.len();
        let submission = Submission { sender, recipients, dsn, transport: self.transport.clone(), message };
        if let Some(password) = &self.password
            && let Err(fault) = self.door.verbs.let_in(&submission, password).await
        {
            tracing::error!(%mailbox, %fault, "a device could not be let in");
            return Err(NotAccepted::Fault { transient: fault.is_transient() });
        }
        self.send_again(&submission).await?;
        match self.door.verbs.accept(submission).await {
            Ok(queue) => {
                tracing::info!(%mailbox, %device, %queue, octets, "submission accepted");
                self.door.figures.count(Count::Submission, &[]);
                Ok(queue)
            }
            Err(AcceptError::Refused(refused)) => {
                tracing::info!(%mailbox, %device, code = refused.code, enhanced = refused.enhanced, "submission refused");
                Err(NotAccepted::Refused(refused))
            }
            Err(AcceptError::Fault(fault)) => {
                tracing::error!(%mailbox, %device, %fault, "accept");
                Err(match fault.is_full() {
                    true => NotAccepted::Full,
                    false => NotAccepted::Fault { transient: fault.is_transient() },
                })
            }
        }
    }

    /// Sends a letter once more where the submission asks for it. Its copy takes memory as a message does, twice: as it
    /// is read, and as it is sent.
    async fn send_again(&mut self, submission: &Submission) -> Result<(), NotAccepted> {
        let Some(password) = self.password.clone() else { return Ok(()) };
        let mailbox = submission.sender.mailbox;
        let failed = |fault: Fault| {
            tracing::error!(%mailbox, %fault, "a letter could not be sent once more");
            NotAccepted::Fault { transient: fault.is_transient() }
        };
        let Some(again) = self.door.verbs.asked_again(submission).await.map_err(failed)? else { return Ok(()) };
        let octets = usize::try_from(again.size).unwrap_or(usize::MAX).saturating_mul(2);
        if !self.reserve(octets).await {
            return Err(NotAccepted::Fault { transient: true });
        }
        self.door.verbs.send_again(&submission.sender, &password, again).await.map_err(failed)
    }

    /// Nothing cuts this short either: the peer would bring it again.
    async fn returned(&mut self, mail: ReturnedMail) -> Result<Option<Taken>, NotAccepted> {
        let ReturnedMail { recipients, reverse_path, message } = mail;
        let null = reverse_path.is_none();
        let mail = CameBack { to: &recipients, from: reverse_path, null, octets: message.reveal() };
        self.door.verbs.take_back(&mail).await.map_err(|fault| {
            tracing::error!(%fault, "take back");
            // Whatever it is: the peer keeps it for days, and nobody else would tell the sender of the notice.
            NotAccepted::Fault { transient: true }
        })
    }

    /// When the peer must have said what it is to say next.
    fn deadline(&self) -> Instant {
        let times = &self.door.times;
        match (self.machine.is_authenticated(), self.machine.is_in_message()) {
            (false, _) => self.login_before,
            (true, false) => Instant::now() + times.command,
            (true, true) => Instant::now() + times.data,
        }
    }

    /// When the message that comes in must be whole, as far as it came.
    fn message_before(&self) -> Instant {
        let (begun, octets) = self.message.unwrap_or_else(|| (Instant::now(), 0));
        let rate = u64::try_from(octets / SLOWEST).unwrap_or(u64::MAX).min(24 * 60 * 60);
        begun + self.door.times.message + Duration::from_secs(rate)
    }

    fn left(&self) -> Duration {
        if self.machine.is_authenticated() {
            self.door.times.command
        } else {
            // A moment for the farewell of those who are late.
            self.login_before.saturating_duration_since(Instant::now()).max(FAREWELL)
        }
    }
}

/// RFC 3848: ESMTP with TLS and AUTH, for the Received field.
fn transport(version: &str) -> String {
    format!("ESMTPSA ({version})")
}

async fn write<S: AsyncWrite + Unpin>(stream: &mut S, octets: &[u8]) -> std::io::Result<()> {
    stream.write_all(octets).await?;
    stream.flush().await
}

/// Returns when the server stops, or is gone.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stopping| *stopping).await;
}

/// Small while nobody is logged in: ten thousand strangers cost little (fault 19).
const COMMAND_PIECE: usize = 2 * 1024;
const DATA_PIECE: usize = 32 * 1024;
const FAREWELL: Duration = Duration::from_secs(5);
/// Octets in a second that a message may not come more slowly than.
const SLOWEST: usize = 4 * 1024;
const LONGEST_DELAY: Duration = Duration::from_secs(2);
