//! `pli practice`: the tenants of this server.

use std::io::Read as _;
use std::path::Path;

use serde_json::json;

use crate::config::Config;
use crate::delivery::directory::{LogoChange, PracticeInfo};
use crate::domain::{Language, Picture, PracticeProfile, Reminders};

use super::{Opened, Out, Stop};

#[derive(clap::Subcommand)]
pub(super) enum Practice {
    /// Add a practice
    Add {
        /// Its name, for administrators
        name: String,
        #[command(flatten)]
        profile: Profile,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List all practices
    List {
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Show one practice
    Show {
        /// Its name or id; may be left out where there is one
        name: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change a practice
    Set {
        /// Its name or id; may be left out where there is one
        name: Option<String>,
        /// Another name, for administrators
        #[arg(long)]
        rename: Option<String>,
        /// A PNG or JPEG of 64 KiB at most that heads its open letters, behind the code alone; "" for none
        #[arg(long, value_name = "FILE")]
        logo: Option<std::ffi::OsString>,
        #[command(flatten)]
        profile: Profile,
    },
    /// Remove a practice that owns nothing
    Remove {
        /// Its name or id
        name: String,
    },
}

/// What a practice tells of itself.
#[derive(clap::Args)]
pub(super) struct Profile {
    /// The name patients see; choose one that tells no speciality
    #[arg(long)]
    public_name: Option<String>,
    /// Whom patients call, as they should dial it
    #[arg(long)]
    telephone: Option<String>,
    /// fr, en, it, es or ru
    #[arg(long, value_parser = language)]
    language: Option<Language>,
    /// Such as Europe/Paris
    #[arg(long)]
    timezone: Option<String>,
    /// The country in which numbers without a country code are read
    #[arg(long, value_name = "COUNTRY")]
    region: Option<String>,
    /// Further such countries, with commas
    #[arg(long, value_name = "COUNTRIES", value_delimiter = ',')]
    neighbours: Option<Vec<String>>,
    /// Further countries to which codes may be sent, with commas; * for all
    #[arg(long, value_name = "COUNTRIES", value_delimiter = ',')]
    countries: Option<Vec<String>>,
    /// From of its notices: Name <address>
    #[arg(long, value_name = "FROM")]
    notice_from: Option<String>,
    /// Days a letter stays open; 0 for the server's
    #[arg(long)]
    days: Option<u16>,
    /// Days after which who has not opened a letter is reminded, by e-mail, then by SMS; 0 for never
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(..=90))]
    remind_days: Option<u16>,
    /// Hours after which who has not opened an urgent letter is reminded, by e-mail, then by a call; 0: as any other
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u16).range(..=720))]
    urgent_hours: Option<u16>,
    /// The mailbox of the practice that hears of urgent letters that were not opened, beside their sender; "" for none
    #[arg(long, value_name = "ADDRESS")]
    urgent_to: Option<String>,
    /// Ask for the birth date with the code, where the directory knows it: yes or no
    #[arg(long, value_name = "YES|NO", value_parser = yes_or_no)]
    ask_birth_date: Option<bool>,
    /// Let patients have their browser remembered for 30 days, so that letters open there without a code: yes or no
    #[arg(long, value_name = "YES|NO", value_parser = yes_or_no)]
    remember_browsers: Option<bool>,
}

impl Practice {
    pub(super) async fn run(&self, opened: &Opened, out: &mut Out) -> Result<(), Stop> {
        let deliveries = &opened.rooms.deliveries;
        match self {
            Self::Add { name, profile, json } => {
                let id = deliveries.add_practice(profile.over(fresh(name, &opened.config))).await?;
                match json {
                    true => out.json(&json!({ "id": id, "name": name })),
                    false => out.line(format!("Practice {name} is added.")),
                }
            }
            Self::List { json } => {
                let practices = deliveries.practices().await?;
                if *json {
                    return practices.iter().try_for_each(|practice| out.json(&object(practice)));
                }
                let row = |p: &PracticeInfo| {
                    let domains: Vec<&str> = p.domains.iter().map(|name| name.as_str()).collect();
                    vec![p.profile.name.clone(), p.profile.public_name.clone(), domains.join(", ")]
                };
                let rows: Vec<_> = practices.iter().map(row).collect();
                out.table(&["name", "patients see", "domains"], &rows, "There is no practice yet.")
            }
            Self::Show { name, json } => {
                let practice = deliveries.practice(name.as_deref()).await?;
                if *json { out.json(&object(&practice)) } else { show(&practice, out) }
            }
            Self::Set { name, rename, logo, profile } => {
                let logo = logo.as_ref().map_or(Ok(LogoChange::Keep), |file| read_logo(Path::new(file)))?;
                let practice = deliveries.practice(name.as_deref()).await?;
                let mut changed = profile.over(practice.profile);
                if let Some(name) = rename {
                    changed.name.clone_from(name);
                }
                deliveries.change_practice(practice.id, changed, &logo).await?;
                out.line("The practice is changed.")
            }
            Self::Remove { name } => {
                let practice = deliveries.practice(Some(name)).await?;
                deliveries.remove_practice(practice.id).await?;
                out.line(format!("Practice {} is removed.", practice.profile.name))
            }
        }
    }
}

