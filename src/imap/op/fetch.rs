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
use crate::imap::message::section::{self, Content};
use crate::imap::message::structure::Structure;
use crate::imap::message::{bodystructure, envelope, field};
use crate::imap::out::{self, Out};
use crate::imap::verbs::{Mailbox, Octets};
use crate::imap::view::{Conversation, Selected};
use crate::mailbox::{EntryInfo, FolderError};

use super::{Reply, Work};

/// A FETCH on its way.
pub struct Fetch {
    by: By,
    items: Vec<Item>,
    /// Places in the view: it tells no EXPUNGE before the end.
    left: VecDeque<usize>,
    /// How many of those have `\Seen` already, or are about to.
    marked: usize,
    missing: bool,
    unreadable: bool,
}

/// Begins.
pub(super) fn begin<M: Mailbox>(talk: &Conversation<M>, by: By, set: &SequenceSet, mut items: Vec<Item>) -> Work {
    let Some(selected) = &talk.selected else { return Work::Done(Reply::no("No mailbox is selected")) };
    let Ok(places) = selected.places(by, set) else { return Work::Done(Reply::out_of_range()) };
    // RFC 3501 §6.4.8: the answer to UID FETCH holds the UID.
    if by == By::Uid && !items.contains(&Item::Uid) {
        items.insert(0, Item::Uid);
    }
    Work::Fetch(Fetch { by, items, left: places.into(), marked: 0, missing: false, unreadable: false })
}

impl Fetch {
    /// Fetches until `enough` octets wait or all is done; the reply, when it is.
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
            let Some(at) = self.left.front().copied() else { return Ok(Some(self.reply())) };
            self.mark(talk).await?;
            self.left.pop_front();
            self.marked = self.marked.saturating_sub(1);
            let Some(entry) = talk.selected.as_ref().and_then(|selected| selected.entries.get(at)).cloned() else {
                continue;
            };
            let octets = if self.items.iter().any(Item::needs_octets) {
                match talk.mailbox.message(entry.id).await {
                    Ok(Some(octets)) => Some(octets),
                    Ok(None) => {
                        self.missing = true;
                        continue;
                    }
                    Err(fault) if fault.is_transient() => return Err(fault),
                    // One message that does not open takes no other away (fault 17).
                    Err(fault) => {
                        tracing::error!(entry = %entry.id, %fault, "a message that does not open is passed over");
                        self.unreadable = true;
                        continue;
                    }
                }
            } else {
                None
            };
            if let Some(selected) = &mut talk.selected {
                self.one(selected, at, &entry, octets.as_ref(), out);
            }
        }
        Ok(None)
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

    /// Sets `\Seen` on the next messages, where fetching does (RFC 3501 §6.4.5).
    async fn mark<M: Mailbox>(&mut self, talk: &mut Conversation<M>) -> Result<(), Fault> {
        let Some(selected) = &mut talk.selected else { return Ok(()) };
        if self.marked > 0 || selected.read_only || !self.items.iter().any(Item::sets_seen) {
            return Ok(());
        }
        self.marked = self.left.len().min(SLICE);
        let unseen = |entry: &&EntryInfo| !entry.flags.system.has(SystemFlags::SEEN);
        let next = self.left.iter().take(SLICE).filter_map(|at| selected.entries.get(*at)).filter(unseen);
        let uids: Vec<u32> = next.map(|entry| entry.uid).collect();
        if uids.is_empty() {
            return Ok(());
        }
        let seen = Flags { system: SystemFlags::SEEN, ..Flags::default() };
        let changed = match talk.mailbox.change_flags(selected.folder, &uids, FlagChange::Add, &seen).await {
            Ok(changed) => changed,
            Err(FolderError::Fault(fault)) => return Err(fault),
            // The others speak of keywords.
            Err(_) => Vec::new(),
        };
        for changed in changed {
            if let Ok(at) = selected.place(changed.uid)
                && let Some(entry) = selected.entries.get_mut(at)
            {
                entry.flags = changed.flags;
            }
        }
        // The flags changed: they are told with what was asked for.
        if !self.items.contains(&Item::Flags) {
            self.items.push(Item::Flags);
        }
        Ok(())
    }

    fn one(&self, selected: &mut Selected, at: usize, entry: &EntryInfo, octets: Option<&Octets>, out: &mut Out) {
        if self.items.contains(&Item::Flags) {
            selected.tell_keywords(&entry.flags, out);
        }
        let structure = octets.filter(|_| self.items.iter().any(needs_structure)).map(|o| Structure::read(o));
        out.push(format!("* {} FETCH (", at.saturating_add(1)));
        for (number, item) in self.items.iter().enumerate() {
            if number > 0 {
                out.push(" ");
            }
            write(item, entry, octets, structure.as_ref(), out);
        }
        out.line(")");
    }
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
            let header = structure.root().map(|root| field::slice(octets, &root.header));
            envelope::write(header.unwrap_or_default(), out);
        }
        (Item::Body, Some(octets), Some(structure)) => {
            out.push("BODY ");
            bodystructure::write(octets, structure, false, out);
        }
        (Item::BodyStructure, Some(octets), Some(structure)) => {
            out.push("BODYSTRUCTURE ");
            bodystructure::write(octets, structure, true, out);
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

/// How many messages are marked at once.
const SLICE: usize = 50;
