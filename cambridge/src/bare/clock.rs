//! The host's clock as the machine's.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use s370_arch::tod::{self, DateTime};

use crate::configuration::Clock;

/// The host's time since the machine's power-on.
#[derive(Clone, Copy, Debug)]
pub(super) struct HostTime {
    begin: Instant,
}

impl HostTime {
    /// Power-on is now.
    pub fn start() -> HostTime {
        HostTime { begin: Instant::now() }
    }

    /// TOD-clock units since power-on.
    pub fn now(self) -> u64 {
        units(self.begin.elapsed())
    }

    /// How long it takes until this time, in TOD-clock units since power-on.
    pub fn until(self, time: u64) -> Duration {
        let units = time.saturating_sub(self.now());
        // Rounded up: too early would be in vain.
        Duration::from_micros(units.div_ceil(tod::MICROSECOND))
    }
}

fn units(duration: Duration) -> u64 {
    duration.as_secs() * tod::SECOND + u64::from(duration.subsec_nanos()) * tod::MICROSECOND / 1000
}

/// The TOD clock at power-on, which is now.
///
/// # Errors
/// The clock cannot show the date that the configuration asks for.
pub(super) fn tod_at_power_on(clock: Clock) -> Result<u64, String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    shifted(clock, now)
}

/// The TOD clock when the host's clock shows so much after the beginning of 1970.
fn shifted(clock: Clock, unix: Duration) -> Result<u64, String> {
    let (epoch, years, zone) = match clock {
        Clock::Deterministic { start } => return Ok(start),
        Clock::Host { epoch, years, zone } => (epoch, years, zone),
    };
    let wrong = || "the clock cannot show the host's date with the years and the epoch that are asked for".to_owned();
    let seconds = i64::try_from(unix.as_secs()).map_err(|_| wrong())? + i64::from(zone) * 60;
    let local = tod::from_unix(seconds, unix.subsec_nanos()).ok_or_else(wrong)?;
    let date = tod::to_date_time(local);
    let year = u16::try_from(i32::from(date.year) + years).map_err(|_| wrong())?;
    // A February 29 becomes a 28 in a year that has none.
    let in_year = |day| tod::from_date_time(DateTime { year, day, ..date });
    let whole = in_year(date.day).or_else(|| in_year(date.day - 1)).ok_or_else(wrong)?;
    let beginning = DateTime { year: epoch, month: 1, day: 1, hour: 0, minute: 0, second: 0 };
    let beginning = tod::from_date_time(beginning).ok_or_else(wrong)?;
    (whole + local % tod::SECOND).checked_sub(beginning).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-20 12:39:21.5.
    const NOW: Duration = Duration::new(1_795_178_361, 500_000_000);

    fn at(epoch: u16, years: i32, zone: i32, unix: Duration) -> Result<DateTime, String> {
        shifted(Clock::Host { epoch, years, zone }, unix).map(tod::to_date_time)
    }

    #[test]
    fn years_zones_and_epochs_shift_the_date() {
        let now = DateTime { year: 2026, month: 11, day: 20, hour: 12, minute: 39, second: 21 };
        assert_eq!(at(1900, 0, 0, NOW), Ok(now));
        assert_eq!(at(1900, -28, -60, NOW), Ok(DateTime { year: 1998, hour: 11, ..now }));
        assert_eq!(
            shifted(Clock::Host { epoch: 2026, years: 0, zone: 0 }, NOW).expect("a date") / tod::DAY,
            31 + 28 + 31 + 30 + 31 + 30 + 31 + 31 + 30 + 31 + 19
        );
        assert!(at(1900, -142, 0, NOW).is_err() && at(1900, 20, 0, NOW).is_err() && at(2027, 0, 0, NOW).is_err());
        let clock = Clock::Deterministic { start: 5 };
        assert_eq!(shifted(clock, NOW), Ok(5));
    }

    #[test]
    fn the_29th_of_february() {
        let leap_day = Duration::from_secs(1_709_164_800);
        let date = |month, day, year| DateTime { year, month, day, hour: 0, minute: 0, second: 0 };
        assert_eq!(at(1900, 0, 0, leap_day), Ok(date(2, 29, 2024)));
        assert_eq!(at(1900, -1, 0, leap_day), Ok(date(2, 28, 2023)));
        assert_eq!(at(1900, -28, 0, leap_day), Ok(date(2, 29, 1996)));
    }

    #[test]
    fn durations_in_units_of_the_clock() {
        assert_eq!(units(Duration::from_micros(1_000_001)), tod::SECOND + tod::MICROSECOND);
    }
}
