//! The parts of a message by offset (RFC 2045, RFC 2046): one pass over its lines, one stack of boundaries.
//!
//! Strict about octets, tolerant about mail: a boundary that never comes, a header without an end, an end
//! without a beginning all give a structure. Deeper than [`DEEPEST`] or beyond [`MOST_PARTS`] a part is a leaf.

use std::ops::Range;

use super::field;
use super::parameter::{Value, plain};

/// How deep parts are followed.
pub const DEEPEST: usize = 100;
/// How many parts are told apart.
pub const MOST_PARTS: usize = 10_000;

/// A message, taken apart. The first node is the message itself.
pub struct Structure {
    nodes: Vec<Node>,
}

/// A part.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its header with the empty line that ends it.
    pub header: Range<usize>,
    /// Its body, without the line end that belongs to the boundary after it.
    pub body: Range<usize>,
    /// How many lines end in the body.
    pub lines: usize,
    /// The type, as written.
    pub content_type: Value,
    /// What it holds.
    pub kind: Kind,
}

/// What a part holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Octets.
    Leaf,
    /// Parts.
    Multipart(Vec<usize>),
    /// A message.
    Message(usize),
}

impl Node {
    /// Type and subtype, "text/plain" where none is given or none can be read (RFC 2045 §5.2).
    pub fn media_type(&self) -> (&[u8], &[u8]) {
        let word = self.content_type.word.as_slice();
        let slash = word.iter().position(|octet| *octet == b'/').and_then(|at| word.split_at_checked(at));
        match slash.map(|(kind, subtype)| (kind.trim_ascii(), subtype.get(1..).unwrap_or_default().trim_ascii())) {
            Some((kind, subtype)) if !kind.is_empty() && !subtype.is_empty() => (kind, subtype),
            _ => (b"text", b"plain"),
        }
    }
}

impl Structure {
    /// Takes a message apart.
    pub fn read(octets: &[u8]) -> Self {
        let mut walk = Walk { octets, nodes: Vec::new(), open: Vec::new(), line: 0, in_header: true };
        walk.begin(0, b"text/plain");
        let mut at = 0;
        while let Some(line) = octets.get(at..).and_then(field::line) {
            walk.line(at, line);
            at = at.saturating_add(line.len());
        }
        walk.close(0, octets.len(), walk.line);
        Self { nodes: walk.nodes }
    }

    /// The message.
    pub fn root(&self) -> Option<&Node> {
        self.nodes.first()
    }

    /// A part by its place.
    pub fn node(&self, at: usize) -> Option<&Node> {
        self.nodes.get(at)
    }

    /// The bodies of the parts that hold octets, in the order of their places.
    pub fn leaves(&self) -> impl Iterator<Item = Range<usize>> {
        self.nodes.iter().filter(|node| node.kind == Kind::Leaf).map(|node| node.body.clone())
    }

    /// All parts.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }
}

/// A part whose end has not come.
struct Open {
    node: usize,
    /// Of a multipart whose last boundary has not come.
    boundary: Option<Vec<u8>>,
    /// The type of parts that do not say theirs.
    default: &'static [u8],
    /// How many lines ended before its body.
    first_line: usize,
}

struct Walk<'a> {
    octets: &'a [u8],
    nodes: Vec<Node>,
    open: Vec<Open>,
    line: usize,
    in_header: bool,
}

