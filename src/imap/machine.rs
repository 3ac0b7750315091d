//! The IMAP session as a machine (RFC 3501 §3): octets in, answers and jobs out.
//!
//! It holds the rules of state and order, and does no I/O: the driver writes what it says, does its jobs with
//! the verbs, and says when they are done. Answers keep the order of the commands, however input is cut.
//! It never sees who is logged in, only that somebody is.

use zeroize::Zeroizing;

use super::auth::{self, AuthFault, Credentials};
use super::grammar::command::{self, Command, Tagged};
use super::grammar::cursor::ParseFault;
use super::line::{Read, Reader, Received, Refusal};

/// What the driver does next.
pub enum Step {
    /// All input is used: read more.
    Read,
    /// Write these octets.
    Write(Vec<u8>),
    /// Reserve this much for a message, then [`Machine::memory`].
    Memory(usize),
    /// Check a login, then [`Machine::logged_in`].
    Login(Credentials),
    /// The client that is logged in said who it is: [`Machine::client`].
    Identified,
    /// Do a command, write its answers, then [`Machine::done`].
    Do(Job),
    /// Drop what was read, shake hands, then [`Machine::secured`].
    StartTls,
    /// Close the connection.
    Close,
}

/// A command that needs the mailbox.
pub struct Job {
    /// Its tag.
    pub tag: String,
    /// The command. IDLE: the client has ended it.
    pub command: Command,
    /// What APPEND and REPLACE bring.
    pub messages: Vec<Zeroizing<Vec<u8>>>,
    /// What the client has enabled.
    pub enabled: Enabled,
}

/// What a client has enabled for its session (RFC 5161).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Enabled {
    /// CONDSTORE (RFC 7162): mod-sequences are told.
    pub condstore: bool,
    /// QRESYNC: VANISHED takes the place of EXPUNGE.
    pub qresync: bool,
    /// UTF8=ACCEPT (RFC 6855), or IMAP4rev2: mailbox names are written in UTF-8.
    pub utf8: bool,
    /// IMAP4rev2 (RFC 9051): ESEARCH takes the place of SEARCH, and nothing is said of RECENT.
    pub rev2: bool,
}

impl Enabled {
    /// Enables what is known of this; returns the names of what is enabled now, as they are told.
    fn enable(&mut self, wanted: &[String]) -> Vec<&'static str> {
        let mut told = Vec::new();
        for word in wanted {
            match word.as_str() {
                "CONDSTORE" => {
                    self.condstore = true;
                    told.push("CONDSTORE");
                }
                // RFC 7162 §3.2.3: it includes CONDSTORE.
                "QRESYNC" => {
                    (self.condstore, self.qresync) = (true, true);
                    told.push("QRESYNC");
                }
                "UTF8=ACCEPT" => {
                    self.utf8 = true;
                    told.push("UTF8=ACCEPT");
                }
                "IMAP4REV2" => {
                    (self.rev2, self.utf8) = (true, true);
                    told.push("IMAP4rev2");
                }
                // RFC 5161 §3.1: what cannot be enabled is passed over.
                _ => {}
            }
        }
        told
    }
}

/// The outcome of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginAnswer {
    /// Right.
    Right,
    /// Wrong.
    Wrong,
    /// Right, but the device waits for approval.
    Pending,
    /// Right, but the device only sends.
    SendOnly,
    /// Right, but the client fetches through somebody's cloud.
    Cloud,
    /// Right, but the mailbox has its connections.
    TooMany,
    /// A fault of ours.
    Fault,
}

/// One session.
pub struct Machine {
    hostname: String,
    secure: bool,
    offers_tls: bool,
    phase: Phase,
    failures: usize,
    errors: usize,
    client: Vec<(String, String)>,
    reader: Reader,
    state: State,
    enabled: Enabled,
    append_limit: usize,
    next: Option<Step>,
    out: Vec<u8>,
}

/// RFC 3501 §3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Phase {
    Stranger,
    Authenticated,
    Selected,
}