impl Profile {
    /// A profile with what was given put over it.
    fn over(&self, mut profile: PracticeProfile) -> PracticeProfile {
        let words = [
            (&mut profile.public_name, &self.public_name),
            (&mut profile.telephone, &self.telephone),
            (&mut profile.timezone, &self.timezone),
            (&mut profile.region, &self.region),
            (&mut profile.notice_from, &self.notice_from),
            (&mut profile.reminders.urgent_to, &self.urgent_to),
        ];
        for (to, given) in words {
            if let Some(given) = given {
                to.clone_from(given);
            }
        }
        let given = |list: &Vec<String>| list.iter().filter(|word| !word.is_empty()).cloned().collect();
        profile.language = self.language.unwrap_or(profile.language);
        profile.days = self.days.unwrap_or(profile.days);
        profile.reminders.days = self.remind_days.unwrap_or(profile.reminders.days);
        profile.reminders.urgent_hours = self.urgent_hours.unwrap_or(profile.reminders.urgent_hours);
        profile.remember_browsers = self.remember_browsers.unwrap_or(profile.remember_browsers);
        profile.ask_birth_date = self.ask_birth_date.unwrap_or(profile.ask_birth_date);
        profile.neighbours = self.neighbours.as_ref().map_or(profile.neighbours, given);
        profile.countries = self.countries.as_ref().map_or(profile.countries, given);
        profile
    }
}

/// A new practice with the server's defaults.
pub(super) fn fresh(name: &str, config: &Config) -> PracticeProfile {
    PracticeProfile {
        name: name.to_owned(),
        public_name: name.to_owned(),
        telephone: String::new(),
        language: config.language,
        timezone: config.timezone.clone(),
        region: config.region.as_str().to_owned(),
        neighbours: Vec::new(),
        countries: Vec::new(),
        notice_from: String::new(),
        days: 0,
        reminders: Reminders::default(),
        ask_birth_date: false,
        remember_browsers: false,
        logo: None,
    }
}

fn object(practice: &PracticeInfo) -> serde_json::Value {
    let profile = &practice.profile;
    json!({
        "id": practice.id,
        "name": profile.name,
        "public_name": profile.public_name,
        "telephone": profile.telephone,
        "language": profile.language,
        "timezone": profile.timezone,
        "region": profile.region,
        "neighbours": profile.neighbours,
        "countries": profile.countries,
        "notice_from": profile.notice_from,
        "days": profile.days,
        "remind_days": profile.reminders.days,
        "urgent_hours": profile.reminders.urgent_hours,
        "urgent_to": profile.reminders.urgent_to,
        "ask_birth_date": profile.ask_birth_date,
        "remember_browsers": profile.remember_browsers,
        "logo": profile.logo.map(|logo| json!({
            "type": logo.kind.media_type(), "width": logo.width, "height": logo.height, "size": logo.size,
        })),
        "domains": practice.domains.iter().map(|name| name.as_str()).collect::<Vec<_>>(),
        "created_at": practice.created_at.rfc3339(),
    })
}

fn show(practice: &PracticeInfo, out: &mut Out) -> Result<(), Stop> {
    let profile = &practice.profile;
    let domains: Vec<&str> = practice.domains.iter().map(|name| name.as_str()).collect();
    let logo = profile.logo.map(|logo| {
        format!("{}, {} × {} pixels, {} octets", logo.kind.media_type(), logo.width, logo.height, logo.size)
    });
    let or_server = |text: &str| if text.is_empty() { "the server's".to_owned() } else { text.to_owned() };
    out.pairs(&[
        ("id", practice.id.to_string()),
        ("name", profile.name.clone()),
        ("patients see", profile.public_name.clone()),
        ("telephone", profile.telephone.clone()),
        ("language", profile.language.tag().to_owned()),
        ("time zone", profile.timezone.clone()),
        ("region", profile.region.clone()),
        ("neighbours", profile.neighbours.join(", ")),
        ("further countries", profile.countries.join(", ")),
        ("notices from", or_server(&profile.notice_from)),
        ("days", if profile.days == 0 { or_server("") } else { profile.days.to_string() }),
        ("reminded after", in_units(profile.reminders.days, "days", "never")),
        ("urgent after", in_units(profile.reminders.urgent_hours, "hours", "as any other")),
        ("urgent to", profile.reminders.urgent_to.clone()),
        ("asks for birth dates", yes(profile.ask_birth_date)),
        ("remembers browsers", yes(profile.remember_browsers)),
        ("logo", logo.unwrap_or_else(|| "none".to_owned())),
        ("domains", domains.join(", ")),
    ])
}

/// The picture of a file; of a larger one no more is read than shows that it is.
fn read_logo(path: &Path) -> Result<LogoChange, Stop> {
    if path.as_os_str().is_empty() {
        return Ok(LogoChange::Remove);
    }
    let failed = |why: &dyn std::fmt::Display| Stop::because(format!("{}: {why}", path.display()));
    let mut octets = Vec::new();
    let most = u64::try_from(Picture::LARGEST).unwrap_or(u64::MAX).saturating_add(1);
    let file = std::fs::File::open(path).map_err(|error| failed(&error.kind()))?;
    file.take(most).read_to_end(&mut octets).map_err(|error| failed(&error.kind()))?;
    Picture::read(&octets).map(LogoChange::Set).map_err(|error| failed(&error))
}

fn in_units(count: u16, units: &str, none: &str) -> String {
    if count == 0 { none.to_owned() } else { format!("{count} {units}") }
}

fn yes(set: bool) -> String {
    if set { "yes" } else { "no" }.to_owned()
}

fn yes_or_no(word: &str) -> Result<bool, String> {
    match word {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("must be yes or no".to_owned()),
    }
}

/// Reads a language of an option.
pub(super) fn language(text: &str) -> Result<Language, String> {
    text.parse::<Language>().map_err(|error| error.to_string())
}
