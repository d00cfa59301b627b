//! The probe's format: every key, its default, and what is said when it is wrong.

use cambridge::{
    probe::{DEFAULT_TOD, LARGEST_DUMP, Probe, run_case, serve},
    report::LISTED_INTERRUPTIONS,
};
use s370_cpu::{
    processor::Engine,
    state::{CpuState, Model},
};
use serde_json::{Value, json};

/// The result of a case.
fn result(case: &Value) -> Value {
    let line = run_case(&case.to_string());
    let result: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(result["error"], Value::Null, "{case}");
    result
}

/// The error in place of a result; the case's `id` is there too.
fn error(case: &Value) -> String {
    let result: Value = serde_json::from_str(&run_case(&case.to_string())).unwrap();
    assert_eq!(result["id"], case["id"], "{case}");
    result["error"].as_str().unwrap_or_else(|| panic!("{case} is no error: {result}")).to_owned()
}

/// A case that executes the instructions in `hex` at location X'1000'.
fn case(hex: &str, instructions: u64) -> Value {
    json!({
        "id": "a case", "psw": "0000000000001000",
        "storage": [{"at": "0x1000", "hex": hex}],
        "run": {"instructions": instructions},
    })
}

/// The case with one key more, or another value for it.
fn with(mut case: Value, key: &str, value: Value) -> Value {
    case[key] = value;
    case
}

#[test]
fn the_smallest_case_shows_every_default() {
    let result = result(&json!({"id": "small", "psw": "0000000000001000"}));
    let reset = CpuState::new(Model::default());
    let cr: Vec<String> = reset.cr.iter().map(|word| format!("{word:08x}")).collect();
    assert_eq!(
        result,
        json!({
            // One instruction: operation code zero, at a zero program new PSW.
            "id": "small", "stop": "count", "instructions": 1, "psw": "0000000000000000", "cc": 0,
            "gr": vec!["00000000"; 16], "fpr": vec!["0000000000000000"; 4], "cr": cr,
            "interruptions": [{"class": "program", "code": "0x0001", "ilc": 2, "old_psw": "0000000140001002"}],
            "storage": [], "keys": [],
        })
    );
}

