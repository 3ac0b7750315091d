//! Dovecot as the other server, and its Maildir as a source: skipped where it is not installed.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;

use crate::office::{COLLEAGUE, DOCTOR, Office, Server, count, crlf, letter};
use crate::on_both;

on_both! {
    an_account_on_dovecot_comes_in_over_imap_and_from_its_files
}

async fn an_account_on_dovecot_comes_in_over_imap_and_from_its_files(office: Office) {
    let Some(dovecot) = Dovecot::start() else { return };
    let mut client = dovecot.client();
    client.append("INBOX", "\\Seen \\Flagged urgent", &letter(1, "one"));
    client.append("INBOX", "", &letter(2, "two"));
    client.append("Gesendet", "\\Seen \\Answered", &letter(3, "three"));
    client.append("Gesendet", "\\Deleted", &letter(3, "three"));
    client.says("CREATE Patients/R&AOk-sum&AOk-s");
    client.append("Patients/R&AOk-sum&AOk-s", "$Label1 \\Draft", &letter(4, &"a long line of text\n".repeat(9_000)));
    client.says("CREATE Empty");

    let url = format!("imap://dr%40old.example@127.0.0.1:{}/", dovecot.port);
    let input = format!("{}\nsecret\n", office.doctor);
    let import = |input: &str| office.run(&["mailbox", "import", DOCTOR, &url, "--json"], input);
    import(&format!("{}\nwrong\n", office.doctor)).refused("user or password is not accepted");
    let told = import(&input).json();
    assert_eq!((&told["taken"], &told["refused"]), (&json!(5), &json!([])), "{told}");
    let held = office.holds();
    let folder = |name: &str| -> Vec<(&str, Vec<u8>)> {
        let mut all: Vec<_> = held[name].iter().map(|m| (m.flags.as_str(), m.octets.clone())).collect();
        all.sort();
        all
    };
    assert_eq!(folder("INBOX"), [("", crlf(&letter(2, "two"))), ("F S urgent", crlf(&letter(1, "one")))]);
    assert_eq!(folder("Envoyés"), [("R S", crlf(&letter(3, "three"))), ("T", crlf(&letter(3, "three")))]);
    assert_eq!(folder("Patients/Résumés"), [("$Label1 D", crlf(&letter(4, &"a long line of text\n".repeat(9_000))))]);
    assert!(held.contains_key("Empty"));
    assert!(held["INBOX"].iter().all(|message| message.at == DATE), "INTERNALDATE");

    client.append("INBOX", "", &letter(5, "five"));
    let told = import(&input).json();
    assert_eq!((&told["taken"], &told["there"]), (&json!(1), &json!(5)), "{told}");
    client.says("CREATE Patients");
    client.append("Patients", "", &letter(6, "not below it"));
    let told = office.run(&["mailbox", "import", DOCTOR, &format!("{url}Patients"), "--json"], &input).json();
    assert_eq!((&told["folders"], &told["taken"], &told["there"]), (&json!(2), &json!(1), &json!(1)), "{told}");

    // The same account, from the files that Dovecot keeps: into the other mailbox, the same.
    let source = format!("maildir:{}", dovecot.folder.path().join("mail").display());
    let input = format!("{}\n", office.colleague);
    let told = office.run(&["mailbox", "import", COLLEAGUE, &source, "--json"], &input).json();
    assert_eq!((&told["taken"], &told["refused"]), (&json!(7), &json!([])), "{told}");
    let (mut theirs, ours) = (office.colleague_holds(), office.holds());
    // Files do not say what a folder is for.
    let sent = theirs.remove("Gesendet").unwrap();
    theirs.insert("Envoyés".to_owned(), sent);
    assert_eq!(theirs, ours);
    assert_eq!(count(&ours), 7);
    office.run(&["mailbox", "import", DOCTOR, "imap://x@mail.example/"], "a\nb\n").refused("loopback only");
    office.run(&["mailbox", "import", DOCTOR, "imaps://x:pw@mail.example/"], "a\nb\n").refused("standard input");
}

/// 15 Jan 2021 09:00:00 +0100, in milliseconds.
const DATE: i64 = 1_610_697_600_000;

struct Dovecot {
    folder: tempfile::TempDir,
    port: u16,
    _server: Server,
}

