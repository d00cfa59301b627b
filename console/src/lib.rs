//! Terminals, as far as they are bytes: telnet, TN3270 and TN3270E (RFC 854, 1576, 2355), the 3270 data stream
//! (GA23-0059), the screen, and lines for a typewriter. Protocols take bytes and the time; whoever owns a socket feeds them.
//!
//! **Invariants:** no bytes from a terminal or a host make anything here panic or grow without bound.

pub mod line;
pub mod screen;
pub mod stream;
pub mod telnet;
pub mod tn3270;
