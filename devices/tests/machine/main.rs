//! The bare machine: programs that are loaded from a device and use one, in virtual time and with the host's clock.

mod keys;
mod loading;
mod running;
mod support;
