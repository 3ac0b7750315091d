//! Who comes to the page with what no browser sends, or takes what it says apart (faults 8, 10, 15, 32).

use std::collections::HashSet;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mail_parser::{MessageParser, MimeHeaders};
use pli::domain::FolderRole;
use pli::portal::ROUTES;
use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::browser::{self, Browser, Form, Page};
use crate::doors;
use crate::letter::{asked, opened, sent, typed};
use crate::letters;
use crate::routes::{Somebody, State, Walk};
use crate::world::{JEANNE, World};

super::on_both! {
    fault_10_what_no_browser_sends_opens_nothing
    fault_15_no_ciphertext_leaves_before_the_right_code
    fault_32_a_bomb_is_octets_and_stays_what_it_is
}

/// A connection that says whatever stands in a path: browsers and libraries would mend it.
struct Raw<'a> {
    world: &'a World,
    tls: Option<TlsStream<TcpStream>>,
}

impl Raw<'_> {
    /// The answer to one request: its status, and all of it.
    async fn ask(&mut self, method: &str, path: &str, cookies: &str) -> (u16, Vec<u8>) {
        let mut tls = match self.tls.take() {
            Some(tls) => tls,
            None => doors::secured(self.world, self.world.running.portal.unwrap()).await,
        };
        let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nCookie: {cookies}\r\n\r\n");
        tls.write_all(request.as_bytes()).await.unwrap();
        let (mut answer, mut piece) = (Vec::new(), [0; 16 * 1024]);
        let whole = loop {
            let text = String::from_utf8_lossy(&answer);
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                if length.is_none_or(|length| body.len() >= length.parse().unwrap()) {
                    break !head.contains("connection: close");
                }
            }
            // A request that is none ends the connection before it is closed in TLS.
            match tls.read(&mut piece).await {
                Ok(read @ 1..) => answer.extend_from_slice(&piece[..read]),
                _ => break false,
            }
        };
        self.tls = whole.then_some(tls);
        (std::str::from_utf8(answer.get(9..12).unwrap_or_default()).unwrap().parse().unwrap(), answer)
    }
}

fn cookies(browser: &Browser) -> String {
    browser.cookies().into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
}

/// What stands in the place of an id, and is none.
fn no_ids() -> Vec<String> {
    let up = ["..", "%2e%2e", "%2E.", ".%2e", "%c0%ae%c0%ae", "%e0%80%ae%e0%80%ae", "%252e%252e", "..%00", "%u002e."];
    let slash = ["/", "%2f", "%5c", "\\", "%c0%af", "%252f", "//", "/./", "%00/", ";/"];
    let to = ["etc/passwd", "pli.db", "root.key", "pli.toml"];
    let mut all = Vec::new();
    for (at, up) in up.into_iter().enumerate() {
        for (n, slash) in slash.into_iter().enumerate() {
            all.push(format!("{}{}", format!("{up}{slash}").repeat(4), to[(at + n) % 4]));
        }
    }
    let others = [
        "%00",
        "0%00",
        "0%00.pdf",
        "%ff",
        "%c3%28",
        "0%0d%0aSet-Cookie:%20a=b",
        "%0a",
        "-0",
        "+0",
        "00",
        "0x0",
        "0.0",
        "1e0",
        "%20%30",
        "%EF%BC%90",
        "18446744073709551616",
        "9999999999999999999999",
        "0;a",
        "0,0",
        "*",
        "~",
        "null",
        "NaN",
        "%2a",
        "%27%20OR%201=1--",
        "${0}",
        "{number}",
        "%7b%7d",
        "file:///etc/passwd",
        "C:%5c",
        "nul",
        "%e2%80%ae0",
    ];
    all.extend(others.map(str::to_owned));
    all
}

