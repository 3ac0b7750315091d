//! The Transport Neutral Encapsulation Format (MS-OXTNEF), `winmail.dat`: text and files of a message of Outlook.
//!
//! A list of attributes. What ends early ends the list, and what was whole before it counts; check values are passed
//! over, since a wrong one is no reason to keep a file from whoever was sent it. Nothing is copied but short texts.

use zeroize::Zeroizing;

use super::mapi::{self, Properties, Property, Rest};
use super::rtf;

/// A message, as far as anybody is shown it.
#[derive(Default)]
pub(super) struct Tnef<'a> {
    class: String,
    /// Every attribute was read.
    whole: bool,
    pub(super) subject: Zeroizing<String>,
    /// The name of its writer.
    pub(super) from: Zeroizing<String>,
    address: Zeroizing<String>,
    /// 100 nanoseconds since 1601.
    sent: Option<u64>,
    /// The code page of texts that do not say theirs.
    code_page: u32,
    /// The code page of its HTML.
    html_page: Option<u32>,
    plain: Option<Property<'a>>,
    /// The text of clients before MAPI.
    old: Option<&'a [u8]>,
    html: Option<Property<'a>>,
    rtf: Option<&'a [u8]>,
    pub(super) files: Vec<Attached<'a>>,
}

/// A file.
#[derive(Default)]
pub(super) struct Attached<'a> {
    /// Its name, as written; may be empty.
    pub(super) name: String,
    pub(super) media_type: String,
    pub(super) content_id: String,
    pub(super) held: Held<'a>,
}

/// What a file is made of.
pub(super) enum Held<'a> {
    Octets(&'a [u8]),
    Message(Box<Tnef<'a>>),
}

impl Default for Held<'_> {
    fn default() -> Self {
        Self::Octets(&[])
    }
}

/// A text to be shown.
pub(super) enum Text {
    Plain(Zeroizing<String>),
    Html(Zeroizing<String>),
}

impl Text {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Plain(text) | Self::Html(text) => text.len(),
        }
    }

    fn says(&self) -> bool {
        let (Self::Plain(text) | Self::Html(text)) = self;
        !text.trim().is_empty()
    }
}

/// Reads a message; `None` for what is none, and for one of more files than anybody sends.
pub(super) fn read(octets: &[u8]) -> Option<Tnef<'_>> {
    read_at(octets, 0)
}

fn read_at(octets: &[u8], depth: usize) -> Option<Tnef<'_>> {
    let mut rest = Rest(octets);
    if rest.u32()? != SIGNATURE {
        return None;
    }
    // A key, of no use here.
    rest.u16()?;
    let mut tnef = Tnef { code_page: WESTERN, ..Tnef::default() };
    let mut file: Option<File<'_>> = None;
    while let Some((id, value)) = attribute(&mut rest) {
        match id {
            OEM_CODE_PAGE => tnef.code_page = Rest(value).u32().unwrap_or(WESTERN),
            SUBJECT if tnef.subject.is_empty() => tnef.subject = mapi::text(value, tnef.code_page),
            MESSAGE_CLASS => tnef.class = mapi::text(value, WESTERN).to_string(),
            BODY => tnef.old = Some(value),
            MESSAGE_PROPERTIES => Properties::read(value).for_each(|property| tnef.add(&property)),
            // MS-OXTNEF §2.1.3.3: each file begins with this one.
            ATTACH_REND_DATA => {
                tnef.files.extend(file.replace(File::default()).map(|file| file.end(depth)));
            }
            ATTACH_TITLE => file.get_or_insert_default().title = mapi::text(value, tnef.code_page).to_string(),
            ATTACH_DATA => file.get_or_insert_default().data = Some(value),
            ATTACHMENT => {
                let (code_page, file) = (tnef.code_page, file.get_or_insert_default());
                Properties::read(value).for_each(|property| file.add(&property, code_page));
            }
            _ => {}
        }
        if tnef.files.len() > MOST_FILES {
            return None;
        }
    }
    tnef.files.extend(file.map(|file| file.end(depth)));
    tnef.whole = rest.0.is_empty();
    Some(tnef)
}

