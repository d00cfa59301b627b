//! The process dies between any two writes to the host's file.

use devices::media::disk::{Compression, Packing, check, track};

use crate::{
    medium::{Shared, open_files, sample_track, tracks},
    model::{findings, model, new_tracks},
};

/// What a run writes: track and seed.
fn plan() -> Vec<(u32, u32)> {
    (0..90).map(|n| (n * 7 % 80 + 200 * (n % 2), n + 3)).collect()
}

/// Makes an image, lets a process die after so many writes, and says how many of the plan's steps it was told are complete;
/// `None` if it lived.
fn die(packing: Packing, shadows: u32, prepared: u32, writes: u32) -> (Vec<Shared>, Option<usize>) {
    let files = new_tracks(packing, shadows);
    let mut pack = tracks(open_files(&files).expect("an image").image);
    for number in 0..prepared {
        let image = sample_track(model(), number * 3, number + 2);
        pack.write_track(number * 3, &image, 0..image.len()).expect("written");
    }
    drop(pack);
    let mut pack = tracks(open_files(&files).expect("an image").image);
    let last = &files[files.len() - 1];
    last.dies_after(writes);
    let done = plan().iter().position(|(number, seed)| {
        let image = sample_track(model(), *number, *seed);
        pack.write_track(*number, &image, 0..track::used(&image).expect("an end")).is_err()
    });
    drop(pack);
    let dead = last.is_dead();
    let files = files.iter().map(|file| Shared::new("file", file.bytes())).collect();
    (files, dead.then(|| done.unwrap_or(plan().len())))
}

fn survives(packing: Packing, shadows: u32, prepared: u32) {
    let mut writes = 0;
    loop {
        let (files, done) = die(packing, shadows, prepared, writes);
        let Some(done) = done else { break };
        let told = findings(&files);
        let unfinished = |finding: &String| finding.contains("was not closed");
        assert!(told.iter().all(unfinished), "died after {writes} writes: {told:?}");
        let opened = open_files(&files).unwrap_or_else(|error| panic!("died after {writes} writes: {error}"));
        assert_eq!(opened.notes.len(), told.len());
        let mut pack = tracks(opened.image);
        let mut image = Vec::new();
        let plan = plan();
        for (at, (number, seed)) in plan[..done].iter().enumerate() {
            // The step that was not acknowledged may have been done all the same.
            if plan[at + 1..plan.len().min(done + 1)].iter().any(|(later, _)| later == number) {
                continue;
            }
            pack.read_track(*number, &mut image).unwrap_or_else(|error| panic!("{error}"));
            let expected = sample_track(model(), *number, *seed);
            let used = track::used(&expected).expect("an end");
            assert!(image[..used] == expected[..used], "died after {writes} writes: track {number} differs");
        }
        drop(pack);
        assert_eq!(findings(&files), [""; 0], "died after {writes} writes");
        writes += 1 + writes / 40;
    }
    assert!(writes > 100, "only {writes} writes: does this test still see the image die?");
}

#[test]
fn compressed_images_survive_the_death_of_the_process() {
    survives(Some(Compression::Zlib), 0, 0);
    survives(Some(Compression::Zlib), 0, 70);
}

#[test]
fn shadow_files_survive_the_death_of_the_process() {
    survives(None, 1, 30);
    survives(Some(Compression::Bzip2), 2, 0);
}

#[test]
fn repairing_survives_the_death_of_the_process() {
    let (files, _) = die(Some(Compression::Zlib), 0, 70, u32::MAX);
    let mut broken = files[0].bytes();
    // Entries 0 to 39 of the second level-2 table: the end of the file is gone.
    broken.truncate(broken.len() * 2 / 3);
    for writes in 0..200 {
        let file = Shared::new("file", broken.clone());
        assert!(open_files(std::slice::from_ref(&file)).is_err(), "damaged and not repaired");
        file.dies_after(writes);
        let repaired = check(vec![file.boxed()], true, &mut |_, _| {});
        let dead = file.is_dead();
        assert_eq!(repaired.is_err(), dead);
        let file = [Shared::new("file", file.bytes())];
        if writes > 0 || !dead {
            drop(open_files(&file).unwrap_or_else(|error| panic!("after {writes} writes: {error}")));
            assert_eq!(findings(&file), [""; 0], "after {writes} writes");
        }
        if !dead {
            return;
        }
    }
    panic!("200 writes were not enough");
}
