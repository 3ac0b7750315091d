//! Which number a message to somebody outside will use, or why it must not go (DESIGN §5).
//!
//! First match: header field, subject tag, address tag, directory, what this mailbox told before. No number, two, or a
//! doubtful one holds the recipient until its sender has answered ([`super::hold`]). The number is settled here, from
//! the practitioner's hand, and copied into the delivery: the reader of the link never chooses it.

use crate::domain::{
    Address, BirthDate, Channel, Coordinates, DeliveryId, Fault, HoldReason, KeyedHash, MailboxId, PatientId,
    PatientRecord, PersonName, PhoneNumber, PracticeId, PracticeProfile,
};
use crate::vault::Learned;

use super::number::Tag;
use super::persons::Known;
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

/// For whom a number is settled.
#[derive(Clone, Copy)]
pub(super) struct Whose<'a> {
    pub(super) practice: PracticeId,
    pub(super) profile: &'a PracticeProfile,
    /// The mailbox that sends: what it told of an address serves it alone.
    pub(super) mailbox: MailboxId,
}

/// A number that the sender gave, and how sure it is.
#[derive(Clone)]
pub(super) struct Explicit {
    pub(super) number: PhoneNumber,
    pub(super) channel: Option<Channel>,
    /// It stood in a reply or forward, and may be another patient's (R-B2).
    pub(super) old: bool,
    /// The sender said *oui* to it.
    pub(super) confirmed: bool,
    /// The sender knows that whoever reads there reads for nobody any more, and said *oui* to that.
    pub(super) former: bool,
}

/// An outside recipient, settled.
pub(super) struct Resolved {
    pub(super) coordinates: Coordinates,
    pub(super) patient: Option<PatientId>,
    pub(super) number_hash: KeyedHash,
}

/// Why a recipient is held, and the number in doubt.
pub(super) struct Doubt {
    pub(super) reason: HoldReason,
    pub(super) proposed: Option<(PhoneNumber, Option<Channel>)>,
}

impl From<HoldReason> for Doubt {
    fn from(reason: HoldReason) -> Self {
        Self { reason, proposed: None }
    }
}

/// What SMTP says to software, which reads no letters (texts: `receipt.ftl`).
pub(super) fn refusal(reason: HoldReason) -> &'static str {
    match reason {
        HoldReason::NoNumber | HoldReason::Undone => "held-no-number",
        HoldReason::TwoNumbers => "held-two-numbers",
        HoldReason::NotANumber => "held-not-a-number",
        HoldReason::Impossible => "held-impossible",
        HoldReason::Premium => "held-premium",
        HoldReason::Satellite => "held-satellite",
        HoldReason::SeveralCountries => "held-several-countries",
        HoldReason::NoCountry => "held-no-country",
        HoldReason::Country => "held-country",
        HoldReason::OwnNumber => "held-own-number",
        HoldReason::Differs => "held-differs",
        HoldReason::SomebodyElses => "held-somebody-elses",
        HoldReason::OldTag => "held-old-tag",
        HoldReason::SeveralRecipients => "held-several-recipients",
        HoldReason::SeveralPersons => "held-several-persons",
        HoldReason::MandateEnded => "held-mandate-ended",
        HoldReason::LookAlike => "held-look-alike",
    }
}

impl Deliveries {
    /// Settles one outside recipient of a message.
    ///
    /// # Errors
    /// The inner error holds the recipient; the outer is ours.
    pub(super) async fn resolve(
        &self,
        whose: Whose<'_>,
        to: &Address,
        display: &PersonName,
        given: &Given<'_>,
    ) -> Result<Result<Resolved, Doubt>, Fault> {
        match self.explicit(whose.profile, to, given) {
            Ok(explicit) => self.settle_number(whose, to, display, explicit).await,
            Err(reason) => Ok(Err(reason.into())),
        }
    }

