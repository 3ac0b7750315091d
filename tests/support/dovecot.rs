//! Dovecot as another server: a Maildir in a folder of its own, any user, the password `secret`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running Dovecot.
pub struct Dovecot {
    pub folder: tempfile::TempDir,
    pub port: u16,
    _server: Server,
}

/// Ends with its owner.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Dovecot {
    /// On this port; `None` where it is not installed.
    pub fn start(port: u16) -> Option<Self> {
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

    /// A client that has logged in.
    pub fn client(&self) -> Client {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let mut client = Client { reader: BufReader::new(stream.try_clone().unwrap()), stream };
        client.says("LOGIN dr@old.example secret");
        client
    }
}

/// As much of a client as fills an account.
pub struct Client {
    reader: BufReader<TcpStream>,
    stream: TcpStream,
}

impl Client {
    /// Everything that comes before the OK.
    pub fn says(&mut self, command: &str) -> String {
        write!(self.stream, "a {command}\r\n").unwrap();
        self.ends()
    }

    pub fn append(&mut self, folder: &str, flags: &str, date: &str, octets: &[u8]) {
        write!(self.stream, "a APPEND \"{folder}\" ({flags}) \"{date}\" {{{}+}}\r\n", octets.len()).unwrap();
        self.stream.write_all(octets).unwrap();
        self.stream.write_all(b"\r\n").unwrap();
        self.ends();
    }

    fn ends(&mut self) -> String {
        let mut heard = String::new();
        loop {
            let mut line = String::new();
            assert!(self.reader.read_line(&mut line).unwrap() > 0, "Dovecot ended the connection");
            if let Some(answer) = line.strip_prefix("a ") {
                assert!(answer.starts_with("OK"), "{answer}");
                return heard;
            }
            // A literal's octets stand for no line of the server's.
            let literal = line.trim_end().strip_suffix('}').and_then(|line| line.rsplit_once('{'));
            if let Some(octets) = literal.and_then(|(_, octets)| octets.parse::<usize>().ok()) {
                let mut text = vec![0; octets];
                self.reader.read_exact(&mut text).unwrap();
                line.push_str(&String::from_utf8_lossy(&text));
            }
            heard.push_str(&line);
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
