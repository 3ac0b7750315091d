//! x
pub mod grammar;
pub mod line;
pub mod message;
pub mod out;
pub mod verbs;
