use chrono::NaiveDate;

use crate::SynthError;

/// What to generate. Every share is a probability between 0 and 1.
#[derive(Debug, Clone, PartialEq)]
pub struct SynthConfig {
    /// Everything random follows from it.
    pub seed: u64,
    /// Source rows of all tables together, approximately. Tables have a least size, and those of the latest state come whole
    /// with each delivery, so that few rows or many deliveries make more.
    pub rows: u64,
    /// Number of deliveries that the days are split into, evenly by time.
    pub batches: usize,
    /// First day.
    pub start: NaiveDate,
    /// Number of days.
    pub days: u32,
    /// Most rows in one Arrow batch.
    pub batch_size: usize,
    /// Workspaces that the account lists; one more is referred to by facts but never listed.
    pub workspaces: usize,
    /// Rows that stand twice in one delivery.
    pub duplicate_share: f64,
    /// Rows that are delivered once more, unchanged, by a later delivery.
    pub redelivery_share: f64,
    /// Rows that arrive one or two deliveries after their time.
    pub late_share: f64,
    /// Rows that change places within an Arrow batch.
    pub out_of_order_share: f64,
    /// Usage records that are retracted and restated later.
    pub correction_share: f64,
    /// Rows that are seen unfinished first and are updated by a later delivery.
    pub update_share: f64,
    /// Rows whose sequence value stands twice with different content.
    pub tie_share: f64,
    /// Rows of events whose whole key is null.
    pub null_key_share: f64,
    /// Days after which rows leave the snapshots of tables with a retention; `None`: two thirds of `days`.
    pub snapshot_retention_days: Option<u32>,
}

impl Default for SynthConfig {
    /// 100 000 rows of 30 days from 2025-01-01 in four deliveries, with a little of every adversity.
    fn default() -> Self {
        Self {
            seed: 42,
            rows: 100_000,
            batches: 4,
            start: NaiveDate::from_ymd_opt(2025, 1, 1).unwrap_or_default(),
            days: 30,
            batch_size: 16_384,
            workspaces: 8,
            duplicate_share: 0.01,
            redelivery_share: 0.01,
            late_share: 0.02,
            out_of_order_share: 0.2,
            correction_share: 0.01,
            update_share: 0.04,
            tie_share: 0.001,
            null_key_share: 0.0002,
            snapshot_retention_days: None,
        }
    }
}

impl SynthConfig {
    /// The same world without adversity: no duplicates, late rows, corrections, ties or null keys.
    #[must_use]
    pub fn clean(self) -> Self {
        Self {
            duplicate_share: 0.0,
            redelivery_share: 0.0,
            late_share: 0.0,
            out_of_order_share: 0.0,
            correction_share: 0.0,
            tie_share: 0.0,
            null_key_share: 0.0,
            ..self
        }
    }

    pub(crate) fn validate(&self) -> Result<(), SynthError> {
        let shares = [
            ("duplicate_share", self.duplicate_share),
            ("redelivery_share", self.redelivery_share),
            ("late_share", self.late_share),
            ("out_of_order_share", self.out_of_order_share),
            ("correction_share", self.correction_share),
            ("update_share", self.update_share),
            ("tie_share", self.tie_share),
            ("null_key_share", self.null_key_share),
        ];
        for (setting, value) in shares {
            if !(0.0..=1.0).contains(&value) {
                return Err(invalid(setting, value, "use a share between 0 and 1"));
            }
        }
        if self.rows > 1 << 40 {
            return Err(invalid("rows", self.rows, "use at most 2^40"));
        }
        if self.batches == 0 || self.batches > 100_000 {
            return Err(invalid("batches", self.batches, "use 1 to 100000"));
        }
        if self.days == 0 || self.days > 3_660 {
            return Err(invalid("days", self.days, "use 1 to 3660"));
        }
        if self.batch_size == 0 || self.batch_size > 1 << 20 {
            return Err(invalid("batch_size", self.batch_size, "use 1 to 1048576"));
        }
        if self.workspaces == 0 || self.workspaces > 1_000 {
            return Err(invalid("workspaces", self.workspaces, "use 1 to 1000"));
        }
        Ok(())
    }
}

fn invalid(setting: &'static str, value: impl ToString, hint: &'static str) -> SynthError {
    SynthError::InvalidConfig { setting, value: value.to_string(), hint }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_out_of_range_are_refused() {
        let config = SynthConfig::default();
        assert!(config.validate().is_ok());
        for broken in [
            SynthConfig { batches: 0, ..config.clone() },
            SynthConfig { days: 0, ..config.clone() },
            SynthConfig { late_share: 1.5, ..config.clone() },
            SynthConfig { late_share: f64::NAN, ..config.clone() },
            SynthConfig { batch_size: 0, ..config.clone() },
            SynthConfig { workspaces: 0, ..config },
        ] {
            assert!(matches!(broken.validate(), Err(SynthError::InvalidConfig { .. })));
        }
    }
}