#[test]
fn a_result_is_written_with_its_keys_in_the_order_of_the_specification() {
    let case = with(case("1A12", 1), "dump", json!([{"at": 4096, "length": 2}]));
    let line = run_case(&with(case, "keys", json!([{"at": 0, "key": 16}])).to_string());
    let places: Vec<usize> =
        ["id", "stop", "instructions", "psw", "cc", "gr", "fpr", "cr", "interruptions", "storage", "keys"]
            .iter()
            .map(|key| line.find(&format!("\"{key}\":")).unwrap())
            .collect();
    assert!(places.is_sorted(), "{line}");
    assert!(line.ends_with(r#""storage":[{"at":"0x1000","hex":"1a12"}],"keys":[{"at":"0x0","key":16}]}"#), "{line}");
}

#[test]
fn ids_are_echoed_whatever_is_in_them() {
    for id in ["", "a \"quoted\" \\ one", "\u{0}\n\u{7f}", "Größe 漢字 🎹"] {
        assert_eq!(result(&with(case("1A12", 1), "id", json!(id)))["id"], json!(id));
        assert!(error(&json!({"id": id, "psw": 5})).contains("expected 16 hexadecimal digits"));
    }
}

#[test]
fn general_registers_are_a_list_or_an_object() {
    let object = with(case("1A12", 1), "gr", json!({"1": 5, "2": "0x10", "15": "FFFFFFFF"}));
    let after = result(&object);
    assert_eq!(
        (&after["gr"][1], &after["gr"][2], &after["gr"][15]),
        (&json!("00000015"), &json!("00000010"), &json!("ffffffff"))
    );
    assert_eq!(after["cc"], 2);
    let mut list = vec![json!(0); 16];
    (list[1], list[2], list[15]) = (json!("0X5"), json!(16), json!(u32::MAX));
    assert_eq!(result(&with(object, "gr", json!(list))), after);
}

#[test]
fn floating_point_and_control_registers_are_objects() {
    let case = with(case("1A12", 1), "fpr", json!({"2": "41ABCDEF00000001", "6": "ffffffffffffffff"}));
    let result = result(&with(case, "cr", json!({"0": "0x0", "9": 7, "0xF": 1})));
    assert_eq!(result["fpr"], json!(["0000000000000000", "41abcdef00000001", "0000000000000000", "ffffffffffffffff"]));
    let reset = CpuState::new(Model::default()).cr;
    assert_eq!(
        (&result["cr"][0], &result["cr"][9], &result["cr"][15]),
        (&json!("00000000"), &json!("00000007"), &json!("00000001"))
    );
    assert_eq!(result["cr"][14], json!(format!("{:08x}", reset[14])));
}

#[test]
fn storage_is_set_and_returned() {
    let case = json!({
        // ST 1,X'7FC'
        "id": "storage", "psw": "0000000000000400", "storage_size": "0x800", "gr": {"1": "0xCAFEBABE"},
        "storage": [{"at": 1024, "hex": "501007FC"}, {"at": "0x600", "hex": "0102030405060708090A"}, {"at": "0x602", "hex": ""},
                    {"at": "0x601", "hex": "fF"}],
        "dump": [{"at": "0x7fc", "length": 4}, {"at": 1536, "length": "0xA"}, {"at": 1536, "length": 0}],
    });
    assert_eq!(
        result(&case)["storage"],
        json!([{"at": "0x7fc", "hex": "cafebabe"}, {"at": "0x600", "hex": "01ff030405060708090a"}, {"at": "0x600", "hex": ""}])
    );
}

#[test]
fn keys_are_set_and_returned_with_what_the_run_recorded() {
    // ST 1,X'800'(2) with key 3
    let case = json!({
        "id": "keys", "psw": "0030000000001000", "gr": {"2": 4096},
        "storage": [{"at": 4096, "hex": "50120800"}],
        "keys": [{"at": "0x1FFF", "key": "0x30"}, {"at": "0x1000", "key": 48}, {"at": "0x4000", "key": "0xFE"}],
    });
    assert_eq!(
        result(&case)["keys"],
        json!([{"at": "0x1fff", "key": 0x36}, {"at": "0x1000", "key": 0x34}, {"at": "0x4000", "key": 0xFE}])
    );
}

#[test]
fn runs_end_for_the_reason_that_is_given() {
    // LA 1,1(0,1) and BC 15,0(0,2)
    let based = |run| with(with(case("4110100147F02000", 1), "gr", json!({"2": 0x1000})), "run", run);
    let counted = result(&based(json!({"instructions": 7})));
    assert_eq!(
        (&counted["stop"], &counted["instructions"], &counted["gr"][1]),
        (&json!("count"), &json!(7), &json!("00000004"))
    );
    let limited = result(&based(json!({"until": "wait", "limit": "0x8"})));
    assert_eq!((&limited["stop"], &limited["instructions"]), (&json!("limit"), &json!(8)));
    let none = result(&based(json!({"instructions": 0})));
    assert_eq!(
        (&none["stop"], &none["instructions"], &none["psw"]),
        (&json!("count"), &json!(0), &json!("0000000000001000"))
    );
}

#[test]
fn a_wait_ends_the_run() {
    // SVC 7 leads to a wait; in the second case the wait is there from the beginning.
    let mut waits = case("0A07", 100);
    waits["storage"].as_array_mut().unwrap().push(json!({"at": "0x60", "hex": "0002000000000ABC"}));
    for run in [json!({"instructions": 100}), json!({"until": "wait", "limit": 100})] {
        let result = result(&with(waits.clone(), "run", run));
        assert_eq!((&result["stop"], &result["instructions"]), (&json!("wait"), &json!(1)));
        assert_eq!(result["psw"], "0002000000000abc");
        let svc = json!([{"class": "svc", "code": "0x0007", "ilc": 2, "old_psw": "0000000740001002"}]);
        assert_eq!(result["interruptions"], svc);
    }
    let result = result(&with(waits, "psw", json!("0002000000001000")));
    assert_eq!((&result["stop"], &result["instructions"]), (&json!("wait"), &json!(0)));
}

#[test]
fn a_program_interruption_loop_is_a_check_stop() {
    let result = result(&case("0000", 1_000_000));
    assert_eq!((&result["stop"], &result["instructions"]), (&json!("checkstop"), &json!(2)));
}

#[test]
fn a_timer_interruption_loop_is_a_check_stop() {
    // The clock comparator is zero, and the external new PSW allows external interruptions.
    let case = json!({
        "id": "timer", "psw": "0100000000001000", "cr": {"0": "0x800"},
        "storage": [{"at": 88, "hex": "0100000000002000"}], "run": {"until": "wait", "limit": 1000},
    });
    let result = result(&case);
    assert_eq!((&result["stop"], &result["instructions"]), (&json!("checkstop"), &json!(0)));
    assert_eq!(result["interruptions"][0]["code"], "0x1004");
    assert_eq!(
        (&result["interruptions"][0]["class"], &result["interruptions"][0]["ilc"]),
        (&json!("external"), &json!(0))
    );
}

#[test]
fn a_psw_with_an_invalid_format_interrupts_at_once() {
    let case = json!({
        "id": "early", "psw": "8008000000001000", "storage": [{"at": 104, "hex": "0008000000002000"}],
        "run": {"instructions": 0}, "dump": [{"at": 40, "length": 8}, {"at": 140, "length": 4}],
    });
    let result = result(&case);
    assert_eq!(
        result["interruptions"],
        json!([{"class": "program", "code": "0x0006", "ilc": 0, "old_psw": "8008000000001000"}])
    );
    assert_eq!((&result["psw"], &result["stop"]), (&json!("0008000000002000"), &json!("count")));
    assert_eq!(result["storage"][0]["hex"], "8008000000001000");
    assert_eq!(result["storage"][1]["hex"], "00000006");
}

#[test]
fn at_most_sixty_four_interruptions_are_listed() {
    // SVC 1 whose new PSW leads to the same SVC.
    let mut svc = case("0A01", 100);
    svc["storage"].as_array_mut().unwrap().push(json!({"at": "0x60", "hex": "0000000000001000"}));
    let result = result(&svc);
    assert_eq!(result["interruptions"].as_array().unwrap().len(), LISTED_INTERRUPTIONS);
    assert_eq!((&result["stop"], &result["instructions"]), (&json!("count"), &json!(100)));
}

#[test]
fn engines_agree_and_are_known_by_name() {
    let plain = with(case("1A121A121B23", 3), "gr", json!({"1": 5, "2": 9}));
    let line = run_case(&plain.to_string());
    for engine in ["slow", "fast"] {
        assert_eq!(run_case(&with(plain.clone(), "engine", json!(engine)).to_string()), line);
    }
    let mut slow = Vec::new();
    assert!(Probe::new(Engine::Slow).answer(plain.to_string().as_bytes(), &mut slow));
    assert_eq!(slow, (line + "\n").into_bytes());
    let message = error(&with(plain, "engine", json!("warp")));
    assert!(
        message.contains("\"warp\" is not an execution engine: they are translator, interpreter, fast, slow"),
        "{message}"
    );
}

#[test]
fn the_clock_begins_where_it_is_set_and_runs_in_virtual_time() {
    // The clock comparator is zero: its interruption comes once the clock is past that, and leads to a wait.
    let executed = |case: Value| {
        let result = result(&with(case, "cr", json!({"0": "0x800"})));
        assert_eq!(result["interruptions"][0]["code"], "0x1004");
        result["instructions"].as_u64().unwrap()
    };
    let mut case = case("181118111811", 3);
    case["psw"] = json!("0100000000001000");
    case["storage"].as_array_mut().unwrap().push(json!({"at": 88, "hex": "0002000000000000"}));
    assert_eq!(executed(case.clone()), 0, "the default is a time in this century or the last");
    assert_eq!(executed(with(case.clone(), "tod", json!("0000000000000000"))), 1);
    assert_eq!(executed(with(case.clone(), "tod", json!("ffffffffffffe000"))), 0);
    assert_eq!(executed(with(case, "tod", json!(format!("{DEFAULT_TOD:016x}")))), 0);
}

#[test]
fn values_that_are_out_of_range() {
    let piece =
        |at: Value, hex: Value| with(case("", 1), "storage", json!([{"at": 0, "hex": "00"}, {"at": at, "hex": hex}]));
    let key = |at: Value, key: Value| with(case("", 1), "keys", json!([{"at": at, "key": key}]));
    let dump = |at: Value, length: Value| with(case("", 1), "dump", json!([{"at": at, "length": length}]));
    let size = |size: Value| with(case("", 1), "storage_size", size);
    let run = |run: Value| with(case("", 1), "run", run);
    let gr = |gr: Value| with(case("", 1), "gr", gr);
    let cases = [
        (piece(json!("0x100000"), json!("00")), "storage[1]: 1 bytes at 0x100000 are not all in the 0x100000 bytes"),
        (piece(json!("0xfffff"), json!("0000")), "storage[1]: 2 bytes at 0xfffff"),
        (piece(json!(u64::MAX), json!("0000")), "storage[1]: 2 bytes at 0xffffffffffffffff"),
        (piece(json!("0x100000000"), json!("00")), "storage[1]: 1 bytes at 0x100000000"),
        (piece(json!(0), json!("0")), "storage[1].hex: 1 digits"),
        (piece(json!(0), json!("0 00")), "storage[1].hex: characters 1 and 2"),
        (piece(json!(0), json!("0x00")), "storage[1].hex: characters 1 and 2"),
        (piece(json!(0), json!(0)), "expected a string"),
        (piece(json!(-1), json!("00")), "expected an integer that is not negative"),
        (piece(json!(1.5), json!("00")), "expected an integer that is not negative"),
        (piece(json!("12g"), json!("00")), "\"12g\" is not a hexadecimal number"),
        (key(json!("0x100000"), json!(0)), "keys[0].at: 1 bytes at 0x100000"),
        (key(json!(0), json!(256)), "keys[0].key: 0x100 is not one byte"),
        (dump(json!(0), json!("0x100001")), "dump[0]: 1048577 bytes at 0x0"),
        (dump(json!(1), json!(u64::MAX)), "dump[0]: 18446744073709551615 bytes at 0x1"),
        (size(json!(0)), "storage_size: 0 is not a multiple of 2048"),
        (size(json!(2049)), "storage_size: 2049"),
        (size(json!((16 << 20) + 2048)), "storage_size: 16779264"),
        (size(json!(null)), "expected an integer that is not negative"),
        (run(json!({})), ""),
        (run(json!({"until": "wait"})), "run: neither"),
        (run(json!({"limit": 1})), "run: neither"),
        (run(json!({"instructions": 1, "limit": 1})), "run: neither"),
        (run(json!({"until": "halt", "limit": 1})), "unknown variant `halt`, expected `wait`"),
        (run(json!([1])), "expected an object"),
        (run(json!({"instructions": null})), "expected an integer that is not negative"),
        (gr(json!(vec![0; 15])), "15 general registers in the list: there are 16"),
        (gr(json!(vec![0; 17])), "17 general registers in the list: there are 16"),
        (gr(json!({"16": 0})), "there is no general register 16: the numbers are 0 to 15"),
        (gr(json!({"x": 0})), "\"x\" is not a register number"),
        (gr(json!({"99999999999": 0})), "\"99999999999\" is not a register number"),
        (gr(json!({"3": "0x100000000"})), "general register 3: 0x100000000 has more than 32 bits"),
        (gr(json!({"3": 1, "0x3": 1})), "general register 3 is named twice"),
        (gr(json!(7)), "expected a list of 16 fullwords, or an object"),
        (with(case("", 1), "cr", json!({"16": 0})), "there is no control register 16: the numbers are 0 to 15"),
        (with(case("", 1), "cr", json!(vec![0; 16])), "expected an object that names control registers"),
        (
            with(case("", 1), "fpr", json!({"1": "0000000000000000"})),
            "no floating-point register 1: the numbers are 0, 2, 4 and 6",
        ),
        (with(case("", 1), "fpr", json!({"0": "00"})), "\"00\" is not 16 hexadecimal digits"),
        (with(case("", 1), "fpr", json!({"0": 1})), "expected 16 hexadecimal digits in a string"),
        (with(case("", 1), "psw", json!("0x00000000001000")), "is not 16 hexadecimal digits"),
        (with(case("", 1), "tod", json!("0")), "\"0\" is not 16 hexadecimal digits"),
        (with(case("", 1), "tod", json!(null)), "expected 16 hexadecimal digits in a string"),
        (with(case("", 1), "engine", json!(null)), "expected the name of an execution engine"),
        (with(case("", 1), "grs", json!(1)), "unknown field `grs`"),
        (with(case("", 1), "storage", json!([{"at": 0, "hex": "", "length": 1}])), "unknown field `length`"),
        (with(case("", 1), "storage", json!([[0, "00"]])), "expected an object"),
        (with(case("", 1), "storage", json!([{"at": 0}])), "missing field `hex`"),
        (json!({"id": "no PSW"}), "missing field `psw`"),
    ];
    for (case, message) in cases {
        if message.is_empty() {
            // An empty object leaves everything to its default.
            assert_eq!(result(&case)["instructions"], 1);
            continue;
        }
        let found = error(&case);
        assert!(found.contains(message), "{case}: {found:?} does not say {message:?}");
    }
}

#[test]
fn dumps_have_a_limit_together() {
    let whole = json!({"at": 0, "length": 16 << 20});
    let dumps = |count: usize| json!({"id": "dumps", "psw": "0000000000000000", "storage_size": 16 << 20, "dump": vec![whole.clone(); count]});
    let most = (LARGEST_DUMP >> 24) as usize;
    assert!(error(&dumps(most + 1)).starts_with(&format!("dump[{most}]: ")));
}

#[test]
fn lines_that_are_not_cases_are_answered_too() {
    let lines = [
        ("7", Value::Null),
        ("[]", Value::Null),
        ("[\"a\",2048]", Value::Null),
        ("null", Value::Null),
        ("{", Value::Null),
        ("{}", Value::Null),
        ("{\"id\": 7, \"psw\": \"0000000000000000\"}", Value::Null),
        ("{\"psw\": \"0000000000000000\"}", Value::Null),
        ("{\"id\": \"a\", \"id\": \"b\", \"psw\": \"0000000000000000\"}", json!("a")),
        ("{\"id\": \"known\", \"psw\": ", json!("known")),
        ("{\"psw\": 1, \"id\": \"late\"}", json!("late")),
        ("{\"id\": \"a\", \"psw\": \"0000000000000000\"} x", json!("a")),
        ("{\"id\": \"a\", \"psw\": \"0000000000000000\"}{}", json!("a")),
        ("{\"id\": \"\\ud800\", \"psw\": \"0000000000000000\"}", Value::Null),
    ];
    for (line, id) in lines {
        let answer: Value = serde_json::from_str(&run_case(line)).unwrap();
        assert_eq!(answer["id"], id, "{line}");
        assert!(answer["error"].as_str().is_some_and(|error| error.contains(": ")), "{line}: {answer}");
    }
}

#[test]
fn nothing_is_left_for_the_next_case() {
    // ST 1,X'800'(2) writes into a block of its own, with keys and registers and a clock of its own.
    let marks = json!({
        "id": "marks", "psw": "0000000000001000", "gr": {"1": -1i64 as u32, "2": "0x1000"}, "cr": {"0": 0}, "tod": "ffffffffffffffff",
        "storage": [{"at": "0x1000", "hex": "50120800"}, {"at": "0x68", "hex": "ffffffffffffffff"}],
        "keys": [{"at": "0x2000", "key": 240}], "fpr": {"0": "ffffffffffffffff"},
    });
    let plain = json!({
        "id": "plain", "psw": "0000000000001000", "keys": [{"at": "0x2000", "key": 0}, {"at": "0x1800", "key": 0}],
        "dump": [{"at": 0, "length": 0x4000}],
    });
    let alone = run_case(&plain.to_string());
    let lines: Vec<String> = (0..3).flat_map(|_| [marks.to_string(), plain.to_string()]).collect();
    let mut output = Vec::new();
    assert!(serve(&mut Probe::default(), lines.join("\n").as_bytes(), &mut output).unwrap());
    let answers: Vec<&str> = str::from_utf8(&output).unwrap().lines().collect();
    assert_eq!(answers.len(), 6);
    assert!(answers.iter().skip(1).step_by(2).all(|answer| *answer == alone));
    assert!(answers.iter().step_by(2).all(|answer| answer == &answers[0]));
}

#[test]
fn storages_of_many_sizes_are_served_in_turn() {
    let lines: Vec<String> = (0..50)
        .map(|n| {
            json!({"id": n.to_string(), "psw": "0000000000000000", "storage_size": 2048 * (n % 7 + 1)}).to_string()
        })
        .collect();
    let mut output = Vec::new();
    assert!(serve(&mut Probe::default(), lines.join("\r\n\n \n").as_bytes(), &mut output).unwrap());
    for (n, answer) in str::from_utf8(&output).unwrap().lines().enumerate() {
        assert!(answer.starts_with(&format!("{{\"id\":\"{n}\",\"stop\"")), "{answer}");
    }
}
