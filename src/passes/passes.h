// All HIR passes, in the order in which compile.cpp runs them. Each is a free function in a file of
// its own; its comment there states the algorithm, its source and what it requires and provides.
#pragma once

#include "hir/hir.h"

#include <string_view>
#include <vector>

namespace pyston::passes {

// Gives loops over ranges, lists and tuples paths of their own that run no Python code.
void splitIteration(hir::Function& fn);
// Folds constants, box/unbox pairs, guards on values whose type is known, trivial phis.
void simplify(hir::Function& fn);
// Turns phis of boxed ints, floats and bools into unboxed phis, guarding at entry edges.
void unboxPhis(hir::Function& fn);
// Removes guards and pure operations that a dominating equal one makes redundant.
void eliminateCommonSubexpressions(hir::Function& fn);
// Moves the boxing of numbers to where the object is needed, out of loops above all.
void delayBoxes(hir::Function& fn);
// Lets exit-only frame states refer to unboxed values, so that boxing happens at the exit.
void sinkBoxesIntoExits(hir::Function& fn);
// Removes instructions without effects whose results are unused.
void eliminateDeadCode(hir::Function& fn);
// Makes locals visible in the frame's memory before every operation that may look at the frame.
void placeFrameStores(hir::Function& fn);
// Inserts Incref/Decref, and says for every exit which references move to the frame.
void insertReferenceCounts(hir::Function& fn);

struct Pass {
    std::string_view name; // as in -X pyston-passes and the IR tests
    void (*run)(hir::Function&);
    bool optional; // can be switched off
};
// The pipeline in order.
const std::vector<Pass>& pipeline();

} // namespace pyston::passes
