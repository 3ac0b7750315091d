//! The submission session as a machine (RFC 5321, RFC 6409): octets in, replies and requests out.
//!
//! It holds all rules of order, and does no I/O: the driver writes what it says, carries its requests to the
//! verbs and brings the answers back. Replies keep the order of the commands, however input is cut.
//! It never sees who is logged in, only that somebody is.
//!
//! At the door for what comes back of notices (RFC 5321 §3.6.1) nobody logs in: every recipient is asked about, and
//! nothing is taken that leads elsewhere.

use std::collections::HashSet;

use crate::delivery::{Refused, Route, Taken, TakesBack};
use crate::domain::{Address, DsnRequest, QueueId, RawMessage, RecipientDsn};

use super::Settings;
use super::auth::{AuthFault, Exchange, Outcome};
use super::body::{Body, DataFault, Progress};
use super::chunk::ChunkReader;
use super::command::{self, CommandFault, Verb};
use super::data::DataReader;
use super::line::{Line, LineReader};
use super::reply::{self, Reply};

pub use super::request::{Answer, Letter, LoginAnswer, NotAccepted, Request, ReturnedMail};

/// What the driver does next.
pub enum Step {
    /// All input is used: read more.
    Read,
    /// Write these octets.
    Write(Vec<u8>),
    /// Ask a verb, then [`Machine::answer`].
    Ask(Request),
    /// Drop what was read, shake hands, then [`Machine::secured`].
    StartTls,
    /// Close the connection.
    Close,
}

/// One session.
pub struct Machine {
    hostname: String,
    content_limit: usize,
    wire_limit: usize,
    most_recipients: usize,
    secure: bool,
    /// What comes back of notices is taken, and nothing else.
    returns: bool,
    offers_tls: bool,
    hello: Hello,
    authenticated: bool,
    failures: usize,
    errors: usize,
    envelope: Option<Envelope>,
    line: LineReader,
    state: State,
    request: Option<Request>,
    out: Vec<u8>,
    /// Enhanced codes, for who counts them.
    refusals: Vec<&'static str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Hello {
    None,
    Helo,
    Ehlo,
}

enum State {
    Command,
    Auth(Exchange),
    Data(DataReader),
    Chunk(ChunkReader),
    /// A chunk that is refused: its octets are read all the same, or they would be commands.
    Skip(u64, Reply),
    Asked(Question),
    Handshake,
    Closing,
}

/// A request that waits for its answer, with what is needed to go on.
enum Question {
    Login,
    ReversePath(Box<Envelope>),
    Recipient(Address, RecipientDsn),
    FirstMemory(usize),
    MoreMemory(DataReader, usize),
    FirstChunk(ChunkReader, usize),
    MoreOfChunk(ChunkReader, usize),
    Deposit,
    ReturnTo(Address),
    Returned,
}

#[derive(Default)]
struct Envelope {
    /// Kept where somebody may be answered.
    reverse_path: Option<Address>,
    declared: Option<u64>,
    recipients: Vec<Address>,
    dsn: DsnRequest,
    /// MAIL had SMTPUTF8.
    utf8: bool,
    seen: HashSet<Address>,
    /// What came by BDAT so far.
    chunks: Option<ChunkReader>,
    /// One that is more than a number.
    reachable: bool,
    /// The only recipient there may be is there; what the others are told.
    alone: Option<Refused>,
}

impl Machine {
    /// A session that begins under TLS (465).
    pub fn secure(settings: &Settings) -> Self {
        Self::new(settings, true)
    }

    /// A session that begins in clear and offers STARTTLS (587).
    pub fn clear(settings: &Settings) -> Self {
        Self::new(settings, false)
    }

    /// A session of any server that brings back what became of notices; it offers STARTTLS (RFC 3207 §4).
    pub fn returns(settings: &Settings) -> Self {
        Self { returns: true, ..Self::new(settings, false) }
    }

