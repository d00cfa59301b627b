//! Consoles: typewriters (1052, 3210, 3215) and local displays (3277, 3278).
