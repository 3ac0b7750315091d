//! Quotas as people meet them: letters at 80 % and 95 %, and what colleagues hear of a full mailbox.

use std::time::Duration;

use pli::access::LoginError;
use pli::delivery::Route;
use pli::domain::*;
use pli::mailbox::{AppendError, Reader};

use crate::office::*;

crate::on_both! {
    a_letter_comes_at_80_and_at_95_once_for_each_crossing
    two_nodes_send_one_letter
    a_full_mailbox_refuses_colleagues_for_now_then_for_good
    what_is_never_refused_goes_in_though_the_mailbox_is_full
    what_a_mailbox_holds_is_known_whatever_was_done_to_it
}

const DAY: Duration = Duration::from_secs(86_400);

async fn set(office: &Office, mailbox: MailboxId, quota: i64) {
    let event = AuditEvent::new(NOW, Actor::Operator, Verb::MailboxChanged);
    assert!(office.node.store.set_quota(mailbox, quota, event).await.unwrap());
}

/// The subjects and texts of the letters of Pli in INBOX.
async fn letters(reader: &Reader) -> Vec<String> {
    let all = read(reader, "INBOX").await;
    let text = all.into_iter().map(|octets| String::from_utf8(octets).unwrap());
    text.filter(|text| text.contains("From: \"Pli\"") || text.contains("From: Pli")).collect()
}

fn body(letter: &str) -> String {
    let parsed = mail_parser::MessageParser::default().parse(letter.as_bytes()).unwrap();
    parsed.body_text(0).unwrap().replace("\r\n", "\n")
}

async fn tell(office: &Office) {
    office.node.deliveries.tell_quotas().await.unwrap();
}

async fn a_letter_comes_at_80_and_at_95_once_for_each_crossing(office: Office) {
    let reader = office.reader().await;
    let octets = letter("a", "x");
    set(&office, office.doctor.id, octets.len() as i64 * 20).await;
    for _ in 0..15 {
        put(&reader, "Archive", &octets).await;
    }
    tell(&office).await;
    assert!(letters(&reader).await.is_empty(), "75 of a hundred");
    put(&reader, "Archive", &octets).await;
    tell(&office).await;
    tell(&office).await;
    let told = letters(&reader).await;
    assert_eq!(told.len(), 1);
    assert_eq!(
        body(&told[0]),
        "Votre boîte dr.martin@cabinet.example est remplie à 80 % : 2,6 Ko sur 3,3 Ko.\n\
         Quand elle sera pleine, vos confrères ne pourront plus vous écrire. Vous pourrez toujours envoyer, et les \
         accusés d'ouverture arriveront toujours.\n\n\
         Pour faire de la place : videz la corbeille et les indésirables, supprimez les anciens messages qui portent \
         de grosses pièces jointes, ou demandez plus de place à l'administrateur.\n\n\
         Cet avis vient de votre serveur Pli. Il ne prend pas de place dans votre boîte. Il est inutile d'y répondre.\n\n"
    );
    assert!(told[0].contains("To: dr.martin@cabinet.example\r\n"), "{}", told[0]);
    assert!(told[0].contains("Auto-Submitted: auto-generated") && !told[0].contains("In-Reply-To"));
    for _ in 0..3 {
        put(&reader, "Archive", &octets).await;
    }
    tell(&office).await;
    assert_eq!(letters(&reader).await.len(), 2, "95 of a hundred");
    let (used, quota) = reader.quota().await.unwrap();
    assert_eq!((used, quota), (octets.len() as u64 * 19, octets.len() as u64 * 20), "letters count nowhere");
    // Below 80 both are armed again; a crossing of both marks at once is told once.
    let archive = reader.folder("Archive").await.unwrap().id;
    let all = uids(&reader, "Archive").await;
    reader.change_flags(archive, &all, FlagChange::Add, &flags(&[SystemFlags::DELETED], &[]), None).await.unwrap();
    reader.expunge(archive, Some(&all[..10])).await.unwrap();
    tell(&office).await;
    assert_eq!(letters(&reader).await.len(), 2);
    for _ in 0..10 {
        put(&reader, "Archive", &octets).await;
    }
    tell(&office).await;
    assert_eq!(letters(&reader).await.len(), 3);
    // More room from the administrator is room again.
    set(&office, office.doctor.id, 0).await;
    tell(&office).await;
    set(&office, office.doctor.id, octets.len() as i64 * 20).await;
    tell(&office).await;
    assert_eq!(letters(&reader).await.len(), 4);
    assert!(office.node.store.quota_crossings().await.unwrap().is_empty());
}

async fn two_nodes_send_one_letter(office: Office) {
    let reader = office.reader().await;
    let second = office.second_node().await;
    let octets = letter("a", "x");
    for round in 1..=5 {
        set(&office, office.doctor.id, 0).await;
        tell(&office).await;
        put(&reader, "Archive", &octets).await;
        set(&office, office.doctor.id, octets.len() as i64 * round).await;
        let (one, two) = tokio::join!(office.node.deliveries.tell_quotas(), second.deliveries.tell_quotas());
        one.unwrap();
        two.unwrap();
        assert_eq!(letters(&reader).await.len(), round as usize);
    }
}

