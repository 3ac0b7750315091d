//! THREAD (RFC 5256 §3): by References, as JWZ's algorithm has it, or by subject alone.
//!
//! Bounded against hostile References: so many of each message, so many messages that are only spoken of
//! ([`SPOKEN_OF`]), chains looked up no further than [`DEEPEST`] and not for ever ([`STEPS`]). Message-IDs and
//! subjects are kept as hashes, and nothing recurses.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use crate::domain::{EntryId, Fault};
use crate::imap::verbs::Mailbox;
use crate::imap::view::Conversation;
use crate::mailbox::{EntryInfo, Found};
use crate::mime::{keys, subject};

/// Messages, while they are read and tied.
pub(super) struct Threads {
    references: bool,
    read: usize,
    nodes: Vec<Node>,
    by_id: HashMap<u64, usize>,
    hashed: RandomState,
}

/// A message, or one that is only spoken of.
#[derive(Default)]
struct Node {
    /// Its place in the view.
    message: Option<usize>,
    parent: Option<usize>,
    /// Known once all are tied.
    children: Vec<usize>,
    date: i64,
    /// None where it says nothing.
    subject: Option<u64>,
    reply: bool,
}

impl Threads {
    pub(super) fn new(references: bool) -> Self {
        Self { references, read: 0, nodes: Vec::new(), by_id: HashMap::new(), hashed: RandomState::new() }
    }

    /// Reads some messages; true when all are there.
    pub(super) async fn read<M: Mailbox>(
        &mut self,
        talk: &Conversation<M>,
        entries: &[EntryInfo],
        found: &[usize],
    ) -> Result<bool, Fault> {
        let left = found.get(self.read..).unwrap_or_default();
        let some: Vec<(usize, &EntryInfo)> =
            left.iter().take(TOGETHER).filter_map(|at| entries.get(*at).map(|entry| (*at, entry))).collect();
        let (false, Some(selected)) = (some.is_empty(), &talk.selected) else { return Ok(true) };
        let ids: Vec<EntryId> = some.iter().map(|(_, entry)| entry.id).collect();
        let summaries = talk.mailbox.summaries(selected.folder, &ids).await?;
        for ((at, entry), summary) in some.iter().zip(summaries) {
            self.read = self.read.saturating_add(1);
            match summary {
                Found::There(summary) => self.add(*at, entry, summary.header()),
                Found::Gone | Found::Unreadable => self.add(*at, entry, b""),
            }
        }
        Ok(false)
    }

    /// The threads as they are written, by the number of each place.
    pub(super) fn written(&mut self, number: impl Fn(usize) -> Option<u32>) -> String {
        let mut roots = if self.references { self.tied() } else { self.by_subject() };
        self.sort(&mut roots);
        let mut text = String::new();
        // What is to be written next stands at the end.
        let mut left: Vec<Piece> = Vec::new();
        roots.iter().rev().for_each(|root| left.extend([Piece::Text(")"), Piece::Node(*root), Piece::Text("(")]));
        while let Some(piece) = left.pop() {
            let node = match piece {
                Piece::Text(piece) => {
                    text.push_str(piece);
                    continue;
                }
                Piece::Node(node) => node,
            };
            let Some(node) = self.nodes.get(node) else { continue };
            if let Some(number) = node.message.and_then(&number) {
                text.push_str(&number.to_string());
            }
            match node.children.as_slice() {
                [] => {}
                [only] => {
                    left.push(Piece::Node(*only));
                    if node.message.is_some() {
                        left.push(Piece::Text(" "));
                    }
                }
                several => {
                    for child in several.iter().rev() {
                        left.extend([Piece::Text(")"), Piece::Node(*child), Piece::Text("(")]);
                    }
                    if node.message.is_some() {
                        left.push(Piece::Text(" "));
                    }
                }
            }
        }
        text
    }

