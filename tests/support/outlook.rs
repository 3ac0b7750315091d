//! `winmail.dat` as Outlook writes it (MS-OXTNEF), and a message with one.

use data_encoding::BASE64;

/// PR_BODY, PR_BODY_HTML, PR_RTF_COMPRESSED, PR_INTERNET_CPID.
pub const BODY: u16 = 0x1000;
pub const HTML: u16 = 0x1013;
pub const RTF: u16 = 0x1009;
pub const CODE_PAGE: u16 = 0x3fde;
/// PR_SUBJECT, PR_SENDER_NAME, PR_SENDER_SMTP_ADDRESS, PR_CLIENT_SUBMIT_TIME.
pub const SUBJECT: u16 = 0x0037;
pub const SENDER: u16 = 0x0c1a;
pub const ADDRESS: u16 = 0x5d01;
pub const SUBMITTED: u16 = 0x0039;
/// PR_ATTACH_LONG_FILENAME, PR_ATTACH_MIME_TAG, PR_ATTACH_CONTENT_ID, PR_ATTACH_DATA_BIN, PR_ATTACH_METHOD.
pub const LONG_NAME: u16 = 0x3707;
pub const TYPE: u16 = 0x370e;
pub const CONTENT_ID: u16 = 0x3712;
pub const DATA: u16 = 0x3701;
pub const METHOD: u16 = 0x3705;

/// An attribute: level, number with type, length, octets, sum.
pub fn attribute(level: u8, id: u32, value: &[u8]) -> Vec<u8> {
    let sum = value.iter().fold(0_u16, |sum, octet| sum.wrapping_add(u16::from(*octet)));
    let length = u32::try_from(value.len()).unwrap();
    [&[level], id.to_le_bytes().as_slice(), &length.to_le_bytes(), value, &sum.to_le_bytes()].concat()
}

fn property(kind: u16, id: u16, value: &[u8]) -> Vec<u8> {
    let length = u32::try_from(value.len()).unwrap();
    let mut out = [kind.to_le_bytes(), id.to_le_bytes()].concat();
    out.extend([1_u32.to_le_bytes(), length.to_le_bytes()].concat());
    out.extend_from_slice(value);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

/// A text in UTF-16.
pub fn unicode(id: u16, text: &str) -> Vec<u8> {
    let octets: Vec<u8> = text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
    property(0x1f, id, &octets)
}

/// A text in the code page of the message.
pub fn string(id: u16, text: &[u8]) -> Vec<u8> {
    property(0x1e, id, &[text, &[0]].concat())
}

/// Octets.
pub fn binary(id: u16, octets: &[u8]) -> Vec<u8> {
    property(0x102, id, octets)
}

/// A number.
pub fn long(id: u16, number: u32) -> Vec<u8> {
    [[3, 0], id.to_le_bytes()].concat().into_iter().chain(number.to_le_bytes()).collect()
}

/// A time, in 100 nanoseconds since 1601.
pub fn time(id: u16, time: u64) -> Vec<u8> {
    [[0x40, 0], id.to_le_bytes()].concat().into_iter().chain(time.to_le_bytes()).collect()
}

/// A message within it.
pub fn object(message: &[u8]) -> Vec<u8> {
    let iid = [7, 3, 2, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46];
    property(0x0d, DATA, &[&iid, message].concat())
}

/// A property with a name, several values of one, and one that nobody knows the meaning of: what stands between others.
pub fn odds() -> Vec<Vec<u8>> {
    let named = [
        &[0x1f, 0, 5, 0x80][..],
        &[7; 16],
        &1_u32.to_le_bytes(),
        &6_u32.to_le_bytes(),
        &[b'K', 0, b'w', 0, 0, 0, 0, 0],
        &1_u32.to_le_bytes(),
        &4_u32.to_le_bytes(),
        &[b'x', 0, 0, 0],
    ];
    let several = [
        &[0x1e, 0x10, 0x01, 0x66][..],
        &2_u32.to_le_bytes(),
        &2_u32.to_le_bytes(),
        b"a\0\0\0",
        &3_u32.to_le_bytes(),
        b"bc\0\0",
    ];
    let switch = [0x0b, 0, 0x1b, 0x0e, 1, 0, 0, 0];
    vec![named.concat(), several.concat(), switch.to_vec()]
}

fn list(properties: &[Vec<u8>]) -> Vec<u8> {
    [u32::try_from(properties.len()).unwrap().to_le_bytes().to_vec(), properties.concat()].concat()
}

/// A file: its title, its octets where they are no property, its properties.
pub fn file(title: &[u8], octets: Option<&[u8]>, properties: &[Vec<u8>]) -> Vec<u8> {
    let mut out = attribute(2, 0x0006_9002, &[1, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
    if let Some(octets) = octets {
        out.extend(attribute(2, 0x0006_800f, octets));
    }
    out.extend(attribute(2, 0x0001_8010, &[title, &[0]].concat()));
    out.extend(attribute(2, 0x0006_9005, &list(properties)));
    out
}

/// A message of this class.
pub fn of_class(class: &[u8], code_page: u32, properties: &[Vec<u8>], files: &[Vec<u8>]) -> Vec<u8> {
    let mut out = [0x223e_9f78_u32.to_le_bytes().as_slice(), &[1, 0]].concat();
    out.extend(attribute(1, 0x0008_9006, &0x0001_0000_u32.to_le_bytes()));
    out.extend(attribute(1, 0x0006_9007, &[code_page.to_le_bytes(), [0; 4]].concat()));
    out.extend(attribute(1, 0x0007_8008, &[class, &[0]].concat()));
    out.extend(attribute(1, 0x0006_9003, &list(properties)));
    out.extend(files.concat());
    out
}

/// A mail.
pub fn winmail(code_page: u32, properties: &[Vec<u8>], files: &[Vec<u8>]) -> Vec<u8> {
    of_class(b"IPM.Microsoft Mail.Note", code_page, properties, files)
}

/// Lines of base64.
pub fn lines(octets: &[u8]) -> String {
    let symbols = BASE64.encode(octets);
    let lines = symbols.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap());
    lines.collect::<Vec<_>>().join("\r\n")
}

/// A message as Exchange sends it, with the fields that it writes.
pub fn message(to: &str, subject: &str, text: &str, winmail: &[u8]) -> Vec<u8> {
    format!(
        "From: Dr Claire Martin <dr.martin@cabinet.example>\r\nTo: {to}\r\nSubject: {subject}\r\n\
         Thread-Topic: {subject}\r\nThread-Index: AdvXx1d9a2V5\r\nDate: Fri, 15 Jan 2027 08:00:00 +0100\r\n\
         Message-ID: <6f1c7a.outlook@cabinet.example>\r\nAccept-Language: fr-FR\r\nContent-Language: fr-FR\r\n\
         X-MS-Has-Attach: yes\r\nX-MS-TNEF-Correlator: <6f1c7a.outlook@cabinet.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed;\r\n\tboundary=\"_000_6f1c7aoutlook_\"\r\n\r\n--_000_6f1c7aoutlook_\r\n\
         Content-Type: text/plain; charset=\"utf-8\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n\
         --_000_6f1c7aoutlook_\r\nContent-Disposition: attachment; filename=\"winmail.dat\"\r\n\
         Content-Transfer-Encoding: base64\r\nContent-Type: application/ms-tnef; name=\"winmail.dat\"\r\n\r\n{}\r\n\
         --_000_6f1c7aoutlook_--\r\n",
        lines(text.as_bytes()),
        lines(winmail)
    )
    .into_bytes()
}
