//! Terminals at consoles through a real socket: a telnet client played by hand, always; s3270, the scripted 3270 of the
//! x3270 family, where it is installed.

mod host;
mod s3270;
mod screens;
mod telnet;
