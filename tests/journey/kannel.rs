//! Codes by a real gateway: Kannel's bearerbox and smsbox with its fake SMSC, of Debian's packages.
//!
//! What the fake SMSC prints is what would go to a telephone; its reports come back over Kannel and TLS.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::letter::{asked, sent, typed};
use crate::world::{World, free_port, until};

/// A program that ends with this test process, however that ends: a shell waits for the end of its pipe.
pub struct Lasting {
    shell: Child,
    pipe: Option<ChildStdin>,
}

impl Lasting {
    pub fn start(program: &str, arguments: &[&str]) -> (Self, ChildStdout) {
        let quoted: Vec<String> = arguments.iter().map(|argument| format!("'{argument}'")).collect();
        // The program's own output is what is read here.
        let script =
            format!("{program} {} </dev/null 2>&1 & pid=$!; cat >/dev/null; kill -9 $pid; wait", quoted.join(" "));
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut shell = shell.spawn().unwrap();
        let (pipe, out) = (shell.stdin.take(), shell.stdout.take().unwrap());
        (Self { shell, pipe }, out)
    }
}

impl Drop for Lasting {
    fn drop(&mut self) {
        drop(self.pipe.take());
        let _ = self.shell.wait();
    }
}

struct Kannel {
    /// What the fake SMSC got: the number and the text of each.
    got: Arc<Mutex<Vec<(String, String)>>>,
    fake: Option<Lasting>,
    _boxes: Vec<Lasting>,
    _folder: tempfile::TempDir,
}

const FAKE: &str = "/usr/lib/kannel/test/fakesmsc";

impl Kannel {
    /// Whether it is here; else the test says so.
    fn is_installed() -> bool {
        let there = ["/usr/sbin/bearerbox", "/usr/sbin/smsbox", FAKE].iter().all(|file| Path::new(file).exists());
        if !there {
            assert!(std::env::var_os("PLI_TEST_ALL").is_none_or(|all| all != "1"), "Kannel is not installed");
            std::io::stderr().write_all(b"SKIPPED: Kannel is not installed (kannel, kannel-extras)\n").unwrap();
        }
        there
    }

    /// Takes messages at the port `sendsms`, and believes servers of `authority`.
    async fn start(sendsms: u16, authority: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [admin, boxes, smsc] = [(); 3].map(|()| free_port());
        let settings = format!(
            "group = core\nadmin-port = {admin}\nadmin-interface = 127.0.0.1\nadmin-password = secret\n\
             smsbox-port = {boxes}\nsmsbox-interface = 127.0.0.1\nbox-allow-ip = 127.0.0.1\n\
             dlr-storage = internal\nssl-trusted-ca-file = {ca}\n\n\
             group = smsc\nsmsc = fake\nsmsc-id = fake\nport = {smsc}\nconnect-allow-ip = 127.0.0.1\n\n\
             group = smsbox\nbearerbox-host = 127.0.0.1\nsendsms-port = {sendsms}\nsendsms-interface = 127.0.0.1\n\n\
             group = sendsms-user\nusername = pli\npassword = secret\nmax-messages = 3\nconcatenation = true\n\n\
             group = sms-service\nkeyword = default\nmax-messages = 0\ntext = \"\"\n",
            ca = authority.display()
        );
        let file = folder.path().join("kannel.conf");
        std::fs::write(&file, settings).unwrap();
        let file = file.to_str().unwrap().to_owned();
        let mut running = Vec::new();
        for (program, port) in [("/usr/sbin/bearerbox", boxes), ("/usr/sbin/smsbox", sendsms)] {
            let (lasting, out) = Lasting::start(program, &[&file]);
            std::thread::spawn(move || BufReader::new(out).lines().for_each(drop));
            running.push(lasting);
            until(async || tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok()).await;
        }
        let (got, port) = (Arc::new(Mutex::new(Vec::new())), smsc.to_string());
        let (fake, out) = Lasting::start(FAKE, &["-H", "127.0.0.1", "-r", &port, "-m", "0", "1 2 text nop"]);
        let (into, (ready, began)) = (got.clone(), std::sync::mpsc::channel());
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if line.contains("Connecting to") {
                    let _ = ready.send(());
                }
                let message = line.split_once("Got message").and_then(|(_, rest)| rest.split_once('<'));
                let Some((_, message)) = message else { continue };
                let (message, mut got) = (message.trim_end_matches('>'), into.lock().unwrap());
                // It takes each line of a text for a message of its own.
                match (read(message), got.last_mut()) {
                    (Some(read), _) => got.push(read),
                    (None, Some((_, text))) => *text = format!("{text}\n{message}"),
                    (None, None) => {}
                }
            }
        });
        began.recv_timeout(Duration::from_secs(10)).expect("the fake SMSC connects");
        Self { got, fake: Some(fake), _boxes: running, _folder: folder }
    }

    fn got(&self) -> Vec<(String, String)> {
        self.got.lock().unwrap().clone()
    }
}

