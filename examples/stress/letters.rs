//! Messages that can be made again from their id, and random numbers that can be drawn again from their seed.

use std::fmt::Write as _;

/// The message of this id: the same octets each time, as short or as long as the id says.
pub fn letter(id: &str, from: &str) -> Vec<u8> {
    let mut random = Random::new(id.bytes().fold(7, |sum, octet| sum * 31 + u64::from(octet)));
    let mut text = format!(
        "From: <{from}>\r\nTo: <{from}>\r\nSubject: letter {id}\r\nMessage-ID: <{id}@stress.example>\r\n\
         Date: Fri, 15 Jan 2027 09:00:00 +0100\r\nX-Stress: {id}\r\n"
    );
    let size = match random.below(20) {
        0 => 90_000,
        1..=4 => 12_000,
        _ => 700,
    };
    // Large ones have an attachment that is stored apart.
    if size > 50_000 {
        text.push_str(
            "MIME-Version: 1.0\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        );
        while text.len() < size {
            let octets: Vec<u8> = (0..57).map(|_| random.below(256) as u8).collect();
            let _ = write!(text, "{}\r\n", data_encoding::BASE64.encode(&octets));
        }
    } else {
        text.push_str("\r\n");
        while text.len() < size {
            let _ = write!(text, "line {} of {id}\r\n.\r\n", random.below(1_000_000));
        }
    }
    text.into_bytes()
}

/// The id a header names.
pub fn id_of(octets: &[u8]) -> Option<String> {
    let at = octets.windows(10).position(|window| window == b"X-Stress: ")?;
    let rest = octets.get(at + 10..)?;
    let end = rest.iter().position(|octet| *octet == b'\r')?;
    String::from_utf8(rest.get(..end)?.to_vec()).ok()
}

/// splitmix64.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % (bound.max(1) as u64)).unwrap_or(0)
    }

    pub fn one_of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        all.get(self.below(all.len()))
    }
}
