//! The cells of a letter's tables: every header says of which cells it is, so that a screen reader can tell them (RGAA
//! 4.1 §5.7).
//!
//! What the sender wrote of it stays: `scope`, and `headers` with the ids that they name. A header of which nothing is
//! written is of its column, or of its row where it begins one that has other cells.

use std::collections::HashMap;

/// Whether a value is one name, or a few: of letters and digits, so that nothing in it means anything in HTML.
pub(super) fn is_named(value: &str) -> bool {
    let names = value.split_ascii_whitespace();
    let built = |name: &str| {
        name.len() <= 64 && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_.:".contains(&octet))
    };
    names.clone().count() > 0 && names.clone().count() <= MOST_NAMES && names.into_iter().all(built)
}

/// The text with its headers bound to their cells. `clean` is well-formed, and no value of a cell holds a quote or an
/// angle bracket; ids begin with `t{number}-`, and each is there once.
pub(super) fn headed(clean: &str, number: usize) -> String {
    let mut ids = HashMap::<&str, (usize, usize)>::new();
    for (at, tag) in tags(clean) {
        if let Some(id) = is_cell(tag).then(|| attribute(tag, "id")).flatten() {
            let next = ids.len();
            ids.entry(id).or_insert((at, next));
        }
    }
    let scopes = scopes(clean);
    let mut text = String::with_capacity(clean.len());
    for (at, piece) in clean.split('<').enumerate() {
        if at > 0 {
            text.push('<');
        }
        let Some((tag, shown)) = piece.split_once('>').filter(|(tag, _)| at > 0 && is_cell(tag)) else {
            text.push_str(piece);
            continue;
        };
        text.push_str(tag.get(..2).unwrap_or_default());
        let mut write = |name: &str, value: &str| text.push_str(&format!(" {name}=\"{value}\""));
        for name in ["colspan", "rowspan", "lang"] {
            attribute(tag, name).into_iter().for_each(|value| write(name, value));
        }
        let id = attribute(tag, "id").and_then(|id| ids.get(id)).filter(|(first, _)| *first == at);
        let scope = attribute(tag, "scope").or_else(|| scopes.get(&at).copied().filter(|_| id.is_none()));
        scope.into_iter().for_each(|scope| write("scope", scope));
        id.into_iter().for_each(|(_, id)| write("id", &format!("t{number}-{id}")));
        let named = attribute(tag, "headers").unwrap_or_default().split_ascii_whitespace();
        let named: Vec<String> =
            named.filter_map(|name| ids.get(name)).map(|(_, id)| format!("t{number}-{id}")).collect();
        if !named.is_empty() {
            write("headers", &named.join(" "));
        }
        text.push('>');
        text.push_str(shown);
    }
    text
}

/// Of what each header is by its place.
fn scopes(clean: &str) -> HashMap<usize, &'static str> {
    let mut found = HashMap::new();
    let mut tables = Vec::<Table>::new();
    for (at, tag) in tags(clean) {
        match tag.split(' ').next().unwrap_or_default() {
            "table" => tables.push(Table::default()),
            "/table" => {
                tables.pop();
            }
            name => {
                let Some(table) = tables.last_mut() else { continue };
                match name {
                    "thead" | "/thead" => table.head = name == "thead",
                    "tr" => table.row.clear(),
                    "/tr" => found.extend(table.of_the_row()),
                    "th" | "td" => table.row.push((at, name == "th")),
                    _ => (),
                }
            }
        }
    }
    found
}

/// A table that is open.
#[derive(Default)]
struct Table {
    head: bool,
    /// The cells of its row: where they stand, and whether they are headers.
    row: Vec<(usize, bool)>,
}

impl Table {
    fn of_the_row(&self) -> impl Iterator<Item = (usize, &'static str)> {
        let others = !self.head && self.row.iter().any(|(_, header)| !header);
        let headers = self.row.iter().enumerate().filter(|(_, (_, header))| *header);
        headers.map(move |(place, (at, _))| (*at, if place == 0 && others { "row" } else { "col" }))
    }
}

/// What stands in angle brackets, by the number of its piece.
fn tags(clean: &str) -> impl Iterator<Item = (usize, &str)> {
    clean.split('<').enumerate().skip(1).filter_map(|(at, piece)| Some((at, piece.split_once('>')?.0)))
}

fn is_cell(tag: &str) -> bool {
    ["td", "th"].iter().any(|name| tag.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')))
}

/// The value of an attribute, as the serialiser wrote it: in double quotes, with none inside.
pub(super) fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let (_, value) = tag.split_once(&format!(" {name}=\""))?;
    value.split_once('"').map(|(value, _)| value)
}

/// Of one cell.
const MOST_NAMES: usize = 16;

#[cfg(test)]
mod tests {
    use crate::portal::{html, pictures::Gallery};

    fn reduce(sent: &str, number: usize) -> String {
        html::reduce(sent, number, &Gallery::new(Vec::new()))
    }

    #[test]
    fn every_header_says_of_which_cells_it_is() {
        for (sent, shown) in [
            (
                "<tr><td></td><th>A</th><th>B</th></tr><tr><th>C</th><td>1</td><td>2</td></tr>",
                "<tr><td></td><th scope=\"col\">A</th><th scope=\"col\">B</th></tr>\
                 <tr><th scope=\"row\">C</th><td>1</td><td>2</td></tr>",
            ),
            (
                "<tr><th scope=row lang=it>A</th><th><table><tr><th>B</th><td>1</td></tr></table></th></tr>",
                "<tr><th lang=\"it\" scope=\"row\">A</th><th scope=\"col\"><table><tbody><tr><th scope=\"row\">B</th>\
                 <td>1</td></tr></tbody></table></th></tr>",
            ),
            (
                "<tr><th id=a colspan=2>A</th><th id=error>B</th></tr><tr><td headers='error a none' id=a>1</td></tr>",
                "<tr><th colspan=\"2\" id=\"t0-0\">A</th><th id=\"t0-1\">B</th></tr>\
                 <tr><td headers=\"t0-1 t0-0\">1</td></tr>",
            ),
            (
                "<tr><th id='a b'>A</th><td headers='none' colspan='2;x' id='&quot;&gt;'>1</td></tr>",
                "<tr><th scope=\"row\">A</th><td>1</td></tr>",
            ),
        ] {
            assert_eq!(reduce(&format!("<table>{sent}</table>"), 0), format!("<table><tbody>{shown}</tbody></table>"));
        }
        assert_eq!(
            reduce("<table><thead><tr><th>A</th><td>B</td></tr></thead></table>", 0),
            "<table><thead><tr><th scope=\"col\">A</th><td>B</td></tr></thead></table>"
        );
    }

    /// Two texts of one letter may come from the same program, with the same ids.
    #[test]
    fn texts_of_one_letter_share_no_id() {
        let sent = "<table><tr><th id=a>A</th><td headers=a>1</td></tr></table>";
        let all: Vec<String> = (0..2).map(|number| reduce(sent, number)).collect();
        assert!(all[0].contains("id=\"t0-0\"") && all[0].contains("headers=\"t0-0\""), "{}", all[0]);
        assert!(all[1].contains("id=\"t1-0\"") && all[1].contains("headers=\"t1-0\""), "{}", all[1]);
    }
}