    fn add(&mut self, at: usize, entry: &EntryInfo, header: &[u8]) {
        let date = keys::sent(header).unwrap_or(entry.received_at.0 / 1000);
        let (subject, reply) = subject::base(header);
        let subject = (!subject.is_empty()).then(|| self.hashed.hash_one(&subject));
        let id = keys::message_id(header).filter(|_| self.references).map(|id| self.hashed.hash_one(&id));
        // A second message of one id is another message.
        let free = id.and_then(|id| self.by_id.get(&id).copied());
        let free = free.filter(|at| self.nodes.get(*at).is_some_and(|node| node.message.is_none()));
        let this = free.unwrap_or_else(|| self.new_node());
        if let Some(id) = id {
            self.by_id.entry(id).or_insert(this);
        }
        if let Some(node) = self.nodes.get_mut(this) {
            (node.message, node.date, node.subject, node.reply) = (Some(at), date, subject, reply);
        }
        if !self.references {
            return;
        }
        let (mut before, mut steps) = (None, STEPS);
        for id in keys::references(header) {
            let Some(next) = self.spoken_of(self.hashed.hash_one(&id)) else { continue };
            // (1.A) What has a parent keeps it.
            if let Some(before) = before
                && self.nodes.get(next).is_some_and(|node| node.parent.is_none())
            {
                self.tie(before, next, &mut steps);
            }
            before = Some(next);
        }
        // (1.B) What the message says itself counts more than what others say of it.
        if let Some(node) = self.nodes.get_mut(this) {
            node.parent = None;
        }
        if let Some(before) = before {
            self.tie(before, this, &mut STEPS.clone());
        }
    }

    /// The node of an id, made where there is none; none where too many were made for what nobody has.
    fn spoken_of(&mut self, id: u64) -> Option<usize> {
        if let Some(at) = self.by_id.get(&id) {
            return Some(*at);
        }
        if self.nodes.len() >= self.read.saturating_mul(SPOKEN_OF).saturating_add(AT_LEAST) {
            return None;
        }
        let at = self.new_node();
        self.by_id.insert(id, at);
        Some(at)
    }

    fn new_node(&mut self) -> usize {
        self.nodes.push(Node::default());
        self.nodes.len().saturating_sub(1)
    }

    /// Ties a child to a parent, unless that would close a circle, or it takes more steps than are left to know.
    fn tie(&mut self, parent: usize, child: usize, steps: &mut usize) {
        let mut above = Some(parent);
        for _ in 0..DEEPEST {
            let Some(at) = above else { break };
            if at == child || *steps == 0 {
                return;
            }
            *steps = steps.saturating_sub(1);
            above = self.nodes.get(at).and_then(|node| node.parent);
        }
        // Nobody answers so deep.
        if above.is_some() {
            return;
        }
        if let Some(node) = self.nodes.get_mut(child) {
            node.parent = Some(parent);
        }
    }

    /// Tells each parent its children.
    fn list_children(&mut self) {
        for at in 0..self.nodes.len() {
            let parent = self.nodes.get(at).and_then(|node| node.parent);
            if let Some(parent) = parent.and_then(|parent| self.nodes.get_mut(parent)) {
                parent.children.push(at);
            }
        }
    }

    /// Steps 2 to 5 of the algorithm: the roots, without those that nobody has, those of one subject together.
    fn tied(&mut self) -> Vec<usize> {
        self.list_children();
        let roots: Vec<usize> = (0..self.nodes.len()).filter(|at| self.is_root(*at)).collect();
        // (3) From the leaves up, so that what is below is done.
        for at in self.leaves_first(&roots) {
            let mut kept = Vec::new();
            for child in self.children(at) {
                match self.nodes.get(child) {
                    // What nobody has gives its children to its parent, also when it has none.
                    Some(node) if node.message.is_none() => kept.extend(node.children.clone()),
                    _ => kept.push(child),
                }
            }
            self.set_children(at, kept);
        }
        let mut kept = Vec::new();
        for root in roots {
            let Some(node) = self.nodes.get(root) else { continue };
            match (node.message, node.children.as_slice()) {
                (None, []) => {}
                (None, [only]) => kept.push(*only),
                _ => kept.push(root),
            }
        }
        kept.iter().for_each(|root| {
            if let Some(node) = self.nodes.get_mut(*root) {
                node.parent = None;
            }
        });
        self.sort(&mut kept);
        self.gathered(kept)
    }

