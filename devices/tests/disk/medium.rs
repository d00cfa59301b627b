//! Media for tests, and what is written to them.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use devices::{
    dasd::{BlockPack, CkdPack, geometry::Model},
    media::{
        Buffer, MediaError, Medium,
        disk::{Image, Opened, open, track},
    },
};

/// A medium that outlives the pack that it is in, and that may fail after some writes as if the process had died.
#[derive(Clone, Debug, Default)]
pub struct Shared {
    buffer: Arc<Mutex<Buffer>>,
    name: String,
    read_only: bool,
    /// Writes that are still done (`None` is all), and whether one was refused.
    writes: Arc<Mutex<(Option<u32>, bool)>>,
}

impl Shared {
    pub fn new(name: &str, bytes: Vec<u8>) -> Shared {
        let buffer = Buffer { name: name.to_owned(), bytes, read_only: false };
        Shared { buffer: Arc::new(Mutex::new(buffer)), name: name.to_owned(), ..Shared::default() }
    }

    pub fn read_only(&self) -> Shared {
        Shared { read_only: true, ..self.clone() }
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.lock().bytes.clone()
    }

    /// Lets so many writes through from now on.
    pub fn dies_after(&self, writes: u32) {
        *self.writes.lock().expect("a lock") = (Some(writes), false);
    }

    /// Whether a write was not done.
    pub fn is_dead(&self) -> bool {
        self.writes.lock().expect("a lock").1
    }

    pub fn boxed(&self) -> Box<dyn Medium> {
        Box::new(self.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Buffer> {
        self.buffer.lock().expect("a lock")
    }

    fn count(&self) -> io::Result<()> {
        if self.read_only {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let mut writes = self.writes.lock().expect("a lock");
        match &mut writes.0 {
            None => Ok(()),
            Some(0) => {
                writes.1 = true;
                Err(io::ErrorKind::BrokenPipe.into())
            }
            Some(left) => {
                *left -= 1;
                Ok(())
            }
        }
    }
}

impl Medium for Shared {
    fn name(&self) -> &str {
        &self.name
    }

    fn length(&mut self) -> io::Result<u64> {
        self.lock().length()
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        self.lock().read_at(offset, into)
    }

    fn write_at(&mut self, offset: u64, from: &[u8]) -> io::Result<()> {
        self.count()?;
        self.lock().write_at(offset, from)
    }

    fn set_length(&mut self, length: u64) -> io::Result<()> {
        self.count()?;
        self.lock().set_length(length)
    }

    fn is_read_only(&self) -> bool {
        self.read_only
    }
}

pub fn open_files(files: &[Shared]) -> Result<Opened, MediaError> {
    let last = files.len().saturating_sub(1);
    open(
        files
            .iter()
            .enumerate()
            .map(|(n, file)| if n == last { file.boxed() } else { file.read_only().boxed() })
            .collect(),
    )
}

pub fn tracks(image: Image) -> Box<dyn CkdPack> {
    match image {
        Image::Ckd(pack) => pack,
        other => panic!("not a pack of tracks: {other:?}"),
    }
}

pub fn blocks(image: Image) -> Box<dyn BlockPack> {
    match image {
        Image::Block(pack) => pack,
        other => panic!("not a pack of blocks: {other:?}"),
    }
}

/// Numbers that look random and are the same for the same start.
#[derive(Clone, Debug)]
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as u32
    }
}

/// A track with records that depend on `seed`: some repeat bytes, some do not; some seeds give a null track.
pub fn sample_track(model: &Model, number: u32, seed: u32) -> Vec<u8> {
    let place = ((number / model.heads) as u16, (number % model.heads) as u16);
    let mut image = Vec::new();
    assert!(track::null(seed.is_multiple_of(7).into(), place.0, place.1, &mut image).is_some());
    if seed % 7 > 1 {
        let mut numbers = Numbers(seed.into());
        image.truncate(21);
        for record in 1..=(numbers.next() % 12 + 1) as u8 {
            let left = model.image_track() as usize - image.len() - 16;
            let length = numbers.next() as usize % 900;
            let noisy = numbers.next().is_multiple_of(3);
            let data: Vec<u8> = (0..length).map(|n| if noisy { numbers.next() as u8 } else { (n / 7) as u8 }).collect();
            let key = &[0xC1, 0xC2, 0xC3][..numbers.next() as usize % 4];
            if key.len() + data.len() + 8 < left {
                track::push(&mut image, (place.0, place.1, record), key, &data);
            }
        }
        image.extend(track::END);
    }
    let used = image.len();
    assert_eq!(track::used(&image), Some(used));
    image.resize(model.image_track() as usize, 0);
    image
}
