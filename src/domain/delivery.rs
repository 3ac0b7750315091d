//! A delivery to an outside recipient: its states, its channels, its failures.

use super::NumberFault;
use super::mailbox::words;

words! {
    /// Where a delivery stands: `held → queued → notified → opened → downloaded`, or one of the ends.
    DeliveryState {
        /// Its recipient waits for a number: nothing leaves.
        Held = "held",
        /// Accepted; the notice has not left yet.
        Queued = "queued",
        /// The relay took the notice: handed over, not delivered.
        Notified = "notified",
        /// The message page was shown after a right code.
        Opened = "opened",
        /// Every attachment was downloaded.
        Downloaded = "downloaded",
        /// Its time is over and its keys are gone.
        Expired = "expired",
        /// Recalled by the sender; its keys are gone.
        Recalled = "recalled",
        /// The notice cannot be delivered.
        Bounced = "bounced",
        /// A hundred wrong codes: closed until the sender makes a new one.
        Locked = "locked",
    }

    /// What came to the page of a link, as far as its request shows.
    Visit {
        /// A program that shows it to nobody: HEAD, a load ahead of its reader, a request that is no navigation.
        Machine = "machine",
        /// Nothing that a browser of today sends: a program, or a browser from before 2023.
        Unsigned = "unsigned",
        /// As browsers load a page into a window: somebody's, or one that a program drives.
        Browser = "browser",
        /// A button pressed that says nothing: no choice beside it, no tick.
        Press = "press",
    }

    /// How somebody is reminded who has not opened a letter.
    RemindBy {
        /// The notice once more.
        Mail = "mail",
        /// A short message.
        Sms = "sms",
        /// A call.
        Voice = "voice",
    }

    /// What the sender of a letter hears of its link, once in a day for each.
    Aside {
        /// The letter has ended, and is asked for again.
        Again = "again",
        /// The letter is somebody else's.
        NotMine = "not-mine",
        /// A code was asked for, and nobody could send it.
        NoCode = "no-code",
    }

    /// Why a recipient waits for a number.
    HoldReason {
        /// No number anywhere.
        NoNumber = "no-number",
        /// Numbers that differ.
        TwoNumbers = "two-numbers",
        /// What was given is no number.
        NotANumber = "not-a-number",
        /// Nobody has it.
        Impossible = "impossible",
        /// A special or special-rate number.
        Premium = "premium",
        /// A satellite telephone.
        Satellite = "satellite",
        /// It exists in several of the practice's countries.
        SeveralCountries = "several-countries",
        /// It is another country's, and its code is missing.
        NoCountry = "no-country",
        /// A country to which no codes are sent.
        Country = "country",
        /// The practice's own.
        OwnNumber = "own-number",
        /// Another is known for this address.
        Differs = "differs",
        /// It is another person's.
        SomebodyElses = "somebody-elses",
        /// A number in a reply or forward, never used with this address.
        OldTag = "old-tag",
        /// One number for several outside recipients.
        SeveralRecipients = "several-recipients",
        /// Several persons share the address.
        SeveralPersons = "several-persons",
        /// Whoever reads for somebody else does so no more.
        MandateEnded = "mandate-ended",
        /// The domain looks like a great provider's, misspelt.
        LookAlike = "look-alike",
        /// Its sender said that the number that was settled is wrong.
        Undone = "undone",
    }

    /// How a code travels.
    Channel {
        /// A short message.
        Sms = "sms",
        /// A call that reads the digits.
        Voice = "voice",
    }

    /// What became of one attempt to send a code.
    SentState {
        /// The provider has not answered yet.
        Pending = "pending",
        /// The provider took it, which says nothing of the telephone.
        Accepted = "accepted",
        /// It is on the telephone; of a call: the code was said.
        Delivered = "delivered",
        /// It never will be.
        Failed = "failed",
        /// Nobody knows: the node that sent it died, or nothing was heard of it.
        Lost = "lost",
    }

    /// What has a ceiling of messages and calls in a day.
    CeilingScope {
        /// All of this server.
        Server = "server",
        /// One practice.
        Practice = "practice",
        /// Numbers that differ in their last seven digits only.
        Prefix = "prefix",
        /// One number.
        Number = "number",
    }

    /// Why something could not be sent, without a word of anybody's.
    FailureClass {
        /// The server could not be reached.
        Unreachable = "unreachable",
        /// Its certificate or TLS was refused.
        Tls = "tls",
        /// It asks to try later (4xx).
        Later = "later",
        /// The recipient's address does not exist.
        UnknownAddress = "unknown-address",
        /// The recipient's mailbox is full.
        Full = "full",
        /// It refused for good.
        Refused = "refused",
        /// The relay does not take addresses beyond ASCII (RFC 6531).
        NoUtf8 = "no-smtputf8",
        /// It took the mail for junk, or against its rules.
        Spam = "spam",
        /// Nobody takes mail for the recipient's domain.
        NoServer = "no-server",
        /// Our user name or password is wrong there.
        Credentials = "credentials",
        /// It kept refusing for days.
        GaveUp = "gave-up",
        /// No provider is configured for this channel.
        NoProvider = "no-provider",
        /// A fault of this server: its log says more.
        Fault = "fault",
        /// Never opened in the time it was kept.
        NotOpened = "not-opened",
        /// Its sender did not say which number to use.
        Unanswered = "unanswered",
        /// An SMS to a landline.
        Landline = "landline",
        /// Nobody has this number.
        UnknownNumber = "unknown-number",
        /// Whoever has the number has refused our messages (STOP).
        Stopped = "stopped",
        /// The telephone is off or out of reach.
        Absent = "absent",
        /// The call was not answered, or no key was pressed.
        NoAnswer = "no-answer",
        /// Our account there is empty.
        Credit = "credit",
        /// As many as may be sent in a day were sent.
        Ceiling = "ceiling",
        /// Hardly any code sent to numbers of this kind is ever typed: somebody may be pumping messages.
        Pumping = "pumping",
        /// Nothing was heard of it in time.
        NoReport = "no-report",
    }
}

impl DeliveryState {
    /// Whether the patient may still ask for a code.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Notified | Self::Opened | Self::Downloaded)
    }
}

impl From<NumberFault> for HoldReason {
    fn from(fault: NumberFault) -> Self {
        match fault {
            NumberFault::NotANumber => Self::NotANumber,
            NumberFault::Premium | NumberFault::Company | NumberFault::Pager => Self::Premium,
            NumberFault::Satellite => Self::Satellite,
            NumberFault::SeveralCountries => Self::SeveralCountries,
            NumberFault::NoCountry => Self::NoCountry,
            NumberFault::Country => Self::Country,
            NumberFault::Own => Self::OwnNumber,
            _ => Self::Impossible,
        }
    }
}

impl FailureClass {
    /// Whether it concerns the number, whoever sends to it.
    pub fn is_about_the_number(self) -> bool {
        matches!(self, Self::Landline | Self::UnknownNumber | Self::Stopped | Self::Absent | Self::NoAnswer)
    }
}
