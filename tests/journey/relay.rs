//! A relay that catches notices: a small SMTP server on loopback, which can be told to refuse.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A mail as it came.
#[derive(Clone, Debug)]
pub struct Mail {
    pub from: String,
    pub to: String,
    pub octets: Vec<u8>,
    /// MAIL said SMTPUTF8.
    pub utf8: bool,
}

impl Mail {
    pub fn subject(&self) -> String {
        let read = mail_parser::MessageParser::default().parse(&self.octets).unwrap();
        read.subject().unwrap().to_owned()
    }

    pub fn text(&self) -> String {
        let read = mail_parser::MessageParser::default().parse(&self.octets).unwrap();
        read.body_text(0).unwrap().into_owned()
    }

    pub fn html(&self) -> String {
        let read = mail_parser::MessageParser::default().parse(&self.octets).unwrap();
        read.body_html(0).unwrap().into_owned()
    }

    /// The link, alone on its line.
    pub fn link(&self) -> String {
        let text = self.text();
        let line = text.lines().find(|line| line.starts_with("https://")).expect("a line that is the link");
        assert!(line.len() < 76, "{line}");
        line.to_owned()
    }
}

#[derive(Clone)]
pub struct Relay {
    pub address: SocketAddr,
    caught: Arc<Mutex<Vec<Mail>>>,
    answer: Arc<Mutex<&'static str>>,
    offers: Arc<Mutex<&'static str>>,
    /// How many connections there are, and were at most.
    connections: Arc<Mutex<(usize, usize)>>,
    down: Arc<AtomicBool>,
}

impl Relay {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let relay = Self {
            address: listener.local_addr().unwrap(),
            caught: Arc::default(),
            answer: Arc::new(Mutex::new("250 2.1.5 OK")),
            offers: Arc::new(Mutex::new("8BITMIME")),
            connections: Arc::default(),
            down: Arc::default(),
        };
        let this = relay.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                if this.down.load(Ordering::SeqCst) {
                    continue;
                }
                let this = this.clone();
                tokio::spawn(async move {
                    {
                        let mut connections = this.connections.lock().unwrap();
                        connections.0 += 1;
                        connections.1 = connections.1.max(connections.0);
                    }
                    let _ = this.converse(stream).await;
                    this.connections.lock().unwrap().0 -= 1;
                });
            }
        });
        relay
    }

    /// What every further RCPT is answered.
    pub fn answer(&self, line: &'static str) {
        *self.answer.lock().unwrap() = line;
    }

    /// How many connections there were at once, at most.
    pub fn most_connections(&self) -> usize {
        self.connections.lock().unwrap().1
    }

    /// What every further EHLO is offered.
    pub fn offer(&self, extensions: &'static str) {
        *self.offers.lock().unwrap() = extensions;
    }

    /// Whether it hangs up on everybody, from the next command on.
    pub fn down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    pub fn caught(&self) -> Vec<Mail> {
        self.caught.lock().unwrap().clone()
    }

    pub fn last(&self) -> Mail {
        self.caught().pop().expect("a notice left")
    }

    async fn converse(&self, stream: TcpStream) -> std::io::Result<()> {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read);
        write.write_all(b"220 relay.test ESMTP\r\n").await?;
        let (mut from, mut to, mut utf8) = (String::new(), String::new(), false);
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line).await? == 0 || self.down.load(Ordering::SeqCst) {
                return Ok(());
            }
            let upper = line.to_uppercase();
            let answer = if upper.starts_with("EHLO") {
                let offers = self.offers.lock().unwrap().replace(' ', "\r\n250-");
                format!("250-relay.test\r\n250-{offers}\r\n250 HELP")
            } else if upper.starts_with("MAIL FROM") {
                utf8 = upper.contains(" SMTPUTF8");
                from = between(&line);
                "250 2.1.0 OK".to_owned()
            } else if upper.starts_with("RCPT TO") {
                to = between(&line);
                (*self.answer.lock().unwrap()).to_owned()
            } else if upper.starts_with("DATA") {
                write.write_all(b"354 go on\r\n").await?;
                let octets = data(&mut lines).await?;
                self.caught.lock().unwrap().push(Mail { from: from.clone(), to: to.clone(), octets, utf8 });
                "250 2.0.0 taken".to_owned()
            } else if upper.starts_with("QUIT") {
                write.write_all(b"221 bye\r\n").await?;
                return Ok(());
            } else {
                "250 OK".to_owned()
            };
            write.write_all(format!("{answer}\r\n").as_bytes()).await?;
        }
    }
}

async fn data(lines: &mut (impl AsyncBufReadExt + Unpin)) -> std::io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    loop {
        let mut line = Vec::new();
        lines.read_until(b'\n', &mut line).await?;
        if line == b".\r\n" {
            return Ok(octets);
        }
        octets.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}

fn between(line: &str) -> String {
    line.split('<').nth(1).unwrap().split('>').next().unwrap().to_owned()
}
