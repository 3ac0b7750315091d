//! A backup is read on a blank host: every message is there, and what was taken away since stays away (R-S6).

use std::path::PathBuf;
use std::time::Duration;

use pli::domain::{Address, Clock as _, DeliveryId, DeliveryState, FolderRole, SecretText, Timestamp};
use pli::server::{Overrides, Rooms, Server};

use crate::letter::{asked, opened, typed};
use crate::letters;
use crate::remembered::{allow, offers, remembered};
use crate::world::{COLLEAGUE, DOCTOR, JEANNE, PAUL, World, until};

const MARIE: &str = "marie.canari@patient.example";
const LUC: &str = "luc.canari@patient.example";

super::on_both! {
    fault_44_what_was_taken_away_since_a_backup_stays_away
    fault_44_without_a_journal_nothing_of_before_is_trusted
    a_backup_that_was_changed_is_refused
    containers_are_copied_once_and_go_with_the_last_backup
}

/// Letters to four patients and a colleague, two of them with objects; the links of the notices.
async fn sent(world: &World) -> Vec<String> {
    let people =
        [(JEANNE, "06 12 34 56 78"), (PAUL, "06 12 34 56 79"), (MARIE, "06 12 34 56 80"), (LUC, "06 12 34 56 81")];
    let mut links = Vec::new();
    for (n, (address, number)) in people.into_iter().enumerate() {
        world.add_patient(address, number).await;
        let octets = letters::thunderbird(address, &format!("Ordonnance {n}"), &letters::pdf(90_000 * (n + 1)));
        world.submit(&[address], &octets).await.unwrap();
        links.push(world.notices(n + 1).await.pop().unwrap().link());
    }
    world.submit(&[COLLEAGUE], &letters::thunderbird(COLLEAGUE, "Avis", &letters::pdf(200_000))).await.unwrap();
    world.pass(Duration::from_secs(31));
    let all = async || world.running.rooms.deliveries.list(None, 10).await.unwrap();
    until(async || all().await.iter().all(|delivery| delivery.state == DeliveryState::Notified)).await;
    links
}

async fn delivery_to(world: &World, address: &str) -> DeliveryId {
    let all = world.running.rooms.deliveries.list(None, 10).await.unwrap();
    let to = |id: &pli::delivery::desk::DeliveryInfo| {
        id.coordinates.as_ref().is_some_and(|coordinates| coordinates.address.reveal() == address)
    };
    all.iter().find(|delivery| to(delivery)).unwrap().id
}

/// Everything that both mailboxes hold.
pub async fn everything(world: &World) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for born in [&world.doctor, &world.colleague] {
        for role in [FolderRole::Inbox, FolderRole::Sent] {
            all.extend(world.read(born, role).await);
        }
    }
    all
}

/// The same installation on a blank host, with the other kind of database where there is one; a backup is read there,
/// and the server started.
async fn on_a_blank_host(
    mut world: World,
    read: impl AsyncFnOnce(&Rooms, Timestamp),
) -> (World, Option<crate::postgres::Fresh>) {
    world.running.stop().await;
    let data = world.folder.path().join("elsewhere");
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&data, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    world.config.data = data;
    let fresh = if world.database.starts_with("sqlite:") { crate::postgres::fresh().await } else { None };
    world.database = fresh.as_ref().map_or_else(|| "sqlite:pli.db".to_owned(), |fresh| fresh.url.clone());
    world.config.database = SecretText::new(&world.database);
    let random = std::sync::Arc::new(pli::server::OsRandom);
    let there = Rooms::open(&world.config, "cli", world.clock.clone(), random).await.unwrap();
    read(&there, world.clock.now()).await;
    assert!(there.restore(&world.folder.path().join("backups"), None, None, world.clock.now()).await.is_err(), "once");
    assert!(there.mailboxes.verify_journal().await.unwrap().is_ok());
    there.close().await;
    let overrides = Overrides { clock: Some(world.clock.clone()), ..Overrides::default() };
    world.running = Server::start(&world.config, overrides).await.unwrap();
    (world, fresh)
}

