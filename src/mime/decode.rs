//! Bodies of parts as their writers meant them: without their transfer encoding (RFC 2045 §6).

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use zeroize::Zeroizing;

use super::field::{self, slice};
use super::parameter::plain;
use super::structure::{Kind, Node};

/// The octets of a part's body; `None` where it is encoded in a way nobody here knows, or not as it says.
pub fn body(message: &[u8], node: &Node) -> Option<Zeroizing<Vec<u8>>> {
    let octets = slice(message, &node.body);
    if !matches!(node.kind, Kind::Leaf) {
        // RFC 2045 §6.4: nothing composed is encoded.
        return Some(Zeroizing::new(octets.to_vec()));
    }
    written(message, node, octets)
}

/// The text of a leaf, or of its first `longest` octets, in its charset; what is not encoded as it says is read as it
/// stands. The parser of whole messages is asked for nothing here: it would read the part's header in its own way,
/// and find messages in what is text for everybody else.
pub(super) fn text(message: &[u8], node: &Node, longest: usize) -> Zeroizing<String> {
    let octets = slice(message, &node.body);
    let octets = octets.get(..longest.min(octets.len())).unwrap_or_default();
    let decoded = written(message, node, octets).unwrap_or_else(|| Zeroizing::new(octets.to_vec()));
    let charset = node.content_type.parameter("charset").and_then(charset_decoder);
    Zeroizing::new(match charset {
        Some(read) => read(&decoded),
        None => String::from_utf8_lossy(&decoded).into_owned(),
    })
}

/// Octets that were written as the header of a part says, wherever they are; `None` as above.
pub(super) fn written(message: &[u8], node: &Node, octets: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let encoding = field::find(field::head(message, &node.header), "content-transfer-encoding").unwrap_or_default();
    let decoded = match plain(&encoding).to_ascii_lowercase().as_slice() {
        b"" | b"7bit" | b"8bit" | b"binary" => octets.to_vec(),
        b"base64" => base64(octets)?,
        b"quoted-printable" => quoted_printable_decode(octets)?,
        _ => return None,
    };
    Some(Zeroizing::new(decoded))
}

/// Base64 whatever stands between its lines; an empty text is no octets.
fn base64(octets: &[u8]) -> Option<Vec<u8>> {
    let symbols: Zeroizing<Vec<u8>> =
        Zeroizing::new(octets.iter().copied().filter(|c| !c.is_ascii_whitespace()).collect());
    if symbols.is_empty() {
        return Some(Vec::new());
    }
    base64_decode(&symbols)
}

#[cfg(test)]
mod tests {
    use super::super::Structure;
    use super::*;

    fn decoded(encoding: &str, text: &str) -> Option<String> {
        let message = format!("Content-Transfer-Encoding: {encoding}\r\n\r\n{text}");
        let structure = Structure::read(message.as_bytes());
        let octets = body(message.as_bytes(), structure.root().expect("a part"))?;
        Some(String::from_utf8_lossy(&octets).into_owned())
    }

    #[test]
    fn encodings_are_taken_off() {
        for (encoding, text, wanted) in [
            ("7bit", "a=20b", "a=20b"),
            ("BASE64 (really)", "Qm9u\r\n am91cg==\r\n", "Bonjour"),
            ("base64", "", ""),
            ("quoted-printable", "caf=C3=A9 =\r\nnoir\r\n", "café noir\r\n"),
            ("", "x", "x"),
        ] {
            assert_eq!(decoded(encoding, text).as_deref(), Some(wanted), "{encoding}");
        }
        assert_eq!(decoded("x-uuencode", "begin 644 a"), None);
        let multipart = "Content-Type: multipart/mixed; boundary=B\r\nContent-Transfer-Encoding: base64\r\n\r\n--B\r\n\r\nx\r\n--B--\r\n";
        let structure = Structure::read(multipart.as_bytes());
        let octets = body(multipart.as_bytes(), structure.root().expect("a part")).expect("as it is");
        assert!(octets.starts_with(b"--B"));
    }
}
