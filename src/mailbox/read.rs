//! Reading a delivery with a grant: texts and files of a message, lists as RFC 8621 §4.1.4.
//!
//! Files are collected from *every* branch: some clients put them inside the HTML branch of an
//! alternative (R-C6). Large parts are opened one by one; the page needs none of them.

use std::collections::HashSet;

use mail_parser::{HeaderValue, Message, MessageParser, MessagePart, MimeHeaders, PartType};
use zeroize::Zeroizing;

use crate::domain::{Address, Fault, ObjectId, Timestamp, is_language};
use crate::store::Store;
use crate::vault::container::{FRONT, LAST};
use crate::vault::{Encoding, Grant, OpenHead, PartPieces, PartRef, split};

use super::Mailboxes;
use super::pictures::{Picture, named};
use super::unwrap::unwrapped;

/// A message as its reader sees it.
pub struct Letter {
    /// Who sent it: display name, or address where there is none.
    pub from: String,
    /// The Date field, else when it was accepted.
    pub date: Timestamp,
    /// The subject, decoded; may be empty.
    pub subject: String,
    /// The one language that its Content-Language names (RFC 3282), where it names one.
    pub language: Option<String>,
    /// The texts to show, in order: HTML where the sender wrote some, else plain text.
    pub bodies: Vec<Body>,
    /// The files, collected from every branch of the message.
    pub files: Vec<File>,
    /// Those of them that the texts show where they stand.
    pub pictures: Vec<Picture>,
    /// Whom To and Cc name, with the name that they give.
    pub to: Vec<(String, Address)>,
    /// The sender closed the conversation: `X-MSS-MES: FIN`, or `[FIN]` in the subject.
    pub ended: bool,
}

/// One text of a letter.
pub enum Body {
    /// Plain text.
    Plain(String),
    /// HTML as sent: to be reduced before it is shown.
    Html(String),
}

impl Letter {
    /// A message that lies open, as its reader would see it; `None` for what is none.
    pub fn open(octets: &[u8]) -> Option<Self> {
        let plain = unwrapped(octets);
        let octets = plain.as_deref().map_or(octets, Vec::as_slice);
        let message = MessageParser::default().parse(octets)?;
        let bodies = shown(&message).map(|part| Body::of(part, part.text_contents().unwrap_or_default().to_owned()));
        let bodies: Vec<Body> = bodies.collect();
        let files = files(&message, &[]);
        let pictures = named(&bodies, &files);
        let pictures =
            pictures.iter().filter_map(|one| Picture::of(one, contents(one.part, &message).into())).collect();
        Some(Self::of(&message, bodies, files, pictures))
    }

    fn of(
        message: &Message<'_>,
        bodies: Vec<Body>,
        files: Vec<(File, &MessagePart<'_>)>,
        pictures: Vec<Picture>,
    ) -> Self {
        Self {
            from: from(message),
            date: message.date().map_or(Timestamp(0), |date| Timestamp(date.to_timestamp().saturating_mul(1000))),
            subject: message.subject().unwrap_or_default().to_owned(),
            language: language(message),
            bodies,
            files: files.into_iter().map(|(file, _)| file).collect(),
            pictures,
            to: receivers(message),
            ended: ended(message),
        }
    }
}

impl Body {
    fn of(part: &MessagePart<'_>, text: String) -> Self {
        if matches!(part.body, PartType::Html(_)) { Self::Html(text) } else { Self::Plain(text) }
    }
}

/// One file of a letter.
#[derive(Clone)]
pub struct File {
    /// Its number in the letter, from 0.
    pub number: usize,
    /// Its name, cleaned for showing and saving; never empty.
    pub name: String,
    /// Its media type, lower case, without parameters.
    pub media_type: String,
    /// Its octets, decoded.
    pub size: u64,
    /// Whether it is read piece by piece, whatever its size.
    pub in_pieces: bool,
}

/// The octets of a file.
pub enum Octets {
    /// All of them.
    Whole(Zeroizing<Vec<u8>>),
    /// One piece after the other, from anywhere.
    Pieces(FilePieces),
}

impl Octets {
    /// How many there are.
    pub fn length(&self) -> u64 {
        match self {
            Self::Whole(octets) => octets.len() as u64,
            Self::Pieces(pieces) => pieces.part.length(),
        }
    }

