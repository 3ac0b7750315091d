//! What is wrapped in a message, by anybody: read without a panic, within bounds, and as other programs read it.
//!
//! The head of `fuzz.rs` says how it is run for longer.

use std::path::Path;
use std::process::Command;

use bolero::check;
use mail_parser::{Encoding, MessageParser, MimeHeaders, PartType};
use pli::domain::RawMessage;
use pli::mailbox::{Body, Letter};
use pli::mime::answer::Word;
use pli::mime::unwrap::plain;
use pli::mime::{Answer, Summary, Words};

use crate::fuzz::words;
use crate::outlook::{self, attribute, binary, file, long, object, string, time, unicode, winmail};

/// A message of one part that is wrapped.
fn of(kind: &str, octets: &[u8]) -> Vec<u8> {
    let header = "From: a@b.example\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n";
    format!("{header}Content-Type: {kind}\r\n\r\n{}\r\n", outlook::lines(octets)).into_bytes()
}

/// Name, type and octets.
type File = (String, String, Vec<u8>);

/// The texts that are shown, and what is attached.
fn opened(message: &[u8]) -> (Vec<String>, Vec<File>) {
    let plain = plain(message).unwrap_or_else(|| message.to_vec().into());
    assert!(RawMessage::is_sound(&plain), "{}", String::from_utf8_lossy(&plain));
    let letter = Letter::open(message).unwrap();
    let read = MessageParser::default().parse(plain.as_slice()).unwrap();
    let files = read.attachments().map(|part| {
        let kind = part.content_type().map(|kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()));
        let octets = match &part.body {
            PartType::Message(inner) if part.encoding != Encoding::None => inner.raw_message.to_vec(),
            PartType::Message(_) => plain[part.offset_body as usize..part.offset_end as usize].to_vec(),
            _ => part.contents().to_vec(),
        };
        (part.attachment_name().unwrap_or_default().to_owned(), kind.unwrap_or_default(), octets)
    });
    let files: Vec<_> = files.collect();
    assert_eq!(files.len(), letter.files.len());
    let texts = letter.bodies.into_iter().map(|body| match body {
        Body::Plain(text) => text,
        Body::Html(html) => format!("html:{html}"),
    });
    (texts.collect(), files)
}

fn unwrapped(winmail: &[u8]) -> (Vec<String>, Vec<File>) {
    opened(&of("application/ms-tnef", winmail))
}

fn named(files: &[File]) -> Vec<(&str, &str, &[u8])> {
    files.iter().map(|(name, kind, octets)| (name.as_str(), kind.as_str(), octets.as_slice())).collect()
}

#[test]
fn names_and_types_are_those_that_outlook_gives() {
    let xls = "application/vnd.ms-excel";
    let (texts, files) = unwrapped(&winmail(
        1251,
        &[string(outlook::BODY, b"\xcf\xf0\xe8\xe2\xe5\xf2")],
        &[
            file(b"a.pdf", Some(b"%PDF-a"), &[]),
            file(
                b"COMPTE~1.XLS",
                Some(b"x"),
                &[unicode(outlook::LONG_NAME, "Comptes d'été 2027.xls"), string(outlook::TYPE, xls.as_bytes())],
            ),
            file(b"\xcf.txt", Some(b"\xcf\xf0"), &[string(outlook::TYPE, b"text/plain")]),
            file(b"b.txt", Some("été".as_bytes()), &[string(outlook::TYPE, b"text/plain")]),
            file(b"", None, &[binary(outlook::DATA, b"property"), string(outlook::TYPE, b"multipart/mixed")]),
            file(b"bad.bin", Some(b"y"), &[string(outlook::TYPE, b"a/b\r\nX: y")]),
            file(b"lettre.eml", Some(b"Subject: x\r\n\r\ny\r\n"), &[]),
            file(b"odd.eml", Some(b"Subject: x\n\ny\n"), &[]),
        ],
    ));
    assert_eq!(texts, ["Привет"]);
    let any = "application/octet-stream";
    assert_eq!(
        named(&files),
        [
            ("a.pdf", "application/pdf", b"%PDF-a".as_slice()),
            ("Comptes d'été 2027.xls", xls, b"x"),
            ("П.txt", any, b"\xcf\xf0"),
            ("b.txt", "text/plain", "été".as_bytes()),
            ("", any, b"property"),
            ("bad.bin", any, b"y"),
            ("lettre.eml", "message/rfc822", b"Subject: x\r\n\r\ny\r\n"),
            ("odd.eml", "message/rfc822", b"Subject: x\n\ny\n"),
        ]
    );
}

