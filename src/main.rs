//! The program: everything is in the library.

/// Messages of many MiB come and go on many threads: what is bounded has to be bounded in the process as well.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    pli::cli::main()
}
