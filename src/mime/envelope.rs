//! ENVELOPE (RFC 3501 §7.4.2): ten fields of a header, as they stand there.

use super::address::{self, Address};
use super::field;
use super::wire::Wire;

/// Writes the envelope of a header; `left` is how many addresses may still be written.
pub fn write(header: &[u8], left: &mut usize, out: &mut Wire) {
    let text = |name| field::find(header, name);
    let from = addresses(header, "from", *left);
    out.push("(");
    out.nstring(text("date").as_deref());
    out.push(" ");
    out.nstring(text("subject").as_deref());
    out.push(" ");
    list(&from, left, out);
    // RFC 3501 §7.4.2: where these are absent or empty, they are the From.
    for name in ["sender", "reply-to"] {
        let own = addresses(header, name, *left);
        out.push(" ");
        list(if own.is_empty() { &from } else { &own }, left, out);
    }
    for name in ["to", "cc", "bcc"] {
        out.push(" ");
        list(&addresses(header, name, *left), left, out);
    }
    out.push(" ");
    out.nstring(text("in-reply-to").as_deref());
    out.push(" ");
    out.nstring(text("message-id").as_deref());
    out.push(")");
}

/// All fields of one name together: some mail has several.
fn addresses(header: &[u8], name: &str, most: usize) -> Vec<Address> {
    let named = field::fields(header).filter(|field| field.name.eq_ignore_ascii_case(name.as_bytes()));
    named.flat_map(|field| address::list(&field::unfold(field.value), most)).take(most).collect()
}

fn list(addresses: &[Address], left: &mut usize, out: &mut Wire) {
    let addresses = addresses.get(..*left).unwrap_or(addresses);
    *left = left.saturating_sub(addresses.len());
    if addresses.is_empty() {
        return out.push("NIL");
    }
    out.push("(");
    for address in addresses {
        match address {
            Address::Mailbox { name, route, local, domain } => {
                out.push("(");
                out.nstring(name.as_deref());
                out.push(" ");
                out.nstring(route.as_deref());
                out.push(" ");
                out.string(local);
                out.push(" ");
                // NIL here would mean a group (RFC 3501 §7.4.2).
                out.string(domain);
                out.push(")");
            }
            Address::Group(name) => {
                out.push("(NIL NIL ");
                out.string(name);
                out.push(" NIL)");
            }
            Address::End => out.push("(NIL NIL NIL NIL)"),
        }
    }
    out.push(")");
}

/// How many addresses an answer has, those of embedded messages included.
pub const MOST_ADDRESSES: usize = 2000;

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(header: &str) -> String {
        let mut out = Wire::default();
        write(header.as_bytes(), &mut MOST_ADDRESSES.clone(), &mut out);
        String::from_utf8_lossy(out.octets()).into_owned()
    }

    #[test]
    fn envelopes() {
        let from = r#"(("Claire" NIL "claire" "cabinet.fr"))"#;
        assert_eq!(
            shown(
                "Date: Mon, 7 Feb 1994 21:52:25 -0800\r\nFrom: Claire <claire@cabinet.fr>\r\nSubject: one\r\n two\r\n\
                 To: a@b, G: c@d;\r\nReply-To:\r\nMessage-ID: <1@x>\r\n\r\n"
            ),
            format!(
                r#"("Mon, 7 Feb 1994 21:52:25 -0800" "one two" {from} {from} {from} ((NIL NIL "a" "b")(NIL NIL "G" NIL)(NIL NIL "c" "d")(NIL NIL NIL NIL)) NIL NIL NIL "<1@x>")"#
            )
        );
        assert_eq!(shown(""), "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
        assert_eq!(
            shown("Subject: \"x\"\r\nSender: s@t\r\nCc: nobody\r\n"),
            "(NIL {3}\r\n\"x\" NIL ((NIL NIL \"s\" \"t\")) NIL NIL ((NIL NIL \"nobody\" \"\")) NIL NIL NIL)"
        );
        let many = format!("From: {0}\r\nTo: {0}\r\nTo: {0}\r\n", "a@b,".repeat(1500));
        assert_eq!(shown(&many).matches("NIL NIL \"a\"").count(), MOST_ADDRESSES);
        // An empty subject is there; a missing one is not.
        assert!(shown("Subject:\r\n").starts_with("(NIL \"\" NIL"));
    }
}