enum State {
    Command,
    /// The tag of an AUTHENTICATE that waits for its response.
    Auth(String),
    /// The tag of an IDLE.
    Idle(String),
    Memory,
    Login(String),
    Job,
    Handshake,
    Closing,
}

impl Machine {
    /// A session under TLS.
    pub fn secure(hostname: &str, message_limit: usize) -> Self {
        Self::new(hostname, message_limit, true)
    }

    /// A session in clear, which must become secure before a login.
    pub fn clear(hostname: &str, message_limit: usize) -> Self {
        Self::new(hostname, message_limit, false)
    }

    fn new(hostname: &str, message_limit: usize, secure: bool) -> Self {
        let mut machine = Self {
            hostname: hostname.to_owned(),
            secure,
            offers_tls: !secure,
            phase: Phase::Stranger,
            failures: 0,
            errors: 0,
            client: Vec::new(),
            reader: Reader::new(message_limit),
            state: State::Command,
            enabled: Enabled::default(),
            append_limit: message_limit,
            next: None,
            out: Vec::new(),
        };
        let greeting = format!("* OK [CAPABILITY {}] {} Pli ready", machine.capabilities(), machine.hostname);
        machine.line(&greeting);
        machine
    }

    /// Goes on with this input, from which it takes what it uses.
    pub fn step(&mut self, input: &mut &[u8]) -> Step {
        loop {
            if self.out.len() >= FLUSH || (self.next.is_some() && !self.out.is_empty()) {
                return Step::Write(std::mem::take(&mut self.out));
            }
            if let Some(next) = self.next.take() {
                return next;
            }
            match &self.state {
                State::Command | State::Auth(_) | State::Idle(_) => {
                    let raw = !matches!(self.state, State::Command);
                    match self.reader.read(input, raw) {
                        Read::Unfinished => return self.flush_or(Step::Read),
                        read => self.take(read),
                    }
                }
                State::Handshake => return self.flush_or(Step::StartTls),
                // Asked: the driver went on without an answer; nothing can be promised any more.
                _ => return self.flush_or(Step::Close),
            }
        }
    }

    /// Whether there is memory for the message.
    pub fn memory(&mut self, granted: bool) {
        self.state = State::Command;
        let read = if granted { self.reader.grant() } else { self.reader.refuse(Refusal::NoMemory) };
        if !matches!(read, Read::Unfinished) {
            self.take(read);
        }
    }

    /// The outcome of a login.
    pub fn logged_in(&mut self, answer: LoginAnswer) {
        let State::Login(tag) = std::mem::replace(&mut self.state, State::Command) else {
            return self.bye("Internal error");
        };
        match answer {
            LoginAnswer::Right => {
                self.phase = Phase::Authenticated;
                self.errors = 0;
                self.reader.authenticated();
                let capabilities = self.capabilities();
                self.line(&format!("{tag} OK [CAPABILITY {capabilities}] Logged in"));
            }
            LoginAnswer::Wrong => {
                self.failures = self.failures.saturating_add(1);
                self.line(&format!("{tag} NO [AUTHENTICATIONFAILED] Address or device password not right"));
                if self.failures >= MAX_FAILURES {
                    self.bye("Too many wrong passwords");
                }
            }
            LoginAnswer::Pending => self.line(&format!(
                "{tag} NO [UNAVAILABLE] This device waits for approval: open the mailbox with a device that reads it \
                 already and answer the letter about the new device in INBOX"
            )),
            LoginAnswer::SendOnly => self.line(&format!(
                "{tag} NO [AUTHORIZATIONFAILED] This device may only send; reading needs a device password of its own"
            )),
            LoginAnswer::Cloud => {
                self.line(&format!("{tag} NO [AUTHORIZATIONFAILED] {CLOUD}"));
            }
            LoginAnswer::TooMany => {
                self.line(&format!("{tag} NO [LIMIT] Too many connections to this mailbox"));
                self.bye("Too many connections to this mailbox");
            }
            LoginAnswer::Fault => self.line(&format!("{tag} NO [UNAVAILABLE] Cannot log in now; try again later")),
        }
    }

