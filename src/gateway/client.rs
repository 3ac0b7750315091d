//! The one HTTP client of all providers: bounded in time and size, no redirects, no proxy of the environment.

use std::time::Duration;

use reqwest::{Client, Request, RequestBuilder, Url};

use crate::domain::{FailureClass, Timestamp};

use super::ProviderSettings;

/// What one provider may take before the next is tried.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// The client. Cheap to clone.
#[derive(Clone)]
pub struct Web(Client);

/// What a provider answered.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, 64 KiB at most.
    pub body: Vec<u8>,
}

impl Web {
    /// Made once.
    ///
    /// # Errors
    /// One sentence.
    pub fn open() -> Result<Self, String> {
        Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            // A proxy of the environment would read the codes that go to a gateway on this machine.
            .no_proxy()
            .connect_timeout(Duration::from_secs(5))
            .timeout(PATIENCE)
            .build()
            .map(Self)
            .map_err(|_| "code: the HTTP client cannot be made (are the system's certificates installed?)".to_owned())
    }

    /// A request to be filled in.
    pub fn request(&self, method: reqwest::Method, url: Url) -> RequestBuilder {
        self.0.request(method, url)
    }

    /// Sends a request and reads its answer, whatever its status.
    ///
    /// # Errors
    /// [`FailureClass`]: what stood between; an answer that is too long is a refusal.
    pub async fn run(&self, request: Request) -> Result<Answer, FailureClass> {
        let mut answer = self.0.execute(request).await.map_err(|error| class_of(&error))?;
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| class_of(&error))? {
            body.extend_from_slice(&piece);
            if body.len() > LONGEST {
                return Err(FailureClass::Refused);
            }
        }
        Ok(Answer { status, body })
    }
}

impl Answer {
    /// The class of a status that is no success, as HTTP has it; `None` for 2xx.
    pub fn refusal(&self) -> Option<FailureClass> {
        match self.status {
            200..=299 => None,
            401 | 403 => Some(FailureClass::Credentials),
            408 | 429 | 500..=599 => Some(FailureClass::Later),
            _ => Some(FailureClass::Refused),
        }
    }
}

/// An address that is called: https, or http to this machine only.
///
/// # Errors
/// One sentence, without the address in it.
pub fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| "url is not one".to_owned())?;
    let local = match url.host_str() {
        Some("localhost") => true,
        Some(host) => host.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback()),
        None => false,
    };
    if url.scheme() == "https" || (url.scheme() == "http" && local) {
        Ok(url)
    } else {
        Err("url must be https (http to this machine only)".to_owned())
    }
}

/// What time it is for the first provider over HTTP that answers (RFC 9110 §6.6.1), to the second. Nothing is sent but
/// a HEAD for `/`.
pub async fn world_time(providers: &[ProviderSettings]) -> Option<Timestamp> {
    let web = Web::open().ok()?;
    for mut url in providers.iter().filter_map(|provider| provider.section.url()) {
        if !matches!(url.scheme(), "https" | "http") {
            continue;
        }
        url.set_path("/");
        url.set_query(None);
        let asked = web.0.head(url).timeout(Duration::from_secs(5)).send().await;
        let Ok(answer) = asked else { continue };
        let date = answer.headers().get(reqwest::header::DATE).and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date).ok());
        if let Some(date) = date {
            return Some(Timestamp(date.as_millisecond()));
        }
    }
    None
}

fn class_of(error: &reqwest::Error) -> FailureClass {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        // A certificate that does not fit is the operator's to mend, and is said apart.
        if cause.to_string().contains("certificate") {
            return FailureClass::Tls;
        }
        source = cause.source();
    }
    FailureClass::Unreachable
}

const LONGEST: usize = 64 * 1024;
