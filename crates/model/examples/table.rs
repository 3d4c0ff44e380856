//! x
use model::{configurations::{PROTOCOL,WEAK}, search::search};
fn main() {
    for (c,want) in PROTOCOL.iter().map(|c|(*c,"NONE")).chain(WEAK.iter().copied()) {
        let o = search(c);
        let got = o.counterexample.as_ref().map_or("NONE", |x| x.violation.kind());
        println!("{} {} {:?} {got} want {want} {} states depth {} {:.1?}", if got==want {"ok "} else {"BAD"}, c.name, c.variant, o.states, o.depth, o.time);
        if let Some(x) = o.counterexample { if got!=want || want=="NONE" {println!("  {:?}", x.violation); for a in x.actions { println!("    {a:?}"); } }}
    }
}