async fn wrong(world: &World, link: &str, times: usize) {
    let browser = world.browser();
    let mut page = asked(&browser, link).await;
    let right = world.gateway.last().code();
    for n in 1..=times {
        let code = format!("{:06}", (right.parse::<usize>().unwrap() + n) % 1_000_000);
        page = typed(&browser, &page, &code).await;
    }
}

async fn fault_44_what_was_taken_away_since_a_backup_stays_away(world: World) {
    crate::logo::set(&world, world.practice, pli::portal::SAMPLE_LOGO).await;
    let links = sent(&world).await;
    let (folder, journal) = (world.folder.path().join("backups"), world.folder.path().join("journal"));
    // A page that is open, and wrong codes, at the time of the backup.
    let (browser, spare) = (world.browser(), world.doctor.spare.as_ref().unwrap());
    let (spare, password) = (spare.id.to_string(), spare.password.reveal().to_string());
    allow(&world, true).await;
    let page = remembered(&world, &browser, &links[3]).await;
    wrong(&world, &links[1], 1).await;
    let (doctor, colleague): (Address, Address) = (DOCTOR.parse().unwrap(), COLLEAGUE.parse().unwrap());
    let secretary: Address = "secretariat@cabinet.example".parse().unwrap();
    let mailboxes = &world.running.rooms.mailboxes;
    mailboxes.set_send_as(&doctor, &[colleague.clone(), secretary.clone()], &[]).await.unwrap();
    mailboxes.set_send_as(&colleague, std::slice::from_ref(&secretary), &[]).await.unwrap();
    let made = world.running.rooms.backup(&folder, None, world.clock.now()).await.unwrap();
    assert!(made.objects >= 5 && made.copied == made.objects, "{made:?}");

    // Since: one is recalled, codes are spent, a device is taken away, a person moves, a notice leaves.
    world.running.rooms.deliveries.recall(delivery_to(&world, JEANNE).await).await.unwrap();
    wrong(&world, &links[1], 2).await;
    world.running.rooms.mailboxes.revoke_device(&DOCTOR.parse().unwrap(), &spare).await.unwrap();
    world.running.rooms.mailboxes.set_send_as(&doctor, &[], std::slice::from_ref(&colleague)).await.unwrap();
    let before = everything(&world).await;
    let tries = world.running.rooms.deliveries.show(delivery_to(&world, PAUL).await).await.unwrap().tries;
    assert_eq!(tries, 3);
    world.running.rooms.export_journal(&journal).await.unwrap();
    assert_eq!(world.running.rooms.export_journal(&journal).await.unwrap(), 0, "once");
    let recalled = delivery_to(&world, JEANNE).await;
    let (world, _fresh) = on_a_blank_host(world, async |there, now| {
        let read = there.restore(&folder, None, Some(&journal), now).await.unwrap();
        assert_eq!((read.name.as_str(), read.rows, read.held), (made.name.as_str(), made.rows, 0));
        let replayed = read.replayed.unwrap();
        assert_eq!((replayed.deliveries, replayed.devices, replayed.tries), (1, 1, 2), "{replayed:?}");
        // Which one was taken back the journal does not say: the mailbox has none, the other keeps its own.
        assert_eq!(replayed.send_as, 2);
        let allowed = async |address| there.mailboxes.show(address).await.unwrap().send_as.len();
        assert_eq!((allowed(&doctor).await, allowed(&colleague).await), (0, 1));
    })
    .await;

    assert!(everything(&world).await == before, "every message, to the octet");
    let shown = world.running.rooms.deliveries.show(recalled).await.unwrap();
    assert_eq!(shown.state, DeliveryState::Recalled);
    let shown = world.running.rooms.deliveries.show(delivery_to(&world, PAUL).await).await.unwrap();
    assert_eq!(shown.tries, 3);
    assert!(world.browser().get(&links[0]).await.forms().iter().all(|form| !form.action.ends_with("/code")));
    // The page that was open then is closed; its link opens with a new code, and the file is whole.
    assert_eq!(browser.follow(&page, "/letter").await.status, 403);
    // Nor is the browser remembered: it may have been forgotten since.
    assert!(!offers(&browser.get(&links[3]).await));
    assert_eq!(world.count("SELECT COUNT(*) FROM remembered_browsers").await, 0);
    let browser = world.browser();
    let page = opened(&world, &browser, &links[2]).await;
    let save = page.links().into_iter().find(|link| link.contains("/save?")).unwrap();
    assert!(browser.follow(&page, &save).await.octets == letters::pdf(270_000));
    assert!(browser.follow(&page, "/letter/logo").await.octets == pli::portal::SAMPLE_LOGO);
    let dialogue = ["EHLO x", &crate::doors::auth(DOCTOR, &password), "QUIT"];
    assert!(world.dialogue(&dialogue).await.contains("535 "), "a revoked device stays out");
    let mailbox = world.running.rooms.mailboxes.show(&DOCTOR.parse().unwrap()).await.unwrap();
    assert!(mailbox.renewal_due_at.is_some(), "and what it has seen is due to be renewed");
    assert_eq!(world.relay.caught().len(), 4, "no notice leaves twice");
    let verified = world.running.rooms.mailboxes.verify_journal().await.unwrap();
    assert!(verified.is_ok());
    // What comes from now on comes.
    world.submit(&[PAUL], &letters::plain(PAUL, "Plus tard")).await.unwrap();
    world.notices(5).await;
    world.running.stop().await;
}

