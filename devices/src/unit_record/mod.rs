//! Card readers, card punches and printers.
