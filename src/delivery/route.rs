//! Where a forward-path leads (DESIGN §5), first match: local, person, preview, service, number, trust space, outside.

use std::fmt;

use crate::domain::{Address, DeliveryId, Fault, MailboxId, MailboxState, NoticeToken, PhoneNumber, Sender};
use crate::store::deliveries::DeliveryRow;
use crate::store::mailboxes::MailboxRow;
use crate::texts::Said;

use super::page::PERSON;
use super::preview::PREVIEW;
use super::{Deliveries, number};

/// Where a recipient is reached.
#[derive(Debug, Clone)]
pub enum Route {
    /// A mailbox of this server.
    Local(MailboxId),
    /// The practice's service address (`pli@`): answers to letters of Pli.
    Service,
    /// A number for the one outside recipient: `+33612345678@sms.<domain>`.
    Number(PhoneNumber),
    /// Somebody outside, by the address that stands for whoever a delivery reached ([`super::Answering`]).
    Person(DeliveryId),
    /// Back to whoever wrote, as a patient would get it. Nothing may go elsewhere with it: the sentence for who tries.
    Preview(Refused),
    /// Somebody outside: by link and code.
    Outside,
}

/// A recipient or a message that cannot be accepted: reply code, enhanced code, and a sentence a doctor understands.
///
/// The sentence is for the sender alone and may name a recipient: `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Refused {
    /// The SMTP reply code (RFC 5321 §4.2).
    pub code: u16,
    /// The enhanced status code (RFC 3463), such as `5.1.1`.
    pub enhanced: &'static str,
    /// The sentence: ASCII, one line.
    pub sentence: String,
}

/// A route, and what was read to find it.
pub(super) struct Reached {
    pub(super) route: Route,
    /// The mailbox of a local route.
    pub(super) mailbox: Option<MailboxRow>,
}

impl Refused {
    /// A refusal whose sentence is folded to what SMTP can carry.
    pub(super) fn new(code: u16, enhanced: &'static str, sentence: &str) -> Self {
        Self { code, enhanced, sentence: ascii(sentence) }
    }
}

impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Refused({} {})", self.code, self.enhanced)
    }
}

impl Deliveries {
    /// The route of a forward-path for this sender.
    ///
    /// # Errors
    /// The inner error refuses the recipient; the outer is ours.
    pub async fn route(&self, sender: &Sender, to: &Address) -> Result<Result<Route, Refused>, Fault> {
        Ok(self.reach(sender, to).await?.map(|reached| reached.route))
    }

    /// The same, with the mailbox's row where it is local, so that it is read once.
    pub(super) async fn reach(&self, sender: &Sender, to: &Address) -> Result<Result<Reached, Refused>, Fault> {
        if let Some((mailbox, room)) = self.store.mailbox_and_room_at(&to.folded()).await? {
            return match mailbox.state {
                MailboxState::Active => Ok(match self.refused_full(sender, to, room).await? {
                    Some(refused) => Err(refused),
                    None => Ok(Reached { route: Route::Local(mailbox.id), mailbox: Some(mailbox) }),
                }),
                MailboxState::Suspended => self.refuse(sender, to, "5.2.1", "refused-suspended").await,
            };
        }
        let to_route = |route| Ok(Ok(Reached { route, mailbox: None }));
        if let Some(domain) = self.store.domain(to.domain()).await? {
            if let Some(row) = self.person_at(sender, to).await? {
                return match self.settings.relay {
                    true => to_route(Route::Person(row.id)),
                    false => self.refuse(sender, to, "5.3.2", "refused-no-relay").await,
                };
            }
            let preview = PREVIEW.iter().any(|name| to.reveal_local().eq_ignore_ascii_case(name));
            if preview && domain.practice == sender.practice {
                let alone = self.refuse(sender, to, "5.5.3", "refused-preview-alone").await?;
                return to_route(Route::Preview(alone.err().ok_or(Fault::new("a refusal refuses nothing"))?));
            }
            // Another practice's is nobody's here.
            let service = to.reveal_local().eq_ignore_ascii_case(SERVICE) && domain.practice == sender.practice;
            return match service {
                true => to_route(Route::Service),
                false => self.refuse(sender, to, "5.1.1", "refused-unknown").await,
            };
        }
        if let Some(parent) = to.domain().as_str().strip_prefix("sms.")
            && let Ok(parent) = parent.parse()
            && self.store.domain(&parent).await?.is_some()
        {
            return match number::address_number(to.reveal_local()) {
                Some(number) => to_route(Route::Number(number)),
                None => self.refuse(sender, to, "5.1.3", "refused-address-number").await,
            };
        }
        if HEALTH_SPACES.iter().any(|space| to.domain().is_under(space)) {
            return self.refuse(sender, to, "5.1.2", "refused-health-space").await;
        }
        if !self.settings.relay {
            return self.refuse(sender, to, "5.3.2", "refused-no-relay").await;
        }
        to_route(Route::Outside)
    }

