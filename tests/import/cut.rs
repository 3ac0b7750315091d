//! An import that is killed in the middle, again and again, loses and doubles nothing.

use std::collections::BTreeMap;

use crate::office::{DOCTOR, Office, count, crlf, finish, letter, maildir, put};
use crate::on_both;

on_both! {
    a_killed_import_goes_on_where_it_was
}

const MANY: usize = 600;
const KILLS: usize = 4;

async fn a_killed_import_goes_on_where_it_was(office: Office) {
    let root = office.path("source");
    maildir(&root);
    maildir(&root.join(".Deep"));
    for number in 0..MANY {
        let folder = if number % 3 == 0 { root.join(".Deep") } else { root.clone() };
        // Each octet sequence is there twice: only its own journal tells them apart.
        put(&folder, &format!("16{number:08}.x.host:2,S"), letter(number / 2, "body"));
    }
    let source = format!("maildir:{}", root.display());
    let input = format!("{}\n", office.doctor);
    let (mut kills, mut before) = (0, 0);
    loop {
        let mut child = office.start(&["mailbox", "import", DOCTOR, &source, "--json"], &input);
        if kills == KILLS {
            let ran = finish(child);
            assert_eq!(ran.code, 0, "{}", ran.err);
            break;
        }
        // Killed as soon as it has stored something more, wherever it is by then.
        while office.messages().await <= before {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it was killed");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        before = office.messages().await;
    }
    let told = office.import(&source).json();
    assert_eq!((&told["taken"], &told["there"]), (&0.into(), &MANY.into()), "{told}");
    let held = office.holds();
    assert_eq!(count(&held), MANY);
    let mut times: BTreeMap<&[u8], usize> = BTreeMap::new();
    held.values().flatten().for_each(|message| *times.entry(&message.octets).or_default() += 1);
    assert!(times.values().all(|times| *times == 2), "each was there twice");
    assert!(times.contains_key(crlf(&letter(0, "body")).as_slice()));
}

impl Office {
    /// Entries in the database, as another process sees them.
    async fn messages(&self) -> i64 {
        self.number("SELECT COUNT(*) FROM entries").await
    }
}
