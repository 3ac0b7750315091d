//! Every page in every state and language, from typed samples; and the router before the guards.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use tower::ServiceExt;

use crate::access::{Access, LinkState};
use crate::delivery::Deliveries;
use crate::domain::{
    BrowserToken, Clock, Contact, Language, PracticeProfile, Random, SecretText, SessionToken, Ticket, Timestamp,
};
use crate::gateway::Gateways;
use crate::mailbox::{self, Letter, Mailboxes};
use crate::store::{Store, StoreOptions};
use crate::texts::{Said, Texts};
use crate::vault::{RootKey, Vault};

use super::answering::Remark;
use super::guard::Visitor;
use super::pages::{self, Complaint};
use super::sheet::{
    ASKED_WHEN_BORN, NOW, Sample, TICKET, all_pages, answer_states, later, letter_page_of, link_page_of, link_states,
    refusals,
};
use super::words::Words;
use super::{Guard, Portal, ROUTES, Settings, headers, logo, sheet, statement, style};

struct Stopped;
impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        NOW
    }
}

struct Counting(std::sync::atomic::AtomicU8);
impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.0.fetch_add(41, std::sync::atomic::Ordering::Relaxed);
        }
    }
}

fn counting() -> Counting {
    Counting(std::sync::atomic::AtomicU8::new(7))
}

fn practice() -> PracticeProfile {
    PracticeProfile {
        name: "port".into(),
        public_name: "Cabinet du Port <& associés>".into(),
        telephone: "+377 93 30 00 00".into(),
        language: Language::Fr,
        timezone: "Europe/Paris".into(),
        region: "MC".into(),
        neighbours: Vec::new(),
        countries: Vec::new(),
        notice_from: String::new(),
        days: 30,
        reminders: crate::domain::Reminders::default(),
        ask_birth_date: false,
        remember_browsers: false,
        logo: logo::of_the_demonstration(),
    }
}

/// Names and texts that no template may take for anything else.
fn sample() -> Sample {
    Sample {
        practice: practice(),
        letter: sample_letter,
        away: "Le Dr Rossi lit <vos> réponses.\nÀ bientôt.",
        text: "Mon texte <& à garder>\nsuite",
        names: ["jeu <b>.exe", "x&y.pdf"],
    }
}

fn link_page(language: Language, demonstration: bool, state: LinkState, complaint: Option<Complaint>) -> String {
    link_page_of(practice(), language, demonstration, state, complaint, (Some(later(20 * 60)), None))
}

fn sample_letter() -> Letter {
    let file = |number, name: &str, media_type: &str, size| mailbox::File {
        number,
        name: name.into(),
        media_type: media_type.into(),
        size,
        in_pieces: false,
    };
    Letter {
        from: "Camille Durand <&>".into(),
        date: later(-90),
        subject: "Vos résultats <b>".into(),
        language: None,
        bodies: vec![
            mailbox::Body::Plain("Bonjour,\n\nVoici <script>vos</script> résultats : https://labo.example/\n".into()),
            mailbox::Body::Html("<div>Bien <b>à vous</b><script>x</script><p>non fermé <img src='cid:logo'>".into()),
        ],
        files: vec![
            file(0, "Ordonnance \"été\".pdf", "application/pdf", 1_249_999),
            file(1, "radio.jpg", "image/jpeg", 340_400),
            file(2, "page.html", "text/html", 999),
        ],
        pictures: vec![mailbox::Picture {
            id: "logo".into(),
            name: "Logo <&\">.png".into(),
            kind: "image/png",
            octets: b"\x89PNG\r\n\x1a\n".to_vec().into(),
        }],
        to: Vec::new(),
        ended: false,
    }
}

fn letter_page(language: Language, demonstration: bool, letter: Letter) -> String {
    let (_, answering, ended, remark) = answer_states(&sample()).remove(0);
    letter_page_of(&practice(), language, demonstration, letter, (answering, ended, remark))
}

#[test]
fn every_page_in_every_state_and_language_is_sound() {
    for language in Language::ALL {
        for (name, page) in all_pages(&sample(), language, false) {
            let name = format!("{name} ({})", language.tag());
            well_formed(&page).unwrap_or_else(|fault| panic!("{name}: {fault}\n{page}"));
            assert!(page.len() < 50_000, "{name}: {} octets", page.len());
            let unsaid = page.contains("portal-") || page.contains("answer-");
            assert!(!unsaid, "{name}: a message without text\n{page}");
            assert!(!page.contains(['{', '}']), "{name}: an argument without value");
            assert_eq!(page.matches("<h1").count(), 1, "{name}: one first heading");
            assert!(title(&page).chars().count() > 8, "{name}: a title");
            let own = format!("<script src=\"/s/{}\" defer></script>", style::script());
            let rest = page.replace(&own, "");
            assert_eq!(rest.len() < page.len(), name.starts_with("enter"), "{name}: waits for a code");
            assert!(!rest.contains("<script") && !page.contains("style=") && !page.contains("onclick"), "{name}");
            assert!(!page.contains("http://") && !page.contains("//cdn"), "{name}: nothing of others");
            let both = pages::BOTH.iter().any(|(both, _)| name.starts_with(both));
            let tag = if both { "fr" } else { language.tag() };
            assert!(page.contains(&format!("<html lang=\"{tag}\">")), "{name}");
            let lower = page.to_lowercase();
            for word in ["patient", "pazient", "pacient", "пациент"] {
                assert!(!lower.contains(word), "{name}: nobody is called that");
            }
        }
    }
}

