//! FETCH (RFC 3501 §6.4.5, §7.4.2): message by message, so that what is written never waits for what is not.
//!
//! Octets of messages are shared with what is written, not copied. What was expunged elsewhere is passed over,
//! and the reply says so (RFC 5530 §3, EXPUNGEISSUED).

use std::collections::VecDeque;

use crate::domain::{Fault, FlagChange, Flags, SystemFlags};
use crate::imap::grammar::command::By;
use crate::imap::grammar::date::internal_date;
use crate::imap::grammar::fetch::{Item, Of, Section};
use crate::imap::grammar::sequence::SequenceSet;
use crate::imap::out::{self, Out};
use crate::imap::section::{self, Content};
use crate::imap::verbs::{Mailbox, Octets};
use crate::imap::view::Conversation;
use crate::mailbox::{EntryInfo, FolderError};
use crate::mime::{Structure, Wire, bodystructure, envelope, field};

use super::{Reply, Work};

/// A FETCH on its way.
pub struct Fetch {
    by: By,
    items: Vec<Item>,
    /// Whether `\Seen` is set where it is not.
    marks: bool,
    /// Whether flags are told that did not change.
    tells: bool,
    /// Places in the view: it tells no EXPUNGE before the end.
    left: VecDeque<usize>,
    now: Option<Message>,
    /// Octets of messages that may still be read before more is granted.
    granted: u64,
    missing: bool,
    unreadable: bool,
}

/// The message that is being written.
struct Message {
    at: usize,
    entry: EntryInfo,
    octets: Option<Octets>,
    structure: Option<Structure>,
    /// How many items are written.
    written: usize,
}

/// Begins.
pub(super) fn begin<M: Mailbox>(talk: &Conversation<M>, by: By, set: &SequenceSet, mut items: Vec<Item>) -> Work {
    let Some(selected) = &talk.selected else { return Work::Done(Reply::no("No mailbox is selected")) };
    let Ok(places) = selected.places(by, set) else { return Work::Done(Reply::out_of_range()) };
    // RFC 3501 §6.4.8: the answer to UID FETCH holds the UID.
    if by == By::Uid && !items.contains(&Item::Uid) {
        items.insert(0, Item::Uid);
    }
    let marks = !selected.read_only && items.iter().any(Item::sets_seen);
    let tells = items.contains(&Item::Flags);
    if marks {
        // Flags come last: `\Seen` is set when the octets before them are sent, not sooner.
        items.retain(|item| *item != Item::Flags);
        items.push(Item::Flags);
    }
    Work::Fetch(Fetch {
        by,
        items,
        marks,
        tells,
        left: places.into(),
        now: None,
        granted: 0,
        missing: false,
        unreadable: false,
    })
}

impl Fetch {
    /// Whether no message is half written.
    pub fn is_between(&self) -> bool {
        self.now.is_none()
    }

