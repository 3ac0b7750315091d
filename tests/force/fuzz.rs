//! Octets that no client sends and messages that no program writes, by bolero.
//!
//! On stable, without its program: a few thousand random inputs and the corpora in `__fuzz__`, in `cargo test`. By
//! hand for as long as one likes, `BOLERO_RANDOM_TEST_TIME_MS=600000 BOLERO_RANDOM_ITERATIONS=1000000000 cargo test
//! --test force fuzz::NAME`; guided by coverage, `cargo bolero test --test force --sanitizer NONE fuzz::NAME`. Input
//! octets name words of the protocol, so that random ones already get deep.

use std::sync::Arc;
use std::time::Duration;

use bolero::check;
use pli::domain::{Address, KeptMessage, PhoneNumber, Region};
use pli::imap::machine::{LoginAnswer, Machine, Step};
use pli::imap::{Door, Session, Settings, Times};
use pli::mime::{Structure, Summary, Words};
use pli::smtp;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use crate::imap::response::{self, Data, Item, Response};
use crate::scripted::{Script, Seeded};

/// Each octet is a word, or itself.
pub(crate) fn words(octets: &[u8], table: &[&[u8]]) -> Vec<u8> {
    let word = |octet: &u8| table.get(usize::from(*octet)).map_or_else(|| vec![*octet], |word| word.to_vec());
    octets.iter().flat_map(word).collect()
}

const IMAP: &[&[u8]] = &[
    b"a ",
    b"\r\n",
    b" ",
    b"(",
    b")",
    b"\"",
    b"{5+}\r\n",
    b"{5}\r\n",
    b"{0+}\r\n",
    b"{4097+}\r\n",
    b"{70000+}\r\n",
    b"hello",
    b"LOGIN claire@cabinet.example secret\r\n",
    b"SELECT INBOX\r\n",
    b"EXAMINE ",
    b"INBOX",
    b"FETCH ",
    b"STORE ",
    b"UID ",
    b"1",
    b"1:*",
    b"*",
    b"2,1",
    b"+FLAGS ",
    b"-FLAGS.SILENT ",
    b"FLAGS ",
    b"\\Seen",
    b"\\Deleted",
    b"$Junk",
    b"SEARCH ",
    b"TEXT ",
    b"NOT ",
    b"OR ",
    b"SUBJECT ",
    b"HEADER ",
    b"BEFORE 1-Jan-2027 ",
    b"CHARSET UTF-8 ",
    b"BODY",
    b".PEEK",
    b"[",
    b"]",
    b"HEADER.FIELDS (",
    b"TEXT",
    b"MIME",
    b"1.2.",
    b"<0.10>",
    b"ENVELOPE",
    b"BODYSTRUCTURE",
    b"RFC822.SIZE",
    b"INTERNALDATE",
    b"COPY ",
    b"MOVE ",
    b"APPEND INBOX ",
    b"EXPUNGE\r\n",
    b"NOOP\r\n",
    b"CLOSE\r\n",
    b"LIST \"\" ",
    b"%",
    b"STATUS INBOX (MESSAGES UIDNEXT)\r\n",
    b"IDLE\r\n",
    b"DONE\r\n",
    b"CREATE ",
    b"RENAME ",
    b"DELETE ",
    b"&AOk-",
    b"ENABLE ",
    b"CONDSTORE",
    b"QRESYNC",
    b"(CHANGEDSINCE 1)",
    b"(UNCHANGEDSINCE 1) ",
    b"RETURN (MIN MAX ALL COUNT) ",
    b"SORT (ARRIVAL) UTF-8 ",
    b"THREAD REFERENCES UTF-8 ",
    b"BINARY.PEEK[1]",
    b"PREVIEW",
    b"GETQUOTAROOT INBOX\r\n",
    b"ID NIL\r\n",
    b"NAMESPACE\r\n",
    b"CAPABILITY\r\n",
    b"AUTHENTICATE PLAIN ",
    b"=\r\n",
    b"Subject: x\r\n\r\ny",
    b"(\\Seen) ",
    b"\"01-Jan-2027 10:00:00 +0100\" ",
    b"a NOOP\r\na ",
    b"18446744073709551616",
    b"4294967295",
    b"0",
];

