//! Why a plan cannot run.

use onewinner_core::backend::BackendKind;
use onewinner_core::scenario::Subject;
#[cfg(target_os = "linux")]
use onewinner_linux::blame::Blame;
#[cfg(target_os = "linux")]
use onewinner_linux::race::RaceError;
#[cfg(target_os = "linux")]
use onewinner_linux::tracer::TracerError;

/// Why a plan cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The subject is a program, and the backend has no processes.
    #[error(
        "failed to run {line:?} in {backend}: only a lock written over `Fs` runs there; use `onewinner explore --backend traced`"
    )]
    NeedsProcesses {
        /// The command line.
        line: String,
        /// The backend.
        backend: BackendKind,
    },
    /// The backend does not support a part of the scenario.
    #[error("failed to run {what} in {backend}: only the simulated file system does that; use `--backend sim`")]
    NeedsSimulation {
        /// The part.
        what: &'static str,
        /// The backend.
        backend: BackendKind,
    },
    /// The tracer failed.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Traced(#[from] TracerError),
    /// The race failed.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Race(#[from] RaceError),
}

impl CheckError {
    /// The reason of an inconclusive verdict; `None` if the user has to change the command.
    #[cfg(target_os = "linux")]
    pub(crate) fn inconclusive_reason(&self, subject: &Subject) -> Option<String> {
        match self {
            Self::Traced(hung @ (TracerError::RunDirectory(_) | TracerError::Hung { .. }))
                if hung.blame() == Blame::Machine =>
            {
                Some(hung.to_string())
            }
            Self::Race(failed) if failed.blame() == Blame::Machine => Some(failed.to_string()),
            Self::Traced(failed) if failed.blame() == Blame::Machine => Some(match subject {
                Subject::Primitive(_) => format!("{failed}; `--backend sim` needs no tracing"),
                Subject::Program(_) => failed.to_string(),
            }),
            Self::Traced(unsupported @ TracerError::Unsupported { .. }) => Some(unsupported.to_string()),
            _ => None,
        }
    }

    /// Always `None`: without real processes, each error is one of the command.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn inconclusive_reason(&self, _: &Subject) -> Option<String> {
        None
    }
}
