//! The engine as a whole, on real folders.

use std::fs;
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;
use sekisho_filter::Filter;
use sekisho_model::fields::FIELDS;
use sekisho_model::summary::Summary;
use sekisho_model::{FlowRecord, Timestamp};

use super::*;
use crate::conformance::{self, conforms, expected, paged};
use crate::{StoreWriter, conformance_exceptions, samples};

fn fresh() -> (tempfile::TempDir, Embedded) {
    let scratch = tempfile::tempdir().unwrap();
    let store = Embedded::create(&scratch.path().join("data")).unwrap();
    (scratch, store)
}

/// Writes one run whose buffer has room for `room` records.
fn write(store: &Embedded, room: usize, records: &[FlowRecord]) {
    let mut writer = Box::new(store.writer().unwrap().with_room(room));
    for record in records {
        writer.flow(record).unwrap();
    }
    writer.finish(&Summary::default()).unwrap();
}

fn files(store: &Embedded) -> Vec<PathBuf> {
    let parts = store.layout.parts(&TimeRange::default()).unwrap();
    parts.into_iter().map(|part| part.path).collect()
}

#[test]
fn does_what_every_engine_does() {
    let (_scratch, store) = fresh();
    let writer = Box::new(store.writer().unwrap());

    conforms(&store, writer);
}

#[test]
fn exceptions_silence_and_end() {
    let (_scratch, store) = fresh();

    conformance_exceptions::exceptions_silence_and_end(&store, || Box::new(store.writer().unwrap()));
}

#[test]
fn an_exception_is_never_removed() {
    let (_scratch, store) = fresh();
    conformance_exceptions::exceptions_silence_and_end(&store, || Box::new(store.writer().unwrap()));

    let (connection, _) = store.database();
    assert!(connection.execute("DELETE FROM exceptions", []).is_err());
}

#[test]
fn does_the_same_with_hardly_any_room_to_wait() {
    let (_scratch, store) = fresh();
    let writer = Box::new(store.writer().unwrap().with_room(60));

    conforms(&store, writer);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_was_written_is_read(
        records in prop::collection::vec(samples::record(), 0..60),
        room in 1_usize..80,
        limit in 1_usize..20,
    ) {
        let (_scratch, store) = fresh();

        write(&store, room, &records);

        let query = FlowQuery { limit, ..FlowQuery::default() };
        prop_assert_eq!(paged(&store, query.clone()), expected(&records, &query));
    }

    #[test]
    fn a_query_gives_what_a_look_at_every_record_gives(
        records in prop::collection::vec(samples::record(), 0..60),
        room in 1_usize..80,
        since in prop::option::of(-7_200_i64..7_200),
        until in prop::option::of(-7_200_i64..7_200),
        port in 0_u16..5,
        zone in prop::sample::select(vec!["office", "server", "総務課"]),
        shape in 0_usize..6,
    ) {
        let (_scratch, store) = fresh();
        write(&store, room, &records);
        let at = |seconds: i64| Timestamp::from_seconds(samples::MIDNIGHT + seconds, 0);
        let text = [
            format!("port == {port} and not zone == {zone}"),
            format!("orig.zone == {zone} or resp.port < {port}"),
            format!("packets > {port} and vlan == 1"),
            format!("verdict != allowed and history contains {port}"),
            format!("address == 192.0.2.{port}"),
            format!("not resp.address == 192.0.2.{port} and not vlan == {port}"),
        ];

        let query = FlowQuery {
            range: TimeRange { since: since.map(at), until: until.map(at) },
            filter: Some(Filter::parse(&text[shape]).unwrap()),
            limit: 10,
            cursor: None,
        };
        prop_assert_eq!(paged(&store, query.clone()), expected(&records, &query));
    }
}

