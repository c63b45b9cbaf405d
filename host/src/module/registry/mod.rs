//! Modules in registries: their names, versions and form.

mod layout;
mod repository;
mod requirement;
mod store;

pub use layout::{Artifact, CONFIG, Contents, Descriptor, LAYER, LayoutError, MANIFEST, Manifest};
pub use repository::{Repository, RepositoryError};
pub use requirement::{Requirement, RequirementError};
pub use store::{ContentStore, Download, StoreError};
