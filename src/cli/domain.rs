//! `pli domain`: mail domains of practices.

use serde_json::json;

use crate::domain::DomainName;

use super::{Opened, Out, Stop};

#[derive(clap::Subcommand)]
pub(super) enum Domain {
    /// Give a domain to a practice
    Add {
        /// The domain, such as cabinet.example
        domain: String,
        /// The practice's name or id; may be left out where there is one
        #[arg(long)]
        practice: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List all domains
    List {
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
}

impl Domain {
    pub(super) async fn run(&self, opened: &Opened, out: &mut Out) -> Result<(), Stop> {
        let deliveries = &opened.rooms.deliveries;
        match self {
            Self::Add { domain, practice, json } => {
                let name: DomainName =
                    domain.parse().map_err(|_| Stop::because(format!("{domain}: this is not a domain name")))?;
                let practice = deliveries.practice(practice.as_deref()).await?;
                deliveries.add_domain(practice.id, name.clone()).await?;
                match json {
                    true => out.json(&json!({ "domain": name.as_str(), "practice": practice.profile.name })),
                    false => out.line(format!("Domain {name} belongs to {}.", practice.profile.name)),
                }
            }
            Self::List { json } => {
                let practices = deliveries.practices().await?;
                let pairs = || {
                    practices.iter().flat_map(|p| p.domains.iter().map(move |name| (name.as_str(), &p.profile.name)))
                };
                if *json {
                    return pairs()
                        .try_for_each(|(name, practice)| out.json(&json!({ "domain": name, "practice": practice })));
                }
                let rows: Vec<_> = pairs().map(|(name, practice)| vec![name.to_owned(), practice.clone()]).collect();
                out.table(&["domain", "practice"], &rows, "There is no domain yet.")
            }
        }
    }
}
