//! The file as it is written: every key of it, and no other.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub hostname: String,
    pub data: String,
    pub root_key: String,
    pub region: String,
    pub language: String,
    pub timezone: String,
    #[serde(default)]
    pub listen: RawListen,
    #[serde(default)]
    pub tls: Vec<RawTls>,
    #[serde(default)]
    pub store: RawStore,
    #[serde(default)]
    pub limits: RawLimits,
    #[serde(default)]
    pub portal: RawPortal,
    #[serde(default)]
    pub notice: RawNotice,
    #[serde(default)]
    pub dkim: Vec<RawDkim>,
    #[serde(default)]
    pub code: RawCode,
    #[serde(default)]
    pub keys: RawKeys,
    #[serde(default)]
    pub access: RawAccess,
    #[serde(default)]
    pub audit: RawAudit,
    #[serde(default)]
    pub scan: RawScan,
    #[serde(default)]
    pub log: RawLog,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawListen {
    pub submissions: Option<String>,
    pub submission: Option<String>,
    pub imaps: Option<String>,
    pub imap: Option<String>,
    pub exchange: Option<String>,
    pub portal: Option<String>,
    pub metrics: Option<String>,
    pub bounces: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTls {
    pub certificate: String,
    pub key: String,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStore {
    pub database: Option<String>,
    pub objects: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLimits {
    pub message: Option<String>,
    pub memory: Option<String>,
    pub connections: Option<i64>,
    pub network_connections: Option<i64>,
    pub failed_logins: Option<i64>,
    pub recipients: Option<i64>,
    pub mailbox_minute: Option<i64>,
    pub mailbox_day: Option<i64>,
    pub device_minute: Option<i64>,
    pub device_day: Option<i64>,
    pub application_minute: Option<i64>,
    pub application_day: Option<i64>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPortal {
    pub url: Option<String>,
    pub days: Option<i64>,
    pub accessibility: Option<String>,
    #[serde(default)]
    pub proxies: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNotice {
    pub relay: Option<String>,
    pub from: Option<String>,
    pub ca: Option<String>,
    pub bounces: Option<String>,
    #[serde(rename = "return")]
    pub returns: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDkim {
    pub selector: String,
    pub key: String,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCode {
    #[serde(default)]
    pub sms: Vec<RawProvider>,
    #[serde(default)]
    pub voice: Vec<RawProvider>,
    #[serde(default)]
    pub ceilings: RawCeilings,
}

/// What every kind has; the other keys are the kind's own, and checked against its list.
#[derive(Deserialize)]
pub(super) struct RawProvider {
    pub name: String,
    pub kind: String,
    pub price: Option<String>,
    #[serde(flatten)]
    pub others: BTreeMap<String, toml::Value>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCeilings {
    pub server: Option<i64>,
    pub practice: Option<i64>,
    pub number: Option<i64>,
    pub prefix: Option<i64>,
    pub spend: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawKeys {
    pub recovery: Option<String>,
    pub approve: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAccess {
    pub cloud_clients: Option<String>,
    pub cloud_clients_file: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAudit {
    pub export: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawScan {
    pub clamd: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLog {
    pub level: Option<String>,
    pub format: Option<String>,
}
