#include "passes/passes.h"

namespace pyston::passes {

const std::vector<Pass>& pipeline() {
    static const std::vector<Pass> passes = {
        // First: before all that asks which loops run Python code.
        {"split-iteration", splitIteration, true},
        // Folds what the builder left plain, so that phis show which representation they carry.
        {"simplify", simplify, true},
        {"unbox-phis", unboxPhis, true},
        // Unboxed phis are boxed for their old uses: folds those with the unboxing behind them.
        {"simplify", simplify, true},
        {"cse", eliminateCommonSubexpressions, true},
        // Branches and truth values that a dominating guard or branch decided.
        {"simplify", simplify, true},
        // Exits need no objects: what else does decides where numbers are boxed.
        {"delay-boxes", delayBoxes, true},
        // After the last pass that looks through boxes: from here on exits name raw numbers.
        {"sink-boxes", sinkBoxesIntoExits, true},
        // What follows must see only uses that are real.
        {"dce", eliminateDeadCode, false},
        {"reference-counts", insertReferenceCounts, false},
        // Last: releases can run code that looks at the frame.
        {"frame-stores", placeFrameStores, false},
    };
    return passes;
}

} // namespace pyston::passes