#[test]
fn a_logo_stands_beside_the_name_above_an_open_letter_and_nowhere_else() {
    let heads = "<img class=\"logo\" src=\"/letter/logo?of=0a1b2c3d\" alt=\"\" width=\"56\" height=\"56\">\n\
                 <p class=\"practice\">Cabinet du Port";
    for language in Language::ALL {
        for (name, page) in all_pages(&sample(), language, false) {
            let open = name == "message" || ["letter", "answer-"].iter().any(|open| name.starts_with(open));
            assert_eq!(page.contains(heads), open, "{name} ({})\n{page}", language.tag());
            assert_eq!(page.contains("logo"), open, "{name} ({})", language.tag());
            assert_eq!(page.contains("<img src=\"/favicon.svg\" alt=\"\""), !open, "{name} ({})", language.tag());
        }
    }
    let (_, answering, ended, remark) = answer_states(&sample()).remove(0);
    let bare = PracticeProfile { logo: None, ..practice() };
    let page = letter_page_of(&bare, Language::Fr, false, sample_letter(), (answering, ended, remark));
    assert!(!page.contains("logo") && page.contains("<img src=\"/favicon.svg\""));
}

#[test]
fn titles_tell_the_states_apart_and_errors_first() {
    for language in Language::ALL {
        for (name, state, complaint) in link_states() {
            let page = link_page(language, false, state, complaint);
            let error = title(&page).starts_with(&said(language, "portal-error-title", &[("title", "".into())]));
            assert_eq!(error, complaint.is_some(), "{name}: {}", title(&page));
            if name.ends_with("not-mine") {
                // What was not ticked is named, and nothing else.
                assert_eq!(page.matches("aria-invalid").count(), 1, "{name}");
                assert!(
                    page.contains("value=\"yes\" autofocus aria-invalid=\"true\" aria-describedby=\"error\""),
                    "{name}"
                );
            } else if matches!(complaint, Some(Complaint::NotACode | Complaint::Wrong(_))) && name.starts_with("enter")
            {
                assert!(page.contains("aria-invalid=\"true\" aria-describedby=\"error hint\""), "{name}");
            } else {
                // What was not typed is not called wrong.
                assert!(!page.contains("aria-invalid"), "{name}");
            }
            let focused = page.matches(" autofocus").count();
            // Where somebody types, or where a form that was sent went wrong: never on the way to a page.
            assert_eq!(focused, usize::from(page.contains("id=\"code\"") || complaint.is_some()), "{name}");
        }
        let named =
            ["choose", "enter", "paused", "expired", "recalled", "locked", "letter", "message", "closed", "gone"];
        let kinds: Vec<(String, String)> = all_pages(&sample(), language, false)
            .into_iter()
            .filter(|(name, _)| named.contains(&name.as_str()))
            .collect();
        let titles: BTreeSet<&str> = kinds.iter().map(|(_, page)| title(page)).collect();
        assert_eq!(titles.len(), kinds.len(), "{titles:?}");
    }
}

#[test]
fn what_is_refused_comes_back_with_its_text_and_an_answer_never_hides_its_limits() {
    for language in Language::ALL {
        for (name, answering, ended, remark) in answer_states(&sample()) {
            let closed = answering.closed.is_some() || ended;
            let refused = matches!(remark, Remark::Refused(..));
            let page = letter_page_of(&practice(), language, false, sample_letter(), (answering, ended, remark));
            let (short, name) = (name, format!("{name} ({})\n{page}", language.tag()));
            assert_eq!(page.contains("action=\"/letter/answer\""), !closed, "{name}");
            assert_eq!(page.contains("accept=\"image/jpeg,image/png,application/pdf\""), !closed, "{name}");
            assert_eq!(page.contains("112"), !closed, "{name}: whom to call in an emergency");
            assert!(closed || page.contains("10 ") && page.contains("26"), "{name}: what is taken");
            assert_eq!(page.contains("id=\"error\""), refused, "{name}");
            // What is wrong is marked, and led to, and nothing else is.
            let text = page.matches("name=\"text\" rows=\"6\" maxlength=\"20000\" aria-invalid=\"true\"").count();
            let files = page.matches("multiple aria-invalid=\"true\" aria-describedby=\"error limits\"").count();
            let (about, led) = match short {
                "nothing" | "too-long" => ((1, 0), "#reply"),
                "too-large" | "too-many" | "program" | "infected" => ((0, 2), "#files"),
                _ => ((0, 0), "#answer"),
            };
            assert_eq!((text, files), about, "{name}");
            assert!(!refused || page.contains(&format!("<a href=\"{led}\">")), "{name}");
            assert_eq!(page.contains("Mon texte &#60;&#38; à garder&#62;\nsuite</textarea>"), refused, "{name}");
            assert!(!closed || page.contains("+377 93 30 00 00"), "{name}: whom to call");
        }
        for (_, refusal) in refusals(&sample()) {
            let words = Words::new(&Texts::new(), language, "Europe/Paris", NOW);
            let page = pages::lost(&words, false, Some(&practice()), TICKET, (&refusal, "Mon <texte>"));
            assert!(page.contains("Mon &#60;texte&#62;</textarea>") && page.contains(&format!("/l/{TICKET}")));
        }
    }
}