#[test]
fn a_second_run_adds_to_the_first() {
    let (scratch, store) = fresh();
    let records = conformance::records(60);

    write(&store, 1_000, &records[..30]);
    write(&store, 1_000, &records[..30]);
    drop(store);
    let store = Embedded::open(&scratch.path().join("data")).unwrap();
    write(&store, 1_000, &records[30..]);

    // The records of the first run were written twice, and each stands once on some page.
    let twice = [&records[..30], &records[..]].concat();
    let query = FlowQuery {
        limit: 3,
        ..FlowQuery::default()
    };
    assert_eq!(paged(&store, query.clone()), expected(&twice, &query));
}

#[test]
fn rows_that_arrive_between_two_pages_move_nothing() {
    let (_scratch, store) = fresh();
    let records = conformance::records(60);
    write(&store, 1_000, &records[..40]);
    let mut query = FlowQuery {
        limit: 10,
        ..FlowQuery::default()
    };
    let before = expected(&records[..40], &query);
    let first = store.flows(&query).unwrap();

    write(&store, 1_000, &records[40..]);
    query.cursor = first.next;
    let second = store.flows(&query).unwrap();

    assert_eq!(first.rows, before[..10]);
    assert_eq!((first.total, second.total), (Some(40), Some(40)));
    let after = expected(&records, &query);
    let next = after.iter().position(|row| *row == before[9]).unwrap() + 1;
    assert_eq!(second.rows, after[next..next + 10]);
}

#[test]
fn versions_that_follow_each_other_in_a_run_share_its_time() {
    let (_scratch, store) = fresh();
    let at = |second| Timestamp::from_seconds(second, 0);
    let mut writer = Box::new(store.writer().unwrap());
    writer.policy_text(&samples::policy_text("a")).unwrap();
    for (hash, second) in [("b", 200), ("a", 300), ("c", 400)] {
        let text = samples::policy_text(hash);
        writer.newer_policy_text(&text, at(second)).unwrap();
    }
    let summary = Summary {
        first_packet: Some(at(100)),
        last_packet: Some(at(500)),
        ..Summary::default()
    };
    writer.finish(&summary).unwrap();

    let versions: Vec<_> = store
        .policy_versions()
        .unwrap()
        .into_iter()
        .map(|version| (version.hash, version.since, version.until, version.runs))
        .collect();

    let version = |hash: &str, since, until, runs| (hash.to_owned(), Some(at(since)), Some(at(until)), runs);
    assert_eq!(
        versions,
        [
            version("c", 400, 500, 1),
            version("a", 100, 400, 0),
            version("b", 200, 300, 0),
        ]
    );
}

#[test]
fn daily_sets_are_kept_for_so_many_days_and_a_wrong_time_removes_none() {
    const DAY_S: i64 = 86_400;
    let (_scratch, store) = fresh();
    let at = |day: i64| FlowRecord {
        start: Timestamp::from_seconds(day * DAY_S + 60, 0),
        end: Timestamp::from_seconds(day * DAY_S + 61, 0),
        ..FlowRecord::example()
    };
    let days = || {
        let files = daily::Files::of(store.layout.root());
        files.days(&TimeRange::default()).unwrap()
    };
    write(&store, 10, &(20_000..20_006).map(at).collect::<Vec<_>>());
    assert_eq!(days().len(), 6);

    // The clock says day 20,006: of three days, 20,004 is the first.
    let now = || Timestamp::from_seconds(20_006 * DAY_S, 0);
    let mut writer = Box::new(store.writer().unwrap().keeping_daily(3, now));
    for day in [20_005, 20_006, 30_000] {
        writer.flow(&at(day)).unwrap();
    }
    writer.finish(&Summary::default()).unwrap();

    assert_eq!(days(), [30_000, 20_006, 20_005, 20_004]);
    assert_eq!(store.summary().unwrap().unwrap().forgotten_days, 4);
    assert_eq!(files(&store).len(), 9, "flows stay");
}

