//! A core image as a deck that loads itself: the channel program of the initial program load reads every card to where
//! it belongs, so no loader is needed (GA22-7000-10, chapter 4, "Initial Program Loading").
//!
//! The first card has the PSW and two CCWs: read a card of CCWs behind the image, and go on there. A card of CCWs reads
//! nine cards of the image and then the next card of CCWs, right behind itself.

use s370_arch::channel::{Ccw, CcwFlags};

/// Bytes of a card.
const CARD: usize = 80;
/// CCWs on a card.
const CCWS: usize = CARD / 8;
/// The command that reads a card.
const READ: u8 = 0x02;
/// Transfer in channel.
const TRANSFER: u8 = 0x08;

/// The deck for an image that begins at `origin` and is entered at `entry`; `None` if image and CCWs do not fit into 16
/// megabytes. An image that begins at location 0 has a PSW there, which is the one that counts.
#[must_use]
pub fn ipl_deck(origin: u32, image: &[u8], entry: u32) -> Option<Vec<u8>> {
    let cards = image.len().div_ceil(CARD);
    let list = (origin as usize + cards * CARD).next_multiple_of(8);
    let lists = cards.div_ceil(CCWS - 1);
    if list + lists * CARD > 1 << 24 {
        return None;
    }
    let mut deck = vec![0; CARD];
    deck[..8].copy_from_slice(&u64::from(entry).to_be_bytes());
    deck[8..16].copy_from_slice(&ccw(READ, list, true));
    deck[16..24].copy_from_slice(&ccw(TRANSFER, list, false));
    for n in 0..lists {
        let first = n * (CCWS - 1);
        let here = first..cards.min(first + CCWS - 1);
        let is_last = here.end == cards;
        let mut program = Vec::with_capacity(CARD);
        for card in here.clone() {
            let chain = !is_last || card + 1 < cards;
            program.extend(ccw(READ, origin as usize + card * CARD, chain));
        }
        if !is_last {
            program.extend(ccw(READ, list + (n + 1) * CARD, true));
        }
        program.resize(CARD, 0);
        deck.extend(program);
        let bytes = here.start * CARD..image.len().min(here.end * CARD);
        deck.extend(&image[bytes]);
        deck.resize(deck.len().next_multiple_of(CARD), 0);
    }
    Some(deck)
}

fn ccw(command: u8, address: usize, chain: bool) -> [u8; 8] {
    let flags = if chain { CcwFlags::CHAIN_COMMAND } else { CcwFlags::empty() };
    Ccw { command, address: address as u32, flags, ignored: 0, count: CARD as u16 }.emit()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the channel does with the deck, in its plainest form: storage afterwards.
    fn load(deck: &[u8], size: usize) -> Vec<u8> {
        let mut storage = vec![0; size];
        let mut cards = deck.chunks(CARD);
        storage[..24].copy_from_slice(&cards.next().expect("a card")[..24]);
        let mut at = 8;
        loop {
            let ccw = Ccw::parse(storage[at..at + 8].try_into().expect("eight bytes"));
            if ccw.is_transfer_in_channel() {
                at = ccw.address as usize;
                continue;
            }
            let to = ccw.address as usize;
            storage[to..to + CARD].copy_from_slice(cards.next().expect("a card for each CCW"));
            if !ccw.flags.contains(CcwFlags::CHAIN_COMMAND) {
                assert!(cards.next().is_none(), "cards are left");
                return storage;
            }
            at += 8;
        }
    }

    proptest! {
        #[test]
        fn the_channel_puts_the_image_where_it_belongs(
            origin in prop_oneof![Just(0_u32), 0x18..5000_u32],
            image in proptest::collection::vec(any::<u8>(), 24..4000),
        ) {
            let deck = ipl_deck(origin, &image, origin).expect("it fits");
            let storage = load(&deck, 20_000);
            let origin = origin as usize;
            prop_assert_eq!(&storage[origin..origin + image.len()], &image[..]);
            if origin > 0 {
                prop_assert_eq!(&storage[..8], &(origin as u64).to_be_bytes());
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(ipl_deck(0x00FF_FF00, &[0; 300], 0x00FF_FF00).is_none());
    }
}
