//! Everything Pli says to patients and practitioners, in their language (Project Fluent).
//!
//! One file per language and subject; `tests/texts.rs` fails on a message that is missing in a
//! language or that nobody says.

use crate::domain::Language;

mod dates;
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
            include_str!("fr/stop.ftl"),
            include_str!("fr/device.ftl"),
            include_str!("fr/bounce.ftl"),
            include_str!("fr/hold.ftl"),
            include_str!("fr/recall.ftl"),
            include_str!("fr/answer.ftl"),
            include_str!("fr/accessibility.ftl"),
            include_str!("fr/preview.ftl"),
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
            include_str!("en/stop.ftl"),
            include_str!("en/device.ftl"),
            include_str!("en/bounce.ftl"),
            include_str!("en/hold.ftl"),
            include_str!("en/recall.ftl"),
            include_str!("en/answer.ftl"),
            include_str!("en/accessibility.ftl"),
            include_str!("en/preview.ftl"),
        ],
    ),
    (
        Language::It,
        &[
            include_str!("it/portal.ftl"),
            include_str!("it/code.ftl"),
            include_str!("it/notice.ftl"),
            include_str!("it/receipt.ftl"),
            include_str!("it/quota.ftl"),
            include_str!("it/report.ftl"),
            include_str!("it/cloud.ftl"),
            include_str!("it/stop.ftl"),
            include_str!("it/device.ftl"),
            include_str!("it/bounce.ftl"),
            include_str!("it/hold.ftl"),
            include_str!("it/recall.ftl"),
            include_str!("it/answer.ftl"),
            include_str!("it/accessibility.ftl"),
            include_str!("it/preview.ftl"),
        ],
    ),
    (
        Language::Es,
        &[
            include_str!("es/portal.ftl"),
            include_str!("es/code.ftl"),
            include_str!("es/notice.ftl"),
            include_str!("es/receipt.ftl"),
            include_str!("es/quota.ftl"),
            include_str!("es/report.ftl"),
            include_str!("es/cloud.ftl"),
            include_str!("es/stop.ftl"),
            include_str!("es/device.ftl"),
            include_str!("es/bounce.ftl"),
            include_str!("es/hold.ftl"),
            include_str!("es/recall.ftl"),
            include_str!("es/answer.ftl"),
            include_str!("es/accessibility.ftl"),
            include_str!("es/preview.ftl"),
        ],
    ),
    (
        Language::Ru,
        &[
            include_str!("ru/portal.ftl"),
            include_str!("ru/code.ftl"),
            include_str!("ru/notice.ftl"),
            include_str!("ru/receipt.ftl"),
            include_str!("ru/quota.ftl"),
            include_str!("ru/report.ftl"),
            include_str!("ru/cloud.ftl"),
            include_str!("ru/stop.ftl"),
            include_str!("ru/device.ftl"),
            include_str!("ru/bounce.ftl"),
            include_str!("ru/hold.ftl"),
            include_str!("ru/recall.ftl"),
            include_str!("ru/answer.ftl"),
            include_str!("ru/accessibility.ftl"),
            include_str!("ru/preview.ftl"),
        ],
    ),
];
