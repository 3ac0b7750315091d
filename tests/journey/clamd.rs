//! Answers' files looked at by a real clamd, of Debian's package, with one signature: that of the test file which every
//! scanner knows. Where clamd is absent the test says that it is skipped; with `PLI_TEST_ALL=1` it fails.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use crate::answers::{answers, eicar, form, open_with, parsed};
use crate::kannel::Lasting;
use crate::letters;
use crate::world::{World, until};

/// A clamd that ends with this value.
struct Clamd(Option<Lasting>);

impl Clamd {
    /// Listens in this folder; back when it answers.
    async fn start(folder: &Path) -> Self {
        let database = folder.join("database");
        std::fs::create_dir_all(&database).unwrap();
        // Any kind of file, anywhere in it.
        let signature = format!("Eicar-Test-Signature:0:*:{}\n", data_encoding::HEXLOWER.encode(&eicar()));
        std::fs::write(database.join("test.ndb"), signature).unwrap();
        let settings = format!(
            "Foreground yes\nLocalSocket {}\nFixStaleSocket yes\nDatabaseDirectory {}\nTemporaryDirectory {}\n\
             StreamMaxLength 1M\n",
            socket(folder).display(),
            database.display(),
            folder.display()
        );
        let file = folder.join("clamd.conf");
        std::fs::write(&file, settings).unwrap();
        let (lasting, out) = Lasting::start(PROGRAM, &["-c", file.to_str().unwrap()]);
        std::thread::spawn(move || BufReader::new(out).lines().for_each(drop));
        until(async || pong(&socket(folder)).await.is_ok_and(|answer| answer == b"PONG\0")).await;
        Self(Some(lasting))
    }

    /// Killed, and gone.
    fn stop(&mut self) {
        drop(self.0.take());
    }
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("clamd.ctl")
}

async fn pong(socket: &Path) -> std::io::Result<Vec<u8>> {
    let mut stream = UnixStream::connect(socket).await?;
    stream.write_all(b"zPING\0").await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}

/// A zip that holds this file.
fn zipped(name: &str, octets: &[u8]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
    writer.write_all(octets).unwrap();
    writer.finish().unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_real_clamd_looks_at_the_files_of_answers() {
    if !Path::new(PROGRAM).exists() {
        assert!(std::env::var_os("PLI_TEST_ALL").is_none_or(|all| all != "1"), "clamd is not installed");
        std::io::stderr().write_all(b"SKIPPED: clamd is not installed (clamav-daemon)\n").unwrap();
        return;
    }
    let folder = tempfile::Builder::new().prefix("pli-clamd-").tempdir().unwrap();
    let mut clamd = Clamd::start(folder.path()).await;
    let world = World::sqlite().await;
    let settings = std::fs::read_to_string(&world.config.file).unwrap();
    let scan = format!("{settings}\n[scan]\nclamd = \"unix:{}\"\n", socket(folder.path()).display());
    std::fs::write(&world.config.file, scan).unwrap();
    let world = world.reconfigured().await;
    let (browser, page, _) = open_with(&world, &letters::pdf(5_000)).await;

    // What is clean arrives, byte for byte.
    let pdf = letters::pdf(400_000);
    let good = browser.answer(&page, &form(&page), "Sain", &[("files", "a.pdf", &pdf)]).await;
    assert!(good.url.as_str().ends_with("?sent=1"), "{}", good.text());
    let came = answers(&world, &world.doctor).await;
    assert_eq!(came.len(), 1);
    assert!(parsed(&came[0]).attachments().next().unwrap().contents() == pdf);

    // What is not is refused by its name, bare and in a zip, beside files that are clean; nothing of it is kept.
    let page = browser.follow(&page, "/letter").await;
    let kept = kept(&world).await;
    for (name, octets) in [("b.com.txt", eicar()), ("b.zip", zipped("b.com", &eicar()))] {
        let files = [("files", "a.pdf", pdf.as_slice()), ("other", name, &octets)];
        let bad = browser.answer(&page, &form(&page), "Mon texte", &files).await;
        let said = bad.text().replace('\u{a0}', " ");
        assert_eq!(bad.status, 422, "{said}");
        assert!(said.contains(&format!("« {name} » contient un virus")) && said.contains("Mon texte"), "{said}");
    }
    // Larger than clamd takes: it ends the stream in the middle, and has cleared nothing.
    let refused = async |file: &[u8]| {
        let unknown = browser.answer(&page, &form(&page), "Mon texte", &[("files", "a.pdf", file)]).await;
        let said = unknown.text();
        assert_eq!(unknown.status, 503, "{said}");
        assert!(said.contains("Nous ne pouvons pas contrôler vos fichiers") && said.contains("Mon texte"), "{said}");
    };
    refused(&letters::pdf(3_000_000)).await;
    // Away: files are refused.
    clamd.stop();
    refused(&pdf).await;
    assert_eq!(self::kept(&world).await, kept, "nothing is left of what was refused");

    // Back: nothing else needs to be done.
    let _clamd = Clamd::start(folder.path()).await;
    let again = browser.answer(&page, &form(&page), "Encore", &[("files", "a.pdf", &pdf)]).await;
    assert!(again.url.as_str().ends_with("?sent=1"), "{}", again.text());
    assert_eq!(answers(&world, &world.doctor).await.len(), 2);
    world.running.stop().await;
}

/// How much there is in the database and in the object store.
async fn kept(world: &World) -> (i64, i64, i64, usize) {
    let count = async |table| world.count(&format!("SELECT COUNT(*) FROM {table}")).await;
    (count("entries").await, count("objects").await, count("replies").await, crate::answers::objects(world))
}

const PROGRAM: &str = "/usr/sbin/clamd";
