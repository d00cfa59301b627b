//! The time-of-day clock's format (GA22-7000-10, chapter 4, "Time-of-Day Clock").
//!
//! The clock counts from January 1, 1900, 0 a.m. as a 64-bit number whose bit 51 is one microsecond; it is full on
//! September 17, 2042. Clock comparator and CPU timer have the same unit. Leap seconds are not counted, as in Unix time.

use serde::{Deserialize, Serialize};

/// One microsecond in units of the clock.
pub const MICROSECOND: u64 = 1 << 12;
/// One second in units of the clock.
pub const SECOND: u64 = 1_000_000 * MICROSECOND;
/// One day in units of the clock.
pub const DAY: u64 = 86_400 * SECOND;
/// The clock at January 1, 1970, the beginning of Unix time.
pub const UNIX_EPOCH: u64 = UNIX_EPOCH_SECONDS as u64 * SECOND;

/// 70 years with 17 leap days, in seconds.
const UNIX_EPOCH_SECONDS: i64 = (70 * 365 + 17) * 86_400;

/// The clock at this number of seconds and nanoseconds after (before, if negative) January 1, 1970; `None` outside
/// 1900-2042. Nanoseconds are at most 999,999,999; the clock keeps 0.24 nanosecond, so none is lost.
#[must_use]
pub fn from_unix(seconds: i64, nanoseconds: u32) -> Option<u64> {
    if nanoseconds > 999_999_999 {
        return None;
    }
    let seconds = u64::try_from(seconds.checked_add(UNIX_EPOCH_SECONDS)?).ok()?;
    // Rounded up, so that a conversion back, which rounds down, gives the same nanosecond.
    let fraction = (u64::from(nanoseconds) * MICROSECOND).div_ceil(1000);
    seconds.checked_mul(SECOND)?.checked_add(fraction)
}

/// Seconds and nanoseconds (0-999,999,999) after January 1, 1970, rounded down; seconds are negative before it.
#[must_use]
pub fn to_unix(clock: u64) -> (i64, u32) {
    let seconds = (clock / SECOND) as i64 - UNIX_EPOCH_SECONDS;
    let nanoseconds = clock % SECOND * 1000 / MICROSECOND;
    (seconds, nanoseconds as u32)
}

/// A date and time of day, without a time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DateTime {
    /// Year, 1900-2042.
    pub year: u16,
    /// Month, 1-12.
    pub month: u8,
    /// Day of the month, 1-31.
    pub day: u8,
    /// Hour, 0-23.
    pub hour: u8,
    /// Minute, 0-59.
    pub minute: u8,
    /// Second, 0-59.
    pub second: u8,
}

const FIRST_YEAR: u16 = 1900;
const LAST_YEAR: u16 = 2042;

/// 1900 is not a leap year; the next exception comes after the clock's end.
const fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && year != FIRST_YEAR
}

const fn days_in_year(year: u16) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

/// Days in a month, 1-12.
const fn days_in_month(year: u16, month: u8) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The clock at a date and time; `None` if there is no such time or the clock cannot show it.
#[must_use]
pub fn from_date_time(time: DateTime) -> Option<u64> {
    let DateTime { year, month, day, hour, minute, second } = time;
    let valid = (FIRST_YEAR..=LAST_YEAR).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&u64::from(day))
        && hour < 24
        && minute < 60
        && second < 60;
    if !valid {
        return None;
    }
    let days = (FIRST_YEAR..year).map(days_in_year).sum::<u64>()
        + (1..month).map(|month| days_in_month(year, month)).sum::<u64>()
        + u64::from(day - 1);
    let seconds = days * 86_400 + u64::from(hour) * 3600 + u64::from(minute) * 60 + u64::from(second);
    seconds.checked_mul(SECOND)
}

