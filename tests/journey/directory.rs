//! The directory: families and carers who share addresses and numbers, those who read for others until a day, numbers
//! that practitioners told, lists. What could reach the wrong person is asked, and never sent.

use std::time::Duration;

use pli::delivery::persons::Filing;
use pli::delivery::roster::{Listed, Outcome};
use pli::domain::*;

use crate::holds::{answered, held, newest, reply, submit, told};
use crate::letter::opened;
use crate::letters;
use crate::world::{COLLEAGUE, DOCTOR, JEANNE, PAUL, World, profile};

super::on_both! {
    fault_39_a_couple_with_one_address_is_never_taken_for_one_another
    a_number_that_is_shared_on_purpose_is_asked_about_no_more
    fault_13_who_read_for_another_is_sent_nothing_once_that_has_ended
    fault_13_nobody_is_reminded_of_what_they_read_no_more
    a_number_that_was_given_up_is_not_used_again
    what_was_told_serves_the_practice_once_it_is_confirmed
    two_practitioners_who_tell_the_same_are_enough
    fault_12_a_list_touches_no_other_practice
    a_list_that_changes_a_person_while_it_is_taken_is_refused
}

const PLI: &str = "pli@cabinet.example";
const HERS: &str = "06 12 34 56 78";
const HIS: &str = "06 98 76 54 32";
const BOTH: Filing = Filing { who: PersonName(String::new()), shares: Shares { number: true, address: true } };

pub fn record(name: &str, address: &str, number: &str) -> PatientRecord {
    PatientRecord {
        name: PersonName(name.to_owned()),
        address: address.parse().unwrap(),
        number: PhoneNumber::parse(number, "FR".parse().unwrap(), &[]).unwrap(),
        language: None,
        channel: None,
        birth_date: None,
    }
}

async fn add(world: &World, name: &str, address: &str, number: &str, filing: &Filing) -> PatientId {
    let deliveries = &world.running.rooms.deliveries;
    let record = record(name, address, number);
    deliveries.add_patient(world.practice, PatientKind::Patient, record, filing).await.unwrap()
}

/// The letter that Pli wrote last, where it is a question about somebody who waits.
async fn question(world: &World) -> String {
    let last = told(world, &world.doctor).await.pop().expect("a letter");
    assert!(last.starts_with("En attente : "), "{last}");
    last
}

/// faults.md row 39: the number goes with the person.
async fn fault_39_a_couple_with_one_address_is_never_taken_for_one_another(world: World) {
    let jeanne = add(&world, "Jeanne Canari", JEANNE, HERS, &Filing::default()).await;
    let deliveries = &world.running.rooms.deliveries;
    let his = record("Paul Canari", JEANNE, HIS);
    let refused = deliveries.add_patient(world.practice, PatientKind::Patient, his, &Filing::default()).await;
    assert!(refused.unwrap_err().to_string().contains("--shares-address"));
    let paul = add(&world, "Paul Canari", JEANNE, HIS, &BOTH).await;
    // Nobody is named, or somebody whom nobody knows.
    world.submit(&[JEANNE], &letters::plain(JEANNE, "Avis")).await.unwrap();
    assert!(question(&world).await.contains("Plusieurs personnes"));
    world.submit(&[JEANNE], &letters::plain(&format!("Luc Canari <{JEANNE}>"), "Avis")).await.unwrap();
    assert!(question(&world).await.contains("Plusieurs personnes"));
    // One is named, with the number of the other.
    world
        .submit(&[JEANNE], &letters::plain(&format!("Paul Canari <{JEANNE}>"), "Avis [06 12 34 56 78]"))
        .await
        .unwrap();
    assert!(question(&world).await.contains("n'est pas celui qui est connu"));
    assert_eq!((held(&world).await, world.relay.caught().len()), (3, 0));
    // The name chooses.
    world.submit(&[JEANNE], &letters::plain(&format!("Paul CANARI <{JEANNE}>"), "Avis")).await.unwrap();
    opened(&world, &world.browser(), &world.notices(1).await[0].link()).await;
    assert_eq!(world.gateway.last().to, "+33698765432");
    // With one number for both there is nothing to take for another.
    let both = record("Paul Canari", JEANNE, HERS);
    deliveries.set_patient(paul, PatientKind::Patient, both, &BOTH).await.unwrap();
    world.submit(&[JEANNE], &letters::plain(JEANNE, "Avis")).await.unwrap();
    opened(&world, &world.browser(), &world.notices(2).await[1].link()).await;
    assert_eq!(world.gateway.last().to, "+33612345678");
    // Where days of birth are asked for and theirs differ, who is meant must be said.
    let asks = PracticeProfile { ask_birth_date: true, ..profile() };
    deliveries.set_practice(world.practice, asks).await.unwrap();
    for (id, name, day) in [(jeanne, "Jeanne Canari", "1950-03-12"), (paul, "Paul Canari", "1948-07-14")] {
        let record = PatientRecord { birth_date: BirthDate::parse(day), ..record(name, JEANNE, HERS) };
        deliveries.set_patient(id, PatientKind::Patient, record, &BOTH).await.unwrap();
    }
    world.submit(&[JEANNE], &letters::plain(JEANNE, "Avis")).await.unwrap();
    assert!(question(&world).await.contains("Plusieurs personnes"));
    world.submit(&[JEANNE], &letters::plain(&format!("Paul Canari <{JEANNE}>"), "Avis")).await.unwrap();
    world.notices(3).await;
    let nobodys = "SELECT COUNT(*) FROM deliveries WHERE state <> 'held' AND patient_id IS NULL";
    assert_eq!(world.count(nobodys).await, 1, "whose letter it is nobody says");
    world.running.stop().await;
}

