//! Recovery against everything that a disk may hold: each row of the table of cases, their
//! combinations, crashes at any operation, every byte changed and every file cut.

mod cases;
mod combinations;
mod crashes;
mod damage;
mod disk;
mod log;
mod server;
mod survey;
mod wal;
