//! Channel-to-channel adapters: which sides are attached, and which wait for it.

use std::{any::Any, collections::BTreeMap};

use devices::{
    ctca::{ChannelToChannel, pair},
    device::Device,
};

use crate::configuration::device::{Address, Options};

/// The sides that are not attached, by the address where they belong, and the address of their other side.
#[derive(Default)]
pub struct Adapters {
    waiting: BTreeMap<Address, (Address, ChannelToChannel)>,
}

impl Adapters {
    /// The side that belongs at this address: the one that the other side's attachment left, or one of a new adapter.
    ///
    /// # Errors
    /// The other side is not said, or it is not this one's.
    pub fn side(&mut self, address: Address, options: &Options) -> Result<ChannelToChannel, String> {
        let other =
            options.address("other").ok_or("an adapter needs the option \"other\": the other side's address")?;
        if other == address {
            return Err("an adapter's two sides have different addresses".to_owned());
        }
        match self.waiting.remove(&address) {
            Some((there, mut side)) if there == other => {
                side.set_operational(true);
                Ok(side)
            }
            Some(waiting) => {
                let message = format!("it is the other side of {}, not of {other}", waiting.0);
                self.waiting.insert(address, waiting);
                Err(message)
            }
            None => {
                let (here, mut there) = pair();
                there.set_operational(false);
                self.waiting.insert(other, (address, there));
                Ok(here)
            }
        }
    }

    /// A device was detached from this address. If it is an adapter's side, it waits to be attached again, as long as the
    /// other side is attached.
    pub fn detached(&mut self, address: Address, options: &Options, device: Box<dyn Device>) {
        let device: Box<dyn Any> = device;
        let (Ok(mut side), Some(other)) = (device.downcast::<ChannelToChannel>(), options.address("other")) else {
            return;
        };
        side.set_operational(false);
        if self.waiting.remove(&other).is_none() {
            self.waiting.insert(address, (other, *side));
        }
    }
}