#[test]
fn fault_14_nothing_is_chosen_beforehand() {
    let page = link_page(Language::Fr, false, link_states().remove(0).1, None);
    assert_eq!(page.matches("type=\"radio\"").count(), 2);
    assert!(!page.contains("checked") && !page.contains("autofocus"));
    assert!(!page.contains("value=\"sms\" type=\"submit\""));
}

/// A text of the pages.
fn said(language: Language, id: &str, arguments: &[(&str, Said<'_>)]) -> String {
    Texts::new().say(language, id, arguments)
}

/// What an SMS and a call are called.
fn channel_words(language: Language) -> (&'static str, &'static str) {
    match language {
        Language::Fr => ("SMS", "appel téléphonique"),
        Language::En => ("text message", "telephone call"),
        Language::It => ("SMS", "telefonata"),
        Language::Es => ("SMS", "llamada"),
        Language::Ru => ("СМС", "звонком"),
    }
}

#[test]
fn one_way_is_chosen_as_well_and_no_other_is_spoken_of() {
    for language in Language::ALL {
        for (name, state, complaint) in link_states() {
            let LinkState::Choose { sms, voice, .. } = state else { continue };
            let page = link_page(language, false, state, complaint);
            let name = format!("{name} ({})\n{page}", language.tag());
            assert_eq!(page.matches("type=\"radio\"").count(), usize::from(sms) + usize::from(voice), "{name}");
            assert!(!page.contains(" checked"), "{name}");
            assert_eq!(page.contains("/code\">"), sms || voice, "{name}");
            // Where a number takes no SMS, that is said; otherwise only what is offered has a name.
            let spoken = page.replace(&said(language, "portal-failed-landline", &[]), "");
            let spoken = spoken.replace(&said(language, "portal-failed-stopped", &[]), "");
            let failed = page.contains("id=\"error\"") && !name.contains("-one");
            let (by_sms, by_voice) = channel_words(language);
            if !failed || (sms != voice) {
                assert_eq!(spoken.contains(by_sms), sms, "{name}");
            }
            assert_eq!(page.contains(by_voice), voice, "{name}");
            let how = said(language, "portal-choose-legend", &[]);
            assert_eq!(page.contains(&how), sms && voice, "{name}");
            let none = page.contains("id=\"none\"");
            assert_eq!(none, !sms && !voice, "{name}");
            let call = said(language, "portal-choose-none", &[("telephone", "+377 93 30 00 00".into())]);
            assert!(call.contains("\u{a0}+377 93 30 00 00."), "{call}");
            assert_eq!(page.contains(&call), none, "{name}");
        }
    }
}

#[test]
fn who_has_no_telephone_sends_nobody_to_its_number() {
    for language in Language::ALL {
        let silent = PracticeProfile { telephone: String::new(), ..practice() };
        let words = Words::new(&Texts::new(), language, "Europe/Paris", NOW);
        let pages: Vec<String> = link_states()
            .into_iter()
            .map(|(_, state, complaint)| {
                link_page_of(silent.clone(), language, false, state, complaint, (Some(later(20 * 60)), None))
            })
            .chain([pages::gone(&words, false, &silent), pages::closed(&words, false, &silent, None)])
            .collect();
        for page in pages {
            let label = said(language, "portal-call", &[]);
            for promised in ["tel:", "+377", &label, "en bas de", "bottom"] {
                assert!(!page.contains(promised), "{promised}\n{page}");
            }
            for call_us in ["ppelez-nous", "call us", "i chiami", "lámenos", "воните нам"] {
                assert!(!page.contains(call_us), "{call_us}\n{page}");
            }
        }
    }
}

#[test]
fn a_letter_without_a_date_shows_none() {
    for language in Language::ALL {
        let page = letter_page(language, false, Letter { date: Timestamp(0), ..sample_letter() });
        let label = format!("<dt>{}<", said(language, "portal-date", &[]));
        assert!(!page.contains("1970") && !page.contains(&label));
        assert!(letter_page(language, false, sample_letter()).contains(&label));
    }
}

/// French puts a space that does not break before these signs and within quotes; the others none. What senders write is
/// theirs.
#[test]
fn signs_stand_as_their_language_wants_them() {
    for language in Language::ALL {
        for (name, page) in all_pages(&sample(), language, false)
            .into_iter()
            .filter(|(name, _)| !name.starts_with("letter") && name != "message")
        {
            let both = pages::BOTH.iter().any(|(both, _)| name == *both);
            for text in page.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, text)| text) {
                let text = text.replace("&#60;", "").replace("&#62;", "").replace("&#38;", "");
                assert!(
                    ![" :", " ?", " !", " ;", " »", "« ", " %"].iter().any(|sign| text.contains(sign)),
                    "{name}: {text}"
                );
                if language == Language::Fr && !both {
                    let before = |sign: char| text.split(sign).rev().skip(1).all(|said| said.ends_with('\u{a0}'));
                    assert!([':', '?', '!', ';', '»'].into_iter().all(before), "{name}: {text}");
                    assert!(!text.contains('\''), "{name}: {text}");
                }
                if !both && language != Language::Fr {
                    let wrong = ["\u{a0}:", "\u{a0}?", "\u{a0}!", "\u{a0};", "«\u{a0}", "\u{a0}»"];
                    assert!(!wrong.iter().any(|sign| text.contains(sign)) && !text.contains('\''), "{name}: {text}");
                }
                if !both && language == Language::Es {
                    assert_eq!(text.matches('?').count(), text.matches('¿').count(), "{name}: {text}");
                    assert_eq!(text.matches('!').count(), text.matches('¡').count(), "{name}: {text}");
                }
            }
        }
    }
}

