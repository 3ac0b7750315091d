//! Large files: given piece by piece, from anywhere, to as many as ask, and never a piece that is not the sender's.

use std::path::PathBuf;

use pli::domain::DeliveryState;

use crate::browser::{Browser, Page};
use crate::letter::opened;
use crate::letters;
use crate::world::{JEANNE, World};

super::on_both! {
    fifty_slow_readers_are_served_at_once
    a_download_goes_on_where_it_broke_off
    fault_26_a_changed_piece_ends_the_connection
    fault_26_another_file_of_the_same_letter_is_not_given_in_its_place
    all_files_are_saved_as_one
    one_file_is_not_offered_as_a_zip
    no_name_in_a_zip_leads_out_of_its_folder
    fault_26_a_file_that_changes_ends_the_zip
}

/// A letter with files, opened by the patient; the links to save them.
async fn letter(world: &World, files: &[&[u8]]) -> (Browser, Page, Vec<reqwest::Url>) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let mut octets = format!(
        "From: Dr Claire Martin <dr.martin@cabinet.example>\r\nTo: {JEANNE}\r\nSubject: Images\r\nMIME-Version: 1.0\r\n\
         Message-ID: <images@cabinet.example>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nVoici.\r\n"
    );
    for (n, file) in files.iter().enumerate() {
        octets.push_str(&format!(
            "--b\r\nContent-Type: application/pdf; name=f{n}.pdf\r\nContent-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment; filename=f{n}.pdf\r\n\r\n"
        ));
        for line in data_encoding::BASE64.encode(file).as_bytes().chunks(76) {
            octets.push_str(std::str::from_utf8(line).unwrap());
            octets.push_str("\r\n");
        }
    }
    octets.push_str("--b--\r\n");
    world.submit(&[JEANNE], octets.as_bytes()).await.unwrap();
    let link = world.notices(1).await.pop().unwrap().link();
    let browser = world.browser();
    let page = opened(world, &browser, &link).await;
    let saves = page.links().into_iter().filter(|link| link.contains("/save?"));
    let saves = saves.map(|link| page.url.join(&link).unwrap()).collect();
    (browser, page, saves)
}

/// The largest objects of the store, as files.
fn objects(world: &World) -> Vec<PathBuf> {
    let mut all = Vec::new();
    let mut folders = vec![world.config.data.join("objects")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { all.push(path) }
        }
    }
    all.sort_by_key(|path| std::cmp::Reverse(std::fs::metadata(path).unwrap().len()));
    all
}

async fn fifty_slow_readers_are_served_at_once(world: World) {
    // Fifty times the file is more than all files may keep in memory.
    let file = letters::pdf(8 * 1024 * 1024);
    let (browser, _, saves) = letter(&world, &[&file]).await;
    let open = async || {
        let mut answer = browser.open(saves[0].clone(), &[]).await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.content_length()), (200, Some(file.len() as u64)));
        let first = answer.chunk().await.unwrap().unwrap();
        assert!(file.starts_with(&first) && !first.is_empty());
        (answer, first.len())
    };
    let mut readers = futures_util::future::join_all((0..50).map(|_| open())).await;
    // Each goes on where it was, and one of them to its end.
    for (answer, at) in &mut readers {
        let next = answer.chunk().await.unwrap().unwrap();
        assert!(file[*at..].starts_with(&next));
        *at += next.len();
    }
    let (mut answer, mut at) = readers.pop().unwrap();
    while let Some(next) = answer.chunk().await.unwrap() {
        assert!(file[at..].starts_with(&next));
        at += next.len();
    }
    assert_eq!(at, file.len());
    world.state(DeliveryState::Downloaded).await;
    drop(readers);
    world.running.stop().await;
}

