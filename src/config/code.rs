//! How codes leave: the providers, each with the keys of its kind, and how much may be sent in a day.

use serde_json::{Map, Value};

use crate::access::Ceilings;
use crate::domain::Channel;
use crate::gateway::{KINDS, Kind, ProviderSettings, Section, kinds};

use super::check::has_password;
use super::raw::{RawCeilings, RawCode, RawProvider};
use super::secret::Secrets;

pub(super) fn providers(raw: &RawCode, secrets: &Secrets<'_>) -> Result<Vec<ProviderSettings>, String> {
    let sms = raw.sms.iter().map(|raw| (raw, Channel::Sms, "code.sms"));
    let voice = raw.voice.iter().map(|raw| (raw, Channel::Voice, "code.voice"));
    sms.chain(voice).map(|(raw, channel, section)| provider(raw, channel, section, secrets)).collect()
}

fn provider(
    raw: &RawProvider,
    channel: Channel,
    section: &str,
    secrets: &Secrets<'_>,
) -> Result<ProviderSettings, String> {
    let plain_name = raw.name.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_.".contains(&c));
    if raw.name.is_empty() || raw.name.len() > 40 || !plain_name {
        return Err(format!("{section}.name: must be a short name of letters, digits, - _ ."));
    }
    let key = |name: &str| format!("{section} ({}): {name}", raw.name);
    let kind = KINDS.iter().find(|kind| kind.name == raw.kind).ok_or_else(|| key(&kinds()))?;
    if !kind.channels.contains(&channel) {
        return Err(key(&format!("kind {} does not send by {}", kind.name, channel.word())));
    }
    let price = raw.price.as_deref().map_or(Ok(0), amount).map_err(|what| key(&format!("price: {what}")))?;
    let mut values = Map::new();
    for (name, value) in &raw.others {
        if !kind.keys.contains(&name.as_str()) {
            return Err(key(&format!("{name}: unknown key, expected {}", kind.keys.join(", "))));
        }
        let value = resolved(kind, name, value, secrets).map_err(|what| key(&format!("{name}: {what}")))?;
        values.insert(name.clone(), value);
    }
    let values = Section::new(&raw.name, values);
    kind.check(&values, channel).map_err(|what| key(&what))?;
    Ok(ProviderSettings { channel, kind: raw.kind.clone(), price, section: values })
}

/// A value with its secrets in it. What stands plainly and may be one needs a file that others cannot read.
fn resolved(kind: &Kind, key: &str, value: &toml::Value, secrets: &Secrets<'_>) -> Result<Value, String> {
    match value {
        toml::Value::String(text) => {
            let secret = |text: &str| match key {
                _ if kind.open.contains(&key) => false,
                "url" => has_password(text) || text.contains('?'),
                // A value with a placeholder is a template; any other may be a password.
                "query" | "headers" => !text.contains('{'),
                _ => true,
            };
            let free = ["query", "headers", "body"].contains(&key);
            if !free && (text.is_empty() || text.chars().any(char::is_control)) {
                return Err("must be a text of one line".to_owned());
            }
            let read = secrets.read(text, secret)?;
            if FILES.contains(&key) {
                // Below the folder of the settings file, as every path.
                return Ok(Value::String(secrets.folder.join(read.reveal()).to_string_lossy().into_owned()));
            }
            Ok(Value::String(read.reveal().to_owned()))
        }
        toml::Value::Array(items) => {
            items.iter().map(|item| resolved(kind, key, item, secrets)).collect::<Result<_, _>>().map(Value::Array)
        }
        toml::Value::Table(fields) => {
            let fields = fields.iter().map(|(name, value)| {
                let value = resolved(kind, key, value, secrets).map_err(|what| format!("{name}: {what}"))?;
                Ok((name.clone(), value))
            });
            fields.collect::<Result<_, String>>().map(Value::Object)
        }
        toml::Value::Integer(number) => Ok(Value::from(*number)),
        toml::Value::Float(number) => Ok(Value::from(*number)),
        toml::Value::Boolean(value) => Ok(Value::from(*value)),
        toml::Value::Datetime(_) => Err("a date is not expected here".to_owned()),
    }
}

/// Keys of kinds that name a file.
const FILES: [&str; 2] = ["ca", "private_key_file"];

pub(super) fn ceilings(raw: &RawCeilings) -> Result<Ceilings, String> {
    let otherwise = Ceilings::default();
    let read = |key: &str, value: Option<i64>, otherwise: i64| match value {
        None => Ok(otherwise),
        Some(value) if (1..=10_000_000).contains(&value) => Ok(value),
        Some(_) => Err(format!("code.ceilings.{key}: must be a number of messages and calls in a day")),
    };
    let spend = raw.spend.as_deref().map(amount).transpose();
    Ok(Ceilings {
        server: read("server", raw.server, otherwise.server)?,
        practice: read("practice", raw.practice, otherwise.practice)?,
        number: read("number", raw.number, otherwise.number)?,
        prefix: read("prefix", raw.prefix, otherwise.prefix)?,
        spend: spend.map_err(|what| format!("code.ceilings.spend: {what}"))?,
    })
}

/// An amount of money such as `0.045`, in millionths.
fn amount(text: &str) -> Result<i64, String> {
    let refused = || "must be an amount such as \"0.045\"".to_owned();
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
    if whole.is_empty() || whole.len() > 9 || part.len() > 6 || !digits(whole) || !digits(part) {
        return Err(refused());
    }
    format!("{whole}{part:0<6}").parse().map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        for (text, millionths) in [("0.045", 45_000), ("12", 12_000_000), ("0.000001", 1), ("1.5", 1_500_000)] {
            assert_eq!(amount(text), Ok(millionths));
        }
        for bad in ["", ".5", "-1", "1,5", "1.0000001", "1e3", "1234567890"] {
            assert!(amount(bad).is_err(), "{bad}");
        }
    }
}
