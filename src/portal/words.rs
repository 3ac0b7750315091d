//! The speaker of one page: its language, its practice's time zone, its present.
//!
//! Dates, times and sizes as people write them: « le 12 avril à 9 h 40 », "12 April at 9:40", « 1,2 Mo ».

use jiff::Zoned;
use jiff::tz::TimeZone;

use crate::domain::{Language, Timestamp};
use crate::texts::{Said, Texts};

/// Says things in one language, at one place, at one moment.
pub(super) struct Words {
    /// Every visible word.
    pub(super) texts: Texts,
    /// The language of the page.
    pub(super) language: Language,
    zone: TimeZone,
    now: Timestamp,
}

impl Words {
    /// A time zone that is not known is read as UTC, which the practice's settings refuse beforehand.
    pub(super) fn new(texts: &Texts, language: Language, timezone: &str, now: Timestamp) -> Self {
        let zone = TimeZone::get(timezone).unwrap_or(TimeZone::UTC);
        Self { texts: texts.clone(), language, zone, now }
    }

    /// A message without arguments.
    pub(super) fn say(&self, id: &str) -> String {
        self.texts.say(self.language, id, &[])
    }

    /// A message with arguments.
    pub(super) fn tell(&self, id: &str, arguments: &[(&str, Said<'_>)]) -> String {
        self.texts.say(self.language, id, arguments)
    }

    /// « le 12 avril à 9 h 40 », today or not.
    pub(super) fn moment(&self, when: Timestamp) -> String {
        let (day, time) = (self.day(when), self.time(when));
        self.tell("portal-moment", &[("day", (&day).into()), ("time", (&time).into())])
    }

    /// « à 9 h 40 », or « le 12 avril à 9 h 40 » when it is not today.
    pub(super) fn at(&self, when: Timestamp) -> String {
        let time = self.time(when);
        if self.is_today(when) {
            self.tell("portal-at-time", &[("time", (&time).into())])
        } else {
            self.tell("portal-at-day-time", &[("day", (&self.day(when)).into()), ("time", (&time).into())])
        }
    }

    /// « le 12 avril à 9 h 40 », today too.
    pub(super) fn on(&self, when: Timestamp) -> String {
        let (day, time) = (self.day(when), self.time(when));
        self.tell("portal-at-day-time", &[("day", (&day).into()), ("time", (&time).into())])
    }

    /// « jusqu’à 9 h 40 », or « jusqu’au 12 avril à 9 h 40 » when it is not today.
    pub(super) fn until(&self, when: Timestamp) -> String {
        let time = self.time(when);
        if self.is_today(when) {
            self.tell("portal-until-time", &[("time", (&time).into())])
        } else {
            self.tell("portal-until-day-time", &[("day", (&self.day(when)).into()), ("time", (&time).into())])
        }
    }

    /// « 12 avril », with the year when it is another one.
    pub(super) fn day(&self, when: Timestamp) -> String {
        let there = self.there(when);
        let year = (there.year() != self.there(self.now).year()).then(|| there.year());
        self.texts.day(self.language, there.day(), there.month(), year)
    }

    /// The last day of a time that ends at `end`: what ends at midnight ends with the day before.
    pub(super) fn last_day(&self, end: Timestamp) -> String {
        self.day(Timestamp(end.0.saturating_sub(1)))
    }

    /// « 9 h 40 ».
    fn time(&self, when: Timestamp) -> String {
        let there = self.there(when);
        self.texts.time(self.language, there.hour(), there.minute())
    }

    /// « 1,2 Mo »: decimal units, as phones show them.
    pub(super) fn size(&self, octets: u64) -> String {
        match octets {
            0..1_000 => self.tell("portal-size-bytes", &[("size", i64::try_from(octets).unwrap_or(0).into())]),
            1_000..1_000_000 => {
                let size = octets.div_ceil(1_000).to_string();
                self.tell("portal-size-kb", &[("size", (&size).into())])
            }
            _ => {
                let tenths = octets.saturating_add(50_000) / 100_000;
                let point = self.say("portal-decimal-point");
                let size = match tenths % 10 {
                    0 => (tenths / 10).to_string(),
                    tenth => format!("{}{point}{tenth}", tenths / 10),
                };
                self.tell("portal-size-mb", &[("size", (&size).into())])
            }
        }
    }

    /// What kind of file a media type is, in a word.
    pub(super) fn kind(&self, media_type: &str) -> String {
        let id = match media_type.split_once('/').unwrap_or((media_type, "")) {
            ("application", "pdf") => "portal-kind-pdf",
            ("image", _) => "portal-kind-image",
            ("audio", _) => "portal-kind-audio",
            ("video", _) => "portal-kind-video",
            ("text", "calendar") => "portal-kind-calendar",
            ("text", _) => "portal-kind-text",
            ("message", _) => "portal-kind-message",
            ("application", "zip" | "gzip" | "x-7z-compressed") => "portal-kind-archive",
            ("application", kind) if kind.contains("sheet") || kind.contains("excel") => "portal-kind-sheet",
            ("application", kind) if kind.contains("word") || kind.contains("opendocument.text") => {
                "portal-kind-document"
            }
            _ => "portal-kind-other",
        };
        self.say(id)
    }

    /// A moment where the practice is.
    pub(super) fn there(&self, when: Timestamp) -> Zoned {
        jiff::Timestamp::from_millisecond(when.0).unwrap_or_default().to_zoned(self.zone.clone())
    }

    fn is_today(&self, when: Timestamp) -> bool {
        self.there(when).date() == self.there(self.now).date()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 12 April 2026, 9:40 in Paris.
    const MORNING: Timestamp = Timestamp(1_775_979_600_000);
    const HOUR: i64 = 3_600_000;

    fn words(language: Language) -> Words {
        Words::new(&Texts::new(), language, "Europe/Paris", MORNING)
    }

    #[test]
    fn moments_are_said_as_people_say_them() {
        let fr = words(Language::Fr);
        assert_eq!(fr.at(MORNING), "à 9\u{a0}h\u{a0}40");
        assert_eq!(fr.until(Timestamp(MORNING.0 + HOUR / 3)), "jusqu’à 10\u{a0}h");
        assert_eq!(fr.at(Timestamp(MORNING.0 + 24 * HOUR)), "le 13 avril à 9\u{a0}h\u{a0}40");
        assert_eq!(fr.until(Timestamp(MORNING.0 + 19 * 24 * HOUR)), "jusqu’au 1er mai à 9\u{a0}h\u{a0}40");
        assert_eq!(fr.day(Timestamp(MORNING.0 + 300 * 24 * HOUR)), "6 février 2027");
        let en = words(Language::En);
        assert_eq!(en.at(MORNING), "at 9:40");
        assert_eq!(en.at(Timestamp(MORNING.0 + 24 * HOUR)), "on 13 April at 9:40");
        assert_eq!(en.until(Timestamp(MORNING.0 + HOUR / 3)), "until 10:00");
        let (today, tomorrow) = (Timestamp(MORNING.0 + HOUR / 3), Timestamp(MORNING.0 + 24 * HOUR));
        let all = |language| {
            let words = words(language);
            let said = [words.at(MORNING), words.at(tomorrow), words.until(today), words.until(tomorrow)];
            (
                said.map(|said| said.replace('\u{a0}', " ")),
                words.moment(MORNING),
                words.day(Timestamp(MORNING.0 + 300 * 24 * HOUR)),
            )
        };
        let (said, moment, year) = all(Language::It);
        assert_eq!(said[..2], ["alle ore 9:40", "il giorno 13 aprile alle ore 9:40"]);
        assert_eq!(said[2..], ["fino alle ore 10:00", "fino al giorno 13 aprile alle ore 9:40"]);
        assert_eq!((moment.as_str(), year.as_str()), ("12 aprile, ore 9:40", "6 febbraio 2027"));
        let (said, moment, year) = all(Language::Es);
        assert_eq!(said[..2], ["a las 9:40", "el 13 de abril a las 9:40"]);
        assert_eq!(said[2..], ["hasta las 10:00", "hasta el 13 de abril a las 9:40"]);
        assert_eq!((moment.as_str(), year.as_str()), ("12 de abril, a las 9:40", "6 de febrero de 2027"));
        let (said, moment, year) = all(Language::Ru);
        assert_eq!(said[..2], ["в 9:40", "13 апреля в 9:40"]);
        assert_eq!(said[2..], ["до 10:00", "до 13 апреля, 9:40"]);
        assert_eq!((moment.as_str(), year.as_str()), ("12 апреля в\u{a0}9:40", "6 февраля 2027\u{a0}года"));
    }

    #[test]
    fn midnight_belongs_to_the_day_it_begins() {
        let midnight = Timestamp(MORNING.0 + 14 * HOUR + HOUR / 3); // 13 April, 0:00
        let later = Timestamp(midnight.0 + HOUR / 12);
        let fr = words(Language::Fr);
        assert_eq!(fr.until(midnight), "jusqu’au 13 avril à 0\u{a0}h");
        assert_eq!(fr.at(later), "le 13 avril à 0\u{a0}h\u{a0}05");
        assert_eq!((fr.last_day(midnight), fr.last_day(later)), ("12 avril".into(), "13 avril".into()));
        let en = words(Language::En);
        assert_eq!(en.until(midnight), "until 13 April at 00:00");
        assert_eq!(en.at(later), "on 13 April at 00:05");
    }

    #[test]
    fn the_day_changes_where_the_practice_is() {
        let late = Timestamp(MORNING.0 + 13 * HOUR); // 22:40 in Paris, already tomorrow in Nouméa
        assert!(words(Language::Fr).at(late).starts_with("à "));
        assert!(Words::new(&Texts::new(), Language::Fr, "Pacific/Noumea", MORNING).at(late).starts_with("le 13 avril"));
    }

    #[test]
    fn sizes_are_said_in_the_units_of_the_language() {
        let sizes = [0, 1, 999, 1_000, 340_400, 1_000_000, 1_249_999, 24_960_000];
        let fr: Vec<String> = sizes.iter().map(|s| words(Language::Fr).size(*s).replace('\u{a0}', " ")).collect();
        assert_eq!(fr, ["0 octet", "1 octet", "999 octets", "1 ko", "341 ko", "1 Mo", "1,2 Mo", "25 Mo"]);
        let en: Vec<String> = sizes.iter().map(|s| words(Language::En).size(*s).replace('\u{a0}', " ")).collect();
        assert_eq!(en, ["0 bytes", "1 byte", "999 bytes", "1 KB", "341 KB", "1 MB", "1.2 MB", "25 MB"]);
        let said = |language| [1, 2, 5, 340_400, 1_249_999].map(|s| words(language).size(s).replace('\u{a0}', " "));
        assert_eq!(said(Language::It), ["1 byte", "2 byte", "5 byte", "341 KB", "1,2 MB"]);
        assert_eq!(said(Language::Es), ["1 byte", "2 bytes", "5 bytes", "341 KB", "1,2 MB"]);
        assert_eq!(said(Language::Ru), ["1 байт", "2 байта", "5 байт", "341 КБ", "1,2 МБ"]);
    }
}
