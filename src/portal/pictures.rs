//! Pictures in the texts of a letter, written into the page as data (RFC 2397): nothing is loaded for them, so nobody
//! learns that a letter is read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::{BASE64, BASE64_NOPAD};
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use crate::mailbox::Picture;

/// The pictures that the texts of one letter may show, and what is left of the room for them. Cheap to clone.
#[derive(Clone)]
pub(super) struct Gallery(Arc<Mutex<Hall>>);

struct Hall {
    left: u64,
    pictures: Vec<Picture>,
    /// Where each one is among them, by its Content-ID.
    places: HashMap<String, usize>,
    /// Where each one that hangs is among them.
    hung: Vec<usize>,
}

impl Gallery {
    pub(super) fn new(pictures: Vec<Picture>) -> Self {
        Self::within(Picture::MOST, pictures)
    }

    /// One with less room than usual, in octets.
    pub(super) fn within(room: u64, pictures: Vec<Picture>) -> Self {
        let mut places = HashMap::new();
        for (at, picture) in pictures.iter().enumerate() {
            places.entry(picture.id.clone()).or_insert(at);
        }
        Self(Arc::new(Mutex::new(Hall { left: room, pictures, places, hung: Vec::new() })))
    }

    /// The place of the picture at an address, `cid:` or `data:`; none where it cannot be shown. Each one counts as often
    /// as it hangs.
    pub(super) fn hang(&self, address: &str) -> Option<usize> {
        let mut hall = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = match Picture::named_by(address) {
            Some(id) => {
                let named = hall.places.get(id).or_else(|| hall.places.get(&Picture::unescaped(id)));
                let place = *named?;
                let size = hall.pictures.get(place)?.octets.len();
                hall.left = hall.left.checked_sub(Picture::room(size as u64))?;
                place
            }
            None => {
                let octets = written(address, hall.left)?;
                let kind = Picture::kind(&octets)?;
                hall.left = hall.left.checked_sub(Picture::room(octets.len() as u64))?;
                // No address names it, and it is no file: it is called what it is.
                let name = kind.replace('/', ".");
                hall.pictures.push(Picture { id: String::new(), name, kind, octets });
                hall.pictures.len() - 1
            }
        };
        hall.hung.push(place);
        Some(hall.hung.len() - 1)
    }

    /// Its address as data, and its name as a file.
    pub(super) fn at(&self, hung: usize) -> Option<(String, String)> {
        let hall = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let picture = hall.hung.get(hung).and_then(|&place| hall.pictures.get(place))?;
        let mut data = format!("data:{};base64,", picture.kind);
        BASE64.encode_append(&picture.octets, &mut data);
        Some((data, picture.name.clone()))
    }
}

/// The octets of a `data:` address in base64, at most so many.
fn written(address: &str, most: u64) -> Option<Zeroizing<Vec<u8>>> {
    let (scheme, rest) = address.trim().split_once(':')?;
    let (kind, data) = rest.split_once(',')?;
    let base64 = kind.rsplit_once(';').is_some_and(|(_, last)| last.trim().eq_ignore_ascii_case("base64"));
    if !scheme.eq_ignore_ascii_case("data") || !base64 {
        return None;
    }
    // Lines may be folded, signs escaped, and those that fill the last group left out.
    let signs = percent_decode_str(data).filter(|octet| !octet.is_ascii_whitespace() && *octet != b'=');
    let signs: Zeroizing<Vec<u8>> = Zeroizing::new(signs.collect());
    let octets = Zeroizing::new(BASE64_NOPAD.decode(&signs).ok()?);
    (octets.len() as u64 <= most).then_some(octets)
}

#[cfg(test)]
mod tests {
    use crate::mailbox::Picture;
    use crate::portal::html::reduce;

    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
    const DATA: &str = "data:image/png;base64,iVBORw0KGgo=";

    fn picture(id: &str, name: &str, size: usize) -> Picture {
        let mut octets = Zeroizing::new(PNG.to_vec());
        octets.resize(size, 0);
        Picture { id: id.into(), name: name.into(), kind: "image/png", octets }
    }

    fn shown(sent: &str, pictures: Vec<Picture>) -> String {
        reduce(sent, 0, &Gallery::new(pictures))
    }

