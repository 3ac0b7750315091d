//! Odd messages, as they come in the wild: what a program wrote that meant something else, or nothing.
//!
//! Each has a word to look for, in clear or in base64. None holds a NUL or a bare CR or LF: those are refused.

use data_encoding::BASE64;

/// A word that must be found nowhere on a disk.
pub const CANARY: &str = "CANARI-EXACT-51f2";

/// The name of a message, what stands in its header besides From, To, Date and Message-ID, and the rest.
pub type Odd = (String, Vec<u8>, Vec<u8>);

/// The corpus.
pub fn corpus() -> Vec<Odd> {
    let mut all = texts();
    all.extend(structures());
    all.extend(attachments());
    all
}

fn odd(name: &str, header: impl AsRef<[u8]>, rest: impl AsRef<[u8]>) -> Odd {
    (name.to_owned(), header.as_ref().to_vec(), rest.as_ref().to_vec())
}

fn texts() -> Vec<Odd> {
    let long = format!("{CANARY} {}", "x".repeat(60_000));
    let dots = format!(".\r\n..\r\n...\r\n.{CANARY}\r\n. \r\n.\t.\r\n\r\n.\r\n");
    vec![
        odd(
            "eight bits",
            "Subject: r\u{e9}sultat\r\n",
            [b"\r\nglyc\xe9mie ".as_slice(), CANARY.as_bytes(), b" \xff\xfe\r\n"].concat(),
        ),
        odd("a long line", "", format!("\r\n{long}\r\n{long}\r\n")),
        odd("a header and nothing else", format!("Subject: {CANARY}\r\n"), ""),
        odd("an empty body", format!("Subject: {CANARY}\r\n"), "\r\n"),
        odd("only line ends", "", "\r\n\r\n\r\n\r\n"),
        odd("spaces at the ends", "Subject:   x  \t \r\n", format!("\r\n{CANARY}  \t\r\n \r\n\t\r\n-- \r\nDr \r\n")),
        odd("dots", "", format!("\r\n{dots}")),
        odd("lines that look like mbox", "", format!("\r\nFrom {CANARY} Fri Jan 15\r\n>From x\r\nFrom: y\r\n")),
        odd(
            "flowed",
            "Content-Type: text/plain; format=flowed; delsp=yes\r\n",
            format!("\r\n{CANARY} \r\n> a \r\n>> b\r\n"),
        ),
        odd(
            "an unknown charset",
            "Content-Type: text/plain; charset=x-unknown\r\n",
            format!("\r\n{CANARY} \u{e9}\r\n"),
        ),
        odd(
            "a wrong charset",
            "Content-Type: text/plain; charset=us-ascii\r\n",
            [b"\r\n\xc3\x28 ".as_slice(), CANARY.as_bytes(), b"\r\n"].concat(),
        ),
        odd("a type that is none", "Content-Type: text\r\nContent-Type: /; =\r\n", format!("\r\n{CANARY}\r\n")),
        odd("an encoding that is none", "Content-Transfer-Encoding: x-uue\r\n", format!("\r\n{CANARY}\r\n")),
        odd(
            "folds",
            format!("Subject: a\r\n b\r\n\tc {CANARY}\r\n \r\n d\r\nX-Empty:\r\nX-Space : y\r\n"),
            "\r\nx\r\n",
        ),
        odd("broken encoded words", format!("Subject: =?utf-8?B?w?= =?x?Q?=ZZ?= =??= {CANARY}\r\n"), "\r\nx\r\n"),
        odd("a field twice", format!("Subject: one\r\nSubject: {CANARY}\r\nX-A: 1\r\nx-a: 2\r\n"), "\r\nx\r\n"),
        odd("a large field", format!("X-Large: {CANARY}{}\r\n", "\r\n abcdefghij".repeat(5_000)), "\r\nx\r\n"),
        odd(
            "odd quoted-printable",
            "Content-Transfer-Encoding: quoted-printable\r\n",
            format!("\r\n=C9=e9=\r\n=XX= \r\n={CANARY}=\r\n"),
        ),
        odd("uuencode", "", format!("\r\nbegin 644 {CANARY}.txt\r\n#0V%T\r\n`\r\nend\r\n")),
    ]
}

