//! Writes.

use super::*;

#[test]
fn data_is_updated_after_a_search_for_the_record() {
    for name in TYPES {
        let mut bench = bench(name);
        bench.find_id(2).give(0x05, &pattern(50, 100));
        assert_eq!(bench.pack.records(1, 2)[2], keyed(2, b"KEY2", pattern(50, 100)), "{name}");
        bench.seek(1, 2).find(0x29, b"KEY2").give(0x05, &pattern(60, 100));
        assert_eq!(bench.pack.records(1, 2)[2], keyed(2, b"KEY2", pattern(60, 100)), "{name}");
        bench.seek(1, 2).find_id(2).give(0x0D, &[b"KEY5".to_vec(), pattern(70, 100)].concat());
        assert_eq!(bench.pack.records(1, 2)[2], keyed(2, b"KEY5", pattern(70, 100)), "{name}");
        assert_eq!(bench.pack.records(1, 2).len(), 4, "{name}: nothing else has changed");
    }
}