async fn a_download_goes_on_where_it_broke_off(world: World) {
    let file = letters::pdf(3 * 1024 * 1024 + 77);
    let (browser, _, saves) = letter(&world, &[&file]).await;
    for range in [0..1, 0..100_000, 65_523..65_525, 1_000_000..1_000_001, 2_000_000..file.len()] {
        let asked = format!("bytes={}-{}", range.start, range.end - 1);
        let answer = browser.open(saves[0].clone(), &[("range", &asked)]).await.unwrap();
        assert_eq!(answer.status(), 206);
        let said = answer.headers()["content-range"].to_str().unwrap().to_owned();
        assert_eq!(said, format!("bytes {}-{}/{}", range.start, range.end - 1, file.len()));
        assert!(answer.bytes().await.unwrap() == file[range], "{asked}");
    }
    assert_eq!(world.state(DeliveryState::Opened).await.downloads, 0, "parts are no download");
    let beyond = browser.open(saves[0].clone(), &[("range", &format!("bytes={}-", file.len()))]).await.unwrap();
    assert_eq!(beyond.status(), 416);
    world.running.stop().await;
}

async fn fault_26_a_changed_piece_ends_the_connection(world: World) {
    let file = letters::pdf(2 * 1024 * 1024);
    let (browser, _, saves) = letter(&world, &[&file]).await;
    let path = objects(&world).remove(0);
    let mut octets = std::fs::read(&path).unwrap();
    let at = octets.len() / 2;
    octets[at] ^= 1;
    std::fs::write(&path, &octets).unwrap();
    let mut got = 0;
    let broken = match browser.open(saves[0].clone(), &[]).await {
        Err(_) => true,
        Ok(mut answer) => loop {
            match answer.chunk().await {
                Ok(Some(piece)) => {
                    assert!(file[got..].starts_with(&piece));
                    got += piece.len();
                }
                Ok(None) => break false,
                Err(_) => break true,
            }
        },
    };
    assert!(got < at && broken, "the connection is cut: no octet of it came, and no clean end");
    assert_eq!(world.state(DeliveryState::Opened).await.downloads, 0);
    // Pieces before it are good, the piece itself never comes.
    let good = browser.open(saves[0].clone(), &[("range", "bytes=0-99999")]).await.unwrap();
    assert!(good.bytes().await.unwrap() == file[..100_000]);
    let bad = format!("bytes={}-{}", at - 10, at + 10);
    let given = async { browser.open(saves[0].clone(), &[("range", &bad)]).await?.bytes().await };
    assert!(given.await.is_err());
    // A container that was cut does not begin.
    std::fs::write(&path, &octets[..octets.len() - 70_000]).unwrap();
    assert_eq!(browser.open(saves[0].clone(), &[("range", "bytes=0-99")]).await.unwrap().status(), 503);
    world.running.stop().await;
}

async fn fault_26_another_file_of_the_same_letter_is_not_given_in_its_place(world: World) {
    let (one, mut two) = (letters::pdf(500_000), letters::pdf(500_000));
    two[1000] ^= 1;
    let (browser, _, saves) = letter(&world, &[&one, &two]).await;
    for (save, file) in saves.iter().zip([&one, &two]) {
        assert!(browser.open(save.clone(), &[]).await.unwrap().bytes().await.unwrap() == *file);
    }
    // Both are under one key, and of one length: only the manifest tells them apart.
    let paths = objects(&world);
    let (first, second) = (std::fs::read(&paths[0]).unwrap(), std::fs::read(&paths[1]).unwrap());
    assert_eq!(first.len(), second.len());
    std::fs::write(&paths[0], &second).unwrap();
    std::fs::write(&paths[1], &first).unwrap();
    for save in &saves {
        assert_eq!(browser.open(save.clone(), &[("range", "bytes=0-99")]).await.unwrap().status(), 503);
    }
    world.running.stop().await;
}

/// A letter of these files: name as it stands in the field, encoding, octets as they stand in the body.
async fn letter_of(world: &World, files: &[(&str, &str, Vec<u8>)]) -> (Browser, Page) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let mut octets = format!(
        "From: Dr Claire Martin <dr.martin@cabinet.example>\r\nTo: {JEANNE}\r\nSubject: Pieces\r\nMIME-Version: 1.0\r\n\
         Message-ID: <pieces@cabinet.example>\r\nDate: Fri, 15 Jan 2027 08:00:00 +0100\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nVoici.\r\n"
    )
    .into_bytes();
    for (name, encoding, body) in files {
        octets.extend_from_slice(
            format!(
                "--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: {encoding}\r\n\
                 Content-Disposition: attachment; {name}\r\n\r\n"
            )
            .as_bytes(),
        );
        octets.extend_from_slice(body);
        octets.extend_from_slice(b"\r\n");
    }
    octets.extend_from_slice(b"--b--\r\n");
    world.submit(&[JEANNE], &octets).await.unwrap();
    let link = world.notices(1).await.pop().unwrap().link();
    let browser = world.browser();
    let page = opened(world, &browser, &link).await;
    (browser, page)
}