#[test]
fn the_code_field_is_as_phones_want_it() {
    let (_, state, _) = link_states().into_iter().find(|(name, ..)| *name == "enter").unwrap();
    let page = link_page(Language::Fr, false, state, None);
    let field = page.split("<input").find(|field| field.contains("id=\"code\"")).unwrap().split('>').next().unwrap();
    for wanted in ["type=\"text\"", "inputmode=\"numeric\"", "autocomplete=\"one-time-code\"", "aria-describedby"] {
        assert!(field.contains(wanted), "{wanted}: {field}");
    }
    assert!(!field.contains("maxlength") && !field.contains("type=\"number\"") && !field.contains("pattern"));
    for wanted in ["KM", "78", "jusqu’à 9\u{a0}h\u{a0}50", "à 9\u{a0}h\u{a0}41", "value=\"voice\""] {
        assert!(page.contains(wanted), "{wanted}");
    }
}

#[test]
fn a_birth_date_is_three_fields_beside_the_code_and_no_answer_says_which_was_wrong() {
    for language in Language::ALL {
        for (name, state, complaint) in link_states().into_iter().filter(|(name, ..)| ASKED_WHEN_BORN.contains(name)) {
            let asking = PracticeProfile { ask_birth_date: true, ..practice() };
            let page = link_page_of(asking, language, false, state, complaint, (None, None));
            let name = format!("{name} ({})\n{page}", language.tag());
            let entered = name.starts_with("enter");
            for part in ["day", "month", "year"] {
                let id = format!("id=\"{part}\"");
                let field = page.split("<input").find(|field| field.contains(&id));
                assert_eq!(field.is_some(), entered, "{name}");
                let Some(field) = field.and_then(|field| field.split('>').next()) else { continue };
                for wanted in ["type=\"text\"", "inputmode=\"numeric\"", &format!("autocomplete=\"bday-{part}\"")] {
                    assert!(field.contains(wanted), "{wanted}: {name}");
                }
                assert!(!field.contains(" value=") && page.contains(&format!("<label for=\"{part}\">")), "{name}");
                assert_eq!(field.contains("aria-invalid=\"true\""), complaint.is_some(), "{name}");
            }
            let legend = format!("<legend>{}</legend>", said(language, "portal-born-legend", &[]));
            assert_eq!(page.contains(&legend), entered, "{name}");
            for alone in ["portal-not-a-code", "portal-wrong-spent"] {
                assert!(!page.contains(&said(language, alone, &[])), "{alone}: {name}");
            }
            let wrong = said(language, "portal-wrong", &[("count", 1.into())]);
            assert!(!page.contains(&wrong), "{name}");
            assert_eq!(page.contains("id=\"error\""), complaint.is_some(), "{name}");
        }
        let (_, state, _) = link_states().into_iter().find(|(name, ..)| *name == "enter").unwrap();
        assert!(!link_page(language, false, state, None).contains("bday"), "where it is not asked for");
    }
}

#[test]
fn ended_links_say_whom_to_call() {
    for (name, state, complaint) in link_states() {
        let page = link_page(Language::Fr, false, state, complaint);
        assert!(page.contains("Cabinet du Port &#60;&#38; associés&#62;"), "{name}");
        assert!(page.contains("href=\"tel:+37793300000\""), "{name}");
    }
}

#[test]
fn a_letter_shows_what_was_sent_and_runs_nothing_of_it() {
    let page = letter_page(Language::Fr, false, sample_letter());
    for wanted in [
        "Vos résultats &#60;b&#62;",
        "Camille Durand &#60;&#38;&#62;",
        "<dd>le 12 avril à 8\u{a0}h\u{a0}10</dd>",
        "Voici &#60;script&#62;vos&#60;/script&#62; résultats : https://labo.example/",
        "<div>Bien <b>à vous</b><p>non fermé <img src=\"data:image/png;base64,iVBORw0KGgo=\" alt=\"Logo &amp;&quot; .png\"></p></div>",
        "PDF, 1,2\u{a0}Mo",
        "href=\"/letter/file/0?of=0a1b2c3d\"",
        "href=\"/letter/file/1?of=0a1b2c3d\"",
        "href=\"/letter/file/2/save?of=0a1b2c3d\"",
        "jusqu’à 10\u{a0}h\u{a0}40",
        "jusqu’au 12 mai",
    ] {
        assert!(page.contains(wanted), "{wanted}\n{page}");
    }
    assert!(!page.contains("href=\"/letter/file/2?"), "HTML is never opened");
    assert!(!page.contains("<iframe") && !page.contains("href=\"https://labo"));
    assert!(!page.contains("target="));
}