async fn fault_44_without_a_journal_nothing_of_before_is_trusted(world: World) {
    let links = sent(&world).await;
    world.relay.answer("451 4.7.1 not now");
    world.add_patient("anne.canari@patient.example", "06 12 34 56 82").await;
    let anne = letters::plain("anne.canari@patient.example", "Attend");
    world.submit(&["anne.canari@patient.example"], &anne).await.unwrap();
    let folder = world.folder.path().join("backups");
    let browser = world.browser();
    let page = asked(&browser, &links[0]).await;
    let code = world.gateway.last().code();
    world.running.rooms.backup(&folder, None, world.clock.now()).await.unwrap();
    let before = everything(&world).await;
    world.relay.answer("250 2.0.0 ok");

    let (world, _fresh) = on_a_blank_host(world, async |there, now| {
        let read = there.restore(&folder, None, None, now).await.unwrap();
        assert_eq!((read.held, read.replayed), (5, None));
    })
    .await;
    assert!(everything(&world).await == before);
    let closed = world.browser().get(&links[0]).await;
    assert!(closed.text().contains("n’est pas disponible pour l’instant"), "{}", closed.text());
    assert!(closed.text().contains("01 99 00 12 34") && closed.forms().iter().all(|f| !f.action.ends_with("/code")));
    let refused = typed(&browser, &page, &code).await;
    assert_ne!(refused.url.path(), "/letter", "a code of before opens nothing");
    let sends = world.gateway.caught().len();
    browser.submit(&page, page.form("/check").with("code", &code)).await;
    assert_eq!(world.gateway.caught().len(), sends);
    world.pass(Duration::from_secs(3 * 86_400));
    world.running.rooms.deliveries.sweep().await.unwrap();
    assert_eq!(world.relay.caught().len(), 4, "the notice waits until somebody says so");

    let now = world.clock.now();
    assert_eq!(world.running.rooms.release(Some(delivery_to(&world, JEANNE).await), now).await.unwrap(), 1);
    let page = opened(&world, &world.browser(), &links[0]).await;
    assert_eq!(page.url.path(), "/letter");
    // What its sender takes back meanwhile stays closed when the rest is opened.
    world.running.rooms.deliveries.recall(delivery_to(&world, PAUL).await).await.unwrap();
    assert_eq!(world.running.rooms.release(None, now).await.unwrap(), 4);
    assert_eq!(world.running.rooms.release(None, now).await.unwrap(), 0);
    let recalled = world.browser().get(&links[1]).await;
    assert!(recalled.forms().iter().all(|form| !form.action.ends_with("/code")), "{}", recalled.text());
    assert_eq!(opened(&world, &world.browser(), &links[2]).await.url.path(), "/letter");
    assert_eq!(world.running.rooms.deliveries.retry(None).await.unwrap(), 1);
    world.notices(5).await;
    world.running.stop().await;
}

