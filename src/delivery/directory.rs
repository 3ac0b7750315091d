//! Practices and their domains. Persons: [`super::persons`].

use crate::domain::{
    Actor, Address, AuditEvent, DomainName, Fault, NumberFault, PatientId, PhoneNumber, Picture, PracticeId,
    PracticeProfile, PublicKey, Region, Timestamp, Verb,
};
use crate::store::mailboxes::MailboxRow;
use crate::store::practices::{DomainRow, PracticeRow};

use super::Deliveries;

/// Why a change of the directory is refused.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// What the administrator can mend, in one sentence.
    #[error("{0}")]
    Refused(String),
    /// Somebody else has this number.
    #[error(
        "this number is also that of {0}: where a family or a carer shares it, say so (--shares-number; in a list: number in the column shared)"
    )]
    SharesNumber(PatientId),
    /// Somebody else has this address.
    #[error(
        "this address is also that of {0}: where two persons share it, say so (--shares-address; in a list: address in the column shared)"
    )]
    SharesAddress(PatientId),
    /// Ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What becomes of a practice's logo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogoChange {
    /// It stays as it is, and none stays none.
    Keep,
    /// This one takes its place.
    Set(Picture),
    /// It is taken away.
    Remove,
}

/// A practice as administrators see it.
#[derive(Debug, Clone)]
pub struct PracticeInfo {
    /// Its id.
    pub id: PracticeId,
    /// Its profile.
    pub profile: PracticeProfile,
    /// Its domains.
    pub domains: Vec<DomainName>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Deliveries {
    /// Makes a practice. Checks region, neighbours, countries and time zone.
    ///
    /// # Errors
    /// [`DirectoryError::Refused`] for a name that is taken or a value that is none.
    pub async fn add_practice(&self, profile: PracticeProfile) -> Result<PracticeId, DirectoryError> {
        check(&profile)?;
        if !profile.reminders.urgent_to.is_empty() {
            return refused("urgent-to is not a mailbox of this practice: add the mailbox first");
        }
        // A logo comes with its octets, by a change.
        let profile = PracticeProfile { logo: None, ..profile };
        let now = self.clock.now();
        let id = PracticeId::random(self.random.as_ref());
        let row = PracticeRow {
            id,
            name_hash: self.vault.name_hash(&profile.name),
            profile: self.vault.seal_profile(id, &profile, self.random.as_ref())?,
            created_at: now,
        };
        let mut tx = self.store.write("add practice").await?;
        if self.is_named(&profile.name, None).await? || !tx.insert_practice(&row).await? {
            return refused("a practice of this name exists");
        }
        tx.commit(AuditEvent::new(now, Actor::Operator, Verb::PracticeAdded).about_practice(id)).await?;
        Ok(id)
    }

    /// All practices.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn practices(&self) -> Result<Vec<PracticeInfo>, Fault> {
        let domains = self.store.domains().await?;
        let rows = self.store.practices().await?;
        rows.iter().map(|row| self.practice_info(row, &domains)).collect()
    }

