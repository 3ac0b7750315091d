//! What comes back of notices, by whichever door: whose it is, what it means, and what is done about it, once.
//!
//! A mail counts only by the token of a notice of ours, in the address it came to or in what it quotes; whoever sent
//! it is a stranger. It can end a delivery that nobody opened yet, and nothing else; of its words nothing is kept but
//! a class, a status and one line (see [`crate::mime::returned`]). Nobody ever answers a bounce (RFC 3834 §2).

use crate::domain::{
    Actor, Address, AuditEvent, DeliveryId, DeliveryState, FailureClass, Fault, NoticeToken, Timestamp, Verb,
};
use crate::mime::returned::encoded_texts;
use crate::mime::{Failure, Returned};
use crate::store::deliveries::DeliveryRow;

use super::Deliveries;
use super::notice::rfc5322_date;
use super::receipt::News;

/// A mail that came back, as a door has it.
pub struct CameBack<'a> {
    /// To whom it came; nobody where it was found in an account.
    pub to: &'a [Address],
    /// Its reverse-path, where there is one.
    pub from: Option<Address>,
    /// Whether it has none, and so is no letter of a person (RFC 5321 §4.5.5).
    pub null: bool,
    /// The octets.
    pub octets: &'a [u8],
}

/// What came back was dealt with: nothing need be kept of it. Made once what it changed is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken(());

/// Whether an address takes what comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakesBack {
    /// It does.
    Yes,
    /// The domain is ours, the address is none of those.
    NoSuchAddress,
    /// The domain is not ours.
    Elsewhere,
}

