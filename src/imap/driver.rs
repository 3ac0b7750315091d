//! The driver of IMAP: the one file of this room that reads and writes streams.
//!
//! It keeps the time limits, reserves memory for messages in flight, does the machine's jobs with the verbs and
//! writes what they answer, never gathering more than a little before it is written. It decides nothing about
//! mail. It logs ids only; what a client sent is never logged.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use zeroize::{Zeroize, Zeroizing};

use crate::access::cloud::Peer;
use crate::access::{Failures, LoginError};
use crate::domain::{Count, Counted, Fault, Label, Sender};
use crate::mailbox::Standing;
use crate::net::Held;

use super::auth::Credentials;
use super::door::{Door, Place};
use super::grammar::Command;
use super::machine::{CLOUD, Job, LoginAnswer, Machine, Step};
use super::op::fetch::Fetch;
use super::op::{self, Reply, Work};
use super::out::Out;
use super::verbs::{Mailbox, Opening, Verbs};
use super::view::{Conversation, Expunges};

/// How long the peer may take, and how long a wrong password does.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// From the greeting to a right login, in all.
    pub login: Duration,
    /// Without a command (RFC 3501 §5.4 asks for thirty minutes at least).
    pub idle: Duration,
    /// To take a piece of an answer, or to send a piece of a message.
    pub piece: Duration,
    /// For a whole message, besides what its octets take at the slowest rate.
    pub message: Duration,
    /// Between two lines that keep an idling connection open.
    pub still: Duration,
    /// To wait for memory.
    pub memory: Duration,
    /// Between two looks at whether the session may go on.
    pub validity: Duration,
    /// After the first wrong password of a network or for a mailbox; doubled each time up to two seconds.
    pub wrong_password: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            login: Duration::from_secs(60),
            idle: Duration::from_secs(30 * 60),
            piece: Duration::from_secs(3 * 60),
            message: Duration::from_secs(60),
            still: Duration::from_secs(2 * 60),
            memory: Duration::from_secs(60),
            validity: Duration::from_secs(60),
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
    open: Option<Open<V::Mailbox>>,
    /// For the messages of one command.
    memory: Vec<Held>,
    /// When the message that comes in must be whole.
    message_before: Option<Instant>,
    /// When an idling client hears again that we are here.
    still_at: Option<Instant>,
    address: Option<IpAddr>,
}

/// What a login opened.
struct Open<M> {
    sender: Sender,
    talk: Conversation<M>,
    check_at: Instant,
    place: Place,
    _counted: Counted,
}

impl<V: Verbs> Session<V> {
    /// A session under TLS.
    pub fn secure(door: Arc<Door<V>>, stop: watch::Receiver<bool>) -> Self {
        let machine = Machine::secure(&door.settings.hostname, door.settings.message_limit);
        Self::new(door, machine, stop)
    }

    /// A session in clear, which must become secure before a login.
    pub fn clear(door: Arc<Door<V>>, stop: watch::Receiver<bool>) -> Self {
        let machine = Machine::clear(&door.settings.hostname, door.settings.message_limit);
        Self::new(door, machine, stop)
    }

    fn new(door: Arc<Door<V>>, machine: Machine, stop: watch::Receiver<bool>) -> Self {
        let login_before = Instant::now() + door.times.login;
        Self {
            door,
            machine,
            stop,
            login_before,
            open: None,
            memory: Vec::new(),
            message_before: None,
            still_at: None,
            address: None,
        }
    }

