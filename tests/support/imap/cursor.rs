//! Octets read from left to right, with faults that show where.

/// Why octets are no response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault(pub String);

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Fault {}

pub type Parsed<T> = Result<T, Fault>;

pub struct Cursor<'a> {
    octets: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(octets: &'a [u8]) -> Self {
        Self { octets, at: 0 }
    }

    pub fn at(&self) -> usize {
        self.at
    }

    pub fn since(&self, from: usize) -> &'a [u8] {
        self.octets.get(from..self.at).unwrap_or_default()
    }

    pub fn peek(&self) -> Option<u8> {
        self.octets.get(self.at).copied()
    }

    pub fn next(&mut self) -> Parsed<u8> {
        let Some(octet) = self.peek() else { return self.fault("more octets") };
        self.at += 1;
        Ok(octet)
    }

    pub fn eat(&mut self, octet: u8) -> bool {
        let is = self.peek() == Some(octet);
        self.at += usize::from(is);
        is
    }

    /// Takes a word, in any case.
    pub fn eat_word(&mut self, word: &str) -> bool {
        let is = self
            .octets
            .get(self.at..self.at + word.len())
            .is_some_and(|octets| octets.eq_ignore_ascii_case(word.as_bytes()));
        if is {
            self.at += word.len();
        }
        is
    }

    pub fn eat_nil(&mut self) -> bool {
        self.eat_word("NIL")
    }

    pub fn word(&mut self, word: &str) -> Parsed<()> {
        if self.eat_word(word) { Ok(()) } else { self.fault(word) }
    }

    pub fn need(&mut self, octet: u8) -> Parsed<()> {
        if self.eat(octet) { Ok(()) } else { self.fault(&char::from(octet).to_string()) }
    }

    pub fn end(&self) -> Parsed<()> {
        if self.at == self.octets.len() { Ok(()) } else { self.fault("the end") }
    }

    /// Octets of a kind, perhaps none.
    pub fn run_of(&mut self, kind: impl Fn(u8) -> bool) -> Parsed<&'a str> {
        let rest = self.octets.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|octet| !kind(*octet)).unwrap_or(rest.len());
        let run = rest.get(..length).unwrap_or_default();
        self.at += length;
        std::str::from_utf8(run).or_else(|_| self.fault("ASCII"))
    }

    /// Octets of a kind, one at least.
    pub fn some(&mut self, kind: impl Fn(u8) -> bool) -> Parsed<&'a str> {
        let run = self.run_of(kind)?;
        if run.is_empty() { self.fault("something else") } else { Ok(run) }
    }

    pub fn atom(&mut self) -> Parsed<&'a str> {
        self.some(super::response::is_atom)
    }

    pub fn number64(&mut self) -> Parsed<u64> {
        let digits = self.some(|octet| octet.is_ascii_digit())?;
        // RFC 7162 §7: 63 bits.
        match digits.parse::<u64>() {
            Ok(number) if i64::try_from(number).is_ok() => Ok(number),
            _ => self.fault("a number of 63 bits"),
        }
    }

    pub fn nz_number64(&mut self) -> Parsed<u64> {
        let leads = self.peek();
        match self.number64()? {
            number if number > 0 && leads != Some(b'0') => Ok(number),
            _ => self.fault("a number without zeros before it"),
        }
    }

    pub fn number(&mut self) -> Parsed<u32> {
        let number = self.number64()?;
        u32::try_from(number).or_else(|_| self.fault("a number of 32 bits"))
    }

    pub fn nz_number(&mut self) -> Parsed<u32> {
        let number = self.nz_number64()?;
        u32::try_from(number).or_else(|_| self.fault("a number of 32 bits"))
    }

    /// `{n}` CR LF and n octets; only a literal8 may hold NUL.
    pub fn literal(&mut self, any: bool) -> Parsed<Vec<u8>> {
        self.need(b'{')?;
        let length = self.number()?;
        self.word("}\r\n")?;
        let end = self.at.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
        let Some(octets) = self.octets.get(self.at..end) else { return self.fault("the octets of a literal") };
        if !any && octets.contains(&0) {
            return self.fault("no NUL in a literal");
        }
        self.at = end;
        Ok(octets.to_vec())
    }

    pub fn fault<T>(&self, wanted: &str) -> Parsed<T> {
        let from = self.at.saturating_sub(60);
        let shown = |octets: &[u8]| octets.escape_ascii().to_string();
        let before = self.octets.get(from..self.at).unwrap_or_default();
        let after = self.octets.get(self.at..self.octets.len().min(self.at + 60)).unwrap_or_default();
        Err(Fault(format!("wanted {wanted:?} at {}: {} <<HERE>> {}", self.at, shown(before), shown(after))))
    }
}
