//! Mod-sequences, snapshots that sessions share, summaries, and appends of several messages (RFC 7162, 3502, 8508).

use std::sync::Arc;

use pli::domain::*;
use pli::mailbox::{AppendError, Found, NewMessage};

use crate::office::*;

crate::on_both! {
    sessions_share_what_they_see_and_follow_each_other
    what_left_a_folder_is_told_since_a_mod_sequence
    unchangedsince_leaves_alone_what_changed
    summaries_come_with_what_comes_in_and_are_made_again
    a_summary_that_somebody_else_wrote_is_not_believed
    a_long_text_is_searched_though_it_is_not_kept
    several_messages_are_appended_together_or_not_at_all
    a_message_takes_the_place_of_another
    fault_48_nothing_of_another_mailbox_is_told
}

fn new(octets: Vec<u8>) -> NewMessage {
    NewMessage { flags: Flags::default(), at: None, octets }
}

async fn sessions_share_what_they_see_and_follow_each_other(office: Office) {
    let (one, two) = (office.reader().await, office.reader().await);
    let far = office.second_node().await;
    let far = far.reader(DOCTOR, &office.doctor.device.password).await;
    for n in 0..5 {
        put(&one, "INBOX", &letter(&format!("m{n}"), "x")).await;
    }
    let inbox = one.folder("INBOX").await.unwrap();
    let (a, b) = (one.snapshot(inbox.id).await.unwrap(), two.snapshot(inbox.id).await.unwrap());
    assert!(Arc::ptr_eq(&a.entries, &b.entries), "one list for both");
    assert_eq!((a.highest_modseq, a.uid_next), (inbox.highest_modseq, 6));
    assert!(a.entries.iter().all(|entry| entry.modseq <= a.highest_modseq));
    let there = far.snapshot(inbox.id).await.unwrap();
    assert_eq!(there.entries, a.entries);
    // What another node does is seen, whatever it is.
    far.change_flags(inbox.id, &[2], FlagChange::Set, &flags(&[SystemFlags::SEEN], &["word"]), None).await.unwrap();
    far.change_flags(inbox.id, &[4], FlagChange::Add, &flags(&[SystemFlags::DELETED], &[]), None).await.unwrap();
    far.expunge(inbox.id, None).await.unwrap();
    far.relocate(inbox.id, &[1], "Archives").await.unwrap();
    put(&far, "INBOX", &letter("late", "x")).await;
    let now = one.snapshot(inbox.id).await.unwrap();
    assert_eq!(now.entries.iter().map(|entry| entry.uid).collect::<Vec<_>>(), [2, 3, 5, 6]);
    assert_eq!(now.entries[0].flags, flags(&[SystemFlags::SEEN], &["word"]));
    assert!(now.entries[0].modseq > a.highest_modseq && now.entries[1].modseq <= a.highest_modseq);
    assert_eq!(now.entries, far.snapshot(inbox.id).await.unwrap().entries);
    // A list that is made from nothing is the same as one that followed.
    let fresh = office.second_node().await;
    let fresh = fresh.reader(DOCTOR, &office.doctor.device.password).await;
    assert_eq!(now.entries, fresh.snapshot(inbox.id).await.unwrap().entries);
    assert_eq!(a.entries.len(), 5, "what a session holds stays as it was told");
    let again = two.snapshot(inbox.id).await.unwrap();
    assert!(Arc::ptr_eq(&again.entries, &now.entries));
}

async fn what_left_a_folder_is_told_since_a_mod_sequence(office: Office) {
    let reader = office.reader().await;
    for n in 0..6 {
        put(&reader, "INBOX", &letter(&format!("m{n}"), "x")).await;
    }
    let inbox = reader.folder("INBOX").await.unwrap();
    let since = inbox.highest_modseq;
    assert!(reader.expunged(inbox.id, since).await.unwrap().is_empty());
    let deleted = flags(&[SystemFlags::DELETED], &[]);
    reader.change_flags(inbox.id, &[2, 3, 6], FlagChange::Add, &deleted, None).await.unwrap();
    reader.expunge(inbox.id, None).await.unwrap();
    let between = reader.folder("INBOX").await.unwrap().highest_modseq;
    reader.relocate(inbox.id, &[5], "Archives").await.unwrap();
    assert_eq!(reader.expunged(inbox.id, since).await.unwrap(), [(2, 3), (5, 6)]);
    assert_eq!(reader.expunged(inbox.id, between).await.unwrap(), [(5, 5)]);
    // Before what is remembered: everything that is not there.
    assert_eq!(reader.expunged(inbox.id, 0).await.unwrap(), [(2, 3), (5, 6)]);
    put(&reader, "INBOX", &letter("new", "x")).await;
    assert_eq!(reader.expunged(inbox.id, 0).await.unwrap(), [(2, 3), (5, 6)]);
}

