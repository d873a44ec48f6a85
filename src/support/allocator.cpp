#include "support/allocator.h"

#include "support/address_space.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <new>
#include <utility>

#include <sys/mman.h>

namespace pyston::support {
namespace {

constexpr size_t kMostRangeBytes = size_t{32} << 20; // reserved; only touched pages take memory
constexpr size_t kChunkBytes = size_t{32} << 10;
// Of chunks without live blocks so many keep their pages.
constexpr size_t kMostEmptyChunks = 64;
constexpr size_t kPageBytes = 4096;

struct FreeBlock {
    FreeBlock* next;
};

constexpr size_t classOf(size_t size) {
    return size == 0 ? 0 : (size - 1) / kSizeStep;
}

void* reserveAddresses(size_t bytes) {
    void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return at != MAP_FAILED ? at : nullptr;
}

class SpinLock {
  public:
    void lock() {
        while (taken_.exchange(true, std::memory_order_acquire)) {
        }
    }
    void unlock() { taken_.store(false, std::memory_order_release); }

  private:
    std::atomic<bool> taken_{false};
};

} // namespace

// At the start of its memory. What belongs to a scope is used by its thread only, but for `owner`,
// which others read, and `freedByOthers`.
struct alignas(kSizeStep) Chunk {
    FreeBlock* free;
    Chunk* next; // in the list of chunks of its class with free blocks, or of empty chunks
    Chunk* previous;
    char* fresh; // what lies behind was never used
    uint32_t live;
    uint32_t blockBytes;
    std::atomic<AllocationScope*> owner; // null: the allocator, with its lock
    Chunk* nextOwned;
    FreeBlock* freedByOthers; // with the lock, while it has an owner

    char* end() { return reinterpret_cast<char*>(this) + kChunkBytes; }
    bool isFull() { return free == nullptr && fresh + blockBytes > end(); }

    static Chunk* of(void* block) {
        return reinterpret_cast<Chunk*>(reinterpret_cast<uintptr_t>(block) & ~(kChunkBytes - 1));
    }
};

namespace {

void push(Chunk** list, Chunk* chunk) {
    chunk->previous = nullptr;
    chunk->next = *list;
    if (*list != nullptr)
        (*list)->previous = chunk;
    *list = chunk;
}

void remove(Chunk** list, Chunk* chunk) {
    (chunk->previous != nullptr ? chunk->previous->next : *list) = chunk->next;
    if (chunk->next != nullptr)
        chunk->next->previous = chunk->previous;
}

// From the first chunk of the list, which is one of chunks with room.
void* take(Chunk** list) {
    Chunk* chunk = *list;
    FreeBlock* block = chunk->free;
    void* taken = block;
    if (block != nullptr) {
        chunk->free = block->next;
    } else {
        taken = chunk->fresh;
        chunk->fresh += chunk->blockBytes;
    }
    ++chunk->live;
    if (chunk->isFull()) [[unlikely]]
        remove(list, chunk);
    return taken;
}

void give(Chunk** list, Chunk* chunk, void* block) {
    if (chunk->isFull()) [[unlikely]]
        push(list, chunk);
    chunk->free = new (block) FreeBlock{chunk->free};
    --chunk->live;
}

} // namespace

class Allocator {
  public:
    void* allocate(size_t sizeClass) {
        const std::lock_guard guard(lock_);
        Chunk** list = &withRoom_[sizeClass];
        return *list != nullptr || addChunk(list, sizeClass) ? take(list) : nullptr;
    }

    void* allocate(AllocationScope& scope, size_t sizeClass) {
        Chunk** list = &scope.withRoom_[sizeClass];
        return *list != nullptr || lend(scope, sizeClass) ? take(list) : nullptr;
    }

    bool isFromHere(const void* block) const {
        return reinterpret_cast<uintptr_t>(block) - reinterpret_cast<uintptr_t>(base_) <
               rangeBytes_;
    }

