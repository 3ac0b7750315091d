//! What a patient would get, drawn for its writer: nothing leaves, and nothing else goes with it.

use mail_parser::{MessageParser, MimeHeaders};
use pli::domain::{Address, FolderRole, MailboxKind};
use pli::mailbox::provision::NewMailbox;

use crate::holds::{newest, submit, told};
use crate::letters::{self, BODY, FILE};
use crate::submission::Raw;
use crate::world::{COLLEAGUE, DOCTOR, JEANNE, World, mailbox};

super::on_both! {
    a_preview_comes_back_and_nothing_leaves
    a_preview_says_what_the_tags_would_do
    a_preview_is_the_only_recipient
}

const PREVIEW: &str = "apercu@cabinet.example";

/// The letter with a preview of this subject: its text, and its files by name.
async fn preview(world: &World, octets: &[u8]) -> (String, Vec<(String, String)>) {
    let heard = submit(world, (DOCTOR, &world.doctor), &[PREVIEW], octets).await;
    assert!(heard.starts_with("250 2.0.0"), "{heard}");
    let letter = newest(world, &world.doctor).await;
    let read = MessageParser::default().parse(&letter).unwrap();
    let files = read
        .attachments()
        .map(|part| (part.attachment_name().unwrap().to_owned(), part.text_contents().unwrap().to_owned()));
    (read.body_text(0).unwrap().into_owned(), files.collect())
}