async fn unchangedsince_leaves_alone_what_changed(office: Office) {
    let reader = office.reader().await;
    for n in 0..3 {
        put(&reader, "INBOX", &letter(&format!("m{n}"), "x")).await;
    }
    let inbox = reader.folder("INBOX").await.unwrap();
    let known = inbox.highest_modseq;
    let (seen, flagged) = (flags(&[SystemFlags::SEEN], &[]), flags(&[SystemFlags::FLAGGED], &[]));
    reader.change_flags(inbox.id, &[2], FlagChange::Add, &seen, None).await.unwrap();
    let done = reader.change_flags(inbox.id, &[1, 2, 3], FlagChange::Add, &flagged, Some(known)).await.unwrap();
    assert_eq!(done.modified, [2]);
    assert_eq!(done.entries.iter().map(|entry| entry.uid).collect::<Vec<_>>(), [1, 3]);
    assert!(done.entries.iter().all(|entry| entry.modseq > known));
    let now = reader.snapshot(inbox.id).await.unwrap();
    assert_eq!(now.entries[1].flags, seen);
    // What changes nothing raises nothing.
    let again = reader.change_flags(inbox.id, &[1, 3], FlagChange::Add, &flagged, None).await.unwrap();
    assert_eq!(again.entries, done.entries);
    assert_eq!(reader.folder("INBOX").await.unwrap().highest_modseq, now.highest_modseq);
}

/// What is found: the preview and whether the body holds a word.
async fn looked_at(reader: &pli::mailbox::Reader, folder: &str, word: &str) -> Vec<(String, bool)> {
    let entries = list(reader, folder).await;
    let id = reader.folder(folder).await.unwrap().id;
    let ids: Vec<EntryId> = entries.iter().map(|entry| entry.id).collect();
    let summaries = reader.summaries(id, &ids).await.unwrap();
    let words = reader.words(id, &ids).await.unwrap();
    let both = summaries.iter().zip(&words).map(|both| match both {
        (Found::There(summary), Found::There(words)) => {
            (String::from_utf8_lossy(summary.preview()).into_owned(), words.body_holds(word))
        }
        _ => ("none".to_owned(), false),
    });
    both.collect()
}

async fn summaries_come_with_what_comes_in_and_are_made_again(office: Office) {
    let (doctor, colleague) =
        (office.reader().await, { office.node.reader(COLLEAGUE, &office.colleague.device.password).await });
    office.submit(&[COLLEAGUE, DOCTOR], &letter("a", "x")).await;
    put(&colleague, "INBOX", &letter("b", "y")).await;
    colleague.copy(colleague.folder("INBOX").await.unwrap().id, &[1, 2], "Archives").await.unwrap();
    let one = ("Bonjour".to_owned(), true);
    assert_eq!(looked_at(&colleague, "INBOX", "bonjour").await, [one.clone(), one.clone()]);
    assert_eq!(looked_at(&colleague, "Archives", "bonjour").await, [one.clone(), one.clone()]);
    assert_eq!(looked_at(&doctor, "INBOX", "bonjour").await, std::slice::from_ref(&one));
    assert_eq!(office.count("SELECT COUNT(*) FROM summaries").await, 3, "one for each head and mailbox");
    // One deposit key for each mailbox; a session's own message needs none.
    assert_eq!(office.count("SELECT COUNT(*) FROM deposit_keys").await, 2);
    assert_eq!(office.count("SELECT COUNT(*) FROM summaries WHERE deposit_key_id IS NULL").await, 1);
    // What is missing is made from the message, and kept.
    office.sql("DELETE FROM summaries").await;
    assert_eq!(looked_at(&colleague, "INBOX", "bonjour").await, [one.clone(), one.clone()]);
    assert_eq!(office.count("SELECT COUNT(*) FROM summaries WHERE deposit_key_id IS NULL").await, 2);
    assert_eq!(
        looked_at(&colleague, "Archives", "absent").await,
        [("Bonjour".to_owned(), false), ("Bonjour".to_owned(), false)]
    );
    // A message that is gone has none.
    let ids = [list(&colleague, "INBOX").await[0].id, EntryId::random(&pli::server::OsRandom)];
    let found = colleague.summaries(colleague.folder("INBOX").await.unwrap().id, &ids).await.unwrap();
    assert!(matches!(found.as_slice(), [Found::There(_), Found::Gone]));
}