    void release(AllocationScope* scope, void* block) {
        Chunk* chunk = Chunk::of(block);
        if (scope != nullptr && chunk->owner.load(std::memory_order_relaxed) == scope) [[likely]] {
            give(&scope->withRoom_[classOf(chunk->blockBytes)], chunk, block);
            return;
        }
        const std::lock_guard guard(lock_);
        if (chunk->owner.load(std::memory_order_relaxed) != nullptr)
            chunk->freedByOthers = new (block) FreeBlock{chunk->freedByOthers};
        else
            releaseHere(chunk, block);
    }

    // Takes the scope's chunks back.
    void endScope(AllocationScope& scope) {
        const std::lock_guard guard(lock_);
        for (Chunk* chunk = scope.owned_; chunk != nullptr; chunk = chunk->nextOwned) {
            chunk->owner.store(nullptr, std::memory_order_relaxed);
            Chunk** list = &withRoom_[classOf(chunk->blockBytes)];
            if (chunk->live == 0)
                keep(chunk);
            else if (!chunk->isFull())
                push(list, chunk);
            while (FreeBlock* block = chunk->freedByOthers) {
                chunk->freedByOthers = block->next;
                releaseHere(chunk, block);
            }
        }
    }

  private:
    void releaseHere(Chunk* chunk, void* block) {
        Chunk** list = &withRoom_[classOf(chunk->blockBytes)];
        give(list, chunk, block);
        if (chunk->live == 0) {
            remove(list, chunk);
            keep(chunk);
        }
    }

    // Gives the scope a chunk with room.
    bool lend(AllocationScope& scope, size_t sizeClass) {
        const std::lock_guard guard(lock_);
        Chunk** list = &withRoom_[sizeClass];
        if (*list == nullptr && !addChunk(list, sizeClass))
            return false;
        Chunk* chunk = *list;
        remove(list, chunk);
        chunk->owner.store(&scope, std::memory_order_relaxed);
        chunk->nextOwned = scope.owned_;
        scope.owned_ = chunk;
        push(&scope.withRoom_[sizeClass], chunk);
        return true;
    }

    bool addChunk(Chunk** list, size_t sizeClass) {
        Chunk* chunk = newChunk((sizeClass + 1) * kSizeStep);
        if (chunk == nullptr)
            return false;
        push(list, chunk);
        return true;
    }

    // For the next class that needs one.
    void keep(Chunk* chunk) {
        if (numEmpty_ >= kMostEmptyChunks) {
            // The first page holds the list.
            madvise(reinterpret_cast<char*>(chunk) + kPageBytes, kChunkBytes - kPageBytes,
                    MADV_DONTNEED);
        }
        ++numEmpty_;
        push(&empty_, chunk);
    }

    Chunk* newChunk(size_t blockBytes) {
        Chunk* chunk = empty_;
        if (chunk != nullptr) {
            remove(&empty_, chunk);
            --numEmpty_;
        } else {
            if (base_ == nullptr && !reserve())
                return nullptr;
            if (unused_ + kChunkBytes > base_ + rangeBytes_)
                return nullptr;
            chunk = reinterpret_cast<Chunk*>(unused_);
            unused_ += kChunkBytes;
        }
        new (chunk) Chunk{};
        chunk->fresh = reinterpret_cast<char*>(chunk + 1);
        chunk->blockBytes = static_cast<uint32_t>(blockBytes);
        return chunk;
    }

    bool reserve() {
        if (failed_)
            return false;
        const size_t bytes =
            std::min(kMostRangeBytes, fairAddressSpace()) / kChunkBytes * kChunkBytes;
        void* at = bytes > 0 ? reserveAddresses(bytes + kChunkBytes) : nullptr;
        failed_ = at == nullptr;
        if (failed_)
            return false;
        rangeBytes_ = bytes;
        const auto address = reinterpret_cast<uintptr_t>(at);
        base_ = reinterpret_cast<char*>((address + kChunkBytes - 1) & ~(kChunkBytes - 1));
        unused_ = base_;
        return true;
    }

