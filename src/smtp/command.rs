//! Commands of submission (RFC 5321 §4.1.1, RFC 6409): a verb, then arguments read by one function for each.
//!
//! The verb is read first and alone, so that the machine can say "not before TLS" without looking at what
//! follows. Only parameters that EHLO offers are known, those of RFC 3461 and RFC 6531 among them. Nothing here
//! keeps state or does I/O.

use crate::domain::{Address, EnvelopeWord, Notify, RecipientDsn, ascii_address};

/// The verbs of this door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// RFC 5321 §4.1.1.1.
    Ehlo,
    /// RFC 5321 §4.1.1.1.
    Helo,
    /// RFC 5321 §4.1.1.2.
    Mail,
    /// RFC 5321 §4.1.1.3.
    Rcpt,
    /// RFC 5321 §4.1.1.4.
    Data,
    /// RFC 3030 §2.
    Bdat,
    /// RFC 5321 §4.1.1.5.
    Rset,
    /// RFC 5321 §4.1.1.9.
    Noop,
    /// RFC 5321 §4.1.1.10.
    Quit,
    /// RFC 5321 §4.1.1.6.
    Vrfy,
    /// RFC 4954 §4.
    Auth,
    /// RFC 3207 §4.
    StartTls,
}

impl Verb {
    /// Splits a line into its verb and the rest after one space.
    ///
    /// # Errors
    /// A line with octets that no command has, or a verb that is not ours.
    pub fn read(line: &[u8]) -> Result<(Self, &str), CommandFault> {
        // RFC 5321 §2.4, §4.1.2: commands are printable ASCII; RFC 6531 §3.4: but for addresses, of MAIL and RCPT.
        let text = std::str::from_utf8(line).map_err(|_| CommandFault::Line)?;
        let beyond = !text.is_ascii();
        let names_an_address = |text: &str| {
            text.get(..5).is_some_and(|verb| verb.eq_ignore_ascii_case("MAIL ") || verb.eq_ignore_ascii_case("RCPT "))
        };
        if text.chars().any(char::is_control) || (beyond && !names_an_address(text)) {
            return Err(CommandFault::Line);
        }
        let (word, arguments) = text.split_once(' ').unwrap_or((text, ""));
        let found = VERBS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
        if let Some(&(_, verb)) = found {
            return Ok((verb, arguments));
        }
        let other = OTHERS.iter().any(|name| name.eq_ignore_ascii_case(word));
        Err(if other { CommandFault::NotImplemented } else { CommandFault::Unknown })
    }
}

/// What MAIL says.
#[derive(Debug, PartialEq, Eq)]
pub struct Mail {
    /// The reverse-path; `None` for `<>`.
    pub reverse_path: Option<Address>,
    /// SIZE (RFC 1870): how large the client thinks the message is.
    pub size: Option<u64>,
    /// RET (RFC 3461 §4.3): `true` for FULL.
    pub full: Option<bool>,
    /// ENVID (RFC 3461 §4.4), decoded.
    pub envelope_id: Option<EnvelopeWord>,
    /// SMTPUTF8 (RFC 6531 §3.4).
    pub utf8: bool,
}

/// Reads the argument of EHLO or HELO: a name of any kind, since clients give many kinds (RFC 5321 §4.1.4
/// forbids to refuse for it); it is neither kept nor shown.
pub fn hello(arguments: &str) -> Result<(), CommandFault> {
    let name = arguments.trim();
    if name.is_empty() || name.contains(' ') { Err(CommandFault::Arguments) } else { Ok(()) }
}

/// Reads the arguments of a command that has none.
pub fn nothing(arguments: &str) -> Result<(), CommandFault> {
    if arguments.trim().is_empty() { Ok(()) } else { Err(CommandFault::Arguments) }
}

