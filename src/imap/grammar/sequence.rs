//! Sequence sets (RFC 3501 §9): `1`, `2:4`, `4:2`, `*`, `7:*`, in any order, with overlaps.

use super::cursor::{Cursor, Parsed};

/// A set of numbers or UIDs as written; `*` is what is largest when it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequenceSet(Vec<(Bound, Bound)>, bool);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    Number(u32),
    Largest,
}

impl SequenceSet {
    /// Reads a set.
    ///
    /// # Errors
    /// What is not one.
    pub fn read(cursor: &mut Cursor) -> Parsed<Self> {
        // RFC 5182 §2.1: what was found last, whatever is named by.
        if cursor.eat(b'$') {
            return Ok(Self(Vec::new(), true));
        }
        let mut ranges = Vec::new();
        loop {
            let from = bound(cursor)?;
            let to = if cursor.eat(b':') { bound(cursor)? } else { from };
            ranges.push((from, to));
            if !cursor.eat(b',') {
                return Ok(Self(ranges, false));
            }
        }
    }

    /// Whether the set is `$`: what a search saved.
    pub fn is_saved(&self) -> bool {
        self.1
    }

    /// The numbers in the order they are written, at most so many, with `*` refused: RFC 7162 §3.2.5.2.
    pub fn known(&self, most: usize) -> Option<Vec<u32>> {
        let mut numbers = Vec::new();
        for &(from, to) in &self.0 {
            let (Bound::Number(from), Bound::Number(to)) = (from, to) else { return None };
            let room = most.checked_sub(numbers.len())?;
            numbers.extend((from.min(to)..=from.max(to)).take(room.saturating_add(1)));
            if numbers.len() > most {
                return None;
            }
        }
        Some(numbers)
    }

    /// Whether the set holds a number, with `*` as `largest`.
    pub fn contains(&self, number: u32, largest: u32) -> bool {
        let value = |bound| match bound {
            Bound::Number(number) => number,
            Bound::Largest => largest,
        };
        self.0.iter().any(|&(from, to)| {
            let (from, to) = (value(from), value(to));
            (from.min(to)..=from.max(to)).contains(&number)
        })
    }

    /// The ranges, low to high, joined, with `*` as `largest`; `None` when `*` is asked for and nothing is there.
    pub fn ranges(&self, largest: Option<u32>) -> Option<Vec<(u32, u32)>> {
        let number = |bound| match bound {
            Bound::Number(number) => Some(number),
            Bound::Largest => largest,
        };
        let mut ranges = Vec::with_capacity(self.0.len());
        for &(from, to) in &self.0 {
            let (from, to) = (number(from)?, number(to)?);
            ranges.push((from.min(to), from.max(to)));
        }
        Some(joined(ranges))
    }
}

/// Whether joined ranges hold a number.
pub fn holds(ranges: &[(u32, u32)], number: u32) -> bool {
    let after = ranges.partition_point(|(from, _)| *from <= number);
    after.checked_sub(1).and_then(|at| ranges.get(at)).is_some_and(|(_, to)| number <= *to)
}

/// What two lists of ranges have in common, each low to high; in one pass.
pub fn common(one: &[(u32, u32)], other: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let (mut one, mut other) = (one.iter().peekable(), other.iter().peekable());
    let mut both = Vec::new();
    while let (Some(a), Some(b)) = (one.peek(), other.peek()) {
        let (from, to) = (a.0.max(b.0), a.1.min(b.1));
        if from <= to {
            both.push((from, to));
        }
        if a.1 < b.1 {
            one.next();
        } else {
            other.next();
        }
    }
    both
}

/// Ranges low to high, joined where they touch.
pub fn joined(mut ranges: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    ranges.sort_unstable();
    let mut joined: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
    for (from, to) in ranges {
        match joined.last_mut() {
            Some(last) if from <= last.1.saturating_add(1) => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

/// Writes ranges as a set.
pub fn write_ranges(ranges: &[(u32, u32)]) -> String {
    let one = |(from, to): &(u32, u32)| if from == to { from.to_string() } else { format!("{from}:{to}") };
    ranges.iter().map(one).collect::<Vec<_>>().join(",")
}

/// Writes numbers as a set, in the order given, runs that rise by one as ranges.
pub fn write(numbers: impl IntoIterator<Item = u32>) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some(run) if run.1.checked_add(1) == Some(number) => run.1 = number,
            _ => runs.push((number, number)),
        }
    }
    write_ranges(&runs)
}

