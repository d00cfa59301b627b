//! What the caller can ask of an assembly.

/// Options of an assembly. The default is the traditional assembler's behaviour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Take lower-case letters outside of quotes for upper-case ones.
    pub fold_case: bool,
    /// Records of any length, without sequence columns and without a continuation column: a statement goes on in the
    /// next record when its last character is a backslash.
    pub long_lines: bool,
    /// The value of `&SYSPARM`.
    pub sysparm: String,
    /// The value of `&SYSDATE`, `mm/dd/yy`.
    pub date: String,
    /// The value of `&SYSTIME`, `hh.mm`.
    pub time: String,
    /// Year and day of the year for the identification on the END card, `yyddd`.
    pub julian_date: String,
    /// Longest loop of conditional assembly: the initial ACTR count of open code and of each macro call.
    pub branch_limit: u32,
    /// How deeply macro calls and COPY members nest at most.
    pub nesting_limit: u32,
    /// Statements that one assembly can list at most, so that a runaway macro ends with a message. Conditional assembly
    /// may take 32 times as many steps.
    pub statement_limit: u32,
    /// Write a listing.
    pub listing: bool,
    /// Lines of a listing page, headings included.
    pub page_length: u32,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            fold_case: false,
            long_lines: false,
            sysparm: String::new(),
            date: "01/01/70".into(),
            time: "00.00".into(),
            julian_date: "70001".into(),
            branch_limit: 4096,
            nesting_limit: 100,
            statement_limit: 1_000_000,
            listing: true,
            page_length: 55,
        }
    }
}
