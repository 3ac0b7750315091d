//! The pages of a preview: the same templates, with the writer's own message in them, as files that stand alone.

use data_encoding::BASE64;

use crate::access::{LinkState, LinkView};
use crate::delivery::{Drawn, Pages};
use crate::domain::{DeliveryId, Fault, Timestamp};
use crate::mailbox::{Body, Letter};
use crate::texts::Texts;

use super::answering::{AnswerPart, Carried, Remark};
use super::pages::{self, LinkForms, Surroundings};
use super::sheet::{Nought, TICKET};
use super::words::Words;
use super::{logo, style};

/// What draws the pages for [`crate::delivery::Deliveries::drawing`].
#[derive(Clone)]
pub struct Drawing {
    /// Every visible word.
    pub texts: Texts,
    /// Every page says that it is a demonstration.
    pub demonstration: bool,
    /// Octets that the files of one answer may have together.
    pub answer_limit: u64,
}

impl Pages for Drawing {
    fn draw(&self, of: &Drawn<'_>) -> Result<[String; 2], Fault> {
        let words = Words::new(&self.texts, of.practice.language, &of.practice.timezone, of.now);
        let view = LinkView {
            delivery: DeliveryId::random(&Nought),
            practice: of.practice.clone(),
            language: None,
            expires_at: of.until,
            // What is asked with a code stands on a page that is not drawn.
            birth_date: false,
            state: LinkState::Choose { sms: of.sms, voice: true, failed: None, wait_until: None, over: false },
        };
        let none = String::new;
        let forms = LinkForms {
            ticket: TICKET,
            code: none(),
            check: none(),
            missing: none(),
            wait: none(),
            again: none(),
            not_mine: none(),
            open: None,
            answer_waits: None,
        };
        let code = pages::link(&words, self.demonstration, &view, &forms, None);

        let letter = Letter::open(of.octets).ok_or(Fault::new("a message cannot be drawn"))?;
        // A text as long as a book is not drawn: with its signs escaped, and once more as a file, it would fill a mailbox.
        let long: usize = letter.bodies.iter().map(octets).sum();
        let bodies = if long > LONGEST { Vec::new() } else { letter.bodies };
        let letter = Letter { subject: of.subject.to_owned(), bodies, ..letter };
        let (letter, texts) = pages::readable_within(LONGEST as u64, letter);
        let carried = Carried { token: none(), draft: Some(none()), limit: self.answer_limit, ended: letter.ended };
        let around = Surroundings {
            practice: of.practice,
            mark: none(),
            open_until: Timestamp(of.now.0 + OPEN),
            kept_until: of.until,
            prolong: none(),
            close: none(),
            forget: None,
            answer: AnswerPart::of(&words, of.practice, of.answering, carried, &Remark::None),
            sent: false,
        };
        let letter = pages::letter(&words, self.demonstration, &letter, texts, &around);
        Ok([alone(&code), logo::inside(&alone(&letter), of.logo)])
    }
}

/// Octets of a text.
fn octets(body: &Body) -> usize {
    match body {
        Body::Plain(text) | Body::Html(text) => text.len(),
    }
}

/// A page without its server: the style inside, no script, forms and links that lead nowhere.
///
/// Only what the templates wrote is changed: a message's own text has its signs escaped, so that no tag of it is one.
fn alone(page: &str) -> String {
    let mark = format!("\"data:image/svg+xml;base64,{}\"", BASE64.encode(style::MARK.as_bytes()));
    let sheet = format!("<link rel=\"stylesheet\" href=\"/s/{}\">", style::name());
    page.replace(&format!("<script src=\"/s/{}\" defer></script>", style::script()), "")
        .replace(&sheet, &format!("<style>{}</style>", style::SHEET))
        .replace("\"/favicon.svg\"", &mark)
        .replace(" href=\"/", " href=\"#")
        .replace(" action=\"/", " action=\"#")
}

/// Octets of texts, and of pictures, that are drawn.
const LONGEST: usize = 256 * 1024;
/// How long the page of a letter stays open, in milliseconds.
const OPEN: i64 = 3_600_000;
