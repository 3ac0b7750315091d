//! Opening: settings, newer databases, modes of files; and octets that are really gone.

use std::collections::HashSet;

use pli::domain::*;
use pli::store::OpenError;

use crate::bench::*;

crate::on_both! {
    a_newer_database_is_refused_and_left_alone
    a_changed_migration_is_refused
    opening_twice_at_once_founds_one_database
    a_closed_store_says_later
}

async fn a_newer_database_is_refused_and_left_alone(bench: Bench) {
    let store = bench.open().await;
    house_and_close(&store).await;
    let newer = "INSERT INTO _sqlx_migrations SELECT 9999, 'newer', installed_on, success, checksum, execution_time \
                 FROM _sqlx_migrations WHERE version = 1";
    assert_eq!(bench.meddle(newer).await, 1);
    let before = bench.numbers("SELECT COUNT(*) FROM audit_chains").await;
    assert!(matches!(bench.try_open("another").await, Err(OpenError::Newer)));
    assert_eq!(bench.numbers("SELECT COUNT(*) FROM audit_chains").await, before);
    bench.meddle("DELETE FROM _sqlx_migrations WHERE version = 9999").await;
    assert_eq!(bench.open().await.practices().await.unwrap().len(), 1);
}

async fn a_changed_migration_is_refused(bench: Bench) {
    let store = bench.open().await;
    house_and_close(&store).await;
    let other = if bench.is_sqlite() { "X'00'" } else { "'\\x00'" };
    bench.meddle(&format!("UPDATE _sqlx_migrations SET checksum = {other} WHERE version = 1")).await;
    assert!(matches!(bench.try_open("serve").await, Err(OpenError::Newer)));
}

async fn house_and_close(store: &pli::store::Store) {
    House::build(store).await;
    store.close().await;
}

async fn opening_twice_at_once_founds_one_database(bench: Bench) {
    let (one, two, three) = tokio::join!(bench.try_open("one"), bench.try_open("two"), bench.try_open("three"));
    for store in [one.unwrap(), two.unwrap(), three.unwrap()] {
        House::build(&store).await;
    }
    assert_eq!(bench.open().await.verify_audit().await.unwrap(), Ok(6));
}

async fn a_closed_store_says_later(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    store.close().await;
    assert!(store.deposit(house.letter(100)).await.unwrap_err().is_transient());
    assert!(store.practices().await.unwrap_err().is_transient());
    assert!(store.write("late").await.err().unwrap().is_transient());
}

