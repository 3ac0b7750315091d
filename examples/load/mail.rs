//! Messages to send: letters with an attachment of random octets, as long as asked.

use std::fmt::Write as _;

use data_encoding::BASE64;

/// A letter from and to these addresses; the same for the same seed and number.
pub fn message(from: &str, to: &str, size: usize, seed: u64, n: usize) -> Vec<u8> {
    let boundary = format!("=_{seed}_{n}");
    let mut text = format!(
        "From: <{from}>\r\nTo: <{to}>\r\nSubject: load {n}\r\nDate: Thu, 01 Jan 2026 10:00:00 +0100\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\nContent-Type: text/plain\r\n\r\n\
         Bonjour,\r\n\r\nVoici le document {n}.\r\n\r\n--{boundary}\r\nContent-Type: application/pdf\r\n\
         Content-Disposition: attachment; filename=\"document.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\n",
    );
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (n as u64 + 1));
    while text.len() < size {
        let octets: Vec<u8> = (0..57).map(|_| random.octet()).collect();
        let _ = write!(text, "{}\r\n", BASE64.encode(&octets));
    }
    let _ = write!(text, "\r\n--{boundary}--\r\n");
    text.into_bytes()
}

/// splitmix64: quick, and base64 of it does not compress.
struct Random(u64);

impl Random {
    fn octet(&mut self) -> u8 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed >> 56) as u8
    }
}

/// Reads a size: 10K, 1M, 512.
pub fn size(text: &str) -> Result<usize, String> {
    let (digits, unit) = match text.strip_suffix(['K', 'k']) {
        Some(digits) => (digits, 1024),
        None => text.strip_suffix(['M', 'm']).map_or((text, 1), |digits| (digits, 1024 * 1024)),
    };
    digits.parse::<usize>().map(|number| number * unit).map_err(|fault| fault.to_string())
}
