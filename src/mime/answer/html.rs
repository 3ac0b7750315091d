//! HTML as the lines that somebody reads: what programs mark as quote or signature is left out or marked.
//!
//! No tree is built: a part that is left out ends with as many end tags of its name as it had start tags.

use mail_parser::decoders::html::html_to_text;
use zeroize::Zeroizing;

/// The lines of a text; a quote that was left out leaves a line `>`, and what stands before all others' words
/// [`super::cut::END`].
pub(super) fn text(html: &str) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(html.len()));
    let mut skip: Option<(String, usize)> = None;
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        let (before, after) = rest.split_at(open);
        if skip.is_none() {
            push(&mut out, before);
        }
        let Some(tag) = Tag::read(after) else {
            // A sign, not a tag.
            if skip.is_none() {
                out.push('<');
            }
            rest = after.get(1..).unwrap_or_default();
            continue;
        };
        rest = after.get(tag.length..).unwrap_or_default();
        match &mut skip {
            Some((name, depth)) if *name == tag.name => {
                if tag.is_end {
                    *depth = depth.saturating_sub(1);
                } else if !tag.is_empty {
                    *depth = depth.saturating_add(1);
                }
                if *depth == 0 {
                    skip = None;
                }
            }
            Some(_) => {}
            None if tag.is_end => out.push_str(if BLOCKS.contains(&tag.name.as_str()) { "\n" } else { "" }),
            None => match tag.meaning() {
                Meaning::Quote => {
                    out.push_str("\n>\n");
                    skip = Some((tag.name, 1));
                }
                Meaning::Hidden if !tag.is_empty => skip = Some((tag.name, 1)),
                Meaning::Hidden => {}
                Meaning::End => {
                    out.push_str(super::cut::END);
                    return out;
                }
                Meaning::Line => out.push('\n'),
                Meaning::Nothing => {}
            },
        }
    }
    if skip.is_none() {
        push(&mut out, rest);
    }
    out
}

/// Text between tags: entities decoded, line ends are spaces.
fn push(out: &mut String, text: &str) {
    if text.is_empty() {
        return;
    }
    let begins = text.starts_with(char::is_whitespace);
    let ends = text.ends_with(char::is_whitespace);
    let decoded = Zeroizing::new(html_to_text(text));
    let decoded = decoded.trim_matches([' ', '\n', '\r', '\t']);
    if begins {
        out.push(' ');
    }
    out.extend(decoded.chars().map(|c| if c == '\n' || c == '\r' { ' ' } else { c }));
    if ends && !decoded.is_empty() {
        out.push(' ');
    }
}

/// A tag, and how long it is.
struct Tag<'a> {
    name: String,
    attributes: &'a str,
    is_end: bool,
    /// It has no content.
    is_empty: bool,
    length: usize,
}

enum Meaning {
    /// Somebody else's words.
    Quote,
    /// What nobody wrote now: signatures, attributions, styles.
    Hidden,
    /// From here on nothing is the writer's.
    End,
    /// A new line begins.
    Line,
    Nothing,
}

