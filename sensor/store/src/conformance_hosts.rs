//! What every engine has to do with devices and their register.

use sekisho_model::host::{ServiceSeen, Sighting};
use sekisho_model::{Host, Timestamp};

use crate::{HostQuery, MAX_REGISTER, RegisterEntry, Standing, Store, StoreError, StoreWriter};

/// Devices are kept, merged, found, and told by the register.
pub(crate) fn devices_conform(store: &dyn Store, writer: &mut dyn StoreWriter) {
    writer
        .hosts(&[host(1, "02:00:00:00:00:01", "192.0.2.1", 10)])
        .unwrap();
    writer
        .hosts(&[
            host(1, "02:00:00:00:00:01", "192.0.2.9", 20),
            host(2, "02:00:00:00:00:02", "192.0.2.2", 30),
            host(3, "02:00:00:00:00:03", "192.0.2.3", 5),
        ])
        .unwrap();
    store
        .put_register(&[
            entry("02:00:00:00:00:01", "printer", false),
            entry("192.0.2.2", "old server ＰＣ２ ÄÖ", true),
        ])
        .unwrap();

    let all = store.hosts(&HostQuery::default()).unwrap();
    let ids: Vec<_> = all.rows.iter().map(|row| (row.host.id, row.standing)).collect();
    assert_eq!(
        ids,
        [
            (2, Standing::Retired),
            (1, Standing::Known),
            (3, Standing::Unknown)
        ]
    );
    assert_eq!(all.total, Some(3));
    let first = store.host(1).unwrap().unwrap();
    assert_eq!((first.host.addresses.len(), first.host.flows), (2, 2));
    assert_eq!(first.register.unwrap().name, "printer");
    assert_eq!(store.host(9).unwrap(), None);

    pages_come_whole(store);
    queries_find(store);
    a_register_takes_the_place_of_the_last(store);
}

fn pages_come_whole(store: &dyn Store) {
    let mut query = HostQuery {
        limit: 2,
        ..HostQuery::default()
    };
    let first = store.hosts(&query).unwrap();
    assert_eq!((first.rows.len(), first.next.as_deref()), (2, Some("2")));
    query.cursor = first.next;
    let second = store.hosts(&query).unwrap();
    assert_eq!((second.rows.len(), second.next), (1, None));
    query.cursor = Some("x".to_owned());
    assert!(matches!(store.hosts(&query), Err(StoreError::Query(_))));
}

fn queries_find(store: &dyn Store) {
    let found = |query: HostQuery| -> Vec<u64> {
        let page = store.hosts(&query).unwrap();
        page.rows.iter().map(|row| row.host.id).collect()
    };
    let query = HostQuery::default;
    let standing = |standing| HostQuery {
        standing: Some(standing),
        ..query()
    };
    assert_eq!(found(standing(Standing::Known)), [1]);
    assert_eq!(found(standing(Standing::Unknown)), [3]);
    assert_eq!(found(standing(Standing::Retired)), [2]);
    let text = |text: &str| HostQuery {
        text: Some(text.to_owned()),
        ..query()
    };
    assert_eq!(found(text("PC-3")), [3]);
    assert_eq!(found(text("old SERVER")), [2]);
    assert_eq!((found(text("ＰＣ２")), found(text("äÖ"))), (vec![2], vec![2]));
    assert_eq!(found(text("ssh")), [2, 1, 3]);
    let key = |key: &str| HostQuery {
        key: Some(key.to_owned()),
        ..query()
    };
    assert_eq!(found(key("192.0.2.9")), [1]);
    assert_eq!(found(key("02:00:00:00:00:02")), [2]);
    let zone = |zone: &str| HostQuery {
        zone: Some(zone.to_owned()),
        ..query()
    };
    assert_eq!((found(zone("office")).len(), found(zone("off")).len()), (3, 0));
}

fn a_register_takes_the_place_of_the_last(store: &dyn Store) {
    let too_many = vec![entry("192.0.2.1", "x", false); MAX_REGISTER + 1];
    assert!(matches!(store.put_register(&too_many), Err(StoreError::Query(_))));
    assert_eq!(store.register().unwrap().len(), 2);
    store.put_register(&[]).unwrap();
    assert_eq!(store.register().unwrap(), []);
    let standing = store.host(1).unwrap().unwrap().standing;
    assert_eq!(standing, Standing::Unknown);
}

fn host(id: u64, mac: &str, address: &str, at: i64) -> Host {
    let time = Timestamp::from_seconds(at, 0);
    let sighting = |value: String| Sighting {
        value,
        from: "arp".to_owned(),
        first: time,
        last: time,
        count: 1,
    };
    Host {
        mac: Some(mac.to_owned()),
        addresses: vec![sighting(address.to_owned())],
        names: vec![sighting(format!("pc-{id}"))],
        offers: vec![ServiceSeen {
            service: "ssh".to_owned(),
            protocol: "tcp".to_owned(),
            port: 22,
            first: time,
            last: time,
            count: 1,
        }],
        zones: vec!["office".to_owned()],
        first_seen: time,
        last_seen: time,
        flows: 1,
        ..Host::new(id)
    }
}

fn entry(key: &str, name: &str, retired: bool) -> RegisterEntry {
    RegisterEntry {
        key: key.to_owned(),
        name: name.to_owned(),
        owner: "soumu".to_owned(),
        department: String::new(),
        retired,
        note: String::new(),
    }
}
