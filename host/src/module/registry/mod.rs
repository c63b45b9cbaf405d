//! Modules in registries: their names, versions and form, and how they are fetched and published.

mod attached;
mod auth;
mod catalog;
mod challenge;
mod client;
mod credentials;
mod error;
mod evidence;
mod layout;
mod observer;
mod pull;
mod push;
mod repository;
mod requirement;
mod signatures;
mod store;
mod tag;

pub use client::{ClientOptions, RegistryClient};
pub use credentials::{Credential, CredentialError, Credentials, Kept};
pub use error::RegistryError;
pub use layout::{Artifact, CONFIG, Contents, Descriptor, LAYER, LayoutError, MANIFEST, Manifest};
pub use observer::{PullEvent, PullObserver};
pub use pull::RawManifest;
pub use push::Pushed;
pub use repository::{Repository, RepositoryError};
pub use requirement::{Requirement, RequirementError};
pub use store::{ContentStore, Download, StoreError, Stored};
pub use tag::reference;

pub use crate::http::{Cause, Retries};
