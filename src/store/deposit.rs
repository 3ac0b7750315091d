//! A deposit: message, containers, entries, deliveries, outbox and audit event in one transaction.
//!
//! One task commits for everybody: it takes whatever came in while the last commit ran, never waits for
//! more, and shares one sync of the disk among them. A deposit that fails by itself is found by trying
//! each of its group alone, and fails alone. Folders are locked in one order, so that two nodes cannot
//! wait for each other; what PostgreSQL still gives up on is run again.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::deliveries::{self, DeliveryRow};
use super::holds::{self, HoldRow};
use super::rates::{self, Allowance, Over};
use super::sql::{Conn, Inner, Step};
use super::summaries::{DepositKeyRow, NewSummary};
use super::value::{Row, Trouble};
use super::{Store, Tx, changes, outbox, quota, summaries};
use crate::domain::{
    AuditEvent, Container, Count, EntryId, Esk, Fault, FolderId, FolderRole, KeyedHash, Label, Mac, MailboxId,
    MessageId, ObjectId, PracticeId, QueueId, Timestamp,
};

/// Everything one accepted message leaves behind.
#[derive(Debug)]
pub struct Deposit {
    /// The message.
    pub message: MessageRow,
    /// Its containers. Those above [`Deposit::INLINE`] go to the object store first.
    pub objects: Vec<NewObject>,
    /// One for the sender's copy, one for each local recipient.
    pub entries: Vec<NewEntry>,
    /// One for each outside recipient, with the work that sends its notice.
    pub deliveries: Vec<(DeliveryRow, NewWork)>,
    /// One for each outside recipient who waits for a number, with what is asked.
    pub held: Vec<(DeliveryRow, HoldRow)>,
    /// Keyed hashes of numbers in what its sender wrote.
    pub signatures: Vec<KeyedHash>,
    /// The keys of its summaries that may not be stored yet.
    pub keys: Vec<DepositKeyRow>,
    /// What the journal says.
    pub event: AuditEvent,
}

impl Deposit {
    /// Containers up to this size (octets) live in their row and share its commit.
    pub const INLINE: usize = 64 * 1024;
}

/// A row of `messages`.
#[derive(Debug, Clone)]
pub struct MessageRow {
    /// Its id.
    pub id: MessageId,
    /// In which practice.
    pub practice: PracticeId,
    /// Whose it is: the sender, or for a receipt the mailbox that gets it.
    pub mailbox: MailboxId,
    /// Octets as submitted.
    pub size: i64,
    /// When it was accepted.
    pub created_at: Timestamp,
}

/// A container to be stored.
#[derive(Debug)]
pub struct NewObject {
    /// Its id.
    pub id: ObjectId,
    /// The sealed octets.
    pub container: Container,
}

/// A message in a folder of a mailbox; the store gives it the next UID.
#[derive(Debug)]
pub struct NewEntry {
    /// Its id.
    pub id: EntryId,
    /// Whose.
    pub mailbox: MailboxId,
    /// In which special folder.
    pub folder: FolderRole,
    /// Which head it shows.
    pub head: ObjectId,
    /// The head's session key, to the mailbox certificate.
    pub esk: Esk,
    /// Flags as bits (1: `\Seen`).
    pub flags: i64,
    /// RFC822.SIZE.
    pub size: i64,
    /// INTERNALDATE.
    pub received_at: Timestamp,
    /// When it begins to show.
    pub visible_at: Timestamp,
    /// Keyed hash of the Message-ID, where a client's own copy may take this one's place.
    pub message_id: Option<KeyedHash>,
    /// Whether the server keeps it by itself, until a client brings its own copy.
    pub server_copy: bool,
    /// What lists and searches need of its head.
    pub summary: Option<NewSummary>,
    /// Whether it counts against the quota; receipts and letters of Pli do not.
    pub counted: bool,
    /// Authority over id, mailbox, message, head.
    pub mac: Mac,
}