#[test]
fn a_text_is_taken_where_nothing_else_says_it() {
    let html = binary(outlook::HTML, "<p>été</p>".as_bytes());
    let rich = binary(outlook::RTF, &packed(b"{\\rtf1\\ansi\\ansicpg1252 caf\\'e9}"));
    for (properties, text) in [
        (vec![string(outlook::BODY, b"texte"), html.clone(), long(outlook::CODE_PAGE, 65001)], "html:<p>été</p>"),
        (vec![string(outlook::BODY, b"caf\xe9"), rich.clone()], "café"),
        (vec![unicode(outlook::BODY, "кафе \u{1f600}"), rich.clone()], "кафе \u{1f600}"),
        (vec![rich.clone()], "café"),
        (vec![unicode(outlook::BODY, " \r\n"), rich.clone()], "café"),
    ] {
        assert_eq!(unwrapped(&winmail(1252, &properties, &[])).0, [text]);
        // Beside a text it is that text again, or another one; beside an empty one it is the text.
        let beside = |text: &str| opened(&outlook::message("c@d.example", "x", text, &winmail(1252, &properties, &[])));
        assert_eq!(beside("Bonjour").0, ["Bonjour", text]);
        for said in ["Bonjour : texte", "Un CAF\u{c9}, l'\u{e9}t\u{e9}", "кафе 1"] {
            let again = said.to_lowercase().contains(text.trim_start_matches("html:<p>").trim_end_matches("</p>"))
                || (text.starts_with('к') && said.starts_with('к'));
            assert_eq!(beside(said).0.len(), if again { 1 } else { 2 }, "{said} {text}");
        }
        assert!(beside("\u{feff} \r\n").0.iter().any(|shown| shown == text));
    }
    // Before MAPI.
    let old = [winmail(1252, &[], &[]), attribute(1, 0x0002_800c, b"caf\xe9\0")].concat();
    assert_eq!(unwrapped(&old).0, ["café"]);
    // An appointment whose words are nowhere else stays the file, and so does what breaks off.
    let appointment = outlook::of_class(b"IPM.Schedule.Meeting.Request", 1252, &[], &[]);
    let broken = [winmail(1252, &[], &[]), vec![7; 100]].concat();
    for winmail in [appointment, broken] {
        let (_, files) = opened(&outlook::message("c@d.example", "x", "Bonjour", &winmail));
        assert_eq!(named(&files), [("winmail.dat", "application/ms-tnef", winmail.as_slice())]);
    }
}

/// RTF of literals alone, as MS-OXRTFCP packs it where nothing repeats.
fn packed(rtf: &[u8]) -> Vec<u8> {
    let mut body: Vec<u8> = rtf.chunks(8).flat_map(|piece| [&[0], piece].concat()).collect();
    let tail = rtf.len() % 8;
    let at = u16::try_from((207 + rtf.len()) % 4096).unwrap();
    // The end is a reference to what would be written next.
    if tail == 0 {
        body.push(1);
    } else {
        let control = body.len() - tail - 1;
        body[control] = 1 << tail;
    }
    body.extend((at << 4).to_be_bytes());
    let words = [u32::try_from(body.len() + 12).unwrap(), u32::try_from(rtf.len()).unwrap(), 0x7546_5a4c, 0];
    words.iter().flat_map(|word| word.to_le_bytes()).chain(body).collect()
}

/// What breaks off, and what is more than a letter, is beside what could be read of it.
#[test]
fn nothing_is_lost_of_what_was_not_read_to_its_end() {
    let whole = winmail(1252, &[], &[file(b"a.pdf", Some(b"%PDF-a"), &[]), file(b"b.pdf", Some(&[7; 400]), &[])]);
    let cut = &whole[..whole.len() - 200];
    let pdf = file(b"plan.pdf", Some(b"%PDF-p"), &[]);
    let meeting = outlook::of_class(b"IPM.Schedule.Meeting.Request", 1252, &[], &[pdf]);
    for (winmail, first) in [(cut, "a.pdf"), (meeting.as_slice(), "plan.pdf")] {
        let (_, files) = opened(&outlook::message("c@d.example", "x", "Bonjour", winmail));
        let named = named(&files);
        assert_eq!(named.first().unwrap().0, first);
        assert_eq!(named.last(), Some(&("winmail.tnef", "application/octet-stream", winmail)));
    }
    // Of a letter that was read nothing is left.
    let (_, files) = opened(&outlook::message("c@d.example", "x", "Bonjour", &whole));
    assert_eq!(named(&files).len(), 2);
}

