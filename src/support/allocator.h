// Memory for the compiler's small objects: instructions, frame states, intervals and what they
// refer to, made by the ten thousands and freed together. malloc spends most of its time there on
// merging and splitting what is about to be asked for again.
//
// Blocks of one size class come from the same chunk, each with a list of its free blocks (after
// Leijen, Zorn and de Moura, "Mimalloc: Free List Sharding in Action", 2019). Chunks lie in one
// reserved range of addresses, so that an address tells whether it is from here.
#pragma once

#include <array>
#include <cstddef>

namespace pyston::support {

inline constexpr size_t kSizeStep = 16; // between size classes
inline constexpr size_t kMostSmallBytes = 512;
inline constexpr size_t kSizeClasses = kMostSmallBytes / kSizeStep;

// Null if `size` is too large for a size class, or the range is full: then ask malloc.
// Any thread may call these.
void* allocateSmall(size_t size);
// False if the block is not from here.
bool freeSmall(void* block);

struct Chunk;

// While it lives, the thread that made it takes chunks for itself, in which it makes and frees
// without a lock: for work that makes and frees many blocks. They nest. What is made in it may
// outlive it, and may be freed by any thread.
class AllocationScope {
  public:
    AllocationScope();
    ~AllocationScope();
    AllocationScope(const AllocationScope&) = delete;
    AllocationScope& operator=(const AllocationScope&) = delete;

  private:
    friend class Allocator;
    std::array<Chunk*, kSizeClasses> withRoom_{};
    Chunk* owned_ = nullptr;
    AllocationScope* outer_;
};

} // namespace pyston::support
