//! What leaves: the relay, providers of codes, the outbox.

use std::sync::Arc;
use std::time::Duration;

use crate::access::CodeStatus;
use crate::config::Config;
use crate::delivery::Standing;
use crate::delivery::relay::Relay;
use crate::domain::{Clock, FailureClass, Random};
use crate::gateway::Gateways;
use crate::server::Rooms;

use super::Finding;

/// Connects to the relay as the courier does, and sends nothing.
pub(super) async fn relay(config: &Config) -> Option<Finding> {
    let Some(url) = &config.notice.relay else {
        return Some(Finding::warn("relay", "notice.relay is not set: patients are told nothing, notices wait"));
    };
    let relay = match Relay::open(url, &config.hostname, config.notice.ca.as_deref()) {
        Ok(relay) => relay,
        Err(what) => return Some(Finding::fail("relay", what)),
    };
    let outcome = tokio::time::timeout(PATIENCE, relay.check()).await;
    Some(judge_relay(outcome.unwrap_or(Err(FailureClass::Unreachable))))
}

fn judge_relay(outcome: Result<(), FailureClass>) -> Finding {
    let text = match outcome {
        Ok(()) => return Finding::ok("relay", "it answers and lets us in"),
        Err(FailureClass::Tls) => "its certificate is not right: see the host name in notice.relay, or notice.ca",
        Err(FailureClass::Credentials) => "it refuses user and password of notice.relay",
        Err(FailureClass::Unreachable) => "it cannot be reached: see host and port in notice.relay, and that it runs",
        Err(_) => "it answers and does not want us: see its log",
    };
    Finding::fail("relay", text)
}

/// Providers, and what is used of the day's ceilings.
pub(super) async fn codes(
    config: &Config,
    rooms: &Rooms,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
) -> Vec<Finding> {
    let gateways = match Gateways::open(&config.providers, &clock) {
        Ok(gateways) => gateways,
        Err(what) => return vec![Finding::fail("codes", what)],
    };
    let access = rooms.access(clock, random, gateways, config.portal_host());
    let access = access.with_codes(config.ceilings, config.portal.url.as_ref().map(|url| url.as_str()));
    match access.code_status().await {
        Ok(status) => judge_codes(&status),
        Err(fault) => vec![Finding::fail("codes", fault.to_string())],
    }
}

fn judge_codes(status: &CodeStatus) -> Vec<Finding> {
    if status.providers.is_empty() {
        return vec![Finding::warn("codes", "no [[code.sms]] and no [[code.voice]] is set: no code can be sent")];
    }
    let mut said = Vec::new();
    for one in &status.providers {
        let name = &one.name;
        said.push(match () {
            () if one.alone_until.is_some() => Finding::fail(
                "codes",
                format!("{name} failed {} times in a row and is left alone: pli code test", one.failures),
            ),
            () if one.tried > 0 && one.taken == 0 => {
                Finding::fail("codes", format!("{name} took none of {} in the last day: pli code test", one.tried))
            }
            () if one.reports && one.taken >= ENOUGH && one.delivered * 2 < one.taken => Finding::warn(
                "codes",
                format!("{name} told of {} arrivals of {} in the last day: ask it why", one.delivered, one.taken),
            ),
            () if one.tried == 0 => Finding::ok("codes", format!("{name} was not needed in the last day")),
            () => Finding::ok("codes", format!("{name} took {} of {} in the last day", one.taken, one.tried)),
        });
    }
    for (scope, used, ceiling) in &status.ceilings {
        if used.saturating_mul(5) >= ceiling.saturating_mul(4) {
            let text =
                format!("{used} of {ceiling} of today's ceiling ({}) are used: see [code.ceilings]", scope.word());
            said.push(Finding::warn("codes", text));
        }
    }
    if status.pumped > 0 {
        said.push(Finding::warn("codes", format!("{} kinds of numbers get none: see pli code status", status.pumped)));
    }
    said
}

