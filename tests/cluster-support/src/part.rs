//! The programs of a control plane, which tests stop, start and freeze.

/// A program of the control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// `kube-apiserver`.
    ApiServer,
    /// `kube-controller-manager`: without it no Deployment makes a pod and no namespace goes away.
    Controllers,
    /// `kube-scheduler`: without it pods get no node.
    Scheduler,
    /// `kwok`, which plays the kubelet: without it pods never change their status.
    Kubelet,
    /// `etcd`.
    Store,
}

impl Part {
    pub(crate) fn program(self) -> &'static str {
        match self {
            Self::ApiServer => "kube-apiserver",
            Self::Controllers => "kube-controller-manager",
            Self::Scheduler => "kube-scheduler",
            Self::Kubelet => "kwok",
            Self::Store => "etcd",
        }
    }
}
