//! The drive as its component descriptions tell of it: command by command, error by error; then against a model of a
//! track, and against nonsense.

mod damage;
mod model;
mod motion;
mod nonsense;
mod read;
mod search;
mod write;

use s370_arch::channel::UnitStatus;

use super::harness::{Bench, Plain, count, pattern};

const FOUND: UnitStatus = UnitStatus::ENDED.union(UnitStatus::STATUS_MODIFIER);
const END_OF_FILE: UnitStatus = UnitStatus::ENDED.union(UnitStatus::UNIT_EXCEPTION);

/// A record with a key.
fn keyed(number: u8, key: &[u8], data: Vec<u8>) -> Plain {
    (1, 2, number, key.to_vec(), data)
}

/// A record without.
fn plain(number: u8, data: Vec<u8>) -> Plain {
    keyed(number, &[], data)
}

/// A drive whose track at cylinder 1 head 2 has three records: R1 with data, R2 with key and data, R3 an end of file; and
/// that at head 3 has one, R1. The arm is at cylinder 1, head 2.
fn bench(name: &str) -> Bench {
    let mut bench = Bench::new(name, 3);
    let records = [plain(1, pattern(1, 80)), keyed(2, b"KEY2", pattern(2, 100)), plain(3, vec![])];
    bench.pack.put(1, 2, &records);
    bench.pack.put(1, 3, &[(1, 3, 1, b"NEXT".to_vec(), pattern(3, 50))]);
    bench.seek(1, 2);
    bench
}

/// One drive of each control unit.
const TYPES: [&str; 7] = ["2311", "2314", "2305-2", "3330", "3340", "3350", "3380"];