/// The date and time that the clock shows, rounded down to the second.
#[must_use]
pub fn to_date_time(clock: u64) -> DateTime {
    let mut days = clock / DAY;
    let mut year = FIRST_YEAR;
    while days >= days_in_year(year) {
        days -= days_in_year(year);
        year += 1;
    }
    let mut month = 1;
    while days >= days_in_month(year, month) {
        days -= days_in_month(year, month);
        month += 1;
    }
    let second_of_day = clock % DAY / SECOND;
    DateTime {
        year,
        month,
        day: days as u8 + 1,
        hour: (second_of_day / 3600) as u8,
        minute: (second_of_day / 60 % 60) as u8,
        second: (second_of_day % 60) as u8,
    }
}

/// Day of the week of the clock's date: 0 is Sunday.
#[must_use]
pub fn day_of_week(clock: u64) -> u8 {
    // January 1, 1900 was a Monday.
    ((clock / DAY + 1) % 7) as u8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    fn at(year: u16, month: u8, day: u8) -> DateTime {
        DateTime { year, month, day, hour: 0, minute: 0, second: 0 }
    }

    /// The clock at the beginning of some years, in hexadecimal, as programming tables give it.
    #[test]
    fn beginnings_of_years() {
        let cases = [
            (1900, 0x0000_0000_0000_0000),
            (1901, 0x01CA_E8C1_3E00_0000),
            (1972, 0x8126_D60E_4600_0000),
            (1976, 0x8853_BAF0_B400_0000),
            (2000, 0xB361_183F_4800_0000),
        ];
        for (year, clock) in cases {
            assert_eq!(from_date_time(at(year, 1, 1)), Some(clock), "{year}");
            assert_eq!(to_date_time(clock), at(year, 1, 1));
        }
        assert_eq!(UNIX_EPOCH, 0x7D91_048B_CA00_0000);
        assert_eq!(to_date_time(UNIX_EPOCH), at(1970, 1, 1));
    }

    #[test]
    fn the_clock_is_full_on_17_september_2042() {
        let last = DateTime { hour: 23, minute: 53, second: 47, ..at(2042, 9, 17) };
        assert_eq!(to_date_time(u64::MAX), last);
        assert!(from_date_time(last).is_some());
        assert_eq!(from_date_time(DateTime { second: 48, ..last }), None);
        assert_eq!(from_unix(i64::MAX, 0), None);
        assert_eq!(from_unix(-UNIX_EPOCH_SECONDS - 1, 0), None);
        assert_eq!(from_unix(-UNIX_EPOCH_SECONDS, 0), Some(0));
        assert_eq!(from_unix(0, 1_000_000_000), None);
    }

    #[test]
    fn times_that_do_not_exist() {
        for time in [at(1900, 2, 29), at(1979, 2, 29), at(1979, 4, 31), at(1979, 0, 1), at(1979, 13, 1), at(1979, 1, 0)]
        {
            assert_eq!(from_date_time(time), None, "{time:?}");
        }
        for time in [at(1899, 1, 1), at(2043, 1, 1), DateTime { hour: 24, ..at(1979, 1, 1) }] {
            assert_eq!(from_date_time(time), None, "{time:?}");
        }
        assert!(from_date_time(at(1980, 2, 29)).is_some());
    }

    #[test]
    fn days_of_the_week() {
        assert_eq!(day_of_week(0), 1);
        assert_eq!(day_of_week(UNIX_EPOCH), 4);
        assert_eq!(day_of_week(from_date_time(at(2000, 1, 1)).unwrap()), 6);
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 2048, rng_seed: RngSeed::Fixed(0x1900), failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn dates_come_back_and_agree_with_unix_time(clock: u64) {
            let time = to_date_time(clock);
            prop_assert_eq!(from_date_time(time), Some(clock - clock % SECOND));
            let (seconds, nanoseconds) = to_unix(clock);
            let from = from_unix(seconds, nanoseconds).unwrap();
            prop_assert!(clock.abs_diff(from) < 5, "within a nanosecond, which is 4.096 units");
            prop_assert_eq!(to_unix(from), (seconds, nanoseconds));
        }
    }
}