/// Asks for every file of this machine in every way there is, with the page of a letter open.
async fn walk(world: &World, browser: &Browser) {
    let (cookies, mut raw) = (cookies(browser), Raw { world, tls: None });
    for route in ROUTES.iter().filter(|route| route.path.contains('{')) {
        for (at, no_id) in no_ids().into_iter().enumerate() {
            let (before, behind) = route.path.split_once('{').unwrap();
            let behind = behind.split_once('}').unwrap().1.replace("{tag}", "0");
            let path = format!("{before}{no_id}{behind}");
            let (status, answer) = raw.ask(route.method, &path, &cookies).await;
            assert!(matches!(status, 400 | 403 | 404 | 405), "{} {path}: {status}", route.method);
            let text = String::from_utf8_lossy(&answer);
            for word in ["root:", "pli-root-1", "hostname", "SQLite format", "set-cookie: a", letters::BODY] {
                assert!(!text.contains(word), "{path}: {word}");
            }
            // Once for each kind of id: nothing is deleted that way either.
            if at == 0 {
                let (status, _) = raw.ask("DELETE", &path, &cookies).await;
                assert!(matches!(status, 404 | 405), "DELETE {path}: {status}");
            }
        }
    }
    assert_eq!(raw.ask("GET", "/letter/file/0", &cookies).await.0, 200, "an id is one");
}

/// Every file below a folder, with its length.
fn files(folder: &Path) -> Vec<(PathBuf, u64)> {
    let (mut all, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { all.push((path.clone(), path.metadata().unwrap().len())) }
        }
    }
    all.sort();
    all
}

/// A letter with a large file, open.
async fn open_letter(world: &World) -> (Browser, Page, String) {
    crate::answers::open_with(world, &letters::pdf(300_000)).await
}

/// SEPPmail CVE-2026-44127. What a path is taken for does not depend on the database.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fault_08_no_path_leads_out_of_the_letter() {
    let world = World::sqlite().await;
    let (browser, page, _) = open_letter(&world).await;
    let objects = || files(&world.config.data.join("objects"));
    let before = objects();
    assert!(!before.is_empty());
    walk(&world, &browser).await;
    assert_eq!(objects(), before, "nothing is gone, and nothing new");
    let file = browser.follow(&page, "/letter/file/0/save").await;
    assert!(file.octets == letters::pdf(300_000));
    world.running.stop().await;
}

/// The same walk, watched by the system: no file is opened that is not the server's own.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fault_08_no_file_outside_is_ever_opened() {
    if std::env::var_os(TRACED).is_some() {
        let world = World::sqlite().await;
        let (browser, page, _) = open_letter(&world).await;
        assert!(Path::new(&format!("{BEGIN}{}", world.folder.path().display())).metadata().is_err());
        walk(&world, &browser).await;
        assert!(browser.follow(&page, "/letter/file/0/save").await.octets == letters::pdf(300_000));
        assert!(Path::new(END).metadata().is_err());
        world.running.stop().await;
        return;
    }
    if !Path::new("/usr/bin/strace").is_file() {
        assert!(std::env::var_os("PLI_TEST_ALL").is_none_or(|all| all != "1"), "strace is not there");
        std::io::stderr().write_all(b"SKIPPED: strace is not there\n").unwrap();
        return;
    }
    let (folder, this) = (tempfile::tempdir().unwrap(), "intruder::fault_08_no_file_outside_is_ever_opened");
    let trace = folder.path().join("trace");
    let child = tokio::process::Command::new("/usr/bin/strace")
        .args(["-f", "-qq", "-s", "4096", "-e", "trace=%file", "-o"])
        .arg(&trace)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", this])
        .env(TRACED, "1")
        .output();
    let done = child.await.unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    let trace = std::fs::read_to_string(trace).unwrap();
    let mut paths = trace.lines().filter_map(|line| line.split_once('"')?.1.split_once('"')).map(|(path, _)| path);
    let own = paths.find_map(|path| path.strip_prefix(BEGIN)).expect("the walk begins");
    let walked: Vec<&str> = paths.by_ref().take_while(|path| *path != END).collect();
    assert!(paths.next().is_some(), "the walk ended before the process did");
    assert!(walked.iter().any(|path| path.contains("/data/objects/")), "the file of the letter was opened: {walked:?}");
    for path in walked {
        // Its own, or the way to it, which SQLite looks at; an empty one is of a file that is open already.
        let way =
            own.strip_prefix(path).is_some_and(|rest| rest.is_empty() || path.is_empty() || rest.starts_with('/'));
        assert!((path.starts_with(own) || way) && !path.contains(".."), "{path} was opened");
    }
}

const TRACED: &str = "PLI_TRACED";
/// Names of nothing, which mark the trace; the first is followed by the folder of the server.
const BEGIN: &str = "/the-walk-begins-in";
const END: &str = "/the-walk-ends";