    /// The same, with the address that the peer connects from.
    #[must_use]
    pub fn with_address(mut self, address: IpAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// TLS is there.
    pub fn secured(&mut self) {
        self.machine.secured();
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
            used = used.saturating_add(before.saturating_sub(input.len()));
            if !matches!(step, Step::Do(_)) && !self.machine.is_in_message() {
                self.memory.clear();
                self.message_before = None;
            }
            match step {
                Step::Read => {
                    buffer.zeroize();
                    used = 0;
                    // The limit is for a whole command, but for each piece of a message.
                    if self.machine.is_in_message() {
                        until = self.deadline().min(self.message_before());
                    }
                    if !self.read(stream, &mut buffer, until).await? {
                        return Ok(Ended::Closed);
                    }
                }
                Step::Write(octets) => {
                    self.write(stream, &octets).await?;
                    until = self.deadline();
                }
                Step::Memory(octets) => {
                    let granted = self.reserve(octets).await;
                    self.machine.memory(granted);
                }
                Step::Login(credentials) => {
                    let answer = self.login(credentials).await;
                    self.machine.logged_in(answer);
                    until = self.deadline();
                }
                Step::Identified => self.identified().await,
                Step::Do(job) => {
                    self.work(stream, job).await?;
                    self.memory.clear();
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

    /// Reads a piece; false when the peer is gone. Silence, news and the end of the server are dealt with here.
    async fn read<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        buffer: &mut Vec<u8>,
        until: Instant,
    ) -> std::io::Result<bool> {
        let piece = if self.machine.is_in_message() { MESSAGE_PIECE } else { COMMAND_PIECE };
        // An idle connection does not keep the buffer of its last message.
        if buffer.capacity() != piece {
            *buffer = Vec::with_capacity(piece);
        }
        if self.machine.is_idle() && !self.news(stream).await? {
            return Ok(true);
        }
        let idle = self.machine.is_idle();
        let still_at = Instant::now() + self.door.times.still;
        // Network boxes on the way forget connections on which nothing is said.
        let still_at = if idle { *self.still_at.get_or_insert(still_at) } else { still_at };
        if !idle {
            self.still_at = None;
        }
        let check_at = self.open.as_ref().map_or(until, |open| open.check_at);
        let Self { stop, open, machine, .. } = self;
        tokio::select! {
            biased;
            () = stopped(stop) => machine.bye("The server stops; come back soon"),
            read = stream.read_buf(buffer) => return Ok(read? > 0),
            () = changed(open), if idle => {}
            () = sleep_until(until) => machine.bye("Silent for too long"),
            () = sleep_until(still_at), if idle => {
                self.still_at = None;
                self.write(stream, b"* OK Still here\r\n").await?;
            }
            () = sleep_until(check_at), if open.is_some() => {
                self.check().await;
            }
        }
        Ok(true)
    }

    /// Tells an idling client what changed; false when the session ends over it.
    async fn news<S: AsyncWrite + Unpin>(&mut self, stream: &mut S) -> std::io::Result<bool> {
        let Some(open) = &mut self.open else { return Ok(true) };
        let mut out = Out::default();
        if let Err(fault) = open.talk.sync(Expunges::Told, &mut out).await {
            tracing::error!(mailbox = %open.sender.mailbox, %fault, "imap idle");
            self.machine.bye("The server cannot tell what changes now");
            return Ok(false);
        }
        self.flush(stream, &mut out).await?;
        Ok(true)
    }

    /// Whether the session goes on, which is looked up when it is due; says farewell when it does not.
    async fn may_go_on(&mut self) -> bool {
        if *self.stop.borrow() {
            self.machine.bye("The server stops; come back soon");
            return false;
        }
        match &self.open {
            Some(open) if Instant::now() >= open.check_at => self.check().await,
            _ => true,
        }
    }

    /// Whether the session may go on; says farewell when it may not.
    async fn check(&mut self) -> bool {
        let Some(open) = &mut self.open else { return true };
        open.check_at = Instant::now() + self.door.times.validity;
        match open.talk.mailbox.standing().await {
            Ok(Standing::Valid) => true,
            Ok(Standing::Renewed) => {
                tracing::info!(mailbox = %open.sender.mailbox, device = %open.sender.device, "imap session ended: the keys were renewed");
                self.machine.bye("The keys of this mailbox were renewed: please connect again");
                false
            }
            Ok(Standing::Ended) => {
                tracing::info!(mailbox = %open.sender.mailbox, device = %open.sender.device, "imap session ended: no longer valid");
                self.machine.bye("This device may no longer read the mailbox");
                false
            }
            // A store that is away is no reason to send people away.
            Err(fault) => {
                tracing::error!(mailbox = %open.sender.mailbox, %fault, "still valid");
                true
            }
        }
    }

    fn peer(&self) -> Peer {
        Peer { address: self.address, id: self.machine.client().to_vec() }
    }

    /// Whether a client that now says who it is may go on; without the journal's word it may not.
    async fn identified(&mut self) {
        let Some(open) = &self.open else { return };
        match self.door.verbs.admits(&open.sender, &self.peer()).await {
            Ok(true) => {}
            Ok(false) => self.machine.bye(CLOUD),
            Err(fault) => {
                tracing::error!(mailbox = %open.sender.mailbox, %fault, "imap id");
                self.machine.bye("The server has a fault; try again later");
            }
        }
    }

    async fn login(&mut self, credentials: Credentials) -> LoginAnswer {
        let peer = self.peer();
        let outcome = self.door.verbs.open(credentials.address.reveal(), credentials.password.reveal(), &peer).await;
        let word = match &outcome {
            Ok(Opening::Ready { .. }) => "accepted",
            Ok(Opening::Pending | Opening::SendOnly | Opening::Cloud) | Err(LoginError::Refused) => "refused",
            Err(LoginError::Fault(_)) => "fault",
        };
        self.door.figures.count(Count::ImapLogin, &[Label::Word(word)]);
        match outcome {
            Ok(Opening::Ready { sender, mailbox }) => {
                let Some(place) = self.door.enter(sender.mailbox) else {
                    tracing::warn!(mailbox = %sender.mailbox, "too many imap connections");
                    return LoginAnswer::TooMany;
                };
                tracing::info!(mailbox = %sender.mailbox, device = %sender.device, "imap login");
                let check_at = Instant::now() + self.door.times.validity;
                self.open = Some(Open {
                    sender,
                    talk: Conversation::new(mailbox, self.door.settings.message_limit),
                    check_at,
                    place,
                    _counted: self.door.figures.session(),
                });
                LoginAnswer::Right
            }
            Ok(Opening::Pending) => LoginAnswer::Pending,
            Ok(Opening::SendOnly) => LoginAnswer::SendOnly,
            Ok(Opening::Cloud) => LoginAnswer::Cloud,
            Err(LoginError::Refused) => {
                tracing::info!("imap login refused");
                let failures = self.door.verbs.login_failed(credentials.address.reveal(), &peer).await;
                let failures = failures.unwrap_or_else(|fault| {
                    tracing::error!(%fault, "a failed login cannot be counted");
                    Failures::default()
                });
                let delay = self.door.times.wrong_password.saturating_mul(1 << failures.before.min(3));
                sleep(delay.min(LONGEST_DELAY)).await;
                LoginAnswer::Wrong
            }
            Err(LoginError::Fault(fault)) => {
                tracing::error!(%fault, "imap login");
                LoginAnswer::Fault
            }
        }
    }

    /// Does a command and writes its answers.
    async fn work<S: AsyncWrite + Unpin>(&mut self, stream: &mut S, job: Job) -> std::io::Result<()> {
        let asked = matches!(job.command, Command::Select(_));
        let valid = if asked { self.check().await } else { self.may_go_on().await };
        if !valid {
            return Ok(());
        }
        let Some(open) = &mut self.open else {
            // Invariant: the machine gives no jobs before a login.
            self.machine.bye("Log in first");
            return Ok(());
        };
        let (tag, mailbox) = (job.tag.clone(), open.sender.mailbox);
        let mut out = Out::default();
        let reply = match op::begin(&mut open.talk, job, &mut out).await {
            Ok(Work::Done(reply)) => Ok(reply),
            Err(fault) => Err(fault),
            Ok(Work::Search(mut search)) => loop {
                if !self.may_go_on().await {
                    return Ok(());
                }
                let Some(open) = &mut self.open else { return Ok(()) };
                match search.step(&mut open.talk, &mut out).await {
                    Ok(Some(reply)) => break Ok(reply),
                    // Others get their turn.
                    Ok(None) => tokio::task::yield_now().await,
                    Err(fault) => break Err(fault),
                }
            },
            Ok(Work::Fetch(fetch)) => match self.fetch(stream, fetch, &mut out).await? {
                Some(reply) => reply,
                None => return Ok(()),
            },
        };
        let Some(open) = &mut self.open else { return Ok(()) };
        let log = |fault: &Fault| tracing::error!(%mailbox, %fault, "imap command");
        let reply = reply.unwrap_or_else(|fault| {
            log(&fault);
            op::fault(&fault)
        });
        if let Err(fault) = op::end(&mut open.talk, &tag, &reply, &mut out).await {
            log(&fault);
        }
        let selected = open.talk.selected.is_some();
        self.flush(stream, &mut out).await?;
        self.machine.done(selected);
        Ok(())
    }

    /// Fetches step by step; no reply where the session ends.
    async fn fetch<S: AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        mut fetch: Fetch,
        out: &mut Out,
    ) -> std::io::Result<Option<Result<Reply, Fault>>> {
        // What the messages hold that were read and are not written.
        let mut held = None;
        loop {
            if !self.may_go_on().await {
                // No farewell inside an answer.
                return if fetch.is_between() { Ok(None) } else { Err(std::io::ErrorKind::ConnectionAborted.into()) };
            }
            let Some(open) = &mut self.open else { return Ok(None) };
            if fetch.is_between() {
                drop(held.take());
                fetch.grant(0);
                if let Some(octets) = fetch.wants() {
                    let octets = octets.max(ENOUGH as u64);
                    let twice = usize::try_from(octets.saturating_mul(2)).unwrap_or(usize::MAX);
                    held = open.place.reads.take(twice, self.door.times.memory).await;
                    if held.is_none() {
                        tracing::warn!(mailbox = %open.sender.mailbox, "no memory to read a message");
                        return Ok(Some(Ok(op::busy())));
                    }
                    fetch.grant(octets);
                }
            }
            match fetch.step(&mut open.talk, ENOUGH, out).await {
                Ok(Some(reply)) => {
                    self.flush(stream, out).await?;
                    return Ok(Some(Ok(reply)));
                }
                Ok(None) => self.flush(stream, out).await?,
                Err(fault) => return Ok(Some(Err(fault))),
            }
        }
    }

    /// Takes memory from the budget that all messages in flight share; waits for it, reading nothing.
    async fn reserve(&mut self, octets: usize) -> bool {
        // Invariant: nobody sends a message before a login.
        let Some(open) = &self.open else { return false };
        if let Some(held) = open.place.memory.take(octets, self.door.times.memory).await {
            self.memory.push(held);
            self.message_before = Some(self.allowed(octets));
            return true;
        }
        tracing::warn!("no memory for an appended message");
        false
    }

    async fn flush<S: AsyncWrite + Unpin>(&self, stream: &mut S, out: &mut Out) -> std::io::Result<()> {
        // Each piece has its limit; all together have one too, since what is not taken holds memory.
        let all = Instant::now() + self.door.times.piece + slowest(out.len());
        while let Some(piece) = out.pop() {
            for octets in piece.octets().chunks(ENOUGH) {
                timeout_at(all, self.put(stream, octets)).await.map_err(|_| std::io::ErrorKind::TimedOut)??;
            }
        }
        timeout(self.door.times.piece, stream.flush()).await.map_err(|_| std::io::ErrorKind::TimedOut)?
    }

    async fn write<S: AsyncWrite + Unpin>(&self, stream: &mut S, octets: &[u8]) -> std::io::Result<()> {
        self.put(stream, octets).await?;
        timeout(self.door.times.piece, stream.flush()).await.map_err(|_| std::io::ErrorKind::TimedOut)?
    }

    /// A client that takes nothing for too long is gone.
    async fn put<S: AsyncWrite + Unpin>(&self, stream: &mut S, octets: &[u8]) -> std::io::Result<()> {
        let limit = if self.machine.is_authenticated() { self.door.times.piece } else { FAREWELL };
        timeout(limit, stream.write_all(octets)).await.map_err(|_| std::io::ErrorKind::TimedOut)?
    }

    /// When a literal must be whole; one that is only swallowed has the time of the longest.
    fn message_before(&mut self) -> Instant {
        let longest = self.allowed(self.door.settings.message_limit.saturating_mul(2));
        *self.message_before.get_or_insert(longest)
    }

    fn allowed(&self, octets: usize) -> Instant {
        Instant::now() + self.door.times.message + slowest(octets)
    }

    /// When the peer must have said what it is to say next.
    fn deadline(&self) -> Instant {
        let times = &self.door.times;
        match (self.machine.is_authenticated(), self.machine.is_in_message()) {
            (false, _) => self.login_before,
            (true, false) => Instant::now() + times.idle,
            (true, true) => Instant::now() + times.piece,
        }
    }
}

/// What so many octets may take.
fn slowest(octets: usize) -> Duration {
    Duration::from_secs(u64::try_from(octets / SLOWEST).unwrap_or(u64::MAX).min(24 * 60 * 60))
}

async fn changed<M: Mailbox>(open: &mut Option<Open<M>>) {
    match open {
        Some(open) => open.talk.changed().await,
        None => std::future::pending().await,
    }
}

/// Returns when the server stops, or is gone.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stopping| *stopping).await;
}

/// Small while nothing is on its way: ten thousand idle connections cost little.
const COMMAND_PIECE: usize = 2 * 1024;
const MESSAGE_PIECE: usize = 32 * 1024;
/// How much waits to be written at most, but for the message that is being written.
const ENOUGH: usize = 64 * 1024;
/// Octets a second, of a message that comes or goes.
const SLOWEST: usize = 4 * 1024;
const FAREWELL: Duration = Duration::from_secs(5);
const LONGEST_DELAY: Duration = Duration::from_secs(2);
