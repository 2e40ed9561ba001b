//! House rules.
use crate::house::House;
use anyhow::Result;
pub(crate) fn run(_: &House) -> Result<()> {
    Ok(())
}
