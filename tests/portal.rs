//! What the patient's door answers: a release has exactly this list, and not one route more (fault 9).

use pli::portal::{Grid, Guard, ROUTES};

#[test]
fn fault_9_a_release_has_exactly_the_golden_list() {
    let list: Vec<(&str, &str, Guard)> = ROUTES.iter().map(|route| (route.method, route.path, route.guard)).collect();
    assert_eq!(
        list,
        [
            ("GET", "/", Guard::Public),
            ("GET", "/robots.txt", Guard::Public),
            ("GET", "/favicon.svg", Guard::Public),
            ("GET", "/s/{style}", Guard::Public),
            ("GET", "/accessibility", Guard::Public),
            ("GET", "/mail/config-v1.1.xml", Guard::Client),
            ("GET", "/.well-known/autoconfig/mail/config-v1.1.xml", Guard::Client),
            ("GET", "/autodiscover/autodiscover.xml", Guard::Client),
            ("POST", "/autodiscover/autodiscover.xml", Guard::Client),
            ("GET", "/autodiscover/autodiscover.json", Guard::Client),
            ("GET", "/autodiscover/autodiscover.json/v1.0/{address}", Guard::Client),
            ("GET", "/mail/apple.mobileconfig", Guard::Client),
            ("GET", "/l/{ticket}", Guard::Link),
            ("POST", "/l/{ticket}/code", Guard::Link),
            ("POST", "/l/{ticket}/check", Guard::Link),
            ("POST", "/l/{ticket}/missing", Guard::Link),
            ("POST", "/l/{ticket}/open", Guard::Link),
            ("POST", "/l/{ticket}/again", Guard::Link),
            ("POST", "/l/{ticket}/not-mine", Guard::Link),
            ("POST", "/l/{ticket}/wait", Guard::Link),
            ("GET", "/r/{send}/{tag}", Guard::Provider),
            ("POST", "/r/{send}/{tag}", Guard::Provider),
            ("GET", "/letter", Guard::Session),
            ("POST", "/letter/prolong", Guard::Session),
            ("POST", "/letter/close", Guard::Session),
            ("POST", "/letter/forget", Guard::Session),
            ("POST", "/letter/answer", Guard::Form),
            ("GET", "/letter/logo", Guard::Session),
            ("GET", "/letter/text", Guard::Session),
            ("GET", "/letter/message/{number}", Guard::Session),
            ("GET", "/letter/message/{number}/text", Guard::Session),
            ("GET", "/letter/file/{number}/in/{inner}", Guard::Session),
            ("GET", "/letter/file/{number}/in/{inner}/save", Guard::Session),
            ("GET", "/letter/files", Guard::Session),
            ("GET", "/letter/file/{number}", Guard::Session),
            ("GET", "/letter/file/{number}/save", Guard::Session),
        ]
    );
}

#[test]
fn fault_7_whatever_is_of_a_letter_stands_behind_a_guard() {
    for route in ROUTES {
        let needed = match route.path.split('/').nth(1) {
            Some("l") => Guard::Link,
            // What is posted after the page has closed is sealed; nothing is shown.
            Some("letter") if route.path == "/letter/answer" => Guard::Form,
            Some("letter") => Guard::Session,
            Some("r") => Guard::Provider,
            Some("mail" | ".well-known" | "autodiscover") => Guard::Client,
            _ => Guard::Public,
        };
        assert_eq!(route.guard, needed, "{}", route.path);
        assert!(route.method == "GET" || route.guard != Guard::Public, "{}: a public change", route.path);
    }
}

/// The criteria of each theme of RGAA 4.1, 106 together.
const CRITERIA: [usize; 13] = [9, 2, 3, 13, 8, 2, 5, 10, 4, 14, 13, 11, 12];

#[test]
fn the_grid_of_rgaa_is_whole_and_the_statement_counts_as_it_does() {
    let grid = include_str!("browser/rgaa.md");
    let rows = grid.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let rows: Vec<Vec<&str>> = rows.map(|row| row.split(" | ").collect()).skip(1).collect();
    let expected = CRITERIA.iter().enumerate().flat_map(|(theme, many)| (1..=*many).map(move |at| (theme + 1, at)));
    let expected: Vec<String> = expected.map(|(theme, at)| format!("{theme}.{at}")).collect();
    let numbers: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    assert_eq!(numbers, expected);
    let count = |result: &str| rows.iter().filter(|row| row[2] == result).count();
    let found = Grid { kept: count("kept"), broken: count("broken"), without: count("without") };
    assert_eq!(found.kept + found.broken + found.without, 106, "another result");
    assert_eq!(found, Grid::FOUND);
    let tests: String = [
        "src/portal/tests.rs",
        "src/portal/html.rs",
        "src/portal/cells.rs",
        "src/portal/pictures.rs",
        "src/mailbox/pictures.rs",
        "tests/journey/chromium.rs",
        "tests/journey/routes.rs",
        "tests/journey/answers.rs",
    ]
    .map(|file| std::fs::read_to_string(file).unwrap())
    .concat();
    for named in rows.iter().flat_map(|row| row[3].split('`').skip(1).step_by(2)).filter(|name| name.contains('_')) {
        assert!(tests.contains(&format!("fn {named}(")), "no test {named}");
    }
}
