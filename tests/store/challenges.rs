//! Challenges and sessions: counting, racing, ending.

use pli::domain::*;
use pli::store::challenges::SendState;
use pli::store::sessions::SessionRow;

use crate::bench::*;

crate::on_both! {
    fault_01_ten_thousand_attempts_pass_the_limit_never
    fault_03_fault_04_a_right_code_is_used_once_by_two_hundred
    an_attempt_needs_a_live_challenge_and_its_browser
    a_new_challenge_voids_the_browsers_earlier_ones
    sends_are_counted_under_a_lock
    wrong_codes_count_and_pauses_never_shrink
    sessions_end
}

async fn fault_01_ten_thousand_attempts_pass_the_limit_never(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let delivery = house.sent(&store).await;
    let browser = hash();
    let challenge = challenge_row(delivery.id, &browser);
    write(&store, Verb::CodeIssued, async |tx| tx.insert_challenge(&challenge).await.unwrap()).await;

    let second = bench.try_open("second").await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..40 {
        let store = if n % 2 == 0 { store.clone() } else { second.clone() };
        let (browser, id) = (browser.clone(), challenge.id);
        tasks.spawn(async move {
            let mut passed = 0;
            for _ in 0..250 {
                let mut tx = store.write("attempt").await.unwrap();
                if let Some(attempt) = tx.take_attempt(id, &browser, 5, NOW).await.unwrap() {
                    assert!(attempt.tries <= 5);
                    passed += 1;
                    tx.commit(event(Verb::CodeRefused)).await.unwrap();
                }
            }
            passed
        });
    }
    assert_eq!(tasks.join_all().await.into_iter().sum::<i32>(), 5);

    store.close().await;
    second.close().await;
    let store = bench.open().await;
    let again =
        write(&store, Verb::CodeRefused, async |tx| tx.take_attempt(challenge.id, &browser, 5, NOW).await.unwrap());
    assert!(again.await.is_none(), "a restart gives no tries back, and the right code is refused too");
    assert_eq!(store.challenge(challenge.id).await.unwrap().unwrap().tries, 5);
}

async fn fault_03_fault_04_a_right_code_is_used_once_by_two_hundred(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let delivery = house.sent(&store).await;
    let browser = hash();
    let challenge = challenge_row(delivery.id, &browser);
    write(&store, Verb::CodeIssued, async |tx| tx.insert_challenge(&challenge).await.unwrap()).await;

    let second = bench.try_open("second").await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..200 {
        let store = if n % 2 == 0 { store.clone() } else { second.clone() };
        let (browser, id, code) = (browser.clone(), challenge.id, challenge.code.clone());
        tasks.spawn(async move {
            let mut tx = store.write("redeem").await.unwrap();
            let used = match tx.take_attempt(id, &browser, 1000, NOW).await.unwrap() {
                Some(attempt) => Some(attempt.code) == code && tx.use_challenge(id, NOW).await.unwrap(),
                None => false,
            };
            tx.commit(event(if used { Verb::CodeAccepted } else { Verb::CodeRefused })).await.unwrap();
            used
        });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|used| *used).count(), 1);
    let row = store.challenge(challenge.id).await.unwrap().unwrap();
    assert_eq!((row.used_at, row.code, row.digits), (Some(NOW), None, None));
}

async fn an_attempt_needs_a_live_challenge_and_its_browser(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let delivery = house.sent(&store).await;
    let browser = hash();
    let challenge = challenge_row(delivery.id, &browser);
    write(&store, Verb::CodeIssued, async |tx| tx.insert_challenge(&challenge).await.unwrap()).await;
    let attempt = async |browser: &KeyedHash, limit, at| {
        write(&store, Verb::CodeRefused, async |tx| {
            tx.take_attempt(challenge.id, browser, limit, at).await.unwrap().map(|attempt| attempt.tries)
        })
        .await
    };
    assert_eq!(attempt(&hash(), 5, NOW).await, None, "another browser");
    assert_eq!(attempt(&browser, 5, later(600)).await, None, "over");
    assert_eq!(attempt(&browser, 0, NOW).await, None, "no tries left");
    assert_eq!(attempt(&browser, 5, later(599)).await, Some(1));
    assert_eq!(store.newest_challenge(delivery.id, &browser).await.unwrap().unwrap().id, challenge.id);
    assert!(store.newest_challenge(delivery.id, &hash()).await.unwrap().is_none());
    assert!(
        !write(&store, Verb::CodeRefused, async |tx| tx.use_challenge(challenge.id, later(600)).await.unwrap()).await
    );

    write(&store, Verb::CodeSent, async |tx| tx.challenge_sent(challenge.id, SendState::Sent, None).await.unwrap())
        .await;
    let row = store.challenge(challenge.id).await.unwrap().unwrap();
    // A provider that took it may report that it did not arrive: the next one needs the digits.
    assert_eq!((row.sent, row.digits, row.code), (SendState::Sent, challenge.digits.clone(), challenge.code.clone()));
    assert_eq!((row.letters.as_str(), row.channel, row.delivery), ("KT", Channel::Sms, delivery.id));

    write(&store, Verb::CodeRefused, async |tx| tx.spend_challenge(challenge.id).await.unwrap()).await;
    assert_eq!(attempt(&browser, 5, NOW).await, None, "spent");
    let spent = store.newest_challenge(delivery.id, &browser).await.unwrap().unwrap();
    assert_eq!((spent.code, spent.digits), (None, None));
    assert!(store.challenge(ChallengeId::random(&Seeded)).await.unwrap().is_none());
}

