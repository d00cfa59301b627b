//! Variables in configurations and scripts: `${NAME}`, from `--set NAME=VALUE` or the environment.

use std::collections::BTreeMap;

/// Where the values of variables come from.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    /// Set by name.
    pub set: BTreeMap<String, String>,
    /// Whether the environment is asked for what is not set.
    pub environment: bool,
}

impl Variables {
    /// These values, and no others.
    #[must_use]
    pub fn of<const N: usize>(values: [(&str, &str); N]) -> Variables {
        let set = values.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Variables { set, environment: false }
    }

    /// A variable's value.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<String> {
        let from_environment = || self.environment.then(|| std::env::var(name).ok()).flatten();
        self.set.get(name).cloned().or_else(from_environment)
    }

    /// `text` with each `${NAME}` and, as in Hercules' files, `$(NAME)` replaced by its value; `$$` is one `$`. A `$` before anything
    /// else stands for itself.
    ///
    /// # Errors
    /// Which variable has no value, or which has no end.
    pub fn expand(&self, text: &str) -> Result<String, String> {
        let mut result = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            result.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            let end = match after.chars().next() {
                Some('{') => '}',
                Some('(') => ')',
                other => {
                    result.push('$');
                    rest = if other == Some('$') { &after[1..] } else { after };
                    continue;
                }
            };
            let Some((name, remainder)) = after[1..].split_once(end) else {
                return Err(format!("the variable that begins with \"${after}\" has no {end:?}"));
            };
            let value = self
                .value(name)
                .ok_or_else(|| format!("the variable {name:?} has no value: give it with --set {name}=VALUE"))?;
            result.push_str(&value);
            rest = remainder;
        }
        result.push_str(rest);
        Ok(result)
    }
}

/// Reads `NAME=VALUE`.
///
/// # Errors
/// What is wrong with it.
pub fn parse_definition(text: &str) -> Result<(String, String), String> {
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match text.split_once('=') {
        Some((name, value)) if is_name(name) => Ok((name.to_owned(), value.to_owned())),
        _ => Err("the form is NAME=VALUE, with letters, digits and _ in the name".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced() {
        let variables = Variables::of([("DIR", "/tmp"), ("A_1", "$x")]);
        assert_eq!(variables.expand("${DIR}/a$(A_1)$$b$ c$"), Ok("/tmp/a$x$b$ c$".to_owned()));
        assert_eq!(
            variables.expand("${dir}"),
            Err("the variable \"dir\" has no value: give it with --set dir=VALUE".to_owned())
        );
        assert_eq!(variables.expand("a${DIR"), Err("the variable that begins with \"${DIR\" has no '}'".to_owned()));
    }

    #[test]
    fn definitions() {
        assert_eq!(parse_definition("A=b=c"), Ok(("A".to_owned(), "b=c".to_owned())));
        assert_eq!(parse_definition("A="), Ok(("A".to_owned(), String::new())));
        assert!(
            parse_definition("=b").is_err() && parse_definition("a b=c").is_err() && parse_definition("A").is_err()
        );
    }
}