/// Work for the courier.
#[derive(Debug, Clone, Copy)]
pub struct NewWork {
    /// Its id.
    pub id: QueueId,
    /// When it is due.
    pub due_at: Timestamp,
}

/// A deposit whose large objects are durable, as the rows it becomes.
pub(super) struct Rows {
    message: MessageRow,
    objects: Vec<ObjectRow>,
    entries: Vec<NewEntry>,
    deliveries: Vec<(DeliveryRow, NewWork)>,
    held: Vec<(DeliveryRow, HoldRow)>,
    signatures: Vec<KeyedHash>,
    keys: Vec<DepositKeyRow>,
}

/// A row of `objects`, whose octets are durable in the object store when they are large.
pub struct ObjectRow {
    id: ObjectId,
    size: i64,
    /// `None`: in the object store.
    container: Option<Container>,
}

impl ObjectRow {
    /// Its id, when its octets are in the object store.
    pub fn stored(&self) -> Option<ObjectId> {
        self.container.is_none().then_some(self.id)
    }
}

/// A deposit in the queue, and who waits for it.
pub(super) struct Waiting {
    rows: Vec<Rows>,
    events: Vec<AuditEvent>,
    /// What it counts against, and when.
    allowances: Vec<Allowance>,
    at: Timestamp,
    done: oneshot::Sender<Result<Option<Over>, Trouble>>,
}

impl Store {
    /// Makes a deposit durable. Deposits that wait while another commits share the next commit.
    ///
    /// Large objects are written and synced first; when the transaction fails they are orphans, swept later.
    ///
    /// # Errors
    /// A [`Fault`] (transient where it may pass); then none of the deposit is there.
    pub async fn deposit(&self, deposit: Deposit) -> Result<(), Fault> {
        self.deposit_all(vec![deposit]).await
    }

    /// The same for several that stand or fall together: a message, and the report of it.
    ///
    /// # Errors
    /// As for [`Store::deposit`]; then none of them is there.
    pub async fn deposit_all(&self, deposits: Vec<Deposit>) -> Result<(), Fault> {
        // Against nothing that could refuse it.
        self.submit(deposits, Vec::new(), Timestamp(0)).await.map(|_| ())
    }

    /// The same for a submission, which counts as one message against what its sender may send.
    ///
    /// # Errors
    /// The inner error is a limit that is reached, the outer as for [`Store::deposit`]; then none of them is there.
    pub async fn submit(
        &self,
        deposits: Vec<Deposit>,
        allowances: Vec<Allowance>,
        at: Timestamp,
    ) -> Result<Result<(), Over>, Fault> {
        let began = Instant::now();
        let outcome = self.deposit_together(deposits, allowances, at).await;
        let word = match &outcome {
            Ok(Ok(())) => "stored",
            Ok(Err(_)) => "over",
            Err(_) => "failed",
        };
        self.inner.figures.count(Count::Deposit, &[Label::Word(word)]);
        if let Ok(Ok(())) = outcome {
            self.inner.figures.deposited(began.elapsed());
        }
        outcome
    }

    async fn deposit_together(
        &self,
        deposits: Vec<Deposit>,
        allowances: Vec<Allowance>,
        at: Timestamp,
    ) -> Result<Result<(), Over>, Fault> {
        let (mut rows, mut events) = (Vec::with_capacity(deposits.len()), Vec::with_capacity(deposits.len()));
        for Deposit { message, objects, entries, deliveries, held, signatures, keys, event } in deposits {
            let objects = self.put_large(objects).await?;
            rows.push(Rows { message, objects, entries, deliveries, held, signatures, keys });
            events.push(event);
        }
        let (done, answer) = oneshot::channel();
        let waiting = Waiting { rows, events, allowances, at, done };
        let closed = || Fault::new("the store is closed").transient();
        self.deposits.send(waiting).await.map_err(|_| closed())?;
        Ok(answer.await.map_err(|_| closed())??.map_or(Ok(()), Err))
    }

