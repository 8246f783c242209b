//! With little memory the program starts itself over, so that freed memory is returned: as the same process, with all that it was given.

use std::fs::{create_dir, read, read_link, read_to_string};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::symlink;
use std::process::{Child, ChildStderr, Command, Stdio};

use crate::program::{PROGRAM, Workplace};

const SETTING: &str = "MALLOC_TRIM_THRESHOLD_";
/// A link to the program. A process has the name of the file that it was started from last: the program starts itself over by its own.
/// Source: proc(5), `comm`.
const LINK: &str = "other-name";
const LITTLE: [&str; 2] = ["--memory-limit", "256MiB"];

/// A program that waits for a query on its standard input.
struct Waiting {
    process: Child,
    told: BufReader<ChildStderr>,
}

impl Waiting {
    fn start(mut command: Command, args: &[&str], setting: Option<&str>) -> Self {
        match setting {
            Some(value) => command.env(SETTING, value),
            None => command.env_remove(SETTING),
        };
        // The log begins after the restart.
        command.args(args).args(["-vv", "--target", "lake"]);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut told = BufReader::new(process.stderr.take().unwrap());
        let mut begin = String::new();
        while !begin.contains("goldsmith starts") {
            assert!(told.read_line(&mut begin).unwrap() > 0, "it ended early: {begin}");
        }
        Self { process, told }
    }

    fn of_link(place: &Workplace, args: &[&str], setting: Option<&str>) -> Self {
        Self::start(place.command(place.path().join(LINK)), args, setting)
    }

    fn proc(&self, file: &str) -> String {
        format!("/proc/{}/{file}", self.process.id())
    }

    fn name(&self) -> String {
        read_to_string(self.proc("comm")).unwrap().trim_end().to_owned()
    }

    /// Texts that the system keeps with a zero after each: arguments, or variables.
    fn texts(&self, file: &str) -> Vec<String> {
        let bytes = read(self.proc(file)).unwrap();
        String::from_utf8(bytes).unwrap().split_terminator('\0').map(str::to_owned).collect()
    }

    /// The values that the allocator finds for its setting.
    fn setting(&self) -> Vec<String> {
        let variables = self.texts("environ");
        let values = variables.iter().filter_map(|variable| variable.strip_prefix(SETTING)?.strip_prefix('='));
        values.map(str::to_owned).collect()
    }

    /// Exit code, standard output and what comes to standard error once the query is there.
    fn answer(self, sql: &str) -> (Option<i32>, String, String) {
        let Self { mut process, told: mut lines } = self;
        process.stdin.take().unwrap().write_all(sql.as_bytes()).unwrap();
        let mut told = String::new();
        lines.read_to_string(&mut told).unwrap();
        let output = process.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), told)
    }
}

fn place() -> Workplace {
    let place = Workplace::new();
    create_dir(place.path().join("lake")).unwrap();
    symlink(PROGRAM, place.path().join(LINK)).unwrap();
    place
}

#[test]
fn little_memory_starts_it_over_with_all_that_it_was_given() {
    let place = place();
    for (sql, code, answer, told) in [
        ("select 'a  b' as \"two words\"", 0, "two words\na  b\n", ""),
        ("selec 1", 1, "", "error: the query cannot be answered"),
    ] {
        // Texts that would not outlive a shell.
        let odd = "aws_region=a  'b' \"c\" $HOME * ü";
        let args =
            [&["query", "-", "--format", "csv", "--storage-option", odd, "--color", "never"], &LITTLE[..]].concat();
        let waiting = Waiting::of_link(&place, &args, None);
        assert_eq!((waiting.name().as_str(), waiting.setting()), ("goldsmith", vec!["131072".to_owned()]));
        let link = place.path().join(LINK);
        let given = [&[link.to_str().unwrap()], &args[..], &["-vv", "--target", "lake"]].concat();
        assert_eq!(waiting.texts("cmdline"), given);
        let found = waiting.answer(sql);
        assert_eq!((found.0, found.1.as_str()), (Some(code), answer), "{}", found.2);
        assert!(found.2.contains(told), "{}", found.2);
    }
}

#[test]
fn what_the_user_set_stays_and_nothing_starts_over() {
    let place = place();
    let much = ["--memory-limit", "4GiB"];
    for (memory, setting) in [(LITTLE, Some("65536")), (LITTLE, Some("")), (much, None), (much, Some("65536"))] {
        let waiting = Waiting::of_link(&place, &[&["query", "-", "--format", "csv"], &memory[..]].concat(), setting);
        let expected: Vec<String> = setting.into_iter().map(str::to_owned).collect();
        assert_eq!((waiting.name().as_str(), waiting.setting()), (LINK, expected), "{memory:?} {setting:?}");
        let (code, answer, told) = waiting.answer("select 1 as one");
        assert_eq!((code, answer.as_str()), (Some(0), "one\n1\n"), "{memory:?} {setting:?}: {told}");
    }
}

#[test]
fn it_goes_on_where_it_cannot_start_over() {
    let place = place();
    for is_read in [true, false] {
        // The program runs from a file that is deleted, as after an upgrade: what is open can still be started, by its descriptor.
        let mut shell = place.command("sh");
        let script =
            r#"{ ln "$0" copy || cp "$0" copy; } 2> /dev/null && exec 3< copy && rm copy && exec /proc/self/fd/3 "$@""#;
        shell.args(["-c", script, PROGRAM]);
        let mut waiting = Waiting::start(shell, &[&["query", "-", "--format", "csv"], &LITTLE[..]].concat(), None);
        let program = read_link(waiting.proc("exe")).unwrap();
        assert!(program.to_str().unwrap().ends_with("copy (deleted)"), "{program:?}");
        assert_eq!(waiting.setting(), Vec::<String>::new());
        if !is_read {
            // Whoever reads the answer goes away, as `head` does: the process must not die of that.
            drop(waiting.process.stdout.take());
        }
        let (code, answer, told) = waiting.answer("select 1 as one");
        assert_eq!((code, answer.as_str()), (Some(0), if is_read { "one\n1\n" } else { "" }), "{told}");
    }
}