/// Octets that become three each as text, in each of many messages.
#[test]
fn fault_46_texts_that_unpack_have_one_measure_together() {
    let rich = [b"{\\rtf1\\ansi ".as_slice(), &[0x80; 3_000_000]].concat();
    let inner = winmail(1252, &[binary(outlook::RTF, &packed(&rich))], &[]);
    let held = [unicode(outlook::LONG_NAME, "m"), long(outlook::METHOD, 5), object(&inner)];
    let files: Vec<Vec<u8>> = (0..4).map(|_| file(b"m", None, &held)).collect();
    let one = winmail(1252, &[], &files[..1]);
    assert!(plain(&of("application/ms-tnef", &one)).is_some_and(|plain| plain.len() > 9_000_000));
    assert!(plain(&of("application/ms-tnef", &winmail(1252, &[], &files))).is_none(), "it stays a file");
}

/// A picture that stands in the HTML is found by its name there.
#[test]
fn pictures_keep_their_content_id() {
    let picture = [b"\x89PNG\r\n\x1a\n".as_slice(), &[7; 500]].concat();
    let id = unicode(outlook::CONTENT_ID, "<image001.png@01D5>");
    let html = binary(outlook::HTML, b"<img src='cid:image001.png@01D5'>");
    let message = winmail(1252, &[html], &[file(b"image001.png", Some(&picture), &[id])]);
    let letter = Letter::open(&of("application/ms-tnef", &message)).unwrap();
    let [shown] = letter.pictures.as_slice() else { panic!("one picture") };
    assert!(shown.id == "image001.png@01D5" && shown.octets.as_slice() == picture);
}

#[test]
fn what_is_wrapped_is_found_and_heard() {
    let wrapped =
        winmail(1252, &[string(outlook::BODY, b"Oui\r\nr\xe9ponse")], &[file(b"Analyse.pdf", Some(b"x"), &[])]);
    let message = of("application/ms-tnef", &wrapped);
    assert!(Words::of(&message).body_holds("réponse") && Words::of(&message).body_holds("analyse.pdf"));
    assert!(Words::of(&message).header_holds("content-type", "application/ms-tnef"), "as it was sent");
    assert_eq!(Summary::of(&message).preview(), "Oui réponse".as_bytes());
    assert!(String::from_utf8_lossy(Summary::of(&message).body_structure()).contains("ms-tnef"), "as it was sent");
    assert_eq!(Answer::read(&message).word, Some(Word::Yes));
}

#[test]
fn a_message_in_it_is_a_message() {
    let inner = winmail(
        1252,
        &[
            unicode(outlook::SUBJECT, "Résultats d'une très longue analyse de sang qui ne tient pas sur une ligne"),
            unicode(outlook::SENDER, "Laboratoire"),
            string(outlook::ADDRESS, b"labo@port.example"),
            time(outlook::SUBMITTED, 134_510_400_000_000_000),
            unicode(outlook::BODY, "Dedans"),
        ],
        &[file(b"a.pdf", Some(b"%PDF-a"), &[])],
    );
    let (_, files) = unwrapped(&winmail(1252, &[], &[file(b"", None, &[object(&inner), long(outlook::METHOD, 5)])]));
    let [(name, kind, octets)] = files.as_slice() else { panic!("one file: {files:?}") };
    assert_eq!((name.as_str(), kind.as_str()), (".eml", "message/rfc822"));
    let letter = Letter::open(octets).unwrap();
    assert_eq!(letter.subject, "Résultats d'une très longue analyse de sang qui ne tient pas sur une ligne");
    assert_eq!((letter.from.as_str(), letter.date.0), ("Laboratoire", 1_806_566_400_000));
    let (texts, files) = opened(octets);
    assert_eq!(
        (texts, named(&files)),
        (vec!["Dedans".to_owned()], vec![("a.pdf", "application/pdf", b"%PDF-a".as_slice())])
    );
}