fn structures() -> Vec<Odd> {
    let mixed = "Content-Type: multipart/mixed; boundary=\"b\"\r\n";
    let part = format!("--b\r\nContent-Type: text/plain\r\n\r\n{CANARY}\r\n");
    let mut deep = String::new();
    for level in 0..20 {
        deep.push_str(&format!("--l{level}\r\nContent-Type: multipart/mixed; boundary=l{}\r\n\r\n", level + 1));
    }
    deep.push_str(&format!("--l20\r\n\r\n{CANARY}\r\n--l20--\r\n"));
    let forwarded = format!("Content-Type: message/rfc822\r\n\r\nSubject: {CANARY}\r\n");
    let inner = format!("Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\n{CANARY}\r\n--c--\r\n");
    let other = BASE64.encode(format!("Subject: {CANARY}\r\n\r\ninside\r\n").as_bytes());
    vec![
        odd("no boundary at all", mixed, format!("\r\n{CANARY}\r\n")),
        odd("no boundary named", "Content-Type: multipart/mixed\r\n", format!("\r\n--b\r\n\r\n{CANARY}\r\n--b--\r\n")),
        odd("no end", mixed, format!("\r\n{part}")),
        odd("an end and no beginning", mixed, format!("\r\n{CANARY}\r\n--b--\r\n")),
        odd(
            "before and after",
            mixed,
            format!("\r\nbefore\r\n\r\n{part}--b--\r\nafter\r\n--b\r\n\r\nlate\r\n--b--\r\n"),
        ),
        odd("the same boundary inside", mixed, format!("\r\n--b\r\n{mixed}\r\n{part}--b--\r\n{part}--b--\r\n")),
        odd(
            "a boundary that begins like another",
            mixed,
            format!(
                "\r\n--b\r\nContent-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n\r\n{CANARY}\r\n--bb--\r\n--b--\r\n"
            ),
        ),
        odd("spaces behind boundaries", mixed, format!("\r\n--b \t\r\n\r\n{CANARY}\r\n--b-- \r\n")),
        odd("parts without anything", mixed, format!("\r\n--b\r\n--b\r\n\r\n--b\r\nX: {CANARY}\r\n--b--\r\n")),
        odd("twenty levels", "Content-Type: multipart/mixed; boundary=l0\r\n", format!("\r\n{deep}")),
        odd(
            "messages in messages",
            "Content-Type: message/rfc822\r\n",
            format!("\r\nSubject: a\r\n{forwarded}{forwarded}{inner}"),
        ),
        odd(
            "a message in base64",
            mixed,
            format!(
                "\r\n--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{other}\r\n--b--\r\n"
            ),
        ),
        odd(
            "a digest",
            "Content-Type: multipart/digest; boundary=b\r\n",
            format!("\r\n--b\r\n\r\nSubject: {CANARY}\r\n\r\nx\r\n--b--\r\n"),
        ),
        odd(
            "a signature",
            "Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=b\r\n",
            format!(
                "\r\n{part}--b\r\nContent-Type: application/pgp-signature\r\n\r\n-----BEGIN PGP SIGNATURE-----\r\n\r\nwsB\r\n-----END PGP SIGNATURE-----\r\n--b--\r\n"
            ),
        ),
    ]
}

