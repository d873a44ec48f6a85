#include "runtime/coverage.h"

#include "runtime/options.h"

#include <mutex>

namespace pyston::runtime {
namespace {

std::mutex lock;
Coverage counts;

void countInstructions(const hir::Function& fn, Coverage::PerOpcode& into) {
    const std::lock_guard guard(lock);
    for (const hir::Block* block : fn.blocks())
        for (const hir::Instr* instr : block->instrs())
            ++into[static_cast<size_t>(instr->opcode())];
}

} // namespace

Coverage coverage() {
    const std::lock_guard guard(lock);
    return counts;
}

void coverBuilt(const hir::Function& fn) {
    if (options().coverage)
        countInstructions(fn, counts.built);
}

void coverLowered(const hir::Function& fn) {
    if (options().coverage)
        countInstructions(fn, counts.lowered);
}

std::string textBeforePass(const hir::Function& fn) {
    return options().coverage ? hir::print(fn) : std::string();
}

void coverPass(std::string_view name, const std::string& before, const hir::Function& fn) {
    if (!options().coverage)
        return;
    const bool changed = hir::print(fn) != before;
    const std::lock_guard guard(lock);
    counts.passes[std::string(name)] += changed;
}

void coverHelper(Helper helper) {
    if (!options().coverage)
        return;
    const std::lock_guard guard(lock);
    ++counts.helpers[static_cast<size_t>(helper)];
}

void coverEmitted(std::span<const exits::Record> records) {
    if (!options().coverage)
        return;
    const std::lock_guard guard(lock);
    for (const exits::Record& record : records)
        ++counts.emitted[static_cast<size_t>(record.reason)][record.hirOpcode];
}

void coverExit(exits::Reason reason, uint8_t hirOpcode) {
    if (!options().coverage)
        return;
    const std::lock_guard guard(lock);
    ++counts.taken[static_cast<size_t>(reason)][hirOpcode];
}

} // namespace pyston::runtime
