//! A virtual machine.
