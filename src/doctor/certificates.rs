//! Certificates: the names in use covered, valid now and for a while, a chain that others can follow.

use crate::config::Config;
use crate::domain::Timestamp;
use crate::net::{self, CertificateState};

use super::Finding;

pub(super) fn check(config: &Config, now: Timestamp) -> Vec<Finding> {
    let listen = &config.listen;
    let mut names = Vec::new();
    if [listen.submissions, listen.submission, listen.imaps, listen.imap].iter().any(Option::is_some) {
        names.push(config.hostname.as_str());
    }
    if listen.portal.is_some() && !names.contains(&config.portal_host()) {
        names.push(config.portal_host());
    }
    judge(&names, &net::examine(&config.tls, &names, now), now)
}

/// What was found of each `[[tls]]`, against the names in use.
fn judge(names: &[&str], found: &[Result<CertificateState, String>], now: Timestamp) -> Vec<Finding> {
    let mut said = Vec::new();
    for state in found {
        match state {
            Err(what) => said.push(Finding::fail(SUBJECT, what.clone())),
            Ok(state) if state.names.is_empty() => {
                said.push(Finding::warn(
                    SUBJECT,
                    "one covers no name in use: take its [[tls]] out, unless mail clients ask for it",
                ));
            }
            Ok(state) => said.push(one(state, now)),
        }
    }
    for name in names {
        if !found.iter().flatten().any(|state| state.names.iter().any(|covered| covered == name)) {
            said.push(Finding::fail(SUBJECT, format!("none covers {name}, which is in use: add a [[tls]] for it")));
        }
    }
    said
}

fn one(state: &CertificateState, now: Timestamp) -> Finding {
    let names = state.names.join(", ");
    let days = state.ends.since(now).as_secs() / 86_400;
    if state.ends <= now {
        return Finding::fail(SUBJECT, format!("{names}: it has ended; renew it now"));
    }
    if state.begins > now {
        return Finding::fail(SUBJECT, format!("{names}: it is not valid yet; look at this machine's clock"));
    }
    if days < SOON {
        return Finding::warn(SUBJECT, format!("{names}: it ends in {days} days; see why it was not renewed"));
    }
    match &state.trusted {
        Ok(()) => Finding::ok(SUBJECT, format!("{names}: good for {days} days")),
        Err(why) => Finding::warn(
            SUBJECT,
            format!("{names}: {why}; a trial certificate, or the chain lacks the certificates between"),
        ),
    }
}

const SUBJECT: &str = "certificates";
/// Days before the end at which a renewal should have been.
const SOON: u64 = 14;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::doctor::Level;

    #[test]
    fn what_ends_is_untrusted_or_covers_too_little_is_told() {
        let now = Timestamp(1_800_000_000_000);
        let days = |days: u64| now.plus(Duration::from_secs(days * 86_400));
        let state = |names: &[&str], ends, trusted| {
            Ok(CertificateState {
                names: names.iter().map(|name| (*name).to_owned()).collect(),
                begins: now.minus(Duration::from_secs(60)),
                ends,
                trusted,
            })
        };
        let names = ["mail.a.example", "a.example"];
        let level = |found: &[Result<CertificateState, String>]| {
            judge(&names, found, now).iter().map(|finding| finding.level).max()
        };
        let distrusted = Err("nobody signed it".to_owned());
        assert_eq!(level(&[state(&names, days(60), Ok(()))]), Some(Level::Ok));
        assert_eq!(level(&[state(&names, days(13), Ok(()))]), Some(Level::Warn));
        assert_eq!(level(&[state(&names, days(60), distrusted)]), Some(Level::Warn));
        assert_eq!(level(&[state(&names, now, Ok(()))]), Some(Level::Fail));
        assert_eq!(level(&[state(&names[..1], days(60), Ok(()))]), Some(Level::Fail));
        assert_eq!(level(&[Err("tls.key: others can read it".to_owned())]), Some(Level::Fail));
        let unused = [state(&names, days(60), Ok(())), state(&[], days(60), Ok(()))];
        assert_eq!(level(&unused), Some(Level::Warn));
        let early = CertificateState { begins: days(1), ..state(&names, days(60), Ok(())).expect("a state") };
        assert_eq!(level(&[Ok(early)]), Some(Level::Fail));
    }
}
