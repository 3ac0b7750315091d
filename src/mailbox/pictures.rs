//! Pictures that the HTML of a letter names: parts with a Content-ID, at `cid:` (RFC 2392).
//!
//! They stay files as well. What browsers show, and stands still, may stand in the text: whatever moves by itself could
//! not be stopped there (WCAG 2.2 §2.2.2).

use std::collections::HashSet;

use mail_parser::{MessagePart, MimeHeaders};
use memchr::memmem;
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use crate::domain::PictureKind;

use super::read::{Body, File};

/// One picture.
pub struct Picture {
    /// Its Content-ID, without brackets.
    pub id: String,
    /// Its name as a file of the letter.
    pub name: String,
    /// The media type that its octets are of.
    pub kind: &'static str,
    /// Its octets.
    pub octets: Zeroizing<Vec<u8>>,
}

impl Picture {
    /// The most octets of all pictures that stand in the texts of one letter.
    pub const MOST: u64 = 1024 * 1024;

    /// What a picture of so many octets takes of that: a small one more than it has, for what is written around it.
    pub fn room(octets: u64) -> u64 {
        octets.max(4096)
    }

    pub(super) fn of(named: &Named<'_, '_>, octets: Zeroizing<Vec<u8>>) -> Option<Self> {
        let kind = Self::kind(&octets)?;
        Some(Self { id: named.id.to_owned(), name: named.file.name.clone(), kind, octets })
    }

    /// The media type of a picture that may stand in a text, by its octets and not by what is said of it.
    pub fn kind(octets: &[u8]) -> Option<&'static str> {
        // Of a GIF each picture that is shown for a time has a control of its own.
        let frames = |octets| memmem::find_iter(octets, b"\x21\xf9\x04").take(2).count();
        let (kind, moves): (_, &[&[u8]]) = match (PictureKind::of(octets), octets) {
            (Some(kind @ PictureKind::Jpeg), _) => (kind.media_type(), &[]),
            (Some(kind @ PictureKind::Png), _) => (kind.media_type(), &[b"acTL", b"fcTL"]),
            (None, [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..]) => {
                ("image/webp", &[b"ANIM", b"ANMF"])
            }
            (None, [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..]) if frames(octets) < 2 => {
                ("image/gif", &[b"NETSCAPE2.0", b"ANIMEXTS1.0"])
            }
            _ => return None,
        };
        moves.iter().all(|mark| memmem::find(octets, mark).is_none()).then_some(kind)
    }

    /// The Content-ID that an address names, as it stands there; none where it is of another scheme.
    pub fn named_by(address: &str) -> Option<&str> {
        let (scheme, id) = address.trim().split_once(':')?;
        scheme.eq_ignore_ascii_case(SCHEME).then_some(id)
    }

    /// What a Content-ID in an address is the same as without its escapes (RFC 2392): some write them, some do not mean
    /// them.
    pub fn unescaped(id: &str) -> String {
        percent_decode_str(id).decode_utf8_lossy().into_owned()
    }
}

/// A part that may be such a picture.
pub(super) struct Named<'f, 'm> {
    pub(super) part: &'f MessagePart<'m>,
    file: &'f File,
    id: &'f str,
}

/// Those that the texts name, as many as find room by what they are listed with.
pub(super) fn named<'f, 'm>(bodies: &[Body], files: &'f [(File, &'f MessagePart<'m>)]) -> Vec<Named<'f, 'm>> {
    let asked = asked(bodies);
    let mut left = Picture::MOST;
    let mut found = Vec::new();
    for (file, part) in files {
        let id = part.content_id().unwrap_or_default().trim().trim_start_matches('<').trim_end_matches('>');
        let size = Picture::room(file.size);
        if size <= left && asked.contains(id) {
            left -= size;
            found.push(Named { part, file, id });
        }
    }
    found
}

