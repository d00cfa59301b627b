//! The values of a case's keys, each with a deserializer that says what it wanted.

use std::{fmt, marker::PhantomData};

use s370_cpu::{processor::Engine, state::initial_control_registers};
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

use crate::{engine::parse_engine, hex};

/// An integer that is not negative: a JSON number, or a string in hexadecimal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Integer(pub u64);

/// Sixteen hexadecimal digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Doubleword(pub u64);

/// A `T` that was written as a JSON object; `serde` would take an array as well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Object<T>(pub T);

/// The general registers: a list of sixteen fullwords, or an object that names some.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct GeneralRegisters(pub [u32; 16]);

/// The control registers: an object that names some; the others have their reset values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ControlRegisters(pub [u32; 16]);

/// Floating-point registers 0, 2, 4 and 6: an object that names some.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FloatingPointRegisters(pub [u64; 4]);

/// An engine, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EngineName(pub Engine);

impl Default for ControlRegisters {
    fn default() -> Self {
        ControlRegisters(initial_control_registers())
    }
}

/// Visits a string, and turns it into a `T`.
struct Text<T>(&'static str, fn(&str) -> Result<T, String>);

impl<T> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.1)(text).map_err(E::custom)
    }
}

impl<'de> Deserialize<'de> for Doubleword {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_str(Text("16 hexadecimal digits in a string", hex::parse_doubleword)).map(Doubleword)
    }
}

impl<'de> Deserialize<'de> for EngineName {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_str(Text("the name of an execution engine", parse_engine)).map(EngineName)
    }
}

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct IntegerVisitor;
        impl Visitor<'_> for IntegerVisitor {
            type Value = Integer;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an integer that is not negative, or one in hexadecimal in a string")
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Integer, E> {
                Ok(Integer(value))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Integer, E> {
                hex::parse_number(text).map(Integer).map_err(E::custom)
            }
        }
        input.deserialize_any(IntegerVisitor)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        input.deserialize_map(ObjectVisitor(PhantomData))
    }
}

impl<'de> Deserialize<'de> for GeneralRegisters {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct GeneralVisitor;
        impl<'de> Visitor<'de> for GeneralVisitor {
            type Value = GeneralRegisters;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of 16 fullwords, or an object that names general registers")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<GeneralRegisters, A::Error> {
                let mut registers = [0; 16];
                let mut count = 0;
                while let Some(value) = list.next_element::<Integer>()? {
                    if let Some(register) = registers.get_mut(count) {
                        *register = fullword("general register", count, value)?;
                    }
                    count += 1;
                }
                if count == 16 {
                    return Ok(GeneralRegisters(registers));
                }
                Err(A::Error::custom(format!("{count} general registers in the list: there are 16")))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<GeneralRegisters, A::Error> {
                let mut registers = GeneralRegisters::default();
                visit_fullwords("general register", map, &mut registers.0)?;
                Ok(registers)
            }
        }
        input.deserialize_any(GeneralVisitor)
    }
}

impl<'de> Deserialize<'de> for ControlRegisters {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct ControlVisitor;
        impl<'de> Visitor<'de> for ControlVisitor {
            type Value = ControlRegisters;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object that names control registers")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ControlRegisters, A::Error> {
                let mut registers = ControlRegisters::default();
                visit_fullwords("control register", map, &mut registers.0)?;
                Ok(registers)
            }
        }
        input.deserialize_map(ControlVisitor)
    }
}

impl<'de> Deserialize<'de> for FloatingPointRegisters {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct FloatingPointVisitor;
        impl<'de> Visitor<'de> for FloatingPointVisitor {
            type Value = FloatingPointRegisters;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object that names floating-point registers")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<FloatingPointRegisters, A::Error> {
                let mut registers = FloatingPointRegisters::default();
                visit_registers("floating-point register", FLOATING_POINT, map, |number, Doubleword(value)| {
                    registers.0[number / 2] = value;
                    Ok(())
                })?;
                Ok(registers)
            }
        }
        input.deserialize_map(FloatingPointVisitor)
    }
}

/// The register numbers that there are, as a set of bits.
const FLOATING_POINT: u16 = 0b0101_0101;
const ALL: u16 = u16::MAX;

fn visit_fullwords<'de, A: MapAccess<'de>>(kind: &str, map: A, into: &mut [u32; 16]) -> Result<(), A::Error> {
    visit_registers(kind, ALL, map, |number, value| {
        into[number] = fullword(kind, number, value)?;
        Ok(())
    })
}

fn fullword<E: Error>(kind: &str, number: usize, Integer(value): Integer) -> Result<u32, E> {
    u32::try_from(value).map_err(|_| E::custom(format!("{kind} {number}: {value:#x} has more than 32 bits")))
}

/// Visits an object whose keys are register numbers, and gives each number and its value to `set`.
fn visit_registers<'de, V, A>(
    kind: &str,
    existing: u16,
    mut map: A,
    mut set: impl FnMut(usize, V) -> Result<(), A::Error>,
) -> Result<(), A::Error>
where
    V: Deserialize<'de>,
    A: MapAccess<'de>,
{
    let mut seen = 0u16;
    while let Some(RegisterNumber(number)) = map.next_key()? {
        let bit = 1u16.checked_shl(number).unwrap_or(0);
        if existing & bit == 0 {
            let numbers = if existing == ALL { "0 to 15" } else { "0, 2, 4 and 6" };
            return Err(A::Error::custom(format!("there is no {kind} {number}: the numbers are {numbers}")));
        }
        if seen & bit != 0 {
            return Err(A::Error::custom(format!("{kind} {number} is named twice")));
        }
        seen |= bit;
        set(number as usize, map.next_value()?)?;
    }
    Ok(())
}

/// A register number as a key of an object: decimal, or hexadecimal after `0x`.
struct RegisterNumber(u32);

impl<'de> Deserialize<'de> for RegisterNumber {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        fn parse(text: &str) -> Result<u32, String> {
            let hexadecimal = text.starts_with("0x") || text.starts_with("0X");
            let number = if hexadecimal {
                hex::parse_number(text).ok().and_then(|number| u32::try_from(number).ok())
            } else {
                text.bytes().all(|c| c.is_ascii_digit()).then(|| text.parse().ok()).flatten()
            };
            number.ok_or_else(|| format!("{text:?} is not a register number"))
        }
        input.deserialize_str(Text("a register number", parse)).map(RegisterNumber)
    }
}
