//! The commands that only print: `schema`, `man`.

use std::io::Write;

use clap::CommandFactory;

use super::args::{Cli, Man, Schema, SchemaOf};
use super::exit::Exit;
use super::failure::Failure;
use crate::job::schema;

/// `schema`: the JSON Schema of job files, fleet files or files of faults.
pub(super) fn schema(args: &Schema) -> Result<Exit, Failure> {
    let schema = match args.of {
        SchemaOf::Job => schema::schema(),
        SchemaOf::Fleet => schema::fleet_schema(),
        SchemaOf::Faults => return print(crate::emulator::FAULTS_SCHEMA.as_bytes()),
    };
    let mut text = serde_json::to_vec_pretty(&schema).map_err(std::io::Error::from)?;
    text.push(b'\n');
    print(&text)
}

/// `man`: the manual page, or one for each command in a folder.
pub(super) fn man(args: &Man) -> Result<Exit, Failure> {
    let Some(folder) = &args.dir else {
        let mut text = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut text)?;
        return print(&text);
    };
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure::BadInput(format!("cannot make {}: {error}", folder.display())))?;
    clap_mangen::generate_to(Cli::command(), folder)
        .map_err(|error| Failure::BadInput(format!("cannot write to {}: {error}", folder.display())))?;
    Ok(Exit::Done)
}

pub(super) fn print(text: &[u8]) -> Result<Exit, Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text)?;
    out.flush()?;
    Ok(Exit::Done)
}
