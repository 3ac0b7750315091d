//! Figures as Prometheus reads them ("Exposition formats" of its documentation): pure text.

use std::fmt::Write as _;

use crate::access::CodeStatus;

/// All of them. Money is in the account's currency, times in seconds.
pub(super) fn of(status: &CodeStatus) -> String {
    let mut text = Text(String::new());
    text.family("pli_code_attempts", "Attempts to send a code in the last day, by provider and what became of them");
    for one in &status.providers {
        let outcomes =
            [("tried", one.tried), ("taken", one.taken), ("delivered", one.delivered), ("failed", one.failed)];
        for (outcome, count) in outcomes {
            text.value("pli_code_attempts", &[("provider", &one.name), ("outcome", outcome)], count as f64);
        }
    }
    text.family("pli_code_delivery_seconds", "From a provider's taking a code to its telling that it arrived");
    for one in &status.providers {
        let Some((half, most)) = one.latency else { continue };
        for (quantile, took) in [("0.5", half), ("0.95", most)] {
            let labels = [("provider", one.name.as_str()), ("quantile", quantile)];
            text.value("pli_code_delivery_seconds", &labels, took.as_secs_f64());
        }
    }
    text.family("pli_code_provider_left_alone", "Whether a provider failed so often that it is left alone");
    for one in &status.providers {
        let alone = f64::from(u8::from(one.alone_until.is_some()));
        text.value("pli_code_provider_left_alone", &[("provider", &one.name)], alone);
    }
    text.family("pli_code_ceiling_used", "Messages and calls of today, of all or of the one that used most");
    text.family("pli_code_ceiling", "What they may be");
    for (scope, used, ceiling) in &status.ceilings {
        text.value("pli_code_ceiling_used", &[("scope", scope.word())], *used as f64);
        text.value("pli_code_ceiling", &[("scope", scope.word())], *ceiling as f64);
    }
    text.family("pli_code_cost", "What codes of today cost, as far as prices are known");
    text.value("pli_code_cost", &[], status.spend.0 as f64 / 1e6);
    text.family("pli_code_paused_prefixes", "Kinds of numbers that get no codes, since hardly any was typed there");
    text.value("pli_code_paused_prefixes", &[], status.pumped as f64);
    text.0
}

struct Text(String);

impl Text {
    fn family(&mut self, name: &str, help: &str) {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} gauge\n");
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
    use crate::domain::{CeilingScope, Timestamp};

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
        let text = of(&status);
        for line in [
            "# TYPE pli_code_attempts gauge",
            "pli_code_attempts{provider=\"sms/first\",outcome=\"delivered\"} 2",
            "pli_code_delivery_seconds{provider=\"sms/first\",quantile=\"0.5\"} 2.5",
            "pli_code_provider_left_alone{provider=\"sms/first\"} 1",
            "pli_code_ceiling_used{scope=\"server\"} 4",
            "pli_code_ceiling{scope=\"server\"} 2000",
            "pli_code_cost 0.15",
            "pli_code_paused_prefixes 1",
        ] {
            assert!(text.lines().any(|known| known == line), "{line}\n{text}");
        }
        assert!(text.ends_with('\n') && !text.contains("\n\n"));
        assert_eq!(escaped("a\"b\\\n"), "a\\\"b\\\\\\n");
    }
}