    /// Settles whoever an earlier delivery reached: the directory's present word on that person, else the number that
    /// the delivery had, which is as doubtful as if the sender had written it. Returns the person's own address with it.
    ///
    /// # Errors
    /// As [`Deliveries::resolve`].
    pub(super) async fn resolve_person(
        &self,
        whose: Whose<'_>,
        delivery: DeliveryId,
        display: &PersonName,
        given: &Given<'_>,
    ) -> Result<(Address, Result<Resolved, Doubt>), Fault> {
        let gone = || Fault::new("a person's delivery is gone");
        let row = self.store.delivery(delivery).await?;
        let row = row.filter(|row| self.vault.holds(row, &row.mac)).ok_or_else(gone)?;
        let sealed = row.coordinates.as_ref().ok_or_else(gone)?;
        let Coordinates { mut address, mut number, mut channel, .. } = self.vault.open_coordinates(row.id, sealed)?;
        let person = match row.patient {
            Some(id) => self.store.patient(id).await?.filter(|person| person.practice == whose.practice),
            None => None,
        };
        if let Some(person) = &person {
            let record = self.vault.open_person(person.id, person.version, &person.record)?;
            (address, number, channel) = (record.address, record.number, None);
        }
        let explicit = match self.explicit(whose.profile, &address, given) {
            Ok(explicit) => explicit,
            Err(reason) => return Ok((address, Err(reason.into()))),
        };
        // Taken out of the directory since: what was known of them is nobody's any more.
        if explicit.is_none() && row.patient.is_some() && person.is_none() {
            let settled = self.settle_number(whose, &address, display, None).await?;
            return Ok((address, settled));
        }
        let explicit = explicit.unwrap_or(Explicit { number, channel, old: false, confirmed: false, former: false });
        let settled = self.settle_number(whose, &address, display, Some(explicit)).await?;
        Ok((address, settled))
    }

    /// Settles a recipient with the number that was given, or with the one that is known.
    ///
    /// # Errors
    /// As [`Deliveries::resolve`].
    pub(super) async fn settle_number(
        &self,
        whose: Whose<'_>,
        to: &Address,
        display: &PersonName,
        explicit: Option<Explicit>,
    ) -> Result<Result<Resolved, Doubt>, Fault> {
        let practice = whose.practice;
        let known = self.entries_at(practice, to).await?;
        let learned = self.learned(whose, to).await?;
        let (now, timezone) = (self.clock.now(), &whose.profile.timezone);
        let former = explicit.as_ref().is_some_and(|given| given.former);
        if let Some(ended) = known.iter().find(|known| !former && known.has_ended(now, timezone)) {
            // *Oui* is said to their own number alone: another one is two doubts, and a word settles one.
            let record = ended.record();
            let own = explicit.is_none_or(|given| given.number == record.number);
            let proposed = own.then(|| (record.number.clone(), record.channel));
            return Ok(Err(Doubt { reason: HoldReason::MandateEnded, proposed }));
        }
        let (number, channel) = match explicit {
            Some(given) => {
                if let Some(reason) = self.doubt(practice, (to, display), &known, learned.as_ref(), &given).await? {
                    return Ok(Err(Doubt { reason, proposed: Some((given.number, given.channel)) }));
                }
                (given.number, given.channel)
            }
            None => match (choose(&known, display), learned) {
                // What the sender settled is newer than the directory, and only *oui* put it there.
                (_, Some(Learned { record, settled: true })) if fits(&record, display, known.len()) => {
                    (record.number, record.channel)
                }
                (Ok(record), _) => (record.number.clone(), None),
                (Err(HoldReason::NoNumber), Some(learned)) => {
                    let record = learned.record;
                    let doubt = |reason| Doubt { reason, proposed: Some((record.number.clone(), record.channel)) };
                    if !fits(&record, display, 0) {
                        return Ok(Err(doubt(HoldReason::SeveralPersons)));
                    }
                    if !learned.settled && self.is_known(practice, &record.number).await? {
                        return Ok(Err(doubt(HoldReason::SomebodyElses)));
                    }
                    (record.number, record.channel)
                }
                (Err(reason), _) => return Ok(Err(reason.into())),
            },
        };
        if !former && self.is_former_guardians(whose, &known, &number).await? {
            return Ok(Err(Doubt { reason: HoldReason::MandateEnded, proposed: Some((number, channel)) }));
        }
        let person = whom(&known, display, &number);
        let said = |known: &Known| (known.record().channel, known.record().language);
        let (preferred, language) = person.map_or_else(
            || (alike(&known, &number, |record| record.channel), alike(&known, &number, |record| record.language)),
            said,
        );
        let channel = channel.or(preferred).or_else(|| (!number.is_mobile()).then_some(Channel::Voice));
        // Also of who is known here and is reached at a number that only the sender knew.
        let born = person.map_or_else(|| born(&known, display, &number), |known| Ok(known.record().birth_date));
        let birth_date = match born {
            _ if !whose.profile.ask_birth_date => None,
            Ok(date) => date,
            // Nobody can be asked for either of two days: who is meant must be said.
            Err(reason) => return Ok(Err(reason.into())),
        };
        Ok(Ok(Resolved {
            number_hash: self.vault.number_hash(practice, &number),
            coordinates: Coordinates { address: to.clone(), number, language, channel, birth_date },
            patient: person.map(|known| known.row.id),
        }))
    }