    /// All of them at once: for what is known to be small, or has its memory.
    pub(super) async fn whole(self) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let size = self.length();
        let pieces = match self {
            Self::Whole(octets) => return Ok(octets),
            Self::Pieces(pieces) => pieces,
        };
        let mut whole = Zeroizing::new(Vec::with_capacity(usize::try_from(size).unwrap_or_default()));
        while (whole.len() as u64) < size {
            let piece = pieces.read(whole.len() as u64, size).await?;
            if piece.is_empty() {
                return Err(Fault::new("a file ended early"));
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole)
    }
}

/// A large file that is opened as it is read.
pub struct FilePieces {
    store: Store,
    object: ObjectId,
    part: PartPieces,
}

impl FilePieces {
    /// The next octets from `at`, at least one and at most to `end`.
    ///
    /// # Errors
    /// A [`Fault`] for octets that are not those that were sealed, or when they went meanwhile.
    pub async fn read(&self, at: u64, end: u64) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let over = || Fault::new("a file has no such octets");
        let piece = self.part.piece(at, end).ok_or_else(over)?;
        let sealed = self.store.container_range(self.object, piece.sealed.clone()).await?;
        self.part.open(&piece, &sealed.ok_or(Fault::new("a file went while it was read"))?)
    }
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "File({}, {} octets)", self.number, self.size)
    }
}

