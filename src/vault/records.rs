//! Records of the trade, sealed into one column each: profiles, persons, coordinates, threads, labels.
//!
//! Personal types have no `Serialize`; what is written is a private mirror of each, as JSON, and only
//! into a [`Sealed`] value at its place.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::domain::{
    Address, BirthDate, BrowserToken, Channel, Coordinates, DeliveryId, DeviceId, DirectoryEntry, Fault, HoldReason,
    KeyedHash, Language, MailboxId, Mandate, MandateReason, MessageId, PatientId, PatientRecord, PersonName,
    PhoneNumber, PracticeId, PracticeProfile, QueueId, Random, Sealed, Shares, Ticket, Timestamp, Vouch, Vouched,
};

use super::{Place, Vault};

/// What a receipt threads under: the submission's Message-ID and References.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// Message-ID with its angle brackets; empty when there was none.
    pub message_id: String,
    /// References, oldest first.
    pub references: Vec<String>,
    /// Thread-Index of Outlook, to be continued; empty when there was none.
    pub thread_index: String,
}

/// What a sender asked for with a letter to one recipient: to hear of it (RFC 3461, RFC 8098), and for how long it is kept.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportAsked {
    /// A report of success.
    pub success: bool,
    /// No report, of a failure neither.
    pub never: bool,
    /// ORCPT, decoded.
    pub original: Option<String>,
    /// ENVID, decoded.
    pub envelope_id: Option<String>,
    /// A report of failure, in so many words.
    #[serde(default)]
    pub failure: bool,
    /// A receipt of reading.
    #[serde(default)]
    pub mdn: bool,
    /// For how many days the letter is to be kept, where the sender said so.
    #[serde(default)]
    pub days: Option<u16>,
    /// It is urgent: who does not open it within hours is reminded.
    #[serde(default)]
    pub urgent: bool,
}

/// Who answered a notice by mail.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Writer {
    /// Their address.
    pub address: String,
    /// The Message-ID of what they wrote; empty when there was none.
    pub message_id: String,
}

/// What is asked about a recipient who waits for a number.
#[derive(Clone)]
pub struct Question {
    /// Who waits.
    pub address: Address,
    /// The name that the sender gave; empty where there was none.
    pub name: PersonName,
    /// Why.
    pub reason: HoldReason,
    /// The number that *oui* settles.
    pub proposed: Option<PhoneNumber>,
    /// How the sender wants codes to travel.
    pub channel: Option<Channel>,
}

/// What a mailbox told of an address.
#[derive(Clone)]
pub struct Learned {
    /// Address, name, number.
    pub record: PatientRecord,
    /// Whether a doubt about the pair was settled with *oui*.
    pub settled: bool,
}

/// What the form of an answer carries.
#[derive(Clone, Serialize, Deserialize)]
pub struct Draft {
    /// The id that the answer will have.
    pub reply: MessageId,
    /// The delivery that it answers.
    pub delivery: DeliveryId,
    /// The ticket of its link, as it stands in the link.
    pub ticket: String,
    /// The subject of the letter.
    pub subject: String,
    /// The name that the letter gives whoever answers; empty where it gives none.
    pub name: String,
    /// When the form was made.
    pub made_at: Timestamp,
}

/// The absence of a mailbox's owner.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Away {
    /// What patients are told.
    pub text: String,
    /// When it ends.
    pub until: Timestamp,
    /// Who gets a copy of answers meanwhile: an address of the practice.
    pub deputy: Option<String>,
}

/// A device's label and the person it belongs to.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceLabel {
    /// What the administrator calls it.
    pub label: String,
    /// Whose it is.
    pub person: String,
}

#[derive(Serialize, Deserialize)]
struct Reached {
    address: String,
    number: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    language: Option<Language>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    birth_date: Option<String>,
}

/// An entry of a directory: what is known of a person, and what was said about it.
#[derive(Serialize, Deserialize)]
struct Entered {
    #[serde(flatten)]
    reached: Reached,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vouch: Option<Vouches>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    shares_number: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    shares_address: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mandate: Option<Stands>,
}

