//! What Outlook wraps (`winmail.dat`) and what a signature is wrapped around (S/MIME in one piece): the patient has the
//! text and the files, and the sender's mail client the message as it was.
//!
//! Signed by OpenSSL and, where it is installed, by NSS: elsewhere that test says that it is skipped, and with
//! `PLI_TEST_ALL=1` fails.

use std::path::Path;
use std::process::Command;

use pli::domain::{DeliveryState, FolderRole};

use crate::browser::{Browser, Page};
use crate::letter::opened;
use crate::letters;
use crate::outlook::{self, binary, file, string, unicode, winmail};
use crate::world::{JEANNE, World};

super::on_both! {
    what_outlook_wraps_is_read_and_saved
    a_text_that_is_in_the_winmail_dat_alone_is_shown
    what_openssl_signed_in_one_piece_is_read_and_saved
    what_nss_signed_in_one_piece_is_read
    outlook_in_a_signature_in_a_forwarded_message_is_read
    what_cannot_be_unwrapped_stays_the_file_that_it_was
}

async fn read(world: &World, octets: &[u8]) -> (Browser, Page) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    world.submit(&[JEANNE], octets).await.unwrap();
    let link = world.notices(1).await.pop().unwrap().link();
    let browser = world.browser();
    let page = opened(world, &browser, &link).await;
    assert!(world.read(&world.doctor, FolderRole::Sent).await == [octets], "the sender keeps the exact octets");
    (browser, page)
}

/// Where the files of a page are saved, with what they then are.
async fn saved(browser: &Browser, page: &Page) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for link in page.links().into_iter().filter(|link| link.contains("/save?")) {
        let file = browser.follow(page, &link).await;
        assert_eq!(file.status, 200, "{link}");
        let named = file.headers["content-disposition"].to_str().unwrap().to_owned();
        let name = named.rsplit_once("filename*=UTF-8''").unwrap().1.to_owned();
        found.push((percent_encoding::percent_decode_str(&name).decode_utf8().unwrap().into_owned(), file.octets));
    }
    found
}

async fn what_outlook_wraps_is_read_and_saved(world: World) {
    let (pdf, scan) = (letters::pdf(300_000), letters::pdf(2_000));
    let note = "À jeun\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let sent = outlook::message(
        JEANNE,
        "Ordonnance",
        "Voici votre ordonnance.\r\n",
        &winmail(
            1252,
            &[outlook::odds(), vec![string(outlook::BODY, b"Voici votre ordonnance.\r\n")]].concat(),
            &[
                file(
                    b"ORDONN~1.PDF",
                    Some(&pdf),
                    &[outlook::odds(), vec![unicode(outlook::LONG_NAME, "Ordonnance été – Жанна.pdf")]].concat(),
                ),
                file(b"scan.pdf", Some(&scan), &[string(outlook::TYPE, b"application/pdf")]),
                file(b"note.txt", Some(&note), &[string(outlook::TYPE, b"text/plain")]),
                file(b"vide.bin", Some(b""), &[]),
            ],
        ),
    );
    let (browser, page) = read(&world, &sent).await;
    let text = page.text();
    assert!(text.contains("Voici votre ordonnance.") && !text.contains("winmail"), "{text}");
    assert!(text.contains("Ordonnance été – Жанна.pdf"), "{text}");
    // The first opening, as the sender is told of it.
    let receipts = world.read(&world.doctor, FolderRole::Inbox).await;
    let receipt = mail_parser::MessageParser::default().parse(&receipts[0]).unwrap().body_text(0).unwrap().into_owned();
    assert!(receipt.starts_with("Ouvert le 15 janvier à 9 h (0 fichier téléchargé sur 4)\r\n"), "{receipt}");
    let all = [
        ("Ordonnance été – Жанна.pdf".to_owned(), pdf.clone()),
        ("scan.pdf".to_owned(), scan),
        ("note.txt".to_owned(), note),
        ("vide.bin".to_owned(), Vec::new()),
    ];
    assert!(saved(&browser, &page).await == all, "octet for octet");
    assert_eq!(world.state(DeliveryState::Downloaded).await.downloads, 4);
    let shown = browser.follow(&page, "/letter/file/0").await;
    assert!(shown.headers["content-disposition"].to_str().unwrap().starts_with("inline") && shown.octets == pdf);
    let url = page.url.join("/letter/file/0/save").unwrap();
    let part = browser.get_with(url.as_str(), &[("range", "bytes=200000-200009")]).await;
    assert!(part.status == 206 && part.octets == pdf[200_000..200_010]);
    let zip = browser.follow(&page, "/letter/files").await;
    assert_eq!(crate::download::unzipped(&zip.octets), all);
    world.running.stop().await;
}

