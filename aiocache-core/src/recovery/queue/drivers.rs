//! Who tries in the background: one task at a time, which is replaced if it gives no sign of life.

use std::time::Duration;

use super::Queue;
use crate::backend::Raw;
use crate::clock;

/// The tasks that try in the background. Those before the last one end as soon as they find out.
#[derive(Debug, Default)]
pub(super) struct Drivers {
    /// The number of the last one.
    last: u64,
    /// Until when it counts as alive; 0 if it has ended.
    until: u64,
}

impl<R: Raw> Queue<R> {
    /// Until when the task in the background counts as alive; 0 if there is none.
    pub(in crate::recovery) fn driven_until(&self) -> u64 {
        self.drivers.until
    }

    /// Notes that a task begins to try in the background, and gives its number. `None` if one does already, and has given
    /// a sign of life in time.
    pub(in crate::recovery) fn begin_to_drive(&mut self, most: Duration) -> Option<u64> {
        if clock::now() < self.drivers.until {
            return None;
        }
        self.drivers.last += 1;
        let driver = self.drivers.last;
        self.drives_on(driver, most).then_some(driver)
    }

    /// Notes a sign of life, the next of which comes in this time. False if the task was replaced.
    pub(in crate::recovery) fn drives_on(&mut self, driver: u64, most: Duration) -> bool {
        let last = self.drivers.last == driver;
        if last {
            let most = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
            self.drivers.until = clock::now().saturating_add(most).max(1);
        }
        last
    }

    /// The same at the end of a round, where there is nothing more to do if nothing is queued. False if it has ended.
    pub(in crate::recovery) fn is_still_driven(&mut self, driver: u64, most: Duration) -> bool {
        if self.order.is_empty() {
            self.stop_to_drive(driver);
            return false;
        }
        self.drives_on(driver, most)
    }

    /// Notes that this task has ended.
    pub(in crate::recovery) fn stop_to_drive(&mut self, driver: u64) {
        if self.drivers.last == driver {
            self.drivers.until = 0;
        }
    }
}
