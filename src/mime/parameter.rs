//! Values with parameters: Content-Type, Content-Disposition (RFC 2045 §5.1, RFC 2183), tolerant of what is broken.
//!
//! RFC 2231 forms stay as they are: names with `*` are given to the client, which knows what to do with them.

/// A value and its parameters, file names among them: masked `Debug`.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Value {
    /// What stands before the first `;`.
    pub word: Vec<u8>,
    /// Names and values, in order.
    pub parameters: Vec<(Vec<u8>, Vec<u8>)>,
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Value({} parameters)", self.parameters.len())
    }
}

impl Value {
    /// Reads an unfolded value.
    pub fn read(value: &[u8]) -> Self {
        let mut rest = Rest(value);
        let word = rest.word(b";");
        let mut parameters = Vec::new();
        while !rest.0.is_empty() && parameters.len() < MOST_PARAMETERS {
            rest.skip(b';');
            let name = rest.word(b"=;");
            if rest.skip(b'=') {
                let value = rest.value();
                if !name.is_empty() {
                    parameters.push((name, value));
                }
            }
            // What is left before the next `;` is noise.
            rest.word(b";");
        }
        Self { word, parameters }
    }

    /// A parameter by name.
    pub fn parameter(&self, name: &str) -> Option<&[u8]> {
        let named = |(known, _): &&(Vec<u8>, Vec<u8>)| known.eq_ignore_ascii_case(name.as_bytes());
        self.parameters.iter().find(named).map(|(_, value)| value.as_slice())
    }
}

/// A field without its comments (RFC 5322 §3.2.2) and white space around.
pub fn plain(value: &[u8]) -> Vec<u8> {
    Rest(value).word(b";")
}

struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn next(&mut self) -> Option<u8> {
        let (&octet, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(octet)
    }

    fn skip(&mut self, octet: u8) -> bool {
        let is = self.0.first() == Some(&octet);
        if is {
            self.next();
        }
        is
    }

    /// Up to one of `ends`, without comments, trimmed.
    fn word(&mut self, ends: &[u8]) -> Vec<u8> {
        let mut word = Vec::new();
        while let Some(&octet) = self.0.first() {
            if ends.contains(&octet) {
                break;
            }
            self.next();
            if octet == b'(' {
                self.comment();
            } else {
                word.push(octet);
            }
        }
        word.trim_ascii().to_vec()
    }

    /// A quoted string, or a token up to white space, `;` or a comment.
    fn value(&mut self) -> Vec<u8> {
        self.0 = self.0.trim_ascii_start();
        let mut value = Vec::new();
        if !self.skip(b'"') {
            while let Some(&octet) = self.0.first() {
                if matches!(octet, b';' | b'(' | b' ' | b'\t') {
                    break;
                }
                self.next();
                value.push(octet);
            }
            return value;
        }
        while let Some(octet) = self.next() {
            match octet {
                b'"' => break,
                b'\\' => value.extend(self.next()),
                other => value.push(other),
            }
        }
        value
    }

    fn comment(&mut self) {
        let mut depth = 1_usize;
        while depth > 0 {
            match self.next() {
                Some(b'(') => depth = depth.saturating_add(1),
                Some(b')') => depth = depth.saturating_sub(1),
                Some(b'\\') => {
                    self.next();
                }
                Some(_) => {}
                None => return,
            }
        }
    }
}

const MOST_PARAMETERS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> String {
        let value = Value::read(value.as_bytes());
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        let parameters: Vec<String> =
            value.parameters.iter().map(|(n, v)| format!("{}={}", text(n), text(v))).collect();
        format!("{}|{}", text(&value.word), parameters.join("|"))
    }

    #[test]
    fn parameters_come_as_they_are() {
        for (value, wanted) in [
            ("text/plain", "text/plain|"),
            ("text/plain; charset=utf-8; format=flowed", "text/plain|charset=utf-8|format=flowed"),
            ("a/b; boundary=\"x; y\\\"z\" ; c = d", "a/b|boundary=x; y\"z|c=d"),
            ("a/b (comment (nested)); x=y (z); v=w", "a/b|x=y|v=w"),
            ("attachment; filename*0*=utf-8''a; filename*1=b", "attachment|filename*0*=utf-8''a|filename*1=b"),
            (";;;=;a;b=;=c", "|b="),
            ("a/b; x=\"unfinished", "a/b|x=unfinished"),
            ("a/b; x=y z; v=w", "a/b|x=y|v=w"),
            ("", "|"),
            ("((((", "|"),
        ] {
            assert_eq!(shown(value), wanted, "{value}");
        }
        let value = Value::read(b"a/b; Boundary=Q");
        assert_eq!(value.parameter("boundary"), Some(&b"Q"[..]));
        assert_eq!(plain(b" 7bit (really)"), b"7bit");
    }

    #[test]
    fn fault_18_a_thousand_parameters_end_in_time() {
        let value = Value::read("a/b".bytes().chain("; x=y".repeat(100_000).bytes()).collect::<Vec<u8>>().as_slice());
        assert_eq!(value.parameters.len(), MOST_PARAMETERS);
        Value::read(&[b'('; 1_000_000]);
        Value::read(&[b'"'; 1_000_000]);
    }
}