impl Walk<'_> {
    fn begin(&mut self, at: usize, default: &'static [u8]) {
        let node = self.nodes.len();
        self.nodes.push(Node {
            header: at..at,
            body: at..at,
            lines: 0,
            content_type: Value::default(),
            kind: Kind::Leaf,
        });
        self.open.push(Open { node, boundary: None, default, first_line: self.line });
        self.in_header = true;
    }

    fn line(&mut self, at: usize, line: &[u8]) {
        let end = at.saturating_add(line.len());
        if let Some((depth, last)) = self.boundary(line) {
            self.close(depth.saturating_add(1), before_line_end(self.octets, at), self.line.saturating_sub(1));
            self.line = self.line.saturating_add(1);
            self.in_header = false;
            let Some(open) = self.open.get_mut(depth) else { return };
            if last {
                open.boundary = None;
                return;
            }
            let (parent, default) = (open.node, open.default);
            let child = self.nodes.len();
            if let Some(Node { kind: Kind::Multipart(children), .. }) = self.nodes.get_mut(parent) {
                children.push(child);
            }
            self.begin(end, default);
            return;
        }
        self.line = self.line.saturating_add(usize::from(line.ends_with(b"\n")));
        if self.in_header && line.trim_ascii().is_empty() && !matches!(line.first(), Some(b' ' | b'\t')) {
            self.end_of_header(end);
        }
    }

    /// Which open multipart this line is a boundary of, and whether it is the last one (RFC 2046 §5.1.1).
    fn boundary(&self, line: &[u8]) -> Option<(usize, bool)> {
        if self.nodes.len() >= MOST_PARTS {
            return None;
        }
        let line = line.strip_prefix(b"--")?.trim_ascii_end();
        let inner_first = self.open.iter().enumerate().rev();
        let mut found = inner_first.filter_map(|(depth, open)| Some((depth, open.boundary.as_deref()?)));
        found.find_map(|(depth, boundary)| match line.strip_prefix(boundary)? {
            b"" => Some((depth, false)),
            b"--" => Some((depth, true)),
            _ => None,
        })
    }

    /// The empty line came: what the header says decides how the rest is read.
    fn end_of_header(&mut self, end: usize) {
        self.in_header = false;
        let depth = self.open.len();
        let octets = self.octets;
        let (Some(open), line) = (self.open.last_mut(), self.line) else { return };
        open.first_line = line;
        let Some(node) = self.nodes.get_mut(open.node) else { return };
        node.header.end = end;
        node.body = end..end;
        let header = field::head(octets, &node.header);
        node.content_type = content_type(header, open.default);
        if depth >= DEEPEST {
            return;
        }
        let (kind, subtype) = node.media_type();
        // RFC 3501 §7.4.2 knows the structure of MESSAGE/RFC822 alone; any other message is a basic body.
        if kind.eq_ignore_ascii_case(b"multipart") {
            let digest = subtype.eq_ignore_ascii_case(b"digest");
            let boundary = node.content_type.parameter("boundary").map(|b| b.trim_ascii_end().to_vec());
            if let Some(boundary) = boundary.filter(|boundary| !boundary.is_empty()) {
                open.boundary = Some(boundary);
                // RFC 2046 §5.1.5.
                open.default = if digest { b"message/rfc822" } else { b"text/plain" };
                node.kind = Kind::Multipart(Vec::new());
            }
        } else if kind.eq_ignore_ascii_case(b"message")
            && subtype.eq_ignore_ascii_case(b"rfc822")
            && is_identity(header)
        {
            let child = self.nodes.len();
            let parent = open.node;
            if child < MOST_PARTS {
                if let Some(node) = self.nodes.get_mut(parent) {
                    node.kind = Kind::Message(child);
                }
                self.begin(end, b"text/plain");
            }
        }
    }

    /// Ends the parts from this depth on.
    fn close(&mut self, depth: usize, end: usize, lines: usize) {
        let in_header = std::mem::take(&mut self.in_header);
        let innermost = self.open.len().saturating_sub(1);
        let octets = self.octets;
        while self.open.len() > depth {
            let at = self.open.len().saturating_sub(1);
            let Some(open) = self.open.pop() else { return };
            let Some(node) = self.nodes.get_mut(open.node) else { return };
            if in_header && at == innermost {
                // A header that nothing ended is all there is.
                node.header.end = end.max(node.header.start);
                node.body = node.header.end..node.header.end;
                node.content_type = content_type(field::head(octets, &node.header), open.default);
            } else {
                node.body.end = end.max(node.body.start);
                node.lines = if node.body.is_empty() { 0 } else { lines.saturating_sub(open.first_line) };
            }
        }
    }
}

fn content_type(header: &[u8], default: &[u8]) -> Value {
    Value::read(&field::find(header, "content-type").unwrap_or_else(|| default.to_vec()))
}

/// Whether a body stands as it is (RFC 2046 §5.2.1 allows nothing else for messages; some write base64).
fn is_identity(header: &[u8]) -> bool {
    field::find(header, "content-transfer-encoding").is_none_or(|encoding| {
        let encoding = plain(&encoding);
        [&b""[..], b"7bit", b"8bit", b"binary"].iter().any(|known| encoding.eq_ignore_ascii_case(known))
    })
}

/// The CR LF before a boundary belongs to it.
fn before_line_end(octets: &[u8], at: usize) -> usize {
    let before = octets.get(..at).unwrap_or_default();
    let before = before.strip_suffix(b"\n").unwrap_or(before);
    before.strip_suffix(b"\r").unwrap_or(before).len()
}

#[cfg(test)]
mod tests {
    use super::super::field::slice;
    use super::*;

    fn shown(octets: &[u8], structure: &Structure, at: usize) -> String {
        let node = structure.node(at).expect("a node");
        let text = |range: &Range<usize>| String::from_utf8_lossy(slice(octets, range)).replace("\r\n", "~");
        match &node.kind {
            Kind::Leaf => format!("[{}|{}]", text(&node.header), text(&node.body)),
            Kind::Message(child) => format!("m{}", shown(octets, structure, *child)),
            Kind::Multipart(children) => {
                let children: Vec<String> = children.iter().map(|child| shown(octets, structure, *child)).collect();
                format!("({})", children.join(" "))
            }
        }
    }

    fn read(text: &str) -> String {
        let octets = text.replace('~', "\r\n").into_bytes();
        let structure = Structure::read(&octets);
        for node in structure.nodes() {
            assert!(node.header.start <= node.header.end && node.header.end <= node.body.start, "{text}");
            assert!(node.body.start <= node.body.end && node.body.end <= octets.len(), "{text}");
        }
        shown(&octets, &structure, 0)
    }

