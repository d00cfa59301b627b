//! The execution engines by name.

use s370_cpu::processor::Engine;

/// Every engine and its name, the default first; `fast` is another name of the interpreter that is.
pub const ENGINES: [(&str, Engine); 4] =
    [("translator", Engine::Translator), ("interpreter", Engine::Fast), ("fast", Engine::Fast), ("slow", Engine::Slow)];

/// The engine with this name.
///
/// # Errors
/// What is wrong and which names there are.
pub fn parse_engine(name: &str) -> Result<Engine, String> {
    ENGINES.iter().find(|(known, _)| *known == name).map(|(_, engine)| *engine).ok_or_else(|| {
        let names: Vec<&str> = ENGINES.iter().map(|(known, _)| *known).collect();
        format!("{name:?} is not an execution engine: they are {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_the_default() {
        for (name, engine) in ENGINES {
            assert_eq!(parse_engine(name), Ok(engine));
        }
        assert_eq!(ENGINES[0].1, Engine::default());
        assert_eq!(
            parse_engine("Fast").unwrap_err(),
            "\"Fast\" is not an execution engine: they are translator, interpreter, fast, slow"
        );
    }
}