/// SEPPmail CVE-2026-44126
async fn fault_10_what_no_browser_sends_opens_nothing(world: World) {
    let (browser, page, link) = open_letter(&world).await;
    let hers = browser.cookies();
    let (own, letter) = (&hers["__Host-pli-browser"], &hers["__Host-pli-letter"]);
    let get = async |cookies: &str| Raw { world: &world, tls: None }.ask("GET", "/letter", cookies).await.0;
    assert_eq!(get(&format!("__Host-pli-letter={letter}")).await, 200);
    let planted = "A".repeat(43);
    for cookies in [
        format!("__Host-pli-letter={letter}; __Host-pli-letter={planted}"),
        format!("__Host-pli-letter={planted}; __Host-pli-letter={letter}"),
        format!("__Host-pli-letter={planted}"),
        format!("__Host-pli-letter={letter}="),
        format!("__Host-pli-letter=\"{letter}\""),
        format!("__Host-pli-letter={letter}\r\nCookie: __Host-pli-letter={letter}"),
        format!("__host-pli-letter={letter}"),
        format!("__Host-pli-letter={}", letter.to_uppercase()),
        format!("__Host-pli-letter={}", "A".repeat(12_000)),
        "__Host-pli-letter=%00; ".repeat(200),
    ] {
        assert_eq!(get(&cookies).await, 403, "{cookies}");
    }
    // Of two of ours one is planted: both go, since the browser would be shut out by it for good; the page says so.
    for (method, path) in
        [("GET", "/letter"), ("GET", "/letter/file/0"), ("POST", "/letter/answer"), ("GET", link.as_str())]
    {
        let path = path.split_once("127.0.0.1").map_or(path, |(_, rest)| &rest[rest.find('/').unwrap()..]);
        for name in ["letter", "browser"] {
            let cookies = format!("__Host-pli-{name}={letter}; __Host-pli-{name}={planted}");
            let (status, said) = Raw { world: &world, tls: None }.ask(method, path, &cookies).await;
            let said = String::from_utf8_lossy(&said).to_lowercase();
            assert!(status == 403 && said.contains("clear-site-data: \"cookies\""), "{method} {path} {name}: {said}");
            assert!(said.contains("un autre site") && !said.contains("set-cookie"), "{method} {path} {name}: {said}");
        }
    }
    assert_eq!(get(&format!("__Host-pli-letter={letter}")).await, 200);
    // Forms: one field too many, twice, or in another place is nobody's form, and no try.
    let post =
        async |url: &str, body| browser.once(Method::POST, page.url.join(url).unwrap(), Some(body)).await.status();
    let pairs = |text: String| ("application/x-www-form-urlencoded".to_owned(), text.into_bytes());
    let token = page.form("/letter/prolong").fields["token"].clone();
    for extra in ["&x=1", "&token=x", "&token", "&%00=1", "&a[b]=c", "&=", "&x=%ff"] {
        assert_eq!(post("/letter/prolong", pairs(format!("token={token}{extra}"))).await, 403, "{extra}");
    }
    world.pass(Duration::from_secs(61));
    let waiting = asked(&browser, &link).await;
    let (check, code) = (waiting.form("/check"), world.gateway.last().code());
    let token = &check.fields["token"];
    for fields in [
        format!("token={token}&code={code}&code={code}"),
        format!("token={token}&code={code}&channel=sms"),
        format!("token={token}&token={token}&code={code}"),
        format!("token={token}&code={code}%00"),
        format!("token={token}&code={code}%"),
        format!("token={token}&code={code}\u{e9}"),
        format!("{{\"token\":\"{token}\",\"code\":\"{code}\"}}"),
    ] {
        assert_eq!(post(&check.action, pairs(fields.clone())).await, 403, "{fields}");
    }
    let json = ("application/json".to_owned(), format!("{{\"token\":\"{token}\",\"code\":\"{code}\"}}").into_bytes());
    assert_eq!(post(&check.action, json).await, 415);
    let large = pairs(format!("token={token}&code={}", "1".repeat(20_000)));
    assert_eq!(post(&check.action, large).await, 413);
    assert_eq!(world.count("SELECT COUNT(*) FROM challenges WHERE tries > 0").await, 1, "no try was counted");
    // Answers: the fields of the page in the order of the page, each once, as text.
    let form = page.form("/letter/answer");
    let whole = String::from_utf8(browser::parts(&form, "Bonjour", &[])).unwrap();
    let part = |name: &str, value: &str| {
        format!("--{}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n", browser::BOUNDARY)
    };
    let (token, draft) = (part("token", &form.fields["token"]), part("draft", &form.fields["draft"]));
    let text = part("text", "Bonjour");
    assert!(whole.starts_with(&format!("{token}{draft}{text}")));
    for (broken, what) in [
        (whole.replacen(&text, &format!("{text}{text}"), 1), "the text twice"),
        (whole.replacen(&text, &format!("{}{text}", part("to", "a@b.example")), 1), "a field of another form"),
        (whole.replacen(&token, &format!("{token}{token}"), 1), "the token twice"),
        (whole.replacen(&draft, &format!("{draft}{draft}"), 1), "the draft twice"),
        (whole.replacen(&text, "", 1), "files without a text before them"),
        (whole.replacen(&format!("{token}{draft}"), &format!("{text}{token}{draft}"), 1), "the text first"),
        (whole.replace("form-data; name=\"text\"", "form-data"), "a field without a name"),
    ] {
        let status = post("/letter/answer", browser::in_parts(broken.into_bytes())).await;
        assert_eq!(status, 403, "{what}");
    }
    let mut latin = whole.clone().into_bytes();
    let at = whole.find("Bonjour").unwrap();
    latin[at] = 0xe9;
    assert_eq!(post("/letter/answer", browser::in_parts(latin)).await, 403, "octets that are no text");
    for cut in (0..whole.len()).step_by(97) {
        let status = post("/letter/answer", browser::in_parts(whole.as_bytes()[..cut].to_vec())).await;
        assert!(status == 403 || status == 400, "cut at {cut}: {status}");
    }
    assert_eq!(world.count("SELECT COUNT(*) FROM replies").await, 0);
    // And the browser with its own cookies is what it was.
    assert_eq!(get(&format!("__Host-pli-browser={own}; __Host-pli-letter={letter}")).await, 200);
    assert_eq!(typed(&browser, &waiting, &code).await.url.path(), "/letter");
    world.running.stop().await;
}

