//! Parses the arguments, runs the command, returns the exit code.

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: transship_allocator::MiMalloc = transship_allocator::MiMalloc;

fn main() -> std::process::ExitCode {
    #[cfg(feature = "mimalloc")]
    transship_allocator::give_back_soon();
    transship::cli::main()
}
