//! Writes to a tape image until it is killed: `tape_writer IMAGE FORMAT SEED`. Each step that is complete is a line on
//! standard output.

use std::{
    error::Error,
    io::{self, Write},
    path::Path,
};

use cambridge::files::{HostFile, Purpose};
use devices::media::reel::{self, Format};
use tests::reel::{perform, steps};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, image, format, seed] = &arguments[..] else { return Err("tape_writer IMAGE FORMAT SEED".into()) };
    let format: Format = format.parse()?;
    let file = HostFile::open(Path::new(image), Purpose::Create)?;
    let options = reel::Options { format: Some(format), ..reel::Options::default() };
    let mut reel = reel::open(Box::new(file), options)?;
    let mut output = io::stdout().lock();
    for (number, step) in steps(seed.parse()?, format).enumerate() {
        perform(&step, &mut *reel)?;
        writeln!(output, "{number}")?;
        output.flush()?;
    }
    Ok(())
}
