//! The HTML of a message reduced to a short list of elements, to stand inline in a page.
//!
//! No attribute survives but the spans of table cells; no style, image, form, svg or math; a link becomes
//! its text with its address beside it, since a letter must not lead elsewhere by one tap. Plain text
//! never comes here: templates escape it.

use std::collections::{HashMap, HashSet};

use ammonia::{Builder, UrlRelative};

/// The reduced text, well-formed, for a `div`.
pub(super) fn reduce(sent: &str) -> String {
    if too_deep(sent) {
        return bare_text(sent);
    }
    let clean = Builder::empty()
        .tags(HashSet::from(KEPT))
        .clean_content_tags(HashSet::from(DROPPED_WHOLE))
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href"])),
            ("td", HashSet::from(["colspan", "rowspan"])),
            ("th", HashSet::from(["colspan", "rowspan"])),
        ]))
        .generic_attributes(HashSet::new())
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(None)
        .strip_comments(true)
        .clean(sent)
        .to_string();
    below_the_title(&links_as_text(&clean))
}

/// Whether elements are left open in their hundreds, which no mail client writes: parsing that takes
/// time in the square of it.
fn too_deep(sent: &str) -> bool {
    let mut open: HashMap<String, usize> = HashMap::new();
    let mut depth = 0_usize;
    for tag in sent.split('<').skip(1) {
        let closes = tag.starts_with('/');
        let name: String = tag
            .trim_start_matches('/')
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .take(16)
            .map(|c| c.to_ascii_lowercase())
            .collect();
        if name.is_empty() || NEVER_DEEP.contains(&name.as_str()) {
            continue;
        }
        let count = open.entry(name).or_default();
        if !closes {
            *count += 1;
            depth += 1;
        } else if *count > 0 {
            *count -= 1;
            depth -= 1;
        }
        if depth > DEEPEST {
            return true;
        }
    }
    false
}

/// What is left without anything that looks like a tag, in one paragraph.
fn bare_text(sent: &str) -> String {
    let mut text = String::from("<p>");
    let (first, rest) = sent.split_once('<').unwrap_or((sent, ""));
    let pieces = rest.split('<').map(|piece| piece.split_once('>').map_or("", |(_, shown)| shown));
    for piece in std::iter::once(first).chain(pieces) {
        text.push_str(&piece.replace('>', "&gt;"));
    }
    text.push_str("</p>");
    text
}

/// `<a href="X">Y</a>` as `Y (X)`: the serialiser above wrote every quote in an attribute as `&quot;`.
fn links_as_text(clean: &str) -> String {
    let mut text = String::with_capacity(clean.len());
    let mut rest = clean;
    // A link cannot hold another one (HTML §4.5.1), and the parser above has taken care of it.
    let mut address: Option<(String, usize)> = None;
    while let Some(at) = rest.find("<a").into_iter().chain(rest.find("</a>")).min() {
        let (before, tag) = rest.split_at(at);
        text.push_str(before);
        if let Some(after) = tag.strip_prefix("</a>") {
            if let Some((link, from)) = address.take()
                && text.get(from..).is_none_or(|shown| !same_place(shown, &link))
            {
                text.push_str(" <span class=\"address\">(");
                text.push_str(&link);
                text.push_str(")</span>");
            }
            rest = after;
        } else if let Some(after) = tag.strip_prefix("<a href=\"") {
            let (link, after) = after.split_once('"').unwrap_or((after, ""));
            let (_, after) = after.split_once('>').unwrap_or(("", ""));
            address = Some((link.replace('<', "&lt;").replace('>', "&gt;"), text.len()));
            rest = after;
        } else if let Some(after) = tag.strip_prefix("<a>") {
            rest = after;
        } else {
            // No other kept element begins with an a.
            rest = tag.strip_prefix("<a").unwrap_or_default();
        }
    }
    text.push_str(rest);
    text
}

/// Whether what is shown is the address already, less its scheme and last slash.
fn same_place(shown: &str, link: &str) -> bool {
    let bare = |text: &str| {
        let text = text.trim().trim_end_matches('/');
        ["https://", "http://", "mailto:", "tel:"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme))
            .unwrap_or(text)
            .to_owned()
    };
    bare(shown) == bare(link)
}

/// A page has one first heading, its own, and second ones for its sections.
fn below_the_title(clean: &str) -> String {
    let mut text = clean.to_owned();
    for (from, to) in [("<h1>", "<h3>"), ("</h1>", "</h3>"), ("<h2>", "<h3>"), ("</h2>", "</h3>")] {
        text = text.replace(from, to);
    }
    text
}

/// Elements without an end, or whose end is often left out.
const NEVER_DEEP: [&str; 20] = [
    "area", "base", "br", "col", "dd", "dt", "hr", "img", "input", "li", "link", "meta", "option", "p", "tbody", "td",
    "th", "thead", "tr", "wbr",
];
const DEEPEST: usize = 256;