/// Reads the arguments of MAIL: `FROM:<reverse-path>` and parameters.
pub fn mail(arguments: &str) -> Result<Mail, CommandFault> {
    let (path, parameters) = path(arguments, "FROM:")?;
    let reverse_path = match path {
        "" => None,
        path => Some(address(path).ok_or(CommandFault::ReversePath)?),
    };
    let mut mail = Mail { reverse_path, size: None, full: None, envelope_id: None, utf8: false };
    for parameter in parameters.split(' ').filter(|word| !word.is_empty()) {
        let (keyword, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match keyword.to_ascii_uppercase().as_str() {
            "SIZE" if mail.size.is_none() => mail.size = Some(size(value).ok_or(CommandFault::Value)?),
            // RFC 6152 §2.
            "BODY" if value.eq_ignore_ascii_case("7BIT") || value.eq_ignore_ascii_case("8BITMIME") => {}
            // RFC 4954 §5: read, and not believed.
            "AUTH" if !value.is_empty() => {}
            "RET" if mail.full.is_none() => mail.full = Some(ret(value).ok_or(CommandFault::Value)?),
            "ENVID" if mail.envelope_id.is_none() => {
                mail.envelope_id = Some(envelope_id(value).ok_or(CommandFault::Value)?);
            }
            // RFC 6531 §3.1: it has no value.
            "SMTPUTF8" if !mail.utf8 && !parameter.contains('=') => mail.utf8 = true,
            "SIZE" | "BODY" | "AUTH" | "RET" | "ENVID" | "SMTPUTF8" => return Err(CommandFault::Value),
            _ => return Err(CommandFault::Parameter),
        }
    }
    // A domain beyond ASCII too, though it has an ASCII form: the client has not said that it speaks so.
    if mail.utf8 || arguments.is_ascii() { Ok(mail) } else { Err(CommandFault::Utf8) }
}

/// Reads the arguments of RCPT: `TO:<forward-path>` and the parameters of RFC 3461. `utf8`: MAIL had SMTPUTF8.
pub fn rcpt(arguments: &str, utf8: bool) -> Result<(Address, RecipientDsn), CommandFault> {
    if !utf8 && !arguments.is_ascii() {
        return Err(CommandFault::Utf8);
    }
    let (path, parameters) = path(arguments, "TO:")?;
    let address = address(path).ok_or(CommandFault::ForwardPath)?;
    let mut asked = RecipientDsn::default();
    for parameter in parameters.split(' ').filter(|word| !word.is_empty()) {
        let (keyword, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match keyword.to_ascii_uppercase().as_str() {
            "NOTIFY" if asked.notify.is_none() => asked.notify = Some(notify(value).ok_or(CommandFault::Value)?),
            "ORCPT" if asked.original.is_none() => asked.original = Some(original(value).ok_or(CommandFault::Value)?),
            "NOTIFY" | "ORCPT" => return Err(CommandFault::Value),
            _ => return Err(CommandFault::Parameter),
        }
    }
    Ok((address, asked))
}

/// Reads the arguments of BDAT: how many octets follow, and whether they are the last (RFC 3030 §2).
pub fn bdat(arguments: &str) -> Result<(u64, bool), CommandFault> {
    let mut words = arguments.split(' ').filter(|word| !word.is_empty());
    let octets = words.next().and_then(size).ok_or(CommandFault::Arguments)?;
    match (words.next(), words.next()) {
        (None, _) => Ok((octets, false)),
        (Some(word), None) if word.eq_ignore_ascii_case("LAST") => Ok((octets, true)),
        _ => Err(CommandFault::Arguments),
    }
}

/// Reads the arguments of AUTH: a mechanism and perhaps an initial response (RFC 4954 §4).
pub fn auth(arguments: &str) -> Result<(&str, Option<&str>), CommandFault> {
    let mut words = arguments.split(' ').filter(|word| !word.is_empty());
    match (words.next(), words.next(), words.next()) {
        (Some(mechanism), initial, None) => Ok((mechanism, initial)),
        _ => Err(CommandFault::Arguments),
    }
}

/// `FROM:<path> parameters`. A space after the colon is wrong (RFC 5321 §3.3) and sent by much software; it
/// is taken, for nothing can hide in it.
fn path<'a>(arguments: &'a str, label: &str) -> Result<(&'a str, &'a str), CommandFault> {
    let (head, rest) = arguments.split_at_checked(label.len()).ok_or(CommandFault::Arguments)?;
    if !head.eq_ignore_ascii_case(label) {
        return Err(CommandFault::Arguments);
    }
    let rest = rest.trim_start().strip_prefix('<').ok_or(CommandFault::Arguments)?;
    let (path, parameters) = rest.split_once('>').ok_or(CommandFault::Arguments)?;
    if parameters.is_empty() || parameters.starts_with(' ') {
        Ok((path, parameters))
    } else {
        Err(CommandFault::Arguments)
    }
}

/// A path without its brackets; a source route is passed over (RFC 5321 appendix C).
fn address(path: &str) -> Option<Address> {
    let mailbox = match path.strip_prefix('@') {
        Some(routed) => routed.split_once(':')?.1,
        None => path,
    };
    mailbox.parse().ok()
}

/// RFC 3461 §4.3.
fn ret(value: &str) -> Option<bool> {
    match value.to_ascii_uppercase().as_str() {
        "FULL" => Some(true),
        "HDRS" => Some(false),
        _ => None,
    }
}

/// RFC 3461 §4.4: at most 100 characters, printable once decoded.
fn envelope_id(value: &str) -> Option<EnvelopeWord> {
    EnvelopeWord::new(xtext(value).filter(|_| value.len() <= 100)?)
}

/// RFC 3461 §4.1: NEVER alone, or each of the others once.
fn notify(value: &str) -> Option<Notify> {
    if value.eq_ignore_ascii_case("NEVER") {
        return Some(Notify::Never);
    }
    let (mut success, mut failure, mut delay) = (false, false, false);
    for word in value.split(',') {
        let named = match word.to_ascii_uppercase().as_str() {
            "SUCCESS" => &mut success,
            "FAILURE" => &mut failure,
            "DELAY" => &mut delay,
            _ => return None,
        };
        if std::mem::replace(named, true) {
            return None;
        }
    }
    Some(Notify::When { success, failure, delay })
}

/// RFC 3461 §4.2: a type of addresses, `;`, and the address in xtext; at most 500 characters. Of the type `utf-8` as
/// RFC 6533 §3 has it: with `\x{E9}` for what is beyond ASCII, or as it is, which is written so here.
fn original(value: &str) -> Option<EnvelopeWord> {
    let (kind, address) = value.split_once(';').filter(|_| value.len() <= 500)?;
    let atom = |octet: u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&octet);
    if kind.is_empty() || !kind.bytes().all(atom) {
        return None;
    }
    let spelt = ascii_address(address);
    let address = if kind.eq_ignore_ascii_case("utf-8") { spelt.as_str() } else { address };
    let address = xtext(address).filter(|address| !address.is_empty())?;
    EnvelopeWord::new(format!("{kind};{address}"))
}