async fn a_number_that_is_shared_on_purpose_is_asked_about_no_more(world: World) {
    let jeanne = add(&world, "Jeanne Canari", JEANNE, HERS, &Filing::default()).await;
    let deliveries = &world.running.rooms.deliveries;
    let child = record("Léa Canari", "lea@patient.example", HERS);
    let refused = deliveries.add_patient(world.practice, PatientKind::Patient, child, &Filing::default()).await;
    assert!(refused.unwrap_err().to_string().contains(&jeanne.to_string()), "with whom is said by id");
    world.submit(&[PAUL], &letters::plain(PAUL, "Avis [06 12 34 56 78]")).await.unwrap();
    assert!(question(&world).await.contains("une autre personne de l'annuaire"));
    add(&world, "Léa Canari", "lea@patient.example", HERS, &BOTH).await;
    world.submit(&[PAUL], &letters::plain(PAUL, "Avis [06 12 34 56 78]")).await.unwrap();
    assert_eq!(world.notices(1).await[0].to, PAUL);
    world.running.stop().await;
}

/// faults.md row 13: who may read is asked again with each letter.
async fn fault_13_who_read_for_another_is_sent_nothing_once_that_has_ended(world: World) {
    const MOTHER: &str = "mother@patient.example";
    let deliveries = &world.running.rooms.deliveries;
    // Reminders of what was sent before play no part.
    let reminders = Reminders { days: 0, ..Reminders::default() };
    deliveries.set_practice(world.practice, PracticeProfile { reminders, ..profile() }).await.unwrap();
    // The child's codes go to its mother too.
    let child = add(&world, "Jeanne Canari", JEANNE, HERS, &Filing::default()).await;
    let now = jiff::Timestamp::from_millisecond(world.clock.now().0).unwrap();
    let today = now.to_zoned(jiff::tz::TimeZone::get("Europe/Paris").unwrap()).date();
    let until = today.checked_add(jiff::Span::new().days(10)).unwrap();
    let mandate = |until| Mandate { of: child, reason: MandateReason::Parent, words: String::new(), until };
    let mother = || record("Anne Canari", MOTHER, HERS);
    assert!(deliveries.add_guardian(mother(), mandate(today), &Filing::default()).await.is_err(), "over already");
    let guardian = deliveries.add_guardian(mother(), mandate(until), &Filing::default()).await.unwrap();
    world.submit(&[MOTHER], &letters::plain(MOTHER, "Avis")).await.unwrap();
    world.submit(&[JEANNE], &letters::plain(JEANNE, "Avis")).await.unwrap();
    world.notices(2).await;

    world.pass(Duration::from_secs(10 * 86_400));
    world.submit(&[MOTHER], &letters::plain(MOTHER, "Avis")).await.unwrap();
    let why = "lisait pour une autre";
    assert!(question(&world).await.contains(why));
    // A number of somebody else's does not help, and neither does saying her own: that needs a word.
    let again = answered(&world, HIS).await;
    assert!(again.contains(why) && !again.contains("54 32"), "{again}");
    let again = answered(&world, HERS).await;
    assert!(again.contains(why) && again.contains("•• •• •• 56 78"), "{again}");
    assert!(answered(&world, "annuler").await.contains(MOTHER));
    // The child's own address with its mother's number is the mother's.
    world.submit(&[JEANNE], &letters::plain(JEANNE, "Avis")).await.unwrap();
    assert!(question(&world).await.contains(why));
    world.submit(&[JEANNE], &letters::plain(JEANNE, "Avis [06 12 34 56 78]")).await.unwrap();
    assert!(question(&world).await.contains(why));
    assert_eq!((held(&world).await, world.relay.caught().len()), (2, 2));
    // A word lets one letter go, and is not remembered for the next.
    assert!(answered(&world, "oui").await.starts_with("Parti : "));
    world.notices(3).await;
    world.submit(&[MOTHER], &letters::plain(MOTHER, "Avis")).await.unwrap();
    assert!(question(&world).await.contains(why));
    // Renewed, she reads again; taken out, she is nobody's, and the number is the child's alone.
    let later = until.checked_add(jiff::Span::new().years(1)).unwrap();
    assert_eq!(deliveries.add_guardian(mother(), mandate(later), &Filing::default()).await.unwrap(), guardian);
    world.submit(&[MOTHER], &letters::plain(MOTHER, "Avis")).await.unwrap();
    world.notices(4).await;
    deliveries.remove_guardian(guardian).await.unwrap();
    world.submit(&[MOTHER], &letters::plain(MOTHER, "Avis")).await.unwrap();
    assert!(question(&world).await.contains(why), "she did read, and does so no more");
    deliveries.remove_patient(guardian).await.unwrap();
    world.submit(&[MOTHER], &letters::plain(MOTHER, "Avis")).await.unwrap();
    assert!(question(&world).await.contains("Aucun numéro"));
    // Her old tag is nobody's word any more either.
    world.submit(&[MOTHER], &letters::plain(MOTHER, "Avis [06 12 34 56 78]")).await.unwrap();
    question(&world).await;
    world.submit(&[JEANNE], &letters::plain(JEANNE, "Avis")).await.unwrap();
    world.notices(5).await;
    // Whoever moves her to herself in the database is noticed.
    deliveries.add_guardian(mother(), mandate(later), &Filing::default()).await.unwrap();
    assert_eq!(world.sql("UPDATE patients SET ward_id = NULL WHERE ward_id IS NOT NULL").await, 1);
    assert!(world.submit(&[MOTHER], &letters::plain(MOTHER, "Avis")).await.is_err());
    assert_eq!(world.relay.caught().len(), 5);
    world.running.stop().await;
}