    fn new(settings: &Settings, secure: bool) -> Self {
        let mut out = Vec::new();
        Reply::greeting(&settings.hostname).write(&mut out);
        Self {
            hostname: settings.hostname.clone(),
            content_limit: settings.message_limit,
            wire_limit: settings.wire_limit(),
            most_recipients: settings.recipients,
            secure,
            returns: false,
            offers_tls: !secure,
            hello: Hello::None,
            authenticated: false,
            failures: 0,
            errors: 0,
            envelope: None,
            line: LineReader::default(),
            state: State::Command,
            request: None,
            refusals: Vec::new(),
            out,
        }
    }

    /// The enhanced codes of refusals since this was asked last.
    pub fn take_refusals(&mut self) -> Vec<&'static str> {
        std::mem::take(&mut self.refusals)
    }

    /// Goes on with this input, from which it takes what it uses.
    pub fn step(&mut self, input: &mut &[u8]) -> Step {
        loop {
            if let Some(request) = self.request.take() {
                return Step::Ask(request);
            }
            if self.out.len() >= FLUSH {
                return self.flush_or(Step::Read);
            }
            match &mut self.state {
                State::Command | State::Auth(_) => {
                    let long = matches!(self.state, State::Auth(_));
                    match self.line.read(input, long) {
                        Line::Unfinished => return self.flush_or(Step::Read),
                        Line::Whole(line) => self.take_line(&line),
                        Line::TooLong => self.take_long_line(),
                        Line::BareLineEnd => self.close(&reply::BARE_LINE_END),
                    }
                }
                State::Data(reader) => match reader.read(input) {
                    Progress::More => return self.flush_or(Step::Read),
                    Progress::Memory(octets) => self.ask_for_more(octets),
                    Progress::End => self.end_of_data(),
                },
                State::Chunk(reader) => match reader.read(input) {
                    Progress::More => return self.flush_or(Step::Read),
                    Progress::Memory(octets) => self.ask_for_more(octets),
                    Progress::End => self.end_of_chunk(),
                },
                State::Skip(left, _) => {
                    let skipped = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                    *input = input.get(skipped..).unwrap_or_default();
                    *left = left.saturating_sub(u64::try_from(skipped).unwrap_or(u64::MAX));
                    if *left > 0 {
                        return self.flush_or(Step::Read);
                    }
                    self.skipped();
                }
                State::Handshake => return self.flush_or(Step::StartTls),
                // Asked: the driver went on without an answer; nothing can be promised any more.
                State::Asked(_) | State::Closing => return self.flush_or(Step::Close),
            }
        }
    }

    /// Takes the answer to the last request.
    pub fn answer(&mut self, answer: Answer) {
        let State::Asked(question) = std::mem::replace(&mut self.state, State::Command) else {
            return self.close(&reply::CLOSING);
        };
        match (question, answer) {
            (Question::Login, Answer::Login(answer)) => self.logged_in(&answer),
            (Question::ReversePath(envelope), Answer::ReversePath(Some(Ok(())))) => {
                self.envelope = Some(*envelope);
                self.say(&reply::SENDER_OK);
            }
            (Question::ReversePath(_), Answer::ReversePath(Some(Err(refused)))) => self.say(&Reply::refused(&refused)),
            (Question::ReversePath(_), Answer::ReversePath(None)) => self.say(&reply::FAULT_FOR_NOW),
            (Question::Recipient(address, asked), Answer::Recipient(route)) => self.routed(address, asked, route),
            (Question::FirstMemory(octets), Answer::Memory(true)) => {
                self.state = State::Data(DataReader::new(Body::new(octets, self.wire_limit)));
                self.say(&reply::SEND_MESSAGE);
            }
            (Question::FirstMemory(_), Answer::Memory(false)) => {
                self.envelope = None;
                self.say(&reply::NO_MEMORY);
            }
            (Question::MoreMemory(mut reader, octets), Answer::Memory(granted)) => {
                granted_or_refused(reader.body(), granted, octets);
                self.state = State::Data(reader);
            }
            (
                Question::FirstChunk(mut reader, octets) | Question::MoreOfChunk(mut reader, octets),
                Answer::Memory(granted),
            ) => {
                granted_or_refused(reader.body(), granted, octets);
                self.state = State::Chunk(reader);
            }
            (Question::Deposit, Answer::Deposit(outcome)) => self.deposited(outcome),
            (Question::ReturnTo(address), Answer::ReturnTo(answer)) => self.return_to(address, answer),
            (Question::Returned, Answer::Returned(outcome)) => self.returned(outcome),
            _ => self.close(&reply::CLOSING),
        }
    }

    /// TLS is there: everything known from before is forgotten (RFC 3207 §4.2).
    pub fn secured(&mut self) {
        self.secure = true;
        self.offers_tls = false;
        self.hello = Hello::None;
        self.envelope = None;
        self.line.clear();
        self.state = State::Command;
    }

    /// Whether a login was right.
    pub fn is_authenticated(&self) -> bool {
        self.authenticated
    }

    /// Whether a message is on its way in: of one that comes in chunks also between them.
    pub fn is_in_message(&self) -> bool {
        match self.state {
            State::Data(_) | State::Chunk(_) | State::Asked(_) => true,
            State::Skip(..) => self.authenticated,
            State::Command | State::Auth(_) => self.envelope.as_ref().is_some_and(|e| e.chunks.is_some()),
            State::Handshake | State::Closing => false,
        }
    }

    /// The server stops (RFC 5321 §3.8).
    pub fn stop(&mut self) {
        self.close(&reply::CLOSING);
    }

    /// The peer was silent for too long (RFC 5321 §4.5.3.2).
    pub fn time_out(&mut self) {
        self.close(&reply::TIMED_OUT);
    }

    fn take_line(&mut self, line: &[u8]) {
        if let State::Auth(exchange) = std::mem::replace(&mut self.state, State::Command) {
            return self.authenticating(exchange.respond(line));
        }
        let done = match Verb::read(line) {
            Ok((verb, arguments)) => self.command(verb, arguments),
            Err(fault) => Err(fault),
        };
        if let Err(fault) = done {
            self.error(match fault {
                CommandFault::Line => &reply::BAD_LINE,
                CommandFault::Unknown => &reply::UNKNOWN_COMMAND,
                CommandFault::NotImplemented => &reply::NOT_IMPLEMENTED,
                CommandFault::Arguments => &reply::BAD_ARGUMENTS,
                CommandFault::Parameter => &reply::UNKNOWN_PARAMETER,
                CommandFault::Value => &reply::BAD_PARAMETER,
                CommandFault::ReversePath => &reply::BAD_SENDER,
                CommandFault::ForwardPath => &reply::BAD_RECIPIENT,
                CommandFault::Utf8 => &reply::UTF8_NOT_SAID,
            });
        }
    }

    fn take_long_line(&mut self) {
        let exchange = matches!(self.state, State::Auth(_));
        self.state = State::Command;
        self.error(if exchange { &reply::AUTH_TOO_LONG } else { &reply::LINE_TOO_LONG });
    }

    fn command(&mut self, verb: Verb, arguments: &str) -> Result<(), CommandFault> {
        if verb == Verb::Bdat {
            self.bdat(arguments);
            return Ok(());
        }
        let always = self.returns
            || matches!(verb, Verb::Ehlo | Verb::Helo | Verb::Noop | Verb::Rset | Verb::Quit | Verb::StartTls);
        if !always && !self.secure {
            self.error(&reply::TLS_FIRST);
            return Ok(());
        }
        if !always && verb != Verb::Auth && !self.authenticated {
            self.error(&reply::AUTH_FIRST);
            return Ok(());
        }
        match verb {
            Verb::Ehlo | Verb::Helo => self.hello(verb, arguments)?,
            Verb::Noop => self.say(&reply::OK),
            Verb::Vrfy => self.say(&reply::CANNOT_VERIFY),
            Verb::Rset => {
                command::nothing(arguments)?;
                self.envelope = None;
                self.say(&reply::OK);
            }
            Verb::Quit => {
                command::nothing(arguments)?;
                self.close(&reply::BYE);
            }
            Verb::StartTls => self.start_tls(arguments)?,
            Verb::Auth => self.auth(arguments)?,
            Verb::Mail => self.mail(arguments)?,
            Verb::Rcpt => self.rcpt(arguments)?,
            Verb::Data => self.data(arguments)?,
            // Invariant: taken above, since whatever is said of it, its octets follow.
            Verb::Bdat => {}
        }
        Ok(())
    }

    fn hello(&mut self, verb: Verb, arguments: &str) -> Result<(), CommandFault> {
        command::hello(arguments)?;
        // RFC 5321 §4.1.4: EHLO in the midst of a transaction ends it.
        self.envelope = None;
        let mut extensions = Vec::new();
        if verb == Verb::Ehlo {
            extensions.extend(["PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES"].map(str::to_owned));
            if !self.returns {
                extensions.extend(["DSN", "CHUNKING", "SMTPUTF8"].map(str::to_owned));
            }
            extensions.push(format!("SIZE {}", self.wire_limit));
            if self.secure && !self.authenticated && !self.returns {
                extensions.push("AUTH PLAIN LOGIN".to_owned());
            }
            if self.offers_tls {
                extensions.push("STARTTLS".to_owned());
            }
        }
        self.hello = if verb == Verb::Ehlo { Hello::Ehlo } else { Hello::Helo };
        self.say(&Reply::hello(&self.hostname, &extensions));
        Ok(())
    }

    fn start_tls(&mut self, arguments: &str) -> Result<(), CommandFault> {
        if self.secure {
            self.error(&reply::ALREADY_SECURE);
            return Ok(());
        }
        // RFC 3207 §4: STARTTLS has no parameters.
        command::nothing(arguments)?;
        self.state = State::Handshake;
        self.say(&reply::READY_FOR_TLS);
        Ok(())
    }

    fn auth(&mut self, arguments: &str) -> Result<(), CommandFault> {
        if self.returns {
            self.error(&reply::NOT_IMPLEMENTED);
            return Ok(());
        }
        if self.authenticated {
            self.error(&reply::ALREADY_AUTHENTICATED);
            return Ok(());
        }
        if self.hello != Hello::Ehlo {
            self.error(&reply::HELLO_FIRST);
            return Ok(());
        }
        let (mechanism, initial) = command::auth(arguments)?;
        self.authenticating(Exchange::begin(mechanism, initial));
        Ok(())
    }

    fn authenticating(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Challenge(challenge, exchange) => {
                self.state = State::Auth(exchange);
                self.say(&Reply::challenge(challenge));
            }
            Outcome::Credentials(credentials) => self.ask(Question::Login, Request::Login(credentials)),
            Outcome::Fault(AuthFault::Cancelled) => self.error(&reply::AUTH_CANCELLED),
            Outcome::Fault(AuthFault::Malformed) => self.error(&reply::AUTH_MALFORMED),
            Outcome::Fault(AuthFault::Mechanism) => self.error(&reply::UNKNOWN_MECHANISM),
            Outcome::Fault(AuthFault::OtherIdentity) => self.logged_in(&LoginAnswer::Wrong),
        }
    }

    fn logged_in(&mut self, answer: &LoginAnswer) {
        match answer {
            LoginAnswer::Right => {
                self.authenticated = true;
                self.say(&reply::AUTHENTICATED);
            }
            LoginAnswer::Wrong => self.failed(&reply::WRONG_PASSWORD),
            LoginAnswer::TooMany => self.failed(&reply::MANY_FAILURES),
            LoginAnswer::Fault => self.say(&reply::AUTH_FAULT),
        }
    }

    fn failed(&mut self, reply: &Reply) {
        self.failures = self.failures.saturating_add(1);
        let last = self.failures >= MAX_FAILURES;
        if last { self.close(&reply::TOO_MANY_PASSWORDS) } else { self.say(reply) }
    }

    fn mail(&mut self, arguments: &str) -> Result<(), CommandFault> {
        if self.hello == Hello::None {
            self.error(&reply::HELLO_FIRST);
            return Ok(());
        }
        if self.envelope.is_some() {
            self.error(&reply::SECOND_MAIL);
            return Ok(());
        }
        let mail = command::mail(arguments)?;
        // RFC 1870 §6.1.
        if mail.size.is_some_and(|size| usize::try_from(size).map_or(true, |size| size > self.wire_limit)) {
            self.say(&Reply::too_large(self.content_limit));
            return Ok(());
        }
        match mail.reverse_path {
            reverse_path if self.returns => {
                self.envelope = Some(Envelope { declared: mail.size, reverse_path, ..Envelope::default() });
                self.say(&reply::SENDER_OK);
            }
            Some(address) => {
                let dsn = DsnRequest {
                    full: mail.full.unwrap_or_default(),
                    envelope_id: mail.envelope_id,
                    recipients: Vec::new(),
                };
                let envelope = Envelope { declared: mail.size, dsn, utf8: mail.utf8, ..Envelope::default() };
                self.ask(Question::ReversePath(Box::new(envelope)), Request::ReversePath(address));
            }
            // `<>` is for notifications between servers (RFC 5321 §4.5.5); nobody submits one.
            None => self.say(&reply::NOT_YOUR_ADDRESS),
        }
        Ok(())
    }

    fn rcpt(&mut self, arguments: &str) -> Result<(), CommandFault> {
        let Some(envelope) = &self.envelope else {
            self.error(&reply::MAIL_FIRST);
            return Ok(());
        };
        let (address, asked) = command::rcpt(arguments, envelope.utf8)?;
        if envelope.chunks.is_some() {
            // RFC 3030 §2: the envelope is closed with the first chunk.
            self.error(&reply::CHUNKS_BEGUN);
        } else if envelope.seen.contains(&address) {
            self.say(&reply::RECIPIENT_OK);
        } else if let Some(alone) = &envelope.alone {
            let refused = Reply::refused(alone);
            self.say(&refused);
        } else if envelope.recipients.len() >= self.most_recipients {
            self.say(&Reply::too_many_recipients(self.most_recipients));
        } else if self.returns {
            self.ask(Question::ReturnTo(address.clone()), Request::ReturnTo(address));
        } else {
            self.ask(Question::Recipient(address.clone(), asked), Request::Recipient(address));
        }
        Ok(())
    }

    fn routed(&mut self, address: Address, asked: RecipientDsn, route: Option<Result<Route, Refused>>) {
        let Some(envelope) = &mut self.envelope else { return self.close(&reply::CLOSING) };
        match route {
            Some(Ok(Route::Preview(alone))) if !envelope.recipients.is_empty() => self.say(&Reply::refused(&alone)),
            Some(Ok(route)) => {
                if let Route::Preview(alone) = &route {
                    envelope.alone = Some(alone.clone());
                }
                envelope.reachable |= !matches!(route, Route::Number(_));
                envelope.seen.insert(address.clone());
                if asked != RecipientDsn::default() {
                    envelope.dsn.recipients.push((address.clone(), asked));
                }
                envelope.recipients.push(address);
                self.say(&reply::RECIPIENT_OK);
            }
            Some(Err(refused)) => self.say(&Reply::refused(&refused)),
            None => self.say(&reply::FAULT_FOR_NOW),
        }
    }

    fn return_to(&mut self, address: Address, answer: Option<TakesBack>) {
        match (answer, &mut self.envelope) {
            (Some(TakesBack::Yes), Some(envelope)) => {
                envelope.reachable = true;
                envelope.seen.insert(address.clone());
                envelope.recipients.push(address);
                self.say(&reply::RECIPIENT_OK);
            }
            (Some(TakesBack::NoSuchAddress), Some(_)) => self.error(&reply::NO_SUCH_ADDRESS),
            (Some(TakesBack::Elsewhere), Some(_)) => self.error(&reply::NO_RELAY),
            (None, Some(_)) => self.say(&reply::FAULT_FOR_NOW),
            (_, None) => self.close(&reply::CLOSING),
        }
    }

    fn data(&mut self, arguments: &str) -> Result<(), CommandFault> {
        command::nothing(arguments)?;
        match &self.envelope {
            None => self.error(&reply::MAIL_FIRST),
            Some(envelope) if envelope.recipients.is_empty() => self.error(&reply::RECIPIENT_FIRST),
            Some(envelope) if !envelope.reachable => self.say(&reply::NUMBER_ALONE),
            // RFC 3030 §3: one or the other.
            Some(envelope) if envelope.chunks.is_some() => self.error(&reply::CHUNKS_BEGUN),
            Some(envelope) => {
                let octets = Body::first_grant(envelope.declared, self.wire_limit);
                self.ask(Question::FirstMemory(octets), Request::Memory(octets));
            }
        }
        Ok(())
    }

    /// Whatever is said of a BDAT, its octets follow its line: they are read as what they are, or the session ends.
    fn bdat(&mut self, arguments: &str) {
        let Ok((octets, last)) = command::bdat(arguments) else { return self.close(&reply::BAD_CHUNK) };
        let refusal = match &self.envelope {
            _ if self.returns => Some(&reply::NOT_IMPLEMENTED),
            _ if !self.secure => Some(&reply::TLS_FIRST),
            _ if !self.authenticated => Some(&reply::AUTH_FIRST),
            // RFC 3030 §2: also what was pipelined behind a chunk that was refused, or behind the last.
            None => Some(&reply::MAIL_FIRST),
            Some(envelope) if envelope.recipients.is_empty() => Some(&reply::RECIPIENT_FIRST),
            Some(envelope) if !envelope.reachable => Some(&reply::NUMBER_ALONE),
            Some(_) => None,
        };
        if let Some(refusal) = refusal {
            self.state = State::Skip(octets, refusal.clone());
            return;
        }
        let Some(envelope) = &mut self.envelope else { return };
        if let Some(mut reader) = envelope.chunks.take() {
            reader.begin(octets, last);
            self.state = State::Chunk(reader);
            return;
        }
        let granted = Body::first_grant(envelope.declared.or(last.then_some(octets)), self.wire_limit);
        let mut reader = ChunkReader::new(Body::new(0, self.wire_limit));
        reader.begin(octets, last);
        if reader.body().refusal().is_some() {
            self.state = State::Chunk(reader);
        } else {
            self.ask(Question::FirstChunk(reader, granted), Request::Memory(granted));
        }
    }

    fn end_of_chunk(&mut self) {
        let State::Chunk(mut reader) = std::mem::replace(&mut self.state, State::Command) else { return };
        match reader.body().refusal() {
            // RFC 3030 §2: the message has failed, and chunks that follow it belong to none.
            Some(fault) => {
                self.envelope = None;
                self.say_fault(fault);
            }
            None if reader.is_last() => self.end_of_message(reader.into_body()),
            None => {
                self.say(&reply::CHUNK_RECEIVED);
                if let Some(envelope) = &mut self.envelope {
                    envelope.chunks = Some(reader);
                }
            }
        }
    }

    fn skipped(&mut self) {
        let State::Skip(_, reply) = std::mem::replace(&mut self.state, State::Command) else { return };
        // Behind a refused chunk many may have been pipelined: that is no error of the client's.
        if self.authenticated { self.say(&reply) } else { self.error(&reply) }
    }

    fn ask_for_more(&mut self, octets: usize) {
        match std::mem::replace(&mut self.state, State::Command) {
            State::Data(reader) => self.ask(Question::MoreMemory(reader, octets), Request::Memory(octets)),
            State::Chunk(reader) => self.ask(Question::MoreOfChunk(reader, octets), Request::Memory(octets)),
            other => self.state = other,
        }
    }

    fn end_of_data(&mut self) {
        let State::Data(reader) = std::mem::replace(&mut self.state, State::Command) else { return };
        self.end_of_message(reader.into_body());
    }

    fn end_of_message(&mut self, body: Body) {
        let Envelope { recipients, dsn, reverse_path, .. } = self.envelope.take().unwrap_or_default();
        // The readers let no unclean octets through; the type is what the other rooms can rely on.
        match body.finish().and_then(|octets| RawMessage::new(octets).map_err(DataFault::from)) {
            Ok(message) if self.returns => {
                self.ask(Question::Returned, Request::Returned(ReturnedMail { recipients, reverse_path, message }));
            }
            Ok(message) => self.ask(Question::Deposit, Request::Deposit(Letter { recipients, dsn, message })),
            Err(fault) => self.say_fault(fault),
        }
    }

    fn say_fault(&mut self, fault: DataFault) {
        match fault {
            DataFault::NotClean => self.say(&reply::NOT_CLEAN),
            DataFault::NotSound => self.say(&reply::NOT_SOUND),
            DataFault::LineTooLong => self.say(&reply::TEXT_LINE_TOO_LONG),
            DataFault::TooLarge => self.say(&Reply::too_large(self.content_limit)),
            DataFault::NoMemory => self.say(&reply::NO_MEMORY),
        }
    }

    fn deposited(&mut self, outcome: Result<QueueId, NotAccepted>) {
        match outcome {
            Ok(id) => self.say(&Reply::accepted(id)),
            Err(NotAccepted::Refused(refused)) => self.say(&Reply::refused(&refused)),
            Err(NotAccepted::Revoked) => self.close(&reply::REVOKED),
            Err(NotAccepted::Full) => self.say(&reply::FULL),
            Err(NotAccepted::Fault { transient: true }) => self.say(&reply::FAULT_FOR_NOW),
            Err(NotAccepted::Fault { transient: false }) => self.say(&reply::FAULT),
        }
    }

    fn returned(&mut self, outcome: Result<Option<Taken>, NotAccepted>) {
        match outcome {
            Ok(Some(taken)) => self.say(&Reply::taken(taken)),
            Ok(None) => self.say(&reply::NOBODY_READS),
            Err(why) => self.deposited(Err(why)),
        }
    }

    fn ask(&mut self, question: Question, request: Request) {
        self.state = State::Asked(question);
        self.request = Some(request);
    }

    fn say(&mut self, reply: &Reply) {
        if reply.code() >= 400 {
            self.refusals.push(reply.enhanced());
        }
        reply.write(&mut self.out);
    }

    /// A reply to something that no working client sends; twenty end the session.
    fn error(&mut self, reply: &Reply) {
        self.errors = self.errors.saturating_add(1);
        if self.errors >= MAX_ERRORS { self.close(&reply::TOO_MANY_ERRORS) } else { self.say(reply) }
    }

    fn close(&mut self, reply: &Reply) {
        self.say(reply);
        self.envelope = None;
        self.request = None;
        self.line.clear();
        self.state = State::Closing;
    }

    /// Replies leave together, before whatever waits for the peer (RFC 2920 §3.2).
    fn flush_or(&mut self, step: Step) -> Step {
        if self.out.is_empty() { step } else { Step::Write(std::mem::take(&mut self.out)) }
    }
}

/// What became of the memory that a body asked for.
fn granted_or_refused(body: &mut Body, granted: bool, octets: usize) {
    if granted { body.grant(octets) } else { body.refuse(DataFault::NoMemory) }
}

const FLUSH: usize = 4096;
const MAX_FAILURES: usize = 5;
const MAX_ERRORS: usize = 20;
