//! What comes back of a mail: reports of delivery (RFC 3464), bounces that only people can read, answers of programs
//! (RFC 3834), and answers of persons.
//!
//! Whoever sends it is not trusted. Nothing of it goes on but what kind it is, a status code, and a few words of the
//! server that refused, on one line, bounded, without control characters and without links. What is packed is not
//! unpacked (fault 46): an attached archive is octets here.

use super::address::{self, Address};
use super::decode;
use super::field;
use super::parameter::plain;
use super::structure::{Kind, Node, Structure};

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Returned {
    /// It will not be delivered.
    Failed(Failure),
    /// It waits, and may still be delivered: no failure.
    Waits,
    /// It was delivered, or handed on.
    Arrived,
    /// Something else that a program wrote: an absence, a receipt, a list. Nobody answers it (RFC 3834 §2).
    Automatic,
    /// Somebody wrote it.
    Written,
}

/// What a server says of a failure: one-line texts, made harmless.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Failure {
    /// RFC 3463: `5.1.1`.
    pub status: Option<String>,
    /// What the refusing server said: `smtp; 550 5.1.1 no such user`.
    pub diagnostic: Option<String>,
    /// The server that reports: `dns; mx.example`.
    pub reporting: Option<String>,
    /// The server that refused.
    pub remote: Option<String>,
}

/// What a server says may name a person.
impl std::fmt::Debug for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Failure({:?})", self.status)
    }
}

impl Returned {
    /// Reads a mail that came back; `null` where its reverse-path is `<>` (a field Return-Path says so as well).
    pub fn read(octets: &[u8], null: bool) -> Self {
        let structure = Structure::read(octets);
        let Some(root) = structure.root() else { return Self::Automatic };
        let header = field::head(octets, &root.header);
        let null = null || field::find(header, "return-path").is_some_and(|path| path == b"<>");
        if let Some(node) = part(&structure, is_status)
            && let Some(read) = report(octets, node)
        {
            return read;
        }
        let daemon = null || is_daemon(header);
        // Exim names those who did not get it in a field of its own, and reports of others may lack their part.
        let failed = field::find(header, "x-failed-recipients").is_some();
        if daemon || failed || is_report(root) {
            return told(octets, &structure, header, failed || is_report(root)).unwrap_or(Self::Automatic);
        }
        if is_automatic(header) { Self::Automatic } else { Self::Written }
    }
}

/// The texts of a mail that are encoded, so that what stands in them is not seen in its octets: decoded, the first few
/// and the beginning of each.
pub fn encoded_texts(octets: &[u8]) -> Vec<zeroize::Zeroizing<String>> {
    let structure = Structure::read(octets);
    let encoded = |node: &&Node| {
        let encoding = field::find(field::head(octets, &node.header), "content-transfer-encoding");
        let encoding = encoding.map(|value| plain(&value).to_ascii_lowercase()).unwrap_or_default();
        matches!(node.kind, Kind::Leaf) && [&b"base64"[..], b"quoted-printable"].contains(&encoding.as_slice())
    };
    let read = |node: &Node| decode::text(octets, node, LONGEST_TEXT);
    structure.nodes().iter().filter(encoded).take(MOST_TEXTS).map(read).collect()
}

/// Who wrote a mail that was found in an account: by its Return-Path, else its From (RFC 3834 §4).
pub fn writer(octets: &[u8]) -> Option<String> {
    let structure = Structure::read(octets);
    let header = field::head(octets, &structure.root()?.header);
    let value = field::find(header, "return-path").or_else(|| field::find(header, "from"))?;
    match address::list(value.get(..value.len().min(LONGEST_FIELD)).unwrap_or_default(), 2).as_slice() {
        [Address::Mailbox { local, domain, .. }] => {
            Some(format!("{}@{}", std::str::from_utf8(local).ok()?, std::str::from_utf8(domain).ok()?))
        }
        _ => None,
    }
}