    /// Writes what does not fit a row to the object store, several at a time; [`Tx::append_message`] inserts the rows.
    ///
    /// # Errors
    /// A transient [`Fault`] when the object store is full or away.
    pub async fn put_objects(&self, objects: Vec<NewObject>) -> Result<Vec<ObjectRow>, Fault> {
        Ok(self.put_large(objects).await?)
    }

    async fn put_large(&self, objects: Vec<NewObject>) -> Result<Vec<ObjectRow>, Trouble> {
        stream::iter(objects)
            .map(|NewObject { id, container }| async move {
                let size = octets(&container);
                if container.as_octets().len() <= Deposit::INLINE {
                    return Ok(ObjectRow { id, size, container: Some(container) });
                }
                self.inner.put_object(id, container).await?;
                Ok(ObjectRow { id, size, container: None })
            })
            .buffered(PUTS)
            .try_collect()
            .await
    }
}

impl Tx {
    /// The rows of a deposit inside a transaction that does more (a receipt with its state change). All its
    /// objects must fit a row ([`Deposit::INLINE`]); its event is not written: the transaction's own says it.
    ///
    /// # Errors
    /// A [`Fault`] of the database, or for an object that is too large.
    pub async fn insert_deposit(&mut self, deposit: Deposit) -> Result<(), Fault> {
        if deposit.objects.iter().any(|object| object.container.as_octets().len() > Deposit::INLINE) {
            return Err(Fault::new("an object is too large for its row"));
        }
        let Deposit { message, objects, entries, deliveries, held, signatures, keys, .. } = deposit;
        let objects = objects.into_iter().map(|NewObject { id, container }| ObjectRow {
            id,
            size: octets(&container),
            container: Some(container),
        });
        let rows = Rows { message, objects: objects.collect(), entries, deliveries, held, signatures, keys };
        self.touched.extend(insert(&mut self.conn, &[&rows], None).await?.0);
        Ok(())
    }

    /// The same for a deposit whose objects, of whatever size, were put first ([`Store::put_objects`]).
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn insert_put_deposit(&mut self, deposit: Deposit, objects: Vec<ObjectRow>) -> Result<(), Fault> {
        let Deposit { message, entries, deliveries, held, signatures, keys, .. } = deposit;
        let rows = Rows { message, objects, entries, deliveries, held, signatures, keys };
        self.touched.extend(insert(&mut self.conn, &[&rows], None).await?.0);
        Ok(())
    }

    /// Shows a message that is stored already in special folders of mailboxes.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn show_message(&mut self, message: MessageRow, entries: Vec<NewEntry>) -> Result<(), Fault> {
        let rows = Rows {
            message,
            objects: Vec::new(),
            entries,
            deliveries: Vec::new(),
            held: Vec::new(),
            signatures: Vec::new(),
            keys: Vec::new(),
        };
        let (touched, places) = take_places(&mut self.conn, &[&rows]).await?;
        let steps: Vec<Step<'_>> = places.iter().map(insert_entry).chain(grown(&rows)).collect();
        self.conn.run(&steps).await?;
        self.touched.extend(touched);
        Ok(())
    }
}

/// Commits deposits in groups until the store is dropped.
pub(super) async fn write_groups(inner: Arc<Inner>, mut queue: mpsc::Receiver<Waiting>) {
    let mut group = Vec::with_capacity(GROUP);
    while queue.recv_many(&mut group, GROUP).await > 0 {
        let refs: Vec<&Waiting> = group.iter().collect();
        let outcome = commit_patiently(&inner, &refs).await;
        let alone = group.len() == 1;
        for (at, waiting) in group.drain(..).enumerate() {
            let of = |overs: &Vec<Option<Over>>, at: usize| overs.get(at).copied().flatten();
            let outcome = match &outcome {
                // One of them is bad: each is tried by itself, so that it fails nobody else's.
                Err(trouble) if !alone && !trouble.is_transient() => {
                    commit_patiently(&inner, &[&waiting]).await.map(|overs| of(&overs, 0))
                }
                Err(trouble) => Err(trouble.clone()),
                Ok(overs) => Ok(of(overs, at)),
            };
            // Whoever waited may have hung up; the deposit stands all the same.
            let _ = waiting.done.send(outcome);
        }
        // Whoever was just answered and is about to deposit again comes in first; with nobody there this costs nothing.
        tokio::task::yield_now().await;
    }
}

