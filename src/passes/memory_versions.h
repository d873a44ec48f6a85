// Which version of memory an instruction sees: SSA form for memory, one variable per region.
#pragma once

#include "hir/hir.h"

#include <array>
#include <optional>
#include <vector>

namespace pyston::passes {

// Parts of the heap that operations write separately. kOther is what only opaque code changes: type
// versions, dict keys versions, lengths.
enum class Region : uint8_t {
    kInstanceValues,
    kDictEntries,
    kListItems,
    kArrayItems,
    kFields,
    kOther
};
inline constexpr size_t kNumRegions = 6;

// What a reading operation reads.
Region regionRead(hir::Opcode op);
// The only region that a writing operation changes; nothing when it may change all.
std::optional<Region> regionWritten(hir::Opcode op);

using Versions = std::array<int, kNumRegions>;

// Two reads of the same place that see the same version, one dominating the other, give the same
// value. Versions are numbered by the block where paths with different ones meet, or by the writing
// instruction.
class MemoryVersions {
  public:
    explicit MemoryVersions(const hir::Function& fn);
    const Versions& atStart(const hir::Block* block) const {
        return in_[static_cast<size_t>(block->id())];
    }
    // Advances over an instruction. Returns false if it writes nothing.
    bool advance(const hir::Instr* instr, Versions& versions) const;

  private:
    int numBlockIds_;
    std::vector<Versions> in_; // by block id
};

} // namespace pyston::passes