/// The Message-ID of a mail, where it has a plain one.
pub fn message_id(octets: &[u8]) -> Option<String> {
    let structure = Structure::read(octets);
    let value = field::find(field::head(octets, &structure.root()?.header), "message-id")?;
    let plain = value.len() <= LONGEST_FIELD && value.iter().all(u8::is_ascii_graphic);
    let framed = value.len() > 2 && value.starts_with(b"<") && value.ends_with(b">");
    let inner = value.get(1..value.len().saturating_sub(1)).unwrap_or_default();
    (plain && framed && !inner.iter().any(|octet| b"<>".contains(octet)))
        .then(|| String::from_utf8_lossy(&value).into_owned())
}

/// A report's machine-readable part (RFC 3464 §2); `None` where it says nothing of any recipient.
fn report(octets: &[u8], node: &Node) -> Option<Returned> {
    let body = decode::body(octets, node)?;
    let body = body.get(..body.len().min(LONGEST_TEXT)).unwrap_or_default();
    let mut reporting = None;
    let (mut failed, mut arrived, mut waits) = (None, false, false);
    for group in groups(body).take(MOST_GROUPS) {
        let value = |name: &str| field::find(group, name);
        let line = |name: &str| value(name).and_then(|value| harmless(&value, LONGEST_NAME));
        reporting = reporting.or_else(|| line("reporting-mta"));
        let status = value("status").and_then(|value| code(&String::from_utf8_lossy(&value)));
        let action = value("action").map(|value| plain(&value).to_ascii_lowercase());
        let class = status.as_ref().and_then(|status| status.bytes().next());
        match (action.as_deref(), class) {
            (Some(b"failed"), _) | (None, Some(b'5')) => {
                let diagnostic = value("diagnostic-code").and_then(|value| harmless(&value, LONGEST_DIAGNOSTIC));
                let remote = line("remote-mta");
                let status = specific(status, diagnostic.as_deref());
                failed.get_or_insert(Failure { status, diagnostic, reporting: None, remote });
            }
            (Some(b"delivered" | b"relayed" | b"expanded"), _) | (None, Some(b'2')) => arrived = true,
            (Some(b"delayed"), _) | (None, Some(b'4')) => waits = true,
            _ => {}
        }
    }
    match (failed, arrived, waits) {
        // A notice has one recipient: where it was handed on to several, one who has it is enough.
        (_, true, _) => Some(Returned::Arrived),
        (Some(failure), false, _) => Some(Returned::Failed(Failure { reporting, ..failure })),
        (None, false, true) => Some(Returned::Waits),
        (None, false, false) => None,
    }
}

/// What a mail of a server says in the words of people; `None` where it is no bounce.
fn told(octets: &[u8], structure: &Structure, header: &[u8], sure: bool) -> Option<Returned> {
    let subject = field::find(header, "subject").unwrap_or_default();
    let subject = String::from_utf8_lossy(subject.get(..subject.len().min(LONGEST_NAME)).unwrap_or_default());
    let text =
        part(structure, |node| matches!(node.kind, Kind::Leaf) && node.media_type().0.eq_ignore_ascii_case(b"text"))
            .map(|node| decode::text(octets, node, LONGEST_TEXT))
            .unwrap_or_default();
    let lower = text.to_lowercase();
    // What follows is the mail that came back, and may say anything.
    let end = COPIES.iter().filter_map(|mark| lower.find(mark)).min().unwrap_or(lower.len());
    let said = format!("{}\n{}", subject.to_lowercase(), lower.get(..end).unwrap_or_default());
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if has(WAITING) && !has(FOR_GOOD) {
        return Some(Returned::Waits);
    }
    if !sure && !has(FAILED) {
        return None;
    }
    let lines = || said.lines().skip(1).map(str::trim).filter(|line| !line.is_empty()).take(MOST_LINES);
    let line =
        lines().find(|line| has_code(line)).or_else(|| lines().find(|line| FAILED.iter().any(|w| line.contains(w))));
    // As it was written, not in lower case, where the two have the same lines.
    let written = line.and_then(|line| text.lines().map(str::trim).find(|written| written.to_lowercase() == line));
    let diagnostic = written.or(line).and_then(|line| harmless(line.as_bytes(), LONGEST_DIAGNOSTIC));
    let status = specific(None, diagnostic.as_deref());
    Some(Returned::Failed(Failure { status, diagnostic, ..Failure::default() }))
}

