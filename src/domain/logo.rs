//! A practice's logo: a still picture, known by its octets. PNG (W3C PNG, third edition) or JPEG (ITU-T T.81).
//!
//! Read once, when an administrator gives it. What draws the picture is kept and nothing else is: where and when it was
//! taken (Exif), comments, previews, further pictures behind the first, frames of a moving one. A turn that only Exif
//! knows of goes with it, so the sides that the header tells are the sides that are shown. Pixels are never decoded.

use serde::{Deserialize, Serialize};

/// What a picture is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PictureKind {
    /// Portable Network Graphics.
    Png,
    /// JPEG.
    Jpeg,
}

impl PictureKind {
    /// What octets begin like, whatever their file is called.
    pub fn of(octets: &[u8]) -> Option<Self> {
        match octets {
            _ if octets.starts_with(PNG) => Some(Self::Png),
            [0xFF, SOI, 0xFF, ..] => Some(Self::Jpeg),
            _ => None,
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
        }
    }
}

/// What is known of a practice's logo without its octets: it stands in the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logo {
    /// What it is written in.
    pub kind: PictureKind,
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
    /// Octets.
    pub size: u32,
}

/// A logo and its octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// What it is.
    pub logo: Logo,
    /// What draws it.
    pub octets: Vec<u8>,
}

impl Picture {
    /// Octets that the file of a logo may have.
    pub const LARGEST: usize = 64 * 1024;

    /// Reads the file of a logo.
    ///
    /// # Errors
    /// [`NotALogo`] says in one sentence why it is none.
    pub fn read(file: &[u8]) -> Result<Self, NotALogo> {
        if file.len() > Self::LARGEST {
            return Err(NotALogo::TooLarge);
        }
        let kind = PictureKind::of(file).ok_or_else(|| if is_svg(file) { NotALogo::Svg } else { NotALogo::Unknown })?;
        let ((width, height), octets) = match kind {
            PictureKind::Png => png(file)?,
            PictureKind::Jpeg => jpeg(file)?,
        };
        let (short, long) = (width.min(height), width.max(height));
        if short < SHORTEST || long > LONGEST || long > short.saturating_mul(STRETCH) {
            return Err(NotALogo::Shape { width, height });
        }
        let size = u32::try_from(octets.len()).unwrap_or(u32::MAX);
        Ok(Self { logo: Logo { kind, width, height, size }, octets })
    }
}

/// Why a file is no logo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotALogo {
    /// More octets than a page should wait for.
    #[error("a logo has at most 64 KiB")]
    TooLarge,
    /// A drawing that may hold programs.
    #[error("SVG is not taken, since it can hold programs and load things from elsewhere: save it as PNG")]
    Svg,
    /// Another kind of file.
    #[error("neither a PNG nor a JPEG")]
    Unknown,
    /// Cut off, or not what was written.
    #[error("the picture is not whole: it breaks off, or was damaged on its way")]
    Broken,
    /// A JPEG that is not drawn by browsers (lossless, arithmetic, of 12 bits).
    #[error("a kind of JPEG that browsers do not show: save it as an ordinary one, or as PNG")]
    Odd,
    /// Too few pixels to be seen, too many for an old telephone, or a strip.
    #[error(
        "{width} × {height} pixels: each side of a logo has 16 to 2000, and the longer at most eight times the shorter"
    )]
    Shape {
        /// From left to right.
        width: u32,
        /// From top to bottom.
        height: u32,
    },
}

/// What is read on from, a piece at a time; a piece that is not there means that the file breaks off.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, many: usize) -> Result<&'a [u8], NotALogo> {
        let (piece, rest) = self.0.split_at_checked(many).ok_or(NotALogo::Broken)?;
        self.0 = rest;
        Ok(piece)
    }

    fn octets<const N: usize>(&mut self) -> Result<[u8; N], NotALogo> {
        self.take(N)?.try_into().map_err(|_| NotALogo::Broken)
    }

    fn length(&mut self) -> Result<usize, NotALogo> {
        usize::try_from(u32::from_be_bytes(self.octets()?)).map_err(|_| NotALogo::Broken)
    }
}

