#include "runtime/helpers.h"

#include "runtime/coverage.h"

#include <array>
#include <atomic>

namespace pyston::runtime {
namespace {

// The words of the effects column, as in hir/opcodes.cpp.
constexpr uint16_t ReadHeap = hir::kReadHeap;
constexpr uint16_t WriteHeap = hir::kWriteHeap;
constexpr uint16_t RunPython = hir::kRunPython | hir::kReadHeap | hir::kWriteHeap;
constexpr uint16_t Raise = hir::kRaise;
constexpr uint16_t Pinned = hir::kPinned;
[[maybe_unused]] constexpr uint16_t Allocate = hir::kAllocate;

constexpr std::array<HelperInfo, kNumHelpers> kTable = {{
#define HELPER(name, args, result, effects, doc)                                                   \
    HelperInfo{#name, args, HelperResult::k##result, static_cast<uint16_t>(effects), doc},
#include "runtime/helpers.def"
#undef HELPER
}};

std::array<std::atomic<uint64_t>, kNumHelpers> addresses;

bool isImplicit(char c) {
    return c == 'T' || c == 'F' || c == '$';
}

} // namespace

const HelperInfo& info(Helper helper) {
    return kTable[static_cast<size_t>(helper)];
}

bool parseHelper(std::string_view name, Helper* out) {
    for (size_t i = 0; i < kTable.size(); i++) {
        if (kTable[i].name == name) {
            *out = static_cast<Helper>(i);
            return true;
        }
    }
    return false;
}

hir::Type resultType(Helper helper) {
    switch (info(helper).result) {
    case HelperResult::kObject:
        return hir::kObject;
    case HelperResult::kNullable:
        return hir::kNullable;
    case HelperResult::kTruth:
    case HelperResult::kBool:
        return hir::kBool;
    case HelperResult::kInt64:
        return hir::kInt64;
    case HelperResult::kDouble:
        return hir::kDouble;
    case HelperResult::kStatus:
    case HelperResult::kVoid:
        break;
    }
    return hir::kVoid;
}

char operandKind(Helper helper, size_t operandIndex) {
    for (char c : info(helper).args) {
        if (isImplicit(c)) {
            continue;
        }
        if (c == '*' || c == 'P') {
            return c;
        }
        if (operandIndex-- == 0) {
            return c;
        }
    }
    return 0;
}

size_t minOperands(Helper helper) {
    size_t count = 0;
    for (char c : info(helper).args) {
        count += !isImplicit(c) && c != '*' && c != 'P';
    }
    return count;
}

uint64_t address(Helper helper) {
    coverHelper(helper);
    return addresses[static_cast<size_t>(helper)].load(std::memory_order_relaxed);
}

void setAddress(Helper helper, uint64_t address) {
    addresses[static_cast<size_t>(helper)].store(address, std::memory_order_relaxed);
}

} // namespace pyston::runtime
