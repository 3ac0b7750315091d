//! What may be telephone numbers in lines of text: runs of digits as people write them. Which are numbers, and whose,
//! the numbering plans say elsewhere.

use zeroize::Zeroizing;

/// So many of a text are kept; who writes more has said nothing.
pub const MOST: usize = 8;

/// The runs of these lines that have as many digits as a telephone number, and are no date.
pub(super) fn of<L: AsRef<str>>(lines: &[L]) -> Vec<Zeroizing<String>> {
    let mut found = Vec::new();
    for line in lines {
        let mut run = String::new();
        // A run that hangs on a letter is a reference, not a number.
        let (mut before, mut hangs) = (' ', false);
        for c in line.as_ref().chars().chain(['\0']) {
            let c = plain(c);
            let goes_on = c.is_ascii_digit() || SEPARATORS.contains(&c);
            let begins = c.is_ascii_digit() || c == '(';
            match c {
                '+' => {
                    keep(&mut found, &mut run, hangs);
                    (run, hangs) = ("+".to_owned(), is_letter(before));
                }
                _ if run.is_empty() && begins => (run, hangs) = (c.to_string(), is_letter(before)),
                _ if !run.is_empty() && goes_on => run.push(c),
                _ => {
                    let hangs = hangs || (is_letter(c) && run.ends_with(|c: char| c.is_ascii_digit()));
                    keep(&mut found, &mut run, hangs);
                }
            }
            before = c;
        }
    }
    found.truncate(MOST);
    found
}

/// Keeps what a run holds: numbers that stand side by side are several.
fn keep(found: &mut Vec<Zeroizing<String>>, run: &mut String, hangs: bool) {
    let run = Zeroizing::new(std::mem::take(run));
    if hangs {
        return;
    }
    for one in run.split("  ").flat_map(|one| one.split(" / ")).flat_map(|one| one.split(" - ")) {
        let one = one.trim_matches(|c: char| !c.is_ascii_digit() && !matches!(c, '+' | '('));
        let digits = one.chars().filter(char::is_ascii_digit).count();
        if (FEWEST_DIGITS..=MOST_DIGITS).contains(&digits) && !is_date(one) && found.len() <= MOST {
            found.push(Zeroizing::new(one.to_owned()));
        }
    }
}

/// `12/03/2026`, `12.03.26 09`, `2026-03-12`.
fn is_date(run: &str) -> bool {
    let pieces: Vec<&str> = run.split(['/', '.', '-', ' ']).filter(|piece| !piece.is_empty()).collect();
    let is_year = |piece: &str| piece.len() == 4 && (piece.starts_with("19") || piece.starts_with("20"));
    let short = |piece: &&str| piece.len() <= 2;
    match pieces.as_slice() {
        [day, month, year, rest @ ..] if is_year(year) => {
            short(day) && short(month) && rest.iter().all(|p| p.len() <= 2)
        }
        [year, month, day, rest @ ..] if is_year(year) => {
            short(month) && short(day) && rest.iter().all(|p| p.len() <= 2)
        }
        _ => false,
    }
}

/// A character as a number may have it: separators of every kind as one, digits as digits.
fn plain(c: char) -> char {
    match c {
        '\u{ff10}'..='\u{ff19}' => char::from_digit(u32::from(c) - 0xff10, 10).unwrap_or(' '),
        '\u{ff0b}' => '+',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{b7}' => '.',
        c if c.is_whitespace() => ' ',
        c => c,
    }
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

const SEPARATORS: &[char] = &[' ', '.', '-', '/', '(', ')'];
const FEWEST_DIGITS: usize = 8;
const MOST_DIGITS: usize = 17;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_from_other_digits() {
        for (text, wanted) in [
            ("06 12 34 56 78", &["06 12 34 56 78"][..]),
            ("c'est le 06.12.34.56.78.", &["06.12.34.56.78"]),
            ("06/12/34/56/78", &["06/12/34/56/78"]),
            ("+33 (0)6 12-34-56-78, merci", &["+33 (0)6 12-34-56-78"]),
            ("(+39) 333 123 4567", &["+39) 333 123 4567"]),
            ("+377 6 12 34 56 78", &["+377 6 12 34 56 78"]),
            ("06\u{a0}12\u{202f}34\u{2011}56 78", &["06 12 34-56 78"]),
            ("\u{ff10}\u{ff16} 12 34 56 78", &["06 12 34 56 78"]),
            ("06 12 34 56 78 / 04 93 00 11 22", &["06 12 34 56 78", "04 93 00 11 22"]),
            ("06 12 34 56 78 ou 07 00 00 00 01", &["06 12 34 56 78", "07 00 00 00 01"]),
            ("06 12 34 56 78+33 7 00 00 00 01", &["06 12 34 56 78", "+33 7 00 00 00 01"]),
            ("le 12/03/2026 \u{e0} 9:40", &[]),
            ("2026-03-12 09:40", &[]),
            ("12.03.1957", &[]),
            ("dossier A0612345678", &[]),
            ("0612345678B", &[]),
            ("06000 Nice", &[]),
            ("\u{2022}\u{2022} \u{2022}\u{2022} \u{2022}\u{2022} 56 78", &[]),
            ("6 12 34 56 78", &["6 12 34 56 78"]),
        ] {
            let found: Vec<String> = of(&[text]).iter().map(|number| number.as_str().to_owned()).collect();
            assert_eq!(found, wanted, "{text}");
        }
        assert_eq!(of(&["06 12 34 56 78  ".repeat(100)]).len(), MOST);
    }
}
