//! TN3270 (RFC 1576) and TN3270E (RFC 2355): the server's side, and plain telnet beside them.
//!
//! [`session`] is one connection from its first byte; [`terminal`] what terminals call themselves; [`enhanced`] the messages
//! of TN3270E.

pub mod enhanced;
pub mod session;
pub mod terminal;