#[test]
fn a_letter_is_in_the_language_of_its_sender_whatever_the_page_is_in() {
    let theirs = practice().language.tag();
    for language in Language::ALL {
        for (declared, tag) in [(None, theirs), (Some("de-CH"), "de-CH")] {
            let letter = Letter { language: declared.map(str::to_owned), ..sample_letter() };
            let page = letter_page(language, false, letter);
            for wanted in [
                format!("<h1 lang=\"{tag}\">Vos résultats"),
                format!("<div class=\"text plain\" lang=\"{tag}\">Bonjour"),
                format!("<div class=\"text\" lang=\"{tag}\"><div>Bien"),
                format!("<strong lang=\"{tag}\">radio.jpg</strong>"),
                format!(
                    "{}<span class=\"unseen\" lang=\"{tag}\"> radio.jpg</span></a>",
                    said(language, "portal-open", &[])
                ),
                format!(
                    "{}<span class=\"unseen\" lang=\"{tag}\"> radio.jpg</span></a>",
                    said(language, "portal-save", &[])
                ),
            ] {
                assert!(page.contains(&wanted), "{wanted} in {}\n{page}", language.tag());
            }
        }
        let page = letter_page(language, false, Letter { subject: " ".into(), ..sample_letter() });
        assert!(page.contains(&format!("<h1>{}</h1>", said(language, "portal-no-subject", &[]))), "ours is the page's");
        let (_, answering, ended, remark) = answer_states(&sample()).remove(1);
        let page = letter_page_of(&practice(), language, false, sample_letter(), (answering, ended, remark));
        assert!(page.contains(&format!("<span class=\"plain away\" lang=\"{theirs}\">Le Dr Rossi")), "{page}");
    }
}

/// RGAA 4.1 §13.3: nobody here can make another form of a file.
#[test]
fn files_that_cannot_be_read_can_be_asked_for_in_another_way() {
    for language in Language::ALL {
        let other = said(language, "portal-files-other", &[]);
        assert!(letter_page(language, false, sample_letter()).contains(&other), "{}", language.tag());
        let none = Letter { files: Vec::new(), ..sample_letter() };
        assert!(!letter_page(language, false, none).contains(&other), "{}", language.tag());
    }
}

#[test]
fn the_statement_says_whom_to_write_to_where_somebody_is_named() {
    for language in Language::ALL {
        let words = Words::new(&Texts::new(), language, "Europe/Paris", NOW);
        let says = said(language, "accessibility-tell-contact", &[]);
        let contact = Contact::read("https://cabinet.example/acces").unwrap();
        let page = statement::page(&words, false, Some(&contact));
        let link = "<a href=\"https://cabinet.example/acces\">cabinet.example/acces</a>";
        assert!(page.contains(&format!("<p>{says} {link}</p>")), "{page}");
        let page = statement::page(&words, false, None);
        assert!(!page.contains(&says) && page.contains(&said(language, "accessibility-tell", &[])), "{page}");
    }
}

#[test]
fn every_other_language_is_one_press_away() {
    let state = || link_states().remove(0).1;
    for language in Language::ALL {
        for (path, page) in [
            (format!("/l/{TICKET}"), link_page(language, false, state(), None)),
            ("/letter".to_owned(), letter_page(language, false, sample_letter())),
        ] {
            let label = said(language, "portal-languages", &[]);
            assert!(page.contains(&format!("<nav class=\"switch\" aria-label=\"{label}\">")), "{page}");
            for other in Language::ALL {
                let (tag, name) = (other.tag(), other.name());
                let link = format!("<a href=\"{path}?lang={tag}\" lang=\"{tag}\" hreflang=\"{tag}\">{name}</a>");
                assert_eq!(page.contains(&link), other != language, "{tag} in {}", language.tag());
            }
        }
        let words = Words::new(&Texts::new(), language, "Europe/Paris", NOW);
        assert!(!pages::closed(&words, false, &practice(), None).contains("<nav"), "a page that a form gave");
    }
    for (name, said) in pages::BOTH {
        let page = pages::both(&Texts::new(), true, said);
        for language in Language::ALL {
            assert_eq!(
                page.matches(&format!("<section class=\"card\" lang=\"{}\">", language.tag())).count(),
                1,
                "{name}"
            );
            assert_eq!(page.matches(&format!("<span lang=\"{}\">", language.tag())).count(), 1, "{name}");
        }
    }
}

/// Asked for just now, chosen before, the person's record, the browser, the practice.
#[tokio::test]
async fn the_language_is_the_one_that_somebody_chose_first() {
    let french = practice();
    let visitor = async |query: &str, cookie: &str, browser: &str| {
        let request = Request::builder()
            .uri(format!("/l/{TICKET}{query}"))
            .header(header::COOKIE, cookie)
            .header(header::ACCEPT_LANGUAGE, browser);
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let Ok(visitor) = Visitor::from_request_parts(&mut parts, &()).await;
        visitor
    };
    let (es, ru) = ("__Host-pli-language=es", "ru,en;q=0.5");
    for (query, cookie, browser, recorded, language) in [
        ("?lang=it", es, ru, Some(Language::En), Language::It),
        ("", es, ru, Some(Language::En), Language::Es),
        ("?lang=xx", "__Host-pli-language=xx", ru, Some(Language::En), Language::En),
        ("", "", ru, None, Language::Ru),
        ("", "", "de", None, Language::Fr),
        ("", "", "", None, Language::Fr),
    ] {
        let visitor = visitor(query, cookie, browser).await;
        assert_eq!(visitor.language(recorded, &french), language, "{query} {cookie} {browser}");
    }
}

