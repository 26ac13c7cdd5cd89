//! Cases of paths that a person gives: names of folders and files, and what stands there already.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::support::scenario::Scenario;

#[test]
fn case_27_a_folder_name_that_is_not_utf8_works_or_is_refused_and_never_a_panic() {
    let world = Scenario::migrate(["a"]).start();
    let odd = |name: &[u8]| world.path("").join(OsStr::from_bytes(name));
    let folder = odd(b"caf\xe9");
    if std::fs::create_dir(&folder).is_err() {
        eprintln!("this file system takes no such name: not tried");
        return;
    }
    std::fs::copy(world.path("job.yaml"), folder.join("job.yaml")).unwrap();
    std::fs::copy(world.path("job.yaml"), odd(b"jo\xe9.yaml")).unwrap();
    let (job, named, run) = (folder.join("job.yaml"), odd(b"jo\xe9.yaml"), odd(b"r\xe9"));
    let text = |word: &'static str| OsStr::new(word).to_owned();
    // As reported; by its path; the file's own name; a run folder, and what reads it; a plan file; a log.
    for (words, exit, said) in [
        (vec![text("check"), job.clone().into()], 0, "a valid job"),
        (vec![text("plan"), job.clone().into()], 2, "is not UTF-8: move the job"),
        (vec![text("run"), job.into(), text("--yes")], 2, "is not UTF-8: move the job"),
        (vec![text("check"), named.clone().into()], 0, "a valid job"),
        (vec![text("plan"), named.into()], 0, "create"),
        (vec![text("plan"), text("job.yaml"), text("--out"), odd(b"p\xe9.json").into()], 0, "create"),
        (
            vec![text("run"), text("job.yaml"), text("--yes"), text("--run-dir"), run.clone().into()],
            0,
            "created",
        ),
        (vec![text("show"), run.clone().into()], 0, "created"),
        (vec![text("verify"), run.clone().into()], 0, "intact"),
        (vec![text("resume"), run.clone().into()], 0, "finished"),
        (vec![text("undo"), text("--yes"), run.into()], 0, "deleted"),
    ] {
        let output = world.binary(&[]).args(&words).output().unwrap();
        let told = [output.stdout, output.stderr].concat();
        let told = String::from_utf8_lossy(&told);
        assert_eq!(output.status.code(), Some(exit), "{words:?}: {told}");
        assert!(told.contains(said) && !told.contains("panicked"), "{words:?}: {told}");
    }
}

#[test]
fn case_50_a_file_that_stands_there_is_not_written_over() {
    let world =
        Scenario::migrate(["a"]).file("names.csv", "name\na\n").file("other.json", "{\"a\":1}").start();
    std::os::unix::fs::symlink(world.path("job.yaml"), world.path("link.yaml")).unwrap();
    world.command(&["plan", "job.yaml", "--out", "plan.json"]).expect_exit(0);
    let whole = world.read("plan.json");
    std::fs::write(world.path("half.json"), &whole[..whole.len() / 2]).unwrap();
    let job = world.path("job.yaml");
    let places = [
        "job.yaml",
        "./job.yaml",
        "link.yaml",
        job.to_str().unwrap(),
        "names.csv",
        "other.json",
        "half.json",
    ];
    for place in places {
        let before = world.read(place);
        let writes: [&[&str]; 4] = [
            &["plan", "job.yaml", "--out", place],
            &["check", "job.yaml", "--log-file", place],
            &["plan", "job.yaml", "-v", "--log-file", place],
            &["new", "migrate", place],
        ];
        for words in writes {
            world.command(words).expect_exit(2).expect_stderr("another file");
            assert!(world.read(place) == before, "{words:?}");
        }
    }
    // A plan is written over, and a file that is new is made.
    for place in ["plan.json", "new.json"] {
        world.command(&["plan", "job.yaml", "--out", place]).expect_exit(0);
        assert!(world.read(place).contains("\"create\""), "{place}");
    }
    std::fs::create_dir(world.path("folder")).unwrap();
    world.command(&["plan", "job.yaml", "--out", "folder"]).expect_exit(2);
    world.command(&["plan", "job.yaml", "--out", "no/such/plan.json"]).expect_exit(2);
}