    /// A job is done; whether a folder is selected now.
    pub fn done(&mut self, selected: bool) {
        if !matches!(self.state, State::Job) {
            return;
        }
        self.state = State::Command;
        self.errors = 0;
        self.phase = if selected { Phase::Selected } else { Phase::Authenticated };
    }

    /// TLS is there: everything known from before is forgotten (RFC 3501 §6.2.1).
    pub fn secured(&mut self) {
        self.secure = true;
        self.offers_tls = false;
        self.client.clear();
        self.reader.clear();
        self.state = State::Command;
    }

    /// What the client said of itself (RFC 2971).
    pub fn client(&self) -> &[(String, String)] {
        &self.client
    }

    /// Whether somebody is logged in.
    pub fn is_authenticated(&self) -> bool {
        self.phase >= Phase::Authenticated
    }

    /// Whether the client waits for news.
    pub fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle(_))
    }

    /// Whether a message is on its way in.
    pub fn is_in_message(&self) -> bool {
        // A command that waits to be done, behind what is still to be written, holds its messages.
        let waits = matches!(self.next, Some(Step::Do(_)));
        self.reader.is_in_message() || matches!(self.state, State::Memory) || waits
    }

    /// Ends the session with this farewell.
    pub fn bye(&mut self, why: &str) {
        if !matches!(self.state, State::Closing) {
            self.line(&format!("* BYE {why}"));
        }
        self.next = None;
        self.reader.clear();
        self.state = State::Closing;
    }

    fn take(&mut self, read: Read) {
        match read {
            Read::Unfinished => {}
            Read::Continue => self.line("+ Go ahead"),
            Read::Memory(octets) => {
                self.state = State::Memory;
                self.next = Some(Step::Memory(octets));
            }
            Read::Whole(received) => self.received(received),
            Read::Refused(tag, refusal) => self.refused(tag.as_deref(), refusal),
            Read::Fatal(refusal) => self.bye(sentence(refusal)),
        }
    }

    fn refused(&mut self, tag: Option<&str>, refusal: Refusal) {
        let tag = match std::mem::replace(&mut self.state, State::Command) {
            State::Auth(tag) | State::Idle(tag) => tag,
            _ => tag.unwrap_or("*").to_owned(),
        };
        match refusal {
            Refusal::TooLarge => self.line(&format!("{tag} NO [TOOBIG] {}", sentence(refusal))),
            Refusal::NoMemory => self.line(&format!("{tag} NO [UNAVAILABLE] {}", sentence(refusal))),
            Refusal::TooLong | Refusal::BareLineFeed => self.bad(&tag, sentence(refusal)),
        }
    }

    fn received(&mut self, received: Received) {
        match std::mem::replace(&mut self.state, State::Command) {
            State::Auth(tag) => self.authenticating(tag, auth::plain(&received.octets)),
            State::Idle(tag) if received.octets.eq_ignore_ascii_case(b"DONE") => {
                self.work(tag, Command::Idle, Vec::new());
            }
            State::Idle(tag) => self.bad(&tag, "Expected DONE"),
            _ => match command::read(&received.octets, self.enabled.utf8) {
                Ok(Tagged { tag, command: Ok(command) }) => self.command(tag, command, received.messages),
                Ok(Tagged { tag, command: Err(fault) }) => self.unread(&tag, fault),
                Err(_) => self.bad("*", "A command begins with a tag"),
            },
        }
    }

    fn unread(&mut self, tag: &str, fault: ParseFault) {
        match fault {
            ParseFault::Name => self.line(&format!("{tag} NO [CANNOT] Mailbox names are written in modified UTF-7")),
            ParseFault::Charset => self.line(&format!("{tag} NO [BADCHARSET (US-ASCII UTF-8)] Charset not supported")),
            ParseFault::Unknown | ParseFault::Tag => self.bad(tag, "Unknown command"),
            ParseFault::Arguments => self.bad(tag, "Arguments not understood"),
            ParseFault::TooDeep => self.bad(tag, "Search keys are nested too deep"),
        }
    }

    fn command(&mut self, tag: String, command: Command, messages: Vec<Zeroizing<Vec<u8>>>) {
        match needed(&command) {
            Some(phase) if self.phase < phase => {
                let why = if self.phase == Phase::Stranger { "Log in first" } else { "Select a mailbox first" };
                return self.bad(&tag, why);
            }
            _ => {}
        }
        match command {
            Command::Capability => {
                let capabilities = self.capabilities();
                self.line(&format!("* CAPABILITY {capabilities}"));
                self.ok(&tag, "CAPABILITY");
            }
            Command::Noop if self.phase == Phase::Stranger => self.ok(&tag, "NOOP"),
            Command::Logout => {
                self.line("* BYE Logging out");
                self.ok(&tag, "LOGOUT");
                self.state = State::Closing;
            }
            Command::Id(client) => {
                self.client = client;
                self.line("* ID (\"name\" \"Pli\")");
                self.ok(&tag, "ID");
                self.next = self.is_authenticated().then_some(Step::Identified);
            }
            Command::StartTls => self.start_tls(&tag),
            Command::Login(address, password) => self.login(tag, Ok(Credentials { address, password })),
            Command::Authenticate(mechanism, initial) => self.authenticate(tag, &mechanism, initial),
            Command::Enable(wanted) => {
                let told: String = self.enabled.enable(&wanted).into_iter().flat_map(|word| [" ", word]).collect();
                self.line(&format!("* ENABLED{told}"));
                self.ok(&tag, "ENABLE");
            }
            Command::Namespace => {
                self.line("* NAMESPACE ((\"\" \"/\")) NIL NIL");
                self.ok(&tag, "NAMESPACE");
            }
            Command::SetQuota => self.line(&format!("{tag} NO [NOPERM] The limit is set by the administrator")),
            Command::Idle => {
                self.line("+ idling");
                self.state = State::Idle(tag);
            }
            command => self.work(tag, command, messages),
        }
    }

    fn start_tls(&mut self, tag: &str) {
        if self.secure {
            return self.bad(tag, "TLS is active already");
        }
        self.line(&format!("{tag} OK Begin TLS negotiation now"));
        self.state = State::Handshake;
    }

    fn authenticate(&mut self, tag: String, mechanism: &str, initial: Option<Zeroizing<Vec<u8>>>) {
        if self.phase != Phase::Stranger || !self.secure {
            return self.login(tag, Err(AuthFault::Malformed));
        }
        if mechanism != "PLAIN" {
            return self.line(&format!("{tag} NO [CANNOT] The mechanism is PLAIN"));
        }
        match initial {
            // RFC 4959 §3: "=" is an initial response without octets.
            Some(initial) if initial.as_slice() == b"=" => self.authenticating(tag, auth::plain(b"")),
            Some(initial) => self.authenticating(tag, auth::plain(&initial)),
            None => {
                self.line("+ ");
                self.state = State::Auth(tag);
            }
        }
    }

    fn authenticating(&mut self, tag: String, outcome: Result<Credentials, AuthFault>) {
        self.login(tag, outcome);
    }

    fn login(&mut self, tag: String, credentials: Result<Credentials, AuthFault>) {
        if self.phase != Phase::Stranger {
            return self.bad(&tag, "Logged in already");
        }
        if !self.secure {
            return self
                .line(&format!("{tag} NO [PRIVACYREQUIRED] Passwords are taken under TLS only: STARTTLS first"));
        }
        match credentials {
            Ok(credentials) => {
                self.state = State::Login(tag);
                self.next = Some(Step::Login(credentials));
            }
            Err(AuthFault::Cancelled) => self.bad(&tag, "AUTHENTICATE cancelled"),
            Err(AuthFault::Malformed) => self.bad(&tag, "Not a response to PLAIN"),
            Err(AuthFault::OtherIdentity) => {
                self.state = State::Login(tag);
                self.logged_in(LoginAnswer::Wrong);
            }
        }
    }

    /// Nothing but what is there (RFC 3501 §7.2.1). Clients that never ask again after a login find the rest here too.
    fn capabilities(&self) -> String {
        let mut all = vec!["IMAP4rev1", "IMAP4rev2"];
        // RFC 7888 §6: one of the two. Before a login a literal that is not asked for has 4,096 octets at most.
        all.push(if self.is_authenticated() { "LITERAL+" } else { "LITERAL-" });
        all.extend(EXTENSIONS);
        let limit = format!("APPENDLIMIT={}", self.append_limit);
        all.push(&limit);
        if self.offers_tls {
            all.extend(["STARTTLS", "LOGINDISABLED"]);
        } else if !self.is_authenticated() {
            all.push("AUTH=PLAIN");
        }
        all.join(" ")
    }

    fn work(&mut self, tag: String, command: Command, messages: Vec<Zeroizing<Vec<u8>>>) {
        self.state = State::Job;
        self.next = Some(Step::Do(Job { tag, command, messages, enabled: self.enabled }));
    }

    fn ok(&mut self, tag: &str, command: &str) {
        self.line(&format!("{tag} OK {command} completed"));
    }

    /// An answer to something that no working client sends; many in a row end the session.
    fn bad(&mut self, tag: &str, why: &str) {
        self.line(&format!("{tag} BAD {why}"));
        self.errors = self.errors.saturating_add(1);
        let most = if self.is_authenticated() { MAX_ERRORS } else { MAX_ERRORS_BEFORE_LOGIN };
        if self.errors >= most {
            self.bye("Too many bad commands");
        }
    }

    fn line(&mut self, line: &str) {
        self.out.extend_from_slice(line.as_bytes());
        self.out.extend_from_slice(b"\r\n");
    }

    fn flush_or(&mut self, step: Step) -> Step {
        if self.out.is_empty() { step } else { Step::Write(std::mem::take(&mut self.out)) }
    }
}

