//! Magnetic tape units.
