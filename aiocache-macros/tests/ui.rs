//! What does not compile, and what the compiler then says; what compiles without a warning.

#[test]
fn mistakes_are_explained_at_their_token() {
    trybuild::TestCases::new().compile_fail("tests/ui/fail/*.rs");
}

#[test]
fn no_lint_is_set_off() {
    trybuild::TestCases::new().pass("tests/ui/pass/*.rs");
}
