//! Which number a message to somebody outside will use, or why it must not go (DESIGN §5).
//!
//! First match: header field, subject tag, address tag, directory. No number, two, or a doubtful one is
//! held; until the sender's side can ask, held means refused with the reason. The number is settled here,
//! from the practitioner's hand, and copied into the delivery: the reader of the link never chooses it.

use crate::domain::{
    Address, Channel, Coordinates, Fault, KeyedHash, NumberFault, PatientId, PatientRecord, PhoneNumber, PracticeId,
    PracticeProfile,
};

use super::number::Tag;
use super::{Deliveries, number};

/// What the message says about numbers.
pub(super) struct Given<'a> {
    /// The subject, decoded.
    pub(super) subject: &'a str,
    /// From header fields.
    pub(super) header: &'a [(Address, String, Option<Channel>)],
    /// From the envelope: `+33…@sms.<domain>`.
    pub(super) envelope: &'a [PhoneNumber],
    /// How many outside recipients the message has.
    pub(super) outside: usize,
}

/// An outside recipient, settled.
pub(super) struct Resolved {
    pub(super) coordinates: Coordinates,
    pub(super) patient: Option<PatientId>,
    pub(super) address_hash: KeyedHash,
    pub(super) number_hash: KeyedHash,
}

/// Why a recipient is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// No number anywhere.
    NoNumber,
    /// Numbers that differ.
    TwoNumbers,
    /// A number that cannot be used.
    Number(NumberFault),
    /// It differs from the directory's.
    DiffersFromDirectory,
    /// It is another person's.
    SomebodyElses,
    /// A tag in a reply or forward, never used with this address.
    OldTag,
    /// One number for several outside recipients.
    SeveralRecipients,
    /// Several persons of the directory share the address.
    SeveralPersons,
    /// The domain looks like a great provider's, misspelt.
    LookAlike,
}

impl Doubt {
    /// The message that says it (texts: `receipt.ftl`).
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::NoNumber => "held-no-number",
            Self::TwoNumbers => "held-two-numbers",
            Self::Number(NumberFault::NotANumber) => "held-not-a-number",
            Self::Number(NumberFault::Premium | NumberFault::Company | NumberFault::Pager) => "held-premium",
            Self::Number(NumberFault::Satellite) => "held-satellite",
            Self::Number(NumberFault::SeveralCountries) => "held-several-countries",
            Self::Number(NumberFault::NoCountry) => "held-no-country",
            Self::Number(NumberFault::Country) => "held-country",
            Self::Number(NumberFault::Own) => "held-own-number",
            Self::Number(_) => "held-impossible",
            Self::DiffersFromDirectory => "held-differs",
            Self::SomebodyElses => "held-somebody-elses",
            Self::OldTag => "held-old-tag",
            Self::SeveralRecipients => "held-several-recipients",
            Self::SeveralPersons => "held-several-persons",
            Self::LookAlike => "held-look-alike",
        }
    }
}

impl Deliveries {
    /// Settles one outside recipient.
    ///
    /// # Errors
    /// The inner error holds the recipient; the outer is ours.
    pub(super) async fn resolve(
        &self,
        practice: (PracticeId, &PracticeProfile),
        to: &Address,
        display: Option<&str>,
        given: &Given<'_>,
    ) -> Result<Result<Resolved, Doubt>, Fault> {
        let (practice, profile) = practice;
        let (explicit, tagged) = match self.explicit(profile, to, given) {
            Ok(found) => found,
            Err(doubt) => return Ok(Err(doubt)),
        };
        let address_hash = self.vault.address_hash(practice, to);
        let known = self.known(practice, to, &address_hash).await?;
        let settled = match explicit {
            Some((number, channel)) => {
                let number_hash = self.vault.number_hash(practice, &number);
                let person = known.iter().find(|(_, record)| record.number == number);
                if person.is_none() {
                    if !known.is_empty() {
                        return Ok(Err(Doubt::DiffersFromDirectory));
                    }
                    if !self.store.patients_calling(practice, &number_hash).await?.is_empty() {
                        return Ok(Err(Doubt::SomebodyElses));
                    }
                    let before = self.store.delivered_before(practice, &address_hash, &number_hash).await?;
                    if tagged && number::is_answer(given.subject) && !before {
                        return Ok(Err(Doubt::OldTag));
                    }
                    if !before && is_look_alike(to.domain().as_str()) {
                        return Ok(Err(Doubt::LookAlike));
                    }
                }
                (number, channel, person.cloned())
            }
            None => match choose(&known, display) {
                Ok((id, record)) => (record.number.clone(), None, Some((id, record))),
                Err(doubt) => return Ok(Err(doubt)),
            },
        };
        let (number, channel, person) = settled;
        let record = person.as_ref().map(|(_, record)| record);
        let channel = channel
            .or_else(|| record.and_then(|record| record.channel))
            .or_else(|| (!number.is_mobile()).then_some(Channel::Voice));
        let language = record.and_then(|record| record.language);
        Ok(Ok(Resolved {
            number_hash: self.vault.number_hash(practice, &number),
            coordinates: Coordinates { address: to.clone(), number, language, channel },
            patient: person.map(|(id, _)| id),
            address_hash,
        }))
    }

