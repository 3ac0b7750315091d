//! What somebody wrote now, of all the lines of an answer: quotes, what introduces them, signatures, disclaimers and
//! what telephones add are cut.
//!
//! Some lines are left out and the text goes on behind them (quotes: people answer below them too); from others on
//! nothing counts any more (the header of a copied message, a signature, a disclaimer).

use zeroize::Zeroizing;

/// From here on nothing is the writer's.
pub(super) const END: &str = "\n\u{1}\n";

/// The lines that were written now, trimmed, without empty ones. `writers`: folded names of who signs.
pub(super) fn said(text: &str, writers: &[String]) -> Vec<Zeroizing<String>> {
    let lines = lines(text);
    let mut kept = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let ahead = lines.get(at..).unwrap_or_default();
        if is_end(ahead) || signs(line, writers) {
            break;
        }
        match introduction(ahead) {
            Some((many, true)) => at += many,
            // What follows is a copy that nothing marks.
            Some((_, false)) => break,
            None => {
                if !line.is_empty() && !is_quoted(line) && !is_picture(line) {
                    kept.push(line.clone());
                }
                at += 1;
            }
        }
    }
    kept
}

/// The lines that a writer puts into every message: what is not quoted, signature and all.
pub(super) fn own(text: &str) -> Vec<Zeroizing<String>> {
    let lines = lines(text);
    let copied = |at: &usize| lines.get(*at..).is_some_and(|ahead| is_copy(ahead) || introduction(ahead).is_some());
    let end = (0..lines.len()).find(copied).unwrap_or(lines.len());
    lines.into_iter().take(end).filter(|line| !is_quoted(line)).collect()
}

/// A text as names and marks are compared: lower case, letters and digits, single spaces.
pub(super) fn folded(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(str::to_lowercase).filter(|word| !TITLES.contains(&word.as_str())).collect();
    words.join(" ")
}

/// Lines as they are read: no invisible characters, plain apostrophes, addresses of the web taken out.
fn lines(text: &str) -> Vec<Zeroizing<String>> {
    let clean = |line: &str| {
        let visible = line.chars().filter(|c| !is_invisible(*c)).map(|c| match c {
            '\u{2019}' => '\'',
            c if c.is_whitespace() => ' ',
            c => c,
        });
        let visible = Zeroizing::new(visible.collect::<String>());
        // `<https://…>`, `<tel:+33…>`: what stands beside is what was written.
        let mut out = Zeroizing::new(String::with_capacity(visible.len()));
        for (n, word) in visible.trim().split(' ').enumerate() {
            if n > 0 {
                out.push(' ');
            }
            let cut = LINKS.iter().filter_map(|link| word.find(link)).min().unwrap_or(word.len());
            out.push_str(word.get(..cut).unwrap_or_default());
        }
        Zeroizing::new(out.trim().to_owned())
    };
    text.lines().take(MOST_LINES).map(clean).collect()
}

/// Whether nothing from here on was written now.
fn is_end(ahead: &[Zeroizing<String>]) -> bool {
    let Some(line) = ahead.first() else { return true };
    let lower = line.to_lowercase();
    let lower = lower.trim_start_matches(['*', '_', ' ']);
    let begins = |words: &[&str]| words.iter().any(|word| lower.starts_with(word));
    is_copy(ahead)
        || matches!(line.as_str(), "--" | "-- " | "\u{2014}" | "\u{2013}")
        || begins(FOOTERS)
        || begins(DISCLAIMERS)
        || (line.chars().count() <= LONGEST_CLOSING && begins(CLOSINGS))
}

/// Whether a copy of another message begins here: a line of dashes, or its header.
fn is_copy(ahead: &[Zeroizing<String>]) -> bool {
    let Some(line) = ahead.first() else { return false };
    let ruled = |mark: char, most: usize| line.chars().take_while(|c| *c == mark).count() >= most;
    if line.as_str() == END.trim() || ruled('-', 4) || ruled('_', 8) {
        return true;
    }
    let field = |line: &str, names: &[&str]| {
        let lower = line.to_lowercase();
        let bare = lower.trim_start_matches(['*', '>', ' ']);
        names.iter().any(|name| {
            bare.strip_prefix(name).is_some_and(|rest| rest.trim_start_matches(['*', ' ']).starts_with(':'))
        })
    };
    let others = ahead.iter().skip(1).filter(|line| !line.is_empty()).take(4);
    field(line, FROMS) && others.filter(|line| field(line, FIELDS)).count() > 0
}

