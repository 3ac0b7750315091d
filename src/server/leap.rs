//! A clock that leaps: what is ended or deleted for its age waits until somebody could have set the clock right.
//!
//! The clock of the world is compared with a steady one between two looks. A leap forward makes letters look a month
//! old, and objects that are just being written look forgotten; what housekeeping does with them cannot be undone.

use std::time::Duration;

use crate::domain::Timestamp;

/// What the last looks showed. Steady times are since the start of the process.
#[derive(Debug, Default)]
pub(super) struct Leap {
    last: Option<(Timestamp, Duration)>,
    held_until: Option<Duration>,
}

impl Leap {
    /// Whether housekeeping may go on, at this instant of both clocks.
    pub(super) fn may_sweep(&mut self, now: Timestamp, steady: Duration) -> bool {
        if let Some((then, before)) = self.last.replace((now, steady)) {
            let passed = i64::try_from(steady.saturating_sub(before).as_millis()).unwrap_or(i64::MAX);
            let off = now.0.saturating_sub(then.0).saturating_sub(passed) / 1000;
            if off > SLACK {
                tracing::warn!(
                    seconds = off,
                    "the clock was set forward: nothing is ended for its age in the next hour"
                );
                self.held_until = Some(steady.saturating_add(HELD));
            } else if off < -SLACK {
                tracing::warn!(seconds = -off, "the clock was set back");
                // Set right again: what waited may go on.
                self.held_until = None;
            }
        }
        match self.held_until {
            Some(until) if steady < until => false,
            _ => {
                self.held_until = None;
                true
            }
        }
    }
}

/// What time servers correct, and more, in seconds.
const SLACK: i64 = 300;
/// How long an administrator has.
const HELD: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn housekeeping_waits_an_hour_after_a_leap_forward() {
        let begin = Timestamp(1_800_000_000_000);
        let mut leap = Leap::default();
        let mut at =
            |wall: i64, steady: u64| leap.may_sweep(Timestamp(begin.0 + wall * 1000), Duration::from_secs(steady));
        let month = 30 * 86_400;
        assert!(at(0, 0) && at(60, 60) && at(130, 120), "small steps are no leap");
        assert!(!at(month, 180), "a month ahead");
        assert!(!at(month + 60, 240) && !at(month + 3480, 3660));
        assert!(at(month + 3600, 3780), "it seems to be right");
        assert!(!at(2 * month, 3840), "another");
        assert!(at(3900, 3900), "set right again");
        assert!(at(100, 3960), "back is not forward");
    }
}
