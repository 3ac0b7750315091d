//! The command line: every act of an administrator, scriptable.
//!
//! `--json` prints one object, or one a line, with stable names and RFC 3339 times. A command ends with 0
//! (done), 1 (refused: one line on standard error) or 2 (usage). Passwords are read from standard input, never
//! from arguments. Commands call verbs; there is no SQL and no key here.

mod audit;
mod backup;
mod code;
mod delivery;
mod demo;
mod device;
mod dns;
mod doctor;
mod domain;
mod export;
mod import;
mod init;
mod key;
mod mailbox;
mod open;
mod out;
mod patient;
mod practice;
mod queue;
mod rotate;
mod route;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::delivery::directory::DirectoryError;
use crate::domain::Fault;
use crate::mailbox::provision::ProvisionError;
use crate::server::StartError;

use open::Opened;
use out::Out;

#[derive(Parser)]
#[command(name = "pli", version, about = "A secure health messaging server", disable_help_subcommand = true)]
struct Cli {
    /// The settings file
    #[arg(long, value_name = "FILE", default_value = "/etc/pli/pli.toml")]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The whole journey on this machine, in a throw-away folder
    Demo(demo::Demo),
    /// Make a first installation: settings, keys, trial certificate
    Init(init::Init),
    /// Run the server
    Serve,
    /// Practices: the tenants of this server
    #[command(subcommand)]
    Practice(practice::Practice),
    /// Mail domains of practices
    #[command(subcommand)]
    Domain(domain::Domain),
    /// Mailboxes of practitioners, services and software
    #[command(subcommand)]
    Mailbox(mailbox::Mailbox),
    /// Devices: one password for each mail client
    #[command(subcommand)]
    Device(device::Device),
    /// The directory of patients, carers and correspondents
    #[command(subcommand)]
    Patient(patient::Patient),
    /// Messages on their way to patients
    #[command(subcommand)]
    Delivery(delivery::Delivery),
    /// Codes: how providers do, what is spent, a test that really sends
    #[command(subcommand)]
    Code(code::Code),
    /// Copy everything, sealed as it is, into a folder elsewhere
    Backup(backup::Backup),
    /// Read a backup into a new and empty installation
    Restore(backup::Restore),
    /// Keys: what there is, another root key, a new recovery certificate, a way back in when every password is lost
    #[command(subcommand)]
    Key(key::Key),
    /// Notices that wait to be sent
    #[command(subcommand)]
    Queue(queue::Queue),
    /// Print what each domain publishes in the DNS: MX, SPF, DKIM, DMARC, MTA-STS, SRV, TLSA
    Dns(dns::Dns),
    /// Look at the whole installation: what is not as it should be, and what to do
    Doctor(doctor::Doctor),
    /// The journal: who did what
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Explain where a message from a mailbox to an address would go
    Route(route::Route),
}

/// Runs the command of this process' arguments.
pub fn main() -> ExitCode {
    // A usage error prints itself and exits with 2; help and version with 0.
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refused(&format!("the system gives no threads: {}", error.kind())),
    };
    match runtime.block_on(run(cli)) {
        Ok(()) | Err(Stop::Quiet) => ExitCode::SUCCESS,
        Err(Stop::Failed) => ExitCode::from(1),
        Err(Stop::Refused(why)) => refused(&why),
    }
}

async fn run(cli: Cli) -> Result<(), Stop> {
    let mut out = Out::stdout();
    match cli.command {
        Command::Demo(command) => return command.run(&mut out).await,
        Command::Init(command) => return command.run(&mut out),
        Command::Serve => return serve::run(&cli.config, &mut out).await,
        Command::Key(command) if !command.is_of_the_server() => return command.away(&mut out),
        Command::Doctor(command) => return command.run(&cli.config, &mut out).await,
        _ => {}
    }
    let opened = Opened::open(&cli.config).await?;
    let done = match cli.command {
        Command::Demo(_) | Command::Init(_) | Command::Serve | Command::Doctor(_) => Ok(()),
        Command::Practice(command) => command.run(&opened, &mut out).await,
        Command::Domain(command) => command.run(&opened, &mut out).await,
        Command::Mailbox(command) => command.run(&opened, &mut out).await,
        Command::Device(command) => command.run(&opened, &mut out).await,
        Command::Patient(command) => command.run(&opened, &mut out).await,
        Command::Delivery(command) => command.run(&opened, &mut out).await,
        Command::Code(command) => command.run(&opened, &mut out).await,
        Command::Backup(command) => command.run(&opened, &mut out).await,
        Command::Restore(command) => command.run(&opened, &mut out).await,
        Command::Key(command) => command.run(&opened, &mut out).await,
        Command::Queue(command) => command.run(&opened, &mut out).await,
        Command::Audit(command) => command.run(&opened, &mut out).await,
        Command::Route(command) => command.run(&opened, &mut out).await,
        Command::Dns(command) => command.run(&opened, &mut out).await,
    };
    opened.close().await;
    done
}

fn refused(why: &str) -> ExitCode {
    out::complain(why);
    ExitCode::from(1)
}

/// Why a command ends before its end.
#[derive(Debug)]
enum Stop {
    /// One line for standard error; exit 1.
    Refused(String),
    /// What is wrong was printed already; exit 1.
    Failed,
    /// Nobody reads any more (a closed pipe).
    Quiet,
}

impl Stop {
    fn because(why: impl Into<String>) -> Self {
        Self::Refused(why.into())
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::Quiet,
            kind => Self::Refused(kind.to_string()),
        }
    }
}

impl From<crate::remote::Trouble> for Stop {
    fn from(trouble: crate::remote::Trouble) -> Self {
        let again = if trouble.is_lost() { "; run the import again to go on" } else { "" };
        Self::Refused(format!("{trouble}{again}"))
    }
}

macro_rules! refusals {
    ($($error:ty),*) => {$(
        impl From<$error> for Stop {
            fn from(error: $error) -> Self {
                Self::Refused(error.to_string())
            }
        }
    )*};
}
refusals!(crate::access::TestError, StartError, Fault, DirectoryError, ProvisionError, crate::config::ConfigError);
