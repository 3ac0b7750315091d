//! PDUs of SMPP 3.4, those that a client meets, as octets in and out: no I/O.
//!
//! What comes in is bounded before it is read: an SMSC, or who sits in its place, makes nobody here allocate more than
//! [`LONGEST`].

/// Octets of the longest PDU that is read.
pub(super) const LONGEST: usize = 64 * 1024;
/// Octets of a header (§3.2).
pub(super) const HEADER: usize = 16;

/// Commands (§5.1.2.1); the answer to one has the highest bit set.
pub(super) mod command {
    pub const GENERIC_NACK: u32 = 0x8000_0000;
    pub const SUBMIT_SM: u32 = 0x0000_0004;
    pub const DELIVER_SM: u32 = 0x0000_0005;
    pub const UNBIND: u32 = 0x0000_0006;
    pub const BIND_TRANSCEIVER: u32 = 0x0000_0009;
    pub const ENQUIRE_LINK: u32 = 0x0000_0015;
    pub const DATA_SM: u32 = 0x0000_0103;
    pub const ANSWER: u32 = 0x8000_0000;
}

/// Statuses (§5.1.3).
pub(super) mod status {
    pub const OK: u32 = 0;
    pub const INVALID_COMMAND: u32 = 0x03;
    pub const INVALID_DESTINATION: u32 = 0x0b;
    pub const BIND_FAILED: u32 = 0x0d;
    pub const INVALID_PASSWORD: u32 = 0x0e;
    pub const INVALID_SYSTEM: u32 = 0x0f;
    pub const QUEUE_FULL: u32 = 0x14;
    pub const THROTTLED: u32 = 0x58;
}

/// One PDU. Holds numbers and texts: no `Debug`.
pub(super) struct Pdu {
    pub command: u32,
    pub status: u32,
    pub sequence: u32,
    pub body: Vec<u8>,
}

impl Pdu {
    /// As it goes out.
    pub fn octets(&self) -> Vec<u8> {
        let length = u32::try_from(HEADER.saturating_add(self.body.len())).unwrap_or(u32::MAX);
        let mut octets = Vec::with_capacity(HEADER + self.body.len());
        for number in [length, self.command, self.status, self.sequence] {
            octets.extend_from_slice(&number.to_be_bytes());
        }
        octets.extend_from_slice(&self.body);
        octets
    }

    /// The status of an answer; a generic_nack without one is a refusal all the same (§4.3).
    pub fn told(&self) -> u32 {
        if self.command == command::GENERIC_NACK && self.status == status::OK {
            status::INVALID_COMMAND
        } else {
            self.status
        }
    }

    /// The answer to it.
    pub fn answer(&self, status: u32, body: Vec<u8>) -> Self {
        Self { command: self.command | command::ANSWER, status, sequence: self.sequence, body }
    }
}

/// The length that a header names, its own included; `None` for one that cannot be.
pub(super) fn length(header: &[u8; HEADER]) -> Option<usize> {
    let length = usize::try_from(number(header, 0)?).ok()?;
    (HEADER..=LONGEST).contains(&length).then_some(length)
}

/// A PDU of its header and the rest.
pub(super) fn read(header: &[u8; HEADER], body: Vec<u8>) -> Pdu {
    let at = |offset| number(header, offset).unwrap_or_default();
    Pdu { command: at(4), status: at(8), sequence: at(12), body }
}

fn number(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..)?.first_chunk().map(|octets| u32::from_be_bytes(*octets))
}

/// Who binds (§4.1.5).
pub(super) struct Bind<'a> {
    pub system_id: &'a str,
    pub password: &'a str,
    pub system_type: &'a str,
}

impl Bind<'_> {
    pub fn body(&self) -> Vec<u8> {
        let mut body = Vec::new();
        [self.system_id, self.password, self.system_type].into_iter().for_each(|text| string(&mut body, text));
        // Interface version 3.4; the addresses that this client serves are the SMSC's to know.
        body.extend_from_slice(&[0x34, 0, 0, 0]);
        body
    }
}

/// A short message on its way (§4.4.1).
pub(super) struct Submit<'a> {
    pub from: &'a Sender,
    /// Digits of an international number.
    pub to: &'a str,
    pub gsm: bool,
    /// Of a message in several parts: its reference, how many there are, and which one this is.
    pub part: Option<(u8, u8, u8)>,
    pub text: &'a [u8],
    pub report: bool,
}