    /// The delivery whose recipient an address of the sender's practice stands for.
    async fn person_at(&self, sender: &Sender, to: &Address) -> Result<Option<DeliveryRow>, Fault> {
        let Some(token) = person_token(to).filter(|token| self.vault.is_person(token)) else { return Ok(None) };
        let row = self.store.delivery(token.delivery).await?;
        let row = row.filter(|row| row.practice == sender.practice && row.coordinates.is_some());
        if let Some(row) = row.as_ref().filter(|row| !self.vault.holds(*row, &row.mac)) {
            tracing::error!(delivery = %row.id, "a row without authority was not used: the database was changed by somebody else");
            return Err(Fault::new("a delivery's row has lost its authority"));
        }
        Ok(row)
    }

    async fn refuse(
        &self,
        sender: &Sender,
        to: &Address,
        enhanced: &'static str,
        id: &str,
    ) -> Result<Result<Reached, Refused>, Fault> {
        let (language, address) = (self.profile(sender.practice).await?.language, to.reveal());
        let sentence = self.texts.say(language, id, &[("address", Said::Text(&address))]);
        Ok(Err(Refused::new(550, enhanced, &sentence)))
    }
}

/// The local part of service addresses.
pub(super) const SERVICE: &str = "pli";
/// The token of an address that has the shape of a person's.
fn person_token(to: &Address) -> Option<NoticeToken> {
    let local = to.reveal_local().to_ascii_lowercase();
    let token = local.strip_prefix(PERSON)?;
    NoticeToken::all_in(token.as_bytes(), 1).into_iter().next().filter(|found| found.written() == token)
}

/// Domains of the health trust space: what is not on its list must not leave by link either.
const HEALTH_SPACES: &[&str] = &["mssante.fr", "mssante.apicrypt.org", "interop-mssante.apicrypt.org"];

/// A sentence in the characters of SMTP: accents folded, Cyrillic spelt out, everything else replaced.
fn ascii(sentence: &str) -> String {
    let mut out = String::with_capacity(sentence.len());
    for c in sentence.chars() {
        let lower = c.to_lowercase().next().unwrap_or(c);
        match c {
            ' '..='~' => out.push(c),
            '\n' | '\r' | '\t' | '\u{a0}' | '\u{202f}' => out.push(' '),
            _ => match SPELT.iter().find(|(letters, _)| letters.contains(lower)) {
                Some((_, spelt)) if c == lower => out.push_str(spelt),
                Some((_, spelt)) => {
                    let mut spelt = spelt.chars();
                    out.extend(spelt.next().map(|first| first.to_ascii_uppercase()));
                    out.push_str(spelt.as_str());
                }
                None => out.push('?'),
            },
        }
    }
    out
}

/// Letters and signs, and how they are written where there is only ASCII (Cyrillic as passports do, ICAO 9303-3 §6).
const SPELT: &[(&str, &str)] = &[
    ("àâäáа", "a"),
    ("éèêëеёэ", "e"),
    ("îïíìи", "i"),
    ("ôöóòо", "o"),
    ("ùûüúу", "u"),
    ("ç", "c"),
    ("ñн", "n"),
    ("œ", "oe"),
    ("æ", "ae"),
    ("б", "b"),
    ("в", "v"),
    ("г", "g"),
    ("д", "d"),
    ("ж", "zh"),
    ("з", "z"),
    ("й", "i"),
    ("к", "k"),
    ("л", "l"),
    ("м", "m"),
    ("п", "p"),
    ("р", "r"),
    ("с", "s"),
    ("т", "t"),
    ("ф", "f"),
    ("х", "kh"),
    ("ц", "ts"),
    ("ч", "ch"),
    ("ш", "sh"),
    ("щ", "shch"),
    ("ъ", "ie"),
    ("ы", "y"),
    ("ьº¿¡", ""),
    ("ю", "iu"),
    ("я", "ia"),
    ("’", "'"),
    ("«»“”", "\""),
    ("–—‑", "-"),
    ("…", "..."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_folded_to_one_line_of_ascii() {
        assert_eq!(ascii("Numéro déjà reçu…\r\nà l’accueil"), "Numero deja recu...  a l'accueil");
        assert_eq!(ascii("¿Número? Así, mañana"), "Numero? Asi, manana");
        assert_eq!(ascii("Перед отправкой: «Ящик» закрыт, Ёлка"), "Pered otpravkoi: \"Iashchik\" zakryt, Elka");
    }

    /// A mail client shows what SMTP says: no sentence of a refusal may become question marks.
    #[test]
    fn every_refusal_is_readable_in_ascii() {
        for (language, sources) in crate::texts::SOURCES {
            for line in sources.iter().flat_map(|source| source.lines()) {
                let refusal = ["refused-", "held-", "quota-full-"].iter().any(|begin| line.starts_with(begin));
                assert!(!refusal || !ascii(line).contains('?'), "{}: {line}", language.tag());
            }
        }
    }
}
