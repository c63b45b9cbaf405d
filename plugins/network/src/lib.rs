//! The `network` module: how an app's ports are reached.
//!
//! Ports become at most two Services, one inside the cluster and one in front of a load balancer;
//! an Ingress and an IngressClass can be added.

mod check;
mod config;
mod ingress;
mod ports;

use kusion_sdk::{Module, Output, Problems, Rejection, Request, names};

pub use crate::config::{
    Backend, ClassParameters, Config, HttpPath, HttpRule, Ingress, IngressClass, PathType,
    Platform, PlatformPort, Port, PortType, Protocol, ResourceBackend, Rule, ServiceBackend,
    ServicePort, Tls,
};

/// The `network` module.
#[derive(Debug)]
pub struct Network;

impl Module for Network {
    const NAME: &'static str = "network";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Makes an app's ports reachable: Services and an Ingress.";
    const RESOURCE_TYPES: &'static [&'static str] =
        &["v1:Service", "networking.k8s.io/v1:Ingress", "networking.k8s.io/v1:IngressClass"];

    type Config = Config;
    type Platform = Platform;

    fn generate(request: Request<Config, Platform>) -> Result<Output, Rejection> {
        let mut problems = Problems::default();
        ports::check(&request, &mut problems);
        let services = ports::services(&request);
        let ingress = ingress::ingress(&request, &mut problems);
        let class = ingress::class(&request, &mut problems);
        problems.finish()?;
        Ok(Output::new().resources(services).resources(ingress).resources(class))
    }
}

/// The name of one of this accessory's resources; a valid one for a Service too.
fn resource_name(request: &Request<Config, Platform>, suffix: &str) -> String {
    names::service_name(&request.accessory_name(Network::NAME, suffix))
}

kusion_sdk::export!(Network);

#[cfg(test)]
mod tests;
