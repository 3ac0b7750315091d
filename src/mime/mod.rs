//! Messages taken apart: octets with exact offsets, whatever is wrong with them (RFC 5322, RFC 2045 to 2047).
//!
//! A message that is broken, nested without end or no mail at all still has a structure: its octets, and as much
//! as can be made out (faults 17 and 18). Nothing here allocates more than a bounded number of small nodes,
//! recurses deeper than [`structure::DEEPEST`], or changes an octet; what opens a wrapping ([`unwrap`]) makes another
//! message, whose texts have a measure of their own since they were packed. No I/O, no keys: what is made of a message when
//! it comes in ([`summary`]) is sealed by whoever made it.

pub mod address;
pub mod answer;
pub mod bodystructure;
pub mod decode;
pub mod envelope;
pub mod field;
pub mod keys;
pub mod parameter;
pub mod returned;
pub mod structure;
pub mod subject;
pub mod summary;
pub mod unwrap;
pub mod wire;
pub mod words;

pub use answer::Answer;
pub use returned::{Failure, Returned};
pub use structure::{Kind, Node, Structure};
pub use summary::{Described, Summary};
pub use unwrap::Wrapped;
pub use wire::Wire;
pub use words::Words;
