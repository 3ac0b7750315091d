//! Figures as Prometheus reads them ("Exposition formats" of its documentation): pure text.

use std::fmt::Write as _;

use crate::access::CodeStatus;
use crate::delivery::Standing;
use crate::domain::{Count, Figures, Label, Timestamp};

/// What is told.
pub(super) struct Known<'a> {
    pub figures: &'a Figures,
    /// `None` when the database did not answer.
    pub standing: Option<&'a Standing>,
    /// `None` when the database did not answer.
    pub codes: Option<&'a CodeStatus>,
    /// Octets, by what for.
    pub memory: Vec<(&'static str, usize)>,
    pub memory_limit: usize,
    /// When the certificate of each name ends.
    pub certificates: Vec<(String, Timestamp)>,
    pub now: Timestamp,
}

/// All of it. Money is in the account's currency, times in seconds, memory in octets.
pub(super) fn of(known: &Known<'_>) -> String {
    let mut text = Text(String::new());
    text.gauge("pli_build_info", "The program: always 1");
    text.value("pli_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    counters(&mut text, known.figures);
    deposits(&mut text, known.figures);
    text.gauge("pli_imap_sessions", "Open IMAP sessions");
    text.value("pli_imap_sessions", &[], known.figures.sessions() as f64);
    text.gauge("pli_memory_used_bytes", "Memory that messages in flight hold");
    for (what, octets) in &known.memory {
        text.value("pli_memory_used_bytes", &[("for", what)], *octets as f64);
    }
    text.gauge("pli_memory_limit_bytes", "What each kind of it may be");
    text.value("pli_memory_limit_bytes", &[], known.memory_limit as f64);
    text.gauge(
        "pli_certificate_expires_seconds",
        "How long the certificate of a name is still valid; below 0 it is not",
    );
    for (name, ends) in &known.certificates {
        let left = ends.0.saturating_sub(known.now.0) as f64 / 1000.0;
        text.value("pli_certificate_expires_seconds", &[("name", name)], left);
    }
    text.gauge("pli_database_up", "Whether the database answered for these figures");
    text.value("pli_database_up", &[], f64::from(u8::from(known.standing.is_some() && known.codes.is_some())));
    if let Some(standing) = known.standing {
        outbox(&mut text, standing);
    }
    if let Some(status) = known.codes {
        codes(&mut text, status);
    }
    text.0
}

/// What is counted, with its name, what it is, and the names of its labels.
const COUNTERS: &[(Count, &str, &str, &[&str])] = &[
    (Count::Submission, "pli_submissions_accepted_total", "Messages accepted for submission", &[]),
    (
        Count::SubmissionRefusal,
        "pli_submission_refusals_total",
        "Replies of the submission door that refuse, by enhanced status code",
        &["enhanced"],
    ),
    (Count::Deposit, "pli_deposits_total", "Deposits, by outcome", &["outcome"]),
    (Count::ImapLogin, "pli_imap_logins_total", "IMAP logins, by outcome", &["outcome"]),
    (Count::PortalRequest, "pli_portal_requests_total", "Answers of the portal", &["route", "status"]),
    (Count::CourierAttempt, "pli_courier_attempts_total", "Notices handed to the relay, by outcome", &["outcome"]),
    (
        Count::StoreFault,
        "pli_store_faults_total",
        "Faults of the database and the object store, and whether they may pass",
        &["store", "passing"],
    ),
];

fn counters(text: &mut Text, figures: &Figures) {
    let counts = figures.counts();
    for (what, name, help, labels) in COUNTERS {
        text.family(name, help, "counter");
        let mut none = labels.is_empty();
        for (_, values, count) in counts.iter().filter(|(counted, ..)| counted == what) {
            none = false;
            let values: Vec<String> = values.iter().map(Label::to_string).collect();
            let labels: Vec<(&str, &str)> =
                labels.iter().zip(&values).map(|(name, value)| (*name, value.as_str())).collect();
            text.value(name, &labels, *count as f64);
        }
        if none {
            text.value(name, &[], 0.0);
        }
    }
}

fn deposits(text: &mut Text, figures: &Figures) {
    let name = "pli_deposit_seconds";
    text.family(name, "How long a deposit took to be durable", "histogram");
    let (below, all, took) = figures.deposits();
    for (bound, count) in below {
        text.value("pli_deposit_seconds_bucket", &[("le", &bound.as_secs_f64().to_string())], count as f64);
    }
    text.value("pli_deposit_seconds_bucket", &[("le", "+Inf")], all as f64);
    text.value("pli_deposit_seconds_sum", &[], took.as_secs_f64());
    text.value("pli_deposit_seconds_count", &[], all as f64);
}

fn outbox(text: &mut Text, standing: &Standing) {
    let since = |at: Option<Timestamp>| at.map_or(0.0, |at| standing.now.0.saturating_sub(at.0).max(0) as f64 / 1000.0);
    text.gauge("pli_outbox_waiting", "Notices that wait to be handed to the relay");
    text.value("pli_outbox_waiting", &[], standing.waiting as f64);
    text.gauge("pli_outbox_overdue_seconds", "For how long the notice has been due that is due longest");
    text.value("pli_outbox_overdue_seconds", &[], since(standing.oldest_due));
    text.gauge("pli_outbox_oldest_seconds", "For how long the oldest notice waits");
    text.value("pli_outbox_oldest_seconds", &[], since(standing.oldest));
    text.gauge("pli_deliveries", "Deliveries by state");
    for (state, count) in &standing.states {
        text.value("pli_deliveries", &[("state", state.word())], *count as f64);
    }
}

/// How codes do.
fn codes(text: &mut Text, status: &CodeStatus) {
    text.gauge("pli_code_attempts", "Attempts to send a code in the last day, by provider and what became of them");
    for one in &status.providers {
        let outcomes =
            [("tried", one.tried), ("taken", one.taken), ("delivered", one.delivered), ("failed", one.failed)];
        for (outcome, count) in outcomes {
            text.value("pli_code_attempts", &[("provider", &one.name), ("outcome", outcome)], count as f64);
        }
    }
    text.gauge("pli_code_delivery_seconds", "From a provider's taking a code to its telling that it arrived");
    for one in &status.providers {
        let Some((half, most)) = one.latency else { continue };
        for (quantile, took) in [("0.5", half), ("0.95", most)] {
            let labels = [("provider", one.name.as_str()), ("quantile", quantile)];
            text.value("pli_code_delivery_seconds", &labels, took.as_secs_f64());
        }
    }
    text.gauge("pli_code_provider_left_alone", "Whether a provider failed so often that it is left alone");
    for one in &status.providers {
        let alone = f64::from(u8::from(one.alone_until.is_some()));
        text.value("pli_code_provider_left_alone", &[("provider", &one.name)], alone);
    }
    text.gauge("pli_code_ceiling_used", "Messages and calls of today, of all or of the one that used most");
    for (scope, used, _) in &status.ceilings {
        text.value("pli_code_ceiling_used", &[("scope", scope.word())], *used as f64);
    }
    text.gauge("pli_code_ceiling", "What they may be");
    for (scope, _, ceiling) in &status.ceilings {
        text.value("pli_code_ceiling", &[("scope", scope.word())], *ceiling as f64);
    }
    text.gauge("pli_code_cost", "What codes of today cost, as far as prices are known");
    text.value("pli_code_cost", &[], status.spend.0 as f64 / 1e6);
    text.gauge("pli_code_paused_prefixes", "Kinds of numbers that get no codes, since hardly any was typed there");
    text.value("pli_code_paused_prefixes", &[], status.pumped as f64);
}

struct Text(String);

impl Text {
    fn family(&mut self, name: &str, help: &str, kind: &str) {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn gauge(&mut self, name: &str, help: &str) {
        self.family(name, help, "gauge");
    }

    fn value(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::access::ProviderStatus;
    use crate::domain::{CeilingScope, DeliveryState};

    #[test]
    fn figures_are_as_prometheus_reads_them() {
        let provider = ProviderStatus {
            name: "sms/first".to_owned(),
            kind: "http",
            reports: true,
            tried: 4,
            taken: 3,
            delivered: 2,
            failed: 1,
            cost: 150_000,
            latency: Some((Duration::from_millis(2500), Duration::from_secs(9))),
            failures: 5,
            alone_until: Some(Timestamp(1)),
        };
        let status = CodeStatus {
            providers: vec![provider],
            ceilings: vec![(CeilingScope::Server, 4, 2000)],
            spend: (150_000, None),
            pumped: 1,
        };
        let figures = Figures::default();
        figures.count(Count::SubmissionRefusal, &[Label::Word("5.7.1")]);
        figures.count(Count::PortalRequest, &[Label::Word("/l/{ticket}"), Label::Number(200)]);
        figures.deposited(Duration::from_millis(7));
        let standing = Standing {
            waiting: 3,
            oldest_due: Some(Timestamp(9_000)),
            oldest: Some(Timestamp(4_000)),
            states: vec![(DeliveryState::Queued, 3)],
            now: Timestamp(10_000),
        };
        let known = Known {
            figures: &figures,
            standing: Some(&standing),
            codes: Some(&status),
            memory: vec![("submission", 4096)],
            memory_limit: 8192,
            certificates: vec![("mail.cabinet.example".to_owned(), Timestamp(70_000))],
            now: Timestamp(10_000),
        };
        let text = of(&known);
        for line in [
            "# TYPE pli_code_attempts gauge",
            "pli_code_attempts{provider=\"sms/first\",outcome=\"delivered\"} 2",
            "pli_code_delivery_seconds{provider=\"sms/first\",quantile=\"0.5\"} 2.5",
            "pli_code_provider_left_alone{provider=\"sms/first\"} 1",
            "pli_code_ceiling_used{scope=\"server\"} 4",
            "pli_code_ceiling{scope=\"server\"} 2000",
            "pli_code_cost 0.15",
            "pli_code_paused_prefixes 1",
            "# TYPE pli_submission_refusals_total counter",
            "pli_submissions_accepted_total 0",
            "pli_submission_refusals_total{enhanced=\"5.7.1\"} 1",
            "pli_portal_requests_total{route=\"/l/{ticket}\",status=\"200\"} 1",
            "pli_deposit_seconds_bucket{le=\"0.005\"} 0",
            "pli_deposit_seconds_bucket{le=\"0.01\"} 1",
            "pli_deposit_seconds_bucket{le=\"+Inf\"} 1",
            "pli_deposit_seconds_count 1",
            "pli_outbox_waiting 3",
            "pli_outbox_overdue_seconds 1",
            "pli_outbox_oldest_seconds 6",
            "pli_deliveries{state=\"queued\"} 3",
            "pli_memory_used_bytes{for=\"submission\"} 4096",
            "pli_certificate_expires_seconds{name=\"mail.cabinet.example\"} 60",
            "pli_database_up 1",
        ] {
            assert!(text.lines().any(|known| known == line), "{line}\n{text}");
        }
        // The database is away: what this process counted is told all the same.
        let alone = of(&Known { standing: None, codes: None, ..known });
        assert!(alone.contains("\npli_database_up 0\n") && alone.contains("pli_submission_refusals_total{"));
        assert!(!alone.contains("pli_outbox_waiting"));
        assert!(text.ends_with('\n') && !text.contains("\n\n"));
        assert_eq!(escaped("a\"b\\\n"), "a\\\"b\\\\\\n");
    }
}