    /// What is doubtful about a number that was given for an address.
    async fn doubt(
        &self,
        practice: PracticeId,
        (to, display): (&Address, &PersonName),
        known: &[Known],
        learned: Option<&Learned>,
        given: &Explicit,
    ) -> Result<Option<HoldReason>, Fault> {
        let told = learned.filter(|learned| learned.record.number == given.number);
        let is_given = |known: &Known| known.record().number == given.number;
        if given.confirmed || told.is_some_and(|told| told.settled) {
            return Ok(None);
        }
        if known.iter().any(is_given) {
            // One of a family is named, and the number is another one's of them.
            let mut named = named(known, display).peekable();
            let other = named.peek().is_some() && !named.any(is_given);
            return Ok(other.then_some(HoldReason::Differs));
        }
        if !known.is_empty() || (learned.is_some() && told.is_none()) {
            return Ok(Some(HoldReason::Differs));
        }
        if self.is_known(practice, &given.number).await? {
            return Ok(Some(HoldReason::SomebodyElses));
        }
        if told.is_some() || self.went_before(practice, to, &given.number).await? {
            return Ok(None);
        }
        Ok(match () {
            () if given.old => Some(HoldReason::OldTag),
            () if is_look_alike(to.domain().as_str()) => Some(HoldReason::LookAlike),
            () => None,
        })
    }

    /// The number the sender wrote with this message.
    fn explicit(
        &self,
        profile: &PracticeProfile,
        to: &Address,
        given: &Given<'_>,
    ) -> Result<Option<Explicit>, HoldReason> {
        let mut found: Vec<(PhoneNumber, Option<Channel>)> = Vec::new();
        for (_, text, channel) in given.header.iter().filter(|(address, ..)| address == to) {
            found.push((self.read_number(profile, text)?, *channel));
        }
        let tags: Vec<Tag> = number::tags(given.subject);
        if (!tags.is_empty() || !given.envelope.is_empty()) && given.outside > 1 && found.is_empty() {
            return Err(HoldReason::SeveralRecipients);
        }
        let in_header = !found.is_empty();
        if given.outside == 1 {
            for tag in &tags {
                found.push((self.read_number(profile, &tag.text)?, tag.channel));
            }
            for number in given.envelope {
                found.push((self.read_number(profile, number.reveal())?, None));
            }
        }
        let Some((number, channel)) = found.first().cloned() else { return Ok(None) };
        if found.iter().any(|(other, _)| *other != number) {
            return Err(HoldReason::TwoNumbers);
        }
        // A tag or an address that a reply took along may be another patient's; a field is written by software.
        let old = !in_header && number::is_answer(given.subject);
        Ok(Some(Explicit { number, channel, old, confirmed: false, former: false }))
    }

    /// Whether somebody of the directory has this number, and nobody says that it is shared.
    pub(super) async fn is_known(&self, practice: PracticeId, number: &PhoneNumber) -> Result<bool, Fault> {
        let known = self.entries_calling(practice, number).await?;
        Ok(!known.is_empty() && known.iter().all(|known| !known.entry.shares.number))
    }

