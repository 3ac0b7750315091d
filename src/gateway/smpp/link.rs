//! The connection: one, bound for as long as the server runs, and made again whenever it ends.
//!
//! A submission whose connection ends before its answer is given up and sent by the next provider: two short messages
//! with the same code are better than none.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::domain::FailureClass;
use crate::gateway::{Progress, Streamed};
use crate::net::TlsClient;

use super::pdu::{self, Delivered, HEADER, Pdu, command, status};
use super::receipt::{self, MessageIds};

/// Where the connection goes, and how it is kept.
pub(super) struct Plan {
    pub name: String,
    pub host: String,
    pub port: u16,
    pub tls: Option<TlsClient>,
    /// The body of the bind. Holds the password.
    pub bind: Zeroizing<Vec<u8>>,
    pub window: usize,
    pub enquire: Duration,
    pub ids: MessageIds,
}

/// What the SMSC answered to a submission.
pub(super) struct Answer {
    pub status: u32,
    pub body: Vec<u8>,
}

struct Job {
    body: Vec<u8>,
    answer: oneshot::Sender<Answer>,
}

/// How the connection stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Bound,
    /// Not connected, for this reason.
    Down(FailureClass),
    /// Not tried yet.
    New,
}

/// A handle of the connection's task, which ends with it.
pub(super) struct Link {
    jobs: mpsc::Sender<Job>,
    state: watch::Receiver<State>,
}

impl Link {
    /// Begins a connection.
    pub fn start(plan: Arc<Plan>, reports: mpsc::Sender<Streamed>) -> Self {
        let ((jobs, queue), (tell, state)) = (mpsc::channel(plan.window), watch::channel(State::New));
        tokio::spawn(keep(plan, queue, tell, reports));
        Self { jobs, state }
    }

    /// Submits a message; what the SMSC answered.
    pub async fn submit(&self, body: Vec<u8>) -> Result<Answer, FailureClass> {
        let mut state = self.state.clone();
        // What only the operator mends is not waited for.
        let settled = |state: &State| match state {
            State::Bound => true,
            State::Down(why) => matches!(why, FailureClass::Credentials | FailureClass::Tls | FailureClass::Refused),
            State::New => false,
        };
        let _ = tokio::time::timeout(BOUND_WITHIN, state.wait_for(settled)).await;
        let now = *self.state.borrow();
        match now {
            State::Bound => {}
            State::Down(why) => return Err(why),
            State::New => return Err(FailureClass::Unreachable),
        }
        let (answer, answered) = oneshot::channel();
        self.jobs.send(Job { body, answer }).await.map_err(|_| FailureClass::Unreachable)?;
        answered.await.map_err(|_| FailureClass::Unreachable)
    }
}

/// Connects, again and again, until the handle is gone.
async fn keep(
    plan: Arc<Plan>,
    mut queue: mpsc::Receiver<Job>,
    tell: watch::Sender<State>,
    reports: mpsc::Sender<Streamed>,
) {
    let mut pause = PAUSE_FIRST;
    loop {
        match connected(&plan, &mut queue, &tell, &reports).await {
            End::Done => return,
            End::Lost(bound) => {
                if bound {
                    pause = PAUSE_FIRST;
                }
            }
        }
        // Whoever waits for an answer is told by its channel; who comes now waits for the next connection.
        let ended = tokio::select! {
            () = tokio::time::sleep(pause) => false,
            () = tell.closed() => true,
        };
        if ended {
            return;
        }
        pause = (pause * 2).min(PAUSE_LONGEST);
    }
}

enum End {
    /// The handle is gone.
    Done,
    /// The connection ended; whether it had been bound.
    Lost(bool),
}

async fn connected(
    plan: &Plan,
    queue: &mut mpsc::Receiver<Job>,
    tell: &watch::Sender<State>,
    reports: &mpsc::Sender<Streamed>,
) -> End {
    let down = |why: FailureClass| {
        tracing::warn!(provider = plan.name, why = why.word(), "no connection to the SMSC");
        let _ = tell.send(State::Down(why));
        End::Lost(false)
    };
    let connecting = tokio::time::timeout(ANSWER_WITHIN, TcpStream::connect((plan.host.as_str(), plan.port))).await;
    let Ok(Ok(tcp)) = connecting else { return down(FailureClass::Unreachable) };
    let _ = tcp.set_nodelay(true);
    match &plan.tls {
        None => talk(plan, tcp, queue, tell, reports).await,
        Some(client) => match client.connect(tcp, &plan.host).await {
            Ok(stream) => talk(plan, stream, queue, tell, reports).await,
            Err(_) => Err(FailureClass::Tls),
        },
    }
    .unwrap_or_else(down)
}

