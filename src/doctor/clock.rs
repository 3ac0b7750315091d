//! The clock of this machine against others': codes, links and certificates hang on it.

use crate::domain::Timestamp;

use super::Finding;

/// The clock here, that of a database on another machine, and the Date of a provider, where they could be had.
pub(super) fn judge(now: Timestamp, database: Option<Timestamp>, world: Option<Timestamp>) -> Finding {
    let others = [("the database", database), ("a provider", world)];
    let known: Vec<(&str, i64)> =
        others.iter().filter_map(|(who, at)| Some((*who, now.0.saturating_sub((*at)?.0) / 1000))).collect();
    let Some((who, off)) = known.iter().max_by_key(|(_, off)| off.unsigned_abs()) else {
        return Finding::warn(
            "clock",
            "unknown whether it is right: nobody else's clock could be asked; run chrony or systemd-timesyncd",
        );
    };
    let way = if *off > 0 { "ahead of" } else { "behind" };
    let text = format!("{} s {way} {who}; set it by chrony or systemd-timesyncd", off.unsigned_abs());
    match off.unsigned_abs() {
        0..=5 => Finding::ok("clock", format!("within 5 s of {who}")),
        6..=60 => Finding::warn("clock", text),
        _ => Finding::fail("clock", text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    #[test]
    fn a_wrong_clock_is_told_and_an_unknown_one_is_unknown() {
        let now = Timestamp(1_800_000_000_000);
        let off = |seconds: i64| Some(Timestamp(now.0 + seconds * 1000));
        assert_eq!(judge(now, off(0), off(-5)).level, Level::Ok);
        assert_eq!(judge(now, off(30), None).level, Level::Warn);
        let ahead = judge(now, off(0), off(-3600));
        assert!(ahead.level == Level::Fail && ahead.text.starts_with("3600 s ahead of a provider"), "{}", ahead.text);
        assert!(judge(now, None, None).text.starts_with("unknown"));
    }
}
