#![doc = include_str!("../README.md")]

mod account;
mod alicloud;
mod aws;
mod database;
mod engine;
mod managed;
mod network;
mod platform;
mod region;
mod server;
mod version;

pub use crate::account::Account;
pub use crate::database::{Database, PASSWORD};
pub use crate::engine::{Engine, Managed, SQL_RESOURCE_TYPES, generate};
pub use crate::platform::{Cloud, DatabaseType, Platform};
pub use crate::region::{ALICLOUD_REGION, AWS_REGION, region};
pub use crate::server::{PodSettings, SecretFile, Server, Storage};
pub use crate::version::is_image_tag;