    /// (5) Roots of one subject become one.
    fn gathered(&mut self, roots: Vec<usize>) -> Vec<usize> {
        let mut table: HashMap<u64, usize> = HashMap::new();
        for root in &roots {
            let (Some(subject), reply) = self.subject_of(*root) else { continue };
            let is_dummy = |at: usize| self.nodes.get(at).is_some_and(|node| node.message.is_none());
            let better = table.get(&subject).is_none_or(|known| {
                (is_dummy(*root) && !is_dummy(*known)) || (self.subject_of(*known).1 && !reply && !is_dummy(*known))
            });
            if better {
                table.insert(subject, *root);
            }
        }
        let mut kept = Vec::with_capacity(roots.len());
        let mut places: HashMap<usize, usize> = HashMap::new();
        for root in roots {
            let (subject, reply) = self.subject_of(root);
            let same = subject.and_then(|subject| table.get(&subject).copied());
            let (Some(subject), Some(other)) = (subject, same.filter(|other| *other != root)) else {
                places.insert(root, kept.len());
                kept.push(root);
                continue;
            };
            let dummy = |at: usize| self.nodes.get(at).is_none_or(|node| node.message.is_none());
            let (this, that) = (dummy(root), dummy(other));
            if this && that {
                for child in self.children(root) {
                    self.adopt(other, child);
                }
                self.set_children(root, Vec::new());
            } else if that || (reply && !self.subject_of(other).1) {
                self.adopt(other, root);
            } else {
                // Both are replies, or neither is: a dummy above both.
                let above = self.new_node();
                match places.get(&other).copied().and_then(|place| kept.get_mut(place)) {
                    Some(place) => *place = above,
                    None => kept.push(above),
                }
                self.adopt(above, other);
                self.adopt(above, root);
                table.insert(subject, above);
            }
        }
        // What was adopted after it was kept is no root any more.
        kept.retain(|root| self.is_root(*root));
        kept
    }

    /// RFC 5256 §3, ORDEREDSUBJECT: by subject, the first message of each above the others.
    fn by_subject(&mut self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.nodes.len()).collect();
        let key = |at: &usize| self.nodes.get(*at).map(|node| (node.subject, node.date, node.message));
        order.sort_by_cached_key(key);
        let mut roots: Vec<usize> = Vec::new();
        for at in order {
            let same = |root: &usize| self.nodes.get(*root).map(|n| n.subject) == self.nodes.get(at).map(|n| n.subject);
            match roots.last().copied().filter(|root| same(root)) {
                Some(root) => self.adopt(root, at),
                None => roots.push(at),
            }
        }
        roots
    }

    /// Sorts roots and everything below by date, a message that nobody has by the first below it.
    fn sort(&mut self, roots: &mut [usize]) {
        for at in self.leaves_first(roots) {
            let mut children = self.children(at);
            children.sort_by_key(|child| self.sort_key(*child));
            let first = children.first().and_then(|child| self.nodes.get(*child)).map(|node| node.date);
            self.set_children(at, children);
            if let (Some(node), Some(first)) = (self.nodes.get_mut(at), first)
                && node.message.is_none()
            {
                node.date = first;
            }
        }
        roots.sort_by_key(|root| self.sort_key(*root));
    }

    fn sort_key(&self, at: usize) -> (i64, Option<usize>) {
        let first = |at: usize| self.nodes.get(at).and_then(|node| node.children.first().copied());
        let node = self.nodes.get(at);
        let place = node
            .and_then(|node| node.message)
            .or_else(|| first(at).and_then(|child| self.nodes.get(child)).and_then(|node| node.message));
        (node.map_or(0, |node| node.date), place)
    }

    fn subject_of(&self, root: usize) -> (Option<u64>, bool) {
        let Some(node) = self.nodes.get(root) else { return Default::default() };
        let node = match (node.message, node.children.first().and_then(|child| self.nodes.get(*child))) {
            (None, Some(child)) => child,
            _ => node,
        };
        (node.subject, node.reply)
    }

    /// Everything below these and they themselves, children before parents.
    fn leaves_first(&self, roots: &[usize]) -> Vec<usize> {
        let (mut left, mut order) = (roots.to_vec(), Vec::with_capacity(self.nodes.len()));
        while let Some(at) = left.pop() {
            order.push(at);
            left.extend(self.nodes.get(at).map(|node| node.children.as_slice()).unwrap_or_default());
        }
        order.reverse();
        order
    }

    fn is_root(&self, at: usize) -> bool {
        self.nodes.get(at).is_some_and(|node| node.parent.is_none())
    }

    fn children(&self, at: usize) -> Vec<usize> {
        self.nodes.get(at).map(|node| node.children.clone()).unwrap_or_default()
    }

    fn set_children(&mut self, at: usize, children: Vec<usize>) {
        for child in &children {
            if let Some(node) = self.nodes.get_mut(*child) {
                node.parent = Some(at);
            }
        }
        if let Some(node) = self.nodes.get_mut(at) {
            node.children = children;
        }
    }

    fn adopt(&mut self, parent: usize, child: usize) {
        if let Some(node) = self.nodes.get_mut(child) {
            node.parent = Some(parent);
        }
        if let Some(node) = self.nodes.get_mut(parent) {
            node.children.push(child);
        }
    }
}