/// Why nothing is read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is gone: recalled, expired.
    #[error("the message is gone")]
    Gone,
    /// No such file.
    #[error("there is no such file")]
    NoSuchFile,
    /// Ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Mailboxes {
    /// The letter of a grant. Plaintext lives for one response.
    ///
    /// # Errors
    /// [`ReadError::Gone`] when its objects are.
    pub async fn letter(&self, grant: &Grant) -> Result<Letter, ReadError> {
        let head = self.head(grant).await?;
        let message = parsed(&head)?;
        let files = files(&message, &head.parts);
        let mut bodies = Vec::new();
        for part in shown(&message) {
            let text = match cut_at(part, &head.parts) {
                Some(cut) => self.written(grant, &head, cut, part).await?,
                None => part.text_contents().unwrap_or_default().to_owned(),
            };
            bodies.push(Body::of(part, text));
        }
        let mut pictures = Vec::new();
        for one in named(&bodies, &files) {
            match self.whole(grant, &head, Place::of(one.part, &message, &head)).await {
                Ok(octets) => pictures.extend(Picture::of(&one, octets)),
                // The text can be read without it, and who opens it as a file is told.
                Err(why) => tracing::error!(%why, "a picture of a letter could not be read"),
            }
        }
        Ok(Letter::of(&message, bodies, files, pictures))
    }

    /// The same without its texts, of which none is read: what the files are, and of which letter.
    ///
    /// # Errors
    /// [`ReadError::Gone`] when its head is.
    pub async fn outline(&self, grant: &Grant) -> Result<Letter, ReadError> {
        let head = self.head(grant).await?;
        let message = parsed(&head)?;
        Ok(Letter::of(&message, Vec::new(), files(&message, &head.parts), Vec::new()))
    }

    /// One file of the letter, and its octets.
    ///
    /// # Errors
    /// [`ReadError::NoSuchFile`] for a number that is none.
    pub async fn file(&self, grant: &Grant, number: usize) -> Result<(File, Octets), ReadError> {
        let head = self.head(grant).await?;
        let (file, place) = {
            let message = parsed(&head)?;
            let (file, part) = files(&message, &head.parts).into_iter().nth(number).ok_or(ReadError::NoSuchFile)?;
            (file, Place::of(part, &message, &head))
        };
        let octets = self.octets(grant, &head, place).await?;
        Ok((File { size: octets.length(), ..file }, octets))
    }

    async fn octets(&self, grant: &Grant, head: &OpenHead, place: Place) -> Result<Octets, ReadError> {
        match place {
            Place::Head(octets) => Ok(Octets::Whole(octets)),
            Place::Cut(cut, encoding) => self.cut_out(grant, head, &cut, encoding).await,
        }
    }

    async fn whole(&self, grant: &Grant, head: &OpenHead, place: Place) -> Result<Zeroizing<Vec<u8>>, ReadError> {
        Ok(self.octets(grant, head, place).await?.whole().await?)
    }

    /// The octets of a file that was cut out of the head; `written` is how they stood there.
    pub(super) async fn cut_out(
        &self,
        grant: &Grant,
        head: &OpenHead,
        cut: &PartRef,
        written: mail_parser::Encoding,
    ) -> Result<Octets, ReadError> {
        if cut.is_in_pieces() {
            return Ok(Octets::Pieces(self.pieces(grant, head, cut).await?));
        }
        Ok(Octets::Whole(decoded(self.part(grant, head, cut).await?, cut, written)))
    }

    /// A large file, begun.
    async fn pieces(&self, grant: &Grant, head: &OpenHead, cut: &PartRef) -> Result<FilePieces, ReadError> {
        let size = self.store.container_size(cut.object).await?.ok_or(ReadError::Gone)?;
        let front = self.store.container_range(cut.object, 0..FRONT.min(size)).await?.ok_or(ReadError::Gone)?;
        let last = self.store.container_range(cut.object, size.saturating_sub(LAST)..size).await?;
        let last = last.ok_or(ReadError::Gone)?;
        let part = self.vault.begin_part(grant, head, cut, (&front, &last, size))?;
        Ok(FilePieces { store: self.store.clone(), object: cut.object, part })
    }

    pub(super) async fn part(
        &self,
        grant: &Grant,
        head: &OpenHead,
        cut: &PartRef,
    ) -> Result<Zeroizing<Vec<u8>>, ReadError> {
        let container = self.store.container(cut.object).await?.ok_or(ReadError::Gone)?;
        Ok(self.vault.open_part(grant, head, cut, &container)?)
    }

    /// The text of a body that was cut out: put back where it was and parsed again, charset and all.
    async fn written(
        &self,
        grant: &Grant,
        head: &OpenHead,
        cut: &PartRef,
        part: &MessagePart<'_>,
    ) -> Result<String, ReadError> {
        let octets = decoded(self.part(grant, head, cut).await?, cut, part.encoding);
        let charset = part.content_type().and_then(|kind| kind.attribute("charset")).unwrap_or("utf-8").to_owned();
        let mut alone = Zeroizing::new(format!("Content-Type: text/plain; charset=\"{charset}\"\r\n\r\n").into_bytes());
        alone.extend_from_slice(&octets);
        let message = MessageParser::default().parse(alone.as_slice());
        let text = message.as_ref().and_then(|m| m.parts.first()).and_then(|p| p.text_contents()).map(str::to_owned);
        Ok(text.unwrap_or_else(|| String::from_utf8_lossy(&octets).into_owned()))
    }
}

pub(super) fn parsed(head: &OpenHead) -> Result<Message<'_>, ReadError> {
    MessageParser::default()
        .parse(head.octets.as_slice())
        .ok_or(ReadError::Fault(Fault::new("a sealed message cannot be parsed")))
}

/// The parts that are read as text, in order.
///
/// The parser counts pictures that stand between texts among them; those are files.
fn shown<'m, 'x>(message: &'m Message<'x>) -> impl Iterator<Item = &'m MessagePart<'x>> {
    message.html_body.iter().filter_map(|&id| message.parts.get(id as usize)).filter(|part| is_text(part))
}

fn is_text(part: &MessagePart<'_>) -> bool {
    matches!(part.body, PartType::Text(_) | PartType::Html(_))
}