/// How many lines here introduce a quote (`Le 12 mars 2026 à 09:40, X a écrit :`, cut into up to three), and whether
/// the quote is marked as one. `None`: none do.
fn introduction(ahead: &[Zeroizing<String>]) -> Option<(usize, bool)> {
    let first = ahead.first()?.to_lowercase();
    if !INTRODUCTIONS.iter().any(|begin| first.starts_with(begin)) && !first.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut joined = Zeroizing::new(String::new());
    for (n, line) in ahead.iter().take(4).enumerate() {
        // It begins there, and not here.
        let begins = n > 0 && SURE.iter().any(|begin| line.to_lowercase().starts_with(begin));
        if line.is_empty() || begins {
            return None;
        }
        joined.push_str(&line.to_lowercase());
        joined.push(' ');
        let said = joined.trim_end().trim_end_matches(':').trim_end();
        if joined.trim_end().ends_with(':') && WROTE.iter().any(|verb| said.ends_with(verb)) {
            let next = ahead.iter().skip(n + 1).find(|line| !line.is_empty());
            // A bottom of nothing: whatever was quoted was left out.
            return Some((n + 1, next.is_none_or(|next| is_quoted(next))));
        }
    }
    None
}

fn is_quoted(line: &str) -> bool {
    line.starts_with('>') || line.starts_with("&gt;")
}

/// `[cid:image001.png@01D9]`, `[image: logo]`.
fn is_picture(line: &str) -> bool {
    line.starts_with("[cid:") || line.starts_with("[image") || line.starts_with("[Image")
}

/// Whether a line is the writer's own name, with which a signature begins.
fn signs(line: &str, writers: &[String]) -> bool {
    if line.chars().count() > LONGEST_NAME {
        return false;
    }
    let line = folded(line);
    !line.is_empty() && writers.iter().any(|name| line == *name || line.starts_with(&format!("{name} ")))
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{ad}')
        || ('\u{fe00}'..='\u{fe0f}').contains(&c)
}

const LINKS: &[&str] = &["<http", "<tel:", "<mailto:", "http://", "https://", "tel:", "mailto:", "<sip:"];
const TITLES: &[&str] =
    &["dr", "docteur", "doctor", "dott", "dottssa", "dottore", "doctora", "pr", "prof", "professeur"];

const FROMS: &[&str] = &["de", "from", "da", "от", "von", "expéditeur", "mittente"];
const FIELDS: &[&str] = &[
    "envoyé",
    "date",
    "sent",
    "inviato",
    "data",
    "enviado",
    "fecha",
    "отправлено",
    "дата",
    "gesendet",
    "à",
    "a",
    "to",
    "para",
    "кому",
    "an",
    "objet",
    "subject",
    "oggetto",
    "asunto",
    "тема",
    "betreff",
    "cc",
    "répondre à",
    "reply-to",
];

const INTRODUCTIONS: &[&str] = &[
    "le ", "on ", "il ", "el ", "am ", "в ", "пн", "вт", "ср", "чт", "пт", "сб", "вс", "lun", "mar", "mer", "jeu",
    "ven", "sam", "dim", "mon", "tue", "wed", "thu", "fri", "sat", "sun", "en date",
];
/// Those with which no name begins.
const SURE: &[&str] = &["le ", "on ", "il ", "el ", "am ", "в "];
const WROTE: &[&str] = &[
    "a écrit",
    "a ecrit",
    "wrote",
    "ha scritto",
    "escribió",
    "escribio",
    "пишет",
    "написал",
    "написал(а)",
    "написала",
    "schrieb",
];

/// What telephones and programs put at the end.
const FOOTERS: &[&str] = &[
    "envoyé de mon",
    "envoyé depuis",
    "envoyé à partir de",
    "envoyé avec",
    "envoyé via",
    "envoyé par",
    "sent from",
    "sent via",
    "sent with",
    "get outlook",
    "obtenir outlook",
    "obtenez outlook",
    "télécharger outlook",
    "téléchargez outlook",
    "provenance : courrier",
    "provenance: courrier",
    "inviato da",
    "inviato dal",
    "ottieni outlook",
    "scarica outlook",
    "enviado desde",
    "enviado de",
    "obtener outlook",
    "obtén outlook",
    "отправлено с ",
    "отправлено из ",
    "скачать outlook",
    "von meinem",
    "gesendet von",
];

