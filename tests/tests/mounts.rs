//! A target on a file system without hard links, such as a volume of Unity Catalog, is kept as one on a disk: by several
//! processes at once, and by those that end in the middle.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use goldsmith::ModelSource;
use goldsmith_lake::CreateBy;
use goldsmith_synth::SynthConfig;
use goldsmith_testkit::ScratchLake;
use goldsmith_testkit::faults::{Fault, FaultLayer, OperationClass, Trigger};
use goldsmith_tests::content::Content;
use goldsmith_tests::crash::{Scenario, engine, failures, sequential};
use goldsmith_tests::mount::{Mount, is_whole};
use goldsmith_tests::part::Part;
use goldsmith_tests::points::spread;
use goldsmith_tests::process::load;
use goldsmith_tests::seeds;
use goldsmith_tests::synth::World;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The ways of file systems without hard links, by the names that the programs of the tests know.
const WAYS: [(&str, CreateBy); 2] = [("rename", CreateBy::Rename), ("claim", CreateBy::Claim)];

fn run(way: &str, lake: &ScratchLake) -> Child {
    load(env!("CARGO_BIN_EXE_crash_run"), Some(way), Part::Costs, &lake.source(), &lake.target()).spawn().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_run_at_once_give_what_one_gives_on_a_disk() {
    const ROUNDS: usize = 2;
    let model = Part::Costs.model().unwrap();
    let world = World::new(SynthConfig { seed: 23, rows: 800, batches: ROUNDS, ..Default::default() });
    let lake = || ScratchLake::with_model(ModelSource::Loaded(model.clone())).unwrap();
    let alone = lake();
    let mounted = WAYS.map(|(way, _)| (way, lake()));
    for batch in 0..ROUNDS {
        world.deliver(&alone, batch).await;
        alone.run(&[]).await.unwrap();
        for (way, together) in &mounted {
            world.deliver(together, batch).await;
            for process in [run(way, together), run(way, together)] {
                let output = process.wait_with_output().unwrap();
                assert!(output.status.success(), "{way}, {batch}: {}", String::from_utf8_lossy(&output.stderr));
            }
        }
    }
    let expected = Content::of(&model, &alone.target()).await.unwrap();
    for (way, together) in &mounted {
        // One more run, for what the loser of a race left to the next one.
        assert!(run(way, together).wait().unwrap().success());
        assert_eq!(expected.difference(&Content::of(&model, &together.target()).await.unwrap()), None, "{way}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_ends_anywhere_is_completed_by_the_next_one() {
    const POINTS: u64 = 3;
    let scenario = Scenario::new(Part::Costs, 300).await;
    for (way, create_by) in WAYS {
        for phase in &scenario.phases {
            for number in spread(phase.count(&OperationClass::mutating()), POINTS) {
                let target = scenario.prepare(phase);
                let program = env!("CARGO_BIN_EXE_crash_run");
                let output = load(program, Some(way), scenario.part, &phase.source, &target)
                    .args([&number.to_string(), "during"])
                    .output()
                    .unwrap();
                let place = format!("{way}, {}, change {number}", phase.name);
                let told = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.code().is_none(), "{place}: ended by itself: {told}");
                let mount = Mount { way: create_by, faults: FaultLayer::recording() };
                let engine = engine(&scenario.model, &phase.source, &target, mount, 1).unwrap();
                let report = engine.run(&sequential()).await.unwrap();
                assert_eq!(failures(&report), Vec::<String>::new(), "{place}");
                scenario.check_recovery(phase, &target).await.unwrap_or_else(|error| panic!("{place}: {error}"));
            }
        }
    }
}

/// An answer that gets lost must not make a writer commit twice, or take its own commit for another's.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_is_recognised() {
    let scenario = Scenario::new(Part::Costs, 300).await;
    let phase = &scenario.phases[1];
    for (way, create_by) in WAYS {
        let class = || OperationClass::mutating().below("_delta_log").ending(".json");
        for number in spread(phase.count(&class()), 4) {
            let target = scenario.prepare(phase);
            let trigger = Trigger { class: class(), number, fault: Fault::LostAnswer };
            let mount = Mount { way: create_by, faults: FaultLayer::striking(trigger) };
            let engine = engine(&scenario.model, &phase.source, &target, mount, 1).unwrap();
            let report = engine.run(&sequential()).await.unwrap();
            assert_eq!(failures(&report), Vec::<String>::new(), "{way}, commit {number}");
            scenario.check_recovery(phase, &target).await.unwrap_or_else(|error| panic!("{way}, {number}: {error}"));
        }
    }
}

fn write_entries(way: &str, directory: &Path, name: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_create_entries"))
        .args([way, directory.to_str().unwrap(), &ENTRIES.to_string(), name])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

const ENTRIES: u32 = 250;

#[test]
fn writers_that_are_killed_leave_no_torn_entry_and_lose_none_that_they_were_told_of() {
    const KILLS: usize = 12;
    for seed in seeds(1..2) {
        println!("GOLDSMITH_SEEDS={seed}");
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        for (way, _) in WAYS {
            let place = tempfile::tempdir().unwrap();
            let mut ended = Vec::new();
            let mut writers: Vec<(String, Child)> = Vec::new();
            let mut killed = 0;
            for number in 0..KILLS {
                while writers.len() < 3 {
                    let name = format!("writer-{number}-{}", writers.len());
                    writers.push((name.clone(), write_entries(way, place.path(), &name)));
                }
                std::thread::sleep(Duration::from_millis(random.random_range(5..60)));
                let (name, mut writer) = writers.remove(0);
                killed += usize::from(writer.try_wait().unwrap().is_none());
                writer.kill().unwrap();
                ended.push((name, writer.wait_with_output().unwrap(), true));
            }
            writers.push(("last".to_owned(), write_entries(way, place.path(), "last")));
            ended.extend(writers.into_iter().map(|(name, writer)| (name, writer.wait_with_output().unwrap(), false)));
            assert!(killed > 0, "{way}, seed {seed}: nobody was killed at work");

            let mut won: HashMap<u32, String> = HashMap::new();
            for (name, output, is_killed) in ended {
                let told = String::from_utf8_lossy(&output.stderr);
                assert!(
                    told.is_empty() && (is_killed || output.status.success()),
                    "{way}, seed {seed}, {name}: {told}"
                );
                for line in String::from_utf8(output.stdout).unwrap().lines() {
                    let number = line.parse().unwrap();
                    let other = won.insert(number, name.clone());
                    assert_eq!(other, None, "{way}, seed {seed}: entry {number} was won twice, also by {name}");
                }
            }
            for number in 0..ENTRIES {
                let entry = fs::read(place.path().join(format!("{number}.json"))).unwrap();
                assert!(is_whole(&entry), "{way}, seed {seed}: entry {number} is torn");
                if let Some(winner) = won.get(&number) {
                    let is_its = entry.starts_with(format!("{winner}\n").as_bytes());
                    assert!(is_its, "{way}, seed {seed}: entry {number} of {winner} was replaced");
                }
            }
        }
    }
}
