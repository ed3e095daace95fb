//! The program against a model of it.
use super::kernel::Kernel;
use sekisho_ebpf_abi as abi;

#[test]
fn smoke() {
    let mut setup = abi::Setup { key: [1, 2], slots: 1 << 16, snap: abi::LONGEST, ..Default::default() };
    setup.ports[0] = 1;
    let mut k = match Kernel::load(&setup, 64 << 20) { Ok(k) => k, Err(e) => panic!("{e}") };
    let mut f = vec![2u8; 12];
    f.extend([8, 0, 0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    f.extend([1, 2, 0, 80, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 1, 1, 0, 0, 0, 0]);
    f.resize(60, 0);
    eprintln!("{:?}", k.test_run(&f, 200_000).unwrap());
    eprintln!("{:?}", k.counters(0).unwrap());
    let e = k.next().unwrap();
    eprintln!("{:?} {}", e.head, e.frame().unwrap() == f);
}
