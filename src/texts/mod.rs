//! Everything Pli says to patients and practitioners, in their language (Project Fluent).
//!
//! One file per language and subject; `tests/texts.rs` fails on a message that is missing in a
//! language or that nobody says.

use crate::domain::Language;

mod speech;
pub use speech::{Said, Texts};

/// The sources, by language.
pub const SOURCES: &[(Language, &[&str])] = &[
    (
        Language::Fr,
        &[
            include_str!("fr/portal.ftl"),
            include_str!("fr/code.ftl"),
            include_str!("fr/notice.ftl"),
            include_str!("fr/receipt.ftl"),
            include_str!("fr/quota.ftl"),
            include_str!("fr/report.ftl"),
            include_str!("fr/cloud.ftl"),
        ],
    ),
    (
        Language::En,
        &[
            include_str!("en/portal.ftl"),
            include_str!("en/code.ftl"),
            include_str!("en/notice.ftl"),
            include_str!("en/receipt.ftl"),
            include_str!("en/quota.ftl"),
            include_str!("en/report.ftl"),
            include_str!("en/cloud.ftl"),
        ],
    ),
];