/// The next attribute: what it is, and its octets.
fn attribute<'a>(rest: &mut Rest<'a>) -> Option<(u16, &'a [u8])> {
    // Of the message, or of a file.
    if !matches!(rest.u8()?, 1 | 2) {
        return None;
    }
    let (id, _) = (rest.u16()?, rest.u16()?);
    let length = usize::try_from(rest.u32()?).ok()?;
    let value = rest.take(length)?;
    // The check value. Without it the attribute is whole all the same.
    let _ = rest.u16();
    Some((id, value))
}

impl<'a> Tnef<'a> {
    fn add(&mut self, property: &Property<'a>) {
        let text = || property.text(self.code_page);
        match property.id {
            P_MESSAGE_CLASS if self.class.is_empty() => self.class = text().to_string(),
            P_SUBJECT => self.subject = text(),
            P_SENDER_NAME => self.from = text(),
            P_REPRESENTED_NAME if self.from.is_empty() => self.from = text(),
            P_SENDER_SMTP => self.address = text(),
            P_SENDER_ADDRESS | P_REPRESENTED_ADDRESS if !self.address.contains('@') => self.address = text(),
            P_SUBMIT_TIME => {
                self.sent = property.value.first_chunk().map(|octets| u64::from_le_bytes(*octets));
            }
            P_INTERNET_CODE_PAGE => self.html_page = property.number(),
            P_BODY => self.plain = Some(*property),
            P_BODY_HTML => self.html = Some(*property),
            P_RTF_COMPRESSED => self.rtf = Some(property.value),
            _ => {}
        }
    }

    /// Its text: HTML, else plain, else what its RTF says.
    pub(super) fn text(&self) -> Option<Text> {
        let html = || Some(Text::Html(self.html?.text(self.html_page.unwrap_or(self.code_page))));
        let plain = || Some(Text::Plain(self.plain?.text(self.code_page)));
        let old = || Some(Text::Plain(mapi::text(self.old?, self.code_page)));
        let rich = || rtf::read(&rtf::unpacked(self.rtf?)?);
        let all: [&dyn Fn() -> Option<Text>; 4] = [&html, &plain, &old, &rich];
        all.iter().find_map(|text| text().filter(Text::says))
    }

    /// Whether it is all of a message, and no appointment, task or contact.
    pub(super) fn is_note(&self) -> bool {
        let class = self.class.to_ascii_lowercase();
        self.whole && (class.starts_with("ipm.note") || class.starts_with("ipm.microsoft mail.note"))
    }

    /// Octets of its files, about.
    pub(super) fn size(&self) -> usize {
        let size = |file: &Attached<'_>| match &file.held {
            Held::Octets(octets) => octets.len(),
            Held::Message(message) => message.size(),
        };
        self.files.iter().map(|file| size(file).saturating_add(500)).fold(0, usize::saturating_add)
    }

    /// Where its writer gets mail, where that is said in the way of the Internet.
    pub(super) fn address(&self) -> Option<&str> {
        let address = self.address.trim();
        let sound = |c: u8| c.is_ascii_graphic() && !b"<>()\",;:\\".contains(&c);
        (address.contains('@') && address.len() < 255 && address.bytes().all(sound)).then_some(address)
    }

    /// When it was sent, as a Date field says it.
    pub(super) fn sent(&self) -> Option<String> {
        let seconds = i64::try_from(self.sent? / 10_000_000).ok()?.checked_sub(FROM_1601)?;
        let sent = jiff::Timestamp::from_second(seconds).ok()?;
        Some(sent.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string())
    }
}

/// A file whose attributes are being read.
#[derive(Default)]
struct File<'a> {
    title: String,
    long: String,
    short: String,
    shown: String,
    data: Option<&'a [u8]>,
    /// Its octets as a property, and whether they are an object.
    property: Option<(&'a [u8], bool)>,
    file: Attached<'a>,
}

impl<'a> File<'a> {
    fn add(&mut self, property: &Property<'a>, code_page: u32) {
        let text = || property.text(code_page).to_string();
        match property.id {
            P_ATTACH_LONG_NAME => self.long = text(),
            P_ATTACH_NAME => self.short = text(),
            P_DISPLAY_NAME => self.shown = text(),
            P_ATTACH_MIME_TAG => self.file.media_type = text(),
            P_ATTACH_CONTENT_ID => self.file.content_id = text(),
            P_ATTACH_DATA => self.property = Some((property.value, property.is_object())),
            _ => {}
        }
    }

