//! Letters to send: written like the mail clients of practitioners write them, with canaries to look for.

/// A word that must be found nowhere on a disk.
pub const SUBJECT: &str = "Ordonnance CANARI-SUJET-7f3a";
pub const BODY: &str = "CANARI-CORPS-19bd prendre matin et soir";
pub const FILE: &str = "canari-ordonnance-55e1.pdf";

/// A PDF of about `size` octets: a real one, padded after its end.
pub fn pdf(size: usize) -> Vec<u8> {
    let mut pdf = include_bytes!("../../examples/ordonnance.pdf").to_vec();
    let mut word: u32 = 1;
    while pdf.len() < size {
        word = word.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        pdf.extend_from_slice(&word.to_be_bytes());
    }
    pdf
}

/// As Thunderbird writes it.
pub fn thunderbird(to: &str, subject: &str, pdf: &[u8]) -> Vec<u8> {
    let encoded = data_encoding::BASE64.encode(pdf);
    let lines: Vec<&str> = encoded.as_bytes().chunks(72).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!(
        "Message-ID: <4f6a.canari@cabinet.example>\r\nDate: Fri, 15 Jan 2027 08:00:00 +0100\r\nMIME-Version: 1.0\r\n\
         User-Agent: Mozilla Thunderbird\r\nFrom: Dr Claire Martin <dr.martin@cabinet.example>\r\nTo: {to}\r\n\
         Subject: {subject}\r\nContent-Type: multipart/mixed; boundary=\"------------abc\"\r\n\r\n\
         This is a multi-part message in MIME format.\r\n--------------abc\r\n\
         Content-Type: text/plain; charset=UTF-8; format=flowed\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         Bonjour,\r\n{BODY}\r\n\r\n--------------abc\r\nContent-Type: application/pdf; name=\"{FILE}\"\r\n\
         Content-Disposition: attachment; filename=\"{FILE}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n\r\n\
         --------------abc--\r\n",
        lines.join("\r\n")
    )
    .into_bytes()
}

/// As Apple Mail writes it: the file inside the HTML branch of the alternative (R-C6).
pub fn apple_mail(to: &str, subject: &str, pdf: &[u8]) -> Vec<u8> {
    let encoded = data_encoding::BASE64.encode(pdf);
    let lines: Vec<&str> = encoded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!(
        "From: Dr Claire Martin <dr.martin@cabinet.example>\r\nContent-Type: multipart/alternative;\r\n\
         \tboundary=\"Apple-Mail=_A\"\r\nMime-Version: 1.0 (Mac OS X Mail 16.0)\r\nSubject: {subject}\r\n\
         Message-Id: <A1.canari@cabinet.example>\r\nDate: Fri, 15 Jan 2027 08:00:00 +0100\r\nTo: {to}\r\n\r\n\r\n\
         --Apple-Mail=_A\r\nContent-Transfer-Encoding: 7bit\r\nContent-Type: text/plain;\r\n\tcharset=us-ascii\r\n\r\n\
         {BODY}\r\n\r\n--Apple-Mail=_A\r\nContent-Type: multipart/mixed;\r\n\tboundary=\"Apple-Mail=_B\"\r\n\r\n\r\n\
         --Apple-Mail=_B\r\nContent-Transfer-Encoding: 7bit\r\nContent-Type: text/html;\r\n\tcharset=us-ascii\r\n\r\n\
         <html><body>{BODY}<script>alert(1)</script></body></html>\r\n--Apple-Mail=_B\r\n\
         Content-Disposition: inline;\r\n\tfilename={FILE}\r\nContent-Type: application/pdf;\r\n\tname=\"{FILE}\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n--Apple-Mail=_B--\r\n\r\n--Apple-Mail=_A--\r\n",
        lines.join("\r\n")
    )
    .into_bytes()
}

/// A letter of text alone.
pub fn plain(to: &str, subject: &str) -> Vec<u8> {
    format!(
        "From: dr.martin@cabinet.example\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <p1@cabinet.example>\r\n\
         Date: Fri, 15 Jan 2027 08:00:00 +0100\r\n\r\n{BODY}\r\n"
    )
    .into_bytes()
}

/// As a phone writes it: a photograph between the texts, a forwarded message in base64, a text with a name.
pub fn photograph(to: &str, subject: &str, picture: &[u8]) -> Vec<u8> {
    let lines = |octets: &[u8]| {
        let encoded = data_encoding::BASE64.encode(octets);
        let lines: Vec<&str> = encoded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
        lines.join("\r\n")
    };
    format!(
        "From: dr.martin@cabinet.example\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <ph@cabinet.example>\r\n\
         Date: Fri, 15 Jan 2027 08:00:00 +0100\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\navant la photo\r\n--b\r\nContent-Type: image/jpeg; name=IMG_1.jpeg\r\n\
         Content-Disposition: inline; filename=IMG_1.jpeg\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b\r\n\
         Content-Type: text/plain\r\n\r\nentre deux\r\n--b\r\nContent-Type: message/rfc822; name=message.eml\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n--b\r\nContent-Type: text/plain; name=resultats.txt\r\n\
         Content-Disposition: inline; filename=resultats.txt\r\n\r\nglycemie 5,1\r\n--b--\r\n",
        lines(picture),
        lines(b"Subject: dedans\r\n\r\ntexte\r\n"),
    )
    .into_bytes()
}