/// The first part that answers, of those that are no part of a message within the message.
fn part(structure: &Structure, is: impl Fn(&Node) -> bool) -> Option<&Node> {
    let mut open = vec![0];
    while let Some(at) = open.pop() {
        let node = structure.node(at)?;
        if is(node) {
            return Some(node);
        }
        if let Kind::Multipart(children) = &node.kind {
            open.extend(children.iter().rev().copied().take(MOST_CHILDREN));
        }
    }
    None
}

fn is_status(node: &Node) -> bool {
    let (kind, subtype) = node.media_type();
    // RFC 6533 §4: the same with addresses in UTF-8.
    let known = [&b"delivery-status"[..], b"global-delivery-status"];
    kind.eq_ignore_ascii_case(b"message") && known.iter().any(|known| subtype.eq_ignore_ascii_case(known))
}

/// Whether it calls itself a report of delivery (RFC 6522), and none of the other reports.
fn is_report(root: &Node) -> bool {
    let (kind, subtype) = root.media_type();
    let of = root.content_type.parameter("Report-Type").unwrap_or_default();
    kind.eq_ignore_ascii_case(b"multipart")
        && subtype.eq_ignore_ascii_case(b"report")
        && of.eq_ignore_ascii_case(b"delivery-status")
}

/// Whether the From is that of a mail server.
fn is_daemon(header: &[u8]) -> bool {
    let from = field::find(header, "from").unwrap_or_default().to_ascii_lowercase();
    let from = from.get(..from.len().min(LONGEST_NAME)).unwrap_or_default();
    DAEMONS.iter().any(|name| from.windows(name.len()).any(|window| window == name.as_bytes()))
}

/// RFC 3834 §2, and what mail programs had before it.
pub(super) fn is_automatic(header: &[u8]) -> bool {
    field::fields(header).any(|field| {
        let name = field.name.to_ascii_lowercase();
        let value = || plain(&field::unfold(field.value)).to_ascii_lowercase();
        match name.as_slice() {
            b"auto-submitted" => value() != b"no",
            b"precedence" => [&b"bulk"[..], b"list", b"junk", b"auto_reply"].contains(&value().as_slice()),
            b"content-type" => value() == b"multipart/report",
            b"x-autoreply" | b"x-autorespond" | b"x-auto-response-suppress" | b"x-loop" => true,
            name => name.starts_with(b"list-"),
        }
    })
}

/// The groups of fields between empty lines.
fn groups(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let is_empty = |line: &[u8]| line.trim_ascii().is_empty();
        let mut begin = None;
        while let Some(line) = body.get(at..).and_then(field::line) {
            match (begin, is_empty(line)) {
                (Some(begin), true) => return body.get(begin..at),
                (None, false) => begin = Some(at),
                _ => {}
            }
            at = at.saturating_add(line.len());
        }
        begin.and_then(|begin| body.get(begin..at))
    })
}

/// The status of a report; where it says nothing (X.0.0), the one in what the server said.
fn specific(status: Option<String>, diagnostic: Option<&str>) -> Option<String> {
    match status {
        Some(status) if !status.ends_with(".0.0") => Some(status),
        status => diagnostic.and_then(code).filter(|code| !code.starts_with('2')).or(status),
    }
}

/// The first status code in a text (RFC 3463 §2).
fn code(text: &str) -> Option<String> {
    let words = text.split(|c: char| !(c.is_ascii_digit() || c == '.')).map(|word| word.trim_matches('.'));
    words.into_iter().find(|word| is_code(word)).map(str::to_owned)
}

fn is_code(word: &str) -> bool {
    let fields: Vec<&str> = word.split('.').collect();
    let digits = |field: &&str| (1..=3).contains(&field.len()) && field.bytes().all(|c| c.is_ascii_digit());
    fields.len() == 3 && fields.iter().all(digits) && matches!(fields.first(), Some(&("2" | "4" | "5")))
}

/// Whether a line has a reply of SMTP that refuses for good, or a status of that class.
fn has_code(line: &str) -> bool {
    let mut words = line.split(|c: char| !(c.is_ascii_digit() || c == '.')).map(|word| word.trim_matches('.'));
    words.any(|word| {
        (is_code(word) && word.starts_with('5'))
            || (word.len() == 3
                && word.bytes().all(|c| c.is_ascii_digit())
                && (word.starts_with("55") || word == "521"))
    })
}

