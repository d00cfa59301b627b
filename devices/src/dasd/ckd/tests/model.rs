//! Random work on a track, compared with a model: a list of records.

use proptest::{prelude::*, test_runner::RngSeed};

use super::*;

/// A piece of work: a chain of its own. Records are named by their place on the track, modulo how many there are.
#[derive(Clone, Debug)]
enum Work {
    /// Formats records after this one, with numbers, keys and data of these lengths, and of the last so much is given.
    Format(usize, Vec<(u8, u8, u16)>, u16),
    /// Erases what follows this record.
    Erase(usize),
    /// Updates data, or key and data, with so many bytes too few.
    Update(usize, bool, u16),
    /// Searches for the record's key, and updates data.
    UpdateByKey(usize, u16),
    /// Reads from one of the three areas on, from that record on, as many records.
    Read(usize, u8, usize),
    /// Searches keys for this relation to that of the record.
    SearchKey(usize, u8),
}

fn work() -> impl Strategy<Value = Work> {
    let lengths = (1_u8..4, prop_oneof![Just(0_u8), 1_u8..12], prop_oneof![Just(0_u16), 1_u16..60, 500_u16..3000]);
    prop_oneof![
        (any::<usize>(), prop::collection::vec(lengths, 1..8), 0_u16..100).prop_map(|(n, r, s)| Work::Format(n, r, s)),
        any::<usize>().prop_map(Work::Erase),
        (any::<usize>(), any::<bool>(), 0_u16..30).prop_map(|(n, key, short)| Work::Update(n, key, short)),
        (any::<usize>(), 0_u16..30).prop_map(|(n, short)| Work::UpdateByKey(n, short)),
        (any::<usize>(), 0_u8..3, 1_usize..5).prop_map(|(n, area, records)| Work::Read(n, area, records)),
        (any::<usize>(), 0_u8..3).prop_map(|(n, relation)| Work::SearchKey(n, relation)),
    ]
}

/// The track: a list of records, R0 first, and the room that is left.
struct Model {
    records: Vec<Plain>,
    name: &'static str,
}

impl Model {
    /// Bytes of the track that are used if these records are on it, by the formula of the manual for this type.
    fn used(&self) -> u32 {
        let space = |record: &Plain, is_last: bool| {
            let (key, data) = (record.3.len() as u32, record.4.len() as u32);
            let keyed = |overhead: u32| if key > 0 { overhead } else { 0 };
            match (self.name, is_last) {
                ("2314", true) => key + data + keyed(45),
                ("2314", false) => (key + data) * 2137 / 2048 + 101 + keyed(45),
                ("3330", _) => key + data + 135 + keyed(56),
                _ => (data + 492).div_ceil(32) * 32 + keyed((key + 236).div_ceil(32) * 32),
            }
        };
        let last = self.records.len() - 1;
        self.records.iter().enumerate().skip(1).map(|(n, record)| space(record, n == last)).sum()
    }

    fn capacity(&self) -> u32 {
        match self.name {
            "2314" => 7294,
            "3330" => 13_165,
            _ => 47_968,
        }
    }

    /// The place of the first record with the identifier of this one.
    fn place(&self, n: usize) -> usize {
        let id = self.records[n].2;
        self.records.iter().position(|record| record.2 == id).unwrap_or(n)
    }
}

/// Bytes that differ from one write to the next.
fn fresh(seed: &mut u8, length: usize) -> Vec<u8> {
    *seed = seed.wrapping_add(37);
    pattern(*seed, length)
}

/// This many bytes, of which the last are missing.
fn padded(bytes: &[u8], given: usize) -> Vec<u8> {
    bytes.iter().enumerate().map(|(n, &byte)| if n < given { byte } else { 0 }).collect()
}

fn format(bench: &mut Bench, model: &mut Model, (n, records, short): (usize, &[(u8, u8, u16)], u16), seed: &mut u8) {
    let n = model.place(n);
    bench.find_id(model.records[n].2);
    model.records.truncate(n + 1);
    for (at, &(number, key, data)) in records.iter().enumerate() {
        let bytes = fresh(seed, usize::from(key) + usize::from(data));
        let given = if at + 1 == records.len() { bytes.len().saturating_sub(usize::from(short)) } else { bytes.len() };
        let count = count(1, 2, number, key, data);
        let done = bench.command(0x1D, [&count[..], &bytes[..given]].concat());
        let (key, data) = padded(&bytes, given).split_at(usize::from(key)).clone_into_parts();
        model.records.push(keyed(number, &key, data));
        if model.used() > model.capacity() {
            model.records.pop();
            assert_eq!(done.status, UnitStatus::FAILED);
            assert_eq!(bench.sense01(), (0, 0x40));
            if at == 0 {
                // Nothing was written: the records that were there are there still.
                bench.new_chain();
                model.records = bench.pack.records(1, 2);
            }
            return;
        }
        assert_eq!((done.status, done.is_incorrect), (UnitStatus::ENDED, given < bytes.len()));
    }
}

trait IntoParts {
    fn clone_into_parts(&self) -> (Vec<u8>, Vec<u8>);
}

impl IntoParts for (&[u8], &[u8]) {
    fn clone_into_parts(&self) -> (Vec<u8>, Vec<u8>) {
        (self.0.to_vec(), self.1.to_vec())
    }
}

