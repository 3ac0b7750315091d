//! `pli code`: how providers of codes do, what is spent, a test that really sends.

use std::time::Duration;

use serde_json::{Value, json};

use crate::access::{CodeStatus, ProviderStatus};
use crate::domain::{Channel, FailureClass, PhoneNumber, SentState};

use super::{Opened, Out, Stop, out};

#[derive(clap::Subcommand)]
pub(super) enum Code {
    /// Send a code that opens nothing, by the first provider that takes it, and wait for what it tells
    Test {
        /// To which number
        number: String,
        /// Call instead of sending a short message
        #[arg(long)]
        voice: bool,
        /// Print JSON, one object for each provider that was tried
        #[arg(long)]
        json: bool,
    },
    /// Show how each provider did in the last day, and what is used of today's ceilings
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Send codes again to kinds of numbers at which hardly any was typed
    Resume,
    /// Forget that a number takes no short messages, or that its owner refused them (STOP)
    Forget {
        /// Which number
        number: String,
        /// The practice's name or id; may be left out where there is one
        #[arg(long, value_name = "PRACTICE")]
        practice: Option<String>,
    },
}

impl Code {
    pub(super) async fn run(&self, opened: &Opened, out: &mut Out) -> Result<(), Stop> {
        match self {
            Self::Test { number, voice, json } => test(opened, number, *voice, *json, out).await,
            Self::Status { json } => {
                let status = opened.codes()?.code_status().await?;
                if *json { out.json(&object(&status)) } else { show(&status, &opened.config.timezone, out) }
            }
            Self::Resume => {
                opened.codes()?.resume_codes().await?;
                out.line("Codes are sent to all kinds of numbers again.")
            }
            Self::Forget { number, practice: named } => {
                let practice = opened.rooms.deliveries.practice(named.as_deref()).await?;
                let read = opened.rooms.deliveries.read_number(&practice.profile, number);
                let number = read.map_err(|fault| Stop::because(fault.to_string()))?;
                match opened.codes()?.forget_number(practice.id, &number).await? {
                    true => out.line("Forgotten: short messages are tried again."),
                    false => Err(Stop::because("nothing is known of this number")),
                }
            }
        }
    }
}

fn read(opened: &Opened, number: &str) -> Result<PhoneNumber, Stop> {
    PhoneNumber::parse(number, opened.config.region, &[]).map_err(|fault| Stop::because(fault.to_string()))
}

async fn test(opened: &Opened, number: &str, voice: bool, json: bool, out: &mut Out) -> Result<(), Stop> {
    let number = read(opened, number)?;
    let channel = if voice { Channel::Voice } else { Channel::Sms };
    if channel == Channel::Sms && !number.is_mobile() {
        return Err(Stop::because("this number is a landline, which takes no short messages; try --voice"));
    }
    let access = opened.codes()?;
    let tested = access.test_code(&number, channel, opened.config.language).await?;
    let mut taken = None;
    for one in &tested {
        match (&one.outcome, json) {
            (outcome, true) => {
                let why = outcome.as_ref().err().map(|why| why.word());
                out.json(&json!({ "provider": one.provider, "accepted": outcome.is_ok(), "failure": why }))?;
            }
            (Ok(()), false) => out.line(format!("{} took it.", one.provider))?,
            (Err(why), false) => out.line(format!("{} did not take it: {}.", one.provider, reason(*why)))?,
        }
        if one.outcome.is_ok() {
            taken = Some(one);
        }
    }
    let Some(taken) = taken else { return Err(Stop::because("no provider took the code")) };
    if !taken.reports {
        return if json { Ok(()) } else { out.line("This provider never tells what became of a message.") };
    }
    for _ in 0..REPORT_ROUNDS {
        match access.tested(taken.send).await? {
            Some((SentState::Delivered, _, took)) => {
                let seconds = took.as_secs_f64();
                return match json {
                    true => out.json(&json!({ "provider": taken.provider, "delivered": true, "seconds": seconds })),
                    false => out.line(format!("It arrived, as {} told after {seconds:.1} s.", taken.provider)),
                };
            }
            Some((SentState::Failed, why, _)) => {
                let why = why.map_or("it does not say why", reason);
                return Err(Stop::because(format!("it did not arrive, as {} tells: {why}", taken.provider)));
            }
            _ => tokio::time::sleep(REPORT_PAUSE).await,
        }
    }
    match json {
        true => out.json(&json!({ "provider": taken.provider, "delivered": Value::Null })),
        false => out.line("Nothing was told of it in 30 s. A report that is called in needs the running server."),
    }
}