impl Submit<'_> {
    pub fn body(&self) -> Vec<u8> {
        let mut body = vec![0];
        body.extend_from_slice(&[self.from.ton, self.from.npi]);
        string(&mut body, &self.from.address);
        // International, ISDN.
        body.extend_from_slice(&[1, 1]);
        string(&mut body, self.to);
        // esm_class: a user data header where there are several parts; protocol, priority.
        body.extend_from_slice(&[if self.part.is_some() { 0x40 } else { 0 }, 0, 0]);
        string(&mut body, "");
        // As long as a code lives: ten minutes from now (§7.1.1.2).
        string(&mut body, "000000001000000R");
        body.extend_from_slice(&[u8::from(self.report), 0, if self.gsm { 0 } else { 8 }, 0]);
        let header = self.part.map_or(Vec::new(), |(reference, total, at)| vec![5, 0, 3, reference, total, at]);
        body.push(u8::try_from(header.len() + self.text.len()).unwrap_or(u8::MAX));
        body.extend_from_slice(&header);
        body.extend_from_slice(self.text);
        body
    }
}

/// From whom messages come, as their address says (§5.2.5, §5.2.6).
pub(super) struct Sender {
    ton: u8,
    npi: u8,
    address: String,
}

impl Sender {
    /// A number in E.164, a short code, or a name of at most eleven letters and digits.
    pub fn read(text: &str) -> Option<Self> {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
        let (ton, npi, address) = match text.strip_prefix('+') {
            Some(rest) if digits(rest) && (8..=15).contains(&rest.len()) => (1, 1, rest),
            None if digits(text) && (3..=8).contains(&text.len()) => (3, 0, text),
            None if text.len() <= 11
                && text.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ')
                && text.chars().any(|c| c.is_ascii_alphabetic()) =>
            {
                (5, 0, text)
            }
            _ => return None,
        };
        Some(Self { ton, npi, address: address.to_owned() })
    }
}

/// What an SMSC delivers: a receipt, or somebody's message.
#[derive(Default)]
pub(super) struct Delivered {
    pub esm_class: u8,
    pub text: Vec<u8>,
    /// The message that a receipt is about (§5.3.2.12), and its state (§5.3.2.35).
    pub receipted: Option<String>,
    pub state: Option<u8>,
}

impl Delivered {
    /// The body of a deliver_sm (§4.6.1); `None` for what is cut short.
    pub fn read(body: &[u8]) -> Option<Self> {
        let mut at = Reader(body);
        at.string(6)?;
        at.skip(2)?;
        at.string(21)?;
        at.skip(2)?;
        at.string(21)?;
        let esm_class = at.octet()?;
        at.skip(2)?;
        at.string(17)?;
        at.string(17)?;
        // registered_delivery, replace_if_present, data_coding, sm_default_msg_id.
        at.skip(4)?;
        let length = usize::from(at.octet()?);
        let text = at.take(length)?.to_vec();
        Some(Self { esm_class, text, ..Self::default() }.with_tlvs(at))
    }

    /// The body of a data_sm (§4.7.1), whose text is a TLV; `None` for what is cut short.
    pub fn read_data(body: &[u8]) -> Option<Self> {
        let mut at = Reader(body);
        at.string(6)?;
        at.skip(2)?;
        at.string(65)?;
        at.skip(2)?;
        at.string(65)?;
        let esm_class = at.octet()?;
        // registered_delivery, data_coding.
        at.skip(2)?;
        Some(Self { esm_class, ..Self::default() }.with_tlvs(at))
    }

    fn with_tlvs(mut self, mut at: Reader<'_>) -> Self {
        while let Some((tag, value)) = at.tlv() {
            match tag {
                // Some SMSCs leave the end of the string out, others fill up with ends.
                0x001e => {
                    let id = value.split(|octet| *octet == 0).next().unwrap_or_default();
                    self.receipted = Some(String::from_utf8_lossy(id).into_owned());
                }
                0x0427 => self.state = value.first().copied(),
                // message_payload stands in place of a text (§5.3.2.32).
                0x0424 if self.text.is_empty() => self.text = value.to_vec(),
                _ => {}
            }
        }
        self
    }
}

/// The message id of an answer to a submission (§4.4.2).
pub(super) fn message_id(body: &[u8]) -> Option<String> {
    let id = Reader(body).string(65)?;
    let id = String::from_utf8_lossy(id).into_owned();
    (!id.is_empty()).then_some(id)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn skip(&mut self, length: usize) -> Option<()> {
        self.take(length).map(|_| ())
    }

    fn octet(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    /// A C-octet string of at most so many octets, its end included; some send longer ones, and those are cut.
    fn string(&mut self, most: usize) -> Option<&'a [u8]> {
        let end = self.0.iter().take(1024).position(|octet| *octet == 0)?;
        let text = self.take(end)?;
        self.skip(1)?;
        text.get(..end.min(most.saturating_sub(1)))
    }

    fn tlv(&mut self) -> Option<(u16, &'a [u8])> {
        let tag = u16::from_be_bytes(*self.take(2)?.first_chunk()?);
        let length = u16::from_be_bytes(*self.take(2)?.first_chunk()?);
        Some((tag, self.take(usize::from(length))?))
    }
}