/// Everything else that holds something: the files, with their parts.
pub(super) fn files<'m, 'x>(message: &'m Message<'x>, cuts: &[PartRef]) -> Vec<(File, &'m MessagePart<'x>)> {
    let mut files: Vec<(File, &MessagePart<'_>)> = Vec::new();
    let read: HashSet<u32> = message.html_body.iter().chain(&message.text_body).copied().collect();
    for (id, part) in (0_u32..).zip(&message.parts) {
        // The plain text beside HTML says the same again. Every other leaf is a file, and so is a text with a name:
        // it is shown, and can be kept.
        let spoken = is_text(part) && read.contains(&id) && part.attachment_name().is_none();
        if spoken || matches!(part.body, PartType::Multipart(_)) {
            continue;
        }
        let cut = cut_at(part, cuts);
        let size = cut.map_or_else(|| contents(part, message).len() as u64, |cut| cut.length);
        let in_pieces = cut.is_some_and(PartRef::is_in_pieces);
        let number = files.len();
        let media_type = media_type(part);
        files.push((File { number, name: name(part, number, &media_type), media_type, size, in_pieces }, part));
    }
    files
}

/// Where the octets of a file are.
pub(super) enum Place {
    /// In the head: these.
    Head(Zeroizing<Vec<u8>>),
    /// Cut out of it, and how they stood there.
    Cut(PartRef, mail_parser::Encoding),
}

impl Place {
    pub(super) fn of(part: &MessagePart<'_>, message: &Message<'_>, head: &OpenHead) -> Self {
        match cut_at(part, &head.parts) {
            Some(cut) => Self::Cut(cut.clone(), part.encoding),
            None => Self::Head(Zeroizing::new(contents(part, message))),
        }
    }
}

/// The part that was cut out of the head where this one's body begins.
fn cut_at<'h>(part: &MessagePart<'_>, cuts: &'h [PartRef]) -> Option<&'h PartRef> {
    let empty = part.offset_end.saturating_sub(part.offset_body) as usize <= split::EMPTY;
    cuts.iter().find(|cut| empty && cut.at == u64::from(part.offset_body))
}

/// The octets of a part that stands in the head.
pub(super) fn contents(part: &MessagePart<'_>, message: &Message<'_>) -> Vec<u8> {
    match &part.body {
        // A message that was encoded is kept by the parser as it was before.
        PartType::Message(inner) if part.encoding != mail_parser::Encoding::None => inner.raw_message.to_vec(),
        PartType::Message(_) => {
            let range = part.offset_body as usize..part.offset_end as usize;
            message.raw_message.get(range).unwrap_or_default().to_vec()
        }
        _ => part.contents().to_vec(),
    }
}

/// A cut part's octets as the reader gets them: what was not decoded for storing is decoded now.
fn decoded(octets: Zeroizing<Vec<u8>>, cut: &PartRef, written: mail_parser::Encoding) -> Zeroizing<Vec<u8>> {
    if cut.encoding != Encoding::AsIs {
        return octets;
    }
    let encoding = match written {
        mail_parser::Encoding::Base64 => "base64",
        mail_parser::Encoding::QuotedPrintable => "quoted-printable",
        mail_parser::Encoding::None => return octets,
    };
    let head = format!("Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n");
    let mut alone = Zeroizing::new(head.into_bytes());
    alone.extend_from_slice(&octets);
    let message = MessageParser::default().parse(alone.as_slice());
    message.as_ref().and_then(|m| m.parts.first()).map(|p| Zeroizing::new(p.contents().to_vec())).unwrap_or(octets)
}

fn from(message: &Message<'_>) -> String {
    let first = message.from().and_then(|from| from.first());
    let name = first.and_then(|from| from.name.as_deref()).map(str::trim).filter(|name| !name.is_empty());
    let address = first.and_then(|from| from.address.as_deref());
    one_line(name.or(address).unwrap_or_default())
}

fn receivers(message: &Message<'_>) -> Vec<(String, Address)> {
    let all = [message.to(), message.cc()].into_iter().flatten().flat_map(|field| field.iter());
    let named = all.filter_map(|one| {
        let address = one.address.as_deref()?.parse().ok()?;
        Some((one_line(one.name.as_deref().unwrap_or_default()), address))
    });
    named.collect()
}

/// Of the message, else of its first text. A list of several says for whom it is, not what any word of it is in.
fn language(message: &Message<'_>) -> Option<String> {
    let text = shown(message).next().map(MessagePart::content_language);
    let fields = std::iter::once(message.content_language()).chain(text);
    let one = |field: &HeaderValue<'_>| match field {
        HeaderValue::Text(tag) => Some(tag.trim().to_owned()),
        HeaderValue::TextList(tags) => tags.first().filter(|_| tags.len() == 1).map(|tag| tag.trim().to_owned()),
        _ => None,
    };
    fields.filter_map(one).find(|tag| is_language(tag))
}