type Read = ((u32, u32), Vec<u8>);

/// The sides of a PNG, and the chunks that draw its still picture, each with its right check value (§5).
fn png(file: &[u8]) -> Result<Read, NotALogo> {
    let mut rest = Rest(file);
    let mut kept = rest.take(PNG.len())?.to_vec();
    let (mut sides, mut drawn) = (None, false);
    loop {
        let length = rest.length()?;
        let name: [u8; 4] = rest.octets()?;
        let body = rest.take(length)?;
        let check: [u8; 4] = rest.octets()?;
        if crc32(&[&name, body]) != u32::from_be_bytes(check) {
            return Err(NotALogo::Broken);
        }
        match (&name, sides) {
            (b"IHDR", None) => sides = Some(header_of(body)?),
            // §5.6: the header comes first, and once.
            (b"IHDR", Some(_)) | (_, None) => return Err(NotALogo::Broken),
            (b"IDAT", Some(_)) => drawn = true,
            _ => {}
        }
        if DRAWING.contains(&&name) {
            kept.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
            for piece in [name.as_slice(), body, &check] {
                kept.extend_from_slice(piece);
            }
        }
        if &name == b"IEND" {
            return sides.filter(|_| drawn).map(|sides| (sides, kept)).ok_or(NotALogo::Broken);
        }
    }
}

/// §11.2.1: width, height, bit depth, colour type, and the three methods.
fn header_of(body: &[u8]) -> Result<(u32, u32), NotALogo> {
    let mut rest = Rest(body);
    let (width, height) = (u32::from_be_bytes(rest.octets()?), u32::from_be_bytes(rest.octets()?));
    match rest.0 {
        [1 | 2 | 4 | 8 | 16, 0, 0, 0, 0 | 1] | [1 | 2 | 4 | 8, 3, 0, 0, 0 | 1] | [8 | 16, 2 | 4 | 6, 0, 0, 0 | 1] => {
            Ok((width, height))
        }
        _ => Err(NotALogo::Broken),
    }
}

