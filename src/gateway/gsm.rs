//! How many short messages a text takes: GSM 03.38's alphabet in septets, or UCS-2 (3GPP TS 23.038 §6.2, 23.040 §9.2.3.24).

/// The default alphabet, each one septet.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Its extension, each two: an escape before it.
const EXTENDED: &str = "\u{c}^{}\\[~]|€";

/// Whether a text is written in the default alphabet alone.
pub(super) fn is_gsm(text: &str) -> bool {
    text.chars().all(|c| BASIC.contains(c) || EXTENDED.contains(c))
}

/// How many parts a text takes, at least one: 160 septets or 70 UCS-2 units in one, 153 or 67 in each of several,
/// none of which cuts an escape sequence or a surrogate pair.
pub fn parts(text: &str) -> u32 {
    let gsm = is_gsm(text);
    let width = |c: char| if gsm { 1 + usize::from(EXTENDED.contains(c)) } else { c.len_utf16() };
    let (whole, each) = if gsm { (160, 153) } else { (70, 67) };
    if text.chars().map(width).sum::<usize>() <= whole {
        return 1;
    }
    let (mut count, mut used) = (1_u32, 0);
    for width in text.chars().map(width) {
        if used + width > each {
            (count, used) = (count.saturating_add(1), 0);
        }
        used += width;
    }
    count
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
}