fn ended(message: &Message<'_>) -> bool {
    let field = message.header("X-MSS-MES").and_then(|value| value.as_text());
    let marked = field.is_some_and(|value| value.trim().eq_ignore_ascii_case("fin"));
    marked || message.subject().unwrap_or_default().to_ascii_lowercase().contains("[fin]")
}

fn media_type(part: &MessagePart<'_>) -> String {
    let given =
        part.content_type().map(|kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("octet-stream")));
    let given = given
        .map(|kind| kind.to_ascii_lowercase())
        .filter(|kind| kind.len() < 128 && kind.bytes().all(|c| c.is_ascii_alphanumeric() || b"/.+-_".contains(&c)));
    match &part.body {
        PartType::Message(_) => "message/rfc822".to_owned(),
        _ => given.unwrap_or_else(|| "application/octet-stream".to_owned()),
    }
}

/// A name that is safe to show and to save: no path, no control or invisible direction characters.
fn name(part: &MessagePart<'_>, number: usize, media_type: &str) -> String {
    let given = one_line(part.attachment_name().unwrap_or_default());
    let given = saved_as(given.rsplit(['/', '\\']).next().unwrap_or_default());
    if !given.is_empty() {
        return given;
    }
    // A message is known by its subject.
    let subject = part.message().and_then(Message::subject).map(|subject| saved_as(&one_line(subject)));
    if let Some(subject) = subject.filter(|subject| !subject.is_empty()) {
        return format!("{subject}.eml");
    }
    let ending = match media_type {
        "application/pdf" => "pdf",
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "text/plain" => "txt",
        "text/html" => "html",
        "message/rfc822" => "eml",
        _ => "bin",
    };
    format!("document-{}.{ending}", number + 1)
}

/// Without what a file's name cannot hold somewhere.
fn saved_as(name: &str) -> String {
    let kept = name.chars().map(|c| if c == '/' || c == '\\' { ' ' } else { c });
    let kept: String =
        kept.filter(|c| !matches!(c, ':' | '*' | '?' | '"' | '<' | '>' | '|')).take(LONGEST_NAME).collect();
    kept.trim().trim_start_matches('.').trim().to_owned()
}

/// Characters of a file's name.
const LONGEST_NAME: usize = 120;

fn one_line(text: &str) -> String {
    let visible = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let visible: String = visible.filter(|c| !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_without_a_name_is_called_by_its_subject() {
        let named = |head: &str, subject: &str| {
            let letter = Letter::open(
                format!(
                    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822{head}\r\n\r\n\
                     Subject: {subject}\r\n\r\nA\r\n--b--\r\n"
                )
                .as_bytes(),
            );
            letter.unwrap().files.remove(0).name
        };
        assert_eq!(named("", "Re: bilan 12/03 <ok>"), "Re bilan 12 03 ok.eml");
        assert_eq!(named("", "..  "), "document-1.eml");
        assert_eq!(named("; name=\"a/b.eml\"", "Bilan"), "b.eml");
    }

    #[test]
    fn a_letter_is_in_the_one_language_that_it_names() {
        let html = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\
                    Content-Language: ru\r\n\r\n<p>A\r\n--b--\r\n";
        for (message, language) in [
            ("Content-Language: it\r\n\r\nA\r\n", Some("it")),
            ("Content-Language: de-CH\r\n\r\nA\r\n", Some("de-CH")),
            ("Content-Language: fr, it\r\n\r\nA\r\n", None),
            ("Content-Language: \"><b>\r\n\r\nA\r\n", None),
            ("Content-Language:\r\n\r\nA\r\n", None),
            ("\r\nA\r\n", None),
            (html, Some("ru")),
        ] {
            let letter = Letter::open(format!("Subject: A\r\n{message}").as_bytes()).unwrap();
            assert_eq!(letter.language.as_deref(), language, "{message}");
        }
    }
}