/// RFC 3461 §4: `+` and two upper-case hexadecimal digits stand for an octet; `=` stands nowhere.
fn xtext(value: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(octet) = rest.next() {
        match octet {
            b'+' => {
                let digits = [rest.next()?, rest.next()?];
                decoded.extend(data_encoding::HEXUPPER.decode(&digits).ok()?);
            }
            b'!'..=b'~' if octet != b'=' => decoded.push(octet),
            _ => return None,
        }
    }
    String::from_utf8(decoded).ok()
}

/// RFC 1870 §6.1: one to twenty digits.
fn size(value: &str) -> Option<u64> {
    let digits = (1..=20).contains(&value.len()) && value.bytes().all(|octet| octet.is_ascii_digit());
    // Twenty digits may be more than 64 bits hold; it is too large all the same.
    digits.then(|| value.parse().unwrap_or(u64::MAX))
}

/// Why a line is not a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandFault {
    /// Octets that are not printable ASCII.
    Line,
    /// A verb that nobody has.
    Unknown,
    /// A verb of RFC 5321 that this door leaves out.
    NotImplemented,
    /// Arguments that do not fit.
    Arguments,
    /// A parameter that EHLO does not offer.
    Parameter,
    /// A value that the parameter cannot have.
    Value,
    /// The reverse-path is no address.
    ReversePath,
    /// The forward-path is no address.
    ForwardPath,
    /// Something beyond ASCII without SMTPUTF8 (RFC 6531 §3.5).
    Utf8,
}

const VERBS: &[(&str, Verb)] = &[
    ("EHLO", Verb::Ehlo),
    ("HELO", Verb::Helo),
    ("MAIL", Verb::Mail),
    ("RCPT", Verb::Rcpt),
    ("DATA", Verb::Data),
    ("BDAT", Verb::Bdat),
    ("RSET", Verb::Rset),
    ("NOOP", Verb::Noop),
    ("QUIT", Verb::Quit),
    ("VRFY", Verb::Vrfy),
    ("AUTH", Verb::Auth),
    ("STARTTLS", Verb::StartTls),
];
const OTHERS: &[&str] = &["EXPN", "HELP", "TURN", "SEND", "SOML", "SAML", "ETRN"];

#[cfg(test)]
mod tests {
    use super::*;

    fn a(text: &str) -> Address {
        text.parse().expect("an address")
    }

