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
    let saves = page.links().into_iter().filter(|link| link.ends_with("/save"));
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