/// The chunks of the picture and of its colours; `acTL`, `fcTL` and `fdAT`, which move it, are not among them.
const DRAWING: [&[u8; 4]; 11] =
    [b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP"];

/// The check value of a PNG's chunk (§5.5).
fn crc32(pieces: &[&[u8]]) -> u32 {
    let mut value = u32::MAX;
    for octet in pieces.iter().copied().flatten() {
        value ^= u32::from(*octet);
        for _ in 0..8 {
            value = if value & 1 == 1 { (value >> 1) ^ 0xEDB8_8320 } else { value >> 1 };
        }
    }
    !value
}

/// The sides of a JPEG, and the segments that draw it, up to the end of the first picture (T.81 §B).
fn jpeg(file: &[u8]) -> Result<Read, NotALogo> {
    let mut rest = Rest(file);
    let mut kept = rest.take(2)?.to_vec();
    let (mut sides, mut drawn) = (None, false);
    loop {
        if rest.octets::<1>()? != [0xFF] {
            return Err(NotALogo::Broken);
        }
        // §B.1.1.2: any number of fill octets may stand before a marker.
        let [mut marker] = rest.octets()?;
        while marker == 0xFF {
            [marker] = rest.octets()?;
        }
        if marker == EOI {
            kept.extend_from_slice(&[0xFF, EOI]);
            return sides.filter(|_| drawn).map(|sides| (sides, kept)).ok_or(NotALogo::Broken);
        }
        // Nothing but segments with a length stands here: no second picture, no restart.
        if !(0xC0..=0xFE).contains(&marker) || (0xD0..=SOI).contains(&marker) {
            return Err(NotALogo::Broken);
        }
        let long: [u8; 2] = rest.octets()?;
        let body = rest.take(usize::from(u16::from_be_bytes(long)).checked_sub(2).ok_or(NotALogo::Broken)?)?;
        let draws = match marker {
            // SOF0 to SOF2: baseline, extended, progressive; DHT, JPG and DAC stand between the others.
            0xC0..=0xC2 if sides.is_none() => {
                sides = Some(frame_of(body)?);
                true
            }
            DHT => true,
            0xC0..=0xCF => return Err(if sides.is_some() { NotALogo::Broken } else { NotALogo::Odd }),
            // JFIF, without the small picture of JFXX; colours; the mark of Adobe, by which they are told apart.
            0xE0 => body.starts_with(b"JFIF\0"),
            0xE2 => body.starts_with(b"ICC_PROFILE\0"),
            0xEE => body.starts_with(b"Adobe"),
            0xE0..=0xEF | COM => false,
            _ => true,
        };
        if draws {
            kept.extend_from_slice(&[0xFF, marker]);
            kept.extend_from_slice(&long);
            kept.extend_from_slice(body);
        }
        if marker == SOS {
            if sides.is_none() {
                return Err(NotALogo::Broken);
            }
            let scan = rest.take(scan_of(rest.0)?)?;
            kept.extend_from_slice(scan);
            drawn = true;
        }
    }
}

/// §B.2.2: precision, lines, samples per line, how many components.
fn frame_of(body: &[u8]) -> Result<(u32, u32), NotALogo> {
    let [bits, h1, h0, w1, w0, components, ..] = body else { return Err(NotALogo::Broken) };
    if *bits != 8 || ![1, 3, 4].contains(components) {
        return Err(NotALogo::Odd);
    }
    Ok((u32::from(u16::from_be_bytes([*w1, *w0])), u32::from(u16::from_be_bytes([*h1, *h0]))))
}

/// How long the coded data is that stands before the next marker: §B.1.1.5, `FF00` and restarts are of it.
fn scan_of(rest: &[u8]) -> Result<usize, NotALogo> {
    let marked = |pair: &[u8]| matches!(pair, [0xFF, next] if *next != 0 && !(0xD0..=0xD7).contains(next));
    rest.windows(2).position(marked).ok_or(NotALogo::Broken)
}

/// Whether a file that is no picture has a drawing in SVG near its beginning.
fn is_svg(file: &[u8]) -> bool {
    let start = file.get(..file.len().min(4096)).unwrap_or_default();
    String::from_utf8_lossy(start).to_ascii_lowercase().contains("<svg")
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
const DHT: u8 = 0xC4;
const COM: u8 = 0xFE;
/// Pixels of the shorter side, and of the longer.
const SHORTEST: u32 = 16;
const LONGEST: u32 = 2000;
/// How many times as long as the other a side may be.
const STRETCH: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    const LIGHTHOUSE: &[u8] = include_bytes!("../portal/lighthouse.png");
    const JFIF: &[u8] = include_bytes!("../../tests/support/logo.jpg");

    fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).expect("short").to_be_bytes();
        [&length, name.as_slice(), body, &crc32(&[name, body]).to_be_bytes()].concat()
    }

    fn with_sides(width: u32, height: u32) -> Vec<u8> {
        let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
        [PNG, &chunk(b"IHDR", &header), &chunk(b"IDAT", b"x"), &chunk(b"IEND", b"")].concat()
    }

    #[test]
    fn pictures_are_known_by_their_octets_and_kept_as_they_are_drawn() {
        let png = Picture::read(LIGHTHOUSE).expect("a PNG");
        assert_eq!(png.logo, Logo { kind: PictureKind::Png, width: 128, height: 128, size: 831 });
        assert_eq!(png.octets, LIGHTHOUSE);
        let jpeg = Picture::read(JFIF).expect("a JPEG");
        assert_eq!((jpeg.logo.kind, jpeg.logo.width, jpeg.logo.height), (PictureKind::Jpeg, 64, 32));
        assert_eq!(jpeg.octets, JFIF);
        for again in [&png, &jpeg] {
            assert_eq!(Picture::read(&again.octets).as_ref(), Ok(again));
        }
    }

    #[test]
    fn what_does_not_draw_the_picture_is_left_out() {
        let (head, rest) = LIGHTHOUSE.split_at(33);
        let extra = [
            chunk(b"eXIf", b"MM\0*place"),
            chunk(b"tEXt", b"Author\0Claire"),
            chunk(b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]),
            chunk(b"fdAT", b"moves"),
        ];
        let told = [head, &extra.concat(), rest, b"behind the end"].concat();
        assert_eq!(Picture::read(&told).expect("a PNG").octets, LIGHTHOUSE);

        let (head, rest) = JFIF.split_at(20);
        let segment = |marker: u8, body: &[u8]| {
            let long = u16::try_from(body.len() + 2).expect("short").to_be_bytes();
            [&[0xFF, marker], long.as_slice(), body].concat()
        };
        let extra = [
            segment(0xE0, b"JFXX\0\x10preview"),
            segment(0xE1, b"Exif\0\0MM\0*place"),
            segment(0xE2, b"MPF\0second"),
            segment(0xED, b"Photoshop 3.0\0Claire"),
            segment(COM, b"Claire"),
            vec![0xFF, 0xFF],
        ];
        let told = [head, &extra.concat(), rest, JFIF].concat();
        assert_eq!(Picture::read(&told).expect("a JPEG").octets, JFIF);
    }

    #[test]
    fn a_picture_that_is_cut_anywhere_is_none() {
        for whole in [LIGHTHOUSE, JFIF] {
            for end in 4..whole.len() {
                let cut = Picture::read(whole.get(..end).expect("shorter"));
                assert!(matches!(cut, Err(NotALogo::Broken | NotALogo::Unknown)), "{end} of {}: {cut:?}", whole.len());
            }
        }
        for at in PNG.len()..LIGHTHOUSE.len() {
            let mut damaged = LIGHTHOUSE.to_vec();
            damaged[at] ^= 1;
            assert_eq!(Picture::read(&damaged), Err(NotALogo::Broken), "octet {at}");
        }
    }

    #[test]
    fn anything_else_is_refused_for_what_it_is() {
        let svg = b"\xef\xbb\xbf<?xml version=\"1.0\"?>\n<SVG xmlns=\"http://www.w3.org/2000/svg\"/>";
        let frame = JFIF.windows(2).position(|pair| pair == [0xFF, 0xC0]).expect("a baseline JPEG");
        let mut lossless = JFIF.to_vec();
        lossless[frame + 1] = 0xC3;
        let mut twelve = JFIF.to_vec();
        twelve[frame + 4] = 12;
        for (file, why) in [
            (svg.to_vec(), NotALogo::Svg),
            (Vec::new(), NotALogo::Unknown),
            (b"GIF89a\x01\0\x01\0".to_vec(), NotALogo::Unknown),
            (b"RIFF\x10\0\0\0WEBPVP8 ".to_vec(), NotALogo::Unknown),
            (b"%PDF-1.7\n".to_vec(), NotALogo::Unknown),
            (b"\xff\xd8".to_vec(), NotALogo::Unknown),
            (lossless, NotALogo::Odd),
            (twelve, NotALogo::Odd),
            ([PNG, &chunk(b"IDAT", b"x"), &chunk(b"IEND", b"")].concat(), NotALogo::Broken),
            (with_sides(15, 100), NotALogo::Shape { width: 15, height: 100 }),
            (with_sides(2001, 1000), NotALogo::Shape { width: 2001, height: 1000 }),
            (with_sides(801, 100), NotALogo::Shape { width: 801, height: 100 }),
            (with_sides(0, 0), NotALogo::Shape { width: 0, height: 0 }),
            (with_sides(u32::MAX, u32::MAX), NotALogo::Shape { width: u32::MAX, height: u32::MAX }),
        ] {
            assert_eq!(Picture::read(&file), Err(why));
        }
        let mut large = LIGHTHOUSE.to_vec();
        large.resize(Picture::LARGEST, 0);
        assert!(Picture::read(&large).is_ok(), "64 KiB");
        large.push(0);
        assert_eq!(Picture::read(&large), Err(NotALogo::TooLarge));
        assert!(Picture::read(&with_sides(800, 100)).is_ok());
    }
}
