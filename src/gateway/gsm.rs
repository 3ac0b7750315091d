//! Short messages as they travel: GSM 03.38's alphabet or UCS-2, in as many parts as they take (3GPP TS 23.038 §6.2,
//! 23.040 §9.2.3.24).

/// The default alphabet, each one septet; the escape (0x1B) stands before Æ and is left out.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const ESCAPE: u8 = 0x1b;
/// Its extension, each two septets: the escape, and this.
const EXTENDED: [(char, u8); 10] = [
    ('\u{c}', 0x0a),
    ('^', 0x14),
    ('{', 0x28),
    ('}', 0x29),
    ('\\', 0x2f),
    ('[', 0x3c),
    ('~', 0x3d),
    (']', 0x3e),
    ('|', 0x40),
    ('€', 0x65),
];

/// A text, ready to travel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Encoded {
    /// Whether it is in the default alphabet, a septet an octet; else UCS-2, big-endian.
    pub gsm: bool,
    /// Its parts.
    pub parts: Vec<Vec<u8>>,
}

/// Whether a text is written in the default alphabet alone.
pub(super) fn is_gsm(text: &str) -> bool {
    text.chars().all(|c| septets(c).is_some())
}

/// How many parts a text takes, at least one.
pub fn parts(text: &str) -> u32 {
    u32::try_from(encoded(text).parts.len()).unwrap_or(u32::MAX)
}

/// A text in parts: 160 septets or 70 UCS-2 units in one, 153 or 67 in each of several, none of which cuts an escape
/// sequence or a surrogate pair.
pub(super) fn encoded(text: &str) -> Encoded {
    let gsm = is_gsm(text);
    let units = |c: char| -> Vec<u8> {
        if gsm {
            return septets(c).unwrap_or_default();
        }
        c.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| unit.to_be_bytes()).collect()
    };
    let (whole, each) = if gsm { (160, 153) } else { (140, 134) };
    let all: Vec<Vec<u8>> = text.chars().map(units).collect();
    let most = if all.iter().map(Vec::len).sum::<usize>() <= whole { whole } else { each };
    let mut parts = vec![Vec::new()];
    for units in all {
        match parts.last_mut() {
            Some(part) if part.len() + units.len() <= most => part.extend(units),
            _ => parts.push(units),
        }
    }
    Encoded { gsm, parts }
}

/// The septets of a character, if it has any.
fn septets(c: char) -> Option<Vec<u8>> {
    if let Some((_, septet)) = EXTENDED.iter().find(|(known, _)| *known == c) {
        return Some(vec![ESCAPE, *septet]);
    }
    let at = u8::try_from(BASIC.chars().position(|known| known == c)?).ok()?;
    Some(vec![if at < ESCAPE { at } else { at + 1 }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_take_as_many_parts_as_networks_say() {
        for (text, wanted) in [
            (String::new(), 1),
            ("a".repeat(160), 1),
            ("a".repeat(161), 2),
            ("a".repeat(306), 2),
            ("a".repeat(307), 3),
            ("€".repeat(80), 1),
            ("€".repeat(81), 2),
            // An escape sequence is not cut: 76 of them fit where 153 septets are.
            ("€".repeat(153), 3),
            ("п".repeat(70), 1),
            ("п".repeat(71), 2),
            ("п".repeat(134), 2),
            ("п".repeat(135), 3),
            ("😀".repeat(35), 1),
            ("😀".repeat(36), 2),
            // A pair is not cut: 33 of them fit where 67 units are.
            ("😀".repeat(67), 3),
            ("é".repeat(160), 1),
            ("ê".repeat(71), 2),
        ] {
            assert_eq!(parts(&text), wanted, "{} × {:?}", text.chars().count(), text.chars().next());
        }
        assert!(is_gsm("Votre code : 123456 (lettres AC).\n\n@lettre.example #123456") && !is_gsm("’"));
    }

    #[test]
    fn letters_stand_where_the_alphabet_has_them() {
        for (c, septets) in [
            ('@', &[0x00][..]),
            ('\n', &[0x0a]),
            ('Δ', &[0x10]),
            ('Ξ', &[0x1a]),
            ('Æ', &[0x1c]),
            ('É', &[0x1f]),
            (' ', b" "),
            ('?', b"?"),
            ('¡', &[0x40]),
            ('A', b"A"),
            ('§', &[0x5f]),
            ('¿', &[0x60]),
            ('z', b"z"),
            ('à', &[0x7f]),
            ('€', &[0x1b, 0x65]),
        ] {
            assert_eq!(encoded(&c.to_string()).parts, [septets], "{c}");
        }
        let russian = encoded("Ж😀");
        assert_eq!((russian.gsm, russian.parts), (false, vec![vec![0x04, 0x16, 0xd8, 0x3d, 0xde, 0x00]]));
    }
}
