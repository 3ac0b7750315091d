//! The items of a FETCH as they are written (RFC 3501 §7.4.2, RFC 3516 §4.3, RFC 7162 §3.1.5, RFC 8474 §5, RFC 8970).

use crate::domain::Flags;
use crate::imap::grammar::date::internal_date;
use crate::imap::grammar::fetch::{Item, Of, Section};
use crate::imap::out::{self, Out};
use crate::imap::section::{self, Content};
use crate::imap::verbs::Octets;
use crate::mailbox::EntryInfo;
use crate::mime::{Structure, Summary, decode, field};

/// What is known of the message.
pub(super) struct Source<'a> {
    pub(super) entry: &'a EntryInfo,
    pub(super) flags: &'a Flags,
    pub(super) modseq: u64,
    pub(super) octets: Option<&'a Octets>,
    pub(super) structure: Option<&'a Structure>,
    pub(super) summary: Option<&'a Summary>,
}

/// The whole of a message needs no taking apart.
pub(super) fn needs_structure(item: &Item) -> bool {
    match item {
        Item::Octets { section, .. } => *section != Section::default() && !section.is_header(),
        item => item.needs_octets(),
    }
}

/// Writes an item; false where a part is encoded in a way nobody here knows.
pub(super) fn write(item: &Item, source: &Source<'_>, out: &mut Out) -> bool {
    let entry = source.entry;
    match item {
        Item::Flags => {
            out.push("FLAGS ");
            out.push(out::flags(source.flags));
        }
        Item::Uid => {
            out.push("UID ");
            out.number(entry.uid);
        }
        Item::InternalDate => {
            out.push("INTERNALDATE ");
            out.push(internal_date(entry.received_at));
        }
        Item::Size => {
            out.push("RFC822.SIZE ");
            out.number(entry.size);
        }
        Item::Modseq => {
            out.push("MODSEQ (");
            out.number(source.modseq);
            out.push(")");
        }
        Item::EmailId => out.push(format!("EMAILID (M{})", entry.email)),
        // RFC 8474 §5.3: NIL, where none is kept.
        Item::ThreadId => out.push("THREADID NIL"),
        Item::Envelope => summary("ENVELOPE ", source.summary.map(Summary::envelope), out),
        Item::Body => summary("BODY ", source.summary.map(Summary::body), out),
        Item::BodyStructure => summary("BODYSTRUCTURE ", source.summary.map(Summary::body_structure), out),
        Item::Preview => {
            out.push("PREVIEW ");
            out.nstring(source.summary.map(Summary::preview));
        }
        Item::Binary { part, partial, .. } => {
            out.push(format!("BINARY[{}]{} ", numbers(part), origin(*partial)));
            return binary(part, *partial, source, out);
        }
        Item::BinarySize(part) => {
            out.push(format!("BINARY.SIZE[{}] ", numbers(part)));
            let Some(octets) = decoded(part, source) else {
                out.push("0");
                return false;
            };
            out.number(octets.len());
        }
        Item::Octets { section, partial, older, .. } => {
            out.push(older.map_or_else(|| label(section, *partial), str::to_owned));
            out.push(" ");
            octets(section, *partial, source, out);
        }
    }
    true
}

fn summary(name: &str, text: Option<&[u8]>, out: &mut Out) {
    out.push(name);
    out.push(text.unwrap_or(b"NIL"));
}

fn octets(section: &Section, partial: Option<(u32, u32)>, source: &Source<'_>, out: &mut Out) {
    // A header comes from the summary, whether or not the octets are here.
    let header = source.summary.map(Summary::header).filter(|_| section.is_header());
    match (header, source.octets, source.structure) {
        (Some(header), ..) => {
            let chosen = match &section.of {
                Some(Of::Fields { not, names }) => {
                    section::chosen(field::head(header, &(0..header.len())), names, *not)
                }
                _ => header.to_vec(),
            };
            let range = section::partial(0..chosen.len(), partial);
            out.copied(field::slice(&chosen, &range));
        }
        (None, Some(octets), Some(structure)) => match section::content(octets, structure, section) {
            Content::Nil => out.push("NIL"),
            Content::Range(range) => out.literal(octets, section::partial(range, partial)),
            Content::Fields(fields) => {
                let range = section::partial(0..fields.len(), partial);
                out.copied(field::slice(&fields, &range));
            }
        },
        (None, Some(octets), None) => out.literal(octets, section::partial(0..octets.len(), partial)),
        // Invariant: what needs octets is asked for with them; NIL is right for all of these.
        _ => out.push("NIL"),
    }
}

fn binary(part: &[u32], partial: Option<(u32, u32)>, source: &Source<'_>, out: &mut Out) -> bool {
    let Some(octets) = decoded(part, source) else {
        out.push("NIL");
        return false;
    };
    let range = section::partial(0..octets.len(), partial);
    let octets = field::slice(&octets, &range);
    // RFC 3516 §4.3: literal8 where there is NUL.
    if octets.contains(&0) {
        out.push("~");
    }
    out.copied(octets);
    true
}

/// A part without its encoding; nothing of a part that is not there; `None` of one that nobody can decode.
fn decoded(part: &[u32], source: &Source<'_>) -> Option<zeroize::Zeroizing<Vec<u8>>> {
    let (Some(octets), Some(structure)) = (source.octets, source.structure) else { return Some(Default::default()) };
    if part.is_empty() {
        return Some(zeroize::Zeroizing::new(octets.to_vec()));
    }
    match section::part(structure, part).and_then(|at| structure.node(at)) {
        Some(node) => decode::body(octets, node),
        None => Some(Default::default()),
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
    format!("BODY[{}]{}", words.join("."), origin(partial))
}

fn origin(partial: Option<(u32, u32)>) -> String {
    partial.map_or(String::new(), |(from, _)| format!("<{from}>"))
}

fn numbers(part: &[u32]) -> String {
    part.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}

/// A field name as an atom where it is one.
fn astring(name: &str) -> String {
    if name.bytes().all(crate::imap::grammar::cursor::is_atom_char) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    }
}
