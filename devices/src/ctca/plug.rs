//! What couples two sides of adapters whose devices belong to different systems, perhaps on different threads.
//!
//! Devices are owned by channels; a [`Plug`] reaches the side of an adapter without its channels, and has it speak to
//! another side from now on. Whoever owns the channels of a side learns by its [`Bell`] that the device is to be looked at
//! (`Channels::touched`).
//!
//! Who couples sides on several threads must see to it that the same side is not coupled twice at once.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{State, lock_state};

/// Something that rings, on any thread.
#[derive(Clone)]
pub struct Bell(Arc<dyn Fn() + Send + Sync>);

impl Bell {
    /// A bell. It is rung while no part of an adapter is locked.
    pub fn new(ring: impl Fn() + Send + Sync + 'static) -> Bell {
        Bell(Arc::new(ring))
    }

    pub(super) fn ring(&self) {
        (self.0)();
    }
}

impl fmt::Debug for Bell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bell")
    }
}

/// Where a side is.
#[derive(Debug)]
pub(super) struct Link {
    pub state: Arc<Mutex<State>>,
    pub side: usize,
}

impl Link {
    pub fn parts(&self) -> (Arc<Mutex<State>>, usize) {
        (Arc::clone(&self.state), self.side)
    }
}

pub(super) fn lock(link: &Mutex<Link>) -> MutexGuard<'_, Link> {
    link.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The plug of one side of an adapter.
#[derive(Clone, Debug)]
pub struct Plug {
    link: Arc<Mutex<Link>>,
}

impl Plug {
    pub(super) fn new(link: Arc<Mutex<Link>>) -> Plug {
        Plug { link }
    }

    /// Says what is to ring when the other side has done something that concerns this one.
    pub fn set_bell(&self, bell: Bell) {
        let (state, side) = lock(&self.link).parts();
        lock_state(&state).sides[side].bell = Some(bell);
    }

    /// Whether there is another side.
    #[must_use]
    pub fn is_coupled(&self) -> bool {
        let (state, side) = lock(&self.link).parts();
        let is_away = lock_state(&state).sides[1 - side].is_away;
        !is_away
    }

    /// Whether two plugs are of the same side.
    #[must_use]
    pub fn is_same(&self, other: &Plug) -> bool {
        Arc::ptr_eq(&self.link, &other.link)
    }

    /// Whether two plugs are of sides that are coupled to each other.
    #[must_use]
    pub fn is_partner(&self, other: &Plug) -> bool {
        if self.is_same(other) {
            return false;
        }
        let (state, _) = lock(&self.link).parts();
        let (others, _) = lock(&other.link).parts();
        Arc::ptr_eq(&state, &others)
    }

    /// Takes this side away from the other, whose commands end from now on as those for a system that is not there. It
    /// has no other side then.
    pub fn uncouple(&self) {
        let mut lonely = State::default();
        lonely.sides[1].is_away = true;
        self.join(Arc::new(Mutex::new(lonely)), 0);
    }

    /// Couples two sides, which lose those that they had. Commands that are outstanding end.
    pub fn couple(&self, other: &Plug) {
        let state = Arc::new(Mutex::new(State::default()));
        self.join(Arc::clone(&state), 0);
        other.join(state, 1);
    }

    fn join(&self, new: Arc<Mutex<State>>, new_side: usize) {
        let old = std::mem::replace(&mut *lock(&self.link), Link { state: Arc::clone(&new), side: new_side });
        let (own, others) = {
            let mut state = lock_state(&old.state);
            state.set_operational(old.side, false);
            (state.sides[old.side].bell.take(), state.sides[1 - old.side].bell.clone())
        };
        lock_state(&new).sides[new_side].bell.clone_from(&own);
        for bell in [own, others].into_iter().flatten() {
            bell.ring();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use s370_arch::channel::UnitStatus;

    use super::{super::ChannelToChannel, *};
    use crate::{
        area::Area,
        device::{Command, Delay, Device, Ending, Initial},
    };

    fn command(code: u8) -> Command {
        Command { code, chained: false, now: 0 }
    }

    const READ: u8 = 0x02;
    const WRITE: u8 = 0x01;
    const REFUSED: Initial = Initial::Ended(Ending::now(UnitStatus::UNIT_CHECK));

    fn with_bell(side: &ChannelToChannel) -> Arc<AtomicU32> {
        let count = Arc::new(AtomicU32::new(0));
        let rung = Arc::clone(&count);
        side.plug().set_bell(Bell::new(move || {
            rung.fetch_add(1, Ordering::Relaxed);
        }));
        count
    }

    #[test]
    fn sides_that_are_coupled_speak_to_each_other_and_ring() {
        let (mut x, mut y) = (ChannelToChannel::uncoupled(), ChannelToChannel::uncoupled());
        let (bell_x, bell_y) = (with_bell(&x), with_bell(&y));
        assert!(!x.plug().is_coupled());
        assert_eq!(x.start(command(WRITE)), REFUSED);
        x.plug().couple(&y.plug());
        assert!(x.plug().is_coupled() && y.plug().is_coupled());
        assert!(x.plug().is_partner(&y.plug()) && !x.plug().is_partner(&x.plug()));
        let rung = bell_y.load(Ordering::Relaxed);
        assert_eq!(x.start(command(WRITE)), Initial::Accepted(Delay::Outside));
        assert_eq!(bell_y.load(Ordering::Relaxed), rung + 1, "there is attention for the other side");
        assert_eq!(y.take_unsolicited(), UnitStatus::ATTENTION);
        let rung = bell_x.load(Ordering::Relaxed);
        assert!(matches!(y.start(command(READ)), Initial::Accepted(_)));
        let mut taken = Area::empty(5);
        let mut given = Area::of(b"HELLO");
        for _ in 0..4 {
            y.transfer(&mut taken, 0);
            x.transfer(&mut given, 0);
        }
        assert!(bell_x.load(Ordering::Relaxed) > rung);
        assert_eq!(taken.read(), b"HELLO");
    }

    #[test]
    fn a_third_side_takes_the_place_of_another() {
        let [mut x, mut y, mut z] = [(); 3].map(|()| ChannelToChannel::uncoupled());
        x.plug().couple(&y.plug());
        assert_eq!(y.start(command(READ)), Initial::Accepted(Delay::Outside));
        x.plug().couple(&z.plug());
        assert!(y.is_ready() && !y.plug().is_coupled(), "its read has ended");
        assert_eq!(z.start(command(READ)), Initial::Accepted(Delay::Outside));
        assert_eq!(x.take_unsolicited(), UnitStatus::ATTENTION);
        z.plug().uncouple();
        assert!(z.is_ready() && !x.plug().is_coupled());
        assert_eq!(x.start(command(WRITE)), REFUSED);
        assert!(x.plug().is_same(&x.plug()) && !x.plug().is_same(&z.plug()));
    }
}