    SpinLock lock_;
    char* base_ = nullptr;
    size_t rangeBytes_ = 0;
    char* unused_ = nullptr;
    bool failed_ = false;
    std::array<Chunk*, kSizeClasses> withRoom_{};
    Chunk* empty_ = nullptr;
    size_t numEmpty_ = 0;
};

namespace {

// Runs of pages, first fit: for a few blocks.
class Reserve {
  public:
    void make() {
        const std::lock_guard guard(lock_);
        const size_t pages = std::min(kMostPages, fairAddressSpace() / kPageBytes);
        if (base_ == nullptr && pages > 0)
            base_ = static_cast<char*>(reserveAddresses(pages * kPageBytes));
        numPages_ = base_ != nullptr ? pages : 0;
    }

    void* allocate(size_t size) {
        const std::lock_guard guard(lock_);
        const size_t wanted = std::max<size_t>((size + kPageBytes - 1) / kPageBytes, 1);
        for (size_t first = 0, found = 0; first + found < numPages_;) {
            if (const size_t taken = run_[first + found]; taken != 0) {
                first += found + taken;
                found = 0;
            } else if (++found == wanted) {
                run_[first] = static_cast<uint16_t>(wanted);
                return base_ + first * kPageBytes;
            }
        }
        return nullptr;
    }

    bool release(void* block) {
        const auto distance = static_cast<size_t>(static_cast<char*>(block) - base_);
        if (base_ == nullptr || distance >= numPages_ * kPageBytes)
            return false;
        const std::lock_guard guard(lock_);
        const size_t pages = std::exchange(run_[distance / kPageBytes], uint16_t{0});
        madvise(block, pages * kPageBytes, MADV_DONTNEED);
        return true;
    }

  private:
    static constexpr size_t kMostPages = 1024;

    SpinLock lock_;
    char* base_ = nullptr;
    size_t numPages_ = 0;
    std::array<uint16_t, kMostPages> run_{}; // at the first page of a block: how many it has
};

constinit Allocator allocator;
constinit Reserve reserve;
// ReserveScopes of this thread.
[[gnu::tls_model("initial-exec")]] constinit thread_local int reserveScopes = 0;
[[gnu::tls_model("initial-exec")]] constinit thread_local AllocationScope* innermost = nullptr;

} // namespace

void* allocateSmall(size_t size) {
    if (size > kMostSmallBytes)
        return nullptr;
    AllocationScope* scope = innermost;
    return scope != nullptr ? allocator.allocate(*scope, classOf(size))
                            : allocator.allocate(classOf(size));
}

bool freeSmall(void* block) {
    if (!allocator.isFromHere(block))
        return false;
    allocator.release(innermost, block);
    return true;
}

AllocationScope::AllocationScope() : outer_(innermost) {
    innermost = this;
}

AllocationScope::~AllocationScope() {
    innermost = outer_;
    allocator.endScope(*this);
}

ReserveScope::ReserveScope() {
    ++reserveScopes;
}

ReserveScope::~ReserveScope() {
    --reserveScopes;
}

bool mayGiveUp() {
    // (Not while destructors run for an exception.)
    return innermost != nullptr && reserveScopes == 0 && std::uncaught_exceptions() == 0;
}

bool isRefused() {
    static std::atomic<uint32_t> asked{0};
    if (!mayGiveUp())
        return false;
    uint32_t number = asked.fetch_add(1) * 2'654'435'761u; // a multiplicative hash
    number ^= number >> 15;
    return number % refusedBlocks.load() == 0;
}

void makeReserve() {
    reserve.make();
}

void* allocateFromReserve(size_t size) {
    return reserve.allocate(size);
}

bool freeToReserve(void* block) {
    return reserve.release(block);
}

} // namespace pyston::support
