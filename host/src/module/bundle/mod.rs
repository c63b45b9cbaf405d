//! Modules for where no registry can be reached: everything that a lock pins, in one file.
//!
//! ```text
//! oci-layout                {"imageLayoutVersion":"1.0.0"}
//! index.json                one entry a manifest: modules by their references, what is attached to them, the lock
//! blobs/sha256/<hex>        manifests, configurations, components, signatures, and kusion.lock
//! ```
//!
//! An OCI image layout in a tar archive, which tools such as skopeo and oras read too. The same modules and the same
//! lock give the same bytes. Nothing in the file is believed: each blob is hashed, and the lock, the index and the
//! manifests must agree.

mod error;
mod index;
mod load;
mod save;
mod tar;

pub use error::BundleError;
pub use load::{Bundled, load};
pub use save::{save, save_file};

#[cfg(test)]
mod tests;