    #[test]
    fn parts_have_exact_offsets() {
        let mixed = "Content-Type: multipart/mixed; boundary=B~~";
        assert_eq!(read("A: b~~text~"), "[A: b~~|text~]");
        assert_eq!(read(&format!("{mixed}pre~--B~~one~--B~A: b~~two~~--B--~post~")), "([~|one] [A: b~~|two~])");
        let inner = "Content-Type: multipart/alternative; boundary=\"C\"~~";
        assert_eq!(read(&format!("{mixed}--B~{inner}--C~~1~--C~~2~--C--~~--B~~3~--B--~")), "(([~|1] [~|2]) [~|3])");
        let rfc822 = "Content-Type: message/rfc822~~";
        assert_eq!(read(&format!("{mixed}--B~{rfc822}S: x~~hello~--B--~")), "(m[S: x~~|hello])");
        assert_eq!(read(&format!("{mixed}--B~{rfc822}{inner}--C~~1~--C--~~--B~~2~--B--")), "(m([~|1]) [~|2])");
        assert_eq!(read("Content-Type: multipart/digest; boundary=B~~--B~~S: x~~y~--B--~"), "(m[S: x~~|y])");
    }

    #[test]
    fn fault_17_broken_mail_still_has_a_structure() {
        let mixed = "Content-Type: multipart/mixed; boundary=B~~";
        for (text, wanted) in [
            ("", "[|]"),
            ("no header at all", "[no header at all|]"),
            ("~body", "[~|body]"),
            ("A: b", "[A: b|]"),
            // No end, no beginning, no boundary.
            (&format!("{mixed}--B~~one~--B~~two"), "([~|one] [~|two])"),
            (&format!("{mixed}--B~~one~"), "([~|one~])"),
            (&format!("{mixed}no part"), "()"),
            (&format!("{mixed}--B--~"), "()"),
            ("Content-Type: multipart/mixed~~--B~~x", "[Content-Type: multipart/mixed~~|--B~~x]"),
            (&format!("{mixed}--B~A: b~--B~~x~--B--"), "([A: b|] [~|x])"),
            (&format!("{mixed}--B~--B~--B--~"), "([|] [|])"),
            (&format!("{mixed}--B  ~~x~--B--\t~"), "([~|x])"),
            (&format!("{mixed}--Bx~~x~--B-~"), "()"),
            // The outer boundary ends what is inside, ended or not.
            (
                &format!("{mixed}--B~Content-Type: multipart/x; boundary=C~~--C~~1~--B~~2~--B--~--C~~3~"),
                "(([~|1]) [~|2])",
            ),
            (
                "Content-Type: message/rfc822~Content-Transfer-Encoding: base64~~QQ==",
                "[Content-Type: message/rfc822~Content-Transfer-Encoding: base64~~|QQ==]",
            ),
            ("Content-Type: message/rfc822~~", "m[|]"),
        ] {
            assert_eq!(read(text), wanted, "{text}");
        }
        // Bare line feeds, as a message from elsewhere may have.
        let octets = b"Content-Type: multipart/mixed; boundary=B\n\n--B\n\none\n--B--\n";
        let structure = Structure::read(octets);
        assert_eq!(slice(octets, &structure.node(1).expect("a part").body), b"one");
    }

    #[test]
    fn fault_18_nesting_and_numbers_are_bounded() {
        let mut nested = String::new();
        for n in 0..500 {
            nested.push_str(&format!("Content-Type: multipart/mixed; boundary=B{n}~~--B{n}~"));
        }
        let octets = nested.replace('~', "\r\n").into_bytes();
        assert_eq!(Structure::read(&octets).nodes().len(), DEEPEST);
        let messages = "Content-Type: message/rfc822\r\n\r\n".repeat(500);
        assert_eq!(Structure::read(messages.as_bytes()).nodes().len(), DEEPEST);
        let parts = format!("Content-Type: multipart/mixed; boundary=B\r\n\r\n{}", "--B\r\n".repeat(50_000));
        assert_eq!(Structure::read(parts.as_bytes()).nodes().len(), MOST_PARTS);
        // Many boundaries open, many lines that could be one.
        let lines = [octets, b"--B4999\r\n".repeat(200_000)].concat();
        assert_eq!(Structure::read(&lines).nodes().len(), DEEPEST);
    }

    #[test]
    fn lines_are_counted() {
        let octets = b"A: b\r\n\r\none\r\ntwo\r\nthree";
        assert_eq!(Structure::read(octets).root().map(|node| node.lines), Some(2));
        let octets = b"Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n\r\none\r\ntwo\r\n--B\r\n\r\n--B--\r\n";
        let structure = Structure::read(octets);
        assert_eq!(structure.node(1).map(|node| node.lines), Some(1));
        assert_eq!(structure.node(2).map(|node| node.lines), Some(0));
    }
}
