//! Scripts for unattended runs: a statement a line. `docs/bare.md` is the description for users.
//!
//! [`parse`] checks a script as a whole before anything happens; [`runner`] obeys it, told what the console types and what
//! time it is. It never waits itself: it says until when it has nothing to do.

pub mod parse;
pub mod runner;

pub use self::{parse::Script, runner::Runner};

/// The script came to its end, or said `exit 0`.
pub const EXIT_SUCCESS: u8 = 0;
/// A command was not obeyed, or the machine could not be set up or did not come to a good end.
pub const EXIT_FAILURE: u8 = 1;
/// An option, the configuration or the script is wrong; nothing has been run.
pub const EXIT_WRONG: u8 = 2;
/// A time-out.
pub const EXIT_TIMEOUT: u8 = 3;
/// The processor came to a disabled wait, the check stop or the stopped state while the script waited for something else.
pub const EXIT_DEAD: u8 = 4;
