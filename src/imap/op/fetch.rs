//! FETCH (RFC 3501 §6.4.5, §7.4.2): message by message, so that what is written never waits for what is not.
//!
//! What lists ask for comes from summaries, several at a time; octets of messages are read only where a summary
//! is not enough, and are shared with what is written, not copied. What was expunged elsewhere is passed over, and
//! the reply says so (RFC 5530 §3, EXPUNGEISSUED).

use std::collections::VecDeque;
use std::sync::Arc;

use crate::domain::{EntryId, Fault, FlagChange, Flags, SystemFlags};
use crate::imap::grammar::command::By;
use crate::imap::grammar::fetch::{Item, Modifiers};
use crate::imap::grammar::sequence::SequenceSet;
use crate::imap::out::Out;
use crate::imap::verbs::{Mailbox, Octets};
use crate::imap::view::Conversation;
use crate::mailbox::{EntryInfo, FolderError, Found};
use crate::mime::{Structure, Summary};

use super::items::{self, Source};
use super::{Reply, Work, select};

/// A FETCH on its way.
pub struct Fetch {
    by: By,
    items: Vec<Item>,
    needs_octets: bool,
    needs_summary: bool,
    /// Whether `\Seen` is set where it is not.
    marks: bool,
    /// Whether flags are told that did not change.
    tells: bool,
    /// The messages as they were when it began: it tells no EXPUNGE before the end.
    entries: Arc<Vec<EntryInfo>>,
    left: VecDeque<usize>,
    /// Summaries that were read and not used yet, in the order of `left`.
    ready: VecDeque<Found<Arc<Summary>>>,
    now: Option<Message>,
    /// Octets of messages that may still be read before more is granted.
    granted: u64,
    missing: bool,
    unreadable: bool,
    undecoded: bool,
}

/// The message that is being written.
struct Message {
    at: usize,
    flags: Flags,
    /// Whether it was seen before: what this sets is told.
    was_seen: bool,
    marked: bool,
    modseq: u64,
    octets: Option<Octets>,
    structure: Option<Structure>,
    summary: Option<Arc<Summary>>,
    /// How many items are written.
    written: usize,
}

/// Begins.
pub(super) async fn begin<M: Mailbox>(
    talk: &mut Conversation<M>,
    (by, set): (By, &SequenceSet),
    mut items: Vec<Item>,
    modifiers: Modifiers,
    out: &mut Out,
) -> Result<Work, Fault> {
    if modifiers.vanished && !talk.enabled.qresync {
        return Ok(Work::Done(Reply::bad("QRESYNC is to be enabled first")));
    }
    if modifiers.changed_since.is_some() || items.contains(&Item::Modseq) {
        talk.asks_modseq(out);
    }
    let Some(selected) = &talk.selected else { return Ok(Work::Done(Reply::no("No mailbox is selected"))) };
    let Ok(mut places) = selected.places(by, set) else { return Ok(Work::Done(Reply::out_of_range())) };
    let entries = Arc::clone(&selected.entries);
    if let Some(since) = modifiers.changed_since {
        places.retain(|at| entries.get(*at).is_some_and(|entry| entry.modseq > since));
        // RFC 7162 §3.1.4.1: as if it were asked for.
        add(&mut items, Item::Modseq);
        if modifiers.vanished {
            let gone = talk.mailbox.expunged(selected.folder, since).await?;
            select::vanished(&gone, &set.ranges(Some(selected.largest)).unwrap_or_default(), out);
        }
    }
    // RFC 3501 §6.4.8: the answer to UID FETCH holds the UID.
    if by == By::Uid && !items.contains(&Item::Uid) {
        items.insert(0, Item::Uid);
    }
    let marks = !selected.read_only && items.iter().any(Item::sets_seen);
    let tells = items.contains(&Item::Flags);
    if marks {
        // Flags come last: `\Seen` is set when the octets before them are sent, not sooner.
        items.retain(|item| *item != Item::Flags && *item != Item::Modseq);
        if talk.enabled.condstore {
            items.push(Item::Modseq);
        }
        items.push(Item::Flags);
    } else if tells && talk.enabled.condstore {
        add(&mut items, Item::Modseq);
    }
    Ok(Work::Fetch(Fetch {
        by,
        needs_octets: items.iter().any(Item::needs_octets),
        needs_summary: items.iter().any(Item::needs_summary),
        items,
        marks,
        tells,
        entries,
        left: places.into(),
        ready: VecDeque::new(),
        now: None,
        granted: 0,
        missing: false,
        unreadable: false,
        undecoded: false,
    }))
}

