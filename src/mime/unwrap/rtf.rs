//! The text of a message that was kept as RTF: unpacked (MS-OXRTFCP), and read as the HTML that it stands for
//! (MS-OXRTFEX) or as plain text. Fonts, colours and pictures are passed over.

use std::collections::BTreeMap;

use memchr::memmem;
use zeroize::Zeroizing;

use super::mapi::{self, Rest};
use super::tnef::Text;

/// RTF as it was before it was packed; `None` for what is not packed in this way. No longer than [`LONGEST`].
pub(super) fn unpacked(packed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut rest = Rest(packed);
    // How long it is packed, and a check value: what does not fit them may still be read.
    let (_, size, kind, _) = (rest.u32()?, rest.u32()?, rest.u32()?, rest.u32()?);
    let size = usize::try_from(size).ok()?.min(LONGEST);
    match kind {
        STORED => Some(Zeroizing::new(rest.0.get(..size.min(rest.0.len()))?.to_vec())),
        // A reference of two octets stands for 17 at most.
        PACKED => unpack(rest, size.min(packed.len().saturating_mul(9))),
        _ => None,
    }
}

fn unpack(mut rest: Rest<'_>, size: usize) -> Option<Zeroizing<Vec<u8>>> {
    let size = size.saturating_add(BEFORE.len());
    let mut out = Zeroizing::new(Vec::with_capacity(size.saturating_add(17)));
    out.extend_from_slice(BEFORE);
    'all: while out.len() < size {
        let Some(control) = rest.u8() else { break };
        for bit in 0..8 {
            if control >> bit & 1 == 0 {
                let Some(octet) = rest.u8() else { break 'all };
                out.push(octet);
                continue;
            }
            let Some(reference) = rest.take(2).and_then(|two| two.first_chunk()).map(|two| u16::from_be_bytes(*two))
            else {
                break 'all;
            };
            // A place in the last 4,096 octets; the one that is written next is the end.
            let back = out.len().wrapping_sub(usize::from(reference >> 4)) % WINDOW;
            if back == 0 {
                break 'all;
            }
            for _ in 0..(reference & 15) + 2 {
                let octet = out.len().checked_sub(back).and_then(|at| out.get(at)).copied();
                out.push(octet?);
            }
        }
    }
    out.truncate(size);
    out.drain(..BEFORE.len());
    Some(out)
}

/// The text of RTF; `None` for what is none.
pub(super) fn read(rtf: &[u8]) -> Option<Text> {
    if !rtf.starts_with(b"{\\rtf") {
        return None;
    }
    let beginning = rtf.get(..rtf.len().min(WINDOW)).unwrap_or_default();
    let is_html = memmem::find(beginning, b"\\fromhtml").is_some();
    let mut reader = Reader {
        rest: Rest(rtf),
        state: State { page: 1252, fallback: 1, ..State::default() },
        groups: Vec::new(),
        default_page: 1252,
        fonts: BTreeMap::new(),
        font: 0,
        skip: 0,
        high: None,
        run: Zeroizing::new(Vec::with_capacity(rtf.len())),
        out: Zeroizing::new(String::with_capacity(rtf.len().saturating_mul(3))),
    };
    while let Some(octet) = reader.rest.u8() {
        if reader.octet(octet).is_none() {
            break;
        }
    }
    reader.flush();
    Some(if is_html { Text::Html(reader.out) } else { Text::Plain(reader.out) })
}

/// What a group begins with and what its end brings back.
#[derive(Clone, Copy, Default)]
struct State {
    /// It says nothing that is shown.
    hidden: bool,
    /// What is only there for readers of RTF.
    for_rtf: bool,
    /// It may be passed over, as its first word says.
    starred: bool,
    fonts: bool,
    page: u32,
    /// How many characters stand for one that is given by its number.
    fallback: usize,
}

