//! The lake that corruption is planted in.

use goldsmith_synth::SynthConfig;
use goldsmith_testkit::ScratchLake;
use goldsmith_tests::{rows, synth};

/// A generated lake with a job whose name can be written in two ways.
pub(crate) struct World {
    pub(crate) lake: ScratchLake,
    generated: synth::World,
}

impl World {
    pub(crate) fn new() -> Self {
        let config = SynthConfig { seed: 5, rows: 3_000, batches: 3, ..Default::default() };
        Self { lake: ScratchLake::new().unwrap(), generated: synth::World::new(config) }
    }

    pub(crate) async fn deliver(&self, delivery: usize) {
        self.generated.deliver(&self.lake, delivery).await;
        if delivery == 0 {
            let job = rows(
                r#"[{"account_id": "a", "workspace_id": "1", "job_id": "accented", "name": "caf\u00e9", "change_time": "2025-01-01T00:00:00Z"}]"#,
            );
            self.lake.deliver("lakeflow.jobs", &job).await.unwrap();
        }
    }
}
