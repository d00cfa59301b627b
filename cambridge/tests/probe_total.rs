//! Whatever the probe reads, it answers every line with a line, and never panics.

use cambridge::probe::{Probe, run_case, serve};
use proptest::{prelude::*, test_runner::RngSeed};
use serde_json::{Value, json};

fn config(seed: u64, cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..ProptestConfig::default() }
}

/// The answers to an input, each of which must be an object with an `id`, and a result or an error.
fn answers(input: &[u8]) -> Vec<Value> {
    let mut output = Vec::new();
    let all_ran = serve(&mut Probe::default(), input, &mut output).unwrap();
    let answers: Vec<Value> =
        str::from_utf8(&output).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for answer in &answers {
        assert!(answer["id"].is_string() || answer["id"].is_null() && answer["error"].is_string(), "{answer}");
        assert!(answer["stop"].is_string() != answer["error"].is_string(), "{answer}");
    }
    assert_eq!(all_ran, answers.iter().all(|answer| answer["stop"].is_string()));
    answers
}

fn lines_in(input: &[u8]) -> usize {
    input.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count()
}

/// A case with every key.
fn full_case() -> String {
    json!({
        "id": "full", "storage_size": 8192, "psw": "0000000000001000", "tod": "0000000000000000",
        "storage": [{"at": "0x1000", "hex": "1A12D20310002000"}, {"at": 104, "hex": "0002000000000000"}],
        "keys": [{"at": "0x800", "key": "0xF0"}], "gr": {"1": "0x1F0", "2": 7}, "fpr": {"0": "4110000000000000"},
        "cr": {"0": "0xE0"}, "run": {"until": "wait", "limit": 9}, "dump": [{"at": 0, "length": 16}], "engine": "fast",
    })
    .to_string()
}

/// What is done to a line: a byte replaced, inserted or removed, or a stretch written twice.
#[derive(Debug, Clone, Copy)]
enum Mutation {
    Replace(u8),
    Insert(u8),
    Remove,
    Repeat(usize),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    // Few digits, so that no mutated case runs for millions of instructions.
    let byte = || prop_oneof![prop::sample::select(&b"{}[]\":,-.eEx0nutf\\ \n"[..]), any::<u8>()];
    prop_oneof![
        byte().prop_map(Mutation::Replace),
        byte().prop_map(Mutation::Insert),
        Just(Mutation::Remove),
        (1usize..60).prop_map(Mutation::Repeat),
    ]
}

fn mutate(line: &mut Vec<u8>, place: prop::sample::Index, mutation: Mutation) {
    let at = place.index(line.len());
    match mutation {
        Mutation::Replace(byte) => line[at] = byte,
        Mutation::Insert(byte) => line.insert(at, byte),
        Mutation::Remove if line.len() > 1 => drop(line.remove(at)),
        Mutation::Remove => {}
        Mutation::Repeat(length) => line.extend_from_within(at..(at + length).min(line.len())),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

proptest! {
    #![proptest_config(config(0x0370_0001, 512))]

    #[test]
    fn any_bytes_are_answered(input in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(answers(&input).len(), lines_in(&input));
    }

    #[test]
    fn any_text_is_answered(input in "[ -~\n]{0,200}") {
        prop_assert_eq!(answers(input.as_bytes()).len(), lines_in(input.as_bytes()));
    }
}

proptest! {
    #![proptest_config(config(0x0370_0002, 4096))]

    #[test]
    fn mutated_cases_are_answered(mutations in prop::collection::vec((any::<prop::sample::Index>(), mutation()), 1..4)) {
        let mut line = full_case().into_bytes();
        for (place, mutation) in mutations {
            mutate(&mut line, place, mutation);
        }
        prop_assert_eq!(answers(&line).len(), lines_in(&line));
    }

    /// Random registers, PSWs, keys and code: what runs is for the processor to get right, but it always gets somewhere.
    #[test]
    fn random_machines_run(
        code in prop::collection::vec(any::<u8>(), 2..64),
        low in prop::collection::vec(any::<u8>(), 128),
        psw: u64,
        gr: [u32; 16],
        fpr: [u64; 4],
        cr: [u32; 16],
        tod: u64,
        key: u8,
        instructions in 0u64..50,
    ) {
        let psw = psw & 0xFF0F_FFFF_FF00_0FFF | 0x1000;
        let fpr: serde_json::Map<String, Value> =
            (0..4).map(|i| ((2 * i).to_string(), json!(format!("{:016x}", fpr[i])))).collect();
        let cr: serde_json::Map<String, Value> = (0..16).map(|i| (i.to_string(), json!(cr[i]))).collect();
        let case = json!({
            "id": "random", "storage_size": 16384, "psw": format!("{psw:016x}"), "tod": format!("{tod:016x}"),
            "storage": [{"at": psw & 0xFFF | 0x1000, "hex": hex(&code)}, {"at": 0, "hex": hex(&low)}],
            "keys": [{"at": 0x1000, "key": key}], "gr": gr, "fpr": fpr, "cr": cr,
            "run": {"instructions": instructions}, "dump": [{"at": 0, "length": 16384}],
        });
        let line = run_case(&case.to_string());
        let result: Value = serde_json::from_str(&line).unwrap();
        prop_assert_eq!(&result["error"], &Value::Null);
        prop_assert!(result["instructions"].as_u64().unwrap() <= instructions);
        prop_assert_eq!(run_case(&case.to_string()), line);
    }
}
