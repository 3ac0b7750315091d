//! Replies (RFC 5321 §4.2, enhanced codes of RFC 2034 and RFC 3463): the whole list of what this door can say.
//!
//! `Reply` has no public constructor: each reply is a constant or a function below, so that the 250 after a
//! message exists only where a [`QueueId`] does, and a refusal of another room can never read as success.
//! Texts are ASCII; what another room writes is made so.

use std::borrow::Cow;

use crate::delivery::{Refused, Taken};
use crate::domain::QueueId;

/// One reply to one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    code: u16,
    enhanced: &'static str,
    text: Cow<'static, str>,
}

impl Reply {
    /// The message is durable (RFC 5321 §4.2.5: with this, responsibility is ours).
    pub fn accepted(id: QueueId) -> Self {
        Self { code: 250, enhanced: "2.0.0", text: format!("{id} accepted and sealed").into() }
    }

    /// What came back is dealt with, and what it changed is durable.
    pub fn taken(_: Taken) -> Self {
        Self::fixed(250, "2.0.0", "Taken")
    }

    /// What another room refuses; a code that is no refusal becomes 554.
    pub fn refused(refused: &Refused) -> Self {
        let code = if (400..600).contains(&refused.code) { refused.code } else { 554 };
        // RFC 2034 §4: the class of both codes is the same.
        let class = if code < 500 { "4." } else { "5." };
        let other = if code < 500 { "4.0.0" } else { "5.0.0" };
        let enhanced = if refused.enhanced.starts_with(class) { refused.enhanced } else { other };
        Self { code, enhanced, text: refused.sentence.clone().into() }
    }

    /// RFC 1870 §6: the message is larger than what is taken, said in megabytes of attachments (R-C8).
    pub fn too_large(content: usize) -> Self {
        let amount = match content / MIB {
            0 => format!("{} KB", content / 1024),
            megabytes => format!("{megabytes} MB"),
        };
        let text = format!("This message is too large: its attachments may have {amount} in all");
        Self { code: 552, enhanced: "5.3.4", text: text.into() }
    }

    /// RFC 5321 §4.5.3.1.10: the others may go in a second message.
    pub fn too_many_recipients(most: usize) -> Self {
        let text = format!("At most {most} recipients in one message: send the others another one");
        Self { code: 452, enhanced: "4.5.3", text: text.into() }
    }

    /// The greeting of a connection (RFC 5321 §4.2; it carries no enhanced code, RFC 2034 §4).
    pub fn greeting(hostname: &str) -> Self {
        Self { code: 220, enhanced: "", text: format!("{hostname} ESMTP Pli").into() }
    }

    /// The answer to EHLO or HELO (RFC 5321 §4.1.1.1): the host name, then one line for each extension.
    pub fn hello(hostname: &str, extensions: &[String]) -> Self {
        let mut text = hostname.to_owned();
        for extension in extensions {
            text.push('\n');
            text.push_str(extension);
        }
        Self { code: 250, enhanced: "", text: text.into() }
    }

    /// A SASL challenge in base64 (RFC 4954 §4).
    pub const fn challenge(base64: &'static str) -> Self {
        Self::fixed(334, "", base64)
    }

    /// The reply code.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The enhanced code (RFC 3463); empty for replies that have none.
    pub fn enhanced(&self) -> &'static str {
        self.enhanced
    }

    /// Appends the reply as it goes on the wire; long texts and several lines become `250-…` (RFC 5321 §4.2.1).
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut lines = Vec::new();
        for line in self.text.split('\n') {
            fold(line, &mut lines);
        }
        let last = lines.len().saturating_sub(1);
        for (at, line) in lines.iter().enumerate() {
            out.extend_from_slice(self.code.to_string().as_bytes());
            out.push(if at == last { b' ' } else { b'-' });
            if !self.enhanced.is_empty() {
                out.extend_from_slice(self.enhanced.as_bytes());
                out.push(b' ');
            }
            out.extend(line.bytes());
            out.extend_from_slice(b"\r\n");
        }
    }

    const fn fixed(code: u16, enhanced: &'static str, text: &'static str) -> Self {
        Self { code, enhanced, text: Cow::Borrowed(text) }
    }
}

/// Cuts a text into ASCII lines that fit a reply line of 512 octets (RFC 5321 §4.5.3.1.5).
fn fold(text: &str, lines: &mut Vec<String>) {
    let mut line = String::new();
    for c in text.chars() {
        line.push(if c == ' ' || c.is_ascii_graphic() { c } else { '?' });
        if line.len() >= LONGEST || (line.len() >= FOLD && c == ' ') {
            lines.push(std::mem::take(&mut line));
        }
    }
    if !line.is_empty() || text.is_empty() {
        lines.push(line);
    }
}

const MIB: usize = 1024 * 1024;
const FOLD: usize = 400;
const LONGEST: usize = 480;

