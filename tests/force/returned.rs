//! What comes back of notices, from anybody: read without a panic, within bounds, and harmless (faults 33, 43, 46).
//!
//! The head of `fuzz.rs` says how it is run for longer.

use bolero::check;
use pli::domain::NoticeToken;
use pli::mime::Returned;
use pli::mime::returned::encoded_texts;

const BACK: &[&[u8]] = &[
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"--b\r\n",
    b"--b--\r\n",
    b"\r\n ",
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n",
    b"Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n",
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n",
    b"Content-Type: message/delivery-status\r\n\r\n",
    b"Content-Type: message/global-delivery-status\r\n",
    b"Content-Type: message/rfc822\r\n\r\n",
    b"Content-Type: text/plain; charset=iso-8859-1\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: quoted-printable\r\n",
    b"Reporting-MTA: dns; mx.example\r\n",
    b"Final-Recipient: rfc822; jeanne@patient.example\r\n",
    b"Action: failed\r\n",
    b"Action: delayed\r\n",
    b"Action: delivered\r\n",
    b"Action: ",
    b"Status: 5.1.1\r\n",
    b"Status: 4.4.7\r\n",
    b"Status: 5.0.0\r\n",
    b"Status: ",
    b"Diagnostic-Code: smtp; 550 5.2.2 full\r\n",
    b"Diagnostic-Code: ",
    b"Remote-MTA: dns; x\r\n",
    b"X-Failed-Recipients: jeanne@patient.example\r\n",
    b"From: MAILER-DAEMON@mx.example\r\n",
    b"From: jeanne@patient.example\r\n",
    b"Subject: Undelivered Mail Returned to Sender\r\n",
    b"Subject: Warning: message delayed\r\n",
    b"Subject: ",
    b"Return-Path: <>\r\n",
    b"Auto-Submitted: auto-replied\r\n",
    b"Precedence: bulk\r\n",
    b"550 5.1.1 User unknown\r\n",
    b"--- Below this line is a copy of the message.\r\n",
    b"permanent error\r\n",
    b"0w3ge1r70w3ge1r70w3ge1r70w",
    b".0123456789abcdef",
    b"@cabinet.example",
    b"QWN0aW9uOiBmYWlsZWQNClN0YXR1czogNS4xLjENCg==\r\n",
    b"=E9=\r\n",
    b"https://evil.example/",
    b"\x1b[2J",
    b"\xe2\x80\xae",
    b"\xc3\xa9",
    b"\xff",
    b"\0",
    b"5.",
    b".",
    b"(",
    b")",
    b"\"",
];

#[test]
fn what_comes_back_is_read_and_harmless() {
    check!().with_max_len(1000).for_each(|octets: &[u8]| {
        let mail = super::fuzz::words(octets, BACK);
        let read = Returned::read(&mail, false);
        if let Returned::Failed(failure) = &read {
            let texts = [&failure.status, &failure.diagnostic, &failure.reporting, &failure.remote];
            for text in texts.into_iter().flatten() {
                assert!(!text.is_empty() && text.chars().count() <= 300 && !text.contains("://"), "{text:?}");
                assert!(!text.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)), "{text:?}");
            }
            assert!(failure.status.as_ref().is_none_or(|status| status.len() <= 11));
        }
        // Without a reverse-path nobody is answered, whatever else it is.
        assert_ne!(Returned::read(&mail, true), Returned::Written);
        let tokens = NoticeToken::all_in(&mail, 8);
        assert!(tokens.len() <= 8 && tokens.iter().all(|token| token.written().len() == 43));
        assert!(encoded_texts(&mail).iter().map(|text| text.len()).sum::<usize>() <= 4 * mail.len());
    });
}
