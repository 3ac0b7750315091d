//! The list of mail clients that fetch through somebody's cloud: the program's own, or a newer file.

use std::path::Path;

use serde::Deserialize;

use crate::access::Network;
use crate::access::cloud::CloudClient;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    client: Vec<Client>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Client {
    name: String,
    #[serde(default)]
    networks: Vec<String>,
    #[serde(default)]
    id: Vec<Says>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Says {
    field: String,
    begins: String,
}

/// The list of a file, or the program's own.
pub(super) fn list(file: Option<&Path>) -> Result<Vec<CloudClient>, String> {
    match file {
        None => read(OURS),
        Some(file) => {
            let text = std::fs::read_to_string(file);
            let text = text.map_err(|error| format!("{}: {}", file.display(), error.kind()))?;
            read(&text).map_err(|what| format!("{}: {what}", file.display()))
        }
    }
}

fn read(text: &str) -> Result<Vec<CloudClient>, String> {
    let listed: Listed = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    listed.client.into_iter().map(client).collect()
}

/// An entry that nobody can be on, or everybody, is a slip of who wrote it.
fn client(raw: Client) -> Result<CloudClient, String> {
    let wrong = |what: &str| format!("client {:?}: {what}", raw.name);
    if raw.name.trim().is_empty() || raw.name.chars().any(char::is_control) {
        return Err(wrong("name: must be a name of one line"));
    }
    if raw.networks.is_empty() && raw.id.is_empty() {
        return Err(wrong("has neither networks nor id"));
    }
    if raw.id.iter().any(|says| says.field.is_empty() || says.begins.is_empty()) {
        return Err(wrong("id: field and begins must not be empty"));
    }
    let networks =
        raw.networks.iter().map(|text| Network::read(text).map_err(|what| wrong(&format!("networks: {what}"))));
    Ok(CloudClient {
        networks: networks.collect::<Result<_, _>>()?,
        ids: raw.id.into_iter().map(|says| (says.field, says.begins)).collect(),
        name: raw.name,
    })
}

const OURS: &str = include_str!("../../config/cloud-clients.toml");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_own_list_is_read_and_slips_are_refused() {
        let ours = list(None).expect("a good list");
        assert!(ours.len() >= 3 && ours.iter().any(|client| client.name == "Spark"));
        for (text, why) in [
            ("", "missing field"),
            ("[[client]]\nname = \"x\"", "neither networks nor id"),
            ("[[client]]\nname = \"\"\nnetworks = [\"10.0.0.0/8\"]", "a name of one line"),
            ("[[client]]\nname = \"x\"\nnetworks = [\"0.0.0.0/0\"]", "must be an address or a network"),
            ("[[client]]\nname = \"x\"\nid = [{ field = \"name\", begins = \"\" }]", "must not be empty"),
            ("[[client]]\nname = \"x\"\nnetwork = [\"10.0.0.0/8\"]", "unknown field"),
        ] {
            let refused = read(text).expect_err(text);
            assert!(refused.contains(why), "{refused}");
        }
    }
}
