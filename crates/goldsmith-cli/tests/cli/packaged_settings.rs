//! The settings files of `packaging/` say what the program understands.

use std::path::{Path, PathBuf};

use crate::program::Workplace;

fn packaging() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging")
}

/// The file that a config map holds under a name.
fn of_config_map(text: &str, name: &str) -> String {
    let (_, below) = text.split_once(&format!("  {name}: |\n")).unwrap();
    let block = below.lines().take_while(|line| line.is_empty() || line.starts_with("    "));
    block.map(|line| line.strip_prefix("    ").unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

#[test]
fn settings_of_systemd_and_kubernetes_are_understood() {
    let place = Workplace::new();
    let of_systemd = std::fs::read_to_string(packaging().join("systemd/goldsmith.toml")).unwrap();
    let objects = std::fs::read_to_string(packaging().join("kubernetes/config.yaml")).unwrap();
    for settings in [of_systemd, of_config_map(&objects, "goldsmith.toml")] {
        place.write("packaged.toml", &settings);
        let output = place.run(&["--config", "packaged.toml", "--color", "never", "config", "--format", "human"]);
        let text = place.text(&output);
        assert_eq!(output.status.code(), Some(0), "{text}");
        assert!(text.contains("s3://BUCKET/lake") && text.contains("aws_region"), "{text}");
    }
}