    #[test]
    fn verbs_are_read_without_case_and_alone() {
        assert_eq!(Verb::read(b"ehlo x"), Ok((Verb::Ehlo, "x")));
        assert_eq!(Verb::read(b"DATA"), Ok((Verb::Data, "")));
        assert_eq!(Verb::read(b"HELP me"), Err(CommandFault::NotImplemented));
        for unknown in [&b""[..], b"GET / HTTP/1.1", b" EHLO x", b"EHLOx"] {
            assert_eq!(Verb::read(unknown), Err(CommandFault::Unknown), "{unknown:?}");
        }
        for line in [
            &b"NOOP\0"[..],
            b"NOOP\t",
            "NOOP é".as_bytes(),
            b"\x16\x03\x01",
            b"MAIL FROM:<\xe9@x.fr>",
            "RCPT TO:<a\u{85}@x.fr>".as_bytes(),
            "EHLO é".as_bytes(),
        ] {
            assert_eq!(Verb::read(line), Err(CommandFault::Line), "{line:?}");
        }
    }

    #[test]
    fn mail_is_read_with_its_parameters() {
        let read = |text| mail(text).map(|mail| (mail.reverse_path, mail.size));
        assert_eq!(read("FROM:<a@x.fr>"), Ok((Some(a("a@x.fr")), None)));
        assert_eq!(read("from: <a@x.fr> size=12 BODY=8bitmime AUTH=<>"), Ok((Some(a("a@x.fr")), Some(12))));
        assert_eq!(read("FROM:<>"), Ok((None, None)));
        assert_eq!(read("FROM:<@relay.fr,@b.fr:a@x.fr>"), Ok((Some(a("a@x.fr")), None)));
        assert_eq!(read("FROM:<a@x.fr> SIZE=99999999999999999999"), Ok((Some(a("a@x.fr")), Some(u64::MAX))));
        for (text, why) in [
            ("", CommandFault::Arguments),
            ("TO:<a@x.fr>", CommandFault::Arguments),
            ("FROM:a@x.fr", CommandFault::Arguments),
            ("FROM:<a@x.fr", CommandFault::Arguments),
            ("FROM:<a@x.fr>SIZE=1", CommandFault::Arguments),
            ("FROM:<a x@x.fr>", CommandFault::ReversePath),
            ("FROM:<a@x.fr> SMTPUTF8=1", CommandFault::Value),
            ("FROM:<a@x.fr> SMTPUTF8 smtputf8", CommandFault::Value),
            ("FROM:<é@x.fr>", CommandFault::Utf8),
            ("FROM:<a@é.fr> BODY=8BITMIME", CommandFault::Utf8),
            ("FROM:<é\u{202e}@x.fr> SMTPUTF8", CommandFault::ReversePath),
            ("FROM:<a@x.fr> SIZE=", CommandFault::Value),
            ("FROM:<a@x.fr> SIZE=-1", CommandFault::Value),
            ("FROM:<a@x.fr> SIZE=1 SIZE=2", CommandFault::Value),
            ("FROM:<a@x.fr> BODY=BINARYMIME", CommandFault::Value),
        ] {
            assert_eq!(read(text), Err(why), "{text}");
        }
    }

    #[test]
    fn fault_21_a_forward_path_is_an_address_and_nothing_else() {
        assert_eq!(rcpt("TO:<b@x.fr>", false), Ok((a("b@x.fr"), RecipientDsn::default())));
        for bad in ["-oQ/tmp@x.fr", "a@x.fr,b@x.fr", "a@x.fr\" -X", "\"a b\"@x.fr", "a", "@x.fr", "Postmaster", ""] {
            assert_eq!(rcpt(&format!("TO:<{bad}>"), true), Err(CommandFault::ForwardPath), "{bad}");
        }
        for bad in ["TO:b@x.fr", "TO:<b@x.fr", "TO:<b@x.fr><c@x.fr>", "TO:<b@x.fr>>"] {
            assert_eq!(rcpt(bad, false), Err(CommandFault::Arguments), "{bad}");
        }
        assert_eq!(rcpt("TO:<b@x.fr> SIZE=1", false), Err(CommandFault::Parameter));
    }