const KEPT: [&str; 34] = [
    "a",
    "b",
    "blockquote",
    "br",
    "code",
    "dd",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "li",
    "ol",
    "p",
    "pre",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
];
const DROPPED_WHOLE: [&str; 18] = [
    "script", "style", "title", "svg", "math", "template", "noscript", "iframe", "object", "embed", "select",
    "textarea", "xmp", "noembed", "noframes", "applet", "audio", "video",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_stays_readable() {
        assert_eq!(
            reduce(
                "<div style=\"color:red\">Bonjour,<br>voici <b>le</b> <span>résultat</span>.</div><ul><li>a</li></ul>"
            ),
            "<div>Bonjour,<br>voici <b>le</b> résultat.</div><ul><li>a</li></ul>"
        );
        assert_eq!(
            reduce("<h1>Compte rendu</h1><img src=cid:1><img src=https://t.example/p.gif>"),
            "<h3>Compte rendu</h3>"
        );
        assert_eq!(
            reduce("<table style=x onclick=y><tr><td colspan=2 bgcolor=red>1</td></tr></table>"),
            "<table><tbody><tr><td colspan=\"2\">1</td></tr></tbody></table>"
        );
    }

    #[test]
    fn a_link_shows_where_it_leads_and_leads_nowhere() {
        assert_eq!(
            reduce("<a href='https://evil.example/?a=1&b=\"2' title=x>votre banque</a>, ok"),
            "votre banque <span class=\"address\">(https://evil.example/?a=1&amp;b=&quot;2)</span>, ok"
        );
        assert_eq!(reduce("<a href=https://labo.example/>labo.example</a>"), "labo.example");
        assert_eq!(reduce("<a href=javascript:alert(1)>x</a><a href=/letter/close>y</a><a name=z>t</a>"), "xyt");
        assert_eq!(
            reduce("<a href=\"https://x.example/'><img src=x onerror=alert(1)>\">y</a>").matches('<').count(),
            2
        );
    }

    #[test]
    fn fault_31_no_script_comes_through_a_mutation() {
        let set = [
            "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
            "<svg></p><style><a id=\"</style><img src=1 onerror=alert(1)>\">",
            "<form><math><mtext></form><form><mglyph><svg><mtext><style><path id=\"</style><img onerror=alert(1) src>\">",
            "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
            "<svg><annotation-xml><foreignobject><style><!--</style><p id=\"--><img src=x onerror=alert(1)>\">",
            "<math><annotation-xml encoding=\"text/html\"><style><img src=x onerror=alert(1)></style></annotation-xml></math>",
            "<listing>&lt;img src=1 onerror=alert(1)&gt;</listing>",
            "<xmp><p title=\"</xmp><img src=x onerror=alert(1)>\">",
            "<textarea><p title=\"</textarea><img src=x onerror=alert(1)>\">",
            "<a href=\"java\nscript:alert(1)\">x</a><a href=\" &#14; javascript:alert(1)\">x</a>",
            "<a href=\"data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==\">x</a>",
            "<a href='https://x.example/\"><script>alert(1)</script>'>y</a>",
            "<p style=\"background:url(javascript:alert(1))\" onmouseover=alert(1)>x</p>",
            "<template><script>alert(1)</script></template><body onload=alert(1)><base href=//evil.example>",
            "<iframe srcdoc=\"<script>alert(1)</script>\"></iframe><object data=x></object><embed src=x>",
            "<meta http-equiv=refresh content=\"0;url=//evil.example\"><link rel=stylesheet href=//evil.example>",
            "<form action=/letter/close method=post><input name=token><button>ok</button></form>",
            "<!--><img src=x onerror=alert(1)>--><![CDATA[<img src=x onerror=alert(1)>]]>",
            "<div id=error class=button name=x>clobber</div>",
            "<scr<script>ipt>alert(1)</scr</script>ipt>",
        ];
        let kept: HashSet<&str> = KEPT.into_iter().chain(["span"]).collect();
        for sent in set {
            let once = reduce(sent);
            for tag in once.split('<').skip(1) {
                let name: String =
                    tag.trim_start_matches('/').chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
                assert!(kept.contains(name.as_str()), "{sent} → {once}");
                let inside = tag.split('>').next().unwrap();
                assert!(!inside.contains('=') || inside.starts_with("span class=\"address\""), "{sent} → {once}");
            }
            // What a browser parses again stays what it is.
            let bare = once.replace("<span class=\"address\">", "").replace("</span>", "").replace("&quot;", "\"");
            assert_eq!(reduce(&bare), bare, "{sent}");
        }
    }

    #[test]
    fn depth_and_repetition_do_not_bring_it_down() {
        for piece in
            ["<div>", "<b>", "<font size=1>", "<table><tr><td>", "<a href=https://x.example>", "<blockquote><p>"]
        {
            let reduced = reduce(&format!("{}Bonjour & <i>bienvenue</i>", piece.repeat(50_000)));
            assert_eq!(reduced, "<p>Bonjour & bienvenue</p>", "{piece}");
        }
        assert_eq!(reduce(&format!("a{}", "<br>b</p></div>".repeat(300))).matches("<br>").count(), 300);
        let reply = "<blockquote><div>".repeat(60) + "tout au fond" + &"</div></blockquote>".repeat(60);
        assert_eq!(reduce(&reply), reply);
        for sent in ["<", ">", "<b", "a < b", "<script>alert(1)</script>"] {
            let bare = bare_text(sent);
            assert_eq!(bare.matches('<').count(), 2, "{bare}");
        }
    }
}
