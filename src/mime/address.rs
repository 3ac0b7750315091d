//! Address lists for ENVELOPE (RFC 5322 §3.4, with the obsolete forms of §4.4): names kept as written, encoded words too.
//!
//! Own rather than mail-parser's, which decodes: ENVELOPE gives what stands there (RFC 3501 §7.4.2). Tolerant:
//! what cannot be an address becomes a name, and nothing recurses.

/// One address, or a mark of a group. A person's data: masked `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub enum Address {
    /// A mailbox.
    Mailbox {
        /// The display name, or a comment that stands for one.
        name: Option<Vec<u8>>,
        /// The source route of old.
        route: Option<Vec<u8>>,
        /// The local part.
        local: Vec<u8>,
        /// The domain; empty where there is none.
        domain: Vec<u8>,
    },
    /// A group begins.
    Group(Vec<u8>),
    /// It ends.
    End,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address(…)")
    }
}

/// Reads an unfolded list, up to `most` addresses.
pub fn list(value: &[u8], most: usize) -> Vec<Address> {
    let mut list = Vec::new();
    let (mut item, mut in_group) = (Item::default(), false);
    let mut rest = value;
    while let Some((&octet, after)) = rest.split_first() {
        rest = after;
        if list.len() >= most {
            break;
        }
        match octet {
            b',' if !item.in_route() => item.end(&mut list),
            b';' if in_group => {
                item.end(&mut list);
                list.push(Address::End);
                in_group = false;
            }
            b':' if !in_group && !item.in_angle && item.angle.is_none() => {
                list.push(Address::Group(item.phrase()));
                item = Item::default();
                in_group = true;
            }
            b'<' => {
                item.angle = Some(Vec::new());
                item.route = false;
                item.in_angle = true;
            }
            b'>' => item.in_angle = false,
            b'(' => item.comment = Some(until(&mut rest, b'(', b')')).filter(|comment| !comment.is_empty()),
            b'"' => {
                let quoted = until(&mut rest, b'"', b'"');
                item.push(&quoted, true);
            }
            b'[' => {
                let literal = until(&mut rest, 0, b']');
                item.push(&[b"[", &literal[..], b"]"].concat(), false);
            }
            b'\\' => {
                let (escaped, after) = rest.split_at_checked(1).unwrap_or_default();
                item.push(escaped, false);
                rest = after;
            }
            b' ' | b'\t' | b'\r' | b'\n' => item.space = true,
            other => item.push(&[other], false),
        }
    }
    item.end(&mut list);
    if in_group {
        list.push(Address::End);
    }
    list
}

/// What is read between two commas.
#[derive(Default)]
struct Item {
    /// Outside of angle brackets, words joined by one space.
    words: Vec<u8>,
    /// The same without those spaces: around "@" and dots they mean nothing (RFC 5322 §4.4).
    tight: Vec<u8>,
    /// Whether a word was quoted: "@" in it is no address.
    quoted_at: bool,
    angle: Option<Vec<u8>>,
    in_angle: bool,
    /// Whether the angle brackets began with "@", and no colon came.
    route: bool,
    comment: Option<Vec<u8>>,
    space: bool,
}

impl Item {
    fn push(&mut self, octets: &[u8], quoted: bool) {
        let space = std::mem::take(&mut self.space);
        if self.in_angle {
            if let Some(angle) = &mut self.angle {
                self.route = (self.route || (angle.is_empty() && octets.starts_with(b"@"))) && !octets.contains(&b':');
                angle.extend_from_slice(octets);
            }
            return;
        }
        if space && !self.words.is_empty() {
            self.words.push(b' ');
        }
        self.quoted_at |= quoted && octets.contains(&b'@');
        self.words.extend_from_slice(octets);
        self.tight.extend_from_slice(octets);
    }

    /// Whether a source route is being read, whose commas part no addresses.
    fn in_route(&self) -> bool {
        self.in_angle && self.route
    }