/// Binds and talks; `Err` where it was not bound.
async fn talk<S: AsyncRead + AsyncWrite + Send + 'static>(
    plan: &Plan,
    stream: S,
    queue: &mut mpsc::Receiver<Job>,
    tell: &watch::Sender<State>,
    reports: &mpsc::Sender<Streamed>,
) -> Result<End, FailureClass> {
    let (mut from, mut into) = tokio::io::split(stream);
    let bind = Pdu { command: command::BIND_TRANSCEIVER, status: 0, sequence: 1, body: plan.bind.to_vec() };
    let answered = async {
        write(&mut into, &bind).await?;
        loop {
            let pdu = read(&mut from).await?;
            if pdu.command == command::BIND_TRANSCEIVER | command::ANSWER || pdu.command == command::GENERIC_NACK {
                return Some(pdu.told());
            }
        }
    };
    match tokio::time::timeout(ANSWER_WITHIN, answered).await {
        Ok(Some(status::OK)) => {}
        Ok(Some(status::BIND_FAILED | status::INVALID_PASSWORD | status::INVALID_SYSTEM)) => {
            return Err(FailureClass::Credentials);
        }
        Ok(Some(status::THROTTLED)) => return Err(FailureClass::Later),
        Ok(Some(_)) => return Err(FailureClass::Refused),
        Ok(None) | Err(_) => return Err(FailureClass::Unreachable),
    }
    tracing::info!(provider = plan.name, "bound to the SMSC");
    let _ = tell.send(State::Bound);

    let (heard, mut inbox) = mpsc::channel(8);
    let reading = tokio::spawn(async move {
        while let Some(pdu) = read(&mut from).await {
            if heard.send(pdu).await.is_err() {
                return;
            }
        }
    });
    let mut bound = Bound { plan, into, reports, waiting: HashMap::new(), sequence: 1, enquired: None, heard: Instant::now() };
    let done = bound.run(queue, &mut inbox).await;
    let _ = tell.send(State::Down(FailureClass::Unreachable));
    if done {
        // A clean end: the SMSC is told, and not waited for long.
        let sequence = bound.next();
        let unbind = Pdu { command: command::UNBIND, status: 0, sequence, body: Vec::new() };
        let _ = tokio::time::timeout(FAREWELL, async {
            write(&mut bound.into, &unbind).await?;
            inbox.recv().await
        })
        .await;
    }
    reading.abort();
    Ok(if done { End::Done } else { End::Lost(true) })
}

/// A bound connection.
struct Bound<'a, S> {
    plan: &'a Plan,
    into: WriteHalf<S>,
    reports: &'a mpsc::Sender<Streamed>,
    /// Submissions without an answer, by their sequence numbers.
    waiting: HashMap<u32, (oneshot::Sender<Answer>, Instant)>,
    sequence: u32,
    /// Since when an answer to enquire_link is missing.
    enquired: Option<Instant>,
    /// When the SMSC was last heard.
    heard: Instant,
}