/// How people take their leave.
const CLOSINGS: &[&str] = &[
    "cordialement",
    "bien cordialement",
    "très cordialement",
    "bien à vous",
    "confraternellement",
    "bien confraternellement",
    "amicalement",
    "sincères salutations",
    "salutations",
    "respectueusement",
    "best regards",
    "kind regards",
    "regards",
    "best wishes",
    "sincerely",
    "cordiali saluti",
    "distinti saluti",
    "cordialmente",
    "saluti",
    "un saludo",
    "saludos",
    "atentamente",
    "с уважением",
    "всего доброго",
];

/// How the small print begins.
const DISCLAIMERS: &[&str] = &[
    "ce message et",
    "ce message est",
    "ce message, ",
    "ce courriel",
    "ce mail ",
    "cet e-mail",
    "cet email",
    "confidentialité",
    "avertissement",
    "avis de confidentialité",
    "pensez à l'environnement",
    "n'imprimez",
    "this e-mail",
    "this email",
    "this message",
    "the information",
    "the contents of",
    "disclaimer",
    "confidential",
    "please consider",
    "questo messaggio",
    "questa e-mail",
    "questa email",
    "le informazioni",
    "avvertenza",
    "este mensaje",
    "este correo",
    "aviso legal",
    "aviso de confidencialidad",
    "это сообщение",
    "данное сообщение",
    "настоящее сообщение",
];

const LONGEST_CLOSING: usize = 60;
const LONGEST_NAME: usize = 80;
const MOST_LINES: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn left(text: &str) -> Vec<String> {
        said(text, &[folded("Dr Claire Martin")]).iter().map(|line| line.as_str().to_owned()).collect()
    }

    #[test]
    fn what_was_not_written_now_is_cut() {
        for (text, wanted) in [
            ("a\n\nb", &["a", "b"][..]),
            ("a\n> b\n>> c\nd", &["a", "d"]),
            ("a\nLe 12/03/2026 à 09:40, Pli a écrit :\n> b", &["a"]),
            ("Le ven. 12 mars 2026\nà 09:40, Pli <pli@cabinet.example>\na écrit :\n\n> b\n\na", &["a"]),
            ("On 12 Mar 2026, at 09:40, Pli wrote:\nb", &[]),
            ("a\nOn 12 Mar 2026, at 09:40, Pli wrote:\nb", &["a"]),
            ("a\n12.03.2026 09:40, Pli пишет:\n> b\nc", &["a", "c"]),
            ("Le résultat est bon\na", &["Le résultat est bon", "a"]),
            ("a\n-----Message d'origine-----\nb", &["a"]),
            ("a\n________________________________\nb", &["a"]),
            ("a\nDe : Pli <pli@x>\nEnvoyé : vendredi\nb", &["a"]),
            ("a\n*De :* Pli\n*Date :* vendredi\nb", &["a"]),
            ("a\nDe: Pli\nb\nc", &["a", "De: Pli", "b", "c"]),
            ("a\n-- \nb", &["a"]),
            ("a\nEnvoyé de mon iPhone\nb", &["a"]),
            ("a\nBien cordialement,\nb", &["a"]),
            (
                "Cordialement, je vous donne le numéro que vous avez demandé hier soir au cabinet",
                &["Cordialement, je vous donne le numéro que vous avez demandé hier soir au cabinet"],
            ),
            ("a\nDr Claire MARTIN\nb", &["a"]),
            ("a\nClaire Martin, médecin\nb", &["a"]),
            ("a\nCe message et ses pièces jointes sont confidentiels\nb", &["a"]),
            ("[cid:logo]\na", &["a"]),
            ("a <tel:+33493001122> <https://x.example/0612345678>", &["a"]),
            ("a\u{200b}\u{202d}b\u{202c}", &["ab"]),
        ] {
            assert_eq!(left(text), wanted, "{text}");
        }
    }
}
