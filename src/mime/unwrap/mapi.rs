//! Lists of MAPI properties as TNEF writes them (MS-OXTNEF §2.1.3.4): the first value of each that has a number of its own.
//!
//! What ends early or is of no known type ends the list; what stood before it counts.

use mail_parser::decoders::charsets::map::charset_decoder;
use zeroize::Zeroizing;

/// Octets that are taken from the front.
#[derive(Clone, Copy)]
pub(super) struct Rest<'a>(pub(super) &'a [u8]);

impl<'a> Rest<'a> {
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn first<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.first().map(|[octet]| octet)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.first().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.first().map(u32::from_le_bytes)
    }

    /// So many octets, with those that fill them up to four.
    fn padded(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.take(length)?;
        // Some leave them out at the very end.
        let fill = length.next_multiple_of(4).checked_sub(length)?.min(self.0.len());
        self.take(fill)?;
        Some(taken)
    }
}

/// A property.
#[derive(Clone, Copy)]
pub(super) struct Property<'a> {
    pub(super) id: u16,
    kind: u16,
    /// Its first value, as written.
    pub(super) value: &'a [u8],
}

/// Properties, in order.
pub(super) struct Properties<'a> {
    rest: Rest<'a>,
    left: u32,
}

impl<'a> Properties<'a> {
    pub(super) fn read(octets: &'a [u8]) -> Self {
        let mut rest = Rest(octets);
        let left = rest.u32().unwrap_or(0);
        Self { rest, left }
    }

    fn property(&mut self) -> Option<Property<'a>> {
        let (kind, id) = (self.rest.u16()?, self.rest.u16()?);
        if id >= NAMED {
            self.rest.take(16)?;
            if self.rest.u32()? == 0 {
                self.rest.u32()?;
            } else {
                let length = usize::try_from(self.rest.u32()?).ok()?;
                self.rest.padded(length)?;
            }
        }
        let (single, several) = (kind & !SEVERAL, kind & SEVERAL != 0);
        let (counted, size) = match single {
            STRING | UNICODE | OBJECT | BINARY => (true, None),
            I2 | LONG | R4 | ERROR | BOOLEAN => (several, Some(4)),
            DOUBLE | CURRENCY | APPTIME | I8 | SYSTIME => (several, Some(8)),
            CLSID => (several, Some(16)),
            _ => return None,
        };
        let count = if counted { self.rest.u32()? } else { 1 };
        let mut first = None;
        // Each value takes octets of the list or ends it.
        for _ in 0..count {
            let length = match size {
                Some(size) => size,
                None => usize::try_from(self.rest.u32()?).ok()?,
            };
            let value = self.rest.padded(length)?;
            first.get_or_insert(value);
        }
        Some(Property { id, kind: single, value: first.unwrap_or_default() })
    }
}

impl<'a> Iterator for Properties<'a> {
    type Item = Property<'a>;

    fn next(&mut self) -> Option<Property<'a>> {
        self.left = self.left.checked_sub(1)?;
        let property = self.property();
        if property.is_none() {
            self.left = 0;
        }
        property
    }
}

impl<'a> Property<'a> {
    pub(super) fn is_object(&self) -> bool {
        self.kind == OBJECT
    }

    /// A number.
    pub(super) fn number(&self) -> Option<u32> {
        Rest(self.value).u32()
    }

    /// A text, in its own charset or in this code page; all that stands before a nought.
    pub(super) fn text(&self, code_page: u32) -> Zeroizing<String> {
        match self.kind {
            UNICODE => utf16(self.value),
            _ => text(self.value, code_page),
        }
    }
}

fn utf16(octets: &[u8]) -> Zeroizing<String> {
    let units = octets.chunks_exact(2).map(|pair| u16::from_le_bytes([at(pair, 0), at(pair, 1)]));
    let units = units.take_while(|unit| *unit != 0);
    let mut out = Zeroizing::new(String::with_capacity(octets.len() / 2 * 3));
    out.extend(char::decode_utf16(units).map(|read| read.unwrap_or(char::REPLACEMENT_CHARACTER)));
    out
}

fn at(octets: &[u8], place: usize) -> u8 {
    octets.get(place).copied().unwrap_or_default()
}

/// The code page of UTF-16, little end first.
const UTF16: u32 = 1200;

/// Octets in a code page of Windows; all that stands before a nought.
pub(super) fn text(octets: &[u8], code_page: u32) -> Zeroizing<String> {
    if code_page == UTF16 {
        return utf16(octets);
    }
    let length = memchr::memchr(0, octets).unwrap_or(octets.len());
    let octets = octets.get(..length).unwrap_or_default();
    let name = match code_page {
        850 | 866 | 936 | 1250..=1258 => format!("cp{code_page}"),
        874 => "windows-874".to_owned(),
        932 => "shift_jis".to_owned(),
        949 => "euc-kr".to_owned(),
        950 => "big5".to_owned(),
        10000 => "macintosh".to_owned(),
        20866 => "koi8-r".to_owned(),
        21866 => "koi8-u".to_owned(),
        28591..=28605 => format!("iso-8859-{}", code_page - 28590),
        50220..=50222 => "iso-2022-jp".to_owned(),
        51932 => "euc-jp".to_owned(),
        54936 => "gb18030".to_owned(),
        65001 => "utf-8".to_owned(),
        _ => "cp1252".to_owned(),
    };
    Zeroizing::new(match charset_decoder(name.as_bytes()) {
        Some(read) => read(octets),
        None => String::from_utf8_lossy(octets).into_owned(),
    })
}

/// From here on a property has a name, and its number means nothing.
const NAMED: u16 = 0x8000;
/// MS-OXCDATA §2.11.1: several values.
const SEVERAL: u16 = 0x1000;
const I2: u16 = 2;
const LONG: u16 = 3;
const R4: u16 = 4;
const DOUBLE: u16 = 5;
const CURRENCY: u16 = 6;
const APPTIME: u16 = 7;
const ERROR: u16 = 10;
const BOOLEAN: u16 = 11;
const OBJECT: u16 = 13;
const I8: u16 = 20;
const STRING: u16 = 30;
const UNICODE: u16 = 31;
const SYSTIME: u16 = 64;
const CLSID: u16 = 72;
const BINARY: u16 = 258;