#[test]
fn a_demonstration_says_so_on_every_page() {
    let texts = Texts::new();
    for language in Language::ALL {
        let banner = texts.say(language, "portal-demonstration", &[]);
        for (name, state, complaint) in link_states() {
            assert!(link_page(language, true, state, complaint).contains(&banner), "{name}");
        }
        assert!(letter_page(language, true, sample_letter()).contains(&banner));
        assert!(!letter_page(language, false, sample_letter()).contains(&banner));
    }
    for (name, said) in pages::BOTH {
        assert!(pages::both(&texts, true, said).contains("class=\"banner\""), "{name}");
        assert!(!pages::both(&texts, false, said).contains("class=\"banner\""), "{name}");
    }
}

#[test]
fn the_sheet_holds_every_state_and_leads_nowhere_else() {
    let files = sheet();
    let names: BTreeSet<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.len(), files.len(), "two pages of one name");
    for language in Language::ALL {
        for (state, _) in all_pages(&sample(), language, true) {
            assert!(names.contains(format!("{}/{state}.html", language.tag()).as_str()), "{state}");
        }
    }
    for (name, text) in files.iter().filter(|(name, _)| name.ends_with(".html")) {
        let text = std::str::from_utf8(text).unwrap();
        let folder = name.split_once('/').map(|(folder, _)| folder);
        for attribute in ["href=\"", "src=\"", "action=\""] {
            for to in text.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()) {
                let file = match (to.strip_prefix("../"), folder) {
                    (Some(file), Some(_)) => file,
                    _ => to,
                };
                assert!(
                    to.starts_with(['#', '?'])
                        || ["tel:", "mailto:"].iter().any(|way| to.starts_with(way))
                        || names.contains(file),
                    "{name}: {to}"
                );
            }
        }
        assert!(!text.contains("<script"), "{name}");
        well_formed(text).unwrap_or_else(|fault| panic!("{name}: {fault}"));
    }
}

#[test]
fn colours_keep_their_contrast() {
    let sheet = style::SHEET;
    let (light, rest) = sheet.split_once("@media (prefers-color-scheme: dark)").unwrap();
    let dark = rest.split_once("* {").unwrap().0;
    for (name, theme) in [("light", light), ("dark", dark)] {
        // Text 4.5 (WCAG 2.2 §1.4.3), edges of fields and buttons 3 (§1.4.11).
        for (front, back, least) in [
            ("ink", "paper", 7.0),
            ("ink", "card", 7.0),
            ("soft", "paper", 4.5),
            ("soft", "card", 4.5),
            ("soft", "tint", 4.5),
            ("deed", "paper", 4.5),
            ("deed", "card", 4.5),
            ("deed", "tint", 4.5),
            ("on-deed", "deed", 4.5),
            ("on-deed", "deed-over", 4.5),
            ("alert", "alert-tint", 4.5),
            ("on-banner", "banner", 4.5),
            ("edge", "card", 3.0),
            ("edge", "field", 3.0),
            ("alert", "field", 3.0),
            ("ink", "field", 7.0),
            ("alert", "paper", 3.0),
        ] {
            let (a, b) = (luminance(theme, front), luminance(theme, back));
            let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
            assert!(contrast >= least, "{name}: {front} on {back} is {contrast:.2}");
        }
    }
}

