//! Floating-point, decimal, conversion and editing instructions as the processor executes them: registers and storage
//! before and after, and the interruption. That the arithmetic is right is shown elsewhere; here is shown what the
//! instructions do with operands, results and exceptions.

mod convert;
mod decimal;
mod editing;
mod floating;
mod machine;
