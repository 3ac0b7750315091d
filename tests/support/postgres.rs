//! A private PostgreSQL for one test process, and a fresh database for each test.
//!
//! Taken by other test binaries with `#[path = "…/support/postgres.rs"] mod postgres;`. The server comes
//! from PATH or /usr/lib/postgresql, runs as an unprivileged user in a folder of its own, listens on
//! 127.0.0.1 only, and goes with its folder when the test process ends, however it ends: a shell beside
//! it waits for the end of a pipe. `TEST_POSTGRES_URL` names a server to use instead. Without either the
//! test says so and passes; with `PLI_TEST_ALL=1` it fails.

use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{Connection as _, Executor as _, PgConnection};

/// A database of one test; dropped with it on a server that outlives the test process.
pub struct Fresh {
    /// Where it is: `postgres://…`.
    pub url: String,
    leftover: Option<(String, String)>,
}

/// A fresh database, or `None` when PostgreSQL is not installed.
pub async fn fresh() -> Option<Fresh> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("pli_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let (server, lasting) = match variable("TEST_POSTGRES_URL") {
        Some(url) => (url, true),
        None => (tokio::task::spawn_blocking(private).await.unwrap()?, false),
    };
    let mut conn = PgConnection::connect(&server).await.expect("the PostgreSQL of the tests answers");
    conn.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
    conn.close().await.unwrap();
    let (base, query) = server.split_once('?').map_or((server.as_str(), String::new()), |(b, q)| (b, format!("?{q}")));
    let authority = base.find("://").map_or(0, |at| at + 3);
    let end = base[authority..].find('/').map_or(base.len(), |at| authority + at);
    let url = format!("{}/{name}{query}", &base[..end]);
    Some(Fresh { url, leftover: lasting.then_some((server, name)) })
}

impl Drop for Fresh {
    fn drop(&mut self) {
        let Some((server, name)) = self.leftover.take() else { return };
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                if let Ok(mut conn) = PgConnection::connect(&server).await {
                    let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                    let _ = conn.execute(sqlx::AssertSqlSafe(sql)).await;
                }
            });
        });
        let _ = dropping.join();
    }
}

/// The address of this process's own server, started by the first test that asks.
fn private() -> Option<String> {
    static SERVER: OnceLock<Option<(String, Child)>> = OnceLock::new();
    let server = SERVER.get_or_init(|| {
        let Some(bin) = programs() else {
            assert!(variable("PLI_TEST_ALL").as_deref() != Some("1"), "PostgreSQL is not installed");
            return None;
        };
        Some(start(&bin))
    });
    if server.is_none() {
        // Past the capture of the test harness: a skipped test must be seen.
        let _ = writeln!(std::io::stderr(), "SKIPPED: PostgreSQL is not installed");
    }
    server.as_ref().map(|(url, _)| url.clone())
}

/// The folder of `initdb` and `postgres`.
fn programs() -> Option<PathBuf> {
    let path = variable("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = path.split(':').map(PathBuf::from).collect();
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.flatten().map(|entry| entry.path().join("bin")).collect())
        .unwrap_or_default();
    versions.sort();
    folders.extend(versions.into_iter().rev());
    folders.into_iter().find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

fn start(bin: &Path) -> (String, Child) {
    let folder = tempfile::Builder::new().prefix("pli-postgres-").tempdir().unwrap().keep();
    // PostgreSQL refuses to run as root.
    let root = std::fs::metadata(&folder).unwrap().uid() == 0;
    if root {
        chown(&folder, Some(id("-u")), Some(id("-g"))).unwrap();
    }
    // Below those that the system gives away by itself, so that nobody gets it before the server has it.
    let first = u16::try_from(std::process::id() % 2000).unwrap();
    let free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let port = (15_000 + first..20_000).find(free).expect("a free port");
    // A test's server may forget everything at a power cut: it keeps nothing that a test has not written.
    let script = format!(
        "cd '{folder}' && '{bin}/initdb' -D data -U pli -A trust -E UTF8 --locale=C --no-sync >initdb.log 2>&1 && {{ \
         '{bin}/postgres' -D data -p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
         -c fsync=off -c max_connections=200 >postgres.log 2>&1 & \
         server=$!; read _; kill -INT $server; wait $server; cd /; rm -rf '{folder}'; }}",
        folder = folder.display(),
        bin = bin.display(),
    );
    let mut command = if root { Command::new("setpriv") } else { Command::new("sh") };
    if root {
        command.args([format!("--reuid={}", id("-u")), format!("--regid={}", id("-g"))]);
        command.args(["--clear-groups", "sh"]);
    }
    let child = command.arg("-c").arg(script).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let url = format!("postgres://pli@127.0.0.1:{port}/postgres");
    let waiting = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    waiting.block_on(async {
        for _ in 0..600 {
            if let Ok(conn) = PgConnection::connect(&url).await {
                let _ = conn.close().await;
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("PostgreSQL does not start: see {}", folder.display());
    });
    (url, child.unwrap())
}

/// The number of the user (`-u`) or group (`-g`) `nobody`.
fn id(which: &str) -> u32 {
    let output = Command::new("id").args([which, "nobody"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

#[expect(clippy::disallowed_methods, reason = "switches of the tests, not settings of the server")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
