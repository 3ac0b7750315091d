//! Providers of SMS and voice calls: how a code leaves this server, and how the truth about it comes back.
//!
//! A provider takes one message at a time and says at once whether it took it. What became of the message it tells
//! later, if at all: by calling an address of the portal, when it is asked, or over a connection that stays open
//! ([`Reports`]). *Accepted* is never told as *delivered*. Which provider is next, and when, is decided in
//! `access`; nothing is kept here but connections.
//!
//! A further provider is one file, with its [`Kind`], and one line in the list below.
//!
//! Numbers, texts and codes go to the provider and nowhere else: no log line here holds one, and providers' own
//! words are read for their class alone ([`crate::domain::FailureClass`]).

mod call;
mod client;
mod gsm;
mod section;
mod shown;
mod template;

use std::sync::{Arc, LazyLock};

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use crate::domain::{Channel, Clock, FailureClass, Language, PhoneNumber, SecretText, SendId, Timestamp};

pub use call::{DIGIT_PAUSE, Document, GREETINGS, KEY_PRESSED, KEY_WAIT, Script};
pub use client::{Answer, Web, world_time};
pub use gsm::parts;
pub use section::{ProviderSettings, Section};
pub use shown::ShownCode;

macro_rules! kinds {
    ($($kind:ident),*) => {
        $(mod $kind;)*

        /// Every kind of provider.
        pub const KINDS: &[Kind] = &[$($kind::KIND),*];
    };
}
kinds!(http, twilio, ovh, vonage, smpp);

/// A kind of provider: what its section of the settings holds, and how it is built from it.
pub struct Kind {
    /// The word of the settings.
    pub name: &'static str,
    /// Its keys, beside `name`, `kind` and `price`.
    pub keys: &'static [&'static str],
    /// Those of them that are no secrets; all others stand where others cannot read them.
    pub open: &'static [&'static str],
    /// What it can do.
    pub channels: &'static [Channel],
    /// Checks everything and connects to nothing.
    build: fn(&Section, Channel, &Shared) -> Result<AnyProvider, String>,
}

/// A provider of whatever kind.
pub type AnyProvider = Arc<dyn Provider>;

impl Kind {
    /// Checks a section as if a provider were built from it.
    ///
    /// # Errors
    /// One sentence, which names the key.
    pub fn check(&self, section: &Section, channel: Channel) -> Result<(), String> {
        static SHARED: LazyLock<Result<Shared, String>> =
            LazyLock::new(|| Ok(Shared { web: Web::open()?, clock: Arc::new(Never), reports: mpsc::channel(1).0 }));
        let shared = SHARED.as_ref().map_err(Clone::clone)?;
        (self.build)(section, channel, shared).map(|_| ())
    }
}

/// The clock of a provider that is only checked.
struct Never;

impl Clock for Never {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }
}

/// What providers share.
pub struct Shared {
    /// The one HTTP client.
    pub web: Web,
    /// The present: signatures have an age.
    pub clock: Arc<dyn Clock>,
    /// Where providers with a connection that stays open tell what became of messages.
    pub reports: mpsc::Sender<Streamed>,
}

/// Somebody who sends short messages, or calls.
pub trait Provider: Send + Sync {
    /// Begins what lasts as long as the server, such as a connection that stays open. Called once, by the server.
    fn start(&self) {}

    /// Hands a message over. Returns once the provider has taken it, refused it, or not answered in time.
    fn send<'a>(&'a self, message: &'a Outgoing<'a>) -> BoxFuture<'a, Result<Accepted, FailureClass>>;

    /// How it tells what became of a message.
    fn reports(&self) -> Reports {
        Reports::Never
    }

    /// Reads a call of the provider to a message's report address, if it is authentic.
    ///
    /// # Errors
    /// [`ReportFault`]: then nothing was learnt.
    fn report(&self, call: &Callback<'_>) -> Result<Reported, ReportFault> {
        let _ = call;
        Err(ReportFault::NotExpected)
    }

    /// Asks what became of a message ([`Reports::Asked`]).
    fn ask<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<Progress, FailureClass>> {
        let _ = reference;
        Box::pin(std::future::ready(Ok(Progress::Waiting)))
    }

    /// What the provider is told to say in a call where no key was pressed yet, for one that asks each time.
    fn greeting(&self, script: &Script, address: &SecretText, round: u32) -> Document {
        let _ = (script, address, round);
        Document::default()
    }

    /// What the provider is told to say in a call whose key was pressed: the code, twice, and once more for another
    /// key, for which it asks at `address` again.
    fn code(&self, script: &Script, address: &SecretText) -> Document {
        let _ = (script, address);
        Document::default()
    }
}

/// One message on its way out.
pub struct Outgoing<'a> {
    /// Names it, towards the provider as well where it takes a reference of ours.
    pub send: SendId,
    /// To whom.
    pub to: &'a PhoneNumber,
    /// In which language it is written or spoken.
    pub language: Language,
    /// What it says.
    pub words: Words<'a>,
    /// Where the provider may tell what became of it, and ask what comes next in a call; none where nothing listens.
    pub report: Option<&'a SecretText>,
}

/// What a message says.
pub enum Words<'a> {
    /// A short message.
    Sms(&'a SecretText),
    /// A call.
    Call(&'a Script),
}

impl Words<'_> {
    /// All of it as one text, for who can only read a text out.
    pub fn whole(&self) -> &SecretText {
        match self {
            Self::Sms(text) => text,
            Self::Call(script) => &script.whole,
        }
    }
}

/// A provider took a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// What it calls it.
    pub reference: Option<String>,
}

