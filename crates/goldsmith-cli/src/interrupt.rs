//! Interrupts: the first one asks, the second one insists.

use crate::printer::Printer;

/// What a shell reports for a process that an interrupt ended.
const ABORTED: i32 = 130;

/// Listens until it is dropped.
pub(crate) struct Guard(tokio::task::JoinHandle<()>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What is told of the first interrupt and of the second one.
pub(crate) struct Told {
    pub(crate) cancelling: String,
    pub(crate) aborted: String,
}

/// Calls `cancel` on the first interrupt or termination request, and ends the process on the second one. Tables
/// are committed as a whole, so that neither leaves anything half done.
pub(crate) fn listen(printer: &Printer, cancel: impl FnOnce() + Send + 'static) -> Guard {
    let told = Told {
        cancelling: "cancelling: tables that are being committed are finished, the next run does the rest; interrupt again to stop at once"
            .into(),
        aborted: "aborted; nothing that was committed is lost, the next run goes on from there".into(),
    };
    listen_and_tell(printer, told, cancel)
}

/// As [`listen`], for work that no next run goes on with.
pub(crate) fn listen_and_tell(printer: &Printer, told: Told, cancel: impl FnOnce() + Send + 'static) -> Guard {
    let printer = printer.clone();
    Guard(tokio::spawn(async move {
        if !requested().await {
            return;
        }
        cancel();
        printer.say(&told.cancelling);
        if requested().await {
            printer.error(&told.aborted);
            std::process::exit(ABORTED);
        }
    }))
}

/// Waits for an interrupt or a termination request; false when this platform cannot tell.
async fn requested() -> bool {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminate) = signal(SignalKind::terminate()) else {
            return tokio::signal::ctrl_c().await.is_ok();
        };
        tokio::select! {
            outcome = tokio::signal::ctrl_c() => outcome.is_ok(),
            received = terminate.recv() => received.is_some(),
        }
    }
    #[cfg(not(unix))]
    {
        tokio::signal::ctrl_c().await.is_ok()
    }
}
