//! BODYSTRUCTURE and BODY (RFC 3501 §7.4.2) of a message taken apart.
//!
//! What is written is bounded too: beyond it parts are still there, and said to be octets.
//!
//! Recursion is bounded by [`super::structure::DEEPEST`]. A part that the structure does not follow is given
//! as APPLICATION/OCTET-STREAM, so that no client looks for parts inside it.

use std::cell::Cell;

use super::envelope;
use super::field;
use super::parameter::{Value, plain};
use super::structure::{Kind, Node, Structure};
use super::wire::Wire;

/// Writes the structure; `extended` for BODYSTRUCTURE.
pub fn write(octets: &[u8], structure: &Structure, extended: bool, out: &mut Wire) {
    if let Some(root) = structure.root() {
        let addresses = Cell::new(envelope::MOST_ADDRESSES);
        Writer { octets, structure, extended, most: out.len().saturating_add(MOST_WRITTEN), addresses }.part(root, out);
    }
}

struct Writer<'a> {
    octets: &'a [u8],
    structure: &'a Structure,
    extended: bool,
    /// Beyond this, parts are named without being described.
    most: usize,
    addresses: Cell<usize>,
}

impl Writer<'_> {
    fn part(&self, node: &Node, out: &mut Wire) {
        if self.is_full(out) {
            out.push(format!(r#"("application" "octet-stream" NIL NIL NIL "7bit" {})"#, node.body.len()));
            return;
        }
        out.push("(");
        match &node.kind {
            Kind::Multipart(children) => self.multipart(node, children, out),
            _ => self.single(node, out),
        }
        out.push(")");
    }

    fn is_full(&self, out: &Wire) -> bool {
        out.len() > self.most
    }

    fn multipart(&self, node: &Node, children: &[usize], out: &mut Wire) {
        for child in children.iter().filter_map(|child| self.structure.node(*child)) {
            self.part(child, out);
        }
        if children.is_empty() {
            // The grammar wants one at least.
            out.push(r#"("text" "plain" NIL NIL NIL "7bit" 0 0)"#);
        }
        out.push(" ");
        let full = self.is_full(out);
        out.string(if full { b"mixed" } else { node.media_type().1 });
        if self.extended {
            out.push(" ");
            if full {
                out.push("NIL");
            } else {
                parameters(&node.content_type, out);
            }
            self.rest(node, out);
        }
    }

    fn single(&self, node: &Node, out: &mut Wire) {
        let header = field::head(self.octets, &node.header);
        let (kind, subtype) = node.media_type();
        let opaque = node.kind == Kind::Leaf
            && (kind.eq_ignore_ascii_case(b"multipart")
                || (kind.eq_ignore_ascii_case(b"message") && subtype.eq_ignore_ascii_case(b"rfc822")));
        let (kind, subtype) = if opaque { (&b"application"[..], &b"octet-stream"[..]) } else { (kind, subtype) };
        out.string(kind);
        out.push(" ");
        out.string(subtype);
        out.push(" ");
        parameters(&node.content_type, out);
        for name in ["content-id", "content-description"] {
            out.push(" ");
            out.nstring(field::find(header, name).as_deref());
        }
        out.push(" ");
        let encoding = field::find(header, "content-transfer-encoding").map(|encoding| plain(&encoding));
        out.string(encoding.as_deref().filter(|encoding| !encoding.is_empty()).unwrap_or(b"7bit"));
        out.push(format!(" {}", node.body.len()));
        if let Kind::Message(child) = node.kind
            && let Some(child) = self.structure.node(child)
        {
            out.push(" ");
            let mut left = self.addresses.get();
            envelope::write(field::head(self.octets, &child.header), &mut left, out);
            self.addresses.set(left);
            out.push(" ");
            self.part(child, out);
            out.push(format!(" {}", node.lines));
        } else if kind.eq_ignore_ascii_case(b"text") {
            out.push(format!(" {}", node.lines));
        }
        if self.extended {
            out.push(" ");
            out.nstring(field::find(header, "content-md5").filter(|_| !self.is_full(out)).as_deref());
            self.rest(node, out);
        }
    }

    /// Disposition, language, location: the same for all.
    fn rest(&self, node: &Node, out: &mut Wire) {
        if self.is_full(out) {
            return out.push(" NIL NIL NIL");
        }
        let header = field::head(self.octets, &node.header);
        out.push(" ");
        match field::find(header, "content-disposition").map(|value| Value::read(&value)) {
            Some(value) if !value.word.is_empty() => {
                out.push("(");
                out.string(&value.word);
                out.push(" ");
                parameters(&value, out);
                out.push(")");
            }
            _ => out.push("NIL"),
        }
        out.push(" ");
        languages(field::find(header, "content-language").as_deref(), out);
        out.push(" ");
        out.nstring(field::find(header, "content-location").as_deref());
    }
}

fn parameters(value: &Value, out: &mut Wire) {
    if value.parameters.is_empty() {
        return out.push("NIL");
    }
    out.push("(");
    for (at, (name, value)) in value.parameters.iter().enumerate() {
        if at > 0 {
            out.push(" ");
        }
        out.string(name);
        out.push(" ");
        out.string(value);
    }
    out.push(")");
}

fn languages(value: Option<&[u8]>, out: &mut Wire) {
    let value = value.map(plain).unwrap_or_default();
    let tags: Vec<&[u8]> =
        value.split(|octet| *octet == b',').map(<[u8]>::trim_ascii).filter(|tag| !tag.is_empty()).collect();
    match tags.as_slice() {
        [] => out.push("NIL"),
        [one] => out.string(one),
        several => {
            out.push("(");
            for (at, tag) in several.iter().enumerate() {
                if at > 0 {
                    out.push(" ");
                }
                out.string(tag);
            }
            out.push(")");
        }
    }
}

/// How much is described.
const MOST_WRITTEN: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, extended: bool) -> String {
        let octets = text.replace('~', "\r\n").into_bytes();
        let mut out = Wire::default();
        write(&octets, &Structure::read(&octets), extended, &mut out);
        String::from_utf8_lossy(out.octets()).into_owned()
    }

    #[test]
    fn structures() {
        assert_eq!(shown("A: b~~one~two~", false), r#"("text" "plain" NIL NIL NIL "7bit" 10 2)"#);
        assert_eq!(
            shown(
                "Content-Type: Text/HTML; charset=utf-8~Content-Transfer-Encoding: Base64~Content-ID: <x@y>~~QQ==~",
                true
            ),
            r#"("Text" "HTML" ("charset" "utf-8") "<x@y>" NIL "Base64" 6 1 NIL NIL NIL NIL)"#
        );
        let mixed = "Content-Type: multipart/mixed; boundary=B~~";
        let file = "Content-Type: application/pdf; name*=utf-8''a%20b~Content-Disposition: attachment; filename=x.pdf~\
                    Content-Language: fr, en~Content-MD5: zz~Content-Location: http://x~~1234~";
        assert_eq!(
            shown(&format!("{mixed}--B~~one~--B~{file}--B--~"), true),
            concat!(
                r#"(("text" "plain" NIL NIL NIL "7bit" 3 0 NIL NIL NIL NIL)"#,
                r#"("application" "pdf" ("name*" "utf-8''a%20b") NIL NIL "7bit" 4 "zz" "#,
                r#"("attachment" ("filename" "x.pdf")) ("fr" "en") "http://x")"#,
                r#" "mixed" ("boundary" "B") NIL NIL NIL)"#
            )
        );
        assert_eq!(
            shown(&format!("{mixed}--B~Content-Type: message/rfc822~~Subject: s~~hello~--B--~"), false),
            concat!(
                r#"(("message" "rfc822" NIL NIL NIL "7bit" 19 (NIL "s" NIL NIL NIL NIL NIL NIL NIL NIL) "#,
                r#"("text" "plain" NIL NIL NIL "7bit" 5 0) 2) "mixed")"#
            )
        );
    }

    #[test]
    fn fault_19_what_is_written_is_bounded() {
        let from = format!("From: {}~", "a@b,".repeat(10_000));
        let subject = format!("Subject: {}~", "x".repeat(100_000));
        let parts = format!("--B~Content-Type: message/rfc822~~{from}{subject}~x~").repeat(60);
        let text = shown(&format!("Content-Type: multipart/mixed; boundary=B~~{parts}--B--~"), true);
        assert!(text.len() < MOST_WRITTEN + 200_000, "{}", text.len());
        assert_eq!(text.matches("NIL NIL \"a\"").count(), envelope::MOST_ADDRESSES);
        // All sixty are there; of the last one that is described, the message inside is not.
        assert_eq!(text.matches("\"message\"").count() + text.matches("\"octet-stream\"").count(), 61);
    }

    #[test]
    fn fault_18_what_is_not_followed_is_opaque() {
        for text in [
            "Content-Type: multipart/mixed~~--B~",
            "Content-Type: message/rfc822~Content-Transfer-Encoding: base64~~QQ==~",
        ] {
            assert!(shown(text, false).starts_with(r#"("application" "octet-stream""#), "{text}");
        }
        assert_eq!(
            shown("Content-Type: multipart/mixed; boundary=B~~", false),
            r#"(("text" "plain" NIL NIL NIL "7bit" 0 0) "mixed")"#
        );
        assert_eq!(
            shown("Content-Type: message/global~~Subject: s~~x", false),
            r#"("message" "global" NIL NIL NIL "7bit" 15)"#
        );
        let nested: String =
            (0..500).map(|n| format!("Content-Type: multipart/mixed; boundary=B{n}~~--B{n}~")).collect();
        let text = shown(&nested, true);
        assert!(text.starts_with("((((") && text.contains(r#""application" "octet-stream""#));
    }
}
