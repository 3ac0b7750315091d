//! Hostile messages, each by its name: what stands in its header besides From, To, Date and Message-ID, and the rest.
//!
//! Those of `refused` are refused with the reason named; those of `taken` are as far as one may go, and are delivered.

use data_encoding::BASE64;

/// A word to look for, in what is delivered.
pub const WORD: &str = "CANARI-HOSTILE-77aa";

/// A name, octets of the header, octets behind it.
pub type Hostile = (&'static str, Vec<u8>, Vec<u8>);

fn hostile(name: &'static str, header: impl AsRef<[u8]>, rest: impl AsRef<[u8]>) -> Hostile {
    (name, header.as_ref().to_vec(), rest.as_ref().to_vec())
}

/// Refused: the message is nested too deep, or not clean, or its header is broken (554 5.6.0).
pub fn refused() -> Vec<Hostile> {
    let text = format!("\r\n{WORD}\r\n");
    let rfc822 = "Content-Type: message/rfc822\r\n";
    vec![
        hostile("multiparts 500 deep", mixed(0), format!("\r\n{}", levels(500))),
        hostile("messages 500 deep", rfc822, format!("\r\n{rfc822}").repeat(500) + &text),
        hostile("a message that holds itself", mixed(0), looping(500)),
        hostile("10,000 parts", mixed(0), "\r\n--b0\r\n\r\nx".repeat(10_000) + "\r\n--b0--\r\n"),
        hostile("10,000 empty parts", mixed(0), "\r\n--b0".repeat(10_000) + "\r\n"),
        hostile("a header of 2 MiB", field(2 << 20), &text),
        hostile("a field of 2 MiB", format!("X-A: {}\r\n", "\r\n abcdefg".repeat(200_000)), &text),
        hostile("10,000 fields", "X-A: b\r\n".repeat(10_000), &text),
        hostile("encoded words without an end", format!("Subject: {}\r\n", "=?a?q?x\r\n ".repeat(90_000)), &text),
        hostile(
            "a type that never ends",
            format!("Content-Type: text/plain; a=\"{}\"\r\n", "\r\n xxxx".repeat(9_000)),
            &text,
        ),
        hostile("a NUL in the header", "Subject: a\0b\r\n", &text),
        hostile("a NUL in the body", "", format!("\r\n{WORD}\0\r\n")),
        hostile("a bare CR in the header", "Subject: a\rBcc: b\r\n", &text),
        hostile("a bare CR in the body", "", format!("\r\n{WORD}\rx\r\n")),
        hostile("a bare LF", "", format!("\r\n{WORD}\nx\r\n")),
        hostile("a line that is no field", "no field at all\r\n", &text),
        hostile("a field without a name", ": x\r\n", &text),
    ]
}

/// Taken and delivered whole.
pub fn taken() -> Vec<Hostile> {
    let text = format!("\r\n{WORD}\r\n");
    let rfc822 = "Content-Type: message/rfc822\r\n";
    let octets: Vec<u8> = (0..=255).cycle().take(70_001).collect();
    vec![
        hostile("multiparts 90 deep", mixed(0), format!("\r\n{}", levels(90))),
        hostile("messages 90 deep", rfc822, format!("\r\n{rfc822}").repeat(90) + &text),
        hostile("a message that holds itself, for a while", mixed(0), looping(40)),
        hostile("1,900 parts", mixed(0), "\r\n--b0\r\n\r\nx".repeat(1_900) + "\r\n--b0--\r\n"),
        hostile("a header of almost 1 MiB", field((1 << 20) - 2_000), &text),
        hostile("no boundary", "Content-Type: multipart/mixed\r\n", format!("\r\n--b\r\n\r\n{WORD}\r\n--b--\r\n")),
        hostile(
            "an empty boundary",
            "Content-Type: multipart/mixed; boundary=\"\"\r\n",
            format!("\r\n--\r\n\r\n{WORD}\r\n----\r\n"),
        ),
        hostile("a boundary that never comes", mixed(0), &text),
        hostile("no end", mixed(0), format!("\r\n--b0\r\n\r\n{WORD}\r\n")),
        hostile(
            "charsets that are none",
            "Content-Type: text/plain; charset=\"x\u{e9}\"\r\nSubject: =?klingon?b?////?= =?utf-7?q?+AAA-?=\r\n",
            [text.as_bytes(), b"\xff\xfe\x00\xd8".map(|o| o.max(1)).as_slice(), b"\r\n"].concat(),
        ),
        hostile(
            "UTF-16 that is none",
            "Content-Type: text/html; charset=utf-16\r\nContent-Transfer-Encoding: base64\r\n",
            "\r\n/v8A2ADcPABi\r\n",
        ),
        hostile(
            "base64 that is none",
            "Content-Transfer-Encoding: base64\r\n",
            format!("\r\n{WORD}==!!\u{e9}\r\n====\r\n"),
        ),
        hostile("a message in base64 in a message in base64", mixed(0), wrapped(6)),
        attached("winmail.dat", "application/ms-tnef", "winmail.dat", &tnef(&octets)),
        attached("smime.p7m", "application/pkcs7-mime; smime-type=signed-data", "smime.p7m", &octets),
        attached("smime.p7m without a word of what it is", "application/x-pkcs7-mime", "smime.p7m", &octets),
    ]
}

fn mixed(level: usize) -> String {
    format!("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b{level}\r\n")
}

/// A multipart in a multipart, and so on; a text in the last.
fn levels(many: usize) -> String {
    let mut text = String::new();
    for level in 0..many {
        text.push_str(&format!("--b{level}\r\nContent-Type: multipart/mixed; boundary=b{}\r\n\r\n", level + 1));
    }
    text.push_str(&format!("--b{many}\r\n\r\n{WORD}\r\n--b{many}--\r\n"));
    (0..many).rev().for_each(|level| text.push_str(&format!("--b{level}--\r\n")));
    text
}

/// A forwarded message with the same boundary that forwards one, and so on.
fn looping(many: usize) -> String {
    let one = format!("\r\n--b0\r\nContent-Type: message/rfc822\r\n\r\nSubject: {WORD}\r\n{}", mixed(0));
    one.repeat(many) + "\r\n--b0--\r\n"
}

/// A message in base64 in a message in base64.
fn wrapped(many: usize) -> String {
    let mut inner = format!("Subject: {WORD}\r\n\r\n{WORD}\r\n");
    for level in (0..many).rev() {
        let lines: Vec<String> = BASE64
            .encode(inner.as_bytes())
            .as_bytes()
            .chunks(76)
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect();
        let head = if level == 0 { String::new() } else { format!("Subject: {WORD}\r\n{}", mixed(level)) };
        inner = format!(
            "{head}\r\n--b{level}\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b{level}--\r\n",
            lines.join("\r\n")
        );
    }
    inner
}

/// One field of so many octets, in lines that are not too long.
fn field(octets: usize) -> String {
    let line = format!("\r\n {}", "x".repeat(900));
    format!("X-Large: {WORD}{}\r\n", line.repeat(octets / line.len()))
}

/// The beginning of Outlook's container (MS-OXTNEF §2.1.3), and anything.
fn tnef(octets: &[u8]) -> Vec<u8> {
    [b"\x78\x9f\x3e\x22\x01\x00\x01\x06\x90\x08\x00\x04\x00\x00\x00\x00\x00\x01\x00".as_slice(), octets].concat()
}

/// The message that is its attachment, as signing and Outlook's own format make them.
fn attached(name: &'static str, kind: &str, file: &str, octets: &[u8]) -> Hostile {
    let encoded = BASE64.encode(octets);
    let lines: Vec<String> =
        encoded.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    let header = format!(
        "MIME-Version: 1.0\r\nSubject: {WORD}\r\nContent-Type: {kind}; name={file}\r\n\
         Content-Disposition: attachment; filename={file}\r\nContent-Transfer-Encoding: base64\r\n"
    );
    hostile(name, header, format!("\r\n{}\r\n", lines.join("\r\n")))
}