/// Every Content-ID that the HTML has a `src` at. Each octet is looked at once: what was read as one holds no other.
fn asked(bodies: &[Body]) -> HashSet<String> {
    let mut asked = HashSet::new();
    for body in bodies {
        let Body::Html(html) = body else { continue };
        let mut rest = html.as_str();
        while let Some(at) = rest.find(':') {
            let (before, after) = (rest.get(..at).unwrap_or_default(), rest.get(at + 1..).unwrap_or_default());
            rest = after;
            let Some(quote) = source(before) else { continue };
            let ends = |c: char| match quote {
                Some(quote) => c == quote,
                None => c.is_ascii_whitespace() || c == '>',
            };
            let mut read = 0;
            let id = after.char_indices().take(LONGEST).find_map(|(at, c)| {
                read = at;
                ends(c).then(|| after.get(..at)).flatten()
            });
            rest = after.get(read..).unwrap_or_default();
            let Some(id) = id else { continue };
            let id = ["&amp;", "&#38;"].iter().fold(id.to_owned(), |id, sign| id.replace(sign, "&"));
            let id = ["&#64;", "&#x40;"].iter().fold(id, |id, sign| id.replace(sign, "@"));
            asked.extend([Picture::unescaped(&id), id]);
        }
    }
    asked.remove("");
    asked
}

/// Whether what stands before a colon is the scheme of a `src`, and the quote that it began with.
fn source(before: &str) -> Option<Option<char>> {
    let from = before.len().checked_sub(SCHEME.len())?;
    let scheme = before.get(from..)?;
    let before = before.get(..from).filter(|_| scheme.eq_ignore_ascii_case(SCHEME))?;
    // Nobody writes more blanks there.
    let blank = |text: &str| text.len() - text.bytes().rev().take(8).take_while(u8::is_ascii_whitespace).count();
    let before = before.get(..blank(before))?;
    let quote = before.chars().next_back().filter(|c| matches!(c, '"' | '\''));
    let before = if quote.is_some() { before.get(..before.len() - 1)? } else { before };
    let before = before.get(..blank(before))?.strip_suffix('=')?;
    let before = before.get(..blank(before))?;
    let name = before.len().checked_sub(SOURCE.len()).and_then(|from| before.get(from..))?;
    name.eq_ignore_ascii_case(SOURCE).then_some(quote)
}

const SCHEME: &str = "cid";
const SOURCE: &str = "src";
/// Characters of a Content-ID in an address.
const LONGEST: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ids_are_found_as_clients_write_them() {
        let html = "<img src=\"cid:a@b\"><img SRC = 'CID:c%40d'><img src=cid:e&amp;f@g><td background=\"cid:h\">\
                    <p>placid: no</p><style>x{background:url(cid:i)}</style><img src=cid:><img src=\"cid:d'accord (1)@x\">\
                    <img src=cid:j&#64;k><p>src=cid:</p><img src=\"cid:";
        let asked = asked(&[Body::Html(html.into()), Body::Plain("src=cid:plain ".into())]);
        let mut asked: Vec<&str> = asked.iter().map(String::as_str).collect();
        asked.sort_unstable();
        assert_eq!(asked, ["</p", "a@b", "c%40d", "c@d", "d'accord (1)@x", "e&f@g", "j@k"]);
        assert_eq!(Picture::named_by(" Cid:a%20b "), Some("a%20b"));
        assert_eq!(Picture::named_by("https:a"), None);
        assert_eq!(Picture::named_by("cid"), None);
    }

    /// 2 MiB without an end were read once for each of half a million beginnings.
    #[test]
    fn content_ids_without_an_end_are_read_once() {
        for piece in ["cid:", "src=cid:", "src=\"cid:", "src='cid: "] {
            let html = piece.repeat(4_000_000 / piece.len());
            assert!(asked(&[Body::Html(html)]).len() <= 2, "{piece}");
        }
    }

    #[test]
    fn a_picture_is_what_its_octets_are_and_stands_still() {
        for (octets, kind) in [
            (&b"\x89PNG\r\n\x1a\nIHDR"[..], Some("image/png")),
            (b"\x89PNG\r\n\x1a\nIHDR acTL", None),
            (b"\xff\xd8\xff\xe0JFIF", Some("image/jpeg")),
            (b"GIF89a,", Some("image/gif")),
            (b"GIF89a!\xf9\x04,;", Some("image/gif")),
            (b"GIF89a!\xff\x0bNETSCAPE2.0", None),
            (b"GIF89a!\xf9\x04,!\xf9\x04,;", None),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Some("image/webp")),
            (b"RIFF\x10\0\0\0WEBPVP8X ANIM", None),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
            (b"%PDF-1.7", None),
            (b"", None),
        ] {
            assert_eq!(Picture::kind(octets), kind, "{octets:?}");
        }
    }
}
