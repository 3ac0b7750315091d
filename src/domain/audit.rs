//! Audit events (FHIR AuditEvent): who did what to which row, by ids alone.

use super::mailbox::words;
use super::{DeliveryId, DeviceId, MailboxId, MessageId, PatientId, PracticeId, SessionId, Timestamp};

words! {
    /// What was done.
    Verb {
        /// The server or a command started on this database for the first time.
        Founded = "founded",
        /// A practice was made.
        PracticeAdded = "practice.added",
        /// A practice was changed.
        PracticeChanged = "practice.changed",
        /// A practice was removed.
        PracticeRemoved = "practice.removed",
        /// A domain was added.
        DomainAdded = "domain.added",
        /// A mailbox was made.
        MailboxAdded = "mailbox.added",
        /// A device was made.
        DeviceAdded = "device.added",
        /// A device was used for the first time.
        DeviceFirstUsed = "device.first-used",
        /// A device was used again (noted at most once an hour).
        DeviceUsed = "device.used",
        /// A device that waited can read: its announcement lay in INBOX.
        DeviceFilled = "device.filled",
        /// A device was revoked.
        DeviceRevoked = "device.revoked",
        /// The keys of a mailbox were renewed after a device was revoked.
        KeysRenewed = "keys.renewed",
        /// The change of the root key began: who starts from now on must have the new one.
        RootKeyChanged = "root-key.changed",
        /// Values were brought under the root key in use; the count says how many.
        Rewrapped = "root-key.rewrapped",
        /// Everything that can be is under the root key in use.
        RootKeyRotated = "root-key.rotated",
        /// A root key was retired: it opens nothing any more; the count says how many values were lost with it.
        RootKeyRetired = "root-key.retired",
        /// A device was made that waits for the recovery certificate.
        RecoveryAsked = "recovery.asked",
        /// The recovery certificate let a device read.
        Recovered = "mailbox.recovered",
        /// A backup was made.
        BackedUp = "backup.made",
        /// A backup was read into an empty database.
        Restored = "backup.restored",
        /// Deliveries that a restore held were opened again.
        Released = "delivery.released",
        /// A login was refused.
        LoginRefused = "login.refused",
        /// A person was added to the directory.
        PatientAdded = "patient.added",
        /// A person of the directory was changed.
        PatientChanged = "patient.changed",
        /// A person was removed from the directory.
        PatientRemoved = "patient.removed",
        /// Coordinates were shown unmasked.
        PatientRevealed = "patient.revealed",
        /// What a mailbox told of a number was not confirmed.
        LearnedRefused = "learned.refused",
        /// A message was accepted.
        Deposited = "message.deposited",
        /// Work of the outbox was claimed.
        Claimed = "outbox.claimed",
        /// The relay took a notice.
        HandedOver = "notice.handed-over",
        /// The relay asked to try later.
        Postponed = "notice.postponed",
        /// A notice cannot be delivered.
        Bounced = "notice.bounced",
        /// Somebody answered a notice: thrown away unread, and they are to be told so.
        ReplyDropped = "reply.dropped",
        /// They were told (count 1), or could not be (0).
        ReplyAnswered = "reply.answered",
        /// An answer that was written on the page came into INBOX (count: its files).
        AnswerDeposited = "answer.deposited",
        /// An answer was posted after its page had closed: it waits, sealed, for a code (count: its files).
        AnswerKept = "answer.kept",
        /// Nobody gave a code for an answer in time: it is gone.
        AnswerDropped = "answer.dropped",
        /// A notice was put back into the queue by hand.
        Retried = "notice.retried",
        /// The page of a link was loaded by a machine: HEAD, a load ahead of its reader, a request that is no navigation of
        /// a window (Fetch Metadata). Each kind of visit is noted at most once an hour.
        LinkFetched = "link.fetched",
        /// The page of a link was loaded without a person's sign: by a scanner or a preview, as a rule; a browser from
        /// before 2023 gives none either.
        LinkLoaded = "link.loaded",
        /// The page of a link was loaded into a window of a browser: a person's, or one that a scanner drives. That it was a
        /// person only a right code proves.
        LinkShown = "link.shown",
        /// A button of a link's page was pressed with nothing said: no choice beside it, no tick. So does a scanner that
        /// presses everything, and a person in haste.
        LinkPressed = "link.pressed",
        /// A code was asked for.
        CodeIssued = "code.issued",
        /// A provider is about to be given a code.
        CodeTried = "code.tried",
        /// A provider took a code (count 1) or did not (0).
        CodeSent = "code.sent",
        /// A provider told that a code arrived (count 1) or will not (0).
        CodeReported = "code.reported",
        /// The patient said that a code did not arrive.
        CodeMissed = "code.missed",
        /// Codes to numbers that looked pumped were let through by hand, or what was known of a number forgotten.
        CodesResumed = "codes.resumed",
        /// A code was refused: wrong, late, or from another browser.
        CodeRefused = "code.refused",
        /// A right code was given: it was a person.
        CodeAccepted = "code.accepted",
        /// A delivery was closed after too many wrong codes.
        DeliveryLocked = "delivery.locked",
        /// The message page was shown.
        Opened = "delivery.opened",
        /// An attachment was given out whole.
        Downloaded = "delivery.downloaded",
        /// All attachments were given out whole, as one file (count: how many).
        DownloadedAll = "delivery.downloaded-all",
        /// The patient closed or prolonged the page.
        SessionChanged = "session.changed",
        /// The page of one letter opened another of the same person, by its link.
        SessionJoined = "session.joined",
        /// A page was opened by its link in a browser that is remembered, without a code.
        SessionRemembered = "session.remembered",
        /// A right code was given, and its browser is remembered from now on.
        BrowserRemembered = "browser.remembered",
        /// The patient had it forgotten.
        BrowserForgotten = "browser.forgotten",
        /// The sender recalls letters: closed, their keys to be destroyed.
        RecallBegun = "recall.begun",
        /// The sender undid that.
        RecallUndone = "recall.undone",
        /// The sender recalled a delivery.
        Recalled = "delivery.recalled",
        /// A letter whose time was over was sent once more, as its sender wished.
        SentAgain = "delivery.sent-again",
        /// Who had not opened a letter was reminded; count: 1 where it was taken.
        Reminded = "delivery.reminded",
        /// Somebody without a code asked for a letter again, or said that it is another's: its sender was told.
        Aside = "delivery.aside",
        /// A delivery came to its end.
        Expired = "delivery.expired",
        /// The sender of a held delivery was asked again, or reminded.
        HoldAsked = "hold.asked",
        /// The sender of a held delivery said which number to use.
        HoldAnswered = "hold.answered",
        /// The sender said that the number that was settled is wrong.
        HoldUndone = "hold.undone",
        /// A receipt was put into the sender's mailbox.
        ReceiptDeposited = "receipt.deposited",
        /// A row failed its authority check and was not used.
        AuthorityFailed = "authority.failed",
        /// A mail client opened a mailbox (noted when a slot is first used, then at most once an hour).
        MailboxOpened = "mailbox.opened",
        /// A folder was made, with the missing ones above it.
        FolderCreated = "folder.created",
        /// A folder was deleted with its messages.
        FolderDeleted = "folder.deleted",
        /// A folder and those below it were renamed, or the messages of INBOX moved by a RENAME.
        FolderRenamed = "folder.renamed",
        /// A folder was subscribed to, or no more.
        FolderSubscribed = "folder.subscribed",
        /// A mail client stored a message.
        Appended = "message.appended",
        /// A mail client stored a message in the place of another.
        Replaced = "message.replaced",
        /// Messages were copied to another folder.
        Copied = "message.copied",
        /// Messages were moved to another folder.
        Moved = "message.moved",
        /// Messages were taken away for good.
        Expunged = "message.expunged",
        /// Flags or keywords were changed.
        Flagged = "message.flagged",
        /// The server's copies of submissions began to show.
        CopiesShown = "copies.shown",
        /// Summaries were made again from their messages.
        SummariesMade = "summaries.made",
        /// Messages were taken from another account or from files.
        Imported = "mailbox.imported",
        /// Names that an import left sealed were taken over by a session.
        NamesAdopted = "names.adopted",
        /// Everything was written out, in clear, to a folder.
        Exported = "mailbox.exported",
        /// A mailbox passed a mark of its quota, or fell below one; the count is the mark that its owner is told.
        QuotaCrossed = "mailbox.quota-crossed",
        /// A mailbox's quota or its copies of what is sent were set.
        MailboxChanged = "mailbox.changed",
        /// A client that fetches through somebody's cloud was not let in (noted at most once an hour).
        CloudClientRefused = "cloud-client.refused",
        /// One was let in, since the settings allow it (noted at most once an hour).
        CloudClientAdmitted = "cloud-client.admitted",
        /// The server started with settings that let them in.
        CloudClientsAllowed = "cloud-clients.allowed",
        /// A mailbox or a device of it may write as another address.
        SendAsAllowed = "send-as.allowed",
        /// It no longer may.
        SendAsRefused = "send-as.refused",
        /// Housekeeping: old rows, orphaned objects.
        Swept = "store.swept",
    }
}

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// The server by itself.
    Server,
    /// An administrator on the command line.
    Operator,
    /// A mail client.
    Device(DeviceId),
    /// Somebody who holds the link of this delivery, before the right code.
    LinkHolder(DeliveryId),
    /// A patient's page, after it.
    Session(SessionId),
}