/// Octets in base64, in lines of so many characters.
fn base64(octets: &[u8], line: usize) -> Vec<u8> {
    data_encoding::BASE64.encode(octets).as_bytes().chunks(line).collect::<Vec<_>>().join(&b"\r\n"[..])
}

/// What another reader finds in a zip.
pub(crate) fn unzipped(zip: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap();
    let mut found = Vec::new();
    for n in 0..archive.len() {
        let mut file = archive.by_index(n).unwrap();
        let mut octets = Vec::new();
        std::io::Read::read_to_end(&mut file, &mut octets).unwrap();
        found.push((file.name().to_owned(), octets));
    }
    found
}

async fn all_files_are_saved_as_one(world: World) {
    let (large, small) = (letters::pdf(3 * 1024 * 1024 + 77), letters::pdf(9_000));
    // Cut out and kept as it was written: its lines are of two lengths, or it is quoted-printable.
    let odd = letters::pdf(150_000);
    let quoted = format!("{}fin", "ligne é\r\n".repeat(20_000)).into_bytes();
    let mut written = base64(&odd[..57], 40);
    written.extend_from_slice(b"\r\n");
    written.extend(base64(&odd[57..], 76));
    let quoted_as = format!("{}fin", "ligne =C3=A9\r\n".repeat(20_000)).into_bytes();
    let (browser, page) = letter_of(
        &world,
        &[
            ("filename=ordonnance.pdf", "base64", base64(&large, 76)),
            ("filename=ordonnance.pdf", "base64", base64(&small, 76)),
            ("filename*=UTF-8''R%C3%A9sultats%20%C3%A9t%C3%A9.pdf", "base64", base64(&odd, 76)),
            ("filename*=UTF-8''%D0%90%D0%BD%D0%B0%D0%BB%D0%B8%D0%B7.pdf", "base64", written),
            ("filename=Notes.txt", "quoted-printable", quoted_as),
            ("filename=vide.pdf", "base64", Vec::new()),
        ],
    )
    .await;
    assert!(page.links().iter().any(|link| link.starts_with("/letter/files?")), "{}", page.text());
    assert!(page.text().contains("Tout enregistrer (ZIP, "));
    let url = page.url.join("/letter/files").unwrap();
    assert_eq!(world.state(DeliveryState::Opened).await.downloads, 0);
    let head = browser.head(url.clone()).await;
    assert!(head.status() == 200 && head.headers()["content-type"] == "application/zip");
    assert_eq!(world.state(DeliveryState::Opened).await.downloads, 0, "HEAD is no download");

    let answer = browser.open(url.clone(), &[]).await.unwrap();
    let said = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!((answer.status().as_u16(), said("content-type").as_str()), (200, "application/zip"));
    assert_eq!(
        said("content-disposition"),
        "attachment; filename=\"Documents 2027-01-15.zip\"; filename*=UTF-8''Documents%202027-01-15.zip"
    );
    assert_eq!(said("cache-control"), "no-store");
    let length = answer.content_length().unwrap();
    let octets = answer.bytes().await.unwrap();
    assert_eq!(octets.len() as u64, length, "an honest length");
    let found = unzipped(&octets);
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    let expected = ["ordonnance.pdf", "ordonnance (2).pdf", "Résultats été.pdf", "Анализ.pdf", "Notes.txt", "vide.pdf"];
    assert_eq!(names, expected);
    for ((name, octets), sent) in found.iter().zip([&large, &small, &odd, &odd, &quoted, &Vec::new()]) {
        assert!(octets == sent, "{name}: {} octets of {}", octets.len(), sent.len());
    }
    // Told as downloads of each, and to the journal once.
    assert_eq!(world.state(DeliveryState::Downloaded).await.downloads, 6);
    let again = browser.open(url, &[]).await.unwrap().bytes().await.unwrap();
    assert!(again == octets, "the same once more");
    let journal = world.journal().await;
    let told = journal.iter().filter(|line| line.contains("delivery.downloaded-all") && line.ends_with("count=6"));
    assert_eq!(told.count(), 2);
    world.running.stop().await;
}

