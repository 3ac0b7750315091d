//! What an administrator's monitoring sees: figures, health and readiness, without a word about a person.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::letters;
use crate::world::{COLLEAGUE, JEANNE, World, until};

super::on_both! {
    figures_tell_what_happened_and_nothing_about_whom
    readiness_names_what_is_not
}

async fn asked(world: &World, path: &str) -> (u16, String) {
    let answer = reqwest::get(format!("http://{}{path}", world.running.metrics.unwrap())).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn figures_tell_what_happened_and_nothing_about_whom(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    world.submit(&[JEANNE], &letters::thunderbird(JEANNE, "Ordonnance", &letters::pdf(200_000))).await.unwrap();
    world.notices(1).await;
    let refused = world.dialogue(&["EHLO client.example", "MAIL FROM:<a@b.example>"]).await;
    assert!(refused.contains("530 5.7.0"), "{refused}");
    let client = crate::doors::auth(COLLEAGUE, &world.colleague.device.password.reveal());
    assert!(world.dialogue(&["EHLO client.example", &client]).await.contains("235"));
    world.browser().get(&format!("{}/l/x", world.config.portal.url.as_ref().unwrap().as_str())).await;
    let mut reading = crate::doors::secured(&world, world.running.imaps.unwrap()).await;
    let login = format!("a LOGIN {COLLEAGUE} {}\r\n", world.colleague.device.password.reveal());
    reading.write_all(login.as_bytes()).await.unwrap();
    let mut heard = String::new();
    while !heard.contains("a OK") {
        let mut piece = [0; 4096];
        let read = reading.read(&mut piece).await.unwrap();
        heard.push_str(&String::from_utf8_lossy(&piece[..read]));
    }
    // Handed over a moment after the relay has it.
    until(async || asked(&world, "/metrics").await.1.contains("pli_deliveries{state=\"notified\"} 1\n")).await;
    let (status, figures) = asked(&world, "/metrics").await;
    assert_eq!(status, 200);
    for line in [
        "pli_submissions_accepted_total 1",
        "pli_portal_requests_total{route=\"/l/{ticket}\",status=\"404\"} 1",
        "pli_submission_refusals_total{enhanced=\"5.7.0\"} 1",
        "pli_deposits_total{outcome=\"stored\"} 1",
        "pli_deposit_seconds_bucket{le=\"+Inf\"} 1",
        "pli_deposit_seconds_count 1",
        "pli_courier_attempts_total{outcome=\"taken\"} 1",
        "pli_outbox_waiting 0",
        "pli_imap_sessions 1",
        "pli_imap_logins_total{outcome=\"accepted\"} 1",
        "pli_memory_used_bytes{for=\"submission\"} 0",
        "pli_memory_limit_bytes 268435456",
        "pli_database_up 1",
    ] {
        assert!(figures.lines().any(|known| known == line), "{line}\n{figures}");
    }
    assert!(!figures.contains("pli_store_faults_total{"), "{figures}");
    assert!(figures.contains("pli_build_info{version=\""), "{figures}");
    assert!(figures.contains("pli_certificate_expires_seconds{name=\"mail.cabinet.example\"}"), "{figures}");
    for word in ["canari", "cabinet.example}", "dr.", "612345678", "Ordonnance", "Jeanne"] {
        assert!(!figures.contains(word), "{word}: {figures}");
    }
    drop(reading);
    until(async || asked(&world, "/metrics").await.1.contains("pli_imap_sessions 0\n")).await;
    // Two families with one name would not be read.
    let mut families: Vec<&str> = figures.lines().filter(|line| line.starts_with("# TYPE")).collect();
    let all = families.len();
    families.sort_unstable();
    families.dedup();
    assert_eq!(families.len(), all);
    world.running.stop().await;
}

async fn readiness_names_what_is_not(world: World) {
    assert_eq!(asked(&world, "/health").await, (200, "alive\n".to_owned()));
    assert_eq!(asked(&world, "/ready").await, (200, "ready\n".to_owned()));
    let objects = world.config.data.join("objects");
    let away = world.config.data.join("away");
    std::fs::rename(&objects, &away).unwrap();
    let (status, said) = asked(&world, "/ready").await;
    assert_eq!(status, 503);
    assert!(said.contains("objects: the folder of objects is away"), "{said}");
    assert!(!said.contains("database") && !objects.exists(), "nothing is made in the wrong place: {said}");
    assert_eq!(asked(&world, "/health").await.0, 200);
    std::fs::rename(&away, &objects).unwrap();
    assert_eq!(asked(&world, "/ready").await, (200, "ready\n".to_owned()));
    let left = std::fs::read_dir(&objects).unwrap().count();
    assert!(left > 0, "the mark");
    world.running.stop().await;
}