const MAIL: &[&[u8]] = &[
    b"\r\n",
    b"\r\n\r\n",
    b"--b\r\n",
    b"--b--\r\n",
    b"--c\r\n",
    b"--c--\r\n",
    b" ",
    b"\t",
    b"\r\n ",
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n",
    b"Content-Type: multipart/alternative; boundary=\"c\"\r\n\r\n",
    b"Content-Type: message/rfc822\r\n\r\n",
    b"Content-Type: text/plain; charset=utf-8\r\n",
    b"Content-Type: ",
    b"text/html",
    b"multipart/digest; boundary=b\r\n\r\n",
    b"; charset=\"x-\xff\"",
    b"; name*0*=utf-8''%e9",
    b"; name*1=x",
    b"; a=\"b\\\"c\"",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: quoted-printable\r\n",
    b"=E9=\r\n",
    b"SGVsbG8=\r\n",
    b"Content-Disposition: attachment; filename=x\r\n",
    b"Content-Language: fr, (en) de\r\n",
    b"Content-ID: <x>\r\n",
    b"Content-MD5: x\r\n",
    b"Content-Location: x\r\n",
    b"Content-Description: =?utf-8?q?=C3?=\r\n",
    b"Subject: ",
    b"=?iso-8859-1?B?6Q==?=",
    b"From: ",
    b"To: ",
    b"Cc: ",
    b"Reply-To: ",
    b"Sender: ",
    b"Date: Fri, 15 Jan 2027\r\n",
    b"Message-ID: <a@b>\r\n",
    b"In-Reply-To: <a@b>\r\n",
    b"References: <a@b>\r\n",
    b"<a@b.example>",
    b"group: a@b, c@d;",
    b"\"q \\\" q\" ",
    b"(c (d) \\) ",
    b"@route:",
    b",",
    b";",
    b":",
    b"\xe9",
    b"\xc3\xa9",
    b"begin 644 x\r\n",
    b"\\",
    b"\"",
    b"X Y: 1\r\n",
    b": \r\n",
    b"--",
    b"-- \r\n",
    b"<html><body>x<b",
    b"&eacute;",
    b"{3}\r\n",
    b"NIL",
    b"(",
    b")",
];

fn quick() -> Times {
    Times { wrong_password: Duration::from_millis(1), memory: Duration::from_millis(5), ..Times::default() }
}

/// Everything that a session of the door answers to these octets.
async fn answers(script: Script, input: &[u8]) -> Vec<u8> {
    let settings = Settings { hostname: "x".to_owned(), message_limit: 60_000, memory: 1 << 20, per_mailbox: 20 };
    let door = Arc::new(Door::new(settings, script).with_times(quick()));
    let (client, mut end) = duplex(64 * 1024);
    let (_stop, stopping) = tokio::sync::watch::channel(false);
    let (mut reading, mut writing) = tokio::io::split(client);
    let mut said = Vec::new();
    let (_, read, _) = tokio::join!(
        async {
            // The server may have had enough.
            let _ = writing.write_all(input).await;
            let _ = writing.shutdown().await;
        },
        reading.read_to_end(&mut said),
        async move {
            let mut session = Session::secure(door, stopping);
            let _ = session.talk(&mut end).await;
        }
    );
    read.unwrap();
    said
}