async fn one_file_is_not_offered_as_a_zip(world: World) {
    let (browser, page) = letter_of(&world, &[("filename=seul.pdf", "base64", base64(&letters::pdf(5_000), 76))]).await;
    assert!(!page.links().iter().any(|link| link.starts_with("/letter/files?")));
    assert_eq!(browser.follow(&page, "/letter/files").await.status, 200, "and does no harm");
    world.running.stop().await;
}

async fn no_name_in_a_zip_leads_out_of_its_folder(world: World) {
    let given = [
        "filename=\"../../../etc/passwd\"",
        "filename=\"..\\\\..\\\\Windows\\\\system.ini\"",
        "filename=\"/etc/shadow\"",
        "filename*=UTF-8''%2e%2e%2f%2e%2e%2fx.pdf",
        "filename*=UTF-8''a%00.pdf%0d%0aSet-Cookie:%20x=1",
        "filename*=UTF-8''%c0%ae%c0%ae%c0%afy.pdf",
        "filename=\"..\"",
        "filename=\"NUL\"",
        "filename=\".bashrc\"",
    ];
    let files: Vec<(&str, &str, Vec<u8>)> = given.iter().map(|name| (*name, "base64", base64(b"%PDF-", 76))).collect();
    let (browser, page) = letter_of(&world, &files).await;
    let zip = browser.follow(&page, "/letter/files").await;
    assert_eq!(zip.status, 200, "{}", zip.text());
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("into");
    zip::ZipArchive::new(std::io::Cursor::new(&zip.octets)).unwrap().extract(&into).unwrap();
    let found = std::fs::read_dir(&into).unwrap().map(|entry| entry.unwrap());
    assert!(found.inspect(|entry| assert!(entry.path().is_file())).count() == given.len());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing beside it");
    for (name, octets) in unzipped(&zip.octets) {
        assert_eq!(octets, b"%PDF-");
        let plain = !name.starts_with('.') && !name.contains(['/', '\\', '\0', '\r', '\n', ':']);
        assert!(plain && !name.eq_ignore_ascii_case("nul"), "{name:?}");
    }
    world.running.stop().await;
}

async fn fault_26_a_file_that_changes_ends_the_zip(world: World) {
    let (first, second) = (letters::pdf(400_000), letters::pdf(12 * 1024 * 1024));
    let files = [("filename=a.pdf", "base64", base64(&first, 76)), ("filename=b.pdf", "base64", base64(&second, 76))];
    let (browser, page) = letter_of(&world, &files).await;
    let url = page.url.join("/letter/files").unwrap();
    // While it is given: what was good before is not any more.
    let mut answer = browser.open(url.clone(), &[]).await.unwrap();
    let length = answer.content_length().unwrap();
    assert!(answer.chunk().await.unwrap().unwrap().starts_with(b"PK\x03\x04"));
    let path = objects(&world).remove(0);
    let good = std::fs::read(&path).unwrap();
    let mut bad = good.clone();
    let at = bad.len() - 70_000;
    bad[at] ^= 1;
    std::fs::write(&path, &bad).unwrap();
    let mut got = 0;
    let broken = loop {
        match answer.chunk().await {
            Ok(Some(piece)) => got += piece.len() as u64,
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    assert!(broken && got < length, "the connection is cut: no short zip looks whole");
    // Before it is given: nothing begins.
    let refused = browser.open(url.clone(), &[]).await.unwrap();
    assert_eq!(refused.status(), 503);
    assert!(refused.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
    assert_eq!(world.state(DeliveryState::Opened).await.downloads, 0, "nobody has it");
    std::fs::write(&path, &good).unwrap();
    assert_eq!(unzipped(&browser.open(url, &[]).await.unwrap().bytes().await.unwrap()).len(), 2);
    world.state(DeliveryState::Downloaded).await;
    world.running.stop().await;
}