/// A reminder of a letter of before does not go to who read for another then.
async fn fault_13_nobody_is_reminded_of_what_they_read_no_more(world: World) {
    const MOTHER: &str = "mother@patient.example";
    let deliveries = &world.running.rooms.deliveries;
    let child = add(&world, "Jeanne Canari", JEANNE, HERS, &Filing::default()).await;
    let now = jiff::Timestamp::from_millisecond(world.clock.now().0).unwrap();
    let until = now.to_zoned(jiff::tz::TimeZone::UTC).date().checked_add(jiff::Span::new().days(3)).unwrap();
    let mandate = Mandate { of: child, reason: MandateReason::Guardian, words: String::new(), until };
    let mother = record("Anne Canari", MOTHER, HIS);
    deliveries.add_guardian(mother, mandate, &Filing::default()).await.unwrap();
    for to in [MOTHER, JEANNE] {
        world.submit(&[to], &letters::plain(to, "Avis")).await.unwrap();
    }
    world.notices(2).await;
    crate::world::until(async || world.count("SELECT COUNT(*) FROM deliveries WHERE state = 'notified'").await == 2)
        .await;
    world.pass(Duration::from_secs(5 * 86_400 + 60));
    deliveries.run_reminders().await.unwrap();
    world.notices(3).await;
    let waits = "SELECT COUNT(*) FROM outbox WHERE done_at IS NULL";
    crate::world::until(async || world.count(waits).await == 0).await;
    let caught = world.relay.caught();
    let to: Vec<&str> = caught.iter().skip(2).map(|mail| mail.to.as_str()).collect();
    assert_eq!(to, [JEANNE]);
    world.running.stop().await;
}

/// An old letter is taken up again, and its number is another person's today.
async fn a_number_that_was_given_up_is_not_used_again(world: World) {
    let deliveries = &world.running.rooms.deliveries;
    let jeanne = add(&world, "Jeanne Canari", JEANNE, HERS, &Filing::default()).await;
    world.submit(&[JEANNE], &letters::plain(JEANNE, "Avis [06 12 34 56 78]")).await.unwrap();
    world.notices(1).await;
    let moved = record("Jeanne Canari", JEANNE, HIS);
    deliveries.set_patient(jeanne, PatientKind::Patient, moved, &Filing::default()).await.unwrap();
    assert_eq!(deliveries.patient(jeanne).await.unwrap().vouch.unwrap().how, Vouched::Changed);
    add(&world, "Paul Canari", PAUL, HERS, &Filing::default()).await;
    for subject in ["Avis [06 12 34 56 78]", "TR: Avis [06 12 34 56 78]", "Re: Avis [06 12 34 56 78]"] {
        world.submit(&[JEANNE], &letters::plain(JEANNE, subject)).await.unwrap();
        assert!(question(&world).await.contains("n'est pas celui qui est connu"), "{subject}");
    }
    assert_eq!(held(&world).await, 3);
    world.submit(&[JEANNE], &letters::plain(JEANNE, "Avis")).await.unwrap();
    opened(&world, &world.browser(), &world.notices(2).await[1].link()).await;
    assert_eq!(world.gateway.last().to, "+33698765432");
    world.running.stop().await;
}