/// So many octets in a row are never the same by chance.
const PIECE: usize = 12;

/// All pieces of what was said, as it is and as texts carry octets: base64 of both kinds, hexadecimal.
fn pieces(said: &[u8]) -> HashSet<[u8; PIECE]> {
    let mut all = HashSet::new();
    let mut take =
        |octets: &[u8]| all.extend(octets.windows(PIECE).map(|piece| <[u8; PIECE]>::try_from(piece).unwrap()));
    take(said);
    let border = |octet: &u8| !octet.is_ascii_alphanumeric() && !b"+/-_".contains(octet);
    for run in said.split(border).filter(|run| run.len() >= PIECE) {
        let run: Vec<u8> = run
            .iter()
            .map(|octet| [*octet, b'+', b'/'][usize::from(*octet == b'-') + 2 * usize::from(*octet == b'_')])
            .collect();
        for from in 0..4 {
            let rest = &run[from..];
            take(&data_encoding::BASE64_NOPAD.decode(&rest[..rest.len() / 4 * 4]).unwrap_or_default());
            take(&data_encoding::HEXLOWER_PERMISSIVE.decode(&rest[..rest.len() / 2 * 2]).unwrap_or_default());
        }
    }
    all
}

/// Whether something of a secret is among them.
fn leaks(said: &HashSet<[u8; PIECE]>, secret: &[u8]) -> bool {
    secret.chunks_exact(PIECE).any(|piece| said.contains(piece))
}