enum Piece {
    Text(&'static str),
    Node(usize),
}

/// Summaries that are read at once.
const TOGETHER: usize = 64;
/// How far a chain of answers is followed.
const DEEPEST: usize = 1000;
/// Steps along such chains for what one message says of others.
const STEPS: usize = 4 * DEEPEST;
/// Nodes for each message that was read: most of what answers speak of is there.
const SPOKEN_OF: usize = 3;
/// Nodes that a small folder may have.
const AT_LEAST: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Flags, ObjectId, Random, Timestamp};

    struct Sevens;
    impl Random for Sevens {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    fn entry(at: usize) -> EntryInfo {
        EntryInfo {
            id: EntryId::random(&Sevens),
            uid: 1,
            flags: Flags::default(),
            size: 1,
            received_at: Timestamp(i64::try_from(at).expect("few") * 1000),
            modseq: 1,
            email: ObjectId::random(&Sevens),
        }
    }

    fn threads(references: bool, headers: &[&str]) -> String {
        let mut threads = Threads::new(references);
        for (at, header) in headers.iter().enumerate() {
            threads.read = at + 1;
            threads.add(at, &entry(at), header.replace('~', "\r\n").as_bytes());
        }
        threads.written(|at| u32::try_from(at + 1).ok())
    }

    #[test]
    fn answers_stand_below_what_they_answer() {
        let a = "Message-ID: <a>~Subject: x~";
        let b = "Message-ID: <b>~References: <a>~Subject: Re: x~";
        let c = "Message-ID: <c>~References: <a> <b>~Subject: Re: x~";
        let d = "Message-ID: <d>~In-Reply-To: <a>~Subject: Re: x~";
        assert_eq!(threads(true, &[a, b, c]), "(1 2 3)");
        assert_eq!(threads(true, &[c, b, a]), "(3 2 1)");
        assert_eq!(threads(true, &[a, b, c, d]), "(1 (2 3)(4))");
        // What nobody has: its children stand alone, or together below nothing.
        assert_eq!(threads(true, &[c]), "(1)");
        assert_eq!(threads(true, &[b, d]), "((1)(2))");
        let other = "Message-ID: <z>~Subject: another~";
        assert_eq!(threads(true, &[a, other, b]), "(1 3)(2)");
        assert_eq!(threads(true, &[]), "");
    }

    #[test]
    fn one_subject_is_one_thread() {
        let one = "Message-ID: <a>~Subject: x~";
        let answer = "Message-ID: <b>~Subject: Re: x~";
        let second = "Message-ID: <c>~Subject: x~";
        assert_eq!(threads(true, &[one, answer]), "(1 2)");
        assert_eq!(threads(true, &[answer, one]), "(2 1)");
        assert_eq!(threads(true, &[one, second]), "((1)(2))");
        assert_eq!(threads(true, &[one, second, second]), "((1)(2)(3))");
        assert_eq!(threads(true, &["Subject:~", "Subject:~"]), "(1)(2)", "no subject is no bond");
        assert_eq!(threads(false, &[one, answer, second]), "(1 (2)(3))");
        assert_eq!(threads(false, &[one, "Subject: y~", answer]), "(1 3)(2)");
    }

    #[test]
    fn fault_19_hostile_references_end_in_time() {
        // Circles, doubles, and chains that never end.
        assert_eq!(
            threads(
                true,
                &["Message-ID: <a>~References: <b>~Subject: 1~", "Message-ID: <b>~References: <a>~Subject: 2~"]
            ),
            "(2 1)"
        );
        assert_eq!(threads(true, &["Message-ID: <a>~References: <a>~Subject: 1~"]), "(1)");
        assert_eq!(threads(true, &["Message-ID: <a>~Subject: 1~", "Message-ID: <a>~Subject: 2~"]), "(1)(2)");
        let chain: Vec<String> =
            (0..5000).map(|n| format!("Message-ID: <{n}>~References: <{}>~Subject: s{n}~", n - 1)).collect();
        let chain: Vec<&str> = chain.iter().map(String::as_str).collect();
        let text = threads(true, &chain);
        assert_eq!(text.split(['(', ')', ' ']).filter(|word| !word.is_empty()).count(), 5000);
        let mut back = chain.clone();
        back.reverse();
        assert_eq!(threads(true, &back).split(['(', ')', ' ']).filter(|word| !word.is_empty()).count(), 5000);
    }
    #[test]
    fn fault_19_what_nobody_has_is_bounded() {
        // A hundred references each, all new.
        let mut threads = Threads::new(true);
        for at in 0..5_000_usize {
            let references: Vec<String> = (0..100).map(|n| format!("<{at}.{n}>")).collect();
            let header = format!("Message-ID: <m{at}>\r\nReferences: {}\r\nSubject: s\r\n", references.join(" "));
            threads.read = at + 1;
            threads.add(at, &entry(at), header.as_bytes());
        }
        assert!(threads.nodes.len() <= 5_000 * SPOKEN_OF + AT_LEAST + 5_000, "{}", threads.nodes.len());
        let text = threads.written(|at| u32::try_from(at + 1).ok());
        assert_eq!(text.split(['(', ')', ' ']).filter(|word| !word.is_empty()).count(), 5_000);
    }

    #[test]
    fn fault_19_chains_cost_the_same_however_often_they_are_named() {
        // A chain as deep as it may be, and messages that would close a circle in it, again and again.
        let mut headers: Vec<String> =
            (1..900).map(|n| format!("Message-ID: <{n}>~References: <{}>~Subject: {n}~", n - 1)).collect();
        let circles = "<899> <0> ".repeat(50);
        headers.extend((0..3_000).map(|n| format!("Message-ID: <x{n}>~References: {circles}~Subject: x{n}~")));
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let text = threads(true, &headers);
        assert_eq!(text.split(['(', ')', ' ']).filter(|word| !word.is_empty()).count(), headers.len());
        // Many children of one parent, each then said to be another's.
        let headers: Vec<String> = (0..20_000)
            .flat_map(|n| {
                [
                    format!("Message-ID: <a{n}>~References: <p> <c{n}>~Subject: a{n}~"),
                    format!("Message-ID: <c{n}>~References: <q>~Subject: c{n}~"),
                ]
            })
            .collect();
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let text = threads(true, &headers);
        assert_eq!(text.split(['(', ')', ' ']).filter(|word| !word.is_empty()).count(), headers.len());
        // Pairs of one subject, none of them an answer.
        let pairs: Vec<String> = (0..40_000).map(|n| format!("Message-ID: <{n}>~Subject: {}~", n % 20_000)).collect();
        let pairs: Vec<&str> = pairs.iter().map(String::as_str).collect();
        assert_eq!(threads(true, &pairs).matches(")(").count(), 20_000 * 2 - 1);
    }
}