fn add(items: &mut Vec<Item>, item: Item) {
    if !items.contains(&item) {
        items.push(item);
    }
}

impl Fetch {
    /// Whether no message is half written.
    pub fn is_between(&self) -> bool {
        self.now.is_none()
    }

    /// How many octets the next message has, where its octets are to be read: as many are to be granted at least.
    pub fn wants(&self) -> Option<u64> {
        let next = self.entries.get(*self.left.front()?)?;
        self.needs_octets.then_some(next.size)
    }

    /// So many octets of messages may be in memory until what waits is written.
    pub fn grant(&mut self, octets: u64) {
        self.granted = octets;
    }

    /// Fetches until `enough` octets wait or all is done; the reply, when it is. What waits is to be written
    /// before the next step: only then is a message marked as seen, and more granted.
    ///
    /// # Errors
    /// A [`Fault`] of the mailbox.
    pub async fn step<M: Mailbox>(
        &mut self,
        talk: &mut Conversation<M>,
        enough: usize,
        out: &mut Out,
    ) -> Result<Option<Reply>, Fault> {
        while out.len() < enough {
            let Some(mut message) = self.now.take() else {
                if let Some(size) = self.wants() {
                    let Some(granted) = self.granted.checked_sub(size) else { return Ok(None) };
                    self.granted = granted;
                }
                let Some(at) = self.next(talk).await? else { return Ok(Some(self.reply())) };
                self.now = self.read(talk, at).await?;
                if let (Some(message), Some(selected)) = (&self.now, &mut talk.selected) {
                    if self.items.contains(&Item::Flags) {
                        selected.tell_keywords(&message.flags.keywords, out);
                    }
                    out.push("* ");
                    out.number(at.saturating_add(1));
                    out.push(" FETCH (");
                }
                continue;
            };
            let (Some(item), Some(entry)) = (self.items.get(message.written), self.entries.get(message.at)) else {
                continue;
            };
            let seen = message.was_seen;
            // The mod-sequence is told with the flags that it belongs to.
            let last = self.marks && matches!(item, Item::Flags | Item::Modseq);
            if last && !seen && !message.marked {
                if !out.is_empty() {
                    self.now = Some(message);
                    return Ok(None);
                }
                if let Err(fault) = mark(talk, entry, &mut message).await {
                    out.line(")");
                    return Err(fault);
                }
                message.marked = true;
            }
            if !last || !seen || self.tells {
                if message.written > 0 {
                    out.push(" ");
                }
                let source = Source {
                    entry,
                    flags: &message.flags,
                    modseq: message.modseq,
                    octets: message.octets.as_ref(),
                    structure: message.structure.as_ref(),
                    summary: message.summary.as_deref(),
                };
                self.undecoded |= !items::write(item, &source, out);
            }
            message.written = message.written.saturating_add(1);
            if message.written < self.items.len() {
                self.now = Some(message);
                continue;
            }
            out.line(")");
            // One message at a time is in memory.
            if message.octets.is_some_and(|octets| octets.len() > enough) {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// The next place; with it the summaries of those that follow are read, where they are needed.
    async fn next<M: Mailbox>(&mut self, talk: &Conversation<M>) -> Result<Option<usize>, Fault> {
        if self.needs_summary && !self.needs_octets && self.ready.is_empty() && !self.left.is_empty() {
            let Some(selected) = &talk.selected else { return Ok(None) };
            let places = self.left.iter().take(TOGETHER);
            let ids: Vec<EntryId> = places.filter_map(|at| self.entries.get(*at)).map(|entry| entry.id).collect();
            self.ready = talk.mailbox.summaries(selected.folder, &ids).await?.into();
        }
        Ok(self.left.pop_front())
    }

    /// Reads the message at a place; none when it is gone or does not open.
    async fn read<M: Mailbox>(&mut self, talk: &Conversation<M>, at: usize) -> Result<Option<Message>, Fault> {
        let (Some(entry), Some(selected)) = (self.entries.get(at), &talk.selected) else { return Ok(None) };
        let mut message = Message {
            at,
            was_seen: selected.known_flags(entry).system.has(SystemFlags::SEEN),
            marked: false,
            flags: selected.known_flags(entry).clone(),
            modseq: entry.modseq,
            octets: None,
            structure: None,
            summary: None,
            written: 0,
        };
        if self.needs_octets {
            let octets = match talk.mailbox.message(entry.id).await {
                Ok(Some(octets)) => octets,
                Ok(None) => {
                    self.missing = true;
                    return Ok(None);
                }
                Err(fault) if fault.is_transient() => return Err(fault),
                // One message that does not open takes no other away (fault 17).
                Err(fault) => {
                    tracing::error!(entry = %entry.id, %fault, "a message that does not open is passed over");
                    self.unreadable = true;
                    return Ok(None);
                }
            };
            message.structure = self.items.iter().any(items::needs_structure).then(|| Structure::read(&octets));
            message.summary = self.needs_summary.then(|| Arc::new(Summary::of(&octets)));
            message.octets = Some(octets);
        } else if self.needs_summary {
            match self.ready.pop_front() {
                Some(Found::There(summary)) => message.summary = Some(summary),
                Some(Found::Unreadable) => {
                    self.unreadable = true;
                    return Ok(None);
                }
                Some(Found::Gone) | None => {
                    self.missing = true;
                    return Ok(None);
                }
            }
        }
        Ok(Some(message))
    }

    fn reply(&self) -> Reply {
        if self.unreadable {
            Reply::no("[SERVERBUG] Some messages do not open; the others are above").held(self.by)
        } else if self.undecoded {
            // RFC 3516 §4.3.
            Reply::no("[UNKNOWN-CTE] Some parts are encoded in an unknown way").held(self.by)
        } else if self.missing {
            Reply::no("[EXPUNGEISSUED] Some messages are gone").held(self.by)
        } else {
            Reply::ok("FETCH completed").held(self.by)
        }
    }
}

/// Sets `\Seen` on a message, where fetching does (RFC 3501 §6.4.5).
async fn mark<M: Mailbox>(talk: &mut Conversation<M>, entry: &EntryInfo, message: &mut Message) -> Result<(), Fault> {
    let Some(selected) = &mut talk.selected else { return Ok(()) };
    let seen = Flags { system: SystemFlags::SEEN, ..Flags::default() };
    let changed = talk.mailbox.change_flags(selected.folder, &[entry.uid], FlagChange::Add, &seen, None).await;
    let now = match changed {
        Ok(flagged) => flagged.entries.into_iter().next(),
        Err(FolderError::Fault(fault)) => return Err(fault),
        // The others speak of keywords.
        Err(_) => None,
    };
    let Some(now) = now else { return Ok(()) };
    // What else changed meanwhile is told when the command ends.
    message.flags.system = message.flags.system.with(SystemFlags::SEEN);
    message.modseq = now.modseq;
    selected.told.insert(entry.uid, message.flags.clone());
    Ok(())
}

/// Summaries that are read at once.
const TOGETHER: usize = 64;