async fn a_text_that_is_in_the_winmail_dat_alone_is_shown(world: World) {
    let picture = [b"\x89PNG\r\n\x1a\n".as_slice(), &[7; 500]].concat();
    let html = "<html><body><p>Prenez <b>un comprimé</b> à midi.</p><img src=\"cid:image001.png@01D\"></body></html>";
    let sent = outlook::message(
        JEANNE,
        "Ordonnance",
        " \r\n",
        &winmail(
            1252,
            &[outlook::long(outlook::CODE_PAGE, 1252), binary(outlook::HTML, &western(html))],
            &[file(
                b"image001.png",
                Some(&picture),
                &[string(outlook::TYPE, b"image/png"), string(outlook::CONTENT_ID, b"image001.png@01D")],
            )],
        ),
    );
    let (browser, page) = read(&world, &sent).await;
    let text = page.text();
    assert!(text.contains("Prenez <b>un comprimé</b> à midi."), "{text}");
    assert!(text.contains("<img") && text.contains("src=\"data:image/png;base64,"), "the picture stands in it: {text}");
    assert!(saved(&browser, &page).await == [("image001.png".to_owned(), picture)]);
    world.running.stop().await;
}

/// In Windows-1252, which has the same first 256 signs here.
fn western(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

/// What is signed: a text in HTML and a file.
fn entity(pdf: &[u8]) -> Vec<u8> {
    format!(
        "Content-Type: multipart/mixed; boundary=\"inner\"\r\n\r\n--inner\r\nContent-Type: text/html; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\n<p>Résultats <b>normaux</b>.</p>\r\n--inner\r\n\
         Content-Type: application/pdf; name=\"analyse.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=\"analyse.pdf\"\r\n\r\n{}\r\n--inner--\r\n",
        outlook::lines(pdf)
    )
    .into_bytes()
}

/// A message whose body is a signature around what it says.
fn signed_message(content_type: &str, signed: &[u8]) -> Vec<u8> {
    format!(
        "From: Dr Claire Martin <dr.martin@cabinet.example>\r\nTo: {JEANNE}\r\nSubject: Analyse\r\n\
         Date: Fri, 15 Jan 2027 08:00:00 +0100\r\nMessage-ID: <signed@cabinet.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: {content_type}; name=\"smime.p7m\"\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=\"smime.p7m\"\r\nContent-Description: S/MIME Signed Message\r\n\r\n{}\r\n",
        outlook::lines(signed)
    )
    .into_bytes()
}

fn run(folder: &Path, command: &[&str]) {
    let run = Command::new(command[0]).args(&command[1..]).current_dir(folder).output().unwrap();
    assert!(run.status.success(), "{command:?}: {}", String::from_utf8_lossy(&run.stderr));
}

/// Signed by OpenSSL: with lengths (DER), or written as it goes (BER).
fn openssl(entity: &[u8], stream: bool) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (folder, subject) = (folder.path(), "/CN=Claire Martin/emailAddress=dr.martin@cabinet.example");
    std::fs::write(folder.join("entity"), entity).unwrap();
    let key = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout"];
    run(folder, &[&key[..], &["key.pem", "-out", "certificate.pem", "-days", "30", "-subj", subject]].concat());
    let sign =
        ["openssl", "cms", "-sign", "-nodetach", "-binary", "-outform", "DER", "-in", "entity", "-out", "signed"];
    let how: &[&str] = if stream { &["-stream"] } else { &[] };
    run(folder, &[&sign[..], how, &["-signer", "certificate.pem", "-inkey", "key.pem"]].concat());
    let signed = std::fs::read(folder.join("signed")).unwrap();
    assert_eq!(signed[1] == 0x80, stream, "its length is left open");
    signed
}

async fn is_read(world: &World, sent: &[u8], pdf: &[u8]) {
    let (browser, page) = read(world, sent).await;
    let text = page.text();
    assert!(text.contains("Résultats <b>normaux</b>."), "{text}");
    assert!(!text.contains("smime") && !text.to_lowercase().contains("sign"), "nothing is said of a signature: {text}");
    assert!(saved(&browser, &page).await == [("analyse.pdf".to_owned(), pdf.to_vec())]);
    let told = world.state(DeliveryState::Downloaded).await;
    assert_eq!(told.downloads, 1);
}

async fn what_openssl_signed_in_one_piece_is_read_and_saved(world: World) {
    // One stays in the head; one is cut out of it, and read in pieces elsewhere.
    let pdf = letters::pdf(400_000);
    is_read(
        &world,
        &signed_message("application/pkcs7-mime; smime-type=signed-data", &openssl(&entity(&pdf), true)),
        &pdf,
    )
    .await;
    world
        .submit(&[JEANNE], &signed_message("application/x-pkcs7-mime", &openssl(&entity(b"%PDF-1"), false)))
        .await
        .unwrap();
    let browser = world.browser();
    let page = opened(&world, &browser, &world.notices(2).await.pop().unwrap().link()).await;
    assert!(page.text().contains("Résultats <b>normaux</b>."), "{}", page.text());
    assert!(saved(&browser, &page).await == [("analyse.pdf".to_owned(), b"%PDF-1".to_vec())]);
    world.running.stop().await;
}