    /// The number the sender wrote with this message, and whether it was a subject tag.
    #[expect(clippy::type_complexity, reason = "a number with its channel, and where it stood")]
    fn explicit(
        &self,
        profile: &PracticeProfile,
        to: &Address,
        given: &Given<'_>,
    ) -> Result<(Option<(PhoneNumber, Option<Channel>)>, bool), Doubt> {
        let mut found: Vec<(PhoneNumber, Option<Channel>)> = Vec::new();
        for (_, text, channel) in given.header.iter().filter(|(address, ..)| address == to) {
            found.push((self.read_number(profile, text).map_err(Doubt::Number)?, *channel));
        }
        let tags: Vec<Tag> = number::tags(given.subject);
        if (!tags.is_empty() || !given.envelope.is_empty()) && given.outside > 1 && found.is_empty() {
            return Err(Doubt::SeveralRecipients);
        }
        let mut tagged = false;
        if given.outside == 1 {
            let in_header = !found.is_empty();
            for tag in &tags {
                found.push((self.read_number(profile, &tag.text).map_err(Doubt::Number)?, tag.channel));
            }
            tagged = !in_header && !tags.is_empty();
            for number in given.envelope {
                found.push((self.read_number(profile, number.reveal()).map_err(Doubt::Number)?, None));
            }
        }
        let first = found.first().cloned();
        match first {
            Some((number, _)) if found.iter().any(|(other, _)| *other != number) => Err(Doubt::TwoNumbers),
            first => Ok((first, tagged)),
        }
    }

    /// The persons of the directory with this address, opened.
    async fn known(
        &self,
        practice: PracticeId,
        to: &Address,
        address: &KeyedHash,
    ) -> Result<Vec<(PatientId, PatientRecord)>, Fault> {
        let rows = self.store.patients_at(practice, address).await?;
        let mut known = Vec::with_capacity(rows.len());
        for row in rows {
            let record = self.vault.open_person(row.id, row.version, &row.record)?;
            // The hash only finds; what is sealed decides. A hash moved to another row names nobody.
            if record.address != *to {
                tracing::error!(patient = %row.id, "a row without authority was not used: the database was changed by somebody else");
                return Err(Fault::new("a person's row has lost its authority"));
            }
            known.push((row.id, record));
        }
        Ok(known)
    }
}

/// The person of the directory a message is for, when the sender gave no number.
fn choose(known: &[(PatientId, PatientRecord)], display: Option<&str>) -> Result<(PatientId, PatientRecord), Doubt> {
    let first = known.first().ok_or(Doubt::NoNumber)?;
    if known.iter().all(|(_, record)| record.number == first.1.number) {
        return Ok(first.clone());
    }
    // Families share an address: the display name chooses, and two that fit are a doubt.
    let display = display.map(folded).filter(|name| !name.is_empty()).ok_or(Doubt::SeveralPersons)?;
    let mut fitting = known.iter().filter(|(_, record)| folded(&record.name.0) == display);
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Ok(one.clone()),
        _ => Err(Doubt::SeveralPersons),
    }
}

fn folded(name: &str) -> String {
    let mut words: Vec<String> = name.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect();
    words.retain(|word| !word.is_empty());
    words.sort();
    words.join(" ")
}

/// Whether a domain is one slip of the finger away from a great provider's, and not itself one.
fn is_look_alike(domain: &str) -> bool {
    !PROVIDERS.contains(&domain) && PROVIDERS.iter().any(|provider| slips(domain, provider))
}

/// One letter left out, added, changed, or two swapped.
fn slips(typed: &str, meant: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (typed.chars().collect(), meant.chars().collect());
    let front = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let (a, b) = (a.get(front..).unwrap_or_default(), b.get(front..).unwrap_or_default());
    let back = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (a, b) = (a.get(..a.len() - back).unwrap_or_default(), b.get(..b.len() - back).unwrap_or_default());
    match (a, b) {
        ([], [_]) | ([_], []) | ([_], [_]) => true,
        ([x, y], [z, w]) => x == w && y == z,
        _ => false,
    }
}

/// Providers of the patients of France, Monaco and Italy, and those that look like them and exist.
const PROVIDERS: &[&str] = &[
    "gmail.com",
    "googlemail.com",
    "ymail.com",
    "mail.com",
    "email.com",
    "hotmail.com",
    "hotmail.fr",
    "hotmail.it",
    "outlook.com",
    "outlook.fr",
    "outlook.it",
    "live.fr",
    "live.com",
    "live.it",
    "yahoo.fr",
    "yahoo.com",
    "yahoo.it",
    "orange.fr",
    "wanadoo.fr",
    "free.fr",
    "sfr.fr",
    "neuf.fr",
    "laposte.net",
    "bbox.fr",
    "icloud.com",
    "me.com",
    "mac.com",
    "msn.com",
    "gmx.com",
    "gmx.fr",
    "gmx.net",
    "libero.it",
    "alice.it",
    "tiscali.it",
    "monaco.mc",
    "mail.ru",
    "yandex.ru",
    "proton.me",
    "protonmail.com",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_providers_are_noticed_and_real_ones_are_not() {
        for slip in
            ["gmial.com", "gmail.co", "gmai.com", "gmaill.com", "orange.f", "hotmil.fr", "laposte.ne", "wanado.fr"]
        {
            assert!(is_look_alike(slip), "{slip}");
        }
        for real in
            ["gmail.com", "ymail.com", "mail.com", "orange.fr", "example.org", "cabinet.example", "gmx.net", "live.it"]
        {
            assert!(!is_look_alike(real), "{real}");
        }
    }
}