#[derive(Serialize, Deserialize)]
struct Vouches {
    how: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    who: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mailbox: Option<String>,
    at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Stands {
    of: String,
    reason: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    words: String,
    until: String,
}

impl Entered {
    fn of(entry: &DirectoryEntry) -> Self {
        Self {
            reached: Reached::of(&entry.record),
            vouch: entry.vouch.as_ref().map(|vouch| Vouches {
                how: vouch.how.word().to_owned(),
                who: vouch.who.0.clone(),
                mailbox: vouch.mailbox.map(|mailbox| mailbox.to_string()),
                at: vouch.at,
            }),
            shares_number: entry.shares.number,
            shares_address: entry.shares.address,
            mandate: entry.mandate.as_ref().map(|mandate| Stands {
                of: mandate.of.to_string(),
                reason: mandate.reason.word().to_owned(),
                words: mandate.words.clone(),
                until: mandate.until.to_string(),
            }),
        }
    }

    fn entry(self) -> Result<DirectoryEntry, Fault> {
        let wrong = || Fault::new("a sealed entry of a directory is none");
        let vouch = self.vouch.map(|vouch| {
            Ok::<_, Fault>(Vouch {
                how: Vouched::from_word(&vouch.how).ok_or_else(wrong)?,
                who: PersonName(vouch.who),
                mailbox: vouch.mailbox.map(|mailbox| mailbox.parse().map_err(|_| wrong())).transpose()?,
                at: vouch.at,
            })
        });
        let mandate = self.mandate.map(|mandate| {
            Ok::<_, Fault>(Mandate {
                of: mandate.of.parse().map_err(|_| wrong())?,
                reason: MandateReason::from_word(&mandate.reason).ok_or_else(wrong)?,
                words: mandate.words,
                until: mandate.until.parse().map_err(|_| wrong())?,
            })
        });
        Ok(DirectoryEntry {
            record: self.reached.record()?,
            vouch: vouch.transpose()?,
            shares: Shares { number: self.shares_number, address: self.shares_address },
            mandate: mandate.transpose()?,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Asked {
    address: String,
    name: String,
    reason: String,
    proposed: Option<String>,
    channel: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Told {
    #[serde(flatten)]
    reached: Reached,
    settled: bool,
}

impl Reached {
    fn of(record: &PatientRecord) -> Self {
        Self {
            address: record.address.reveal(),
            number: record.number.reveal().to_owned(),
            name: record.name.0.clone(),
            language: record.language,
            channel: record.channel.map(|channel| channel.word().to_owned()),
            birth_date: record.birth_date.map(|date| date.reveal()),
        }
    }

    fn record(self) -> Result<PatientRecord, Fault> {
        Ok(PatientRecord {
            address: self.address()?,
            number: self.number()?,
            language: self.language,
            channel: self.channel(),
            birth_date: self.birth_date()?,
            name: PersonName(self.name),
        })
    }

    fn address(&self) -> Result<Address, Fault> {
        self.address.parse().map_err(|_| Fault::new("a sealed record holds no address"))
    }

    fn number(&self) -> Result<PhoneNumber, Fault> {
        PhoneNumber::kept(&self.number).map_err(|_| Fault::new("a sealed record holds no number"))
    }

    /// One that cannot be read is a fault: without it a question would be left out.
    fn birth_date(&self) -> Result<Option<BirthDate>, Fault> {
        let wrong = || Fault::new("a sealed record holds no birth date");
        self.birth_date.as_deref().map(|text| BirthDate::parse(text).ok_or_else(wrong)).transpose()
    }

    fn channel(&self) -> Option<Channel> {
        self.channel.as_deref().and_then(Channel::from_word)
    }
}

impl Vault {
    /// Seals a practice's profile.
    pub fn seal_profile(
        &self,
        id: PracticeId,
        profile: &PracticeProfile,
        random: &dyn Random,
    ) -> Result<Sealed, Fault> {
        self.seal_json(
            Place { table: "practices", row: &id.to_string(), column: "profile", version: 0 },
            profile,
            random,
        )
    }

    /// Opens a practice's profile.
    pub fn open_profile(&self, id: PracticeId, sealed: &Sealed) -> Result<PracticeProfile, Fault> {
        self.open_json(Place { table: "practices", row: &id.to_string(), column: "profile", version: 0 }, sealed)
    }

    /// Seals the octets of a practice's logo.
    pub fn seal_logo(&self, id: PracticeId, octets: &[u8], random: &dyn Random) -> Result<Sealed, Fault> {
        self.seal(Place { table: "practices", row: &id.to_string(), column: "logo", version: 0 }, octets, random)
    }

    /// Opens them.
    pub fn open_logo(&self, id: PracticeId, sealed: &Sealed) -> Result<Vec<u8>, Fault> {
        let place = Place { table: "practices", row: &id.to_string(), column: "logo", version: 0 };
        self.unseal(place, sealed).map(|octets| octets.to_vec())
    }

    /// Seals an entry of a directory, for one version of its row.
    pub fn seal_patient(
        &self,
        id: PatientId,
        version: i64,
        entry: &DirectoryEntry,
        random: &dyn Random,
    ) -> Result<Sealed, Fault> {
        let place = Place { table: "patients", row: &id.to_string(), column: "record", version };
        self.seal_json(place, &Entered::of(entry), random)
    }

    /// Opens it again.
    pub fn open_patient(&self, id: PatientId, version: i64, sealed: &Sealed) -> Result<DirectoryEntry, Fault> {
        let place = Place { table: "patients", row: &id.to_string(), column: "record", version };
        self.open_json::<Entered>(place, sealed)?.entry()
    }

    /// Opens what it knows of the person.
    pub fn open_person(&self, id: PatientId, version: i64, sealed: &Sealed) -> Result<PatientRecord, Fault> {
        let place = Place { table: "patients", row: &id.to_string(), column: "record", version };
        self.open_json::<Reached>(place, sealed)?.record()
    }

    /// Seals what a mailbox told of an address.
    pub fn seal_learned(&self, id: MailboxId, learned: &Learned, random: &dyn Random) -> Result<Sealed, Fault> {
        let place = Place { table: "learned_numbers", row: &id.to_string(), column: "record", version: 0 };
        self.seal_json(place, &Told { reached: Reached::of(&learned.record), settled: learned.settled }, random)
    }

    /// Opens it again.
    pub fn open_learned(&self, id: MailboxId, sealed: &Sealed) -> Result<Learned, Fault> {
        let place = Place { table: "learned_numbers", row: &id.to_string(), column: "record", version: 0 };
        let told: Told = self.open_json(place, sealed)?;
        Ok(Learned { record: told.reached.record()?, settled: told.settled })
    }

    /// Seals what is asked about a held delivery, for one version of the question.
    pub fn seal_question(
        &self,
        id: DeliveryId,
        version: i64,
        question: &Question,
        random: &dyn Random,
    ) -> Result<Sealed, Fault> {
        let mirror = Asked {
            address: question.address.reveal(),
            name: question.name.0.clone(),
            reason: question.reason.word().to_owned(),
            proposed: question.proposed.as_ref().map(|number| number.reveal().to_owned()),
            channel: question.channel.map(|channel| channel.word().to_owned()),
        };
        self.seal_json(Place { table: "holds", row: &id.to_string(), column: "question", version }, &mirror, random)
    }

    /// Opens it again.
    pub fn open_question(&self, id: DeliveryId, version: i64, sealed: &Sealed) -> Result<Question, Fault> {
        let wrong = || Fault::new("a sealed question is none");
        let place = Place { table: "holds", row: &id.to_string(), column: "question", version };
        let asked: Asked = self.open_json(place, sealed)?;
        let proposed = asked.proposed.map(|number| PhoneNumber::kept(&number).map_err(|_| wrong())).transpose()?;
        Ok(Question {
            address: asked.address.parse().map_err(|_| wrong())?,
            name: PersonName(asked.name),
            reason: HoldReason::from_word(&asked.reason).ok_or_else(wrong)?,
            proposed,
            channel: asked.channel.as_deref().and_then(Channel::from_word),
        })
    }

    /// Seals where a delivery goes into the delivery's own row.
    pub fn seal_coordinates(&self, id: DeliveryId, to: &Coordinates, random: &dyn Random) -> Result<Sealed, Fault> {
        let mirror = Reached {
            address: to.address.reveal(),
            number: to.number.reveal().to_owned(),
            name: String::new(),
            language: to.language,
            channel: to.channel.map(|c| c.word().to_owned()),
            birth_date: to.birth_date.map(|date| date.reveal()),
        };
        self.seal_json(
            Place { table: "deliveries", row: &id.to_string(), column: "coordinates", version: 0 },
            &mirror,
            random,
        )
    }

    /// Opens it again.
    pub fn open_coordinates(&self, id: DeliveryId, sealed: &Sealed) -> Result<Coordinates, Fault> {
        let place = Place { table: "deliveries", row: &id.to_string(), column: "coordinates", version: 0 };
        let mirror: Reached = self.open_json(place, sealed)?;
        Ok(Coordinates {
            address: mirror.address()?,
            number: mirror.number()?,
            language: mirror.language,
            channel: mirror.channel(),
            birth_date: mirror.birth_date()?,
        })
    }

    /// Seals what receipts of a delivery thread under.
    pub fn seal_thread(&self, id: DeliveryId, thread: &Thread, random: &dyn Random) -> Result<Sealed, Fault> {
        self.seal_json(
            Place { table: "deliveries", row: &id.to_string(), column: "thread", version: 0 },
            thread,
            random,
        )
    }

    /// Opens it again.
    pub fn open_thread(&self, id: DeliveryId, sealed: &Sealed) -> Result<Thread, Fault> {
        self.open_json(Place { table: "deliveries", row: &id.to_string(), column: "thread", version: 0 }, sealed)
    }

    /// Seals what the sender of a delivery asked to hear.
    pub fn seal_report(&self, id: DeliveryId, asked: &ReportAsked, random: &dyn Random) -> Result<Sealed, Fault> {
        self.seal_json(Place { table: "deliveries", row: &id.to_string(), column: "report", version: 0 }, asked, random)
    }

    /// Opens it again.
    pub fn open_report(&self, id: DeliveryId, sealed: &Sealed) -> Result<ReportAsked, Fault> {
        self.open_json(Place { table: "deliveries", row: &id.to_string(), column: "report", version: 0 }, sealed)
    }

    /// Seals who is to be answered.
    pub fn seal_writer(&self, id: QueueId, writer: &Writer, random: &dyn Random) -> Result<Sealed, Fault> {
        self.seal_json(Place { table: "answers", row: &id.to_string(), column: "writer", version: 0 }, writer, random)
    }

    /// Opens it again.
    pub fn open_writer(&self, id: QueueId, sealed: &Sealed) -> Result<Writer, Fault> {
        self.open_json(Place { table: "answers", row: &id.to_string(), column: "writer", version: 0 }, sealed)
    }

    /// Seals what a form carries, for one browser: letters and digits, `-` and `_`.
    pub fn seal_draft(&self, browser: &KeyedHash, draft: &Draft, random: &dyn Random) -> Result<String, Fault> {
        let row = data_encoding::HEXLOWER.encode(browser.as_octets());
        let sealed = self.seal_json(Place { table: "forms", row: &row, column: "draft", version: 0 }, draft, random)?;
        Ok(data_encoding::BASE64URL_NOPAD.encode(sealed.as_octets()))
    }

    /// Opens it again; `None` for anything else.
    pub fn open_draft(&self, browser: &KeyedHash, text: &str) -> Option<Draft> {
        let sealed = Sealed::from_octets(data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).ok()?);
        let row = data_encoding::HEXLOWER.encode(browser.as_octets());
        self.open_json(Place { table: "forms", row: &row, column: "draft", version: 0 }, &sealed).ok()
    }

    /// Seals an absence.
    pub fn seal_away(&self, id: MailboxId, away: &Away, random: &dyn Random) -> Result<Sealed, Fault> {
        self.seal_json(Place { table: "mailboxes", row: &id.to_string(), column: "away", version: 0 }, away, random)
    }

    /// Opens it again.
    pub fn open_away(&self, id: MailboxId, sealed: &Sealed) -> Result<Away, Fault> {
        self.open_json(Place { table: "mailboxes", row: &id.to_string(), column: "away", version: 0 }, sealed)
    }

    /// Seals a ticket until the relay took the notice.
    pub fn seal_ticket(&self, id: DeliveryId, ticket: &Ticket, random: &dyn Random) -> Result<Sealed, Fault> {
        let place = Place { table: "deliveries", row: &id.to_string(), column: "ticket", version: 0 };
        self.seal(place, ticket.reveal_octets(), random)
    }

    /// Opens it again.
    pub fn open_kept_ticket(&self, id: DeliveryId, sealed: &Sealed) -> Result<Ticket, Fault> {
        let place = Place { table: "deliveries", row: &id.to_string(), column: "ticket", version: 0 };
        Ticket::from_octets(&self.unseal(place, sealed)?).ok_or(Fault::new("a sealed ticket is none"))
    }

    /// Seals a device's label and person.
    pub fn seal_label(&self, id: DeviceId, label: &DeviceLabel, random: &dyn Random) -> Result<Sealed, Fault> {
        self.seal_json(Place { table: "devices", row: &id.to_string(), column: "label", version: 0 }, label, random)
    }

    /// Opens it again.
    pub fn open_label(&self, id: DeviceId, sealed: &Sealed) -> Result<DeviceLabel, Fault> {
        self.open_json(Place { table: "devices", row: &id.to_string(), column: "label", version: 0 }, sealed)
    }

    /// Seals the name of a client that asked for a mailbox.
    pub fn seal_cloud_client(&self, id: MailboxId, name: &str, random: &dyn Random) -> Result<Sealed, Fault> {
        let place = Place { table: "cloud_clients", row: &id.to_string(), column: "client", version: 0 };
        self.seal(place, name.as_bytes(), random)
    }

    /// Opens it again.
    pub fn open_cloud_client(&self, id: MailboxId, sealed: &Sealed) -> Result<String, Fault> {
        let place = Place { table: "cloud_clients", row: &id.to_string(), column: "client", version: 0 };
        Ok(String::from_utf8_lossy(&self.unseal(place, sealed)?).into_owned())
    }

    /// How an address is found without being readable, within its practice.
    pub fn address_hash(&self, practice: PracticeId, address: &Address) -> KeyedHash {
        self.hash("address", Some(practice), Zeroizing::new(address.folded()).as_bytes())
    }

    /// How a number is found without being readable, within its practice.
    pub fn number_hash(&self, practice: PracticeId, number: &PhoneNumber) -> KeyedHash {
        self.hash("number", Some(practice), number.reveal().as_bytes())
    }

    /// An address under every root key, the one in use first.
    pub fn address_hashes(&self, practice: PracticeId, address: &Address) -> Vec<KeyedHash> {
        self.hashes("address", Some(practice), Zeroizing::new(address.folded()).as_bytes())
    }

    /// A number under every root key, the one in use first.
    pub fn number_hashes(&self, practice: PracticeId, number: &PhoneNumber) -> Vec<KeyedHash> {
        self.hashes("number", Some(practice), number.reveal().as_bytes())
    }

    /// How a ticket is found without being kept.
    pub fn ticket_hash(&self, ticket: &Ticket) -> KeyedHash {
        self.hash("ticket", None, ticket.reveal_octets())
    }

    /// How a browser is recognised without its cookie being kept: under each root key, the one in use first.
    pub fn browser_hashes(&self, browser: &BrowserToken) -> Vec<KeyedHash> {
        self.hashes(BROWSER, None, browser.reveal_octets())
    }

    /// The first of [`Vault::browser_hashes`].
    pub fn browser_hash(&self, browser: &BrowserToken) -> KeyedHash {
        self.hash(BROWSER, None, browser.reveal_octets())
    }

    /// A ticket under every root key, the one in use first.
    pub fn ticket_hashes(&self, ticket: &Ticket) -> Vec<KeyedHash> {
        self.hashes("ticket", None, ticket.reveal_octets())
    }

    /// How a practice is found by its name, which the administrator chooses once.
    pub fn name_hash(&self, name: &str) -> KeyedHash {
        self.hash("practice name", None, name.trim().to_lowercase().as_bytes())
    }

    /// A practice's name under every root key, the one in use first.
    pub fn name_hashes(&self, name: &str) -> Vec<KeyedHash> {
        self.hashes("practice name", None, name.trim().to_lowercase().as_bytes())
    }

    fn seal_json<T: Serialize>(&self, place: Place<'_>, value: &T, random: &dyn Random) -> Result<Sealed, Fault> {
        let text = serde_json::to_vec(value).map_err(|_| Fault::new("a record cannot be written"))?;
        self.seal(place, &Zeroizing::new(text), random)
    }

    fn open_json<T: for<'de> Deserialize<'de>>(&self, place: Place<'_>, sealed: &Sealed) -> Result<T, Fault> {
        let text = self.unseal(place, sealed)?;
        serde_json::from_slice(&text).map_err(|_| Fault::new("a sealed record is not what it should be"))
    }
}

const BROWSER: &str = "browser";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::RootKey;

    struct Counting;
    impl Random for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.iter_mut().zip(1..).for_each(|(byte, at)| *byte = at);
        }
    }

    /// Typed in two ways, sealed, opened: one number, one hash.
    #[test]
    fn a_number_is_found_however_it_was_written() {
        let vault = Vault::new(&RootKey::random(&Counting));
        let (practice, id) = (PracticeId::random(&Counting), PatientId::random(&Counting));
        for (region, dialled, abroad) in [
            ("IT", "06 4212 3456", "0039 06 4212 3456"),
            ("FR", "0639 51 23 45", "+262 639 51 23 45"),
            ("FR", "0508 41 23 45", "+508 41 23 45"),
            ("MF", "0690 12 34 56", "+590 690 12 34 56"),
            ("GB", "020 7946 0000", "+44 (0)20 7946 0000"),
        ] {
            let typed = PhoneNumber::parse(dialled, region.parse().expect("a country"), &[]).expect("a number");
            let record = PatientRecord {
                name: PersonName::default(),
                address: "jeanne@patient.example".parse().expect("an address"),
                number: typed.clone(),
                language: None,
                channel: None,
                birth_date: BirthDate::parse("1950-03-12"),
            };
            let entry =
                DirectoryEntry { record: record.clone(), vouch: None, shares: Shares::default(), mandate: None };
            let sealed = vault.seal_patient(id, 1, &entry, &Counting).expect("sealed");
            let opened = vault.open_person(id, 1, &sealed).expect("opened");
            assert_eq!((&opened, opened.language), (&record, None), "{dialled}");
            let hash = |number: &PhoneNumber| vault.number_hash(practice, number);
            let abroad = PhoneNumber::parse_international(abroad).expect("a number");
            assert!(hash(&opened.number) == hash(&typed) && hash(&abroad) == hash(&typed), "{dialled}");
        }
    }

    #[test]
    fn an_entry_comes_back_whole_and_one_of_before_opens() {
        let vault = Vault::new(&RootKey::random(&Counting));
        let id = PatientId::random(&Counting);
        let record = PatientRecord {
            name: PersonName("Jeanne Rossi".to_owned()),
            address: "jeanne@patient.example".parse().expect("an address"),
            number: PhoneNumber::parse_international("+33612345678").expect("a number"),
            language: Some(Language::Fr),
            channel: Some(Channel::Voice),
            birth_date: BirthDate::parse("1948-07-14"),
        };
        let entry = DirectoryEntry {
            record: record.clone(),
            vouch: Some(Vouch {
                how: Vouched::Confirmed,
                who: PersonName("claire".to_owned()),
                mailbox: Some(MailboxId::random(&Counting)),
                at: Timestamp(1_800_000_000_000),
            }),
            shares: Shares { number: true, address: false },
            mandate: Some(Mandate {
                of: id,
                reason: MandateReason::Other,
                words: "aunt".to_owned(),
                until: jiff::civil::date(2031, 5, 1),
            }),
        };
        let sealed = vault.seal_patient(id, 3, &entry, &Counting).expect("sealed");
        assert_eq!(vault.open_patient(id, 3, &sealed).expect("opened"), entry);
        assert!(vault.open_patient(id, 2, &sealed).is_err());
        let place = Place { table: "patients", row: &id.to_string(), column: "record", version: 1 };
        let before = vault.seal_json(place, &Reached::of(&record), &Counting).expect("sealed");
        let opened = vault.open_patient(id, 1, &before).expect("opened");
        assert_eq!(opened, DirectoryEntry { record, vouch: None, shares: Shares::default(), mandate: None });
    }
}
