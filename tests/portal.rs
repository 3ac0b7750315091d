//! What the patient's door answers: a release has exactly this list, and not one route more (fault 9).

use pli::portal::{Guard, ROUTES};

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
            ("GET", "/l/{ticket}", Guard::Link),
            ("POST", "/l/{ticket}/code", Guard::Link),
            ("POST", "/l/{ticket}/check", Guard::Link),
            ("POST", "/l/{ticket}/missing", Guard::Link),
            ("POST", "/l/{ticket}/wait", Guard::Link),
            ("GET", "/r/{send}/{tag}", Guard::Provider),
            ("POST", "/r/{send}/{tag}", Guard::Provider),
            ("GET", "/letter", Guard::Session),
            ("POST", "/letter/prolong", Guard::Session),
            ("POST", "/letter/close", Guard::Session),
            ("POST", "/letter/answer", Guard::Form),
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
            _ => Guard::Public,
        };
        assert_eq!(route.guard, needed, "{}", route.path);
        assert!(route.method == "GET" || route.guard != Guard::Public, "{}: a public change", route.path);
    }
}
