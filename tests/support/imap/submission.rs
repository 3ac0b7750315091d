//! A connection to the submission door (RFC 6409): TLS, AUTH PLAIN, messages.

use data_encoding::BASE64;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::client::{Outcome, Server};

/// One connection, logged in.
pub struct Submission(BufReader<TlsStream<TcpStream>>);

impl Submission {
    pub async fn log_in(server: &Server, user: &str, password: &str) -> Outcome<Self> {
        let auth = BASE64.encode(format!("\0{user}\0{password}").as_bytes());
        let mut client = Self(server.connect().await?);
        client.reply("220").await?;
        client.say(b"EHLO load.example\r\n", "250").await?;
        client.say(format!("AUTH PLAIN {auth}\r\n").as_bytes(), "235").await?;
        Ok(client)
    }

    /// Sends a message that ends in CR LF; dots are stuffed (RFC 5321 §4.5.2). Says what the server answered; fails
    /// where it is not taken.
    pub async fn send(&mut self, from: &str, to: &str, message: &[u8]) -> Outcome<String> {
        let size = message.len();
        let envelope = format!("MAIL FROM:<{from}> SIZE={size} BODY=8BITMIME\r\nRCPT TO:<{to}>\r\nDATA\r\n");
        self.0.write_all(envelope.as_bytes()).await?;
        self.0.flush().await?;
        for code in ["250", "250", "354"] {
            self.reply(code).await?;
        }
        let mut stuffed = Vec::with_capacity(message.len() + 1024);
        for line in message.split_inclusive(|octet| *octet == b'\n') {
            if line.starts_with(b".") {
                stuffed.push(b'.');
            }
            stuffed.extend_from_slice(line);
        }
        stuffed.extend_from_slice(b".\r\n");
        self.say(&stuffed, "250").await
    }

    pub async fn quit(mut self) -> Outcome<()> {
        self.say(b"QUIT\r\n", "221").await.map(drop)
    }

    async fn say(&mut self, octets: &[u8], code: &str) -> Outcome<String> {
        self.0.write_all(octets).await?;
        self.0.flush().await?;
        self.reply(code).await
    }

    async fn reply(&mut self, code: &str) -> Outcome<String> {
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).await? == 0 {
                return Err("the server closed the connection".into());
            }
            if !line.starts_with(code) {
                return Err(format!("wanted {code}, got {}", line.trim_end()).into());
            }
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(line.trim_end().to_owned());
            }
        }
    }
}
