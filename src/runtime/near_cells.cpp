#include "runtime/near_cells.h"

#include <cstddef>
#include <mutex>
#include <unordered_map>

#include <sys/mman.h>

namespace pyston::runtime {
namespace {

constexpr size_t kBytes = size_t{64} << 10; // for each helper and C function that is called

// Code memory lies there, too, if there is room.
uint64_t* mapLow() {
#ifdef MAP_32BIT
    void* at = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (at != MAP_FAILED)
        return static_cast<uint64_t*>(at);
#endif
    return nullptr;
}

} // namespace

uint64_t nearCell(uint64_t address) {
    static std::mutex mutex;
    static uint64_t* const cells = mapLow();
    static std::unordered_map<uint64_t, size_t> indexes;
    const std::lock_guard lock(mutex);
    if (cells == nullptr)
        return 0;
    const auto found = indexes.find(address);
    if (found == indexes.end() && indexes.size() == kBytes / sizeof(uint64_t))
        return 0;
    const size_t index = found != indexes.end() ? found->second : indexes.size();
    if (found == indexes.end()) {
        cells[index] = address;
        indexes.emplace(address, index);
    }
    return reinterpret_cast<uint64_t>(cells + index);
}

} // namespace pyston::runtime
