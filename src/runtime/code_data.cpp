#include "runtime/code_data.h"

#include <algorithm>

namespace pyston::runtime {

void CodeBlob::indexEntries() {
    entryOfUnit.clear();
    for (auto [offset, address] : entries) { // sorted
        entryOfUnit.resize(static_cast<size_t>(offset / kCodeUnitBytes) + 1);
        entryOfUnit.back() = static_cast<uint32_t>(static_cast<const uint8_t*>(address) - base);
    }
}

const void* CodeBlob::entryAt(int byteOffset) const {
    auto found = std::lower_bound(entries.begin(), entries.end(), byteOffset,
                                  [](const std::pair<int32_t, const void*>& entry, int offset) {
                                      return entry.first < offset;
                                  });
    return found != entries.end() && found->first == byteOffset ? found->second : nullptr;
}

} // namespace pyston::runtime
