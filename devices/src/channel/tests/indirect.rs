//! "Channel Indirect Data Addressing".

use super::*;

const LIST: u32 = 0x0600;
const OK: ChannelStatus = ChannelStatus::empty();
const PROGRAM_CHECK: ChannelStatus = ChannelStatus::PROGRAM_CHECK;

fn bench(reply: Reply, ccw: (u8, u32, CcwFlags, u16), list: &[u32]) -> Bench {
    let bench = Bench::with([reply], &[ccw]);
    for (at, &word) in (LIST..).step_by(4).zip(list) {
        bench.storage.store_u32(at, word);
    }
    bench
}

#[test]
fn the_first_word_designates_any_byte_and_the_others_a_block() {
    let data: Vec<u8> = (0..4100).map(|n| (n % 251) as u8).collect();
    let mut bench =
        bench(Reply::moving(Move::Store(data.clone())), (READ, LIST, IDA, 4100), &[0x0FFE, 0x2800, 0x1000, 0]);
    assert_eq!(bench.run(), csw(PROGRAM + 8, UnitStatus::ENDED, OK, 0));
    assert_eq!(bench.bytes(0x0FFE, 2), data[..2]);
    assert_eq!(bench.bytes(0x2800, 2048), data[2..2050]);
    // The list's fourth word is not needed, although the third block is full.
    assert_eq!(bench.bytes(0x1000, 2048), data[2050..4098]);
    assert_eq!(bench.bytes(0, 2), data[4098..]);
}

#[test]
fn output_and_backward() {
    let mut write = bench(Reply::moving(Move::Fetch(4)), (WRITE, LIST, IDA, 4), &[0x0FFE, 0x2000]);
    write.storage.store(0x0FFE, &[1, 2]);
    write.storage.store(0x2000, &[3, 4]);
    assert_eq!(write.run(), csw(PROGRAM + 8, UnitStatus::ENDED, OK, 0));
    assert_eq!(write.script(DEVICE).received, [1, 2, 3, 4]);
    let mut backward =
        bench(Reply::moving(Move::StoreBackward(counting(4))), (BACKWARD, LIST, IDA, 4), &[0x2001, 0x0FFF]);
    assert_eq!(backward.run(), csw(PROGRAM + 8, UnitStatus::ENDED, OK, 0));
    assert_eq!((backward.bytes(0x2000, 2), backward.bytes(0x0FFE, 2)), (vec![3, 4], vec![1, 2]));
}

#[test]
fn invalid_words_count_when_they_take_control() {
    for second in [0x0000_2001, 0x0100_2000, 0x00FF_F800] {
        // The first area alone: the second word is not looked at.
        let mut bench1 = bench(Reply::moving(Move::Store(counting(2))), (READ, LIST, IDA, 2), &[0x0FFE, second]);
        assert_eq!(bench1.run(), csw(PROGRAM + 8, UnitStatus::ENDED, OK, 0));
        let mut bench2 = bench(Reply::moving(Move::Store(counting(3))), (READ, LIST, IDA, 3), &[0x0FFE, second]);
        let result = bench2.run();
        assert_eq!((result.address, result.unit, result.channel), (PROGRAM + 8, UnitStatus::ENDED, PROGRAM_CHECK));
        assert_eq!(bench2.script(DEVICE).moved, 2);
    }
    // Backward, the words after the first must designate the last byte of a block.
    let reply = Reply::moving(Move::StoreBackward(counting(3)));
    assert_eq!(bench(reply, (BACKWARD, LIST, IDA, 3), &[0x1001, 0x2000]).run().channel, PROGRAM_CHECK);
}

#[test]
fn an_invalid_first_word_keeps_the_operation_from_being_started() {
    for (list, word) in [(LIST, 0x0100_1000), (0x4000, 0)] {
        let mut bench = bench(Reply::moving(Move::Store(vec![1])), (READ, list, IDA, 1), &[word]);
        assert_eq!(bench.sio(), 1);
        assert_eq!(bench.status(), (UnitStatus::empty(), PROGRAM_CHECK));
        assert!(bench.script(DEVICE).commands.is_empty());
    }
    // On chaining, too; and protection applies to the list.
    let script = [Reply::moving(Move::Nothing)];
    let mut bench = Bench::with(script, &[(CONTROL, 0, CC | SLI, 1), (READ, 0x2000, IDA, 1)]);
    bench.storage.set_key(0x2000, 0x58);
    bench.caw(4, PROGRAM);
    let result = bench.run();
    assert_eq!(result, Csw { key: 4, ..csw(PROGRAM + 16, UnitStatus::empty(), ChannelStatus::PROTECTION_CHECK, 1) });
}

#[test]
fn a_control_command_finds_the_error_when_it_wants_data() {
    let mut bench = bench(Reply::moving(Move::Fetch(6)), (CONTROL, LIST, IDA, 6), &[0x0100_1000]);
    let result = bench.run();
    assert_eq!((result.unit, result.channel, result.count), (UnitStatus::ENDED, PROGRAM_CHECK, 6));
}

#[test]
fn lists_and_plain_areas_mix_in_a_data_chain() {
    let script = [Reply::moving(Move::Store(counting(6)))];
    let mut bench = Bench::with(script, &[(READ, DATA, CD, 1), (0, LIST, CD | IDA, 3), (0, DATA + 8, NONE, 2)]);
    bench.storage.store_u32(LIST, 0x17FF);
    bench.storage.store_u32(LIST + 4, 0x2000);
    assert_eq!(bench.run(), csw(PROGRAM + 24, UnitStatus::ENDED, OK, 0));
    assert_eq!(
        (bench.bytes(0x17FF, 1), bench.bytes(0x2000, 2), bench.bytes(DATA + 8, 2)),
        (vec![2], vec![3, 4], vec![5, 6])
    );
}
