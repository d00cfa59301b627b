//! The date and time that listings, `&SYSDATE`, `&SYSTIME` and decks show.

use std::time::{SystemTime, UNIX_EPOCH};

use s370_arch::tod::{self, DateTime, from_date_time, to_date_time};

/// A date and time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp(DateTime);

impl Stamp {
    /// The host's clock, in UTC.
    pub fn now() -> Stamp {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Stamp(to_date_time(tod::UNIX_EPOCH.saturating_add(seconds.saturating_mul(tod::SECOND))))
    }

    /// `YYYY-MM-DD`, or with `THH:MM` behind it; the time is 00:00 otherwise.
    pub fn parse(text: &str) -> Result<Stamp, String> {
        let form =
            || format!("{text:?} is no date from 1900-01-01 to 2041-12-31 of the form YYYY-MM-DD or YYYY-MM-DDTHH:MM");
        let (date, time) = text.split_once('T').unwrap_or((text, "00:00"));
        let numbers = |text: &str, separator: char, widths: &[usize]| -> Option<Vec<u16>> {
            let parts: Vec<&str> = text.split(separator).collect();
            let fits =
                |(part, width): (&&str, &usize)| part.len() == *width && part.bytes().all(|c| c.is_ascii_digit());
            let valid = parts.len() == widths.len() && parts.iter().zip(widths).all(fits);
            valid.then(|| parts.iter().filter_map(|part| part.parse().ok()).collect())
        };
        let date = numbers(date, '-', &[4, 2, 2]).ok_or_else(form)?;
        let time = numbers(time, ':', &[2, 2]).ok_or_else(form)?;
        let [month, day, hour, minute] = [date[1], date[2], time[0], time[1]].map(|number| number as u8);
        let stamp = DateTime { year: date[0], month, day, hour, minute, second: 0 };
        from_date_time(stamp).filter(|_| stamp.year < 2042).map(|_| Stamp(stamp)).ok_or_else(form)
    }

    /// `mm/dd/yy`.
    pub fn date(self) -> String {
        format!("{:02}/{:02}/{:02}", self.0.month, self.0.day, self.0.year % 100)
    }

    /// `hh.mm`.
    pub fn time(self) -> String {
        format!("{:02}.{:02}", self.0.hour, self.0.minute)
    }

    /// `yyddd`.
    pub fn julian(self) -> String {
        let day = DateTime { hour: 0, minute: 0, second: 0, ..self.0 };
        let clock = |date| from_date_time(date).unwrap_or_default();
        let days = (clock(day) - clock(DateTime { month: 1, day: 1, ..day })) / tod::DAY;
        format!("{:02}{:03}", self.0.year % 100, days + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_in_three_forms() {
        let stamp = Stamp::parse("1972-12-31T23:05").unwrap();
        assert_eq!((stamp.date(), stamp.time(), stamp.julian()), ("12/31/72".into(), "23.05".into(), "72366".into()));
        let stamp = Stamp::parse("2026-03-01").unwrap();
        assert_eq!((stamp.date(), stamp.time(), stamp.julian()), ("03/01/26".into(), "00.00".into(), "26060".into()));
        assert!(Stamp::now().0.year >= 2026);
    }

    #[test]
    fn what_is_no_date() {
        for text in [
            "",
            "1972",
            "72-01-01",
            "1972-13-01",
            "1973-02-29",
            "1972-1-1",
            "1972-01-01T24:00",
            "1972-01-01T",
            "é",
            "2042-01-01",
        ] {
            assert!(Stamp::parse(text).is_err(), "{text}");
        }
    }
}