impl Deliveries {
    /// Whether mail from anybody is taken for this address: a reverse-path of ours with a right token, the one address
    /// that stands for all of them, or the From of notices, where people press Reply.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn takes_back(&self, to: &Address) -> Result<TakesBack, Fault> {
        let tokens = NoticeToken::all_in(to.reveal_local().as_bytes(), MOST_TOKENS);
        if tokens.iter().any(|token| self.vault.is_ours(token)) || self.settings.returns.fixed().as_ref() == Some(to) {
            return Ok(TakesBack::Yes);
        }
        let mut ours = self.store.domain(to.domain()).await?.is_some();
        let practices = self.practices().await?;
        let own = practices.iter().map(|practice| practice.profile.notice_from.as_str());
        for from in own.chain([self.settings.notice_from.as_str()]) {
            let Some(from) = super::notice::from_address(from) else { continue };
            if from == *to {
                return Ok(TakesBack::Yes);
            }
            ours |= self.settings.returns.domain(from.domain().as_str()) == to.domain().as_str();
            ours |= from.domain() == to.domain();
        }
        Ok(if ours { TakesBack::NoSuchAddress } else { TakesBack::Elsewhere })
    }

    /// Deals with a mail that came back; `None` where it is about no notice of ours, which changes nothing.
    ///
    /// # Errors
    /// A [`Fault`]: then nothing was changed, and the same mail may come again.
    pub async fn take_back(&self, mail: &CameBack<'_>) -> Result<Option<Taken>, Fault> {
        let Some(delivery) = self.notice_of(mail) else { return Ok(None) };
        let Some(row) = self.store.delivery(delivery).await? else {
            tracing::info!(%delivery, "what came back is about a delivery that is erased");
            return Ok(Some(Taken(())));
        };
        if !self.vault.holds(&row, &row.mac) {
            tracing::error!(%delivery, "a row without authority was not used: the database was changed by somebody else");
            return Err(Fault::new("a delivery's row has lost its authority"));
        }
        match Returned::read(mail.octets, mail.null) {
            Returned::Failed(failure) => self.bounced(&row, &failure).await?,
            Returned::Waits => tracing::info!(%delivery, "a notice waits at another server"),
            Returned::Arrived => tracing::info!(%delivery, "a notice was handed on by another server"),
            Returned::Automatic => tracing::info!(%delivery, "a program answered a notice: thrown away unread"),
            Returned::Written => self.answer(&row, mail).await?,
        }
        Ok(Some(Taken(())))
    }

    /// The notice that a mail is about: by the address it came to before what it quotes.
    fn notice_of(&self, mail: &CameBack<'_>) -> Option<DeliveryId> {
        let right = |tokens: Vec<NoticeToken>| {
            tokens.into_iter().find(|token| self.vault.is_ours(token)).map(|token| token.delivery)
        };
        let came_to = mail.to.iter().flat_map(|to| NoticeToken::all_in(to.reveal_local().as_bytes(), MOST_TOKENS));
        right(came_to.collect()).or_else(|| right(NoticeToken::all_in(mail.octets, MOST_TOKENS))).or_else(|| {
            let texts = encoded_texts(mail.octets);
            right(texts.iter().flat_map(|text| NoticeToken::all_in(text.as_bytes(), MOST_TOKENS)).collect())
        })
    }

    /// A notice will not arrive: the delivery ends, and its sender is told, both once, whoever says it how often.
    async fn bounced(&self, row: &DeliveryRow, failure: &Failure) -> Result<(), Fault> {
        let (now, class) = (self.clock.now(), class_of(failure));
        if !matches!(row.state, DeliveryState::Queued | DeliveryState::Notified) {
            // It was opened, so it arrived; or it had ended, and its sender knows.
            tracing::info!(delivery = %row.id, state = row.state.word(), "a bounce that changes nothing");
            return Ok(());
        }
        if self.store.was_reminded(row.id).await? {
            // The notice arrived days ago, and its link is good: it is the reminder that came back.
            tracing::info!(delivery = %row.id, "a reminder came back: the letter stays open");
            return Ok(());
        }
        let receipt = match self.is_silenced(row).await.unwrap_or(false) {
            true => None,
            false => match self.failure_receipt(row, &News::Returned { class, failure }, now).await {
                Ok(receipt) => Some(receipt),
                Err(fault) if fault.is_transient() => return Err(fault),
                // The delivery ends all the same: the list of deliveries shows it.
                Err(fault) => {
                    tracing::error!(delivery = %row.id, %fault, "its sender could not be told that a notice came back");
                    None
                }
            },
        };
        let mut tx = self.store.write("notice came back").await?;
        let modseq = tx.touch_mailbox(row.mailbox, now).await?;
        if !tx.bounce_delivery(row.id, class, now).await? {
            return Ok(());
        }
        tx.mark_sent(row.mailbox, row.message, modseq).await?;
        if let Some(receipt) = receipt {
            tx.insert_deposit(receipt).await?;
        }
        let event = AuditEvent::new(now, Actor::Server, Verb::Bounced)
            .about_practice(row.practice)
            .about_mailbox(row.mailbox)
            .about_message(row.message)
            .about_delivery(row.id);
        tx.commit(event).await?;
        tracing::warn!(delivery = %row.id, why = class.word(), "a notice came back");
        self.store.shred_soon().await;
        Ok(())
    }

    /// The report that goes with the letter (RFC 3464 §2): ours, with what is known of theirs. The report that came
    /// has the notice with its link in it, and whatever else somebody wrote.
    pub(super) fn came_back(&self, to: &Address, failure: &Failure, accepted_at: Timestamp, timezone: &str) -> String {
        let field = |name: &str, value: &Option<String>, kind: &str| {
            let value = value.as_deref().map(|value| ascii(value, kind));
            value.map(|value| format!("{name}: {value}\r\n")).unwrap_or_default()
        };
        let status = failure.status.as_deref().filter(|status| !status.starts_with('2')).unwrap_or("5.0.0");
        let own = Some(self.settings.hostname.clone());
        let reporting = if failure.reporting.is_some() { &failure.reporting } else { &own };
        [
            field("Reporting-MTA", reporting, "dns"),
            format!("Arrival-Date: {}\r\n\r\n", rfc5322_date(accepted_at, timezone)),
            format!("Final-Recipient: rfc822; {}\r\nAction: failed\r\nStatus: {status}\r\n", to.reveal()),
            field("Remote-MTA", &failure.remote, "dns"),
            field("Diagnostic-Code", &failure.diagnostic, "smtp"),
        ]
        .concat()
    }
}

/// A value of a report, with the kind of thing that it is in front (RFC 3464 §2.1.2).
fn ascii(value: &str, kind: &str) -> String {
    let value: String = value.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect();
    let named = value.split_once(';').is_some_and(|(kind, _)| {
        !kind.is_empty() && kind.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
    });
    if named { value } else { format!("{kind}; {value}") }
}