/// `Pli +33612345678 text Votre code…`, or `ucs-2` with URL-encoded big-endian octets.
fn read(message: &str) -> Option<(String, String)> {
    let mut words = message.splitn(4, ' ');
    let (_, to, kind, text) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let text = match kind {
        "ucs-2" => {
            let octets = decoded(text);
            let units: Vec<u16> = octets.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16(&units).unwrap()
        }
        "text" => text.to_owned(),
        _ => return None,
    };
    Some((to.to_owned(), text))
}

fn decoded(text: &str) -> Vec<u8> {
    let (mut octets, mut rest) = (Vec::new(), text.bytes());
    while let Some(octet) = rest.next() {
        octets.push(match octet {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            other => other,
        });
    }
    octets
}

/// A code goes out as text, its report comes back, and the page says what is known at each moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_code_by_kannel_arrives_and_is_told_so() {
    if !Kannel::is_installed() {
        return;
    }
    let sendsms = free_port();
    let world = World::sqlite_with(&format!(
        r#"
[[code.sms]]
name  = "kannel"
kind  = "http"
price = "0.04"
url   = "http://127.0.0.1:{}/cgi-bin/sendsms"
query = {{ username = "pli", password = "secret", from = "Pli", to = "{{to}}", text = "{{text}}", coding = "{{coding}}", charset = "UTF-8", dlr-mask = "31", dlr-url = "{{report}}?status=%d" }}
success = "Accepted"
report = {{ field = "status", delivered = ["1"], failed = ["16"], classes = {{ absent = ["2"] }} }}
"#,
        sendsms
    ))
    .await;
    let mut kannel = Kannel::start(sendsms, &world.authority).await;

    let (_, link) = sent(&world, b"").await;
    for (language, says) in [("fr", "Votre code : "), ("ru", "Код ")] {
        let browser = world.browser();
        browser.get(&format!("{link}?lang={language}")).await;
        let page = asked(&browser, &link).await;
        until(async || kannel.got().last().is_some_and(|(_, text)| text.contains("\n\n@127.0.0.1 #"))).await;
        let (to, text) = kannel.got().pop().unwrap();
        assert_eq!(to, "+33612345678");
        assert!(text.starts_with(says), "{text}");
        let code: String = text.chars().filter(char::is_ascii_digit).take(6).collect();
        // The report is called in over TLS; only then it is said that it arrived.
        let arrived = if language == "fr" {
            "Il est arrivé sur le téléphone"
        } else {
            "Оно пришло на телефон"
        };
        until(async || browser.get(&link).await.text().contains(arrived)).await;
        assert_eq!(typed(&browser, &page, &code).await.url.path(), "/letter");
        world.pass(Duration::from_secs(120));
        kannel.got.lock().unwrap().clear();
    }

    // Without its SMSC Kannel takes nothing, and the page says so.
    drop(kannel.fake.take());
    let browser = world.browser();
    let page = asked(&browser, &link).await;
    assert!(page.text().contains("Le SMS n’a pas pu partir"), "{}", page.text());
    world.running.stop().await;
}