impl Dovecot {
    fn start() -> Option<Self> {
        let there = Command::new("dovecot").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        if there.is_err() {
            assert!(variable("PLI_TEST_ALL").as_deref() != Some("1"), "Dovecot is not installed (dovecot-imapd)");
            // Past the capture of the test harness: a skipped test must be seen.
            let _ = writeln!(std::io::stderr(), "SKIPPED: Dovecot is not installed (dovecot-imapd)");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("pli-dovecot-").tempdir().unwrap();
        // It runs unprivileged: as nobody where the tests run as root.
        let root = std::fs::metadata(folder.path()).unwrap().uid() == 0;
        let (user, group) =
            if root { (id(&["-u", "nobody"]), id(&["-g", "nobody"])) } else { (id(&["-u"]), id(&["-g"])) };
        let name = |arguments: &[&str]| output(arguments).trim().to_owned();
        let (user_name, group_name) =
            if root { ("nobody".to_owned(), name(&["-gn", "nobody"])) } else { (name(&["-un"]), name(&["-gn"])) };
        // Below those that the system gives away by itself.
        let first = u16::try_from(std::process::id() % 2000).unwrap();
        let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
        let port = (20_000 + first..25_000).find(free).expect("a free port");
        let config = CONFIG
            .replace("DIR", &folder.path().display().to_string())
            .replace("USER", &user_name)
            .replace("GROUP", &group_name)
            .replace("UID", &user.to_string())
            .replace("GID", &group.to_string())
            .replace("PORT", &port.to_string());
        let file = folder.path().join("dovecot.conf");
        std::fs::write(&file, config).unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        if root {
            chown(folder.path(), Some(user), Some(group)).unwrap();
        }
        let mut command = if root { Command::new("setpriv") } else { Command::new("dovecot") };
        if root {
            command.args([format!("--reuid={user}"), format!("--regid={group}")]).args(["--clear-groups", "dovecot"]);
        }
        let child = command.arg("-F").arg("-c").arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let dovecot = Self { folder, port, _server: Server(child.unwrap()) };
        for _ in 0..600 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(dovecot);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!(
            "Dovecot does not start: {}",
            std::fs::read_to_string(dovecot.folder.path().join("log")).unwrap_or_default()
        );
    }

    fn client(&self) -> Client {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let mut client = Client { reader: BufReader::new(stream.try_clone().unwrap()), stream };
        client.says("LOGIN dr@old.example secret");
        client
    }
}

/// As much of a client as fills an account.
struct Client {
    reader: BufReader<TcpStream>,
    stream: TcpStream,
}

impl Client {
    fn says(&mut self, command: &str) {
        write!(self.stream, "a {command}\r\n").unwrap();
        self.ends();
    }

    fn append(&mut self, folder: &str, flags: &str, letter: &str) {
        let octets = crlf(letter);
        let date = "15-Jan-2021 09:00:00 +0100";
        write!(self.stream, "a APPEND \"{folder}\" ({flags}) \"{date}\" {{{}+}}\r\n", octets.len()).unwrap();
        self.stream.write_all(&octets).unwrap();
        self.stream.write_all(b"\r\n").unwrap();
        self.ends();
    }

    fn ends(&mut self) {
        loop {
            let mut line = String::new();
            assert!(self.reader.read_line(&mut line).unwrap() > 0, "Dovecot ended the connection");
            if let Some(answer) = line.strip_prefix("a ") {
                assert!(answer.starts_with("OK"), "{answer}");
                return;
            }
        }
    }
}

fn output(arguments: &[&str]) -> String {
    String::from_utf8(Command::new("id").args(arguments).output().unwrap().stdout).unwrap()
}

fn id(arguments: &[&str]) -> u32 {
    output(arguments).trim().parse().unwrap()
}

#[expect(clippy::disallowed_methods, reason = "switches of the tests, not settings of the server")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

const CONFIG: &str = "\
base_dir = DIR/run
state_dir = DIR/state
log_path = DIR/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_internal_user = USER
default_internal_group = GROUP
default_login_user = USER
first_valid_uid = 1
mail_location = maildir:DIR/mail
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=UID gid=GID home=DIR/home
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Gesendet {
    auto = subscribe
    special_use = \\Sent
  }
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
service imap-login {
  chroot =
  inet_listener imap {
    port = PORT
  }
  inet_listener imaps {
    port = 0
  }
}
";