/// The phase a command needs; none for those of any.
fn needed(command: &Command) -> Option<Phase> {
    use Command as C;
    match command {
        C::Capability | C::Noop | C::Logout | C::StartTls | C::Id(_) | C::Login(..) | C::Authenticate(..) => None,
        C::Check
        | C::Close
        | C::Unselect
        | C::Expunge(_)
        | C::Search(..)
        | C::Sort(..)
        | C::Thread(..)
        | C::Replace(..)
        | C::Fetch(..)
        | C::Store { .. }
        | C::Copy(..)
        | C::Move(..) => Some(Phase::Selected),
        _ => Some(Phase::Authenticated),
    }
}

fn sentence(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::TooLong => "Command too long",
        Refusal::TooLarge => "Message too large",
        Refusal::NoMemory => "Too much is in flight; try again later",
        Refusal::BareLineFeed => "Lines end in CR LF",
    }
}

/// What a client hears that fetches through somebody's cloud; a letter in INBOX says more.
pub const CLOUD: &str = "This mail client copies the mailbox to its maker's servers and is not let in: use Outlook classic, \
                         Apple Mail, Thunderbird or K-9";
const EXTENSIONS: [&str; 27] = [
    "SASL-IR",
    "ID",
    "ENABLE",
    "IDLE",
    "NAMESPACE",
    "UIDPLUS",
    "UNSELECT",
    "MOVE",
    "CHILDREN",
    "SPECIAL-USE",
    "QUOTA",
    "CONDSTORE",
    "ESEARCH",
    "SEARCHRES",
    "LIST-EXTENDED",
    "LIST-STATUS",
    "STATUS=SIZE",
    "BINARY",
    "QRESYNC",
    "SORT",
    "THREAD=REFERENCES",
    "THREAD=ORDEREDSUBJECT",
    "OBJECTID",
    "UTF8=ACCEPT",
    "MULTIAPPEND",
    "PREVIEW",
    "REPLACE",
];
const FLUSH: usize = 4096;
const MAX_FAILURES: usize = 5;
const MAX_ERRORS: usize = 50;
const MAX_ERRORS_BEFORE_LOGIN: usize = 20;