#[test]
fn each_policy_version_is_kept_once_with_all_the_time_it_was_in_force() {
    let (_scratch, store) = fresh();
    let at = |second| Some(Timestamp::from_seconds(second, 0));
    for (hash, first, last) in [
        ("old", at(100), at(200)),
        ("new", at(300), at(400)),
        ("new", None, None),
        ("old", at(50), at(150)),
    ] {
        let mut writer = Box::new(store.writer().unwrap());
        writer.policy_text(&samples::policy_text(hash)).unwrap();
        let summary = Summary {
            first_packet: first,
            last_packet: last,
            ..Summary::default()
        };
        writer.finish(&summary).unwrap();
    }

    let versions: Vec<_> = store
        .policy_versions()
        .unwrap()
        .into_iter()
        .map(|version| (version.hash, version.since, version.until, version.runs))
        .collect();

    assert_eq!(
        versions,
        [
            ("old".to_owned(), at(50), at(200), 2),
            ("new".to_owned(), at(300), at(400), 2)
        ]
    );
}

#[test]
fn only_one_run_writes_at_a_time() {
    let (_scratch, store) = fresh();
    let first = store.writer().unwrap();

    assert!(matches!(store.writer(), Err(StoreError::Busy { .. })));
    drop(first);
    assert!(store.writer().is_ok());
}

#[test]
fn a_run_that_was_killed_leaves_nothing_half_written() {
    let (_scratch, store) = fresh();
    let records = conformance::records(10);
    write(&store, 1_000, &records);
    let half = layout::unfinished(&files(&store)[0].with_file_name("part-0001.parquet"));
    fs::write(&half, "PAR1").unwrap();

    let seen = paged(&store, FlowQuery::default()).len();
    drop(store.writer().unwrap());

    assert_eq!(seen, records.len());
    assert!(!half.exists());
}

#[test]
fn a_folder_of_something_else_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let occupied = scratch.path().join("photos");
    fs::create_dir(&occupied).unwrap();
    fs::write(occupied.join("cat.jpg"), "meow").unwrap();
    let file = occupied.join("cat.jpg");
    let empty = scratch.path().join("empty");
    fs::create_dir(&empty).unwrap();

    assert!(matches!(
        Embedded::create(&occupied),
        Err(StoreError::Occupied { .. })
    ));
    assert!(matches!(
        Embedded::create(&file),
        Err(StoreError::Occupied { .. })
    ));
    for path in [&occupied, &empty, &file, &scratch.path().join("absent")] {
        let error = Embedded::open(path).err().unwrap();
        assert!(matches!(error, StoreError::NotDataDirectory { .. }), "{error}");
        assert!(error.to_string().contains(&*path.to_string_lossy()));
    }
    assert!(Embedded::create(&empty).is_ok());
    assert!(Embedded::create(&empty).is_ok());
    assert!(Embedded::open(&empty).is_ok());
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("file");
    fs::write(&file, "").unwrap();

    let error = Embedded::create(&file.join("data")).err().unwrap().to_string();

    assert!(
        error.contains("file/data") && error.contains("Not a directory"),
        "{error}"
    );
}

#[test]
fn a_data_directory_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (scratch, _store) = fresh();

    let mode = fs::metadata(scratch.path().join("data"))
        .unwrap()
        .permissions()
        .mode();

    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a_flow_file_cut_off_anywhere_is_named() {
    let (scratch, store) = fresh();
    write(&store, 1_000, &conformance::records(3));
    let path = files(&store)[0].clone();
    let whole = fs::read(&path).unwrap();

    for len in (0..whole.len()).step_by(97) {
        fs::write(&path, &whole[..len]).unwrap();
        let store = Embedded::open(&scratch.path().join("data")).unwrap();
        let error = store.flows(&FlowQuery::default()).err().unwrap();
        assert!(
            matches!(&error, StoreError::Damaged { path: named, .. } if *named == path),
            "{error}"
        );
    }
}

#[test]
fn damage_inside_a_flow_file_never_panics() {
    let (scratch, store) = fresh();
    write(&store, 1_000, &conformance::records(20));
    let path = files(&store)[0].clone();
    let whole = fs::read(&path).unwrap();

    for at in (4..whole.len()).step_by(31) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        fs::write(&path, &damaged).unwrap();
        let store = Embedded::open(&scratch.path().join("data")).unwrap();
        // A wrong value may go unseen; what is seen names the file.
        if let Err(error) = store.flows(&FlowQuery::default()) {
            assert!(error.to_string().contains("part-0000.parquet"), "{error}");
        }
    }
}

