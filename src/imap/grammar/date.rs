//! Dates of SEARCH and the date-time of APPEND and INTERNALDATE (RFC 3501 §9).

use jiff::civil::{Date, DateTime};

use crate::domain::Timestamp;

use super::cursor::{Cursor, ParseFault, Parsed, text};

const BAD: ParseFault = ParseFault::Arguments;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `1-Feb-1994`, quoted or not.
pub fn date(cursor: &mut Cursor) -> Parsed<Date> {
    let quoted = cursor.eat(b'"');
    let day = cursor.number()?;
    let date = rest_of_date(cursor, day)?;
    if quoted {
        cursor.need(b'"')?;
    }
    Ok(date)
}

/// `" 1-Feb-1994 12:34:56 +0100"`.
pub fn date_time(cursor: &mut Cursor) -> Parsed<Timestamp> {
    cursor.need(b'"')?;
    let _ = cursor.eat(b' ');
    let day = cursor.number()?;
    let date = rest_of_date(cursor, day)?;
    cursor.space()?;
    let hour = two(cursor)?;
    cursor.need(b':')?;
    let minute = two(cursor)?;
    cursor.need(b':')?;
    // A leap second is the last one before it.
    let second = two(cursor)?.min(59);
    cursor.space()?;
    let east = match (cursor.eat(b'+'), cursor.eat(b'-')) {
        (true, _) => 1,
        (_, true) => -1,
        _ => return Err(BAD),
    };
    let zone = cursor.run(|octet| octet.is_ascii_digit())?;
    if zone.len() != 4 {
        return Err(BAD);
    }
    let zone: i64 = text(zone)?.parse().map_err(|_| BAD)?;
    cursor.need(b'"')?;
    let time = DateTime::new(date.year(), date.month(), date.day(), hour, minute, second, 0).map_err(|_| BAD)?;
    let local = time.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| BAD)?.timestamp().as_second();
    let offset = east * ((zone / 100) * 3600 + (zone % 100) * 60);
    Ok(Timestamp(local.saturating_sub(offset).saturating_mul(1000)))
}

/// An instant as INTERNALDATE has it, in UTC.
pub fn internal_date(at: Timestamp) -> String {
    let at = civil(at);
    let month = usize::try_from(at.month()).ok().and_then(|month| MONTHS.get(month.saturating_sub(1)));
    let (day, month, year) = (at.day(), month.unwrap_or(&"Jan"), at.year().max(0));
    format!("\"{day:02}-{month}-{year:04} {:02}:{:02}:{:02} +0000\"", at.hour(), at.minute(), at.second())
}

/// The day of an instant, in UTC.
pub fn day(at: Timestamp) -> Date {
    civil(at).date()
}

fn civil(at: Timestamp) -> DateTime {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.to_zoned(jiff::tz::TimeZone::UTC).datetime()
}

fn rest_of_date(cursor: &mut Cursor, day: u32) -> Parsed<Date> {
    cursor.need(b'-')?;
    let month = cursor.run(|octet| octet.is_ascii_alphabetic())?;
    let month = MONTHS.iter().position(|name| name.as_bytes().eq_ignore_ascii_case(month)).ok_or(BAD)?;
    cursor.need(b'-')?;
    let year = cursor.run(|octet| octet.is_ascii_digit())?;
    if year.len() != 4 {
        return Err(BAD);
    }
    let year = text(year)?.parse().map_err(|_| BAD)?;
    let month = i8::try_from(month.saturating_add(1)).map_err(|_| BAD)?;
    Date::new(year, month, i8::try_from(day).map_err(|_| BAD)?).map_err(|_| BAD)
}

fn two(cursor: &mut Cursor) -> Parsed<i8> {
    let digits = cursor.run(|octet| octet.is_ascii_digit())?;
    if digits.len() == 2 { text(digits)?.parse().map_err(|_| BAD) } else { Err(BAD) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_times_go_both_ways() {
        let read = |text: &str| {
            let mut cursor = Cursor::new(text.as_bytes());
            date_time(&mut cursor).and_then(|at| cursor.end().map(|()| at))
        };
        let at = read("\"17-Jul-1996 02:44:25 -0700\"").expect("a date");
        assert_eq!(internal_date(at), "\"17-Jul-1996 09:44:25 +0000\"");
        assert_eq!(read(&internal_date(at)), Ok(at));
        assert_eq!(
            read("\" 7-jul-1996 00:00:60 +0130\"").map(internal_date).as_deref(),
            Ok("\"06-Jul-1996 22:30:59 +0000\"")
        );
        for bad in [
            "17-Jul-1996 02:44:25 -0700",
            "\"17-Jul-96 02:44:25 -0700\"",
            "\"31-Feb-1996 02:44:25 -0700\"",
            "\"17-Jul-1996 24:44:25 -0700\"",
            "\"17-Jul-1996 02:44:25 0700\"",
            "\"17-Jul-1996 02:44:25 +070\"",
            "\"17-Foo-1996 02:44:25 +0700\"",
            "\"17-Jul-1996 2:44:25 +0700\"",
            "\"\"",
        ] {
            assert_eq!(read(bad), Err(BAD), "{bad}");
        }
    }

    #[test]
    fn dates_of_search() {
        for text in ["1-Feb-1994", "\"01-FEB-1994\""] {
            assert_eq!(date(&mut Cursor::new(text.as_bytes())), Date::new(1994, 2, 1).map_err(|_| BAD));
        }
        for bad in ["0-Feb-1994", "30-Feb-1994", "1-Feb-94", "1/2/1994", "\"1-Feb-1994"] {
            assert!(date(&mut Cursor::new(bad.as_bytes())).is_err(), "{bad}");
        }
    }
}
