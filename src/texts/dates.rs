//! Days and times of day, as each language writes them.

use crate::domain::Language;

use super::{Said, Texts};

impl Texts {
    /// « 12 avril », and the year where it is given.
    pub fn day(&self, language: Language, day: i8, month: i8, year: Option<i16>) -> String {
        let month = MONTHS.get(usize::try_from(month - 1).unwrap_or(0)).copied().unwrap_or(MONTHS[0]);
        let month = self.say(language, month, &[]);
        let mut arguments = vec![("day", i64::from(day).into()), ("month", Said::from(&month))];
        let Some(year) = year.map(|year| year.to_string()) else {
            return self.say(language, "portal-day", &arguments);
        };
        arguments.push(("year", (&year).into()));
        self.say(language, "portal-day-year", &arguments)
    }

    /// « 9 h 40 »; Spanish puts its article before.
    pub fn time(&self, language: Language, hour: i8, minute: i8) -> String {
        // Midnight is told as the hour it is: the word leaves open which end of the day is meant.
        let mut arguments = vec![("hour", Said::from(i64::from(hour)))];
        if minute == 0 {
            return self.say(language, "portal-hour", &arguments);
        }
        let minute = format!("{minute:02}");
        arguments.push(("minute", (&minute).into()));
        self.say(language, "portal-time", &arguments)
    }
}

const MONTHS: [&str; 12] = [
    "portal-month-1",
    "portal-month-2",
    "portal-month-3",
    "portal-month-4",
    "portal-month-5",
    "portal-month-6",
    "portal-month-7",
    "portal-month-8",
    "portal-month-9",
    "portal-month-10",
    "portal-month-11",
    "portal-month-12",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_a_month_and_the_first_hour_are_said_as_people_say_them() {
        let texts = Texts::new();
        let first = Language::ALL.map(|language| texts.day(language, 1, 4, Some(2026)));
        assert_eq!(
            first,
            ["1er avril 2026", "1 April 2026", "1º aprile 2026", "1 de abril de 2026", "1 апреля 2026\u{a0}года"]
        );
        let one = Language::ALL.map(|language| texts.time(language, 1, 5));
        assert_eq!(one, ["1\u{a0}h\u{a0}05", "1:05", "1:05", "la 1:05", "1:05"]);
        let midnight = Language::ALL.map(|language| texts.time(language, 0, 0));
        assert_eq!(midnight, ["0\u{a0}h", "00:00", "00:00", "las 00:00", "00:00"]);
    }

    /// CLDR: one, few and many of Russian; 0 is one in French alone.
    #[test]
    fn plurals_are_those_of_the_language() {
        let texts = Texts::new();
        let said = |language, count: i64| texts.say(language, "portal-tries-left", &[("count", count.into())]);
        for (count, tries) in [
            (1, "попытка"),
            (2, "попытки"),
            (4, "попытки"),
            (5, "попыток"),
            (11, "попыток"),
            (12, "попыток"),
            (21, "попытка"),
            (22, "попытки"),
            (25, "попыток"),
            (111, "попыток"),
        ] {
            assert!(said(Language::Ru, count).ends_with(&format!("{count}\u{a0}{tries}.")), "{count}");
        }
        assert!(said(Language::Ru, 1).contains("осталась") && said(Language::Ru, 5).contains("осталось"));
        for (language, one, other) in [
            (Language::Fr, "essai.", "essais."),
            (Language::En, "try left.", "tries left."),
            (Language::It, "Le resta 1", "tentativi."),
            (Language::Es, "Le queda 1", "intentos."),
        ] {
            assert!(said(language, 1).replace('\u{a0}', " ").contains(one), "{}", language.tag());
            assert!(said(language, 2).ends_with(other), "{}", language.tag());
        }
        assert!(said(Language::Fr, 0).ends_with("essai.") && said(Language::It, 0).ends_with("tentativi."));
    }
}
