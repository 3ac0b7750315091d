//! What providers tell of codes, later: by calling us, when they are asked, over a connection that stays open.
//!
//! A report address holds 128 bits that only the provider was told, and the provider's signature where it has one.
//! A report that comes twice, late, or after the end changes nothing.

use std::time::Duration;

use tokio::sync::watch;

use crate::domain::{Actor, AuditEvent, Channel, FailureClass, Fault, Lasting, SecretText, SendId, Timestamp, Verb};
use crate::gateway::{Callback, Document, Member, Next, Progress, ReportFault, Streamed};
use crate::store::Tx;
use crate::store::deliveries::DeliveryRow;
use crate::store::sends::SendRow;

use super::Access;
use super::challenge::is_live;

/// What a provider's call is answered.
pub enum ReportAnswer {
    /// Noted, or known already.
    Taken,
    /// What is to be said next in a call.
    Say(Document),
    /// There is no such address.
    Unknown,
    /// It is not believed.
    Refused(ReportFault),
}

impl Access {
    /// The address at which a provider may tell what became of an attempt; none without a portal.
    pub(super) fn report_address(&self, send: SendId) -> Option<SecretText> {
        let base = self.report_base.as_ref()?;
        Some(SecretText::new(format!("{base}/r/{send}/{}", self.vault.report_tag(send))))
    }

    /// A provider calls a report address.
    ///
    /// `call.url` is everything behind the portal's own address; it is completed here.
    ///
    /// # Errors
    /// A [`Fault`] of the store: the provider should call again.
    pub async fn report(&self, send: &str, tag: &str, call: &Callback<'_>) -> Result<ReportAnswer, Fault> {
        let Some(base) = &self.report_base else { return Ok(ReportAnswer::Unknown) };
        let Some(id) = send.parse::<SendId>().ok().filter(|id| self.vault.report_tag_matches(*id, tag)) else {
            return Ok(ReportAnswer::Unknown);
        };
        let Some(row) = self.store.send(id).await? else { return Ok(ReportAnswer::Unknown) };
        let Some(member) = self.gateways.member(&row.provider) else { return Ok(ReportAnswer::Unknown) };
        let (now, url) = (self.clock.now().0.div_euclid(1000), format!("{base}{}", call.url));
        let call = Callback { url: &url, now, ..*call };
        let reported = match member.provider.report(&call) {
            Ok(reported) => reported,
            Err(fault) => {
                tracing::warn!(provider = member.name, send = %id, %fault, "a report was not believed");
                return Ok(ReportAnswer::Refused(fault));
            }
        };
        if let Some(reference) = &reported.reference
            && !self.is_called(id, &member.name, reference).await?
        {
            tracing::warn!(provider = member.name, send = %id, "a report was about another message");
            return Ok(ReportAnswer::Refused(ReportFault::Forged));
        }
        match reported.next {
            Next::Code => self.say(&row, member, None).await,
            Next::Greeting(round) => self.say(&row, member, Some(round)).await,
            Next::Say(document) => Ok(ReportAnswer::Say(document)),
            Next::Nothing => {
                self.note_report(&row, reported.progress).await?;
                Ok(ReportAnswer::Taken)
            }
        }
    }

    /// What is to be said in a call, if the code still lives: the greeting again, or after a key the code.
    async fn say(&self, row: &SendRow, member: &Member, greeting: Option<u32>) -> Result<ReportAnswer, Fault> {
        let now = self.clock.now();
        let challenge = match row.challenge {
            Some(id) => self.store.challenge(id).await?,
            None => None,
        };
        let live = challenge.filter(|challenge| is_live(challenge, now));
        let Some((challenge, sealed)) = live.and_then(|live| live.digits.clone().map(|sealed| (live, sealed))) else {
            return Ok(ReportAnswer::Say(Document::default()));
        };
        let Some(address) = self.report_address(row.id) else { return Ok(ReportAnswer::Unknown) };
        let code = self.vault.open_digits(challenge.id, &sealed)?;
        let script = self.script(&code, challenge.language);
        if let Some(round) = greeting {
            return Ok(ReportAnswer::Say(member.provider.greeting(&script, &address, round)));
        }
        let document = member.provider.code(&script, &address);
        self.note_report(row, Progress::Delivered).await?;
        Ok(ReportAnswer::Say(document))
    }