/// Large enough to be stored apart, in every form of base64 that programs write, and some that none should.
fn attachments() -> Vec<Odd> {
    let file: Vec<u8> = CANARY.bytes().cycle().take(70_000).chain(0..=255).collect();
    let encoded = BASE64.encode(&file);
    let lines = |length: usize| {
        let lines: Vec<&str> =
            encoded.as_bytes().chunks(length).map(|line| std::str::from_utf8(line).unwrap()).collect();
        lines.join("\r\n")
    };
    let attached = |name: String, kind: &str, body: &str| {
        let head = format!(
            "--b\r\nContent-Type: {kind}; name=\"{CANARY}\"\r\nContent-Disposition: attachment; filename=\"{CANARY}\"\r\n\
             Content-Transfer-Encoding: BASE64\r\n\r\n"
        );
        let text = format!("--b\r\n\r\n{CANARY}\r\n");
        let mixed = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n";
        odd(&name, mixed, format!("\r\n{text}{head}{body}--b--\r\n"))
    };
    let mut all = Vec::new();
    for length in [1, 4, 57, 60, 64, 70, 72, 75, 76, 77, 80, 100, 998, 60_000] {
        all.push(attached(format!("base64 by {length}"), "application/pdf", &format!("{}\r\n", lines(length))));
    }
    let canonical = lines(76);
    let plain = canonical.trim_end_matches('=');
    for (name, body) in [
        ("two line ends", format!("{canonical}\r\n\r\n")),
        ("an empty line before", format!("\r\n{canonical}\r\n")),
        ("an empty line inside", canonical.replacen("\r\n", "\r\n\r\n", 1) + "\r\n"),
        ("spaces inside", canonical.replacen("\r\n", " \r\n", 3) + "\r\n"),
        ("one short line", canonical.replacen("\r\n", "", 1).replacen('Q', "Q\r\n", 2) + "\r\n"),
        ("no padding", format!("{plain}\r\n")),
        ("too much padding", format!("{plain}====\r\n")),
        ("padding inside", format!("QQ==\r\n{canonical}\r\n")),
        ("bits behind the end", format!("{canonical}\r\nQR==\r\n")),
        ("octets that are no base64", format!("{}\r\n", canonical.replacen('Q', "!", 1))),
        ("something behind", format!("{canonical}\r\n-- \r\nsent from a phone\r\n")),
    ] {
        all.push(attached(format!("base64 with {name}"), "application/pdf", &body));
    }
    all.push(attached("winmail.dat".to_owned(), "application/ms-tnef", &format!("{}\r\n", lines(76))));
    all.push(attached(
        "a text that says it is base64".to_owned(),
        "text/plain",
        &format!("{}\r\n", ("\u{e9}t\u{e9} ".repeat(14) + "\r\n").repeat(2_000)),
    ));
    let text = ("\u{e9}t\u{e9} ".repeat(14) + CANARY + "\r\n").repeat(2_000);
    all.push(odd("a long text", "Content-Type: text/plain; charset=utf-8\r\n", format!("\r\n{text}")));
    all.push(odd(
        "S/MIME, opaque",
        "MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\n\
         Content-Transfer-Encoding: base64\r\n",
        format!("\r\n{}\r\n", lines(64)),
    ));
    all.push(odd(
        "a large attachment that is the message",
        "Content-Type: image/jpeg\r\nContent-Transfer-Encoding: base64\r\n",
        format!("\r\n{}\r\n", lines(76)),
    ));
    all
}

/// Twenty megabytes in base64.
pub fn large() -> Odd {
    let file: Vec<u8> = CANARY.bytes().cycle().take(20 << 20).collect();
    let encoded = BASE64.encode(&file);
    let mut body = String::with_capacity(encoded.len() / 70 * 72);
    for line in encoded.as_bytes().chunks(76) {
        body.push_str(std::str::from_utf8(line).unwrap());
        body.push_str("\r\n");
    }
    odd(
        "20 MiB",
        "Content-Type: multipart/mixed; boundary=b\r\n",
        format!(
            "\r\n--b\r\nContent-Type: application/dicom\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}--b--\r\n"
        ),
    )
}

/// What is no mail to send, and may be kept all the same.
pub fn kept_only() -> Vec<Vec<u8>> {
    let header = format!("X-A: {CANARY}{}\r\n", "\r\n abcdefghij".repeat(90_000));
    vec![
        CANARY.as_bytes().to_vec(),
        b"x".to_vec(),
        b"\r\n".to_vec(),
        format!("{CANARY}: \r\n no header\r\n\r\nbody without an end").into_bytes(),
        format!("\r\n\r\n{CANARY}\r\n").into_bytes(),
        format!("Subject: {CANARY}").into_bytes(),
        // 1 MiB of header.
        format!("{header}\r\nx\r\n").into_bytes(),
        format!("Content-Type: message/rfc822\r\n\r\n{CANARY}").repeat(3_000).into_bytes(),
        format!("Content-Type: multipart/mixed; boundary=a\r\n\r\n{CANARY}{}", "\r\n--a\r\n\r\n".repeat(20_000))
            .into_bytes(),
        b"X-A: b\r\n".repeat(20_000),
        format!("\r\n{}", CANARY.repeat(30_000)).into_bytes(),
        [b"\xff\xfe\x01\x7f\xe9".repeat(20_000), CANARY.as_bytes().to_vec()].concat(),
    ]
}