/// Notices leave within a second of being due, unless something is wrong.
pub(super) fn judge_outbox(standing: &Standing, relay: bool) -> Finding {
    let Standing { waiting, oldest, oldest_due, now, .. } = standing;
    let hours = |at: Option<crate::domain::Timestamp>| at.map_or(0, |at| now.since(at).as_secs() / 3600);
    let (since, overdue) = (hours(*oldest), oldest_due.map_or(0, |due| now.since(due).as_secs() / 60));
    if *waiting == 0 {
        return Finding::ok("outbox", "nothing waits");
    }
    if !relay {
        return Finding::warn("outbox", format!("{waiting} notices wait for a relay: set notice.relay"));
    }
    if overdue >= 15 {
        return Finding::fail(
            "outbox",
            format!("{waiting} notices wait, one is due since {overdue} min: does the server run?"),
        );
    }
    match since {
        0..=3 => Finding::ok("outbox", format!("{waiting} notices wait for their time")),
        _ => Finding::warn("outbox", format!("{waiting} notices wait, one for {since} h: pli queue list says why")),
    }
}

/// How long the relay may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// From how many on a share says something.
const ENOUGH: i64 = 5;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::ProviderStatus;
    use crate::doctor::Level;
    use crate::domain::{CeilingScope, Timestamp};

    #[test]
    fn a_relay_that_does_not_take_us_is_told_with_the_reason() {
        assert_eq!(judge_relay(Ok(())).level, Level::Ok);
        for (class, word) in [
            (FailureClass::Tls, "certificate"),
            (FailureClass::Credentials, "password"),
            (FailureClass::Unreachable, "reached"),
            (FailureClass::Later, "log"),
        ] {
            let said = judge_relay(Err(class));
            assert!(said.level == Level::Fail && said.text.contains(word), "{}", said.text);
        }
    }

    #[test]
    fn providers_that_fail_and_ceilings_that_are_near_are_told() {
        let provider = |tried, taken, delivered, alone: bool| ProviderStatus {
            name: "sms/a".to_owned(),
            kind: "http",
            reports: true,
            tried,
            taken,
            delivered,
            failed: 0,
            cost: 0,
            latency: None,
            failures: 5,
            alone_until: alone.then_some(Timestamp(1)),
        };
        let status = |providers, used, pumped| CodeStatus {
            providers,
            ceilings: vec![(CeilingScope::Server, used, 100)],
            spend: (0, None),
            pumped,
        };
        let level = |status: CodeStatus| judge_codes(&status).iter().map(|finding| finding.level).max();
        assert_eq!(level(status(vec![provider(9, 9, 9, false)], 10, 0)), Some(Level::Ok));
        assert_eq!(level(status(vec![provider(0, 0, 0, false)], 0, 0)), Some(Level::Ok));
        assert_eq!(level(status(vec![provider(9, 9, 2, false)], 10, 0)), Some(Level::Warn));
        assert_eq!(level(status(vec![provider(9, 0, 0, false)], 10, 0)), Some(Level::Fail));
        assert_eq!(level(status(vec![provider(9, 9, 9, true)], 10, 0)), Some(Level::Fail));
        assert_eq!(level(status(vec![provider(9, 9, 9, false)], 80, 0)), Some(Level::Warn));
        assert_eq!(level(status(vec![provider(9, 9, 9, false)], 0, 1)), Some(Level::Warn));
        assert_eq!(level(status(Vec::new(), 0, 0)), Some(Level::Warn));
    }

    #[test]
    fn an_outbox_that_does_not_move_is_told() {
        let now = Timestamp(1_800_000_000_000);
        let ago = |minutes: u64| Some(now.minus(Duration::from_secs(minutes * 60)));
        let level = |waiting, oldest, due, relay| {
            judge_outbox(&Standing { waiting, oldest, oldest_due: due, states: Vec::new(), now }, relay).level
        };
        assert_eq!(level(0, None, None, true), Level::Ok);
        assert_eq!(level(2, ago(30), ago(0), true), Level::Ok);
        assert_eq!(level(2, ago(600), ago(0), true), Level::Warn);
        assert_eq!(level(2, ago(30), ago(20), true), Level::Fail);
        assert_eq!(level(2, ago(30), ago(20), false), Level::Warn);
    }
}