/// What a failure means for who wrote the letter: the status where it is clear (RFC 3463), else the words.
fn class_of(failure: &Failure) -> FailureClass {
    let said = failure.diagnostic.as_deref().unwrap_or_default().to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let status = failure.status.as_deref().unwrap_or_default();
    let (class, rest) = status.split_once('.').unwrap_or_default();
    match rest {
        "1.1" | "1.3" | "1.6" | "2.1" => FailureClass::UnknownAddress,
        // RFC 7505 §4.2 for a domain that takes no mail; Exchange for an address that does not exist.
        "1.10" if has(NO_SERVER) => FailureClass::NoServer,
        "1.10" => FailureClass::UnknownAddress,
        "1.2" | "4.4" | "4.310" => FailureClass::NoServer,
        "2.2" => FailureClass::Full,
        // Exchange says so of addresses that it does not know.
        "4.1" if has(UNKNOWN) => FailureClass::UnknownAddress,
        "4.1" | "4.7" | "4.300" | "4.316" => FailureClass::GaveUp,
        _ if has(FULL) => FailureClass::Full,
        _ if has(NO_SERVER) => FailureClass::NoServer,
        _ if has(UNKNOWN) => FailureClass::UnknownAddress,
        _ if rest.starts_with("7.") || has(SPAM) => FailureClass::Spam,
        _ if class == "4" || has(EXPIRED) => FailureClass::GaveUp,
        _ => FailureClass::Refused,
    }
}

const FULL: &[&str] = &["quota", "mailbox full", "mailbox is full", "mailbox size", "out of storage", "boîte pleine"];
const NO_SERVER: &[&str] = &[
    "null mx",
    "host not found",
    "domain not found",
    "host or domain name not found",
    "unrouteable mail domain",
    "nxdomain",
    "no mail hosts",
    "no mx record",
    "domain does not exist",
    "does not accept mail",
    "dns domain",
];
const UNKNOWN: &[&str] = &[
    "user unknown",
    "unknown user",
    "no such user",
    "no such recipient",
    "no such mailbox",
    "unknown recipient",
    "recipient unknown",
    "does not exist",
    "doesn't exist",
    "recipientnotfound",
    "recipient not found",
    "mailbox not found",
    "invalid recipient",
    "invalid mailbox",
    "address rejected",
    "unrouteable address",
    "not a valid mailbox",
    "account has been disabled",
    "adresse d au moins un destinataire invalide",
];
const SPAM: &[&str] = &[
    "spam",
    "junk",
    "blacklist",
    "blocklist",
    "block list",
    "blocked",
    "dnsbl",
    "spamhaus",
    "reputation",
    "dmarc",
    "unsolicited",
    "content rejected",
    "policy",
];
const EXPIRED: &[&str] = &["retry time", "timeout exceeded", "too long", "expired", "timed out", "gave up", "given up"];
/// Tokens that are looked at in one text.
const MOST_TOKENS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_apart_by_status_and_by_words() {
        for (status, said, class) in [
            ("5.1.1", "", "unknown-address"),
            ("5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound", "unknown-address"),
            ("5.1.10", "556 5.1.10 Domain has null MX", "no-server"),
            ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied", "unknown-address"),
            ("5.4.4", "Host or domain name not found. Name service error for name=patient.exemple", "no-server"),
            ("4.4.1", "connect to mx.example[192.0.2.1]:25: Connection timed out", "gave-up"),
            ("4.4.7", "delivery time expired", "gave-up"),
            ("4.2.2", "452 4.2.2 mailbox full", "full"),
            ("5.2.2", "", "full"),
            ("5.0.0", "552 requested action aborted: quota exceeded", "full"),
            ("5.7.1", "550 5.7.1 Message rejected as spam by Content Filtering", "spam"),
            ("5.7.26", "550-5.7.26 This mail has been blocked because the sender is unauthenticated", "spam"),
            ("5.7.1", "550 5.7.1 <x>: Recipient address rejected: User unknown", "unknown-address"),
            ("", "Unrouteable address", "unknown-address"),
            ("", "retry timeout exceeded", "gave-up"),
            ("", "554 sent to the blocklist of 192.0.2.1", "spam"),
            ("5.3.0", "554 5.3.0 not today", "refused"),
            ("", "", "refused"),
        ] {
            let said = Some(said.to_owned()).filter(|said| !said.is_empty());
            let status = Some(status.to_owned()).filter(|status| !status.is_empty());
            let failure = Failure { status: status.clone(), diagnostic: said.clone(), ..Failure::default() };
            assert_eq!(class_of(&failure).word(), class, "{status:?} {said:?}");
        }
    }

    #[test]
    fn a_value_of_a_report_has_its_kind() {
        assert_eq!(ascii("smtp; 550 no", "smtp"), "smtp; 550 no");
        assert_eq!(ascii("n'a pas pu être remis; désolé", "smtp"), "smtp; n'a pas pu ?tre remis; d?sol?");
    }
}
