//! A relay that takes every notice, after a while, and keeps none.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::imap::client::Outcome;

#[derive(Default)]
struct Counts {
    taken: AtomicUsize,
    now: AtomicUsize,
    most: AtomicUsize,
}

pub struct Relay {
    pub address: SocketAddr,
    counts: Arc<Counts>,
}

impl Relay {
    pub async fn start(delay: Duration) -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (address, counts) = (listener.local_addr()?, Arc::new(Counts::default()));
        let all = Arc::clone(&counts);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let counts = Arc::clone(&all);
                tokio::spawn(async move {
                    counts.most.fetch_max(counts.now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    let _ = converse(stream, &counts, delay).await;
                    counts.now.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Ok(Self { address, counts })
    }

    /// How many notices it took.
    pub fn taken(&self) -> usize {
        self.counts.taken.load(Ordering::SeqCst)
    }

    /// How many connections it had at once.
    pub fn most(&self) -> usize {
        self.counts.most.load(Ordering::SeqCst)
    }
}

async fn converse(stream: TcpStream, counts: &Counts, delay: Duration) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read);
    write.write_all(b"220 relay.example ESMTP\r\n").await?;
    let (mut line, mut in_message) = (Vec::new(), false);
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer: &[u8] = match verb.as_slice() {
            _ if in_message && line != b".\r\n" => continue,
            _ if in_message => {
                tokio::time::sleep(delay).await;
                in_message = false;
                counts.taken.fetch_add(1, Ordering::SeqCst);
                b"250 2.0.0 taken\r\n"
            }
            b"EHLO" => b"250-relay.example\r\n250 8BITMIME\r\n",
            b"DATA" => {
                in_message = true;
                b"354 go on\r\n"
            }
            b"QUIT" => b"221 bye\r\n",
            _ => b"250 OK\r\n",
        };
        write.write_all(answer).await?;
    }
}
