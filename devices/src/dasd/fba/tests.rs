//! A drive command by command, and what it refuses.

use super::*;
use crate::{
    area::Area,
    testing::{chained, command, run},
};

const ENDED: UnitStatus = UnitStatus::ENDED;
const FAILED: UnitStatus = UnitStatus::FAILED;

/// A pack in storage; block 13 cannot be read, block 14 not be written.
struct Pack {
    bytes: Vec<u8>,
    read_only: bool,
}

impl BlockPack for Pack {
    fn blocks(&self) -> u32 {
        (self.bytes.len() / BLOCK) as u32
    }

    fn name(&self) -> &str {
        "pack"
    }

    fn read_blocks(&mut self, first: u32, into: &mut [u8]) -> Result<(), MediaError> {
        if (first..first + (into.len() / BLOCK) as u32).contains(&13) {
            let (file, what) = ("pack".to_owned(), "no block".to_owned());
            return Err(MediaError::Damaged { file, offset: 13 * 512, what });
        }
        let at = first as usize * BLOCK;
        into.copy_from_slice(&self.bytes[at..at + into.len()]);
        Ok(())
    }

    fn write_blocks(&mut self, first: u32, from: &[u8]) -> Result<(), MediaError> {
        if first == 14 {
            let (file, source) = ("pack".to_owned(), std::io::ErrorKind::StorageFull.into());
            return Err(MediaError::Host { file, offset: 14 * 512, source });
        }
        let at = first as usize * BLOCK;
        self.bytes[at..at + from.len()].copy_from_slice(from);
        Ok(())
    }

    fn is_read_only(&self) -> bool {
        self.read_only
    }
}

fn drive() -> FixedBlockDrive {
    let mut drive = FixedBlockDrive::new(Model::named("3370").unwrap());
    let bytes = (0..400u32).flat_map(|block| [block as u8; BLOCK]).collect();
    assert!(drive.mount(Box::new(Pack { bytes, read_only: false })).is_none());
    assert_eq!(drive.take_unsolicited(), UnitStatus::DEVICE_END);
    drive
}

fn extent(mask: u8, physical: u32, first: u32, last: u32) -> Area {
    let mut bytes = vec![mask, 0, 0, 0];
    bytes.extend([physical, first, last].into_iter().flat_map(u32::to_be_bytes));
    Area::of(&bytes)
}

fn location(operation: u8, replications: u8, count: u16, first: u32) -> Area {
    let mut bytes = vec![operation, replications];
    bytes.extend(count.to_be_bytes());
    bytes.extend(first.to_be_bytes());
    Area::of(&bytes)
}

fn define(drive: &mut FixedBlockDrive, mut area: Area) -> UnitStatus {
    run(drive, command(0x63), &mut area).status
}

fn locate(drive: &mut FixedBlockDrive, mut area: Area) -> UnitStatus {
    let outcome = run(drive, chained(0x43), &mut area);
    match outcome.later {
        Some(later) => outcome.status | later,
        None => outcome.status,
    }
}

fn sense(drive: &mut FixedBlockDrive) -> [u8; 2] {
    let mut area = Area::empty(30);
    assert_eq!(run(drive, command(0x04), &mut area).status, ENDED);
    assert_eq!(area.moved, 24);
    area.read()[..2].try_into().unwrap()
}

/// After a locate, reads or writes.
fn move_data(drive: &mut FixedBlockDrive, code: u8, area: &mut Area) -> UnitStatus {
    run(drive, chained(code), area).status
}