impl<'a> Tag<'a> {
    /// A tag at the beginning of a text; `None` where the sign is no tag.
    fn read(text: &'a str) -> Option<Self> {
        if let Some(comment) = text.strip_prefix("<!--") {
            let length = comment.find("-->").map_or(text.len(), |end| end.saturating_add(7));
            return Some(Self { name: String::new(), attributes: "", is_end: true, is_empty: true, length });
        }
        let inner = text.get(1..)?;
        if !inner.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
            return None;
        }
        let mut quoted = None;
        let close = inner.find(|c: char| match quoted {
            Some(mark) if c == mark => {
                quoted = None;
                false
            }
            Some(_) => false,
            None if matches!(c, '"' | '\'') => {
                quoted = Some(c);
                false
            }
            None => c == '>',
        });
        // A quotation mark that is never closed must not swallow the rest.
        let close = close.or_else(|| inner.find('>'))?;
        let content = inner.get(..close)?;
        let (is_end, content) = content.strip_prefix('/').map_or((false, content), |content| (true, content));
        let end = content.find(|c: char| !c.is_ascii_alphanumeric() && c != ':').unwrap_or(content.len());
        let name = content.get(..end)?.to_ascii_lowercase();
        let attributes = content.get(end..).unwrap_or_default();
        let is_empty = attributes.ends_with('/') || VOID.contains(&name.as_str());
        Some(Self { name, attributes, is_end, is_empty, length: close.saturating_add(2) })
    }

    fn meaning(&self) -> Meaning {
        let named = |words: &[&str]| {
            ["id", "class"].iter().filter_map(|name| self.attribute(name)).any(|value| {
                value.split_whitespace().any(|one| {
                    // Web mail puts a prefix before the names of others.
                    let one = one.strip_prefix("x_").unwrap_or(one);
                    words.iter().any(|word| one.eq_ignore_ascii_case(word))
                })
            })
        };
        match self.name.as_str() {
            "blockquote" => Meaning::Quote,
            "style" | "script" | "head" | "title" | "template" => Meaning::Hidden,
            _ if named(REPLIES) => Meaning::End,
            _ if named(QUOTES) => Meaning::Quote,
            _ if named(SIGNATURES) => Meaning::Hidden,
            name if BLOCKS.contains(&name) => Meaning::Line,
            _ => Meaning::Nothing,
        }
    }

    /// The value of an attribute.
    fn attribute(&self, name: &str) -> Option<&'a str> {
        let lower = self.attributes.to_ascii_lowercase();
        let found = lower.match_indices(name).find(|(at, _)| {
            let before = lower.get(..*at).and_then(|before| before.chars().next_back());
            before.is_some_and(|c| c.is_whitespace() || matches!(c, '"' | '\''))
                && lower.get(at + name.len()..).is_some_and(|rest| rest.trim_start().starts_with('='))
        });
        let (at, _) = found?;
        let value = self.attributes.get(at + name.len()..)?.trim_start().strip_prefix('=')?.trim_start();
        match value.chars().next()? {
            mark @ ('"' | '\'') => value.get(1..)?.split(mark).next(),
            _ => value.split(|c: char| c.is_whitespace() || c == '/').next(),
        }
    }
}

/// What stands above the message that was answered (Outlook and its kin).
const REPLIES: &[&str] = &["divRplyFwdMsg", "appendonsend", "stopSpelling", "mail-editor-reference-message-container"];
/// What holds somebody else's words.
const QUOTES: &[&str] =
    &["gmail_quote", "gmail_extra", "yahoo_quoted", "protonmail_quote", "zmail_extra", "tutanota_quote"];
/// Signatures, and the line that introduces a quote.
const SIGNATURES: &[&str] = &[
    "gmail_signature",
    "gmail_attr",
    "moz-signature",
    "moz-cite-prefix",
    "Signature",
    "ms-outlook-mobile-signature",
    "AppleMailSignature",
    "protonmail_signature_block",
    "k9mail-signature",
];
const BLOCKS: &[&str] = &[
    "p", "div", "br", "tr", "li", "ul", "ol", "table", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "section",
    "body", "td", "dd", "dt", "address",
];
const VOID: &[&str] = &["br", "hr", "img", "meta", "link", "input", "area", "base", "col", "wbr"];

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(html: &str) -> Vec<String> {
        let text = text(html);
        text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
    }

    #[test]
    fn html_becomes_lines() {
        for (html, wanted) in [
            ("<p>oui</p><p>merci</p>", &["oui", "merci"][..]),
            ("<div>06&nbsp;12 34<br>56</div>", &["06\u{a0}12 34", "56"]),
            ("a <b>b</b> c<span>d</span>", &["a b cd"]),
            ("x<blockquote type=\"cite\"><div>06<blockquote>1</blockquote>2</div></blockquote>y", &["x", ">", "y"]),
            ("<style>p { a > b }</style>x", &["x"]),
            ("<!-- <p>no</p> -->x", &["x"]),
            ("x<div class='gmail_signature'>04<div>93</div></div>y", &["xy"]),
            ("x<div id=\"divRplyFwdMsg\">De : z</div>y", &["x", super::super::cut::END.trim()]),
            ("x<hr id=stopSpelling>y", &["x", super::super::cut::END.trim()]),
            ("1 < 2 &lt; 3", &["1 < 2 < 3"]),
            ("a &eacute;crit", &["a \u{e9}crit"]),
            ("<p title=\"a>b\">x</p>", &["x"]),
            ("<p title=\"never closed>x</p>y", &["x", "y"]),
            ("<", &["<"]),
            ("<blockquote>06 12 34 56 78", &[">"]),
        ] {
            assert_eq!(lines(html), wanted, "{html}");
        }
    }
}
