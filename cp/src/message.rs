//! The messages of CP (VM/370 System Messages, GC20-1808): number, severity, text. The module that says one comes before it;
//! the number is the return code of the command.

use crate::user::Emsg;

/// A message.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    /// Its number, and the return code.
    pub number: u16,
    /// `E` error, `W` warning, `I` information.
    pub severity: char,
    /// The text; `{}` stands for what is put in.
    pub text: &'static str,
}

macro_rules! messages {
    ($($(#[$doc:meta])* $name:ident $number:literal $severity:literal $text:literal)*) => {
        $($(#[$doc])* pub static $name: Message = Message { number: $number, severity: $severity, text: $text };)*
        /// All of them, by number.
        pub static TABLE: &[&Message] = &[$(&$name),*];
    };
}

messages! {
    /// An operand that the command does not have.
    INVALID_OPTION 3 'E' "INVALID OPTION - {}"
    /// A device of another type.
    INVALID_DEVICE_TYPE 6 'E' "INVALID DEVICE TYPE - {}"
    /// A range whose end is before its beginning, or outside.
    INVALID_RANGE 9 'E' "INVALID RANGE - {}"
    /// There is no such register.
    INVALID_REGISTER 10 'E' "INVALID REGISTER - {}"
    /// Operands that exclude each other.
    CONFLICTING_OPTION 13 'E' "CONFLICTING OPTION - {}"
    /// A user's identification.
    USERID 20 'E' "USERID MISSING OR INVALID"
    /// A device address.
    VADDR 22 'E' "VADDR MISSING OR INVALID"
    /// A storage size.
    STORAGE 25 'E' "STORAGE MISSING OR INVALID"
    /// Any other operand.
    OPERAND 26 'E' "OPERAND MISSING OR INVALID"
    /// A storage address.
    HEXLOC 33 'E' "HEXLOC MISSING OR INVALID"
    /// Data in hexadecimal.
    HEXDATA 34 'E' "HEXDATA MISSING OR INVALID"
    /// There is no such virtual device.
    NO_DEVICE 40 'E' "DEV {} DOES NOT EXIST"
    /// The console cannot be detached.
    IS_CONSOLE 41 'E' "DEV {} IS CONSOLE, NOT DETACHED"
    /// There is no saved system of this name.
    NO_SYSTEM 44 'E' "SYSTEM {} DOES NOT EXIST"
    /// Nobody of this name is logged on.
    NOT_LOGGED_ON 45 'E' "{} NOT LOGGED ON"
    /// Somebody else's device.
    NO_OTHER_DEVICE 47 'E' "{} {} DOES NOT EXIST"
    /// The address is taken.
    ALREADY_DEFINED 92 'E' "DEV {} ALREADY DEFINED"
    /// More storage than the directory allows.
    STORAGE_EXCEEDED 94 'E' "STORAGE EXCEEDS ALLOWED MAXIMUM"
    /// Pages of a saved system could not be read.
    PAGING 177 'E' "PAGING I/O ERROR"
    /// The device has not read the initial program.
    IPL_FAILED 232 'E' "IPL UNIT ERROR; {}"
    /// Real storage is used up.
    NO_STORAGE 280 'E' "REAL STORAGE EXHAUSTED"
    /// Nothing is enabled in the wait state.
    DISABLED_WAIT 450 'W' "CP ENTERED; DISABLED WAIT PSW '{}'"
    /// The PSW is invalid.
    INVALID_PSW 451 'W' "CP ENTERED; INVALID PSW"
    /// A string of external interruptions.
    EXTERNAL_LOOP 452 'W' "CP ENTERED; EXTERNAL INTERRUPT LOOP"
    /// A string of program interruptions.
    PROGRAM_LOOP 453 'W' "CP ENTERED; PROGRAM INTERRUPT LOOP"
}

/// Characters of a message's code, without the blank that follows: `DMKCFG026E`.
const CODE: usize = 10;

impl Message {
    /// All of it: code, blank, text. `module` is three letters.
    #[must_use]
    pub fn whole(&self, module: &str, values: &[&str]) -> String {
        let mut text = format!("DMK{module}{:03}{} ", self.number, self.severity);
        let mut values = values.iter();
        let mut parts = self.text.split("{}");
        text.push_str(parts.next().unwrap_or_default());
        for part in parts {
            text.push_str(values.next().copied().unwrap_or_default());
            text.push_str(part);
        }
        text
    }

    /// What a user sees of it who has set this.
    #[must_use]
    pub fn edited(&self, emsg: Emsg, module: &str, values: &[&str]) -> Option<String> {
        edit(emsg, &self.whole(module, values))
    }
}

/// What SET EMSG leaves of a message.
#[must_use]
pub fn edit(emsg: Emsg, whole: &str) -> Option<String> {
    match emsg {
        Emsg::On => Some(whole.to_owned()),
        Emsg::Off => None,
        Emsg::Code => Some(whole.chars().take(CODE).collect()),
        Emsg::Text => Some(whole.chars().skip(CODE + 1).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_ascend_and_texts_are_as_cp_writes_them() {
        assert!(TABLE.windows(2).all(|pair| pair[0].number < pair[1].number));
        for message in TABLE {
            assert!(!message.text.chars().any(|c| c.is_ascii_lowercase()), "{}", message.text);
            assert!(matches!(message.severity, 'E' | 'W' | 'I'));
        }
    }

    #[test]
    fn emsg_shows_what_was_set() {
        let show = |emsg| NO_DEVICE.edited(emsg, "CQP", &["191"]);
        assert_eq!(show(Emsg::On).as_deref(), Some("DMKCQP040E DEV 191 DOES NOT EXIST"));
        assert_eq!(show(Emsg::Code).as_deref(), Some("DMKCQP040E"));
        assert_eq!(show(Emsg::Text).as_deref(), Some("DEV 191 DOES NOT EXIST"));
        assert_eq!(show(Emsg::Off), None);
        assert_eq!(NO_OTHER_DEVICE.whole("DIA", &["MAINT", "300"]), "DMKDIA047E MAINT 300 DOES NOT EXIST");
    }
}