#[test]
fn located_blocks_are_read() {
    let mut drive = drive();
    // The extent is blocks 100 to 199 of the drive, and the program calls them 1000 to 1099.
    assert_eq!(define(&mut drive, extent(0x40, 100, 1000, 1099)), ENDED);
    assert_eq!(locate(&mut drive, location(0x06, 0, 3, 1010)), ENDED);
    let mut area = Area::empty(3 * BLOCK);
    assert_eq!(move_data(&mut drive, 0x42, &mut area), ENDED);
    assert_eq!((area.moved, area.is_long), (3 * BLOCK, false));
    assert_eq!((area.bytes[0], area.bytes[BLOCK], area.bytes[3 * BLOCK - 1]), (110, 111, 112));
    // The locate is used up.
    assert_eq!(move_data(&mut drive, 0x42, &mut Area::empty(BLOCK)), FAILED);
    assert_eq!(sense(&mut drive), COMMAND_REJECT);
    // As many as there are: all of a long run, in pieces.
    assert_eq!(define(&mut drive, extent(0x00, 20, 0, 379)), ENDED);
    assert_eq!(locate(&mut drive, location(0x06, 0, 380, 0)), ENDED);
    let mut area = Area::empty(400 * BLOCK);
    assert_eq!(move_data(&mut drive, 0x42, &mut area), ENDED);
    assert_eq!((area.moved, area.bytes[379 * BLOCK]), (380 * BLOCK, (399 % 256) as u8));
    // Less room than blocks: the channel finds an incorrect length.
    assert_eq!(locate(&mut drive, location(0x02, 6, 3, 5)), ENDED);
    let mut area = Area::empty(BLOCK + 1);
    assert_eq!(move_data(&mut drive, 0x42, &mut area), ENDED);
    assert!(area.is_long && area.bytes[BLOCK] == 26);
}

#[test]
fn located_blocks_are_written_and_padded() {
    let mut drive = drive();
    assert_eq!(define(&mut drive, extent(0x00, 0, 0, 399)), ENDED);
    assert_eq!(locate(&mut drive, location(0x01, 0, 3, 50)), ENDED);
    let mut area = Area::of(&[0xAB; BLOCK + 10]);
    assert_eq!(move_data(&mut drive, 0x41, &mut area), ENDED);
    assert_eq!(locate(&mut drive, location(0x05, 0, 200, 100)), ENDED);
    assert_eq!(move_data(&mut drive, 0x41, &mut Area::of(&[0xCD; 200 * BLOCK])), ENDED);
    assert_eq!(locate(&mut drive, location(0x06, 0, 399 - 49, 49)), ENDED);
    let mut area = Area::empty(350 * BLOCK);
    assert_eq!(move_data(&mut drive, 0x42, &mut area), ENDED);
    let block = |number: usize| &area.bytes[(number - 49) * BLOCK..(number - 48) * BLOCK];
    assert_eq!((block(49)[511], block(50)[0], block(51)[9], block(51)[10]), (49, 0xAB, 0xAB, 0));
    assert_eq!((block(52)[511], block(53)[0]), (0, 53));
    assert_eq!((block(99)[0], block(100)[0], block(299)[511], block(300)[0]), (99, 0xCD, 0xCD, 44));
}

#[test]
fn extents_are_checked() {
    let mut drive = drive();
    for wrong in [
        extent(0x80, 0, 0, 9),
        extent(0x20, 0, 0, 9),
        extent(0x00, 0, 10, 9),
        extent(0x00, 1, 0, 399),
        extent(0x00, 400, 7, 7),
        extent(0x00, u32::MAX, 0, u32::MAX),
        Area::of(&[0; 15]),
    ] {
        assert_eq!(define(&mut drive, wrong.clone()), FAILED, "{wrong:?}");
        assert_eq!(sense(&mut drive), COMMAND_REJECT);
    }
    assert_eq!(define(&mut drive, extent(0x04, 0, u32::MAX - 399, u32::MAX)), ENDED);
    assert_eq!(locate(&mut drive, location(0x06, 0, 400, u32::MAX - 399)), ENDED);
    // One in a chain.
    assert_eq!(run(&mut drive, chained(0x63), &mut extent(0x00, 0, 0, 9)).status, FAILED);
    // Gone with the chain.
    drive.end_of_chain();
    assert_eq!(locate(&mut drive, location(0x06, 0, 1, 0)), FAILED);
}

