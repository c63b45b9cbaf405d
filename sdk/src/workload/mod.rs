//! The containers of `app.yaml`, for modules that run them.
//!
//! Every workload module offers its developers the same containers, whatever kind of object it makes
//! of them in the end. A module puts [`Container`] into its configuration, and [`Pods`] turns the
//! containers into a pod template and the ConfigMaps it mounts. Alternatives are told apart by a
//! key: `readinessProbe: {http: {url: "http://localhost:8080/ready"}}`.
//!
//! Modules that make pods of their own secure them with [`Security`] and give them [`Resources`] in the same way.

mod container;
mod files;
mod image;
mod metadata;
mod pods;
mod probe;
mod quantity;
mod resources;
mod secret_ref;
mod security;
mod spread;
mod volumes;

pub use self::container::Container;
pub use self::files::FileSpec;
pub use self::image::image_problem;
pub use self::metadata::{annotations, labels};
pub use self::pods::{PodSettings, Pods};
pub use self::probe::{Exec, Http, Lifecycle, LifecycleHandler, Probe, Tcp};
pub(crate) use self::quantity::billionths;
pub use self::resources::Resources;
pub use self::security::{PodSecurity, Security};
pub use self::spread::{
    LabelSelector, LabelSelectorRequirement, NodePolicy, Operator, TopologySpreadConstraint,
    WhenUnsatisfiable, spread, spread_everywhere,
};