async fn a_new_challenge_voids_the_browsers_earlier_ones(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let delivery = house.sent(&store).await;
    let (mine, theirs) = (hash(), hash());
    let first = challenge_row(delivery.id, &mine);
    let other = challenge_row(delivery.id, &theirs);
    let mut second = challenge_row(delivery.id, &mine);
    second.created_at = later(61);
    for row in [&first, &other, &second] {
        write(&store, Verb::CodeIssued, async |tx| tx.insert_challenge(row).await.unwrap()).await;
    }
    assert_eq!(store.newest_challenge(delivery.id, &mine).await.unwrap().unwrap().id, second.id);
    assert_eq!(store.newest_challenge(delivery.id, &theirs).await.unwrap().unwrap().id, other.id);
    let void = store.challenge(first.id).await.unwrap().unwrap();
    assert_eq!((void.code, void.digits), (None, None));
}

async fn sends_are_counted_under_a_lock(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let delivery = house.sent(&store).await;
    let (mine, theirs) = (hash(), hash());
    for (browser, seconds) in [(&mine, -90_000), (&mine, -7200), (&mine, -1800), (&mine, -30), (&theirs, -10)] {
        let mut row = challenge_row(delivery.id, browser);
        row.created_at = later(seconds);
        write(&store, Verb::CodeIssued, async |tx| tx.insert_challenge(&row).await.unwrap()).await;
    }
    let counts =
        write(&store, Verb::CodeIssued, async |tx| tx.send_counts(delivery.id, &mine, NOW).await.unwrap()).await;
    assert_eq!((counts.browser_minute, counts.browser_hour, counts.delivery_day), (1, 2, 4));
    assert_eq!((counts.newest, counts.oldest_hour), (Some(later(-30)), Some(later(-1800))));
    assert_eq!(counts.newest_day, Some(later(-10)), "whoever asked");
    let none =
        write(&store, Verb::CodeIssued, async |tx| tx.send_counts(delivery.id, &hash(), NOW).await.unwrap()).await;
    assert_eq!((none.browser_minute, none.newest, none.oldest_hour), (0, None, None));

    // Count, then insert only below a limit of one a minute: of fifty at once, one passes.
    let (fresh, second) = (hash(), bench.try_open("second").await.unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..50 {
        let store = if n % 2 == 0 { store.clone() } else { second.clone() };
        let (browser, id) = (fresh.clone(), delivery.id);
        tasks.spawn(async move {
            let mut tx = store.write("issue").await.unwrap();
            if tx.send_counts(id, &browser, NOW).await.unwrap().browser_minute > 0 {
                return false;
            }
            tx.insert_challenge(&challenge_row(id, &browser)).await.unwrap();
            tx.commit(event(Verb::CodeIssued)).await.unwrap();
            true
        });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|sent| *sent).count(), 1);
}

async fn wrong_codes_count_and_pauses_never_shrink(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let delivery = house.sent(&store).await;
    let wrong = async |until| {
        write(&store, Verb::CodeRefused, async |tx| tx.count_wrong(delivery.id, until).await.unwrap()).await
    };
    assert_eq!(wrong(later(120)).await, 1);
    assert_eq!(wrong(later(60)).await, 2);
    let row = store.delivery(delivery.id).await.unwrap().unwrap();
    assert_eq!((row.tries, row.paused_until), (2, later(120)));
    let mut tx = store.write("wrong").await.unwrap();
    assert!(tx.count_wrong(DeliveryId::random(&Seeded), NOW).await.is_err());
}

async fn sessions_end(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let delivery = house.sent(&store).await;
    let row = SessionRow {
        id: SessionId::random(&Seeded),
        delivery: delivery.id,
        token: hash(),
        key: sealed(),
        ticket: None,
        created_at: NOW,
        expires_at: later(3600),
    };
    write(&store, Verb::CodeAccepted, async |tx| tx.insert_session(&row).await.unwrap()).await;
    let found = store.session(&row.token, later(3599)).await.unwrap().unwrap();
    assert_eq!((found.id, found.delivery, found.key), (row.id, row.delivery, row.key.clone()));
    assert!(store.session(&row.token, later(3600)).await.unwrap().is_none());
    assert!(store.session(&hash(), NOW).await.unwrap().is_none());
    write(&store, Verb::SessionChanged, async |tx| tx.extend_session(row.id, later(7200)).await.unwrap()).await;
    assert!(store.session(&row.token, later(7199)).await.unwrap().is_some());

    let challenge = challenge_row(delivery.id, &hash());
    write(&store, Verb::CodeIssued, async |tx| tx.insert_challenge(&challenge).await.unwrap()).await;
    let prune = async |at| write(&store, Verb::Swept, async |tx| tx.prune_sessions(at).await.unwrap()).await;
    assert_eq!(prune(later(600)).await, 0);
    assert_eq!(prune(later(601)).await, 1, "the challenge");
    assert_eq!(prune(later(7201)).await, 1, "the session");

    let other = SessionRow { id: SessionId::random(&Seeded), token: hash(), ..row };
    write(&store, Verb::CodeAccepted, async |tx| tx.insert_session(&other).await.unwrap()).await;
    write(&store, Verb::SessionChanged, async |tx| tx.delete_session(other.id).await.unwrap()).await;
    assert!(store.session(&other.token, NOW).await.unwrap().is_none());
}