#[test]
fn locations_are_checked() {
    let mut drive = drive();
    for wrong in [
        location(0x06, 0, 0, 1000),
        location(0x06, 0, 1, 999),
        location(0x06, 0, 1, 1100),
        location(0x06, 0, 2, 1099),
        location(0x06, 0, 0xFFFF, u32::MAX),
        location(0x03, 0, 1, 1000),
        location(0x26, 0, 1, 1000),
        location(0x02, 0, 2, 1000),
        location(0x02, 3, 2, 1000),
        Area::of(&[6, 0, 0, 1, 0, 0, 3]),
    ] {
        assert_eq!(define(&mut drive, extent(0xC0, 100, 1000, 1099)), ENDED);
        assert_eq!(locate(&mut drive, wrong.clone()), FAILED, "{wrong:?}");
        assert_eq!(sense(&mut drive), COMMAND_REJECT);
    }
}

#[test]
fn masks_inhibit() {
    let mut drive = drive();
    for (mask, write, format) in [(0x00, ENDED, FAILED), (0x40, FAILED, FAILED), (0xC0, ENDED, ENDED)] {
        for (operation, expected) in [(0x01, write), (0x05, write), (0x04, format), (0x06, ENDED)] {
            assert_eq!(define(&mut drive, extent(mask, 0, 0, 9)), ENDED);
            assert_eq!(locate(&mut drive, location(operation, 0, 1, 0)), expected, "{mask:02X} {operation:02X}");
        }
    }
    // What was located for reading is not written, and the other way round.
    for (operation, code) in [(0x06, 0x41), (0x01, 0x42), (0x04, 0x41), (0x04, 0x42)] {
        assert_eq!(define(&mut drive, extent(0xC0, 0, 0, 9)), ENDED);
        assert_eq!(locate(&mut drive, location(operation, 0, 1, 0)), ENDED);
        assert_eq!(move_data(&mut drive, code, &mut Area::empty(BLOCK)), FAILED);
    }
    drive.mount(Box::new(Pack { bytes: vec![0; 10 * BLOCK], read_only: true }));
    assert_eq!(define(&mut drive, extent(0xC0, 0, 0, 9)), ENDED);
    assert_eq!(locate(&mut drive, location(0x01, 0, 1, 0)), FAILED);
    assert_eq!(sense(&mut drive), WRITE_INHIBITED);
}

#[test]
fn initial_program_loading_reads_block_0() {
    let mut drive = drive();
    let mut area = Area::empty(24);
    assert_eq!(run(&mut drive, command(0x02), &mut area).status, ENDED);
    assert_eq!((area.moved, area.bytes[23]), (24, 0));
    assert_eq!(run(&mut drive, chained(0x02), &mut Area::empty(BLOCK)).status, ENDED);
    // It stands for a define extent of the whole drive.
    assert_eq!(locate(&mut drive, location(0x06, 0, 1, 399)), ENDED);
    let mut area = Area::empty(BLOCK);
    assert_eq!(move_data(&mut drive, 0x42, &mut area), ENDED);
    assert_eq!(area.bytes[0], (399 % 256) as u8);
    assert_eq!(run(&mut drive, chained(0x02), &mut Area::empty(BLOCK)).status, FAILED);
}

#[test]
fn the_drive_tells_what_it_is() {
    let mut drive = drive();
    let mut area = Area::empty(7);
    assert_eq!(run(&mut drive, command(0xE4), &mut area).status, ENDED);
    assert_eq!(area.read(), [0xFF, 0x38, 0x80, 0x01, 0x33, 0x70, 0x00]);
    let mut area = Area::empty(40);
    assert_eq!(run(&mut drive, command(0x64), &mut area).status, ENDED);
    assert_eq!(
        area.read(),
        [
            0x30, 0x08, 0x21, 0x02, 2, 0, 0, 0, 0, 62, 0, 0, 2, 232, 0, 0, 1, 144, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            0, 0
        ]
    );
    let mut area = Area::empty(24);
    assert_eq!(run(&mut drive, command(0xA4), &mut area).status, ENDED);
    assert_eq!(area.read(), [0; 24]);
    assert_eq!(Model::named("3370-2").map(|model| model.blocks), Some(712_752));
    assert_eq!(Model::named("3310").map(|model| model.device), Some(0x3310));
    assert_eq!(Model::named("3330"), None);
}