/// A text of a stranger for a letter of ours: one line, no control or direction characters, no link, so long at most.
fn harmless(value: &[u8], longest: usize) -> Option<String> {
    let value = value.get(..value.len().min(LONGEST_TEXT)).unwrap_or_default();
    let text = String::from_utf8_lossy(value);
    let bad = |c: char| c.is_control() || INVISIBLE.contains(&c) || c == '\u{fffd}';
    let spaced: String = text.chars().map(|c| if bad(c) { ' ' } else { c }).collect();
    let is_link = |word: &&str| word.contains("://") || word.to_ascii_lowercase().contains("www.");
    let words: Vec<&str> = spaced.split_whitespace().filter(|word| !is_link(word)).collect();
    let line: String = words.join(" ").chars().take(longest).collect();
    let line = line.trim_end().to_owned();
    (!line.is_empty()).then_some(line)
}

/// Marks of direction and width, which could make a line read as another.
const INVISIBLE: &[char] = &[
    '\u{ad}', '\u{61c}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{200e}', '\u{200f}', '\u{2028}', '\u{2029}',
    '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2060}', '\u{2066}', '\u{2067}', '\u{2068}',
    '\u{2069}', '\u{feff}',
];
/// Of whom mail servers' mail is.
const DAEMONS: &[&str] = &[
    "mailer-daemon@",
    "postmaster@",
    "mailer-daemon",
    "mail-daemon@",
    "microsoftexchange329e71ec88ae4615bbc36ab6ce41109e",
];
/// Where the mail that came back begins, in bounces of text: qmail, Exim, Exchange, Gmail, sendmail.
const COPIES: &[&str] = &[
    "--- below this line is a copy of the message",
    "------ this is a copy of",
    "original message headers",
    "----- original message -----",
    "----- unsent message follows -----",
    "--- the header of the original message is following",
];
/// It waits.
const WAITING: &[&str] = &[
    "delayed",
    "(delay)",
    "warning: could not send",
    "still being retried",
    "will keep trying",
    "will be retried",
    "will continue to be attempted",
    "will retry",
    "not yet been delivered",
    "has been deferred",
    "no action is required on your part",
    "this is a warning message only",
    "a été retardé",
    "verzögert",
    "se ha retrasado",
    "è stato ritardato",
];
/// It does not.
const FOR_GOOD: &[&str] = &["permanent", "gave up", "giving up", "given up", "permanently", "expired", "définitif"];
/// It failed.
const FAILED: &[&str] = &[
    "undeliverable",
    "undelivered",
    "failure notice",
    "(failure)",
    "delivery failed",
    "delivery has failed",
    "delivery failure",
    "delivery to these recipients",
    "returned mail",
    "returned to sender",
    "not be delivered",
    "couldn't be delivered",
    "wasn't delivered",
    "not delivered",
    "able to deliver",
    "unable to deliver",
    "permanent error",
    "permanent failure",
    "failed permanently",
    "user unknown",
    "unknown user",
    "no such user",
    "does not exist",
    "did not reach",
    "mailbox not found",
    "n'a pas pu être remis",
    "échec de la remise",
    "non remis",
    "mancata consegna",
    "impossibile recapitare",
    "no se pudo entregar",
    "unzustellbar",
    "не удалось доставить",
    "не доставлено",
];
/// Octets of a text that are read.
const LONGEST_TEXT: usize = 64 * 1024;
/// Characters of what a refusing server said.
const LONGEST_DIAGNOSTIC: usize = 300;
/// Characters of a server's name.
const LONGEST_NAME: usize = 120;
/// Octets of an address or a Message-ID.
const LONGEST_FIELD: usize = 250;
/// Groups of fields in a report.
const MOST_GROUPS: usize = 100;
/// Parts of one part that are looked at.
const MOST_CHILDREN: usize = 20;
/// Encoded texts that are decoded.
const MOST_TEXTS: usize = 8;
/// Lines of a text in which a code is looked for.
const MOST_LINES: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    /// A report with this machine-readable part, as Postfix makes it.
    fn dsn(status: &str) -> String {
        format!(
            "Return-Path: <>\r\nFrom: MAILER-DAEMON@relay.example (Mail Delivery System)\r\n\
             Subject: Undelivered Mail Returned to Sender\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"B.1/relay.example\"\r\n\r\n\
             This is a MIME-encapsulated message.\r\n\r\n--B.1/relay.example\r\nContent-Description: Notification\r\n\
             Content-Type: text/plain; charset=us-ascii\r\n\r\nThis is the mail system at host relay.example.\r\n\r\n\
             --B.1/relay.example\r\nContent-Type: message/delivery-status\r\n\r\n{status}\r\n\r\n\
             --B.1/relay.example\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: x\r\n\r\n--B.1/relay.example--\r\n"
        )
    }

    fn failure(text: &str) -> Failure {
        match Returned::read(text.as_bytes(), false) {
            Returned::Failed(failure) => failure,
            other => panic!("{other:?}: {text}"),
        }
    }

    fn status(text: &str) -> String {
        failure(text).status.unwrap_or_default()
    }

    fn plain_bounce(from: &str, subject: &str, text: &str) -> String {
        format!("From: {from}\r\nTo: x@cabinet.example\r\nSubject: {subject}\r\n\r\n{}", text.replace('\n', "\r\n"))
    }

    #[test]
    fn reports_are_read_as_rfc_3464_has_them() {
        let whole = dsn(
            "Reporting-MTA: dns; relay.example\r\nX-Postfix-Queue-ID: 4F\r\nArrival-Date: Fri, 15 Jan 2027 09:00:00 +0100\r\n\r\n\
             Final-Recipient: rfc822; jeanne@patient.example\r\nOriginal-Recipient: rfc822;jeanne@patient.example\r\n\
             Action: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mx.patient.example\r\n\
             Diagnostic-Code: smtp; 550 5.1.1 <jeanne@patient.example>: Recipient\r\n    address rejected: User unknown",
        );
        let read = failure(&whole);
        assert_eq!(read.status.as_deref(), Some("5.1.1"));
        assert_eq!(read.reporting.as_deref(), Some("dns; relay.example"));
        assert_eq!(read.remote.as_deref(), Some("dns; mx.patient.example"));
        let said = "smtp; 550 5.1.1 <jeanne@patient.example>: Recipient address rejected: User unknown";
        assert_eq!(read.diagnostic.as_deref(), Some(said));
        assert_eq!(format!("{read:?}"), "Failure(Some(\"5.1.1\"))", "a person's address is in it");

        let of = |fields: &str| Returned::read(dsn(fields).as_bytes(), false);
        assert_eq!(of("Reporting-MTA: dns; a\r\n\r\nAction: delayed\r\nStatus: 4.4.1"), Returned::Waits);
        assert_eq!(of("Reporting-MTA: dns; a\r\n\r\nAction: delivered\r\nStatus: 2.0.0"), Returned::Arrived);
        assert_eq!(
            of("Reporting-MTA: dns; a\r\n\r\nACTION: Relayed (to a gateway)\r\nStatus: 2.0.0"),
            Returned::Arrived
        );
        assert_eq!(of("Action: expanded"), Returned::Arrived);
        // One of those it was handed on to did not get it; the other did.
        assert_eq!(of("Action: failed\r\nStatus: 5.1.1\r\n\r\nAction: delivered"), Returned::Arrived);
        for (fields, wanted) in [
            ("Action: failed\r\nStatus: 4.4.7 (expired)", "4.4.7"),
            ("Status: 5.2.2", "5.2.2"),
            ("Action: failed\r\nStatus: 5.0.0\r\nDiagnostic-Code: smtp; 552-5.2.2 over quota", "5.2.2"),
            ("Action: failed\r\nDiagnostic-Code: X-Notes; no code", ""),
            ("Action: failed\r\nStatus: 5.0.0", "5.0.0"),
            ("Action: failed\r\nStatus: nonsense\r\nDiagnostic-Code: smtp; 550 10.5.1.1 said so", ""),
        ] {
            assert_eq!(status(&dsn(fields)), wanted, "{fields}");
        }
        // A part in base64, an address in UTF-8 (RFC 6533), a report that lacks its part.
        let encoded = data_encoding::BASE64.encode(b"Action: failed\r\nStatus: 5.1.1\r\n");
        let global = dsn("").replace(
            "Content-Type: message/delivery-status\r\n\r\n",
            &format!(
                "Content-Type: message/global-delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\n{encoded}"
            ),
        );
        assert_eq!(status(&global), "5.1.1");
        assert_eq!(status(&dsn("nothing: here").replace("host relay.example.", "host: 550 5.7.1 spam")), "5.7.1");
    }

    #[test]
    fn bounces_that_only_people_can_read_are_understood() {
        let qmail = plain_bounce(
            "MAILER-DAEMON@relay.example",
            "failure notice",
            "Hi. This is the qmail-send program at relay.example.\nI'm afraid I wasn't able to deliver your message to \
             the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n\
             <jeanne@patient.example>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 No Such User\n\
             Giving up on 192.0.2.1.\n\n--- Below this line is a copy of the message.\n\nSubject: delayed\n",
        );
        assert_eq!(failure(&qmail).diagnostic.as_deref(), Some("Remote host said: 550 5.1.1 No Such User"));
        assert_eq!(status(&qmail), "5.1.1");
        let exim = plain_bounce(
            "Mail Delivery System <Mailer-Daemon@relay.example>",
            "Mail delivery failed: returning message to sender",
            "This message was created automatically by mail delivery software.\n\n  jeanne@patient.example\n    mailbox is \
             full: retry timeout exceeded\n\n------ This is a copy of your message.\n",
        );
        assert_eq!(status(&exim), "");
        assert!(
            failure(&exim.replace("From: ", "X-Failed-Recipients: j@p.example\r\nFrom: a <a@b.example>\r\nX: "))
                .status
                .is_none()
        );
        let exchange = plain_bounce(
            "postmaster@outlook.example",
            "Undeliverable: Cabinet du Port",
            "Delivery has failed to these recipients or groups:\n\njeanne@patient.example\nRemote Server returned '550 5.1.10 \
             RESOLVER.ADR.RecipientNotFound; not found'\n",
        );
        assert_eq!(status(&exchange), "5.1.10");
        let french =
            plain_bounce("postmaster@fai.example", "Non remis : une lettre", "Votre message n'a pas pu être remis.");
        assert_eq!(failure(&french).diagnostic.as_deref(), Some("Votre message n'a pas pu être remis."));
        for late in [
            plain_bounce(
                "Mailer-Daemon@relay.example",
                "Warning: message 1abc delayed 24 hours",
                "No action is required on your part.",
            ),
            plain_bounce(
                "mailer-daemon@g.example",
                "Delivery Status Notification (Delay)",
                "Gmail will retry for 46 more hours.\n",
            ),
            plain_bounce(
                "MAILER-DAEMON@r.example",
                "Warning: could not send message for past 4 hours",
                "450 4.2.0 user unknown",
            ),
        ] {
            assert_eq!(Returned::read(late.as_bytes(), false), Returned::Waits, "{late}");
        }
    }

    #[test]
    fn what_a_program_wrote_is_told_from_what_a_person_wrote() {
        let mail = |fields: &str| {
            format!("From: Jeanne <jeanne@patient.example>\r\n{fields}Subject: Re: une lettre\r\n\r\nBonjour\r\n")
        };
        let read = |fields: &str| Returned::read(mail(fields).as_bytes(), false);
        assert_eq!(read(""), Returned::Written);
        assert_eq!(read("Auto-Submitted: no\r\n"), Returned::Written);
        assert_eq!(Returned::read(mail("").as_bytes(), true), Returned::Automatic, "no reverse-path, and no bounce");
        for fields in [
            "Auto-Submitted: auto-replied (vacation)\r\n",
            "Auto-Submitted:\r\n auto-generated\r\n",
            "Precedence: BULK\r\n",
            "List-Id: <x.example>\r\n",
            "List-Unsubscribe: <mailto:x@x.example>\r\n",
            "X-Autoreply: yes\r\n",
            "X-Auto-Response-Suppress: OOF\r\n",
            "Return-Path: <>\r\n",
            "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n",
            "Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n",
        ] {
            assert_eq!(read(fields), Returned::Automatic, "{fields}");
        }
        // A report that somebody forwards is a letter of theirs.
        let inner = dsn("Action: failed\r\nStatus: 5.1.1");
        let forwarded = mail(&format!(
            "Content-Type: multipart/mixed; boundary=out\r\n\r\n--out\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--out--\r\n"
        ));
        assert_eq!(Returned::read(forwarded.as_bytes(), false), Returned::Written);
        assert_eq!(Returned::read(b"", false), Returned::Written);
    }

    #[test]
    fn who_wrote_is_known_by_one_address() {
        let of = |fields: &str| writer(format!("{fields}\r\n\r\nx").as_bytes());
        assert_eq!(of("From: Jeanne <jeanne@p.example>").as_deref(), Some("jeanne@p.example"));
        assert_eq!(of("Return-Path: <a@b.example>\r\nFrom: <c@d.example>").as_deref(), Some("a@b.example"));
        assert_eq!((of("From: a@b.example, c@d.example"), of("From: x"), of("")), (None, Some("x@".to_owned()), None));
        let of = |id: &str| message_id(format!("Message-ID: {id}\r\n\r\nx").as_bytes());
        assert_eq!(of("<a.b@c>").as_deref(), Some("<a.b@c>"));
        for bad in ["", "<>", "a@b", "<a b@c>", "<a@b> <c@d>", "<é@b>", &format!("<{}>", "x".repeat(300))] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }

    #[test]
    fn fault_33_nothing_of_a_stranger_leaves_its_line() {
        let hostile =
            "smtp; 550 5.1.1 \u{1b}[2J\u{202e}evil\u{0}\u{7f}\u{9b}\u{200b} https://evil.example/x WWW.evil.example ok";
        let read = failure(&dsn(&format!("Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: {hostile}")));
        assert_eq!(read.diagnostic.as_deref(), Some("smtp; 550 5.1.1 [2J evil ok"));
        let long = failure(&dsn(&format!("Action: failed\r\nDiagnostic-Code: {}", "é".repeat(30_000))));
        assert_eq!(long.diagnostic.map(|said| said.chars().count()), Some(LONGEST_DIAGNOSTIC));
        let folded = format!("Action: failed\r\nDiagnostic-Code: a{}", "\r\n b".repeat(10_000));
        assert!(failure(&dsn(&folded)).diagnostic.is_some_and(|said| !said.contains(['\r', '\n'])));
    }

    /// Stalwart `inboundReportMaxSize`: what is packed stays packed, what is many is counted, what is deep is left.
    #[test]
    fn fault_46_a_report_bomb_is_read_in_bounds() {
        let mut gzip = dsn("Action: failed\r\nStatus: 5.1.1");
        // A head of gzip and a megabyte of its octets that would be a gigabyte: an attachment like any other.
        let bomb = data_encoding::BASE64.encode(&[&[0x1f, 0x8b, 8, 0][..], &vec![0; 750_000]].concat());
        let end = gzip.rfind("--B.1/relay.example--").expect("an end");
        let part = format!(
            "--B.1/relay.example\r\nContent-Type: application/gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n{bomb}\r\n"
        );
        gzip.insert_str(end, &part);
        assert_eq!(status(&gzip), "5.1.1");
        assert!(encoded_texts(gzip.as_bytes()).iter().all(|text| text.len() <= 4 * LONGEST_TEXT));
        let groups = "Action: delayed\r\n\r\n".repeat(50_000) + "Action: failed\r\nStatus: 5.1.1";
        assert_eq!(Returned::read(dsn(&groups).as_bytes(), false), Returned::Waits);
        let deep = "Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n".repeat(20_000);
        assert_eq!(Returned::read(deep.as_bytes(), true), Returned::Automatic);
        let wide = format!("Content-Type: multipart/report; boundary=b\r\n\r\n{}", "--b\r\n\r\nx\r\n".repeat(90_000));
        assert_eq!(Returned::read(wide.as_bytes(), true), Returned::Automatic);
        let fields = "A: b\r\n".repeat(150_000);
        assert_eq!(Returned::read(fields.as_bytes(), false), Returned::Written);
    }
}