#[test]
fn fault_46_hostile_winmails_are_read_within_bounds() {
    let most = |octets: &[u8]| u32::MAX.to_le_bytes().into_iter().chain(octets.iter().copied()).collect::<Vec<u8>>();
    let head = winmail(1252, &[], &[]);
    let hostile = [
        // Lengths and counts beyond the end.
        [head.as_slice(), &[2], &0x0006_800f_u32.to_le_bytes(), &u32::MAX.to_le_bytes(), b"x"].concat(),
        [head.clone(), attribute(1, 0x0006_9003, &most(&[0x1e, 0, 0x37, 0, 255, 255, 255, 255, 255, 255, 255, 255]))]
            .concat(),
        [head.clone(), attribute(1, 0x0006_9003, &most(&[0x1f, 0x10, 0x37, 0].repeat(50_000)))].concat(),
        [head.clone(), attribute(1, 0x0006_9003, &most(&[3, 0, 0x37, 0, 0, 0, 0, 0].repeat(100_000)))].concat(),
        [head.clone(), attribute(1, 0x0006_9003, &most(&[0x1e, 0, 0x37, 0, 1, 0, 0, 0, 0, 0, 0, 0].repeat(60_000)))]
            .concat(),
        // Attributes without an end.
        [head.clone(), attribute(1, 0x0001_8004, b"").repeat(60_000)].concat(),
        [head.clone(), attribute(2, 0x0006_9002, b"").repeat(60_000)].concat(),
        // Messages in messages.
        (0..200).fold(head.clone(), |inner, _| winmail(1252, &[], &[file(b"", None, &[object(&inner)])])),
        // A small RTF that says it is large, and one that repeats itself.
        winmail(1252, &[binary(outlook::RTF, &[[255; 8].as_slice(), b"LZFu", &[0; 4], &[0; 100]].concat())], &[]),
        winmail(
            1252,
            &[binary(
                outlook::RTF,
                &[&[255; 8], b"LZFu".as_slice(), &[0; 4], &[255, 0x0c, 0xef].repeat(60_000)].concat(),
            )],
            &[],
        ),
        winmail(
            1252,
            &[binary(outlook::RTF, &packed(&[b"{\\rtf1".as_slice(), &b"{\\par".repeat(50_000)].concat()))],
            &[],
        ),
        winmail(
            1252,
            &[binary(outlook::RTF, &packed(&[b"{\\rtf1".as_slice(), &b"{\\b\\u-1}".repeat(50_000)].concat()))],
            &[],
        ),
    ];
    for winmail in hostile {
        let message = of("application/ms-tnef", &winmail);
        let out = plain(&message).map_or(0, |plain| plain.len());
        assert!(out < message.len() * 2 + (16 << 20), "{out} of {}", message.len());
        assert!(Letter::open(&message).is_some());
    }
}

/// Attributes, properties and files, whole and in pieces.
fn pieces() -> Vec<Vec<u8>> {
    let rich =
        packed(b"{\\rtf1\\ansi\\fromhtml1{\\*\\htmltag64 <p>}\\u1055?\\'e9{\\*\\x y}\\bin3 abc\\htmlrtf x\\htmlrtf0}");
    let inner =
        winmail(1251, &[unicode(outlook::SUBJECT, "é"), string(outlook::BODY, b"b")], &[file(b"x", Some(b"y"), &[])]);
    let list = |properties: &[Vec<u8>]| {
        let octets = [u32::try_from(properties.len()).unwrap().to_le_bytes().to_vec(), properties.concat()].concat();
        attribute(1, 0x0006_9003, &octets)
    };
    let mut pieces = vec![
        winmail(1252, &[], &[]),
        list(&[string(outlook::BODY, b"text")]),
        list(&[unicode(outlook::BODY, "text")]),
        list(&[binary(outlook::HTML, b"<p>x"), long(outlook::CODE_PAGE, 932)]),
        list(&[binary(outlook::RTF, &rich)]),
        list(&outlook::odds()),
        file(b"a.pdf", Some(b"%PDF"), &[unicode(outlook::LONG_NAME, "\u{202e}\r\n..\\été.pdf")]),
        file(b"a.eml", Some(b"Content-Type: message/rfc822\r\n\r\nContent-Type: message/rfc822\r\n\r\n"), &[]),
        file(b"", None, &[object(&inner)]),
        file(b"", None, &[binary(outlook::DATA, &inner), string(outlook::TYPE, b"application/ms-tnef")]),
        attribute(2, 0x0006_9002, b""),
        attribute(2, 0x0006_800f, b"data"),
        attribute(1, 0x0006_9007, &[0xe9, 0xfd, 0, 0]),
        rich.clone(),
        packed(&rich),
    ];
    pieces.extend([1_u32, 5, 255, 65_536, u32::MAX].map(|number| number.to_le_bytes().to_vec()));
    pieces.extend([0x0006_800f_u32, 0x0006_9003, 0x0006_9005, 0x0001_8010].map(|id| id.to_le_bytes().to_vec()));
    pieces.extend(
        [&b"LZFu"[..], b"\x1e\0", b"\x1f\x10", b"\x0d\0\x01\x37", b"{\\rtf1", b"\\'", b"}", b"\0"].map(<[u8]>::to_vec),
    );
    pieces
}