async fn a_full_mailbox_refuses_colleagues_for_now_then_for_good(office: Office) {
    let sender = office.node.access.login(DOCTOR, &office.doctor.device.password.reveal()).await.unwrap();
    let to: Address = COLLEAGUE.parse().unwrap();
    let route = async || office.node.deliveries.route(&sender, &to).await.unwrap();
    let octets = letter("a", "x");
    set(&office, office.colleague.id, octets.len() as i64 * 2 - 1).await;
    office.submit(&[COLLEAGUE], &octets).await;
    assert!(matches!(route().await, Ok(Route::Local(_))), "there is room for a little");
    office.submit(&[COLLEAGUE], &octets).await;
    tell(&office).await;
    let refused = route().await.unwrap_err();
    assert_eq!((refused.code, refused.enhanced), (452, "4.2.2"));
    assert!(refused.sentence.contains(COLLEAGUE) && refused.sentence.contains("pleine"), "{}", refused.sentence);
    office.pass(DAY - Duration::from_secs(1));
    tell(&office).await;
    assert_eq!(route().await.unwrap_err().code, 452);
    office.pass(Duration::from_secs(1));
    let refused = route().await.unwrap_err();
    assert_eq!((refused.code, refused.enhanced), (552, "5.2.2"));
    assert!(refused.sentence.contains("plus d'un jour"), "{}", refused.sentence);
    // Room again, at once; and when it is full again, a day begins again.
    let other = office.node.reader(COLLEAGUE, &office.colleague.device.password).await;
    let inbox = other.folder("INBOX").await.unwrap().id;
    other.change_flags(inbox, &[1], FlagChange::Add, &flags(&[SystemFlags::DELETED], &[]), None).await.unwrap();
    other.expunge(inbox, Some(&[1])).await.unwrap();
    assert!(matches!(route().await, Ok(Route::Local(_))));
    tell(&office).await;
    office.submit(&[COLLEAGUE], &octets).await;
    tell(&office).await;
    assert_eq!(route().await.unwrap_err().code, 452);
}

async fn what_is_never_refused_goes_in_though_the_mailbox_is_full(office: Office) {
    let reader = office.reader().await;
    let octets = letter("a", "x");
    set(&office, office.doctor.id, octets.len() as i64).await;
    put(&reader, "Archive", &octets).await;
    assert!(matches!(
        append_to(&reader, "Archive", &Flags::default(), None, octets.clone()).await,
        Err(AppendError::OverQuota)
    ));
    office.submit(&[COLLEAGUE], &letter("b", "x")).await;
    office.pass(Duration::from_secs(31));
    assert_eq!(read(&reader, "Sent").await, [letter("b", "x")], "a submission, and its copy");
    put(&reader, "Sent", &letter("b", "x")).await;
    assert_eq!(uids(&reader, "Sent").await.len(), 1, "a client's own copy in its place");
    tell(&office).await;
    assert_eq!(letters(&reader).await.len(), 1, "a letter about it");
    // A letter that is moved stays outside; one that is copied is the person's own.
    let inbox = reader.folder("INBOX").await.unwrap().id;
    let before = reader.quota().await.unwrap();
    reader.relocate(inbox, &uids(&reader, "INBOX").await, "Trash").await.unwrap();
    assert_eq!(reader.quota().await.unwrap(), before);
    set(&office, office.doctor.id, 0).await;
    let trash = reader.folder("Trash").await.unwrap().id;
    reader.copy(trash, &[1], "Archive").await.unwrap();
    assert!(reader.quota().await.unwrap().0 > before.0);
    assert!(matches!(office.node.access.login(DOCTOR, "wrong").await, Err(LoginError::Refused)));
}

async fn what_a_mailbox_holds_is_known_whatever_was_done_to_it(office: Office) {
    let reader = office.reader().await;
    let sum = async || {
        let sql = format!(
            "SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM entries WHERE counted = 1 AND mailbox_id = '{}'",
            office.doctor.id
        );
        office.count(&sql).await as u64
    };
    reader.create("un/deux").await.unwrap();
    for n in 0..5 {
        put(&reader, "un/deux", &letter(&n.to_string(), "x")).await;
        office.submit(&[COLLEAGUE, DOCTOR], &letter(&format!("s{n}"), "x")).await;
    }
    put(&reader, "Sent", &letter("s1", "other octets")).await;
    let folder = reader.folder("un/deux").await.unwrap().id;
    reader.copy(folder, &[1, 2], "INBOX").await.unwrap();
    reader.relocate(folder, &[3], "Archive").await.unwrap();
    assert_eq!(reader.quota().await.unwrap().0, sum().await);
    reader.delete("un/deux").await.unwrap();
    let inbox = reader.folder("INBOX").await.unwrap().id;
    let all = uids(&reader, "INBOX").await;
    reader.change_flags(inbox, &all, FlagChange::Add, &flags(&[SystemFlags::DELETED], &[]), None).await.unwrap();
    reader.expunge(inbox, None).await.unwrap();
    let used = reader.quota().await.unwrap().0;
    assert_eq!(used, sum().await);
    assert!(used > 0);
    // Somebody changed the number: it is summed again before anything follows from it.
    office.sql(&format!("UPDATE quotas SET used = 20000000000 WHERE mailbox_id = '{}'", office.doctor.id)).await;
    tell(&office).await;
    assert_eq!(reader.quota().await.unwrap().0, used);
    assert!(letters(&reader).await.is_empty());
    set(&office, office.doctor.id, (used + used / 10) as i64).await;
    office.sql(&format!("UPDATE quotas SET used = 20000000000 WHERE mailbox_id = '{}'", office.doctor.id)).await;
    tell(&office).await;
    tell(&office).await;
    assert_eq!((reader.quota().await.unwrap().0, letters(&reader).await.len()), (used, 1));
}
