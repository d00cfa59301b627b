//! Letting a machine run as it is going to, and putting it back to its beginning: what its processor has learned stays.

use std::sync::Arc;

use s370_arch::storage_key::BLOCK;
use s370_cpu::{bus::Bus, machine::Machine, translate::Tuning};

use crate::vector::Picture;

/// Rehearses so many instructions, so that the translator translates as many of them as `recording` says.
#[must_use]
pub fn rehearse(
    machine: Machine,
    picture: &Picture,
    bus: &dyn Fn() -> Box<dyn Bus>,
    recording: usize,
    count: u64,
) -> Machine {
    let mut machine = machine;
    let (beginning, listed) = (machine.processor.state.clone(), machine.log.capacity);
    machine.processor.tune(Tuning::eager(recording));
    // Having executed one instruction, it is about to record.
    for count in [1, count] {
        machine.run(&mut *bus(), count);
        let mut processor = machine.processor;
        let storage = Arc::clone(&processor.storage);
        for (at, byte) in (0..).zip(&picture.storage) {
            if storage.u8(at) != *byte {
                storage.store_u8(at, *byte);
            }
        }
        for (block, key) in (0..).zip(&picture.keys) {
            storage.set_key(block * BLOCK, *key);
        }
        processor.purge_tlb();
        processor.state = beginning.clone();
        machine = Machine::with(processor);
        machine.log.capacity = listed;
    }
    machine
}
