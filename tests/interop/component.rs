//! Assembles the module that the tests of other people's tools publish, from its text.
//!
//! Usage: `cargo run --package kusion-tests --example interop-component -- OUTPUT`

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let output = std::env::args().nth(1).ok_or("name the file to write")?;
    let component = wat::parse_str(include_str!("component.wat"))?;
    fs_err::write(output, component)?;
    Ok(())
}