    fn end(self, depth: usize) -> Attached<'a> {
        let mut file = self.file;
        let names = [self.long, self.title, self.short, self.shown];
        file.name = names.into_iter().find(|name| !name.trim().is_empty()).unwrap_or_default();
        if file.name.len() > LONGEST_NAME {
            // Its ending says what it is.
            let ending = file.name.rsplit_once('.').map(|(_, ending)| ending.chars().take(10).collect::<String>());
            file.name = file.name.chars().take(LONGEST_NAME / 4).collect();
            file.name.extend(ending.map(|ending| format!(".{ending}")));
        }
        file.held = match (self.property, self.data) {
            (Some((object, true)), _) => {
                let message = object.strip_prefix(MESSAGE_OBJECT);
                match message.filter(|_| depth < DEEPEST).and_then(|message| read_at(message, depth + 1)) {
                    Some(message) => Held::Message(Box::new(message)),
                    // A message that is not read here is one that others may read; of any other object the octets.
                    None if message.is_some() => {
                        file.media_type = "application/ms-tnef".to_owned();
                        Held::Octets(message.unwrap_or_default())
                    }
                    None => Held::Octets(object.get(16..).unwrap_or_default()),
                }
            }
            (_, Some(data)) => Held::Octets(data),
            (Some((octets, false)), None) => Held::Octets(octets),
            (None, None) => Held::Octets(&[]),
        };
        if matches!(file.held, Held::Message(_)) && !file.name.to_ascii_lowercase().ends_with(".eml") {
            file.name.push_str(".eml");
        }
        file
    }
}

const SIGNATURE: u32 = 0x223e_9f78;
/// Windows-1252
const WESTERN: u32 = 1252;
/// From 1601 to 1970, in seconds.
const FROM_1601: i64 = 11_644_473_600;
/// Files of one message.
const MOST_FILES: usize = 1000;
/// Octets of a name.
const LONGEST_NAME: usize = 400;
/// Messages within messages.
const DEEPEST: usize = 3;
/// IID_IMessage, 00020307-0000-0000-C000-000000000046: what follows is TNEF.
const MESSAGE_OBJECT: &[u8] = &[0x07, 0x03, 0x02, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46];

// Attributes (MS-OXTNEF §2.1.3.2), without their types, which some write as they like.
const OEM_CODE_PAGE: u16 = 0x9007;
const SUBJECT: u16 = 0x8004;
const MESSAGE_CLASS: u16 = 0x8008;
const BODY: u16 = 0x800c;
const MESSAGE_PROPERTIES: u16 = 0x9003;
const ATTACH_REND_DATA: u16 = 0x9002;
const ATTACH_TITLE: u16 = 0x8010;
const ATTACH_DATA: u16 = 0x800f;
const ATTACHMENT: u16 = 0x9005;

// Properties (MS-OXPROPS).
const P_MESSAGE_CLASS: u16 = 0x001a;
const P_SUBJECT: u16 = 0x0037;
const P_SUBMIT_TIME: u16 = 0x0039;
const P_REPRESENTED_NAME: u16 = 0x0042;
const P_REPRESENTED_ADDRESS: u16 = 0x0065;
const P_SENDER_NAME: u16 = 0x0c1a;
const P_SENDER_ADDRESS: u16 = 0x0c1f;
const P_SENDER_SMTP: u16 = 0x5d01;
const P_BODY: u16 = 0x1000;
const P_RTF_COMPRESSED: u16 = 0x1009;
const P_BODY_HTML: u16 = 0x1013;
const P_DISPLAY_NAME: u16 = 0x3001;
const P_ATTACH_DATA: u16 = 0x3701;
const P_ATTACH_NAME: u16 = 0x3704;
const P_ATTACH_LONG_NAME: u16 = 0x3707;
const P_ATTACH_MIME_TAG: u16 = 0x370e;
const P_ATTACH_CONTENT_ID: u16 = 0x3712;
const P_INTERNET_CODE_PAGE: u16 = 0x3fde;