#[tokio::test]
async fn settings_that_are_not_understood_are_refused() {
    for (database, objects) in [
        ("pli.db", "file:objects"),
        ("sqlite:", "file:objects"),
        ("sqlite://pli.db", "file:objects"),
        ("sqlite:pli.db?mode=memory", "file:objects"),
        ("mysql://host/pli", "file:objects"),
        ("postgres://user:secret@host:nonsense/pli", "file:objects"),
        ("sqlite:pli.db", "objects"),
        ("sqlite:pli.db", "file:"),
        ("sqlite:pli.db", "s3://"),
    ] {
        let bench = Bench::sqlite();
        let mut options = bench.options("serve");
        (options.database, options.objects) = (SecretText::new(database), SecretText::new(objects));
        let error = pli::store::Store::open(options).await.err().unwrap();
        assert!(matches!(error, OpenError::Setting(_)), "{database} {objects}: {error}");
        assert!(!error.to_string().contains("secret"));
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_said_without_its_address() {
    let bench = Bench::sqlite();
    let mut options = bench.options("serve");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    options.database = SecretText::new(format!("postgres://user:secret@127.0.0.1:{port}/pli"));
    let Err(OpenError::Fault(fault)) = pli::store::Store::open(options).await else { panic!("nobody listens there") };
    assert!(fault.is_transient());
    assert!(!fault.to_string().contains("secret") && !fault.to_string().contains("127.0.0.1"), "{fault}");
}

#[tokio::test]
async fn files_of_sqlite_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::sqlite();
    let store = bench.open().await;
    House::build(&store).await;
    for name in ["pli.db", "pli.db-wal", "pli.db-shm"] {
        let mode = std::fs::metadata(bench.folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn sqlite_runs_as_the_design_says() {
    let bench = Bench::sqlite();
    let store = bench.open().await;
    House::build(&store).await;
    // Foreign keys are on: a domain of no practice is refused, and the message quotes nothing.
    let row = pli::store::practices::DomainRow {
        name: "secret.example".parse().unwrap(),
        practice: PracticeId::random(&Seeded),
        created_at: NOW,
    };
    let mut tx = store.write("domain").await.unwrap();
    let fault = tx.insert_domain(&row).await.unwrap_err();
    assert!(!fault.is_transient());
    assert_eq!(fault.to_string(), "the database refused a statement: code 787");
    drop(tx);
    let mut conn = bench.sqlite_connection().await;
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut conn).await.unwrap();
    assert_eq!(mode, "wal");
}

/// Erasing a row is half of it: after `shred` the octets are in no file of the database (R-S5).
#[tokio::test]
async fn shredded_keys_are_in_no_file() {
    let bench = Bench::sqlite();
    let store = bench.open().await;
    let house = House::build(&store).await;
    let mut rows = Vec::new();
    for n in 0..60 {
        let mut letter = house.letter(3000);
        // Keys of every size that a page may hold or spill.
        letter.deliveries[0].0.esk = Some(Esk::from_octets(octets(90 + n * 100)));
        rows.push(letter.deliveries[0].0.clone());
        store.deposit(letter).await.unwrap();
    }
    let challenge = challenge_row(rows[0].id, &hash());
    write(&store, Verb::CodeIssued, async |tx| tx.insert_challenge(&challenge).await.unwrap()).await;
    let needles = |row: &pli::store::deliveries::DeliveryRow| {
        let esk = row.esk.as_ref().unwrap().as_octets();
        let middle = esk.len() / 2;
        [
            esk[..24].to_vec(),
            esk[middle..middle + 24].to_vec(),
            esk[esk.len() - 24..].to_vec(),
            row.ticket.as_ref().unwrap().as_octets()[..24].to_vec(),
            row.subject.as_ref().unwrap().as_octets()[..24].to_vec(),
        ]
    };
    let (ended, kept) = rows.split_at(30);
    let files = scan(&bench);
    assert!(ended.iter().flat_map(&needles).all(|needle| found(&files, &needle)), "the scan finds what is there");
    for row in ended {
        write(&store, Verb::Recalled, async |tx| {
            assert!(tx.end_delivery(row.id, DeliveryState::Recalled, None, NOW).await.unwrap());
        })
        .await;
    }
    store.shred().await.unwrap();
    let files = scan(&bench);
    for needle in ended.iter().flat_map(&needles) {
        assert!(!found(&files, &needle), "a shredded key is still in a file");
    }
    assert!(!found(&files, &challenge.code.as_ref().unwrap().as_octets()[..24]));
    assert!(!found(&files, &challenge.digits.as_ref().unwrap().as_octets()[..24]));
    assert!(kept.iter().flat_map(&needles).all(|needle| found(&files, &needle)), "the others keep theirs");
}

/// A device that is revoked takes its slot with it, out of the files too.
#[tokio::test]
async fn a_revoked_slot_is_in_no_file() {
    let bench = Bench::sqlite();
    let store = bench.open().await;
    let house = House::build(&store).await;
    let device = device_row(house.mailbox, "abcd");
    let slot = slot_row(house.mailbox, Some(device.id));
    write(&store, Verb::DeviceAdded, async |tx| assert!(tx.insert_device(&device, Some(&slot)).await.unwrap())).await;
    let needle = slot.secret.as_ref().unwrap().as_octets()[..24].to_vec();
    assert!(found(&scan(&bench), &needle));
    write(&store, Verb::DeviceRevoked, async |tx| assert!(tx.delete_device(device.id, NOW).await.unwrap())).await;
    store.shred().await.unwrap();
    let files = scan(&bench);
    assert!(!found(&files, &needle));
    assert!(!found(&files, &slot.esk.as_ref().unwrap().as_octets()[600..624]));
}

/// Whether octets are in a file of the database, by the first eight of them: random ones collide with nothing.
fn found(files: &HashSet<[u8; 8]>, needle: &[u8]) -> bool {
    files.contains(&needle[..8])
}

/// Every run of eight octets in every file beside the database.
fn scan(bench: &Bench) -> HashSet<[u8; 8]> {
    let files = std::fs::read_dir(bench.folder.path()).unwrap().flatten().map(|entry| entry.path());
    let octets = files.filter(|path| path.is_file()).map(|path| std::fs::read(path).unwrap());
    octets.flat_map(|octets| octets.windows(8).map(|run| run.try_into().unwrap()).collect::<Vec<_>>()).collect()
}