#[test]
fn a_file_of_an_older_version_lacks_newer_columns() {
    use parquet::column::writer::ColumnWriter;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    let (_scratch, store) = fresh();
    let start = Timestamp::from_seconds(samples::MIDNIGHT, 0);
    let folder = store.layout.hour(start.hour());
    fs::create_dir_all(&folder).unwrap();
    let old = "message flow { optional int64 flow_id; optional int64 part; required int64 start; optional int64 end; }";
    let file = fs::File::create(folder.join("part-0000.parquet")).unwrap();
    let schema = parse_message_type(old).unwrap().into();
    let mut writer = SerializedFileWriter::new(file, schema, std::sync::Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    while let Some(mut column) = group.next_column().unwrap() {
        if let ColumnWriter::Int64ColumnWriter(writer) = column.untyped() {
            writer.write_batch(&[start.nanos()], Some(&[1]), None).unwrap();
        }
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();

    let page = store.flows(&FlowQuery::default()).unwrap();

    assert_eq!(page.rows[0].0["start"], "2026-11-23T00:00:00.000000+00:00");
    assert_eq!(page.rows[0].0["orig_zone"], serde_json::Value::Null);
    assert_eq!(page.rows[0].0.len(), FIELDS.len());
    assert_eq!(store.traffic(&TrafficQuery::default()).unwrap().totals.flows, 1);
}

/// An independent reader: DuckDB from Python, as an investigator would use it.
#[test]
fn duckdb_reads_the_same() {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let importable = Command::new(&python).args(["-c", "import duckdb"]).output();
    if !importable.is_ok_and(|run| run.status.success()) {
        skipped("python3 has no module duckdb");
        return;
    }
    let (_scratch, store) = fresh();
    let records = conformance::records(300);
    write(&store, 50, &records);

    let found = duckdb(&python, &store.layout.flows());

    let first = records.iter().min_by_key(|record| record.start).unwrap();
    let expected = [
        records.len().to_string(),
        records.iter().map(FlowRecord::packets).sum::<u64>().to_string(),
        records.iter().map(FlowRecord::octets).sum::<u64>().to_string(),
        records
            .iter()
            .filter(|record| record.vlan.is_none())
            .count()
            .to_string(),
        records
            .iter()
            .filter(|record| &*record.orig_zone == "総務課")
            .count()
            .to_string(),
        first.start.nanos().div_euclid(1_000_000_000).to_string(),
        first.orig.address.to_string(),
        "UBIGINT VARCHAR DOUBLE".to_owned(),
    ];
    assert_eq!(found.lines().collect::<Vec<_>>(), expected);
}

fn duckdb(python: &str, flows: &Path) -> String {
    const PROGRAM: &str = r#"
import duckdb, sys
connection = duckdb.connect()
connection.execute(f"CREATE VIEW flows AS SELECT * FROM read_parquet('{sys.argv[1]}/**/*.parquet')")
row = connection.execute("""
    SELECT count(*), sum(packets), sum(octets), count(*) FILTER (vlan IS NULL),
           count(*) FILTER (orig_zone = '総務課'), floor(epoch(min(start)::TIMESTAMPTZ))::BIGINT, arg_min(orig_address, start)
    FROM flows""").fetchone()
print(*row, sep="\n")
types = {name: str(kind) for name, kind, *_ in connection.execute("DESCRIBE flows").fetchall()}
assert types["start"].startswith("TIMESTAMP"), types["start"]
print(types["octets"], types["orig_address"], types["duration"])
"#;
    let run = Command::new(python)
        .args(["-c", PROGRAM])
        .arg(flows)
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).unwrap()
}

#[expect(clippy::print_stderr, reason = "a check that does not run has to say so")]
fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}