/// Commits a group, again when PostgreSQL made it the victim of another transaction; which of them a limit kept out.
async fn commit_patiently(inner: &Arc<Inner>, group: &[&Waiting]) -> Result<Vec<Option<Over>>, Trouble> {
    let mut left = VICTIM;
    loop {
        match commit_group(inner, group).await {
            Err(trouble) if trouble.again() && left > 0 => left -= 1,
            outcome => return outcome,
        }
    }
}

async fn commit_group(inner: &Arc<Inner>, group: &[&Waiting]) -> Result<Vec<Option<Over>>, Trouble> {
    let mut conn = inner.begin().await?;
    let overs = count(&mut conn, group).await?;
    let admitted = group.iter().zip(&overs).filter(|(_, over)| over.is_none());
    let group: Vec<&Waiting> = admitted.map(|(waiting, _)| *waiting).collect();
    if group.is_empty() {
        return Ok(overs);
    }
    let rows: Vec<&Rows> = group.iter().flat_map(|waiting| &waiting.rows).collect();
    let events: Vec<&AuditEvent> = group.iter().flat_map(|waiting| &waiting.events).collect();
    let (touched, raised) = insert(&mut conn, &rows, Some(inner.raise(events.len()))).await?;
    inner.append_raised(&mut conn, &events, raised.last()).await?;
    conn.commit().await?;
    inner.tell(&touched);
    Ok(overs)
}

/// Counts each against its limits, in one order on every node.
async fn count(conn: &mut Conn, group: &[&Waiting]) -> Result<Vec<Option<Over>>, Trouble> {
    let mut order: Vec<(usize, &Waiting)> = group.iter().copied().enumerate().collect();
    order.sort_by_key(|(_, waiting)| waiting.allowances.iter().map(|allowance| allowance.whose).min());
    let all = order.iter().map(|(_, waiting)| (waiting.allowances.as_slice(), waiting.at));
    if rates::take_all(conn, all).await? {
        return Ok(vec![None; group.len()]);
    }
    let mut counted = Vec::with_capacity(group.len());
    for (at, waiting) in order {
        counted.push((at, rates::take(conn, &waiting.allowances, waiting.at).await?));
    }
    counted.sort_by_key(|(at, _)| *at);
    Ok(counted.into_iter().map(|(_, over)| over).collect())
}

/// Inserts a group, each deposit in one go, and runs `last` with the last of them; returns the mailboxes that were
/// touched, with their counters, and the rows of that go.
async fn insert(
    conn: &mut Conn,
    group: &[&Rows],
    last: Option<Step<'_>>,
) -> Result<(Vec<(MailboxId, i64)>, Vec<Vec<Row>>), Trouble> {
    let (touched, places) = take_places(conn, group).await?;
    let mut goes: Vec<Vec<Step<'_>>> = Vec::with_capacity(group.len());
    for (at, rows) in group.iter().enumerate() {
        let mut steps: Vec<Step<'_>> = rows.keys.iter().map(summaries::insert_key).collect();
        steps.push(insert_message(&rows.message));
        let objects = rows.objects.iter();
        steps.extend(objects.map(|object| insert_object(rows.message.id, object, rows.message.created_at)));
        for place in places.iter().filter(|place| place.of == at) {
            steps.push(insert_entry(place));
            let summary = place.entry.summary.as_ref();
            steps.extend(summary.map(|summary| summaries::insert(place.entry.mailbox, place.entry.head, summary)));
        }
        steps.extend(grown(rows));
        for (row, work) in &rows.deliveries {
            steps.extend([deliveries::insert(row), outbox::insert(row.id, work)]);
        }
        for (row, hold) in &rows.held {
            steps.extend([deliveries::insert(row), holds::insert(hold)]);
        }
        goes.push(steps);
    }
    // In one order on every node.
    let numbers = group.iter().flat_map(|rows| rows.signatures.iter().map(|number| (rows.message.mailbox, number)));
    let mut numbers: Vec<(MailboxId, &KeyedHash)> = numbers.collect();
    numbers.sort_by_key(|(mailbox, number)| (*mailbox, number.as_octets()));
    let ending = numbers.into_iter().map(|(mailbox, number)| holds::see(mailbox, number)).chain(last);
    match goes.last_mut() {
        Some(go) => go.extend(ending),
        None => goes.push(ending.collect()),
    }
    let mut ran = Vec::new();
    for go in &goes {
        ran = conn.run(go).await?;
    }
    Ok((touched, ran))
}