/// Why a provider did not do it, as one tells an administrator.
fn reason(why: FailureClass) -> &'static str {
    match why {
        FailureClass::Unreachable => "it cannot be reached, or did not answer in time",
        FailureClass::Tls => "its certificate is not right",
        FailureClass::Later => "it asks to try later",
        FailureClass::Credentials => "it refuses our user name or key",
        FailureClass::Credit => "our account there is empty",
        FailureClass::UnknownNumber => "nobody has this number",
        FailureClass::Landline => "this number takes no short messages",
        FailureClass::Stopped => "whoever has this number refused our messages (STOP)",
        FailureClass::Absent => "the telephone is off or out of reach",
        FailureClass::NoAnswer => "the call was not answered, or no key was pressed",
        _ => "it refuses the message",
    }
}

fn provider_object(provider: &ProviderStatus) -> Value {
    let millis = |took: Duration| u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    json!({
        "name": provider.name,
        "kind": provider.kind,
        "reports": provider.reports,
        "tried": provider.tried,
        "accepted": provider.taken,
        "delivered": provider.delivered,
        "failed": provider.failed,
        "cost": money(provider.cost),
        "p50_ms": provider.latency.map(|(p50, _)| millis(p50)),
        "p95_ms": provider.latency.map(|(_, p95)| millis(p95)),
        "failures_in_a_row": provider.failures,
        "alone_until": provider.alone_until.map(|at| at.rfc3339()),
    })
}

fn object(status: &CodeStatus) -> Value {
    let ceilings: serde_json::Map<String, Value> = status
        .ceilings
        .iter()
        .map(|(scope, used, ceiling)| (scope.word().to_owned(), json!({ "used": used, "ceiling": ceiling })))
        .collect();
    json!({
        "providers": status.providers.iter().map(provider_object).collect::<Vec<_>>(),
        "ceilings": ceilings,
        "spend": { "today": money(status.spend.0), "ceiling": status.spend.1.map(money) },
        "paused_prefixes": status.pumped,
    })
}

fn show(status: &CodeStatus, zone: &str, out: &mut Out) -> Result<(), Stop> {
    let seconds = |took: Option<Duration>| took.map_or("-".to_owned(), |took| format!("{:.1} s", took.as_secs_f64()));
    let row = |one: &ProviderStatus| {
        let arrived = if one.reports { one.delivered.to_string() } else { "never told".to_owned() };
        let alone = match one.alone_until {
            Some(until) => format!("left alone until {}", out::when(until, zone)),
            None if one.failures > 0 => format!("{} failures in a row", one.failures),
            None => "works".to_owned(),
        };
        vec![
            one.name.clone(),
            one.tried.to_string(),
            one.taken.to_string(),
            arrived,
            one.failed.to_string(),
            seconds(one.latency.map(|(p50, _)| p50)),
            seconds(one.latency.map(|(_, p95)| p95)),
            money(one.cost),
            alone,
        ]
    };
    let rows: Vec<_> = status.providers.iter().map(row).collect();
    let head = ["provider", "tried", "taken", "arrived", "failed", "half within", "19 in 20 within", "cost", "state"];
    out.table(&head, &rows, "No provider is configured: no code can be sent.")?;
    out.line("")?;
    let scope = |(scope, used, ceiling): &(_, i64, i64)| {
        let percent = used.saturating_mul(100) / (*ceiling).max(1);
        let scope: crate::domain::CeilingScope = *scope;
        vec![scope.word().to_owned(), used.to_string(), ceiling.to_string(), format!("{percent} %")]
    };
    let rows: Vec<_> = status.ceilings.iter().map(scope).collect();
    out.table(&["ceiling of today", "most used", "may be", ""], &rows, "")?;
    let spend = match status.spend {
        (cost, Some(ceiling)) => format!("Spent today: {} of {}.", money(cost), money(ceiling)),
        (cost, None) => format!("Spent today: {}.", money(cost)),
    };
    out.line(spend)?;
    if status.pumped > 0 {
        let text = "kinds of numbers get no codes, since hardly any was typed there; if that is right, pli code resume";
        out.line(format!("{} {text}", status.pumped))?;
    }
    Ok(())
}

/// Millionths as an amount with cents, or finer where there is finer.
fn money(millionths: i64) -> String {
    let (whole, part) = (millionths / 1_000_000, millionths % 1_000_000);
    let part = format!("{part:06}");
    let part = part.trim_end_matches('0');
    format!("{whole}.{part:0<2}")
}

/// How long a test waits for its report: 30 s in all.
const REPORT_ROUNDS: u32 = 60;
const REPORT_PAUSE: Duration = Duration::from_millis(490);

#[cfg(test)]
mod tests {
    use super::money;

    #[test]
    fn amounts_show_their_cents() {
        for (millionths, text) in [(0, "0.00"), (45_000, "0.045"), (1_500_000, "1.50"), (12_000_001, "12.000001")] {
            assert_eq!(money(millionths), text);
        }
    }
}