struct Reader<'a> {
    rest: Rest<'a>,
    state: State,
    groups: Vec<State>,
    default_page: u32,
    /// The code pages of fonts.
    fonts: BTreeMap<i32, u32>,
    /// The font that the table is at.
    font: i32,
    /// Characters that stand for one that was given by its number.
    skip: usize,
    /// The first half of such a one.
    high: Option<u16>,
    /// Octets that are not read yet, in the code page of the state.
    run: Zeroizing<Vec<u8>>,
    out: Zeroizing<String>,
}

impl Reader<'_> {
    /// What an octet begins; `None` at the end.
    fn octet(&mut self, octet: u8) -> Option<()> {
        match octet {
            b'{' => {
                if self.groups.len() >= DEEPEST {
                    return None;
                }
                self.flush();
                self.groups.push(self.state);
                self.state.starred = false;
                self.skip = 0;
            }
            b'}' => {
                self.flush();
                self.state = self.groups.pop()?;
                self.skip = 0;
                if self.groups.is_empty() {
                    return None;
                }
            }
            b'\\' => self.control()?,
            b'\r' | b'\n' | 0 => {}
            _ => self.character(octet),
        }
        Some(())
    }

    fn control(&mut self) -> Option<()> {
        match self.rest.u8()? {
            b'\'' => {
                let digits = self.rest.take(2)?;
                let digits = std::str::from_utf8(digits).ok().and_then(|text| u8::from_str_radix(text, 16).ok());
                digits.filter(|octet| *octet != 0).into_iter().for_each(|octet| self.character(octet));
            }
            b'*' => self.state.starred = true,
            b'~' => self.say('\u{a0}'),
            b'_' => self.say('\u{2011}'),
            sign @ (b'{' | b'}' | b'\\') => self.character(sign),
            b'\r' | b'\n' => self.line(),
            letter if letter.is_ascii_alphabetic() => {
                let mut word = String::from(char::from(letter));
                let length = self.rest.0.iter().take(LONGEST_WORD).take_while(|c| c.is_ascii_alphabetic()).count();
                word.extend(self.rest.take(length)?.iter().map(|c| char::from(*c)));
                let sign = usize::from(self.rest.0.first() == Some(&b'-'));
                let digits = self.rest.0.iter().skip(sign).take(10).take_while(|c| c.is_ascii_digit()).count();
                let number = if digits > 0 { self.rest.take(sign + digits)? } else { &[] };
                let number = std::str::from_utf8(number).ok().and_then(|text| text.parse::<i32>().ok());
                if self.rest.0.first() == Some(&b' ') {
                    self.rest.take(1)?;
                }
                self.word(&word, number)?;
            }
            _ => {}
        }
        Some(())
    }

    fn word(&mut self, word: &str, number: Option<i32>) -> Option<()> {
        if std::mem::take(&mut self.state.starred) {
            self.state.hidden |= word != "htmltag";
            return Some(());
        }
        match word {
            "htmlrtf" => {
                self.flush();
                self.state.for_rtf = number != Some(0);
            }
            "par" | "line" | "row" | "sect" | "page" => self.line(),
            "tab" | "cell" => self.say('\t'),
            "lquote" => self.say('\u{2018}'),
            "rquote" => self.say('\u{2019}'),
            "ldblquote" => self.say('\u{201c}'),
            "rdblquote" => self.say('\u{201d}'),
            "bullet" => self.say('\u{2022}'),
            "endash" => self.say('\u{2013}'),
            "emdash" => self.say('\u{2014}'),
            "u" => self.number(number?),
            "uc" => self.state.fallback = usize::try_from(number.unwrap_or(1)).unwrap_or(1).min(8),
            "bin" => {
                let length = usize::try_from(number.unwrap_or(0)).unwrap_or(0);
                self.rest.take(length.min(self.rest.0.len()))?;
            }
            "ansicpg" => {
                self.default_page = number.and_then(|page| u32::try_from(page).ok()).unwrap_or(self.default_page);
                self.turn(self.default_page);
            }
            "fonttbl" => self.state.fonts = true,
            "f" if self.state.fonts => self.font = number.unwrap_or(0),
            "f" => self.turn(self.fonts.get(&number.unwrap_or(0)).copied().unwrap_or(self.default_page)),
            "plain" => self.turn(self.default_page),
            "fcharset" if self.state.fonts && self.fonts.len() < MOST_FONTS => {
                let page = CHARSETS.iter().find(|(charset, _)| Some(*charset) == number).map(|(_, page)| *page);
                self.fonts.insert(self.font, page.unwrap_or(self.default_page));
            }
            _ if HIDDEN.contains(&word) => self.state.hidden = true,
            _ => {}
        }
        Some(())
    }

    /// A character by its number (a half of one, above the first 65,536).
    fn number(&mut self, number: i32) {
        let unit = u16::try_from(number.rem_euclid(0x1_0000)).unwrap_or_default();
        let halves = match self.high.take() {
            Some(high) => vec![high, unit],
            None => vec![unit],
        };
        self.skip = 0;
        if (0xd800..0xdc00).contains(&unit) {
            self.high = Some(unit);
        } else {
            for read in char::decode_utf16(halves) {
                self.say(read.ok().filter(|c| *c != '\0').unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
        self.skip = self.state.fallback;
    }

    fn is_shown(&self) -> bool {
        !(self.state.hidden || self.state.for_rtf || self.state.fonts)
    }

    fn character(&mut self, octet: u8) {
        if self.skip > 0 {
            self.skip -= 1;
        } else if self.is_shown() {
            self.run.push(octet);
        }
    }

    fn line(&mut self) {
        self.say('\r');
        self.say('\n');
    }

    fn say(&mut self, character: char) {
        self.flush();
        if self.is_shown() {
            self.out.push(character);
        }
    }

    fn turn(&mut self, page: u32) {
        self.flush();
        self.state.page = page;
    }

    fn flush(&mut self) {
        if !self.run.is_empty() {
            self.out.push_str(&mapi::text(&self.run, self.state.page));
            self.run.clear();
        }
    }
}

/// Octets of a text.
pub(super) const LONGEST: usize = 8 * 1024 * 1024;
const STORED: u32 = 0x414c_454d;
const PACKED: u32 = 0x7546_5a4c;
const WINDOW: usize = 4096;
/// What every text begins with before it is packed (MS-OXRTFCP §2.1.2.1).
const BEFORE: &[u8] =
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \
\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \
\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
/// Groups within groups.
const DEEPEST: usize = 1000;
const LONGEST_WORD: usize = 32;
const MOST_FONTS: usize = 1000;
/// Groups that say nothing of their own.
const HIDDEN: &[&str] = &[
    "colortbl",
    "stylesheet",
    "info",
    "pict",
    "object",
    "header",
    "headerl",
    "headerr",
    "headerf",
    "footer",
    "footerl",
    "footerr",
    "footerf",
    "footnote",
    "fldinst",
    "nonshppict",
    "xe",
    "tc",
];
/// Charsets of fonts, and their code pages (MS-OXRTFEX §2.1.3.1.5).
const CHARSETS: &[(i32, u32)] = &[
    (0, 1252),
    (77, 10000),
    (128, 932),
    (129, 949),
    (134, 936),
    (136, 950),
    (161, 1253),
    (162, 1254),
    (163, 1258),
    (177, 1255),
    (178, 1256),
    (186, 1257),
    (204, 1251),
    (222, 874),
    (238, 1250),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(rtf: &str) -> String {
        match read(rtf.as_bytes()) {
            Some(Text::Plain(text)) => text.to_string(),
            Some(Text::Html(html)) => format!("html:{}", *html),
            None => "none".to_owned(),
        }
    }

    /// The examples of MS-OXRTFCP §3.1 and §3.2.
    #[test]
    fn packed_rtf_is_unpacked() {
        let hello =
            b"\x2d\0\0\0\x2b\0\0\0\x4c\x5a\x46\x75\xf1\xc5\xc7\xa7\x03\x00\x0a\x00\x72\x63\x70\x67\x31\x32\x35\x42\x32\
                      \x0a\xf3\x20\x68\x65\x6c\x09\x00\x20\x62\x77\x05\xb0\x6c\x64\x7d\x0a\x80\x0f\xa0";
        assert_eq!(unpacked(hello).unwrap().as_slice(), b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
        let cross = b"\x1a\0\0\0\x1c\0\0\0\x4c\x5a\x46\x75\xe2\xd4\x4b\x51\x41\x00\x04\x20\x57\x58\x59\x5a\x0d\x6e\x7d\x01\x0e\xb0";
        assert_eq!(unpacked(cross).unwrap().as_slice(), b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}");
        let stored = b"\x10\0\0\0\x04\0\0\0MELA\0\0\0\0abcdef";
        assert_eq!(unpacked(stored).unwrap().as_slice(), b"abcd");
        // What was before the end counts; what is another's does not.
        assert!(unpacked(&hello[..30]).unwrap().starts_with(b"{\\rtf1\\ansi\\ansicpg125"));
        assert!(unpacked(b"\x10\0\0\0\x04\0\0\0NONE\0\0\0\0abcdef").is_none());
        assert!(unpacked(b"").is_none());
        // A reference to what was never written.
        assert!(unpacked(b"\xff\0\0\0\xff\0\0\0LZFu\0\0\0\0\x01\xff\xf0").is_none());
    }

    #[test]
    fn texts_are_read_in_their_code_pages() {
        for (rtf, text) in [
            ("{\\rtf1\\ansi\\ansicpg1252 caf\\'e9\\par\nnoir}", "café\r\nnoir"),
            ("{\\rtf1\\ansi\\ansicpg1251 \\'cf\\'f0}", "Пр"),
            (
                "{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0\\fcharset0 Arial;}{\\f1\\fcharset204 Arial Cyr;}}\\f1 \\'cf{\\f0\\'e9}\\'f0\\plain\\'e9}",
                "Пéрé",
            ),
            ("{\\rtf1\\uc1\\u1055?\\u-10179?\\u-8704?\\uc2\\u233xy z}", "П\u{1f600}é z"),
            (
                "{\\rtf1 a\\{b\\}\\\\\\~\\emdash c{\\*\\unknown hidden{x}}{\\pict 0102}{\\info{\\author x}}d}e",
                "a{b}\\\u{a0}—cd",
            ),
            ("{\\rtf1\\bin5 }}}}}a}", "a"),
            ("{\\rtf1", ""),
            ("no rtf", "none"),
        ] {
            assert_eq!(shown(rtf), text, "{rtf}");
        }
    }

    /// MS-OXRTFEX §4.1, shortened.
    #[test]
    fn html_that_was_made_rtf_is_html_again() {
        let rtf = "{\\rtf1\\ansi\\ansicpg1251\\fromhtml1 \\deff0{\\fonttbl {\\f0\\fmodern Courier New;}{\\f1\\fswiss Arial;}}\
                   {\\colortbl\\red0\\green0\\blue0;}\\uc1\\pard\\plain\\deftab360 \\f0\\fs24 {\\*\\htmltag64 <p>}\\htmlrtf \\par\\htmlrtf0 \
                   {\\*\\htmltag84 <b>}\\htmlrtf {\\b \\htmlrtf0 \\'cf\\'f0{\\*\\htmltag92 </b>}\\htmlrtf }\\htmlrtf0 a\\tab \
                   {\\*\\htmltag84 &lt;}\\htmlrtf <\\htmlrtf0 {\\*\\mhtmltag84 x}{\\*\\htmltag72 </p>}}";
        assert_eq!(shown(rtf), "html:<p><b>Пр</b>a\t&lt;</p>");
    }

    #[test]
    fn fault_18_groups_without_an_end_end() {
        let many = format!("{{\\rtf1 a{}", "{".repeat(1_000_000));
        assert_eq!(shown(&many), "a");
        assert_eq!(shown(&format!("{{\\rtf1 {}", "}".repeat(1_000_000))), "");
        assert_eq!(shown(&format!("{{\\rtf1\\{}", "a".repeat(100_000))).len(), 100_000 - 33);
    }
}
