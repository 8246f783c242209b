//! Interrupts: the first one asks, the second one insists.

use std::borrow::Cow;

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

/// What is told of an interrupt.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    /// After the first one.
    pub(crate) asked: Cow<'static, str>,
    /// After the second one.
    pub(crate) aborted: Cow<'static, str>,
}

impl Words {
    /// Of a run, which goes on where it was.
    pub(crate) const RUN: Self = Self {
        asked: Cow::Borrowed(
            "cancelling: tables that are being committed are finished, the next run does the rest; interrupt again to stop at once",
        ),
        aborted: Cow::Borrowed("aborted; nothing that was committed is lost, the next run goes on from there"),
    };

    /// Of maintenance, which changes no row.
    pub(crate) const MAINTENANCE: Self = Self {
        asked: Cow::Borrowed(
            "cancelling: the table that is being rearranged is finished, the others stay as they are; interrupt again to stop at once",
        ),
        aborted: Cow::Borrowed("aborted; no row was changed, and what is left can be done later"),
    };

    /// Of a verification, which only looks.
    pub(crate) const VERIFICATION: Self = Self {
        asked: Cow::Borrowed(
            "cancelling: nothing of the target was changed, another verification begins anew; interrupt again to stop at once",
        ),
        aborted: Cow::Borrowed("aborted; nothing of the target was changed, another verification begins anew"),
    };

    /// Of data tests, which write nothing but tables of their own.
    pub(crate) const DATA_TESTS: Self = Self {
        asked: Cow::Borrowed(
            "cancelling: the cases that are being carried out are stopped and their tables deleted; interrupt again to stop at once",
        ),
        aborted: Cow::Borrowed(
            "aborted; tables of cases are left as `goldsmith-test-*` in the directory for temporary files, and can be deleted",
        ),
    };
}

/// Calls `cancel` on the first interrupt or termination request, and ends the process on the second one. Tables
/// are committed as a whole, so that neither leaves anything half done.
pub(crate) fn listen(printer: &Printer, words: Words, cancel: impl FnOnce() + Send + 'static) -> Guard {
    let printer = printer.clone();
    Guard(tokio::spawn(async move {
        if !requested().await {
            return;
        }
        cancel();
        printer.say(&words.asked);
        if requested().await {
            printer.error(&words.aborted);
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
