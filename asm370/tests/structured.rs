//! The structured-programming macros refuse what makes no sense. What they generate is run in `tests/`, on the processor.

use asm370::{Assembly, Options, Source, StructuredMacros, assemble};

fn assembled(text: &str) -> Assembly {
    assemble(&Source::new("test", text), &Options::default(), &StructuredMacros)
}

#[test]
fn misuse_is_noted() {
    let noted = |body: &str, message: &str| {
        let assembly = assembled(&format!("P        CSECT\n         USING P,12\n{body}         END\n"));
        assert!(assembly.object.is_none());
        assert!(assembly.diagnostics.iter().any(|d| d.message == message), "{message}: {:?}", assembly.diagnostics);
    };
    noted("         ELSE\n", "ELSE DOES NOT FOLLOW IF");
    noted("         DO    INF\n         ENDIF\n", "ENDIF DOES NOT FOLLOW IF");
    noted("         IF    (Z)\n         ELSE\n         ELSE\n", "ELSE DOES NOT FOLLOW IF");
    noted("         IF    (XX)\n", "XX IS NOT A CONDITION");
    noted("         IF    (Z),NOR,(Z)\n", "NOR IS NOT AND, OR, ANDIF OR ORIF");
    noted("         IF    (LTR,1,1,Z),AND\n", "A CONDITION IS MISSING");
    noted("         LEAVE\n", "LEAVE IS NOT WITHIN DO");
    noted("         DO    FOREVER\n", "FOREVER IS NOT WHILE, UNTIL, FROM OR INF");
    noted("         WHEN  1\n", "WHEN IS NOT WITHIN SELECT");
    let many = ["(Z)"; 11].join(",OR,");
    let (first, rest) = many.split_at(many[..50].rfind(',').map_or(0, |at| at + 1));
    for (before, macro_call) in
        [("", "IF    "), ("", "DO    WHILE,"), ("", "DO    UNTIL,"), ("         DO    INF\n", "LEAVE ")]
    {
        let line = format!("         {macro_call}{first}");
        let call = format!("{before}{line:<71}X\n{:<15}{rest}\n", "");
        noted(&call, "THERE ARE MORE THAN 10 CONDITIONS");
    }
}
