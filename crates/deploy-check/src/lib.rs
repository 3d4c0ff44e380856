//! Deployment files are code that nobody compiles. The tests of this crate read them as the tools do that they are for
//! (`schemas/` has the tools' own schemas), and compare them with the program: that each variable is an option, that each
//! metric is one that is counted, that each alert has its page in the runbook.