/// PrivateBin #245: what was downloaded can be tried at home, as often as one likes.
async fn fault_15_no_ciphertext_leaves_before_the_right_code(world: World) {
    let (_, link) = sent(&world, &letters::pdf(600_000)).await;
    // Everything that is sealed of this letter.
    let (store, _) = world.second_node().await;
    let row = store.deliveries(None, 1).await.unwrap().remove(0);
    let mut sealed: Vec<Vec<u8>> = vec![store.container(row.head).await.unwrap().unwrap().as_octets().to_vec()];
    sealed.push(row.esk.as_ref().unwrap().as_octets().to_vec());
    sealed.extend([&row.coordinates, &row.subject].into_iter().flatten().map(|value| value.as_octets().to_vec()));
    store.close().await;
    sealed.extend(files(&world.config.data.join("objects")).into_iter().map(|(path, _)| std::fs::read(path).unwrap()));
    assert!(sealed.iter().map(Vec::len).sum::<usize>() > 600_000);
    for secret in &sealed {
        // What is looked for would be found.
        let taken = &secret[secret.len() / 2 - 20..][..40];
        let (base64, hex) = (data_encoding::BASE64URL_NOPAD.encode(taken), data_encoding::HEXLOWER.encode(taken));
        for planted in [format!("<a data=\"x{base64}\">").into_bytes(), hex.into_bytes(), taken.to_vec()] {
            assert!(leaks(&pieces(&planted), secret));
        }
    }
    // Whoever has the e-mail does everything but type the right code.
    let mut said = Vec::new();
    let (holder, waiting) = (world.browser(), world.browser());
    holder.get(&link).await;
    let page = asked(&waiting, &link).await;
    let wrong = if world.gateway.last().code() == "000000" { "111111" } else { "000000" };
    for _ in 0..3 {
        said.extend(typed(&waiting, &page, wrong).await.octets);
    }
    let (_, walk) = (page, Walk::new(&world, &link).await);
    for of in [
        Somebody::new(State::None, world.browser()),
        Somebody::new(State::Ticket, holder),
        Somebody::new(State::Asked, waiting),
    ] {
        for route in ROUTES {
            for ours in [true, false] {
                let answer = walk.ask(&of, route.method, route, ours).await;
                said.extend(format!("{:?}", answer.headers()).into_bytes());
                said.extend(answer.bytes().await.unwrap());
                said.extend(b"\n");
            }
        }
    }
    assert!(said.len() > 100_000, "pages were given: {}", said.len());
    let said = pieces(&said);
    for secret in &sealed {
        assert!(!leaks(&said, secret), "{} octets that are sealed are in an answer", secret.len());
    }
    world.running.stop().await;
}

/// A file that unpacks to so many MiB of zeros: deflate with its fixed codes (RFC 1951 §3.2.6), in a zip by hand.
fn bomb(mebibytes: usize) -> Vec<u8> {
    // Final block, fixed codes, a literal zero; then 258 times the octet before, thirteen bits each.
    let mut bits: Vec<bool> = vec![true, true, false, false, false, true, true, false, false, false, false];
    let copy = [true, true, false, false, false, true, false, true, false, false, false, false, false];
    while !bits.len().is_multiple_of(8) {
        bits.extend(copy);
    }
    let eight: Vec<bool> = copy.repeat(8);
    let octets = |bits: &[bool]| -> Vec<u8> {
        bits.chunks(8).map(|eight| eight.iter().rev().fold(0, |octet, bit| octet << 1 | u8::from(*bit))).collect()
    };
    let mut deflated = octets(&bits);
    deflated.extend(octets(&eight).repeat(mebibytes * (1 << 20) / (8 * 258)));
    deflated.push(0);
    let (packed, unpacked) = (u32::try_from(deflated.len()).unwrap(), u32::MAX);
    let about =
        [&[20, 0, 0, 0, 8, 0, 0, 0, 33, 0][..], &[0; 4], &packed.to_le_bytes(), &unpacked.to_le_bytes()].concat();
    let name = b"zeros";
    let mut zip = [b"PK\x03\x04", &about[..], &[5, 0, 0, 0], name, &deflated].concat();
    let at = u32::try_from(zip.len()).unwrap();
    zip.extend([b"PK\x01\x02\x14\x00", &about[..], &[5, 0], &[0; 16], name].concat());
    let directory = u32::try_from(zip.len()).unwrap() - at;
    zip.extend(
        [b"PK\x05\x06", &[0; 4][..], &[1, 0, 1, 0], &directory.to_le_bytes(), &at.to_le_bytes(), &[0, 0]].concat(),
    );
    zip
}