    fn phrase(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.words)
    }

    fn end(&mut self, list: &mut Vec<Address>) {
        // A bracket that nothing closed ends here too.
        let item = std::mem::take(self);
        let words = item.words;
        let some = |octets: Vec<u8>| (!octets.is_empty()).then_some(octets);
        let (name, address) = match item.angle {
            Some(angle) => (some(words).or(item.comment), angle),
            None if words.contains(&b'@') && !item.quoted_at => (item.comment, item.tight),
            None => (item.comment, words),
        };
        if address.is_empty() && name.is_none() {
            return;
        }
        let (route, address) = match (address.first(), address.iter().position(|octet| *octet == b':')) {
            (Some(b'@'), Some(colon)) => {
                let (route, address) = address.split_at_checked(colon).unwrap_or_default();
                (some(route.to_vec()), address.get(1..).unwrap_or_default().to_vec())
            }
            _ => (None, address),
        };
        let at = address.iter().rposition(|octet| *octet == b'@');
        let (local, domain) = at.and_then(|at| address.split_at_checked(at)).unwrap_or((&address, b""));
        let domain = domain.strip_prefix(b"@").unwrap_or(domain);
        list.push(Address::Mailbox { name, route, local: local.to_vec(), domain: domain.to_vec() });
    }
}

/// Up to the closing octet, without escapes; opening ones nest where they differ.
fn until(rest: &mut &[u8], open: u8, close: u8) -> Vec<u8> {
    let (mut text, mut depth) = (Vec::new(), 1_usize);
    while let Some((&octet, after)) = rest.split_first() {
        *rest = after;
        if octet == b'\\' {
            let (escaped, after) = rest.split_at_checked(1).unwrap_or_default();
            text.extend_from_slice(escaped);
            *rest = after;
            continue;
        }
        if octet == close {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                break;
            }
        } else if octet == open {
            depth = depth.saturating_add(1);
        }
        text.push(octet);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> String {
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        let one = |address: &Address| match address {
            Address::Group(name) => format!("{}:", text(name)),
            Address::End => ";".to_owned(),
            Address::Mailbox { name, route, local, domain } => {
                let name = name.as_deref().map(text).map_or(String::new(), |name| format!("{name}="));
                let route = route.as_deref().map(text).map_or(String::new(), |route| format!("{route}:"));
                format!("{name}{route}{}@{}", text(local), text(domain))
            }
        };
        list(value.as_bytes(), 100).iter().map(one).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn lists_are_read_as_written() {
        for (value, wanted) in [
            ("a@b.fr", "a@b.fr"),
            ("<a@b.fr>", "a@b.fr"),
            ("Jean Dupont <a@b.fr>, c@d", "Jean Dupont=a@b.fr | c@d"),
            ("\"Dupont, Jean (x)\" <a@b.fr>", "Dupont, Jean (x)=a@b.fr"),
            ("=?utf-8?q?Jean_=C3=89?= <a@b>", "=?utf-8?q?Jean_=C3=89?==a@b"),
            ("a@b (Jean (of) Paris)", "Jean (of) Paris=a@b"),
            ("\"a b\"@c", "a b@c"),
            ("\"x@y\" <a@b>", "x@y=a@b"),
            ("a . b @ c . d", "a.b@c.d"),
            ("<@x.fr,@y.fr:a@b>", "@x.fr,@y.fr:a@b"),
            ("a@[127.0.0.1]", "a@[127.0.0.1]"),
            ("Friends: a@b, C <c@d>;", "Friends: | a@b | C=c@d | ;"),
            ("undisclosed-recipients:;", "undisclosed-recipients: | ;"),
            ("A:a@b;, c@d", "A: | a@b | ; | c@d"),
            ("A: a@b", "A: | a@b | ;"),
            ("nobody", "nobody@"),
            ("Jean <>", "Jean=@"),
            (",,a@b,,", "a@b"),
            ("a@b@c", "a@b@c"),
            ("\"unfinished <a@b>", "unfinished <a@b>"),
            ("<a@b, c@d", "a@b | c@d"),
            ("<a@b", "a@b"),
            ("\\", ""),
            ("", ""),
        ] {
            assert_eq!(shown(value), wanted, "{value}");
        }
    }

    #[test]
    fn fault_18_long_lists_end_in_time() {
        assert_eq!(list("a@b,".repeat(50_000).as_bytes(), 2000).len(), 2000);
        for octets in [vec![b'('; 500_000], vec![b'<'; 500_000], vec![b'"'; 500_001]] {
            list(&octets, 2000);
        }
        // A route whose commas never end is read once, not once for each comma.
        list(&[&b"<@"[..], &[b','; 1_000_000][..]].concat(), 2000);
    }
}