    #[test]
    fn reports_are_asked_for_in_the_words_of_rfc_3461() {
        let read = mail("FROM:<a@x.fr> ret=full ENVID=QQ314159+2B+20x").expect("both");
        assert_eq!((read.full, read.envelope_id.expect("an id").reveal()), (Some(true), "QQ314159+ x"));
        assert_eq!(mail("FROM:<a@x.fr> RET=HDRS").map(|mail| mail.full), Ok(Some(false)));
        let asked = |text: &str| rcpt(&format!("TO:<b@x.fr> {text}"), true).map(|(_, asked)| asked);
        let when = |success, failure, delay| Some(Notify::When { success, failure, delay });
        assert_eq!(asked("NOTIFY=NEVER").expect("never").notify, Some(Notify::Never));
        assert_eq!(asked("notify=success,FAILURE").expect("two").notify, when(true, true, false));
        assert_eq!(asked("NOTIFY=DELAY ORCPT=rfc822;b@x.fr").expect("delay").notify, when(false, false, true));
        let original = asked("ORCPT=rfc822;Bob+2BTag@x.fr").expect("one").original.expect("there");
        assert_eq!(original.reveal(), "rfc822;Bob+Tag@x.fr");
        for bad in [
            "NOTIFY=",
            "NOTIFY=NEVER,SUCCESS",
            "NOTIFY=SUCCESS,SUCCESS",
            "NOTIFY=SUCCESS,",
            "NOTIFY=SOMETIMES",
            "NOTIFY=NEVER NOTIFY=NEVER",
            "ORCPT=b@x.fr",
            "ORCPT=;b@x.fr",
            "ORCPT=rfc822;",
            "ORCPT=rfc 822;b@x.fr",
            "ORCPT=rfc822;b+2",
            "ORCPT=rfc822;b+2b",
            "ORCPT=rfc822;b=x",
            "ORCPT=rfc822;b+0D+0ABcc:x",
            "ORCPT=rfc822;b+C3+A9",
            "ORCPT=rfc822;a ORCPT=rfc822;a",
        ] {
            assert_eq!(asked(bad), Err(CommandFault::Value), "{bad}");
        }
        let long = |many| "x".repeat(many);
        assert!(asked(&format!("ORCPT=rfc822;{}", long(493))).is_ok());
        assert_eq!(asked(&format!("ORCPT=rfc822;{}", long(494))), Err(CommandFault::Value));
        assert!(mail(&format!("FROM:<a@x.fr> ENVID={}", long(100))).is_ok());
        for bad in ["RET=", "RET=ALL", "RET=FULL RET=HDRS", "ENVID=", "ENVID=a+ZZ", "ENVID=a ENVID=b"] {
            assert_eq!(mail(&format!("FROM:<a@x.fr> {bad}")), Err(CommandFault::Value), "{bad}");
        }
        assert_eq!(mail(&format!("FROM:<a@x.fr> ENVID={}", long(101))), Err(CommandFault::Value));
        assert!(!format!("{:?}", original).contains("Bob"), "a client's words are not shown");
    }

    #[test]
    fn a_chunk_has_a_size_and_perhaps_is_the_last() {
        assert_eq!(bdat("0"), Ok((0, false)));
        assert_eq!(bdat("86 LAST"), Ok((86, true)));
        assert_eq!(bdat("0 last"), Ok((0, true)));
        for bad in ["", "LAST", "-1", "1x", "0x10", "1 2", "1 LAST LAST", "+1", "184467440737095516150"] {
            assert_eq!(bdat(bad), Err(CommandFault::Arguments), "{bad}");
        }
    }

    #[test]
    fn addresses_beyond_ascii_come_by_smtputf8() {
        assert_eq!(Verb::read("RCPT TO:<é@x.fr>".as_bytes()), Ok((Verb::Rcpt, "TO:<é@x.fr>")));
        let read = mail("FROM:<andré@bücher.example> BODY=8BITMIME smtputf8").expect("a sender");
        assert_eq!((read.reverse_path, read.utf8), (Some(a("andré@xn--bcher-kva.example")), true));
        assert!(!mail("FROM:<a@x.fr>").expect("a sender").utf8);
        assert_eq!(rcpt("TO:<жанна@почта.рф>", false), Err(CommandFault::Utf8));
        let (to, asked) = rcpt("TO:<жанна@почта.рф> ORCPT=utf-8;Andr\u{e9}+2B1@x.fr", true).expect("a recipient");
        assert_eq!(to, a("жанна@xn--80a1acny.xn--p1ai"));
        assert_eq!(asked.original.expect("a word").reveal(), "utf-8;Andr\\x{E9}+1@x.fr");
        assert_eq!(rcpt("TO:<a@x.fr> ORCPT=rfc822;é@x.fr", true), Err(CommandFault::Value));
    }

    #[test]
    fn auth_has_a_mechanism_and_perhaps_a_response() {
        assert_eq!(auth("PLAIN"), Ok(("PLAIN", None)));
        assert_eq!(auth("PLAIN AGE="), Ok(("PLAIN", Some("AGE="))));
        assert_eq!(auth(""), Err(CommandFault::Arguments));
        assert_eq!(auth("PLAIN a b"), Err(CommandFault::Arguments));
    }
}