async fn a_backup_that_was_changed_is_refused(world: World) {
    sent(&world).await;
    let folder = world.folder.path().join("backups");
    let made = world.running.rooms.backup(&folder, None, world.clock.now()).await.unwrap();
    let journal = world.folder.path().join("journal");
    world.running.rooms.deliveries.recall(delivery_to(&world, JEANNE).await).await.unwrap();
    world.running.rooms.export_journal(&journal).await.unwrap();
    let (world, _fresh) = on_a_blank_host(world, async |there, now| {
        let refused = async |why: &str, journal: Option<&PathBuf>| {
            let said = there.restore(&folder, None, journal.map(PathBuf::as_path), now).await;
            let said = said.unwrap_err().to_string();
            assert!(said.contains(why), "{said} (wanted: {why})");
        };
        for (name, why) in [
            ("database.dump", "it is not whole, or was changed"),
            ("objects.list", "it is not whole, or was changed"),
            ("manifest.json", "its manifest was changed"),
            ("manifest.mac", "its manifest was changed"),
        ] {
            let file = folder.join(&made.name).join(name);
            let good = std::fs::read(&file).unwrap();
            let mut bad = good.clone();
            let at = bad.iter().rposition(u8::is_ascii_digit).unwrap_or(bad.len() / 2);
            bad[at] = if bad[at] == b'7' { b'8' } else { b'7' };
            std::fs::write(&file, bad).unwrap();
            refused(why, None).await;
            std::fs::write(&file, good).unwrap();
        }
        // A journal with an event taken out, or changed, does not follow.
        let events = std::fs::read_to_string(&journal).unwrap();
        let lines: Vec<&str> = events.lines().collect();
        let recalled = lines.iter().position(|line| line.contains("delivery.recalled")).unwrap();
        let without: Vec<&str> =
            lines.iter().enumerate().filter(|(at, _)| *at != recalled).map(|(_, line)| *line).collect();
        let changed = events.replace("delivery.recalled", "delivery.opened");
        for text in
            [format!("{}\n{}", without.join("\n"), lines.last().unwrap().replace("\"seq\":", "\"seq\":9")), changed]
        {
            std::fs::write(&journal, text + "\n").unwrap();
            refused("the journal does not follow this backup", Some(&journal)).await;
        }
        std::fs::write(&journal, "hello\n").unwrap();
        refused("line 1 is no event of a journal", Some(&journal)).await;
        std::fs::write(&journal, &events[..events.len() - 5]).unwrap();
        // Nothing of all that was kept: what is good is read.
        let read = there.restore(&folder, Some(&made.name), Some(&journal), now).await.unwrap();
        assert_eq!(read.rows, made.rows);
    })
    .await;
    world.running.stop().await;
}

async fn containers_are_copied_once_and_go_with_the_last_backup(world: World) {
    sent(&world).await;
    let folder = world.folder.path().join("backups");
    let rooms = &world.running.rooms;
    let first = rooms.backup(&folder, None, world.clock.now()).await.unwrap();
    std::fs::create_dir(folder.join(".partial-20270101T000000000Z")).unwrap();
    world.pass(Duration::from_secs(60));
    world.submit(&[COLLEAGUE], &letters::thunderbird(COLLEAGUE, "Suite", &letters::pdf(150_000))).await.unwrap();
    let second = rooms.backup(&folder, Some(2), world.clock.now()).await.unwrap();
    assert_eq!((second.objects, second.copied, second.pruned), (first.objects + 1, 1, 0));
    assert!(!folder.join(".partial-20270101T000000000Z").exists());
    world.pass(Duration::from_secs(60));
    // What goes from the mailbox goes from the folder with the last backup that names it.
    world.sql("DELETE FROM objects WHERE id IN (SELECT id FROM objects WHERE container IS NULL ORDER BY created_at DESC, id DESC LIMIT 1)").await;
    let third = rooms.backup(&folder, Some(1), world.clock.now()).await.unwrap();
    assert_eq!((third.objects, third.copied, third.pruned), (first.objects, 0, 2));
    let mut files = 0;
    let mut folders = vec![folder.join("objects")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files += 1 }
        }
    }
    assert_eq!(files, third.objects);
    world.running.stop().await;
}