macro_rules! replies {
    ($($(#[$doc:meta])* $name:ident = $code:literal $enhanced:literal $text:literal;)*) => {$(
        $(#[$doc])*
        pub static $name: Reply = Reply::fixed($code, $enhanced, $text);
    )*};
}

replies! {
    /// RSET, and NOOP (RFC 5321 §4.1.1.5, §4.1.1.9).
    OK = 250 "2.0.0" "OK";
    /// MAIL.
    SENDER_OK = 250 "2.1.0" "Sender OK";
    /// RCPT.
    RECIPIENT_OK = 250 "2.1.5" "Recipient OK";
    /// DATA (no enhanced code: RFC 2034 §4).
    SEND_MESSAGE = 354 "" "Send the message, end with a dot alone on a line";
    /// BDAT that is not the last (RFC 3030 §2): nothing is promised of the message yet.
    CHUNK_RECEIVED = 250 "2.0.0" "Chunk received, the message is not whole yet";
    /// QUIT.
    BYE = 221 "2.0.0" "Goodbye";
    /// VRFY tells nobody who has a mailbox (RFC 5321 §7.3).
    CANNOT_VERIFY = 252 "2.5.0" "Not told here: send the message, and see";
    /// AUTH (RFC 4954 §6).
    AUTHENTICATED = 235 "2.7.0" "Authentication succeeded";
    /// STARTTLS (RFC 3207 §4).
    READY_FOR_TLS = 220 "2.0.0" "Ready to start TLS";

    /// A command nobody knows (RFC 5321 §4.2.4).
    UNKNOWN_COMMAND = 500 "5.5.1" "Command not known";
    /// A command of RFC 5321 that this door does not have.
    NOT_IMPLEMENTED = 502 "5.5.1" "Command not implemented";
    /// A line that is no command line.
    BAD_LINE = 500 "5.5.2" "Line not understood";
    /// Longer than 512 octets (RFC 5321 §4.5.3.1.4).
    LINE_TOO_LONG = 500 "5.5.2" "Line too long";
    /// A CR or a LF that stands alone (RFC 5321 §2.3.8).
    BARE_LINE_END = 500 "5.5.2" "Lines end with CR LF, and with nothing else";
    /// Arguments that do not fit the command.
    BAD_ARGUMENTS = 501 "5.5.4" "Arguments not understood";
    /// A parameter that was not offered (RFC 5321 §4.1.1.11).
    UNKNOWN_PARAMETER = 555 "5.5.4" "Parameter not known";
    /// A parameter with a value that cannot be.
    BAD_PARAMETER = 501 "5.5.4" "Parameter value not understood";
    /// The reverse-path is no address.
    BAD_SENDER = 501 "5.1.7" "The sender is not a mail address";
    /// The forward-path is no address.
    BAD_RECIPIENT = 501 "5.1.3" "The recipient is not a mail address";
    /// RFC 6531 §3.5: an address beyond ASCII, and MAIL without SMTPUTF8.
    UTF8_NOT_SAID = 553 "5.6.7" "This address is beyond ASCII: send MAIL with SMTPUTF8";

    /// RFC 5321 §4.1.4.
    HELLO_FIRST = 503 "5.5.1" "Send EHLO first";
    /// RFC 5321 §4.1.4.
    SECOND_MAIL = 503 "5.5.1" "A message is already begun";
    /// RFC 5321 §4.1.4.
    MAIL_FIRST = 503 "5.5.1" "Send MAIL first";
    /// RFC 5321 §3.3.
    RECIPIENT_FIRST = 503 "5.5.1" "No recipient was accepted";
    /// RFC 3030 §3: DATA and RCPT do not follow BDAT.
    CHUNKS_BEGUN = 503 "5.5.1" "The message comes by BDAT already: send the last chunk, or RSET";
    /// What follows could not be told from commands: the session ends.
    BAD_CHUNK = 501 "5.5.4" "Size of the chunk not understood";
    /// RFC 4954 §4: not a second time in one session.
    ALREADY_AUTHENTICATED = 503 "5.5.1" "Already authenticated";
    /// RFC 3207 §4: TLS is there already.
    ALREADY_SECURE = 503 "5.5.1" "TLS is already in use";
    /// RFC 3207 §4.
    TLS_FIRST = 530 "5.7.0" "Must issue a STARTTLS command first";
    /// RFC 4954 §6.
    AUTH_FIRST = 530 "5.7.0" "Authentication required";

    /// RFC 4954 §4.
    UNKNOWN_MECHANISM = 504 "5.5.4" "Authentication mechanism not known";
    /// RFC 4954 §4: the client sent `*`.
    AUTH_CANCELLED = 501 "5.7.0" "Authentication cancelled";
    /// RFC 4954 §4: not base64, or not what the mechanism asks for.
    AUTH_MALFORMED = 501 "5.5.2" "Authentication response not understood";
    /// RFC 4954 §6.
    AUTH_TOO_LONG = 500 "5.5.6" "Authentication line too long";
    /// RFC 4954 §6; one text for every reason.
    WRONG_PASSWORD = 535 "5.7.8" "Address or device password not right";
    /// RFC 4954 §6: wrong as well; a right password is never refused for what others typed (R-C10).
    MANY_FAILURES = 454 "4.7.0" "Too many wrong passwords from your network or for this mailbox: check yours";
    /// RFC 4954 §6: ours.
    AUTH_FAULT = 454 "4.7.0" "Temporary authentication failure";
    /// The device was revoked, or the mailbox suspended, during the session.
    REVOKED = 535 "5.7.8" "This device may no longer send";

    /// RFC 6409 §6.1, of `<>`.
    NOT_YOUR_ADDRESS = 553 "5.7.1" "The sender must be the mailbox that logged in";
    /// RFC 3463 §3.2: the domain is ours, and nobody there gets mail from anywhere.
    NO_SUCH_ADDRESS = 550 "5.1.1" "This address takes no mail from the Internet";
    /// RFC 5321 §3.6.2: nothing is relayed.
    NO_RELAY = 550 "5.7.1" "Mail to that domain is not taken here";
    /// No notice of ours is named in it: nobody reads what people write to the From of notices.
    NOBODY_READS = 550 "5.7.1" "Nobody reads this address: open the link in our e-mail, or telephone";
    /// Only `+33…@sms.…` was named: the notice has nowhere to go.
    NUMBER_ALONE = 554 "5.5.1" "This patient has no e-mail address: add one to the number";
    /// RFC 5321 §2.3.8, §4.1.1.4: a CR, LF or NUL that another server could read as the end of a message.
    NOT_CLEAN = 554 "5.6.0" "The message has a CR, a LF or a NUL that stands alone";
    /// RFC 5322 §2.2, and bounds that no letter of a person comes near.
    NOT_SOUND = 554 "5.6.0" "The message has a broken header, too many parts, or is nested too deep";
    /// Far beyond RFC 5321 §4.5.3.1.6.
    TEXT_LINE_TOO_LONG = 554 "5.6.0" "The message has a line of more than 65536 octets";
    /// The memory for messages in flight is in use.
    NO_MEMORY = 452 "4.3.1" "The server is busy: send again later";
    /// Ours: a disk is full (RFC 3463 §3.4, mail system full).
    FULL = 452 "4.3.1" "The server has no room at the moment: send again later";
    /// Ours, and may pass.
    FAULT_FOR_NOW = 451 "4.3.0" "The server has a fault: send again later";
    /// Ours, and will not pass by itself.
    FAULT = 554 "5.3.0" "The server cannot take this message";

    /// Five wrong passwords.
    TOO_MANY_PASSWORDS = 421 "4.7.0" "Too many wrong passwords";
    /// Somebody who does not speak SMTP.
    TOO_MANY_ERRORS = 421 "4.7.0" "Too many errors";
    /// RFC 5321 §4.5.3.2.
    TIMED_OUT = 421 "4.4.2" "Waited too long";
    /// RFC 5321 §3.8.
    CLOSING = 421 "4.3.2" "The server is closing";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(reply: &Reply) -> String {
        let mut out = Vec::new();
        reply.write(&mut out);
        String::from_utf8(out).expect("ascii")
    }

    #[test]
    fn several_lines_have_hyphens_but_the_last() {
        let reply = Reply::hello("mail.example", &["PIPELINING".to_owned(), "SIZE 10".to_owned()]);
        assert_eq!(wire(&reply), "250-mail.example\r\n250-PIPELINING\r\n250 SIZE 10\r\n");
        assert_eq!(wire(&OK), "250 2.0.0 OK\r\n");
        assert_eq!(wire(&Reply::challenge("")), "334 \r\n");
    }

    #[test]
    fn a_sentence_of_another_room_cannot_leave_its_line_nor_promise_anything() {
        let sentence = format!("é\r\n250 2.0.0 accepted {}", "x ".repeat(700));
        let reply = Reply::refused(&Refused { code: 250, enhanced: "2.0.0", sentence });
        let text = wire(&reply);
        assert!(text.lines().count() > 2);
        for line in text.split_inclusive("\r\n") {
            assert!(line.starts_with("554") && line.len() <= 512 && line.is_ascii(), "{line}");
            assert_eq!(line.get(4..10), Some("5.0.0 "));
        }
    }

    #[test]
    fn sizes_are_said_in_attachments() {
        assert!(wire(&Reply::too_large(25 * MIB)).contains("25 MB"));
        assert!(wire(&Reply::too_large(100 * 1024)).contains("100 KB"));
    }
}
