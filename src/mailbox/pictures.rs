//! Pictures that the HTML of a letter names: parts with a Content-ID, at `cid:` (RFC 2392).
//!
//! They stay files as well. What browsers show, and stands still, may stand in the text: whatever moves by itself could
//! not be stopped there (WCAG 2.2 §2.2.2).

use std::collections::HashSet;

use mail_parser::{MessagePart, MimeHeaders};
use memchr::memmem;
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

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

    pub(super) fn of(named: &Named<'_, '_>, octets: Zeroizing<Vec<u8>>) -> Option<Self> {
        let kind = Self::kind(&octets)?;
        Some(Self { id: named.id.to_owned(), name: named.file.name.clone(), kind, octets })
    }

    /// The media type of a picture that may stand in a text, by its octets and not by what is said of it.
    pub fn kind(octets: &[u8]) -> Option<&'static str> {
        let (kind, moves): (_, &[&[u8]]) = match octets {
            [0xff, 0xd8, 0xff, ..] => ("image/jpeg", &[]),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => ("image/webp", &[b"ANIM", b"ANMF"]),
            _ if octets.starts_with(b"\x89PNG\r\n\x1a\n") => ("image/png", &[b"acTL", b"fcTL"]),
            _ if octets.starts_with(b"GIF87a") || octets.starts_with(b"GIF89a") => {
                ("image/gif", &[b"NETSCAPE2.0", b"ANIMEXTS1.0"])
            }
            _ => return None,
        };
        moves.iter().all(|mark| memmem::find(octets, mark).is_none()).then_some(kind)
    }

    /// The Content-ID that an address names; none where it is of another scheme.
    pub fn named_by(address: &str) -> Option<String> {
        let (scheme, id) = address.trim().split_once(':')?;
        let id = scheme.eq_ignore_ascii_case("cid").then_some(id)?;
        percent_decode_str(id).decode_utf8().ok().map(Into::into)
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
        if file.size <= left && asked.contains(id) {
            left -= file.size;
            found.push(Named { part, file, id });
        }
    }
    found
}

/// Every Content-ID that stands in the HTML, wherever it stands in it.
fn asked(bodies: &[Body]) -> HashSet<String> {
    let mut asked = HashSet::new();
    for body in bodies {
        let Body::Html(html) = body else { continue };
        for (at, _) in html.match_indices(':') {
            let scheme = at.checked_sub(SCHEME.len()).and_then(|from| html.get(from..at));
            if !scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME)) {
                continue;
            }
            let rest = html.get(at + 1..).unwrap_or_default();
            let end = rest.find(|c: char| c.is_ascii_whitespace() || "\"'<>()".contains(c)).unwrap_or(rest.len());
            // RFC 2392 leaves an ampersand as it is, and HTML writes it so.
            let address = rest.get(..end).filter(|address| address.len() <= LONGEST).unwrap_or_default();
            asked.extend(Picture::named_by(&format!("{SCHEME}:{}", address.replace("&amp;", "&"))));
        }
    }
    asked.remove("");
    asked
}

const SCHEME: &str = "cid";
/// Octets of a Content-ID in an address.
const LONGEST: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ids_are_found_as_clients_write_them() {
        let html = "<img src=\"cid:a@b\"><img src='CID:c%40d'><img src=cid:e&amp;f@g><td background=\"cid:h\">\
                    <p>placid: no</p><style>x{background:url(cid:i)}</style><img src=cid:><img src=cid:\"";
        let asked = asked(&[Body::Html(html.into()), Body::Plain("cid:plain".into())]);
        let mut asked: Vec<&str> = asked.iter().map(String::as_str).collect();
        asked.sort_unstable();
        assert_eq!(asked, ["a@b", "c@d", "e&f@g", "h", "i"]);
        assert_eq!(Picture::named_by(" Cid:a%20b "), Some("a b".into()));
        assert_eq!(Picture::named_by("https:a"), None);
        assert_eq!(Picture::named_by("cid"), None);
    }

    #[test]
    fn a_picture_is_what_its_octets_are_and_stands_still() {
        for (octets, kind) in [
            (&b"\x89PNG\r\n\x1a\nIHDR"[..], Some("image/png")),
            (b"\x89PNG\r\n\x1a\nIHDR acTL", None),
            (b"\xff\xd8\xff\xe0JFIF", Some("image/jpeg")),
            (b"GIF89a,", Some("image/gif")),
            (b"GIF89a!\xff\x0bNETSCAPE2.0", None),
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
