//! Stored messages as FETCH and SEARCH see them: octets with exact offsets, whatever is wrong with them.
//!
//! A message that is broken, nested without end or no mail at all is still served: `BODY[]` is its octets, and
//! everything else is as much as can be made out (faults 17 and 18). Nothing here allocates more than a bounded
//! number of small nodes, recurses deeper than [`structure::DEEPEST`], or changes an octet.

pub mod address;
pub mod bodystructure;
pub mod envelope;
pub mod field;
pub mod parameter;
pub mod section;
pub mod structure;
pub mod words;

pub use structure::{Kind, Node, Structure};