#[test]
fn reservations_come_before_the_extent() {
    let mut drive = drive();
    for (code, expected) in [(0xB4, true), (0x94, false), (0x14, true), (0x94, false)] {
        let mut area = Area::empty(24);
        assert_eq!((run(&mut drive, command(code), &mut area).status, area.moved), (ENDED, 24));
        assert_eq!(drive.is_reserved(), expected);
    }
    assert_eq!(run(&mut drive, chained(0x14), &mut Area::empty(24)).status, FAILED);
    assert_eq!(define(&mut drive, extent(0, 0, 0, 9)), ENDED);
    for code in [0xB4, 0x94, 0x14] {
        assert_eq!(run(&mut drive, chained(code), &mut Area::empty(24)).status, FAILED, "{code:02X}");
    }
    assert!(!drive.is_reserved());
    assert_eq!(run(&mut drive, command(0xB4), &mut Area::empty(24)).status, ENDED);
    drive.reset();
    assert!(!drive.is_reserved());
}

#[test]
fn trouble_is_told() {
    let mut drive = drive();
    for code in [0x01, 0x07, 0x1B, 0x63 ^ 0x80] {
        assert_eq!(run(&mut drive, command(code), &mut Area::empty(8)).status, FAILED, "{code:02X}");
        assert_eq!(sense(&mut drive), COMMAND_REJECT);
    }
    assert_eq!(run(&mut drive, command(0x03), &mut Area::default()).status, ENDED);
    assert_eq!(define(&mut drive, extent(0, 0, 0, 99)), ENDED);
    assert_eq!(locate(&mut drive, location(0x06, 0, 1, 13)), ENDED);
    assert_eq!(move_data(&mut drive, 0x42, &mut Area::empty(BLOCK)), FAILED);
    assert_eq!(sense(&mut drive), DATA_CHECK);
    assert_eq!(define(&mut drive, extent(0, 0, 0, 99)), ENDED);
    assert_eq!(locate(&mut drive, location(0x01, 0, 1, 14)), ENDED);
    assert_eq!(move_data(&mut drive, 0x41, &mut Area::of(&[1; BLOCK])), FAILED);
    assert_eq!(sense(&mut drive), EQUIPMENT_CHECK);
    assert_eq!(drive.take_messages().len(), 2);
    drive.unmount();
    for code in [0x02, 0x03, 0x63, 0x64] {
        assert_eq!(run(&mut drive, command(code), &mut Area::empty(16)).status, UnitStatus::UNIT_CHECK);
        assert_eq!(sense(&mut drive), INTERVENTION_REQUIRED);
    }
    // The pack goes away between locate and read.
    let mut drive = self::drive();
    assert_eq!(define(&mut drive, extent(0, 0, 0, 99)), ENDED);
    assert_eq!(locate(&mut drive, location(0x06, 0, 1, 1)), ENDED);
    assert!(matches!(drive.start(chained(0x42)), Initial::Accepted(_)));
    drive.unmount();
    let ending = drive.transfer(&mut Area::empty(BLOCK), 0);
    assert!(matches!(ending, Progress::Ended(ending) if ending.status == FAILED));
    assert_eq!(sense(&mut drive), INTERVENTION_REQUIRED);
}

#[test]
fn the_arm_takes_its_time() {
    let model = Model::named("3370").unwrap();
    assert_eq!(model.access_time(0, 743), 10_100);
    assert_eq!(model.access_time(0, 744), 10_100 + 5_046);
    assert_eq!(model.access_time(0, 557_999), 10_100 + 5_000 + 34_953);
}
