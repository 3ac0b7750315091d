//! Where an account is, and the way in: connection, greeting, login.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use async_imap::{Authenticator, Client};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use zeroize::Zeroizing;

use crate::domain::SecretText;
use crate::net::TlsClient;

/// A connection, in TLS or to loopback.
pub trait Octets: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin> Octets for T {}

/// A session after the login.
pub type Session = async_imap::Session<Box<dyn Octets>>;

/// Why a session does not come about, or ends: one line, of kinds alone, since what a server says may quote a person.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct Trouble {
    what: String,
    lost: bool,
}

impl Trouble {
    /// A trouble that trying again does not mend.
    pub fn because(what: impl Into<String>) -> Self {
        Self { what: what.into(), lost: false }
    }

    /// Whether the connection broke off, so that the same may do later.
    pub fn is_lost(&self) -> bool {
        self.lost
    }
}

/// Where an account is.
#[derive(Debug, Clone)]
pub struct Account {
    scheme: Scheme,
    host: String,
    port: u16,
    user: String,
    folder: Option<String>,
}

/// How the connection begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// `imaps://`: TLS from the first octet.
    Tls,
    /// `imap+starttls://`.
    StartTls,
    /// `imap://`, to loopback.
    Plain,
}

impl Account {
    /// Reads `imaps://USER@HOST[:PORT]/[FOLDER]` and the password where one stands in it; `None` for what is no such
    /// address.
    ///
    /// # Errors
    /// One clear line: what is missing, or does not belong there.
    pub fn read(source: &str) -> Option<Result<(Self, Option<SecretText>), String>> {
        let url = url::Url::parse(source).ok()?;
        let scheme = match url.scheme() {
            "imaps" => Scheme::Tls,
            "imap+starttls" => Scheme::StartTls,
            "imap" => Scheme::Plain,
            _ => return None,
        };
        Some(Self::of(&url, scheme))
    }

    fn of(url: &url::Url, scheme: Scheme) -> Result<(Self, Option<SecretText>), String> {
        let host = url.host_str().map(|host| host.trim_matches(['[', ']']).to_owned());
        let host = host.filter(|host| !host.is_empty()).ok_or("the source names no host")?;
        let user = text(url.username()).filter(|user| !user.is_empty());
        let user = user.ok_or("the source names no user: imaps://USER@HOST/ (an @ in it is %40)")?;
        if scheme == Scheme::Plain && !is_loopback(&host) {
            return Err("imap:// goes to loopback only; elsewhere it is imaps:// or imap+starttls://".to_owned());
        }
        let password =
            url.password().map(|password| text(password).ok_or("a % in the password is not followed by two digits"));
        let port = url.port().unwrap_or(if scheme == Scheme::Tls { 993 } else { 143 });
        let folder = text(url.path().trim_start_matches('/')).filter(|folder| !folder.is_empty());
        Ok((Self { scheme, host, port, user, folder }, password.transpose()?.map(SecretText::new)))
    }

    /// The folder that is named.
    pub fn folder(&self) -> Option<&str> {
        self.folder.as_deref()
    }

    /// `user@host:port`, for what tells one account from every other.
    pub fn name(&self) -> String {
        format!("{}@{}:{}", self.user, self.host, self.port)
    }

    /// Connects and logs in. `tls` is asked for only where the connection is not plain.
    ///
    /// # Errors
    /// [`Trouble`]: nobody there, a certificate that is not good, a password that is not right.
    pub async fn open(
        &self,
        password: &str,
        tls: impl FnOnce() -> Result<TlsClient, String>,
    ) -> Result<Session, Trouble> {
        let stream = self.connect(tls).await?;
        let mut client = Client::new(stream);
        if self.scheme != Scheme::StartTls {
            greeting(&mut client).await?;
        }
        let user = &self.user;
        let login = async {
            // LOGIN carries ASCII only; PLAIN carries everything (RFC 4616).
            if user.is_ascii() && password.is_ascii() {
                return client.login(user, password).await;
            }
            client.authenticate("PLAIN", Plain(Zeroizing::new(format!("\0{user}\0{password}")))).await
        };
        match within(async { Ok::<_, async_imap::error::Error>(login.await) }).await? {
            Ok(session) => Ok(session),
            Err((async_imap::error::Error::No(_) | async_imap::error::Error::Bad(_), _)) => {
                Err(Trouble::because(format!("{}: user or password is not accepted", self.host)))
            }
            Err((error, _)) => Err(trouble(&error)),
        }
    }

