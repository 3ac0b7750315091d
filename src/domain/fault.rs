//! A fault of ours: logged once at the border, never told to the caller.

use std::fmt;

/// Something went wrong on our side.
///
/// `what` is a fixed sentence; `cause` holds kinds, codes and numbers only, never a value that
/// came from a person: whoever builds it chooses what of an underlying error may be logged.
#[derive(Debug)]
pub struct Fault {
    what: &'static str,
    cause: Option<String>,
    transient: bool,
    full: bool,
}

impl Fault {
    /// A fault described by a fixed sentence.
    pub fn new(what: &'static str) -> Self {
        Self { what, cause: None, transient: false, full: false }
    }

    /// The same with a cause: an error kind, a code, a number. Never a person's data.
    pub fn because(what: &'static str, cause: impl Into<String>) -> Self {
        Self { what, cause: Some(cause.into()), transient: false, full: false }
    }

    /// Marks a fault that may pass by itself (a full disk, a database that is away): answers 4xx.
    #[must_use]
    pub fn transient(mut self) -> Self {
        self.transient = true;
        self
    }

    /// Marks a fault for want of room on a disk: it may pass, once somebody makes room.
    #[must_use]
    pub fn full(mut self) -> Self {
        self.transient = true;
        self.full = true;
        self
    }

    /// Whether it is for want of room on a disk.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// Whether the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        self.transient
    }

    /// The fixed sentence.
    pub fn what(&self) -> &'static str {
        self.what
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Some(cause) => write!(f, "{}: {cause}", self.what),
            None => f.write_str(self.what),
        }
    }
}

impl std::error::Error for Fault {}

/// Whether a fault that lasts was told: what is tried every second is logged when it begins and when it is over.
#[derive(Debug, Default)]
pub struct Lasting(bool);

impl Lasting {
    /// It failed; `true` the first time.
    pub fn begins(&mut self) -> bool {
        !std::mem::replace(&mut self.0, true)
    }

    /// It worked; `true` the first time after a failure.
    pub fn ends(&mut self) -> bool {
        std::mem::replace(&mut self.0, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_that_lasts_is_told_at_its_begin_and_its_end() {
        let mut lasting = Lasting::default();
        assert!(!lasting.ends());
        assert_eq!([lasting.begins(), lasting.begins()], [true, false]);
        assert_eq!([lasting.ends(), lasting.ends()], [true, false]);
        assert!(lasting.begins());
    }
}