async fn a_preview_comes_back_and_nothing_leaves(world: World) {
    let subject = format!("{} [06 12 34 56 78] [7j]", letters::SUBJECT);
    let (text, files) = preview(&world, &letters::thunderbird(PREVIEW, &subject, &letters::pdf(400_000))).await;
    let letter = newest(&world, &world.doctor).await;
    let read = MessageParser::default().parse(&letter).unwrap();
    assert_eq!(read.subject().unwrap(), format!("Aperçu : {}", letters::SUBJECT));
    assert_eq!(read.in_reply_to().as_text(), Some("4f6a.canari@cabinet.example"));
    assert!(text.starts_with("Voici ce que la personne recevrait."), "{text}");
    // The e-mail and the SMS, in the words in which they go out.
    for said in [
        "Cabinet du Port : une lettre vous attend",
        "Ouvrez le lien, demandez un code",
        "Votre code : 123456 (lettres KM)",
        "@127.0.0.1 #123456",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(!text.contains("06 12") && !text.contains("+336"), "masked: {text}");
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["1-e-mail.html", "2-code.html", "3-lettre.html"]);
    let [mail, code, page] = [0, 1, 2].map(|at| files[at].1.replace('\u{a0}', " "));
    assert!(mail.contains("Ouvrir le message") && mail.contains("Cabinet du Port"), "{mail}");
    assert!(code.contains("<title>Recevoir votre code"), "{code}");
    for said in [BODY, FILE, letters::SUBJECT, "Dr Claire Martin", "jusqu’au 22 janvier"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    // Files stand alone: the style inside, nothing to run, nowhere to go.
    for page in [&code, &page] {
        assert!(page.contains("<style>") && !page.contains("<script") && !page.contains("[06"), "{page}");
        assert!(!page.contains("=\"/") && !page.contains("127.0.0.1"), "{page}");
    }
    // Nothing of it is a delivery, for anybody.
    assert!(world.relay.caught().is_empty() && world.gateway.caught().is_empty());
    for table in ["deliveries", "outbox", "holds", "challenges"] {
        assert_eq!(world.count(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
    }
    // The link is cut: it opens nothing.
    let link = text.split_whitespace().find(|word| word.contains("/l/")).unwrap();
    assert_eq!(world.browser().get(link).await.status, 404);
    // The writer's own copy is kept as of any message.
    assert_eq!(world.read(&world.doctor, FolderRole::Sent).await.len(), 1);
    // The logo, where there is one, is in the letter's page itself.
    crate::logo::set(&world, world.practice, pli::portal::SAMPLE_LOGO).await;
    let (_, files) = preview(&world, &letters::plain(PREVIEW, "Avec")).await;
    let inside = format!("src=\"data:image/png;base64,{}\"", data_encoding::BASE64.encode(pli::portal::SAMPLE_LOGO));
    assert!(files[2].1.contains(&inside) && !files[1].1.contains("image/png"), "{}", files[2].1);
    assert!(!files[2].1.contains("=\"/"), "{}", files[2].1);
    world.running.stop().await;
}

async fn a_preview_says_what_the_tags_would_do(world: World) {
    let of = async |subject: &str| preview(&world, &letters::plain(PREVIEW, subject)).await.0;
    assert!(of("Avis").await.contains("Ce message n'indique pas de numéro."));
    assert!(of("Avis").await.contains("gardée 30 jours, jusqu'au 14 février 2027"));
    let known = "Quelqu'un de l'annuaire a ce numéro.";
    let text = of("Avis [06 12 34 56 78] [7j]").await;
    assert!(text.contains("Numéro compris : •• •• •• 56 78. La personne y recevrait son code par SMS"), "{text}");
    assert!(text.contains("gardée 7 jours, jusqu'au 22 janvier 2027") && !text.contains(known), "{text}");
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    assert!(of("Avis [06 12 34 56 78]").await.contains(known));
    let call = of("Avis [tel:06 12 34 56 78]").await;
    assert!(call.contains("recevrait son code par appel.") && !call.contains("Le SMS"), "{call}");
    for (subject, why) in [
        ("Avis [06 12 34 56 78] [06 98 76 54 32]", "Deux numéros différents étaient indiqués."),
        ("Avis [06 12]", ""),
        ("Avis [sms:Jeanne]", "n'est pas un numéro de téléphone."),
        ("Avis [0899 12 34 56]", "surtaxé"),
        ("Avis [01 99 00 12 34]", "celui du cabinet"),
        ("Re: Avis [06 12 34 56 78]", "vient d'un ancien message"),
    ] {
        let text = of(subject).await;
        let waits = text.contains("La lettre attendrait votre réponse, et la personne");
        assert_eq!((waits, text.contains(why)), (!why.is_empty(), true), "{subject}: {text}");
    }
    assert!(of("Avis [urgent]").await.contains("Lettre urgente : si elle n'était pas ouverte après 4 h,"));
    let field =
        [format!("X-Pli-Phone: <{JEANNE}> 06 98 76 54 32\r\n").as_bytes(), &letters::plain(PREVIEW, "Avis")].concat();
    assert!(preview(&world, &field).await.0.contains("Numéro compris : •• •• •• 54 32."));
    // What the letter would be refused, its preview is.
    let heard = submit(&world, (DOCTOR, &world.doctor), &[PREVIEW], &letters::plain(PREVIEW, "Avis [120j]")).await;
    assert!(heard.starts_with("554 5.6.0"), "{heard}");
    assert!(world.relay.caught().is_empty());
    world.running.stop().await;
}

async fn a_preview_is_the_only_recipient(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let begun = async |first: &str| {
        let mut raw = Raw::log_in(&world, DOCTOR, &world.doctor.device.password.reveal()).await;
        raw.say(&format!("MAIL FROM:<{DOCTOR}>"), "250").await;
        raw.say(&format!("RCPT TO:<{first}>"), "250").await;
        raw
    };
    for (first, second) in
        [(JEANNE, PREVIEW), (PREVIEW, JEANNE), (PREVIEW, COLLEAGUE), (PREVIEW, "preview@cabinet.example")]
    {
        let mut raw = begun(first).await;
        raw.send(format!("RCPT TO:<{second}>\r\n").as_bytes()).await;
        let heard = raw.reply().await;
        assert!(heard.starts_with("550 5.5.3 ") && heard.contains("seul destinataire"), "{first}, {second}: {heard}");
    }
    // Said twice it is one.
    let mut raw = begun(PREVIEW).await;
    raw.say("RCPT TO:<APERCU@cabinet.example>", "250").await;
    assert!(world.relay.caught().is_empty() && told(&world, &world.doctor).await.is_empty());

    // No mailbox gets the name any more; one that has it comes first.
    let named = NewMailbox { kind: MailboxKind::Application, ..mailbox(PREVIEW, "Logiciel") };
    assert!(world.running.rooms.mailboxes.add(named, None).await.is_err(), "reserved");
    let address: Address = PREVIEW.parse().unwrap();
    let sender = world.running.rooms.mailboxes.as_sender(&DOCTOR.parse().unwrap()).await.unwrap();
    let route = world.running.rooms.deliveries.route(&sender, &address).await.unwrap();
    assert!(matches!(route, Ok(pli::delivery::Route::Preview(_))));
    world.running.stop().await;
}