/// Whatever a winmail.dat says, no octet of a file is made up, and what comes of it is a message like any other.
#[test]
fn fuzzed_winmails_are_read_within_bounds() {
    let pieces = pieces();
    let table: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
    check!().with_max_len(60).for_each(|octets: &[u8]| {
        let (first, rest) = octets.split_first().unwrap_or((&0, &[]));
        let mut winmail = [pieces[0].clone(), words(rest, &table)].concat();
        // Cut anywhere, too.
        winmail.truncate(winmail.len() - usize::from(*first) % 16);
        let message = of("application/ms-tnef", &winmail);
        let (_, files) = opened(&message);
        let whole: usize = files.iter().map(|(_, _, octets)| octets.len()).sum();
        assert!(whole <= winmail.len() * 4 + 4096, "{whole} of {}", winmail.len());
        for (_, kind, octets) in files.iter().filter(|(_, kind, _)| kind != "message/rfc822") {
            assert!(winmail.windows(octets.len().max(1)).any(|at| at == octets) || octets.is_empty(), "{kind}");
        }
    });
}

const BER: &[&[u8]] = &[
    b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x30\x80\x02\x01\x01\x31\x00",
    b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0\x80",
    b"\x30\x80",
    b"\xa0\x80",
    b"\x24\x80",
    b"\x04\x05\r\n\r\nx",
    b"\x04\x1eContent-Type: text/html\r\n\r\n<p>x",
    b"\x24\x07\x04\x05\r\n\r\ny",
    b"\x00\x00",
    b"\x31\x80",
    b"\x04\x00",
    b"\x04\x84\xff\xff\xff\xff",
    b"\x30\x84\xff\xff\xff\xff",
    b"\x1f\xff\xff\xff\x7f",
    b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03",
];

/// The same of what was signed.
#[test]
fn fuzzed_signatures_are_read_within_bounds() {
    check!().with_max_len(100).for_each(|octets: &[u8]| {
        let signed = [BER[0], BER[1], &words(octets, BER)].concat();
        let message = of("application/pkcs7-mime; smime-type=signed-data", &signed);
        if let Some(plain) = plain(&message) {
            assert!(plain.len() <= message.len() + 1024);
            assert!(plain.starts_with(b"From: a@b.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n"));
        }
        Letter::open(&message);
    });
}

/// What Debian's `tnef` and `ytnef` unpack is what is unpacked here. Where they are absent the test says that it is
/// skipped, and with `PLI_TEST_ALL=1` it fails.
#[test]
#[expect(clippy::disallowed_methods, reason = "a switch of the tests, not a setting of the server")]
fn other_programs_unpack_the_same() {
    let files = [
        ("ordonnance.pdf", b"%PDF-1.7 \0\xff".repeat(3_000)),
        ("radio.dcm", vec![7; 70_000]),
        ("note.txt", b"caf\xe9\r\n".to_vec()),
        ("vide.bin", b"x".to_vec()),
    ];
    let written: Vec<Vec<u8>> = files
        .iter()
        .map(|(name, octets)| {
            let properties = [outlook::odds(), vec![string(outlook::LONG_NAME, name.as_bytes())]].concat();
            file(name.as_bytes(), Some(octets), &properties)
        })
        .collect();
    let octets = winmail(1252, &[outlook::odds(), vec![string(outlook::BODY, b"Bonjour")]].concat(), &written);
    let (_, ours) = unwrapped(&octets);
    let mut ours: Vec<(String, Vec<u8>)> = ours.into_iter().map(|(name, _, octets)| (name, octets)).collect();
    ours.sort();
    let mut sent: Vec<(String, Vec<u8>)> =
        files.iter().map(|(name, octets)| ((*name).to_owned(), octets.clone())).collect();
    sent.sort();
    assert!(ours == sent);
    for (program, arguments) in [("tnef", ["-C"].as_slice()), ("ytnef", &["-f"])] {
        let folder = tempfile::tempdir().unwrap();
        let into = folder.path().join("into");
        std::fs::create_dir(&into).unwrap();
        let from = folder.path().join("winmail.dat");
        std::fs::write(&from, &octets).unwrap();
        let Ok(run) = Command::new(program).args(arguments).arg(&into).arg(&from).output() else {
            assert!(std::env::var_os("PLI_TEST_ALL").is_none_or(|all| all != "1"), "{program} is not installed");
            eprintln!("skipped: there is no {program}");
            continue;
        };
        assert!(run.status.success(), "{program}: {}", String::from_utf8_lossy(&run.stderr));
        assert!(in_folder(&into) == ours, "{program}");
    }
}

fn in_folder(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let mut found: Vec<(String, Vec<u8>)> =
        entries.map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())).collect();
    found.sort();
    found
}