async fn what_was_told_serves_the_practice_once_it_is_confirmed(world: World) {
    let deliveries = &world.running.rooms.deliveries;
    world.submit(&[PAUL], &letters::plain(&format!("Paul Canari <{PAUL}>"), "Avis")).await.unwrap();
    answered(&world, HIS).await;
    world.notices(1).await;
    let told_of = deliveries.learned_numbers(world.practice).await.unwrap();
    assert_eq!((told_of.len(), told_of[0].by.as_str(), told_of[0].record.name.0.as_str()), (1, DOCTOR, "Paul Canari"));
    let filing = Filing { who: PersonName("claire".to_owned()), ..Filing::default() };
    let paul = deliveries.confirm_learned(told_of[0].id, &filing).await.unwrap();
    let vouch = deliveries.patient(paul).await.unwrap().vouch.unwrap();
    assert_eq!((vouch.how, vouch.who.0.as_str()), (Vouched::Confirmed, "claire"));
    assert_eq!(vouch.mailbox, Some(world.doctor.id));
    assert!(deliveries.learned_numbers(world.practice).await.unwrap().is_empty());
    // The colleague is asked nothing.
    let theirs = String::from_utf8(letters::plain(PAUL, "Avis")).unwrap().replace(DOCTOR, COLLEAGUE);
    assert!(submit(&world, (COLLEAGUE, &world.colleague), &[PAUL], theirs.as_bytes()).await.starts_with("250"));
    assert_eq!(world.notices(2).await[1].to, PAUL);
    // What is refused is forgotten, and who told it is asked again.
    world.submit(&[JEANNE], &letters::plain(JEANNE, "Avis")).await.unwrap();
    answered(&world, HERS).await;
    world.notices(3).await;
    let told_of = deliveries.learned_numbers(world.practice).await.unwrap();
    deliveries.refuse_learned(told_of[0].id).await.unwrap();
    world.submit(&[JEANNE], &letters::plain(JEANNE, "Avis")).await.unwrap();
    assert!(question(&world).await.contains("Aucun numéro"));
    assert!(deliveries.confirm_learned(told_of[0].id, &filing).await.is_err());
    world.running.stop().await;
}

/// R-S33: an administrator or a second practitioner.
async fn two_practitioners_who_tell_the_same_are_enough(world: World) {
    let deliveries = &world.running.rooms.deliveries;
    world.submit(&[PAUL], &letters::plain(PAUL, "Avis")).await.unwrap();
    answered(&world, HIS).await;
    let theirs = String::from_utf8(letters::plain(PAUL, "Avis")).unwrap().replace(DOCTOR, COLLEAGUE);
    submit(&world, (COLLEAGUE, &world.colleague), &[PAUL], theirs.as_bytes()).await;
    assert!(deliveries.patients(world.practice).await.unwrap().is_empty());
    let asked = newest(&world, &world.colleague).await;
    submit(&world, (COLLEAGUE, &world.colleague), &[PLI], &reply(COLLEAGUE, &asked, HIS)).await;
    world.notices(2).await;
    let known = deliveries.patients(world.practice).await.unwrap();
    assert_eq!(known.len(), 1);
    assert_eq!(known[0].vouch.as_ref().unwrap().how, Vouched::Twice);
    assert!(deliveries.learned_numbers(world.practice).await.unwrap().is_empty());
    // From now on the directory says it, to both.
    world.submit(&[PAUL], &letters::plain(PAUL, "Avis")).await.unwrap();
    assert_eq!(world.notices(3).await[2].to, PAUL);
    world.running.stop().await;
}

fn listed(name: &str, address: &str, number: &str) -> Listed {
    let record = record(name, address, number);
    Listed {
        id: None,
        kind: None,
        name: record.name,
        address: record.address,
        number: record.number,
        language: None,
        channel: None,
        birth_date: None,
        shares: Shares::default(),
    }
}

