//! As a thief with the disk: after a whole journey, nothing readable is in any file or log (fault 41).

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use pli::domain::DeliveryState;

use crate::letter::{opened, sent};
use crate::letters::{self, BODY, FILE, SUBJECT};
use crate::world::{DOCTOR, JEANNE, World};

super::on_both! {
    fault_41_nothing_readable_is_on_the_disk_or_in_the_log
}

/// Where the log of this process goes while the test runs.
#[derive(Clone, Default)]
struct Caught(Arc<Mutex<Vec<u8>>>);

impl Write for Caught {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn fault_41_nothing_readable_is_on_the_disk_or_in_the_log(world: World) {
    let log = Caught::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone());
    // Global, since the server's tasks run on other threads; the first of the two tests sets it.
    let set = tracing::subscriber::set_global_default(subscriber.finish()).is_ok();
    let began = std::time::SystemTime::now();

    let pdf = letters::pdf(150_000);
    let (_, link) = sent(&world, &pdf).await;
    let browser = world.browser();
    let page = opened(&world, &browser, &link).await;
    assert_eq!(page.url.path(), "/letter");
    let save = page.links().into_iter().find(|link| link.contains("/save?")).unwrap();
    browser.follow(&page, &save).await;
    world.state(DeliveryState::Downloaded).await;
    // An answer that was delivered, and one that waits for a code that never comes.
    let answer = |page: &crate::browser::Page| page.form("/letter/answer");
    let chosen = [("files", "canari-reponse-2c8e.pdf", pdf.as_slice())];
    let page = browser.answer(&page, &answer(&page), "CANARI-REPONSE-90ab merci", &chosen).await;
    assert!(page.url.as_str().ends_with("?sent=1"), "{}", page.text());
    world.pass(std::time::Duration::from_secs(2 * 3600));
    let kept = browser.answer(&page, &answer(&page), "CANARI-ATTENTE-71fe tard", &chosen).await;
    assert_eq!(kept.url.as_str(), link);
    let client = world.client(DOCTOR, "wrong-canary-password-77");
    let letter = letters::plain(JEANNE, SUBJECT);
    assert!(client.submit(&DOCTOR.parse().unwrap(), &[JEANNE.parse().unwrap()], &letter).await.is_err());
    let sms = world.gateway.last();
    let cookies: Vec<String> = browser.cookies().into_values().filter(|value| value.len() > 20).collect();
    let password = world.doctor.device.password.reveal();
    let data = world.config.data.clone();
    world.running.stop().await;

    let mut canaries: Vec<String> = vec![
        SUBJECT.into(),
        "CANARI-CORPS-19bd".into(),
        BODY.into(),
        FILE.into(),
        "CANARI-REPONSE-90ab".into(),
        "CANARI-ATTENTE-71fe".into(),
        data_encoding::BASE64.encode(b"CANARI-REPONSE"),
        "canari-reponse-2c8e".into(),
        JEANNE.into(),
        "jeanne.canari".into(),
        "+33612345678".into(),
        "612345678".into(),
        "06 12 34 56 78".into(),
        "Jeanne Canari".into(),
        link.rsplit('/').next().unwrap().into(),
        password[4..].into(),
        world.doctor.device.password.reveal_grouped()[5..].into(),
        "wrong-canary-password-77".into(),
        sms.text.clone(),
        String::from_utf8_lossy(&pdf[..60]).into_owned(),
    ];
    canaries.extend(cookies);
    let mut searched = 0;
    for file in files(&data) {
        search(&std::fs::read(&file).unwrap(), &canaries, &file.display().to_string());
        searched += 1;
    }
    assert!(searched > 0);
    // Temporary folders: what was written since, by anybody of this user.
    for file in files(&std::env::temp_dir()).into_iter().filter(|file| !file.starts_with(world.folder.path())) {
        let fresh = std::fs::metadata(&file).and_then(|m| m.modified()).is_ok_and(|at| at >= began);
        let ours = file.components().any(|part| part.as_os_str().to_string_lossy().to_lowercase().contains("pli"));
        if fresh
            && ours
            && let Ok(octets) = std::fs::read(&file)
        {
            search(&octets, &canaries, &file.display().to_string());
        }
    }
    if set {
        let log = log.0.lock().unwrap().clone();
        assert!(String::from_utf8_lossy(&log).contains("message accepted and sealed"), "the log was caught");
        // Six digits stand in ids by chance; the code is looked for as a word.
        let text = String::from_utf8_lossy(&log).into_owned();
        let words: BTreeSet<&str> = text.split(|c: char| !c.is_ascii_alphanumeric()).collect();
        assert!(!words.contains(sms.code().as_str()), "the code in the log");
        search(&log, &canaries, "the log");
    }
}

/// Looks for every canary, as it is and in base64 at each of its three alignments.
fn search(octets: &[u8], canaries: &[String], place: &str) {
    for canary in canaries {
        assert!(!contains(octets, canary.as_bytes()), "{canary:?} in {place}");
        for shift in 0..3 {
            let mut shifted = vec![0; shift];
            shifted.extend_from_slice(canary.as_bytes());
            let encoded = data_encoding::BASE64_NOPAD.encode(&shifted);
            // The first and last characters depend on the neighbours.
            let from = [0, 2, 3][shift];
            let inner = &encoded[from..encoded.len() - 1];
            assert!(inner.len() < 8 || !contains(octets, inner.as_bytes()), "{canary:?} in base64 in {place}");
        }
    }
}

fn contains(octets: &[u8], needle: &[u8]) -> bool {
    let Some(first) = needle.first() else { return false };
    let mut rest = octets;
    while let Some(at) = rest.iter().position(|octet| octet == first) {
        rest = &rest[at..];
        if rest.starts_with(needle) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

pub fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries
        .filter_map(Result::ok)
        .flat_map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => files(&entry.path()),
            Ok(kind) if kind.is_file() => vec![entry.path()],
            _ => Vec::new(),
        })
        .collect()
}
