#include "passes/memory_versions.h"

namespace pyston::passes {

using namespace hir;

Region regionRead(Opcode op) {
    switch (op) {
    case Opcode::kLoadInstanceValue:
    case Opcode::kLoadSharedValue:
    case Opcode::kFindSharedValue:
        return Region::kInstanceValues;
    case Opcode::kGuardDictEntry:
    case Opcode::kLoadDictEntry:
    case Opcode::kLoadHintedValue:
        return Region::kDictEntries;
    case Opcode::kListGet:
    case Opcode::kItemAt:
        return Region::kListItems;
    case Opcode::kArrayGet:
        return Region::kArrayItems;
    case Opcode::kLoadField:
    case Opcode::kCellGet:
        return Region::kFields;
    default:
        return Region::kOther;
    }
}

std::optional<Region> regionWritten(Opcode op) {
    switch (op) {
    case Opcode::kStoreInstanceValue:
        return Region::kInstanceValues;
    case Opcode::kStoreHintedValue:
        return Region::kDictEntries;
    case Opcode::kListSet:
        return Region::kListItems;
    case Opcode::kArraySet:
        return Region::kArrayItems;
    case Opcode::kStoreField:
    case Opcode::kCellSet:
        return Region::kFields;
    default:
        return std::nullopt;
    }
}

bool MemoryVersions::advance(const Instr* instr, Versions& versions) const {
    if (!instr->has(kWriteHeap)) {
        return false;
    }
    int version = numBlockIds_ + instr->id();
    if (std::optional<Region> region = regionWritten(instr->opcode())) {
        versions[static_cast<size_t>(*region)] = version;
    } else {
        versions.fill(version);
    }
    return true;
}

MemoryVersions::MemoryVersions(const Function& fn) : numBlockIds_(fn.numBlockIds()) {
    constexpr int kUnknown = -1;
    const auto count = static_cast<size_t>(fn.numBlockIds());
    Versions unknown;
    unknown.fill(kUnknown);
    in_.assign(count, unknown);
    std::vector<Versions> out(count, unknown);
    for (bool changed = true; changed;) {
        changed = false;
        for (const Block* block : fn.blocks()) {
            const auto id = static_cast<size_t>(block->id());
            Versions now = unknown;
            if (block->isEntry()) {
                now.fill(block->id());
            }
            for (const Block* pred : block->preds()) {
                const Versions& from = out[static_cast<size_t>(pred->id())];
                for (size_t r = 0; r < kNumRegions; r++) {
                    if (from[r] == kUnknown || from[r] == now[r]) {
                        continue;
                    }
                    now[r] = now[r] == kUnknown ? from[r] : block->id();
                }
            }
            // Once paths were seen to differ, they do: this also makes the iteration end.
            for (size_t r = 0; r < kNumRegions; r++) {
                if (in_[id][r] == block->id()) {
                    now[r] = block->id();
                }
            }
            changed |= now != in_[id];
            in_[id] = now;
            for (const Instr* instr : block->instrs()) {
                advance(instr, now);
            }
            out[id] = now;
        }
    }
}

} // namespace pyston::passes
