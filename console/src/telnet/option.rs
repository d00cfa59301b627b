//! The state of one option on one side, so that two sides that both ask never answer each other for ever (RFC 1143).

/// What is known of an option.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    /// Off.
    #[default]
    Off,
    /// On.
    On,
    /// We asked to turn it on; if `then_off`, we have changed our mind since.
    WantOn {
        /// To be turned off when the answer has come.
        then_off: bool,
    },
    /// We asked to turn it off; if `then_on`, we have changed our mind since.
    WantOff {
        /// To be turned on when the answer has come.
        then_on: bool,
    },
}

/// An option of one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Setting {
    /// Its state.
    pub(super) state: State,
    /// Whether we agree if the other side wants to turn it on.
    pub(super) is_allowed: bool,
}

/// What follows from the other side's word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Heard {
    /// What we say.
    pub(super) answer: Option<bool>,
    /// The option is on or off now, or was refused.
    pub(super) change: Option<bool>,
}

impl Setting {
    /// We want it on or off. Whether the other side must be told now.
    pub(super) fn request(&mut self, is_on: bool) -> bool {
        use State::{Off, On, WantOff, WantOn};
        let (state, tell) = match (self.state, is_on) {
            (Off, true) => (WantOn { then_off: false }, true),
            (On, false) => (WantOff { then_on: false }, true),
            (WantOn { .. }, _) => (WantOn { then_off: !is_on }, false),
            (WantOff { .. }, _) => (WantOff { then_on: is_on }, false),
            (same @ (Off | On), _) => (same, false),
        };
        self.state = state;
        tell
    }

    /// The other side says WILL or DO (`true`), WONT or DONT (`false`).
    pub(super) fn hear(&mut self, is_on: bool) -> Heard {
        use State::{Off, On, WantOff, WantOn};
        let none = Heard::default();
        let (state, heard) = match (self.state, is_on) {
            (Off, true) if self.is_allowed => (On, Heard { answer: Some(true), change: Some(true) }),
            (Off, true) => (Off, Heard { answer: Some(false), ..none }),
            (On, false) => (Off, Heard { answer: Some(false), change: Some(false) }),
            (WantOn { then_off: false }, true) => (On, Heard { change: Some(true), ..none }),
            (WantOn { then_off: true }, true) => (WantOff { then_on: false }, Heard { answer: Some(false), ..none }),
            (WantOn { .. }, false) => (Off, Heard { change: Some(false), ..none }),
            // Being refused what is to be turned off is an error of the other side; the option is as it says.
            (WantOff { then_on: false }, true) => (Off, Heard { change: Some(false), ..none }),
            (WantOff { then_on: true }, true) => (On, Heard { change: Some(true), ..none }),
            (WantOff { then_on: false }, false) => (Off, Heard { change: Some(false), ..none }),
            (WantOff { then_on: true }, false) => (WantOn { then_off: false }, Heard { answer: Some(true), ..none }),
            (same @ (Off | On), _) => (same, none),
        };
        self.state = state;
        heard
    }
}
