//! Providers of SMS and voice calls: any HTTP gateway, tried in order; the demonstration's listener.

use tokio::sync::mpsc;

use crate::domain::{Channel, SecretText};

/// One provider as configured (`[[code.sms]]`, `[[code.voice]]`, kind `http`).
#[derive(Debug, Clone)]
pub struct ProviderSettings {
    /// Its name, for logs and listings.
    pub name: String,
    /// The address that is called: https, or http to loopback only.
    pub url: String,
    /// `GET`, `POST` or `PUT`.
    pub method: String,
    /// Query parameters, with placeholders.
    pub query: Vec<(String, SecretText)>,
    /// Header fields, with placeholders.
    pub headers: Vec<(String, SecretText)>,
    /// The body, with placeholders: JSON where it begins with `{` or `[`, else a form.
    pub body: Option<SecretText>,
    /// A text that the answer must hold, beside a 2xx status.
    pub success: Option<String>,
    /// JSON pointer to the provider's reference in the answer.
    pub reference: Option<String>,
}

/// A code as the demonstration shows it.
#[derive(Debug)]
pub struct ShownCode {
    /// How it would travel.
    pub channel: Channel,
    /// To which number (E.164).
    pub to: SecretText,
    /// The text.
    pub text: SecretText,
}

/// All providers of this server.
#[derive(Clone)]
pub struct Gateways {/* lead */}

impl Gateways {
    /// Providers from settings; each template is tried with quotes, a line break and Cyrillic.
    ///
    /// # Errors
    /// One clear sentence: which provider, what is wrong.
    pub fn open(_sms: Vec<ProviderSettings>, _voice: Vec<ProviderSettings>) -> Result<Self, String> {
        unimplemented!()
    }
    /// The demonstration's: every code goes to the listener.
    pub fn shown(_to: mpsc::UnboundedSender<ShownCode>) -> Self {
        unimplemented!()
    }
}