    /// Whether this number is of somebody who read for one of these persons and does so no more.
    async fn is_former_guardians(
        &self,
        whose: Whose<'_>,
        known: &[Known],
        number: &PhoneNumber,
    ) -> Result<bool, Fault> {
        let now = self.clock.now();
        for person in known {
            let guardians = self.guardians_of(person.row.id).await?;
            let mut former = guardians.iter().filter(|guardian| guardian.has_ended(now, &whose.profile.timezone));
            if former.any(|guardian| guardian.record().number == *number) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether an earlier delivery went to this address with this number. Both hashes of a row are under one root key.
    async fn went_before(&self, practice: PracticeId, to: &Address, number: &PhoneNumber) -> Result<bool, Fault> {
        let numbers = self.vault.number_hashes(practice, number);
        for (address, number) in self.vault.address_hashes(practice, to).iter().zip(&numbers) {
            if self.store.delivered_before(practice, address, number).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What the mailbox told of this address.
    async fn learned(&self, whose: Whose<'_>, to: &Address) -> Result<Option<Learned>, Fault> {
        let mailbox = whose.mailbox;
        let mut found = None;
        for hash in self.vault.address_hashes(whose.practice, to) {
            if found.is_none() {
                found = self.store.learned(mailbox, &hash).await?;
            }
        }
        let Some(row) = found else { return Ok(None) };
        let learned = self.vault.open_learned(mailbox, &row.record)?;
        if learned.record.address != *to {
            tracing::error!(%mailbox, "a row without authority was not used: the database was changed by somebody else");
            return Err(Fault::new("a learned number's row has lost its authority"));
        }
        Ok(Some(learned))
    }
}

/// What the directory says of the number of an address, when the sender gave none.
fn choose<'a>(known: &'a [Known], display: &PersonName) -> Result<&'a PatientRecord, HoldReason> {
    let first = known.first().ok_or(HoldReason::NoNumber)?.record();
    if known.iter().all(|other| other.record().number == first.number) {
        return Ok(first);
    }
    // Families share an address: the display name chooses, and two that fit are a doubt.
    let mut fitting = named(known, display);
    let first = fitting.next().ok_or(HoldReason::SeveralPersons)?.record();
    let one = fitting.all(|other| other.record().number == first.number);
    if one { Ok(first) } else { Err(HoldReason::SeveralPersons) }
}

/// Whom of an address a number reaches: where several have it, whom the sender named; else nobody in particular.
fn whom<'a>(known: &'a [Known], display: &PersonName, number: &PhoneNumber) -> Option<&'a Known> {
    let one = |reached: Vec<&'a Known>| if reached.len() == 1 { reached.first().copied() } else { None };
    one(known.iter().filter(|known| known.record().number == *number).collect())
        .or_else(|| one(named(known, display).filter(|known| known.record().number == *number).collect()))
}

/// Those whom a display name names.
fn named<'a>(known: &'a [Known], display: &PersonName) -> impl Iterator<Item = &'a Known> {
    let display = display.folded();
    known.iter().filter(move |known| !display.is_empty() && known.record().name.folded() == display)
}

/// The day of birth that is known of whom a number reaches, where they are several: of those who have it, else of those who
/// are named, else of all of them.
fn born(known: &[Known], display: &PersonName, number: &PhoneNumber) -> Result<Option<BirthDate>, HoldReason> {
    let mut reached: Vec<&Known> = known.iter().filter(|known| known.record().number == *number).collect();
    if reached.is_empty() {
        reached = named(known, display).collect();
    }
    if reached.is_empty() {
        reached = known.iter().collect();
    }
    let mut days = reached.iter().filter_map(|known| known.record().birth_date);
    let first = days.next();
    if days.all(|day| Some(day) == first) { Ok(first) } else { Err(HoldReason::SeveralPersons) }
}

/// What all who have this number say alike.
fn alike<T: PartialEq + Copy>(
    known: &[Known],
    number: &PhoneNumber,
    says: impl Fn(&PatientRecord) -> Option<T>,
) -> Option<T> {
    let mut all = known.iter().filter(|known| known.record().number == *number).map(|known| says(known.record()));
    let first = all.next()??;
    all.all(|other| other == Some(first)).then_some(first)
}

/// Whether what was told of an address is of the person whom a message names: nobody says that it is another one's.
fn fits(record: &PatientRecord, display: &PersonName, persons: usize) -> bool {
    let (told, named) = (record.name.folded(), display.folded());
    // An address of several persons is nobody's without a name.
    if told.is_empty() || named.is_empty() { persons <= 1 } else { told == named }
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