    /// A report over an open connection; false when it is of nothing that is known here, or not yet.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn note_streamed(&self, report: &Streamed) -> Result<bool, Fault> {
        let provider = Member::named(Channel::Sms, &report.provider);
        for hash in self.vault.reference_hashes(&provider, &report.reference) {
            if let Some(row) = self.store.send_called(&provider, &hash).await? {
                return self.note_report(&row, report.progress).await.map(|()| true);
            }
        }
        Ok(false)
    }

    /// Whether an attempt is called so by its provider, or by no name yet.
    async fn is_called(&self, id: SendId, provider: &str, reference: &str) -> Result<bool, Fault> {
        for hash in self.vault.reference_hashes(provider, reference) {
            if self.store.is_called(id, &hash).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Asks providers what became of messages, those that wait to be asked.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn ask_providers(&self) -> Result<(), Fault> {
        let now = self.clock.now();
        let due = self.store.claim_asks(now, now.plus(ASK_CLAIM), AT_ONCE).await?;
        for row in due {
            if let Err(fault) = self.ask(&row).await {
                tracing::error!(send = %row.id, %fault, "a provider could not be asked");
            }
        }
        Ok(())
    }

    async fn ask(&self, row: &SendRow) -> Result<(), Fault> {
        let now = self.clock.now();
        let age = now.since(row.accepted_at.unwrap_or(row.created_at));
        let member = self.gateways.member(&row.provider);
        let (Some(member), Some(sealed), true) = (member, &row.reference, age < ASKED_FOR) else {
            return self.store.ask_again(row.id, None).await;
        };
        let reference = self.vault.open_reference(row.id, sealed)?;
        let progress =
            match tokio::time::timeout(super::cascade::PATIENCE, member.provider.ask(reference.reveal())).await {
                Ok(Ok(progress)) => progress,
                // Asked again: a provider that cannot say so now may later.
                Ok(Err(_)) | Err(_) => Progress::Waiting,
            };
        if progress == Progress::Waiting {
            let pause = if age < Duration::from_secs(60) { Duration::from_secs(3) } else { Duration::from_secs(20) };
            return self.store.ask_again(row.id, Some(now.plus(pause))).await;
        }
        self.note_report(row, progress).await
    }

    /// Notes what became of an attempt; a failure moves the cascade on.
    pub(super) async fn note_report(&self, row: &SendRow, progress: Progress) -> Result<(), Fault> {
        let failure = match progress {
            Progress::Waiting => return Ok(()),
            Progress::Delivered => None,
            Progress::Failed(class) => Some(class),
        };
        let now = self.clock.now();
        let about = match row.challenge {
            Some(id) => self.store.challenge(id).await?,
            None => None,
        };
        let delivery = match &about {
            Some(challenge) => self.store.delivery(challenge.delivery).await?,
            None => None,
        };
        let mut tx = self.store.write("code reported").await?;
        if let Some(challenge) = &about {
            tx.hold_challenge(challenge.id).await?;
        }
        if !tx.send_reported(row.id, failure, now).await? {
            return Ok(());
        }
        let mut event = AuditEvent::new(now, Actor::Server, Verb::CodeReported).counting(i64::from(failure.is_none()));
        if let Some(challenge) = &about {
            event = event.about_delivery(challenge.delivery);
            match failure {
                None => tx.rest_cascade(challenge.id).await?,
                Some(class) => {
                    tx.hasten_cascade(challenge.id, now).await?;
                    self.note_failed_number(&mut tx, delivery.as_ref(), class, now).await?;
                }
            }
        }
        tx.commit(event).await?;
        let (state, why) = (if failure.is_none() { "delivered" } else { "failed" }, failure.map(FailureClass::word));
        tracing::info!(provider = row.provider, send = %row.id, state, why, "a provider told what became of a code");
        self.moved.notify_one();
        Ok(())
    }

    async fn note_failed_number(
        &self,
        tx: &mut Tx,
        delivery: Option<&DeliveryRow>,
        class: FailureClass,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let Some(row) = delivery.filter(|row| self.vault.holds(*row, &row.mac)) else { return Ok(()) };
        let Some(sealed) = &row.coordinates else { return Ok(()) };
        let to = self.vault.open_coordinates(row.id, sealed)?;
        self.note_number(tx, row, &to, class, now).await
    }

    /// Sends codes on and listens to providers, until told to stop.
    pub async fn run_codes(&self, mut stop: watch::Receiver<bool>) {
        self.gateways.start();
        // A receipt may be quicker than the commit that says what the provider calls the message.
        let mut early: Vec<(Streamed, u32)> = Vec::new();
        let mut away = Lasting::default();
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let outcome = tokio::select! {
                biased;
                () = stopped(&mut stop) => return,
                report = self.gateways.streamed() => match self.note_streamed(&report).await {
                    Ok(true) => Ok(()),
                    Ok(false) if early.len() < EARLY => {
                        early.push((report, 0));
                        Ok(())
                    }
                    Ok(false) => Ok(()),
                    // Nobody tells it twice: it is kept until the database is back.
                    Err(fault) => {
                        if early.len() < EARLY {
                            early.push((report, 0));
                        }
                        Err(fault)
                    }
                },
                () = self.moved.notified() => self.advance_due().await,
                _ = ticks.tick() => self.tick(&mut early).await,
            };
            match outcome {
                Ok(()) if away.ends() => tracing::info!("codes are worked on again"),
                Err(fault) if away.begins() => {
                    tracing::error!(%fault, "codes on their way cannot be worked on; tried again every second");
                }
                _ => {}
            }
        }
    }
}

impl Access {
    async fn tick(&self, early: &mut Vec<(Streamed, u32)>) -> Result<(), Fault> {
        let (mut later, mut away) = (Vec::new(), None);
        for (report, seen) in early.drain(..) {
            match self.note_streamed(&report).await {
                Ok(false) if seen < SEEN_AGAIN => later.push((report, seen + 1)),
                Ok(_) => {}
                Err(fault) => {
                    later.push((report, seen));
                    away = Some(fault);
                }
            }
        }
        *early = later;
        if let Some(fault) = away {
            return Err(fault);
        }
        self.advance_due().await?;
        self.ask_providers().await
    }
}

/// Receipts of unknown messages that are looked at again, and how often.
const EARLY: usize = 1000;
const SEEN_AGAIN: u32 = 10;

/// The end of the server; its guard is not kept across a wait.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// How often cascades are looked at.
const TICK: Duration = Duration::from_secs(1);
/// How long a node that asks is believed to live.
const ASK_CLAIM: Duration = Duration::from_secs(30);
/// After this nobody asks any more: the code has ended.
const ASKED_FOR: Duration = Duration::from_secs(660);
/// Attempts that one node asks about at once.
const AT_ONCE: i64 = 20;
