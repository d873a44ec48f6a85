#include "regalloc/linear_scan.h"
#include "regalloc/regalloc.h"
#include "regalloc/resolve.h"

namespace pyston::regalloc {

Allocation allocate(const lir::Function& fn, const cpu::Target& target) {
    Liveness live(fn);
    LinearScan scan(live, target);
    scan.run();
    return resolve(live, scan.pieces(), target);
}

} // namespace pyston::regalloc