/// faults.md row 12: a list is of one practice, whatever ids and coordinates stand in it.
async fn fault_12_a_list_touches_no_other_practice(world: World) {
    let deliveries = &world.running.rooms.deliveries;
    let other = PracticeProfile { name: "bastide".to_owned(), ..profile() };
    let other = deliveries.add_practice(other).await.unwrap();
    let theirs = record("Jeanne Canari", JEANNE, HERS);
    let theirs = deliveries.add_patient(other, PatientKind::Patient, theirs, &Filing::default()).await.unwrap();
    let mut roster = deliveries.roster(world.practice, PersonName::default(), false);
    let by_id = Listed { id: Some(theirs), ..listed("Jeanne Noir", JEANNE, HIS) };
    let outcomes = roster.take(vec![by_id, listed("Paul Canari", JEANNE, HERS)]).await.unwrap();
    assert!(matches!(&outcomes[0], Outcome::Refused(why) if why.to_string() == "there is no such person"));
    assert!(matches!(outcomes[1], Outcome::Added(_)), "nobody is told of another practice's persons");
    let kept = deliveries.patient(theirs).await.unwrap();
    assert_eq!((kept.record.name.0.as_str(), kept.practice), ("Jeanne Canari", other));
    // Father and son have one name and one address, and are two where their days of birth say so.
    let born = |day: &str, shares| {
        let birth_date = BirthDate::parse(day);
        Listed { birth_date, shares, ..listed("Jean Noir", "noir@patient.example", "06 11 22 33 44") }
    };
    let no = Shares::default();
    let lines = vec![born("14/07/1948", no), born("1980-01-02", no), born("1948-07-14", no)];
    let mut noir = deliveries.roster(other, PersonName::default(), false);
    let outcomes = noir.take(lines).await.unwrap();
    assert!(matches!(outcomes[..], [Outcome::Added(_), Outcome::Refused(_), Outcome::Same(_)]), "{outcomes:?}");
    let both = Shares { number: true, address: true };
    let outcomes = noir.take(vec![born("1980-01-02", both), born("1948-07-14", no)]).await.unwrap();
    assert!(matches!(outcomes[..], [Outcome::Added(_), Outcome::Same(_)]), "{outcomes:?}");
    // In one batch and in two, a list says the same.
    let lines =
        || vec![listed("Paul Canari", JEANNE, HERS), listed("Léa Noir", PAUL, HIS), listed("Léa NOIR", PAUL, HIS)];
    let words = |outcomes: &[Outcome]| -> Vec<&'static str> {
        let word = |outcome: &Outcome| match outcome {
            Outcome::Added(_) => "added",
            Outcome::Changed(..) => "changed",
            Outcome::Same(_) => "same",
            Outcome::Refused(_) => "refused",
        };
        outcomes.iter().map(word).collect()
    };
    let mut dry = deliveries.roster(world.practice, PersonName::default(), true);
    assert_eq!(words(&dry.take(lines()).await.unwrap()), ["same", "added", "changed"]);
    assert_eq!(words(&dry.take(lines()).await.unwrap()), ["same", "changed", "changed"], "a dry run remembers");
    assert_eq!(words(&roster.take(lines()).await.unwrap()), ["same", "added", "changed"]);
    assert_eq!(words(&roster.take(lines()).await.unwrap()), ["same", "changed", "changed"]);
    let persons = deliveries.patients(world.practice).await.unwrap();
    let mut names: Vec<&str> = persons.iter().map(|person| person.record.name.0.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Léa NOIR", "Paul Canari"]);
    world.running.stop().await;
}

async fn a_list_that_changes_a_person_while_it_is_taken_is_refused(world: World) {
    let deliveries = &world.running.rooms.deliveries;
    add(&world, "Jeanne Canari", JEANNE, HERS, &Filing::default()).await;
    // Two lists at once: each person is changed by one of them, or by one after the other; never half.
    let take = async |number: &str| {
        let mut roster = deliveries.roster(world.practice, PersonName::default(), false);
        roster.take(vec![listed("Jeanne Canari", JEANNE, number)]).await.unwrap().remove(0)
    };
    let (a, b) = tokio::join!(take(HIS), take("06 11 22 33 44"));
    let changed = [&a, &b].into_iter().filter(|outcome| matches!(outcome, Outcome::Changed(..))).count();
    assert!(changed >= 1, "{a:?} {b:?}");
    let persons = deliveries.patients(world.practice).await.unwrap();
    assert_eq!(persons.len(), 1);
    assert_ne!(persons[0].record, record("Jeanne Canari", JEANNE, HERS));
    world.running.stop().await;
}