fn string(body: &mut Vec<u8>, text: &str) {
    body.extend(text.bytes().filter(|octet| *octet != 0));
    body.push(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_submission_is_as_the_specification_has_it() {
        let from = Sender::read("Cabinet").expect("a sender");
        let submit = Submit { from: &from, to: "33612345678", gsm: true, part: None, text: b"Hi", report: true };
        let body = b"\x00\x05\x00Cabinet\x00\x01\x0133612345678\x00\x00\x00\x00\x00000000001000000R\x00\x01\x00\x00\x00\x02Hi";
        assert_eq!(submit.body(), body);
        let pdu = Pdu { command: command::SUBMIT_SM, status: 0, sequence: 7, body: submit.body() };
        let octets = pdu.octets();
        assert_eq!(octets.get(..16), Some(&[0, 0, 0, 69, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 7][..]));
        let part = Submit { part: Some((9, 2, 1)), gsm: false, ..submit }.body();
        assert!(part.ends_with(b"\x01\x00\x08\x00\x08\x05\x00\x03\x09\x02\x01Hi"));
        let header = octets.first_chunk().expect("a header");
        assert_eq!(length(header), Some(69));
        let read = read(header, octets.get(16..).unwrap_or_default().to_vec());
        assert_eq!((read.command, read.status, read.sequence, read.octets()), (4, 0, 7, octets.clone()));
        for bad in [[0; 16], [0xff; 16], { let mut h = [0; 16]; h[3] = 15; h }, { let mut h = [0; 16]; h[1] = 2; h }] {
            assert_eq!(length(&bad), None);
        }
    }

    #[test]
    fn senders_are_told_apart_by_their_form() {
        for (text, ton, npi, address) in
            [("+33612345678", 1, 1, "33612345678"), ("36789", 3, 0, "36789"), ("Cabinet 2", 5, 0, "Cabinet 2")]
        {
            let sender = Sender::read(text).expect("a sender");
            assert_eq!((sender.ton, sender.npi, sender.address.as_str()), (ton, npi, address));
        }
        for bad in ["", "+", "+12", "12", "123456789", "Cabinet du Port", "É", "+3361234567890123"] {
            assert!(Sender::read(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn fault_17_what_is_cut_short_is_no_delivery() {
        let mut body = b"\x00\x01\x0133612345678\x00\x05\x00Cabinet\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x05id:77".to_vec();
        body.extend_from_slice(b"\x00\x1e\x00\x0377\x00\x04\x27\x00\x01\x02");
        let read = Delivered::read(&body).expect("whole");
        assert_eq!((read.esm_class, read.text.as_slice(), read.state), (4, &b"id:77"[..], Some(2)));
        assert_eq!(read.receipted.as_deref(), Some("77"));
        let fixed = body.len() - 12;
        for cut in 0..fixed {
            assert!(Delivered::read(&body[..cut]).is_none(), "cut at {cut}");
        }
        for cut in fixed..body.len() {
            assert!(Delivered::read(&body[..cut]).is_some(), "a TLV that is cut is passed over");
        }
        let data = b"\x00\x01\x0133612345678\x00\x05\x00Cabinet\x00\x04\x00\x00";
        let read = |tlvs: &[u8]| Delivered::read_data(&[data, tlvs].concat()).expect("whole");
        for id in [&b"\x00\x1e\x00\x0277"[..], b"\x00\x1e\x00\x0377\x00", b"\x00\x1e\x00\x0577\x00\x00\x00"] {
            let read = read(&[id, b"\x04\x27\x00\x01\x02"].concat());
            assert_eq!((read.receipted.as_deref(), read.state, read.esm_class), (Some("77"), Some(2), 4));
        }
        assert_eq!(read(b"\x04\x24\x00\x05id:77").text, b"id:77");
        assert!((0..data.len()).all(|cut| Delivered::read_data(&data[..cut]).is_none()));
        assert_eq!(message_id(b"ab12\x00").as_deref(), Some("ab12"));
        assert_eq!((message_id(b"\x00"), message_id(b"no end"), message_id(b"")), (None, None, None));
    }
}
