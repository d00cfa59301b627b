//! Who runs next: queues, time slices, priorities (VM/370 System Logic and Problem Determination Guide, DMKSCH and DMKDSP).