/// One event of the journal. Holds ids, counts and times; never a word of a person.
#[derive(Debug, Clone)]
pub struct AuditEvent {
    /// When.
    pub at: Timestamp,
    /// What.
    pub verb: Verb,
    /// Who.
    pub actor: Actor,
    /// In which practice.
    pub practice: Option<PracticeId>,
    /// About which mailbox.
    pub mailbox: Option<MailboxId>,
    /// About which device.
    pub device: Option<DeviceId>,
    /// About which message.
    pub message: Option<MessageId>,
    /// About which delivery.
    pub delivery: Option<DeliveryId>,
    /// About which person of the directory.
    pub patient: Option<PatientId>,
    /// How many, where it counts something.
    pub count: Option<i64>,
}

impl AuditEvent {
    /// An event that names nothing yet; the `about_…` methods add what it is about.
    pub fn new(at: Timestamp, actor: Actor, verb: Verb) -> Self {
        Self {
            at,
            verb,
            actor,
            practice: None,
            mailbox: None,
            device: None,
            message: None,
            delivery: None,
            patient: None,
            count: None,
        }
    }

    /// Names the practice.
    #[must_use]
    pub fn about_practice(mut self, id: PracticeId) -> Self {
        self.practice = Some(id);
        self
    }

    /// Names the mailbox.
    #[must_use]
    pub fn about_mailbox(mut self, id: MailboxId) -> Self {
        self.mailbox = Some(id);
        self
    }

