//! `cambridge classify`: Popek and Goldberg's table of the instructions.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::{Args, ValueEnum};
use s370_arch::{
    classification::{Handling, UNTRAPPED, classification_markdown, summary},
    isa::{Privilege, Row, Sensitivity, TABLE},
};
use serde_json::json;

/// What `cambridge classify` does, in a line.
pub const ABOUT: &str = "List the instructions by what they mean to a virtual machine";

/// What `cambridge classify --help` begins with.
pub const LONG_ABOUT: &str = "\
List the instructions by what they mean to a virtual machine: Popek and Goldberg's table.

An instruction is control-sensitive if it can change the processor's mode or what a program has, behavior-sensitive if \
what it does depends on them, innocuous if neither. Virtual machines run in the real problem state; the table tells by \
which exception each sensitive instruction traps there, and of those that do not trap, what the control program does.";

/// Examples and exit status, for the end of `cambridge classify --help`.
pub const EXAMPLES: &str = "\
Examples:
  The exceptions to the rule that sensitive instructions trap:
    cambridge classify --untrapped
  Semiprivileged instructions that are control-sensitive, also those that are behavior-sensitive too:
    cambridge classify --class control --privilege semiprivileged
  For a spreadsheet:
    cambridge classify --csv > instructions.csv

Exit status: 0; 16 when the table cannot be written, 2 when an option is wrong.";

/// Exit status when standard output takes no more.
const FILE_TROUBLE: u8 = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Class {
    /// Neither control-sensitive nor behavior-sensitive
    Innocuous,
    /// Control-sensitive or behavior-sensitive
    Sensitive,
    /// Control-sensitive
    Control,
    /// Behavior-sensitive
    Behavior,
    /// Control-sensitive and behavior-sensitive
    Both,
}

impl Class {
    fn includes(self, sensitivity: Sensitivity) -> bool {
        match self {
            Class::Innocuous => sensitivity == Sensitivity::Innocuous,
            Class::Sensitive => sensitivity != Sensitivity::Innocuous,
            Class::Control => matches!(sensitivity, Sensitivity::Control | Sensitivity::Both),
            Class::Behavior => matches!(sensitivity, Sensitivity::Behavior | Sensitivity::Both),
            Class::Both => sensitivity == Sensitivity::Both,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Allowed {
    /// The problem state may issue it
    Problem,
    /// The problem state may issue it as far as control registers allow
    Semiprivileged,
    /// The supervisor state alone may issue it
    Privileged,
}

/// The options of `cambridge classify`.
#[derive(Debug, Args)]
pub struct Options {
    /// Only instructions of these classes
    #[arg(long, value_name = "CLASS", value_delimiter = ',')]
    class: Vec<Class>,
    /// Only instructions that the problem state may issue so
    #[arg(long, value_name = "PRIVILEGE", value_delimiter = ',')]
    privilege: Vec<Allowed>,
    /// Only what is sensitive and does not trap
    #[arg(long)]
    untrapped: bool,
    /// Objects of JSON, one a line
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Comma-separated values with a line of headings
    #[arg(long)]
    csv: bool,
    /// The text of docs/classify.md
    #[arg(long, conflicts_with_all = ["json", "csv", "class", "privilege", "untrapped"])]
    markdown: bool,
}

impl Options {
    /// Writes the table to standard output.
    #[must_use]
    pub fn execute(&self) -> ExitCode {
        let mut out = io::stdout().lock();
        match out.write_all(self.text().as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => ExitCode::SUCCESS,
            // Whoever reads has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("standard output: {error}");
                ExitCode::from(FILE_TROUBLE)
            }
        }
    }

    fn text(&self) -> String {
        if self.markdown {
            return classification_markdown();
        }
        let lines: Vec<Line> = TABLE.iter().filter(|row| self.shows(row)).map(Line::of).chain(self.others()).collect();
        if self.json {
            lines.iter().map(Line::json).collect()
        } else if self.csv {
            lines.iter().fold(HEADINGS.join(",") + "\n", |text, line| text + &line.csv())
        } else {
            let table = lines.iter().fold(Line::headings(), |text, line| text + &line.plain());
            format!("{table}\n{}\n", summary())
        }
    }

    fn shows(&self, row: &Row) -> bool {
        let privilege = match row.privilege {
            Privilege::Problem => Allowed::Problem,
            Privilege::Semiprivileged => Allowed::Semiprivileged,
            Privilege::Privileged => Allowed::Privileged,
        };
        (self.class.is_empty() || self.class.iter().any(|class| class.includes(row.sensitivity)))
            && (self.privilege.is_empty() || self.privilege.contains(&privilege))
            && (!self.untrapped || matches!(row.handling(), Handling::Untrapped(_)))
    }

    /// What is sensitive and no instruction; only where exceptions are asked for or nothing is filtered.
    fn others(&self) -> impl Iterator<Item = Line> {
        let shown = self.class.is_empty() && self.privilege.is_empty();
        UNTRAPPED.iter().filter(move |untrapped| shown && untrapped.op.is_none()).map(|untrapped| Line {
            code: String::new(),
            mnemonic: "",
            name: untrapped.name,
            class: Sensitivity::Behavior.name(),
            privilege: Privilege::Problem.name(),
            trap: "",
            remark: Handling::Untrapped(*untrapped).remark(),
        })
    }
}

const HEADINGS: [&str; 7] = ["code", "mnemonic", "name", "class", "privilege", "trap", "remark"];

/// A line of the table.
struct Line {
    code: String,
    mnemonic: &'static str,
    name: &'static str,
    class: &'static str,
    privilege: &'static str,
    trap: &'static str,
    remark: String,
}

impl Line {
    fn of(row: &Row) -> Line {
        let handling = row.handling();
        Line {
            code: row.code_text(),
            mnemonic: row.mnemonic,
            name: row.name,
            class: row.sensitivity.name(),
            privilege: row.privilege.name(),
            trap: handling.trap_name(),
            remark: handling.remark(),
        }
    }

    fn fields(&self) -> [&str; 7] {
        [&self.code, self.mnemonic, self.name, self.class, self.privilege, self.trap, &self.remark]
    }

    fn headings() -> String {
        plain(&HEADINGS.map(str::to_uppercase).each_ref().map(String::as_str))
    }

    fn plain(&self) -> String {
        plain(&self.fields())
    }

    fn csv(&self) -> String {
        let quoted = self.fields().map(|field| {
            if field.contains([',', '"']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field.to_owned() }
        });
        quoted.join(",") + "\n"
    }

    fn json(&self) -> String {
        let text = |field: &str| if field.is_empty() { json!(null) } else { json!(field) };
        let [code, mnemonic, name, class, privilege, trap, remark] = self.fields().map(text);
        let object = json!({
            "code": code, "mnemonic": mnemonic, "name": name, "class": class, "privilege": privilege, "trap": trap,
            "remark": remark,
        });
        format!("{object}\n")
    }
}

/// Fields in columns, without blanks at the end of the line.
fn plain(fields: &[&str; 7]) -> String {
    let [code, mnemonic, name, class, privilege, trap, remark] = fields;
    let line = format!("{code:<5}{mnemonic:<9}{name:<38}{class:<19}{privilege:<15}{trap:<22}{remark}");
    format!("{}\n", line.trim_end())
}
