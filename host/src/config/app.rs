//! An app as the rest of the house sees it: checked, merged, and free of YAML.

use std::collections::BTreeMap;

use super::AppSecret;
use crate::name::{AccessoryName, AppName, ModuleName};
use crate::source::{Location, Node};

/// An application of a stack.
#[derive(Debug, Clone)]
pub struct App {
    pub(super) name: AppName,
    pub(super) location: Location,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) workload: Option<Component>,
    pub(super) accessories: BTreeMap<AccessoryName, Component>,
    pub(super) secrets: BTreeMap<String, AppSecret>,
}

impl App {
    /// Returns whether it has neither a workload nor accessories.
    pub(super) fn is_empty(&self) -> bool {
        self.workload.is_none() && self.accessories.is_empty()
    }

    /// Returns the name, unique in the stack.
    pub fn name(&self) -> &AppName {
        &self.name
    }

    /// Returns where the app is described.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Returns the labels that the developer gave.
    pub fn labels(&self) -> &BTreeMap<String, String> {
        &self.labels
    }

    /// Returns the annotations that the developer gave.
    pub fn annotations(&self) -> &BTreeMap<String, String> {
        &self.annotations
    }

    /// Returns what runs, if the app runs anything.
    pub fn workload(&self) -> Option<&Component> {
        self.workload.as_ref()
    }

    /// Returns what the app needs beside its workload.
    pub fn accessories(&self) -> &BTreeMap<AccessoryName, Component> {
        &self.accessories
    }

    /// Returns the secrets of the workload, with their values.
    ///
    /// In the workload's [`config`](Component::config) each value is replaced by an empty text, so that no module
    /// ever sees one.
    pub fn secrets(&self) -> &BTreeMap<String, AppSecret> {
        &self.secrets
    }
}

/// A workload or accessory: a module and what the developer tells it.
#[derive(Debug, Clone)]
pub struct Component {
    pub(super) module: ModuleName,
    pub(super) module_location: Location,
    pub(super) location: Location,
    pub(super) config: Node,
}

impl Component {
    /// Returns the module that the component is made by.
    pub fn module(&self) -> &ModuleName {
        &self.module
    }

    /// Returns where the module is named: the value of `module`, or the key of the accessory.
    pub fn module_location(&self) -> &Location {
        &self.module_location
    }

    /// Returns the key of the component: `workload`, or the accessory's name.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Returns the developer's configuration, without the choice of the module.
    ///
    /// The root of the node lies at the key of the component.
    pub fn config(&self) -> &Node {
        &self.config
    }
}