    /// Names the device.
    #[must_use]
    pub fn about_device(mut self, id: DeviceId) -> Self {
        self.device = Some(id);
        self
    }

    /// Names the message.
    #[must_use]
    pub fn about_message(mut self, id: MessageId) -> Self {
        self.message = Some(id);
        self
    }

    /// Names the delivery.
    #[must_use]
    pub fn about_delivery(mut self, id: DeliveryId) -> Self {
        self.delivery = Some(id);
        self
    }

    /// Names the person of the directory.
    #[must_use]
    pub fn about_patient(mut self, id: PatientId) -> Self {
        self.patient = Some(id);
        self
    }

    /// Counts something.
    #[must_use]
    pub fn counting(mut self, count: i64) -> Self {
        self.count = Some(count);
        self
    }

    /// The event as one line of `key=value`, the text that the chain authenticates.
    pub fn line(&self) -> String {
        let mut line = format!("at={} verb={}", self.at.0, self.verb.word());
        match self.actor {
            Actor::Server => line.push_str(" by=server"),
            Actor::Operator => line.push_str(" by=operator"),
            Actor::Device(id) => line.push_str(&format!(" by=device:{id}")),
            Actor::LinkHolder(id) => line.push_str(&format!(" by=link:{id}")),
            Actor::Session(id) => line.push_str(&format!(" by=session:{id}")),
        }
        let mut add = |key: &str, id: Option<String>| {
            if let Some(id) = id {
                line.push_str(&format!(" {key}={id}"));
            }
        };
        add("practice", self.practice.map(|id| id.to_string()));
        add("mailbox", self.mailbox.map(|id| id.to_string()));
        add("device", self.device.map(|id| id.to_string()));
        add("message", self.message.map(|id| id.to_string()));
        add("delivery", self.delivery.map(|id| id.to_string()));
        add("patient", self.patient.map(|id| id.to_string()));
        add("count", self.count.map(|n| n.to_string()));
        line
    }
}
