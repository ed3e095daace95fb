//! What a run of a policy's tests found: each test with what came out, and what no test touches.

/// Every test of a policy, run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TestRun {
    /// A result for each test, in the order of the files.
    pub results: Vec<TestResult>,
    /// Paths, exceptions and rules that no test touches, in the order of the files.
    pub untouched: Vec<Declaration>,
    /// How many paths, exceptions and rules there are.
    pub declarations: usize,
}

impl TestRun {
    /// Tests that came out as expected.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.results.iter().filter(|result| result.passed).count()
    }

    /// Tests that did not.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.results.len().saturating_sub(self.passed())
    }

    /// Paths, exceptions and rules that some test touches.
    #[must_use]
    pub fn touched(&self) -> usize {
        self.declarations.saturating_sub(self.untouched.len())
    }
}

/// One test and what came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestResult {
    /// The path, exception or rule that the test belongs to; none of `[[test]]`.
    pub of: Option<Declaration>,
    /// The flow in one line, such as `tcp 10.40.1.7:50211 -> 10.40.2.10:443 tls`.
    pub flow: String,
    /// What the test expects, as it says so.
    pub expected: String,
    /// What came out, in the same words; what is wrong with the flow where it cannot be asked.
    pub got: String,
    /// The verdict, the rule that gave it and the rules that fire, such as
    /// `denied by PATH-SERVICE; SEG-0007`.
    pub detail: String,
    /// Whether the test came out as expected.
    pub passed: bool,
    /// Where the test stands.
    pub place: TestPlace,
}

/// A path, an exception or a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// What it is.
    pub kind: DeclarationKind,
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub place: TestPlace,
}

/// What a declaration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeclarationKind {
    /// `[[path]]`.
    Path,
    /// `[[exception]]`.
    Exception,
    /// `[[rule]]`.
    Rule,
}

impl DeclarationKind {
    /// The word in policy files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Exception => "exception",
            Self::Rule => "rule",
        }
    }
}

/// A line of a policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestPlace {
    /// The file as it was given.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}