/// What a deposit adds to the mailboxes that it counts in.
fn grown<'a>(rows: &Rows) -> Vec<Step<'a>> {
    let mut grown: BTreeMap<MailboxId, i64> = BTreeMap::new();
    for entry in rows.entries.iter().filter(|entry| entry.counted && entry.size != 0) {
        let octets = grown.entry(entry.mailbox).or_insert(0);
        *octets = octets.saturating_add(entry.size);
    }
    grown.into_iter().map(|(mailbox, octets)| quota::grow(mailbox, octets)).collect()
}

/// Where an entry goes.
struct Place<'a> {
    /// Which of the group it is of.
    of: usize,
    message: MessageId,
    entry: &'a NewEntry,
    folder: FolderId,
    uid: i64,
    modseq: i64,
}

/// An entry of a group that has no place yet.
struct Placeless<'a> {
    of: usize,
    message: &'a MessageRow,
    entry: &'a NewEntry,
}

/// Raises the counters of the mailboxes that get entries, and takes UIDs for the whole group, one statement for each
/// mailbox and folder, in one order on every node. What does not show yet takes no UID: its own is below all others,
/// in the order of arrival, until it shows ([`Tx::reveal`]).
async fn take_places<'a>(
    conn: &mut Conn,
    group: &[&'a Rows],
) -> Result<(Vec<(MailboxId, i64)>, Vec<Place<'a>>), Trouble> {
    let mut mailboxes: BTreeMap<MailboxId, Timestamp> = BTreeMap::new();
    let mut entries = Vec::new();
    for (of, rows) in group.iter().enumerate() {
        for entry in &rows.entries {
            let at = mailboxes.entry(entry.mailbox).or_insert(rows.message.created_at);
            *at = (*at).max(rows.message.created_at);
            entries.push(Placeless { of, message: &rows.message, entry });
        }
    }
    // Stable: within a folder UIDs follow the order of arrival.
    entries.sort_by_key(|placeless| folder_key(placeless.entry));
    let runs: Vec<(&Placeless<'a>, &[Placeless<'a>])> = entries
        .chunk_by(|a, b| folder_key(a.entry) == folder_key(b.entry))
        .filter_map(|run| Some((run.first()?, run)))
        .collect();
    if runs.iter().any(|(first, _)| first.entry.folder == FolderRole::Plain) {
        return Err(Trouble::new("a deposit names no special folder", "plain"));
    }
    let shown = |run: &[Placeless<'_>]| {
        let shown = run.iter().filter(|placeless| !is_hidden(placeless.message, placeless.entry)).count();
        i64::try_from(shown).unwrap_or(i64::MAX)
    };
    let touches = mailboxes.iter().map(|(mailbox, at)| changes::touch(*mailbox, *at));
    // What is hidden changes nothing that a client could see.
    let takes = runs.iter().map(|(first, run)| Step {
        sql: "UPDATE folders SET uid_next = uid_next + $3, modseq = CASE WHEN $3 > 0 \
              THEN (SELECT changes FROM mailbox_changes WHERE mailbox_id = $1) ELSE modseq END \
              WHERE mailbox_id = $1 AND role = $2 RETURNING id, uid_next",
        params: vec![first.entry.mailbox.into(), first.entry.folder.into(), shown(run).into()],
    });
    let rows = conn.run(&touches.chain(takes).collect::<Vec<_>>()).await?;
    let mut rows = rows.iter();
    let mut touched = Vec::with_capacity(mailboxes.len());
    for mailbox in mailboxes.keys() {
        touched.push((*mailbox, changes::changes(rows.next())?));
    }
    let mut places = Vec::with_capacity(entries.len());
    for (first, run) in runs {
        let change = touched.iter().find(|(mailbox, _)| *mailbox == first.entry.mailbox).map(|(_, change)| *change);
        let change = change.ok_or_else(|| Trouble::new("a deposit's mailbox was not touched", "counter"))?;
        let row = rows.next().and_then(|rows| rows.first());
        let row = row.ok_or_else(|| Trouble::new("a mailbox has no such folder", first.entry.folder.word()))?;
        let (folder, next): (FolderId, i64) = (row.read("id")?, row.read("uid_next")?);
        let (mut uid, mut below) = (next - shown(run), 0);
        for &Placeless { of, message, entry } in run {
            let (uid, modseq) = if is_hidden(message, entry) {
                below += 1;
                (-(change.saturating_mul(MOST_HIDDEN).saturating_add(below)), 0)
            } else {
                uid += 1;
                (uid - 1, change)
            };
            places.push(Place { of, message: message.id, entry, folder, uid, modseq });
        }
    }
    Ok((touched, places))
}

