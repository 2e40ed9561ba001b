//! Recovery against everything that a disk may hold: each row of the table of cases, their
//! combinations, crashes at any operation, every byte changed and every file cut, and the log at its
//! bounds. Beside it the log while it is written, and the survey.

mod cases;
mod combinations;
mod crashes;
mod damage;
mod disk;
mod log;
mod server;
mod survey;
mod wal;