fn update(bench: &mut Bench, record: &mut Plain, with_key: bool, short: u16, seed: &mut u8) {
    let key = if with_key { record.3.len() } else { 0 };
    let bytes = fresh(seed, key + record.4.len());
    let given = bytes.len().saturating_sub(usize::from(short));
    let done = bench.command(if with_key { 0x0D } else { 0x05 }, bytes[..given].to_vec());
    let expected = if record.4.is_empty() { END_OF_FILE } else { UnitStatus::ENDED };
    assert_eq!(done.status, expected);
    if given > 0 {
        let bytes = padded(&bytes, given);
        record.3.splice(..key, bytes[..key].iter().copied());
        record.4 = bytes[key..].to_vec();
    }
}

fn read(bench: &mut Bench, model: &Model, (n, area, records): (usize, u8, usize)) {
    let n = model.place(n);
    bench.find_id(model.records[n].2);
    // Count, key and data begin with the next record; what is behind the last is R1.
    let first = if area == 2 { n + 1 } else { n };
    if first >= model.records.len() {
        // The search began at the index point: this is the second.
        assert_eq!(bench.fail(0x1E, &[0; 8]), (0, 0x08));
        return;
    }
    for at in first..first + records {
        let Some(record) = model.records.get(if at < model.records.len() { at } else { 1 }) else { return };
        let (_, _, number, key, data) = record;
        let count = count(1, 2, *number, key.len() as u8, data.len() as u16);
        let (code, bytes) = match area {
            0 => (0x06, data.clone()),
            1 => (0x0E, [&key[..], data].concat()),
            _ => (0x1E, [&count[..], key, data].concat()),
        };
        let done = bench.command(code, vec![0; bytes.len()]);
        assert_eq!(done.bytes, bytes);
        if data.is_empty() {
            assert_eq!(done.status, END_OF_FILE);
            return;
        }
        assert_eq!((done.status, done.is_incorrect), (UnitStatus::ENDED, false));
        if at >= model.records.len() {
            return;
        }
    }
}

/// Searches keys of one length, the argument's, among records of which some have no key.
fn search_key(bench: &mut Bench, model: &Model, n: usize, relation: u8) {
    let key = &model.records[n].3;
    let holds = |other: &[u8]| match relation {
        0 => other == &key[..],
        1 => other > &key[..],
        _ => other >= &key[..],
    };
    let is_uniform = model.records.iter().all(|record| record.3.is_empty() || record.3.len() == key.len());
    if key.is_empty() || !is_uniform {
        return;
    }
    let done = bench.search([0x29, 0x49, 0x69][usize::from(relation)], key);
    let expected = model.records.iter().skip(1).find(|record| !record.3.is_empty() && holds(&record.3));
    let Some(record) = expected else {
        assert!(done.status.contains(UnitStatus::UNIT_CHECK));
        assert_eq!(bench.sense01(), (0, 0x08));
        return;
    };
    assert_eq!(done.status, FOUND);
    assert_eq!(bench.command(0x06, vec![0; record.4.len()]).bytes, record.4);
}

fn perform(bench: &mut Bench, model: &mut Model, work: &Work, seed: &mut u8) {
    let all = model.records.len();
    bench.seek(1, 2);
    match work {
        Work::Format(n, records, short) => format(bench, model, (n % all, records, *short), seed),
        Work::Erase(n) => {
            let n = model.place(n % all);
            bench.find_id(model.records[n].2).give(0x11, &count(1, 2, 1, 0, 0));
            model.records.truncate(n + 1);
        }
        Work::Update(n, with_key, short) => {
            let n = model.place(n % all);
            bench.find_id(model.records[n].2);
            update(bench, &mut model.records[n], *with_key, *short, seed);
        }
        Work::UpdateByKey(n, short) => {
            let key = model.records[n % all].3.clone();
            let is_uniform = model.records.iter().all(|record| record.3.is_empty() || record.3.len() == key.len());
            let n = model.records.iter().skip(1).position(|record| record.3 == key);
            if let (Some(n), true, false) = (n, is_uniform, key.is_empty()) {
                bench.find(0x29, &key);
                update(bench, &mut model.records[n + 1], false, *short, seed);
            }
        }
        Work::Read(n, area, records) => read(bench, model, (n % all, *area, *records)),
        Work::SearchKey(n, relation) => search_key(bench, model, n % all, *relation),
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300, rng_seed: RngSeed::Fixed(0x3330), failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn a_track_is_a_list_of_records(
        name in prop_oneof![Just("2314"), Just("3330"), Just("3380")],
        work in prop::collection::vec(work(), 1..25),
        keeps in any::<bool>(),
    ) {
        let mut bench = Bench::new(name, 2);
        bench.keeps = keeps;
        let mut model = Model { records: bench.pack.records(1, 2), name };
        let mut seed = 0;
        for work in &work {
            perform(&mut bench, &mut model, work, &mut seed);
            bench.new_chain();
            prop_assert_eq!(&bench.pack.records(1, 2), &model.records, "{:?}", work);
        }
        prop_assert_eq!(bench.pack.records(1, 3).len(), 1);
    }
}