    async fn connect(&self, tls: impl FnOnce() -> Result<TlsClient, String>) -> Result<Box<dyn Octets>, Trouble> {
        let (host, port) = (self.host.as_str(), self.port);
        let away = |why: String| Trouble { what: format!("{host}:{port}: {why}"), lost: false };
        let tcp = match tokio::time::timeout(PATIENCE, TcpStream::connect((host, port))).await {
            Ok(Ok(tcp)) => tcp,
            Ok(Err(error)) => return Err(away(error.kind().to_string())),
            Err(_) => return Err(away("nobody answers".to_owned())),
        };
        if self.scheme == Scheme::Plain {
            return Ok(Box::new(tcp));
        }
        let tls = tls().map_err(Trouble::because)?;
        let tcp = if self.scheme == Scheme::StartTls {
            let mut client = Client::new(tcp);
            greeting(&mut client).await?;
            within(async { client.run_command_and_check_ok("STARTTLS", None).await }).await?;
            client.into_inner()
        } else {
            tcp
        };
        Ok(Box::new(tls.connect(tcp, host).await.map_err(away)?))
    }
}

async fn greeting<T: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin>(
    client: &mut Client<T>,
) -> Result<(), Trouble> {
    match within(async { Ok::<_, async_imap::error::Error>(client.read_response().await?) }).await? {
        Some(_) => Ok(()),
        None => Err(Trouble::because("the other server ended the connection")),
    }
}

/// SASL PLAIN (RFC 4616).
struct Plain(Zeroizing<String>);

impl Authenticator for Plain {
    type Response = Zeroizing<String>;
    fn process(&mut self, _: &[u8]) -> Self::Response {
        std::mem::take(&mut self.0)
    }
}

/// What a server answers to one command, within two minutes.
///
/// # Errors
/// [`Trouble`]: silence, a broken connection, a refusal.
pub async fn within<T>(work: impl Future<Output = Result<T, async_imap::error::Error>>) -> Result<T, Trouble> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(trouble(&error)),
        Err(_) => Err(Trouble { what: "the other server does not answer".to_owned(), lost: true }),
    }
}

fn trouble(error: &async_imap::error::Error) -> Trouble {
    use async_imap::error::Error;
    let (what, lost) = match error {
        Error::Io(error) => (format!("the connection to the other server: {}", error.kind()), false),
        Error::ConnectionLost => ("the other server ended the connection".to_owned(), true),
        Error::No(_) | Error::Bad(_) => ("the other server refuses a command".to_owned(), false),
        Error::Validate(_) => ("a user or password that no IMAP server takes".to_owned(), false),
        _ => ("the other server answers what IMAP does not know".to_owned(), false),
    };
    Trouble { what, lost }
}

/// Percent-decoding (RFC 3986 §2.1).
fn text(encoded: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(encoded.len());
    let mut rest = encoded.bytes();
    while let Some(octet) = rest.next() {
        if octet != b'%' {
            octets.push(octet);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        octets.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
    }
    String::from_utf8(octets).ok()
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_folders_of_an_address_are_decoded() {
        assert_eq!(text("dr%40a.example"), Some("dr@a.example".to_owned()));
        assert_eq!(text("%C3%89t%C3%A9"), Some("Été".to_owned()));
        assert_eq!(text("100%"), None);
        assert!(is_loopback("127.0.0.1") && is_loopback("::1") && is_loopback("localhost"));
        assert!(!is_loopback("localhost.example") && !is_loopback("10.0.0.1"));
    }

    #[test]
    fn an_account_has_its_password_apart() {
        let read = |url: &str| Account::read(url).expect("an account");
        let (account, password) = read("imaps://bounces%40isp.example:p%25w@imap.isp.example/INBOX").expect("whole");
        assert_eq!(
            (account.name().as_str(), account.folder()),
            ("bounces@isp.example@imap.isp.example:993", Some("INBOX"))
        );
        assert_eq!(password.expect("a password").reveal(), "p%w");
        let (account, password) = read("imap+starttls://u@imap.isp.example").expect("whole");
        assert_eq!((account.port, account.folder(), password.is_none()), (143, None, true));
        assert!(read("imap://u:p@imap.isp.example/").is_err() && read("imaps://imap.isp.example/").is_err());
        assert!(read("imaps://u:p%@imap.isp.example/").is_err());
        assert!(Account::read("maildir:/x").is_none());
    }
}