/// Who writes the database knows the certificates, and can seal to them; not under our authority.
async fn a_summary_that_somebody_else_wrote_is_not_believed(office: Office) {
    office.submit(&[COLLEAGUE], &letter("a", "x")).await;
    office.submit(&[COLLEAGUE], &letter("b", "x").repeat(1)).await;
    let read = async || {
        let reader = office.node.reader(COLLEAGUE, &office.colleague.device.password).await;
        looked_at(&reader, "INBOX", "bonjour").await
    };
    let right = vec![("Bonjour".to_owned(), true); 2];
    assert_eq!(read().await, right);
    // The summary of one head under another: it does not open there, and the message is read instead.
    let swap = "UPDATE summaries SET summary_sealed = (SELECT summary_sealed FROM summaries ORDER BY head_id LIMIT 1), \
                words_sealed = (SELECT words_sealed FROM summaries ORDER BY head_id LIMIT 1)";
    assert!(office.sql(swap).await >= 3);
    assert_eq!(read().await, right);
    office.submit(&[COLLEAGUE], &letter("c", "x")).await;
    assert!(office.sql("UPDATE deposit_keys SET authority_mac = esk").await >= 1);
    assert_eq!(read().await, vec![("Bonjour".to_owned(), true); 3]);
}

async fn a_long_text_is_searched_though_it_is_not_kept(office: Office) {
    let reader = office.reader().await;
    let long = |last: &str| [letter("long", "x"), b"word ".repeat(100_000), last.as_bytes().to_vec()].concat();
    put(&reader, "INBOX", &long("needle")).await;
    put(&reader, "INBOX", &letter("short", "x")).await;
    assert_eq!(office.count("SELECT COUNT(*) FROM summaries WHERE words_sealed IS NULL").await, 1);
    let found = looked_at(&reader, "INBOX", "needle").await;
    assert_eq!(found.iter().map(|(_, holds)| *holds).collect::<Vec<_>>(), [true, false]);
    assert!(found[0].0.starts_with("Bonjour word word"));
    // Of what is not kept no more is held at once than a little: the rest is asked for again.
    let huge = [letter("huge", "x"), b"word ".repeat(2_000_000)].concat();
    for _ in 0..2 {
        put(&reader, "INBOX", &huge).await;
    }
    let ids: Vec<EntryId> = list(&reader, "INBOX").await.iter().map(|entry| entry.id).collect();
    let folder = reader.folder("INBOX").await.unwrap().id;
    assert_eq!(reader.words(folder, &ids[2..]).await.unwrap().len(), 1);
}

async fn several_messages_are_appended_together_or_not_at_all(office: Office) {
    let reader = office.reader().await;
    let many: Vec<NewMessage> = (0..5).map(|n| new(letter(&format!("m{n}"), "x"))).collect();
    let (validity, uids) = reader.append("INBOX", many).await.unwrap();
    assert_eq!((validity, uids), (reader.folder("INBOX").await.unwrap().uid_validity, vec![1, 2, 3, 4, 5]));
    let bad = vec![new(letter("good", "x")), new(b"bare\nline".to_vec())];
    assert!(matches!(reader.append("INBOX", bad).await, Err(AppendError::NotClean)));
    assert_eq!(list(&reader, "INBOX").await.len(), 5);
    assert_eq!(reader.folder("INBOX").await.unwrap().uid_next, 6);
    // Together they count against the quota (fault 47).
    let used = reader.quota().await.unwrap().0;
    let room = i64::try_from(used).unwrap() + i64::try_from(letter("m0", "x").len()).unwrap() * 2;
    office.set_quota(room).await;
    let three: Vec<NewMessage> = (0..3).map(|n| new(letter(&format!("n{n}"), "x"))).collect();
    assert!(matches!(reader.append("INBOX", three).await, Err(AppendError::OverQuota)));
    assert_eq!(reader.quota().await.unwrap().0, used);
    // Copies of two submissions take both places.
    for id in ["s1", "s2"] {
        office.submit(&[COLLEAGUE], &letter(id, "x")).await;
    }
    reader.append("Sent", vec![new(letter("s1", "x")), new(letter("s2", "x"))]).await.unwrap();
    office.pass(std::time::Duration::from_secs(60));
    assert_eq!(list(&reader, "Sent").await.len(), 2);
}