fn luminance(theme: &str, name: &str) -> f64 {
    let value = theme.split_once(&format!("--{name}: #")).unwrap_or_else(|| panic!("{name}")).1;
    let part = |at: usize| {
        let linear = f64::from(u8::from_str_radix(&value[at..at + 2], 16).unwrap()) / 255.0;
        if linear <= 0.04045 { linear / 12.92 } else { ((linear + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
}

fn title(page: &str) -> &str {
    page.split_once("<title>").unwrap().1.split_once("</title>").unwrap().0
}

/// Every element is closed in order, every attribute is quoted, every id is there once.
fn well_formed(page: &str) -> Result<(), String> {
    let mut open = Vec::new();
    let mut ids = BTreeSet::new();
    for piece in page.split('<').skip(1) {
        let Some((tag, _)) = piece.split_once('>') else { return Err(format!("a tag without end: {piece}")) };
        if tag.starts_with('!') {
            continue;
        }
        let name = tag.trim_start_matches('/').split([' ', '\n']).next().unwrap_or_default();
        if !tag.matches('"').count().is_multiple_of(2) {
            return Err(format!("quotes in <{tag}>"));
        }
        if let Some((_, id)) = tag.split_once(" id=\"")
            && !ids.insert(id.split('"').next().unwrap_or_default())
        {
            return Err(format!("twice: <{tag}>"));
        }
        if tag.starts_with('/') {
            let last = open.pop();
            if last != Some(name) {
                return Err(format!("</{name}> closes {last:?}"));
            }
        } else if !["meta", "link", "img", "input", "br", "hr"].contains(&name) {
            open.push(name);
        }
    }
    for described in page.split("aria-describedby=\"").skip(1) {
        for id in described.split('"').next().unwrap_or_default().split(' ') {
            if !ids.contains(id) {
                return Err(format!("described by {id}, which is not there"));
            }
        }
    }
    if open.is_empty() { Ok(()) } else { Err(format!("never closed: {open:?}")) }
}

/// A portal over an empty database: no delivery, no session, so that every guard refuses.
async fn empty() -> (Portal, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let random: Arc<dyn Random> = Arc::new(counting());
    let clock: Arc<dyn Clock> = Arc::new(Stopped);
    let vault = Vault::new(&RootKey::random(random.as_ref()));
    let options = StoreOptions {
        database: SecretText::new("sqlite:pli.db"),
        objects: SecretText::new("file:objects"),
        data: folder.path().to_owned(),
        node: "test".into(),
        chain: vault.chain_mac(),
    };
    let store = Store::open(options).await.unwrap();
    let portal = Portal {
        access: Access::new(
            store.clone(),
            vault.clone(),
            Arc::clone(&clock),
            Arc::clone(&random),
            Texts::new(),
            Gateways::none(),
            "lettre.cabinet.example",
        ),
        mailboxes: Mailboxes::new(store.clone(), vault.clone(), Arc::clone(&clock), Arc::clone(&random)),
        deliveries: Deliveries::new(
            store,
            vault,
            Arc::clone(&clock),
            random,
            Texts::new(),
            crate::delivery::Settings {
                hostname: "mail.cabinet.example".into(),
                portal_url: "https://lettre.cabinet.example".into(),
                days: 30,
                notice_from: "Cabinet <a@cabinet.example>".into(),
                returns: crate::delivery::ReturnPath::default(),
                relay: true,
                announce_devices: false,
                rates: crate::delivery::Rates::default(),
            },
        ),
        texts: Texts::new(),
        settings: Arc::new(Settings::default()),
        clock,
    };
    (portal, folder)
}

async fn ask(portal: &Portal, method: &str, path: &str, cookies: &str, body: &str) -> Response {
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, "evil.example");
    if method == "POST" {
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    if !cookies.is_empty() {
        request = request.header(header::COOKIE, cookies);
    }
    let request = request.header("x-forwarded-host", "evil.example").body(Body::from(body.to_owned())).unwrap();
    portal.router().oneshot(request).await.unwrap()
}

async fn read(answer: Response) -> (StatusCode, String) {
    let status = answer.status();
    let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn filled(path: &str) -> String {
    path.replace("{ticket}", TICKET)
        .replace("{number}", "0")
        .replace("{style}", &style::name())
        .replace("{send}", "x")
        .replace("{tag}", "y")
        .replace("{address}", "dr.martin@cabinet.example")
}

#[tokio::test]
async fn fault_6_and_7_who_has_nothing_gets_nothing() {
    let (portal, _folder) = empty().await;
    let browser = BrowserToken::random(&counting()).reveal();
    let session = SessionToken::random(&counting()).reveal();
    for cookies in [
        String::new(),
        format!("__Host-pli-browser={browser}"),
        format!("__Host-pli-browser={browser}; __Host-pli-letter={session}"),
        "__Host-pli-letter=x; __Host-pli-browser=".to_owned(),
    ] {
        for route in ROUTES {
            let (path, body) = (filled(route.path), "token=made-up&channel=sms&code=123456");
            let (status, page) = read(ask(&portal, route.method, &path, &cookies, body).await).await;
            let expected: &[StatusCode] = match (route.guard, route.method) {
                (Guard::Public, _) => &[StatusCode::OK],
                (Guard::Link, "GET") => &[StatusCode::NOT_FOUND],
                (Guard::Link, _) => &[StatusCode::FORBIDDEN],
                (Guard::Session | Guard::Form, _) => &[StatusCode::FORBIDDEN],
                // There is no domain here.
                (Guard::Provider | Guard::Client, _) => &[StatusCode::NOT_FOUND],
            };
            assert!(expected.contains(&status), "{} {} with [{cookies}]: {status}", route.method, route.path);
            if route.path.starts_with("/letter/file") {
                assert!(!page.contains('<'), "{}: never HTML", route.path);
            }
        }
    }
}

#[tokio::test]
async fn fault_2_a_link_that_is_not_ours_has_one_answer() {
    let (portal, _folder) = empty().await;
    let made_up = Ticket::join([5; 16], [1, 2, 3, 4]).reveal();
    let cut = &made_up[..31];
    let mut seen = BTreeSet::new();
    for link in [made_up.as_str(), cut, "x", "%00", "..", &made_up.to_uppercase(), &format!("{made_up}a"), "", "a/b/c"]
    {
        for method in ["GET", "HEAD"] {
            let answer = ask(&portal, method, &format!("/l/{link}"), "", "").await;
            assert!(answer.headers().get(header::SET_COOKIE).is_none(), "{link}");
            let length = answer.headers().get(header::CONTENT_LENGTH).cloned();
            let (status, page) = read(answer).await;
            assert_eq!((status, page.is_empty()), (StatusCode::NOT_FOUND, method == "HEAD"), "{method} {link}");
            if method == "GET" {
                seen.insert(page);
            }
            assert!(length.is_some(), "{link}");
        }
    }
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert!(seen.first().unwrap().contains("appelez le cabinet"));
}

#[tokio::test]
async fn every_answer_has_the_headers() {
    let (portal, _folder) = empty().await;
    let unknown = ["/nothing", "/l/x", "/s/other.css", "/letter/", "/.git/config", "/metrics"];
    let paths = ROUTES.iter().map(|route| (route.method, filled(route.path)));
    for (method, path) in paths.chain(unknown.map(|path| ("GET", path.to_owned()))).chain([("PUT", "/".to_owned())]) {
        let answer = ask(&portal, method, &path, "", "token=x").await;
        let said = |name: &str| answer.headers().get(name).map(|v| v.to_str().unwrap()).unwrap_or_default();
        assert_eq!(said("content-security-policy"), headers::PAGE_POLICY, "{path}");
        assert_eq!(said("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(said("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(said("strict-transport-security"), "max-age=31536000", "{path}");
        assert_eq!(said("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(said("cross-origin-resource-policy"), "same-origin", "{path}");
        assert!(said("x-robots-tag").starts_with("noindex"), "{path}");
        assert!(said("permissions-policy").contains("camera=()"), "{path}");
        let kept = path == format!("/s/{}", style::name());
        assert_eq!(said("cache-control") == "no-store", !kept, "{path}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_page_with_nothing_in_it() {
    let (portal, _folder) = empty().await;
    let (status, page) = read(ask(&portal, "GET", "/etc/passwd?x=secret", "", "").await).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(!page.contains("passwd") && !page.contains("secret") && !page.contains("evil"));
    well_formed(&page).unwrap();
    assert_eq!(ask(&portal, "DELETE", "/letter", "", "").await.status(), StatusCode::METHOD_NOT_ALLOWED);
    // The answer to a form, loaded again: the way to where the form was.
    for method in ["GET", "HEAD"] {
        let led = ask(&portal, method, "/letter/close", "", "").await;
        assert_eq!((led.status(), led.headers()["location"].as_bytes()), (StatusCode::SEE_OTHER, &b"/letter"[..]));
        let led = ask(&portal, method, "/l/0123/check", "", "").await;
        assert_eq!(led.status(), StatusCode::NOT_FOUND, "a link that is none");
    }
}

#[tokio::test]
async fn fault_37_no_answer_repeats_a_host() {
    let (portal, _folder) = empty().await;
    for route in ROUTES {
        let answer = ask(&portal, route.method, &filled(route.path), "", "").await;
        let headers = format!("{:?}", answer.headers());
        let (_, page) = read(answer).await;
        assert!(!page.contains("evil.example") && !headers.contains("evil.example"), "{}", route.path);
    }
}

#[tokio::test]
async fn a_form_is_small_and_of_one_kind() {
    let (portal, _folder) = empty().await;
    let path = format!("/l/{TICKET}/check");
    let large = format!("code={}", "1".repeat(20_000));
    assert_eq!(ask(&portal, "POST", &path, "", &large).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let json = Request::builder().method("POST").uri(&path).header(header::CONTENT_TYPE, "application/json");
    let answer = portal.router().oneshot(json.body(Body::from("{}")).unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}
#[tokio::test]
async fn a_form_works_in_the_window_it_was_made_for() {
    let (portal, _folder) = empty().await;
    let random = counting();
    let (mine, other) = (BrowserToken::random(&random), BrowserToken::random(&random));
    let path = format!("/l/{TICKET}/check");
    let token = |browser: &BrowserToken, context: &str| portal.access.form_token(browser, context);
    for (token, expected) in [
        // The guard lets it through, and the verb knows no such link.
        (token(&mine, &path), StatusCode::NOT_FOUND),
        (token(&mine, &format!("/l/{TICKET}/code")), StatusCode::FORBIDDEN),
        (token(&other, &path), StatusCode::FORBIDDEN),
        (String::new(), StatusCode::FORBIDDEN),
    ] {
        let body = format!("token={}&code=123456", token.replace('+', "%2B"));
        let cookie = format!("a=b; __Host-pli-browser={}", mine.reveal());
        assert_eq!(ask(&portal, "POST", &path, &cookie, &body).await.status(), expected);
        assert_eq!(ask(&portal, "POST", &path, "", &body).await.status(), StatusCode::FORBIDDEN, "without its cookie");
    }
}

#[derive(Clone, Default)]
struct Lines(Arc<std::sync::Mutex<Vec<u8>>>);
impl std::io::Write for Lines {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(line);
        Ok(line.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_log_names_routes_and_never_a_ticket() {
    let lines = Lines::default();
    let sink = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || sink.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let (portal, _folder) = empty().await;
    // A line that another test wrote for the first time just when the listener came is taken for one nobody hears.
    tracing::callsite::rebuild_interest_cache();
    ask(&portal, "GET", &format!("/l/{TICKET}?lang=en"), "", "").await;
    ask(&portal, "POST", &format!("/l/{TICKET}/check"), "__Host-pli-browser=abc", "token=abc&code=424242").await;
    drop(guard);
    let logged = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("route=\"/l/{ticket}\"") && logged.contains("status=404"), "{logged}");
    assert!(!logged.contains(TICKET) && !logged.contains("424242"), "{logged}");
}
