//! What tests can ask of pods; `tests/cluster/lib/stages.yaml` does it.

/// The annotation of a pod (template) that names its [`PodFate`].
pub const POD: &str = "kusion.test/pod";

/// The annotation of a pod (template) that says how long until then, such as `1500ms`.
pub const AFTER: &str = "kusion.test/after";

/// What becomes of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodFate {
    /// It runs and passes its probes; so does a pod without the annotation that restarts always.
    Ready,
    /// It ends with exit code 0; so does any other pod without the annotation.
    Succeed,
    /// It ends with exit code 1; a pod that restarts always is then in `CrashLoopBackOff`.
    Fail,
    /// It runs, and its readiness probe fails.
    Unready,
    /// Its image cannot be pulled.
    Image,
    /// It has a node, and nothing follows.
    Pending,
}

impl PodFate {
    /// Returns the value of the annotation [`POD`].
    #[must_use]
    pub fn annotation(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Succeed => "succeed",
            Self::Fail => "fail",
            Self::Unready => "unready",
            Self::Image => "image",
            Self::Pending => "pending",
        }
    }
}
