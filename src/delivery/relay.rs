//! The relay that takes notices: an SMTP server over checked TLS (lettre), or in the demonstration a listener.

use std::path::Path;

use tokio::sync::mpsc;

use crate::domain::{Address, Fault, SecretText};

/// Where mail leaves.
pub struct Relay {/* lead */}

/// A mail as the demonstration's relay shows it.
#[derive(Debug)]
pub struct Shown {
    /// To whom.
    pub to: Address,
    /// The octets.
    pub octets: Vec<u8>,
}

impl Relay {
    /// A relay from its URL: `smtps://user:password@host:465` (implicit TLS), `smtp://…` (STARTTLS required, except to loopback).
    /// `extra_ca`: a PEM file with further authorities (trial certificates).
    ///
    /// # Errors
    /// One clear sentence for a URL that is not understood or would go in clear to another host.
    pub fn open(_url: &SecretText, _hostname: &str, _extra_ca: Option<&Path>) -> Result<Self, String> {
        unimplemented!()
    }
    /// The demonstration's: every mail goes to the listener.
    pub fn shown(_to: mpsc::UnboundedSender<Shown>) -> Self {
        unimplemented!()
    }
    /// Submits one mail as a mail client would (used by the demonstration and by tests): envelope and octets.
    ///
    /// # Errors
    /// A [`Fault`] with the reply code.
    pub async fn submit(&self, _from: &Address, _to: &[Address], _octets: &[u8]) -> Result<(), Fault> {
        unimplemented!()
    }
}