/// Whether an entry does not show at once: the server's Sent copy waits for a client's own.
fn is_hidden(message: &MessageRow, entry: &NewEntry) -> bool {
    entry.server_copy && entry.visible_at > message.created_at
}

fn folder_key(entry: &NewEntry) -> (MailboxId, &'static str) {
    (entry.mailbox, entry.folder.word())
}

pub(super) fn insert_message(row: &MessageRow) -> Step<'static> {
    // A message that is sent once more is there already.
    let sql = "INSERT INTO messages (id, practice_id, mailbox_id, size, created_at) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (id) DO NOTHING";
    let params = vec![row.id.into(), row.practice.into(), row.mailbox.into(), row.size.into(), row.created_at.into()];
    Step { sql, params }
}

pub(super) fn insert_object(message: MessageId, row: &ObjectRow, at: Timestamp) -> Step<'_> {
    let sql = "INSERT INTO objects (id, message_id, size, container, created_at) VALUES ($1, $2, $3, $4, $5)";
    let params = vec![row.id.into(), message.into(), row.size.into(), row.container.as_ref().into(), at.into()];
    Step { sql, params }
}

fn insert_entry<'a>(place: &Place<'a>) -> Step<'a> {
    let Place { message, entry: row, folder, uid, modseq, .. } = place;
    let sql = "INSERT INTO entries (id, mailbox_id, folder_id, uid, message_id, head_id, esk, flags, size, \
               received_at, visible_at, authority_mac, message_id_hash, server_copy, modseq, counted) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
    let params = vec![
        row.id.into(),
        row.mailbox.into(),
        (*folder).into(),
        (*uid).into(),
        (*message).into(),
        row.head.into(),
        (&row.esk).into(),
        row.flags.into(),
        row.size.into(),
        row.received_at.into(),
        row.visible_at.into(),
        (&row.mac).into(),
        row.message_id.as_ref().into(),
        i64::from(row.server_copy).into(),
        (*modseq).into(),
        i64::from(row.counted).into(),
    ];
    Step { sql, params }
}

fn octets(container: &Container) -> i64 {
    i64::try_from(container.as_octets().len()).unwrap_or(i64::MAX)
}

/// More than a group has entries of one folder.
const MOST_HIDDEN: i64 = 1 << 20;
/// Deposits in one transaction at most.
const GROUP: usize = 64;
/// Objects of one deposit that are written at once.
const PUTS: usize = 4;
/// How often a transaction is run again after it was the victim of another.
const VICTIM: u32 = 8;
