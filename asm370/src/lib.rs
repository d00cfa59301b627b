//! A System/370 assembler and linker as a library: a source provider in, objects and listings out; no file system of its own.
