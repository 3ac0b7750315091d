//! The frame around the doors: TLS and listening.
//!
//! rustls with aws-lc-rs; TLS 1.2 and 1.3 with the suites of the ANSSI guide (SDE-NT-35), X25519MLKEM768
//! first. One accept loop serves every door: it bounds connections and says so, gives a handshake ten seconds, and
//! stops when told. Nothing here knows what a door says.

mod budget;
mod client;
mod listen;
mod scan;
mod signed;
mod tls;
pub mod trial;
mod validity;

pub use budget::{Budget, Held, Member, Share, Shares};
pub use client::{ClientStream, TlsClient};
pub use listen::{Crowd, Farewell, Limits, serve, serve_plain};
pub use scan::{Scanned, Scanner};
pub use signed::Signer;
pub use tls::{CertificateFiles, CertificateState, Tls, TlsStream, examine, install_provider, version};