/// How a provider tells what became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reports {
    /// Not at all.
    Never,
    /// By calling the message's report address.
    Called,
    /// When it is asked.
    Asked,
    /// Over its open connection.
    Streamed,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Nothing that is final.
    Waiting,
    /// It is on the telephone; of a call: the code was said.
    Delivered,
    /// It never will be.
    Failed(FailureClass),
}

/// A provider's call to an address of ours.
pub struct Callback<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// The whole address as the provider knows it, query included.
    pub url: &'a str,
    /// The query, decoded, in order.
    pub query: &'a [(String, String)],
    /// The header fields, their names in lower case.
    pub headers: &'a [(String, String)],
    /// The body, bounded by the door.
    pub body: &'a [u8],
    /// Seconds since 1970: signatures have an age.
    pub now: i64,
}

impl Callback<'_> {
    /// The first field of that name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The first value of that name in the query.
    pub fn asked(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as a form, decoded, in order.
    pub fn form(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(self.body).into_owned().collect()
    }
}

/// What a provider's call to us told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// What became of the message.
    pub progress: Progress,
    /// What the provider is to be told.
    pub next: Next,
    /// What the provider calls the message, where it says so: it must be what it said at first.
    pub reference: Option<String>,
}

/// What a provider that calls us is told to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Nothing: it was a report.
    Nothing,
    /// The person who was called pressed a key: the code is to be said ([`Provider::code`]).
    Code,
    /// No key was pressed: the greeting once more, of which round this is ([`Provider::greeting`]).
    Greeting(u32),
    /// Something else, without the code.
    Say(Document),
}

/// Why a report is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReportFault {
    /// This provider sends none.
    #[error("no report is expected")]
    NotExpected,
    /// Its signature is missing, wrong, or too old.
    #[error("the report's signature is not right")]
    Forged,
    /// It says nothing that is understood.
    #[error("the report cannot be read")]
    Unreadable,
}

/// A report over an open connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Streamed {
    /// From which provider, by its name in the settings: they all send short messages.
    pub provider: String,
    /// What it calls the message.
    pub reference: String,
    /// What became of it.
    pub progress: Progress,
}

/// All providers of this server, in the order of trying. Cheap to clone.
#[derive(Clone)]
pub struct Gateways(Arc<Inner>);

struct Inner {
    members: Vec<Member>,
    streamed: tokio::sync::Mutex<mpsc::Receiver<Streamed>>,
}

/// One provider with what every kind has.
pub struct Member {
    /// Its channel and its name in the settings, such as `sms/primary`: for logs, listings and rows.
    pub name: String,
    /// What it sends.
    pub channel: Channel,
    /// Its kind, for listings.
    pub kind: &'static str,
    /// What one part of a message or one call costs, in millionths of the account's currency.
    pub price: i64,
    /// Itself.
    pub provider: AnyProvider,
}

impl Member {
    /// What a provider of a list is called.
    pub fn named(channel: Channel, name: &str) -> String {
        format!("{}/{name}", channel.word())
    }
}

impl Gateways {
    /// Providers from settings.
    ///
    /// # Errors
    /// One clear sentence: which provider, what is wrong.
    pub fn open(settings: &[ProviderSettings], clock: &Arc<dyn Clock>) -> Result<Self, String> {
        let (to_us, streamed) = mpsc::channel(WAITING_REPORTS);
        let shared = Shared { web: Web::open()?, clock: clock.clone(), reports: to_us };
        let mut members: Vec<Member> = Vec::new();
        for one in settings {
            let wrong = |what: String| format!("code provider {:?}: {what}", one.section.name());
            let kind = KINDS.iter().find(|kind| kind.name == one.kind).ok_or_else(|| wrong(kinds()))?;
            if !kind.channels.contains(&one.channel) {
                return Err(wrong(format!("kind {:?} does not send by {}", kind.name, one.channel.word())));
            }
            let name = Member::named(one.channel, one.section.name());
            if members.iter().any(|other| other.name == name) {
                return Err(wrong("name: another provider of this list has it".to_owned()));
            }
            members.push(Member {
                name,
                channel: one.channel,
                kind: kind.name,
                price: one.price,
                provider: (kind.build)(&one.section, one.channel, &shared).map_err(wrong)?,
            });
        }
        Ok(Self::of(members, streamed))
    }

    /// None: for commands that send nothing.
    pub fn none() -> Self {
        Self::of(Vec::new(), mpsc::channel(1).1)
    }

    /// The demonstration's: every code goes to the listener.
    pub fn shown(to: mpsc::UnboundedSender<ShownCode>) -> Self {
        Self::of(shown::members(&to), mpsc::channel(1).1)
    }

    fn of(members: Vec<Member>, streamed: mpsc::Receiver<Streamed>) -> Self {
        Self(Arc::new(Inner { members, streamed: tokio::sync::Mutex::new(streamed) }))
    }

    /// Begins what lasts as long as the server.
    pub fn start(&self) {
        self.0.members.iter().for_each(|member| member.provider.start());
    }

    /// All of them, in the order of trying: those of each channel among themselves.
    pub fn members(&self) -> &[Member] {
        &self.0.members
    }

    /// Whether a channel has a provider.
    pub fn has(&self, channel: Channel) -> bool {
        self.0.members.iter().any(|member| member.channel == channel)
    }

    /// One by its name.
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.0.members.iter().find(|member| member.name == name)
    }

    /// The next report over an open connection; pends for ever where there is none.
    pub async fn streamed(&self) -> Streamed {
        match self.0.streamed.lock().await.recv().await {
            Some(report) => report,
            None => std::future::pending().await,
        }
    }
}

/// What a kind may be, as a sentence.
pub fn kinds() -> String {
    let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
    format!("kind must be one of: {}", names.join(", "))
}

/// Reports that wait to be noted; a connection that brings more waits.
const WAITING_REPORTS: usize = 256;