/// A zip that would write beside itself.
fn slipping() -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let plain = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for name in ["../../../../tmp/pli-slipped", "/tmp/pli-slipped", "..\\..\\pli-slipped", "a/../../pli-slipped"] {
        zip.start_file(name, plain).unwrap();
        zip.write_all(b"slipped").unwrap();
    }
    zip.add_symlink("link", "/etc", plain).unwrap();
    zip.start_file("link/pli-slipped", plain).unwrap();
    zip.finish().unwrap().into_inner()
}

/// lopdf RUSTSEC-2026-0187, zip RUSTSEC-2025-0168: nothing here looks into a file that it carries.
async fn fault_32_a_bomb_is_octets_and_stays_what_it_is(world: World) {
    let deep = format!(
        "%PDF-1.7\n1 0 obj\n{}{}\nendobj\ntrailer<</Root 1 0 R>>\n%%EOF\n",
        "[".repeat(10_380),
        "]".repeat(10_380)
    );
    let bombs = [
        ("deep.pdf", deep.into_bytes()),
        ("zeros.zip", bomb(600)),
        ("slip.zip", slipping()),
        ("nest.zip", [slipping(), bomb(1)].concat()),
    ];
    assert!(bombs[1].1.len() < 5 << 20, "600 MiB in {}", bombs[1].1.len());
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let mut letter = format!(
        "From: dr.martin@cabinet.example\r\nTo: {JEANNE}\r\nSubject: Bombes\r\nMIME-Version: 1.0\r\n\
         Message-ID: <bombs@cabinet.example>\r\nDate: Fri, 15 Jan 2027 08:00:00 +0100\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nVoici.\r\n"
    );
    for (name, octets) in &bombs {
        let kind = if name.ends_with("pdf") { "application/pdf" } else { "application/zip" };
        letter.push_str(&format!(
            "--b\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment; filename={name}\r\n\r\n"
        ));
        for line in data_encoding::BASE64.encode(octets).as_bytes().chunks(76) {
            letter.push_str(std::str::from_utf8(line).unwrap());
            letter.push_str("\r\n");
        }
    }
    letter.push_str("--b--\r\n");
    let began = Instant::now();
    world.submit(&[JEANNE], letter.as_bytes()).await.unwrap();
    let link = world.notices(1).await.pop().unwrap().link();
    let browser = world.browser();
    let page = opened(&world, &browser, &link).await;
    assert_eq!((page.status, page.url.path()), (200, "/letter"));
    for (number, (name, octets)) in bombs.iter().enumerate() {
        assert!(page.text().contains(name));
        for way in ["", "/save"] {
            let file = browser.follow(&page, &format!("/letter/file/{number}{way}")).await;
            assert!(file.status == 200 && file.octets == *octets, "{name}: as it came");
            let shown = way.is_empty() && name.ends_with("pdf");
            let disposition = file.headers["content-disposition"].to_str().unwrap();
            assert_eq!(disposition.starts_with("inline"), shown, "{name}: {disposition}");
        }
    }
    let all = browser.follow(&page, "/letter/files").await;
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(&all.octets)).unwrap();
    for (number, (name, octets)) in bombs.iter().enumerate() {
        let (mut file, mut found) = (archive.by_index(number).unwrap(), Vec::new());
        file.read_to_end(&mut found).unwrap();
        assert!(file.name() == *name && found == *octets, "{name}: packed as it is");
    }
    // The other way: a person sends them.
    let form: Form = page.form("/letter/answer");
    let sent: Vec<(&str, &str, &[u8])> =
        bombs.iter().map(|(name, octets)| ("other", *name, octets.as_slice())).collect();
    let answered = browser.answer(&page, &form, "Et voici", &sent).await;
    assert!(answered.url.as_str().ends_with("?sent=1"), "{}", answered.text());
    let inbox = world.read(&world.doctor, FolderRole::Inbox).await;
    let answer = inbox.iter().find(|octets| octets.len() > 4 << 20).expect("the answer");
    let answer = MessageParser::default().parse(answer).unwrap();
    for (part, (name, octets)) in answer.attachments().zip(&bombs) {
        assert!(part.attachment_name() == Some(name) && part.contents() == octets, "{name}: to the practitioner");
    }
    assert_eq!(answer.attachments().count(), bombs.len());
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    assert!(!Path::new("/tmp/pli-slipped").exists() && !Path::new("/etc/pli-slipped").exists());
    world.running.stop().await;
}
