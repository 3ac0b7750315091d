//! What loads a link's page, told from the request alone: Fetch Metadata (<https://w3c.github.io/webappsec-fetch-metadata/>),
//! the purpose of a load ahead of its reader, the method.
//!
//! Scripts cannot set these fields, and scanners that are no browsers have not taken to writing them. User agents and
//! addresses are not looked at: they are somebody's, and say what a scanner wants. `Sec-Fetch-User` is not asked for, since
//! Safari never sends it; a scanner that drives a browser sends everything that the browser does.

use axum::http::{HeaderMap, Method};

use crate::domain::Visit;

/// What kind of visitor sent a request for a page.
pub(super) fn of(method: &Method, headers: &HeaderMap) -> Visit {
    let said =
        |name: &str| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase());
    let ahead = |name: &&str| said(name).is_some_and(|said| AHEAD.iter().any(|word| said.contains(word)));
    if method == Method::HEAD || PURPOSES.iter().any(ahead) {
        return Visit::Machine;
    }
    match (said("sec-fetch-mode").as_deref(), said("sec-fetch-dest").as_deref()) {
        (None, None) => Visit::Unsigned,
        // Browsers of 2019 had the mode, and not yet where it goes.
        (Some("navigate"), None | Some("document")) => Visit::Browser,
        _ => Visit::Machine,
    }
}

/// Fields in which a browser or a mail client says that nobody looks yet.
const PURPOSES: [&str; 4] = ["sec-purpose", "purpose", "x-purpose", "x-moz"];
/// What they say.
const AHEAD: [&str; 3] = ["prefetch", "prerender", "preview"];

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(method: &Method, fields: &[(&'static str, &'static str)]) -> Visit {
        let pairs = fields.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        of(method, &pairs.collect())
    }

    #[test]
    fn visitors_are_told_apart_by_what_their_program_cannot_help_sending() {
        const CHROME: [(&str, &str); 4] = [
            ("sec-fetch-site", "none"),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-user", "?1"),
            ("sec-fetch-dest", "document"),
        ];
        const SAFARI: [(&str, &str); 3] =
            [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        for fields in [&CHROME[..], &SAFARI, &[("sec-fetch-mode", "navigate")]] {
            assert_eq!(visit(&Method::GET, fields), Visit::Browser, "{fields:?}");
            assert_eq!(visit(&Method::HEAD, fields), Visit::Machine, "{fields:?}");
            for ahead in [
                ("sec-purpose", "prefetch"),
                ("sec-purpose", "prefetch;prerender"),
                ("purpose", "prefetch"),
                ("x-purpose", "preview"),
                ("x-moz", "prefetch"),
            ] {
                assert_eq!(visit(&Method::GET, &[fields, &[ahead]].concat()), Visit::Machine, "{ahead:?}");
            }
        }
        for fields in [
            &[("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")][..],
            &[("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")],
            &[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")],
            &[("sec-fetch-dest", "document")],
            &[("sec-fetch-mode", "")],
        ] {
            assert_eq!(visit(&Method::GET, fields), Visit::Machine, "{fields:?}");
        }
        // What a user agent calls itself is nothing to go by, either way.
        for agent in ["Mozilla/5.0 (iPhone; CPU iPhone OS 15_0 like Mac OS X)", "SafeLinks", "curl/8"] {
            assert_eq!(visit(&Method::GET, &[("user-agent", agent)]), Visit::Unsigned, "{agent}");
        }
    }
}
