//! What every engine does with exceptions.

use sekisho_model::Timestamp;

use crate::{AlertQuery, Covers, NewException, Store, StoreWriter, Suppressed, TimeRange, samples};

/// Writes alerts, excepts the like of one, writes more, ends it.
pub(crate) fn exceptions_silence_and_end(
    store: &dyn Store,
    mut writer: impl FnMut() -> Box<dyn StoreWriter>,
) {
    let write = |writer: &mut dyn FnMut() -> Box<dyn StoreWriter>, ids: std::ops::Range<u64>| {
        let mut writer = writer();
        for id in ids {
            writer.alert(&samples::alert(id)).unwrap();
        }
        writer
            .finish(&sekisho_model::summary::Summary::default())
            .unwrap();
    };
    write(&mut writer, 0..40);
    let all = rows(store, Suppressed::Shown);
    let one = all.iter().find(|alert| alert.orig.is_some()).unwrap();
    let covers = Covers {
        orig: None,
        port: None,
        ..Covers::like(one)
    };
    let until = Timestamp::from_seconds(samples::MIDNIGHT + 5, 0);
    let expected = |alerts: &[crate::AlertRow]| {
        let covered = alerts.iter().filter(|alert| covers.covers(alert));
        covered.filter(|alert| alert.last_seen < until).count()
    };

    let foreseen = store.preview_exception(&covers, until).unwrap();
    let kept = store.add_exception(&exception(&covers, until)).unwrap();

    assert!(expected(&all) > 0);
    assert_eq!(
        foreseen.iter().map(|day| day.alerts).sum::<u64>(),
        expected(&all) as u64
    );
    assert_eq!(kept.silenced, expected(&all) as u64);
    assert_eq!(rows(store, Suppressed::Only).len(), expected(&all));
    assert_eq!(rows(store, Suppressed::Left).len() + expected(&all), all.len());
    let totals = store.alert_totals(&TimeRange::default()).unwrap();
    assert_eq!(
        (totals.total, totals.suppressed),
        ((all.len() - expected(&all)) as u64, kept.silenced)
    );

    // What comes later is silenced as it comes.
    write(&mut writer, 40..80);
    let all = rows(store, Suppressed::Shown);
    assert_eq!(store.exceptions().unwrap()[0].silenced, expected(&all) as u64);
    let by_exception = AlertQuery {
        exception: Some(kept.id),
        suppressed: Suppressed::Shown,
        limit: 500,
        ..AlertQuery::default()
    };
    assert_eq!(store.alerts(&by_exception).unwrap().rows.len(), expected(&all));

    // A second one over the same takes none of them, until the first is ended.
    let second = store.add_exception(&exception(&covers, until)).unwrap();
    assert_eq!(second.silenced, 0);
    let at = Timestamp::from_seconds(samples::MIDNIGHT, 0);
    let ended = store.end_exception(kept.id, "auditor", at).unwrap().unwrap();
    assert_eq!(
        (ended.ended, ended.ended_by.as_deref(), ended.silenced),
        (Some(at), Some("auditor"), 0)
    );
    let listed = store.exceptions().unwrap();
    assert_eq!(
        (listed.len(), listed[0].id, listed[0].silenced),
        (2, second.id, expected(&all) as u64)
    );

    store.end_exception(second.id, "auditor", at).unwrap();
    let again = store
        .end_exception(second.id, "somebody", Timestamp::MAX)
        .unwrap()
        .unwrap();
    assert_eq!(
        (again.ended, again.ended_by.as_deref()),
        (Some(at), Some("auditor"))
    );
    assert!(rows(store, Suppressed::Only).is_empty());
    assert_eq!(store.end_exception(99, "auditor", at).unwrap(), None);

    for change in [
        (|new: &mut NewException| new.reason = " ".to_owned()) as fn(&mut NewException),
        |new| new.owner = String::new(),
        |new| new.covers.rule = String::new(),
        |new| new.reason = "x".repeat(1_001),
        |new| (new.covers.orig, new.covers.resp) = (None, None),
    ] {
        let mut new = exception(&covers, until);
        change(&mut new);
        assert!(store.add_exception(&new).is_err());
    }
}

fn rows(store: &dyn Store, suppressed: Suppressed) -> Vec<crate::AlertRow> {
    let query = AlertQuery {
        suppressed,
        limit: 500,
        ..AlertQuery::default()
    };
    store.alerts(&query).unwrap().rows
}

fn exception(covers: &Covers, until: Timestamp) -> NewException {
    NewException {
        covers: covers.clone(),
        reason: "保守作業".to_owned(),
        owner: "network team".to_owned(),
        until,
        from_alert: Some(1),
        created_by: "operator".to_owned(),
        created: Timestamp::from_seconds(samples::MIDNIGHT, 0),
    }
}