async fn what_nss_signed_in_one_piece_is_read(world: World) {
    if Command::new("cmsutil").arg("-H").output().is_err() {
        assert!(std::env::var_os("PLI_TEST_ALL").is_none_or(|all| all != "1"), "cmsutil is not installed");
        eprintln!("skipped: there is no cmsutil");
        return world.running.stop().await;
    }
    let pdf = letters::pdf(9_000);
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("entity"), entity(&pdf)).unwrap();
    std::fs::write(folder.join("noise"), [7; 64]).unwrap();
    run(folder, &["certutil", "-N", "-d", "sql:.", "--empty-password"]);
    let make = ["certutil", "-S", "-d", "sql:.", "-z", "noise", "-k", "ec", "-q", "nistp256"];
    // cmsutil signs with a certificate that somebody answers for, and with no other.
    run(folder, &[&make[..], &["-n", "ca", "-s", "CN=ca", "-x", "-t", "CT,CT,CT", "-m", "1"]].concat());
    run(
        folder,
        &[&make[..], &["-n", "x", "-s", "CN=x,E=dr.martin@cabinet.example", "-c", "ca", "-t", ",,", "-m", "2"]]
            .concat(),
    );
    run(folder, &["cmsutil", "-S", "-d", "sql:.", "-N", "x", "-i", "entity", "-o", "signed"]);
    let signed = std::fs::read(folder.join("signed")).unwrap();
    assert_eq!(signed[1], 0x80, "its length is left open");
    is_read(&world, &signed_message("application/pkcs7-mime; smime-type=signed-data", &signed), &pdf).await;
    world.running.stop().await;
}

async fn outlook_in_a_signature_in_a_forwarded_message_is_read(world: World) {
    let pdf = letters::pdf(100_000);
    let winmail = winmail(1252, &[unicode(outlook::BODY, "Un mot.")], &[file(b"analyse.pdf", Some(&pdf), &[])]);
    let wrapped = outlook::message(JEANNE, "Dedans", "", &winmail);
    let wrapped = &wrapped[wrapped.windows(15).position(|at| at == b"Content-Type: m").unwrap()..];
    let inner =
        String::from_utf8(signed_message("application/pkcs7-mime; smime-type=signed-data", &openssl(wrapped, true)))
            .unwrap();
    let sent = format!(
        "From: Dr Claire Martin <dr.martin@cabinet.example>\r\nTo: {JEANNE}\r\nSubject: Pour vous\r\nMIME-Version: 1.0\r\n\
         Date: Fri, 15 Jan 2027 08:00:00 +0100\r\n\
         Message-ID: <fw@cabinet.example>\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\r\nVoici.\r\n\
         --o\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--o--\r\n"
    );
    let (browser, letter) = read(&world, sent.as_bytes()).await;
    let page = browser.follow(&letter, "/letter/message/0").await;
    let text = page.text();
    assert!(text.contains("Un mot.") && text.contains("Analyse") && text.contains("analyse.pdf"), "{text}");
    let saved = browser.follow(&page, "/letter/file/0/in/0/save").await;
    assert!(saved.octets == pdf, "{} octets", saved.octets.len());
    world.running.stop().await;
}

async fn what_cannot_be_unwrapped_stays_the_file_that_it_was(world: World) {
    let encrypted = [0x30, 0x0b, 6, 9, 42, 134, 72, 134, 247, 13, 1, 7, 3];
    let appointment = outlook::of_class(b"IPM.Schedule.Meeting.Request", 1252, &[], &[]);
    let large = [b"no TNEF".as_slice(), &[9; 100_000]].concat();
    let files: [(&str, &str, &[u8]); 4] = [
        ("application/pkcs7-mime; smime-type=enveloped-data", "smime.p7m", &encrypted),
        ("application/pkcs7-mime", "autre.p7m", &encrypted),
        ("application/ms-tnef", "winmail.dat", &appointment),
        ("application/ms-tnef", "grand.dat", &large),
    ];
    let mut sent = format!(
        "From: Dr Claire Martin <dr.martin@cabinet.example>\r\nTo: {JEANNE}\r\nSubject: Pour vous\r\nMIME-Version: 1.0\r\n\
         Date: Fri, 15 Jan 2027 08:00:00 +0100\r\n\
         Message-ID: <odd@cabinet.example>\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\r\nVoici.\r\n"
    );
    for (kind, name, octets) in files {
        sent.push_str(&format!(
            "--o\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment; filename={name}\r\n\r\n{}\r\n",
            outlook::lines(octets)
        ));
    }
    // And one between them that can be.
    let good = winmail(1252, &[], &[file(b"bon.pdf", Some(b"%PDF-bon"), &[])]);
    sent.push_str(&format!(
        "--o\r\nContent-Type: application/octet-stream; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--o--\r\n",
        outlook::lines(&good)
    ));
    let (browser, page) = read(&world, sent.as_bytes()).await;
    assert!(page.text().contains("Voici."), "{}", page.text());
    let mut expected: Vec<(String, Vec<u8>)> =
        files.iter().map(|(_, name, octets)| ((*name).to_owned(), octets.to_vec())).collect();
    expected.push(("bon.pdf".to_owned(), b"%PDF-bon".to_vec()));
    assert!(saved(&browser, &page).await == expected);
    world.running.stop().await;
}