fn bound(cursor: &mut Cursor) -> Parsed<Bound> {
    if cursor.eat(b'*') { Ok(Bound::Largest) } else { cursor.nz_number().map(Bound::Number) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_19_ranges_meet_in_one_pass() {
        let (a, b) = (joined(vec![(8, 9), (1, 3), (4, 5), (20, 30)]), joined(vec![(2, 8), (25, 40)]));
        assert_eq!(a, [(1, 5), (8, 9), (20, 30)]);
        assert_eq!(common(&a, &b), [(2, 5), (8, 8), (25, 30)]);
        assert_eq!(write_ranges(&common(&a, &b)), "2:5,8,25:30");
        assert!(common(&a, &[]).is_empty() && common(&[], &b).is_empty());
        for number in 0..50 {
            assert_eq!(holds(&a, number), [1, 2, 3, 4, 5, 8, 9].contains(&number) || (20..=30).contains(&number));
        }
        // Four billion UIDs went, and the client names thirty thousand of them: nobody counts to four billion.
        let some: Vec<(u32, u32)> = (0..30_000).map(|n| (n * 100_000 + 1, n * 100_000 + 1)).collect();
        assert_eq!(common(&[(1, u32::MAX)], &some).len(), 30_000);
    }

    fn ranges(text: &str, largest: Option<u32>) -> Option<Vec<(u32, u32)>> {
        let mut cursor = Cursor::new(text.as_bytes());
        let set = SequenceSet::read(&mut cursor).ok()?;
        cursor.end().ok()?;
        set.ranges(largest)
    }

    #[test]
    fn sets_are_joined_and_star_is_the_largest() {
        assert_eq!(ranges("1", None), Some(vec![(1, 1)]));
        assert_eq!(ranges("4:2,7,3:5,8", None), Some(vec![(2, 5), (7, 8)]));
        assert_eq!(ranges("5:*", Some(3)), Some(vec![(3, 5)]));
        assert_eq!(ranges("*", Some(9)), Some(vec![(9, 9)]));
        assert_eq!(ranges("*:1", Some(9)), Some(vec![(1, 9)]));
        assert_eq!(ranges("1:*", None), None);
        assert_eq!(ranges("1:4294967295,4294967295", None), Some(vec![(1, u32::MAX)]));
        for bad in ["", "0", "1:", ":1", "1,", "1,,2", "a", "1:2:3", "-1", "4294967296", "$,1", "1,$"] {
            assert_eq!(ranges(bad, Some(9)), None, "{bad}");
        }
    }

    #[test]
    fn what_was_saved_is_a_set_of_its_own() {
        let set = SequenceSet::read(&mut Cursor::new(b"$")).expect("a set");
        assert!(set.is_saved() && set.ranges(Some(9)) == Some(vec![]));
        let known = |text: &str, most| SequenceSet::read(&mut Cursor::new(text.as_bytes())).expect("a set").known(most);
        assert_eq!(known("1:3,9", 10), Some(vec![1, 2, 3, 9]));
        assert_eq!((known("1:3,9", 3), known("1:4294967295", 100), known("1:*", 100)), (None, None, None));
    }

    #[test]
    fn membership_and_writing() {
        let set = SequenceSet::read(&mut Cursor::new(b"5:2,*")).expect("a set");
        let held: Vec<u32> = (0..10).filter(|number| set.contains(*number, 8)).collect();
        assert_eq!(held, [2, 3, 4, 5, 8]);
        assert_eq!(write(held), "2:5,8");
        assert_eq!(write([3, 2, 1]), "3,2,1");
        assert_eq!(write([]), "");
        assert_eq!(write([u32::MAX]), "4294967295");
    }
}