    /// Whether a practice of this server has its mailboxes in a domain.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn serves(&self, domain: &DomainName) -> Result<bool, Fault> {
        Ok(self.store.domain(domain).await?.is_some())
    }

    /// One practice, by name or id; the only one where `name` is `None` and there is one.
    ///
    /// # Errors
    /// [`DirectoryError::Refused`] when there is none, or several and no name.
    pub async fn practice(&self, name: Option<&str>) -> Result<PracticeInfo, DirectoryError> {
        let all = self.practices().await?;
        let found = match name {
            Some(name) => all.into_iter().find(|p| p.profile.name == name || p.id.to_string() == name),
            None if all.len() > 1 => return refused("there are several practices: name one"),
            None => all.into_iter().next(),
        };
        found.ok_or_else(|| DirectoryError::Refused("there is no such practice".to_owned()))
    }

    /// Replaces a practice's profile, and leaves its logo.
    ///
    /// # Errors
    /// As [`Deliveries::add_practice`].
    pub async fn set_practice(&self, id: PracticeId, profile: PracticeProfile) -> Result<(), DirectoryError> {
        self.change_practice(id, profile, &LogoChange::Keep).await
    }

    /// Replaces a practice's profile and, with the same commit, its logo: what the profile says of one is not looked at.
    ///
    /// # Errors
    /// As [`Deliveries::add_practice`].
    pub async fn change_practice(
        &self,
        id: PracticeId,
        mut profile: PracticeProfile,
        logo: &LogoChange,
    ) -> Result<(), DirectoryError> {
        check(&profile)?;
        let urgent_to = &profile.reminders.urgent_to;
        if !urgent_to.is_empty() {
            let mailbox = match urgent_to.parse::<Address>() {
                Ok(address) => self.store.mailbox_at(&address.folded()).await?,
                Err(_) => None,
            };
            if mailbox.is_none_or(|mailbox| mailbox.practice != id) {
                return refused("urgent-to is not a mailbox of this practice");
            }
        }
        if self.is_named(&profile.name, Some(id)).await? {
            return refused("a practice of this name exists");
        }
        let before = match self.store.practice(id).await? {
            Some(row) => self.vault.open_profile(id, &row.profile)?,
            None => return refused("there is no such practice"),
        };
        let random = self.random.as_ref();
        let octets = match logo {
            LogoChange::Set(picture) => Some(self.vault.seal_logo(id, &picture.octets, random)?),
            LogoChange::Keep | LogoChange::Remove => None,
        };
        profile.logo = match logo {
            LogoChange::Keep => before.logo,
            LogoChange::Set(picture) => Some(picture.logo),
            LogoChange::Remove => None,
        };
        let sealed = self.vault.seal_profile(id, &profile, random)?;
        let mut tx = self.store.write("set practice").await?;
        if !tx.update_practice(id, &self.vault.name_hash(&profile.name), &sealed).await? {
            return refused("there is no such practice");
        }
        // Allowed again later, it begins with a code for everybody.
        if !(before.remember_browsers && profile.remember_browsers) {
            tx.forget_browsers_of_practice(id).await?;
        }
        if *logo != LogoChange::Keep {
            tx.set_practice_logo(id, octets.as_ref()).await?;
        }
        let event = AuditEvent::new(self.clock.now(), Actor::Operator, Verb::PracticeChanged).about_practice(id);
        Ok(tx.commit(event).await?)
    }

    /// Removes an empty practice.
    ///
    /// # Errors
    /// [`DirectoryError::Refused`] while it owns anything.
    pub async fn remove_practice(&self, id: PracticeId) -> Result<(), DirectoryError> {
        let mut tx = self.store.write("remove practice").await?;
        if !tx.delete_practice(id).await? {
            return refused("this practice owns domains, mailboxes, persons or deliveries");
        }
        let event = AuditEvent::new(self.clock.now(), Actor::Operator, Verb::PracticeRemoved).about_practice(id);
        Ok(tx.commit(event).await?)
    }

    /// Adds a domain to a practice.
    ///
    /// # Errors
    /// [`DirectoryError::Refused`] when it is somebody's already.
    pub async fn add_domain(&self, practice: PracticeId, name: DomainName) -> Result<(), DirectoryError> {
        let now = self.clock.now();
        let mut tx = self.store.write("add domain").await?;
        if !tx.insert_domain(&DomainRow { name, practice, created_at: now }).await? {
            return refused("this domain exists already");
        }
        Ok(tx.commit(AuditEvent::new(now, Actor::Operator, Verb::DomainAdded).about_practice(practice)).await?)
    }

    /// Reads a number as this practice writes it, and checks that codes may go there.
    ///
    /// # Errors
    /// [`NumberFault`] says why not.
    pub fn read_number(&self, practice: &PracticeProfile, typed: &str) -> Result<PhoneNumber, NumberFault> {
        let region: Region = practice.region.parse()?;
        let neighbours = practice.neighbours.iter().map(|code| code.parse()).collect::<Result<Vec<Region>, _>>()?;
        let number = PhoneNumber::parse(typed, region, &neighbours)?;
        if PhoneNumber::parse(&practice.telephone, region, &neighbours).is_ok_and(|own| own == number) {
            return Err(NumberFault::Own);
        }
        let near = |code: Region| code == region || neighbours.contains(&code) || AROUND.contains(&code.as_str());
        let to = number.region();
        let allowed = |code: &String| code == "*" || code.eq_ignore_ascii_case(to.as_str());
        if near(to) || practice.countries.iter().any(allowed) { Ok(number) } else { Err(NumberFault::Country) }
    }

    /// The octets of a practice's logo, where it has one.
    pub(super) async fn logo(&self, id: PracticeId) -> Result<Option<Vec<u8>>, Fault> {
        let sealed = self.store.practice_logo(id).await?;
        sealed.map(|sealed| self.vault.open_logo(id, &sealed)).transpose()
    }

    /// A practice's profile.
    pub(super) async fn profile(&self, id: PracticeId) -> Result<PracticeProfile, Fault> {
        let row = self.store.practice(id).await?.ok_or(Fault::new("a practice is gone"))?;
        self.vault.open_profile(id, &row.profile)
    }

    /// The certificate of a mailbox row that carries its authority.
    pub(super) fn authentic_certificate(&self, row: &MailboxRow) -> Result<PublicKey, Fault> {
        if self.vault.holds(row, &row.mac) {
            return Ok(row.certificate.clone());
        }
        tracing::error!(mailbox = %row.id, "a row without authority was not used: the database was changed by somebody else");
        Err(Fault::new("a mailbox's row has lost its authority"))
    }

    /// Whether a practice has this name, but for one.
    async fn is_named(&self, name: &str, but: Option<PracticeId>) -> Result<bool, Fault> {
        for hash in self.vault.name_hashes(name) {
            if self.store.practice_named(&hash).await?.is_some_and(|other| Some(other.id) != but) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn practice_info(&self, row: &PracticeRow, domains: &[DomainRow]) -> Result<PracticeInfo, Fault> {
        Ok(PracticeInfo {
            id: row.id,
            profile: self.vault.open_profile(row.id, &row.profile)?,
            domains: domains.iter().filter(|domain| domain.practice == row.id).map(|d| d.name.clone()).collect(),
            created_at: row.created_at,
        })
    }
}

/// What a profile must be before it is kept.
fn check(profile: &PracticeProfile) -> Result<(), DirectoryError> {
    if profile.name.trim().is_empty() || profile.public_name.trim().is_empty() {
        return refused("a practice needs a name and a public name");
    }
    if profile.name.chars().chain(profile.public_name.chars()).chain(profile.telephone.chars()).any(char::is_control) {
        return refused("names and numbers are one line each");
    }
    let region =
        profile.region.parse::<Region>().map_err(|_| say("region is not a country (two letters, such as FR)"))?;
    let mut neighbours = Vec::new();
    for code in &profile.neighbours {
        neighbours
            .push(code.parse::<Region>().map_err(|_| say("a neighbour is not a country (two letters, such as IT)"))?);
    }
    for code in profile.countries.iter().filter(|code| *code != "*") {
        code.parse::<Region>().map_err(|_| say("a country is not one (two letters, such as BE, or *)"))?;
    }
    if jiff::tz::TimeZone::get(&profile.timezone).is_err() {
        return refused("timezone is not one (such as Europe/Paris)");
    }
    if !profile.telephone.is_empty() && PhoneNumber::parse(&profile.telephone, region, &neighbours).is_err() {
        return refused("telephone is not a number of this region: write it with its country code");
    }
    if !profile.notice_from.is_empty() && !super::is_from(&profile.notice_from) {
        return refused("notice-from is not an address (write: Name <address>)");
    }
    Ok(())
}

pub(super) fn say(sentence: &str) -> DirectoryError {
    DirectoryError::Refused(sentence.to_owned())
}

pub(super) fn refused<T>(sentence: &str) -> Result<T, DirectoryError> {
    Err(say(sentence))
}

/// Countries of Europe and of France overseas, to which codes go unless a practice says otherwise.
const AROUND: &[&str] = &[
    "AD", "AT", "BE", "BG", "BL", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GF", "GI", "GP", "GR",
    "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MC", "MF", "MQ", "MT", "NC", "NL", "NO", "PF", "PL", "PM",
    "PT", "RE", "RO", "SE", "SI", "SK", "SM", "VA", "WF", "YT",
];