    #[test]
    fn a_picture_of_the_letter_stands_where_its_sender_put_it() {
        let logo = || vec![picture("logo@x", "a & \"b\".png", PNG.len())];
        for (sent, stands) in [
            ("<img src=\"cid:logo@x\" alt=\"Logo\">", format!("<img src=\"{DATA}\" alt=\"Logo\">")),
            ("<IMG ALT='' SRC='CID:logo%40x'>", format!("<img src=\"{DATA}\" alt=\"\">")),
            (
                "<img width=120 height=60% style=x onload=y src=cid:logo@x>",
                format!("<img src=\"{DATA}\" alt=\"a &amp; &quot;b&quot;.png\" width=\"120\">"),
            ),
            (
                "<p>A<a href=https://x.example><img src=cid:logo@x alt=L></a>B</p>",
                format!("<p>A<img src=\"{DATA}\" alt=\"L\"> <span class=\"address\">(https://x.example)</span>B</p>"),
            ),
            (
                "<img alt='x\"><script>y</script>' src=cid:logo@x>",
                format!("<img src=\"{DATA}\" alt=\"x&quot; script y /script\">"),
            ),
            ("<h1><img src=cid:logo@x alt=A></h1>", format!("<h2><img src=\"{DATA}\" alt=\"A\"></h2>")),
        ] {
            assert_eq!(shown(sent, logo()), stands, "{sent}");
        }
    }

    #[test]
    fn a_picture_that_the_html_holds_itself_stands_there_too() {
        for sent in [
            "<img src=\"data:image/png;base64,iVBORw0KGgo=\" alt=A>",
            "<img src=\"DATA:image/x-what; BASE64,iVBO\nRw0KGgo\" alt=A>",
            "<img src=\"data:;base64,iVBORw0K%47go%3D\" alt=A>",
        ] {
            assert_eq!(shown(sent, Vec::new()), format!("<img src=\"{DATA}\" alt=\"A\">"), "{sent}");
        }
    }

    #[test]
    fn nothing_else_stands_as_a_picture() {
        for src in [
            "https://t.example/p.gif",
            "//t.example/p.gif",
            "/letter/close",
            "data:0",
            "cid:other",
            "data:image/svg+xml;base64,PHN2Zy8+",
            "data:image/png,iVBORw0KGgo=",
            "data:image/png;base64,%%%",
            "data:text/html;base64,PHNjcmlwdD4=",
            "javascript:alert(1)",
        ] {
            let logo = || vec![picture("logo", "logo.png", PNG.len())];
            assert_eq!(shown(&format!("<p>A<img src=\"{src}\">B</p>"), logo()), "<p>AB</p>", "{src}");
            assert_eq!(shown(&format!("<p>A <img src=\"{src}\" alt=\"<b>\"></p>"), logo()), "<p>A [b]</p>", "{src}");
        }
        // What has no name is called what it is.
        assert_eq!(
            shown(&format!("<img src=\"{DATA}\">"), Vec::new()),
            format!("<img src=\"{DATA}\" alt=\"image.png\">")
        );
        assert_eq!(shown("<a href=\"cid:logo\">A</a><a href=\"data:image/png;base64,iVBO\">B</a>", Vec::new()), "AB");
    }

    #[test]
    fn pictures_have_room_together_and_count_as_often_as_they_stand() {
        let most = usize::try_from(Picture::MOST).unwrap();
        let half = || vec![picture("a", "a.png", most / 2), picture("b", "b.png", most / 2)];
        let sent = "<img src=cid:a alt=A><img src=cid:a alt=A><img src=cid:b alt=B><img src=cid:a alt=A>";
        let text = shown(sent, half());
        assert_eq!(text.matches("<img ").count(), 2);
        assert!(text.ends_with("[B][A]"), "{}", text.get(text.len() - 40..).unwrap_or_default());
        // What the HTML holds itself counts as well, and both texts of a letter share the room.
        // A small one counts for what is written around it, and what is no picture of a page for nothing.
        let small = || vec![picture("s", &"&".repeat(120), PNG.len())];
        assert_eq!(shown(&"<img src=cid:s>".repeat(100_000), small()).matches("<img ").count(), 256);
        let sent = "<bgsound src=cid:a><input type=image src=cid:a><img src=cid:a alt=A><img src=cid:b alt=B>";
        assert_eq!(shown(sent, half()).matches("<img ").count(), 2);
        let gallery = Gallery::new(half());
        assert!(reduce("<img src=cid:a alt=A><img src=cid:b alt=B>", 0, &gallery).contains("alt=\"B\""));
        assert_eq!(reduce("<img src=\"data:image/png;base64,iVBORw0KGgo=\" alt=C>", 1, &gallery), "[C]");
    }
}
