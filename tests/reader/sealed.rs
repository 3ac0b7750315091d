//! Nothing readable at rest, and nothing read from a row that somebody else wrote.

use pli::domain::*;

use crate::office::*;

crate::on_both! {
    names_and_keywords_are_nowhere_at_rest
    swapped_entries_are_not_read
    swapped_names_and_keywords_are_not_shown
}

async fn names_and_keywords_are_nowhere_at_rest(office: Office) {
    let canaries = ["oiseaucanari", "motclefcanari", "sujetcanari", "corpscanari", "identcanari"];
    let reader = office.reader().await;
    reader.create("Patients/oiseaucanari").await.unwrap();
    let mut octets = letter("identcanari", "sujetcanari");
    octets.extend_from_slice(b"corpscanari\r\n");
    octets.extend("0123456789abcdef\r\n".repeat(8000).into_bytes());
    let with = flags(&[], &["motclefcanari"]);
    append_to(&reader, "Patients/oiseaucanari", &with, None, octets.clone()).await.unwrap();
    let folder = reader.folder("Patients/oiseaucanari").await.unwrap().id;
    reader.copy(folder, &[1], "INBOX").await.unwrap();
    reader.relocate(folder, &[1], "Archive").await.unwrap();
    reader.rename("Patients/oiseaucanari", "Patients/oiseaucanari2").await.unwrap();
    assert_eq!(read(&reader, "Archive").await, std::slice::from_ref(&octets));
    let at_rest = office.at_rest().await;
    assert!(at_rest.len() > 100_000, "something was looked at");
    for canary in canaries {
        let hex = data_encoding::HEXLOWER.encode(canary.as_bytes());
        let base64 = data_encoding::BASE64.encode(canary.as_bytes());
        for shape in [canary, hex.as_str(), base64.trim_end_matches('=')] {
            let found = at_rest.windows(shape.len()).any(|window| window.eq_ignore_ascii_case(shape.as_bytes()));
            assert!(!found, "{shape}");
        }
    }
    // The root key with the whole database reads no name and no keyword: only a device password does.
    let (id, sealed) = {
        let store = &office.node.store;
        let states = store.folder_states(office.doctor.id).await.unwrap();
        let state = states.into_iter().find(|state| state.role == FolderRole::Plain).unwrap();
        (state.id.to_string(), state.name.unwrap())
    };
    for column in ["name", "name_sealed"] {
        let place = pli::vault::Place { table: "folders", row: &id, column, version: 0 };
        assert!(office.node.vault.unseal(place, &sealed).is_err());
    }
}

/// R-S3: swaps of every column that says what an entry shows.
async fn swapped_entries_are_not_read(office: Office) {
    let reader = office.reader().await;
    put(&reader, "INBOX", &letter("mine", "x")).await;
    put(&reader, "INBOX", &letter("second", "x")).await;
    let other = office.node.reader(COLLEAGUE, &office.colleague.device.password).await;
    put(&other, "INBOX", &letter("theirs", "secret")).await;
    let mine = list(&reader, "INBOX").await[0].id;
    let theirs = list(&other, "INBOX").await[0].id;
    let second = list(&reader, "INBOX").await[1].id;
    for from in [theirs, second] {
        for columns in [
            &["message_id"][..],
            &["head_id"],
            &["esk"],
            &["authority_mac"],
            &["message_id", "head_id"],
            &["message_id", "head_id", "esk"],
            &["message_id", "head_id", "esk", "authority_mac"],
        ] {
            office.sql("CREATE TABLE kept AS SELECT * FROM entries").await;
            for column in columns {
                let sql = format!(
                    "UPDATE entries SET {column} = (SELECT o.{column} FROM kept o WHERE o.id = '{from}') \
                     WHERE id = '{mine}'"
                );
                assert_eq!(office.sql(&sql).await, 1);
            }
            // With its summary a message needs no packet; a packet that somebody put there opens nothing.
            if columns == ["esk"] && office.count("SELECT COUNT(*) FROM summaries").await > 0 {
                let read = office.reader().await.message(mine).await.unwrap().unwrap();
                assert_eq!(read.as_slice(), letter("mine", "x"));
                office.sql("DELETE FROM summaries").await;
            }
            // A session of its own: nothing is in its memory.
            assert!(office.reader().await.message(mine).await.is_err(), "{columns:?}");
            assert!(columns == ["esk"] || copy_fails(&office, mine).await, "{columns:?}: no copy gives it authority");
            for column in ["message_id", "head_id", "esk", "authority_mac"] {
                let sql = format!(
                    "UPDATE entries SET {column} = (SELECT o.{column} FROM kept o WHERE o.id = '{mine}') \
                     WHERE id = '{mine}'"
                );
                office.sql(&sql).await;
            }
            office.sql("DROP TABLE kept").await;
        }
    }
    // An entry moved whole into another mailbox is not that mailbox's.
    let to = other.folder("INBOX").await.unwrap().id;
    let sql = format!(
        "UPDATE entries SET mailbox_id = '{}', folder_id = '{to}', uid = 77 WHERE id = '{second}'",
        office.colleague.id
    );
    assert_eq!(office.sql(&sql).await, 1);
    assert!(other.message(second).await.is_err());
    assert_eq!(office.reader().await.message(mine).await.unwrap().unwrap().to_vec(), letter("mine", "x"));
    assert!(office.reader().await.message(second).await.unwrap().is_none());
    // Another head's container under this id.
    let head = |id| format!("(SELECT head_id FROM entries WHERE id = '{id}')");
    let sql = format!(
        "UPDATE objects SET container = (SELECT o.container FROM objects o WHERE o.id = {}) WHERE id = {}",
        head(theirs),
        head(mine)
    );
    assert_eq!(office.sql(&sql).await, 1);
    assert!(office.reader().await.message(mine).await.is_err());
}

async fn copy_fails(office: &Office, mine: EntryId) -> bool {
    let reader = office.reader().await;
    let inbox = reader.folder("INBOX").await.unwrap().id;
    let uid = list(&reader, "INBOX").await.into_iter().find(|entry| entry.id == mine).unwrap().uid;
    reader.copy(inbox, &[uid], "Archive").await.is_err()
}

async fn swapped_names_and_keywords_are_not_shown(office: Office) {
    let reader = office.reader().await;
    reader.create("un").await.unwrap();
    reader.create("deux").await.unwrap();
    append_to(&reader, "INBOX", &flags(&[], &["a"]), None, letter("a", "x")).await.unwrap();
    append_to(&reader, "INBOX", &flags(&[], &["b"]), None, letter("b", "x")).await.unwrap();
    let id = reader.folder("un").await.unwrap().id;
    let other = reader.folder("deux").await.unwrap().id;
    let sql = format!(
        "UPDATE folders SET name_sealed = (SELECT o.name_sealed FROM folders o WHERE o.id = '{other}') WHERE id = '{id}'"
    );
    assert_eq!(office.sql(&sql).await, 1);
    let names: Vec<String> = reader.folders().await.unwrap().into_iter().map(|folder| folder.name).collect();
    assert_eq!(names.len(), 8, "seven special ones and the one that was not touched: {names:?}");
    let sql =
        "UPDATE entries SET keywords_sealed = (SELECT o.keywords_sealed FROM entries o WHERE o.uid = 2) WHERE uid = 1";
    assert_eq!(office.sql(sql).await, 1);
    let entries = list(&reader, "INBOX").await;
    assert_eq!((&entries[0].flags, &entries[1].flags), (&flags(&[], &[]), &flags(&[], &["b"])));
}
