//! Receipts: which message, and what became of it (§5.3.2.12, §5.3.2.35, appendix B).

use crate::domain::FailureClass;
use crate::gateway::Progress;

use super::pdu::Delivered;

/// What a receipt says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Receipt {
    /// The message, as the SMSC calls it here.
    pub id: String,
    /// Whether the id is the one of the answer (`receipted_message_id`), rather than one written in the text.
    pub receipted: bool,
    pub progress: Progress,
}

/// A receipt, if it is one.
pub(super) fn read(delivered: &Delivered) -> Option<Receipt> {
    // §5.2.12: bits 2 to 5 say what kind of message it is; 0x04 is a receipt.
    let told = String::from_utf8_lossy(&delivered.text);
    let of_text = |name: &str| {
        let lower = told.to_ascii_lowercase();
        let at = lower.find(name)? + name.len();
        let value = told.get(at..)?.split(|c: char| c.is_ascii_whitespace()).next()?;
        (!value.is_empty() && value.len() <= 64).then(|| value.to_owned())
    };
    if delivered.esm_class & 0x3c != 0x04 && delivered.receipted.is_none() {
        return None;
    }
    let receipted = delivered.receipted.clone().filter(|id| !id.is_empty() && id.len() <= 64);
    let (id, receipted) = match receipted {
        Some(id) => (id, true),
        None => (of_text("id:")?, false),
    };
    let error = of_text("err:").unwrap_or_default();
    let state = delivered.state.map_or_else(|| of_text("stat:").unwrap_or_default(), |state| word(state).to_owned());
    // Error 001 is an unknown subscriber in the lists that most SMSCs follow.
    let unknown = error.trim_start_matches('0') == "1";
    let progress = match state.to_ascii_uppercase().as_str() {
        "DELIVRD" => Progress::Delivered,
        "UNDELIV" | "REJECTD" if unknown => Progress::Failed(FailureClass::UnknownNumber),
        "UNDELIV" | "EXPIRED" => Progress::Failed(FailureClass::Absent),
        "REJECTD" | "DELETED" => Progress::Failed(FailureClass::Refused),
        _ => Progress::Waiting,
    };
    Some(Receipt { id, receipted, progress })
}

fn word(state: u8) -> &'static str {
    match state {
        2 => "DELIVRD",
        3 => "EXPIRED",
        4 => "DELETED",
        5 => "UNDELIV",
        8 => "REJECTD",
        _ => "ENROUTE",
    }
}

/// How an SMSC writes message ids in its answers and in the text of its receipts; many do so differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum MessageIds {
    /// Alike.
    #[default]
    Same,
    /// Hexadecimal in answers, decimal in receipts.
    HexThenDecimal,
    /// Decimal in answers, hexadecimal in receipts.
    DecimalThenHex,
}

impl MessageIds {
    /// The one form of an id of an answer.
    pub fn answered(self, id: &str) -> String {
        normal(id, (self == Self::HexThenDecimal).then_some(16).or((self == Self::DecimalThenHex).then_some(10)))
    }

    /// The one form of an id in the text of a receipt.
    pub fn told(self, id: &str) -> String {
        normal(id, (self == Self::HexThenDecimal).then_some(10).or((self == Self::DecimalThenHex).then_some(16)))
    }
}

/// Zeros before it and its case say nothing.
fn normal(id: &str, radix: Option<u32>) -> String {
    let id = id.trim();
    let bare = id.trim_start_matches('0').to_ascii_lowercase();
    // Zero is a name as well, and not none at all.
    let bare = if bare.is_empty() && !id.is_empty() { "0".to_owned() } else { bare };
    match radix.and_then(|radix| u64::from_str_radix(&bare, radix).ok()) {
        Some(number) => number.to_string(),
        None => bare,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(text: &str, receipted: Option<&str>, state: Option<u8>) -> Option<Receipt> {
        let receipted = receipted.map(str::to_owned);
        read(&Delivered { esm_class: 4, text: text.as_bytes().to_vec(), receipted, state })
    }

    #[test]
    fn receipts_are_read_in_both_forms() {
        let text = |stat: &str, err: &str| {
            format!("id:0A1f sub:001 dlvrd:001 submit date:2611272210 done date:2611272210 stat:{stat} err:{err} text:x")
        };
        use FailureClass as Class;
        for (stat, err, progress) in [
            ("DELIVRD", "000", Progress::Delivered),
            ("UNDELIV", "001", Progress::Failed(Class::UnknownNumber)),
            ("UNDELIV", "027", Progress::Failed(Class::Absent)),
            ("EXPIRED", "000", Progress::Failed(Class::Absent)),
            ("REJECTD", "011", Progress::Failed(Class::Refused)),
            ("REJECTD", "001", Progress::Failed(Class::UnknownNumber)),
            ("DELETED", "000", Progress::Failed(Class::Refused)),
            ("ACCEPTD", "000", Progress::Waiting),
            ("UNKNOWN", "000", Progress::Waiting),
        ] {
            let expected = Receipt { id: "0A1f".to_owned(), receipted: false, progress };
            assert_eq!(receipt(&text(stat, err), None, None), Some(expected), "{stat}");
        }
        let progress = Progress::Delivered;
        assert_eq!(receipt("", Some("77"), Some(2)), Some(Receipt { id: "77".to_owned(), receipted: true, progress }));
        assert_eq!(receipt("STOP", None, None), None);
        let mo = Delivered { esm_class: 0, text: b"id:7 stat:DELIVRD".to_vec(), receipted: None, state: None };
        assert!(read(&mo).is_none(), "what a person writes is no receipt");
    }

    #[test]
    fn ids_meet_as_the_settings_say() {
        use MessageIds::{DecimalThenHex, HexThenDecimal, Same};
        for (ids, answered, told, same) in [
            (Same, "0A1F", "a1f", true),
            (Same, "00077", "77", true),
            (Same, "77", "119", false),
            (Same, "0", "000", true),
            (Same, "0", "", false),
            (HexThenDecimal, "0A1F", "2591", true),
            (HexThenDecimal, "77", "0000119", true),
            (HexThenDecimal, "77", "77", false),
            (DecimalThenHex, "2591", "0a1f", true),
            (HexThenDecimal, "x-9", "X-9", true),
        ] {
            assert_eq!(ids.answered(answered) == ids.told(told), same, "{ids:?} {answered} {told}");
        }
    }
}