/// Cuts what a server says into responses, with their literals.
fn responses(mut said: &[u8]) -> Vec<Response> {
    let mut all = Vec::new();
    while !said.is_empty() {
        let mut end = 0;
        loop {
            let line = said[end..].windows(2).position(|two| two == b"\r\n").expect("a whole line");
            end += line + 2;
            let text = &said[..end - 2];
            let length = text.strip_suffix(b"}").and_then(|text| {
                let from = text.iter().rposition(|octet| *octet == b'{')?;
                std::str::from_utf8(&text[from + 1..]).ok()?.parse::<usize>().ok()
            });
            let Some(length) = length else { break };
            end += length;
        }
        let (response, rest) = said.split_at(end);
        said = rest;
        match response::read(response) {
            Ok(response) => all.push(response),
            Err(fault) => panic!("{fault}\n{}", response.escape_ascii()),
        }
    }
    all
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Whatever a client sends, every answer is in the grammar.
#[test]
fn imap_answers_by_the_grammar() {
    let runtime = runtime();
    check!().with_max_len(300).for_each(|octets: &[u8]| {
        let mut input = b"in LOGIN claire@cabinet.example secret\r\nin SELECT INBOX\r\n".to_vec();
        if octets.first().is_some_and(|first| first.is_multiple_of(4)) {
            input.clear();
        }
        input.extend(words(octets, IMAP));
        let script = Script::default();
        if octets.len().is_multiple_of(3) {
            // Another session was there before.
            script.other("flags 1 2");
            script.other("new =?utf-8?q?=C3?= {3}");
        }
        let first = script.seen();
        responses(&runtime.block_on(answers(script.clone(), &input)));
        assert!(script.seen() <= first + 1000);
    });
}

/// What a session says and asks, its input in pieces of this size.
fn told(input: &[u8], piece: usize) -> String {
    let mut machine = Machine::secure("x", 60_000);
    let mut said = String::new();
    for mut now in input.chunks(piece.max(1)) {
        loop {
            match machine.step(&mut now) {
                Step::Read => break,
                Step::Write(octets) => said.push_str(&String::from_utf8_lossy(&octets)),
                Step::Close | Step::StartTls => return said,
                Step::Memory(octets) => machine.memory(octets < 1000),
                Step::Login(_) => machine.logged_in(LoginAnswer::Right),
                Step::Identified => {}
                Step::Do(job) => {
                    let sizes: Vec<usize> = job.messages.iter().map(|message| message.len()).collect();
                    said.push_str(&format!("[{} {sizes:?}]", job.tag));
                    machine.done(true);
                }
            }
        }
    }
    said
}

/// However input is cut, the session is the same.
#[test]
fn imap_input_may_be_cut_anywhere() {
    check!().with_max_len(300).for_each(|octets: &[u8]| {
        let input = words(octets, IMAP);
        let whole = told(&input, input.len());
        let any = Seeded(octets.len() as u64 + 1).below(200);
        for piece in [1, 3, 17, any] {
            assert_eq!(told(&input, piece), whole);
        }
    });
}

/// The octets of a literal are never a command, whoever refuses it and why.
#[test]
fn imap_a_refused_literal_is_no_command() {
    let table: Vec<&[u8]> =
        IMAP.iter().copied().filter(|word| !word.starts_with(b"AUTH") && !word.starts_with(b"IDLE")).collect();
    check!().with_max_len(120).for_each(|octets: &[u8]| {
        let mut input = if octets.len().is_multiple_of(2) { b"in LOGIN a b\r\n".to_vec() } else { Vec::new() };
        for (place, chunk) in octets.chunks(7).enumerate() {
            // Words without an end of line or a literal of their own, then a literal that comes unasked.
            let line: Vec<u8> = words(chunk, &table).into_iter().filter(|octet| !b"\r\n{}".contains(octet)).collect();
            let size = [40, 5_000, 70_000][place % 3];
            let mut literal = b"\r\nSMUGGLED NOOP\r\nSMUGGLED LOGOUT\r\n".repeat(1 + size / 34);
            literal.truncate(size);
            input.extend([b"t ".as_slice(), &line, format!(" {{{size}+}}\r\n").as_bytes(), &literal, b"\r\n"].concat());
        }
        let said = told(&input, 1000);
        assert!(
            !said.contains("SMUGGLED OK") && !said.contains("SMUGGLED BAD") && !said.contains("[SMUGGLED"),
            "{said}"
        );
    });
}

/// Words that a message may hold: no NUL, every CR and LF in a pair.
fn message(octets: &[u8]) -> Option<Vec<u8>> {
    let message = words(octets, MAIL);
    (!message.is_empty() && KeptMessage::new(message.clone()).is_ok()).then_some(message)
}

/// Whatever is stored, FETCH and SEARCH answer by the grammar, with its octets and within bounds.
#[test]
fn imap_any_stored_message_is_fetched() {
    let runtime = runtime();
    check!().with_max_len(400).for_each(|octets: &[u8]| {
        let Some(message) = message(octets) else { return };
        let script = Script::default();
        script.deliver(&message);
        let input = b"a LOGIN claire@cabinet.example secret\r\nb SELECT INBOX\r\n\
            c FETCH * (BODY.PEEK[] BODY.PEEK[HEADER] BODY.PEEK[TEXT] RFC822.SIZE)\r\nd FETCH * (ENVELOPE BODY BODYSTRUCTURE)\r\n\
            e FETCH * (BODY[1] BODY[1.MIME] BODY[1.HEADER] BODY[1.TEXT] BODY[1.1] BODY[2.1.HEADER.FIELDS (SUBJECT)] BODY[3])\r\n\
            f FETCH * (BODY[HEADER.FIELDS (FROM TO)] BODY[HEADER.FIELDS.NOT (DATE)]<2.7> BODY[]<10.20>)\r\n\
            g SEARCH TEXT x SUBJECT y\r\nh SEARCH OR BODY x SENTBEFORE 1-Jan-2027\r\ni LOGOUT\r\n";
        let said = runtime.block_on(answers(script, input));
        assert!(said.len() < 100_000 + 400 * message.len(), "{} octets of {}", said.len(), message.len());
        let (mut whole, mut pieces, mut size) = (None, Vec::new(), None);
        let mut ok = 0;
        for response in responses(&said) {
            ok += usize::from(matches!(response, Response::Tagged(_, response::Status::Ok, _)));
            let Response::Untagged(Data::Fetch(_, items)) = response else { continue };
            for item in items {
                match item {
                    Item::Octets(section, None, octets) if section.is_empty() => whole = octets,
                    Item::Octets(section, None, octets) if section == "HEADER" || section == "TEXT" => {
                        pieces.extend(octets.unwrap_or_default());
                    }
                    Item::Size(octets) => size = Some(octets),
                    _ => {}
                }
            }
        }
        assert_eq!(ok, 9, "{}", said.escape_ascii());
        assert_eq!(whole.as_ref(), Some(&message));
        assert_eq!((pieces, size), (message.clone(), Some(message.len() as u64)));
    });
}

/// Whatever comes in, it is taken apart within its own octets, and what is kept of it reads back.
#[test]
fn any_message_is_taken_apart() {
    check!().with_max_len(1000).for_each(|octets: &[u8]| {
        let message = words(octets, MAIL);
        for node in Structure::read(&message).nodes() {
            assert!(message.get(node.header.clone()).is_some() && message.get(node.body.clone()).is_some());
        }
        let summary = Summary::of(&message);
        assert!(summary.octets().len() < 20_000 + 400 * message.len());
        let line = [
            b"* 1 FETCH (ENVELOPE ".as_slice(),
            summary.envelope(),
            b" BODY ",
            summary.body(),
            b" BODYSTRUCTURE ",
            summary.body_structure(),
            b")\r\n",
        ]
        .concat();
        if !message.contains(&0) {
            response::read(&line).unwrap();
        }
        let read = Words::of(&message);
        if let Some(kept) = read.to_octets() {
            let again = Words::from_octets(&kept).expect("what was written");
            assert_eq!(again.text_holds("x"), read.text_holds("x"));
        }
    });
}

const SMTP: &[&[u8]] = &[
    b"\r\n",
    b"EHLO c.example\r\n",
    b"HELO c\r\n",
    b"AUTH PLAIN ",
    b"AGEAYg==\r\n",
    b"AUTH PLAIN AGEAYg==\r\n",
    b"AUTH LOGIN\r\n",
    b"YQ==\r\n",
    b"*\r\n",
    b"MAIL FROM:<a@b.example>",
    b"MAIL FROM:<a@b.example>\r\n",
    b" SIZE=100",
    b" BODY=8BITMIME",
    b" SMTPUTF8",
    b"RCPT TO:<c@d.example>\r\n",
    b"RCPT TO:",
    b"<>",
    b"DATA\r\n",
    b".\r\n",
    b"\r\n.\r\n",
    b"..\r\n",
    b"Subject: x\r\n\r\nx\r\n",
    b"RSET\r\n",
    b"NOOP\r\n",
    b"QUIT\r\n",
    b"VRFY x\r\n",
    b"STARTTLS\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b"BDAT 5\r\n",
    b"\xff",
    b"\"a b\"@d.example",
    b"BDAT 5 LAST\r\n",
    b"BDAT 0\r\n",
    b"BDAT 0 LAST\r\n",
    b"BDAT 14 LAST\r\n",
    b"BDAT 70000\r\n",
    b"BDAT ",
    b" LAST\r\n",
    b"a: b\r",
    b"Subject: xyz\r\n",
    b"\xc3\xa9",
    b"EHLO c.example\r\nAUTH PLAIN AGEAYg==\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n",
];

/// What a machine says and hands over, its input in pieces of this size.
fn smtp_told(
    begin: fn(&smtp::Settings) -> smtp::machine::Machine,
    input: &[u8],
    piece: usize,
) -> (String, Vec<Vec<u8>>) {
    use smtp::machine::{Answer, LoginAnswer, NotAccepted, Request};
    let settings = smtp::Settings { hostname: "x".to_owned(), message_limit: 50_000, memory: 1 << 20, recipients: 100 };
    let mut machine = begin(&settings);
    let (mut said, mut deposited) = (String::new(), Vec::new());
    for mut now in input.chunks(piece.max(1)) {
        loop {
            match machine.step(&mut now) {
                smtp::machine::Step::Read => break,
                smtp::machine::Step::Write(octets) => said.push_str(&String::from_utf8_lossy(&octets)),
                smtp::machine::Step::Close | smtp::machine::Step::StartTls => return (said, deposited),
                smtp::machine::Step::Ask(request) => machine.answer(match request {
                    Request::Login(_) => Answer::Login(LoginAnswer::Right),
                    Request::ReversePath(_) => Answer::ReversePath(Some(Ok(()))),
                    Request::Recipient(address) if address.reveal_local() == "c" => {
                        Answer::Recipient(Some(Ok(pli::delivery::Route::Outside)))
                    }
                    Request::Recipient(_) => Answer::Recipient(None),
                    Request::Memory(octets) => Answer::Memory(octets < 70_000),
                    Request::Deposit(letter) => {
                        deposited.push(letter.message.reveal().to_vec());
                        Answer::Deposit(Err(NotAccepted::Fault { transient: true }))
                    }
                    Request::ReturnTo(_) => Answer::ReturnTo(Some(pli::delivery::TakesBack::Yes)),
                    Request::Returned(_) => Answer::Returned(Ok(None)),
                }),
            }
        }
    }
    (said, deposited)
}

/// Whatever a client submits, every reply has its form, however the input is cut.
#[test]
fn smtp_replies_have_their_form() {
    check!().with_max_len(300).for_each(|octets: &[u8]| {
        let input = words(octets, SMTP);
        for begin in [smtp::machine::Machine::secure, smtp::machine::Machine::returns] {
            let whole = smtp_told(begin, &input, input.len());
            for line in whole.0.split_terminator("\r\n") {
                let octets = line.as_bytes();
                let fits = octets.len() >= 4
                    && octets[..3].iter().all(u8::is_ascii_digit)
                    && matches!(octets[0], b'2'..=b'5')
                    && matches!(octets[3], b' ' | b'-')
                    && octets.iter().all(|octet| (b' '..=b'~').contains(octet));
                assert!(fits, "{line:?}");
            }
            for piece in [1, 13] {
                assert_eq!(smtp_told(begin, &input, piece), whole);
            }
        }
    });
}

/// The octets of a chunk are never a command, whoever refuses it and why, however they are cut.
#[test]
fn fault_20_smtp_a_chunk_is_no_command() {
    let table: Vec<&[u8]> = SMTP
        .iter()
        .copied()
        // In a message that DATA began, BDAT is text, and what stands behind its dot is a command.
        .filter(|word| ![b"VRFY".as_slice(), b"AUTH", b"BDAT", b"DATA"].iter().any(|w| word.starts_with(w)))
        .collect();
    check!().with_max_len(120).for_each(|octets: &[u8]| {
        let mut input = Vec::new();
        for (place, chunk) in octets.chunks(7).enumerate() {
            input.extend(words(chunk, &table));
            let mut text = b"VRFY SMUGGLED\r\n.\r\n".repeat(1 + [40, 5_000, 70_000][place % 3] / 18);
            // Cut anywhere, also between CR and LF.
            text.truncate(text.len() - chunk.len());
            let last = if chunk.len() % 2 == 0 { " LAST" } else { "" };
            input.extend([format!("\r\nBDAT {}{last}\r\n", text.len()).as_bytes(), &text].concat());
        }
        let (said, _) = smtp_told(smtp::machine::Machine::secure, &input, 1000);
        assert!(!said.contains("252 "), "{said}");
    });
}

/// What is a number, is the same one again as it is written, wherever it is read; what is not, is refused.
#[test]
fn numbers_are_read_or_refused() {
    let table: &[&[u8]] = &[
        b"+33",
        b"06",
        b"+377",
        b"00",
        b" 12 34 56 78",
        b"0",
        b"1",
        b"2",
        b"9",
        b"(0)",
        b"-",
        b".",
        b"\xc2\xa0",
        b"\xe2\x80\x8b",
        b";ext=1",
        b"tel:",
        b"sms:",
        b"\xd9\xa1",
        b"\xef\xbc\x91",
        b"/",
        b"+39",
        b"+39 06",
        b"+44",
        b"+1",
        b"+262",
        b"+590",
        b"+508",
        b"+687",
        b"+378",
        b"+881",
        b"0639",
        b"0596",
        b"0508",
        b"0708",
        b"+54 9",
        b"+49",
        b"75 12 34",
        b"12345",
    ];
    let regions: Vec<Region> =
        ["FR", "MC", "IT", "RE", "PM", "GB", "US", "SM", "AR", "NC"].map(|code| code.parse().unwrap()).into();
    check!().with_max_len(40).for_each(|octets: &[u8]| {
        let (first, rest) = octets.split_first().unwrap_or((&0, &[]));
        let text = String::from_utf8_lossy(&words(rest, table)).into_owned();
        let region = regions[usize::from(*first) % regions.len()];
        let neighbours = if *first < 128 { &regions[..0] } else { &regions[1..3] };
        for read in [PhoneNumber::parse(&text, region, neighbours), PhoneNumber::parse_international(&text)] {
            let Ok(number) = read else { continue };
            let digits = number.reveal().strip_prefix('+').unwrap();
            assert!((4..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit()), "{text:?}");
            assert!(PhoneNumber::parse_international(number.reveal()).is_ok_and(|again| again == number), "{text:?}");
            assert!(
                PhoneNumber::parse(number.reveal(), region, neighbours).is_ok_and(|again| again == number),
                "{text:?}"
            );
        }
    });
}

/// What is an address, is the same one again as it is written.
#[test]
fn addresses_are_read_or_refused() {
    let table: &[&[u8]] = &[
        b"a",
        b"@",
        b".",
        b"b.example",
        b"\"",
        b"\\",
        b" ",
        b"xn--",
        b"\xc3\xa9",
        b"-",
        b"_",
        b"[127.0.0.1]",
        b"\xe2\x80\x8b",
        b"A",
    ];
    check!().with_max_len(40).for_each(|octets: &[u8]| {
        let text = String::from_utf8_lossy(&words(octets, table)).into_owned();
        if let Ok(address) = text.parse::<Address>() {
            assert!(!address.reveal().contains(['\r', '\n', '\0']));
            assert!(address.reveal().parse::<Address>().is_ok_and(|again| again == address), "{text:?}");
        }
    });
}

const NESTS: &[&[u8]] = &[
    b"Content-Type:",
    b"Content-Type",
    b"Content - Type",
    b"CONTENT-TYPE :",
    b" ",
    b"\t",
    b":",
    b"\r\n",
    b"\r\n\r\n",
    b"\r\n ",
    b"message/rfc822",
    b"message",
    b"/",
    b"rfc822",
    b"global",
    b"(c)",
    b"(",
    b")",
    b"\\",
    b"\"",
    b";",
    b"multipart/digest; boundary=a",
    b"multipart/mixed; boundary=b",
    b"multipart/alternative;\r\n boundary=\"c c\"",
    b"\r\n--a\r\n",
    b"\r\n--b\r\n",
    b"\r\n--c c\r\n",
    b"\r\n--a--\r\n",
    b"X: y\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"text/plain",
    b"=?a?q?x",
    b"a",
];

/// How deep messages stand within messages.
fn depth(message: &mail_parser::Message<'_>) -> usize {
    let inner = message.parts.iter().filter_map(|part| match &part.body {
        mail_parser::PartType::Message(inner) => Some(depth(inner)),
        _ => None,
    });
    1 + inner.max().unwrap_or(0)
}

/// mail-parser recurses into messages within messages: what our own look at the shape lets through never nests deeper
/// than it says, however the types are written. Each input is repeated, so that one that nests once does so for ever.
#[test]
fn fault_18_what_passes_is_never_nested_deep() {
    check!().for_each(|octets: &[u8]| {
        let unit = words(octets, NESTS);
        if unit.is_empty() {
            return;
        }
        let head = b"A: b\r\nContent-Type: message/rfc822\r\n";
        let open = [head, b"\r\n".as_slice(), &unit.repeat(400)].concat();
        // The same where it is decoded first, against RFC 2046 §5.2.1.
        let begin = unit.len() % 5;
        let encoded = data_encoding::BASE64.encode(&[head, b"\r\n".as_slice(), &unit.repeat(400)].concat());
        let noise = ["", "\r\n", "QQ\r\n", "-\r\n \r\n", "="][begin];
        let encoded =
            [head, b"Content-Transfer-Encoding: base64\r\n\r\n".as_slice(), noise.as_bytes(), encoded.as_bytes()];
        for message in [open, encoded.concat()] {
            let Ok(raw) = pli::domain::RawMessage::new(message) else { continue };
            if let Some(parsed) = mail_parser::MessageParser::default().parse(raw.reveal()) {
                let deep = depth(&parsed);
                assert!(deep <= 103, "{deep} levels of {:?}", String::from_utf8_lossy(&unit));
            }
        }
    });
}
