//! `pli device`: one password for each mail client of one person.

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use serde_json::{Value, json};

use crate::config::Config;
use crate::domain::{Address, DeviceKind};
use crate::mailbox::provision::{DeviceInfo, DeviceToAdd};

use super::{Opened, Out, Stop, mailbox, out};

#[derive(clap::Subcommand)]
pub(super) enum Device {
    /// Add a device; prints its password, once. One of an application mailbox sends only, unless it is unlocked
    Add {
        /// The mailbox's address
        address: String,
        /// What it is called, such as "telephone"
        #[arg(long)]
        label: String,
        /// Whose it is; the mailbox's name where it is not given
        #[arg(long, default_value = "")]
        person: String,
        /// It sends and opens nothing: for software and scanners
        #[arg(long, conflicts_with = "unlock")]
        send_only: bool,
        /// It may also write as this address of the practice; may be repeated
        #[arg(long, value_name = "ADDRESS")]
        send_as: Vec<String>,
        /// Read another device password of the mailbox (or the spare) from standard input, so that it can read at once
        #[arg(long)]
        unlock: bool,
        /// Also draw a QR code that a telephone of Apple opens its settings with
        // The code is an address that servers and browsers write into their logs: it names the mailbox, and holds no
        // password. That stands beside it on the screen, and is typed.
        #[arg(long, conflicts_with_all = ["json", "send_only"])]
        qr: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List a mailbox's devices
    List {
        /// The mailbox's address
        address: String,
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Take a device away
    Revoke {
        /// The mailbox's address
        address: String,
        /// The device's id, or the first four characters of its password
        device: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl Device {
    pub(super) async fn run(&self, opened: &Opened, out: &mut Out) -> Result<(), Stop> {
        let mailboxes = &opened.rooms.mailboxes;
        match self {
            Self::Add { address, label, person, send_only, send_as, unlock, qr, json } => {
                let at = mailbox::read(address)?;
                // First: what cannot be drawn leaves no device behind whose password nobody saw.
                let drawn = qr.then(|| drawn(&opened.config, &at)).transpose()?;
                let send_as = mailbox::read_all(send_as)?;
                let kind = send_only.then_some(DeviceKind::SendOnly);
                let unlock = unlock.then(|| out::secret("another device password of this mailbox")).transpose()?;
                let unlock = unlock.as_ref().map(|password| password.as_str());
                let new = DeviceToAdd { kind, label, person, unlock, send_as: &send_as };
                let device = mailboxes.add_device_as(&at, new).await?;
                if *json {
                    return out.json(&json!({ "address": address, "device": mailbox::secret(&device) }));
                }
                out.lines(&[
                    &format!("Device {label} is added. Its password is shown this once:"),
                    "",
                    &format!("  {}", device.password.reveal_grouped()),
                    "",
                    match (device.kind, device.ready) {
                        (DeviceKind::SendOnly, _) => "It sends, and opens nothing.",
                        (_, true) => "It can send and read.",
                        (_, false) => "It can send; to read, add it with --unlock and another password of the mailbox.",
                    },
                ])?;
                match &drawn {
                    None => Ok(()),
                    Some((url, code)) => {
                        out.line("")?;
                        code.lines().try_for_each(|line| out.line(line))?;
                        out.lines(&[url, "The settings of the mailbox, for the camera of an iPhone, iPad or Mac; the password is typed."])
                    }
                }
            }
            Self::List { address, json } => {
                let mailbox = mailboxes.show(&mailbox::read(address)?).await?;
                if *json {
                    return mailbox.devices.iter().try_for_each(|device| out.json(&object(device)));
                }
                table(&mailbox.devices, &opened.config.timezone, out)
            }
            Self::Revoke { address, device, json } => {
                let id = mailboxes.revoke_device(&mailbox::read(address)?, device).await?;
                match json {
                    true => out.json(&json!({ "address": address, "revoked": id })),
                    false => out.lines(&[
                        "The device is taken away: its password opens nothing any more.",
                        "If it could read, the mailbox's next session makes new keys; until then mailbox show says so.",
                    ]),
                }
            }
        }
    }
}

/// Where the settings of a mailbox are, and the code that leads there, in half blocks with a margin of four
/// (ISO/IEC 18004 §9.1): blocks are light, for the dark terminals that most are;
/// cameras read it the other way round too.
fn drawn(config: &Config, address: &Address) -> Result<(String, String), Stop> {
    let url = config.portal.url.as_ref().filter(|_| config.listen.portal.is_some());
    let Some(url) = url else {
        return Err(Stop::because("--qr: the portal is closed, and it has the settings".to_owned()));
    };
    let address = url::form_urlencoded::byte_serialize(address.reveal().as_bytes()).collect::<String>();
    let url = format!("{}/mail/apple.mobileconfig?emailaddress={address}", url.as_str());
    let code = QrCode::with_error_correction_level(url.as_bytes(), EcLevel::M);
    let code = code.map_err(|_| Stop::because("--qr: the address is too long for a code".to_owned()))?;
    let code = code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build();
    Ok((url, code))
}

/// A device without its password.
pub(super) fn object(device: &DeviceInfo) -> Value {
    json!({
        "id": device.id,
        "tag": device.tag,
        "kind": device.kind,
        "label": device.label,
        "person": device.person,
        "ready": device.ready,
        "created_at": device.created_at.rfc3339(),
        "last_used_at": device.last_used_at.map(|at| at.rfc3339()),
    })
}

/// Devices as a table.
pub(super) fn table(devices: &[DeviceInfo], zone: &str, out: &mut Out) -> Result<(), Stop> {
    let row = |d: &DeviceInfo| {
        let reads = match (d.kind, d.ready) {
            (DeviceKind::SendOnly, _) => "sends only",
            (_, true) => "reads",
            (_, false) => "pending",
        };
        vec![
            format!("{}-…", d.tag),
            d.kind.word().to_owned(),
            d.label.clone(),
            d.person.clone(),
            reads.to_owned(),
            out::when(d.created_at, zone),
            out::perhaps(d.last_used_at, zone),
        ]
    };
    let rows: Vec<_> = devices.iter().map(row).collect();
    out.table(&["password", "kind", "label", "person", "", "made", "last used"], &rows, "There is no device.")
}