async fn a_message_takes_the_place_of_another(office: Office) {
    let reader = office.reader().await;
    put(&reader, "Drafts", &letter("d", "one")).await;
    let drafts = reader.folder("Drafts").await.unwrap();
    let (_, uid) = reader.replace(drafts.id, 1, "Drafts", new(letter("d", "two"))).await.unwrap();
    assert_eq!((uid, read(&reader, "Drafts").await), (2, vec![letter("d", "two")]));
    assert_eq!(reader.expunged(drafts.id, drafts.highest_modseq).await.unwrap(), [(1, 1)]);
    let gone = reader.replace(drafts.id, 1, "Drafts", new(letter("d", "three"))).await;
    assert!(matches!(gone, Err(AppendError::Gone)));
    let nowhere = reader.replace(drafts.id, 2, "Nowhere", new(letter("d", "three"))).await;
    assert!(matches!(nowhere, Err(AppendError::NoSuchFolder)));
    assert_eq!(read(&reader, "Drafts").await, [letter("d", "two")], "nothing went");
    // Into another folder, also of a full mailbox when it is no larger.
    let used = i64::try_from(reader.quota().await.unwrap().0).unwrap();
    office.set_quota(used - 1).await;
    reader.replace(drafts.id, 2, "Archives", new(letter("d", "six"))).await.unwrap();
    assert!(list(&reader, "Drafts").await.is_empty());
    assert_eq!(read(&reader, "Archives").await, [letter("d", "six")]);
    let archive = reader.folder("Archives").await.unwrap().id;
    let larger = reader.replace(archive, 1, "Archives", new(letter("d", "a longer one"))).await;
    assert!(matches!(larger, Err(AppendError::OverQuota)));
    assert_eq!(read(&reader, "Archives").await, [letter("d", "six")]);
}

/// fault_48: what changed, went or says something in one mailbox is told to nobody else, whatever ids they know.
async fn fault_48_nothing_of_another_mailbox_is_told(office: Office) {
    let doctor = office.reader().await;
    let colleague = office.node.reader(COLLEAGUE, &office.colleague.device.password).await;
    for id in ["a", "b"] {
        put(&doctor, "INBOX", &letter(id, "secret")).await;
    }
    let inbox = doctor.folder("INBOX").await.unwrap();
    let ids: Vec<EntryId> = list(&doctor, "INBOX").await.iter().map(|entry| entry.id).collect();
    let mut watch = colleague.watch();
    watch.mark_unchanged();
    let deleted = flags(&[SystemFlags::DELETED], &[]);
    doctor.change_flags(inbox.id, &[1], FlagChange::Add, &deleted, None).await.unwrap();
    doctor.expunge(inbox.id, None).await.unwrap();
    assert_eq!(doctor.expunged(inbox.id, inbox.highest_modseq).await.unwrap(), [(1, 1)]);
    // The same questions by somebody else: nothing is there, nothing went, nothing wakes.
    let theirs = colleague.snapshot(inbox.id).await.unwrap();
    assert_eq!((theirs.entries.len(), theirs.highest_modseq, theirs.uid_next), (0, 1, 1));
    assert!(colleague.expunged(inbox.id, 0).await.unwrap().is_empty());
    assert!(colleague.expunged(inbox.id, inbox.highest_modseq).await.unwrap().is_empty());
    assert!(colleague.summaries(inbox.id, &ids).await.unwrap().iter().all(|found| matches!(found, Found::Gone)));
    assert!(colleague.words(inbox.id, &ids).await.unwrap().iter().all(|found| matches!(found, Found::Gone)));
    assert!(colleague.message(ids[1]).await.unwrap().is_none());
    let all = FlagChange::Add;
    assert!(colleague.change_flags(inbox.id, &[2], all, &deleted, None).await.unwrap().entries.is_empty());
    assert!(colleague.expunge(inbox.id, None).await.unwrap().is_empty());
    let place = colleague.replace(inbox.id, 2, "INBOX", new(letter("mine", "x"))).await;
    assert!(matches!(place, Err(AppendError::Gone)));
    assert!(!watch.has_changed().unwrap(), "not even that something changed");
    assert_eq!(list(&doctor, "INBOX").await.len(), 1);
}
