// Surgery on the control-flow graph, shared by passes.
#pragma once

#include "hir/hir.h"

namespace pyston::passes {

// Moves everything behind `position` (an index into `block`'s instructions) to a new block, which
// takes over the successors; `block` is left without a terminator. Returns the new block.
hir::Block* splitBlockAfter(hir::Function& fn, hir::Block* block, size_t position);

// Gives every edge from a block with several successors to a block with several predecessors (or
// with phis) a block of its own. Keeps predecessor order, so phis stay valid.
void splitCriticalEdges(hir::Function& fn);

// The object behind a chain of guards (operations whose result is operand 0 refined).
inline hir::Instr* rootOf(hir::Instr* value) {
    while (value->ownership() == hir::Ownership::kAlias)
        value = value->operand(0);
    return value;
}

} // namespace pyston::passes
