//! The one HTTP client of all providers: bounded in time and size, no redirects, no proxy of the environment.

use std::time::Duration;

use reqwest::{Client, Request, RequestBuilder, Url};

use crate::domain::FailureClass;

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
