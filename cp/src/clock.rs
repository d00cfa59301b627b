//! Date and time of day as CP writes them, from the TOD clock (GA22-7000-10, chapter 4: its epoch is 1 January 1900, 0 h
//! Greenwich mean time).

use s370_cpu::state::MICROSECOND;

/// Where the system stands: how far local time is from that of the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// Seconds east of Greenwich.
    pub east: i32,
    /// Three characters: `GMT`, `EDT`.
    pub name: String,
}

impl Default for Zone {
    fn default() -> Zone {
        Zone { east: 0, name: "GMT".to_owned() }
    }
}

/// A local date and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The year.
    pub year: u32,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
    /// Days since Sunday.
    pub weekday: u32,
    /// Seconds since midnight.
    pub seconds: u32,
}

const DAY: i64 = 86_400;
const WEEKDAYS: [&str; 7] = ["SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"];

fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of_month(year: u32, month: u32) -> u32 {
    match month {
        2 => 28 + u32::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl Moment {
    /// What the TOD clock says, in a zone.
    #[must_use]
    pub fn of(tod: u64, zone: &Zone) -> Moment {
        let seconds = (tod / MICROSECOND / 1_000_000).cast_signed() + i64::from(zone.east);
        let (mut days, seconds) = (seconds.div_euclid(DAY).max(0) as u32, seconds.rem_euclid(DAY) as u32);
        // 1 January 1900 was a Monday.
        let weekday = (days + 1) % 7;
        let (mut year, mut month) = (1900, 1);
        while days >= 365 + u32::from(is_leap(year)) {
            days -= 365 + u32::from(is_leap(year));
            year += 1;
        }
        while days >= days_of_month(year, month) {
            days -= days_of_month(year, month);
            month += 1;
        }
        Moment { year, month, day: days + 1, weekday, seconds }
    }

    /// `mm/dd/yy`.
    #[must_use]
    pub fn date(&self) -> String {
        format!("{:02}/{:02}/{:02}", self.month, self.day, self.year % 100)
    }

    /// `hh:mm:ss`.
    #[must_use]
    pub fn time(&self) -> String {
        hours(u64::from(self.seconds))
    }

    /// `SUNDAY`.
    #[must_use]
    pub fn weekday(&self) -> &'static str {
        WEEKDAYS[self.weekday as usize % WEEKDAYS.len()]
    }
}

/// A duration in seconds as `hh:mm:ss`.
#[must_use]
pub fn hours(seconds: u64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// A duration in microseconds as `mmm:ss.hh`.
#[must_use]
pub fn minutes(microseconds: u64) -> String {
    let hundredths = microseconds / 10_000;
    format!("{:03}:{:02}.{:02}", hundredths / 6000, hundredths / 100 % 60, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tod(seconds: u64) -> u64 {
        seconds * 1_000_000 * MICROSECOND
    }

    #[test]
    fn dates_and_weekdays() {
        let zone = Zone::default();
        let show = |seconds| {
            let moment = Moment::of(tod(seconds), &zone);
            format!("{} {} {} {}", moment.date(), moment.year, moment.time(), moment.weekday())
        };
        assert_eq!(show(0), "01/01/00 1900 00:00:00 MONDAY");
        // 2,208,988,800 seconds before 1 January 1970.
        assert_eq!(show(2_208_988_800), "01/01/70 1970 00:00:00 THURSDAY");
        assert_eq!(show(2_208_988_800 + 951_782_400), "02/29/00 2000 00:00:00 TUESDAY");
        assert_eq!(show(2_208_988_800 + 951_868_799), "02/29/00 2000 23:59:59 TUESDAY");
        assert_eq!(show(2_208_988_800 + 951_868_800), "03/01/00 2000 00:00:00 WEDNESDAY");
    }

    #[test]
    fn zones_shift_the_day() {
        let zone = Zone { east: -4 * 3600, name: "EDT".to_owned() };
        let moment = Moment::of(tod(2_208_988_800 + 3600), &zone);
        assert_eq!((moment.date().as_str(), moment.time().as_str()), ("12/31/69", "21:00:00"));
        assert_eq!(Moment::of(0, &zone).date(), "01/01/00", "there is nothing before the epoch");
    }

    #[test]
    fn durations() {
        assert_eq!(hours(3_723), "01:02:03");
        assert_eq!(minutes(53_920_000), "000:53.92");
        assert_eq!(minutes(202_220_000), "003:22.22");
    }
}
