//! Tests that take far longer than the others, most of it waiting. Tests begin in the order of their names: these begin in the
//! first half, so that the others run beside them and nothing waits for them at the end.

mod stalled;
mod torture;
