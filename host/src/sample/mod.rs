//! Values that a JSON Schema admits, drawn at random, and smaller ones that still show what a large one showed.
//!
//! What is drawn is likely to fit its schema and not certain to: whoever draws checks it. Edges are drawn more often
//! than the middle, because that is where modules break.

mod draw;
mod random;
mod shrink;
mod text;

pub use draw::Sampler;
pub use random::Random;
pub use shrink::shrink;