    /// How many octets the next message has, where its octets are to be read: as many are to be granted at least.
    pub fn wants<M>(&self, talk: &Conversation<M>) -> Option<u64> {
        let next = talk.selected.as_ref()?.entries.get(*self.left.front()?)?;
        self.items.iter().any(Item::needs_octets).then_some(next.size)
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
                if let Some(size) = self.wants(talk) {
                    let Some(granted) = self.granted.checked_sub(size) else { return Ok(None) };
                    self.granted = granted;
                }
                let Some(at) = self.left.pop_front() else { return Ok(Some(self.reply())) };
                self.now = self.read(talk, at).await?;
                if let (Some(message), Some(selected)) = (&self.now, &mut talk.selected) {
                    if self.items.contains(&Item::Flags) {
                        selected.tell_keywords(&message.entry.flags.keywords, out);
                    }
                    out.push(format!("* {} FETCH (", at.saturating_add(1)));
                }
                continue;
            };
            let Some(item) = self.items.get(message.written) else { continue };
            let flags = self.marks && *item == Item::Flags;
            let seen = message.entry.flags.system.has(SystemFlags::SEEN);
            if flags && !seen {
                if !out.is_empty() {
                    self.now = Some(message);
                    return Ok(None);
                }
                if let Err(fault) = mark(talk, &mut message).await {
                    out.line(")");
                    return Err(fault);
                }
            }
            if !flags || !seen || self.tells {
                if message.written > 0 {
                    out.push(" ");
                }
                write(item, &message.entry, message.octets.as_ref(), message.structure.as_ref(), out);
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

    /// Reads the message at a place; none when it is gone or does not open.
    async fn read<M: Mailbox>(&mut self, talk: &Conversation<M>, at: usize) -> Result<Option<Message>, Fault> {
        let Some(entry) = talk.selected.as_ref().and_then(|selected| selected.entries.get(at)).cloned() else {
            return Ok(None);
        };
        if !self.items.iter().any(Item::needs_octets) {
            return Ok(Some(Message { at, entry, octets: None, structure: None, written: 0 }));
        }
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
        let structure = self.items.iter().any(needs_structure).then(|| Structure::read(&octets));
        Ok(Some(Message { at, entry, octets: Some(octets), structure, written: 0 }))
    }

    fn reply(&self) -> Reply {
        if self.unreadable {
            Reply::no("[SERVERBUG] Some messages do not open; the others are above").held(self.by)
        } else if self.missing {
            Reply::no("[EXPUNGEISSUED] Some messages are gone").held(self.by)
        } else {
            Reply::ok("FETCH completed").held(self.by)
        }
    }
}

/// Sets `\Seen` on a message, where fetching does (RFC 3501 §6.4.5).
async fn mark<M: Mailbox>(talk: &mut Conversation<M>, message: &mut Message) -> Result<(), Fault> {
    let Some(selected) = &mut talk.selected else { return Ok(()) };
    let seen = Flags { system: SystemFlags::SEEN, ..Flags::default() };
    match talk.mailbox.change_flags(selected.folder, &[message.entry.uid], FlagChange::Add, &seen).await {
        Ok(changed) if changed.is_empty() => return Ok(()),
        Ok(_) => {}
        Err(FolderError::Fault(fault)) => return Err(fault),
        // The others speak of keywords.
        Err(_) => return Ok(()),
    }
    // What else changed meanwhile is told when the command ends.
    message.entry.flags.system = message.entry.flags.system.with(SystemFlags::SEEN);
    if let Some(known) = selected.entries.get_mut(message.at) {
        known.flags = message.entry.flags.clone();
    }
    Ok(())
}

/// The whole of a message needs no taking apart.
fn needs_structure(item: &Item) -> bool {
    match item {
        Item::Octets { section, .. } => *section != Section::default(),
        item => item.needs_octets(),
    }
}

fn write(item: &Item, entry: &EntryInfo, octets: Option<&Octets>, structure: Option<&Structure>, out: &mut Out) {
    match (item, octets, structure) {
        (Item::Flags, ..) => out.push(format!("FLAGS {}", out::flags(&entry.flags))),
        (Item::Uid, ..) => out.push(format!("UID {}", entry.uid)),
        (Item::InternalDate, ..) => out.push(format!("INTERNALDATE {}", internal_date(entry.received_at))),
        (Item::Size, ..) => out.push(format!("RFC822.SIZE {}", entry.size)),
        (Item::Envelope, Some(octets), Some(structure)) => {
            out.push("ENVELOPE ");
            let header = structure.root().map(|root| field::head(octets, &root.header));
            let mut wire = Wire::default();
            envelope::write(header.unwrap_or_default(), &mut envelope::MOST_ADDRESSES.clone(), &mut wire);
            out.push(wire.octets());
        }
        (Item::Body, Some(octets), Some(structure)) => {
            out.push("BODY ");
            let mut wire = Wire::default();
            bodystructure::write(octets, structure, false, &mut wire);
            out.push(wire.octets());
        }
        (Item::BodyStructure, Some(octets), Some(structure)) => {
            out.push("BODYSTRUCTURE ");
            let mut wire = Wire::default();
            bodystructure::write(octets, structure, true, &mut wire);
            out.push(wire.octets());
        }
        (Item::Octets { section, partial, older, .. }, Some(octets), structure) => {
            out.push(older.map_or_else(|| label(section, *partial), str::to_owned));
            out.push(" ");
            let content = match structure {
                Some(structure) => section::content(octets, structure, section),
                None => Content::Range(0..octets.len()),
            };
            match content {
                Content::Nil => out.push("NIL"),
                Content::Range(range) => out.literal(octets, section::partial(range, *partial)),
                Content::Fields(fields) => {
                    let range = section::partial(0..fields.len(), *partial);
                    let fields = field::slice(&fields, &range);
                    out.push(format!("{{{}}}\r\n", fields.len()));
                    out.push(fields);
                }
            }
        }
        // Invariant: what needs octets is asked for with them; NIL is right for all of these.
        _ => out.push("BODY[] NIL"),
    }
}

/// How a section is named in the answer.
fn label(section: &Section, partial: Option<(u32, u32)>) -> String {
    let mut words: Vec<String> = section.part.iter().map(u32::to_string).collect();
    match &section.of {
        None => {}
        Some(Of::Header) => words.push("HEADER".to_owned()),
        Some(Of::Text) => words.push("TEXT".to_owned()),
        Some(Of::Mime) => words.push("MIME".to_owned()),
        Some(Of::Fields { not, names }) => {
            let names: Vec<String> = names.iter().map(|name| astring(name)).collect();
            let not = if *not { ".NOT" } else { "" };
            words.push(format!("HEADER.FIELDS{not} ({})", names.join(" ")));
        }
    }
    let from = partial.map_or(String::new(), |(from, _)| format!("<{from}>"));
    format!("BODY[{}]{from}", words.join("."))
}

/// A field name as an atom where it is one.
fn astring(name: &str) -> String {
    if name.bytes().all(crate::imap::grammar::cursor::is_atom_char) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    }
}
