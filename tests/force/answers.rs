//! Answers to letters of Pli: whatever is submitted is read without a panic, within bounds, and says nothing in doubt.
//!
//! The head of `fuzz.rs` says how it is run for longer.

use bolero::check;
use pli::mime::Answer;
use pli::mime::answer::{MOST_NUMBERS, own_numbers};

const ANSWERS: &[&[u8]] = &[
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"Content-Type: text/html; charset=utf-8\r\n",
    b"Content-Type: text/plain; charset=iso-8859-1\r\n",
    b"Content-Type: multipart/alternative; boundary=b\r\n",
    b"Content-Type: multipart/report; boundary=b\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: quoted-printable\r\n",
    b"--b\r\n",
    b"--b--\r\n",
    b"From: Dr Martin <dr@x.example>\r\n",
    b"In-Reply-To: <hold.q@x>\r\n",
    b"References: <a> <b> <",
    b"Subject: Automatic reply\r\n",
    b"Auto-Submitted: auto-replied\r\n",
    b"oui\r\n",
    b"non",
    b"annuler",
    b"06 12 34 56 78",
    b"+33 6 12 34 56 78",
    b"(0)",
    b"0612345678",
    b"12/03/2026",
    b" / ",
    b" - ",
    b"  ",
    b"+",
    b"> ",
    b"-- \r\n",
    b"Le 12/03/2026, X a \xc3\xa9crit :\r\n",
    b"De : Pli\r\nEnvoy\xc3\xa9 : hier\r\n",
    b"Dr Martin\r\n",
    b"________________\r\n",
    b"<p>",
    b"</p>",
    b"<br>",
    b"<blockquote>",
    b"</blockquote>",
    b"<div class=\"gmail_quote\">",
    b"<div id=Signature>",
    b"</div>",
    b"<div id=\"divRplyFwdMsg\">",
    b"<!--",
    b"-->",
    b"<",
    b">",
    b"\"",
    b"'",
    b"&nbsp;",
    b"&#x36;",
    b"&",
    b"=C2=A0",
    b"\xc2\xa0",
    b"\xe2\x80\xad",
    b"\xc3\xa9",
    b"\xff",
    b"\0",
    b"\x01",
];

#[test]
fn any_answer_is_read_within_bounds() {
    check!().with_max_len(1000).for_each(|octets: &[u8]| {
        let mail = super::fuzz::words(octets, ANSWERS);
        let answer = Answer::read(&mail);
        assert!(answer.numbers.len() <= MOST_NUMBERS && answer.about.len() <= 30);
        assert!(!answer.automatic || (answer.numbers.is_empty() && answer.word.is_none()));
        for number in answer.numbers.iter().chain(&own_numbers(&mail)) {
            let digits = number.chars().filter(char::is_ascii_digit).count();
            assert!((8..=17).contains(&digits) && number.len() <= 400, "{:?}", number.as_str());
        }
        // A quote alone says nothing, whatever is quoted.
        let quoted: Vec<u8> =
            mail.split(|octet| *octet == b'\n').flat_map(|line| [b"> ", line, b"\n"].concat()).collect();
        let nothing = Answer::read(&[b"From: a@x.example\r\n\r\n".as_slice(), &quoted].concat());
        assert!(nothing.numbers.is_empty() && nothing.word.is_none());
    });
}