impl<S: AsyncRead + AsyncWrite> Bound<'_, S> {
    /// Until the connection ends, or nobody holds the link any more: then true.
    async fn run(&mut self, queue: &mut mpsc::Receiver<Job>, inbox: &mut mpsc::Receiver<Pdu>) -> bool {
        let mut ticks = tokio::time::interval(Duration::from_secs(1));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let room = self.waiting.len() < self.plan.window;
            let alive = tokio::select! {
                job = queue.recv(), if room => match job {
                    None => return true,
                    Some(job) => self.submit(job).await,
                },
                pdu = inbox.recv() => match pdu {
                    None => false,
                    Some(pdu) => self.take(pdu).await,
                },
                _ = ticks.tick() => self.tick().await,
            };
            if !alive {
                tracing::warn!(provider = self.plan.name, "the connection to the SMSC ended");
                return false;
            }
        }
    }

    fn next(&mut self) -> u32 {
        // §3.2: from 1 to 0x7FFFFFFF.
        self.sequence = if self.sequence >= 0x7fff_ffff { 1 } else { self.sequence + 1 };
        self.sequence
    }

    async fn submit(&mut self, job: Job) -> bool {
        // Whoever waited has gone: the next provider was tried.
        if job.answer.is_closed() {
            return true;
        }
        let sequence = self.next();
        self.waiting.insert(sequence, (job.answer, Instant::now()));
        self.say(Pdu { command: command::SUBMIT_SM, status: 0, sequence, body: job.body }).await
    }

    async fn take(&mut self, pdu: Pdu) -> bool {
        self.heard = Instant::now();
        match pdu.command {
            command if command == command::SUBMIT_SM | command::ANSWER || command == command::GENERIC_NACK => {
                if let Some((answer, _)) = self.waiting.remove(&pdu.sequence) {
                    let _ = answer.send(Answer { status: pdu.told(), body: pdu.body });
                }
                true
            }
            command::DELIVER_SM => {
                self.deliver(Delivered::read(&pdu.body)).await;
                self.say(pdu.answer(status::OK, vec![0])).await
            }
            command::DATA_SM => {
                self.deliver(Delivered::read_data(&pdu.body)).await;
                self.say(pdu.answer(status::OK, vec![0])).await
            }
            command::ENQUIRE_LINK => self.say(pdu.answer(status::OK, Vec::new())).await,
            command if command == command::ENQUIRE_LINK | command::ANSWER => {
                self.enquired = None;
                true
            }
            command::UNBIND => {
                self.say(pdu.answer(status::OK, Vec::new())).await;
                false
            }
            command if command & command::ANSWER != 0 => true,
            _ => {
                let nack = Pdu { command: command::GENERIC_NACK, status: status::INVALID_COMMAND, body: Vec::new(), ..pdu };
                self.say(nack).await
            }
        }
    }

    /// A receipt is told; anything else is somebody's message, for which there is no reader.
    async fn deliver(&self, delivered: Option<Delivered>) {
        let Some(receipt) = delivered.as_ref().and_then(receipt::read) else { return };
        if receipt.progress == Progress::Waiting {
            return;
        }
        // The field of a receipt has the form of the answer (§5.3.2.12); only the text has one of its own.
        let ids = self.plan.ids;
        let reference = if receipt.receipted { ids.answered(&receipt.id) } else { ids.told(&receipt.id) };
        let report = Streamed { provider: self.plan.name.clone(), reference, progress: receipt.progress };
        let _ = self.reports.send(report).await;
    }

    /// Every second: what waits for too long, and whether the SMSC is there at all.
    async fn tick(&mut self) -> bool {
        let now = Instant::now();
        let late = |since: Instant| now.duration_since(since) > ANSWER_WITHIN;
        if self.enquired.is_some_and(late) || self.waiting.values().any(|(_, since)| late(*since)) {
            return false;
        }
        if self.enquired.is_none() && now.duration_since(self.heard) >= self.plan.enquire {
            self.enquired = Some(now);
            let sequence = self.next();
            return self.say(Pdu { command: command::ENQUIRE_LINK, status: 0, sequence, body: Vec::new() }).await;
        }
        true
    }

    async fn say(&mut self, pdu: Pdu) -> bool {
        matches!(tokio::time::timeout(ANSWER_WITHIN, write(&mut self.into, &pdu)).await, Ok(Some(())))
    }
}

async fn write<S: AsyncRead + AsyncWrite>(into: &mut WriteHalf<S>, pdu: &Pdu) -> Option<()> {
    into.write_all(&pdu.octets()).await.ok()?;
    into.flush().await.ok()
}

/// The next PDU; `None` at the end of the connection, and for what is no PDU.
async fn read<S: AsyncRead + AsyncWrite>(from: &mut ReadHalf<S>) -> Option<Pdu> {
    let mut header = [0; HEADER];
    from.read_exact(&mut header).await.ok()?;
    let mut body = vec![0; pdu::length(&header)? - HEADER];
    from.read_exact(&mut body).await.ok()?;
    Some(pdu::read(&header, body))
}

/// How long somebody who sends waits for a connection.
const BOUND_WITHIN: Duration = Duration::from_secs(5);
/// How long anything may be without an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How long the end of a clean unbind is waited for.
const FAREWELL: Duration = Duration::from_secs(1);
const PAUSE_FIRST: Duration = Duration::from_secs(1);
const PAUSE_LONGEST: Duration = Duration::from_secs(60);
