// Memory for the compiler's small objects: instructions, frame states, intervals and what they
// refer to, made by the ten thousands and freed together. malloc spends most of its time there on
// merging and splitting what is about to be asked for again.
//
// Blocks of one size class come from the same chunk, each with a list of its free blocks (after
// Leijen, Zorn and de Moura, "Mimalloc: Free List Sharding in Action", 2019). Chunks lie in one
// reserved range of addresses, so that an address tells whether it is from here.
//
// Also, what is done when there is no memory at all. A program may handle that, so we must not end
// it: a compilation is given up (operator new throws in an AllocationScope), and all else goes on
// with what was reserved for that (see allocateFromReserve()).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

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
// outlive it, and may be freed by any thread. The work is such that it can be given up: there is
// std::bad_alloc when there is no memory.
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

// While it lives, the thread that made it gets no std::bad_alloc although there is an
// AllocationScope: for what has to be done to its end.
class ReserveScope {
  public:
    ReserveScope();
    ~ReserveScope();
    ReserveScope(const ReserveScope&) = delete;
    ReserveScope& operator=(const ReserveScope&) = delete;
};

// Whether there is to be an exception if there is no memory for what this thread wants.
bool mayGiveUp();

// For tests: of the blocks that a thread asks for that may give up, one of so many is refused; 0:
// none is.
inline constinit std::atomic<uint32_t> refusedBlocks{0};
bool isRefused();

// Sees to it that there is a reserve. Early, before the program may have taken all memory.
void makeReserve();
// Addresses that were reserved early: to have memory for those is never refused. For blocks that
// malloc has no memory for: whole pages. Null when the reserve is used up, too.
void* allocateFromReserve(size_t size);
// False if the block is not from there.
bool freeToReserve(void* block);

} // namespace pyston::support
