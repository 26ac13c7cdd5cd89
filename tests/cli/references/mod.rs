//! Two accounts side by side: comparing them, and what ids of one stand for in the other.

mod compare;
mod report;
mod world;
