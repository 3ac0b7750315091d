//! A virus scanner: clamd, by its INSTREAM command (clamd(8)).
//!
//! `zINSTREAM\0`, then each piece behind its length as four octets in network order, an empty piece at the end; the
//! answer is `stream: OK`, `stream: NAME FOUND`, or an error. The octets stay on this machine: a socket of its own, or
//! loopback. A scanner that cannot be asked has cleared nothing.

use std::path::PathBuf;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

/// Where clamd listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scanner {
    /// At a socket of this machine.
    Unix(PathBuf),
    /// At a port of loopback.
    Tcp(std::net::SocketAddr),
}

/// What a scanner says of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scanned {
    /// Nothing was found.
    Clean,
    /// Something was.
    Found,
    /// It could not say: not there, too slow, an error, too much for it.
    Unknown,
}

impl Scanner {
    /// Reads `unix:/run/clamav/clamd.ctl` or `tcp://127.0.0.1:3310`.
    ///
    /// # Errors
    /// One sentence.
    pub fn read(text: &str) -> Result<Self, String> {
        const SHAPE: &str = "must be unix:/run/clamav/clamd.ctl, or tcp://127.0.0.1:3310 on this machine";
        if let Some(path) = text.strip_prefix("unix:").filter(|path| path.starts_with('/')) {
            return match path.chars().any(char::is_control) {
                true => Err(SHAPE.to_owned()),
                false => Ok(Self::Unix(PathBuf::from(path))),
            };
        }
        let socket = text.strip_prefix("tcp://").and_then(|socket| socket.parse::<std::net::SocketAddr>().ok());
        socket.filter(|socket| socket.ip().is_loopback()).map(Self::Tcp).ok_or_else(|| SHAPE.to_owned())
    }

    /// Has the pieces of one file looked at.
    pub async fn scan<P: AsRef<[u8]>>(&self, pieces: impl Iterator<Item = P>) -> Scanned {
        let answer = async {
            match self {
                Self::Unix(path) => asked(UnixStream::connect(path).await?, pieces).await,
                Self::Tcp(socket) => asked(TcpStream::connect(socket).await?, pieces).await,
            }
        };
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(answer)) => read(&answer),
            Ok(Err(error)) => {
                tracing::error!(kind = ?error.kind(), "the virus scanner cannot be asked");
                Scanned::Unknown
            }
            Err(_) => {
                tracing::error!("the virus scanner does not answer");
                Scanned::Unknown
            }
        }
    }
}

async fn asked<S: AsyncRead + AsyncWrite + Unpin, P: AsRef<[u8]>>(
    mut stream: S,
    pieces: impl Iterator<Item = P>,
) -> std::io::Result<Vec<u8>> {
    stream.write_all(b"zINSTREAM\0").await?;
    let sent = async {
        for piece in pieces {
            // An empty piece would be the end.
            for piece in piece.as_ref().chunks(CHUNK) {
                stream.write_all(&u32::try_from(piece.len()).unwrap_or(u32::MAX).to_be_bytes()).await?;
                stream.write_all(piece).await?;
            }
        }
        stream.write_all(&0_u32.to_be_bytes()).await?;
        stream.flush().await
    };
    // What is too large is answered in the middle, and the connection closed: the answer says so.
    let sent = sent.await;
    let mut answer = Vec::new();
    let read = (&mut stream).take(LONGEST).read_to_end(&mut answer).await;
    if answer.is_empty() {
        sent?;
        read?;
    }
    Ok(answer)
}

fn read(answer: &[u8]) -> Scanned {
    let answer = answer.split(|octet| *octet == 0).next().unwrap_or_default().trim_ascii();
    if answer.ends_with(b" FOUND") {
        return Scanned::Found;
    }
    if answer == b"stream: OK" {
        return Scanned::Clean;
    }
    // It names nothing of the file: `INSTREAM size limit exceeded. ERROR`.
    tracing::error!(answer = %String::from_utf8_lossy(answer), "the virus scanner cannot say");
    Scanned::Unknown
}

/// How long one file may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Octets of a piece.
const CHUNK: usize = 64 * 1024;
/// Octets of an answer.
const LONGEST: u64 = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scanner_is_on_this_machine() {
        assert_eq!(Scanner::read("unix:/run/clamd.ctl"), Ok(Scanner::Unix("/run/clamd.ctl".into())));
        assert!(matches!(Scanner::read("tcp://127.0.0.1:3310"), Ok(Scanner::Tcp(_))));
        assert!(matches!(Scanner::read("tcp://[::1]:3310"), Ok(Scanner::Tcp(_))));
        for other in ["", "unix:clamd.ctl", "tcp://10.0.0.1:3310", "tcp://clamd:3310", "127.0.0.1:3310", "unix:/a\nb"] {
            assert!(Scanner::read(other).is_err(), "{other}");
        }
    }

    #[test]
    fn what_is_not_ok_is_not_clean() {
        assert_eq!(read(b"stream: OK\0"), Scanned::Clean);
        assert_eq!(read(b"stream: Eicar-Test-Signature FOUND\0"), Scanned::Found);
        for unknown in [
            b"".as_slice(),
            b"INSTREAM size limit exceeded. ERROR\0",
            b"stream: Can't allocate memory ERROR\0",
            b"stream: OK but\0",
            b"OK",
            b"UNKNOWN COMMAND\0",
        ] {
            assert_eq!(read(unknown), Scanned::Unknown);
        }
    }

    #[tokio::test]
    async fn nobody_there_clears_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let scanner = Scanner::Unix(folder.path().join("none"));
        assert_eq!(scanner.scan([b"x"].iter()).await, Scanned::Unknown);
    }
}
